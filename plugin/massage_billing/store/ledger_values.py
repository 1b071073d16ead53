"""Batches, submissions and what was said of them, to and from what the tables hold, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Column

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import AdjustmentRow, Applied, Batch, PaidLine, Said, SentLine, Submission
from massage_billing.store.ledger_tables import adjustments, batches, files, paid_lines, said, submissions
from massage_billing.store.tables import instant
from massage_billing.store.values import Scalar

SUBMISSION_FIELDS = tuple(Submission.__dataclass_fields__)
"""Fields of Submission, in order: columns of the same names."""
SUBMISSION: list[Column[Any]] = [submissions.c[name] for name in SUBMISSION_FIELDS]
"""Columns of a submission."""
BATCH: list[Column[Any]] = list(batches.c)
"""Columns of a batch without its bytes, in the order of ``Batch``."""
SAID: list[Column[Any]] = [said.c[name] for name in Said.__dataclass_fields__]
"""Columns of what was said."""
ADJUSTMENT: list[Column[Any]] = [adjustments.c[name] for name in AdjustmentRow.__dataclass_fields__]
"""Columns of an adjustment."""
PAID: list[Column[Any]] = [paid_lines.c[name] for name in PaidLine.__dataclass_fields__]
"""Columns of a paid line."""
FILE: list[Column[Any]] = [files.c[name] for name in ("file", "kind", "name", "paid", "trace", "unmatched", "provider")]
"""Columns of a file of answers."""


def _dollars(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def batch_values(batch: Batch) -> tuple[Scalar, ...]:
    """A batch, in the order of the table."""
    return (
        batch.number, batch.host, batch.receiver, batch.file, batch.digest, batch.claims, str(batch.total),
        instant(batch.at), batch.written,
    )  # fmt: skip


def batch_from(row: Sequence[Any], body: bytes | None = None) -> Batch:
    """A batch from the columns ``BATCH``."""
    number, host, receiver, file, digest, claims, total, at, written = row[: len(BATCH)]
    return Batch(number, host, receiver, file, digest, claims, Decimal(total), at, bool(written), body)


def submission_values(one: Submission, place: int) -> tuple[Scalar, ...]:
    """A submission, in the order of the table."""
    values: dict[str, Scalar] = {name: getattr(one, name) for name in SUBMISSION_FIELDS if name != "lines"}
    values |= {
        "date": one.date.isoformat(), "total": str(one.total), "lines": _lines(one.lines),
        "standing": one.standing.value, "since": instant(one.since) if one.since else None, "place": place,
    }  # fmt: skip
    return tuple(values[column.name] for column in submissions.c)


def submission_from(row: Sequence[Any]) -> Submission:
    """A submission from the columns ``SUBMISSION``."""
    values = dict(zip(SUBMISSION_FIELDS, row, strict=True))
    values["total"] = Decimal(values["total"])
    values["lines"] = tuple(_line(one) for one in orjson.loads(values["lines"]))
    values["standing"] = ClaimStanding(values["standing"])
    return Submission(**values)


def _lines(lines: tuple[SentLine, ...]) -> str:
    told = [
        [one.control, one.code, one.modifiers, str(one.units), str(one.charge), one.date.isoformat(), one.therapist]
        for one in lines
    ]
    return orjson.dumps(told).decode()


def _line(told: list[Any]) -> SentLine:
    control, code, modifiers, units, charge, day, therapist = told
    return SentLine(
        control, code, tuple(modifiers), Decimal(units), Decimal(charge), Date.fromisoformat(day), therapist
    )


def said_values(one: Said) -> tuple[Scalar, ...]:
    """What was said, in the order of the table but its id."""
    return (
        one.key, instant(one.at), one.standing.value, one.source, one.words, one.payer_claim_number,
        _dollars(one.paid), _dollars(one.of_patient), one.reverses,
    )  # fmt: skip


def said_from(row: Sequence[Any]) -> Said:
    """What was said, from the columns ``SAID``."""
    key, at, standing, source, words, number, paid, of_patient, reverses = row
    return Said(
        key, at, ClaimStanding(standing), source, words, number, _decimal(paid), _decimal(of_patient), bool(reverses)
    )


def file_values(applied: Applied, at: datetime) -> tuple[Scalar, ...]:
    """A file of answers, in the order of the table."""
    provider = [[reason, reference, str(amount)] for reason, reference, amount in applied.provider]
    return (
        applied.file, applied.kind, applied.name, instant(at), _dollars(applied.paid), applied.trace, "[]",
        orjson.dumps(provider).decode(),
    )  # fmt: skip


def unmatched_value(unmatched: Sequence[tuple[int, str]]) -> str:
    """Claims that were not found, as the table holds them."""
    return orjson.dumps(unmatched).decode()


def file_from(row: Sequence[Any]) -> Applied:
    """A file of answers, from the columns ``FILE``."""
    file, kind, name, paid, trace, unmatched, provider = row
    return Applied(
        file,
        kind,
        name,
        _decimal(paid),
        trace,
        tuple((reason, reference, Decimal(amount)) for reason, reference, amount in orjson.loads(provider)),
        tuple((place, why) for place, why in orjson.loads(unmatched)),
    )


def adjustment_values(one: AdjustmentRow, number: int, at: datetime) -> tuple[Scalar, ...]:
    """An adjustment, in the order of the table."""
    return (
        one.file, number, one.key, one.place, one.line, one.payer, one.code, one.therapist,
        one.date.isoformat() if one.date else None, one.group, one.reason, orjson.dumps(one.remarks).decode(),
        str(one.amount), one.rule, instant(at),
    )  # fmt: skip


def adjustment_from(row: Sequence[Any]) -> AdjustmentRow:
    """An adjustment, from the columns ``ADJUSTMENT``."""
    values = dict(zip(AdjustmentRow.__dataclass_fields__, row, strict=True))
    values["remarks"] = tuple(orjson.loads(values["remarks"]))
    values["amount"] = Decimal(values["amount"])
    return AdjustmentRow(**values)


def paid_values(one: PaidLine, at: datetime) -> tuple[Scalar, ...]:
    """A paid line, in the order of the table."""
    return (
        one.file, one.place, one.line, one.key, one.item, one.status, one.code, orjson.dumps(one.modifiers).decode(),
        str(one.units), str(one.charge), str(one.paid), str(one.of_patient),
        one.date.isoformat() if one.date else None, instant(at),
    )  # fmt: skip


def paid_from(row: Sequence[Any]) -> PaidLine:
    """A paid line, from the columns ``PAID``."""
    values = dict(zip(PaidLine.__dataclass_fields__, row, strict=True))
    values["modifiers"] = tuple(orjson.loads(values["modifiers"]))
    values |= {name: Decimal(values[name]) for name in ("units", "charge", "paid", "of_patient")}
    return PaidLine(**values)
