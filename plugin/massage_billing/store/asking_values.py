"""Questions, answers and Tasks to and from what the tables hold, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column

from massage_billing.model import Known
from massage_billing.ports import AheadTask, QuestionRow, QuestionState, Settled
from massage_billing.store.answer_json import decode_answer, encode_answer
from massage_billing.store.tables import answers, instant, questions
from massage_billing.store.values import Scalar

QUESTION_FIELDS = tuple(QuestionRow.__dataclass_fields__)
"""Fields of QuestionRow, in order: columns of the same names."""

_LISTS = ("service_types", "codes")
"""Fields that are lists: JSON, or "" for none."""

QUESTION: list[Column[Any]] = [questions.c[name] for name in QUESTION_FIELDS]
"""Columns of a question."""

_ASKED = ("holder", "service_types", "appointment", "codes", "facility")
"""What a question is asked with; the last columns of the table but ``leased``."""

CLAIMED_FIELDS = ("serviced", "state", "due", "owner", *_ASKED, "leased")
"""What a claim changes of a question that is known."""

SETTLED_FIELDS = ("serviced", "state", "tries", "due", "ticket", "problem", *_ASKED)
"""What settling changes of a question."""

KNOWN: list[Column[Any]] = [
    *(questions.c[name] for name in ("patient", "coverage", "payer", "day", "key", "holder")),
    *(answers.c[name] for name in ("answered_at", "response", "evidence", "body")),
]
"""Columns of an answer with its question."""

TASK_FIELDS = tuple(AheadTask.__dataclass_fields__)
"""Fields of AheadTask, in order: columns of the same names."""


def _values(row: QuestionRow, leased: datetime | None = None) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {name: getattr(row, name) for name in QUESTION_FIELDS}
    values["day"] = row.day.isoformat()
    values["serviced"] = row.serviced.isoformat()
    values["state"] = row.state.value
    values["due"] = instant(row.due) if row.due else None
    for name in _LISTS:
        listed = getattr(row, name)
        values[name] = orjson.dumps(listed).decode() if listed else ""
    values["leased"] = instant(leased) if leased else None
    return values


def question_values(row: QuestionRow, leased: datetime) -> tuple[Scalar, ...]:
    """A question that is new, in the order of the table."""
    return tuple(_values(row, leased).values())


def claimed_values(row: QuestionRow, leased: datetime) -> tuple[Scalar, ...]:
    """What a claim changed, in the order of CLAIMED_FIELDS, and the key."""
    values = _values(row, leased)
    return (*(values[name] for name in CLAIMED_FIELDS), row.key)


def settled_values(row: QuestionRow) -> tuple[Scalar, ...]:
    """What settling changed, in the order of SETTLED_FIELDS, and the key."""
    values = _values(row)
    return (*(values[name] for name in SETTLED_FIELDS), row.key)


def question_from(values: Sequence[object]) -> QuestionRow:
    """The question from a result's columns, in the order of QUESTION_FIELDS; what follows them is passed over."""
    fields = dict(zip(QUESTION_FIELDS, values, strict=False))
    fields["state"] = QuestionState(str(fields["state"]))
    for name in _LISTS:
        fields[name] = tuple(orjson.loads(str(fields[name]) or "[]"))
    return QuestionRow(**fields)  # type: ignore[arg-type]


def answer_values(known: Known, written: bool, recorded: datetime) -> tuple[Scalar, ...]:
    """An answer, in the order of the table."""
    told = (known.response, known.evidence, written, encode_answer(known.answer))
    return (known.question, instant(known.answered_at), instant(recorded), *told)


def known_from(values: Sequence[Any]) -> Known:
    """The answer from a result's columns, in the order of KNOWN."""
    patient, coverage, payer, day, key, holder, answered_at, response, digest, body = values
    answer = decode_answer(key, body)
    return Known(patient, coverage, payer, day, answered_at, answer, key, response, digest, holder)


def evidence_values(result: Settled, recorded: datetime) -> tuple[Scalar, ...]:
    """What was received, in the order of the table."""
    received = result.known.answered_at if result.known else recorded
    return (result.row.key, instant(received), result.media_type, result.evidence)


def task_values(host: str, task: AheadTask) -> tuple[Scalar, ...]:
    """A Task, in the order of the table."""
    date = task.date.isoformat()
    return (task.appointment, host, task.key, date, task.task, task.version, task.digest, task.patient)
