"""The service as a process or several: its socket, what is checked before it starts, and how it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from massage_billing.errors import SettingsError
from massage_billing.serve.process import Process, plans
from massage_billing.serve.supervisor import READY, Supervisor
from massage_billing.serve.work import Load
from massage_billing.serve_settings import split_address
from massage_billing.settings import Settings
from massage_billing.wiring.metering import share_meters
from massage_billing.wiring.working import many_may_share, open_shared

_CONNECTIONS: Final = 500
"""Connections at the same time; more are answered 503."""


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


def listen(address: str) -> socket.socket:
    """A socket at an address; SettingsError where that cannot be had."""
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(256)
    except OSError as error:
        made.close()
        fix = "Name another serve.address, or end what listens there."
        raise SettingsError(f"{address} cannot be listened at ({error.strerror}).", fix) from None
    return made


def serve(settings: Settings, load: Load, address: str, workers: int, ready: Callable[[Settings, str], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``load`` reads the settings anew for each job; ``ready`` is told the settings with
    where it really listens, and the URL.

    Once stopped, nothing new begins, and a job that is running may go on for ``serve.stop_after``; then it is left
    where it is, which loses nothing. Raises SettingsError, StoreError.
    """
    _check(settings, workers)
    with listen(address) as sock:
        settings = at(settings, sock)
        if workers == 1:
            with closing(Process(settings, load, workers)) as process:
                process.open()
                ready(settings, _url(sock))
                _server(process).run(sockets=[sock])
            return
        with open_shared(settings):  # migrates, and says so here where it cannot
            pass
        share_meters(settings)
        supervisor = Supervisor(workers, _child(settings, sock, workers), settings.serve.stop_after)
        supervisor.run(lambda: ready(settings, _url(sock)))


def serve_child(settings: Settings, load: Load, descriptor: int, workers: int) -> None:
    """One of several processes, on the socket that it was given; until SIGTERM, or until whoever started it is gone."""
    _with_parent()
    with socket.socket(fileno=descriptor) as sock:
        with closing(Process(at(settings, sock), load, workers)) as process:
            process.open_when_it_can()
            os.write(sys.stdout.fileno(), f"{READY}\n".encode())
            _server(process).run(sockets=[sock])


def at(settings: Settings, sock: socket.socket) -> Settings:
    """The settings with the address at which a socket really listens."""
    address = _url(sock).removeprefix("http://")
    return settings.model_copy(update={"serve": settings.serve.model_copy(update={"address": address})})


def _check(settings: Settings, workers: int) -> None:
    """What has to be right before anything starts."""
    if not settings.hosts:
        raise SettingsError("No host is configured, so there is nothing to serve.", "Run `massage-billing init` first.")
    settings.serve.token()
    plans(settings)
    if workers > 1 and not many_may_share(settings):
        what = f"{workers} processes were asked for, and SQLite is written by one."
        raise SettingsError(what, "Name a PostgreSQL database (state.database_env), or set serve.workers to 1.")


def _child(settings: Settings, sock: socket.socket, workers: int) -> tuple[list[str], int]:
    """The command of one of several processes, and the socket it is given."""
    source = [] if settings.source is None else ["--settings", str(Path(settings.source).resolve())]
    command = [sys.executable, "-m", "massage_billing", "serve", *source, "--workers", str(workers)]
    return [*command, "--child", str(sock.fileno())], sock.fileno()


def _with_parent() -> None:
    """End in order when standard input does: whoever started this process is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 64):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def _server(app: ASGIApp) -> _Server:
    """uvicorn without logs of its own: what is asked for and by whom stands in no file."""
    return _Server(
        uvicorn.Config(
            app,
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
    )


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
