"""schemathesis asks the whole JSON API of a real service for trouble: no answer is a 500, whatever is sent.

The API has no OpenAPI document of its own (nothing is told to whoever asks): what its routes take is written here.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pytest_httpserver import HTTPServer
from schemathesis.checks import not_a_server_error

import builders
from hooks.calling import FHIR, ISSUER, claims, jwks, token
from hosts.mini_fhir import MiniFhir
from servers.process import ROOT, Child

Json = dict[str, Any]
TOKEN = "a-token-that-nobody-can-guess-0123456789"
PAYERS = "payers: [{key: blue, kind: health, policy: commercial-midpoint, match: {references: [Organization/o2]}}]"
FEES = "code,modifier,payer,from,amount\n97124,,,2020-01-01,35.00\n"
MOST = 40
"""Requests of one operation."""
TEXT: Json = {"type": "string"}
ID: Json = {"name": "id", "in": "path", "required": True, "schema": TEXT}
REFERENCE: Json = {"type": "object", "properties": {"reference": TEXT}}
RESOURCE: Json = {
    "type": "object",
    "required": ["resourceType"],
    "properties": {
        "resourceType": {"enum": ["Appointment", "Encounter", "Coverage", "Bundle", "SubscriptionStatus", "x"]},
        "id": TEXT,
        "status": TEXT,
        "start": {"enum": ["2026-12-01T10:00:00-07:00", "2026-12-01", "soon", "9999-99-99T99:99:99Z"]},
        "end": TEXT,
        "minutesDuration": {"type": "integer"},
        "serviceType": {"type": "array", "items": {"type": "object"}},
        "participant": {"type": "array", "items": {"type": "object", "properties": {"actor": REFERENCE}}},
        "entry": {"type": "array", "items": {"type": "object", "properties": {"resource": {"type": "object"}}}},
    },
}
CONTEXT: Json = {
    "type": "object",
    "required": ["userId", "patientId", "encounterId", "appointments"],
    "properties": {
        "userId": {"enum": ["Practitioner/pr1", "Practitioner/pr1", "x"]},
        "patientId": {"enum": ["p1", "x", "", "a/b"]},
        "encounterId": {"enum": ["e1", "x", "", "../y"]},
        "appointments": {
            "type": "object",
            "properties": {
                "resourceType": {"enum": ["Bundle"]},
                "entry": {"type": "array", "items": {"type": "object", "properties": {"resource": RESOURCE}}},
            },
        },
    },
}
CALL: Json = {
    "type": "object",
    "required": ["hook", "hookInstance", "context"],
    "properties": {
        "hook": {"enum": ["appointment-book", "encounter-discharge", "x"]},
        "hookInstance": {"enum": ["d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "x"]},
        "fhirServer": {"enum": ["https://ehr.example.org/fhir", "https://evil.example", "x"]},
        "context": CONTEXT,
        "prefetch": {"type": "object", "additionalProperties": RESOURCE},
    },
}
FEEDBACK: Json = {
    "type": "object",
    "properties": {
        "feedback": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "card": TEXT,
                    "outcome": {"enum": ["accepted", "overridden", "x"]},
                    "outcomeTimestamp": TEXT,
                },
            },
        }
    },
}
SERVICES: Json = {**ID, "schema": {"enum": ["appointment-book", "encounter-discharge", "x"]}}
HOSTS: Json = {"name": "host", "in": "path", "required": True, "schema": {"enum": ["main", "other", "%2e%2e"]}}
KIND: Json = {"name": "kind", "in": "path", "required": True, "schema": {"enum": ["Encounter", "Patient", "x"]}}


def _takes(body: Json, *parameters: Json) -> Json:
    content = {"application/json": {"schema": body}}
    return {"parameters": [*parameters], "requestBody": {"required": False, "content": content}, "responses": {}}


API: Json = {
    "openapi": "3.0.3",
    "info": {"title": "massage-billing", "version": "1"},
    "paths": {
        "/healthz": {"get": {"responses": {}}},
        "/readyz": {"get": {"responses": {}}},
        "/metrics": {"get": {"responses": {}}},
        "/jobs/run": {
            "post": _takes(
                {
                    "type": "object",
                    "properties": {"job": {"enum": ["run", "eligibility", "x"]}, "host": {"enum": ["x", ""]}},
                }
            )
        },
        "/jobs/{id}": {"get": {"parameters": [ID], "responses": {}}},
        "/cds-services": {"get": {"responses": {}}},
        "/cds-services/{id}": {"post": _takes(CALL, SERVICES)},
        "/cds-services/{id}/feedback": {"post": _takes(FEEDBACK, SERVICES)},
        "/hooks/subscription/{host}": {"post": _takes(RESOURCE, HOSTS)},
        "/hooks/subscription/{host}/{kind}/{id}": {"put": _takes(RESOURCE, HOSTS, KIND, ID)},
    },
}
OPERATIONS = [(path, method) for path, item in API["paths"].items() for method in item]


@dataclass
class Asked:
    """A service that answers."""

    url: str
    child: Child


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The service of a clinic on a small FHIR server, with everything that it can be called by."""
    folder = tmp_path_factory.mktemp("api")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (folder / "token").write_text(TOKEN)
    (folder / "jwks.json").write_text(json.dumps(jwks()))
    (folder / "payers.yaml").write_text(PAYERS)
    (folder / "fees.csv").write_text(FEES)
    with HTTPServer("127.0.0.1", 0, threaded=True) as server:
        ehr = MiniFhir(server)
        for one in (builders.organization(), builders.payer(), builders.location(), builders.practitioner(),
                    builders.coverage("c1", period={"start": "2020-01-01"}), builders.condition(), builders.encounter(),
                    builders.procedure(mins=60)):  # fmt: skip
            ehr.store.put(one)
        (folder / "massage-billing.yaml").write_text(_settings(ehr.base, address))
        command = [sys.executable, "-m", "massage_billing", "serve", "--settings", folder / "massage-billing.yaml"]
        with Child(command, env={"PYTHONPATH": str(ROOT / "plugin")}) as child:
            line = child.read_line(120)
            assert line.startswith("Serving at"), line
            yield Asked(f"http://{address}", child)


