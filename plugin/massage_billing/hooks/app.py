"""The routes of the CDS services. What happens to a call stands in ``Desk.answer``.

An EHR is answered within the time that the settings give, or with an empty list of cards; it never sees an error of
ours. Who cannot show that it is an EHR of the settings is told nothing.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from massage_billing.errors import MassageBillingError
from massage_billing.hooks import asked as asking
from massage_billing.hooks import feedback
from massage_billing.hooks.answers import Answers
from massage_billing.hooks.asked import Asked, NotAsked
from massage_billing.hooks.bodies import body_of
from massage_billing.hooks.cards import Card, limited, shown
from massage_billing.hooks.services import DISCHARGE, SERVICES, Service, discovery
from massage_billing.hooks.trust import Known, Refused, Trust
from massage_billing.ports import JsonObject
from massage_billing.ports.access import Action, Event
from massage_billing.ports.booking import Prefetched

_log = structlog.get_logger(__name__)
T = TypeVar("T")

BODY: Final = 1024 * 1024
"""Bytes of the largest call: prefetch of one patient."""
FEEDBACK_BODY: Final = 64 * 1024
"""Bytes of the largest feedback."""
_DOORS: Final = 4
"""Calls whose tokens are looked at at the same time."""


class Adviser(Protocol):
    """What is asked of a host; both may take long. Raises MassageBillingError."""

    def booking(self, host: str, patient: str, appointments: Sequence[JsonObject], given: Prefetched) -> list[Card]:
        """Cards of appointments that are about to be booked."""
        ...

    def discharge(self, host: str, patient: str, encounter: str) -> list[Card]:
        """Cards of a visit that ends."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    base: str
    """``hooks.url``: what tokens are made out to."""
    trust: Trust
    """Who may call."""
    adviser: Adviser
    """What is told."""
    record: Callable[[Event], None]
    """Keeps to whom something of a patient was told. Raises StoreError: what cannot be kept is not told."""
    seconds: float
    """Within how many an answer has to be there."""
    counts: feedback.Counts = field(default_factory=feedback.NoCounts)
    """Where calls are counted."""
    origins: frozenset[str] = frozenset()
    """Origins of EHRs that call from the browser."""
    answers: Answers[list[Card]] = field(default_factory=Answers)
    """Work under way."""
    doors: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_DOORS, "hooks-door"))
    """Where tokens are looked at: an EHR whose keys do not come keeps no other's work waiting."""

    def close(self) -> None:
        """Begin nothing any more."""
        self.answers.close()
        self.doors.shutdown(wait=False, cancel_futures=True)

    async def answer(self, service: Service, request: Request) -> JSONResponse:
        """Cards, or the reason why there are none: in the log and the counts, in a few words."""
        body = await body_of(request, BODY)
        begun = time.monotonic()
        cards, how = await self._cards(service, request.headers.get("authorization"), body, begun)
        took = time.monotonic() - begun
        self.counts.answered(service.id, how if cards or how != "cards" else "none", took)
        _log.info("hooks.answered", service=service.id, how=how, cards=len(cards), ms=round(took * 1000))
        if how == "refused":
            return JSONResponse({"problem": "The token is missing or not believed."}, 401, _BEARER)
        return JSONResponse({"cards": [shown(card) for card in limited(cards)]})

    async def _cards(
        self, service: Service, token: str | None, body: bytes, begun: float
    ) -> tuple[Sequence[Card], str]:
        try:
            caller = await self._in_time(begun, functools.partial(self.caller, token, service.id))
            if isinstance(caller, Refused):
                _log.warning("hooks.refused", service=service.id, why=caller.why)
                return (), "refused"
            wanted = asking.read(body, service)
            if not wanted.of_staff or (wanted.server is not None and wanted.server not in caller.servers):
                return (), "not for them"
            return await self._advice(service, caller, wanted, begun)
        except TimeoutError:
            return (), "late"
        except NotAsked:
            raise
        except MassageBillingError as error:
            _log.warning("hooks.failed", service=service.id, why=error.what)
        except Exception as error:  # whatever it is, it is no matter of the EHR's; its text may hold a patient's data
            _log.error("hooks.broken", service=service.id, error=type(error).__name__)
        return (), "failed"

    def caller(self, token: str | None, *path: str) -> Known | Refused:
        """Who shows a token at an address below /cds-services."""
        return self.trust.caller(token, ["/".join((self.base, "cds-services", *path))])

    async def _in_time(self, begun: float, work: Callable[[], T]) -> T:
        """Something done in a thread; TimeoutError where it takes too long."""
        found = asyncio.get_running_loop().run_in_executor(self.doors, work)
        return await asyncio.wait_for(asyncio.shield(found), max(0.001, begun + self.seconds - time.monotonic()))

    async def _advice(self, service: Service, caller: Known, wanted: Asked, begun: float) -> tuple[Sequence[Card], str]:
        key = _key(service, caller, wanted)
        coming = self.answers.begin(key, functools.partial(self._ask, service, caller, wanted))
        if coming is None:
            return (), "busy"
        left = max(0.001, begun + self.seconds - time.monotonic())
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(coming)), left), "cards"
        except TimeoutError:
            self.answers.too_late(key)
            raise

    def _ask(self, service: Service, caller: Known, wanted: Asked) -> list[Card]:
        cards = self._cards_of(service, caller.host, wanted)
        if cards:
            patient, told = f"Patient/{wanted.patient}", f"{caller.name}, cards: {len(cards)}"
            self.record(
                Event(datetime.now(UTC), wanted.user, "", caller.host, Action.VIEWED, service.id,
                      wanted.encounter or "", patient, told)
            )  # fmt: skip
        return cards

    def _cards_of(self, service: Service, host: str, wanted: Asked) -> list[Card]:
        if service is DISCHARGE:
            return self.adviser.discharge(host, wanted.patient, wanted.encounter or "")
        if not wanted.appointments:
            return []
        return self.adviser.booking(host, wanted.patient, wanted.appointments, wanted.given or {})

    async def judged(self, service: Service, request: Request) -> JSONResponse:
        """Feedback: counted."""
        body = await body_of(request, FEEDBACK_BODY)
        token = request.headers.get("authorization")
        try:
            caller = await self._in_time(
                time.monotonic(), functools.partial(self.caller, token, service.id, "feedback")
            )
        except (TimeoutError, MassageBillingError):
            return JSONResponse({"problem": "Who calls could not be found out in time; try again."}, 503)
        if isinstance(caller, Refused):
            _log.warning("hooks.refused", service=service.id, why=caller.why)
            return JSONResponse({"problem": "The token is missing or not believed."}, 401, _BEARER)
        for outcome, reason in feedback.read(asking.object_of(body)):
            self.counts.judged(service.id, outcome, reason)
        return JSONResponse({})


