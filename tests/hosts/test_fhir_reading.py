"""Reading a FHIR server that fails, lies or leaves things out: nothing is lost, believed or told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from builders import encounter, procedure, ref
from contract.host_contract import START, clinic, first_run
from hosts.mini_fhir import MiniFhir, answered
from hosts.raw_server import RawServer
from massage_billing.errors import (
    HostAnswerUnreadable,
    HostBusy,
    HostError,
    HostFault,
    HostRejected,
    HostUntrusted,
)
from massage_billing.hosts.fhir_server import Cursor, FhirServer
from massage_billing.hosts.fhir_source import FhirSettings, escaped
from massage_billing.hosts.memory import MemoryStore
from massage_billing.net.credentials import BearerToken
from massage_billing.net.http import Limits
from massage_billing.ports import VisitRecord

Json = dict[str, Any]
SETTINGS = FhirSettings(overlap=0, observations=True, limits=Limits(attempts=3))
PRIVATE = ("Synthetic", "SYN-0001", "SYN-0002", "Jane", "1980")


@pytest.fixture
def server(httpserver: HTTPServer) -> MiniFhir:
    server = MiniFhir(httpserver)
    for resource in clinic():
        server.store.put(resource)
    return server


Open = Callable[..., FhirServer]


@pytest.fixture
def open_host(server: MiniFhir) -> Iterator[Open]:
    hosts = []

    def open_it(settings: FhirSettings = SETTINGS, **more: Any) -> FhirServer:
        hosts.append(FhirServer("clinic", server.base, settings=settings, **more))
        return hosts[-1]

    yield open_it
    for host in hosts:
        host.close()


WHOLE = {"Procedure/a1", "Procedure/b1", "Procedure/o1", "Condition/dd1", "Coverage/c1", "PractitionerRole/r1"}


def assert_whole(host: FhirServer) -> None:
    records, _ = first_run(host)
    assert records.keys() == {"e1", "e2", "e3"}
    assert WHOLE <= records["e1"].resources.keys()


HTML = Response("<html>Jane Synthetic</html>", 200, content_type="text/html")
UNREADABLE = {
    "HTML": HTML,
    "invalid JSON": Response('{"resourceType": Jane Synthetic}', 200),
    "half JSON": Response('{"resourceType": "Bundle", "entry": [{"resource": {"name": "Jane', 200),
    "nothing": Response("", 200),
    "a list": Response('["Jane Synthetic"]', 200),
    "another type": answered(200, {"resourceType": "Patient", "id": "p1", "name": [{"text": "Jane Synthetic"}]}),
    "an OperationOutcome": answered(200, {"resourceType": "OperationOutcome", "issue": []}),
    "entries that are no list": answered(200, {"resourceType": "Bundle", "entry": {"name": "Jane"}}),
}


@pytest.mark.parametrize("path", ["Encounter$", "Procedure", "Coverage", "Practitioner$"])
@pytest.mark.parametrize("answer", UNREADABLE)
def test_an_unreadable_answer_is_asked_for_again(server: MiniFhir, open_host: Open, answer: str, path: str) -> None:
    host = open_host()
    host.capabilities()
    server.fail(UNREADABLE[answer], path=path)
    assert_whole(host)


@pytest.mark.parametrize("path", ["metadata", "Encounter$", "Procedure", "Practitioner$"])
@pytest.mark.parametrize("answer", UNREADABLE)
def test_an_answer_that_stays_unreadable_is_an_error(server: MiniFhir, open_host: Open, answer: str, path: str) -> None:
    host = open_host()
    if path != "metadata":
        host.capabilities()
    server.fail(UNREADABLE[answer], times=99, path=path)
    with pytest.raises(HostAnswerUnreadable) as caught:
        first_run(host)
    assert not any(word in str(caught.value) for word in PRIVATE)


@pytest.mark.parametrize(("status", "kind"), [(403, HostError), (422, HostRejected), (500, HostFault), (503, HostBusy)])
def test_no_cursor_is_given_where_reading_failed(
    server: MiniFhir, open_host: Open, status: int, kind: type[HostError]
) -> None:
    host = open_host(FhirSettings(overlap=0, page_size=1, limits=Limits(attempts=2)))
    host.capabilities()
    server.fail(lambda request: answered(status, {}), times=99, path="Coverage")
    seen = []
    with pytest.raises(kind):
        seen.extend(host.changes(None, START))
    assert all(page.cursor is None for page in seen)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_every_type_may_fail_once(server: MiniFhir, open_host: Open, status: int) -> None:
    host = open_host()
    for path in ("metadata", "Encounter$", "Procedure", "Condition", "Coverage", "Organization", "Location", "Consent"):
        server.fail(answered(status, {}), path=path)
    assert_whole(host)


# --- next links -------------------------------------------------


def next_link(url: str) -> Callable[[Request], Response]:
    bundle = {
        "resourceType": "Bundle",
        "link": [{"relation": "next", "url": url}],
        "entry": [{"resource": encounter("e9", meta=...)}],
    }
    return lambda request: answered(200, bundle)


def test_a_next_link_to_another_origin_is_not_followed(server: MiniFhir, open_host: Open, raw: RawServer) -> None:
    server.token = "secret"
    host = open_host(auth=BearerToken(lambda: "secret"))
    host.capabilities()
    server.fail(next_link(f"{raw.url}/Encounter?page=2"), times=99, path="Encounter$")
    with pytest.raises(HostUntrusted, match="another origin"):
        first_run(host)
    assert raw.asked == []


def asked_of(server: MiniFhir, kind: str) -> int:
    return sum(path == kind for _, path, _, _ in server.requests)


def test_next_links_in_a_circle_end(server: MiniFhir, open_host: Open) -> None:
    host = open_host()
    host.capabilities()

    def around(request: Request) -> Response:
        there = {"1": "2", "2": "3", "3": "1"}[request.args.get("page", "1")]
        link = {"relation": "next", "url": f"{server.base}/Encounter?page={there}"}
        entry = {"resource": encounter(f"e{there}", meta=...)}
        return answered(200, {"resourceType": "Bundle", "link": [link], "entry": [entry]})

    server.fail(around, times=99, path="Encounter$")
    before = asked_of(server, "Encounter")
    with pytest.raises(HostUntrusted, match="circle"):
        list(host.source.encounters(None))
    assert asked_of(server, "Encounter") - before == 4


def test_the_same_page_under_ever_new_links_ends(server: MiniFhir, open_host: Open) -> None:
    host = open_host()
    host.capabilities()
    count = iter(range(1000))
    server.fail(
        lambda request: next_link(f"{server.base}/Encounter?page={next(count)}")(request), times=99, path="Encounter$"
    )
    before = asked_of(server, "Encounter")
    with pytest.raises(HostUntrusted, match="again and again"):
        list(host.source.encounters(None))
    assert asked_of(server, "Encounter") - before == 2


def test_next_links_that_never_end_end(server: MiniFhir, open_host: Open) -> None:
    host = open_host()
    host.capabilities()
    count = iter(range(1000))

    def empty(request: Request) -> Response:
        link = {"relation": "next", "url": f"{server.base}/Encounter?page={next(count)}"}
        return answered(200, {"resourceType": "Bundle", "link": [link]})

    server.fail(empty, times=99, path="Encounter$")
    with pytest.raises(HostUntrusted, match="circle"):
        first_run(host)


def test_a_relative_next_link_is_followed(server: MiniFhir, open_host: Open) -> None:
    host = open_host()
    host.capabilities()
    server.fail(next_link("Encounter?_count=200"), path="Encounter$")
    assert {"e9", "e1", "e2", "e3"} <= first_run(host)[0].keys()


# --- completeness -------------------------------------------------


@pytest.mark.parametrize("cap", range(0, 30, 3))
def test_dropped_includes_are_fetched(server: MiniFhir, open_host: Open, cap: int) -> None:
    server.includes_max = cap
    assert_whole(open_host(FhirSettings(overlap=0, observations=True, includes=True)))


def test_a_host_without_a_type_is_read_without_it(server: MiniFhir, open_host: Open) -> None:
    server.unlisted = frozenset({"Consent", "Account", "PractitionerRole", "Appointment", "ClaimResponse", "Task"})
    host = open_host()
    records, cursor = first_run(host)
    assert {"Procedure/a1", "Coverage/c1"} <= records["e1"].resources.keys()
    assert "Account/k1" not in records["e1"].resources
    assert list(host.changes(cursor, START))
    assert any("no Account" in note for note in host.capabilities().notes)
    assert list(host.answers(["Claim/1"])) == []


def test_large_results_are_paged_to_the_end(server: MiniFhir, open_host: Open) -> None:
    for number in range(50):
        server.store.put(procedure(f"many{number}", meta=..., encounter=ref("Encounter/e2")))
    records, _ = first_run(open_host(FhirSettings(result_size=7)))
    assert sum(key.startswith("Procedure/") for key in records["e2"].resources) == 52


def test_the_day_before_the_start_is_read_too_since_zones_differ(server: MiniFhir, open_host: Open) -> None:
    midnight = {"start": "2026-10-31T23:00:00Z"}  # already the first of November in Berlin
    server.store.put(encounter("e8", meta=..., period=midnight))
    assert "e8" in first_run(open_host())[0]


def test_encounters_without_a_date_are_delivered(server: MiniFhir, open_host: Open) -> None:
    server.store.put(encounter("e7", meta=..., period=...))
    assert "e7" in first_run(open_host())[0]


def test_a_host_that_does_not_index_what_is_missing_is_read_all_the_same(server: MiniFhir, open_host: Open) -> None:
    host = open_host()
    host.capabilities()

    def refuse(request: Request) -> Response | None:
        return answered(400, {}) if b"missing" in request.query_string else None

    server.faults.append(refuse)
    assert_whole(host)


@pytest.mark.parametrize("posts", [True, False])
def test_many_ids_fit_into_any_url(server: MiniFhir, open_host: Open, posts: bool) -> None:
    server.posts, server.url_limit = posts, 2000
    for number in range(120):
        who = {"resourceType": "Patient", "id": f"a-patient-with-a-rather-long-id-{number:030}"}
        server.store.put(who)
        visit = encounter(f"a-visit-with-a-rather-long-id-{number:032}", meta=..., subject=ref(f"Patient/{who['id']}"))
        server.store.put(visit)
        server.store.put(procedure(f"s{number}", meta=..., encounter=ref(f"Encounter/{visit['id']}")))
    records, _ = first_run(open_host())
    assert len(records) == 123
    assert sum(key.startswith("Procedure/s") for one in records.values() for key in one.resources) == 120
    assert all(any(key.startswith("Patient/") for key in one.resources) for one in records.values())


# --- malformed resources -------------------------------------------------


def delivered(server: MiniFhir, open_host: Open, kind: str, bad: Json) -> dict[str, VisitRecord]:
    """Records where the host gives a malformed resource whenever it is asked for e1's."""
    host = open_host(FhirSettings(overlap=0))
    host.capabilities()

    def spoil(request: Request) -> Response | None:
        text = request.query_string.decode() + request.get_data(as_text=True)
        if not request.path.startswith(f"/fhir/{kind}") or "e1" not in text:
            return None
        answer = server.route(request, request.path.removeprefix("/fhir/"), *_asked(request))
        bundle = json.loads(answer.get_data())
        bundle["entry"].append({"resource": bad, "search": {"mode": "match"}})
        return answered(200, bundle)

    server.faults.append(spoil)
    return first_run(host)[0]


