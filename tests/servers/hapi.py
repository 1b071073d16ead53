"""HAPI FHIR as a fixture: one server for the whole run, empty at the start of every test that asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
import requests

from servers.process import JAVA, Child, built_jar

START_SECONDS = 180  # it takes 12-30; more only on a machine that is busy with something else
EXPUNGE = {"resourceType": "Parameters", "parameter": [{"name": "expungeEverything", "valueBoolean": True}]}


class Hapi:
    """A running HAPI FHIR server: its base ``url``, and ``child``, the process (None when somebody else started it)."""

    def __init__(self, url: str, child: Child | None) -> None:
        self.url = url
        self.child = child

    def empty(self) -> None:
        """Removes every resource (and every old version) from the server."""
        answer = requests.post(f"{self.url}/$expunge", json=EXPUNGE, timeout=60)
        assert answer.status_code == 200, answer.text

    def stop(self) -> None:
        """Ends the server, if the tests started it."""
        if self.child is not None:
            self.child.stop()


def start(settings: dict[str, object]) -> Hapi:
    """Starts a server with the settings of deploy/hapi, on a free port, with an empty H2 database in memory."""
    jar = built_jar("hapi")
    options = [f"-Dhapi.{name.replace('_', '.')}={str(value).lower()}" for name, value in settings.items()]
    child = Child([*JAVA, f"-Dhapi.parent={os.getpid()}", *options, "-jar", jar])
    return Hapi(child.read_line(START_SECONDS).split()[1], child)


@pytest.fixture(scope="session")
def start_hapi() -> Iterator[Callable[..., Hapi]]:
    """``start_hapi(includes_max=5)``: a server with these settings (Settings.java, '_' for '.'), emptied.

    The same settings give the same server again for as long as it runs; all end with the session.
    """
    servers: dict[str, Hapi] = {}

    def get(**settings: object) -> Hapi:
        key = repr(sorted(settings.items()))
        known = servers.get(key)
        if known is None or (known.child is not None and not known.child.running()):
            given = os.environ.get("MB_TEST_HAPI_URL")  # spares the start while developing; its data is removed!
            known = servers[key] = Hapi(given, None) if given and not settings else start(settings)
        else:
            known.empty()
        return known

    yield get
    for server in servers.values():
        server.stop()


@pytest.fixture
def hapi(start_hapi: Callable[..., Hapi]) -> str:
    """The base URL of an empty HAPI FHIR server with stock settings: it refuses dangling references."""
    server = start_hapi()
    if server.child is None:
        server.empty()
    return server.url
