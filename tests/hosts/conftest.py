"""For the tests of hosts: retries without waiting, and servers that fail as no library server will."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import tenacity.nap

from hosts.raw_server import RawServer, Waits


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Retries do not wait; what they would have waited is kept."""
    waited = Waits()

    class Time:
        sleep = staticmethod(waited.append)

    monkeypatch.setattr(tenacity.nap, "time", Time)
    return waited


@pytest.fixture
def raw() -> Iterator[RawServer]:
    server = RawServer()
    yield server
    server.close()


@pytest.fixture
def closed_port() -> str:
    """The URL of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"