_Handler = Callable[[Service, Request], Awaitable[Response]]
_BEARER: Final = {"WWW-Authenticate": "Bearer"}


def _key(service: Service, caller: Known, wanted: Asked) -> str:
    """Names the same question: a digest, since a question holds patient data."""
    told = repr((service.id, caller.host, wanted))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def cds_routes(desk: Desk) -> APIRouter:
    """Discovery, the services, their feedback; and what browsers ask before (CORS), for the origins of the settings."""
    routes = APIRouter()

    @routes.get("/cds-services")
    async def discover(request: Request) -> Response:
        return _open_to(desk, request, JSONResponse(discovery()))

    @routes.post("/cds-services/{id}")
    async def call(id: str, request: Request) -> Response:
        return _open_to(desk, request, await _called(id, request, desk.answer))

    @routes.post("/cds-services/{id}/feedback")
    async def judge(id: str, request: Request) -> Response:
        return _open_to(desk, request, await _called(id, request, desk.judged))

    @routes.options("/cds-services")
    @routes.options("/cds-services/{path:path}")
    async def before(request: Request) -> Response:
        answer = _open_to(desk, request, Response(status_code=204))
        if "Access-Control-Allow-Origin" in answer.headers:
            answer.headers["Access-Control-Allow-Methods"] = "GET, POST"
            answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            answer.headers["Access-Control-Max-Age"] = "600"
        return answer

    return routes


async def _called(id: str, request: Request, handle: _Handler) -> Response:
    """What a service answers: 404 where there is none, 400 where it was not asked."""
    service = SERVICES.get(id)
    if service is None:
        return JSONResponse({"problem": "There is no such service."}, 404)
    try:
        return await handle(service, request)
    except NotAsked as problem:
        return JSONResponse({"problem": str(problem)}, 400)


def _open_to(desk: Desk, request: Request, answer: Response) -> Response:
    """An answer that nobody keeps, and that pages of the settings' origins may read."""
    origin = request.headers.get("origin")
    answer.headers["Cache-Control"] = "no-store"
    if origin in desk.origins:
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Vary"] = "Origin"
    return answer
