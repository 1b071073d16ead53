"""Writing a 271 for the simulated payer: what it says is what is read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from massage_billing.errors import QuestionInvalid
from massage_billing.model import AnswerKind, Corrected, Person, Standing
from massage_billing.x12.answer_271 import Answer271, read_271
from massage_billing.x12.answer_write_271 import Reply271, write_271
from massage_billing.x12.asked_270 import read_270
from massage_billing.x12.question_270 import write_270
from massage_billing.x12.segments import Ended, Transaction, read_pieces
from x12_files import TRACE, envelope, question

BEN = Person("Patient/2", "Rivers", "Ben", birth_date=date(2015, 2, 3), gender="M")


def told(reply: dict[str, Any], **changes: Any) -> Answer271:
    """A question, asked, answered and read."""
    asking = question(**changes)
    (asked,) = read_270(write_270(asking, envelope()))
    data = write_271(Reply271(asked, **reply), envelope(sender_id="CEDAR", receiver_id="CLINIC"))
    for piece in read_pieces(data):
        assert not piece.oddities if isinstance(piece, Transaction | Ended) else True
    (found,) = read_271(data, asking)
    assert found.question == asking
    return found


@pytest.mark.parametrize("dependent", [None, BEN])
def test_benefits_arrive_as_the_payer_lists_them(dependent: Person | None) -> None:
    benefits = [
        ("EB", "1", "", ["30", "BE"], "HM", "GOLD"), ("DTP", "346", "D8", "20260101"),
        ("EB", "F", "", "BE", "", "", "29", "", "", "VS", "12", "Y", "Y", ("HC", "97124")), ("MSG", "CALL FIRST"),
        ("LS", "2120"), ("NM1", "PR", "2", "OTHER"), ("LE", "2120"),
    ]  # fmt: skip
    person = [("REF", "6P", "G7"), ("DTP", "291", "RD8", "20260101-20261231")]
    found = told({"benefits": benefits, "person": person, "payer_trace": "P-1"}, dependent=dependent)
    assert found.level == ("dependent" if dependent else "subscriber")
    assert (found.answer.standing, found.answer.trace, found.answer.payer_trace) == (Standing.IN_FORCE, TRACE, "P-1")
    assert (found.answer.start, found.answer.end) == (date(2026, 1, 1), date(2026, 12, 31))
    assert [int(one.quantity) for one in found.answer.benefits[1].counts] == [12]
    assert found.answer.benefits[1].procedure == "97124"
    assert found.answer.corrected is None
    assert found.reference == TRACE


@pytest.mark.parametrize("level", ["source", "receiver", "subscriber", "dependent"])
def test_a_refusal_stands_at_its_level(level: str) -> None:
    found = told({"rejections": [(level, "42", "R")]}, dependent=BEN if level == "dependent" else None)
    assert (found.answer.kind, found.answer.rejections[0].level) == (AnswerKind.TRY_LATER, level)


def test_a_payer_that_has_other_data_on_file_gives_it_back() -> None:
    other = Person("", "Rivers", "Ada", birth_date=date(1980, 4, 21), gender="F")
    found = told({"benefits": [("EB", "1", "", "30")], "patient": other, "member_id": "M9"})
    assert found.answer.corrected == Corrected("M9", date(1980, 4, 21))


def test_replies_to_a_batch_are_a_transaction_each() -> None:
    questions = [question(trace=f"MB{number}") for number in range(3)]
    asked = read_270(write_270(questions, envelope()))
    data = write_271([Reply271(one, [("EB", "1", "", "30")]) for one in asked], envelope())
    assert [one.question for one in read_271(data, questions)] == questions


def test_what_cannot_be_written_is_refused() -> None:
    (asked,) = read_270(write_270(question(), envelope()))
    for bad in (("MSG", "A*B"), ("MSG", "X" * 265), ("QQQ", "1"), ("EB",), ("EB", "1", "TOOLONG")):
        with pytest.raises(QuestionInvalid):
            write_271(Reply271(asked, [bad]), envelope())
