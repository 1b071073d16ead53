"""Denials: the report with its charts, and drafts of payer rules that a person may take out. Nothing is loaded here."""

from __future__ import annotations

from datetime import UTC, timedelta
from datetime import date as Date
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.desk.denials import Denied, denied, proposal
from massage_billing.desk.kept import Held, Kept
from massage_billing.desk.office import Office
from massage_billing.desk.who_treats import who_treats
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action
from massage_billing.remittance.denials import Period
from massage_billing.remittance.proposals import Proposals
from massage_billing.web import charts
from massage_billing.web.forms import Fields
from massage_billing.web.refusals import Missing
from massage_billing.web.site import Site

FRESH: Final = timedelta(minutes=5)
"""How long a count is shown before it is made anew behind the page."""
WAIT: Final = 2.0
"""Seconds that the first look waits."""
TAKEN: Final = 30.0
"""Seconds that somebody who takes a draft out waits for it, where another process showed it."""
LEASTS: Final = (2, 3, 5, 10)
"""Denials of a kind from which a draft is made."""


def routes(site: Site) -> APIRouter:
    """The report, the drafts, one draft as a file."""
    router = APIRouter()
    _report(site, router, Kept(site.clock))
    _drafts(site, router, Kept(site.clock))
    return router


def _report(site: Site, router: APIRouter, counted: Kept[Denied]) -> None:
    see = Depends(site.viewer(Permission.DENIALS))

    @router.get("/denials")
    def page(request: Request, viewer: Viewer = see) -> Response:
        office = site.office(viewer)
        period = _period(Fields.of_query(request.query_params), office.today)
        held = counted.get(
            (office.id, period), lambda: denied(office.store, office.ledger, office.id, period), FRESH, WAIT
        )
        site.audit(request, viewer, Action.LISTED, page="denials")
        view = held.value
        more = {
            "since": period.since, "until": period.until, "payer": period.payer or "",
            "therapist": who_treats(office, site.days).of_npi,
            "weeks": _weeks(view), "most": _most(view), "may_propose": viewer.may(Permission.RUN),
            **_around(office, held),
        }  # fmt: skip
        return site.page(request, viewer, "denials.html.j2", view, part="report", more=more)


def _drafts(site: Site, router: APIRouter, made: Kept[Proposals]) -> None:
    run = Depends(site.viewer(Permission.RUN))

    def drafts(office: Office, query: Fields, wait: float = WAIT) -> Held[Proposals]:
        least, period = _least(query), Period(payer=query.text("payer") or None)
        today = office.today
        return made.get((office.id, period, least), lambda: office.propose(period, least, today), FRESH, wait)

    @router.get("/denials/proposals")
    def page(request: Request, viewer: Viewer = run) -> Response:
        office, query = site.office(viewer), Fields.of_query(request.query_params)
        held = drafts(office, query)
        site.audit(request, viewer, Action.LISTED, page="denials", detail="drafts of payer rules")
        asked = {"least": str(_least(query)), "payer": query.text("payer")}
        more = {
            "least": _least(query), "payer": query.text("payer"),
            "query": urlencode({name: value for name, value in asked.items() if value}), **_around(office, held),
        }  # fmt: skip
        return site.page(request, viewer, "proposals.html.j2", held.value, part="drafts", more=more)

    @router.get("/denials/proposals/{name}.yaml")
    def draft(request: Request, name: str, viewer: Viewer = run) -> Response:
        office = site.office(viewer)
        held = drafts(office, Fields.of_query(request.query_params), TAKEN)
        found = proposal(held.value, name) if held.value is not None else None
        if found is None:
            raise Missing
        site.audit(request, viewer, Action.EXPORTED, page="denials", detail=f"draft {found.name}")
        headers = {
            "Content-Disposition": f'attachment; filename="{found.name}.yaml"', "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }  # fmt: skip
        return Response(found.text, headers=headers, media_type="application/yaml; charset=utf-8")


def _around(office: Office, held: Held[Denied] | Held[Proposals]) -> dict[str, object]:
    zone = office.now().tzinfo or UTC
    keys = office.payers()
    return {"held": held, "payers": [("", "any"), *((key, key) for key in keys)],
            "local": lambda at: at.astimezone(zone)}  # fmt: skip


def _period(query: Fields, today: Date) -> Period:
    """What is asked for; nothing is applied after tomorrow (a day of the store is UTC's)."""
    until = query.day("until")
    return Period(
        query.day("since"), min(until, today + timedelta(days=1)) if until else None, query.text("payer") or None
    )


def _least(query: Fields) -> int:
    found = query.number("least")
    return found if found in LEASTS else 3


def _weeks(view: Denied | None) -> charts.Chart | None:
    if view is None or not view.weeks:
        return None
    names, dollars = [one.name for one in view.weeks], [one.dollars for one in view.weeks]
    return charts.bars("Dollars denied, by the week in which the answer was applied", names, dollars, "$", "denied")


def _most(view: Denied | None) -> Decimal:
    """The longest bar: what a rule prevented and missed."""
    lessons = view.lessons if view is not None else ()
    return max((one.held_dollars + one.cleared_dollars + one.missed_dollars for one in lessons), default=Decimal(0))
