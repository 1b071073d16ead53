"""The service as a process: its socket, its routes, its schedule, and how it is stopped."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

import uvicorn

from massage_billing.errors import SettingsError
from massage_billing.serve.app import Gate, Service, make_app
from massage_billing.serve.jobs import JobBook
from massage_billing.serve.runner import Runner, Scheduler
from massage_billing.serve.schedule import Plan
from massage_billing.serve.work import Load, do
from massage_billing.serve_settings import split_address
from massage_billing.settings import Settings
from massage_billing.wiring.state import private_folder

_CONNECTIONS: Final = 50
"""Requests at the same time; more are answered 503."""


class _Server(uvicorn.Server):
    """uvicorn's, which ends quietly where it is told to: a service that was stopped has done nothing wrong."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        kinds = (signal.SIGINT, signal.SIGTERM)
        before = {kind: signal.signal(kind, self.handle_exit) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)


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


def listen(address: str) -> socket.socket:
    """A socket at an address; SettingsError where that cannot be had."""
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen()
    except OSError as error:
        made.close()
        fix = "Name another serve.address, or end what listens there."
        raise SettingsError(f"{address} cannot be listened at ({error.strerror}).", fix) from None
    return made


def serve(settings: Settings, load: Load, address: str, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``load`` reads the settings anew for each job; ``ready`` is told the URL.

    Once stopped, nothing new begins, and a job that is running may go on for ``serve.stop_after``; then it is left
    where it is, which loses nothing.
    """
    if not settings.hosts:
        raise SettingsError("No host is configured, so there is nothing to serve.", "Run `massage-billing init` first.")
    token, when = settings.serve.token(), plans(settings)
    state = settings.state_folder()
    private_folder(state)
    runner = Runner(JobBook(state), lambda kind, host: do(kind, host, load))
    scheduler = Scheduler(runner, when)
    with listen(address) as sock:
        server = _Server(_config(Service(runner, list(settings.hosts), token)))
        ready(_url(sock))
        scheduler.open()
        try:
            server.run(sockets=[sock])
        finally:
            scheduler.close()
            runner.book.wait(settings.serve.stop_after.total_seconds())


def _config(service: Service) -> uvicorn.Config:
    """uvicorn without logs of its own: what is asked for and by whom stands in no file."""
    return uvicorn.Config(
        make_app(service, Gate(service.token)),
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        http="h11",
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=16 * 1024,
    )


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
