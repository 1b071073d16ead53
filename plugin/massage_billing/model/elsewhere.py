"""What other visits have to do with this one: facts that the visit's own record cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from typing import NamedTuple

from massage_billing.model.words import Outcome


class Worked(NamedTuple):
    """What one visit takes of a therapist's day: its services counted by minutes with one patient. Ids only."""

    therapist: str
    """The therapist's NPI, else reference: one person under two references is one."""
    date: Date
    """Date of service."""
    encounter: str
    """Encounter id."""
    minutes: int
    """Minutes of these services together."""
    first: int | None = None
    """Start of the earliest of ``spans``; None where there are none."""
    last: int | None = None
    """End of the latest."""
    spans: tuple[tuple[str, int, int, int], ...] = ()
    """(Procedure id, minutes, start, end) of each service that says when it was; in seconds, of UTC or, where the
    record knows no zone, of the clock on the wall."""


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
class OnFirst:
    """The visit of the same day whose decision speaks for this one."""

    encounter: str
    """Encounter id of the first visit."""
    outcome: Outcome
    """What was decided of the day."""
    claim_key: str
    """Key of the first one's claim."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the store and the host know of other visits; empty for a visit looked at alone (``explain``)."""

    worked: tuple[Worked, ...] = ()
    """What other visits take of the days of this visit's therapists, by therapist and Encounter."""
    uses: tuple[PaperUse, ...] = ()
    """What was used of the papers of this visit's patient, one entry for each that anybody used."""
    counted: bool = False
    """Somebody looked: a paper that is not among ``uses`` was used by nobody we know of."""
    sent_without: str | None = None
    """"Claim/12": the claim of this patient's day, sent before this visit was recorded."""
    also_on: str | None = None
    """"Claim/12": a live claim that bills this visit, and is of a visit that is not of its day (any more)."""
    on_first: OnFirst | None = None
    """The visit of the day on whose claim this one's services stand."""
    alone: bool = True
    """Nobody looked: other visits are not known (``explain`` of one record)."""


NOWHERE = Elsewhere()
"""Nothing is known of other visits."""
