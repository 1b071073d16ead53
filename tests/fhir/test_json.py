"""Reading values leniently: wrong types are absent, and are named by path and never by value."""

from __future__ import annotations

from decimal import Decimal

import pytest

from massage_billing.fhir import json as fj


@pytest.mark.parametrize(
    ("accessor", "good", "value"),
    [
        (fj.text, "active", "active"),
        (fj.child, {"a": 1}, {"a": 1}),
        (fj.children, [{"a": 1}], [{"a": 1}]),
        (fj.number, 22.5, Decimal("22.5")),
        (fj.number, 22, Decimal("22")),
        (fj.whole, 3, 3),
        (fj.flag, False, False),
    ],
)
def test_the_right_type_is_read(accessor, good, value):
    faults = fj.Faults("Procedure/1", {"x": good})
    assert accessor({"x": good}, "x", faults) == value
    assert not faults


@pytest.mark.parametrize("accessor", [fj.text, fj.child, fj.children, fj.number, fj.whole, fj.flag])
def test_what_is_absent_is_no_fault(accessor):
    faults = fj.Faults("Procedure/1", {})
    assert not accessor({}, "x", faults)
    assert not faults


WRONG = {
    fj.text: [1, True, None, [], {}, 1.5],
    fj.child: ["a", 1, None, [], True],
    fj.children: ["a", 1, None, {}, True],
    fj.number: ["60", None, [], {}, True, float("nan"), float("inf")],
    fj.whole: ["1", None, 1.5, True, []],
    fj.flag: ["true", 1, 0, None],
}


@pytest.mark.parametrize(("accessor", "bad"), [(a, bad) for a, values in WRONG.items() for bad in values])
def test_a_wrong_type_is_absent_and_noted(accessor, bad):
    resource = {"x": bad}
    faults = fj.Faults("Procedure/1", resource)
    assert not accessor(resource, "x", faults)
    assert len(list(faults)) == 1


def test_the_empty_string_is_absent():
    faults = fj.Faults("Procedure/1", {"x": ""})
    assert fj.text({"x": ""}, "x", faults) is None
    assert not faults


def test_entries_that_are_no_objects_are_left_out_and_named():
    resource = {"performer": [{"actor": {}}, "Practitioner/1", None]}
    faults = fj.Faults("Procedure/1", resource)
    assert fj.children(resource, "performer", faults) == [{"actor": {}}]
    assert list(faults) == ["performer[1] is not an object", "performer[2] is not an object"]


def test_a_fault_names_the_path_in_its_resource_and_no_value():
    resource = {"performer": [{"actor": {}}, {"actor": {"reference": 88123}}]}
    faults = fj.Faults("Procedure/1", resource)
    fj.text(resource["performer"][1]["actor"], "reference", faults)
    assert list(faults) == ["performer[1].actor.reference is not a string"]


def test_a_fault_met_twice_is_told_once():
    resource = {"status": 1}
    faults = fj.Faults("Procedure/1", resource)
    fj.text(resource, "status", faults)
    fj.text(resource, "status", faults)
    assert list(faults) == ["status is not a string"]


def test_a_key_that_is_no_element_name_is_not_repeated():
    inner = {"x": 1}
    resource = {"Jane Doe 1970-01-01": inner}
    faults = fj.Faults("Patient/1", resource)
    fj.text(inner, "x", faults)
    assert list(faults) == ["?.x is not a string"]


def test_codings_need_a_code_and_may_lack_a_system():
    concept = {"coding": [{"system": "a", "code": "1"}, {"code": "2"}, {"system": "b"}]}
    assert fj.codings(concept) == [("a", "1"), ("", "2")]
