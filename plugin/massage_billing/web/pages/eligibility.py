"""Eligibility: questions that are open or failed, one coverage with its answers, evidence as it was received."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from massage_billing.desk.coverage import coverage_view, evidence, number, verdict_of
from massage_billing.desk.eligibility import TONES, Wanted, coverages_of, questions, word
from massage_billing.desk.find_patient import Found, find_patient
from massage_billing.desk.office import Office
from massage_billing.desk.today import judged_day
from massage_billing.model import Verdict
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action
from massage_billing.ports.jobs import Job, JobKind
from massage_billing.rulebook.eligibility_files import load_eligibility
from massage_billing.web.forms import Fields
from massage_billing.web.refusals import Missing
from massage_billing.web.site import Site

SPANS: Final = (("1", "today"), ("3", "in 3 days"), ("7", "in 7 days"), ("31", "in 31 days"))
"""Days that the list goes back."""
AHEAD: Final = timedelta(days=14)
"""How far ahead a visit is judged for the page of its coverage."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_QUESTION: Final = re.compile(r"[A-Z0-9]{1,40}", re.ASCII)
_TYPES: Final = {
    "application/json": "json", "application/fhir+json": "json", "application/edi-x12": "x12", "text/plain": "txt",
    "application/xml": "xml", "text/xml": "xml",
}  # fmt: skip
"""Media types that are told as they are, and how the file's name ends; anything else is just bytes."""


def routes(site: Site) -> APIRouter:
    """The list, looking for one, one coverage, its evidence, asking."""
    router = APIRouter()
    for add in (_list, _find, _ask, _coverage, _evidence):
        add(site, router)
    return router


def _list(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.ELIGIBILITY))

    @router.get("/eligibility")
    def eligibility(request: Request, viewer: Viewer = see) -> Response:
        query = Fields.of_query(request.query_params)
        patient = query.text("patient")
        sought = f"Patient/{patient}" if _ID.fullmatch(patient) else ""
        site.audit(request, viewer, Action.LISTED, page="eligibility", patient=sought)
        return _shown(site, request, viewer, query, sought)


def _shown(
    site: Site, request: Request, viewer: Viewer, query: Fields, sought: str = "", named: Found | None = None
) -> Response:
    """The list of questions, and above it what was looked for."""
    office = site.office(viewer)
    days = query.text("days")
    wanted = Wanted(int(days) if days in dict(SPANS) else 1, query.text("payer"), query.text("every") == "1")
    view = questions(office.asking, office.id, wanted, office.now())
    keys = dict.fromkeys((*(one.payer for one in view.payers), *office.payers()))
    more = {
        "spans": SPANS, "keys": [("", "any"), *((key, key) for key in sorted(keys))], "sought": sought,
        "people": office.names.named([sought, *(row.patient for row in view.rows)]), "host": office.id,
        "found": coverages_of(office.asking, office.id, sought, office.today) if sought else (), "named": named,
        **_around(site, viewer, office),
    }  # fmt: skip
    return site.page(request, viewer, "eligibility.html.j2", view, part="questions", more=more)


def _find(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.ELIGIBILITY))

    @router.get("/eligibility/find")
    def by_reference(request: Request, viewer: Viewer = see) -> Response:
        path = _path(viewer, Fields.of_query(request.query_params).text("of"))
        if path is None:
            raise Missing
        return RedirectResponse(path, 303, {"Cache-Control": "no-store"})

    @router.post("/eligibility/find")
    def find(request: Request, viewer: Viewer = see) -> Response:
        """By reference or by name: sent as a form, so that no name stands in an address."""
        office, typed = site.office(viewer), site.form(request).text("of")
        path = _path(viewer, typed) if "/" in typed or _asked_about(office, typed) else None
        if path is not None:
            return RedirectResponse(path, 303, {"Cache-Control": "no-store"})
        site.audit(request, viewer, Action.LISTED, page="eligibility", detail="looked for a patient by name")
        return _shown(site, request, viewer, Fields([]), named=find_patient(office, typed))


def _path(viewer: Viewer, typed: str) -> str | None:
    """The page of "Coverage/5" or "Patient/3"; None where it is neither."""
    kind, _, id = typed.rpartition("/")
    if _ID.fullmatch(id) is None or kind not in ("", "Coverage", "Patient"):
        return None
    return f"/eligibility?patient={quote(id)}" if kind == "Patient" else f"/eligibility/{viewer.host}/{quote(id)}"


