"""sekmet-fhir as a fixture: a FHIR server that nobody here wrote, without referential integrity."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from servers.process import Child

START_SECONDS = 60  # it takes 3-4


class Sekmet:
    """A running sekmet-fhir: ``url`` is its FHIR base, ``token_url`` where SMART clients get a token."""

    def __init__(self, url: str, child: Child) -> None:
        self.url = url
        self.token_url = f"{url.removesuffix('/fhir')}/auth/token"
        self.child = child

    def empty(self) -> None:
        """Removes every resource from the server."""
        requests.post(f"{self.url.removesuffix('/fhir')}/empty", timeout=30).raise_for_status()


@pytest.fixture(scope="session")
def start_sekmet() -> Iterator[Callable[..., Sekmet]]:
    """``start_sekmet(server_auth={...})``: a server with these settings of sekmet's YAML, emptied.

    With ``server_auth={"types": ["smart"], "smart_clients": [{"client_id": …, "jwks": …, "scopes": …}]}`` it asks for
    SMART backend tokens. The same settings give the same server again; all end with the session.
    """
    pytest.importorskip("sekmet", reason="sekmet-fhir is not installed (pip install --group test)")
    servers: dict[str, Sekmet] = {}

    def get(**settings: object) -> Sekmet:
        key = json.dumps(settings, sort_keys=True)
        if key in servers and servers[key].child.running():
            servers[key].empty()
        else:
            # -P: this folder, with its own sekmet.py, is not where the child looks for modules
            child = Child([sys.executable, "-P", Path(__file__).with_name("sekmet_child.py"), key])
            servers[key] = Sekmet(child.read_line(START_SECONDS).split()[1], child)
        return servers[key]

    yield get
    for server in servers.values():
        server.child.stop()


@pytest.fixture
def sekmet(start_sekmet: Callable[..., Sekmet]) -> str:
    """The base URL of an empty sekmet-fhir that asks for no token."""
    return start_sekmet().url
