"""Two runs at once on sekmet-fhir, which stores a key twice under concurrency (HOSTS.md): one live Claim is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from journeys.clinic import Clinic, Json, Server, check, explained, made, outcomes, unwritten, versions
from journeys.forked import Forker
from journeys.proxy import Request, proxy_to

VISITS = 60


def holds_of(items: dict[str, Json]) -> set[str]:
    """Visits that ``run`` holds: it waits for those in progress."""
    return {
        encounter
        for encounter in outcomes(items, "hold")
        if any(each["effect"] == "hold" and each["rule"] != "visit-finished" for each in items[encounter]["findings"])
    }


@pytest.mark.parametrize("stores", [("one", "one"), ("one", "other")], ids=["same store", "two stores"])
def test_two_processes_at_once_leave_one_claim_a_visit(
    tmp_path: Path, sekmet: str, stores: tuple[str, str], forker: Forker
) -> None:
    server, clinic = Server(sekmet), Clinic(tmp_path, sekmet, forker)
    server.put(*made(tmp_path, VISITS))
    items = explained(clinic, tmp_path)
    processes = [clinic.start("run", "--json", state=state) for state in stores]
    ran = [clinic.ended(process) for process in processes]
    assert [one.code for one in ran] == [0, 0], [(one.errors, one.report) for one in ran]
    for state in stores:  # what the two did not see of each other is put right by the next run
        clinic.run(state)
    check(server.written(), claims=outcomes(items, "claim"), holds=holds_of(items))
    before = versions(server.written())
    for state in stores:
        assert unwritten(clinic.run(state))
    assert versions(server.written()) == before


def test_what_the_server_stored_twice_is_put_right_by_the_same_run(tmp_path: Path, sekmet: str, forker: Forker) -> None:
    """Every create is stored a second time, as when the condition of another writer was looked at too early."""
    server, clinic = Server(sekmet), Clinic(tmp_path, sekmet, forker)
    server.put(*made(tmp_path, VISITS))
    items = explained(clinic, tmp_path)
    copies: list[str] = []

    def store_again(request: Request) -> None:
        named: dict[str, str] = {}
        for entry in json.loads(request.body)["entry"] if request.writes else ():
            if entry["request"]["method"] == "POST":
                text = json.dumps(entry["resource"])
                for url, reference in named.items():
                    text = text.replace(url, reference)
                named[entry["fullUrl"]] = server.post(json.loads(text))
        copies.extend(named.values())

    with proxy_to(sekmet) as proxy:
        proxy.after = store_again
        clinic.run(where=proxy.url)
    assert len(copies) == 2 * len(outcomes(items, "claim")) + len(holds_of(items))
    check(server.written(), claims=outcomes(items, "claim"), holds=holds_of(items))
    clinic.run()
    assert unwritten(clinic.run())
    check(server.written(), claims=outcomes(items, "claim"), holds=holds_of(items))
