"""What ``doctor`` looks at of the store: whether it answers, its version, and whether it can be backed up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from massage_billing.cli.checked import MISSING, OK, WARN, Check, attempt

if TYPE_CHECKING:
    from massage_billing.settings import Settings
    from massage_billing.store.looking import Look

_TOOLS = ("pg_dump", "pg_restore", "psql")


def examine_store(settings: Settings) -> Iterator[Check]:
    """The store as it is: nothing is made, and nothing is migrated."""
    from massage_billing.store.looking import look
    from massage_billing.wiring.state import store_url

    state = settings.state
    key = "state.database_env" if state.database_env else "state.database_file" if state.database_file else "store"
    found = attempt(key, lambda: look(store_url(settings, settings.state_folder())))
    if isinstance(found, Check):
        yield found
        return
    if found.newer:
        fix = "Install that version or a later one, or restore a backup of this one."
        yield Check(key, MISSING, f"{found.name}: was written by a newer version of massage-billing.", fix)
    else:
        yield Check(key, OK, f"{found.name}: {_told(found)}")
    lacking = [] if state.in_folder else [tool for tool in _TOOLS if shutil.which(tool) is None]
    if lacking:
        fix = "Install PostgreSQL's client programs of the server's version (Debian: postgresql-client)."
        yield Check("backup", WARN, f"{', '.join(lacking)}: not on this machine, so nothing can be backed up.", fix)


def _told(found: Look) -> str:
    if found.revision is None:
        return "nothing is remembered yet"
    return f"version {found.revision}{', is brought up to date when it is opened' if found.older else ''}"
