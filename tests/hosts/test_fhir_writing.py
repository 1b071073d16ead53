"""Writing to a FHIR server that fails: nothing twice, nothing lost, a bad group alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from contract.host_contract import claim_group, clinic, our_claim, our_provenance, update_group
from hosts.mini_fhir import OUTCOME, MiniFhir, answered
from massage_billing.errors import (
    HostAnswerUnreadable,
    HostBusy,
    HostConflict,
    HostError,
    HostFault,
    HostRefused,
    HostRejected,
    HostUnreachable,
)
from massage_billing.fhir import names
from massage_billing.fhir.keys import claim_key, full_url
from massage_billing.hosts.fhir_server import FhirServer
from massage_billing.hosts.fhir_single import id_order
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.net.http import Limits
from massage_billing.ports import Operation, Write, WriteGroup, WriteResult

Json = dict[str, Any]
SETTINGS = FhirSettings(overlap=0, workers=1, limits=Limits(read=1, attempts=3))


@pytest.fixture
def server(httpserver: HTTPServer) -> MiniFhir:
    server = MiniFhir(httpserver)
    for resource in clinic():
        server.store.put(resource)
    server.store.remove("Claim/x1")
    return server


@pytest.fixture
def host(server: MiniFhir) -> Iterator[FhirServer]:
    with FhirServer("clinic", server.base, settings=SETTINGS) as host:
        host.capabilities()
        yield host


@pytest.fixture(params=["transactions", "single writes", "plain POST"])
def any_host(request: pytest.FixtureRequest, server: MiniFhir) -> Iterator[FhirServer]:
    """The host in each way it may have to be written."""
    server.transactions = request.param == "transactions"
    server.conditional = request.param != "plain POST"
    with FhirServer("clinic", server.base, settings=SETTINGS) as host:
        host.capabilities()
        yield host


def groups(count: int) -> list[WriteGroup]:
    return [claim_group("e1", revision) for revision in range(count)]


def written(host: FhirServer, *some: WriteGroup) -> dict[str, WriteResult]:
    return {result.key: result for result in host.write(some)}


def posts(server: MiniFhir) -> list[Any]:
    """Writing requests that were made."""
    return [one for one in server.requests if one[0] in ("POST", "PUT") and not one[1].endswith("_search")]


def once(server: MiniFhir, claims: int = 1) -> None:
    assert len(server.store.all("Claim")) == claims
    assert len(server.store.all("Provenance")) == claims


def broken_off(body: bytes = b"") -> Response:
    """An answer whose connection ends before its body does."""
    return Response(iter([body]), 200, {"Content-Length": "10000"})


def lost_after(server: MiniFhir) -> Callable[[Request], Response]:
    """The request is carried out, then the answer breaks off."""

    def handle(request: Request) -> Response:
        path = request.path.removeprefix("/fhir").strip("/")
        answer = server.route(request, path, list(request.args.items(multi=True)), request.get_data(as_text=True))
        return broken_off(answer.get_data()[:20])

    return handle


# --- doubt -------------------------------------------------


@pytest.mark.parametrize("path", [r"/fhir/?$", "Claim$", "Provenance$"])
def test_a_lost_answer_stores_nothing_twice(server: MiniFhir, any_host: FhirServer, path: str) -> None:
    server.fail(lost_after(server), method="POST", path=path)
    (result,) = any_host.write([claim_group("e1")])
    assert result.problem is None
    once(server)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
@pytest.mark.parametrize("path", [r"/fhir/?$", "Claim$", "Provenance$"])
def test_a_passing_fault_loses_nothing(server: MiniFhir, any_host: FhirServer, path: str, status: int) -> None:
    server.fail(answered(status, OUTCOME), method="POST", path=path)
    list(any_host.write([claim_group("e1")]))
    (result,) = any_host.write([claim_group("e1")])
    assert result.problem is None
    once(server)


def unreadable(server: MiniFhir, text: str) -> Callable[[Request], Response]:
    def handle(request: Request) -> Response:
        lost_after(server)(request)
        return Response(text, 200)

    return handle


@pytest.mark.parametrize("text", ["", "<html>", "{}", "[]", '{"resourceType": "Bundle", "entry": [{}]}', '{"half'])
def test_an_unreadable_answer_stores_nothing_twice(server: MiniFhir, any_host: FhirServer, text: str) -> None:
    server.fail(unreadable(server, text), method="POST", path=r"(/fhir/?|Claim|Provenance)$")
    (result,) = any_host.write([claim_group("e1")])
    assert result.problem is None
    once(server)


def test_what_stays_unreadable_is_an_error_and_stored_once(server: MiniFhir, host: FhirServer) -> None:
    server.fail(unreadable(server, "<html>Jane Synthetic"), times=99, method="POST", path=r"/fhir/?$")
    (result,) = host.write([claim_group("e1")])
    assert isinstance(result.problem, HostAnswerUnreadable)
    assert "Jane" not in str(result.problem)
    once(server)


def test_a_plain_post_is_never_sent_twice_in_doubt(server: MiniFhir) -> None:
    server.transactions = server.conditional = False
    with FhirServer("clinic", server.base, settings=SETTINGS) as host:
        server.fail(lambda request: broken_off(), method="POST", path="Claim$")
        (result,) = host.write([claim_group("e1")])
    assert isinstance(result.problem, HostUnreachable)
    assert [one[1] for one in posts(server)] == ["Claim"]


# --- refusals -------------------------------------------------


def marked(visit: str, revision: int) -> WriteGroup:
    return claim_group(visit, revision, body={**our_claim(visit, revision), "status": "spoilt"})


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 422, 500])
@pytest.mark.parametrize("bad", [0, 7, 24])
def test_a_refused_bundle_is_halved_until_the_bad_group_stands_alone(
    server: MiniFhir, host: FhirServer, status: int, bad: int
) -> None:
    def refuse(request: Request) -> Response | None:
        return answered(status, OUTCOME) if request.method != "GET" and b"spoilt" in request.get_data() else None

    server.faults.append(refuse)
    some = [*groups(bad), marked("e1", bad), *groups(25)[bad + 1 :]]
    results = written(host, *some)
    assert [key for key, result in results.items() if result.problem] == [some[bad].key]
    assert isinstance(results[some[bad].key].problem, HostError)
    once(server, 24)


def test_halving_takes_few_requests(server: MiniFhir, host: FhirServer) -> None:
    server.refuses = lambda resource: resource.get("status") == "spoilt"
    written(host, *groups(7), marked("e1", 7), *groups(25)[8:])
    assert len(posts(server)) <= 11


def test_credentials_refused_stop_at_once(server: MiniFhir, host: FhirServer) -> None:
    server.token = "other"
    results = written(host, *groups(200))
    assert len(results) == 200
    assert all(isinstance(result.problem, HostRefused) for result in results.values())
    assert len(posts(server)) == 1


@pytest.mark.parametrize(("status", "most"), [(503, 3), (403, 60), (500, 130), (200, 130)])
def test_a_host_that_takes_nothing_is_not_asked_for_every_group(
    server: MiniFhir, host: FhirServer, status: int, most: int
) -> None:
    server.fail(lambda request: answered(status, OUTCOME), times=9999, method="POST", path=r"/fhir/?$")
    results = written(host, *groups(200))
    assert all(result.problem for result in results.values())
    assert len(posts(server)) <= most


def test_a_host_that_is_gone_keeps_every_group_in_the_outbox(server: MiniFhir, host: FhirServer) -> None:
    server.fail(lambda request: broken_off(), times=9999, path=r"/fhir/?$")
    results = written(host, *groups(60))
    assert all(isinstance(result.problem, HostUnreachable) for result in results.values())
    assert len(posts(server)) == SETTINGS.limits.attempts


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_host_that_lied_about_transactions_is_written_one_by_one(
    server: MiniFhir, host: FhirServer, status: int
) -> None:
    server.fail(lambda request: answered(status, OUTCOME), times=99, method="POST", path=r"/fhir/?$")
    results = written(host, *groups(3))
    assert all(result.problem is None for result in results.values())
    once(server, 3)


def test_an_entry_refused_inside_a_success_fails_its_group(server: MiniFhir, host: FhirServer) -> None:
    def half(request: Request) -> Response:
        count = len(json.loads(request.get_data())["entry"])
        good = {"response": {"status": "201 Created", "location": "Claim/1/_history/1"}}
        fine = {"response": {"status": "201", "location": "Provenance/1/_history/1"}}
        bad = {"response": {"status": "422 No", "outcome": OUTCOME}}
        return answered(200, {"resourceType": "Bundle", "entry": [good, fine, bad, fine][:count]})

    server.fail(half, path=r"/fhir/?$")
    results = written(host, *groups(2))
    first, second = (results[group.key].problem for group in groups(2))
    assert first is None
    assert isinstance(second, HostRejected)
    assert "Jane" not in str(second)


def test_the_same_thing_twice_in_one_group_is_not_sent(server: MiniFhir, host: FhirServer) -> None:
    group = claim_group("e1")
    (result,) = host.write([WriteGroup(group.key, "e1", (group.writes[0], group.writes[0]))])
    assert isinstance(result.problem, HostRejected)
    assert posts(server) == []


def test_the_same_key_is_never_twice_in_one_bundle(server: MiniFhir, host: FhirServer) -> None:
    results = list(host.write([claim_group("e1")] * 3))
    assert [result.problem for result in results] == [None] * 3
    for _, _, _, body in posts(server):
        conditions = [entry["request"]["ifNoneExist"] for entry in json.loads(body)["entry"]]
        assert len(conditions) == len(set(conditions))
    once(server)


def test_a_match_that_is_gone_before_it_is_read_is_a_conflict(server: MiniFhir, host: FhirServer) -> None:
    list(host.write([claim_group("e1")]))
    server.fail(lambda request: answered(404, OUTCOME), times=9, method="GET", path="Claim/")
    server.fail(lambda request: answered(200, {"resourceType": "Bundle"}), times=9, method="GET", path="Claim$")
    (result,) = host.write([claim_group("e1")])
    assert isinstance(result.problem, HostConflict)


def test_a_match_that_the_search_does_not_show_yet_is_read(server: MiniFhir, host: FhirServer) -> None:
    list(host.write([claim_group("e1")]))
    server.fail(lambda request: answered(200, {"resourceType": "Bundle"}), times=9, method="GET", path="Claim$")
    (result,) = host.write([claim_group("e1")])
    assert result.problem is None
    assert result.written[0].existing is not None


# --- conflicts -------------------------------------------------


@pytest.mark.parametrize("status", [409, 412])
def test_a_conflict_of_creates_is_tried_again(server: MiniFhir, any_host: FhirServer, status: int) -> None:
    server.fail(answered(status, OUTCOME), times=2, method="POST", path=r"(/fhir/?|Claim)$")
    (result,) = any_host.write([claim_group("e1")])
    if any_host.capabilities().conditional_create:
        assert result.problem is None
        once(server)
    else:
        assert isinstance(result.problem, HostConflict)


def test_a_key_that_is_there_twice_is_answered_with_the_lower_id(server: MiniFhir, any_host: FhirServer) -> None:
    for logical_id in ("m100", "m99"):
        server.store.put({**our_claim("e1"), "id": logical_id})
    (result,) = any_host.write([claim_group("e1")])
    assert result.problem is None
    assert result.written[0].reference == "Claim/m99"
    assert result.written[0].existing is not None
    assert len(server.store.all("Claim")) == 2
    assert len(server.store.all("Provenance")) == 1


def test_ids_that_count_up_are_ordered_as_numbers() -> None:
    assert sorted(["10", "9", "100", "11"], key=id_order) == ["9", "10", "11", "100"]


def stored_claim(server: MiniFhir) -> tuple[str, str]:
    stored = server.store.put({**our_claim("e1"), "id": "c7"})
    meta: Any = stored["meta"]
    return "Claim/c7", meta["versionId"]


def test_a_stale_update_is_a_conflict_at_once(server: MiniFhir, any_host: FhirServer) -> None:
    reference, version = stored_claim(server)
    server.store.put({**our_claim("e1"), "id": "c7", "status": "draft"})
    (result,) = any_host.write([update_group(reference, version, our_claim("e1"))])
    assert isinstance(result.problem, HostConflict)
    assert len(posts(server)) == 1


def test_a_409_of_a_current_update_is_tried_again(server: MiniFhir, host: FhirServer) -> None:
    reference, version = stored_claim(server)
    server.fail(answered(409, OUTCOME), method="POST", path=r"/fhir/?$")
    (result,) = host.write([update_group(reference, version, {**our_claim("e1"), "status": "draft"})])
    assert result.problem is None
    assert result.written[0].version != version


def test_an_update_of_what_is_gone_is_an_error(server: MiniFhir, any_host: FhirServer) -> None:
    server.faults.append(lambda request: answered(404, OUTCOME) if b"c8" in request.get_data() or
                         "c8" in request.path else None)  # fmt: skip
    (result,) = any_host.write([update_group("Claim/c8", "1", our_claim("e1"))])
    assert isinstance(result.problem, HostError)


def test_updates_and_creates_in_one_group(server: MiniFhir, any_host: FhirServer) -> None:
    reference, version = stored_claim(server)
    key = claim_key("clinic", "e1", 0)
    update = update_group(reference, version, {**our_claim("e1"), "status": "draft"}).writes[0]
    provenance = orjson.dumps(our_provenance(key, reference))
    match = f"_tag={names.SID_CLAIM_KEY}|{key}"
    create = Write(Operation.CREATE, "Provenance", provenance, full_url("Provenance", key), match=match)
    (result,) = any_host.write([WriteGroup("both", "e1", (update, create))])
    assert result.problem is None
    assert [one.reference.partition("/")[0] for one in result.written] == ["Claim", "Provenance"]
    once(server)


# --- what is sent -------------------------------------------------


def test_bodies_go_out_byte_by_byte(server: MiniFhir, any_host: FhirServer) -> None:
    group = claim_group("e1")
    body = group.writes[0].body[:-1] + b',"total":{"value":72.50,"currency":"USD"}}'
    write = Write(Operation.CREATE, "Claim", body, group.writes[0].full_url, match=group.writes[0].match)
    (result,) = any_host.write([WriteGroup(group.key, "e1", (write,))])
    assert result.problem is None
    assert any('"value":72.50,' in sent for _, _, _, sent in posts(server))


def test_no_url_holds_more_than_keys_and_ids(server: MiniFhir, any_host: FhirServer) -> None:
    list(any_host.write([claim_group("e1")]))
    assert not any("SYN-" in str(query) or "name" in str(query) for _, _, query, _ in server.requests)


def test_a_host_that_takes_no_bundle_of_a_busy_moment_recovers(server: MiniFhir, host: FhirServer) -> None:
    server.fail(answered(503, OUTCOME), times=99, method="POST", path=r"/fhir/?$")
    (first,) = host.write([claim_group("e1")])
    assert isinstance(first.problem, HostBusy)
    server.faults.clear()
    (second,) = host.write([claim_group("e1")])
    assert second.problem is None
    once(server)


def test_a_fault_that_stays_is_the_groups_problem(server: MiniFhir, host: FhirServer) -> None:
    server.fail(lambda request: answered(500, OUTCOME), times=99, method="POST", path=r"/fhir/?$")
    (result,) = host.write([claim_group("e1")])
    assert isinstance(result.problem, HostFault)
    assert "Jane" not in str(result.problem)
