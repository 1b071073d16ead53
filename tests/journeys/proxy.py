"""A small HTTP proxy on loopback: counts what passes, keeps it, and calls a hook around each request."""

from __future__ import annotations

import http.client
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

SECONDS = 60
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Request:
    """One request that passed."""

    method: str
    path: str
    body: bytes
    fresh: bool
    """Whether no cached answer is wanted."""

    @property
    def writes(self) -> bool:
        """Whether it may change something: a transaction, a create, an update."""
        return self.method in ("PUT", "PATCH", "DELETE") or (
            self.method == "POST" and not urlsplit(self.path).path.endswith("_search")
        )

    def resources(self) -> Iterator[dict[str, Any]]:
        """The resources it carries."""
        if self.writes and self.body:
            body = json.loads(self.body)
            for entry in body.get("entry", [{"resource": body}]):
                yield entry["resource"]


class Proxy:
    """Passes everything on to one server. ``url`` is to be used in place of the server's."""

    def __init__(self, server: str) -> None:
        self.seen: list[Request] = []
        self.before: Callable[[Request], None] = lambda _: None
        """Called when a request came, before the server has it."""
        self.after: Callable[[Request], None] = lambda _: None
        """Called when the server has answered, before the client has the answer."""
        self._to = urlsplit(server)
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}{self._to.path}"

    def pass_on(self, request: Request, headers: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send it to the server; status, headers, body."""
        with self._lock:
            self.seen.append(request)
        self.before(request)
        connection = http.client.HTTPConnection(self._to.hostname or "", self._to.port, timeout=SECONDS)
        try:
            connection.request(request.method, request.path, request.body or None, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        self.after(request)
        return answer.status, [pair for pair in answer.getheaders() if pair[0].lower() not in _HOP], body


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news; everything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = SECONDS

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            fresh = self.headers.get("Cache-Control") == "no-cache"
            try:
                status, answered, content = proxy.pass_on(Request(self.command, self.path, body, fresh), headers)
                self.send_response_only(status)
                for name, value in answered:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:  # the client is gone: it was killed
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _pass

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    return Handler


@contextmanager
def proxy_to(server: str) -> Iterator[Proxy]:
    """A running proxy."""
    made = Proxy(server)
    thread = threading.Thread(target=made._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made._http.shutdown()
        made._http.server_close()
        thread.join()