def _asked(request: Request) -> tuple[list[tuple[str, str]], str]:
    return list(request.args.items(multi=True)), request.get_data(as_text=True)


@pytest.mark.parametrize("link", ["Encounter/e1", {"reference": 5}, ["Encounter/e1"], {"identifier": "x"}, 7])
def test_a_malformed_link_holds_its_own_visit_and_no_other(server: MiniFhir, open_host: Open, link: object) -> None:
    bad = {**procedure("bad", meta=...), "encounter": link}
    records = delivered(server, open_host, "Procedure", bad)
    assert "Procedure/bad" in records["e1"].resources
    assert "Procedure/bad" not in records["e2"].resources
    assert "Procedure/bad" not in records["e3"].resources


def test_a_resource_without_a_type_comes_as_what_was_asked_for(server: MiniFhir, open_host: Open) -> None:
    bad = procedure("bad", meta=...)
    del bad["resourceType"]
    records = delivered(server, open_host, "Procedure", bad)
    assert "Procedure/bad" in records["e1"].resources
    assert "Procedure/bad" not in records["e2"].resources


@pytest.mark.parametrize("bad", [None, "text", 5, {}, {"resourceType": "Procedure"}], ids=str)
def test_an_entry_that_is_nothing_stops_nobody(server: MiniFhir, open_host: Open, bad: Any) -> None:
    assert delivered(server, open_host, "Procedure", bad).keys() == {"e1", "e2", "e3"}


