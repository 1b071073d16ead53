"""What the service answers over HTTP: three routes, and nothing else.

Who asks for a job shows the token; it is compared in constant time, and many wrong ones are turned away. ``/healthz``
needs none and tells counts and problems, never patient data.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException

from massage_billing import __version__
from massage_billing.serve.jobs import Job, JobBook, Kind
from massage_billing.serve.runner import Runner

BODY: Final = 4096
"""Bytes of the largest body."""
WRONG: Final = 10
"""Wrong tokens within a minute after which the next ones are turned away."""
MINUTE: Final = 60.0


class Asked(BaseModel):
    """The body of ``POST /jobs/run``."""

    model_config = ConfigDict(extra="forbid")

    job: Kind
    """"run" or "eligibility"."""
    host: str | None = None
    """Configured host id; None: every host."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes work with."""

    runner: Runner
    """Begins jobs."""
    hosts: Sequence[str]
    """Configured host ids."""
    token: str
    """What opens it."""

    @property
    def book(self) -> JobBook:
        """What is done and was done."""
        return self.runner.book


class Gate:
    """Lets in who shows the token. ``clock`` counts seconds."""

    def __init__(self, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = _digest(f"Bearer {token}")
        self._clock = clock
        self._wrong: deque[float] = deque(maxlen=WRONG)
        self._lock = threading.Lock()

    def refusal(self, shown: str | None) -> JSONResponse | None:
        """None where the right token is shown; else the answer: 401, or 429 where there were many wrong ones. Who shows
        the right one is let in all the same, so that nobody can lock the clinic out."""
        if hmac.compare_digest(_digest(shown or ""), self._digest):
            return None
        with self._lock:
            now = self._clock()
            many = len(self._wrong) == WRONG and now - self._wrong[0] < MINUTE
            if not many:
                self._wrong.append(now)
        if many:
            return _problem(429, "Too many wrong tokens.", {"Retry-After": "60"})
        return _problem(401, "The token is missing or wrong.", {"WWW-Authenticate": "Bearer"})


def make_app(service: Service, gate: Gate) -> FastAPI:
    """The service as an ASGI application."""
    app = FastAPI(title="massage-billing", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        return JSONResponse(_health(service))

    @app.post("/jobs/run")
    async def run_job(request: Request) -> JSONResponse:
        refused = gate.refusal(request.headers.get("authorization"))
        return refused or _begin(service, await _body(request))

    @app.get("/jobs/{id}")
    async def one_job(id: str, request: Request) -> JSONResponse:
        refused = gate.refusal(request.headers.get("authorization"))
        if refused is not None:
            return refused
        job = service.book.get(id)
        return _problem(404, "There is no such job.") if job is None else JSONResponse(job.shown())

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, problem: HTTPException) -> JSONResponse:
        return _problem(problem.status_code, str(problem.detail))

    return app


def _health(service: Service) -> dict[str, object]:
    last = service.book.last()
    newest: dict[str, Job] = {}
    for job in last:
        newest.setdefault(job.kind.value, job)
    return {
        "status": "ok",
        "version": __version__,
        "hosts": list(service.hosts),
        "running": [job.shown() for job in service.book.running()],
        "jobs": {kind: job.shown() for kind, job in newest.items()},
        "last": [job.shown() for job in last],
    }


async def _body(request: Request) -> bytes:
    """The body; HTTPException (413) where it is larger than any that means something."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > BODY:
        raise HTTPException(413, "The body is too large.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY:
            raise HTTPException(413, "The body is too large.")
    return bytes(body)


def _begin(service: Service, body: bytes) -> JSONResponse:
    try:
        asked = Asked.model_validate_json(body)
    except ValidationError:
        return _problem(422, 'The body has to be {"job": "run"} or {"job": "eligibility"}, with a host or without.')
    if asked.host is not None and asked.host not in service.hosts:
        return _problem(422, f"There is no such host; configured: {', '.join(service.hosts)}.")
    hosts = service.hosts if asked.host is None else [asked.host]
    begun = [service.runner.start(asked.job, host, "request") for host in hosts]
    new = [job for job, fresh in begun if fresh]
    if not new:
        busy = begun[0][0]
        return JSONResponse({**busy.shown(), "problem": f"Host {busy.host} has a job running already."}, 409)
    return JSONResponse({**new[0].shown(), "jobs": [job.shown() for job in new]}, 202)


def _problem(status: int, what: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"problem": what}, status, headers)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
