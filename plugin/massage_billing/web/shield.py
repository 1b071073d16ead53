"""What stands before every page: whom a request may be addressed to, how large, deep, slow and often it may be, and the
headers of every answer. Pure ASGI, the outermost, knows no page.

A body is read whole before the application sees the request: it is small, so that no page has to count, and no page is
begun for one that never comes. Sources: OWASP ASVS 5 (V3 web frontend, V4 API), CSP Level 3, Fetch Metadata.
"""

from __future__ import annotations

import asyncio
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from massage_billing.web.rates import Rates
from massage_billing.web_settings import trusted

if TYPE_CHECKING:
    from massage_billing.settings import Settings

_log = structlog.get_logger(__name__)

MIB: Final = 1 << 20
_STRINGS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""Strings of JSON; one that never ends goes to the end of the body. Possessive: each byte is looked at once, whatever
is sent (else quotes that are escaped and never closed take the square of their number)."""
_NESTS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""One level down, one level up, as signed bytes."""
_FLAT: Final = bytes(one for one in range(256) if one not in b"[{]}")
_LOGINS: Final = ("/login/", "/launch", "/callback/", "/enter/")
HANDED_ON: Final = "massage_billing.handed_on"
"""In the scope of a request: whether a header said that a proxy handed it on, whoever wrote it. Those headers
themselves do not get past the shield."""
_PROXIED: Final = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded", b"x-real-ip")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    "X-Permitted-Cross-Domain-Policies": "none",
}
"""Of every answer."""


@dataclass(frozen=True, slots=True)
class ShieldSettings:
    """What is let through."""

    origin: str
    """Where browsers reach it: "https://billing.example.org"."""
    names: frozenset[str] = frozenset()
    """Host headers that are let through."""
    proxies: tuple[str, ...] = ()
    """Networks whose X-Forwarded headers are believed."""
    frame_ancestors: tuple[str, ...] = ()
    """Origins that may show it in a frame."""
    body: int = MIB
    """Bytes of the largest body."""
    bodies: Mapping[str, int] = field(default_factory=dict)
    """The same by the beginning of a path."""
    depth: int = 64
    """Deepest nesting of JSON."""
    header_count: int = 80
    """Most headers."""
    slowest: float = 15.0
    """Seconds within which a body has to be there."""
    cookie: str = "mb"
    """Name of the session's cookie: who has one is counted by it."""
    session_rate: int = 300
    """Requests of one session in a minute."""
    address_rate: int = 3000
    """Requests of one address in a minute."""
    login_rate: int = 20
    """Log-ins of one address in a minute."""

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.origin.startswith("https://")


def shield(app: ASGIApp, settings: Settings) -> ASGIApp:
    """An application with the shield before it. ``settings.serve.address`` is where it really listens."""
    from massage_billing.access.guard import SESSION
    from massage_billing.access.place import place_of

    chosen, place = settings.workbench, place_of(settings)
    port = settings.serve.address.rpartition(":")[2]
    names = {place.netloc, settings.serve.address, *chosen.allowed_hosts, *(f"{one}:{port}" for one in _LOOPBACK)}
    return Shield(
        app,
        ShieldSettings(
            origin=place.origin,
            names=frozenset(names),
            proxies=chosen.trusted_proxies,
            frame_ancestors=chosen.frame_ancestors,
            cookie=place.cookie(SESSION),
            session_rate=chosen.rates.session,
            address_rate=chosen.rates.address,
            login_rate=chosen.rates.logins,
        ),
    )


class _Refusal(Exception):
    """A request is not let through."""

    def __init__(self, status: int, what: str, wait: int | None = None) -> None:
        super().__init__(what)
        self.status, self.what, self.wait = status, what, wait


