"""Settings of files for payers: who sends, who receives, where files are put. ``export`` of massage-billing.yaml.

Nothing is transmitted: a file lies in a folder that the clinic's own clearinghouse client watches.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from massage_billing.eligibility_settings import X12Parties
from massage_billing.setting_types import FilePath

ReceiverName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
"""The clinic's own name for a receiver; files are called by it."""
Words60 = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,58}[!-~])?$")]
"""A name that fits NM103 and PER02."""
AddressLine = Annotated[str, StringConstraints(min_length=1, max_length=55)]
"""A line that fits N301."""
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9]{10,15}$")]
"""Digits only (PER04)."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ClaimAddress(_Part):
    """Where the billing provider is (2010AA N3, N4): a street, never a box."""

    lines: tuple[Annotated[str, StringConstraints(min_length=1, max_length=55)], ...] = Field(
        min_length=1, max_length=2
    )
    """One or two lines."""
    city: str = Field(min_length=2, max_length=30)
    """City."""
    state: str = Field(pattern=r"^[A-Z]{2}$")
    """Two letters."""
    postal_code: str = Field(pattern=r"^[0-9]{5}-?[0-9]{4}$")
    """Nine digits: payers refuse five."""


class ExportClinic(_Part):
    """The clinic as claims name it, beside its name, NPI and tax id under ``clinic``."""

    address: ClaimAddress
    """Its street address."""
    taxonomy: str = Field(default="", pattern=r"^([0-9A-Z]{9}X)?$")
    """NUCC taxonomy of the group, where a payer wants it (2000A PRV)."""
    first_name: str = Field(default="", max_length=35)
    """Given name of a therapist who bills alone (``clinic.solo``); ``clinic.name`` is then the family name."""
    tax_id_kind: Literal["ein", "ssn"] = "ein"
    """What ``clinic.tin`` is."""
    contact: Words60 = "BILLING"
    """Whom a clearinghouse asks (1000A PER02)."""
    phone: Phone
    """Its telephone."""
    email: str = Field(default="", max_length=256)
    """Its e-mail address."""


class Receiver(_Part):
    """A clearinghouse or payer that takes files."""

    name: Words60
    """Its name (1000B NM103)."""
    x12: X12Parties
    """Who sends to whom."""
    submitter_id: str = Field(default="", max_length=80)
    """Our id in the file itself (1000A NM109); else the sender id."""
    folder: FilePath
    """Where files are put."""
    done: FilePath | None = None
    """Where the client moves files that it has sent."""
    payers: tuple[str, ...] = ()
    """Payer keys whose claims go there; none: all that no other receiver has."""
    line_breaks: bool = False
    """A line break after every segment."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where its files may lie."""
        return (self.folder, self.done) if self.done else (self.folder,)


class ExportSettings(_Part):
    """How claims are put into files for payers."""

    clinic: ExportClinic | None = None
    """The clinic as claims name it."""
    receivers: Mapping[ReceiverName, Receiver] = Field(default_factory=dict)
    """Who takes files, by the clinic's own names."""

    @model_validator(mode="after")
    def _one_each(self) -> ExportSettings:
        """A payer's claims go to one receiver."""
        seen: set[str] = set()
        for receiver in self.receivers.values():
            twice = seen.intersection(receiver.payers)
            if twice:
                raise ValueError(f"payer {sorted(twice)[0]} goes to two receivers.")
            seen.update(receiver.payers)
        if sum(not receiver.payers for receiver in self.receivers.values()) > 1:
            raise ValueError("two receivers name no payers: only one can take all that are left.")
        return self

    def receiver_of(self, payer: str) -> str | None:
        """Name of the receiver that a payer's claims go to; None where there is none."""
        rest = next((name for name, one in self.receivers.items() if not one.payers), None)
        return next((name for name, one in self.receivers.items() if payer in one.payers), rest)
