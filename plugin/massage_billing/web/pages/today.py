"""Today: the appointments of a day, with what has to be settled before each."""

from __future__ import annotations

from datetime import date as Date

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.desk.today import FAR, Wanted, today
from massage_billing.model import Readiness
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action
from massage_billing.web.address import Address
from massage_billing.web.forms import Fields
from massage_billing.web.site import Site


def routes(site: Site) -> APIRouter:
    """GET /today."""
    router = APIRouter()
    see = Depends(site.viewer(Permission.TODAY))

    @router.get("/today")
    def page(request: Request, viewer: Viewer = see) -> Response:
        office = site.office(viewer)
        wanted = _wanted(Fields.of_query(request.query_params), office.today)
        view = today(office, site.days, viewer, wanted)
        site.audit(request, viewer, Action.LISTED, page="today", detail=f"appointments of {wanted.day.isoformat()}")
        more = {"address": Address("/today", _now(wanted)), "may_visit": viewer.may(Permission.VISIT)}
        return site.page(request, viewer, "today.html.j2", view, part="day", more=more)

    return router


def _wanted(query: Fields, now: Date) -> Wanted:
    day = query.day("date") or now
    day = min(max(day, now - FAR), now + FAR)
    show = next((one for one in Readiness if one.value == query.text("show")), None)
    return Wanted(day, show, query.text("therapist"))


def _now(wanted: Wanted) -> dict[str, str]:
    """The query of the page as it is."""
    show = wanted.readiness.value if wanted.readiness is not None else ""
    return {"date": wanted.day.isoformat(), "show": show, "therapist": wanted.therapist}
