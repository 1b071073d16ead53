"""How many visits are left before an appointment, and what binds: plan, authorization, referral or prescription?

Everything is counted "at most": what other clinics used since the payer answered is not seen here. The patient's own
appointments that are booked before this one take theirs first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from massage_billing.coding.paper_fits import LABELS, USED_UP, Asked, judge
from massage_billing.coding.policy_terms import PaperTerm
from massage_billing.model import Benefits, CountUnit, Limit, Paper, PaperKind, PaperUse, VisitsLeft
from massage_billing.previsit.planned import Planned

OF: Final[Mapping[PaperKind, str]] = {
    PaperKind.AUTHORIZATION: "authorization", PaperKind.REFERRAL: "referral", PaperKind.ORDER: "prescription",
    PaperKind.PLAN_OF_CARE: "plan of care",
}  # fmt: skip
"""``Limit.of`` of each kind of paper that can be used up."""
_ZERO: Final = Decimal(0)
_DIFFERS: Final = "The payer says other numbers too, or none for another network: this is the least."


@dataclass(frozen=True, slots=True)
class Before:
    """What the patient's own visits take before this appointment, beside what is counted of papers already."""

    booked: int = 0
    """Appointments before this one that use the same papers and plan, and have no Encounter that was decided."""
    not_in_answer: int = 0
    """Visits of this clinic after the payer answered, or not billed by then: the payer does not count them yet."""
    this_year: int = 0
    """All visits of this clinic in the plan year: where the payer says only what it allows, none is taken off yet."""


NOTHING_BEFORE: Final = Before()
"""Nobody counted, or there is nothing."""


def left(
    benefits: Benefits | None,
    papers: Iterable[Paper],
    terms: Mapping[PaperKind, PaperTerm],
    asked: Asked,
    planned: Planned,
    before: Before,
    options: Sequence[Benefits] = (),
) -> VisitsLeft:
    """The least of all limits, and which it is. ``papers``: of the patient and for this payer or any, merged.

    ``options``: every way the answer can be (``Picked.options``), where it can be several; the least counts. ``asked``
    holds the date, the planned codes and what other visits used of papers (``Elsewhere.uses``).
    """
    limits, papers = [], list(papers)
    plan = _least(options or ([benefits] if benefits is not None else []), planned, before)
    if plan is not None:
        limits.append(plan)
    for kind, of in OF.items():
        term = terms.get(kind) or PaperTerm(kind=kind, source="-")
        found = _papers(of, [paper for paper in papers if paper.kind is kind], term, asked, planned, before)
        limits += [found] if found is not None else []
    told = [limit for limit in limits if limit.visits is not None]
    binding = min(told, key=lambda limit: (limit.visits or 0, limit.differs), default=None)
    return VisitsLeft(binding.visits if binding else None, binding, tuple(limits))


def used_up(benefits: Benefits, planned: Planned, before: Before) -> bool:
    """Whether the plan has no visit left, where the answer is as it is in one option."""
    limit = _plan(benefits, planned, before)
    return limit is not None and limit.visits == 0


def _least(options: Iterable[Benefits], planned: Planned, before: Before) -> Limit | None:
    """The plan's limit; of several ways the answer can be, that with the least left."""
    ways = list(dict.fromkeys(options))
    each = [found for one in ways if (found := _plan(one, planned, before)) is not None]
    if not each:
        return None
    least = min(each, key=lambda limit: (limit.visits is None, limit.visits, limit.left))
    if len(each) == len(ways) and len({limit.visits for limit in each}) == 1:
        return least
    return replace(least, differs=True, told=f"{least.told} {_DIFFERS}")


