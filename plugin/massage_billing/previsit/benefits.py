"""What does an answer say of a planned treatment? The figures that matter, of all that the payer says.

What the payer does not say is None: never zero, never yes. Where it says two things of the same weight, the figure is
None too, and the cost is a range over both. Nobody knows whether the therapist is in the network: the same, over both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.model import (
    Answer,
    Benefit,
    BenefitKind,
    Benefits,
    Count,
    CountUnit,
    Entity,
    Measure,
    Network,
    Standing,
)
from massage_billing.previsit.limit import Limited, limited
from massage_billing.previsit.relevant import Bearing, Wanted, bearing, best, first_tier, of_network, texts
from massage_billing.previsit.terms import CODE, AskingFile

Kind = BenefitKind
Choose = Callable[[list[Decimal]], Decimal]
_TELL_COVERED: Final = frozenset({Kind.ACTIVE, Kind.COPAY, Kind.COINSURANCE, Kind.DEDUCTIBLE, Kind.UNLIMITED})
"""A payer that says one of these of a service covers it."""
_TELL_BY_FIGURE: Final = frozenset({Kind.LIMIT, Kind.DESCRIPTION, Kind.RESTRICTED})
"""One that says one of these covers it where it gives a figure: in words alone they may say the opposite."""
_TELL_NOT_COVERED: Final = frozenset({Kind.NOT_COVERED, Kind.INACTIVE})
"""A payer that says one of these of a service does not: inactive for massage is not covered, though the plan is."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What an answer says of a planned treatment."""

    shown: Benefits
    """The figures that hold whatever is unknown."""
    options: tuple[Benefits, ...]
    """Every way it can be, over what the payer says twice and over both networks where the therapist's is unknown."""
    codes_not_covered: tuple[str, ...] = ()
    """Planned codes that the payer does not cover, where it covers others."""
    not_covered_in_words: bool = False
    """Words of the payer's may say that massage is not covered."""
    contradicted: bool = False
    """The payer says both that massage is covered and that it is not."""
    limit_in_words: bool = False
    """The payer says that there is a limit, and how many only in words."""
    dollars: tuple[Decimal | None, ...] = ()
    """Of each of ``options``: dollars that the payer still pays, where it limits them."""
    rates: tuple[Count, ...] = ()
    """So many a day, week or month."""
    restrictions: tuple[Entity, ...] = ()
    """Providers to whom it is restricted (EB01 N), where the payer names them by NPI or taxonomy."""

    @property
    def dollars_left(self) -> Decimal | None:
        """The least of all ``dollars``."""
        return min((each for each in self.dollars if each is not None), default=None)

    @property
    def dollars_used_up(self) -> tuple[bool, ...]:
        """Of each of ``options``: whether the payer pays no dollar more."""
        return tuple(each is not None and each <= 0 for each in self.dollars)

    def of_another_year(self) -> Picked:
        """What still holds when a new plan year has begun: its figures begin anew, and nobody knows them yet."""
        options = tuple(dict.fromkeys(_without_year(one) for one in self.options))
        return replace(self, shown=_without_year(self.shown), options=options, dollars=(None,) * len(options))


def pick(answer: Answer, wanted: Wanted, asking: AskingFile) -> Picked:
    """What an answer says of a planned treatment."""
    networks = [wanted.network] if wanted.network in (Network.IN, Network.OUT) else [Network.IN, Network.OUT]
    either = bearing(answer, wanted, asking)
    every = [(network, of_network(either, network)) for network in networks]
    told = [limited(found, asking) for _, found in every]
    each = {option: limit.dollars_left for (network, some), limit in zip(every, told, strict=True)
            for option in _options(_said(answer, some, network, limit, wanted, asking), some, limit)}  # fmt: skip
    options = list(each)
    some = of_network(either, wanted.network)
    covered = {option.covered for option in options}
    return Picked(
        shown=_common(options),
        options=tuple(options),
        codes_not_covered=_codes_not_covered(some, wanted),
        not_covered_in_words=any(_denied_in_words(found, asking) for _, found in every) and covered != {False},
        contradicted=covered >= {True, False} or any(_contradicted(found, wanted, asking) for _, found in every),
        limit_in_words=any(one.in_words for one in told),
        dollars=tuple(each.values()),
        rates=tuple(dict.fromkeys(rate for one in told for rate in one.rates)),
        restrictions=tuple(dict.fromkeys(e for one in _restricted(some) for e in one.benefit.entities)),
    )


