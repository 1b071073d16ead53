"""Rules: the rulebook's pages, what changed lately, and what a change makes of past visits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from datetime import date as Date
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.desk.kept import Held, Kept
from massage_billing.desk.office import Office
from massage_billing.desk.replayed import DAYS, Replayed, packed, replayed, unpacked
from massage_billing.desk.rules import EFFECTS, Asked, lately, rule_list, rule_page
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action
from massage_billing.rulebook.pages.page import GRADES
from massage_billing.rulebook.pages.tables import table_part
from massage_billing.web.forms import Fields
from massage_billing.web.refusals import Missing
from massage_billing.web.site import Site

SPANS: Final = tuple((str(days), f"{days} days") for days in DAYS)
"""How far back visits are replayed."""
KEPT: Final = timedelta(days=1)
"""How long a replay stands before the same one is made anew."""


def routes(site: Site) -> APIRouter:
    """The list, what changed, replaying, one rule."""
    router = APIRouter()
    _list(site, router)
    _lately(site, router, Kept(site.clock))
    _one(site, router)
    return router


def _list(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.RULES))

    @router.get("/rules")
    def rules(request: Request, viewer: Viewer = see) -> Response:
        office, query = site.office(viewer), Fields.of_query(request.query_params)
        asked = Asked(query.text("words")[:80], query.text("code").upper()[:12], query.text("policy"))
        view = rule_list(office.book(), asked, query.day("on") or office.today, office.told())
        more = {
            "policies": [("", "any"), *((name, name) for name in view.every_policy)], "effects": EFFECTS,
            "grades": GRADES,
        }  # fmt: skip
        return site.page(request, viewer, "rules.html.j2", view, part="rules", more=more)


def _one(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.RULES))

    @router.get("/rules/{name}")
    def rule(request: Request, name: str, viewer: Viewer = see) -> Response:
        office, query = site.office(viewer), Fields.of_query(request.query_params)
        book, on = office.book(), query.day("on") or office.today
        code = query.text("code").upper()[:12]
        view = rule_page(book, name, on, code, table=query.text("table") == "1")
        if view is None:
            raise Missing
        has_table = table_part(book, name, "-", on) is not None
        return site.page(request, viewer, "rule.html.j2", view, part="main", more={"has_table": has_table})


def _lately(site: Site, router: APIRouter, made: Kept[Replayed]) -> None:
    see, run = Depends(site.viewer(Permission.RULES)), Depends(site.viewer(Permission.RUN))

    @router.get("/rules/lately")
    def changed(request: Request, viewer: Viewer = see) -> Response:
        office, query = site.office(viewer), Fields.of_query(request.query_params)
        view = lately(office.book(), office.releases(), office.today)
        days, rules_of = _span(query), query.day("rules_of") or view.since
        may = viewer.may(Permission.RUN)
        nothing: Held[Replayed] = Held(None, None, False)
        held = _held(office, made, days, rules_of, site.clock()) if may else nothing
        if held.value is not None:
            site.audit(request, viewer, Action.LISTED, page="rules", detail="replay of past visits")
        more = {
            "signed": signed, "may_run": may, "spans": SPANS, "held": held, "host": office.id,
            "elsewhere": query.text("rules_of") != "" and may and held == nothing,
            "query": urlencode({"days": days, "rules_of": rules_of.isoformat()}),
        }  # fmt: skip
        return site.page(request, viewer, "rules_lately.html.j2", view, part="replayed", more=more)

    @router.post("/rules/replay")
    def replay(request: Request, viewer: Viewer = run) -> Response:
        office, form = site.office(viewer), site.form(request)
        days, today = _span(form), office.today
        rules_of = min(form.day("rules_of") or today, today)
        made.get((office.id, days, rules_of), lambda: _replayed(office, days, rules_of, today), KEPT)
        site.audit(request, viewer, Action.RAN, page="rules", detail=f"replay of {days} days")
        asked = urlencode({"days": days, "rules_of": rules_of.isoformat()})
        return site.back(request, f"/rules/lately?{asked}#past", said="running")


def _replayed(office: Office, days: int, rules_of: Date, today: Date) -> Replayed:
    with office.program() as program:
        done = replayed(program, days, rules_of, today)
    office.asking.keep(_key(office, days, rules_of), packed(done), datetime.now(UTC))
    return done


def _held(office: Office, made: Kept[Replayed], days: int, rules_of: Date, now: datetime) -> Held[Replayed]:
    """The replay as this process made it, else the sums of the one that another process of the service made."""
    held = made.look((office.id, days, rules_of))
    if held.value is None and not held.working and not held.problem:
        kept = office.asking.kept(_key(office, days, rules_of), now, KEPT)
        return Held(unpacked(kept) if kept is not None else None, None, False)
    return held


def _key(office: Office, days: int, rules_of: Date) -> str:
    return f"replay:{office.id}:{days}:{rules_of.isoformat()}"


def signed(amount: Decimal) -> str:
    """A difference in dollars: "+$12.00", "-$3.10", "$0.00"."""
    return f"{'+' if amount > 0 else '-' if amount < 0 else ''}${abs(amount):,.2f}"


def _span(fields: Fields) -> int:
    found = fields.number("days")
    return found if found in DAYS else 31
