"""The one HTTP client: time limits, bounded bodies, retries, and a guard that keeps credentials on the host's origin.

Every call has a limit on connecting, on silence, and on the whole answer, so that a host that sends one byte a minute
cannot hold a run. What may be repeated is repeated with jitter, and Retry-After is obeyed; what may not be repeated is
sent again only where it certainly never arrived. Messages name method, path and status, never a query, a body or a
host's free text: those hold patient data (DESIGN 23). Origins are compared parsed, never as string prefixes:
``https://ehr.example.org.evil.example`` begins like ``https://ehr.example.org`` and is somebody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
import stamina
import urllib3
from requests.adapters import HTTPAdapter

from massage_billing.errors import (
    HostAnswerUnreadable,
    HostBusy,
    HostConflict,
    HostError,
    HostFault,
    HostNotFound,
    HostRefused,
    HostRejected,
    HostUnreachable,
    HostUntrusted,
    SettingsError,
)
from massage_billing.net.credentials import Credentials, NoCredentials
from massage_billing.net.outcome import outcome_codes

T = TypeVar("T")

_CHUNK = 1 << 16
_FRESH = {"Cache-Control": "no-cache"}
"""HAPI repeats the results of a search for a minute unless told not to, and what was just written is looked up."""
_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 3
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much; seconds and bytes."""

    connect: float = 10.0
    """Until a connection stands."""
    read: float = 60.0
    """Silence between two pieces of an answer."""
    total: float = 180.0
    """One whole answer, however it trickles."""
    body: int = 256 * 1024 * 1024
    """Largest answer, unpacked."""
    attempts: int = 5
    """Tries of one call, the first counted."""
    patience: float = 120.0
    """After this long no further try of a call is begun."""
    wait_initial: float = 0.5
    """Wait before the second try; doubles from there."""
    wait_max: float = 20.0
    """Longest wait of our own choosing."""
    wait_jitter: float = 1.0
    """Random share of a wait, so that several programs do not come back together."""
    retry_after: float = 60.0
    """Longest Retry-After that is waited for; a longer one ends the call."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read whole."""

    status: int
    """HTTP status code."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """Unpacked body."""
    seconds: float
    """From sending to the last byte."""

    def date(self) -> datetime | None:
        """The Date header, UTC; None where the host sends none that can be read."""
        return _http_date(self.headers.get("date", ""))


def _whole(answer: Answer) -> Answer:
    return answer


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def origin(url: str) -> tuple[str, str, int | None] | None:
    """(scheme, host, port) of an http(s) URL, as compared; None where it is none or carries user information."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname.lower(), port or _DEFAULT_PORTS[parts.scheme]


