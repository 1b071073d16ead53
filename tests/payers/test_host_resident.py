"""Asking through the host: what is created there, and which response counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pytest

from massage_billing.errors import HostUnreachable, PayerUnreachable
from massage_billing.fhir import names
from massage_billing.model import Standing
from massage_billing.payers.host_resident import HostResident
from massage_billing.ports import Asked, JsonObject, Replied, Waiting
from payers.questions import question

Json = dict[str, Any]
REQUEST = "CoverageEligibilityRequest/7"


class Host:
    def __init__(self, *responses: Json) -> None:
        self.responses = list(responses)
        self.created: list[tuple[Json, str]] = []
        self.looked: list[Sequence[str]] = []

    def create(self, body: bytes, match: str) -> str:
        self.created.append((orjson.loads(body), match))
        return REQUEST

    def find(self, requests: Sequence[str]) -> Iterator[JsonObject]:
        self.looked.append(requests)
        yield from self.responses


def response(id: str = "1", in_force: bool = True, **more: Any) -> Json:
    return {
        "resourceType": "CoverageEligibilityResponse",
        "id": id,
        "status": "active",
        "patient": {"reference": "Patient/1"},
        "created": "2026-11-30",
        "request": {"reference": REQUEST},
        "outcome": "complete",
        "insurance": [{"coverage": {"reference": "Coverage/1"}, "inforce": in_force}],
        **more,
    }


def asked(*responses: Json) -> tuple[Host, Any]:
    host = Host(*responses)
    return host, HostResident("host", host.create, host.find).ask(question())


def test_the_request_is_created_once_with_the_hosts_own_references() -> None:
    host, reply = asked()
    assert reply == Waiting(REQUEST)
    ((request, match),) = host.created
    assert match == f"identifier={names.SID_QUESTION_KEY}|{question().key}"
    assert request["patient"] == {"reference": "Patient/1"}
    assert request["insurance"][0]["coverage"] == {"reference": "Coverage/1"}
    assert "contained" not in request
    assert "Synthetica" not in str(request)


def test_the_newest_response_counts_and_a_withdrawn_one_only_alone() -> None:
    old = response("1", in_force=True, created="2026-11-28")
    new = response("2", in_force=False, created="2026-11-29")
    withdrawn = response("3", status="entered-in-error", created="2026-11-30")
    _, reply = asked(withdrawn, new, old)
    assert (reply.on_host, reply.answer.standing) == ("CoverageEligibilityResponse/2", Standing.NOT_IN_FORCE)
    _, alone = asked(withdrawn)
    assert alone.on_host == "CoverageEligibilityResponse/3"


@pytest.mark.parametrize(
    "pending",
    [
        {"status": "draft"},
        {"outcome": "queued"},
        {"outcome": "error", "insurance": [], "error": [{"code": {"coding": [{"code": "42"}]}}]},
    ],
    ids=["draft", "queued", "try later"],
)
def test_what_is_not_yet_an_answer_is_waited_for(pending: Json) -> None:
    assert asked(response(**pending))[1] == Waiting(REQUEST)
    assert isinstance(asked(response("1", **pending), response("2"))[1], Replied)


@pytest.mark.parametrize("reference", [f"https://clinic.example/fhir/{REQUEST}", f"{REQUEST}/_history/3", REQUEST])
def test_a_response_is_known_however_the_host_writes_the_reference(reference: str) -> None:
    assert isinstance(asked(response(request={"reference": reference}))[1], Replied)


def test_a_response_to_another_request_is_passed_over() -> None:
    assert asked(response(request={"reference": "CoverageEligibilityRequest/77"}))[1] == Waiting(REQUEST)


def test_the_evidence_is_the_response_as_it_stands_on_the_host() -> None:
    _, reply = asked(response())
    assert orjson.loads(reply.evidence) == response()


def test_all_that_wait_are_looked_for_in_one_go() -> None:
    host = Host(response())
    channel = HostResident("host", host.create, host.find)
    waiting = [Asked(question(1), REQUEST), Asked(question(2), "CoverageEligibilityRequest/8")]
    first, second = channel.collect(waiting)
    assert isinstance(first[1], Replied)
    assert second[1] is None
    assert host.looked == [[REQUEST, "CoverageEligibilityRequest/8"]]


def test_a_host_that_is_away_is_a_payer_that_cannot_be_reached() -> None:
    def away(requests: Sequence[str]) -> Iterator[JsonObject]:
        raise HostUnreachable("GET /fhir: no answer in time.")
        yield

    channel = HostResident("host", Host().create, away)
    with pytest.raises(PayerUnreachable, match="Channel host, payer acme"):
        channel.ask(question())
