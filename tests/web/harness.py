"""A served workbench on a synthetic clinic: the real door, shield, store and folder host; people who are logged in."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from massage_billing.access.guard import SESSION, Guard
from massage_billing.access.roles import LoginHost
from massage_billing.access.tokens import form_token
from massage_billing.desk.office import Office
from massage_billing.model.desk import Role, Viewer
from massage_billing.settings import Settings, load_settings
from massage_billing.store.memory_jobs import MemoryJobs
from massage_billing.web.shield import shield
from massage_billing.web.site import Site
from massage_billing.web_settings import LoginSettings, WorkerSettings
from massage_billing.wiring.entrance import guard_of
from massage_billing.wiring.workbench import Workbench, last_visit, open_offices, put_together

HOST = "demo"
STAFF = {
    "Practitioner/front": ("Fay Front", Role.FRONT_DESK),
    "Practitioner/bill": ("Bo Biller", Role.BILLER),
    "Practitioner/own": ("Ona Owner", Role.OWNER),
    "Practitioner/audit": ("Abe Auditor", Role.AUDITOR),
}
"""Who works at the workbench, besides the clinic's therapists."""


class FewOffices:
    """The clinic's hosts, with people to whom holds can be given."""

    def __init__(self, offices: Workbench) -> None:
        self._offices = {
            id: replace(office, staff=tuple(STAFF)) for id in offices.ids if (office := offices.office(id)) is not None
        }

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._offices)

    def office(self, host: str) -> Office | None:
        return self._offices.get(host)


@dataclass
class Served:
    """A workbench that answers."""

    url: str
    app: FastAPI
    site: Site
    guard: Guard
    office: Office
    jobs: MemoryJobs
    host: str = HOST

    def viewer(self, role: Role, practitioner: str | None = None) -> Viewer:
        """Somebody of a role; a therapist is one of the clinic's."""
        if role is Role.THERAPIST:
            who = practitioner or "Practitioner/nobody"
            return Viewer(who, "Tea Therapist", role, self.host, who)
        who, name = next((who, name) for who, (name, has) in STAFF.items() if has is role)
        return Viewer(who, name, role, self.host)

    def token(self, role: Role, practitioner: str | None = None) -> str:
        """The value of a session's cookie of somebody who has just logged in."""
        return self.guard.sessions.begin(self.viewer(role, practitioner))

    def client(self, role: Role, practitioner: str | None = None) -> Browser:
        """Somebody's browser without JavaScript."""
        return Browser(self, self.token(role, practitioner))


class Browser:
    """Asks as a browser without JavaScript does: pages, and forms with the session's token."""

    def __init__(self, served: Served, token: str) -> None:
        self._client = TestClient(
            served.app, base_url=served.url, cookies={served.guard.place.cookie(SESSION): token}, follow_redirects=False
        )
        self._token = token

    def get(self, path: str, **headers: str):  # type: ignore[no-untyped-def]
        return self._client.get(path, headers={"accept": "text/html", **headers})

    def post(self, path: str, data: dict[str, object] | None = None, **headers: str):  # type: ignore[no-untyped-def]
        fields = {"csrf": form_token(self._token), **(data or {})}
        return self._client.post(path, data=fields, headers={"sec-fetch-site": "same-origin", **headers})


@contextmanager
def served(settings_file: Path) -> Iterator[Served]:
    """The workbench of a clinic on a port of its own, in this process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        settings = _settings(settings_file, address)
        with open_offices(settings) as offices:
            found = _together(settings, address, offices)
            server = uvicorn.Server(uvicorn.Config(shield(found.app, settings), log_config=None, lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            try:
                yield found
            finally:
                server.should_exit = True
                thread.join(10)


def _settings(file: Path, address: str) -> Settings:
    read = load_settings(file)
    generous = read.workbench.rates.model_copy(update={"session": 100_000, "address": 1_000_000})
    workbench = read.workbench.model_copy(update={"rates": generous})
    return read.model_copy(update={"serve": read.serve.model_copy(update={"address": address}), "workbench": workbench})


def _together(settings: Settings, address: str, offices: Workbench) -> Served:
    guard = guard_of(settings, offices.store.access(), last_visit(offices))
    (host,) = settings.hosts
    guard.sessions.roster = lambda: {host: LoginHost(host, "https://ehr.invalid", _login())}
    app, jobs, few = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), MemoryJobs(), FewOffices(offices)
    site = put_together(app, few, guard, jobs)
    office = few.office(host)
    assert office is not None
    return Served(f"http://{address}", app, site, guard, office, jobs, host)


def _login() -> LoginSettings:
    people = {who: WorkerSettings(role=role) for who, (_, role) in STAFF.items()}
    return LoginSettings(client_id="tests", role=Role.THERAPIST, people=people)