def _asked_about(office: Office, id: str) -> bool:
    return _ID.fullmatch(id) is not None and bool(office.asking.questions(office.id, [f"Coverage/{id}"]))


def _ask(site: Site, router: APIRouter) -> None:
    run = Depends(site.viewer(Permission.RUN))

    @router.post("/eligibility/ask")
    def ask(request: Request, viewer: Viewer = run) -> Response:
        site.jobs.ask(JobKind.ELIGIBILITY, site.office(viewer).id, viewer.who)
        site.audit(request, viewer, Action.RAN, page="eligibility", detail="eligibility")
        back = site.form(request).text("back")
        return site.back(request, back if back.startswith("/eligibility") else "/eligibility", said="running")


def _coverage(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.ELIGIBILITY))

    @router.get("/eligibility/{host}/{coverage}")
    def one(request: Request, host: str, coverage: str, viewer: Viewer = see) -> Response:
        office, reference = _named(site, viewer, host, coverage)
        verdict = _coming(site, office, reference)
        view = coverage_view(office.asking, host, reference, load_eligibility(), verdict)
        if view is None:
            raise Missing
        site.audit(request, viewer, Action.VIEWED, page="eligibility", patient=view.patient, detail=reference)
        more = {
            "people": office.names.named([view.patient]), "number": number, "host": host,
            "most": max((one.allowed or one.left for one in view.limits), default=0),
            **_around(site, viewer, office),
        }  # fmt: skip
        return site.page(request, viewer, "coverage.html.j2", view, part="main", more=more)


def _evidence(site: Site, router: APIRouter) -> None:
    see = Depends(site.viewer(Permission.ELIGIBILITY))

    @router.get("/eligibility/{host}/{coverage}/evidence/{question}")
    def received(request: Request, host: str, coverage: str, question: str, viewer: Viewer = see) -> Response:
        office, reference = _named(site, viewer, host, coverage)
        found = evidence(office.asking, host, reference, question) if _QUESTION.fullmatch(question) else None
        if found is None:
            raise Missing
        body, told = found
        kind = told.partition(";")[0].strip().lower()
        ending = _TYPES.get(kind, "bin")
        patient = office.asking.answers(host, [reference])[reference][0].patient
        site.audit(request, viewer, Action.EXPORTED, page="eligibility", patient=patient, detail=f"evidence {question}")
        headers = {
            "Content-Disposition": f'attachment; filename="answer-{question}.{ending}"', "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }  # fmt: skip
        return Response(body, headers=headers, media_type=kind if ending != "bin" else "application/octet-stream")


def _named(site: Site, viewer: Viewer, host: str, coverage: str) -> tuple[Office, str]:
    """A coverage of the host that is looked at. Missing for any other, and for what is no id."""
    if host != viewer.host or _ID.fullmatch(coverage) is None:
        raise Missing
    return site.office(viewer), f"Coverage/{coverage}"


def _coming(site: Site, office: Office, coverage: str) -> Verdict | None:
    """What is to be settled before the visit that was asked about, where its day was judged already; else it is judged
    behind this page, and the next look shows it: nobody waits for a whole day."""
    today = office.today
    asked = [row.serviced for (of, _), row in office.asking.questions(office.id, [coverage]).items() if of == coverage]
    days = sorted({day for day in asked if today <= day <= today + AHEAD})
    judged = [judged_day(office, site.days, day, wait=0).value or () for day in days]
    return verdict_of([verdict for each in judged for _, verdict in each], coverage, today)


def _around(site: Site, viewer: Viewer, office: Office) -> dict[str, object]:
    zone = office.now().tzinfo or UTC
    return {
        "word": word, "tones": TONES, "may_run": viewer.may(Permission.RUN),
        "local": lambda at: at.astimezone(zone), "running": running(site, office.id, JobKind.ELIGIBILITY),
    }  # fmt: skip


def running(site: Site, host: str, kind: JobKind) -> Job | None:
    """The job of a kind that a host is busy with."""
    return next((one for one in site.jobs.running() if one.host == host and one.kind is kind), None)
