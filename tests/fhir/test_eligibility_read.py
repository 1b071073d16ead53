"""CoverageEligibilityResponses of others: what they mean, and that nothing of them is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.fhir import benefit_codes, names
from massage_billing.fhir.eligibility_read import read_response
from massage_billing.fhir.leaves import Leaves, written
from massage_billing.model import (
    Answer,
    AnswerKind,
    Benefit,
    BenefitKind,
    CountUnit,
    Measure,
    Network,
    Plan,
    Rejection,
    Standing,
)

DAY = date(2026, 12, 1)


def response(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A payer's response with these items under one insurance that is in force."""
    return {
        "resourceType": "CoverageEligibilityResponse",
        "status": "active",
        "purpose": ["benefits"],
        "outcome": "complete",
        "insurance": [{"coverage": {"reference": "Coverage/5"}, "inforce": True, "item": list(items)}],
        **changes,
    }


def insured(*entries: dict[str, Any], **changes: Any) -> Answer:
    return read_response(response(insurance=list(entries), **changes), DAY)


def one(item: dict[str, Any]) -> Benefit:
    """The only benefit of a response with this item, without what it was read from."""
    (benefit,) = read_response(response(item), DAY).benefits
    return replace(benefit, said=())


def coded(code: str, system: str | None = None) -> dict[str, Any]:
    return {"coding": [{"code": code} if system is None else {"system": system, "code": code}]}


def usd(value: float) -> dict[str, Any]:
    return {"value": value, "currency": "USD"}


def figure(kind: str, **values: Any) -> dict[str, Any]:
    return {"category": coded("BE", names.X12_SERVICE_TYPE), "benefit": [{"type": coded(kind), **values}]}


# --- in force, and of what kind the answer is -------------------------------------------------------------------------


def test_in_force_as_the_payer_says_and_no_data_where_it_does_not() -> None:
    said = {True: Standing.IN_FORCE, False: Standing.NOT_IN_FORCE, None: Standing.NO_DATA, "true": Standing.NO_DATA}
    for in_force, standing in said.items():
        assert insured({"inforce": in_force}).standing is standing
    assert insured({}).standing is Standing.NO_DATA
    assert insured().standing is Standing.NO_DATA


def test_in_force_for_another_period_than_the_day_asked_about_is_no_yes() -> None:
    ended = insured({"inforce": True, "benefitPeriod": {"start": "2026-01-01", "end": "2026-11-30"}})
    assert (ended.standing, ended.end) == (Standing.NO_DATA, date(2026, 11, 30))
    assert "insurance[0].inforce = true" in ended.kept
    last = insured({"inforce": True, "benefitPeriod": {"start": "2026-12-01", "end": "2026-12-01"}})
    assert last.standing is Standing.IN_FORCE
    assert insured({"inforce": True, "benefitPeriod": {"start": "2026-12-02"}}).standing is Standing.NO_DATA


def test_of_several_plans_one_in_force_is_enough_and_one_that_says_nothing_leaves_it_open() -> None:
    yes, no, open_ = {"inforce": True}, {"inforce": False}, {"coverage": {"reference": "Coverage/5"}}
    assert insured(no, yes).standing is Standing.IN_FORCE
    assert insured(no, no).standing is Standing.NOT_IN_FORCE
    assert insured(no, open_).standing is Standing.NO_DATA


def test_of_several_plans_the_dates_are_those_of_the_one_in_force() -> None:
    old = {"inforce": False, "benefitPeriod": {"start": "2025-01-01", "end": "2026-10-31"}}
    new = {"inforce": True, "benefitPeriod": {"start": "2026-11-01", "end": "2027-10-31"}}
    answer = insured(old, new)
    assert (answer.standing, answer.start, answer.end) == (Standing.IN_FORCE, date(2026, 11, 1), date(2027, 10, 31))
    assert [plan.end for plan in answer.plans] == [date(2026, 10, 31), date(2027, 10, 31)]


