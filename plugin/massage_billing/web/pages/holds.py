"""Holds: the queue, with giving several to somebody and having several decided again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.desk import rulings
from massage_billing.desk.holds import Curve, Wanted, holds
from massage_billing.desk.office import Office
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action
from massage_billing.ports.desk import HoldOrder, Overtaken
from massage_billing.ports.jobs import JobKind
from massage_billing.web import charts
from massage_billing.web.address import Address
from massage_billing.web.forms import Fields
from massage_billing.web.pages.jobs import job_of
from massage_billing.web.refusals import Missing
from massage_billing.web.site import Site

ORDERS = {
    HoldOrder.FILING: "Filing limit",
    HoldOrder.DOLLARS: "Dollars",
    HoldOrder.AGE: "Held the longest",
}
"""What people read."""


def routes(site: Site) -> APIRouter:
    """GET /holds, POST /holds/assign, POST /holds/bill-again."""
    router = APIRouter()
    for add in (_queue, _give, _bill_again):
        add(site, router)
    return router


def _queue(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.HOLDS))

    @router.get("/holds")
    def page(request: Request, viewer: Viewer = see) -> Response:
        query = Fields.of_query(request.query_params)
        wanted = wanted_of(query)
        view = holds(site.office(viewer), viewer, wanted)
        site.audit(request, viewer, Action.LISTED, page="holds", detail=f"held by {wanted.rule or 'any rule'}")
        more = {
            "address": Address("/holds", _query(wanted)),
            "orders": [(order.value, title) for order, title in ORDERS.items()],
            "chart": chart_of(view.curve),
            "may_assign": viewer.may(Permission.ASSIGN),
            "may_again": viewer.may(Permission.BILL_AGAIN),
            "job": job_of(site, viewer, query.text("job")),
        }
        return site.page(request, viewer, "holds.html.j2", view, part="queue", more=more)


def _give(site: Site, router: APIRouter) -> None:
    give = Depends(site.viewer(Permission.ASSIGN))

    @router.post("/holds/assign")
    def assign(request: Request, viewer: Viewer = give) -> Response:
        form, office = site.form(request), site.office(viewer)
        return site.back(request, form.text("back") or "/holds", _assign(site, request, viewer, office, form))


def _bill_again(site: Site, router: APIRouter) -> None:
    again = Depends(site.viewer(Permission.BILL_AGAIN))

    @router.post("/holds/bill-again")
    def bill_again(request: Request, viewer: Viewer = again) -> Response:
        form, office = site.form(request), site.office(viewer)
        back = form.text("back") or "/holds"
        encounters = [one for one, _ in _mine(office, viewer, ticked(form))]
        if not encounters:
            return site.back(request, back, "nothing")
        job = site.jobs.ask(JobKind.VISIT, office.id, viewer.who, encounters).job
        for one in encounters:
            site.audit(request, viewer, Action.RAN, page="holds", encounter=one, detail="bill again")
        path, _, rest = back.partition("?")
        kept = "&".join(one for one in rest.split("&") if one and not one.startswith("job="))
        return site.back(request, f"{path}?{kept}{'&' if kept else ''}job={job.id}", f"billing-{len(encounters)}")


def wanted_of(query: Fields) -> Wanted:
    """Which holds the address asks for."""
    return Wanted(
        rule=query.text("rule"),
        payer=query.text("payer"),
        who=query.text("who"),
        order=query.choice("order", HoldOrder, HoldOrder.FILING),
        after=query.text("after"),
    )


def _query(wanted: Wanted) -> dict[str, str]:
    """The same as an address has it; what is usual stands in none."""
    order = "" if wanted.order is HoldOrder.FILING else wanted.order.value
    return {"rule": wanted.rule, "payer": wanted.payer, "who": wanted.who, "order": order}


def chart_of(curve: Curve | None) -> charts.Chart | None:
    """Held dollars by reason over time."""
    if curve is None or len(curve.days) < 2:
        return None
    labels = [f"{day:%b} {day.day}" for day in curve.days]
    series = [charts.Series(rule, tuple(map(Decimal, dollars))) for rule, dollars in curve.series]
    return charts.stacked("Dollars held, by reason; a visit held by two rules counts under both", labels, series, "$")


def ticked(form: Fields) -> Iterator[tuple[str, int]]:
    """(Encounter id, version that was seen) of every box that was ticked."""
    for one in form.every("hold"):
        encounter, _, version = one.rpartition(":")
        if encounter and version.isascii() and version.isdigit() and len(version) < 10:
            yield encounter, int(version)


def _mine(office: Office, viewer: Viewer, wanted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Those that the viewer may see, and that a run has seen: the others are as if they were not there."""
    found = list(wanted)
    known = office.store.known(office.id, [one for one, _ in found])
    if viewer.own is not None:
        treated = office.desk.treated(office.id, viewer.own, list(known))
        known = {one: row for one, row in known.items() if one in treated}
    return [(one, version) for one, version in found if one in known]


def whom(office: Office, viewer: Viewer, form: Fields) -> tuple[str, str]:
    """(``Viewer.who``, name) of the one a hold is to be given to; ("", "") takes it back. Missing where the form names
    somebody whom the settings do not."""
    to = form.text("to")
    if to == "nobody":
        return "", ""
    if to == "me":
        return viewer.who, viewer.name
    chosen = form.text("person")
    if chosen == viewer.who:
        return viewer.who, viewer.name
    if to != "person" or chosen not in office.staff:
        raise Missing
    return chosen, office.names.named([chosen]).of(chosen)


def _assign(site: Site, request: Request, viewer: Viewer, office: Office, form: Fields) -> str:
    """Give what was ticked to somebody; what to tell afterwards."""
    to, name = whom(office, viewer, form)
    done = overtaken = 0
    for encounter, seen in _mine(office, viewer, ticked(form)):
        try:
            rulings.assign(office, viewer, encounter, seen, to, name)
        except Overtaken:
            overtaken += 1
        else:
            done += 1
            what = f"given to {to}" if to else "given back"
            site.audit(request, viewer, Action.ASSIGNED, page="holds", encounter=encounter, detail=what)
    if not done and not overtaken:
        return "nothing"
    word = "returned" if not to else "taken" if to == viewer.who else "assigned"
    return f"{word}-{done},overtaken-{overtaken}"