def test_malformed_references_are_not_followed(server: MiniFhir, open_host: Open) -> None:
    for reference in (
        "Practitioner",
        5,
        "Practitioner/../Patient",
        "urn:uuid:1",
        "#x",
        "https://other.example/Patient/p2",
    ):
        one = {"individual": {"reference": reference}}
        server.store.put(encounter("e1", meta=..., participant=[one], diagnosis=one, location="nowhere"))
        records, _ = first_run(open_host())
        assert {"Procedure/a1", "Procedure/b1"} <= records["e1"].resources.keys()
        assert "Coverage/c2" not in records["e1"].resources


def test_an_absolute_reference_to_another_server_is_not_this_hosts(server: MiniFhir, open_host: Open) -> None:
    server.store.put({**coverage_of("https://other.example/fhir/Organization/o2"), "id": "c1"})
    record = first_run(open_host())[0]["e1"]
    assert "Organization/o2" not in record.resources


def coverage_of(payor: str) -> Json:
    from builders import coverage

    return coverage("c1", payor=[ref(payor)])


def test_a_therapist_named_by_identifier_is_looked_up(server: MiniFhir, open_host: Open) -> None:
    identifier = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1999999984"}
    server.store.put({"resourceType": "Practitioner", "id": "t9", "identifier": [identifier]})
    actor = {"type": "Practitioner", "identifier": identifier}
    server.store.put(procedure("a1", meta=..., performer=[{"actor": actor}]))
    assert "Practitioner/t9" in first_run(open_host())[0]["e1"].resources


