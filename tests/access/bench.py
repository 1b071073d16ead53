"""A clinic's EHR and a workbench of one page, with the real door, on a dict and on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from massage_billing.access.audit_routes import audit_routes
from massage_billing.access.guard import Guard
from massage_billing.access.roles import LoginHost
from massage_billing.access.routes import routes
from massage_billing.access.testing import FakeGuard, fake_guard
from massage_billing.model.desk import Role, Viewer
from massage_billing.store.memory_access import MemoryAccess
from massage_billing.web_settings import WorkerSettings

HERE = "https://workbench.example.org"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Bench:
    """A workbench and what is behind it."""

    guard: FakeGuard
    kept: MemoryAccess
    hosts: dict[str, LoginHost]
    clock: Clock
    app: FastAPI
    pages: list[tuple[str, object]]
    """Templates that were drawn, with their views."""

    def browser(self) -> TestClient:
        """A browser of its own, that follows nothing by itself."""
        return TestClient(self.app, base_url=self.guard.place.origin, follow_redirects=False)

    def people(self, host: str, **people: str) -> None:
        """Say who has which role there."""
        named = {key.replace("_", "/", 1): WorkerSettings(role=Role(role)) for key, role in people.items()}
        self.change(host, people=named)

    def change(self, host: str, **what: object) -> None:
        """Change how people of a host log in."""
        before = self.hosts[host]
        self.hosts[host] = LoginHost(before.id, before.url, before.login.model_copy(update=what), before.verify)

    def events(self) -> list[tuple[str, str, bool, str]]:
        """(action, who, ok, detail) of the trail."""
        return [(one.action.value, one.who, one.ok, one.detail) for one in self.kept._lines]


def small_app(guard: Guard, pages: list[tuple[str, object]]) -> FastAPI:
    """One page that says who is there, and the pages of the door."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    def page(request: Request, viewer: Viewer | None, template: str, view: object, *, status: int = 200) -> Response:
        del request, viewer
        pages.append((template, view))
        return PlainTextResponse(f"{template}\n{view}", status)

    app.include_router(routes(guard, page))
    app.include_router(audit_routes(guard, page))

    @app.get("/")
    def home(request: Request) -> Response:
        viewer = guard.viewer(request)
        if viewer is None:
            return RedirectResponse(guard.login(request), 303)
        return PlainTextResponse(f"{viewer.who} {viewer.role} {viewer.host} {viewer.practitioner} {viewer.name}")

    @app.get("/token")
    def token(request: Request) -> Response:
        return PlainTextResponse(guard.token(request))

    @app.post("/change")
    async def change(request: Request) -> Response:
        form = dict(pair.partition("=")[::2] for pair in (await request.body()).decode().split("&"))
        return Response(status_code=204 if guard.genuine(request, form.get("csrf", "")) else 403)

    return app


def make_bench(hosts: Mapping[str, LoginHost], base_url: str = HERE, read: object = None) -> Bench:
    """A workbench at ``base_url``."""
    kept, clock, roster = MemoryAccess(), Clock(), dict(hosts)
    guard = fake_guard(base_url, access=kept, clock=clock, host_ids=("main", "other"))
    guard.smart.roster = guard.sessions.roster = lambda: roster
    if read is not None:
        guard.smart.read = read  # type: ignore[assignment]
    pages: list[tuple[str, object]] = []
    return Bench(guard, kept, roster, clock, small_app(guard, pages), pages)
