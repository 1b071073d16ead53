"""What the ``credentials`` commands share: the clinic with its credentials file, which has to be named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from massage_billing.errors import SettingsError

if TYPE_CHECKING:
    from massage_billing.model import Clinic
    from massage_billing.settings import Settings

FILE_NAME = "credentials.csv"
"""What the file is called where ``import`` begins one."""


def clinic_with_credentials(settings: Settings) -> Clinic:
    """The clinic with its credentials. SettingsError where the settings name no file."""
    from massage_billing.clinic_files import settings_to_clinic

    if settings.clinic.credentials is None:
        what = f"{settings.source}: clinic.credentials names no file, so nobody's enrolment is known."
        raise SettingsError(what, "See plugin/docs/credentials.md; `massage-billing credentials import` can begin one.")
    return settings_to_clinic(settings)
