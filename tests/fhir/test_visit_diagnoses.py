"""Diagnoses in their order, each once; and what they say of an accident."""

from __future__ import annotations

from datetime import date

import pytest

from builders import concept, condition, encounter, problems, procedure, read, ref
from massage_billing.fhir import names
from massage_billing.model import Accident, Diagnosis

ICD10 = "http://hl7.org/fhir/sid/icd-10"


def codes(*resources, **encounter_changes):
    visit = read(encounter(**encounter_changes), *resources)
    assert visit.problems == ()
    return [diagnosis.code for diagnosis in visit.diagnoses]


def verification(code):
    return {"verificationStatus": concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", code)}


def test_the_order_of_diagnoses():
    visit = read(
        encounter(
            diagnosis=[
                {"condition": ref("Condition/d3")},
                {"condition": ref("Condition/d2"), "rank": 2},
                {"condition": ref("Condition/d1"), "rank": 1},
                {"condition": ref("Procedure/a1"), "rank": 3},
            ],
            reasonCode=[concept(names.ICD10CM, "R51.9")],
            reasonReference=[ref("Condition/d7")],
        ),
        procedure("a1", reasonCode=[concept(names.ICD10CM, "M62.830")], reasonReference=[ref("Condition/d5")]),
        procedure("a2", "97112", reasonCode=[concept(names.ICD10CM, "G44.209")]),
        procedure("a3", "97140", status="not-done", reasonCode=[concept(names.ICD10CM, "S16.1XXA")]),
        condition("d1", "M54.50"),
        condition("d2", "M54.2"),
        condition("d3", "M79.18"),
        condition("d4", "M25.511", encounter=ref("Encounter/e1")),
        condition("d5", "M99.01"),
        condition("d6", "Z00.00"),
        condition("d7", "F43.9"),
    )
    assert visit.diagnoses == (
        Diagnosis("M54.50", "Condition/d1"),
        Diagnosis("M54.2", "Condition/d2"),
        Diagnosis("M79.18", "Condition/d3"),
        Diagnosis("M25.511", "Condition/d4"),
        Diagnosis("M99.01", "Condition/d5"),
        Diagnosis("M62.830", "Procedure/a1"),
        Diagnosis("G44.209", "Procedure/a2"),
        Diagnosis("F43.9", "Condition/d7"),
        Diagnosis("R51.9", "Encounter/e1"),
    )
    assert [service.diagnoses for service in visit.services] == [("M99.01", "M62.830"), ("G44.209",), ("S16.1XXA",)]


def test_each_code_once_the_first_place_kept():
    visit = read(encounter(), procedure(reasonCode=[concept(ICD10, "M54.50")]))
    assert visit.diagnoses == (Diagnosis("M54.50", "Condition/d1"),)
    assert visit.services[0].diagnoses == ("M54.50",)


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_a_condition_that_was_taken_back_never_counts(status):
    taken_back = condition(encounter=ref("Encounter/e1"), **verification(status))
    assert codes(taken_back, procedure(reasonReference=[ref("Condition/d1")])) == []


@pytest.mark.parametrize("status", ["confirmed", "unconfirmed", "provisional", "differential"])
def test_other_verification_statuses_count(status):
    assert codes(condition(**verification(status)), procedure()) == ["M54.50"]


@pytest.mark.parametrize(
    ("system", "written", "expected"),
    [
        (names.ICD10CM, "M54.50", "M54.50"),
        ("urn:oid:2.16.840.1.113883.6.90", "M54.50", "M54.50"),
        (ICD10, "M54.50", "M54.50"),
        (ICD10, "ICD10:M54.50", "M54.50"),
        (names.ICD10CM, "m5450", "M54.50"),
        (names.ICD10CM, " S16.1XXA ", "S16.1XXA"),
        (names.ICD10CM, "I10", "I10"),
        (names.ICD10CM, "QA0.0101", "QA0.0101"),
    ],
)
def test_how_a_code_may_be_written(system, written, expected):
    assert codes(condition(code=concept(system, written)), procedure()) == [expected]


def test_icd_10_cm_outranks_icd_10_in_one_concept():
    both = {"coding": [*concept(ICD10, "M54.5")["coding"], *concept(names.ICD10CM, "M54.50")["coding"]]}
    assert codes(condition(code=both), procedure()) == ["M54.50"]


@pytest.mark.parametrize("code", [{"text": "Low back pain"}, concept(names.SNOMED, "279039007"), None])
def test_other_codes_are_no_diagnosis(code):
    assert codes(condition(code=code), procedure()) == []


def test_a_code_that_cannot_be_one_is_unreadable():
    visit = read(encounter(), procedure(), condition(code=concept(names.ICD10CM, "back pain")))
    assert [p.about for p in problems(visit, "record-readable")] == ["Condition/d1"]


def test_a_contained_condition():
    inside = condition("x", "M54.2")
    found = read(encounter(diagnosis=[{"condition": ref("#x")}], contained=[inside]), procedure())
    assert found.diagnoses == (Diagnosis("M54.2", "Encounter/e1#x"),)


@pytest.mark.parametrize("missing", ["Condition/d9", "#x"])
def test_a_diagnosis_that_the_host_did_not_give_is_told(missing):
    visit = read(encounter(diagnosis=[{"condition": ref(missing)}]), procedure())
    assert [p.about for p in problems(visit, "record-readable")] == ["Encounter/e1"]


def test_a_reason_that_is_no_condition_is_passed_over():
    assert codes(procedure(reasonReference=[ref("Observation/b9")]), reasonReference=[ref("DiagnosticReport/z")]) == [
        "M54.50"
    ]


@pytest.mark.parametrize("link", [None, "Encounter/e1", {"reference": 3}])
def test_a_condition_whose_encounter_cannot_be_read_is_told(link):
    visit = read(encounter(), procedure(), condition("d4", "M54.2", encounter=link))
    assert [p.about for p in problems(visit, "record-readable")] == ["Condition/d4"]


def test_but_not_if_it_was_recorded_on_another_day():
    other_day = condition("d4", "M54.2", encounter={"reference": 3}, recordedDate="2026-10-01")
    assert codes(procedure(), other_day) == ["M54.50"]


# --- onset and accident ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"onsetDateTime": "2026-11-01"}, date(2026, 11, 1)),
        ({"onsetDateTime": "2026-11-02T02:00:00Z"}, date(2026, 11, 1)),
        ({"onsetPeriod": {"start": "2026-10-30"}}, date(2026, 10, 30)),
        ({"onsetDateTime": "2026-11"}, None),
        ({"onsetString": "last summer"}, None),
        ({}, None),
    ],
)
def test_onset(changes, expected):
    assert read(encounter(), procedure(), condition(**changes)).onset == expected


