"""The pages of logging in and out: /login, /launch, /callback, /enter, /logout, /host.

Whatever goes wrong is one page that says what and what to do, is kept in the audit trail, and lets nobody in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Protocol
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from massage_billing.access.back import safe
from massage_billing.access.guard import Guard, cookies
from massage_billing.access.refusals import LoginRefused, Why
from massage_billing.access.roles import LoginHost
from massage_billing.access.smart_login import LIFE, Answered, Sent
from massage_billing.access.tokens import form_token, fresh, is_form_token, is_token
from massage_billing.model.desk import Viewer

_STATUS: Final[Mapping[Why, int]] = {Why.UNKNOWN_HOST: 400, Why.STALE: 400, Why.HOST: 502}
"""What a refusal is answered with; the others 403."""
_ENTER: Final = "mb-enter"
_MOST_FIELDS: Final = 50


class Page(Protocol):
    """Draws one of our templates in the frame."""

    def __call__(
        self, request: Request, viewer: Viewer | None, template: str, view: object, *, status: int = 200
    ) -> Response:
        """Draw it; the template finds ``view`` under that name."""
        ...


@dataclass(frozen=True, slots=True)
class LoginView:
    """The log-in page."""

    hosts: tuple[str, ...]
    """Hosts at which somebody may log in."""
    query: str
    """"?back=…" or ""."""
    links: bool
    """Whether one-time links are given out here."""


@dataclass(frozen=True, slots=True)
class EnterView:
    """What a one-time link opens: a button, so that nothing but a person uses it up."""

    path: str
    """Where the button sends to."""
    token: str
    """Its form's own token."""


@dataclass(frozen=True, slots=True)
class RefusedView:
    """Somebody was not let in."""

    what: str
    """What happened."""
    fix: str
    """What to do."""


async def _fields(request: Request) -> Mapping[str, str]:
    """A plain form; what is no such form is empty."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


Fields = Annotated[Mapping[str, str], Depends(_fields)]


def routes(guard: Guard, page: Page) -> APIRouter:
    """The routes; sync handlers, in worker threads."""
    router = APIRouter()
    _login(router, guard, page)
    _come_back(router, guard, page)
    _links(router, guard, page)
    _out(router, guard, page)
    return router


def _refused(guard: Guard, page: Page, request: Request, error: LoginRefused) -> Response:
    guard.note_refused(error)
    status = _STATUS.get(error.why, 403)
    return page(request, None, "refused.html.j2", RefusedView(error.what, error.fix), status=status)


def _login(router: APIRouter, guard: Guard, page: Page) -> None:
    smart = guard.smart

    @router.get("/login")
    def login(request: Request, back: str = "/") -> Response:
        where = safe(back)
        if guard.viewer(request) is not None:
            return _to(where)
        query = "" if where == "/" else f"?{urlencode({'back': where})}"
        view = LoginView(tuple(smart.roster()), query, guard.place.loopback)
        return page(request, None, "login.html.j2", view)

    @router.get("/login/{host}")
    def login_at(host: str, request: Request, back: str = "/") -> Response:
        return go(request, lambda: smart.host(host), back, None)

    @router.get("/launch")
    def launch(request: Request, iss: str = "", launch: str = "") -> Response:
        return go(request, lambda: smart.launched_from(iss), "/", launch[:2048] or None)

    def go(request: Request, find: Callable[[], LoginHost], back: str, launch: str | None) -> Response:
        if request.headers.get("host", "").lower() != guard.place.netloc:
            query = f"?{request.url.query}" if request.url.query else ""
            return _to(guard.place.url(f"{request.url.path}{query}"))  # cookies are of one name: begin under it
        guard.tidy()
        try:
            return _sent(guard, smart.send(find(), back, launch))
        except LoginRefused as error:
            return _refused(guard, page, request, error)


def _come_back(router: APIRouter, guard: Guard, page: Page) -> None:
    smart = guard.smart

    @router.get("/callback/{host}")
    def callback(host: str, request: Request) -> Response:
        query = dict(request.query_params)
        try:
            arrived = smart.arrive(Answered(host, query, cookies(request)))
        except LoginRefused as error:
            response = _refused(guard, page, request, error)
        else:
            response = _to(guard.landing(arrived))
            guard.enter(request, response, arrived.viewer, "smart")
        if is_token(query.get("state", "")):
            guard.drop_cookie(response, smart.cookie_of(query["state"]))
        return response


def _sent(guard: Guard, sent: Sent) -> Response:
    response = _to(sent.url)
    guard.set_cookie(response, sent.cookie, sent.value, int(LIFE.total_seconds()))
    return response


def _links(router: APIRouter, guard: Guard, page: Page) -> None:
    @router.get("/enter/{token}")
    def look(token: str, request: Request) -> Response:
        cookie = fresh()
        view = EnterView(f"/enter/{token}" if is_token(token) else "/login", form_token(cookie))
        response = page(request, None, "enter.html.j2", view)
        guard.set_cookie(response, guard.place.cookie(_ENTER), cookie, 3600)
        return response

    @router.post("/enter/{token}")
    def enter(token: str, request: Request, fields: Fields) -> Response:
        cookie = cookies(request).get(guard.place.cookie(_ENTER), "")
        own = is_token(cookie) and is_form_token(cookie, fields.get("csrf", "")) and guard.from_here(request)
        try:
            if not own:
                raise LoginRefused(Why.LINK, "The button was not pressed on this site.", "Open the link again.")
            viewer = guard.links.take(token)
        except LoginRefused as error:
            return _refused(guard, page, request, error)
        response = _to("/")
        guard.drop_cookie(response, guard.place.cookie(_ENTER))
        guard.enter(request, response, viewer, "link")
        return response


def _out(router: APIRouter, guard: Guard, page: Page) -> None:
    forged = RefusedView("That did not come from a page of yours that is still good.", "Go back, reload, try again.")

    def genuine(request: Request, fields: Mapping[str, str]) -> bool:
        return guard.genuine(request, request.headers.get("x-csrf-token") or fields.get("csrf", ""))

    @router.post("/logout")
    def logout(request: Request, fields: Fields) -> Response:
        if guard.viewer(request) is not None and not genuine(request, fields):
            return page(request, None, "refused.html.j2", forged, status=403)
        response = _to("/login")
        guard.leave(request, response)
        return response

    @router.post("/host")
    def switch(request: Request, fields: Fields) -> Response:
        response = _to("/")
        if not genuine(request, fields) or not guard.switch(request, response, fields.get("host", "")):
            return page(request, None, "refused.html.j2", forged, status=403)
        return response


def _to(where: str) -> RedirectResponse:
    return RedirectResponse(where, 303, {"Cache-Control": "no-store"})