def _options(said: Benefits, some: Sequence[Bearing], limit: Limited) -> Iterable[Benefits]:
    """The ways it can be in a network: the least and the most of what the payer says with the same weight."""
    for choose in (min, max):
        allowed, left = (_one(each, choose) for each in (limit.allowed, limit.left))
        used = _one(limit.used, max if choose is min else min)  # the least left is the least allowed less the most used
        if left is None and allowed is not None and used is not None:
            left = max(allowed - used, Decimal(0))
        yield replace(
            said,
            copay=_amount(some, Kind.COPAY, choose, Measure.PLAIN, Measure.ALLOWED),
            coinsurance=_share(some, choose),
            deductible=_amount(some, Kind.DEDUCTIBLE, choose, Measure.PLAIN, Measure.ALLOWED),
            deductible_left=_left(some, Kind.DEDUCTIBLE, choose),
            out_of_pocket_left=_left(some, Kind.OUT_OF_POCKET, choose),
            allowed=allowed,
            used=used,
            left=left,
        )


def _said(
    answer: Answer, some: Sequence[Bearing], network: Network, limit: Limited, wanted: Wanted, asking: AskingFile
) -> Benefits:
    """What holds whichever figure is taken."""
    in_force = {plan.name for plan in answer.plans if plan.standing is Standing.IN_FORCE and plan.name}
    first = next((one for one in some if one.benefit.kind is not Kind.CONTACT), None)
    return Benefits(
        standing=answer.standing, start=answer.start, end=answer.end,
        plan=next(iter(in_force)) if len(in_force) == 1 else None, network=network,
        unit=limit.unit, period=limit.period, shared=limit.shared, unlimited=limit.unlimited,
        covered=_covered(some, wanted, asking), authorization=_authorization(some, wanted, asking),
        referral=_referral(some, asking), provider_limits=_provider_limits(some, asking),
        other_coverage=_others(answer, asking), service_type=first.service_type if first else "",
        texts=tuple(dict.fromkeys((*texts(some), *answer.messages))),
    )  # fmt: skip


def _without_year(one: Benefits) -> Benefits:
    """Without the figures of a plan year: its limit, and what of its deductible and most out of pocket is left."""
    return replace(
        one, allowed=None, used=None, left=None, unit=CountUnit.NO_DATA, period="", shared=False, unlimited=False,
        deductible=None, deductible_left=None, out_of_pocket_left=None,
    )  # fmt: skip


def _common(options: Sequence[Benefits]) -> Benefits:
    """What all options have in common; figures that differ are no data."""
    first, rest = options[0], options[1:]
    if not rest:
        return first
    empty = Benefits(standing=first.standing)
    kept: dict[str, object] = {}
    for field in fields(Benefits):
        values = [getattr(one, field.name) for one in options]
        if all(value == values[0] for value in values):
            continue
        if field.name == "authorization":
            kept[field.name] = _needed([one.authorization for one in options])
        elif isinstance(values[0], tuple):
            kept[field.name] = tuple(dict.fromkeys(each for value in values for each in value))
        elif field.name == "shared":
            kept[field.name] = True
        else:
            kept[field.name] = getattr(empty, field.name)
    return replace(first, **kept)  # type: ignore[arg-type]


def _needed(said: Sequence[tuple[tuple[str, bool], ...]]) -> tuple[tuple[str, bool], ...]:
    """An authorization that is needed one way is needed; that none is has to hold whichever way it is."""
    keys = sorted({key for each in said for key, _ in each})
    told = [(key, [dict(each).get(key) for each in said]) for key in keys]
    return tuple((key, True in answers) for key, answers in told if None not in answers or True in answers)


# --- dollars --------------------------------------------------------------------------------------------------------


def _one(values: Iterable[Decimal], choose: Choose) -> Decimal | None:
    values = list(values)
    return choose(values) if values else None