# --- incremental -------------------------------------------------


def quiet(server: MiniFhir, open_host: Open, visits: int) -> int:
    """Requests of an incremental run with nothing new after a history of this many visits."""
    for number in range(visits):
        server.store.put(encounter(f"h{number}", meta=...))
        server.store.put(procedure(f"h{number}", meta=..., encounter=ref(f"Encounter/h{number}")))
    host = open_host(FhirSettings(overlap=0, page_size=5, result_size=5))
    host.capabilities()
    cursor = host.cursor_at(server.store.now() + timedelta(seconds=1))
    before = len(server.requests)
    pages = list(host.changes(cursor, START))
    assert not any(page.touched or page.records for page in pages)
    return len(server.requests) - before


def test_nothing_new_takes_as_many_requests_after_any_history(server: MiniFhir, open_host: Open) -> None:
    assert quiet(server, open_host, 3) == quiet(server, open_host, 60) == 17


def test_the_cursor_is_the_hosts_time_at_the_start_less_the_overlap(server: MiniFhir, open_host: Open) -> None:
    there = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    server.store = MemoryStore(lambda: there)
    server.store.put(encounter("e1", meta=...))
    cursor = first_run(open_host(FhirSettings(overlap=90)))[1]
    assert Cursor.read(cursor) == Cursor(there - timedelta(seconds=90), START)


def test_the_cursor_is_the_time_of_the_first_page(server: MiniFhir, open_host: Open) -> None:
    times = iter(datetime(2026, 11, 23, 10, minute, tzinfo=UTC) for minute in range(60))
    shown = [datetime(2026, 11, 23, 9, 0, tzinfo=UTC)]

    def later(request: Request) -> None:
        shown[0] = next(times) if request.path.endswith("Encounter") else shown[0]

    server.store = MemoryStore(lambda: shown[0])
    for number in range(5):
        server.store.put(encounter(f"e{number}", meta=...))
    server.faults.append(later)
    cursor = first_run(open_host(FhirSettings(overlap=0, page_size=1)))[1]
    assert Cursor.read(cursor).at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_a_host_that_tells_no_time_is_looked_back_on_further(raw: RawServer) -> None:
    def page(resource: Json) -> bytes:
        body = json.dumps(resource).encode()
        return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    listed = [{"type": "Encounter", "interaction": [{"code": "search-type"}]}]
    statement = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{"resource": listed}]}
    raw.answers = [page({"resourceType": "Bundle"}), page(statement)]
    here = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    with FhirServer("clinic", raw.url, settings=FhirSettings(overlap=60), clock=lambda: here) as host:
        (page_only, last) = host.changes(None, None)
        assert page_only.records == ()
        assert Cursor.read(str(last.cursor)).at == here - timedelta(hours=1, seconds=60)


