"""Which benefits of an answer bear on a planned treatment, and which is believed before which?

Specific beats general: a planned code, then massage, then the therapies that payers count it with, an office visit, the
plan as a whole. Individual beats family. What holds for the other network, another code, another service, a plan that
is not in force or another time does not bear on it at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Final

from massage_billing.model import Answer, Benefit, Network, Standing
from massage_billing.previsit.terms import CODE, AskingFile

_EITHER: Final = frozenset({Network.BOTH, Network.NO_DATA})
_PEOPLE: Final = {"individual": 0, "": 1, "family": 2}
_OTHERS: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What benefits are looked for."""

    on: Date
    """The date of service."""
    codes: tuple[str, ...]
    """Planned codes; empty: not said."""
    network: Network
    """IN or OUT as the therapist is enrolled; NO_DATA where nobody knows."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """One benefit that bears on the treatment."""

    benefit: Benefit
    """The benefit."""
    tier: int
    """CODE, else the place of its service type in asking.yaml; behind all where it names none."""
    service_type: str
    """The service type by which it bears; "" by code, and where it names none."""

    rank: tuple[int, int, int]
    """The lower, the more it is believed: tier, whose it is, whether it says the network."""


def bearing(answer: Answer, wanted: Wanted, asking: AskingFile) -> tuple[Bearing, ...]:
    """The benefits that bear on the treatment, in whichever network; the most specific first, whatever the payer's
    order."""
    gone = _plans_not_in_force(answer)
    found = []
    for benefit in answer.benefits:
        if benefit.plan in gone or (benefit.spans and _other_time(benefit, wanted.on, asking)):
            continue
        placed = _tier(benefit, wanted.codes, asking)
        if placed is not None:
            whose = _PEOPLE.get(benefit.level, _OTHERS)
            found.append(Bearing(benefit, *placed, (placed[0], whose, int(benefit.network is Network.NO_DATA))))
    return tuple(sorted(found, key=lambda one: (*one.rank, *_as_said(one.benefit))))


def of_network(some: Iterable[Bearing], network: Network) -> tuple[Bearing, ...]:
    """Those that hold in a network, in their order; of an unknown one all."""
    if network not in (Network.IN, Network.OUT):
        return tuple(some)
    return tuple([one for one in some if one.benefit.network is network or one.benefit.network in _EITHER])


def best(some: Iterable[Bearing]) -> list[Bearing]:
    """Of benefits that say the same kind of thing, those that are believed: all of the lowest rank."""
    some = list(some)
    least = min((one.rank for one in some), default=None)
    return [one for one in some if one.rank == least]


def first_tier(some: Iterable[Bearing]) -> list[Bearing]:
    """All of the most specific tier, whoever's and in whichever network."""
    some = list(some)
    least = min((one.tier for one in some), default=None)
    return [one for one in some if one.tier == least]


def texts(some: Sequence[Bearing]) -> tuple[str, ...]:
    """What the payer says in words, once each."""
    return tuple(dict.fromkeys(text for one in some for text in one.benefit.messages))


def _tier(benefit: Benefit, codes: Sequence[str], asking: AskingFile) -> tuple[int, str] | None:
    if benefit.procedure is not None:
        return (CODE, "") if benefit.procedure in codes else None
    if not benefit.service_types:
        return (len(asking.specific), "")
    placed = [(tier, each) for each in benefit.service_types if (tier := asking.tier_of(each)) is not None]
    return min(placed, key=lambda one: (one[0], asking.specific[one[0]].types.index(one[1])), default=None)


def _other_time(benefit: Benefit, on: Date, asking: AskingFile) -> bool:
    """Whether the payer gives dates for which the benefit holds, and the day is not among them. Of several periods of
    the same qualifier one that holds is enough."""
    outside: dict[str, bool] = {}
    for span in benefit.spans:
        if span.qualifier in asking.benefit_dates.qualifiers:
            out = (span.start is not None and span.start > on) or (span.end is not None and span.end < on)
            outside[span.qualifier] = out and outside.get(span.qualifier, True)
    return any(outside.values())


def _plans_not_in_force(answer: Answer) -> frozenset[str | None]:
    """Names of plans that are not in force, where another plan of the answer is."""
    live = {plan.name for plan in answer.plans if plan.standing is not Standing.NOT_IN_FORCE}
    dead = {plan.name for plan in answer.plans if plan.standing is Standing.NOT_IN_FORCE and plan.name is not None}
    return frozenset(dead - live)


def _as_said(one: Benefit) -> tuple[object, ...]:
    """A fixed order among equals that does not depend on the payer's."""
    return (
        one.kind._value_, one.code, one.network._value_, one.measure._value_, str(one.amount), str(one.share),
        str(one.authorization), one.period, str(one.plan), one.service_types, one.messages, one.said,
        repr(one.counts) if one.counts else "",
        repr((one.entities, one.spans, one.places, one.references, one.modifiers)),
    )  # fmt: skip
