"""/audit: who looked at what, for the owner and the auditor, and the trail as FHIR AuditEvents to take away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from datetime import date as Date
from itertools import islice
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from massage_billing.access.audit_events import as_bundle, as_ndjson
from massage_billing.access.guard import Guard
from massage_billing.access.routes import Page, RefusedView
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action, Event

SHOWN: Final = 200
"""Lines that the page shows; the rest is in the file."""
_PATIENT: Final = re.compile(r"Patient/[A-Za-z0-9.-]{1,64}", re.ASCII)
_WRITERS: Final = {"ndjson": (as_ndjson, "application/fhir+ndjson"), "bundle": (as_bundle, "application/fhir+json")}


@dataclass(frozen=True, slots=True)
class AuditView:
    """The page."""

    host: str
    """Host id."""
    first: Date
    """First day, UTC."""
    last: Date
    """Last day, included."""
    patient: str
    """"Patient/3": only lines that name him or her; "" all."""
    query: str
    """The same as an address has it."""
    lines: tuple[Event, ...]
    """Oldest first, as many as are shown."""
    more: bool
    """Whether there are more."""


def audit_routes(guard: Guard, page: Page) -> APIRouter:
    """The routes; only who may take out the trail gets past them."""
    router = APIRouter()

    @router.get("/audit")
    def look(request: Request) -> Response:
        viewer = _allowed(guard, page, request)
        if isinstance(viewer, Response):
            return viewer
        first, last, patient = _wanted(guard, request)
        found = list(islice(_lines(guard, viewer, first, last, patient), SHOWN + 1))
        guard.record(_event(guard, viewer, Action.LISTED, f"{first} to {last}", patient=patient))
        query = urlencode({"first": first, "last": last} | ({"patient": patient} if patient else {}))
        view = AuditView(viewer.host, first, last, patient, query, tuple(found[:SHOWN]), len(found) > SHOWN)
        return page(request, viewer, "audit.html.j2", view)

    @router.get("/audit/export")
    def export(request: Request) -> Response:
        viewer = _allowed(guard, page, request)
        return viewer if isinstance(viewer, Response) else _file(guard, request, viewer)

    return router


def _allowed(guard: Guard, page: Page, request: Request) -> Viewer | Response:
    """Who may see the trail; else what is answered instead."""
    viewer = guard.viewer(request)
    if viewer is None:
        return RedirectResponse(guard.login(request), 303, {"Cache-Control": "no-store"})
    request.state.viewer = viewer
    if viewer.may(Permission.AUDIT):
        return viewer
    guard.record(_event(guard, viewer, Action.REFUSED, "", ok=False))
    view = RefusedView("Your role does not let you see who looked at what.", "Ask the owner or an auditor.")
    return page(request, viewer, "refused.html.j2", view, status=403)


def _file(guard: Guard, request: Request, viewer: Viewer) -> Response:
    """The trail of the days asked for, written as it is read."""
    first, last, patient = _wanted(guard, request)
    kind = "bundle" if request.query_params.get("format") == "bundle" else "ndjson"
    write, media = _WRITERS[kind]
    guard.record(_event(guard, viewer, Action.EXPORTED, f"{first} to {last}", patient=patient))
    events = _lines(guard, viewer, first, last, patient)
    name = f"audit-{first}-{last}.{'json' if kind == 'bundle' else 'ndjson'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_chunks(write(events)), 200, headers, media)


def _event(guard: Guard, viewer: Viewer, action: Action, detail: str, *, patient: str = "", ok: bool = True) -> Event:
    who = viewer.who, viewer.role.value, viewer.host
    return Event(guard.clock(), *who, action, "audit", patient=patient, detail=detail, ok=ok)


def _lines(guard: Guard, viewer: Viewer, first: Date, last: Date, patient: str) -> Iterator[Event]:
    """Lines of these days, of one patient where one is meant."""
    found = guard.access.all_events(viewer.host, *_span(first, last))
    return (one for one in found if patient in ("", one.patient))


def _wanted(guard: Guard, request: Request) -> tuple[Date, Date, str]:
    """The days and the patient asked for; a patient that is none is nobody's, so nothing is found."""
    query = request.query_params
    asked = query.get("patient", "").strip()
    patient = asked if not asked or "/" in asked else f"Patient/{asked}"
    if patient and not _PATIENT.fullmatch(patient):
        patient = "Patient/"
    return *_days(query, guard.clock().date()), patient


def _days(query: Mapping[str, str], today: Date) -> tuple[Date, Date]:
    """The days asked for; the last week where they are not said or are none."""
    last = _day(query.get("last", "")) or today
    first = _day(query.get("first", "")) or last - timedelta(days=6)
    return min(first, last), max(first, last)


def _day(text: str) -> Date | None:
    """A calendar date that has neighbours; None where it is none."""
    try:
        found = Date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 <= found.year <= 9000 else None


def _span(first: Date, last: Date) -> tuple[datetime, datetime]:
    """From the first moment of the first day to the last of the last, UTC."""
    return datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC)


def _chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces put together: each is handed over between threads."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= 1 << 16:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
