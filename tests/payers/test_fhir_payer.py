"""FHIR payers: what is sent, where answers are looked for, and what is not followed or believed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.coverageeligibilityrequest import CoverageEligibilityRequest
from fhir.resources.R4B.parameters import Parameters
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from massage_billing.errors import PayerAnswerUnreadable, PayerRefused, PayerRejected, PayerUnreachable
from massage_billing.fhir import names
from massage_billing.model import AnswerKind, Asker, Person, Question, Standing
from massage_billing.payers.calls import Line
from massage_billing.payers.fhir.bodies import Packing, request_of
from massage_billing.payers.fhir_payer import FhirPayer, FhirPayerSettings
from massage_billing.ports import Asked, Failed, Replied, Waiting
from payers.questions import question, secrets

Json = dict[str, Any]
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FHIR = "application/fhir+json"
CHILD = Person("Patient/2", "Synthetica2", "Kim", birth_date=date(2015, 5, 6), gender="M")


def response(**more: Any) -> Json:
    return {
        "resourceType": "CoverageEligibilityResponse",
        "status": "active",
        "purpose": ["benefits"],
        "patient": {"reference": "Patient/payers-own-7"},
        "created": "2026-11-30",
        "request": {"reference": "CoverageEligibilityRequest/17"},
        "outcome": "complete",
        "insurer": {"display": "ACME"},
        "insurance": [{"coverage": {"display": "GOLD"}, "inforce": True}],
        **more,
    }


def bundle(*resources: Json) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


@pytest.fixture
def channel(httpserver: HTTPServer) -> FhirPayer:
    return FhirPayer("fhir", Line(httpserver.url_for("/r4"), seconds=5), clock=lambda: NOW)


@pytest.fixture
def creating(httpserver: HTTPServer) -> FhirPayer:
    return FhirPayer("fhir", Line(httpserver.url_for("/r4"), seconds=5), FhirPayerSettings("create"), lambda: NOW)


SUBMIT = "/r4/CoverageEligibilityRequest/$submit"


def waiting(channel: FhirPayer, httpserver: HTTPServer, place: str, **headers: str) -> Waiting:
    httpserver.expect_oneshot_request(SUBMIT, "POST").respond_with_data(
        "", 202, headers={"Content-Location": place, **headers}
    )
    reply = channel.ask(question())
    assert isinstance(reply, Waiting)
    return reply


def collected(channel: FhirPayer, ticket: str, asked: Question | None = None) -> Any:
    ((_, reply),) = channel.collect([Asked(asked or question(), ticket)])
    return reply


# --- what is sent -----------------------------------------------------------------------------------------------------


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["reference"]] if isinstance(node.get("reference"), str) else []
        return own + [one for value in node.values() for one in references(value)]
    return [one for value in node for one in references(value)] if isinstance(node, list) else []


QUESTIONS = {
    "subscriber": question(),
    "dependent": question(dependent=CHILD, relationship="child", group_number="G7", facility="Location/2"),
    "solo therapist": question(asker=Asker("Practitioner/7", "1234567893", "Therapist", "Syn"), codes=("97124",)),
    "payer the host does not know": question(payer_reference=None),
}


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
def test_the_request_is_valid_and_complete_in_itself(asked: Question) -> None:
    sent = json.loads(request_of(asked))
    CoverageEligibilityRequest.model_validate(sent)
    inside = {f"#{one['id']}" for one in sent["contained"]}
    assert set(references(sent)) == inside
    assert "facility" not in sent
    coverage = next(one for one in sent["contained"] if one["resourceType"] == "Coverage")
    assert coverage["subscriberId"] == asked.member_id
    assert sent["identifier"] == [{"system": names.SID_QUESTION_KEY, "value": asked.key}]


def test_a_dependent_is_the_patient_and_the_subscriber_goes_along() -> None:
    sent = json.loads(request_of(QUESTIONS["dependent"]))
    inside = {one["id"]: one for one in sent["contained"]}
    assert inside[sent["patient"]["reference"][1:]]["birthDate"] == "2015-05-06"
    coverage = inside["coverage"]
    assert coverage["beneficiary"] == {"reference": "#patient"}
    assert coverage["subscriber"] == {"reference": "#subscriber"}
    assert inside["subscriber"]["name"][0]["family"] == "Synthetica1"
    assert coverage["relationship"]["coding"][0]["code"] == "child"
    assert coverage["class"][0]["value"] == "G7"


def test_packed_as_parameters_it_is_the_parameter_resource() -> None:
    sent = json.loads(request_of(question(), Packing.PARAMETERS))
    Parameters.model_validate(sent)
    assert sent["parameter"][0]["name"] == "resource"
    assert sent["parameter"][0]["resource"] == json.loads(request_of(question()))


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
def test_packed_as_a_bundle_every_reference_is_to_an_entry(asked: Question) -> None:
    sent = json.loads(request_of(asked, Packing.BUNDLE))
    Bundle.model_validate(sent)
    assert sent["entry"][0]["resource"]["resourceType"] == "CoverageEligibilityRequest"
    urls = [one["fullUrl"] for one in sent["entry"]]
    assert len(set(urls)) == len(urls)
    assert set(references(sent)) <= set(urls)


@pytest.mark.parametrize("packing", Packing, ids=str)
def test_the_same_question_is_the_same_bytes(packing: Packing) -> None:
    assert request_of(question(), packing) == request_of(question(), packing)
    assert request_of(question(1), packing) != request_of(question(2), packing)


# --- polling ----------------------------------------------------------------------------------------------------------


def test_a_place_to_poll_is_kept_as_its_path(channel: FhirPayer, httpserver: HTTPServer) -> None:
    reply = waiting(channel, httpserver, httpserver.url_for("/jobs/9?part=1"), **{"Retry-After": "30"})
    assert reply == Waiting("/jobs/9?part=1", NOW + timedelta(seconds=30))


def test_a_place_without_a_host_is_below_the_base(channel: FhirPayer, httpserver: HTTPServer) -> None:
    assert waiting(channel, httpserver, "jobs/9").ticket == "/r4/jobs/9"


@pytest.mark.parametrize("place", ["https://elsewhere.example/jobs/9", "//elsewhere.example/jobs", "ftp://x/9", ""])
def test_a_place_to_poll_elsewhere_is_not_believed(channel: FhirPayer, httpserver: HTTPServer, place: str) -> None:
    with pytest.raises(PayerAnswerUnreadable):
        waiting(channel, httpserver, place)


@pytest.mark.parametrize("place", ["/jobs/%53YNMEMBER0001", "/jobs?dob=1980-02-03", "/jobs/JS19800203"])
def test_a_place_to_poll_that_names_the_member_is_not_kept(
    channel: FhirPayer, httpserver: HTTPServer, place: str
) -> None:
    with pytest.raises(PayerAnswerUnreadable, match="member id") as caught:
        waiting(channel, httpserver, place)
    assert not [one for one in secrets(question()) if one in str(caught.value)]


def test_an_id_that_names_the_member_is_not_searched_for(creating: FhirPayer, httpserver: HTTPServer) -> None:
    place = {"Location": "CoverageEligibilityRequest/SYNMEMBER0001"}
    httpserver.expect_oneshot_request("/r4/CoverageEligibilityRequest", "POST").respond_with_data("", 201, place)
    with pytest.raises(PayerAnswerUnreadable, match="member id"):
        creating.ask(question())
    assert [request.path for request, _ in httpserver.log] == ["/r4/CoverageEligibilityRequest"]


def test_until_it_is_ready_the_payer_says_when_to_come_back(channel: FhirPayer, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/jobs/9").respond_with_data("", 202, headers={"Retry-After": "5"})
    httpserver.expect_ordered_request("/jobs/9").respond_with_data("", 202, headers={"X-Progress": "half"})
    httpserver.expect_ordered_request("/jobs/9").respond_with_data("", 429, headers={"Retry-After": "60"})
    httpserver.expect_ordered_request("/jobs/9").respond_with_json(bundle(response()), content_type=FHIR)
    assert collected(channel, "/jobs/9") == Waiting("/jobs/9", NOW + timedelta(seconds=5))
    assert collected(channel, "/jobs/9") is None
    assert collected(channel, "/jobs/9") == Waiting("/jobs/9", NOW + timedelta(seconds=60))
    reply = collected(channel, "/jobs/9")
    assert isinstance(reply, Replied)
    assert reply.answer.standing is Standing.IN_FORCE


def test_a_date_to_come_back_is_by_the_payers_own_clock(channel: FhirPayer, httpserver: HTTPServer) -> None:
    def later(request: Request) -> Response:
        return Response("", 202, {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)})

    httpserver.expect_request("/jobs/9").respond_with_handler(later)
    reply = collected(channel, "/jobs/9")
    assert isinstance(reply, Waiting)
    assert reply.not_before is not None
    assert timedelta(hours=1) < reply.not_before - NOW < timedelta(hours=3)


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [(404, PayerAnswerUnreadable, True), (410, PayerAnswerUnreadable, True), (422, PayerRejected, False),
     (400, PayerRejected, False), (500, PayerUnreachable, True)],
)  # fmt: skip
def test_a_job_that_failed_is_about_that_question_only(
    channel: FhirPayer, httpserver: HTTPServer, status: int, kind: type[Exception], again: bool
) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [
        {"severity": "error", "code": "invalid", "diagnostics": "Synthetica1 is unknown"}]}  # fmt: skip
    httpserver.expect_request("/jobs/1").respond_with_json(outcome, status, content_type=FHIR)
    httpserver.expect_request("/jobs/2").respond_with_json(response(), content_type=FHIR)
    first, second = channel.collect([Asked(question(1), "/jobs/1"), Asked(question(2), "/jobs/2")])
    assert isinstance(first[1], Failed)
    assert isinstance(first[1].problem, kind)
    assert first[1].problem.again is again
    assert "Synthetica" not in str(first[1].problem)
    assert isinstance(second[1], Replied)


def test_refused_credentials_stop_the_whole_collection(channel: FhirPayer, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/jobs/1").respond_with_data("", 401)
    with pytest.raises(PayerRefused):
        list(channel.collect([Asked(question(), "/jobs/1")]))


# --- create and search ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Location": "/r4/CoverageEligibilityRequest/17/_history/1"}, ""),
        ({"Location": "CoverageEligibilityRequest/17"}, ""),
        ({}, json.dumps({"resourceType": "CoverageEligibilityRequest", "id": "17"})),
    ],
)
def test_what_was_created_is_searched_for_by_its_id(
    creating: FhirPayer, httpserver: HTTPServer, headers: dict[str, str], body: str
) -> None:
    httpserver.expect_ordered_request(
        "/r4/CoverageEligibilityRequest", "POST",
        headers={"If-None-Exist": f"identifier={names.SID_QUESTION_KEY}|{question().key}"},
    ).respond_with_data(body, 201, headers=headers, content_type=FHIR)  # fmt: skip
    search = {"request": "CoverageEligibilityRequest/17"}
    empty = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    httpserver.expect_ordered_request("/r4/CoverageEligibilityResponse", query_string=search).respond_with_json(empty)
    httpserver.expect_ordered_request("/r4/CoverageEligibilityResponse", query_string=search).respond_with_json(
        bundle(response(status="cancelled", created="2026-12-01"), response())
    )
    assert creating.ask(question()) == Waiting("CoverageEligibilityRequest/17")
    reply = collected(creating, "CoverageEligibilityRequest/17")
    assert isinstance(reply, Replied)
    assert reply.answer.standing is Standing.IN_FORCE


def test_a_create_may_be_answered_with_the_response_itself(creating: FhirPayer, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/r4/CoverageEligibilityRequest", "POST").respond_with_json(response(), 201)
    assert isinstance(creating.ask(question()), Replied)


QUEUED = {"outcome": "queued"}
DRAFT = {"status": "draft"}
BUSY = {"outcome": "error", "insurance": [], "error": [{"code": {"coding": [{"code": "42"}]}}]}


def found(httpserver: HTTPServer, *responses: Json) -> None:
    httpserver.expect_request("/r4/CoverageEligibilityResponse").respond_with_json(bundle(*responses))


@pytest.mark.parametrize("unfinished", [QUEUED, DRAFT], ids=["queued", "draft"])
def test_what_the_payer_still_works_on_is_waited_for_and_not_asked_again(
    creating: FhirPayer, httpserver: HTTPServer, unfinished: Json
) -> None:
    place = {"Location": "CoverageEligibilityRequest/17"}
    httpserver.expect_request("/r4/CoverageEligibilityRequest", "POST").respond_with_data("", 201, place)
    found(httpserver, response(**unfinished))
    assert creating.ask(question()) == Waiting("CoverageEligibilityRequest/17")
    assert collected(creating, "CoverageEligibilityRequest/17") is None


def test_a_create_answered_with_an_unfinished_response_is_waited_for(
    creating: FhirPayer, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/r4/CoverageEligibilityRequest", "POST").respond_with_json(response(**QUEUED), 201)
    found(httpserver, response(**QUEUED))
    assert creating.ask(question()) == Waiting("CoverageEligibilityRequest/17")


@pytest.mark.parametrize("later", [QUEUED, DRAFT, BUSY], ids=["queued", "draft", "try later"])
def test_an_older_answer_counts_before_what_is_none_yet(
    creating: FhirPayer, httpserver: HTTPServer, later: Json
) -> None:
    found(httpserver, response(created="2026-12-01", **later), response(created="2026-11-30"))
    reply = collected(creating, "CoverageEligibilityRequest/17")
    assert reply.answer.standing is Standing.IN_FORCE


def test_a_payer_that_is_done_and_says_try_later_has_said_so(creating: FhirPayer, httpserver: HTTPServer) -> None:
    found(httpserver, response(**BUSY))
    reply = collected(creating, "CoverageEligibilityRequest/17")
    assert reply.answer.kind is AnswerKind.TRY_LATER


def test_a_response_to_another_request_is_not_taken(creating: FhirPayer, httpserver: HTTPServer) -> None:
    found = bundle(response(request={"reference": "CoverageEligibilityRequest/117"}))
    httpserver.expect_request("/r4/CoverageEligibilityResponse").respond_with_json(found)
    reply = collected(creating, "CoverageEligibilityRequest/17")
    assert isinstance(reply, Failed)
    assert isinstance(reply.problem, PayerAnswerUnreadable)


# --- what comes back --------------------------------------------------------------------------------------------------


def answered(channel: FhirPayer, httpserver: HTTPServer, body: Any) -> Any:
    httpserver.expect_request(SUBMIT, "POST").respond_with_json(body, content_type=FHIR)
    return channel.ask(question())


def ours(key: str) -> Json:
    return {"identifier": {"system": names.SID_QUESTION_KEY, "value": key}}


def test_the_response_is_found_in_bundles_and_parameters(channel: FhirPayer, httpserver: HTTPServer) -> None:
    inner = bundle({"resourceType": "Patient", "id": "7"}, response())
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": inner}]}
    assert answered(channel, httpserver, wrapped).answer.standing is Standing.IN_FORCE


def test_of_several_responses_the_one_with_our_key_is_taken(channel: FhirPayer, httpserver: HTTPServer) -> None:
    other = response(request=ours("SOMEBODYELSE"))
    mine = response(request=ours(question().key), insurance=[{"coverage": {"display": "GOLD"}, "inforce": False}])
    assert answered(channel, httpserver, bundle(other, mine)).answer.standing is Standing.NOT_IN_FORCE


@pytest.mark.parametrize(
    "body",
    [
        bundle(response(), response()),
        response(request=ours("SOMEBODYELSE")),
        response(identifier=[{"system": names.SID_QUESTION_KEY, "value": "SOMEBODYELSE"}]),
        response(patient={"reference": "#p"}, contained=[
            {"resourceType": "Patient", "id": "p", "birthDate": "1911-01-11", "name": [{"family": "Elsewhere"}]}]),
        {"resourceType": "Patient"},
        bundle(),
        [],
        "text",
    ],
    ids=["two without a key", "another key", "another identifier", "another patient", "no response",
          "empty bundle", "list", "string"],
)  # fmt: skip
def test_what_is_not_an_answer_to_this_question_is_not_taken(
    channel: FhirPayer, httpserver: HTTPServer, body: Any
) -> None:
    with pytest.raises(PayerAnswerUnreadable):
        answered(channel, httpserver, body)


@pytest.mark.parametrize(
    ("born", "member", "taken"),
    [("1955-01-01", "X999", False), ("1980-02-03", "X999", True), ("1955-01-01", "SYNMEMBER0001", True)],
    ids=["a relative or namesake", "another member id", "another birth date"],
)
def test_the_same_family_name_alone_makes_no_answer_the_patients(
    channel: FhirPayer, httpserver: HTTPServer, born: str, member: str, taken: bool
) -> None:
    contained = [
        {"resourceType": "Patient", "id": "p", "birthDate": born, "name": [{"family": "SYNTHETICA1"}]},
        {"resourceType": "Coverage", "id": "c", "subscriberId": member},
    ]
    insurance = [{"coverage": {"reference": "#c"}, "inforce": True}]
    body = response(contained=contained, patient={"reference": "#p"}, insurance=insurance)
    if taken:
        assert answered(channel, httpserver, body).answer.standing is Standing.IN_FORCE
        return
    with pytest.raises(PayerAnswerUnreadable) as caught:
        answered(channel, httpserver, body)
    assert not [word for word in ("SYNTHETICA1", member, born) if word.lower() in str(caught.value).lower()]


def test_an_outcome_instead_of_an_answer_is_a_refusal_of_the_question(
    channel: FhirPayer, httpserver: HTTPServer
) -> None:
    issue = {"severity": "error", "code": "required", "diagnostics": "Synthetica1", "expression": ["Coverage.payor"]}
    with pytest.raises(PayerRejected, match=r"required Coverage\.payor") as caught:
        answered(channel, httpserver, {"resourceType": "OperationOutcome", "issue": [issue]})
    assert "Synthetica" not in str(caught.value)


def test_what_the_payer_has_on_file_otherwise_is_told(channel: FhirPayer, httpserver: HTTPServer) -> None:
    contained = [
        {"resourceType": "Patient", "id": "p", "birthDate": "1980-02-03", "name": [{"family": "SYNTHETICA1"}]},
        {"resourceType": "Coverage", "id": "c", "subscriberId": "SYN-NEW"},
    ]
    insurance = [{"coverage": {"reference": "#c"}, "inforce": True}]
    body = response(contained=contained, patient={"reference": "#p"}, insurance=insurance)
    corrected = answered(channel, httpserver, body).answer.corrected
    assert (corrected.member_id, corrected.birth_date, corrected.last_name) == ("SYN-NEW", None, None)


def test_only_the_base_is_called(channel: FhirPayer, httpserver: HTTPServer) -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(json.dumps(response()), content_type=FHIR)

    httpserver.expect_request(SUBMIT, "POST").respond_with_handler(answer)
    channel.ask(question())
    (request,) = seen
    assert request.headers["Content-Type"] == FHIR
    assert request.query_string == b""


@pytest.mark.parametrize(("mode", "wish"), [("submit", None), ("submit-async", "respond-async")])
def test_a_payer_that_answers_later_only_when_asked_to_is_asked_to(
    httpserver: HTTPServer, mode: Any, wish: str | None
) -> None:
    httpserver.expect_request("/r4/CoverageEligibilityRequest/$submit").respond_with_data(
        status=202, headers={"Content-Location": httpserver.url_for("/r4/job/1")}
    )
    asking = FhirPayer("fhir", Line(httpserver.url_for("/r4"), seconds=5), FhirPayerSettings(mode), lambda: NOW)
    assert isinstance(asking.ask(question()), Waiting)
    ((sent, _),) = httpserver.log
    assert sent.headers.get("Prefer") == wish
