"""Claims: the list, and one claim's life on one page. Marking and letting go are POSTs of plain forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.desk.claim_changes import claim_changes
from massage_billing.desk.claim_life import Life, claim_life
from massage_billing.desk.claim_marks import MARKS, Mark, MovedOn, mark
from massage_billing.desk.claims import STANDINGS, TONES, ClaimList, claim_list
from massage_billing.desk.coverage import number
from massage_billing.desk.kept import Kept
from massage_billing.desk.office import Office
from massage_billing.desk.who_treats import who_treats
from massage_billing.errors import HostError, InputError, RulebookError
from massage_billing.model.desk import Permission, Viewer
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.access import Action
from massage_billing.ports.desk import ClaimFilter
from massage_billing.ports.jobs import JobKind
from massage_billing.ports.ledger import Applied
from massage_billing.remittance.book import ClaimBook
from massage_billing.remittance.changes import Changes
from massage_billing.web import charts
from massage_billing.web.forms import Fields
from massage_billing.web.refusals import Missing
from massage_billing.web.site import Site

UNSENT, DRAFT = "unsent", "draft"
_SENT: Final = tuple(one for one in ClaimStanding if one is not ClaimStanding.NOT_SENT)
CHOICES: Final = (
    ("", "any"), (UNSENT, "not sent"), (DRAFT, "drafts to let go"), *((one.value, STANDINGS[one]) for one in _SENT),
)  # fmt: skip
"""What the list can be narrowed to."""
FRESH: Final = timedelta(minutes=1)
"""How long the list of files of answers is believed: it only gives them their names."""
WAIT: Final = 2.0
"""Seconds that the first look waits for it."""
_WORDS: Final = {"names": STANDINGS, "tones": TONES}


def routes(site: Site) -> APIRouter:
    """The list, a life, what changed, marking, letting go."""
    router = APIRouter()
    for add in (_list, _life, _changes, _mark, _approve):
        add(site, router)
    return router


def _list(site: Site, router: APIRouter) -> None:
    may = Depends(site.viewer(Permission.CLAIMS))

    @router.get("/claims")
    def claims(request: Request, viewer: Viewer = may) -> Response:
        office, query = site.office(viewer), Fields.of_query(request.query_params)
        which, chosen = asked(query, viewer)
        view = claim_list(office.desk, office.id, which, office.today, query.text("after") or None)
        site.audit(request, viewer, Action.LISTED, page="claims")
        kept = {name: value for name in _NAMES if (value := query.text(name))}
        more = {
            "standings": CHOICES, "chosen": chosen, "payers": [("", "any"), *((key, key) for key in office.payers())],
            "people": office.names.named([row.visit.patient for row in view.page.rows]), "chart": _chart(view),
            "next": _path({**kept, "after": view.page.after}) if view.page.after else "",
            "first": _path(kept) if query.text("after") else "", "narrowed": bool(kept),
            "local": _local(office), **_WORDS,
        }  # fmt: skip
        return site.page(request, viewer, "claims.html.j2", view, part="claims", more=more)


_NAMES: Final = ("search", "standing", "payer", "first", "last")


def asked(query: Fields, viewer: Viewer) -> tuple[ClaimFilter, str]:
    """What the list is narrowed to, and the word that the form shows for it."""
    chosen = query.text("standing")
    standing = next((one for one in _SENT if one.value == chosen), None)
    which = ClaimFilter(
        standing=standing, unsent=chosen == UNSENT, draft=chosen == DRAFT, payer=query.text("payer"),
        first=query.day("first"), last=query.day("last"), therapist=viewer.own, search=query.text("search")[:80],
    )  # fmt: skip
    return which, chosen if chosen in dict(CHOICES) else ""


def _path(fields: Mapping[str, str | None]) -> str:
    return f"/claims?{urlencode({name: value for name, value in fields.items() if value})}"


def _chart(view: ClaimList) -> charts.Chart | None:
    if not view.days:
        return None
    labels = [f"{one.week:%b} {one.week.day}" for one in view.days]
    series = [
        charts.Series("half within (days)", tuple(one.median for one in view.days)),
        charts.Series("slowest (days)", tuple(Decimal(one.slowest) for one in view.days)),
    ]
    return charts.lines("Days from the visit to its claim, by week of the visit", labels, series)


def _local(office: Office) -> object:
    zone = office.now().tzinfo or UTC
    return lambda at: at.astimezone(zone)


# --- one claim ------------------------------------------------------------------------------------------------------


def _life(site: Site, router: APIRouter) -> None:
    files: Kept[tuple[Applied, ...]] = Kept(site.clock)
    may = Depends(site.viewer(Permission.CLAIMS))

    @router.get("/claims/{host}/{encounter}")
    def life(
        request: Request, host: str, encounter: str,
        viewer: Viewer = may,
    ) -> Response:  # fmt: skip
        office = site.visit(viewer, host, encounter)
        named = files.get(office.id, lambda: tuple(office.ledger.files()), FRESH, WAIT).value or ()
        view = _found(office, encounter, named)
        site.audit(request, viewer, Action.VIEWED, page="claims", encounter=encounter, patient=view.visit.patient)
        return _shown(site, request, viewer, office, view)


def _found(office: Office, encounter: str, files: Sequence[Applied] = ()) -> Life:
    """The claims of a visit. Missing where there is none."""

    def label(code: str, on: object) -> str:
        try:
            entry = office.book().on(on).codes.get(code)  # type: ignore[arg-type]
        except RulebookError:
            return ""
        return entry.label if entry is not None else ""

    found = claim_life(office.store, office.ledger, office.id, encounter, label, files)
    if found is None:
        raise Missing
    return found


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not done; the page is shown again with what was typed."""

    status: int
    """HTTP status."""
    what: str
    """What happened, and what to do."""
    claim: str = ""
    """Claim key of the form."""
    told: Mark | None = None
    """What was typed."""


