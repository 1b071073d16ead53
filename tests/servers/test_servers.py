"""The fixtures themselves: each server answers, starts empty, and is the strict or lax kind the tests count on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from servers.hapi import Hapi
from servers.process import Child
from servers.sekmet import Sekmet
from servers.validator import Validator

ENCOUNTER = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": {"reference": "Patient/not-there"},
}


def total(base: str, kind: str) -> int:
    return requests.get(f"{base}/{kind}", params={"_summary": "count"}, timeout=30).json()["total"]


def test_hapi_answers_and_refuses_a_dangling_reference(hapi: str) -> None:
    metadata = requests.get(f"{hapi}/metadata", timeout=60).json()
    assert metadata["fhirVersion"] == "4.0.1"
    assert requests.post(f"{hapi}/Encounter", json=ENCOUNTER, timeout=30).status_code == 400


def test_all_tests_of_a_server_share_one_worker(hapi: str, request: pytest.FixtureRequest) -> None:
    """Else every worker would start a server of its own, which only shows as a slow run."""
    if request.config.getoption("dist", "no") == "loadgroup":
        assert request.node.nodeid.endswith("@start_hapi")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_hapi_is_empty_for_each_test(hapi: str, turn: str) -> None:
    assert total(hapi, "Patient") == 0
    patient = {"resourceType": "Patient", "id": "same-id", "active": True}
    assert requests.put(f"{hapi}/Patient/same-id", json=patient, timeout=30).status_code == 201
    assert total(hapi, "Patient") == 1


def test_hapi_drops_includes_beyond_its_limit(start_hapi: Callable[..., Hapi]) -> None:
    base = start_hapi(includes_max=2).url
    requests.put(f"{base}/Patient/p", json={"resourceType": "Patient", "id": "p"}, timeout=30).raise_for_status()
    for _ in range(5):
        encounter = ENCOUNTER | {"subject": {"reference": "Patient/p"}}
        requests.post(f"{base}/Encounter", json=encounter, timeout=30).raise_for_status()
    found = requests.get(f"{base}/Patient", params={"_revinclude": "Encounter:subject"}, timeout=30).json()["entry"]
    assert len([entry for entry in found if entry["resource"]["resourceType"] == "Encounter"]) < 5


def test_sekmet_answers_and_takes_a_dangling_reference(sekmet: str) -> None:
    metadata = requests.get(f"{sekmet}/metadata", timeout=30).json()
    assert metadata["fhirVersion"] == "4.0.1"
    assert total(sekmet, "Encounter") == 0
    assert requests.post(f"{sekmet}/Encounter", json=ENCOUNTER, timeout=30).status_code == 201


def test_sekmet_is_empty_again(start_sekmet: Callable[..., Sekmet]) -> None:
    base = start_sekmet().url
    requests.post(f"{base}/Patient", json={"resourceType": "Patient"}, timeout=30).raise_for_status()
    assert total(start_sekmet().url, "Patient") == 0


def test_sekmet_with_smart_clients_wants_a_token(start_sekmet: Callable[..., Sekmet]) -> None:
    server = start_sekmet(server_auth={"types": ["smart"], "smart_clients": [{"client_id": "massage-billing"}]})
    assert requests.get(f"{server.url}/Encounter", timeout=30).status_code == 401
    discovery = requests.get(f"{server.url}/.well-known/smart-configuration", timeout=30).json()
    assert discovery["token_endpoint"] == server.token_url
    refused = requests.post(server.token_url, data={"grant_type": "client_credentials"}, timeout=30)
    assert refused.status_code == 400


# A profile of this test's own, so that it says nothing about fhir_profiles/ and needs none of it.
UCUM = "http://unitsofmeasure.org"
MINUTES = "https://massage-billing.org/fhir/StructureDefinition/test-minutes"
PROFILE = {
    "resourceType": "StructureDefinition",
    "id": "test-minutes",
    "url": MINUTES,
    "name": "TestMinutes",
    "status": "draft",
    "fhirVersion": "4.0.1",
    "kind": "complex-type",
    "abstract": False,
    "context": [{"type": "element", "expression": "Procedure"}],
    "type": "Extension",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
    "derivation": "constraint",
    "differential": {
        "element": [
            {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
            {"id": "Extension.url", "path": "Extension.url", "fixedUri": MINUTES},
            {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": "Duration"}]},
        ]
    },
}
NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a test</div>'}
PATIENT = {"resourceType": "Patient", "id": "good", "text": NARRATIVE, "gender": "female", "birthDate": "1980-02-29"}
PROCEDURE = {
    "resourceType": "Procedure",
    "id": "p",
    "text": NARRATIVE,
    "extension": [
        {"url": MINUTES, "valueDuration": {"value": 30, "system": "http://unitsofmeasure.org", "code": "min"}}
    ],
    "status": "completed",
    "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "97124"}]},
    "subject": {"reference": "Patient/good"},
}


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "minutes.json").write_text(json.dumps(PROFILE))
    (folder / "schema.json").write_text(json.dumps({"$schema": "http://json-schema.org/draft-07/schema#"}))
    return folder


def test_the_validator_passes_what_is_right_and_finds_what_is_wrong(
    validator: Validator, profiles: Path, tmp_path: Path
) -> None:
    lines = [
        PATIENT,
        PROCEDURE,
        PATIENT | {"gender": "nonsense", "birthDate": "1980-02-30"},
        PROCEDURE | {"extension": [{"url": MINUTES, "valueString": "30"}]},
        PATIENT | {"meta": {"profile": ["https://massage-billing.org/fhir/StructureDefinition/mistyped"]}},
    ]
    many = tmp_path / "many.ndjson"
    many.write_text("".join(json.dumps(line) + "\n\n" for line in lines) + "no json\n")
    one = tmp_path / "one.json"
    one.write_text(json.dumps(PATIENT))
    issues = validator([one, many, profiles / "minutes.json"], profiles)
    assert validator.checked == 8
    wrong = {(Path(issue.file).name, issue.line) for issue in issues if issue.is_error}
    assert wrong == {("many.ndjson", number) for number in (5, 7, 9, 11)}
    gender = [issue for issue in issues if issue.location == "Patient.gender"]
    assert gender
    unknown = [issue.severity for issue in issues if "ama-assn.org" in issue.message and issue.line == 3]
    assert unknown == ["warning"], "a code system that cannot be had offline is no error"


def test_the_validator_says_when_a_file_is_missing(validator: Validator, profiles: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        validator([tmp_path / "nowhere.json"], profiles)


def test_a_server_that_ends_before_it_is_ready_shows_its_log() -> None:
    with pytest.raises(RuntimeError, match="no such setting"):
        Child(["sh", "-c", "echo no such setting >&2; exit 3"]).read_line(30)
