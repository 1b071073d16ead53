"""Who treats here, by the days whose calendar was read already: nobody waits for another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from massage_billing.desk.office import Office
from massage_billing.desk.today import Days, judged_day
from massage_billing.model import Therapist

AHEAD: Final = 4
"""Days that are looked at, today the first."""


@dataclass(frozen=True, slots=True)
class Treats:
    """The therapists of some days."""

    therapists: Mapping[str, Therapist] = field(default_factory=dict)
    """By reference."""
    names: Mapping[str, str] = field(default_factory=dict)
    """By reference, "Practitioner/3", and by NPI, "NPI 1234567893". PHI is elsewhere: these are the clinic's people."""

    def of_npi(self, npi: str) -> str:
        """The name of an NPI, else the NPI."""
        return self.names.get(f"NPI {npi}", npi)


def who_treats(office: Office, days: Days, *, judge: bool = False) -> Treats:
    """Who treats on days that were judged already. ``judge``: today is judged behind the page, where it was not."""
    found: dict[str, Therapist] = {}
    names: dict[str, str] = {}
    today = office.today
    if judge:
        judged_day(office, days, today, wait=0)
    judged = [days.look((office.id, today + timedelta(days=ahead))) for ahead in range(AHEAD)]
    for day in judged:
        for appointment, _ in day.value or ():
            told = dict(zip((one.id for one in appointment.therapists), appointment.therapist_names, strict=False))
            for one in appointment.therapists:
                found[one.id] = one
                if name := told.get(one.id):
                    names[one.id] = name
                    names |= {f"NPI {one.npi}": name} if one.npi else {}
    return Treats(found, names)
