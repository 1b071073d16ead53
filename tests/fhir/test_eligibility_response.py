"""A payer's answer written to the host as FHIR, and read back."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from fhir.resources.R4B.coverageeligibilityresponse import CoverageEligibilityResponse
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from eligibility_cases import DAY, KEY, REFS, answers, matters
from massage_billing.fhir import names
from massage_billing.fhir.eligibility_read import question_key_of, read_response
from massage_billing.fhir.eligibility_response import build_response
from massage_billing.fhir.schemas import Validator
from massage_billing.fhir.serial import to_bytes
from massage_billing.model import (
    Answer,
    AnswerKind,
    Benefit,
    BenefitKind,
    Corrected,
    Count,
    CountUnit,
    Entity,
    Measure,
    Network,
    Rejection,
    Span,
    Standing,
)
from massage_billing.profiles import load_schema

REQUEST = "CoverageEligibilityRequest/7"
CREATED = "2026-11-30T16:00:00Z"


def written(answer: Answer) -> dict[str, Any]:
    """The response as a host has it."""
    content: dict[str, Any] = json.loads(to_bytes(build_response(REFS, answer, REQUEST, CREATED)))
    return content


@given(answers())
@settings(max_examples=150, deadline=None)
def test_an_answer_is_read_back_as_it_was_written(answer: Answer) -> None:
    assert matters(read_response(written(answer), DAY)) == matters(answer)


@given(answers())
@settings(max_examples=40, deadline=None)
def test_what_is_read_back_keeps_nothing_of_the_benefits(answer: Answer) -> None:
    kept = read_response(written(answer), DAY).kept
    assert [line for line in kept if ".item[" in line or ".extension[" in line or line.startswith("error")] == []


SCHEMA = Validator(load_schema("CoverageEligibilityResponse"))
THEIR_SCHEMA = Draft202012Validator(load_schema("CoverageEligibilityResponse"))


@given(answers())
@settings(max_examples=100, deadline=None)
def test_every_response_passes_our_schema_by_two_libraries(answer: Answer) -> None:
    response = written(answer)
    assert SCHEMA.check(response) == ()
    assert THEIR_SCHEMA.is_valid(response)


def test_the_hl7_validator_finds_no_error_in_responses_of_every_sort(validator: Any, tmp_path: Path) -> None:
    file = tmp_path / "responses.ndjson"
    lines_of: list[str] = []

    @given(answers())
    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    def collect(answer: Answer) -> None:
        lines_of.append(json.dumps({**written(answer), "id": f"r{len(lines_of)}"}))

    collect()
    file.write_text("\n".join(lines_of))
    assert [str(issue) for issue in validator([file]) if issue.is_error] == []
    assert validator.checked == len(lines_of) > 50


@given(answers())
@settings(max_examples=40, deadline=None)
def test_every_response_is_right_by_fhir_resources_and_has_one_of_category_and_code(answer: Answer) -> None:
    response = written(answer)
    CoverageEligibilityResponse.model_validate(response)
    for insurance in response.get("insurance", []):
        for item in insurance.get("item", []):
            assert ("category" in item) != ("productOrService" in item)


SECRETS = ("Quillfeather", "W999", "1961-02-04", "MI-SECRET", "SEGMENT*SECRET", "KEPT-SECRET")


def test_nothing_that_names_the_patient_goes_to_the_host() -> None:
    other = Entity("PR", "Other Health", identifiers=(("MI", "MI-SECRET"),))
    told = Benefit(
        BenefitKind.OTHER_PAYER,
        "R",
        entities=(other,),
        references=(("1W", "MI-SECRET"),),
        counts=(Count(Decimal(1), CountUnit.VISITS, Measure.LEFT, said="SEGMENT*SECRET"),),
        said=("SEGMENT*SECRET",),
    )
    answer = Answer(
        AnswerKind.ANSWERED,
        DAY,
        benefits=(told,),
        other_payers=(other,),
        corrected=Corrected("W999", None, "Quillfeather", "Zeb"),
        kept=("KEPT-SECRET",),
    )
    shown = json.dumps(written(answer))
    assert "Other Health" in shown
    assert [secret for secret in SECRETS if secret in shown] == []


# --- what a plain reader sees -----------------------------------------------------------------------------------------


def item_of(benefit: Benefit) -> dict[str, Any]:
    answer = Answer(AnswerKind.ANSWERED, DAY, standing=Standing.IN_FORCE, benefits=(benefit,))
    (insurance,) = written(answer)["insurance"]
    (item,) = insurance["item"]
    found: dict[str, Any] = item
    return found


def codes(concept: dict[str, Any]) -> list[tuple[str, str]]:
    return [(coding.get("system", ""), coding["code"]) for coding in concept["coding"]]


def test_a_copay_stands_in_the_elements_of_fhir() -> None:
    item = item_of(
        Benefit(
            BenefitKind.COPAY,
            "B",
            service_types=("BE", "PT"),
            level="individual",
            network=Network.IN,
            authorization=True,
            period="visit",
            amount=Decimal("25.00"),
            messages=("Massage only by referral.",),
        )
    )
    assert codes(item["category"]) == [(names.X12_SERVICE_TYPE, "BE"), (names.X12_SERVICE_TYPE, "PT")]
    assert item["description"] == "Massage only by referral."
    assert codes(item["network"]) == [(names.BENEFIT_NETWORK, "in")]
    assert codes(item["unit"]) == [(names.BENEFIT_UNIT, "individual")]
    assert item["term"] == {"text": "visit"}
    assert item["authorizationRequired"] is True
    (entry,) = item["benefit"]
    assert (names.BENEFIT_TYPE, "copay") in codes(entry["type"])
    assert entry["allowedMoney"] == {"value": 25.0, "currency": "USD"}


def test_allowed_and_used_visits_of_one_year_are_one_figure_with_what_is_left_beside_it() -> None:
    year = [
        Count(Decimal(n), CountUnit.VISITS, side, "calendar-year")
        for n, side in zip((20, 5, 15), Measure, strict=False)
    ]
    (entry,) = item_of(Benefit(BenefitKind.LIMIT, "F", service_types=("BE",), counts=tuple(year)))["benefit"]
    assert (names.BENEFIT_TYPE, "visit") in codes(entry["type"])
    assert (entry["allowedUnsignedInt"], entry["usedUnsignedInt"]) == (20, 5)
    (figure,) = entry["extension"]
    assert {"url": "left", "valueDecimal": 15} in figure["extension"]


def test_dollars_left_never_look_like_dollars_allowed() -> None:
    item = item_of(Benefit(BenefitKind.DEDUCTIBLE, "C", amount=Decimal("120.50"), measure=Measure.LEFT))
    (entry,) = item["benefit"]
    assert "allowedMoney" not in entry
    assert "usedMoney" not in entry


def test_a_coinsurance_is_a_whole_percent_or_words() -> None:
    shares: dict[Decimal, dict[str, Any]] = {
        Decimal("0.2"): {"allowedUnsignedInt": 20},
        Decimal("0.125"): {"allowedString": "12.5 %"},
    }
    for share, shown in shares.items():
        (entry,) = item_of(Benefit(BenefitKind.COINSURANCE, "A", share=share))["benefit"]
        assert (names.BENEFIT_TYPE, "copay-percent") in codes(entry["type"])
        assert {name: entry[name] for name in shown} == shown


def test_in_force_is_absent_where_the_payer_did_not_say() -> None:
    said = {Standing.IN_FORCE: True, Standing.NOT_IN_FORCE: False, Standing.NO_DATA: None}
    for standing, expected in said.items():
        (insurance,) = written(Answer(AnswerKind.ANSWERED, DAY, standing=standing))["insurance"]
        assert insurance.get("inforce") is expected


def test_outcome_tells_an_answer_from_a_refusal() -> None:
    why = (Rejection("75", "C", "subscriber", "not found"),)
    outcomes = {
        "complete": Answer(AnswerKind.ANSWERED, DAY),
        "partial": Answer(AnswerKind.ANSWERED, DAY, rejections=why),
        "error": Answer(AnswerKind.REFUSED, DAY, rejections=why),
        "queued": Answer(AnswerKind.TRY_LATER, DAY),
    }
    assert {written(answer)["outcome"] for answer in outcomes.values()} == set(outcomes)
    for outcome, answer in outcomes.items():
        assert written(answer)["outcome"] == outcome
    refused = written(outcomes["error"])
    assert "insurance" not in refused
    assert codes(refused["error"][0]["code"]) == [(names.X12_REJECT_REASON, "75")]
    assert refused["error"][0]["code"]["text"] == "not found"


def test_an_authorization_number_is_the_reference_for_further_talk() -> None:
    told = Benefit(BenefitKind.ACTIVE, "1", service_types=("BE",), references=(("18", "P1"), ("G1", "AUTH7")))
    answer = Answer(AnswerKind.ANSWERED, DAY, benefits=(told,))
    assert written(answer)["preAuthRef"] == "AUTH7"


def test_a_response_carries_the_key_of_its_question_and_the_payers_own_number() -> None:
    response = written(Answer(AnswerKind.ANSWERED, DAY, payer_trace="P-9"))
    assert question_key_of(response) == KEY
    assert question_key_of({"identifier": [{"system": "x", "value": KEY}]}) is None
    assert response["identifier"][1] == {"system": names.SID_PAYER_TRACE, "value": "P-9"}
    assert response["request"] == {"reference": REQUEST}


def test_control_characters_and_broken_letters_of_a_payer_do_not_spoil_the_resource() -> None:
    told = Benefit(
        BenefitKind.DESCRIPTION, "D", plan="\x00\ud800", messages=("a\x1eb",), spans=(Span("346", DAY, None),)
    )
    response = written(Answer(AnswerKind.ANSWERED, DAY, benefits=(told,), messages=("\x07", " ")))
    item = response["insurance"][0]["item"][0]
    assert item["description"] == "a\ufffdb"
    assert "\x00" not in json.dumps(response, ensure_ascii=False)


@given(answers())
@settings(max_examples=40, deadline=None)
def test_a_host_that_drops_our_extensions_still_leaves_an_answer_that_says_no_more(
    answer: Answer,
) -> None:
    def bare(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: bare(value) for name, value in node.items() if name not in ("extension", "meta")}
        return [bare(value) for value in node] if isinstance(node, list) else node

    again = read_response(bare(written(answer)), DAY)
    assert again.standing is answer.standing
    amounts = {one.amount for one in answer.benefits if one.measure is not Measure.LEFT}
    assert {one.amount for one in again.benefits} <= amounts | {None}