def test_of_several_coverages_the_one_asked_about_is_read_and_the_rest_is_kept() -> None:
    entries = [
        {"coverage": {"reference": "Coverage/4"}, "inforce": True},
        {"coverage": {"reference": "https://ehr.example.org/fhir/Coverage/5"}, "inforce": False},
    ]
    answer = read_response(response(insurance=entries), DAY, "Coverage/5")
    assert answer.standing is Standing.NOT_IN_FORCE
    assert "insurance[0].inforce = true" in answer.kept
    assert read_response(response(insurance=entries), DAY, "Coverage/6").standing is Standing.IN_FORCE
    assert read_response(response(insurance=entries[:1]), DAY, "Coverage/5").standing is Standing.IN_FORCE


def pas_follow_up(code: str) -> dict[str, Any]:
    pas = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-errorFollowupAction"
    return {"url": pas, "valueCodeableConcept": coded(code, "https://codesystem.x12.org/005010/889")}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"outcome": "complete"}, AnswerKind.ANSWERED),
        ({"outcome": "partial"}, AnswerKind.ANSWERED),
        ({"outcome": "error"}, AnswerKind.REFUSED),
        ({"outcome": "queued"}, AnswerKind.TRY_LATER),
        ({"outcome": "fine"}, AnswerKind.ANSWERED),
        ({"outcome": 1, "insurance": []}, AnswerKind.REFUSED),
        ({"status": "draft"}, AnswerKind.TRY_LATER),
        ({"status": "cancelled"}, AnswerKind.REFUSED),
        ({"status": "entered-in-error"}, AnswerKind.REFUSED),
        ({"outcome": "complete", "insurance": [], "error": [{"code": coded("75")}]}, AnswerKind.REFUSED),
        ({"outcome": "error", "error": [{"code": coded("42")}]}, AnswerKind.TRY_LATER),
        ({"outcome": "error", "error": [{"code": coded("72"), "extension": [pas_follow_up("R")]}]}, AnswerKind.REFUSED),
        (
            {"outcome": "error", "error": [{"code": coded("72"), "extension": [pas_follow_up("Y")]}]},
            AnswerKind.TRY_LATER,
        ),
        ({"outcome": "error", "error": [{"extension": [pas_follow_up("R")]}]}, AnswerKind.TRY_LATER),
    ],
)
def test_what_kind_of_answer_it_is(changes: dict[str, Any], kind: AnswerKind) -> None:
    assert read_response(response(**changes), DAY).kind is kind


def test_a_withdrawn_response_says_nothing_but_keeps_everything() -> None:
    answer = read_response(response(figure("copay", allowedMoney=usd(25)), status="entered-in-error"), DAY)
    assert (answer.standing, answer.benefits) == (Standing.NO_DATA, ())
    assert "insurance[0].inforce = true" in answer.kept
    assert "insurance[0].item[0].benefit[0].allowedMoney.value = 25" in answer.kept


def test_the_date_is_the_responses_own_where_it_names_one() -> None:
    for own, expected in (
        ({"servicedDate": "2026-11-20"}, date(2026, 11, 20)),
        ({"servicedDate": "2026-12"}, DAY),
        ({"servicedDate": "yesterday"}, DAY),
        ({"servicedPeriod": {"start": "2026-11-01", "end": "2026-12-31"}}, DAY),
        ({"servicedPeriod": {"start": "2027-01-01"}}, date(2027, 1, 1)),
        ({}, DAY),
    ):
        assert read_response(response(**own), DAY).asked_for == expected


def test_errors_tell_why_with_what_to_do() -> None:
    errors = [
        {"code": {**coded("75", names.X12_REJECT_REASON), "text": "Not found"}, "extension": [pas_follow_up("C")]},
        {"code": {"text": "System down"}},
        {"code": {"coding": [{"code": "a001", "display": "Missing Identifier"}]}},
    ]
    answer = read_response(response(outcome="error", insurance=[], error=errors), DAY)
    assert answer.rejections == (
        Rejection("75", "C", "", "Not found"),
        Rejection("", "", "", "System down"),
        Rejection("a001", "", "", "Missing Identifier"),
    )


def test_payers_number_and_disposition_are_read() -> None:
    identifier = [{"system": "http://payer.example.org", "value": "R-1"}]
    answer = read_response(response(identifier=identifier, disposition="Policy is\nin force."), DAY)
    assert (answer.payer_trace, answer.trace) == ("R-1", "")
    assert answer.messages == ("Policy is\nin force.",)


