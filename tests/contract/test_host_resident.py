"""Asking through the clinic's host keeps the contract; the host here is two functions over a dict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pytest

from contract.payer_contract import BusyContract, LaterContract, Mood, PayerContract, settle
from massage_billing.errors import HostBusy, HostError, HostRefused, HostRejected, HostUnreachable
from massage_billing.fhir import names
from massage_billing.model import Question
from massage_billing.payers.host_resident import HostResident
from massage_billing.ports import JsonObject
from payers.questions import SERVICED, question

Json = dict[str, Any]
PROBLEMS: dict[Mood, HostError] = {
    Mood.REJECTED: HostRejected("POST CoverageEligibilityRequest was answered 422."),
    Mood.UNAUTHORIZED: HostRefused("POST CoverageEligibilityRequest was answered 403."),
    Mood.BUSY: HostBusy("POST CoverageEligibilityRequest was answered 503.", retry_after=7),
    Mood.GONE: HostUnreachable("POST CoverageEligibilityRequest: the connection broke."),
}


class AskingHost:
    """A host that asks by itself: requests are created on it, and by and by it has responses."""

    def __init__(self) -> None:
        self.requests: dict[str, Json] = {}
        self.responses: list[Json] = []
        self.moods: dict[str, Mood] = {}
        self.received: list[str] = []
        self.matches: list[str] = []

    def create(self, body: bytes, match: str) -> str:
        request = orjson.loads(body)
        key = request["identifier"][0]["value"]
        self.matches.append(match)
        self.received.append(key)
        if (problem := PROBLEMS.get(self.moods.get(key, Mood.ACTIVE))) is not None:
            raise problem
        for reference, known in self.requests.items():
            if known["identifier"] == request["identifier"]:
                return reference
        reference = f"CoverageEligibilityRequest/{len(self.requests) + 1}"
        self.requests[reference] = request
        return reference

    def find(self, references: Sequence[str]) -> Iterator[JsonObject]:
        yield from (one for one in self.responses if one["request"]["reference"] in references)

    def answer(self) -> None:
        """Ask the payer about every request, which answers as it is in the mood for."""
        self.responses = [self.response(reference, request) for reference, request in self.requests.items()]

    def response(self, reference: str, request: Json) -> Json:
        mood = self.moods.get(request["identifier"][0]["value"], Mood.ACTIVE)
        response: Json = {
            "resourceType": "CoverageEligibilityResponse",
            "id": reference.rpartition("/")[2],
            "status": "active",
            "purpose": request["purpose"],
            "patient": {"reference": "Patient/99"} if mood is Mood.ANOTHERS else request["patient"],
            "created": "2026-11-30",
            "request": {"reference": reference},
            "outcome": "complete",
            "insurer": request["insurer"],
        }
        if mood is Mood.REFUSED:
            return {**response, "outcome": "error", "error": [{"code": {"coding": [{"code": "75"}]}}]}
        insurance: Json = {"coverage": request["insurance"][0]["coverage"]}
        if mood in (Mood.ACTIVE, Mood.ANOTHERS):
            visits, copay = ({"coding": [{"system": names.BENEFIT_TYPE, "code": code}]} for code in ("visit", "copay"))
            item = {
                "category": {"coding": [{"system": names.X12_SERVICE_TYPE, "code": "BE"}]},
                "term": {"text": "Calendar Year"},
                "benefit": [
                    {"type": visits, "allowedUnsignedInt": 20, "usedUnsignedInt": 12},
                    {"type": copay, "allowedMoney": {"value": 25, "currency": "USD"}},
                ],
            }
            insurance |= {"inforce": True, "item": [item]}
        if mood is Mood.INACTIVE:
            insurance["inforce"] = False
        return {**response, "insurance": [insurance]}


class HostRig:
    def __init__(self) -> None:
        self.host = AskingHost()
        self.channel = HostResident("host", self.host.create, self.host.find)

    def will(self, asked: Question, mood: Mood) -> None:
        self.host.moods[asked.key] = mood

    def answer(self) -> None:
        self.host.answer()

    def received(self) -> list[str]:
        return self.host.received

    def outside(self) -> str:
        return "\n".join(self.host.matches)


class TestHostResident(LaterContract, BusyContract, PayerContract):
    # A host that asks by itself comes back to "try later" by itself; it sends no half and no web page.
    moods = frozenset(Mood) - {Mood.TRY_LATER, Mood.GARBAGE, Mood.HALF}

    @pytest.fixture
    def rig(self) -> HostRig:
        return HostRig()

    def test_an_answer_that_stands_on_the_host_is_given_at_once_and_says_where(self, rig: HostRig) -> None:
        first = settle(rig, question())
        again = rig.channel.ask(question())
        assert again == first
        assert first.on_host == "CoverageEligibilityResponse/1"
        assert first.answer.asked_for == SERVICED
