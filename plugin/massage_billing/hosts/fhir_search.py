"""Searching a FHIR server: paging within the origin, by POST where the question is long, one page in memory at a time.

What a server gives is distrusted: a next link may lead to another origin or in a circle, a page may be no Bundle, an
entry no resource. Ids go into URLs; identifiers and long lists go into the body of a POST _search (DESIGN 23).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, cast
from urllib.parse import urlencode

import orjson
import structlog

from massage_billing.errors import HostAnswerUnreadable, HostError, HostNotFound, HostUntrusted
from massage_billing.fhir.json import child, children, text
from massage_billing.net.http import Answer, HttpClient
from massage_billing.ports import JsonObject

_log = structlog.get_logger(__name__)

Params = Sequence[tuple[str, str]]
"""Search parameters, unquoted."""

_LONG: Final = 1500
"""Characters of query above which a search is posted: proxies cut at 2,000 and up."""
_NOT_KNOWN: Final = (400, 403, 404, 405, 415, 422, 501)
"""What servers answer that do not know POST _search."""
_EMPTY_PAGES: Final = 3
"""Pages without entries that may follow each other before it is a circle."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a searchset."""

    matches: tuple[JsonObject, ...]
    """What was searched for."""
    included: tuple[JsonObject, ...]
    """What came along by _include or _revinclude."""
    base: str | None
    """The base by which the server names its own resources in fullUrl, where it is not ours."""
    total: int | None
    """Bundle.total, where it is given."""
    at: datetime | None
    """When the server answered, by its own clock, not later than it looked: UTC."""
    next: str | None
    """The next link, not yet trusted."""


class FhirSearch:
    """Search and read over one HttpClient."""

    def __init__(self, client: HttpClient) -> None:
        self.client = client
        self._posts: bool | None = None
        self._trying = threading.Lock()

    def pages(self, type: str, params: Params, *, private: bool = False) -> Iterator[Page]:
        """Every page of ``type?params``; ``private`` values never go into our URLs."""
        page = self._first(type, params, private)
        seen: set[str] = set()
        empty = 0
        while True:
            yield page
            if page.next is None:
                return
            empty = 0 if page.matches else empty + 1
            if page.next in seen or empty > _EMPTY_PAGES:
                raise HostUntrusted(
                    f"The host's next links of GET {type} go round in a circle; reading stopped.",
                    "Nothing was lost: the next run starts from the same place.",
                )
            seen.add(page.next)
            following = self.client.call("GET", page.next, read=lambda answer: read_page(answer, type))
            if following.matches and following.matches == page.matches:
                raise HostUntrusted(
                    f"The host gives the same page of {type} again and again; reading stopped.",
                    "Nothing was lost: the next run starts from the same place.",
                )
            page = following

    def all(self, type: str, params: Params, *, private: bool = False) -> Iterator[JsonObject]:
        """Every match of ``type?params``."""
        for page in self.pages(type, params, private=private):
            yield from page.matches

    def count(self, type: str, params: Params) -> int | None:
        """How many match, as the server counts; None where it does not say."""
        return self._first(type, [*params, ("_summary", "count")], private=False).total

    def resource(self, reference: str) -> JsonObject | None:
        """One resource by "Type/id"; None where it is gone."""
        try:
            return self.client.call("GET", reference, read=lambda answer: read_resource(answer, reference))
        except HostNotFound:
            return None

    def posts(self, type: str) -> bool:
        """Whether the server knows POST _search: tried once, with a search that finds nothing."""
        with self._trying:
            if self._posts is None:
                try:
                    self._post(type, "_id=0&_count=1")
                    self._posts = True
                except HostError as problem:
                    if problem.status not in _NOT_KNOWN:
                        raise
                    self._posts = False
            return self._posts

    def _first(self, type: str, params: Params, private: bool) -> Page:
        """The first page, by GET where short and harmless, else by POST where the server knows it."""
        form = urlencode(list(params))
        if private or (len(form) > _LONG and self.posts(type)):
            return self._post(type, form)
        return self.client.call("GET", type, params=params, read=lambda answer: read_page(answer, type))

    def _post(self, type: str, form: str) -> Page:
        return self.client.call(
            "POST",
            f"{type}/_search",
            body=form.encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            repeatable=True,
            read=lambda answer: read_page(answer, type),
        )