def _settings(base: str, address: str) -> str:
    return f"""
clinic: {{name: Synthetic Massage Clinic, npi: "1245319599", tin: "00-0000000", payers: payers.yaml, fees: fees.csv}}
hosts:
  main:
    kind: fhir
    url: {base}
    zone: America/Denver
    place_of_service: "11"
    billing: {{start: 2026-11-01, settle: 0}}
state: {{folder: state}}
serve: {{token_file: token, address: "{address}"}}
workbench: {{rates: {{address: 1000000}}}}
hooks:
  url: http://{address}
  clients: {{emr: {{issuer: "{ISSUER}", jwks_file: jwks.json, fhir_servers: ["{FHIR}"]}}}}
  subscription: {{token_file: token}}
"""


def shown(path: str, url: str, id: str) -> str:
    """The credentials that get a request past the door: what lies behind it is what is tried."""
    if not path.startswith("/cds-services/"):
        return f"Bearer {TOKEN}"
    audience = f"{url}{path.replace('{id}', id)}"
    return f"Bearer {token({**claims(now=time.time()), 'aud': audience})}"


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_answer_is_a_fault(asked: Asked, path: str, method: str) -> None:
    operation = schemathesis.openapi.from_dict(API)[path][method.upper()]
    seen: set[int] = set()

    @settings(max_examples=MOST, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        id = str((case.path_parameters or {}).get("id", ""))
        headers = {"Authorization": shown(path, asked.url, id)}
        answer = case.call(base_url=asked.url, headers=headers, timeout=30)
        seen.add(answer.status_code)
        case.validate_response(answer, checks=[not_a_server_error])
        assert "Traceback" not in answer.text

    ask()
    assert asked.child.running()
    assert seen - {401, 403}, "nothing got past the door"
