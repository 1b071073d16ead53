"""How many visits does the payer allow, how many are used, how many left? Of benefits that bear on the treatment.

A limit of the year, the plan or a lifetime can be used up; so many a day, week or month cannot, and is only told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from massage_billing.model import Benefit, BenefitKind, Count, CountUnit, Measure
from massage_billing.previsit.relevant import Bearing, first_tier
from massage_billing.previsit.terms import CODE, AskingFile

_LIMITS: Final = frozenset({BenefitKind.LIMIT, BenefitKind.DESCRIPTION, BenefitKind.ACTIVE})
"""Benefits whose counts are a limit."""
_RATES: Final = frozenset({"visit", "day", "week", "month", "hour"})
"""Periods that begin anew before anything is used up."""
_PATIENT: Final = frozenset({"individual", ""})
"""Levels of what is said of the patient, or of nobody in particular."""
_SIDES: Final = frozenset({Measure.ALLOWED, Measure.USED, Measure.LEFT})
_ZERO: Final = Decimal(0)
_UNITS: Final = (
    CountUnit.VISITS,
    CountUnit.UNITS,
    CountUnit.HOURS,
    CountUnit.MINUTES,
    CountUnit.DAYS,
    CountUnit.MONTHS,
)
"""What is counted, what tells most first."""


@dataclass(frozen=True, slots=True)
class Limited:
    """What the payer says of a limit; where it says several numbers of the same weight, all of them."""

    allowed: tuple[Decimal, ...] = ()
    """Allowed."""
    used: tuple[Decimal, ...] = ()
    """Used, as the payer counts."""
    left: tuple[Decimal, ...] = ()
    """Left, as the payer says."""
    unit: CountUnit = CountUnit.NO_DATA
    """Of what."""
    period: str = ""
    """Over what."""
    shared: bool = False
    """Other therapies count too."""
    unlimited: bool = False
    """The payer says that there is no limit."""
    in_words: bool = False
    """There is a limit, and no number that tells what is counted."""
    dollars_left: Decimal | None = None
    """Dollars that the payer still pays, where it limits them."""
    rates: tuple[Count, ...] = ()
    """So many a day, week or month."""
    tier: int | None = None
    """The tier that says all this."""


def limited(some: Sequence[Bearing], asking: AskingFile) -> Limited:
    """What the payer says of a limit: the most specific service that it says anything of."""
    limits = [one for one in some if one.benefit.kind in _LIMITS and (one.benefit.counts or _is_limit(one.benefit))]
    told = _told(limits, asking)
    bare = first_tier(
        [one for one in limits if _is_limit(one.benefit) and not _tells(one.benefit)]
        + [one for one in some if _worded(one, asking)]
    )
    free = first_tier(
        [one for one in some if one.benefit.kind is BenefitKind.UNLIMITED and asking.says_of_massage(one.tier)]
    )
    rates = tuple(dict.fromkeys(c for one in first_tier(limits) for c in one.benefit.counts if _rate(c, one.benefit)))
    tier = told[0].tier if told else None
    unlimited = bool(free) and all(free[0].tier < each[0].tier for each in (told, bare) if each)
    if unlimited:
        return Limited(unlimited=True, rates=rates, tier=free[0].tier)
    in_words = bool(bare) and (tier is None or bare[0].tier < tier)
    dollars = _dollars(first_tier([one for one in limits if one.benefit.amount is not None]))
    shared = any(_shared(one, asking) for one in (told or bare))
    if not told or in_words:
        return Limited(shared=shared, in_words=in_words, dollars_left=dollars, rates=rates, tier=tier)
    unit, period, counts = _chosen(_of_one_unit(told))
    return Limited(
        _of(counts, Measure.ALLOWED, Measure.PLAIN), _of(counts, Measure.USED), _of(counts, Measure.LEFT),
        unit, period, shared, False, False, dollars, rates, tier,
    )  # fmt: skip


def _is_limit(benefit: Benefit) -> bool:
    return benefit.kind is BenefitKind.LIMIT


def _worded(one: Bearing, asking: AskingFile) -> bool:
    """Whether what is said of massage or its therapies has a text that may be a limit, and no number was read of it."""
    texts = [text for text in one.benefit.messages if any(map(str.isdigit, text))]
    told = one.benefit.kind in _LIMITS and asking.says_of_massage(one.tier) and not _numbers(one.benefit)
    return told and asking.words.limit.in_(texts)


def _tells(benefit: Benefit) -> bool:
    """Whether a limit has a number that says of what: visits, or dollars."""
    return benefit.amount is not None or any(count.unit is not CountUnit.NO_DATA for count in benefit.counts)


def _numbers(benefit: Benefit) -> list[Count]:
    """Counts that can be used up."""
    return [count for count in benefit.counts if count.unit is not CountUnit.NO_DATA and not _rate(count, benefit)]


def _rate(count: Count, benefit: Benefit) -> bool:
    """So many over one short period; over twelve months it is a limit as any other."""
    return (count.period or benefit.period) in _RATES and (count.periods or 1) == 1


def _over(count: Count, benefit: Benefit) -> str:
    period = count.period or benefit.period
    return f"{count.periods} {period}s" if period and (count.periods or 1) > 1 else period


def _told(limits: Sequence[Bearing], asking: AskingFile) -> list[Bearing]:
    """The benefits whose numbers count: of the most specific service, and of one person before those of a family.

    A limit of a planned code stands within that of massage: both bind, and the one with less left is told.
    """
    massage = {place for place, tier in enumerate(asking.specific) if tier.massage}
    by_code = _of_one_service([one for one in limits if one.tier == CODE])
    by_type = _of_one_service([one for one in limits if one.tier != CODE])
    if by_code and by_type and by_type[0].tier in massage:
        (code, _, some), (type_, _, others) = (_chosen(_of_one_unit(each)) for each in (by_code, by_type))
        return by_type if code is type_ and _least(others) < _least(some) else by_code
    return by_code or by_type


def _of_one_service(limits: Sequence[Bearing]) -> list[Bearing]:
    """Those of the most specific service that says a number; without what is said of a family or of others, where one
    is said of the patient."""
    told = first_tier([one for one in limits if _numbers(one.benefit)])
    own = any(one.benefit.level in _PATIENT for one in told)
    same = [one for one in limits if told and one.tier == told[0].tier]
    return [one for one in same if one.benefit.level in _PATIENT] if own else same


def _of_one_unit(told: Sequence[Bearing]) -> list[tuple[Count, Benefit]]:
    """Their numbers; one that does not say of what ("quantity used") counts what all the others count."""
    counts = [(count, one.benefit) for one in told for count in _numbers(one.benefit)]
    units = {count.unit for count, _ in counts}
    if len(units) == 1:
        every = [(count, one.benefit) for one in told for count in one.benefit.counts]
        bare = [(count, benefit) for count, benefit in every if count.unit is CountUnit.NO_DATA]
        sides = [(count, benefit) for count, benefit in bare if count.measure in _SIDES and not _rate(count, benefit)]
        counts += [(replace(count, unit=next(iter(units))), benefit) for count, benefit in sides]
    return counts


def _chosen(counts: Sequence[tuple[Count, Benefit]]) -> tuple[CountUnit, str, list[Count]]:
    """Counts of one unit and period: of several that with the least left. What is used of a period that nothing else is
    said of ("year to date"), and a count of no period, go with every period."""
    each = [(unit, *_of_period([pair for pair in counts if pair[0].unit is unit]))
            for unit in sorted({count.unit for count, _ in counts}, key=_UNITS.index)]  # fmt: skip
    return min(each, key=lambda one: _least(one[2]) > 0)


def _of_period(counts: Sequence[tuple[Count, Benefit]]) -> tuple[str, list[Count]]:
    of_period = [(count, _over(count, benefit)) for count, benefit in counts]
    limits = {period for count, period in of_period if count.measure is not Measure.USED}
    periods = sorted(period for period in limits or {period for _, period in of_period} if period)
    if not periods:
        return "", [count for count, _ in of_period]
    each = [(period, [count for count, of in of_period if of == period or of not in periods]) for period in periods]
    period, some = min(each, key=lambda one: (_least(one[1]), one[0]))
    return period, some


def _least(counts: Iterable[Count]) -> Decimal:
    """The fewest that may be left of these."""
    counts = list(counts)
    allowed, used = _of(counts, Measure.ALLOWED, Measure.PLAIN), _of(counts, Measure.USED)
    left = _of(counts, Measure.LEFT) or [max(each - max(used, default=_ZERO), _ZERO) for each in allowed]
    return min(left, default=Decimal("Infinity"))


def _of(counts: Iterable[Count], *measures: Measure) -> tuple[Decimal, ...]:
    return tuple(sorted({count.quantity for count in counts if count.measure in measures}))


def _dollars(some: Sequence[Bearing]) -> Decimal | None:
    """Dollars that are left of a limit, at least: as the payer says, else what it allows less what it has paid."""
    sides: dict[Measure, list[Decimal]] = {measure: [] for measure in Measure}
    for one in some:
        if _is_limit(one.benefit) and one.benefit.amount is not None and one.benefit.period not in _RATES:
            sides[one.benefit.measure].append(one.benefit.amount)
    left, allowed, used = sides[Measure.LEFT], sides[Measure.ALLOWED], sides[Measure.USED]
    if left or not (allowed and used):
        return min(left, default=None)
    return max(min(allowed) - max(used), _ZERO)


def _shared(one: Bearing, asking: AskingFile) -> bool:
    """Whether other therapies count too: by the service types, or by the payer's words."""
    massage = {each for tier in asking.specific if tier.massage for each in tier.types}
    others = bool(set(one.benefit.service_types) - massage) if one.benefit.procedure is None else False
    return others or asking.words.shared.in_(one.benefit.messages)
