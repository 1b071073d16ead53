"""A FHIR server keeps the contract: our mini server in all its moods, real HAPI and real sekmet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

from contract.host_contract import HostContract
from contract.schedule_contract import QuestionsContract
from hosts.mini_fhir import MiniFhir
from massage_billing.hosts.fhir_server import FhirServer
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.ports import JsonObject

Json = dict[str, Any]
SETTINGS = FhirSettings(overlap=0, observations=True)


class MiniRig:
    def __init__(self, server: MiniFhir, settings: FhirSettings = SETTINGS) -> None:
        self.server = server
        self.host = FhirServer("clinic", server.base, settings=settings)
        server.refuses = lambda resource: resource.get("status") == "spoilt"

    def put(self, *resources: Json) -> None:
        for resource in resources:
            self.server.store.put(resource)

    def stored(self, type: str) -> list[JsonObject]:
        return self.server.store.all(type)

    def spoilt(self, body: Json) -> Json:
        return {**body, "status": "spoilt"}


MOODS: dict[str, tuple[Json, FhirSettings]] = {
    "plain": ({}, SETTINGS),
    "no transactions": ({"transactions": False}, SETTINGS),
    "no conditional create": ({"transactions": False, "conditional": False}, SETTINGS),
    "small pages": ({}, FhirSettings(overlap=0, observations=True, page_size=1, result_size=2, lookup=2)),
    "no POST _search": ({"posts": False}, SETTINGS),
    "no sorting": ({"sorts": False}, SETTINGS),
    "absolute references": ({"absolute": True}, SETTINGS),
    "includes": ({}, FhirSettings(overlap=0, observations=True, includes=True)),
    "includes dropped": ({"includes_max": 2}, FhirSettings(overlap=0, observations=True, includes=True)),
    "search by patient only": (
        {"unsearchable": frozenset({"Procedure.encounter", "Condition.encounter", "Claim.encounter", "Task.focus"})},
        SETTINGS,
    ),
    "one group a bundle": ({}, FhirSettings(overlap=0, observations=True, bundle=1, workers=1)),
}


class TestMiniFhir(HostContract, QuestionsContract):
    @pytest.fixture(params=MOODS, ids=lambda mood: mood.replace(" ", "-"))
    def rig(self, request: pytest.FixtureRequest, httpserver: HTTPServer) -> Iterator[MiniRig]:
        mood, settings = MOODS[request.param]
        rig = MiniRig(MiniFhir(httpserver, **mood), settings)
        yield rig
        rig.host.close()


class HttpRig:
    """A real server, reached behind the host's back by plain requests."""

    def __init__(self, base: str, spoil: Callable[[Json], Json], settings: FhirSettings = SETTINGS) -> None:
        self.base = base
        self.host = FhirServer("clinic", base, settings=settings)
        self.spoilt = spoil

    def put(self, *resources: Json) -> None:
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
            for one in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        for _ in range(5):  # HAPI answers 409 while it still clears away an earlier test's resources
            answer = requests.post(self.base, json=bundle, timeout=60)
            if answer.status_code != 409:
                break
        assert answer.status_code == 200, answer.text

    def stored(self, type: str) -> list[JsonObject]:
        bundle = requests.get(f"{self.base}/{type}", params={"_count": "500"}, timeout=60).json()
        return [entry["resource"] for entry in bundle.get("entry", [])]


def dangling(body: Json) -> Json:
    """HAPI refuses a reference to nobody; the text is there to see that it is not repeated."""
    return {**body, "patient": {"reference": "Patient/nobody", "display": "Jane Synthetic"}}


def shapeless(body: Json) -> Json:
    """sekmet refuses what has the wrong shape."""
    return {**body, "patient": "Jane Synthetic"}


class TestHapi(HostContract, QuestionsContract):
    @pytest.fixture(params=["stock", "includes"])
    def rig(self, request: pytest.FixtureRequest, hapi: str) -> Iterator[HttpRig]:
        rig = HttpRig(hapi, dangling, FhirSettings(overlap=0, observations=True, includes=request.param == "includes"))
        yield rig
        rig.host.close()


class TestSekmet(HostContract, QuestionsContract):
    @pytest.fixture
    def rig(self, sekmet: str) -> Iterator[HttpRig]:
        rig = HttpRig(sekmet, shapeless)
        yield rig
        rig.host.close()
