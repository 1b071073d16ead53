"""Answers come back from the store as they were, every field and every digit."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.errors import StoreError
from massage_billing.model import Answer, AnswerKind, Benefit, BenefitKind
from massage_billing.store.answer_json import decode_answer, encode_answer
from store.asking_making import DAY, answer

st.register_type_strategy(Decimal, st.decimals(allow_nan=False))
st.register_type_strategy(str, st.text(st.characters(exclude_categories=("Cs",))))
answers = st.from_type(Answer)


@given(answers)
def test_an_answer_comes_back_exactly(one):
    back = decode_answer("MQ1", encode_answer(one))
    assert back == one
    assert repr(back) == repr(one)  # 12.50 is not 12.5, though they are equal


def test_money_is_text():
    kept = json.loads(encode_answer(answer()))
    assert kept["answer"]["benefits"][0]["amount"] == "25.00"
    assert kept["version"] == 1


def test_fields_that_a_newer_program_added_are_passed_over():
    kept = json.loads(encode_answer(answer("x")))
    kept["answer"]["mood"] = {"deep": [1]}
    kept["answer"]["benefits"][0]["color"] = "blue"
    kept["sent_by"] = "fax"
    assert decode_answer("MQ1", json.dumps(kept).encode()) == answer("x")


def test_fields_that_an_older_program_did_not_know_have_their_defaults():
    old = b'{"version": 1, "answer": {"kind": "answered", "asked_for": "2026-11-03"}}'
    assert decode_answer("MQ1", old) == Answer(AnswerKind.ANSWERED, DAY)


@pytest.mark.parametrize("strange", [{}, {"kind": "sung"}])
def test_an_answer_of_a_newer_form_is_refused_by_name(strange):
    kept = json.loads(encode_answer(answer("secret")))
    kept["version"] = 2
    kept["answer"].update(strange)
    with pytest.raises(StoreError, match="MQ1 was written by a newer version") as caught:
        decode_answer("MQ1", json.dumps(kept).encode())
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"version": 1}', b'\xff{"answer": 1}'])
def test_a_damaged_answer_is_named(damage):
    with pytest.raises(StoreError, match="MQ1 is damaged"):
        decode_answer("MQ1", damage)


def test_text_that_no_utf8_can_hold_does_not_lose_the_answer():
    torn = Benefit(BenefitKind.LIMIT, "F", amount=Decimal("1.50"), messages=("20 visits \udce9 left",))
    back = decode_answer("MQ1", encode_answer(replace(answer(), benefits=(torn,))))
    assert back == replace(answer(), benefits=(replace(torn, messages=("20 visits ? left",)),))
