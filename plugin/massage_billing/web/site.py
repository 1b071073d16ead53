"""What every page works with: who looks at it, how it is drawn, what is kept of it. Read this first.

A page is a function that asks its host's ``Office``, makes a view and draws it: ``site.page``. Everything a viewer may
not see is refused before the function runs (``site.viewer``). Pages are the same with and without JavaScript; htmx asks
for one block of the same template.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from massage_billing.access.back import safe
from massage_billing.desk.kept import Kept
from massage_billing.desk.office import Office, Offices
from massage_billing.desk.today import Days
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action, Event
from massage_billing.ports.jobs import Jobs
from massage_billing.web.drawing import Drawing
from massage_billing.web.forms import Fields
from massage_billing.web.guard import Guard
from massage_billing.web.refusals import Forbidden, ForgedForm, Missing, NotLoggedIn
from massage_billing.web.said import in_words
from massage_billing.web.static_files import StaticFiles

FORM_FIELD: Final = "csrf"
"""Name of the form field that carries the session's token."""
FORM_HEADER: Final = "x-csrf-token"
"""Header that may carry it instead."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
"""A FHIR logical id (R4 datatypes.html#id)."""
_READS: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Tab:
    """One entry of the navigation."""

    path: str
    """Where it leads."""
    title: str
    """What it is called."""
    needs: Permission
    """Who may go there."""


TABS: Final = (
    Tab("/today", "Today", Permission.TODAY),
    Tab("/holds", "Holds", Permission.HOLDS),
    Tab("/claims", "Claims", Permission.CLAIMS),
    Tab("/eligibility", "Eligibility", Permission.ELIGIBILITY),
    Tab("/credentials", "Credentials", Permission.CREDENTIALS),
    Tab("/denials", "Denials", Permission.DENIALS),
    Tab("/rules", "Rules", Permission.RULES),
    Tab("/health", "Health", Permission.HEALTH),
    Tab("/audit", "Audit", Permission.AUDIT),
)
"""The pages, in the order of the navigation."""


@dataclass(frozen=True, slots=True)
class Site:
    """The workbench."""

    guard: Guard
    """Who is there."""
    offices: Offices
    """The hosts."""
    jobs: Jobs
    """What takes longer than a page may."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """UTC."""
    static: StaticFiles = field(default_factory=StaticFiles)
    """Style, script, icon."""
    days: Days = field(default_factory=Kept)
    """Judged days of every host, kept for a minute."""
    drawing: Drawing = field(init=False)
    """The templates."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "drawing", Drawing(self.static.path))

    # --- before a page ----------------------------------------------------------------------------------------------

    def viewer(self, needs: Permission) -> Callable[[Request], Awaitable[Viewer]]:
        """A dependency that gives who is at the page, and lets nobody by who may not.

        What is sent (not GET) has its form read here, and its token looked at. Raises the Refusals; a refused role is
        kept in the audit trail.
        """

        async def check(request: Request) -> Viewer:
            found = await run_in_threadpool(self.guard.viewer, request)
            if found is None:
                raise NotLoggedIn
            request.state.viewer = found
            if request.method not in _READS:
                await self._read_form(request)
            if not found.may(needs):
                await run_in_threadpool(self.audit, request, found, Action.REFUSED, page=needs.value, ok=False)
                raise Forbidden(found)
            return found

        return check

    async def _read_form(self, request: Request) -> None:
        form = Fields.of_form(await request.form(max_files=0))
        request.state.form = form
        token = request.headers.get(FORM_HEADER) or form.text(FORM_FIELD)
        if not await run_in_threadpool(self.guard.genuine, request, token):
            raise ForgedForm

    def form(self, request: Request) -> Fields:
        """What the form sent; read by ``viewer``."""
        form: Fields = request.state.form
        return form

    def office(self, viewer: Viewer) -> Office:
        """The host whose pages are looked at. Missing where it is configured no more."""
        found = self.offices.office(viewer.host)
        if found is None:
            raise Missing
        return found

    def visit(self, viewer: Viewer, host: str, encounter: str) -> Office:
        """The host of a visit that is named in a URL. Missing where it is another host's, no id at all, or a visit that
        this therapist did not treat: nobody is told which; that a therapist asked is kept in the audit trail."""
        if host != viewer.host or _ID.fullmatch(encounter) is None:
            raise Missing
        office = self.office(viewer)
        if viewer.own is not None and encounter not in office.desk.treated(host, viewer.own, [encounter]):
            self._record(viewer, Action.REFUSED, "visit", encounter=encounter, ok=False)
            raise Missing
        return office

    # --- a page -----------------------------------------------------------------------------------------------------

    def page(
        self,
        request: Request,
        viewer: Viewer | None,
        template: str,
        view: object,
        *,
        part: str = "",
        status: int = 200,
        more: Mapping[str, object] | None = None,
    ) -> HTMLResponse:
        """A page: the template with ``view`` (and ``more`` names) in it. Where htmx asks, only the block ``part``.

        Never kept by browsers or proxies: what it shows is patients' data.
        """
        fields = Fields.of_query(request.query_params)
        context = {
            "view": view,
            "viewer": viewer,
            "said": in_words(fields.text("said")),
            "csrf_field": self.drawing.csrf_field("" if viewer is None else self.guard.token(request)),
            "tabs": [] if viewer is None else [tab for tab in TABS if viewer.may(tab.needs)],
            "here": request.url.path,
            "path": path_of(request),
            "hosts": () if viewer is None else self.guard.hosts(request),
            **(more or {}),
        }
        html = self.drawing.draw(template, context, part if part and wants_part(request) else "")
        headers = {"Cache-Control": "no-store", "Vary": "HX-Request, Cookie"}
        return HTMLResponse(html, status, headers)

    def back(self, request: Request, path: str, said: str = "") -> RedirectResponse:
        """To a page of this site after something was done; ``said``: a word of ``web.said`` that the page tells, with a
        number after it where it counts ("assigned-3")."""
        path, _, place = path.partition("#")
        path = safe(path)
        if said:
            path = f"{path}{'&' if '?' in path else '?'}{urlencode({'said': said})}"
        return RedirectResponse(f"{path}#{quote(place)}" if place else path, 303, {"Cache-Control": "no-store"})

    def audit(
        self,
        request: Request,
        viewer: Viewer,
        action: Action,
        *,
        page: str,
        encounter: str = "",
        patient: str | None = None,
        detail: str = "",
        ok: bool = True,
    ) -> None:
        """Keep that somebody looked at something, or did something. A visit's patient is named with it, also where the
        page does not say whose it is. Raises StoreError: what cannot be kept is not shown."""
        del request
        whose = patient or (self._patient_of(viewer, encounter) if encounter else "")
        self._record(viewer, action, page, encounter=encounter, patient=whose, detail=detail, ok=ok)

    def _patient_of(self, viewer: Viewer, encounter: str) -> str:
        """The patient of a visit, "Patient/3", as the store knows it; "" where it knows none."""
        office = self.offices.office(viewer.host)
        row = None if office is None else office.store.known(viewer.host, [encounter]).get(encounter)
        return (row.patient or "") if row is not None else ""

    def _record(
        self,
        viewer: Viewer,
        action: Action,
        page: str,
        *,
        encounter: str = "",
        patient: str = "",
        detail: str = "",
        ok: bool = True,
    ) -> None:
        who = viewer.who, viewer.role.value, viewer.host
        self.guard.record(Event(self.clock(), *who, action, page, encounter, patient, detail, ok))


def wants_part(request: Request) -> bool:
    """Whether htmx asks for a part of the page. Going back in the browser's history wants the whole of it."""
    asked = request.headers
    return asked.get("hx-request") == "true" and asked.get("hx-history-restore-request") != "true"


def path_of(request: Request) -> str:
    """The page's own address on this site, with its query but without what was said on it."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "said"]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