class HttpClient:
    """Calls one origin, from several threads, over kept connections.

    ``verify``: False is for tests only; a path names the CA. ``certificate``: files of our own certificate and key.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        *,
        limits: Limits | None = None,
        connections: int = 8,
        verify: bool | str = True,
        certificate: tuple[str, str] | None = None,
        proxy: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._origin = origin(self.base_url)
        if self._origin is None or urlsplit(self.base_url).query or urlsplit(self.base_url).fragment:
            raise SettingsError(
                "The host's URL is not a plain http(s) URL.", "Write it as https://host/path, without user or query."
            )
        self.limits = limits or Limits()
        self._credentials: Credentials = credentials or NoCredentials()
        self._clock = clock
        self._session = _session(connections, verify, proxy)
        self._session.cert = certificate
        self._counter = threading.Lock()
        self.calls = 0
        self.skew: timedelta | None = None
        self.hint: Callable[[str, str], str | None] | None = None
        """What to do about a refusal (401, 403) of a call, given method and path, where a dialect knows more."""

    def close(self) -> None:
        """Close kept connections."""
        self._session.close()

    def url(self, path: str) -> str:
        """A path below the base URL, or an absolute URL of the same origin (a next link), as the URL to call.

        Raises HostUntrusted for another origin: neither the token nor a question about a patient goes there.
        """
        url = urljoin(f"{self.base_url}/", path) if path else self.base_url
        if origin(url) != self._origin:
            raise HostUntrusted(
                "The host sent a link to another origin; it was not followed.",
                "If it is the same server under another name, configure the URL that the server calls itself by.",
            )
        return url

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Iterable[tuple[str, str]] = (),
        body: bytes | Callable[[], bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        conflicts: bool = False,
        attempts: int | None = None,
        also: Container[int] = (),
        read: Callable[[Answer], T] = _whole,  # type: ignore[assignment]
    ) -> T:
        """Call and read one answer of status 200 to 299, or one of ``also``; every other is raised as its HostError.

        ``read`` turns the answer into a value and may raise HostAnswerUnreadable, which is retried like a lost
        answer. ``repeatable`` says that carrying the call out twice does no harm; left out, it holds for GET.
        ``conflicts`` retries 409 and 412 too, for conditional creates. A callable ``body`` is made anew for each try
        (a token assertion may be used once only).
        """
        url, sent = self.url(path), list(params)

        def once() -> T:
            sending = body() if callable(body) else body
            answer = self._authorized(method, url, sent, sending, headers or {})
            if not 200 <= answer.status < 300 and answer.status not in also:
                raise self._error(method, url, answer)
            return read(answer)

        tries = attempts or self.limits.attempts
        if tries == 1:
            return once()
        again = _again(method == "GET" if repeatable is None else repeatable, conflicts, self.limits.retry_after)
        return self._repeated(once, again, tries)

    def _repeated(self, once: Callable[[], T], again: Callable[[Exception], bool | float], tries: int) -> T:
        """Call until it is answered, as often and as long as the limits say."""
        limits = self.limits
        for attempt in stamina.retry_context(
            on=again,
            attempts=tries,
            timeout=limits.patience,
            wait_initial=limits.wait_initial,
            wait_max=limits.wait_max,
            wait_jitter=limits.wait_jitter,
        ):
            with attempt:
                return once()
        raise AssertionError("stamina ends a call by returning or raising")

    def _authorized(
        self, method: str, url: str, params: list[tuple[str, str]], body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send, renewing the credentials once where they are refused."""
        credential = self._credentials.header()
        answer = self._redirected(method, url, params, body, headers, credential)
        if answer.status == 401 and self._credentials.renew(credential):
            answer = self._redirected(method, url, params, body, headers, self._credentials.header())
        return answer

    def _redirected(
        self,
        method: str,
        url: str,
        params: list[tuple[str, str]],
        body: bytes | None,
        headers: Mapping[str, str],
        credential: str | None,
    ) -> Answer:
        """Send, following redirects of reads within the origin."""
        everything = {**_FRESH, **headers, **({"Authorization": credential} if credential else {})}
        answer = self._send(method, url, params, body, everything)
        for _ in range(_MAX_REDIRECTS):
            if answer.status not in _REDIRECTS or method != "GET":
                break
            url, params = self.url(urljoin(url, answer.headers.get("location", ""))), []
            answer = self._send(method, url, params, body, everything)
        if answer.status in _REDIRECTS:
            self.url(urljoin(url, answer.headers.get("location", "")))
        return answer

    def _send(
        self, method: str, url: str, params: list[tuple[str, str]], body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """One request, one answer, within the limits."""
        with self._counter:
            self.calls += 1
        begun = time.monotonic()
        try:
            with closing(
                self._session.request(
                    method,
                    url,
                    params=params or None,
                    data=body,
                    headers=headers,
                    timeout=(self.limits.connect, self.limits.read),
                    allow_redirects=False,
                    stream=True,
                )
            ) as response:
                content = self._body(response, begun, f"{method} {urlsplit(url).path}")
                kept = {name.lower(): value for name, value in response.headers.items()}
                answer = Answer(response.status_code, kept, content, time.monotonic() - begun)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as problem:
            raise _unreachable(f"{method} {urlsplit(url).path}", problem) from None
        if (sent := answer.date()) is not None:
            self.skew = sent - self._clock()
        return answer

    def _body(self, response: requests.Response, begun: float, what: str) -> bytes:
        """The whole body; read piece by piece, so that neither time nor size runs away."""
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self.limits.body:
                raise HostAnswerUnreadable(
                    f"{what}: the answer is larger than {self.limits.body} bytes.", "Lower the page size of this host."
                )
            if time.monotonic() - begun > self.limits.total:
                raise HostUnreachable(
                    f"{what}: the answer was not complete after {self.limits.total:g} s.", "Try again later."
                )
        return b"".join(pieces)

    def _error(self, method: str, url: str, answer: Answer) -> HostError:
        """The HostError of a status, with the codes of its OperationOutcome."""
        codes = outcome_codes(answer.body)
        what = f"{method} {urlsplit(url).path} was answered {answer.status}{f' ({codes})' if codes else ''}."
        if answer.status in (429, 502, 503, 504):
            busy = _TurnedAway if answer.status == 429 else HostBusy
            problem: HostError = busy(what, "Try again later.", self._retry_after(answer))
        else:
            kind, fix = _KINDS.get(answer.status) or (_FAULT if answer.status >= 500 else _REJECTED)
            if kind is HostRefused and self.hint is not None:
                fix = self.hint(method, url.removeprefix(f"{self.base_url}/")) or fix
            problem = kind(what, fix)
        problem.status = answer.status
        return problem

    def _retry_after(self, answer: Answer) -> float | None:
        """Seconds the host asks us to wait: given as seconds or as an HTTP date, by the host's own clock."""
        text = answer.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        until = _http_date(text) if text else None
        if until is None:
            return None
        return max(0.0, (until - (answer.date() or self._clock())).total_seconds())


_REJECTED: tuple[type[HostError], str] = (HostRejected, "The host's own log says why.")
_FAULT: tuple[type[HostError], str] = (HostFault, "The host's own log says why; try again later.")
_REFUSED = (HostRefused, "Check the host's credentials and scopes.")
_GONE = (HostNotFound, "Check the host's URL, and whether the record was deleted.")
_CONFLICT = (HostConflict, "Somebody else wrote at the same time; the next run reads it again.")
_KINDS: Mapping[int, tuple[type[HostError], str]] = {
    401: _REFUSED, 403: _REFUSED, 404: _GONE, 410: _GONE, 409: _CONFLICT, 412: _CONFLICT,
}  # fmt: skip


def _session(connections: int, verify: bool | str, proxy: str | None) -> requests.Session:
    """A session that takes nothing from the environment (.netrc would replace our token) and keeps no cookies."""
    session = requests.Session()
    session.trust_env = False
    session.verify = verify
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept": "application/fhir+json, application/json;q=0.9", "User-Agent": "massage-billing"})
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}
    for prefix in ("http://", "https://"):
        session.mount(prefix, HTTPAdapter(pool_connections=2, pool_maxsize=connections, pool_block=True))
    return session


