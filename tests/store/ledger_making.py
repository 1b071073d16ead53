"""Sent claims for the ledger's tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import (
    AdjustmentRow,
    Applied,
    AppliedPart,
    Batch,
    Ledger,
    PaidLine,
    Response,
    Said,
    SentLine,
    Submission,
)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)


def line(number: int = 1, code: str = "97124", charge: str = "120.00") -> SentLine:
    return SentLine(f"L{number}", code, ("GP",), Decimal(4), Decimal(charge), DAY, "1234567893")


def submission(name: str = "A", *, patient: str = "Patient/1", batch: int = 1, day: date = DAY) -> Submission:
    return Submission(
        key=f"MB{name}",
        host="clinic",
        encounter=f"e{name}",
        patient=patient,
        payer="acme",
        claim=f"Claim/{name}",
        digest="d" * 64,
        rank="P",
        frequency="1",
        date=day,
        total=Decimal("120.00"),
        lines=(line(),),
        batch=batch,
        transaction="0001",
        since=NOON,
    )


def batch(number: int, *claims: Submission, body: bytes = b"ISA~", at: datetime = NOON) -> Batch:
    total = sum((one.total for one in claims), Decimal(0))
    return Batch(number, "clinic", "house", f"b{number}.837", "f" * 64, len(claims), total, at, body=body)


def said(
    name: str, standing: ClaimStanding, *, source: str = "835 f claim 1", minutes: int = 1, number: str = ""
) -> Said:
    return Said(f"MB{name}", NOON + timedelta(minutes=minutes), standing, source, "was said", number)


def adjustment(name: str = "A", *, file: str = "f1", amount: str = "20.00", reason: str = "45") -> AdjustmentRow:
    return AdjustmentRow(
        f"MB{name}",
        file,
        1,
        1,
        "acme",
        "97124",
        "1234567893",
        DAY,
        "CO",
        reason,
        ("N20",),
        Decimal(amount),
        "ncci-pairs",
    )


def paid_line(name: str = "A", *, file: str = "f1", line: int = 1, paid: str = "100.00") -> PaidLine:
    return PaidLine(
        f"MB{name}", file, 1, line, line, "1", "97124" if line else "", ("GP",) if line else (),
        Decimal(4 * bool(line)), Decimal("120.00"), Decimal(paid), Decimal("0.00"), DAY,
    )  # fmt: skip


def applied(file: str) -> Applied:
    return Applied(file, "835", f"{file}.835", Decimal("100.00"), "CHECK1", (("WO", "X1", Decimal("-5.25")),))


def part(file: str, *told: Said, adjustments: tuple[AdjustmentRow, ...] = ()) -> AppliedPart:
    return AppliedPart(
        told, tuple(replace(one, file=file) for one in adjustments), ((7, "no claim has this number"),),
        tuple(Response(f"{file}-{one.key}-{one.standing}", "clinic", "Claim/A", "eA", b"{}") for one in told),
    )  # fmt: skip


def apply(ledger: Ledger, file: str, *told: Said, adjustments: tuple[AdjustmentRow, ...] = ()) -> bool:
    return ledger.apply(applied(file), [part(file, *told, adjustments=adjustments)])