def parse(answer: Answer, what: str) -> JsonObject:
    """The JSON object of an answer, or HostAnswerUnreadable: HTML, half a body, a list."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        shown = kind if kind in ("text/html", "text/plain", "application/xml", "application/fhir+xml") else "unreadable"
        raise HostAnswerUnreadable(
            f"{what} was answered {answer.status} with no JSON object ({shown}, {len(answer.body)} bytes).",
            "Check the host's URL, and what stands between it and this program.",
        )
    return cast(JsonObject, found)


def read_page(answer: Answer, type: str) -> Page:
    """A searchset page; entries of other types than the one searched count as included."""
    bundle = parse(answer, f"A search of {type}")
    if bundle.get("resourceType") != "Bundle":
        raise HostAnswerUnreadable(
            f"A search of {type} was not answered with a Bundle.", "Check that the URL is that of a FHIR server."
        )
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise HostAnswerUnreadable(f"A search of {type} was answered with a Bundle whose entry is no list.")
    matches, included, odd, base = [], [], 0, None
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        kind = text(resource, "resourceType") if isinstance(resource, dict) else None
        if not isinstance(resource, dict) or (not text(resource, "id") and kind != "OperationOutcome"):
            odd += 1
        elif kind in (type, None) and child(entry, "search").get("mode") != "include":
            matches.append(resource)  # one without a type is what was asked for; who reads it says what it lacks
        elif kind not in ("OperationOutcome", None):
            included.append(resource)
        if base is None and isinstance(resource, dict):
            base = _base_of(entry, resource)
    if odd:
        _log.warning("search.entries_without_id", type=type, entries=odd)
    total = bundle.get("total")
    return Page(
        matches=tuple(matches),
        included=tuple(included),
        base=base,
        total=total if isinstance(total, int) else None,
        at=_asked_at(answer, bundle),
        next=_next(bundle),
    )


def read_resource(answer: Answer, reference: str) -> JsonObject:
    """One resource of the type asked for."""
    resource = parse(answer, f"GET {reference}")
    if resource.get("resourceType") != reference.partition("/")[0]:
        raise HostAnswerUnreadable(f"GET {reference} was answered with another type.", "Check the host's URL.")
    return resource


def _next(bundle: JsonObject) -> str | None:
    return next((text(link, "url") for link in children(bundle, "link") if link.get("relation") == "next"), None)


def _base_of(entry: JsonObject, resource: JsonObject) -> str | None:
    """ "https://host/fhir" of the fullUrl "https://host/fhir/Encounter/1"."""
    url, tail = text(entry, "fullUrl"), f"/{resource.get('resourceType')}/{resource.get('id')}"
    return url.removesuffix(tail) if url and url.startswith("http") and url.endswith(tail) else None


def _asked_at(answer: Answer, bundle: JsonObject) -> datetime | None:
    """A time by the server's clock that is not after it looked: the earlier of Date, less our wait, and meta."""
    times = []
    if (sent := answer.date()) is not None:
        times.append(sent - timedelta(seconds=answer.seconds + 1))
    if (stamped := instant(text(child(bundle, "meta"), "lastUpdated"))) is not None:
        times.append(stamped)
    return min(times) if times else None


def instant(written: str | None) -> datetime | None:
    """A FHIR instant as UTC; None where it is none."""
    try:
        when = datetime.fromisoformat(written) if written else None
    except ValueError:
        return None
    return when.astimezone(UTC) if when is not None and when.tzinfo is not None else None
