"""Calling payers over HTTP: the client that hosts are called with, and its errors as errors of payers.

One call is one try: ``payers.guarded`` tries again. Messages name channel and payer key, method, path and status; never
a query, a body or the payer's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

from massage_billing.errors import (
    HostAnswerUnreadable,
    HostBusy,
    HostError,
    HostFault,
    HostRefused,
    HostUnreachable,
    HostUntrusted,
    PayerAnswerUnreadable,
    PayerBusy,
    PayerError,
    PayerRefused,
    PayerRejected,
    PayerUnreachable,
    SettingsError,
)
from massage_billing.net.credentials import Credentials
from massage_billing.net.http import Answer as HttpAnswer
from massage_billing.net.http import HttpClient, Limits

T = TypeVar("T")

_LARGEST: Final = 16 * 1024 * 1024
"""Bytes of the largest answer about one coverage: the longest 271s have some hundred kilobytes."""
_AGAIN: Final = "It is asked again later."
_KINDS: Final[tuple[tuple[type[HostError], type[PayerError], str], ...]] = (
    (HostRefused, PayerRefused, "Check the credentials of this channel, and what the payer allows them."),
    (
        HostUntrusted,
        PayerUnreachable,
        "Check the channel's url and its ca_file.",
    ),
    (HostUnreachable, PayerUnreachable, _AGAIN),
    (HostFault, PayerUnreachable, _AGAIN),
    (HostAnswerUnreadable, PayerAnswerUnreadable, _AGAIN),
    (HostError, PayerRejected, "Check the channel's url and ids, and ask the payer what it refuses."),
)
"""What an error of the client is for a payer, and what to do; the first that fits."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a channel calls, and how."""

    url: str
    """Endpoint, https."""
    credentials: Credentials | None = None
    """What goes into the Authorization header."""
    seconds: float = 20.0
    """Time for one answer; CAQH CORE gives a real-time answer 20 seconds (Eligibility & Benefits Infrastructure Rule,
    the former Phase I 156)."""
    connections: int = 40
    """Connections that are kept, and calls at the same time: twice as many as are asked at once, for calls that hang
    hold theirs after they were given up."""
    ca_file: str | None = None
    """Certificates (PEM) of the authority that signed the payer's; None: those the machine knows."""
    certificate: tuple[str, str] | None = None
    """Files of our own certificate and its key (CORE submitter authentication by X.509)."""
    proxy: str | None = None
    """URL of a proxy."""


def where(channel: str, payer: str) -> str:
    """The beginning of every message about a payer."""
    return f"Channel {channel}, payer {payer}:"


@contextmanager
def payer_errors(channel: str, payer: str) -> Iterator[None]:
    """Errors of the HTTP client, of credentials and of secrets that are missing, as errors of a payer."""
    try:
        yield
    except HostBusy as problem:
        raise PayerBusy(f"{where(channel, payer)} {problem.what}", _AGAIN, problem.retry_after) from None
    except HostError as problem:
        kind, fix = next((kind, fix) for host, kind, fix in _KINDS if isinstance(problem, host))
        raise kind(f"{where(channel, payer)} {problem.what}", fix) from None
    except SettingsError as problem:
        raise PayerRefused(f"{where(channel, payer)} {problem.what}", problem.fix) from None


class PayerCalls:
    """Calls one endpoint, from several threads. Raises PayerError."""

    def __init__(self, channel: str, line: Line, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.channel = channel
        self._line = line
        parts = urlsplit(line.url)
        connect = min(10.0, line.seconds)
        self._client = HttpClient(
            # An endpoint is called as it is written, with its trailing slash: only its origin is the client's base.
            f"{parts.scheme}://{parts.netloc}",
            line.credentials,
            limits=Limits(connect=connect, read=line.seconds, total=line.seconds, body=_LARGEST, attempts=1),
            connections=line.connections,
            verify=line.ca_file or True,
            certificate=line.certificate,
            proxy=line.proxy,
            clock=clock,
        )
        self._client.url(line.url)

    def call(
        self,
        payer: str,
        method: str,
        url: str = "",
        *,
        params: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        also: Container[int] = (),
    ) -> HttpAnswer:
        """One call, one answer of status 200 to 299, or one of ``also``. ``url``: another than the endpoint, of the
        same origin (a place to poll); a relative one is below the endpoint."""
        base = self._line.url
        target = base if not url else url if "://" in url or url.startswith("/") else f"{base.rstrip('/')}/{url}"
        with payer_errors(self.channel, payer):
            return self._client.call(method, target, params=params, body=body, headers=headers, attempts=1, also=also)

    def close(self) -> None:
        """Close kept connections."""
        self._client.close()
