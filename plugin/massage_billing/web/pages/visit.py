"""One visit: its page, its Claim as a file, and what people do about it: give, note, decide, bill again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.desk import rulings
from massage_billing.desk.visit import Page, last_of, visit_page
from massage_billing.model import RulingKind
from massage_billing.model.desk import Permission, Viewer, Work
from massage_billing.ports.access import Action
from massage_billing.ports.desk import Overtaken
from massage_billing.ports.jobs import JobKind
from massage_billing.web.forms import Fields
from massage_billing.web.pages.holds import whom
from massage_billing.web.pages.jobs import job_of
from massage_billing.web.problems import Problem, show
from massage_billing.web.refusals import Missing
from massage_billing.web.site import Site


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody wanted to do and could not: shown again, nothing typed is lost."""

    what: str
    """In words."""
    kind: str = ""
    """The decision wanted."""
    reason: str = ""
    """What was typed."""
    problem: str = ""
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two people at one hold: what the second wanted, and how it stands now."""

    encounter: str
    """Encounter id."""
    wanted: Attempt
    """What was to be done."""
    now: Work
    """How it stands."""
    last: str
    """What somebody else did meanwhile, who and when."""


def routes(site: Site) -> APIRouter:
    """The page of a visit and everything that is done on it."""
    router = APIRouter()
    for add in (_page, _claim_file, _assign, _note, _decide, _bill_again):
        add(site, router)
    return router


def _page(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.VISIT))

    @router.get("/visits/{host}/{encounter}")
    def page(host: str, encounter: str, request: Request, viewer: Viewer = see) -> Response:
        return shown(site, request, viewer, host, encounter)


def shown(
    site: Site,
    request: Request,
    viewer: Viewer,
    host: str,
    encounter: str,
    again: Attempt | None = None,
    refused: int = 422,
) -> Response:
    """The page; ``again`` is a form that could not be taken, ``refused`` the status that says so."""
    view = _view(site, request, viewer, host, encounter)
    more = {
        "again": again or Attempt(""),
        "job": job_of(site, viewer, Fields.of_query(request.query_params).text("job")),
        "may_assign": viewer.may(Permission.ASSIGN),
        "may_decide": viewer.may(Permission.DECIDE),
        "may_again": viewer.may(Permission.BILL_AGAIN),
        "may_claims": viewer.may(Permission.CLAIMS),
        "may_eligibility": viewer.may(Permission.ELIGIBILITY),
    }
    return site.page(request, viewer, "visit.html.j2", view, status=refused if again is not None else 200, more=more)


def _view(site: Site, request: Request, viewer: Viewer, host: str, encounter: str) -> Page:
    """What is shown of a visit, kept in the audit trail. Missing where there is none, or not for this viewer."""
    office = site.visit(viewer, host, encounter)
    view = visit_page(office, viewer, encounter)
    if view is None:
        raise Missing
    site.audit(request, viewer, Action.VIEWED, page="visit", encounter=encounter, patient=view.patient_reference)
    return view


def _claim_file(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.VISIT))

    @router.get("/visits/{host}/{encounter}/claim.json")
    def claim_file(host: str, encounter: str, request: Request, viewer: Viewer = see) -> Response:
        view = _view(site, request, viewer, host, encounter)
        if view.claim is None:
            raise Missing
        site.audit(request, viewer, Action.EXPORTED, page="visit", encounter=encounter, detail="the Claim as FHIR")
        headers = {
            "Content-Disposition": f'attachment; filename="Claim-{encounter}.json"',
            "Cache-Control": "no-store",
        }
        return Response(view.claim.json, headers=headers, media_type="application/fhir+json")


# --- what people do -------------------------------------------------------------------------------------------------


def _assign(site: Site, router: APIRouter) -> None:
    give = Depends(site.viewer(Permission.ASSIGN))

    @router.post("/visits/{host}/{encounter}/assign")
    def assign(host: str, encounter: str, request: Request, viewer: Viewer = give) -> Response:
        office, form = site.visit(viewer, host, encounter), site.form(request)
        to, name = whom(office, viewer, form)
        what = f"given to {to}" if to else "given back"
        try:
            rulings.assign(office, viewer, encounter, _seen(form), to, name)
        except Overtaken as overtaken:
            wanted = Attempt(f"give it to {name}" if to else "give it back")
            return _conflict(site, request, viewer, encounter, wanted, overtaken)
        site.audit(request, viewer, Action.ASSIGNED, page="visit", encounter=encounter, detail=what)
        word = "returned" if not to else "taken" if to == viewer.who else "assigned"
        return site.back(request, f"/visits/{host}/{encounter}#work", word)


def _note(site: Site, router: APIRouter) -> None:
    give = Depends(site.viewer(Permission.ASSIGN))

    @router.post("/visits/{host}/{encounter}/note")
    def note(host: str, encounter: str, request: Request, viewer: Viewer = give) -> Response:
        office, form = site.visit(viewer, host, encounter), site.form(request)
        text = form.text("note")
        try:
            rulings.note(office, viewer, encounter, _seen(form), text)
        except Overtaken as overtaken:
            return _conflict(site, request, viewer, encounter, Attempt("keep a note", reason=text), overtaken)
        site.audit(request, viewer, Action.ASSIGNED, page="visit", encounter=encounter, detail="wrote a note")
        return site.back(request, f"/visits/{host}/{encounter}#work", "noted")


def _decide(site: Site, router: APIRouter) -> None:
    may = Depends(site.viewer(Permission.DECIDE))

    @router.post("/visits/{host}/{encounter}/decide")
    def decide(host: str, encounter: str, request: Request, viewer: Viewer = may) -> Response:
        office, form = site.visit(viewer, host, encounter), site.form(request)
        kind = next((one for one in RulingKind if one.value == form.text("ruling")), None)
        wanted = Attempt(f"decide: {kind.value if kind else ''}", kind.value if kind else "", form.text("reason"))
        problem = "Choose what you decide." if kind is None else "" if wanted.reason else "Say why: it stays on record."
        if kind is None or problem:
            again = Attempt(wanted.what, wanted.kind, wanted.reason, problem)
            return shown(site, request, viewer, host, encounter, again)
        try:
            seen = rulings.Shown(_seen(form), form.text("shown"))
            rulings.decide(office, viewer, encounter, seen, kind, wanted.reason)
        except Overtaken as overtaken:
            return _conflict(site, request, viewer, encounter, wanted, overtaken)
        except (rulings.NotLeftToAPerson, rulings.RecordChanged) as refused:
            site.audit(request, viewer, Action.DECIDED, page="visit", encounter=encounter, detail=kind.value, ok=False)
            again = Attempt(wanted.what, wanted.kind, wanted.reason, f"{refused.what} {refused.fix}".strip())
            status = 409 if isinstance(refused, rulings.RecordChanged) else 422
            return shown(site, request, viewer, host, encounter, again, status)
        site.audit(request, viewer, Action.DECIDED, page="visit", encounter=encounter, detail=kind.value)
        return site.back(request, f"/visits/{host}/{encounter}#work", "decided")


def _bill_again(site: Site, router: APIRouter) -> None:
    may = Depends(site.viewer(Permission.BILL_AGAIN))

    @router.post("/visits/{host}/{encounter}/bill-again")
    def bill_again(host: str, encounter: str, request: Request, viewer: Viewer = may) -> Response:
        office = site.visit(viewer, host, encounter)
        if encounter not in office.store.known(host, [encounter]):
            what = f"Encounter/{encounter}: no run has seen this visit."
            return show(site, request, Problem("Run first", what, "A run takes it up when it is due."), 409)
        job = site.jobs.ask(JobKind.VISIT, host, viewer.who, [encounter]).job
        site.audit(request, viewer, Action.RAN, page="visit", encounter=encounter, detail="bill again")
        return site.back(request, f"/visits/{host}/{encounter}?job={job.id}", "billing")


def _seen(form: Fields) -> int:
    """The version of the hold that was shown; one that nobody was shown is never the present one."""
    seen = form.number("seen")
    return -1 if seen is None else seen


def _conflict(
    site: Site, request: Request, viewer: Viewer, encounter: str, wanted: Attempt, overtaken: Overtaken
) -> Response:
    """Somebody was faster: both are shown, and nothing was overwritten."""
    site.audit(
        request, viewer, Action.DECIDED if wanted.kind else Action.ASSIGNED, page="visit", encounter=encounter,
        detail=f"overtaken: {wanted.what}", ok=False,
    )  # fmt: skip
    office, now = site.office(viewer), overtaken.now
    last = last_of(now, office.names.named([now.by]).of, office.now())
    title = next((told for kind, told in rulings.TITLES.items() if kind.value == wanted.kind), "")
    shown_as = replace(wanted, what=f"decide: {title[0].lower()}{title[1:]}") if title else wanted
    view = Conflict(encounter, shown_as, now, last)
    return site.page(request, viewer, "conflict.html.j2", view, status=409)
