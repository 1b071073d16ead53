"""A visit that ends on a real HAPI FHIR server is billed because the server says so: no schedule, no polling."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from journeys.clinic import Clinic, environment, key, keys_of, live
from journeys.test_main_job_hapi import World, expected
from servers.process import Child

TOKEN = "a-token-that-nobody-can-guess-0123456789"
NOTICE = "another-token-nobody-can-guess-98765432"
MORE = """\
serve: {{token_file: {folder}/token, address: "127.0.0.1:{port}"}}
hooks:
  url: http://127.0.0.1:{port}
  subscription: {{token_file: {folder}/notice, pause: 0}}
"""


class Told(Clinic):
    """A clinic whose settings take notices."""

    port = 0

    def settings(self, state: str = "state", where: str | None = None) -> Path:
        file = super().settings(state, where)
        file.write_text(file.read_text() + MORE.format(folder=self.folder, port=self.port))
        return file


@pytest.fixture
def world(tmp_path: Path, hapi: str) -> World:
    made = World(tmp_path, hapi, None, 12)
    made.clinic = clinic = Told(tmp_path, hapi)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        clinic.port = free.getsockname()[1]
    for name, secret in (("token", TOKEN), ("notice", NOTICE)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    return made


@pytest.fixture
def served(world: World) -> Iterator[Child]:
    command = [sys.executable, "-m", "massage_billing", *world.clinic.arguments("serve", "--link", "none")]
    with ExitStack() as stack:
        child = stack.enter_context(Child(command, env=environment()))
        while not re.search(r"http://127", child.read_line(90)):
            pass
        yield child


def claims(world: World) -> set[str]:
    return {each for claim in live(world.server.all("Claim")) for each in keys_of(claim)}


def wait_for(world: World, served: Child, wanted: set[str]) -> None:
    deadline = time.monotonic() + 90
    while not wanted <= claims(world):
        assert served.running()
        assert time.monotonic() < deadline, "the server told nothing, or nothing came of it"


def test_a_finished_visit_is_billed_without_polling(world: World, served: Child) -> None:
    billable, _ = expected(world.items())
    encounter = sorted(billable)[0]
    world.server.put({**world.one("Encounter", encounter), "status": "in-progress"})

    made = world.clinic.call("subscribe", "--json")
    assert (made.code, made.report["what"]) == (0, "made")
    again = world.clinic.call("subscribe", "--json")
    assert (again.report["what"], again.report["subscription"]) == ("there", made.report["subscription"])
    while world.server.get(made.report["subscription"])["status"] != "active":
        assert served.running()
    assert world.clinic.call("subscribe", "--check", "--json").code == 0
    assert "payload" not in world.server.get(made.report["subscription"])["channel"]

    world.server.put(world.one("Encounter", encounter))  # whoever treated ends the visit
    wait_for(world, served, {key(encounter)})
    assert len(claims(world)) == len(live_claims(world))

    gone = world.clinic.call("subscribe", "--remove", "--json")
    assert gone.report["removed"] == 1
    assert world.clinic.call("subscribe", "--check", "--json").code == 4


def live_claims(world: World) -> list[object]:
    return list(live(world.server.all("Claim")))
