"""How coming appointments are read: how many requests it takes, what stands in URLs, and what else wakes a visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pytest_httpserver import HTTPServer

from builders import coverage, encounter, practitioner, ref, service_request
from contract.host_contract import clinic, first_run
from contract.schedule_contract import booked, calendar, granted, preauthorization
from hosts.mini_fhir import MiniFhir
from hosts.mini_openemr import MiniOpenEmr
from massage_billing.errors import HostError
from massage_billing.fhir.visit import read_visit
from massage_billing.hosts.fhir_server import FhirServer
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.hosts.folder import FolderHost
from massage_billing.hosts.openemr import OpenEmr
from massage_billing.model import PaperKind, Reading

Json = dict[str, Any]
FIRST, LAST = date(2026, 12, 1), date(2026, 12, 3)


@pytest.fixture
def server(httpserver: HTTPServer) -> MiniFhir:
    return MiniFhir(httpserver)


@pytest.fixture
def host(server: MiniFhir) -> Iterator[FhirServer]:
    host = FhirServer("clinic", server.base, settings=FhirSettings(overlap=0))
    yield host
    host.close()


def full(server: MiniFhir, appointments: int) -> None:
    """A day of so many appointments, each of a patient with a coverage, an order and an authorization of their own."""
    for one in calendar():
        if one["resourceType"] not in ("Appointment", "Encounter"):
            server.store.put(one)
    for number in range(appointments):
        patient = ref(f"Patient/n{number}")
        server.store.put({"resourceType": "Patient", "id": f"n{number}"})
        server.store.put(practitioner(f"w{number % 9}"))
        server.store.put(coverage(f"n{number}", beneficiary=patient, subscriber=patient))
        server.store.put(service_request(f"n{number}", subject=patient))
        server.store.put({**preauthorization(f"n{number}"), "patient": patient})
        server.store.put({**granted(f"n{number}", f"Claim/n{number}"), "patient": patient})
        actors = [f"Patient/n{number}", f"Practitioner/w{number % 9}", "Location/l1"]
        people = [{"actor": ref(one), "status": "accepted"} for one in actors]
        server.store.put(booked(f"n{number:04}", "02", f"Patient/n{number}", participant=people))


def asked(server: MiniFhir, host: FhirServer, appointments: int) -> Counter[str]:
    """Requests by type that reading these appointments takes."""
    full(server, appointments)
    host.capabilities()
    _ = host.source.search.posts("Patient")
    before = len(server.requests)
    records = list(host.appointments(FIRST, LAST))
    assert len(records) == appointments
    assert all(f"ClaimResponse/n{int(one.appointment[1:])}" in one.resources for one in records)
    return Counter(path.partition("/")[0] for _, path, _, _ in server.requests[before:])


def test_a_page_takes_as_many_requests_however_full_it_is(server: MiniFhir, host: FhirServer) -> None:
    few = asked(server, host, 10)
    assert asked(server, host, 180) == few
    assert sum(few.values()) <= 20


def test_requests_grow_with_pages(server: MiniFhir, host: FhirServer) -> None:
    one, three = asked(server, host, 200), asked(server, host, 600)
    assert three["Appointment"] == 3 * one["Appointment"]
    assert sum(three.values()) <= 3 * sum(one.values())


def test_no_url_holds_patient_data(server: MiniFhir, host: FhirServer) -> None:
    for one in calendar():
        server.store.put(one)
    list(host.appointments(FIRST, LAST))
    list(host.appointments_by_id(["m1"]))
    host.seen_before(["Patient/p1", "Patient/p2"], FIRST)
    list(host.eligibility_responses(["CoverageEligibilityRequest/q1"]))
    urls = [str(query) for _, _, query, _ in server.requests]
    assert not any(word in url for url in urls for word in ("Synthetic", "SYN-0001", "name", "birth"))


def test_a_long_history_costs_no_more(server: MiniFhir, host: FhirServer) -> None:
    """Who was there before is told by the newest visits: the rest of a history is never paged through."""
    for number in range(60):
        for patient in ("p1", "p2"):
            day = date(2026, 1, 1) + timedelta(days=number)
            server.store.put(
                encounter(f"{patient}-{number}", meta=..., subject=ref(f"Patient/{patient}"),
                          period={"start": f"{day}T10:00:00-07:00"})
            )  # fmt: skip
    host = FhirServer("clinic", server.base, settings=FhirSettings(overlap=0, result_size=10))
    host.capabilities()
    before = len(server.requests)
    assert host.seen_before(["Patient/p1", "Patient/p2", "Patient/p3"], FIRST) == {"Patient/p1", "Patient/p2"}
    assert len(server.requests) - before <= 3
    host.close()


def test_who_was_there_cannot_be_told_without_a_search_for_visits_by_patient(httpserver: HTTPServer) -> None:
    server = MiniFhir(httpserver, unsearchable=frozenset({"Encounter.patient"}))
    with FhirServer("clinic", server.base) as host:
        assert host.seen_before(["Patient/p1"], FIRST) is None


def test_a_host_without_a_calendar_is_told_from_an_empty_day_and_says_so(httpserver: HTTPServer) -> None:
    server = MiniFhir(httpserver, unlisted=frozenset({"Appointment", "CoverageEligibilityRequest"}))
    with FhirServer("clinic", server.base) as host:
        for read in (host.appointments(FIRST, LAST), host.appointments_by_id(["m1"])):
            with pytest.raises(HostError, match=r"Host clinic offers no Appointment.*scopes.*check-host"):
                list(read)
        notes = host.capabilities().notes
        assert any("no Appointment" in note for note in notes)
        assert "It takes no CoverageEligibilityRequest: what payers answer about coverage is kept here only." in notes
        assert host.capabilities().takes_claims()


# --- preauthorizations and visits -------------------------------------------------------------------------------------


def test_a_visit_has_its_patients_preauthorizations(server: MiniFhir, host: FhirServer) -> None:
    for one in (*clinic(), preauthorization("pa1"), granted("pr1", "Claim/pa1")):
        server.store.put(one)
    visits = first_run(host)[0]
    papers = read_visit(visits["e1"], Reading(host="clinic", zone="America/Denver")).papers
    assert [(paper.number, paper.units) for paper in papers if paper.kind is PaperKind.AUTHORIZATION] == [("A7", 8)]
    assert not any("pa1" in key or "pr1" in key for key in visits["e3"].resources)


def test_a_new_answer_to_a_preauthorization_wakes_its_patients_visits(server: MiniFhir, host: FhirServer) -> None:
    for one in (*clinic(), preauthorization("pa1")):
        server.store.put(one)
    cursor = first_run(host)[1]
    server.store.put(granted("pr1", "Claim/pa1"))
    touched = {one.reference: one.patient for page in host.changes(cursor, None) for one in page.touched}
    assert touched["ClaimResponse/pr1"] == "Patient/p1"


def test_a_host_that_cannot_pick_claims_by_use_is_not_asked_for_all_of_them(httpserver: HTTPServer) -> None:
    server = MiniFhir(httpserver, unsearchable=frozenset({"Claim.use", "ClaimResponse.use"}))
    for one in (*clinic(), preauthorization("pa1"), granted("pr1", "Claim/pa1")):
        server.store.put(one)
    with FhirServer("clinic", server.base, settings=FhirSettings(overlap=0)) as host:
        assert "Claim/pa1" not in first_run(host)[0]["e1"].resources
        assert any("does not search Claims by use" in note for note in host.capabilities().notes)
    assert not any(name == "patient" for _, path, query, _ in server.requests for name, _ in query if path == "Claim")


# --- OpenEMR ----------------------------------------------------------------------------------------------------------


def test_what_openemr_fails_on_is_named_for_its_patient_alone(httpserver: HTTPServer) -> None:
    server = MiniOpenEmr(httpserver, breaks_on=frozenset({("Coverage", "p2")}))
    server.put(*(one for one in calendar() if one["resourceType"] in ("Appointment", "Patient", "Coverage")))
    with OpenEmr("clinic", server.base) as host:
        records = {one.appointment: one for one in host.appointments(FIRST, LAST)}
    assert [kind for kind, _ in records["m2"].unreadable] == ["Coverage"]
    assert records["m1"].unreadable == ()
    assert "Coverage/c1" in records["m1"].resources


# --- folder -----------------------------------------------------------------------------------------------------------


def folder(path: Path, *resources: Json) -> FolderHost:
    (path / "export").mkdir()
    (path / "export" / "all.ndjson").write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in resources))
    return FolderHost("clinic", path / "export", out=path / "out", work=path / "work")


def test_a_folders_visits_have_their_patients_preauthorizations(tmp_path: Path) -> None:
    other = {**preauthorization("pa2"), "patient": ref("Patient/p2")}
    host = folder(tmp_path, *clinic(), preauthorization("pa1"), other, granted("pr1", "Claim/pa1"))
    visits = first_run(host)[0]
    assert {"Claim/pa1", "ClaimResponse/pr1"} <= visits["e1"].resources.keys()
    assert {"Claim/pa1", "ClaimResponse/pr1"}.isdisjoint(visits["e3"].resources)
    assert "Claim/x1" not in visits["e2"].resources, "a Claim of another visit stays with it"
    papers = read_visit(visits["e2"], Reading(host="clinic", zone="America/Denver")).papers
    assert [paper.number for paper in papers if paper.kind is PaperKind.AUTHORIZATION] == ["A7"]


def test_a_preauthorization_that_names_a_visit_is_every_visits_of_its_patient(tmp_path: Path) -> None:
    asked_for = preauthorization("pa1")
    asked_for["item"][0]["encounter"] = [ref("Encounter/e1")]
    host = folder(tmp_path, *clinic(), asked_for, granted("pr1", "Claim/pa1"))
    visits = first_run(host)[0]
    assert all("ClaimResponse/pr1" in visits[one].resources for one in ("e1", "e2"))
    assert read_visit(visits["e2"], Reading(host="clinic", zone="America/Denver")).foreign_claims == ()


def test_an_appointment_of_two_patients_of_a_folder_is_given_once(tmp_path: Path) -> None:
    both = [{"actor": ref(f"Patient/{one}"), "status": "accepted"} for one in ("p1", "p2")]
    host = folder(tmp_path, *calendar(), booked("m9", "02", "Patient/p1", participant=both))
    assert [one.appointment for one in host.appointments(FIRST, LAST)].count("m9") == 1


def test_an_appointment_without_a_patient_is_given_all_the_same(tmp_path: Path) -> None:
    host = folder(tmp_path, *calendar(), booked("m9", "02", "Practitioner/t1", participant=[]))
    assert "m9" in {one.appointment for one in host.appointments(FIRST, LAST)}


def test_a_folder_without_appointments_has_none(tmp_path: Path) -> None:
    host = folder(tmp_path, *(one for one in calendar() if one["resourceType"] != "Appointment"))
    assert list(host.appointments(FIRST, LAST)) == []