def test_what_changes_while_a_run_reads_comes_with_the_next(server: MiniFhir, open_host: Open) -> None:
    host = open_host(FhirSettings(overlap=0, page_size=1))
    pages = host.changes(None, START)
    next(pages)
    server.store.put(encounter("e1", meta=..., status="cancelled"))
    cursor = [page.cursor for page in pages][-1]
    assert "Encounter/e1" in {one.reference for page in host.changes(cursor, START) for one in page.touched}


def test_an_earlier_start_reads_everything_again(server: MiniFhir, open_host: Open) -> None:
    host = open_host()
    _, cursor = first_run(host)
    records = [record for page in host.changes(cursor, START - timedelta(days=60)) for record in page.records]
    assert "e0" in {record.encounter for record in records}


def test_a_change_between_two_pages_hides_no_other(server: MiniFhir, open_host: Open) -> None:
    host = open_host(FhirSettings(overlap=0, result_size=2))
    _, cursor = first_run(host)
    ids = [f"loc{number}" for number in range(7)]
    for logical_id in ids:
        server.store.put({"resourceType": "Location", "id": logical_id})
    seen: list[str] = []
    for page in host.source.changed("Location", Cursor.read(cursor).at):
        if not seen:
            server.store.put(page.matches[0])
        seen += [str(resource["id"]) for resource in page.matches]
    assert set(ids) <= set(seen)


def test_a_claim_for_two_visits_touches_both(server: MiniFhir, open_host: Open) -> None:
    host = open_host()
    _, cursor = first_run(host)
    items = [{"encounter": [ref("Encounter/e1")]}, {"encounter": [ref("Encounter/e2"), ref("Encounter/e1")]}]
    server.store.put({"resourceType": "Claim", "id": "x2", "patient": ref("Patient/p1"), "item": items})
    touched = [one for page in host.changes(cursor, START) for one in page.touched if one.reference == "Claim/x2"]
    assert {one.encounter for one in touched} == {"e1", "e2"}


def test_a_host_that_ignores_last_updated_is_read_whole(server: MiniFhir, open_host: Open) -> None:
    def ignore(request: Request) -> Response | None:
        if b"_lastUpdated" not in request.query_string:
            return None
        query = [(name, value) for name, value in request.args.items(multi=True) if name != "_lastUpdated"]
        return server.search(request.path.rpartition("/")[2], query)

    server.faults.append(ignore)
    host = open_host()
    assert host.capabilities().real_last_updated is False
    assert any("_lastUpdated" in note for note in host.capabilities().notes)
    _, cursor = first_run(host)
    again = [record.encounter for page in host.changes(cursor, START) for record in page.records]
    assert {"e1", "e2", "e3"} <= set(again)


@pytest.mark.parametrize("cursor", ["", "x", "{}", '{"at": 5, "start": null}', '{"at": "no", "start": null}', "[]"])
def test_a_foreign_cursor_is_an_error(open_host: Open, cursor: str) -> None:
    if cursor:
        with pytest.raises(HostAnswerUnreadable, match="cursor"):
            list(open_host().changes(cursor, START))


# --- privacy -------------------------------------------------


def test_no_url_holds_patient_data(server: MiniFhir, open_host: Open) -> None:
    host = open_host()
    _, cursor = first_run(host)
    list(host.changes(cursor, START))
    list(host.visits(["e1"]))
    asked = [str(query) for _, _, query, _ in server.requests]
    assert not any(word in text for word in PRIVATE for text in asked)
    assert not any("name" in text or "birth" in text for text in asked)


def test_search_syntax_in_values_is_escaped() -> None:
    assert escaped(r"a,b|c$d\e") == r"a\,b\|c\$d\\e"


def test_a_search_of_someone_by_identifier_is_posted(server: MiniFhir, open_host: Open) -> None:
    list(open_host().source.identified("Patient", "http://clinic.example", "SYN-0001"))
    method, path, query, body = server.requests[-1]
    assert (method, path, query) == ("POST", "Patient/_search", [])
    assert "SYN-0001" in body
