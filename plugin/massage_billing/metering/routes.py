"""GET /metrics, and the measuring of every request. Who may read: the token's holder; without a token, this machine.

Behind a proxy everybody seems to be this machine: what a proxy hands on carries a header that says so, and is refused.
The shield takes such headers away, and leaves word that there were some.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from massage_billing.metering.meters import Meters
from massage_billing.web.shield import HANDED_ON

_HANDED_ON: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Measured:
    """ASGI middleware: how long every request took, by the template of its route."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app, self._meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and measure it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), [500]

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = int(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", None)
            self._meters.requested(scope["method"], route, status[0], time.perf_counter() - begun)


def metrics_routes(meters: Meters, standing: Collector, token: Callable[[], str] | None) -> APIRouter:
    """The route; ``token`` reads what opens it, None: only this machine may read."""
    routes = APIRouter()

    @routes.get("/metrics")
    def metrics(request: Request) -> Response:
        if not _may(request, token):
            return Response("Not for you.\n", 403, {"Cache-Control": "no-store"}, media_type="text/plain")
        registry = meters.shared()
        stands = CollectorRegistry()
        stands.register(standing)
        told = generate_latest(registry) + generate_latest(stands)
        return Response(told, 200, {"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST})

    return routes


def _may(request: Request, token: Callable[[], str] | None) -> bool:
    if token is not None:
        shown = request.headers.get("authorization", "")
        return hmac.compare_digest(_digest(shown), _digest(f"Bearer {token()}"))
    peer = request.client.host if request.client else ""
    try:
        near = ip_address(peer).is_loopback
    except ValueError:
        near = False
    handed_on = request.scope.get(HANDED_ON, False) or any(name in request.headers for name in _HANDED_ON)
    return near and not handed_on


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