def _of_kind(some: Sequence[Bearing], kind: BenefitKind, *measures: Measure) -> list[Bearing]:
    return [
        one
        for one in some
        if one.benefit.kind is kind and one.benefit.amount is not None and one.benefit.measure in measures
    ]


def _amounts(some: Iterable[Bearing]) -> list[Decimal]:
    return [one.benefit.amount for one in some if one.benefit.amount is not None]


def _amount(some: Sequence[Bearing], kind: BenefitKind, choose: Choose, *measures: Measure) -> Decimal | None:
    return _one(_amounts(best(_of_kind(some, kind, *measures))), choose)


def _share(some: Sequence[Bearing], choose: Choose) -> Decimal | None:
    told = best(one for one in some if one.benefit.kind is Kind.COINSURANCE and one.benefit.share is not None)
    return _one([one.benefit.share for one in told if one.benefit.share is not None], choose)


def _left(some: Sequence[Bearing], kind: BenefitKind, choose: Choose) -> Decimal | None:
    """What is left to pay of a year's amount: as the payer says, else the amount less what counts already, where both
    are said with the same weight."""
    left = best(_of_kind(some, kind, Measure.LEFT))
    used = best(_of_kind(some, kind, Measure.USED))
    if left or not used:
        return _one([max(amount, Decimal(0)) for amount in _amounts(left)], choose)  # overpaid is nothing left
    whole = [one for one in _of_kind(some, kind, Measure.PLAIN, Measure.ALLOWED) if one.rank == used[0].rank]
    return _one([max(all_ - some_, Decimal(0)) for all_ in _amounts(whole) for some_ in _amounts(used)], choose)


# --- whether --------------------------------------------------------------------------------------------------------


def _of_massage(some: Sequence[Bearing], asking: AskingFile) -> list[Bearing]:
    massage = {place for place, tier in enumerate(asking.specific) if tier.massage} | {CODE}
    return [one for one in some if one.tier in massage]


def _covered(some: Sequence[Bearing], wanted: Wanted, asking: AskingFile) -> bool | None:
    """Whether massage is covered: only what is said of a planned code or of massage itself tells. Where words may say
    that it is not, it is never a yes."""
    covered = _covered_by_kind(some, wanted, asking)
    return None if covered and _denied_in_words(some, asking) else covered


def _covered_by_kind(some: Sequence[Bearing], wanted: Wanted, asking: AskingFile) -> bool | None:
    said = _of_massage(some, asking)
    by_code = [_said_of([one for one in said if one.benefit.procedure == code]) for code in wanted.codes]
    if wanted.codes and None not in by_code:
        return any(by_code)
    of_massage = _said_of([one for one in said if one.tier != CODE])
    return True if True in by_code and of_massage is None else of_massage


def _denied_in_words(some: Sequence[Bearing], asking: AskingFile) -> bool:
    return asking.words.not_covered.in_(texts(_of_massage(some, asking)))


def _said_of(some: Iterable[Bearing]) -> bool | None:
    """Covered, not covered, or not said; None too where the payer says both."""
    yes, no = _yes_and_no(some)
    return None if yes == no else yes


def _yes_and_no(some: Iterable[Bearing]) -> tuple[bool, bool]:
    """Whether the payer says that it is covered, and whether it says that it is not."""
    some = list(some)
    yes = any(_tells_covered(one.benefit) for one in some)
    return yes, any(one.benefit.kind in _TELL_NOT_COVERED for one in some)


def _tells_covered(benefit: Benefit) -> bool:
    figure = benefit.amount is not None or benefit.share is not None or any(one.quantity > 0 for one in benefit.counts)
    return benefit.kind in _TELL_COVERED or (benefit.kind in _TELL_BY_FIGURE and figure)


def _contradicted(some: Sequence[Bearing], wanted: Wanted, asking: AskingFile) -> bool:
    said = [one for one in _of_massage(some, asking) if one.tier != CODE]
    return _yes_and_no(said) == (True, True) and _covered_by_kind(some, wanted, asking) is None


def _codes_not_covered(some: Sequence[Bearing], wanted: Wanted) -> tuple[str, ...]:
    said = {code: _said_of([one for one in some if one.benefit.procedure == code]) for code in wanted.codes}
    return tuple(code for code, covered in said.items() if covered is False)


