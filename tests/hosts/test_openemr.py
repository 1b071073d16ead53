"""OpenEMR's dialect: what it is asked, what it is never asked, and what is made of its silences and faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from builders import encounter, period, procedure, ref
from hosts.mini_openemr import SQL, MiniOpenEmr, answered, recorded
from massage_billing.errors import HostFault, HostRefused, HostRejected
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.hosts.openemr import LOOK_BACK, OpenEmr
from massage_billing.hosts.openemr_can import READ, SCOPES
from massage_billing.net.credentials import BearerToken
from massage_billing.net.smart import SmartBackend, SmartSettings
from massage_billing.ports import VisitRecord

START = date(2026, 10, 15)
SETTINGS = FhirSettings(overlap=0, observations=True)
SENT = {"_id", "patient", "date", "_lastUpdated", "_count", "practitioner"}
"""All the parameters that were seen to work."""


@pytest.fixture
def server(httpserver: HTTPServer) -> MiniOpenEmr:
    server = MiniOpenEmr(httpserver)
    server.load()
    return server


@pytest.fixture
def host(server: MiniOpenEmr) -> Iterator[OpenEmr]:
    with OpenEmr("emr", server.base, settings=SETTINGS) as host:
        yield host  # type: ignore[misc]


def read(host: OpenEmr, start: date | None = START) -> dict[str, VisitRecord]:
    return {one.encounter: one for page in host.changes(None, start) for one in page.records}


def cursor_of(host: OpenEmr, start: date | None = START) -> str:
    return str([page.cursor for page in host.changes(None, start)][-1])


def visit_on(records: dict[str, VisitRecord], day: str) -> VisitRecord:
    """The visit of a day (the first, by id)."""
    return next(one for _, one in sorted(records.items()) if _starts(one).startswith(day))


def _starts(record: VisitRecord) -> str:
    encounter: Any = record.resources[f"Encounter/{record.encounter}"]
    return str(encounter["period"]["start"])


# --- what it is asked ---------------------------------------------------------------------------------------------


def test_only_what_was_seen_to_work_is_asked(host: OpenEmr, server: MiniOpenEmr) -> None:
    cursor = cursor_of(host)
    list(host.changes(cursor, START))
    list(host.visits([one["id"] for one in recorded("Encounter")]))
    assert all(method == "GET" for method, _, _ in server.requests)
    assert {name for _, _, query in server.requests for name in query} <= SENT
    assert {path.partition("/")[0] for _, path, _ in server.requests} <= {*READ, "metadata"}


def test_all_locations_are_never_asked_for(host: OpenEmr, server: MiniOpenEmr) -> None:
    records = read(host)
    assert server.asked("Location") == []
    assert any(path.startswith("Location/") for _, path, _ in server.requests)
    homes = {one["id"] for one in recorded("Location") if one["name"] == "Home Address"}
    assert homes
    assert not any(f"Location/{home}" in record.resources for record in records.values() for home in homes)


def test_a_count_is_sent_only_where_little_is_wanted(host: OpenEmr, server: MiniOpenEmr) -> None:
    read(host, None)
    counted = [(path, query) for _, path, query in server.requests if "_count" in query]
    assert counted
    assert all(path == "Encounter" and int(query["_count"]) <= 50 for path, query in counted)


def test_a_query_is_short_enough_to_be_a_get(host: OpenEmr, server: MiniOpenEmr) -> None:
    for number in range(70):
        patient = f"00000000-0000-4000-8000-{number:012d}"
        seen = period("2026-11-20T09:00:00+00:00")
        server.put(
            {"resourceType": "Patient", "id": patient},
            encounter(f"11111111-0000-4000-8000-{number:012d}", subject=ref(f"Patient/{patient}"), period=seen),
        )
    assert len(read(host)) == len(recorded("Encounter")) + 70
    longest = max(len(str(query)) for _, _, query in server.requests)
    assert longest < 1500
    assert len(server.asked("Coverage")) == 1 + 3  # October's one patient; then 72 more, 30 at a time


def test_months_from_the_start_and_all_to_come(host: OpenEmr, server: MiniOpenEmr) -> None:
    server.put(encounter("future", period=period("2031-05-01T10:00:00+00:00")))
    records = read(host, date(2026, 10, 31))
    windows = [query["date"] for query in server.asked("Encounter") if "date" in query and "_count" not in query]
    assert windows[:2] == ["2026-10", "2026-11"]
    assert windows[-1].startswith("ge")
    assert len(windows) == len(set(windows))
    assert "future" in records


def test_without_a_start_empty_years_are_one_question(host: OpenEmr, server: MiniOpenEmr) -> None:
    server.put(encounter("old", period=period("1999-05-01T10:00:00+00:00")))
    server.put(encounter("then", period=period("2011-05-01T10:00:00+00:00")))
    assert {"old", "then"} <= read(host, None).keys()
    assert len(server.asked("Encounter")) < 80


def test_where_months_find_nothing_it_is_said_and_not_believed(httpserver: HTTPServer) -> None:
    server = MiniOpenEmr(httpserver, months=False)
    server.load()
    with OpenEmr("emr", server.base, settings=SETTINGS) as host, pytest.raises(HostRejected, match="by month"):
        list(host.changes(None, START))


def test_where_lists_find_nothing_one_is_asked_at_a_time(httpserver: HTTPServer) -> None:
    results = []
    for lists in (frozenset({"_id", "patient", "date"}), frozenset({"date"})):
        server = MiniOpenEmr(httpserver, lists=lists)
        server.load()
        with OpenEmr("emr", server.base, settings=SETTINGS) as host:
            results.append({key: set(record.resources) for key, record in read(host).items()})  # type: ignore[arg-type]
        httpserver.clear()
    assert results[0] == results[1]


def test_a_first_run_of_long_months_comes_in_pages(httpserver: HTTPServer) -> None:
    server = MiniOpenEmr(httpserver)
    server.load()
    with OpenEmr("emr", server.base, settings=FhirSettings(page_size=3)) as host:
        pages = [len(page.records) for page in host.changes(None, START)]
    assert sum(pages) == len(recorded("Encounter"))
    assert max(pages) == 3


# --- what is made of it -------------------------------------------------------------------------------------------


def test_a_surgery_list_entry_is_not_believed_about_its_visit(host: OpenEmr) -> None:
    (entry,) = (one for one in recorded("Procedure") if "recorder" in one)
    records = read(host)
    named = entry["encounter"]["reference"].partition("/")[2]
    wrong = records[named].resources[f"Encounter/{named}"]
    assert wrong["subject"] != entry["subject"]  # as recorded: core joined another patient's visit
    assert f"Procedure/{entry['id']}" not in records[named].resources
    visit = visit_on({k: v for k, v in records.items() if k != named}, "2026-11-09")
    assert "encounter" not in visit.resources[f"Procedure/{entry['id']}"]


def test_the_constant_version_is_replaced_by_when_it_changed(host: OpenEmr) -> None:
    for record in read(host).values():
        for resource in record.resources.values():
            meta: Any = resource["meta"]
            assert "versionId" not in meta
            assert meta["lastUpdated"]


def test_a_record_fails_alone(httpserver: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    patient = "a34b8247-8e35-498b-8276-cafa51f2f671"
    server = MiniOpenEmr(httpserver, breaks_on=frozenset({("Condition", patient)}))
    server.load()
    with OpenEmr("emr", server.base, settings=SETTINGS) as host:
        records = read(host)  # type: ignore[arg-type]
    held = {one.encounter for one in records.values() if one.unreadable}
    theirs = {one["id"] for one in recorded("Encounter") if one["subject"]["reference"] == f"Patient/{patient}"}
    assert held == theirs
    assert {where for one in held for where, _ in records[one].unreadable} == {"Condition"}
    others = [one for one in records.values() if one.encounter not in held]
    assert any(key.startswith("Condition/") for one in others for key in one.resources)


def test_where_everything_fails_the_run_ends_and_says_no_sql(httpserver: HTTPServer) -> None:
    server = MiniOpenEmr(httpserver)
    server.load()
    server.breaks_on = frozenset({("Coverage", None)})
    with (
        OpenEmr("emr", server.base, settings=SETTINGS) as host,
        pytest.raises(HostFault) as caught,
    ):
        list(host.changes(None, START))
    assert "500" in str(caught.value)
    assert not any(word in str(caught.value) for word in ("SELECT", "insurance_data", "Synthetic", "1980"))
    assert "SELECT" in SQL


def test_refused_credentials_are_named(server: MiniOpenEmr) -> None:
    server.token = "good"
    with (
        OpenEmr("emr", server.base, BearerToken(lambda: "bad"), settings=SETTINGS) as host,
        pytest.raises(HostRefused, match="credentials"),
    ):
        list(host.changes(None, START))


def test_tokens_of_five_minutes_are_renewed_before_they_end(httpserver: HTTPServer, server: MiniOpenEmr) -> None:
    key, given, now = RSAKey.generate_key(2048, private=True), [0], [1_795_000_000.0]

    def token(request: Request) -> Response:
        given[0] += 1
        assert request.form["scope"].split() == list(SCOPES)
        return answered(200, {"access_token": f"t{given[0]}", "token_type": "Bearer", "expires_in": 300})

    httpserver.expect_request("/oauth2/default/token", method="POST").respond_with_handler(token)
    smart = SmartSettings(
        "client",
        lambda: orjson.dumps(key.as_dict(private=True)).decode(),
        scopes=SCOPES,
        token_url=httpserver.url_for("/oauth2/default/token"),
    )
    backend = SmartBackend(server.base, smart, clock=lambda: now[0])
    assert backend.header() == "Bearer t1"
    now[0] += 200
    assert backend.header() == "Bearer t1"
    now[0] += 60
    assert backend.header() == "Bearer t2"


# --- later runs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("local", [timedelta(0), timedelta(hours=-8), timedelta(hours=13)], ids=str)
def test_a_change_is_seen_whatever_its_clock_shows(httpserver: HTTPServer, local: timedelta) -> None:
    server = MiniOpenEmr(httpserver, local=local)
    server.load()
    with OpenEmr("emr", server.base, settings=SETTINGS) as host:
        cursor = cursor_of(host)  # type: ignore[arg-type]
        old = min(recorded("Encounter"), key=lambda one: str(one["period"]["start"]))
        server.put(old)
        touched = [one for page in host.changes(cursor, START) for one in page.touched]
    (seen,) = (one for one in touched if one.reference == f"Encounter/{old['id']}" and one.version)
    assert (seen.encounter, seen.patient) == (old["id"], old["subject"]["reference"])


def test_visits_of_the_last_week_are_read_again_and_older_ones_not(host: OpenEmr, server: MiniOpenEmr) -> None:
    """An edited order moves no time stamp; so recent visits are reported in no version at all."""
    now = datetime.now(UTC)
    for name, back in (("recent", timedelta(days=2)), ("older", LOOK_BACK + timedelta(days=2))):
        stamp = (now - back).strftime("%Y-%m-%dT10:00:00+00:00")
        server.put(encounter(name, period=period(stamp), subject=ref("Patient/p9")))
        server.resources["Encounter"][name]["meta"]["lastUpdated"] = "2020-01-01T00:00:00+00:00"
    touched = [one for page in host.changes(cursor_of(host), START) for one in page.touched]
    again = {one.encounter for one in touched if one.version == ""}
    assert "recent" in again
    assert "older" not in {one.encounter for one in touched}


def test_a_run_with_nothing_new_asks_the_same_however_long_the_history(host: OpenEmr, server: MiniOpenEmr) -> None:
    cursor = cursor_of(host)
    counts = []
    for years in (1, 3):
        for number in range(years * 50):
            seen = period(f"{2026 - years}-03-{number % 28 + 1:02d}T10:00:00+00:00")
            server.put(encounter(f"h{years}-{number}", period=seen))
        server.requests.clear()
        list(host.changes(cursor, START))
        counts.append(len(server.requests))
    assert counts[0] == counts[1] <= 5


@pytest.mark.parametrize(("kind", "borne"), [("Condition", True), ("Encounter", False)])
def test_a_search_for_changes_that_fails_ends_the_run_only_for_encounters(
    host: OpenEmr, server: MiniOpenEmr, kind: str, borne: bool
) -> None:
    cursor = cursor_of(host)
    server.breaks_on = frozenset({(kind, None)})
    if borne:
        assert list(host.changes(cursor, START))[-1].cursor
    else:
        with pytest.raises(HostFault):
            list(host.changes(cursor, START))


def test_an_earlier_start_reads_everything_again(host: OpenEmr) -> None:
    cursor = cursor_of(host, date(2026, 11, 12))
    records = [one.encounter for page in host.changes(cursor, START) for one in page.records]
    assert len(records) == len(recorded("Encounter"))


def test_late_results_of_an_old_visit_are_found_when_it_is_read_again(host: OpenEmr, server: MiniOpenEmr) -> None:
    visit = visit_on(read(host), "2026-11-12")
    late = procedure(
        "late",
        performedDateTime="2027-02-01T10:00:00+00:00",
        encounter=ref(f"Encounter/{visit.encounter}"),
        subject=visit.resources[f"Encounter/{visit.encounter}"]["subject"],
    )
    server.put(late)
    (again,) = host.visits([visit.encounter])
    assert "Procedure/late" in again.resources


# --- what it can do -----------------------------------------------------------------------------------------------


def test_it_says_plainly_what_it_cannot_do(host: OpenEmr) -> None:
    can = host.capabilities()
    assert can.software == "OpenEMR"
    assert can.readable == READ
    assert can.writable == frozenset()
    assert (can.transaction, can.conditional_create, can.real_last_updated) == (False, False, False)
    assert (can.finished_is_done, can.times_as_written, can.records_hold_writes) == (False, True, True)
    for said in ("no Claim", "no Task", "no Provenance", "fee sheet", "minutes", "drafts", "Account"):
        assert any(said in note for note in can.notes), said


def test_a_module_that_adds_routes_is_read_from_the_statement(server: MiniOpenEmr) -> None:
    for kind in ("Claim", "Task", "Provenance"):
        interactions = [{"code": code} for code in ("create", "read", "search-type", "update")]
        listed = server.statement["rest"][0]["resource"]
        listed[:] = [one for one in listed if one["type"] != kind]
        listed.append({"type": kind, "interaction": interactions, "searchParam": [{"name": "identifier"}]})
    with OpenEmr("emr", server.base, settings=SETTINGS) as host:
        can = host.capabilities()
    assert can.writable == {"Claim", "Task", "Provenance"}
    assert can.takes_claims()
    assert not any("takes no Claim" in note for note in can.notes)
    assert any("older than this program needs" in note and "no ClaimResponse" in note for note in can.notes)
    assert not can.records_hold_writes