def _shown(
    site: Site, request: Request, viewer: Viewer, office: Office, view: Life, problem: Problem | None = None
) -> Response:
    therapists = [line.sent.therapist for one in view.claims for line in one.lines if "/" in line.sent.therapist]
    people, treats = office.names.named([view.visit.patient, *therapists]), who_treats(office, site.days)
    more = {
        "people": people,
        "therapist": lambda who: people.of(who) if "/" in who else treats.of_npi(who),
        "local": _local(office), "number": number,
        "may_mark": viewer.may(Permission.MARK), "may_approve": viewer.may(Permission.APPROVE), "marks": list(MARKS),
        "sent": any(one.claim.standing is not ClaimStanding.NOT_SENT for one in view.claims),
        "problem": problem, **_WORDS,
    }  # fmt: skip
    return site.page(
        request, viewer, "claim.html.j2", view, part="main", status=problem.status if problem else 200, more=more
    )


def _changes(site: Site, router: APIRouter) -> None:
    may = Depends(site.viewer(Permission.CLAIMS))

    @router.get("/claims/{host}/{encounter}/changes")
    def changes(
        request: Request, host: str, encounter: str,
        viewer: Viewer = may,
    ) -> Response:  # fmt: skip
        office = site.visit(viewer, host, encounter)
        life = _found(office, encounter)
        problem, found = "", tuple[Changes, ...]()
        try:
            with office.program() as program:
                found = claim_changes(program, encounter, office.today)
        except HostError as error:
            problem = f"{error.what} {error.fix}".strip()
        site.audit(request, viewer, Action.VIEWED, page="claims", encounter=encounter, patient=life.visit.patient)
        more = {"host": host, "encounter": encounter, "local": _local(office), "at": site.clock(), "number": number,
                "problem": problem, "said": None}  # fmt: skip
        return site.page(request, viewer, "claim_changes.html.j2", found, part="compared", more=more)


# --- what people do -------------------------------------------------------------------------------------------------


def _mark(site: Site, router: APIRouter) -> None:
    may = Depends(site.viewer(Permission.MARK))

    @router.post("/claims/{host}/{encounter}/mark")
    def marked(request: Request, host: str, encounter: str, viewer: Viewer = may) -> Response:
        office, form = site.visit(viewer, host, encounter), site.form(request)
        view = _found(office, encounter)
        one = next((each for each in view.claims if each.claim.key == form.text("claim")), None)
        if one is None:
            raise Missing
        told = Mark(form.text("what"), form.text("reason"), form.text("payer_number"), form.text("paid"))
        book, patient = ClaimBook(office.store, office.ledger, office.id), view.visit.patient
        try:
            mark(book, one.claim, form.text("seen"), told, viewer.who, site.clock())
        except (InputError, MovedOn) as error:
            site.audit(request, viewer, Action.MARKED, page="claims", encounter=encounter, patient=patient, ok=False)
            status, problem = 409 if isinstance(error, MovedOn) else 422, f"{error.what} {error.fix}"
            again = Problem(status, problem, one.claim.key, told)
            return _shown(site, request, viewer, office, view, again)
        site.audit(request, viewer, Action.MARKED, page="claims", encounter=encounter, patient=patient,
                   detail=told.what)  # fmt: skip
        return site.back(request, f"/claims/{host}/{encounter}", said="marked")


def _approve(site: Site, router: APIRouter) -> None:
    may = Depends(site.viewer(Permission.APPROVE))

    @router.post("/claims/{host}/{encounter}/approve")
    def approved(
        request: Request, host: str, encounter: str,
        viewer: Viewer = may,
    ) -> Response:  # fmt: skip
        office = site.visit(viewer, host, encounter)
        view = _found(office, encounter)
        if not view.visit.draft:
            gone = "There is no draft any more: somebody let it go, or the visit was decided again."
            return _shown(site, request, viewer, office, view, Problem(409, gone))
        if site.form(request).text("seen") != view.visit.digest:
            other = "The draft was replaced since the page was shown: look at it as it stands now, then let it go."
            return _shown(site, request, viewer, office, view, Problem(409, other))
        site.jobs.ask(JobKind.APPROVE, host, viewer.who, [encounter], {encounter: view.visit.digest})
        site.audit(request, viewer, Action.RAN, page="claims", encounter=encounter, patient=view.visit.patient,
                   detail="approve")  # fmt: skip
        return site.back(request, f"/claims/{host}/{encounter}", said="approved")
