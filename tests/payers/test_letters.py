"""Names that X12 has no letters for are asked about all the same, and are no strangers in the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from massage_billing.model import Question
from massage_billing.payers.letters import folded, plain_question

from .questions import question


def named(last: str, first: str) -> Question:
    made = question(1)
    return replace(made, subscriber=replace(made.subscriber, last_name=last, first_name=first))


@pytest.mark.parametrize(
    ("last", "first", "sent"),
    [
        ("Núñez", "José", ("Nunez", "Jose")),
        ("Strauß", "Jürgen", ("Strauss", "Jurgen")),
        ("Ødegård", "Łukasz", ("Odegard", "Lukasz")),
        ("O\u2019Synthetic", "Zoë", ("O'Synthetic", "Zoe")),
        ("Nguyễn", "Thị", ("Nguyen", "Thi")),
        ("Plain", "Ann", ("Plain", "Ann")),
    ],
)
def test_a_name_is_written_in_the_letters_that_payers_take(last: str, first: str, sent: tuple[str, str]) -> None:
    plain = plain_question(named(last, first))
    assert (plain.subscriber.last_name, plain.subscriber.first_name) == sent
    assert plain.member_id == question(1).member_id
    assert plain.trace == question(1).trace


def test_a_dependents_name_is_written_so_too() -> None:
    made = named("Núñez", "José")
    plain = plain_question(replace(made, dependent=replace(made.subscriber, first_name="Zoë")))
    assert plain.dependent is not None
    assert plain.dependent.first_name == "Zoe"


def test_the_payers_capitals_are_the_same_name() -> None:
    assert folded("Núñez-Strauß") == folded("NUNEZ STRAUSS")
