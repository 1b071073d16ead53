"""Health: the host, payers, queues, last runs, versions; and having something done now."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.desk.health import Reach, Versions, Waits, health, reach, versions
from massage_billing.desk.kept import Held, Kept
from massage_billing.desk.office import Office
from massage_billing.errors import RulebookError
from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.access import Action
from massage_billing.ports.jobs import Job, JobKind, JobState
from massage_billing.web.site import Site

FRESH: Final = timedelta(minutes=1)
"""How long an answer of the host counts."""
WAIT: Final = 1.0
"""Seconds that the first look waits for the host."""
SKEW: Final = timedelta(seconds=30)
"""From here on a difference of clocks is told."""
KINDS: Final = {
    JobKind.RUN: "Billing", JobKind.ELIGIBILITY: "Asking payers", JobKind.VISIT: "Visits billed again",
    JobKind.APPROVE: "Drafts let go",
}  # fmt: skip
"""What people read."""
STATES: Final = {
    JobState.WAITING: "Waits", JobState.RUNNING: "Under way", JobState.DONE: "Done",
    JobState.PROBLEMS: "Done, with problems", JobState.FAILED: "Failed", JobState.ABANDONED: "Broken off",
}  # fmt: skip
"""What people read."""
TONES: Final = {
    JobState.WAITING: "unknown", JobState.RUNNING: "unknown", JobState.DONE: "ready", JobState.PROBLEMS: "act",
    JobState.FAILED: "blocked", JobState.ABANDONED: "act",
}  # fmt: skip
"""How it looks beside its word."""
_BY: Final = {
    "request": "a program", "schedule": "the schedule", "subscription": "the EHR", "console": "the console's link",
}  # fmt: skip
SAID: Final = {"run": JobKind.RUN, "eligibility": JobKind.ELIGIBILITY}
"""What can be begun here."""


def routes(site: Site) -> APIRouter:
    """The page, and beginning something."""
    router = APIRouter()
    _page(site, router, Kept(site.clock))
    _run(site, router)
    return router


def _page(site: Site, router: APIRouter, asked: Kept[Reach]) -> None:
    see = Depends(site.viewer(Permission.HEALTH))

    @router.get("/health")
    def page(request: Request, viewer: Viewer = see) -> Response:
        office = site.office(viewer)
        waits = Waits(office.id, office.store, office.desk, office.ledger, office.asking)
        view = health(waits, site.jobs, _versions(office), site.clock())
        held = asked.get(office.id, lambda: _reach(office), FRESH, WAIT)
        who = [job.by for job in (*view.jobs, *view.running) if "/" in job.by]
        people, zone = office.names.named(who), office.now().tzinfo or UTC
        more = {
            "reach": held, "skew": _skew(held), "may_run": viewer.may(Permission.RUN), "kinds": KINDS,
            "states": STATES, "tones": TONES, "by": lambda by: _BY.get(by) or people.of(by), "took": took,
            "counts": counts, "pieces": sum(view.pieces.values()), "local": lambda at: at.astimezone(zone),
        }  # fmt: skip
        return site.page(request, viewer, "health.html.j2", view, part="health", more=more)


def _run(site: Site, router: APIRouter) -> None:
    run = Depends(site.viewer(Permission.RUN))

    @router.post("/health/run")
    def begin(request: Request, viewer: Viewer = run) -> Response:
        kind = SAID.get(site.form(request).text("job"))
        if kind is None:
            return site.back(request, "/health", said="nothing")
        begun = site.jobs.ask(kind, site.office(viewer).id, viewer.who)
        site.audit(request, viewer, Action.RAN, page="health", detail=kind.value, ok=begun.new)
        return site.back(request, "/health", said="running" if begun.new else "busy")


def _reach(office: Office) -> Reach:
    with office.program() as program:
        return reach(program)


def _versions(office: Office) -> Versions:
    try:
        releases = office.releases()
        return versions(office.book(), releases, office.told(), office.today, office.schema)
    except RulebookError as error:
        return versions(error, (), office.told(), office.today, office.schema)


def _skew(held: Held[Reach]) -> str:
    if held.value is None or abs(held.value.clock) < SKEW:
        return ""
    return f"{abs(held.value.clock).total_seconds():,.0f} seconds"


def took(job: Job) -> str:
    """How long a job took: "12 s", "3 min"."""
    if job.ended is None:
        return ""
    seconds = (job.ended - job.begun).total_seconds()
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def counts(job: Job) -> str:
    """What a job did: "visits: 12, holds: 3"."""
    return ", ".join(f"{name.replace('_', ' ')}: {number:,}" for name, number in job.counts.items() if number)