class Shield:
    """The middleware. ``rates`` counts; each process counts for itself."""

    def __init__(self, app: ASGIApp, settings: ShieldSettings, rates: Rates | None = None) -> None:
        self._app, self._settings, self._rates = app, settings, rates or Rates()
        self._fixed = [(name, value) for name, value in headers(settings).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        sent: list[bool] = []
        """Whether each message that was sent is the answer's last."""

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._dress(message)
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            sent.append(last)
            await send(message)

        try:
            scope = self._forwarded(scope)
            self._look(scope)
            body = await self._body(scope, receive)
            await self._app(scope, _replay(body, receive), answering)
        except _Refusal as refused:
            extra = {"Retry-After": str(refused.wait)} if refused.wait is not None else {}
            if refused.status in (408, 413):
                extra["Connection"] = "close"  # the rest of the body is not read
            answer = PlainTextResponse(f"{refused.what}\n", refused.status, extra)
            await answer(scope, receive, answering)
        except Exception as error:
            _log.error("web.broken", path=_route(scope), error=type(error).__name__)
            if sent and not sent[-1]:
                raise  # half an answer: the connection has to end
            if not sent:
                answer = PlainTextResponse("This is a fault of the program; its log says where.\n", 500)
                await answer(scope, receive, answering)

    def _dress(self, message: Message) -> None:
        """Put the headers on an answer; one that says how it may be kept stays so."""
        shown = MutableHeaders(scope=message)
        for name, value in self._fixed:
            shown[name] = value
        shown.setdefault("Cache-Control", "no-store")

    # --- the request ------------------------------------------------------------------------------------------------

    def _forwarded(self, scope: Scope) -> Scope:
        """The request as a trusted proxy got it. Nobody else's X-Forwarded headers reach the application."""
        client = scope.get("client")
        address = client[0] if client else ""
        given = Headers(scope=scope)
        kept = [(name, value) for name, value in scope["headers"] if name not in _PROXIED]
        scope = {**scope, HANDED_ON: len(kept) < len(scope["headers"])}
        if not self._settings.proxies or not trusted(address, self._settings.proxies):
            return {**scope, "headers": kept}
        name = given.get("x-forwarded-host", "").split(",")[-1].strip()
        if name:
            kept = [(key, name.encode("latin-1") if key == b"host" else value) for key, value in kept]
        scheme = given.get("x-forwarded-proto", "").split(",")[-1].strip()
        far = _far(given.get("x-forwarded-for", ""), address, self._settings.proxies)
        scheme = scheme if scheme in ("http", "https") else scope["scheme"]
        return {**scope, "headers": kept, "client": (far, 0), "scheme": scheme}

    def _look(self, scope: Scope) -> None:
        """Whether the request is addressed to us, is of a sane shape, and not one too many."""
        settings = self._settings
        if len(scope["headers"]) > settings.header_count:
            raise _Refusal(431, "Too many headers.")
        names = [value.decode("latin-1").lower() for key, value in scope["headers"] if key == b"host"]
        if len(names) != 1 or names[0] not in settings.names:
            raise _Refusal(421, f"This is not who you asked for. Open {settings.origin} instead.")
        self._count(scope)

    def _count(self, scope: Scope) -> None:
        settings, client = self._settings, scope.get("client")
        address, path = client[0] if client else "", scope["path"]
        buckets = [(f"address {address}", settings.address_rate)]
        session = _cookie(scope, settings.cookie)
        if session:
            buckets.append((f"session {session}", settings.session_rate))
        if path.startswith(_LOGINS):
            buckets.append((f"login {address}", settings.login_rate))
        for key, most in buckets:
            wait = self._rates.wait(key, most)
            if wait is not None:
                raise _Refusal(429, "Too many requests. Wait a little.", wait)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, in time, not too large and not too deep."""
        most = self._most(scope["path"])
        given = Headers(scope=scope)
        said = given.get("content-length", "")
        if said and not (said.isascii() and said.isdigit()):
            raise _Refusal(400, "The length of the body is no number.")
        if said and int(said[:20]) > most:
            raise _Refusal(413, f"The body is larger than {most} bytes.")
        try:
            async with asyncio.timeout(self._settings.slowest):
                body = await _read(receive, most)
        except TimeoutError:
            raise _Refusal(408, f"The body was not there within {self._settings.slowest:g} s.") from None
        if "json" in given.get("content-type", "") and deeper(body, self._settings.depth):
            raise _Refusal(400, f"The JSON is nested deeper than {self._settings.depth}.")
        return body

    def _most(self, path: str) -> int:
        fits = [size for start, size in self._settings.bodies.items() if path.startswith(start)]
        return max(fits, default=self._settings.body)


def headers(settings: ShieldSettings) -> dict[str, str]:
    """What every answer carries. No inline script, style or attribute is let run; forms go to this site."""
    ancestors = " ".join(settings.frame_ancestors) or "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    )
    found = {**_HEADERS, "Content-Security-Policy": policy}
    if not settings.frame_ancestors:
        found["X-Frame-Options"] = "DENY"
    if settings.secure:
        found["Strict-Transport-Security"] = "max-age=63072000"
    return found


def deeper(body: bytes, most: int) -> bool:
    """Whether JSON is nested deeper than so many levels. What is no JSON may be called deep: it is refused anyway."""
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    steps = array("b", _STRINGS.sub(b"", body).translate(_NESTS, _FLAT))
    return max(accumulate(steps), default=0) > most


async def _read(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)  # gone: what is answered reaches nobody
        body += message.get("body", b"")
        if len(body) > most:
            raise _Refusal(413, f"The body is larger than {most} bytes.")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given: list[bool] = []

    async def again() -> Message:
        if given:
            return await receive()
        given.append(True)
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _far(chain: str, address: str, proxies: Sequence[str]) -> str:
    """Who asked: the nearest of the chain that is no proxy of ours. What stands before it anybody may have written."""
    for one in [*reversed([part.strip() for part in chain.split(",") if part.strip()])]:
        if not trusted(one, tuple(proxies)):
            return one[:64]
    return address


def _cookie(scope: Scope, name: str) -> str:
    for pair in Headers(scope=scope).get("cookie", "").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value[:64]
    return ""


def _route(scope: Scope) -> str:
    """The template of the path, never the path itself: ids stay out of logs."""
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "?"