def test_our_key_comes_back_as_trace_beside_the_payers_number() -> None:
    asked = {"reference": "x", "identifier": {"system": names.SID_QUESTION_KEY, "value": "MQ1"}}
    assert read_response(response(request=asked, identifier=[{"value": "R-1"}]), DAY).trace == "MQ1"


def test_a_contained_coverage_names_plan_and_group() -> None:
    def group(kind: str, value: str) -> dict[str, Any]:
        return {"type": coded(kind, "http://terminology.hl7.org/CodeSystem/coverage-class"), "value": value}

    contained = [{"resourceType": "Coverage", "id": "c", "class": [group("group", "G7"), group("plan", "Gold")]}]
    answer = insured({"coverage": {"reference": "#c"}, "inforce": True}, contained=contained)
    assert answer.plans == (Plan("Gold", "G7", Standing.IN_FORCE),)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_copay_and_coinsurance_and_deductible() -> None:
    copay = one(figure("copay", allowedMoney=usd(25)))
    assert (copay.kind, copay.amount, copay.measure) == (BenefitKind.COPAY, Decimal(25), Measure.PLAIN)
    share = one(figure("copay-percent", allowedUnsignedInt=20))
    assert (share.kind, share.share, share.counts) == (BenefitKind.COINSURANCE, Decimal("0.2"), ())
    spelled = one(figure("copay-percent", allowedString="12.5%"))
    assert spelled.share == Decimal("0.125")
    both = read_response(response(figure("deductible", allowedMoney=usd(500), usedMoney=usd(120.5))), DAY).benefits
    assert [(each.kind, each.amount, each.measure) for each in both] == [
        (BenefitKind.DEDUCTIBLE, Decimal(500), Measure.ALLOWED),
        (BenefitKind.DEDUCTIBLE, Decimal("120.5"), Measure.USED),
    ]


def test_visits_allowed_and_used_are_two_counts_of_one_benefit() -> None:
    benefit = one({**figure("visit", allowedUnsignedInt=20, usedUnsignedInt=5), "term": coded("annual")})
    assert [(c.quantity, c.unit, c.measure, c.period) for c in benefit.counts] == [
        (Decimal(20), CountUnit.VISITS, Measure.ALLOWED, "year"),
        (Decimal(5), CountUnit.VISITS, Measure.USED, "year"),
    ]


def test_nothing_used_is_a_number_and_nothing_said_is_none() -> None:
    assert [c.quantity for c in one(figure("visit", allowedUnsignedInt=20, usedUnsignedInt=0)).counts][1] == 0
    assert len(one(figure("visit", allowedUnsignedInt=20)).counts) == 1
    assert one(figure("visit")).counts == ()


@pytest.mark.parametrize(
    "type_",
    [
        {"text": "CoinsurancePercent"},
        {"text": "Co-Insurance"},
        {"coding": [{"display": "Coinsurance"}]},
        {"coding": [{"system": "http://payer.example.org", "code": "X9"}, {"code": "coinsurance"}]},
    ],
)
def test_a_type_is_known_by_its_words(type_: dict[str, Any]) -> None:
    item = {"category": coded("30"), "benefit": [{"type": type_, "allowedUnsignedInt": 20}]}
    assert one(item).share == Decimal("0.2")


def test_a_type_nobody_knows_stands_as_it_was_sent() -> None:
    benefit = one(figure("frobnication", allowedMoney=usd(7)))
    assert (benefit.kind, benefit.code, benefit.amount) == (BenefitKind.OTHER, "frobnication", Decimal(7))


def test_a_bare_number_is_neither_dollars_nor_visits() -> None:
    for kind in ("copay", "benefit", "deductible"):
        benefit = one(figure(kind, allowedUnsignedInt=25))
        assert benefit.amount is None
        assert [c.unit for c in benefit.counts] == [CountUnit.NO_DATA]
    assert one(figure("copay-percent", allowedUnsignedInt=250)).share is None


