"""What of several answers to one claim still counts: a payment that was taken back counts no more. Pure.

A payer that corrects itself reverses its first answer (CLP02 22) and answers anew, mostly in one file. Answers are put
in order by when they were paid, then by when they were applied and where they stand: each reversal takes the last one
back that stands before it. What the host's ClaimResponse or ExplanationOfBenefit says of a claim counts until a
remittance says it: then it is the same money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.ports.ledger import OF_HOST, AdjustmentRow, PaidLine

REVERSAL: Final = "22"
"""CLP02 of what takes an earlier answer back."""
FORWARDED: Final = frozenset({"19", "20", "21"})
"""CLP02 of what the payer sent on to another payer itself."""
Spot = tuple[str, int]
"""(digest of the file, place of the claim in it): one answer."""


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """What a payer did with one line of ours, or with the claim as a whole."""

    paid: PaidLine
    """What it paid."""
    adjustments: tuple[AdjustmentRow, ...]
    """Why not more."""


@dataclass(frozen=True, slots=True)
class Adjudication:
    """One answer to one claim."""

    whole: AnsweredLine
    """The claim as a whole, with the adjustments of no line."""
    lines: tuple[AnsweredLine, ...]
    """Its lines, in the payer's order."""

    @property
    def spot(self) -> Spot:
        """Where it stands."""
        return self.whole.paid.file, self.whole.paid.place

    @property
    def forwarded(self) -> bool:
        """Whether the payer sent the claim on to another payer itself."""
        return self.whole.paid.status in FORWARDED


def in_force(lines: Iterable[PaidLine]) -> dict[str, tuple[Spot, ...]]:
    """The answers that count, by claim key, the oldest first."""
    wholes: dict[str, list[PaidLine]] = {}
    for one in lines:
        if one.line == 0:
            wholes.setdefault(one.key, []).append(one)
    return {key: tuple(_standing(some)) for key, some in wholes.items()}


def _standing(wholes: Sequence[PaidLine]) -> list[Spot]:
    left: list[Spot] = []
    remitted = [one for one in wholes if not one.file.startswith(OF_HOST)]
    for one in sorted(remitted or wholes, key=_order):
        if one.status != REVERSAL:
            left.append((one.file, one.place))
        elif left:
            left.pop()
    return left


def _order(one: PaidLine) -> tuple[Date, datetime, str, int]:
    return one.date or Date.min, one.at or datetime.min.replace(tzinfo=UTC), one.file, one.place


def adjudications(
    lines: Sequence[PaidLine], adjustments: Iterable[AdjustmentRow]
) -> Mapping[str, tuple[Adjudication, ...]]:
    """The answers that count, whole, by claim key."""
    by_line: dict[tuple[str, int, int], list[AdjustmentRow]] = {}
    for one in adjustments:
        by_line.setdefault((one.file, one.place, one.line), []).append(one)
    of: dict[Spot, list[AnsweredLine]] = {}
    for paid in lines:
        told = tuple(by_line.get((paid.file, paid.place, paid.line), ()))
        of.setdefault((paid.file, paid.place), []).append(AnsweredLine(paid, told))
    found = {}
    for key, spots in in_force(lines).items():
        every = (sorted(of[spot], key=lambda one: one.paid.line) for spot in spots)
        found[key] = tuple(Adjudication(some[0], tuple(some[1:])) for some in every)
    return found


def charged(answers: Iterable[Adjudication]) -> Decimal:
    """The charges that these answers are about: a payer may split a claim."""
    return sum((one.whole.paid.charge for one in answers), Decimal(0))
