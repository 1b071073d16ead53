"""What does the patient pay of a visit that a payer pays in part? What the payer excludes, at the self-pay price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from decimal import Decimal

from massage_billing.coding import price, status, units
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.terms import TimedUnitsRow
from massage_billing.model import ClaimLine, Clinic, CoverageKind, Service


def lines(services: Sequence[Service], policy: Policy, clinic: Clinic, on: Date, notes: Notes) -> tuple[ClaimLine, ...]:
    """The lines of a patient's own bill, counted by the policy of self-pay; they point to no diagnosis yet.

    Leaves no finding: what is wrong with these services holds no claim of the others.
    """
    quiet = Notes(notes.day, notes.explaining, None)
    method = policy.terms.unit_method
    buckets = status.sort(services, policy, quiet)
    units.count(buckets, notes.day.row("timed-units", method).says(TimedUnitsRow))
    buckets = units.drop_without_units(buckets, method, quiet)
    prices = price.charge(buckets, clinic, CoverageKind.SELF_PAY.value, on, quiet)
    return tuple(
        ClaimLine(
            b.code, b.units, b.minutes, (), price.line_charge(each, b.units), each, (),
            tuple(s.procedure for s in b.services), b.therapist, (policy.row.because,),
        )
        for b, each in zip(buckets, prices, strict=True)
    )  # fmt: skip


def told(found: Sequence[ClaimLine], count: int) -> str:
    """How much is left to the patient: "2 services, $70.00 by the fee schedule, are left to the patient's own bill"."""
    charges = [line.charge for line in found]
    several = count != 1
    money = ""
    if charges and None not in charges:
        total = sum((charge for charge in charges if charge is not None), Decimal("0.00"))
        money = f", ${total:,.2f} by the fee schedule,"
    return (
        f"{count} service{'s' if several else ''}{money} {'are' if several else 'is'} left to the patient's own bill."
    )
