"""Whether coverage is in force on a day, from benefits and dates: per plan, and over all plans.

An active benefit (EB01 1 to 5) says yes and an inactive one (6 to 8) no, where it is about the coverage as a whole:
service type 30, or neither a service type nor a code. Dates outrank it: coverage that ended before the day, or begins
after it, is not in force however it is marked. Where the payer says nothing of the coverage as a whole, any active
benefit of a health plan will do, one of a code alone too, and an inactive one only where it is about what was asked.
Dates alone can say no, never yes. A "plan date" that is the very day asked about is that day given back, and no
beginning or end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date

from massage_billing.model import Benefit, BenefitKind, Plan, Span, Standing
from massage_billing.x12.benefits import is_by_code
from massage_billing.x12.codes import CodeTables

_TELLS = (BenefitKind.ACTIVE, BenefitKind.INACTIVE)
_Bounds = tuple[Date | None, Date | None]
"""First and last day, as far as they are told."""
_NO_DATES: _Bounds = (None, None)


@dataclass(frozen=True, slots=True)
class Stands:
    """What an answer says of the coverage as a whole."""

    standing: Standing
    """One plan in force is enough."""
    start: Date | None
    """First day, where the payer says: of the first plan in force, else of the first plan."""
    end: Date | None
    """Last day, likewise."""
    plans: tuple[Plan, ...]
    """Every plan the payer tells the standing of, in its order."""


def stands(
    benefits: Sequence[Benefit],
    spans: Sequence[Span],
    on: Date | None,
    asked: Iterable[str],
    numbers: Sequence[tuple[str, str]],
    codes: CodeTables,
) -> Stands:
    """Judge an answer. ``spans`` and ``numbers`` (REF) are the patient's, ``asked`` the service types asked about;
    without ``on`` dates are told and not compared."""
    telling = _telling(benefits, frozenset(asked), codes)
    number = _number(numbers, codes)
    patients = _bounds(spans, on, codes)
    if not telling:
        start, end = patients
        outside = on is not None and ((end is not None and end < on) or (_begins(spans, codes, on)))
        standing = Standing.NOT_IN_FORCE if outside else Standing.NO_DATA
        alone = Plan(None, number, standing, start, end)
        return Stands(standing, start, end, (alone,) if start or end else ())
    plans = _plans(telling, patients, on, number, codes)
    best = next((plan for plan in plans if plan.standing is Standing.IN_FORCE), plans[0])
    return Stands(best.standing, best.start, best.end, tuple(plans))


def undecided(told: Stands) -> Stands:
    """The same dates of a question that was refused: they are no answer to whether coverage is in force."""
    plans = tuple(replace(plan, standing=Standing.NO_DATA) for plan in told.plans)
    return replace(told, standing=Standing.NO_DATA, plans=plans)


def _dates(own: _Bounds, patients: _Bounds) -> _Bounds:
    """First and last day of coverage: those of the benefit outrank those of the patient."""
    start, end = own
    outer_start, outer_end = patients
    if start is None and not (end and outer_start and end < outer_start):
        start = outer_start
    if end is None and not (start and outer_end and outer_end < start):
        # A patient's end before the benefit's own beginning is that of another year or plan.
        end = outer_end
    return start, end


def _telling(benefits: Sequence[Benefit], asked: frozenset[str], codes: CodeTables) -> list[Benefit]:
    """The benefits that tell whether coverage is in force."""
    marked = [one for one in benefits if one.kind in _TELLS]
    whole = [
        one for one in marked
        if not is_by_code(one) and (not one.service_types or codes.whole_coverage.intersection(one.service_types))
    ]  # fmt: skip
    if whole:
        return whole
    health = [
        one for one in marked if not one.service_types or not codes.other_plans.issuperset(one.service_types)
    ]  # fmt: skip
    active = [one for one in health if one.kind is BenefitKind.ACTIVE]
    if active:
        return active
    # An inactive benefit of a code alone says nothing of the rest.
    return [one for one in health if one.service_types and (not asked or asked.intersection(one.service_types))]


def _plans(
    telling: list[Benefit], patients: _Bounds, on: Date | None, number: str | None, codes: CodeTables
) -> list[Plan]:
    """One plan for each name; the same plan told of twice is in force where one of them says so.

    Where one active benefit of a plan has dates, another of the same plan without dates says nothing beside it. A plan
    without a name is the one that has a name, where only one has.
    """
    names = list(dict.fromkeys(benefit.plan for benefit in telling if benefit.plan))
    only = names[0] if len(names) == 1 else None
    own = [_bounds(benefit.spans, on, codes) for benefit in telling]
    dated = {
        benefit.plan or only
        for benefit, dates in zip(telling, own, strict=True)
        if benefit.kind is BenefitKind.ACTIVE and dates != _NO_DATES
    }
    found: dict[tuple[str | None, str | None], Plan] = {}
    for benefit, dates in zip(telling, own, strict=True):
        name = benefit.plan or only
        if benefit.kind is BenefitKind.ACTIVE and name in dated and dates == _NO_DATES:
            continue
        start, end = _dates(dates, patients)
        plan = Plan(name, _number(benefit.references, codes) or number, _on(benefit, start, end, on), start, end)
        known = found.get((plan.name, plan.number))
        if known is None or (known.standing is not Standing.IN_FORCE and plan.standing is Standing.IN_FORCE):
            found[(plan.name, plan.number)] = plan
    return list(found.values())


def _on(benefit: Benefit, start: Date | None, end: Date | None, on: Date | None) -> Standing:
    if benefit.kind is BenefitKind.INACTIVE:
        return Standing.NOT_IN_FORCE
    if on is not None and ((end is not None and end < on) or (start is not None and start > on)):
        return Standing.NOT_IN_FORCE
    return Standing.IN_FORCE


def _bounds(spans: Sequence[Span], on: Date | None, codes: CodeTables) -> _Bounds:
    """The latest beginning and the earliest end of what is told; of several periods the one that holds ``on``."""
    if not spans:
        return _NO_DATES
    starts: list[Date] = []
    ends: list[Date] = []
    periods: list[tuple[Date, Date | None]] = []
    for one in spans:
        known = codes.dates.get(one.qualifier)
        role = known.role if known else "none"
        if role == "none":
            continue
        if role == "whole" and one.start == on and one.end in {None, on}:
            continue
        if one.start is not None and one.end is not None:
            periods.append((one.start, one.end))
        elif role == "begin" and one.start is not None:
            starts.append(one.start)
        elif role == "end" and one.end is not None:
            ends.append(one.end)
        elif role == "whole" and one.start is not None:
            periods.append((one.start, None))
    if periods:
        holding = [(a, b) for a, b in periods if on is not None and a <= on and (b is None or on <= b)]
        start, end = (holding or periods)[0]
        starts.append(start)
        ends += [end] if end is not None else []
    return max(starts, default=None), min(ends, default=None)


def _begins(spans: Sequence[Span], codes: CodeTables, on: Date) -> bool:
    """Whether the payer tells a beginning after the day; a single "plan date" alone is too little to say no by."""
    return any(
        one.start is not None and one.start > on and codes.dates[one.qualifier].role == "begin"
        for one in spans
        if one.qualifier in codes.dates
    )


def _number(references: Sequence[tuple[str, str]], codes: CodeTables) -> str | None:
    if not references:
        return None
    for qualifier in codes.plan_numbers:
        found = next((value for given, value in references if given == qualifier and value), None)
        if found:
            return found
    return None
