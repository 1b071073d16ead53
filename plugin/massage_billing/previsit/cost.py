"""What is the patient expected to pay for the visit? A range, with how it comes about.

What the payer allows for a code (the contracted rate) is not known before it pays: the clinic's charge is the most it
can be. So the least is what the plan says is due whatever is allowed, and the most is reckoned from the charge. What
cannot be told is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from massage_billing.model import Benefits, CostRange, Network
from massage_billing.previsit.planned import Planned

_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal("0.00")
Ends = tuple[Decimal | None, Decimal | None, list[str]]
"""At least, at most, and why."""


def patient_pays(planned: Planned, why: str) -> CostRange:
    """The patient pays everything, at the clinic's price for patients who pay."""
    if planned.most is None:
        return CostRange(None, None, (why, "The fee schedule, the planned codes or the time do not give a price."))
    return CostRange(planned.least, planned.most, (why, f"The clinic's price is {_money(planned.most)}."))


def expected(
    options: Sequence[Benefits], planned: Planned, own: Planned, later: bool, used_up: Sequence[bool]
) -> CostRange:
    """What the patient pays of a visit that a payer is billed for, over every way the answer can be.

    ``own`` is what is planned at the price for patients who pay: it holds for what the plan does not cover. ``later``:
    another coverage pays after this one, so nothing can be told at least. ``used_up``, of each option: no visit is
    left, or no dollar.
    """
    if not options:
        return CostRange(None, None, ("No payer has answered.",))
    every = [_option(one, planned, own, nothing) for one, nothing in zip(options, used_up, strict=True)]
    least = [one[0] for one in every]
    most = [one[1] for one in every]
    why = list(dict.fromkeys(text for one in every for text in one[2]))
    if len({one.network for one in options}) > 1:
        why.append("Whether the therapist is in the plan's network is not known: both are reckoned with.")
    if later:
        why.append("Another coverage pays after this one, and may pay part of it.")
        least = [None]
    lowest = None if None in least else min(each for each in least if each is not None)
    highest = None if None in most else max(each for each in most if each is not None)
    return CostRange(lowest, highest, tuple(why))


def _option(one: Benefits, planned: Planned, own: Planned, used_up: bool) -> Ends:
    """One way it can be."""
    charge = planned.most
    if one.covered is False or used_up:
        because = "The plan does not cover it" if one.covered is False else "Nothing is left of what is allowed"
        return own.least, own.most, [f"{because}: the patient pays the clinic's price{_of(own.most)}."]
    if one.out_of_pocket_left == 0:
        return _ZERO, _ZERO if one.network is Network.IN else charge, ["The patient has paid the year's most."]
    least, why = _least(one)
    most, more = _most(one, charge)
    if most is not None and least is not None:
        least = min(least, most)
    return _cents(least), _cents(most), why + more


def _least(one: Benefits) -> tuple[Decimal | None, list[str]]:
    """What is due whatever the plan allows: the copay."""
    if one.copay is not None:
        return one.copay, [f"The copay is {_money(one.copay)} a visit."]
    if one.deductible_left == 0 and one.coinsurance == 0:
        return _ZERO, ["The plan says that nothing is left to the patient."]
    return None, ["The plan names no copay, and what it allows is not known, so the least cannot be told."]


def _most(one: Benefits, charge: Decimal | None) -> tuple[Decimal | None, list[str]]:
    """The most it can be: what is left of the deductible first, then the share of the rest, and the copay."""
    why = []
    known = one.deductible_left is not None and one.coinsurance is not None
    only_copay = one.deductible_left == 0 and one.coinsurance == 0 and one.copay is not None
    if charge is None and not only_copay:
        most = None
        why.append("The charge is not known: fees, planned codes or time are missing.")
    elif only_copay:
        most = one.copay
    elif known and charge is not None and one.deductible_left is not None and one.coinsurance is not None:
        first = min(one.deductible_left, charge)
        most = first + (charge - first) * one.coinsurance + (one.copay or _ZERO)
        most = min(most, charge)
        why.append(
            f"{_money(one.deductible_left)} of the deductible is left; then the patient's share is "
            f"{(one.coinsurance * 100).normalize():f} percent of what the plan allows, at most the charge{_of(charge)}."
        )
    else:
        most = charge
        missing = [name for name, value in (("deductible", one.deductible_left), ("share", one.coinsurance))
                   if value is None]  # fmt: skip
        why.append(
            f"The payer does not say what is left of the patient's {' or '.join(missing)}: at most{_of(charge)}."
        )
    if most is not None and one.out_of_pocket_left is not None and one.network is Network.IN:
        most = min(most, one.out_of_pocket_left)
    return most, why


def _cents(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(_CENT, ROUND_HALF_UP)


def _of(charge: Decimal | None) -> str:
    return "" if charge is None else f" of {_money(charge)}"


def _money(value: Decimal) -> str:
    return f"${value.quantize(_CENT, ROUND_HALF_UP):,}"
