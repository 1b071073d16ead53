"""How many visits does the payer allow, how many are used, how many left? Of benefits that bear on the treatment.

A limit of the year, the plan or a lifetime can be used up; so many a day, week or month cannot, and is only told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from massage_billing.model import Benefit, BenefitKind, Count, CountUnit, Measure
from massage_billing.previsit.relevant import CODE, Bearing, first_tier
from massage_billing.previsit.terms import AskingFile

_LIMITS: Final = frozenset({BenefitKind.LIMIT, BenefitKind.DESCRIPTION, BenefitKind.ACTIVE})
"""Benefits whose counts are a limit."""
_RATES: Final = frozenset({"visit", "day", "week", "month", "hour"})
"""Periods that begin anew before anything is used up."""
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
    told = first_tier([one for one in limits if _numbers(one.benefit)])
    bare = first_tier([one for one in limits if _is_limit(one.benefit) and not _tells(one.benefit)])
    free = first_tier(
        [one for one in some if one.benefit.kind is BenefitKind.UNLIMITED and _bears_closely(one.tier, asking)]
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
    unit, period, counts = _chosen([(c, one.benefit) for one in told for c in _numbers(one.benefit)])
    return Limited(
        _of(counts, Measure.ALLOWED, Measure.PLAIN), _of(counts, Measure.USED), _of(counts, Measure.LEFT),
        unit, period, shared, False, False, dollars, rates, tier,
    )  # fmt: skip


def _is_limit(benefit: Benefit) -> bool:
    return benefit.kind is BenefitKind.LIMIT


def _tells(benefit: Benefit) -> bool:
    """Whether a limit has a number that says of what: visits, or dollars."""
    return benefit.amount is not None or any(count.unit is not CountUnit.NO_DATA for count in benefit.counts)


def _numbers(benefit: Benefit) -> list[Count]:
    """Counts that can be used up."""
    return [count for count in benefit.counts if count.unit is not CountUnit.NO_DATA and not _rate(count, benefit)]


def _rate(count: Count, benefit: Benefit) -> bool:
    return (count.period or benefit.period) in _RATES


def _chosen(counts: Sequence[tuple[Count, Benefit]]) -> tuple[CountUnit, str, list[Count]]:
    """Counts of one unit and period: of several periods that with the least left; a count of no period goes with it."""
    unit = min((count.unit for count, _ in counts), key=_UNITS.index)
    of_unit = [(count, count.period or benefit.period) for count, benefit in counts if count.unit is unit]
    periods = sorted({period for _, period in of_unit if period})
    if len(periods) < 2:
        return unit, periods[0] if periods else "", [count for count, _ in of_unit]
    each = [(period, [count for count, of in of_unit if of in (period, "")]) for period in periods]
    period, some = min(each, key=lambda one: (_least(one[1]), one[0]))
    return unit, period, some


def _least(counts: Iterable[Count]) -> Decimal:
    """The fewest that may be left of these."""
    counts = list(counts)
    left = _of(counts, Measure.LEFT) or _of(counts, Measure.ALLOWED, Measure.PLAIN)
    return min(left, default=Decimal("Infinity"))


def _of(counts: Iterable[Count], *measures: Measure) -> tuple[Decimal, ...]:
    return tuple(sorted({count.quantity for count in counts if count.measure in measures}))


def _dollars(some: Sequence[Bearing]) -> Decimal | None:
    left = [one.benefit.amount for one in some if one.benefit.measure is Measure.LEFT and _is_limit(one.benefit)]
    return min((each for each in left if each is not None), default=None)


def _bears_closely(tier: int, asking: AskingFile) -> bool:
    """Whether it is said of massage or the therapies it is counted with, and not of the plan as a whole."""
    return tier == CODE or (tier < len(asking.specific) and asking.specific[tier].close)


def _shared(one: Bearing, asking: AskingFile) -> bool:
    """Whether other therapies count too: by the service types, or by the payer's words."""
    massage = {each for tier in asking.specific if tier.massage for each in tier.types}
    others = bool(set(one.benefit.service_types) - massage) if one.benefit.procedure is None else False
    return others or asking.words.shared.in_(one.benefit.messages)
