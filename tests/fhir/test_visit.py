"""A sound record becomes a whole visit; references of every kind lead to its parts; statuses are told apart."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from builders import (
    NPI,
    OTHER_NPI,
    TAXONOMY,
    ZONE,
    account,
    appointment,
    at,
    claim,
    concept,
    condition,
    coverage,
    encounter,
    location,
    patient_identifier,
    practitioner,
    problems,
    procedure,
    read,
    reading,
    record,
    ref,
    rules,
    service_request,
    sound,
)
from massage_billing.fhir import names
from massage_billing.fhir.keys import visit_key
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Diagnosis, MinuteSource, Result, Therapist
from massage_billing.ports import VisitRecord

URN = "urn:uuid:5f1b8c1e-0000-4000-8000-000000000001"
BASE = "https://ehr.example.org/fhir"


def test_a_sound_record_has_no_problem():
    visit = read(*sound())
    assert visit.problems == ()
    assert (visit.host, visit.encounter, visit.status, visit.patient) == ("clinic", "e1", "finished", "Patient/p1")
    assert (visit.date, visit.date_end) == (date(2026, 11, 20), date(2026, 11, 20))
    assert visit.start == datetime(2026, 11, 20, 10, tzinfo=ZoneInfo(ZONE))
    assert (visit.site, visit.place_of_service) == ("Location/l1", "11")
    assert (visit.organization, visit.organization_npi) == ("Organization/o1", OTHER_NPI)
    assert visit.diagnoses == (Diagnosis("M54.50", "Condition/d1"),)
    assert visit.last_changed == datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    first, second = visit.services
    assert (first.procedure, first.code, first.minutes, first.minute_source) == (
        "a1",
        "97124",
        30,
        MinuteSource.EXTENSION,
    )
    assert first.therapist == Therapist("Practitioner/t1", NPI, (TAXONOMY,))
    assert (second.procedure, second.code, second.minutes) == ("a2", "97112", 15)


def test_the_order_of_resources_does_not_matter():
    forwards = record(*sound())
    backwards = dataclasses.replace(forwards, resources=dict(reversed(forwards.resources.items())))
    assert read_visit(forwards, reading()) == read_visit(backwards, reading())


def test_shared_translations_change_nothing():
    shared = Shared()
    kept = record(*sound())
    alone = read_visit(kept, reading())
    assert read_visit(kept, reading(), shared) == alone
    assert read_visit(kept, reading(), shared) == alone


def test_a_shared_resource_that_is_faulty_holds_every_visit_that_uses_it():
    shared = Shared()
    kept = record(*sound()[:3], practitioner(identifier="1234567893"))
    for _ in range(2):
        visit = read_visit(kept, reading(), shared)
        assert [problem.about for problem in problems(visit, "record-readable")] == ["Practitioner/t1"]


# --- what belongs to the visit --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        ref("Encounter/e1"),
        ref("Encounter/e1/_history/4"),
        ref(f"{BASE}/Encounter/e1"),
        ref(URN),
        {"identifier": patient_identifier("visit-77")},
    ],
)
def test_procedures_by_every_kind_of_reference_to_the_encounter(link):
    visit = read(
        encounter(identifier=[patient_identifier("visit-77")]),
        procedure("a1", encounter=link),
        aliases={URN: "Encounter/e1", f"{BASE}/Encounter/e1": "Encounter/e1"},
    )
    assert [service.procedure for service in visit.services] == ["a1"]
    assert visit.problems == ()


def test_other_visits_of_the_same_patient_are_left_out():
    other = {"encounter": ref("Encounter/e2")}
    visit = read(
        *sound(),
        encounter("e2"),
        procedure("z1", **other),
        condition("z2", "M79.1", **other),
        claim("z3", item=[{"encounter": [ref("Encounter/e2")]}]),
    )
    assert visit == read(*sound())


def test_every_procedure_becomes_a_service_whatever_its_status():
    statuses = ["completed", "not-done", "entered-in-error", "stopped", "in-progress", "unknown"]
    visit = read(encounter(), *(procedure(f"a{n}", status=status) for n, status in enumerate(statuses)))
    assert [service.status for service in visit.services] == statuses


@pytest.mark.parametrize("status", ["not-done", "entered-in-error", "stopped"])
def test_what_was_not_done_has_no_problems_of_its_own(status):
    visit = read(encounter(), procedure("a1"), procedure("a2", None, None, status=status, performer=...))
    assert visit.problems == ()


# --- finished? ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["cancelled", "planned", "entered-in-error"])
def test_a_visit_that_did_not_take_place(status):
    visit = read(encounter(status=status), procedure())
    assert [(p.result, p.key) for p in problems(visit, "visit-finished")] == [(Result.FAIL, "not-performed")]


@pytest.mark.parametrize("status", ["arrived", "triaged", "in-progress", "onleave"])
def test_a_visit_that_is_not_over(status):
    visit = read(encounter(status=status), procedure())
    assert [(p.result, p.key) for p in problems(visit, "visit-finished")] == [(Result.FAIL, "in-progress")]


@pytest.mark.parametrize("status", ["unknown", "done", ...])
def test_a_visit_whose_status_says_nothing(status):
    visit = read(encounter(status=status), procedure())
    assert [(p.result, p.key) for p in problems(visit, "visit-finished")] == [(Result.NO_DATA, "status-unknown")]


@pytest.mark.parametrize("status", ["preparation", "in-progress", "on-hold"])
def test_a_procedure_that_is_not_over(status):
    visit = read(encounter(), procedure("a1"), procedure("a2", "97112", status=status))
    assert [(p.about, p.key) for p in problems(visit, "visit-finished")] == [("Procedure/a2", "procedure-open")]


@pytest.mark.parametrize("status", ["unknown", "finished", ...])
def test_a_procedure_whose_status_says_nothing(status):
    visit = read(encounter(), procedure(status=status))
    assert [(p.about, p.key) for p in problems(visit, "visit-finished")] == [("Procedure/a1", "status-unknown")]


def test_finished_without_a_procedure_is_missed_revenue():
    assert [p.key for p in problems(read(encounter()), "service-recorded")] == ["no-charge-capture"]
    assert problems(read(encounter(status="in-progress")), "service-recorded") == []


# --- for whom -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [..., {"display": "somebody"}, ref("Practitioner/t1"), ref("#p")])
def test_an_encounter_that_names_no_patient(subject):
    visit = read(encounter(subject=subject), procedure(), coverage())
    assert visit.patient is None
    assert visit.coverages == ()
    assert [p.result for p in problems(visit, "patient-named")] == [Result.NO_DATA]


def test_a_patient_by_logical_identifier():
    patient = {"resourceType": "Patient", "id": "p1", "identifier": [patient_identifier("5")]}
    visit = read(encounter(subject={"identifier": patient_identifier("5")}), procedure(), patient, coverage())
    assert visit.patient == "Patient/p1"
    assert len(visit.coverages) == 1


def test_a_procedure_of_another_patient():
    visit = read(encounter(), procedure(subject=ref("Patient/p2")))
    assert [(p.about, p.key) for p in problems(visit, "patient-named")] == [("Procedure/a1", "another-patient")]


def test_a_group_session():
    visit = read(encounter(subject=ref("Group/g1")), procedure())
    assert [p.key for p in problems(visit, "one-to-one")] == ["group"]
    assert rules(visit) == ["one-to-one", "patient-named"]
    assert visit.patient is None


def test_an_appointment_of_several_patients_is_a_group_session():
    def both(status: str) -> dict:
        patients = [{"actor": ref("Patient/p1")}, {"actor": ref("Patient/p2"), "status": status}]
        return appointment(participant=[*patients, {"actor": ref("Practitioner/t1")}])

    booked = encounter(appointment=[ref("Appointment/m1")])
    assert [p.key for p in problems(read(booked, procedure(), both("accepted")), "one-to-one")] == ["several-patients"]
    assert problems(read(booked, procedure(), both("declined")), "one-to-one") == []


# --- where ----------------------------------------------------------------------------------------------------------


def test_place_of_service_from_the_cms_type():
    assert read(encounter(), procedure(), location(place="12")).place_of_service == "12"


def test_the_cms_type_outranks_map_and_settings():
    both = [concept(names.PLACE_OF_SERVICE, "12"), concept(names.V3_ROLE_CODE, "PROFF")]
    visit = read(
        encounter(),
        procedure(),
        location(type=both),
        place_map={(names.V3_ROLE_CODE, "PROFF"): "11"},
        site_places={"l1": "49"},
        place_of_service="99",
    )
    assert visit.place_of_service == "12"


def test_place_of_service_through_the_concept_map_then_the_site_then_the_clinic():
    mobile = location(type=[concept(names.V3_ROLE_CODE, "MOBL")])
    settings = {"site_places": {"l1": "49"}, "place_of_service": "99"}
    mapped = {(names.V3_ROLE_CODE, "MOBL"): "15"}
    assert read(encounter(), procedure(), mobile, place_map=mapped, **settings).place_of_service == "15"
    assert read(encounter(), procedure(), mobile, **settings).place_of_service == "49"
    assert read(encounter(), procedure(), mobile, place_of_service="99").place_of_service == "99"


def test_place_of_service_and_zone_of_the_building_that_a_room_is_part_of():
    room = location("room", place=None, partOf=ref("Location/l1"))
    there = encounter(location=[{"location": ref("Location/room")}], period={"start": "2026-11-21T05:30:00Z"})
    visit = read(there, procedure(performedDateTime=...), room, zone="America/New_York", site_zones={"l1": ZONE})
    assert (visit.site, visit.place_of_service, visit.date) == ("Location/room", "11", date(2026, 11, 20))


def test_state_of_the_location_else_of_what_it_is_part_of():
    there = {"address": {"state": " wa "}}
    assert read(encounter(), procedure(), location(**there)).state == "WA"
    room = location("room", partOf=ref("Location/l1"))
    in_room = encounter(location=[{"location": ref("Location/room")}])
    assert read(in_room, procedure(), room, location(**there)).state == "WA"


@pytest.mark.parametrize("address", [..., {}, {"state": "Washington"}, {"state": "W1"}])
def test_a_state_that_is_not_two_letters_is_none(address: Any):
    assert read(encounter(), procedure(), location(address=address)).state is None


def test_a_circle_of_locations_ends():
    visit = read(encounter(), procedure(), location(place=None, partOf=ref("Location/l1")))
    assert [p.about for p in problems(visit, "place-of-service")] == ["Location/l1"]


def test_no_place_of_service():
    visit = read(encounter(), procedure(), location(place=None))
    assert visit.place_of_service is None
    assert [(p.result, p.about) for p in problems(visit, "place-of-service")] == [(Result.NO_DATA, "Location/l1")]


def test_two_places_of_service_are_none():
    visit = read(encounter(), procedure(), location(type=[concept(names.PLACE_OF_SERVICE, "11", "12")]))
    assert visit.place_of_service is None
    assert [p.result for p in problems(visit, "place-of-service")] == [Result.FAIL]


def test_a_planned_location_is_passed_over():
    places = [{"location": ref("Location/l2"), "status": "planned"}, {"location": ref("Location/l1")}]
    assert read(encounter(location=places), procedure()).site == "Location/l1"


def test_the_procedures_location_stands_in_for_the_encounters():
    visit = read(encounter(location=...), procedure(location=ref("Location/l1")))
    assert (visit.site, visit.place_of_service) == ("Location/l1", "11")


# --- orders, claims -------------------------------------------------------------------------------------------------


def test_the_referral_is_the_order_of_the_services():
    visit = read(
        encounter(basedOn=[ref("ServiceRequest/s2")]),
        procedure(basedOn=[ref("CarePlan/q"), ref("ServiceRequest/s1")]),
        service_request(),
        service_request("s2"),
        practitioner("t2", OTHER_NPI),
    )
    assert visit.services[0].order == "ServiceRequest/s1"
    assert visit.referral.id == "ServiceRequest/s1"
    assert (visit.referral.requester, visit.referral.requester_npi) == ("Practitioner/t2", OTHER_NPI)


def test_the_encounters_order_stands_in():
    visit = read(encounter(basedOn=[ref("ServiceRequest/s1")]), procedure(), service_request())
    assert visit.referral.id == "ServiceRequest/s1"
    assert visit.referral.requester == "Practitioner/t2"


def test_an_order_entered_in_error_is_none():
    visit = read(encounter(basedOn=[ref("ServiceRequest/s1")]), procedure(), service_request(status="entered-in-error"))
    assert visit.referral is None


def test_the_authorization_of_a_granted_preauthorization():
    granted = {"resourceType": "ClaimResponse", "id": "y1", "status": "active", "use": "preauthorization",
               "outcome": "complete", "preAuthRef": "AUTH-7"}  # fmt: skip
    order = service_request(insurance=[ref("ClaimResponse/y1")])
    visit = read(encounter(), procedure(basedOn=[ref("ServiceRequest/s1")]), order, granted)
    assert (visit.authorization, visit.referral.authorization) == ("AUTH-7", "AUTH-7")
    refused = {**granted, "outcome": "error"}
    assert read(encounter(), procedure(basedOn=[ref("ServiceRequest/s1")]), order, refused).authorization is None


def test_somebody_elses_claim_is_foreign():
    visit = read(encounter(), procedure(), claim("x1"), claim("x2", status="draft"))
    assert [(each.id, each.status) for each in visit.foreign_claims] == [("Claim/x1", "active"), ("Claim/x2", "draft")]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "cancelled"},
        {"status": "entered-in-error"},
        {"use": "preauthorization"},
        {"identifier": [{"system": names.SID_VISIT_KEY, "value": visit_key(reading().host, "e1")}]},
        {"item": [{"encounter": [ref("Encounter/e2")]}]},
        {"item": ...},
    ],
)
def test_dead_other_and_own_claims_are_not_foreign(changes):
    assert read(encounter(), procedure(), claim(**changes)).foreign_claims == ()


def test_a_claim_of_this_program_under_another_host_id_is_foreign():
    key = {"system": names.SID_VISIT_KEY, "value": visit_key("the-old-name", "e1")}
    visit = read(encounter(), procedure(), claim(identifier=[key]))
    assert [each.id for each in visit.foreign_claims] == ["Claim/x1"]


# --- what the host could not give -----------------------------------------------------------------------------------


def test_a_record_without_its_encounter():
    visit = read_visit(VisitRecord("e1", {"Procedure/a1": procedure()}), reading())
    assert (visit.encounter, visit.status, visit.patient) == ("e1", "unknown", None)
    assert rules(visit) == ["record-readable"]


def test_what_the_host_found_unreadable_is_told():
    visit = read_visit(record(*sound(), unreadable=(("Procedure/a9", "is not JSON"),)), reading())
    assert [(p.about, p.detail) for p in visit.problems] == [("Procedure/a9", "Procedure/a9 is not JSON.")]


def test_details_name_no_values():
    visit = read(encounter(subject={"reference": ["Jane Doe"]}, status=5), procedure(code="secret", performer="Jane"))
    told = " ".join(problem.detail for problem in visit.problems)
    assert "Jane" not in told
    assert "secret" not in told
    assert "Encounter/e1 cannot be read" in told


def test_times_of_the_visit_do_not_depend_on_the_machine(monkeypatch):
    before = read(*sound())
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert read(*sound()) == before
    assert before.start == datetime.fromisoformat(at("10:00"))


# --- records of somebody else, and what is missing --------------------------------------------------------------------

OTHERS = {"subject": ref("Patient/p2")}


def anothers(visit):
    return [(p.about, p.result) for p in problems(visit, "patient-named") if p.key == "another-patient"]


def test_a_condition_of_another_patient():
    assert anothers(read(encounter(), procedure(), condition(**OTHERS))) == [("Condition/d1", Result.FAIL)]
    assert anothers(read(encounter(), procedure(), condition(subject=...))) == []


def test_a_contained_condition_needs_no_subject():
    inner = {"resourceType": "Condition", "id": "x", "code": concept(names.ICD10CM, "M54.2")}
    visit = read(encounter(contained=[inner], diagnosis=[{"condition": ref("#x")}]), procedure())
    assert visit.problems == ()


def test_an_order_of_another_patient():
    based = procedure(basedOn=[ref("ServiceRequest/s1")])
    visit = read(encounter(), based, service_request(**OTHERS), practitioner("t2", OTHER_NPI))
    assert anothers(visit) == [("ServiceRequest/s1", Result.FAIL)]


def test_an_account_of_other_patients_only():
    def charged(*subjects):
        tied = account("k1", "Coverage/c1", subject=[ref(one) for one in subjects])
        return anothers(read(encounter(account=[ref("Account/k1")]), procedure(), coverage(), tied))

    assert charged("Patient/p2") == [("Account/k1", Result.FAIL)]
    assert charged("Patient/p2", "Patient/p1") == charged("Organization/o1") == charged() == []


@pytest.mark.parametrize("status", ["revoked", "entered-in-error", "unknown"])
def test_an_order_that_was_taken_back_is_none(status):
    based = procedure(basedOn=[ref("ServiceRequest/s1")])
    insured = {"insurance": [ref("Coverage/c1")]}
    taken_back = read(encounter(), based, coverage(), service_request(status=status, **insured))
    assert (taken_back.referral, taken_back.coverages[0].linked) == (None, None)
    live = read(encounter(), based, coverage(), service_request(status="on-hold", **insured))
    assert live.coverages[0].linked == "ServiceRequest/s1"


@pytest.mark.parametrize("place", ["zz", "1", "111", "\u0661\u0661"])
def test_a_place_of_service_that_is_no_number_of_two_digits(place):
    visit = read(encounter(), procedure(), location(place=place))
    assert visit.place_of_service is None
    assert [(p.result, p.key) for p in problems(visit, "place-of-service")] == [(Result.FAIL, "no-number")]


def test_an_appointment_that_is_not_given_is_told():
    visit = read(encounter(appointment=[ref("Appointment/m9")]), procedure())
    assert [(p.rule, p.result, p.key) for p in visit.problems] == [("record-readable", Result.NO_DATA, "appointment")]
    assert read(encounter(appointment=[{"display": "by phone"}]), procedure()).problems == ()


def test_two_npis_that_differ_are_told_from_none():
    two = [{"system": names.NPI, "value": value} for value in (NPI, OTHER_NPI)]
    (service,) = read(encounter(), procedure(), practitioner(identifier=two)).services
    assert (service.therapist.npi, service.therapist.npis_differ) == (None, True)
    (service,) = read(encounter(), procedure(), practitioner(identifier=...)).services
    assert (service.therapist.npi, service.therapist.npis_differ) == (None, False)
