"""How far a job is: a part that asks for itself anew every two seconds, and a page for those without JavaScript."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from massage_billing.model.desk import Permission, Viewer
from massage_billing.ports.jobs import Job
from massage_billing.web.refusals import Missing
from massage_billing.web.site import Site

_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


def routes(site: Site) -> APIRouter:
    """GET /jobs/{id}/progress."""
    router = APIRouter()
    see = Depends(site.viewer(Permission.HOLDS))

    @router.get("/jobs/{id}/progress")
    def progress(id: str, request: Request, viewer: Viewer = see) -> Response:
        job = job_of(site, viewer, id)
        if job is None:
            raise Missing
        return site.page(request, viewer, "job.html.j2", job, part="progress", more={"said": None})

    return router


def job_of(site: Site, viewer: Viewer, id: str) -> Job | None:
    """A job of the host that is looked at, of a therapist one that he or she asked for; None where it is none."""
    job = site.jobs.get(id) if _ID.fullmatch(id) else None
    if job is None or job.host != viewer.host or (viewer.own is not None and job.by != viewer.who):
        return None
    return job
