"""The JSON Schemas and their Validator: two libraries agree, mutations are caught, messages quote no values."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_examples import schema_name
from massage_billing import profiles
from massage_billing.fhir import names
from massage_billing.fhir.schemas import Validator

BUILT = Path(__file__).resolve().parents[2] / "fhir_profiles" / "built"
EXAMPLES = [json.loads(path.read_text()) for path in sorted((BUILT / "examples").glob("*.json"))]
EXAMPLES = [example for example in EXAMPLES if schema_name(example) in profiles.SCHEMAS]
WRITTEN = [example for example in EXAMPLES if schema_name(example) in profiles.WRITTEN_SCHEMAS]
OURS = {name: Validator(profiles.load_schema(name)) for name in profiles.SCHEMAS}
THEIRS = {name: jsonschema.Draft202012Validator(profiles.load_schema(name)) for name in profiles.SCHEMAS}
SECRET = "Zebulon Q. Quillfeather 1961-02-03"
CLAIM = next(example for example in EXAMPLES if example["id"] == "example-claim")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a resource below its root."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in steps:
        yield (*path, step)
        yield from places(part, (*path, step))


def changed(resource: Any, path: tuple[Any, ...], new: Any = ...) -> Any:
    """A copy of a resource with one place replaced, or removed."""
    result = copy.deepcopy(resource)
    inner = result
    for step in path[:-1]:
        inner = inner[step]
    if new is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return result


@st.composite
def mutated(draw: st.DrawFn, examples: list[Any] = EXAMPLES) -> tuple[str, Any]:
    """(resource type, example with one to three things wrong or merely different)."""
    resource = draw(st.sampled_from(examples))
    kind = schema_name(resource)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(resource)) or [("gone",)]))
        if path == ("gone",):
            break
        new = draw(
            st.sampled_from(
                [
                    ...,
                    None,
                    SECRET,
                    "",
                    " ",
                    [],
                    {},
                    [SECRET],
                    {"system": SECRET},
                    {SECRET: SECRET},
                    0,
                    1,
                    -1,
                    2.5,
                    True,
                    "Practitioner/1",
                    "Patient/../1",
                    "urn:uuid:00000000-0000-4000-8000-000000000000",
                    "cancelled",
                    "USD",
                    "2026-02-30",
                    "2026",
                    "97124",
                    "ä",
                    {"reference": "Device/1"},
                    {"reference": "#x"},
                    "http://x/Patient/1",
                ]
            )
        )
        resource = changed(resource, path, new)
        if draw(st.booleans()) and isinstance(resource, dict):
            resource = {**resource, draw(st.sampled_from(["text", "unknown", "_status", SECRET])): SECRET}
    return kind, resource


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_both_libraries_agree(case: tuple[str, Any]) -> None:
    kind, resource = case
    ours = OURS[kind]
    assert ours.is_valid(resource) == THEIRS[kind].is_valid(resource)
    assert ours.is_valid(resource) == (ours.check(resource) == ())


@given(mutated())
@settings(max_examples=200, deadline=None)
def test_no_message_quotes_what_was_found(case: tuple[str, Any]) -> None:
    kind, resource = case
    for problem in OURS[kind].check(resource):
        assert "Quillfeather" not in str(problem)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["id"])
def test_examples_pass_both(example: Any) -> None:
    kind = schema_name(example)
    assert OURS[kind].check(example) == ()
    assert THEIRS[kind].is_valid(example)


@pytest.mark.parametrize("example", WRITTEN, ids=lambda example: example["id"])
def test_what_is_written_has_no_place_for_more(example: Any) -> None:
    objects = [(), *(path for path in places(example) if isinstance(at(example, path), dict))]
    for path in objects:
        more = changed(example, (*path, "somethingElse"), "x")
        assert not OURS[schema_name(example)].is_valid(more), path


def at(resource: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        resource = resource[step]
    return resource


@pytest.mark.parametrize("example", WRITTEN, ids=lambda example: example["id"])
def test_what_is_written_takes_no_empty_or_mistyped_value(example: Any) -> None:
    for path in places(example):
        for wrong in (None, [], {}, "", [[]]):
            assert not OURS[schema_name(example)].is_valid(changed(example, path, wrong)), path


REMOVED = [
    "resourceType",
    "status",
    "use",
    "priority",
    "created",
    "patient",
    "billablePeriod",
    "insurer",
    "provider",
    "payee",
    "insurance",
    "careTeam",
    "diagnosis",
    "item",
    "total",
    "identifier",
    "extension",
    "type",
]
REMOVED_FROM_ITEM = [
    "sequence",
    "careTeamSequence",
    "diagnosisSequence",
    "productOrService",
    "servicedDate",
    "locationCodeableConcept",
    "quantity",
    "unitPrice",
    "net",
    "encounter",
]


@pytest.mark.parametrize("name", REMOVED)
def test_a_claim_lacks_nothing(name: str) -> None:
    assert [str(p) for p in OURS["Claim"].check(changed(CLAIM, (name,)))] == [f"Claim lacks {name}"]


@pytest.mark.parametrize("name", REMOVED_FROM_ITEM)
def test_a_claim_line_lacks_nothing(name: str) -> None:
    found = OURS["Claim"].check(changed(CLAIM, ("item", 1, name)))
    assert [str(problem) for problem in found] == [f"Claim.item[1] lacks {name}"]


CPT_TEXT = ("item", 0, "productOrService", "coding", 0)
WRONG = [
    (("status",), "submitted", "Claim.status is not one of active, cancelled, draft, entered-in-error"),
    (("use",), "preauthorization", 'Claim.use is not "claim"'),
    (("patient", "reference"), "Practitioner/1", "Claim.patient.reference does not have the required form"),
    (("patient", "reference"), "Patient/", "Claim.patient.reference does not have the required form"),
    (("insurer",), {"display": SECRET}, "Claim.insurer is none of the forms allowed here"),
    (("total", "value"), "142.25", "Claim.total.value is not a number"),
    (("total", "value"), -1, "Claim.total.value is less than 0"),
    (("total", "currency"), "EUR", 'Claim.total.currency is not "USD"'),
    (("item", 0, "quantity", "value"), 0, "Claim.item[0].quantity.value is less than 1"),
    (("item", 0, "servicedDate"), "2026-11", "Claim.item[0].servicedDate does not have the required form"),
    (("item", 0, "sequence"), 0, "Claim.item[0].sequence is less than 1"),
    (("item", 0, "diagnosisSequence"), [1, 1, 1, 1, 1], "Claim.item[0].diagnosisSequence has more than 4 entries"),
    (("item",), [], "Claim.item has fewer than 1 entries"),
    (
        (*CPT_TEXT, "system"),
        names.SNOMED,
        "Claim.item[0].productOrService.coding[0].system does not have the required form",
    ),
    ((*CPT_TEXT, "code"), "9714", "Claim.item[0].productOrService.coding[0].code does not have the required form"),
    (
        ("item", 0, "locationCodeableConcept", "coding", 0, "code"),
        "1",
        "Claim.item[0].locationCodeableConcept.coding[0].code does not have the required form",
    ),
    (
        ("diagnosis", 0, "diagnosisCodeableConcept", "coding", 0, "system"),
        "http://hl7.org/fhir/sid/icd-10",
        f'Claim.diagnosis[0].diagnosisCodeableConcept.coding[0].system is not "{names.ICD10CM}"',
    ),
    (
        ("careTeam", 1, "role", "coding", 0, "code"),
        "assist",
        "Claim.careTeam[1].role.coding[0] is none of the forms allowed here",
    ),
    (("type", "coding", 0, "code"), "institutional", "Claim.type.coding lacks a required entry"),
    (("extension", 0, "url"), "https://example.org/x", "Claim.extension[0] is not one of the kinds allowed here"),
    (("extension", 0, "valueString"), "abc", "Claim.extension[0].valueString does not have the required form"),
    (("identifier", 0, "value"), "MB1", "Claim.identifier[0].value does not have the required form"),
    (("created",), "yesterday", "Claim.created does not have the required form"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_wrong_values_are_named_by_place(path: tuple[Any, ...], value: Any, message: str) -> None:
    assert message in [str(problem) for problem in OURS["Claim"].check(changed(CLAIM, path, value))]


def test_two_claim_keys_are_not_a_claim_key_and_a_visit_key() -> None:
    twice = changed(CLAIM, ("identifier", 1), CLAIM["identifier"][0])
    lacking = "Claim.identifier lacks a required entry, or has it more often than allowed"
    assert lacking in [str(problem) for problem in OURS["Claim"].check(twice)]


def test_unknown_elements_are_named_only_when_they_look_like_elements() -> None:
    found = {str(problem) for problem in OURS["Claim"].check({**CLAIM, "subType": {}, SECRET: 1})}
    assert found == {"Claim has no place for subType", "Claim has no place for an unknown element"}


def test_temporary_absolute_and_logical_references_pass() -> None:
    references: list[Any] = [
        {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
        {"reference": "https://ehr.example.org/fhir/Organization/9"},
        {"reference": "Organization/9/_history/2"},
        {"identifier": {"system": "urn:oid:2.16.840.1.113883.4.4", "value": "00-0000000"}},
    ]
    for reference in references:
        assert OURS["Claim"].check(changed(CLAIM, ("insurer",), reference)) == ()


def test_money_may_be_decimal_and_the_resource_any_mapping() -> None:
    claim = changed(CLAIM, ("total", "value"), Decimal("142.25"))
    assert OURS["Claim"].check(MappingProxyType(claim)) == ()
    assert OURS["Claim"].check(changed(CLAIM, ("total", "value"), Decimal("-0.01"))) != ()


def test_schemas_for_reading_forgive_what_hosts_rightly_add() -> None:
    procedure = next(example for example in EXAMPLES if example["resourceType"] == "Procedure")
    coverage = next(example for example in EXAMPLES if example["resourceType"] == "Coverage")
    procedure = {**procedure, "text": {"status": "generated"}, "usedCode": [{}], "_status": {"id": "a"}}
    for name in ("extension", "encounter", "performer", "bodySite"):  # what the profile asks for and FHIR does not
        procedure = changed(procedure, (name,))
    assert OURS["Procedure"].check(procedure) == ()
    assert OURS["Procedure"].check(changed(procedure, ("status",), "done")) != ()
    assert OURS["Procedure"].check(changed(procedure, ("subject",), "Patient/1")) != ()
    assert OURS["Coverage"].check({**coverage, "contained": [], "payor": [*coverage["payor"], {"display": "x"}]}) == ()
    assert OURS["Coverage"].check(changed(coverage, ("payor",), {})) != ()


def test_a_schema_may_be_text_but_must_be_an_object() -> None:
    text = (BUILT / "schemas" / "Claim.json").read_text()
    assert Validator(text).is_valid(CLAIM)
    with pytest.raises(ValueError, match="JSON object"):
        Validator("[]")