class _NeverSent(HostUnreachable):
    """No connection stood, so that nothing can have been carried out."""


class _TurnedAway(HostBusy):
    """429 is given before anything is done; a 502 or 504 may come after the host has done it."""


def _unreachable(what: str, problem: Exception) -> HostError:
    """What became of a call without an answer; the library's own text is left out, it holds the whole URL."""
    if isinstance(problem, requests.exceptions.SSLError):
        return HostUntrusted(f"{what}: the host's certificate is not trusted.", "Check it, or name the CA it is from.")
    if isinstance(problem, requests.exceptions.ConnectTimeout) or _refused(problem):
        return _NeverSent(f"{what}: no connection to the host.", "Check that it runs and that its URL is right.")
    if isinstance(problem, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return HostUnreachable(f"{what}: no answer in time.", "Try again later.")
    return HostUnreachable(f"{what}: the connection broke before the answer was complete.", "Try again later.")


def _refused(problem: Exception) -> bool:
    """Whether the connection was never made: urllib3 says so beneath what requests raises."""
    reason = problem.args[0] if problem.args else None
    return isinstance(getattr(reason, "reason", None), urllib3.exceptions.NewConnectionError)


def _again(repeatable: bool, conflicts: bool, longest: float) -> Callable[[Exception], bool | float]:
    """Whether a failed try is followed by another, and after how long."""

    def decide(problem: Exception) -> bool | float:
        if isinstance(problem, HostBusy):
            if problem.retry_after is not None and problem.retry_after > longest:
                return False
            if not repeatable and not isinstance(problem, _TurnedAway):
                return False
            return problem.retry_after if problem.retry_after else True
        if isinstance(problem, _NeverSent) or (conflicts and isinstance(problem, HostConflict)):
            return True
        return repeatable and isinstance(problem, HostUnreachable | HostFault | HostAnswerUnreadable)

    return decide