def test_what_a_number_counts_may_stand_in_another_word() -> None:
    type_ = {"coding": [{"code": "benefit"}], "text": "Visits"}
    in_type = one({"category": coded("BE"), "benefit": [{"type": type_, "allowedUnsignedInt": 20}]})
    in_unit = one({**figure("benefit", allowedUnsignedInt=120), "unit": {"text": "minutes"}})
    as_type = one(figure("hours", allowedUnsignedInt=2))
    units = [benefit.counts[0].unit for benefit in (in_type, in_unit, as_type)]
    assert units == [CountUnit.VISITS, CountUnit.MINUTES, CountUnit.HOURS]
    assert {benefit.kind for benefit in (in_type, in_unit, as_type)} == {BenefitKind.LIMIT}


def test_money_of_another_currency_is_kept_and_not_taken_for_dollars() -> None:
    answer = read_response(response(figure("copay", allowedMoney={"value": 25, "currency": "SAR"})), DAY)
    assert [benefit.amount for benefit in answer.benefits] == [None]
    assert "insurance[0].item[0].benefit[0].allowedMoney.value = 25" in answer.kept


def test_a_figure_in_words_is_read_where_it_is_plain_and_told_word_for_word() -> None:
    dollars = one(figure("copay", allowedString="$25.00"))
    visits = one(figure("visit", allowedString="20 visits"))
    unlimited = one(figure("visit", allowedString="Unlimited"))
    other = one(figure("visit", allowedString="20 combined with PT"))
    assert (dollars.amount, dollars.messages) == (Decimal("25.00"), ("$25.00",))
    assert [(c.quantity, c.unit, c.measure) for c in visits.counts] == [
        (Decimal(20), CountUnit.VISITS, Measure.ALLOWED)
    ]
    assert unlimited.kind is BenefitKind.UNLIMITED
    assert (other.kind, other.counts, other.messages) == (BenefitKind.LIMIT, (), ("20 combined with PT",))


# --- items ------------------------------------------------------------------------------------------------------------


def test_an_item_is_of_its_service_type_whichever_system_names_it() -> None:
    systems = (names.X12_SERVICE_TYPE, names.X12_SERVICE_TYPE_005010, names.BENEFIT_CATEGORY, None)
    for system in systems:
        item = {"category": coded("33", system), "benefit": [{"type": coded("copay"), "allowedMoney": usd(1)}]}
        assert one(item).service_types == ("33",)


def test_a_category_in_words_keeps_the_item_from_standing_for_the_whole_plan() -> None:
    item = {"category": {"text": "Vision"}, "benefit": [{"type": coded("copay"), "allowedMoney": usd(1)}]}
    assert one(item).service_types == ("Vision",)


def test_a_code_with_modifiers_network_and_authorization() -> None:
    benefit = one(
        {
            "productOrService": coded("97124", names.CPT),
            "modifier": [coded("GP", names.HCPCS)],
            "network": coded("out", names.BENEFIT_NETWORK),
            "unit": coded("family", names.BENEFIT_UNIT),
            "term": {"text": "Calendar Year"},
            "authorizationRequired": True,
            "authorizationSupporting": [{"text": "Letter of medical necessity"}, coded("laborder")],
            "description": "Only with a plan of care.",
            "benefit": [{"type": coded("benefit"), "allowedMoney": usd(600)}],
        }
    )
    assert (benefit.procedure, benefit.modifiers, benefit.service_types) == ("97124", ("GP",), ())
    assert (benefit.network, benefit.level, benefit.period) == (Network.OUT, "family", "calendar-year")
    assert benefit.authorization is True
    assert benefit.messages == ("Only with a plan of care.", "Letter of medical necessity", "laborder")


def test_excluded_is_not_covered_and_expressly_not_excluded_is_covered_and_silence_is_neither() -> None:
    be = {"category": coded("BE", names.X12_SERVICE_TYPE)}
    assert one({**be, "excluded": True}).kind is BenefitKind.NOT_COVERED
    assert one({**be, "excluded": False}).kind is BenefitKind.ACTIVE
    assert one(be).kind is BenefitKind.OTHER
    assert one({**be, "description": "Up to 60 minutes."}).kind is BenefitKind.DESCRIPTION
    assert one({**be, "authorizationRequired": False}).authorization is False


