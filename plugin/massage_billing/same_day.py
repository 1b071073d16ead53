"""Visits of one patient on one day that are billed together, and the one visit they make (rule same-day-visits). Pure.

A payer counts units, edits and limits over a patient's day with one group and discipline, whatever Encounters the
practice made of it. So the services of such visits are decided as one visit and stand on the first one's claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from massage_billing.coding import coverage, discipline, record
from massage_billing.coding.day_claim import DIFFER, RULE
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Rulebook
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Clinic, Problem, Result, Service, Visit
from massage_billing.run.readiness import GOING_ON, UNFINISHED_SERVICE

T = TypeVar("T")
_FAR = datetime.max.replace(tzinfo=UTC).timestamp()


def place(visit: Visit) -> tuple[float, str]:
    """Its place in the day: by start, then Encounter id; one that does not say when it started comes last."""
    return (_seconds(visit.start) if visit.start else _FAR, visit.encounter)


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def may_join(visit: Visit) -> bool:
    """Whether a visit has or may yet have services that belong with those of the patient's day."""
    if visit.patient is None or visit.date is None or visit.restricted is not None or record.never_performed(visit):
        return False
    live = (record.COMPLETED, *UNFINISHED_SERVICE)
    return visit.status in GOING_ON or any(s.status in live and s.duplicate_of is None for s in visit.services)


def together(visits: Sequence[Visit], book: Rulebook, clinic: Clinic) -> list[list[Visit]]:
    """The visits of one patient and day in groups that are billed together, each in order; many are alone in theirs.

    Together are those of one group practice, one discipline and one coverage billed; what the record does not say
    counts as the same, for two claims cannot be made one again once they were sent.
    """
    if any(visit.date is not None and not book.on(visit.date).asks(RULE) for visit in visits):
        return [[visit] for visit in sorted(visits, key=place)]
    groups: list[list[Visit]] = []
    billed = {visit.encounter: _billed(visit, book, clinic) if may_join(visit) else None for visit in visits}
    for visit in sorted(visits, key=place):
        mates = [g for g in groups if any(_belong(visit, other, billed, book) for other in g)]
        merged = [visit, *(other for group in mates for other in group)]
        groups = [g for g in groups if g not in mates] + [sorted(merged, key=place)]
    return sorted(groups, key=lambda group: place(group[0]))


def _belong(one: Visit, other: Visit, billed: dict[str, str | None], book: Rulebook) -> bool:
    mine, theirs = billed[one.encounter], billed[other.encounter]
    if mine is None or mine != theirs:
        return False
    groups = {one.organization, other.organization} - {None}
    return len(groups) < 2 and _one_discipline(one, other, book)


def _billed(visit: Visit, book: Rulebook, clinic: Clinic) -> str | None:
    """The coverage that would be billed; "" where that is in doubt, None where the patient pays."""
    if visit.date is None:
        return None
    try:
        notes = Notes(book.on(visit.date), clinic.explaining, None)
        payment = coverage.who_pays(visit, visit.date, clinic, notes)
    except NoRuleForDate:
        return ""
    if payment.self_pay:
        return None
    return payment.coverage.id if payment.coverage else ""


def _one_discipline(one: Visit, other: Visit, book: Rulebook) -> bool:
    """Whether two visits may be of one discipline, told apart as the services of one visit are."""
    if one.date is None:
        return True
    try:
        row = discipline.row_of(book.on(one.date))
    except NoRuleForDate:
        return True
    ours, theirs = ([s for s in v.services if s.status == record.COMPLETED] for v in (one, other))
    return discipline.may_be_one(ours, theirs, row)


# --- one visit of several -------------------------------------------------------------------------------------------


def encounters(visit: Visit) -> tuple[str, ...]:
    """Encounter ids of a visit and of those that were joined to it, its own first."""
    return tuple(dict.fromkeys([visit.encounter, *(s.encounter for s in visit.services if s.encounter)]))


