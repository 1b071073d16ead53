"""Hazards that were measured on real servers (HOSTS.md), met by the real adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from builders import procedure, ref
from contract.host_contract import START, claim_group, clinic, first_run, our_claim, update_group
from massage_billing.errors import HostConflict
from massage_billing.fhir.keys import claim_key
from massage_billing.hosts.fhir_server import FhirServer
from massage_billing.hosts.fhir_source import FhirSettings
from servers.filling import fill

Json = dict[str, Any]
WRITERS = 4


def more_services(count: int) -> list[Json]:
    return [
        procedure(
            f"m{visit}-{number}", meta=..., subject=ref(f"Patient/{patient}"), encounter=ref(f"Encounter/{visit}")
        )
        for visit, patient in (("e1", "p1"), ("e2", "p1"), ("e3", "p2"))
        for number in range(count)
    ]


@pytest.fixture(params=["searched", "included"])
def capped(request: pytest.FixtureRequest, start_hapi: Callable[..., Any]) -> Iterator[FhirServer]:
    """HAPI that drops includes beyond five, silently."""
    base = start_hapi(includes_max=5).url
    fill(base, [*clinic(), *more_services(10)])
    settings = FhirSettings(overlap=0, includes=request.param == "included", result_size=7)
    with FhirServer("clinic", base, settings=settings) as host:
        yield host


def test_hapi_drops_includes_and_nothing_is_missing(capped: FhirServer) -> None:
    records, _ = first_run(capped)
    services = {
        visit: sum(key.startswith("Procedure/") for key in record.resources) for visit, record in records.items()
    }
    assert services == {"e1": 13, "e2": 12, "e3": 12}
    for record in records.values():
        assert {"Practitioner/t1", "Location/l1", "Organization/o1", "Organization/o2"} <= record.resources.keys()


def count(base: str, kind: str) -> int:
    return int(requests.get(f"{base}/{kind}", params={"_summary": "count"}, timeout=60).json()["total"])


def raced(base: str) -> list[Any]:
    """Results of several writers writing the same groups at once."""
    fill(base, [one for one in clinic() if one["resourceType"] != "Claim"])
    groups = [claim_group("e1", revision) for revision in range(12)]
    hosts = [FhirServer("clinic", base, settings=FhirSettings(bundle=3)) for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        results = list(pool.map(lambda host: list(host.write(groups)), hosts))
    for host in hosts:
        host.close()
    return [result for some in results for result in some]


def test_writers_at_once_make_one_claim_a_key_on_hapi(hapi: str) -> None:
    results = raced(hapi)
    assert [str(result.problem) for result in results if result.problem] == []
    assert (count(hapi, "Claim"), count(hapi, "Provenance")) == (12, 12)
    assert len({result.written[0].reference for result in results}) == 12


def test_what_writers_at_once_double_on_sekmet_is_found(sekmet: str) -> None:
    results = raced(sekmet)
    assert [str(result.problem) for result in results if result.problem] == []
    with FhirServer("clinic", sekmet) as host:
        assert not host.capabilities().keys_unique
        found = list(host.find("Claim", [claim_key("clinic", "e1", revision) for revision in range(12)]))
    assert len(found) == count(sekmet, "Claim") >= 12
    assert {result.written[0].reference for result in results} <= {f"Claim/{one['id']}" for one in found}


def test_a_key_stored_twice_is_answered_with_the_lower_id(hapi: str) -> None:
    fill(hapi, [one for one in clinic() if one["resourceType"] != "Claim"])
    fill(hapi, [{**our_claim("e1"), "id": "k2"}, {**our_claim("e1"), "id": "k1"}])
    with FhirServer("clinic", hapi) as host:
        (result,) = host.write([claim_group("e1")])
        assert result.problem is None
        assert result.written[0].reference == "Claim/k1"
        assert len(list(host.find("Claim", [claim_key("clinic", "e1", 0)]))) == 2
    assert count(hapi, "Claim") == 2


def test_one_bad_group_in_a_full_bundle_on_hapi(hapi: str) -> None:
    fill(hapi, [one for one in clinic() if one["resourceType"] != "Claim"])
    bad = claim_group("e1", 13, body={**our_claim("e1", 13), "patient": ref("Patient/nobody")})
    groups = [claim_group("e1", revision) for revision in range(25) if revision != 13]
    with FhirServer("clinic", hapi) as host:
        results = {result.key: result.problem for result in host.write([*groups[:13], bad, *groups[13:]])}
    assert [key for key, problem in results.items() if problem] == [bad.key]
    assert (count(hapi, "Claim"), count(hapi, "Provenance")) == (24, 24)


@pytest.mark.parametrize("server", ["hapi", "sekmet"])
def test_a_stale_update_is_a_conflict_whatever_its_status(server: str, request: pytest.FixtureRequest) -> None:
    base = request.getfixturevalue(server)
    fill(base, [one for one in clinic() if one["resourceType"] != "Claim"])
    with FhirServer("clinic", base) as host:
        (made,) = host.write([claim_group("e1")])
        one = made.written[0]
        stale = update_group(one.reference, one.version, {**our_claim("e1"), "status": "draft"})
        (first,) = host.write([stale])
        (late, fine) = sorted(host.write([stale, claim_group("e2")]), key=lambda result: result.problem is None)
    assert first.problem is None
    assert isinstance(late.problem, HostConflict)
    assert fine.problem is None


def test_many_visits_are_paged_whole_on_hapi(hapi: str) -> None:
    fill(hapi, [*clinic(), *more_services(3)])
    with FhirServer("clinic", hapi, settings=FhirSettings(page_size=1, result_size=2, lookup=2)) as host:
        records, cursor = first_run(host)
        services = {visit: sum(key.startswith("Procedure/") for key in one.resources) for visit, one in records.items()}
        assert services == {"e1": 6, "e2": 5, "e3": 5}
        assert list(host.changes(cursor, START))


def test_nothing_new_takes_as_many_requests_after_any_history_on_hapi(hapi: str) -> None:
    fill(hapi, clinic())
    with FhirServer("clinic", hapi, settings=FhirSettings(page_size=2, result_size=2, overlap=0)) as host:
        host.capabilities()
        requests_made = []
        for _ in range(2):
            fill(hapi, more_services(5))
            cursor = host.cursor_at(host.now().replace(year=2999))
            before = host.client.calls
            assert not any(page.touched for page in host.changes(cursor, START))
            requests_made.append(host.client.calls - before)
    assert requests_made[0] == requests_made[1]
