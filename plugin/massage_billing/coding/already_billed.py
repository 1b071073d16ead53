"""Has somebody else billed this visit: a claim that is not ours, or charges typed by hand (DESIGN 3)?

What was typed is shown beside what the record supports, so that a person sees which of the two has to go. Nothing of
it changes what is billed: the record decides (DESIGN 15).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from massage_billing.coding.coverage import Payment
from massage_billing.coding.notes import Notes
from massage_billing.model import ClaimLine, TypedCharge, Visit

RULE: Final = "already-billed"


def by_claims(visit: Visit, notes: Notes) -> None:
    """A claim that somebody else made for this visit holds it."""
    if visit.foreign_claims:
        ids = ", ".join(claim.id for claim in visit.foreign_claims)
        message = f"{ids} bills this visit, and this program did not write it."
        notes.fail(RULE, message, about=visit.foreign_claims[0].id)
    elif not visit.charges:
        notes.passed(RULE)


def by_hand(visit: Visit, lines: Sequence[ClaimLine], payment: Payment, notes: Notes) -> None:
    """Charges that were typed by hand hold a visit of which a claim would be made too; the patient's own bill is made
    of nothing else, and may stand."""
    if visit.foreign_claims or not visit.charges:
        return
    if payment.self_pay or not lines:
        notes.passed(RULE)
        return
    typed, supported = _typed(visit.charges), _supported(lines)
    ids = ", ".join(charge.id for charge in visit.charges)
    same = "They are the same." if typed == supported else "They differ."
    message = f"Charges were typed by hand ({ids}): {_all(typed)}. The record supports {_all(supported)}. {same}"
    notes.fail(RULE, message, about=visit.charges[0].id)


def _typed(charges: Iterable[TypedCharge]) -> list[tuple[str, int | None]]:
    """Units by code, in order of code; None where a charge of the code does not say."""
    found: dict[str, int | None] = {}
    for charge in charges:
        code = charge.code or "a code that cannot be read"
        before = found.get(code, 0)
        found[code] = None if before is None or charge.units is None else before + charge.units
    return sorted(found.items())


def _supported(lines: Iterable[ClaimLine]) -> list[tuple[str, int | None]]:
    found: dict[str, int | None] = {}
    for line in lines:
        found[line.code] = (found.get(line.code) or 0) + line.units
    return sorted(found.items())


def _all(units: Iterable[tuple[str, int | None]]) -> str:
    return ", ".join(_written(code, count) for code, count in units)


def _written(code: str, units: int | None) -> str:
    """ "97124 x4"; a charge that does not say how many is written without."""
    return f"{code} x{units}" if units is not None else f"{code} (units not said)"
