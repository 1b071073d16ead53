"""A small HTTP/1.1 server on loopback: kept connections, bodies by Content-Length, thousands of requests a second.

It is for the demo, the tests and the benchmarks. It binds 127.0.0.1 and nothing else, because what it serves looks like
a payer and knows no password.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_LARGEST_HEAD: Final = 1 << 16
_LARGEST_BODY: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read whole."""

    method: str
    """GET, POST …"""
    path: str
    """Path and query as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """The body."""


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered, and after how long."""

    status: int
    """HTTP status code."""
    body: bytes = b""
    """The body."""
    media_type: str = "application/json"
    """Content-Type."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers."""
    after: float = 0.0
    """Seconds to wait before it is sent."""
    hang_up: bool = False
    """Whether the connection is cut after half the body instead."""


Handler = Callable[[Request], Response]


class _Connection(asyncio.Protocol):
    """One connection: requests one after the other, each answered before the next is read."""

    def __init__(self, handler: Handler, open_ones: set[_Connection]) -> None:
        self._handler = handler
        self._open = open_ones
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (a stream server makes no other)
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._transport = None
        if self._waiting is not None:
            self._waiting.cancel()

    def close(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._waiting is None:
            self._next()

    def _next(self) -> None:
        """Answer the requests that have arrived whole."""
        while self._transport is not None and self._waiting is None:
            request = self._take()
            if request is None:
                return
            response = self._handler(request)
            if response.after > 0:
                loop = asyncio.get_running_loop()
                self._waiting = loop.call_later(response.after, self._late, response)
            else:
                self._send(response)

    def _late(self, response: Response) -> None:
        self._waiting = None
        self._send(response)
        self._next()

    def _take(self) -> Request | None:
        """The next request, once all of it is here; what cannot be read ends the connection."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            if len(self._received) > _LARGEST_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return None
        lines = self._received[:end].decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        headers = {
            name.strip().lower(): value.strip() for name, found, value in (x.partition(":") for x in lines[1:]) if found
        }
        length = headers.get("content-length", "0")
        if len(words) != 3 or not length.isdigit() or "transfer-encoding" in headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return None
        size, start = int(length), end + 4
        if size > _LARGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        if len(self._received) < start + size:
            return None
        body = bytes(self._received[start : start + size])
        del self._received[: start + size]
        return Request(words[0], words[1], headers, body)

    def _refuse(self, status: HTTPStatus) -> None:
        self._received.clear()
        self._send(Response(status))
        if self._transport is not None:
            self._transport.close()

    def _send(self, response: Response) -> None:
        if self._transport is None:
            return
        headers = {"Content-Type": response.media_type, "Content-Length": str(len(response.body)), **response.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        phrase = HTTPStatus(response.status).phrase
        head = f"HTTP/1.1 {response.status} {phrase}\r\n{lines}\r\n".encode("latin-1")
        if response.hang_up:
            self._transport.write(head + response.body[: len(response.body) // 2])
            self._transport.close()
        else:
            self._transport.write(head + response.body)


class Server:
    """Serves a handler from a thread of its own; ``with Server(handler) as server`` in tests."""

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self._handler = handler
        self._port = port
        self._ready = threading.Event()
        self._failed: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="simulated-payer", daemon=True)

    def start(self) -> Server:
        """Listen; returns once connections are taken. Raises OSError where the port is in use."""
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed
        return self

    @property
    def url(self) -> str:
        """Where it listens, "http://127.0.0.1:34567"."""
        return f"http://{LOOPBACK}:{self._port}"

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connections: set[_Connection] = set()
        try:
            server = await self._loop.create_server(
                lambda: _Connection(self._handler, connections), LOOPBACK, self._port, backlog=1024
            )
        except OSError as problem:
            self._failed = problem
            self._ready.set()
            return
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(connections):
            connection.close()
