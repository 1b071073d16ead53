"""Clearinghouse JSON of any form is read without loss: every value is in a field, in a benefit's evidence, or kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.model import Answer, Benefit, CountUnit
from massage_billing.payers.clearinghouse.answer import read
from massage_billing.payers.clearinghouse.benefit import basic
from massage_billing.payers.clearinghouse.mapping import Mapped, fold, load, words
from massage_billing.payers.clearinghouse.paths import compact, leaves, name_of, parse, shown
from massage_billing.payers.sound import as_asked
from payers.questions import question

V3 = load("medical-network-v3")
PLANS = load("stedi-2026-06")

WORDS = st.sampled_from([
    "1", "6", "B", "F", "ZQ", "23", "29", "VS", "Visits", "Y", "U", "IND", "20", ".2", "1500.00", "abc", "20260101",
    "20260101-20261231", "BE", "30", "20 VISITS PER YEAR", "75", "C", " ", "Primary Payer", "ACTIVE_COVERAGE",
    "IN_NETWORK", "CALENDAR_YEAR", "STC", "2026-01-01", "Please Correct and Resubmit", "Loop 2100C",
])  # fmt: skip
VALUES = WORDS | st.text(max_size=5) | st.integers(-5, 99) | st.booleans() | st.none()


def names_in(mapped: Mapped) -> st.SearchStrategy[str]:
    """Names that the mapping looks for, and some that it does not."""
    text = mapped.model_dump_json()
    found = {part for word in text.replace('"', " ").replace(".", " ").replace("[", " ").split() for part in [word]}
    return st.sampled_from(sorted(word for word in found if word.isidentifier())) | st.sampled_from(
        ["extra", "x-y", "ä"]
    )


def documents(mapped: Mapped) -> st.SearchStrategy[Any]:
    names = names_in(mapped)
    return st.recursive(
        VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=25
    )


def v3_documents() -> st.SearchStrategy[Any]:
    """Documents that look like the real thing, so that paths do lead somewhere."""
    inner = documents(V3)
    entry_names = ["code", "name", "serviceTypeCodes", "timeQualifierCode", "timeQualifier", "benefitAmount",
                   "benefitPercent", "benefitQuantity", "quantityQualifierCode", "authOrCertIndicator",
                   "inPlanNetworkIndicatorCode", "additionalInformation", "benefitsServiceDelivery",
                   "benefitsDateInformation", "benefitsRelatedEntities", "compositeMedicalProcedureIdentifier",
                   "coverageLevelCode", "insuranceTypeCode", "planCoverage", "extra"]  # fmt: skip
    delivery = st.dictionaries(
        st.sampled_from([
            "quantity", "quantityQualifier", "timePeriodQualifierCode", "numOfPeriods", "sampleSelectionModulus",
            "unitForMeasurementQualifierCode",
        ]), VALUES)  # fmt: skip
    day = st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(lambda one: f"{one:%Y%m%d}")
    dates = st.dictionaries(
        st.sampled_from(["planBegin", "planEnd", "plan", "eligibilityBegin", "benefit", "issue", "service", "odd"]),
        day | VALUES | inner,
    )
    error = st.dictionaries(st.sampled_from(["code", "field", "followupAction", "location", "description"]), VALUES)
    person = st.fixed_dictionaries({}, optional={
        "memberId": VALUES | st.just("SYNMEMBER0001"), "lastName": VALUES | st.just("SYNTHETICA1"),
        "firstName": VALUES | st.just("JANE Q"), "dateOfBirth": VALUES | day, "groupNumber": VALUES,
        "aaaErrors": st.lists(error, max_size=2),
    })  # fmt: skip
    entry = st.dictionaries(
        st.sampled_from(entry_names),
        VALUES | st.lists(VALUES, max_size=3) | st.lists(delivery, max_size=2) | dates
        | st.lists(st.fixed_dictionaries({"description": VALUES}), max_size=2),
        min_size=1,
    )  # fmt: skip
    return st.fixed_dictionaries(
        {"benefitsInformation": st.lists(st.fixed_dictionaries({"code": VALUES}).flatmap(
            lambda code: entry.map(lambda rest: {**rest, **code})), max_size=4)},
        optional={"planDateInformation": dates, "subscriber": person | inner, "errors": st.lists(error, max_size=3),
                  "dependents": st.lists(person, max_size=2), "planStatus": st.lists(entry, max_size=1),
                  "controlNumber": VALUES, "planInformation": inner},
    )  # fmt: skip


def texts_of(value: object) -> Iterator[str]:
    """Every text, number and date in an answer."""
    if isinstance(value, Enum):
        return
    if is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from texts_of(getattr(value, one.name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_of(one)
    elif value is not None:
        yield str(value)


FIGURES = {"benefitAmount", "benefitPercent", "benefitQuantity"}


def figure(text: str) -> Decimal:
    """A number in a payer's spelling: "$1,500.00", "20%"."""
    return Decimal(re.sub(r"[$,%\s]", "", text))


def portion(text: str) -> Decimal:
    """A share as a fraction: X12 writes .2, others 20 or 20%."""
    return figure(text) / 100 if "%" in text or figure(text) > 1 else figure(text)


def figure_told(name: str, text: str, benefits: list[Benefit]) -> bool:
    """Whether a figure of an entry has its value in a benefit that was made of the entry."""
    if name == "benefitAmount":
        return figure(text) in [benefit.amount for benefit in benefits]
    if name == "benefitPercent":
        return portion(text) in [benefit.share for benefit in benefits]
    return figure(text) in [count.quantity for benefit in benefits for count in benefit.counts]


