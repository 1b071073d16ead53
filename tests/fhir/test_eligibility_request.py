"""A question to a payer written to the host as FHIR, together with its answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.coverageeligibilityrequest import CoverageEligibilityRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility_cases import DAY, KEY, REFS, answers, question
from massage_billing.fhir import names
from massage_billing.fhir.eligibility_request import RequestRefs, build_request
from massage_billing.fhir.eligibility_write import write_group
from massage_billing.fhir.schemas import Validator
from massage_billing.fhir.serial import to_bytes
from massage_billing.model import Answer, AnswerKind, CoverageKind, Known, Payer, PayerAsking, Purpose
from massage_billing.ports import Operation, QuestionRow, QuestionState
from massage_billing.profiles import load_schema

CREATED = "2026-11-30T16:00:00Z"
LATER = "2026-11-30T16:00:03Z"
SCHEMA = Validator(load_schema("CoverageEligibilityRequest"))


def request(refs: RequestRefs = REFS) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(to_bytes(build_request(refs, CREATED)))
    return content


def test_a_request_asks_for_everything_but_discovery() -> None:
    assert request()["purpose"] == ["validation", "benefits", "auth-requirements"]
    assert request(replace(REFS, purposes=(Purpose.BENEFITS,)))["purpose"] == ["benefits"]
    assert request(replace(REFS, purposes=()))["purpose"] == ["validation", "benefits", "auth-requirements"]


def test_items_stand_in_the_order_of_wanting_each_with_its_code_system() -> None:
    codings = [next(iter(item.values()))["coding"][0] for item in request()["item"]]
    assert [(coding["system"], coding["code"]) for coding in codings] == [
        (names.X12_SERVICE_TYPE, "BE"),
        (names.X12_SERVICE_TYPE, "PT"),
        (names.X12_SERVICE_TYPE, "30"),
        (names.CPT, "97124"),
        (names.HCPCS, "G0283"),
    ]
    assert "item" not in request(replace(REFS, service_types=(), codes=()))


def test_a_request_names_who_asks_whom_about_which_coverage_on_which_day() -> None:
    told = request()
    assert told["identifier"] == [{"system": names.SID_QUESTION_KEY, "value": KEY}]
    assert told["insurance"] == [{"focal": True, "coverage": {"reference": "Coverage/5"}}]
    assert (told["servicedDate"], told["created"], told["status"]) == ("2026-12-01", CREATED, "active")
    assert (told["provider"], told["insurer"]) == ({"reference": "Organization/1"}, {"reference": "Organization/9"})
    assert told["facility"] == {"reference": "Location/2"}
    CoverageEligibilityRequest.model_validate(told)


def test_a_payer_that_the_host_does_not_know_is_named_by_its_id() -> None:
    unknown = RequestRefs.of(question(payer_reference=None))
    assert request(unknown)["insurer"] == {
        "type": "Organization",
        "identifier": {"value": "ACME1"},
        "display": "Acme Health",
    }
    nameless = RequestRefs.of(question(payer_reference=None, payer_id="", payer_name=" "))
    assert request(nameless)["insurer"] == {"type": "Organization", "identifier": {"value": "acme"}}


def test_who_asks_is_named_by_npi_where_the_host_has_no_record() -> None:
    named = request(replace(REFS, asker_reference=None))["provider"]
    assert named["identifier"] == {"system": names.NPI, "value": "1234567893"}
    assert "provider" not in request(replace(REFS, asker_reference=None, asker_npi=""))


@pytest.mark.parametrize("changes", [{}, {"payer_reference": None}, {"service_types": (), "codes": ()}])
def test_every_request_passes_our_schema(changes: dict[str, Any]) -> None:
    assert SCHEMA.check(request(RequestRefs.of(question(**changes)))) == ()
    assert SCHEMA.check(request(RequestRefs.of_row(ROW, payer()))) == ()


def test_the_hl7_validator_finds_no_error_in_requests(validator: Any, tmp_path: Path) -> None:
    sorts = [REFS, RequestRefs.of(question(payer_reference=None)), RequestRefs.of_row(ROW, payer(), "1234567893")]
    file = tmp_path / "requests.ndjson"
    file.write_text("\n".join(json.dumps({**request(refs), "id": f"r{n}"}) for n, refs in enumerate(sorts)))
    assert [str(issue) for issue in validator([file]) if issue.is_error] == []
    assert validator.checked == len(sorts)


def test_nothing_of_the_patient_but_references_is_in_it() -> None:
    shown = json.dumps(request())
    for secret in ("Quillfeather", "Zebulon", "1961", "W123456789", "001234567"):
        assert secret not in shown


ROW = QuestionRow(
    key=KEY,
    host="clinic",
    patient="Patient/3",
    coverage="Coverage/5",
    payer="acme",
    day=date(2026, 11, 30),
    serviced=DAY,
    state=QuestionState.ANSWERED,
    service_types=("BE", "PT", "30"),
    appointment="4",
)


def payer(**changes: Any) -> Payer:
    return Payer("acme", CoverageKind.HEALTH, "plain", **changes)


def test_after_a_crash_the_same_request_is_made_of_what_is_remembered_but_for_codes_and_facility() -> None:
    refs = RequestRefs.of_row(ROW, payer(references=frozenset({"Organization/9"})), "1234567893", "Organization/1")
    assert request(refs) == request(replace(REFS, facility=None, codes=()))


def test_after_a_crash_a_payer_without_record_is_named_as_payers_yaml_names_it() -> None:
    asking = PayerAsking("ourselves", "edi", payer_id="CH-77", name="Acme Health")
    for given_, expected in (
        (payer(asking=asking, payer_id="ACME1"), {"value": "CH-77"}),
        (payer(payer_id="ACME1"), {"value": "ACME1"}),
        (payer(identifiers=frozenset({("urn:x", "7")})), {"system": "urn:x", "value": "7"}),
        (payer(), {"value": "acme"}),
    ):
        assert request(RequestRefs.of_row(ROW, given_))["insurer"]["identifier"] == expected


# --- both in one group ------------------------------------------------------------------------------------------------


def known(answer: Answer) -> Known:
    return Known("Patient/3", "Coverage/5", "acme", date(2026, 11, 30), datetime(2026, 11, 30, 16, tzinfo=UTC), answer)


@given(answers())
@settings(max_examples=30, deadline=None)
def test_request_and_response_are_one_group_under_one_key_and_the_response_points_at_the_request(
    answer: Answer,
) -> None:
    group = write_group(REFS, known(answer), CREATED, LATER)
    first, second = group.writes
    assert [write.type for write in group.writes] == ["CoverageEligibilityRequest", "CoverageEligibilityResponse"]
    for write in group.writes:
        assert write.operation is Operation.CREATE
        assert write.match == f"identifier={names.SID_QUESTION_KEY}|{KEY}"
    assert json.loads(second.body)["request"] == {"reference": first.full_url}
    assert (json.loads(first.body)["created"], json.loads(second.body)["created"]) == (CREATED, LATER)
    assert KEY in group.key
    assert group.encounter == ""


@given(st.sampled_from([CREATED, LATER]))
def test_writing_the_same_again_names_it_the_same_whenever_that_is(when: str) -> None:
    answer = Answer(AnswerKind.ANSWERED, DAY)
    first, again = write_group(REFS, known(answer), CREATED, CREATED), write_group(REFS, known(answer), when, when)
    assert first.key == again.key
    assert [(w.full_url, w.match) for w in first.writes] == [(w.full_url, w.match) for w in again.writes]
    other = write_group(replace(REFS, key="MQOTHER"), known(answer), CREATED, CREATED)
    assert {w.full_url for w in other.writes}.isdisjoint(w.full_url for w in first.writes)
