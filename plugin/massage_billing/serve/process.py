"""One process of the service: its part in the jobs, its routes. It answers even while its store is away."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from massage_billing.errors import SettingsError, StoreError
from massage_billing.ports.jobs import Job, JobKind, Outcome
from massage_billing.serve import sharing
from massage_billing.serve.app import Gate, Service, make_app
from massage_billing.serve.mounting import mount, shielded
from massage_billing.serve.runner import Runner
from massage_billing.serve.schedule import Plan
from massage_billing.serve.scheduler import Scheduler
from massage_billing.serve.sharing import Shares
from massage_billing.serve.telling import Teller
from massage_billing.serve.watch import Watch
from massage_billing.serve.work import Load, do, warm
from massage_billing.settings import Settings
from massage_billing.wiring.working import open_shared

_log = structlog.get_logger(__name__)

_WARM: Final = 10.0
"""Seconds within which a process that is still getting warm stops."""
_AGAIN: Final = 1.0
"""Seconds after which the store is tried again."""


class Process:
    """Routes, schedule and jobs. ``settings.serve.address`` is where it listens; ``processes`` share the store."""

    def __init__(self, settings: Settings, load: Load, processes: int) -> None:
        self._settings, self._load, self._processes = settings, load, processes
        self._plans = plans(settings)
        self._watch = Watch()
        self._service = Service(self._watch, list(settings.hosts), settings.serve.token())
        self._gate = Gate(self._service.token)
        self._app: ASGIApp = shielded(make_app(self._service, self._gate), settings)
        self._stack = ExitStack()
        self._closed = threading.Event()
        self._warming: threading.Thread | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application, as far as it is open."""
        await self._app(scope, receive, send)

    def open(self) -> None:
        """Open the store and begin to work. Raises StoreError, SettingsError; it may be tried again then."""
        with ExitStack() as stack:
            shared = stack.enter_context(open_shared(self._settings))
            queue, owner = shared.queue, shared.owner
            stopping = threading.Event()
            shares = Shares(queue, owner, self._load, self._processes, stopping)
            app = make_app(self._service, self._gate)
            mount(app, self._settings, queue, stack)

            def work(job: Job) -> Outcome | None:
                if job.kind is JobKind.RUN:
                    return sharing.run(job, shares)
                return do(job, self._load, Teller(queue, job.id))

            help_out = partial(sharing.help_out, shares) if self._processes > 1 else None
            runner = Runner(queue, owner, work, help_out, stopping)
            stack.callback(runner.close, self._settings.serve.stop_after.total_seconds())
            scheduler = Scheduler(runner, self._plans)
            stack.callback(scheduler.close)
            self._app = shielded(app, self._settings)
            self._watch.queue, self._service.runner = queue, runner
            runner.open()
            scheduler.open()
            self._stack = stack.pop_all()
        self._warming = threading.Thread(target=warm, args=(self._load, self._closed), name="warm", daemon=True)
        self._warming.start()

    def open_when_it_can(self) -> None:
        """Open now, or as soon as the store is there. Raises SettingsError."""
        if not self._opened():
            threading.Thread(target=self._open_later, name="opening", daemon=True).start()

    def _open_later(self) -> None:
        while not self._closed.wait(_AGAIN):
            if self._opened():
                return

    def _opened(self) -> bool:
        try:
            self.open()
        except StoreError as error:
            self._watch.problem = f"{error.what} {error.fix}".strip()
            _log.warning("serve.waits", why=error.what)
            return False
        return True

    def close(self) -> None:
        """Begin nothing new; what is running may go on for ``serve.stop_after``, and is left then."""
        self._closed.set()
        self._stack.close()
        if self._warming is not None:  # an interpreter that ends under a thread within compiled code aborts
            self._warming.join(_WARM)


def plans(settings: Settings) -> list[Plan]:
    """When each host is worked on; SettingsError where a time of day is wanted and no zone says whose."""
    serve = settings.serve
    for host in settings.hosts.values():
        if serve.eligibility_at and host.zone is None:
            what = f"serve.eligibility_at is a time of the clinic's zone, and host {host.id} has none."
            raise SettingsError(what, f"Set hosts.{host.id}.zone to an IANA zone.")
    return [
        Plan(host.id, ZoneInfo(host.zone) if host.zone else None, serve.every, serve.eligibility_at)
        for host in settings.hosts.values()
    ]
