"""A server gives a visit the order it is based on, and the preauthorization that the order names."""

from __future__ import annotations

from typing import Any

from pytest_httpserver import HTTPServer

from builders import encounter, ref, resource
from contract.host_contract import clinic
from hosts.mini_fhir import MiniFhir
from massage_billing.fhir.visit import read_visit
from massage_billing.hosts.fhir_server import FhirServer
from massage_billing.model import PaperKind, Reading


def order(**changes: Any) -> dict[str, Any]:
    base = {"status": "active", "intent": "order", "subject": ref("Patient/p1"), "insurance": [ref("ClaimResponse/pa")]}
    return resource("ServiceRequest", "s9", base, changes)


def test_the_preauthorization_of_a_visits_order_is_read(httpserver: HTTPServer) -> None:
    server = MiniFhir(httpserver)
    granted = {"status": "active", "use": "preauthorization", "outcome": "complete", "preAuthRef": "A7"}
    for one in (
        *clinic(),
        encounter("e1", basedOn=[ref("ServiceRequest/s9")]),
        order(),
        resource("ClaimResponse", "pa", granted, {"patient": ref("Patient/p1")}),
    ):
        server.store.put(one)
    host = FhirServer("clinic", server.base)
    try:
        (record,) = host.visits(["e1"])
    finally:
        host.close()
    papers = read_visit(record, Reading(host="clinic", zone="America/Denver")).papers
    assert [paper.number for paper in papers if paper.kind is PaperKind.AUTHORIZATION] == ["A7"]
    assert {paper.source for paper in papers if paper.kind is PaperKind.ORDER} >= {"ServiceRequest/s9"}
