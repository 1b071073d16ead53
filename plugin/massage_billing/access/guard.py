"""The door: who is at a page, is a form his or her own, what is kept of it. What the frame calls ``web.guard.Guard``.

A form is genuine where the browser says that it comes from this site (Sec-Fetch-Site, else Origin) and it carries the
token of its own session: two checks that do not rest on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from massage_billing.access.back import safe
from massage_billing.access.links import Links
from massage_billing.access.place import Place
from massage_billing.access.refusals import LoginRefused
from massage_billing.access.roles import CONSOLE
from massage_billing.access.sessions import Sessions
from massage_billing.access.smart_login import Arrived, SmartLogin
from massage_billing.access.tokens import form_token, is_form_token
from massage_billing.model.desk import Viewer
from massage_billing.ports.access import Access, Action, Event

SESSION: Final = "mb"
"""Name of the session's cookie, without its prefix."""
_DETAIL: Final = 200
"""Characters of a detail that are kept."""
_TIDY: Final = timedelta(minutes=5)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
VisitOf = Callable[[str, str], str | None]
"""(host id, "Patient/3") -> the Encounter id of the patient's last visit; None where there is none."""


def _no_visit(_host: str, _patient: str) -> str | None:
    return None


@dataclass(slots=True)
class Guard:
    """The door of one workbench. Sync: called in worker threads. Raises StoreError where the store cannot be asked."""

    place: Place
    """Where browsers reach it."""
    access: Access
    """What is remembered."""
    sessions: Sessions
    """Who is logged in."""
    smart: SmartLogin
    """Log-in at hosts."""
    links: Links
    """Log-in by one-time links."""
    host_ids: tuple[str, ...]
    """Every configured host."""
    visit_of: VisitOf = _no_visit
    """Finds the page of a patient whom the EHR had open."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """UTC."""
    tidied: datetime = _LONG_AGO
    """When what had ended was last dropped."""

    # --- what the frame asks ----------------------------------------------------------------------------------------

    def viewer(self, request: Request) -> Viewer | None:
        """Who is at the page; None where nobody is logged in, or is no longer."""
        return self.sessions.viewer(self.session(request))

    def login(self, request: Request) -> str:
        """Path where somebody who is not logged in goes, to come back to this page; a form is not sent again."""
        asked = request.headers.get("hx-current-url") if request.headers.get("hx-request") else None
        page = self._path_of(asked) if asked else None
        if page is None:
            query = f"?{request.url.query}" if request.url.query else ""
            page = f"{request.url.path}{query}" if request.method == "GET" else "/"
        back = safe(page)
        return "/login" if back == "/" else f"/login?{urlencode({'back': back})}"

    def token(self, request: Request) -> str:
        """What the forms of this session carry; another one each time, all of them good while the session is."""
        return form_token(self.session(request) or "")

    def genuine(self, request: Request, token: str) -> bool:
        """Whether a form was sent from this site, with the token of its own session."""
        session = self.session(request)
        return session is not None and self.from_here(request) and is_form_token(session, token)

    def hosts(self, request: Request) -> tuple[str, ...]:
        """Host ids that he or she may look at without another log-in: whoever came by a link all of them, whoever
        logged in at a host that one."""
        viewer = self.viewer(request)
        if viewer is None:
            return ()
        return self.host_ids if viewer.who == CONSOLE else (viewer.host,)

    def record(self, event: Event) -> None:
        """Keep who looked at what, and did what; what an address or a form said is cut short."""
        short = event if len(event.detail) <= _DETAIL else replace(event, detail=f"{event.detail[:_DETAIL]}…")
        self.access.record(short)

    # --- cookies ----------------------------------------------------------------------------------------------------

    def session(self, request: Request) -> str | None:
        """The session's token; None where there is none, or more than one: somebody else may have set the other."""
        return cookies(request).get(self.place.cookie(SESSION))

    def from_here(self, request: Request) -> bool:
        """Whether the browser says that this site's own page sent it. One that says nothing leaves it to the token."""
        said = request.headers.get("sec-fetch-site")
        if said is not None:
            return said == "same-origin"
        origin = request.headers.get("origin")
        return origin is None or origin in self._origins(request)

    def _origins(self, request: Request) -> tuple[str, ...]:
        if not self.place.loopback:
            return (self.place.origin,)
        return self.place.origin, f"http://{request.headers.get('host', '')}"

    def set_cookie(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        """Set a cookie that no script reads and no other site sends along, for this origin alone."""
        life = "" if seconds is None else f"; Max-Age={seconds}"
        response.headers.append("set-cookie", f"{name}={value}{life}; {self.place.attributes}")

    def drop_cookie(self, response: Response, name: str) -> None:
        """Have the browser forget a cookie."""
        response.headers.append("set-cookie", f"{name}=; Max-Age=0; {self.place.attributes}")

    def tidy(self) -> None:
        """Drop what has ended, at most every five minutes: log-ins that never came back are not kept."""
        now = self.clock()
        if now - self.tidied >= _TIDY:
            self.tidied = now
            self.access.forget(now)

    # --- in and out -------------------------------------------------------------------------------------------------

    def enter(self, request: Request, response: Response, viewer: Viewer, how: str) -> None:
        """Log somebody in: a new session, a new cookie, whatever was there before."""
        token = self.sessions.begin(viewer, self.session(request))
        self.set_cookie(response, self.place.cookie(SESSION), token)
        self.note(Action.LOGGED_IN, viewer, how)

    def leave(self, request: Request, response: Response) -> None:
        """Log out."""
        viewer, token = self.viewer(request), self.session(request)
        if token is not None:
            self.sessions.end(token)
        self.drop_cookie(response, self.place.cookie(SESSION))
        if viewer is not None:
            self.note(Action.LOGGED_OUT, viewer, "")

    def switch(self, request: Request, response: Response, host: str) -> bool:
        """Look at another host; False where that is not for this viewer."""
        viewer, token = self.viewer(request), self.session(request)
        if viewer is None or token is None or host not in self.hosts(request):
            return False
        moved = replace(viewer, host=host)
        self.set_cookie(response, self.place.cookie(SESSION), self.sessions.move(token, moved))
        self.note(Action.LOGGED_IN, moved, "switched host")
        return True

    def landing(self, arrived: Arrived) -> str:
        """Where somebody goes who was logged in: to the visit that the EHR had open, else where he or she was."""
        encounter = arrived.encounter
        if encounter is None and arrived.patient is not None:
            encounter = self.visit_of(arrived.viewer.host, arrived.patient)
        if encounter is None:
            return arrived.back
        return f"/visits/{quote(arrived.viewer.host)}/{quote(encounter)}"

    def note(self, action: Action, viewer: Viewer, detail: str) -> None:
        """Keep a log-in or log-out."""
        who = viewer.who, viewer.role.value, viewer.host
        self.record(Event(self.clock(), *who, action, "login", detail=detail))

    def note_refused(self, refused: LoginRefused) -> None:
        """Keep that somebody was not let in; where there is one host only, it is that one's door."""
        host = refused.host or (self.host_ids[0] if len(self.host_ids) == 1 else "")
        who = refused.who, "", host
        self.record(Event(self.clock(), *who, Action.REFUSED, "login", detail=refused.why.value, ok=False))

    def _path_of(self, url: str) -> str | None:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{parts.path}{query}" if parts.path.startswith("/") else None


def cookies(request: Request) -> Mapping[str, str]:
    """A request's cookies. A name that comes twice is left out: one of the two was not set by us (cookie tossing)."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for line in request.headers.getlist("cookie"):
        for pair in line.split(";"):
            name, _, value = pair.strip().partition("=")
            if name in found:
                twice.add(name)
            found[name] = value.strip().strip('"')
    return {name: value for name, value in found.items() if name not in twice}
