"""A backup is taken, the clinic goes on, the store is put back as it was: what was billed since is not billed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from journeys.clinic import check, unwritten, versions
from journeys.test_main_job_hapi import World, expected
from servers.postgresql import postgresql

VISITS = 40


@pytest.fixture(params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, hapi: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    made = World(tmp_path, hapi, None, VISITS)
    if request.param == "sqlite":
        yield made
        return
    with postgresql() as database:
        database.execute("CREATE DATABASE clinic")
        monkeypatch.setenv("MB_JOURNEY_DATABASE", database.url("clinic"))
        made.clinic.database = True
        yield made


def test_after_a_restore_billing_goes_on_without_a_second_claim(world: World, tmp_path: Path) -> None:
    clinic, server = world.clinic, world.server
    claims, holds = expected(world.items())
    backup = str(tmp_path / "backup.tar.gz")

    # Some visits are not finished yet when the backup is taken.
    waiting = sorted(claims)[:8]
    for encounter in waiting:
        server.put({**world.one("Encounter", encounter), "status": "in-progress"})
    clinic.run()
    assert clinic.call("backup", backup, "--json").code == 0
    for encounter in waiting:
        server.put(world.one("Encounter", encounter))
    clinic.run()
    before = versions(server.written())
    check(server.written(), claims=claims, holds=holds)

    # The store of before knows nothing of eight claims that stand on the server.
    assert clinic.call("restore", backup, "--yes", "--json").code == 0
    report = clinic.run()
    assert report["claims_created"] == 0
    assert versions(server.written()) == before
    check(server.written(), claims=claims, holds=holds)
    assert unwritten(clinic.run())