def _authorization(some: Sequence[Bearing], wanted: Wanted, asking: AskingFile) -> tuple[tuple[str, bool], ...]:
    """(code or service type, needed): by code where the payer says so, and by the most specific service type.

    Said of the plan as a whole, that none is needed tells nothing of massage; that one is needed does.
    """
    told = [one for one in some if one.benefit.authorization is not None]
    found: dict[str, bool] = {}
    for code in wanted.codes:
        own = [one for one in told if one.benefit.procedure == code]
        if own:
            found[code] = any(one.benefit.authorization for one in own)
    by_type = first_tier([one for one in told if one.tier != CODE])
    for one in by_type:
        if one.service_type and (one.benefit.authorization or asking.says_of_massage(one.tier)):
            found[one.service_type] = found.get(one.service_type, False) or bool(one.benefit.authorization)
    return tuple(sorted(found.items()))


def _referral(some: Sequence[Bearing], asking: AskingFile) -> bool | None:
    """Payers say it in words only; the words that are looked for are data, and all else is no data. So is what they
    say both ways."""
    said = {needed for text in texts(some) if (needed := _referral_in(text, asking)) is not None}
    return said.pop() if len(said) == 1 else None


def _referral_in(text: str, asking: AskingFile) -> bool | None:
    words = asking.words
    none, needed = words.referral_not_needed.in_([text]), words.referral_needed.in_([text])
    if none:  # a text may go on: no referral for one service, and one for another
        return None if words.referral_needed.in_([words.referral_not_needed.without(text)]) else False
    return True if needed and not words.denied.as_words(text) else None


def _restricted(some: Sequence[Bearing]) -> list[Bearing]:
    return first_tier([one for one in some if one.benefit.kind is Kind.RESTRICTED])


def _provider_limits(some: Sequence[Bearing], asking: AskingFile) -> tuple[str, ...]:
    """Kinds of providers as sent: what restrictions say, and texts that may mean one."""
    found: list[str] = []
    for one in _restricted(some):
        for entity in one.benefit.entities:
            found += [each for each in (entity.taxonomy, entity.name) if each]
            found += [value for _, value in entity.identifiers]
        found += one.benefit.messages
    found += [text for text in texts(some) if asking.words.providers.in_([text])]
    return tuple(dict.fromkeys(found))


def _others(answer: Answer, asking: AskingFile) -> tuple[str, ...]:
    return tuple(sorted({entity.name or entity.role for entity in other_payers(answer, asking)}))


def other_payers(answer: Answer, asking: AskingFile) -> tuple[Entity, ...]:
    """Other payers that an answer names, at large or for a service that says something of massage."""
    of_benefits = [
        entity
        for one in answer.benefits
        if one.kind is Kind.OTHER_PAYER
        and (not one.service_types or any(asking.tier_of(each) is not None for each in one.service_types))
        for entity in _named(one)
    ]
    return tuple(dict.fromkeys((*answer.other_payers, *of_benefits)))


def _named(benefit: Benefit) -> Sequence[Entity]:
    return benefit.entities or (Entity("", " ".join(benefit.messages) or benefit.plan),)


# --- what it teaches ------------------------------------------------------------------------------------------------


def brings(answer: Answer, on: Date, codes: tuple[str, ...], asking: AskingFile) -> tuple[bool, bool]:
    """(whether an answer has a limit, or that there is none; any figure), in whichever network: of a planned code, of
    massage, or of the therapies it is counted with."""
    either = bearing(answer, Wanted(on, codes, Network.NO_DATA), asking)
    limits = (limited(of_network(either, network), asking) for network in (Network.IN, Network.OUT))
    return any(_counts(one, asking) for one in limits), _has_figures(either, asking)


def _counts(one: Limited, asking: AskingFile) -> bool:
    said = one.unlimited or bool(one.allowed or one.left)
    return said and one.tier is not None and asking.says_of_massage(one.tier)


def _has_figures(some: Sequence[Bearing], asking: AskingFile) -> bool:
    return any(
        asking.says_of_massage(one.tier)
        and (one.benefit.amount is not None or one.benefit.share is not None or bool(one.benefit.counts))
        for one in some
    )
