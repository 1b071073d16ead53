"""The workbench as a part of the service's application: its pages, its static files, and a page for every refusal."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Final, cast

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from massage_billing.errors import MassageBillingError
from massage_billing.web import pages, problems
from massage_billing.web.refusals import Refusal
from massage_billing.web.site import TABS, Site

Routes = Callable[[Site], APIRouter]
"""What each module of ``web/pages`` has: its routes."""
_FOR_PROGRAMS: Final = ("/jobs/", "/healthz", "/readyz", "/metrics", "/cds-services", "/hooks")
"""Paths that programs ask: their errors are JSON."""
PACK_FROM: Final = 1000
"""Bytes from which answers are packed."""


def mount(app: FastAPI, site: Site) -> None:
    """Put the workbench on an application: /, a path a page, /static, and pages for what is refused."""
    app.include_router(_first_page(site))
    app.include_router(_static(site))
    for routes in page_modules():
        app.include_router(routes(site))
    app.add_exception_handler(Refusal, _refused(site))
    app.add_exception_handler(MassageBillingError, _trouble(site))
    app.add_exception_handler(HTTPException, _http(site))
    app.add_middleware(GZipMiddleware, minimum_size=PACK_FROM, compresslevel=5)


def page_modules() -> list[Routes]:
    """The routes of every page, in the order of their names: a new page needs no other file changed."""
    found = []
    for module in sorted(iter_modules(pages.__path__), key=lambda one: one.name):
        found.append(cast("Routes", import_module(f"{pages.__name__}.{module.name}").routes))
    return found


def _first_page(site: Site) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    def first(request: Request) -> Response:
        viewer = site.guard.viewer(request)
        if viewer is None:
            return RedirectResponse(site.guard.login(request), 303, {"Cache-Control": "no-store"})
        return site.back(request, next(tab.path for tab in TABS if viewer.may(tab.needs)))

    return router


def _static(site: Site) -> APIRouter:
    router = APIRouter()

    @router.get("/static/{name}")
    async def static(name: str, request: Request) -> Response:
        del name  # the whole path is looked up
        return site.static.answer(request)

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return RedirectResponse(site.static.path("icon.svg"), 301)

    return router


# --- what is refused ------------------------------------------------------------------------------------------------

Handler = Callable[[Request, Exception], Response]


def _refused(site: Site) -> Handler:
    def answer(request: Request, refusal: Exception) -> Response:
        return problems.refused(site, request, cast("Refusal", refusal))

    return answer


def _trouble(site: Site) -> Handler:
    def answer(request: Request, error: Exception) -> Response:
        return problems.trouble(site, request, cast("MassageBillingError", error))

    return answer


def _http(site: Site) -> Handler:
    """A path that is none, a method that is none: a page for people, JSON for programs."""

    def answer(request: Request, error: Exception) -> Response:
        raised = cast("HTTPException", error)
        if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_FOR_PROGRAMS):
            return problems.http(site, request, raised.status_code, str(raised.detail))
        return JSONResponse({"problem": str(raised.detail)}, raised.status_code, raised.headers)

    return answer