def _plan(benefits: Benefits, planned: Planned, before: Before) -> Limit | None:
    """What the plan still allows, as the payer says; where it says only what it allows, that is all there can be."""
    if benefits.unlimited or (benefits.left is None and benefits.allowed is None):
        return None
    said = benefits.left if benefits.left is not None else benefits.allowed
    assert said is not None  # noqa: S101
    only_allowed = benefits.left is None and benefits.used is None
    mine = before.booked + (before.this_year if only_allowed else before.not_in_answer)
    visits = _visits(said, benefits.unit, planned)
    used = "" if benefits.used is None else f", {benefits.used.normalize():f} used"
    of = "" if benefits.allowed is None else f" of {benefits.allowed.normalize():f}"
    period = f" in the {benefits.period}" if benefits.period else ""
    if benefits.left is None:
        told = f"The payer allows {said.normalize():f} {benefits.unit}{period} and does not say how many are used"
    else:
        told = f"The payer says that {said.normalize():f}{of} {benefits.unit} are left{period}{used}"
    told += f"{_own(benefits, before, mine)}."
    rest = None if visits is None else max(visits - mine, 0)
    return Limit("plan", said, benefits.unit, rest, "answer", benefits.shared, True, told)


def _own(benefits: Benefits, before: Before, mine: int) -> str:
    """What of this clinic is taken off. What is used is told as "at least": other clinics' visits are not seen."""
    booked = f"; {before.booked} booked before it" if before.booked else ""
    if benefits.left is None and benefits.used is None and before.this_year:
        return f": at least {before.this_year} are used, by this clinic since the plan year began{booked}"
    if benefits.used is not None and benefits.unit is CountUnit.VISITS and before.not_in_answer:
        used, mine = (benefits.used + before.not_in_answer).normalize(), before.not_in_answer
        return f"; with {mine} of this clinic that it does not count yet at least {used:f} are used{booked}"
    return f"; {mine} visits of this clinic come before" if mine else "; other clinics are not seen"


def _papers(
    of: str, papers: Iterable[Paper], term: PaperTerm, asked: Asked, planned: Planned, before: Before
) -> Limit | None:
    """What papers of one kind that hold on the day still allow together; None where one of them has no limit."""
    serving = [one.paper for one in (judge(paper, term, asked) for paper in papers) if one.case in ("", *USED_UP)]
    if not serving:
        return None
    each = [_one(paper, term, asked.used(paper.key), planned) for paper in serving]
    limited = [one for one in each if one is not None]
    if len(limited) < len(each):
        return None
    units = {unit for _, unit, _ in limited}
    total = sum((rest for rest, _, _ in limited), _ZERO)
    counts = [visits for _, _, visits in limited]
    visits = None if None in counts else max(sum(count or 0 for count in counts) - before.booked, 0)
    if visits is None and total == _ZERO:
        visits = 0
    unit = units.pop() if len(units) == 1 else CountUnit.NO_DATA
    source = ", ".join(sorted(paper.source for paper in serving))
    kind = LABELS[term.kind]
    told = f"{source}: the {kind} has {total.normalize():f} {unit if unit is not CountUnit.NO_DATA else 'units'} left"
    told += f", of which {before.booked} are booked." if before.booked else "."
    return Limit(of, total, unit, visits, source, False, True, told)


def _one(
    paper: Paper, term: PaperTerm, use: PaperUse, planned: Planned
) -> tuple[Decimal, CountUnit, int | None] | None:
    """What one paper still allows, of what, and in visits; None where it has no limit."""
    allowed = paper.visits if paper.visits is not None else term.visits
    found: list[tuple[Decimal, CountUnit, int | None]] = []
    if allowed is not None:
        rest = max(allowed - paper.visits_used - use.visits - use.reserved_visits, 0)
        found.append((Decimal(rest), CountUnit.VISITS, rest))
    if paper.units is not None:
        units = Decimal(max(paper.units - paper.units_used - use.units - use.reserved_units, 0))
        found.append((units, CountUnit.UNITS, _visits(units, CountUnit.UNITS, planned)))
    return min(found, key=lambda one: (one[2] is None, one[2] or 0), default=None)


def _visits(rest: Decimal, unit: CountUnit, planned: Planned) -> int | None:
    """Whole visits of what is left, by what the appointment plans; None where it does not say."""
    if rest <= _ZERO:
        return 0
    if unit is CountUnit.VISITS:
        return int(rest.to_integral_value(ROUND_FLOOR))
    each: int | None = None
    if unit is CountUnit.UNITS:
        each = planned.units
    elif unit in (CountUnit.MINUTES, CountUnit.HOURS):
        each = planned.minutes
        rest = rest * 60 if unit is CountUnit.HOURS else rest
    elif unit is CountUnit.DAYS:
        each = 1
    return int(rest / each) if each else None
