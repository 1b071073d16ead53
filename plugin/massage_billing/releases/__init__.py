"""Releases of CMS, NCHS and AMA files that a clinic downloads: read, compared, kept beside the rules, used by date.

``ptp``, ``mue``, ``fee_schedule``, ``therapy`` and ``descriptors`` read one kind of file each and are pure; ``formats``
lists them; ``given`` opens what was given, ``shelf`` keeps releases in the state folder, ``importing`` does the whole
import, ``book`` makes dated rows of what is kept for the rulebook.
"""
