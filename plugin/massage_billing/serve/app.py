"""What the service answers to machines over HTTP: four routes. What people see is mounted beside them (mounting.py).

Who asks for a job shows the token; it is compared in constant time, and many wrong ones are turned away. ``/healthz``
and ``/readyz`` need none and tell counts and problems, never patient data.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from massage_billing import __version__
from massage_billing.errors import StoreError
from massage_billing.ports.jobs import Job, JobKind
from massage_billing.serve.runner import Runner
from massage_billing.serve.watch import Watch, shown

BODY: Final = 4096
"""Bytes of the largest body."""
WRONG: Final = 10
"""Wrong tokens within a minute after which the next ones are turned away."""
MINUTE: Final = 60.0
TO_SET: Final = "Put a long random text into a file (openssl rand -hex 32) and name it under serve.token_file."
"""What to do about it."""


class Asked(BaseModel):
    """The body of ``POST /jobs/run``."""

    model_config = ConfigDict(extra="forbid")

    job: Literal[JobKind.RUN, JobKind.ELIGIBILITY]
    """"run" or "eligibility"."""
    host: str | None = None
    """Configured host id; None: every host."""


@dataclass(slots=True)
class Service:
    """What the routes work with."""

    watch: Watch
    """How the jobs stand."""
    hosts: Sequence[str]
    """Configured host ids."""
    token: str | None
    """What opens it to programs; None: none is set, and it stays closed to them."""
    runner: Runner | None = None
    """Begins jobs; None until the store could be opened."""


class Gate:
    """Lets in who shows the token. ``clock`` counts seconds."""

    def __init__(self, token: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = None if token is None else _digest(f"Bearer {token}")
        self._clock = clock
        self._wrong: deque[float] = deque(maxlen=WRONG)
        self._lock = threading.Lock()

    def refusal(self, shown: str | None) -> JSONResponse | None:
        """None where the right token is shown; else the answer: 401, or 429 where there were many wrong ones. Who shows
        the right one is let in all the same, so that nobody can lock the clinic out. 403 where no token is set."""
        if self._digest is None:
            return _problem(403, f"No token is set. {TO_SET}")
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
    """The service as an ASGI application. Handlers that ask the store run in threads: it may be slow, or away."""
    app = FastAPI(title="massage-billing", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        return JSONResponse(_health(service))

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        problems = service.watch.unready()
        status = "not ready" if problems else "ready"
        return JSONResponse({"status": status, "problems": problems}, 503 if problems else 200)

    @app.post("/jobs/run")
    async def run_job(request: Request) -> JSONResponse:
        refused = gate.refusal(request.headers.get("authorization"))
        if refused is not None:
            return refused
        body = await _body(request)
        return await run_in_threadpool(_begin, service, body)

    @app.get("/jobs/{id}")
    def one_job(id: str, request: Request) -> JSONResponse:
        refused = gate.refusal(request.headers.get("authorization"))
        return refused or _told(service, id)

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, problem: HTTPException) -> JSONResponse:
        return _problem(problem.status_code, str(problem.detail))

    return app


def _health(service: Service) -> dict[str, object]:
    seen = service.watch.seen()
    newest: dict[str, Job] = {}
    for job in seen.last:
        newest.setdefault(job.kind.value, job)
    return {
        "status": "ok",
        "version": __version__,
        "hosts": list(service.hosts),
        "running": [shown(job) for job in seen.running],
        "jobs": {kind: shown(job) for kind, job in newest.items()},
        "last": [shown(job) for job in seen.last],
        "problems": list(seen.problems),
    }


def _told(service: Service, id: str) -> JSONResponse:
    queue = service.watch.queue
    if queue is None:
        return _away(service.watch.problem)
    try:
        job = queue.get(id)
    except StoreError as error:
        return _away(f"{error.what} {error.fix}".strip())
    return _problem(404, "There is no such job.") if job is None else JSONResponse(shown(job))


def _away(why: str) -> JSONResponse:
    return _problem(503, why, {"Retry-After": "5"})


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
    if service.runner is None:
        return _away(service.watch.problem)
    try:
        begun = [service.runner.start(asked.job, host, "request") for host in hosts]
    except StoreError as error:
        return _away(f"{error.what} {error.fix}".strip())
    new = [job for job, fresh in begun if fresh]
    if not new:
        busy = begun[0].job
        return JSONResponse({**shown(busy), "problem": f"Host {busy.host} has a job running already."}, 409)
    return JSONResponse({**shown(new[0]), "jobs": [shown(job) for job in new]}, 202)


def _problem(status: int, what: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"problem": what}, status, headers)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