def accident(*resources, **encounter_changes):
    return read(encounter(**encounter_changes), procedure(), *resources).accident


def test_no_accident():
    assert accident() is None
    assert accident(condition(code=concept(names.ICD10CM, "S13.4XXA"))) is None  # an injury by itself
    assert accident(condition(code=concept(names.ICD10CM, "W19.XXXA"))) is None  # a fall


@pytest.mark.parametrize(
    ("code", "kind"), [("V43.52XA", "MVA"), ("V03.10XA", "MVA"), ("V95.00XA", None), ("Y99.0", "WPA")]
)
def test_an_external_cause_among_the_diagnoses(code, kind):
    found = accident(condition("d2", code, encounter=ref("Encounter/e1"), onsetDateTime="2026-11-03"))
    assert found == Accident("Condition/d2", date(2026, 11, 3), kind)


def test_an_external_cause_as_a_procedures_reason():
    visit = read(encounter(), procedure(reasonCode=[concept(names.ICD10CM, "V43.52XA")]))
    assert visit.accident == Accident("Procedure/a1", None, "MVA")


def test_the_reason_of_what_was_not_done_is_no_evidence():
    crash = {"reasonCode": [concept(names.ICD10CM, "V43.52XA")], "reasonReference": [ref("Condition/d2")]}
    visit = read(encounter(), procedure(status="not-done", **crash), condition("d2", "Y99.0"))
    assert visit.accident is None


def test_an_accident_type_on_the_encounter():
    assert accident(type=[concept(names.ACT_CODE, "WPA")]) == Accident("Encounter/e1", None, "WPA")


def test_what_a_condition_is_due_to():
    due = {"url": "http://hl7.org/fhir/StructureDefinition/condition-dueTo",
           "valueCodeableConcept": concept(names.ICD10CM, "V43.52XA")}  # fmt: skip
    assert accident(condition(extension=[due])) == Accident("Condition/d1", None, "MVA")


def test_an_accident_on_the_problem_list_alone_is_not_this_visits():
    assert accident(condition("d2", "V43.52XA")) is None
    assert accident(condition("d2", "V43.52XA", encounter=ref("Encounter/e2"))) is None


def test_a_refuted_accident_is_none():
    refuted = condition("d2", "V43.52XA", encounter=ref("Encounter/e1"), **verification("refuted"))
    assert accident(refuted) is None
