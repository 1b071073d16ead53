"""Short ways to make questions and what became of them. Synthetic ids only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from massage_billing.model import Answer, AnswerKind, Benefit, BenefitKind, Known, Standing
from massage_billing.ports import QuestionRow, QuestionState, Settled
from store.making import HOST, NOON

DAY = date(2026, 11, 3)
LEASE = timedelta(minutes=10)

living: dict[str, bool] = {}
"""Owner → whether it lives, as the fixture's ``alive`` tells; who is not in here, nobody can tell of."""

clock: list[datetime] = [NOON]
"""The time by which answers are recorded."""


def question(name: str, **fields: Any) -> QuestionRow:
    """A question as a sweep wants it; "5" is that about Coverage/5."""
    defaults: dict[str, Any] = {
        "host": HOST,
        "patient": "Patient/3",
        "coverage": f"Coverage/{name}",
        "payer": "bcbs",
        "day": DAY,
        "serviced": DAY + timedelta(days=2),
        "state": QuestionState.ASKING,
        "holder": "h1",
        "service_types": ("BE", "30"),
        "appointment": f"a{name}",
    }
    made = {**defaults, **fields}
    key = f"Q-{made['host']}-{name}-{made['payer']}-{made['day']:%m%d}"
    return QuestionRow(**{"key": key, "trace": key, **made})


def answer(text: str = "", **fields: Any) -> Answer:
    copay = Benefit(BenefitKind.COPAY, "B", ("BE",), amount=Decimal("25.00"), messages=(text,))
    return Answer(AnswerKind.ANSWERED, DAY, Standing.IN_FORCE, benefits=(copay,), **fields)


def known(row: QuestionRow, at: datetime = NOON, text: str = "", response: str | None = None) -> Known:
    said = answer(text)
    return Known(row.patient, row.coverage, row.payer, row.day, at, said, row.key, response, "e" * 64, row.holder)


def answered(row: QuestionRow, at: datetime = NOON, text: str = "", **fields: Any) -> Settled:
    """The question was answered."""
    done = replace(row, state=QuestionState.ANSWERED, tries=row.tries + 1)
    defaults = {"evidence": b"ISA*" + text.encode(), "media_type": "application/edi-x12"}
    return Settled(done, known(row, at, text), **{**defaults, **fields})


def later(row: QuestionRow, due: datetime | None, **fields: Any) -> Settled:
    """It is to be tried again."""
    made = {"state": QuestionState.LATER, "tries": row.tries + 1, "due": due, **fields}
    return Settled(replace(row, **made))


def waiting(row: QuestionRow, due: datetime | None, ticket: str = "t1") -> Settled:
    """The payer took it."""
    return later(row, due, state=QuestionState.WAITING, ticket=ticket)


def at(minutes: float) -> datetime:
    """That many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


EVER = datetime(2026, 1, 1, tzinfo=UTC)
