"""Answered claims of synthetic people for tests of denials, put into a ledger as an 835 would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import (
    AdjustmentRow,
    Applied,
    AppliedPart,
    Batch,
    Ledger,
    PaidLine,
    Said,
    SentLine,
    Submission,
)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAY = date(2026, 11, 3)
THERAPIST = "1234567893"


@dataclass(frozen=True)
class Answer:
    """What a payer says of one claim with one line: it pays ``charge`` less the adjustments."""

    key: str
    why: Sequence[tuple[str, str, str, tuple[str, ...]]] = ()
    """(group, reason, dollars, remarks)."""
    status: str = "1"
    units_paid: int | None = None


def claim(
    name: str, *, code: str = "97124", units: int = 4, payer: str = "blue", day: date = DAY, npi: str = THERAPIST
) -> Submission:
    """A claim of one line at 35 dollars a unit."""
    charge = Decimal(35 * units)
    line = SentLine(f"L{name}", code, (), Decimal(units), charge, day, npi)
    return Submission(
        key=f"MB{name}", host="main", encounter=f"e{name}", patient=f"Patient/{name}", payer=payer,
        claim=f"Claim/{name}", digest="d" * 64, rank="P", frequency="1", date=day, total=charge, lines=(line,),
    )  # fmt: skip


def send(ledger: Ledger, *claims: Submission) -> None:
    """Put claims into a file."""
    number = ledger.next_batch()
    total = sum((one.total for one in claims), Decimal(0))
    batch = Batch(number, "main", "house", f"{number}.837", "f" * 64, len(claims), total, NOON, True, b"ISA~")
    assert ledger.commit_batch(batch, claims) == ()


def answer(ledger: Ledger, file: str, *answers: Answer, paid_on: date = date(2026, 11, 30)) -> None:
    """Apply a remittance with these answers."""
    known = ledger.submissions("main", [one.key for one in answers])
    parts = [_part(known[one.key], one, file, place, paid_on) for place, one in enumerate(answers, 1)]
    assert ledger.apply(Applied(file, "835", f"{file}.835"), parts)


def _part(ours: Submission, told: Answer, file: str, place: int, paid_on: date) -> AppliedPart:
    line, sign = ours.lines[0], -1 if told.status == "22" else 1
    off = sum((Decimal(dollars) for _, _, dollars, _ in told.why), Decimal(0))
    paid = ours.total * sign - off
    patient = sum((Decimal(dollars) for group, _, dollars, _ in told.why if group == "PR"), Decimal(0))
    units = Decimal(told.units_paid) if told.units_paid is not None else line.units
    rows = tuple(
        AdjustmentRow(
            ours.key, file, place, 1, ours.payer, line.code, line.therapist, line.date, group, reason, remarks,
            Decimal(dollars),
        )
        for group, reason, dollars, remarks in told.why
    )  # fmt: skip
    lines = (
        PaidLine(
            ours.key, file, place, 0, 0, told.status, "", (), Decimal(0), ours.total * sign, paid, patient, paid_on
        ),
        PaidLine(
            ours.key, file, place, 1, 1, told.status, line.code, (), units, ours.total * sign, paid, patient, paid_on
        ),
    )
    said = Said(ours.key, NOON, ClaimStanding.ADJUDICATED, f"835 {file} claim {place}", "Paid.", f"P{ours.key}", paid)
    return AppliedPart((said,), rows, lines=lines)