def test_an_item_that_names_a_provider_is_restricted_to_it() -> None:
    provider = {"reference": "Practitioner/9", "display": "A. Therapist", "identifier": {"value": "1234567893"}}
    benefit = one({"category": coded("BE"), "provider": provider})
    assert benefit.kind is BenefitKind.RESTRICTED
    (entity,) = benefit.entities
    assert entity.name == "A. Therapist"
    assert entity.identifiers == (("reference", "Practitioner/9"), ("", "1234567893"))


# --- nothing is lost, nothing crashes ---------------------------------------------------------------------------------

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TEXT = st.text("qwxyz123 .%$", min_size=1, max_size=10)
KNOWN = [
    names.X12_SERVICE_TYPE,
    names.BENEFIT_TYPE,
    names.BENEFIT_TERM,
    names.BENEFIT_UNIT,
    names.BENEFIT_NETWORK,
    names.CPT,
    names.X12_REJECT_REASON,
]
WORD = st.sampled_from(
    ["30", "BE", "copay", "copay-percent", "visit", "deductible", "in", "annual", "individual", "97124"]
)


def mostly(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what FHIR expects, at times anything."""
    return st.one_of(strategy, strategy, strategy, JUNK)


def thing(**elements: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of these elements, and at times an element that FHIR does not know."""
    fixed = st.fixed_dictionaries({}, optional={name: mostly(value) for name, value in elements.items()})
    return st.builds(lambda a, b: {**b, **a}, fixed, st.just({}) | st.dictionaries(TEXT, JUNK, max_size=2))


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(mostly(strategy), max_size=2)


CONCEPT = thing(
    coding=some(thing(system=st.sampled_from(KNOWN) | TEXT, code=WORD | TEXT, display=TEXT)), text=WORD | TEXT
)
MONEY = thing(value=st.integers(0, 900) | st.floats(0, 900, allow_nan=False), currency=st.sampled_from(["USD", "SAR"]))
REFERENCE = thing(reference=st.sampled_from(["Coverage/5", "#c", "Organization/9"]) | TEXT, display=TEXT)
DATE = st.sampled_from(["2026-12-01", "2026", "2026-12", "2025-01-01", "2027-02-30", "2026-11-30T10:00:00Z"])
FIGURE = thing(
    type=CONCEPT,
    allowedMoney=MONEY,
    usedMoney=MONEY,
    allowedUnsignedInt=st.integers(0, 120),
    usedUnsignedInt=st.integers(0, 120),
    allowedString=TEXT | st.sampled_from(["20%", "$25.00", "20 visits", "unlimited"]),
    usedString=TEXT,
)
ITEM = thing(
    category=CONCEPT,
    productOrService=CONCEPT,
    modifier=some(CONCEPT),
    provider=REFERENCE,
    excluded=st.booleans(),
    name=TEXT,
    description=TEXT,
    network=CONCEPT,
    unit=CONCEPT,
    term=CONCEPT,
    benefit=some(FIGURE),
    authorizationRequired=st.booleans(),
    authorizationSupporting=some(CONCEPT),
    authorizationUrl=TEXT,
)
INSURANCE = thing(
    coverage=REFERENCE,
    inforce=st.booleans(),
    benefitPeriod=thing(start=DATE, end=DATE),
    item=some(ITEM),
)
RESPONSE = thing(
    resourceType=st.just("CoverageEligibilityResponse"),
    identifier=some(thing(system=TEXT, value=TEXT)),
    status=st.sampled_from(["active", "active", "draft", "cancelled"]),
    patient=REFERENCE,
    servicedDate=DATE,
    created=DATE,
    outcome=st.sampled_from(["complete", "error", "partial", "queued"]),
    disposition=TEXT,
    insurance=some(INSURANCE),
    preAuthRef=TEXT,
    error=some(thing(code=CONCEPT)),
    contained=some(thing(id=st.just("c"), **{"class": some(thing(type=CONCEPT, value=TEXT, name=TEXT))})),
)


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every leaf of a JSON value, found otherwise than the program finds it."""
    if isinstance(node, dict) and node:
        for name, value in node.items():
            yield from leaves(value, (*path, name))
    elif isinstance(node, list) and node:
        for place, value in enumerate(node):
            yield from leaves(value, (*path, place))
    else:
        yield path, node


def numbers(answer: Answer) -> set[Decimal]:
    found = {count.quantity for benefit in answer.benefits for count in benefit.counts}
    found |= {benefit.share * 100 for benefit in answer.benefits if benefit.share is not None}
    return found | {benefit.amount for benefit in answer.benefits if benefit.amount is not None}


def flag_told(path: tuple[Any, ...], value: bool, answer: Answer, resource: dict[str, Any]) -> bool:
    """Whether a boolean that is not kept has its value in the answer: in a plan, or in the benefits of its item."""
    if path[-1] == "inforce":
        standings = [plan.standing for plan in answer.plans]
        return (Standing.IN_FORCE if value else Standing.NOT_IN_FORCE) in standings
    item = resource
    for step in path[:-1]:
        item = item[step]
    of_it = [benefit for benefit in answer.benefits if benefit.said == (orjson.dumps(item).decode(),)]
    if path[-1] == "excluded":
        return (BenefitKind.NOT_COVERED if value else BenefitKind.ACTIVE) in {each.kind for each in of_it}
    assert path[-1] == "authorizationRequired", path
    return {each.authorization for each in of_it} == {value}


SAYS_NO_MORE = {
    *KNOWN,
    *(names.BENEFIT_CATEGORY, names.HCPCS),
    "active",
    "complete",
    "error",
    "partial",
    "queued",
    "USD",
}


def told(path: tuple[Any, ...], value: Any, answer: Answer, shown: str, resource: dict[str, Any]) -> bool:
    """Whether a leaf that is not kept stands in the answer, or is a code that stands there as a word of ours."""
    if isinstance(value, bool):
        return flag_told(path, value, answer, resource)
    if isinstance(value, int | float):
        return Decimal(repr(value)) in numbers(answer)
    if not isinstance(value, str):
        return False
    if repr(value)[1:-1] in shown or value in SAYS_NO_MORE or value == "CoverageEligibilityResponse":
        return True
    if path[-1] in ("servicedDate", "start", "end"):
        return repr(date.fromisoformat(value)) in shown
    period, bare = benefit_codes.period_of(value), benefit_codes.bare(value)
    return period in shown if period else bare in ("individual", "family", "in", "out") and bare in shown


@given(RESPONSE)
@settings(max_examples=400, deadline=None)
def test_every_leaf_of_a_response_is_in_the_answer_or_kept(resource: dict[str, Any]) -> None:
    answer = read_response(resource, DAY)
    kept = set(answer.kept)
    shown = repr(replace(answer, kept=(), benefits=tuple(replace(each, said=()) for each in answer.benefits)))
    for path, value in leaves(resource):
        line = f"{written(path)} = {value if isinstance(value, str) else json.dumps(value)}"
        assert not path or line in kept or told(path, value, answer, shown, resource), line


@given(st.lists(st.booleans(), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_each_plan_is_in_force_as_its_own_insurance_says(said: list[bool]) -> None:
    plans = insured(*({"inforce": each} for each in said)).plans
    assert [plan.standing is Standing.IN_FORCE for plan in plans] == said


@given(JUNK)
@settings(max_examples=200, deadline=None)
def test_no_json_at_all_crashes_it(junk: Any) -> None:
    for resource in (junk if isinstance(junk, dict) else {}, response(insurance=junk), response({"benefit": [junk]})):
        assert read_response(resource, DAY).asked_for == DAY
    assert read_response(response(insurance=junk), DAY).standing is Standing.NO_DATA


def test_a_name_that_looks_like_a_path_hides_nothing() -> None:
    answer = read_response({**response(), "insurance[0].inforce": "no"}, DAY)
    assert "insurance[0].inforce = no" in answer.kept


def test_empty_things_are_leaves_too() -> None:
    assert list(Leaves({"a": {}, "b": [], "c": [None, ""]}).rest()) == ["a = {}", "b = []", "c[0] = null", "c[1] = "]
