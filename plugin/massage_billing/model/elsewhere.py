"""What other visits have to do with this one: facts that the visit's own record cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Worked:
    """One service of another patient's visit, by a therapist of this visit, on the same day."""

    encounter: str
    """Encounter id of the other visit."""
    procedure: str
    """Procedure id."""
    therapist: str
    """The therapist's NPI, else reference."""
    code: str | None
    """CPT or HCPCS number."""
    minutes: int | None
    """Whole minutes."""
    start: datetime | None
    """When it started, local time at the site."""
    end: datetime | None
    """When it ended."""


@dataclass(frozen=True, slots=True)
class PaperUse:
    """What other visits used of one paper, in order of date of service before this one."""

    paper: str
    """``Paper.key``."""
    visits: int
    """Visits billed on our unvoided claims."""
    units: int
    """Units billed on them."""
    reserved_visits: int = 0
    """Visits of earlier dates that are held, for which it is reserved."""
    reserved_units: int = 0
    """Units of them."""
    first: Date | None = None
    """The earliest date of service counted."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the store and the host know of other visits; empty for a visit looked at alone (``explain``)."""

    worked: tuple[Worked, ...] = ()
    """The same therapists' services with other patients that day."""
    uses: tuple[PaperUse, ...] = ()
    """What was used of the papers of this visit's patient, one entry for each that anybody used."""
    counted: bool = False
    """Somebody looked: a paper that is not among ``uses`` was used by nobody we know of."""
    sent_without: str | None = None
    """"Claim/12": the claim of this patient's day, sent before this visit was recorded."""
    alone: bool = True
    """Nobody looked: other visits are not known (``explain`` of one record)."""


NOWHERE = Elsewhere()
"""Nothing is known of other visits."""
