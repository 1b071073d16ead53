"""Two runs at once on sekmet-fhir, which stores a key twice under concurrency (HOSTS.md): one live Claim is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeys.clinic import Clinic, Server, check, explained, made, outcomes, unwritten, versions

VISITS = 60


@pytest.mark.parametrize("stores", [("one", "one"), ("one", "other")], ids=["same store", "two stores"])
def test_two_processes_at_once_leave_one_claim_a_visit(tmp_path: Path, sekmet: str, stores: tuple[str, str]) -> None:
    server, clinic = Server(sekmet), Clinic(tmp_path, sekmet)
    server.put(*made(tmp_path, VISITS))
    items = explained(clinic, tmp_path)
    processes = [clinic.start("run", "--json", state=state) for state in stores]
    ran = [clinic.ended(process) for process in processes]
    assert [one.code for one in ran] == [0, 0], [(one.errors, one.report) for one in ran]
    for state in stores:  # what the two did not see of each other is put right by the next run
        clinic.run(state)
    holds = {
        encounter
        for encounter in outcomes(items, "hold")
        if any(each["effect"] == "hold" and each["rule"] != "visit-finished" for each in items[encounter]["findings"])
    }
    check(server.written(), claims=outcomes(items, "claim"), holds=holds)
    before = versions(server.written())
    for state in stores:
        assert unwritten(clinic.run(state))
    assert versions(server.written()) == before
