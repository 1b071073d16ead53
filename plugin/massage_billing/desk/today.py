"""Today: who comes on a day, what has to be settled before each, and what of the same patients is held.

The day is judged from the host's calendar, which takes longer than a page may: it is kept for a minute by host and day,
made anew behind the page, and the page says as of when it is. Two processes may show it up to a minute apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta
from typing import Final

from massage_billing.desk.kept import Held, Kept
from massage_billing.desk.office import Office
from massage_billing.model import Appointment, Readiness, Verdict
from massage_billing.model.desk import Viewer
from massage_billing.ports import VisitRow, VisitState
from massage_billing.sweep.huddle import ORDER, TITLES, Row, huddle_page

FRESH: Final = timedelta(minutes=1)
"""How long a judged day is shown before it is judged again."""
WAIT: Final = 6.0
"""Seconds that the first look at a day waits for it."""
FAR: Final = timedelta(days=366)
"""How far from today a day may be looked at."""

Judged = tuple[tuple[Appointment, Verdict], ...]
"""A day's appointments with what has to be settled before each."""
Days = Kept[Judged]
"""Judged days, by (host, day)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a day."""

    day: Date
    """The day."""
    readiness: Readiness | None = None
    """Only those that stand so."""
    therapist: str = ""
    """Only those of one therapist, "Practitioner/3"."""


@dataclass(frozen=True, slots=True)
class HeldVisit:
    """A visit of the same patient that cannot be billed yet."""

    encounter: str
    """Encounter id."""
    date: Date | None
    """Date of service."""
    rules: tuple[str, ...]
    """What holds it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One appointment."""

    row: Row
    """What the huddle says of it."""
    patient: str | None
    """"Patient/3"."""
    coverage: str | None
    """Id of the coverage that would be billed, for the page with the payer's answer; None without one."""
    held: tuple[HeldVisit, ...]
    """The patient's visits that are held."""


@dataclass(frozen=True, slots=True)
class Today:
    """The page."""

    wanted: Wanted
    """What was asked for."""
    today: Date
    """The day it is at the clinic."""
    made: datetime | None
    """When it was judged, at the clinic; None: not yet."""
    working: bool
    """It is judged anew just now."""
    problem: str
    """Why it could not be judged; "" where it could."""
    counts: tuple[tuple[Readiness, str, int], ...]
    """How the whole day stands, the worst first; of the therapist's own where the viewer is one."""
    therapists: tuple[tuple[str, str, int], ...]
    """(reference, name, appointments) of who treats on that day. The clinic's own people."""
    slots: tuple[Slot, ...]
    """By time."""

    @property
    def before(self) -> Date:
        """The day before."""
        return self.wanted.day - timedelta(days=1)

    @property
    def after(self) -> Date:
        """The day after."""
        return self.wanted.day + timedelta(days=1)


def judged_day(office: Office, days: Days, day: Date, wait: float = WAIT) -> Held[Judged]:
    """The appointments of a day, as they were judged last; judged anew behind the page where that is a minute ago."""

    def judge() -> Judged:
        with office.sweep() as sweep:
            return tuple(sweep.huddle(day))

    return days.get((office.id, day), judge, FRESH, wait)


def today(office: Office, days: Days, viewer: Viewer, wanted: Wanted) -> Today:
    """The page of a day. Raises SettingsError where the host has no zone, StoreError."""
    now = office.now()
    held = judged_day(office, days, wanted.day)
    mine = [(one, verdict) for one, verdict in held.value or () if _sees(viewer, one)]
    shown = [(one, verdict) for one, verdict in mine if _wanted(wanted, one, verdict)]
    counted = Counter(verdict.readiness for _, verdict in mine)
    return Today(
        wanted=wanted,
        today=now.date(),
        made=held.at.astimezone(now.tzinfo) if held.at is not None else None,
        working=held.working,
        problem=held.problem,
        counts=tuple((each, TITLES[each], counted[each]) for each in ORDER),
        therapists=_therapists(mine),
        slots=tuple(_slots(office, viewer, wanted.day, now, shown)),
    )


def _sees(viewer: Viewer, one: Appointment) -> bool:
    """A therapist sees the appointments that he or she is to treat."""
    return viewer.own is None or any(each.id == viewer.own for each in one.therapists)


def _wanted(wanted: Wanted, one: Appointment, verdict: Verdict) -> bool:
    by_state = wanted.readiness is None or verdict.readiness is wanted.readiness
    return by_state and (not wanted.therapist or any(each.id == wanted.therapist for each in one.therapists))


def _therapists(judged: Sequence[tuple[Appointment, Verdict]]) -> tuple[tuple[str, str, int], ...]:
    names: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for one, _ in judged:
        known = dict(zip((each.id for each in one.therapists), one.therapist_names, strict=False))
        for each in one.therapists:
            names[each.id] = known.get(each.id) or names.get(each.id) or each.id
            counted[each.id] += 1
    return tuple(sorted(((id, name, counted[id]) for id, name in names.items()), key=lambda one: (one[1], one[0])))


def _slots(
    office: Office, viewer: Viewer, day: Date, now: datetime, judged: Sequence[tuple[Appointment, Verdict]]
) -> list[Slot]:
    holds = _holds(office, viewer, {one.patient for one, _ in judged if one.patient is not None})
    by_id = {one.id: (one, verdict) for one, verdict in judged}
    found = []
    for row in huddle_page(office.name, day, now, judged).rows:
        one, verdict = by_id[row.appointment]
        coverage = verdict.coverage.rpartition("/")[2] if verdict.coverage else None
        found.append(Slot(row, one.patient, coverage, holds(one.patient)))
    return found


def _holds(office: Office, viewer: Viewer, patients: set[str]) -> Callable[[str | None], tuple[HeldVisit, ...]]:
    """What is held of each patient: of a therapist only what he or she treated."""
    found: dict[str, list[VisitRow]] = {}
    for row in office.store.of_patients(office.id, patients) if patients else ():
        if row.state is VisitState.HELD and row.patient and (viewer.own is None or viewer.own in row.therapists):
            found.setdefault(row.patient, []).append(row)

    def of(patient: str | None) -> tuple[HeldVisit, ...]:
        rows = found.get(patient or "", ())
        return tuple(HeldVisit(row.encounter, row.date, tuple(rule for rule, _ in row.holds)) for row in rows)

    return of
