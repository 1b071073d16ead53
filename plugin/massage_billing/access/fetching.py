"""Reading a host's public documents about logging in (discovery, keys), small and quickly or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import orjson

from massage_billing.access.roles import LoginHost
from massage_billing.errors import (
    HostAnswerUnreadable,
    HostNotFound,
    HostRefused,
    HostRejected,
    HostUntrusted,
    MassageBillingError,
)
from massage_billing.net.http import Answer, HttpClient, Limits, origin
from massage_billing.ports import JsonObject

T = TypeVar("T")

LIMITS: Final = Limits(connect=5, read=10, total=15, body=1 << 20, attempts=2, patience=10, retry_after=2)
"""Somebody waits at the browser: half a minute and a megabyte are enough for any honest host."""

_AWAY: Final = 10.0
"""Seconds for which a host that could not be asked is left alone."""


class Fetch(Protocol):
    """Gets a JSON object of a configured host's; None where ``missing`` allows that there is none. Raises HostError."""

    def __call__(self, host: LoginHost, url: str, missing: bool = False) -> JsonObject | None:
        """Get it."""
        ...


def fetch(host: LoginHost, url: str, missing: bool = False) -> JsonObject | None:
    """By HTTP. No credentials are sent, redirects stay on the origin of the URL."""
    client = open_client(host, url)
    try:
        return client.call("GET", url, headers={"Accept": "application/json"}, read=json_object)
    except (HostNotFound, HostRejected, HostRefused, HostAnswerUnreadable):
        if missing:
            return None
        raise
    finally:
        client.close()


def open_client(host: LoginHost, url: str) -> HttpClient:
    """A client of the origin of a URL, without credentials. Raises HostUntrusted where it is no plain http(s) URL."""
    if origin(url) is None:
        raise HostUntrusted(f"Host {host.id} names an address that is no http(s) URL.", "Ask whoever runs the EHR.")
    parts = urlsplit(url)
    return HttpClient(f"{parts.scheme}://{parts.netloc}", limits=LIMITS, connections=1, verify=host.verify)


def json_object(answer: Answer) -> JsonObject:
    """The body of an answer as a JSON object. Raises HostAnswerUnreadable."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise HostAnswerUnreadable("The host did not answer with a JSON object.", "Check the host's URL.")
    return body


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    asked: float


class Remembered(Generic[T]):
    """What hosts said, for an hour; asked anew at most once a minute, so that nobody makes us ask without end. A host
    that could not be asked is left alone for ten seconds: whoever comes meanwhile is told the same at once. ``clock``
    counts seconds."""

    def __init__(
        self, ask: Callable[[LoginHost], T], longest: float = 3600, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._longest, self._clock = ask, longest, clock
        self._kept: dict[_Key, _Kept[T]] = {}
        self._failed: dict[_Key, _Kept[MassageBillingError]] = {}
        self._lock = threading.Lock()

    def get(self, host: LoginHost) -> T:
        """What the host said within the last hour. Raises what asking raises."""
        with self._lock:
            kept = self._kept.get(_key(host))
        if kept is not None and self._clock() - kept.asked < self._longest:
            return kept.value
        return self._anew(host)

    def again(self, host: LoginHost) -> T | None:
        """What the host says now; None where it was asked within the last minute. Raises what asking raises."""
        with self._lock:
            kept = self._kept.get(_key(host))
        if kept is not None and self._clock() - kept.asked < 60:
            return None
        return self._anew(host)

    def _anew(self, host: LoginHost) -> T:
        with self._lock:
            failed = self._failed.get(_key(host))
        if failed is not None and self._clock() - failed.asked < _AWAY:
            raise failed.value
        try:
            value = self._ask(host)
        except MassageBillingError as problem:
            with self._lock:
                self._failed[_key(host)] = _Kept(problem, self._clock())
            raise
        with self._lock:
            self._kept[_key(host)] = _Kept(value, self._clock())
        return value


_Key = tuple[str, str, str | None]


def _key(host: LoginHost) -> _Key:
    return host.id, host.url, host.login.issuer
