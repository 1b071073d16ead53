"""The pages that are shown in place of another: not logged in, not allowed, not there, the store or the host away."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from massage_billing.errors import HostError, MassageBillingError, StoreError
from massage_billing.model.desk import Viewer
from massage_billing.ports.desk import Overtaken
from massage_billing.web.refusals import Forbidden, ForgedForm, NotLoggedIn, Refusal
from massage_billing.web.site import Site, wants_part

_log = structlog.get_logger(__name__)
_TEMPLATE: Final = "problem.html.j2"
_AWAY: Final = "15"
"""Seconds after which it is worth trying again (Retry-After)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a page says where it cannot show what was asked for."""

    title: str
    """In short."""
    what: str
    """What happened."""
    fix: str = ""
    """What to do."""
    again: str = ""
    """Path of the page to try again; "" where that is of no use."""


def show(site: Site, request: Request, problem: Problem, status: int) -> Response:
    """A problem as a page; with the navigation where it is known who is there."""
    try:
        answer = site.page(request, _viewer(request), _TEMPLATE, problem, part="problem", status=status)
    except MassageBillingError:  # the store is away, and with it the session: the page stands without navigation
        answer = site.page(request, None, _TEMPLATE, problem, part="problem", status=status)
    if wants_part(request):  # it stands in for the whole page, whatever part was asked for
        answer.headers["HX-Retarget"] = "#main"
        answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def refused(site: Site, request: Request, refusal: Refusal) -> Response:
    """What each refusal looks like."""
    if isinstance(refusal, NotLoggedIn):
        return _to_login(site, request)
    if isinstance(refusal, Forbidden):
        role = refusal.viewer.role.value
        what = f"Your role here ({role}) does not include this page or action."
        return show(site, request, Problem("Not for your role", what, "Ask the clinic's owner, if you need it."), 403)
    if isinstance(refusal, ForgedForm):
        what = "This form does not belong to your session any more, so nothing was changed."
        problem = Problem("Send it once more", what, "Open the page again and send the form from there.")
        return show(site, request, problem, 403)
    what = "There is nothing here, or nothing that you may see."
    return show(site, request, Problem("Not found", what), 404)


def trouble(site: Site, request: Request, error: MassageBillingError) -> Response:
    """What went wrong, in the words of the error; none of them names a patient."""
    _log.warning("page.trouble", page=request.url.path.split("/")[1], error=type(error).__name__)
    if isinstance(error, Overtaken):
        return show(site, request, Problem("Somebody was faster", error.what, error.fix), 409)
    title = "This cannot be shown just now"
    if isinstance(error, StoreError):
        title = "The store does not answer"
    elif isinstance(error, HostError):
        title = "The EHR does not answer"
    again = request.url.path if request.method == "GET" else ""
    answer = show(site, request, Problem(title, error.what, error.fix, again), 503)
    answer.headers["Retry-After"] = _AWAY
    return answer


def http(site: Site, request: Request, status: int, detail: str) -> Response:
    """An HTTP error of the framework: no such path, no such method, a body that is too large."""
    if status == HTTPStatus.NOT_FOUND:
        return show(site, request, Problem("Not found", "There is nothing here, or nothing that you may see."), status)
    return show(site, request, Problem(HTTPStatus(status).phrase, detail), status)


def _to_login(site: Site, request: Request) -> Response:
    path = site.guard.login(request)
    if wants_part(request):  # a redirect would put the login page into a part of this one
        return Response("", 401, {"HX-Redirect": path, "Cache-Control": "no-store"})
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


def _viewer(request: Request) -> Viewer | None:
    """Who is there, as far as that is known: a problem page asks nobody again, the store may be away."""
    found = getattr(request.state, "viewer", None)
    if isinstance(found, Viewer):
        return found
    return None
