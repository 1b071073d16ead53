"""Every form in which FHIR may refer to a resource."""

from __future__ import annotations

import pytest

from builders import encounter, patient_identifier, practitioner, procedure, ref
from massage_billing.fhir.json import Faults
from massage_billing.fhir.references import Resolver, key_of, split

BASE = "https://ehr.example.org/fhir"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Procedure/12", ("Procedure", "12")),
        ("Procedure/12/_history/3", ("Procedure", "12")),
        (f"{BASE}/Procedure/12", ("Procedure", "12")),
        (f"{BASE}/Procedure/12/_history/3", ("Procedure", "12")),
        ("http://127.0.0.1:8080/Procedure/a-b.c", ("Procedure", "a-b.c")),
        ("#p1", None),
        ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", None),
        ("Patient?identifier=a|b", None),
        ("procedure/12", None),
        ("Procedure/", None),
        ("Procedure/..", None),
        ("Procedure/1 OR 1=1", None),
        ("Procedure/12/extra", None),
        ("ftp://x/Procedure/12", None),
        ("", None),
    ],
)
def test_split(reference, expected):
    assert split(reference) == expected


RESOURCES = {"Encounter/e1": encounter(), "Practitioner/t1": practitioner()}


@pytest.mark.parametrize(
    "reference",
    ["Encounter/e1", "Encounter/e1/_history/2", f"{BASE}/Encounter/e1", f"{BASE}/Encounter/e1/_history/2"],
)
def test_relative_absolute_and_versioned(reference):
    resolver = Resolver(RESOURCES)
    assert resolver.resolve(ref(reference), procedure()) == ("Encounter/e1", RESOURCES["Encounter/e1"])


@pytest.mark.parametrize("alias", ["urn:uuid:5f1b", "urn:oid:1.2.3", f"{BASE}/Encounter/e1", "http://x/any/thing"])
def test_full_urls(alias):
    resolver = Resolver(RESOURCES, {alias: "Encounter/e1"})
    assert resolver.key(ref(alias), procedure()) == "Encounter/e1"


def test_an_absolute_reference_with_a_version_finds_its_full_url():
    resolver = Resolver(RESOURCES, {f"{BASE}/Encounter/e1": "Encounter/e1"})
    assert resolver.key(ref(f"{BASE}/Encounter/e1/_history/7"), procedure()) == "Encounter/e1"


def test_an_absolute_reference_to_another_server_is_not_ours():
    resolver = Resolver(RESOURCES, {f"{BASE}/Encounter/e1": "Encounter/e1"})
    assert resolver.key(ref("https://elsewhere.example/fhir/Encounter/e1"), procedure()) is None


def test_an_unknown_urn_is_nothing():
    assert Resolver(RESOURCES).key(ref("urn:uuid:5f1b"), procedure()) is None


def test_what_the_record_does_not_hold_has_a_key_and_no_resource():
    resolver = Resolver(RESOURCES)
    assert resolver.key(ref("Patient/p1"), procedure()) == "Patient/p1"
    assert resolver.resolve(ref("Patient/p1"), procedure()) is None


def test_contained():
    inner = practitioner("x")
    parent = procedure(contained=[practitioner("y"), inner])
    assert Resolver(RESOURCES).resolve(ref("#x"), parent) == ("Procedure/a1#x", inner)
    faults = Faults("Procedure/a1", parent)
    assert Resolver(RESOURCES).resolve(ref("#z"), parent, faults) is None
    assert list(faults) == ["reference points to no contained resource"]
    assert Resolver(RESOURCES).key(ref("#"), parent) == "Procedure/a1"


def test_logical_identifier():
    reference = {"identifier": patient_identifier("77")}
    held = {"Encounter/e1": encounter(identifier=[patient_identifier("77")]), **{"Patient/9": {"id": "9"}}}
    assert Resolver(held).key(reference, procedure()) == "Encounter/e1"
    assert Resolver(held).key({**reference, "type": "Encounter"}, procedure()) == "Encounter/e1"
    assert Resolver(held).key({**reference, "type": "Patient"}, procedure()) is None
    assert Resolver(RESOURCES).key(reference, procedure()) is None


def test_an_identifier_that_two_resources_share_is_nobodys():
    held = {f"Encounter/{n}": encounter(n, identifier=[patient_identifier("77")]) for n in ("1", "2")}
    assert Resolver(held).key({"identifier": patient_identifier("77")}, procedure()) is None


def test_a_literal_reference_outranks_an_identifier():
    reference = {"reference": "Encounter/e1", "identifier": patient_identifier("77")}
    held = {**RESOURCES, "Encounter/e2": encounter("e2", identifier=[patient_identifier("77")])}
    assert Resolver(held).key(reference, procedure()) == "Encounter/e1"


def test_an_identifier_helps_where_the_literal_reference_leads_nowhere():
    reference = {"reference": "urn:uuid:5f1b", "identifier": patient_identifier("77")}
    held = {"Encounter/e2": encounter("e2", identifier=[patient_identifier("77")])}
    assert Resolver(held).key(reference, procedure()) == "Encounter/e2"


@pytest.mark.parametrize("reference", [{}, {"display": "somebody"}, {"reference": 5}, {"identifier": "x"}])
def test_what_is_no_reference_points_nowhere(reference):
    assert Resolver(RESOURCES).resolve(reference, procedure()) is None


def test_key_of():
    assert key_of(encounter()) == "Encounter/e1"
    assert key_of({"resourceType": "Encounter"}) is None
