"""Paths into a payer's JSON: where they lead, and that what nobody took is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.payers.clearinghouse.paths import Document, Place, compact, leaves, name_of, parse, path, shown

NAMES = st.sampled_from(["a", "b", "code", "x y", "ä", "$"])
LEAVES = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENTS = st.recursive(
    LEAVES.map(lambda one: one if not hasattr(one, "as_tuple") else float(one)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def found(document: Any, wanted: str) -> list[str]:
    whole = Document(document)
    return [text for text, _ in whole.texts(whole.root, wanted)]


def test_a_path_leads_through_objects_and_into_every_entry_of_a_list() -> None:
    document = {"plans": [{"name": "A", "ids": ["1", "2"]}, {"name": "B", "ids": ["3"]}]}
    assert found(document, "plans[].name") == ["A", "B"]
    assert found(document, "plans[].ids") == ["1", "2", "3"]


def test_a_single_object_counts_as_a_list_of_one() -> None:
    assert found({"plans": {"name": "A"}}, "plans[].name") == ["A"]


def test_only_entries_that_have_a_value_are_gone_into() -> None:
    document = {"traces": [{"type": "1", "number": "theirs"}, {"type": "2", "number": "ours"}, {"number": "?"}]}
    assert found(document, "traces[?type=2].number") == ["ours"]


def test_a_path_can_go_up_to_what_contains_a_list_entry() -> None:
    whole = Document({"plans": [{"name": "GOLD", "benefits": {"copay": [{"amount": "5"}]}}]})
    (entry,) = whole.select(whole.root, "plans[].benefits.copay[]")
    assert [text for text, _ in whole.texts(entry, "^name")] == ["GOLD"]
    assert [text for text, _ in whole.texts(entry, "^^plans[].name")] == ["GOLD"]
    assert list(whole.texts(entry, "^^^name")) == []


@pytest.mark.parametrize("text", ["", "a.", ".a", "a..b", "a[", "a[0]", "a[?x]", "a|b", "^"])
def test_text_that_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        path(text)


def test_what_a_path_tested_is_taken_with_what_it_led_to() -> None:
    whole = Document({"service": {"system": "STC", "value": "BE"}})
    ((text, place),) = whole.texts(whole.root, "service[?system=STC].value")
    assert text == "BE"
    whole.take(place)
    assert whole.left() == []


def test_numbers_stay_as_they_were_written() -> None:
    assert found(parse(b'{"amount": 12.50, "big": 1e400, "n": -0}'), "amount") == ["12.50"]
    assert compact(parse(b'{"amount": 12.50}')) == '{"amount":12.50}'


def test_a_key_given_twice_loses_nothing() -> None:
    whole = Document(parse(b'{"a": 1, "a": 2, "a": {"b": 3}}'))
    assert whole.left() == ["a = 1", "a#2 = 2", "a#3.b = 3"]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b"\xff\xfe", b"[" * 500 + b"]" * 500, b"[" * 100_000])
def test_what_is_no_json_or_nested_without_end_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (any)
        parse(body)


@given(DOCUMENTS)
def test_a_document_nobody_took_from_is_left_whole(document: Any) -> None:
    whole = Document(document)
    assert whole.left() == [f"{name_of(keys)} = {shown(value)}" for keys, value in leaves(document)]


@given(DOCUMENTS, st.randoms())
def test_every_leaf_is_either_taken_or_left(document: Any, random: Any) -> None:
    whole = Document(parse(json.dumps(document).encode()))
    every = list(leaves(whole.root.value))
    taken = [keys for keys, _ in every if random.random() < 0.5]
    for place in _places(whole):
        if place.keys in taken:
            whole.take(place)
    told = [line.partition(" = ")[0] for line in whole.left()]
    assert told == [name_of(keys) for keys, _ in every if keys not in taken]


def _places(whole: Document) -> list[Place]:
    return [Place(keys, value) for keys, value in leaves(whole.root.value)]
