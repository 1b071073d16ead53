"""Notices of FHIR Subscriptions (R4 rest-hook): a host says that something has happened, and its news are read.

What a notice holds is never believed, and mostly not even read: whoever sends it can do no more than have the host
asked sooner than the schedule would. Who does not show the secret can do nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

import orjson
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from massage_billing.errors import SettingsError
from massage_billing.fhir.json import child, children, text
from massage_billing.hooks.bodies import body_of
from massage_billing.hooks.feedback import Counts, NoCounts
from massage_billing.ports import JsonObject

_log = structlog.get_logger(__name__)

BODY: Final = 1024 * 1024
"""Bytes of the largest notice: one resource, where a host sends it against our wish."""
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_READ: Final = 64 * 1024
"""Bytes up to which it is looked at whether a notice is only a sign of life."""
_ALIVE: Final = frozenset({"heartbeat", "handshake"})
"""Notices of R5 and its backport that tell of no news."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """What the route works with."""

    hosts: Collection[str]
    """Configured host ids."""
    token: Callable[[], str]
    """The secret, read now. Raises SettingsError."""
    wake: Callable[[str, str | None], None]
    """Has the news of a host read, of one Encounter where one is named; returns at once."""
    counts: Counts = field(default_factory=NoCounts)
    """Where notices are counted, and when each host was last heard of."""

    def take(self, host: str, shown: str | None, body: bytes, encounter: str | None = None) -> int:
        """The HTTP status of a notice. A host that is not ours is answered as a wrong secret is."""
        try:
            secret = self.token()
        except SettingsError as problem:  # its file is gone, or being replaced
            _log.error("hooks.notice_failed", why=problem.what)
            return 503
        right = hmac.compare_digest(_digest(f"Bearer {secret}"), _digest(shown or ""))
        if not right or host not in self.hosts:
            self.counts.noticed("", "refused")
            _log.warning("hooks.notice_refused")
            return 401
        if _only_alive(body):
            self.counts.noticed(host, "heartbeat")
            return 200
        self.counts.noticed(host, "woken")
        self.wake(host, encounter)
        return 200


def notice_routes(receiver: Receiver) -> APIRouter:
    """POST for notices without content; PUT and DELETE with the resource's name, as R4 servers send them where a
    Subscription names a payload."""
    routes = APIRouter()

    async def take(host: str, request: Request, encounter: str | None = None) -> Response:
        body = await body_of(request, BODY)
        status = receiver.take(host, request.headers.get("authorization"), body, encounter)
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        return Response(status_code=status, headers={**headers, "Cache-Control": "no-store"})

    @routes.post("/hooks/subscription/{host}")
    async def told(host: str, request: Request) -> Response:
        return await take(host, request)

    @routes.api_route("/hooks/subscription/{host}/{kind}/{id}", methods=["POST", "PUT", "DELETE"])
    async def told_of(host: str, kind: str, id: str, request: Request) -> Response:
        return await take(host, request, id if kind == "Encounter" and _ID.fullmatch(id) else None)

    return routes


def _only_alive(body: bytes) -> bool:
    """Whether a notice says of itself that it tells of no news (SubscriptionStatus.type)."""
    if not body or len(body) > _READ:
        return False
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(told, dict) and _kind(told) in _ALIVE


def _kind(bundle: JsonObject) -> str | None:
    first = next(iter(children(bundle, "entry")), None)
    status = {} if first is None else child(first, "resource")
    if status.get("resourceType") == "SubscriptionStatus":
        return text(status, "type")
    for one in children(status, "parameter"):  # the backport to R4 says it as Parameters
        if text(one, "name") == "type":
            return text(one, "valueCode")
    return None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
