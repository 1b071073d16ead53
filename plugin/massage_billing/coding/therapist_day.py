"""Can the therapist have done it? Minutes with one patient that overlap those with another, and days that are too long.

Counted are timed services of one patient at a time. Where a service was given in a group, or is not counted by minutes,
a therapist may well have been with somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from datetime import date as Date

from massage_billing.coding import record
from massage_billing.coding.day import Day
from massage_billing.coding.notes import Notes
from massage_billing.coding.terms import TherapistDayRow
from massage_billing.model import Elsewhere, Service, Visit, Worked

RULE = "therapist-day"
"""The rule."""
_LENGTHS = ("impossible", "long")
"""Cases of a day with many minutes, the worst first."""
_SHORT = 480
"""Minutes of one visit up to which nothing needs to be looked up: any rule that calls a day long allows more."""


def takes(visit: Visit, day: Day) -> tuple[Worked, ...]:
    """What a visit takes of its therapists' days; by therapist. Raises NoRuleForDate."""
    if visit.date is None or record.never_performed(visit):
        return ()
    row = day.row(RULE).says(TherapistDayRow)
    codes = day.codes
    found: dict[str, list[Service]] = {}
    for s in visit.services:
        entry = codes.get(s.code) if s.code else None
        if entry is None or not entry.timed or s.code in row.not_one_to_one or not s.minutes or s.therapist is None:
            continue
        if s.status == record.COMPLETED and s.duplicate_of is None:
            found.setdefault(s.therapist.npi or s.therapist.id, []).append(s)
    return tuple(made(therapist, visit.date, visit.encounter, found[therapist]) for therapist in sorted(found))


def made(therapist: str, date: Date, encounter: str, services: Iterable[Service]) -> Worked:
    """What these services take of a therapist's day."""
    services = list(services)
    spans = tuple(sorted(span for s in services if (span := _span(s))))
    first, last = (min(s[2] for s in spans), max(s[3] for s in spans)) if spans else (None, None)
    return Worked(therapist, date, encounter, sum(s.minutes or 0 for s in services), first, last, spans)


def _span(s: Service) -> tuple[str, int, int, int] | None:
    if s.start is None or s.end is None:
        return None
    return (s.procedure, s.minutes or 0, _seconds(s.start), _seconds(s.end))


def _seconds(moment: datetime) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def overlap(one: Worked, other: Worked) -> tuple[str, str] | None:
    """The first Procedures of two visits that need more minutes than passed while they were given."""
    if one.first is None or other.first is None or one.last is None or other.last is None:
        return None
    if one.first >= other.last or other.first >= one.last:
        return None
    for procedure, minutes, start, end in one.spans:
        for another, more, begin, finish in other.spans:
            together = max(end, finish) - min(start, begin)
            if start < finish and begin < end and together < (minutes + more) * 60:
                return procedure, another
    return None


def too_long(minutes: int, day: Day) -> str:
    """Which case a therapist's day of so many minutes is; "" where it is none."""
    for case in _LENGTHS:
        most = day.row(RULE, case).says(TherapistDayRow).more_than
        if most is not None and minutes > most:
            return case
    return ""


def changed_for(before: Sequence[Worked], now: Sequence[Worked], others: Iterable[Worked], day: Day) -> set[str]:
    """Encounter ids among ``others`` of one therapist's day for which something changed with some visits of it.

    ``before`` is what these took, ``now`` what they take.
    """
    others = list(others)
    rest = sum(one.minutes for one in others)
    lengths = {too_long(rest + sum(one.minutes for one in some), day) for some in (before, now)}
    if len(lengths) > 1:
        return {one.encounter for one in others}
    found = set()
    for other in others:
        was, is_ = ([(one.encounter, hit) for one in some if (hit := overlap(other, one))] for some in (before, now))
        if was != is_:
            found.add(other.encounter)
    return found


def that_matter(mine: Worked, others: Sequence[Worked], day: Day) -> list[Worked]:
    """What a visit has to be told of others of a therapist's day: all where the day is too long, else what overlaps."""
    if too_long(mine.minutes + sum([other.minutes for other in others]), day):
        return sorted(others)
    return sorted(other for other in others if overlap(mine, other))


def check(visit: Visit, elsewhere: Elsewhere, notes: Notes) -> None:
    """Leave the finding of the question; ``elsewhere.worked`` holds what other visits take of the same days."""
    if elsewhere.alone:
        notes.bypassed(RULE)
        return
    if not elsewhere.worked and sum([s.minutes or 0 for s in visit.services]) <= _SHORT:
        notes.passed(RULE)
        return
    mine = takes(visit, notes.day)
    clean = True
    for one in mine:
        others = [other for other in elsewhere.worked if other.therapist == one.therapist]
        for other in others:
            hit = overlap(one, other)
            if hit is not None:
                clean = False
                message = (
                    f"Procedure/{hit[0]} and Procedure/{hit[1]} of Encounter/{other.encounter} are of one therapist "
                    "and overlap by more than their minutes allow."
                )
                notes.fail(RULE, message, "", f"Procedure/{hit[0]}")
        minutes = one.minutes + sum(other.minutes for other in others)
        case = too_long(minutes, notes.day)
        if case:
            clean = False
            ids = ", ".join(f"Encounter/{other.encounter}" for other in others)
            message = f"{minutes} minutes with one patient at a time are of one therapist on this day."
            notes.fail(RULE, f"{message} The others: {ids}." if ids else message, case)
    if clean:
        notes.passed(RULE)
