"""One malformed resource holds its own visit and no other, and never ends a run."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from builders import (
    account,
    appointment,
    bill_to,
    claim,
    concept,
    condition,
    consent,
    coverage,
    encounter,
    location,
    observation,
    organization,
    payer,
    period,
    practitioner,
    practitioner_role,
    procedure,
    read,
    reading,
    record,
    ref,
    service_request,
    sound,
)
from massage_billing.fhir import names
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Result, Visit
from massage_billing.ports import VisitRecord

WRONG = [None, "", "text", "Encounter/e1", 0, -1, 1.5, 1e400, True, [], {}, [None], ["x"], [[]], [{}], {"a": 1}]


def rich() -> VisitRecord:
    """A sound record that has everything reading looks at."""
    due = {"url": "http://hl7.org/fhir/StructureDefinition/condition-dueTo",
           "valueCodeableConcept": concept(names.ICD10CM, "S13.4XXA")}  # fmt: skip
    supervisor = {"type": [concept(names.CARE_TEAM_ROLE, "supervisor")], "individual": ref("PractitionerRole/r1")}
    return record(
        encounter(
            appointment=[ref("Appointment/m1")],
            account=[ref("Account/k1")],
            basedOn=[ref("ServiceRequest/s1")],
            participant=[supervisor],
            reasonCode=[concept(names.ICD10CM, "R51.9")],
            reasonReference=[ref("Condition/d2")],
            type=[concept(names.ACT_CODE, "AMB")],
            extension=[bill_to("plan")],
        ),
        procedure(
            "a1",
            basedOn=[ref("ServiceRequest/s1")],
            bodySite=[concept(names.SNOMED, "45048000")],
            identifier=[{"system": "http://clinic.example/id", "value": "7"}],
            performedPeriod=period("2026-11-20T10:00:00-07:00", "2026-11-20T10:30:00-07:00"),
            reasonCode=[concept(names.ICD10CM, "M62.830")],
        ),
        procedure("a2", "97112", 15, contained=[practitioner("x")], performer=[
            {"actor": ref("#x"), "function": concept("p", "PPRF")}, {"actor": ref("PractitionerRole/r1")}]),
        procedure("a3", encounter=..., performer=..., mins=None),
        observation(encounter=ref("Encounter/e1")),
        condition("d1", onsetDateTime="2026-11-01", extension=[due], verificationStatus=concept("v", "confirmed")),
        condition("d2", "M54.2", encounter=ref("Encounter/e1"), onsetPeriod=period("2026-10")),
        practitioner(),
        practitioner_role(),
        location(partOf=ref("Location/l2")),
        location("l2"),
        organization(),
        payer(),
        coverage(contained=[payer("y")]),
        coverage("c2", payor=[{"identifier": {"system": "a", "value": "b"}}]),
        account("k1", "Coverage/c1", "Coverage/c2"),
        service_request(insurance=[ref("Coverage/c1"), ref("ClaimResponse/y1")]),
        {"resourceType": "ClaimResponse", "id": "y1", "status": "active", "use": "preauthorization",
         "outcome": "complete", "preAuthRef": "AUTH-7"},
        consent(status="inactive", provision={"period": period("2026"), "data": [{"reference": ref("Encounter/e1")}]}),
        appointment(participant=[{"actor": ref("Patient/p1")}]),
        claim(identifier=[{"system": names.SID_CLAIM_KEY, "value": "MB2"}]),
    )  # fmt: skip


RICH = rich()


def places(node: Any, path: tuple = ()) -> list[tuple]:
    """Path of every value in a JSON value, itself included."""
    found = [path]
    if isinstance(node, dict):
        found += [each for name, value in node.items() for each in places(value, (*path, name))]
    elif isinstance(node, list):
        found += [each for place, value in enumerate(node) for each in places(value, (*path, place))]
    return found


ALL_PLACES = [path for path in places(dict(RICH.resources)) if path]


def spoilt(path: tuple, value: Any) -> VisitRecord:
    """The rich record with one value replaced, or dropped for Ellipsis."""
    resources = copy.deepcopy(dict(RICH.resources))
    node: Any = resources
    for step in path[:-1]:
        node = node[step]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = copy.deepcopy(value)
    return dataclasses.replace(RICH, resources=resources)


def test_the_rich_record_is_sound():
    visit = read_visit(RICH, reading())
    assert [problem.key for problem in visit.problems] == ["duplicate"]


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(ALL_PLACES), value=st.sampled_from([*WRONG, ...]))
def test_one_wrong_value_anywhere_never_raises(path, value):
    kept = spoilt(path, value)
    visit = read_visit(kept, reading())
    assert isinstance(visit, Visit)
    assert visit.encounter == "e1"
    assert read_visit(kept, reading()) == visit
    assert read_visit(kept, reading(), Shared()) == visit
    hash(visit)


@pytest.mark.parametrize("value", [{"a": 1}, ["x"]], ids=["object", "list"])
def test_an_object_or_a_list_in_the_place_of_any_value_never_raises(value):
    for path in ALL_PLACES:
        assert isinstance(read_visit(spoilt(path, value), reading()), Visit), path


@settings(max_examples=150, deadline=None)
@given(
    spoils=st.lists(st.tuples(st.sampled_from(ALL_PLACES), st.sampled_from(WRONG)), min_size=2, max_size=12),
    zone=st.sampled_from(["America/Denver", None, "Nowhere/At-All"]),
    as_written=st.booleans(),
)
def test_many_wrong_values_never_raise(spoils, zone, as_written):
    resources = copy.deepcopy(dict(RICH.resources))
    for path, value in spoils:
        node: Any = resources
        try:
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    kept = dataclasses.replace(RICH, resources=resources)
    assert isinstance(read_visit(kept, reading(zone=zone, times_as_written=as_written)), Visit)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["Encounter/e1", "#"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["reference", "coding", "code", "system", "value", "encounter", "start"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(ALL_PLACES), value=JSON)
def test_any_json_anywhere_never_raises(path, value):
    assert isinstance(read_visit(spoilt(path, value), reading()), Visit)


def billing_facts(visit: Visit) -> dict[str, object]:
    """Whatever a claim is made of."""
    kept = ("problems", "last_changed", "restricted")
    return {f.name: getattr(visit, f.name) for f in dataclasses.fields(visit) if f.name not in kept}


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from([path for path in ALL_PLACES if len(path) > 1 and path[0] != "Procedure/a3"]),  # no visit's
    value=st.sampled_from([5, True, ["x"], {"a": 1}]),
)
def test_a_wrong_type_that_changes_what_would_be_billed_is_told(path, value):
    """If the wrong type takes something away from what a claim is made of, some problem says so."""
    original: Any = RICH.resources
    for step in path:
        original = original[step]
    assume(type(value) is not type(original))
    before, after = read_visit(RICH, reading()), read_visit(spoilt(path, value), reading())
    if billing_facts(before) != billing_facts(after):
        assert set(after.problems) - set(before.problems)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("Encounter/e1", "subject"), "Patient/p1"),
        (("Encounter/e1", "diagnosis"), {"condition": ref("Condition/d1")}),
        (("Encounter/e1", "period"), None),
        (("Procedure/a1", "status"), ["completed"]),
        (("Procedure/a1", "code"), "97124"),
        (("Procedure/a1", "encounter"), "Encounter/e1"),
        (("Procedure/a1", "encounter", "reference"), 1),
        (("Procedure/a1", "performer"), ref("Practitioner/t1")),
        (("Procedure/a1", "extension", 0, "valueDuration", "value"), "30"),
        (("Procedure/a1", "performedPeriod", "start"), 1763658000),
        (("Procedure/a1",), "not a resource"),
        (("Procedure/a1", "resourceType"), "Patient"),
        (("Coverage/c1", "subscriberId"), 123456789),
        (("Coverage/c1", "period", "end"), "soon"),
        (("Coverage/c1", "order"), "1"),
        (("Condition/d1", "code", "coding"), concept(names.ICD10CM, "M54.50")),
        (("Practitioner/t1", "identifier", 0, "value"), 1234567893),
        (("Observation/b1", "valueQuantity", "value"), "30"),
        (("Account/k1", "coverage", 0, "coverage", "reference"), None),
        (("Location/l1", "type"), "11"),
        (("Appointment/m1", "start"), False),
    ],
)
def test_what_is_malformed_is_named_and_holds(path, value):
    visit = read_visit(spoilt(path, value), reading())
    about = {problem.about for problem in visit.problems if problem.rule == "record-readable"}
    assert about == {path[0]}
    assert all(problem.result is Result.FAIL for problem in visit.problems if problem.rule == "record-readable")


def test_a_malformed_resource_of_another_visit_does_not_matter():
    elsewhere = {"encounter": ref("Encounter/e2")}
    visit = read(
        *sound(),
        encounter("e2", subject=5),
        procedure("z1", **elsewhere, status=1, code="x", performer="y"),
        condition("z2", **elsewhere, verificationStatus=1),
        observation("z3", **elsewhere, partOf="Procedure/z1", valueQuantity=1),
        claim("z4", item=[{"encounter": [ref("Encounter/e2")]}], status=1, identifier="x"),
        coverage("z5", beneficiary=ref("Patient/p2"), period=1),
        practitioner("z6", identifier="x"),
        location("z7", type="x"),
    )
    assert visit == read(*sound())


@pytest.mark.parametrize("link", [None, {"reference": 5}, 7, {"identifier": "x"}])
def test_a_procedure_whose_encounter_cannot_be_read_holds_the_visit_of_its_day(link):
    that_day = read(*sound(), procedure("z1", encounter=link))
    assert {problem.about for problem in that_day.problems} == {"Procedure/z1"}
    no_day = read(*sound(), procedure("z1", encounter=link, performedDateTime=...))
    assert {problem.about for problem in no_day.problems} == {"Procedure/z1"}
    other_day = read(*sound(), procedure("z1", encounter=link, performedDateTime="2026-11-19"))
    assert other_day.problems == ()


def test_deep_nesting_ends():
    deep: Any = {}
    for _ in range(5000):
        deep = {"provision": [deep], "contained": [deep]}
    visit = read(encounter(), procedure(), consent(provision=deep), {"resourceType": "Claim", "id": "q", "item": deep})
    assert visit.restricted == "Consent/n1"
