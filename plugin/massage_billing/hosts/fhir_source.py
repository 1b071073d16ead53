"""How a FHIR server is asked: every query this program makes, in one class that a dialect may override.

A server that differs (OpenEMR) subclasses ``FhirSource`` and replaces what it does not understand; the reader and the
server around it stay as they are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime, timedelta
from typing import Final, TypeVar

from massage_billing.errors import HostFault, HostRejected
from massage_billing.fhir.references import key_of
from massage_billing.hosts.capability import Statement, capabilities_of, read_statement
from massage_billing.hosts.fhir_search import FhirSearch, Page, Params, parse
from massage_billing.hosts.visit_links import BY_ENCOUNTER, SHARED, Link, key_systems
from massage_billing.net.http import Limits
from massage_billing.ports import Capabilities, JsonObject

A = TypeVar("A")
B = TypeVar("B")

_FUTURE: Final = "gt2999-01-01"
"""No resource is as new as that: a host that finds one does not read the parameter."""
_IN_URL: Final = 20
"""Ids that fit into any URL."""
_INCLUDED: Final = ("patient", "practitioner", "location", "account", "appointment", "service-provider", "based-on")
"""What is included with Encounters where includes are asked for."""


@dataclass(frozen=True, slots=True)
class FhirSettings:
    """How a FHIR server is used; the defaults were measured on HAPI (HOSTS.md)."""

    limits: Limits = field(default_factory=Limits)
    """Time and size limits of one call."""
    page_size: int = 200
    """Encounters a page."""
    result_size: int = 1000
    """Resources a page of everything else."""
    lookup: int = 200
    """Ids or keys asked for at a time."""
    workers: int = 3
    """Calls at the same time."""
    bundle: int = 25
    """Groups in one transaction."""
    overlap: float = 60.0
    """Seconds by which one run looks back behind the last: transactions are stamped before they are seen."""
    observations: bool = False
    """Read Observations that are part of the Procedures (minute source ``observation``)."""
    includes: bool = False
    """Ask for _include and _revinclude with the Encounters, and count what came; slower where it was measured."""
    kept: int = 5000
    """Shared resources kept in one pass, of each sort."""
    verify: bool | str = True
    """Check certificates; or the path of a CA bundle."""
    proxy: str | None = None
    """HTTP proxy; nothing is taken from the environment."""


class FhirSource:
    """Asks a FHIR R4 server as the standard says; a ``Source`` for the VisitReader."""

    def __init__(self, search: FhirSearch, settings: FhirSettings) -> None:
        self.search = search
        self.settings = settings
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="fhir")
        self._statement: Statement | None = None
        self._reading = threading.Lock()
        self._self_base: str | None = None

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    # --- what the server can do -------------------------------------------------------------------------------------

    @property
    def statement(self) -> Statement:
        """The server's CapabilityStatement, read once."""
        with self._reading:
            if self._statement is None:
                found = self.search.client.call("GET", "metadata", read=lambda answer: parse(answer, "GET metadata"))
                self._statement = read_statement(found)
            return self._statement

    def capabilities(self) -> Capabilities:
        """What it says, what is known of it, and a probe of what it may only pretend."""
        statement = self.statement
        return capabilities_of(statement, real_last_updated=self._obeys_last_updated())

    def _obeys_last_updated(self) -> bool:
        """Whether a search for Encounters of the far future finds none: a host that ignores the parameter finds all."""
        if not self.reads("Encounter"):
            return False
        try:
            page = next(self.search.pages("Encounter", [("_lastUpdated", _FUTURE), ("_count", "1")]))
        except (HostRejected, HostFault):
            return False
        return not page.matches

    # --- as the VisitReader asks ------------------------------------------------------------------------------------

    def bases(self) -> Sequence[str]:
        """The base the server names itself by, and the one it is called by."""
        ours = self.search.client.base_url
        return (ours,) if self._self_base in (None, ours) else (self._self_base or "", ours)

    def reads(self, type: str) -> bool:
        """Whether the statement lists search of a type."""
        return self.statement.reads(type)

    def by_id(self, type: str, ids: Sequence[str]) -> Iterator[JsonObject]:
        """Look-ups of many ids at once; what was not asked for is dropped."""
        for some in self.batches(type, ids):
            wanted = set(some)
            for resource in self.search.all(type, [("_id", ",".join(some)), ("_count", str(len(some)))]):
                if resource.get("id") in wanted:
                    yield resource

    def linked(self, link: Link, ids: Sequence[str], patients: Sequence[str]) -> Iterator[JsonObject]:
        """By the link's own parameter; by patient where the server does not list it."""
        can = self.statement.searches_by
        more = [link.only] if link.picked and link.only is not None and can(link.type, link.only[0]) else []
        if link.picked and not more:
            return
        if link.since and can(link.type, "created"):
            more.append(("created", f"ge{link.since}"))
        if can(link.type, link.parameter):
            yield from self._by_targets(link.type, link.parameter, link.target, ids, more)
        elif link.patient and can(link.type, link.patient):
            yield from self._by_targets(link.type, link.patient, "Patient", patients, more)

    def count(self, link: Link, ids: Sequence[str]) -> int | None:
        """By _summary=count."""
        if not self.statement.searches_by(link.type, link.parameter):
            return None
        values = ",".join(f"{link.target}/{one}" for one in ids)
        return self.search.count(link.type, [(link.parameter, values)])

    def identified(self, type: str, system: str, value: str) -> Iterator[JsonObject]:
        """By identifier; in the body of a POST where it could be a patient's."""
        pair = f"{escaped(system)}|{escaped(value)}"
        yield from self.search.all(type, [("identifier", pair), ("_count", "2")], private=type not in SHARED)

    def together(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """On the pool; alone where there is but one."""
        return [work(item) for item in items] if len(items) < 2 else list(self._pool.map(work, items))

    def as_done(self, work: Callable[[A], B], items: Sequence[A]) -> Iterator[B]:
        """The same, each result as it comes."""
        if len(items) < 2:
            yield from (work(item) for item in items)
            return
        for done in as_completed([self._pool.submit(work, item) for item in items]):
            yield done.result()

    # --- as the FhirServer asks -------------------------------------------------------------------------------------

    def encounters(self, start: Date | None) -> Iterator[Page]:
        """Every Encounter from a date of service on, and those that have no date at all.

        One day is added before: the server's own zone decides at midnight, and the service looks at the date itself.
        """
        params = [("_count", str(self.settings.page_size)), *self._includes()]
        if start is None or not self.statement.searches_by("Encounter", "date"):
            yield from self.noting_base("Encounter", params)
            return
        yield from self.noting_base("Encounter", [("date", f"ge{start - timedelta(days=1)}"), *params])
        try:
            undated = self.noting_base("Encounter", [("date:missing", "true"), *params])
            first = next(undated)
        except (HostRejected, HostFault):
            return  # the server does not index what is missing; such Encounters come once they change
        if not all(isinstance(encounter.get("period"), dict) for encounter in first.matches):
            yield first
            yield from undated

    def changed(self, type: str, since: datetime) -> Iterator[Page]:
        """Everything of a type that changed since a moment, by the server's clock; newest first, so that what changes
        while it is paged is seen twice rather than not at all."""
        moment = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        params = [("_lastUpdated", f"ge{moment}"), ("_count", str(self.settings.result_size))]
        yield from self.sorted_pages(type, [*params, ("_sort", "-_lastUpdated")])

    def sorted_pages(self, type: str, params: Params) -> Iterator[Page]:
        """Pages in the order asked for; in any, where the server does not sort."""
        pages = self.search.pages(type, params)
        try:
            first = next(pages)
        except HostRejected:
            yield from self.search.pages(type, [pair for pair in params if pair[0] != "_sort"])
            return
        yield first
        yield from pages

    def keyed(self, type: str, keys: Sequence[str]) -> Iterator[JsonObject]:
        """What this program wrote, by its key: an identifier; of a Provenance, a tag."""
        parameter = "_tag" if type == "Provenance" else "identifier"
        systems = key_systems(type)
        for some in self.batches(type, list(dict.fromkeys(keys)), 4):
            values = ",".join(f"{escaped(system)}|{escaped(key)}" for key in some for system in systems)
            params = [(parameter, values), ("_count", str(self.settings.result_size))]
            yield from _once(self.search.all(type, params))

    def matching(self, type: str, query: str) -> list[JsonObject]:
        """What a conditional create's query ("identifier=system|value") finds."""
        parameter, _, value = query.partition("=")
        system, bar, code = value.rpartition("|")
        wanted = f"{escaped(system)}{bar}{escaped(code)}"
        return list(_once(self.search.all(type, [(parameter, wanted), ("_count", "20")])))

    def answering(self, claims: Sequence[str]) -> Iterator[JsonObject]:
        """ClaimResponses and ExplanationOfBenefits that name these Claims."""
        ids = [claim.rpartition("/")[2] for claim in claims]
        for type, parameter in (("ClaimResponse", "request"), ("ExplanationOfBenefit", "claim")):
            if self.statement.searches_by(type, parameter):
                yield from self._by_targets(type, parameter, "Claim", ids)

    # --- the same for all -------------------------------------------------------------------------------------------

    def _by_targets(
        self, type: str, parameter: str, target: str, ids: Sequence[str], more: Params = ()
    ) -> Iterator[JsonObject]:
        for some in self.batches(type, ids):
            values = ",".join(f"{target}/{one}" for one in some)
            params = [(parameter, values), *more, ("_count", str(self.settings.result_size))]
            yield from _once(self.search.all(type, params))

    def batches(self, type: str, values: Sequence[A], weight: int = 1) -> Iterator[Sequence[A]]:
        """As many values as one search may hold; few where they have to stand in a URL."""
        size = max(1, self.settings.lookup // weight)
        in_url = _IN_URL // weight
        if min(len(values), size) > in_url and not self.search.posts(type):
            size = in_url
        for place in range(0, len(values), size):
            yield values[place : place + size]

    def _includes(self) -> list[tuple[str, str]]:
        if not self.settings.includes:
            return []
        facts = self.statement.facts("Encounter")
        forward = [f"Encounter:{name}" for name in _INCLUDED]
        backward = [f"{link.type}:{link.parameter}" for link in BY_ENCOUNTER if self.reads(link.type)]
        return [("_include", name) for name in forward if name in facts.includes] + [
            ("_revinclude", name) for name in backward if name in facts.revincludes
        ]

    def noting_base(self, type: str, params: list[tuple[str, str]]) -> Iterator[Page]:
        """Every page of a search; the base by which the server names itself is remembered."""
        for page in self.search.pages(type, params):
            self._self_base = page.base or self._self_base
            yield page


def escaped(value: str) -> str:
    """A value with FHIR's search syntax taken out of effect (R4 search.html#escaping)."""
    for character in ("\\", ",", "|", "$"):
        value = value.replace(character, f"\\{character}")
    return value


def _once(resources: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """Each resource once, though pages overlap when something is written meanwhile."""
    seen: set[str] = set()
    for resource in resources:
        key = key_of(resource)
        if key is None or key not in seen:
            seen.add(key or "")
            yield resource