def join(visits: Sequence[Visit]) -> Visit:
    """One visit of several, in order: the first's Encounter with everybody's services, reasons, papers and problems."""
    first = visits[0]
    if len(visits) == 1:
        return first
    problems = [problem for visit in visits for problem in visit.problems]
    changed = [visit.last_changed for visit in visits if visit.last_changed is not None]
    return replace(
        first,
        date_end=max((v.date_end for v in visits if v.date_end), default=None),
        start=min((v.start for v in visits if v.start), key=_seconds, default=None),
        end=max((v.end for v in visits if v.end), key=_seconds, default=None),
        site=_said([v.site for v in visits]),
        place_of_service=_said([v.place_of_service for v in visits]),
        organization=_said([v.organization for v in visits]),
        organization_npi=_said([v.organization_npi for v in visits]),
        services=tuple(sorted((s for v in visits for s in _services(v, first)), key=lambda s: s.procedure)),
        referral=_said([v.referral for v in visits]),
        supervisor=_said([v.supervisor for v in visits]),
        accident=_said([v.accident for v in visits]),
        onset=_said([v.onset for v in visits]),
        authorization=_said([v.authorization for v in visits]),
        papers=tuple(dict.fromkeys(paper for v in visits for paper in v.papers)),
        state=_said([v.state for v in visits]),
        foreign_claims=tuple(dict.fromkeys(claim for v in visits for claim in v.foreign_claims)),
        charges=tuple(dict.fromkeys(charge for v in visits for charge in v.charges)),
        problems=tuple(dict.fromkeys([*problems, *_differences(visits), *_clashes(visits)])),
        last_changed=max(changed, default=None),
    )


def _said(values: Sequence[T | None]) -> T | None:
    """What the first visit that says something says."""
    return next((value for value in values if value is not None), None)


def _services(visit: Visit, first: Visit) -> list[Service]:
    """A visit's services; those of another visit than the first know whose they are, and why they were done."""
    if visit is first:
        return list(visit.services)
    reasons = tuple(dict.fromkeys(diagnosis.code for diagnosis in visit.diagnoses))
    return [replace(s, encounter=visit.encounter, diagnoses=s.diagnoses or reasons) for s in visit.services]


def _differences(visits: Sequence[Visit]) -> list[Problem]:
    """What a claim can say once only, and these visits say differently."""
    named = " and ".join(f"Encounter/{visit.encounter}" for visit in visits)
    said = (
        ("places of service", {v.place_of_service for v in visits} - {None}),
        ("authorization numbers", {v.authorization for v in visits} - {None}),
        ("accidents", {(v.accident.date, v.accident.kind) for v in visits if v.accident}),
    )
    return [
        Problem(RULE, Result.FAIL, f"{named} are billed together and have different {what}.", None, DIFFER)
        for what, values in said
        if len(values) > 1
    ]


def _clashes(visits: Sequence[Visit]) -> list[Problem]:
    """Services of two visits that are one recorded twice, or need more minutes than passed."""
    done = [(v, s) for v in visits for s in v.services if s.status == record.COMPLETED and s.duplicate_of is None]
    found = []
    for n, (visit, one) in enumerate(done):
        for other_visit, other in done[:n]:
            if other_visit is visit or one.start is None or other.start is None:
                continue
            person, another = (s.therapist and (s.therapist.npi or s.therapist.id) for s in (one, other))
            if (one.code, one.start, one.end, one.regions, person) == (
                other.code, other.start, other.end, other.regions, another
            ):  # fmt: skip
                detail = f"Procedure/{one.procedure} has the same code, performer, region and period as "
                found.append(_problem(one, f"{detail}Procedure/{other.procedure}.", "twice"))
            elif _overlap(one, other):
                whose, key = ("one performer", "overlap") if person == another else ("two performers", "two-therapists")
                detail = f"Procedure/{other.procedure} and Procedure/{one.procedure} of {whose} overlap by more than"
                found += [_problem(s, f"{detail} their minutes allow.", key) for s in (other, one)]
    return found


def _problem(service: Service, detail: str, key: str) -> Problem:
    return Problem("services-distinct", Result.FAIL, detail, f"Procedure/{service.procedure}", key)


def _overlap(one: Service, other: Service) -> bool:
    """Whether two services have more minutes than the time they took together; within one visit reading asks this."""
    if one.start is None or one.end is None or other.start is None or other.end is None:
        return False
    start, end, begin, finish = (_seconds(moment) for moment in (one.start, one.end, other.start, other.end))
    if start >= finish or begin >= end:
        return False
    return max(end, finish) - min(start, begin) < ((one.minutes or 0) + (other.minutes or 0)) * 60