def assert_figures_are_told(parsed: Any, answer: Answer) -> None:
    """That the words of an entry stand with its benefit is not enough: its figures must be that benefit's numbers."""
    entries = parsed.get("benefitsInformation") if isinstance(parsed, dict) else None
    for place, entry in enumerate(entries if isinstance(entries, list) else []):
        of_it = [benefit for benefit in answer.benefits if benefit.said == (compact(entry),)]
        for keys, value in leaves(entry, ("benefitsInformation", place)):
            if len(keys) > 2 and keys[2] in FIGURES and f"{name_of(keys)} = {shown(value)}" not in answer.kept:
                assert figure_told(str(keys[2]), shown(value), of_it), (name_of(keys), value)


def assert_nothing_is_lost(document: Any, mapped: Mapped) -> None:
    parsed = parse(json.dumps(document).encode())
    answer = read(parsed, mapped.response, question()).answer
    if mapped is V3:
        assert_figures_are_told(parsed, answer)
    said = "\n".join(text for benefit in answer.benefits for text in benefit.said)
    kept = set(answer.kept)
    outside = "\n".join(texts_of(replace(answer, kept=(), benefits=())))
    for keys, value in leaves(parsed):
        line = f"{name_of(keys)} = {shown(value)}"
        if line in kept:
            continue
        text = shown(value).strip()
        days = [f"{one[:4]}-{one[4:6]}-{one[6:]}" for one in basic(text).split("-") if one]
        told = (
            json.dumps(shown(value), ensure_ascii=False)[1:-1] in said
            or text in outside
            or (days and all(one in outside for one in days))
            or as_asked(question(), text)
            # In an error, the X12 code for their words.
            or (keys[0] in ("errors", "subscriber", "dependents", "provider", "payer") and fold(text) in FOLDED)
        )
        assert told, line


FOLDED = {fold(word) for table in ("follow_ups", "aaa_levels") for word in words()[table]}


@settings(max_examples=150, deadline=None)
@given(v3_documents())
def test_every_value_of_a_v3_answer_is_in_a_field_or_kept(document: Any) -> None:
    assert_nothing_is_lost(document, V3)


@settings(max_examples=150, deadline=None)
@given(documents(V3) | documents(PLANS))
def test_whatever_comes_back_is_read_without_a_crash_and_without_loss(document: Any) -> None:
    for mapped in (V3, PLANS):
        assert_nothing_is_lost(document, mapped)


@settings(max_examples=150, deadline=None)
@given(v3_documents())
def test_reading_twice_says_the_same(document: Any) -> None:
    parsed = parse(json.dumps(document).encode())
    assert read(parsed, V3.response, question()) == read(parsed, V3.response, question())


MONEY = st.decimals(0, 9999, places=2).map(str) | st.integers(0, 9999).map(str) | st.just("$1,250.50")
SHARE = st.decimals(0, 1, places=2).map(str) | st.integers(2, 100).map(str) | st.just("12.5%")
NUMBER = st.integers(0, 99).map(str)
VISITS = st.fixed_dictionaries({"quantity": NUMBER})
NUMBERS = st.fixed_dictionaries({}, optional={"amount": MONEY, "share": SHARE, "count": NUMBER, "visits": VISITS})


def v3_entry(told: dict[str, Any]) -> dict[str, Any]:
    """An entry of a limit a calendar year, with these figures."""
    names = {"amount": "benefitAmount", "share": "benefitPercent", "count": "benefitQuantity"}
    found = {names[name]: value for name, value in told.items() if name in names}
    visits = {"quantityQualifierCode": "VS", **told["visits"]} if "visits" in told else None
    return {"code": "F", "timeQualifierCode": "23", **found} | ({"quantityQualifierCode": "VS"} if "count" in told
            else {}) | ({"benefitsServiceDelivery": [visits]} if visits else {})  # fmt: skip


def plans_entry(told: dict[str, Any]) -> dict[str, Any]:
    """The same in the other shape."""
    found: dict[str, Any] = {"timePeriod": "CALENDAR_YEAR"}
    found |= {"amount": told["amount"]} if "amount" in told else {}
    found |= {"percent": told["share"]} if "share" in told else {}
    if "count" in told:
        found["quantity"] = {"qualifier": "VISITS", "value": told["count"]}
    if "visits" in told:
        delivery = {"quantity": {"qualifier": "VISITS", "value": told["visits"]["quantity"]}}
        found["serviceLimits"] = [{"delivery": delivery}]
    return found


@settings(max_examples=100, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=3))
def test_amount_share_and_counts_of_each_benefit_are_those_that_its_entry_tells(told: list[dict[str, Any]]) -> None:
    v3 = {"benefitsInformation": [v3_entry(one) for one in told]}
    plans = {"plans": [{"benefits": {"limitations": [plans_entry(one) for one in told]}}]}
    for mapped, document in ((V3, v3), (PLANS, plans)):
        benefits = read(parse(json.dumps(document).encode()), mapped.response, question()).answer.benefits
        for one, benefit in zip(told, benefits, strict=True):
            counts = [*([one["count"]] if "count" in one else []), *one.get("visits", {}).values()]
            assert benefit.amount == (figure(one["amount"]) if "amount" in one else None)
            assert benefit.share == (portion(one["share"]) if "share" in one else None)
            assert [(each.quantity, each.unit) for each in benefit.counts] == [
                (Decimal(number), CountUnit.VISITS) for number in counts
            ]
