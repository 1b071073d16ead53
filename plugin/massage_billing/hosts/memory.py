"""A host in memory: the fake that ships. It keeps the same contract as the real ones (tests/contract/).

For tests of what is built on a host, and for trying things out: resources are put in, runs read and write them, and
faults can be ordered beforehand. Nothing is persistent; everything is O(n) and meant for some thousand visits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from typing import TypeVar, cast

import orjson

from massage_billing.errors import HostConflict, HostError, HostNotFound, HostRejected
from massage_billing.fhir.json import child, children, identifiers, text
from massage_billing.hosts.capability import AHEAD, ELIGIBILITY, NEEDED, WRITTEN
from massage_billing.hosts.fhir_gather import Source
from massage_billing.hosts.fhir_read import VisitReader
from massage_billing.hosts.memory_schedule import MemorySchedule
from massage_billing.hosts.memory_subscriptions import MemorySubscriptions
from massage_billing.hosts.named import of_people
from massage_billing.hosts.visit_links import WATCHED, Link, encounters_of, ids_at, is_ours, key_systems, patient_of
from massage_billing.ports import (
    Capabilities,
    Changes,
    JsonObject,
    Listed,
    Operation,
    Touched,
    VisitRecord,
    Write,
    WriteGroup,
    WriteResult,
    Written,
)

A = TypeVar("A")
B = TypeVar("B")

_ALL = frozenset({*NEEDED, *AHEAD, *WATCHED, *WRITTEN, *ELIGIBILITY})
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryStore:
    """Versioned FHIR resources by type and id, with a clock that moves one millisecond a write."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.resources: dict[str, dict[str, JsonObject]] = {}
        self._clock = clock
        self._ticks = 0
        self.lock = threading.RLock()

    def now(self) -> datetime:
        """The store's own time, UTC."""
        return self._clock() if self._clock else _EPOCH + timedelta(milliseconds=self._ticks)

    def after(self, stamp: str, since: str) -> bool:
        """Whether a change came after a moment; by a real clock one in the same millisecond may have."""
        return stamp >= since if self._clock else stamp > since

    def put(self, resource: Mapping[str, object]) -> JsonObject:
        """Store a resource under its id (or a new one) as its next version; what is stored is returned."""
        with self.lock:
            self._ticks += 1
            kind = str(resource["resourceType"])
            kept = self.resources.setdefault(kind, {})
            logical_id = str(resource.get("id") or f"m{self._ticks}")
            before = kept.pop(logical_id, None)
            version = int(text(child(before, "meta"), "versionId") or 0) + 1 if before else 1
            meta = resource.get("meta")
            stamp = self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
            stored = {
                **resource,
                "id": logical_id,
                "meta": {**(meta if isinstance(meta, dict) else {}), "versionId": str(version), "lastUpdated": stamp},
            }
            kept[logical_id] = stored
            return stored

    def remove(self, reference: str) -> None:
        """Delete a resource by "Type/id"."""
        kind, _, logical_id = reference.partition("/")
        self.resources.get(kind, {}).pop(logical_id, None)

    def get(self, reference: str) -> JsonObject | None:
        """A resource by "Type/id"."""
        kind, _, logical_id = reference.partition("/")
        return self.resources.get(kind, {}).get(logical_id)

    def all(self, kind: str) -> list[JsonObject]:
        """Every resource of a type, oldest change first."""
        return list(self.resources.get(kind, {}).values())

    def matching(self, kind: str, query: str) -> list[JsonObject]:
        """What "identifier=system|value" or "_tag=system|value" finds."""
        parameter, _, value = query.partition("=")
        system, _, code = value.rpartition("|")
        return [resource for resource in self.all(kind) if (system, code) in _tokens(resource, parameter)]


def _tokens(resource: JsonObject, parameter: str) -> list[tuple[str, str]]:
    if parameter == "_tag":
        tags = children(child(resource, "meta"), "tag")
        return [(text(tag, "system") or "", text(tag, "code") or "") for tag in tags]
    return identifiers(resource)


class MemoryHost(MemorySchedule, MemorySubscriptions):
    """Implements ``ports.Host``, ``Schedule``, ``Books``, ``Subscribes`` and ``Source`` over a MemoryStore."""

    def __init__(
        self,
        id: str = "memory",
        resources: Iterable[Mapping[str, object]] = (),
        *,
        store: MemoryStore | None = None,
        page_size: int = 50,
        capabilities: Capabilities | None = None,
    ) -> None:
        self.id = id
        self.store = store or MemoryStore()
        self.refuses: Callable[[JsonObject], str | None] = lambda resource: None
        """Why a resource is not taken; None takes it. For tests of refusals."""
        self.subscriptions = {}
        self._page_size = page_size
        self._faults: list[tuple[str, HostError, bool]] = []
        self._capabilities = capabilities or Capabilities(
            software="massage-billing memory host",
            readable=_ALL,
            writable=frozenset({*WRITTEN, *ELIGIBILITY, "ClaimResponse"}),
            transaction=True,
            conditional_create=True,
            real_last_updated=True,
        )
        for resource in resources:
            self.store.put(resource)

    def fail(self, operation: str, problem: HostError, *, times: int = 1, done: bool = False) -> None:
        """Order a fault: the next ``times`` calls of changes, visits, write, find, answers, appointments or
        eligibility_responses end with ``problem``.

        ``done``: a write is carried out all the same, only its answer is lost.
        """
        self._faults.extend([(operation, problem, done)] * times)

    def _fault(self, operation: str) -> tuple[HostError, bool] | None:
        for place, (name, problem, done) in enumerate(self._faults):
            if name == operation:
                del self._faults[place]
                return problem, done
        return None

    def _maybe_fail(self, operation: str) -> None:
        if (fault := self._fault(operation)) is not None:
            raise fault[0]

    def _held(self) -> MemoryStore:
        return self.store

    def _source(self) -> Source:
        return self

    # --- as the VisitReader asks ------------------------------------------------------------------------------------

    def bases(self) -> Sequence[str]:
        """Only relative references mean this host."""
        return ()

    def reads(self, type: str) -> bool:
        """As the capabilities say."""
        return type in self._capabilities.readable

    def by_id(self, type: str, ids: Sequence[str]) -> Iterator[JsonObject]:
        """Those that are there."""
        return (found for one in ids if (found := self.store.get(f"{type}/{one}")) is not None)

    def linked(self, link: Link, ids: Sequence[str], patients: Sequence[str]) -> Iterator[JsonObject]:
        """Those whose link names one of these ids."""
        wanted = set(ids)
        return (
            resource
            for resource in self.store.all(link.type)
            if not wanted.isdisjoint(ids_at(resource, link.element, link.target))
        )

    def count(self, link: Link, ids: Sequence[str]) -> int | None:
        """How many ``linked`` gives."""
        return sum(1 for _ in self.linked(link, ids, ()))

    def identified(self, type: str, system: str, value: str) -> Iterator[JsonObject]:
        """By identifier."""
        return (resource for resource in self.store.all(type) if (system, value) in identifiers(resource))

    def together(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """One after the other."""
        return [work(item) for item in items]

    # --- as the service asks ----------------------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        """See ``ports.Host``."""
        return self._capabilities

    def now(self) -> datetime:
        """See ``ports.Host``."""
        return self.store.now()

    def cursor_at(self, moment: datetime) -> str:
        """See ``ports.Host``."""
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def changes(self, since: str | None, start: Date | None) -> Iterator[Changes]:
        """See ``ports.Host``; exact, without overlap."""
        cursor = self.cursor_at(self.store.now())
        if since is None:
            encounters = [one for one in self.store.all("Encounter") if _not_before(one, start)]
            for place in range(0, len(encounters), self._page_size):
                self._maybe_fail("changes")
                some = encounters[place : place + self._page_size]
                yield Changes(records=tuple(VisitReader(self, observations=True).read(some)))
        else:
            self._maybe_fail("changes")
            yield Changes(touched=tuple(self._touched(since)))
        self._maybe_fail("changes")
        yield Changes(cursor=cursor)

    def listed(self, since: str | None, start: Date | None) -> Iterator[Listed]:
        """See ``ports.ListsVisits``."""
        cursor = self.cursor_at(self.store.now())
        self._maybe_fail("changes")
        if since is None:
            encounters = [one for one in self.store.all("Encounter") if _not_before(one, start)]
            yield Listed(tuple((str(one["id"]), patient_of(one)) for one in encounters))
        else:
            yield Listed(touched=tuple(self._touched(since)))
        yield Listed(cursor=cursor)

    def _touched(self, since: str) -> Iterator[Touched]:
        for kind in WATCHED:
            for resource in self.store.all(kind):
                meta = child(resource, "meta")
                if kind == "Task" and not is_ours(resource):
                    continue
                if self.store.after(text(meta, "lastUpdated") or "", since):
                    for encounter in encounters_of(resource) or (None,):
                        version = text(meta, "versionId") or ""
                        yield Touched(f"{kind}/{resource['id']}", version, encounter, patient_of(resource))

    def people(self, references: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.people.People``."""
        self._maybe_fail("people")
        for kind, ids in of_people(references).items():
            yield from (found for one in ids if (found := self.store.get(f"{kind}/{one}")) is not None)

    def visits(self, encounters: Sequence[str]) -> Iterator[VisitRecord]:
        """See ``ports.Host``."""
        self._maybe_fail("visits")
        yield from VisitReader(self, observations=True).read(list(self.by_id("Encounter", encounters)))

    def find(self, type: str, keys: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.Host``."""
        self._maybe_fail("find")
        wanted = {(system, key) for key in keys for system in key_systems(type)}
        parameter = "_tag" if type == "Provenance" else "identifier"
        for resource in self.store.all(type):
            if not wanted.isdisjoint(_tokens(resource, parameter)):
                yield resource

    def answers(self, claims: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.Host``."""
        self._maybe_fail("answers")
        wanted = {claim.rpartition("/")[2] for claim in claims}
        for kind, element in (("ClaimResponse", "request"), ("ExplanationOfBenefit", "claim")):
            for resource in self.store.all(kind):
                if not wanted.isdisjoint(ids_at(resource, element, "Claim")):
                    yield resource

    def write(self, groups: Sequence[WriteGroup]) -> Iterator[WriteResult]:
        """See ``ports.Host``; each group all or nothing."""
        for group in groups:
            fault = self._fault("write")
            if fault is not None and not fault[1]:
                yield WriteResult(group.key, problem=fault[0])
                continue
            result = self._write(group)
            yield WriteResult(group.key, problem=fault[0]) if fault is not None else result

    def _write(self, group: WriteGroup) -> WriteResult:
        with self.store.lock:
            try:
                planned = [self._plan(write) for write in group.writes]
            except HostError as problem:
                return WriteResult(group.key, problem=problem)
            renamed: dict[str, str] = {}
            written = []
            for write, (body, existing) in zip(group.writes, planned, strict=True):
                stored = existing or self.store.put(cast(JsonObject, _renamed(body, renamed)))
                renamed[write.full_url] = f"{write.type}/{stored['id']}"
                version = text(child(stored, "meta"), "versionId")
                written.append(Written(renamed[write.full_url], version, existing is None, existing))
            return WriteResult(group.key, tuple(written))

    def _plan(self, write: Write) -> tuple[JsonObject, JsonObject | None]:
        """The body to store and what is there already; raises what a host would answer."""
        body: JsonObject = orjson.loads(write.body)
        why = self.refuses(body)
        if why is not None or write.type not in self._capabilities.writable:
            raise HostRejected(f"{write.type} was refused ({why or 'not writable'}).")
        if write.operation is Operation.CREATE:
            found = self.store.matching(write.type, write.match) if write.match else []
            if len(found) > 1:
                raise HostConflict(f"More than one {write.type} has this key.")
            return {name: value for name, value in body.items() if name != "id"}, found[0] if found else None
        current = self.store.get(write.target or "")
        if current is None:
            raise HostNotFound(f"{write.target} is not there.")
        if write.if_match and text(child(current, "meta"), "versionId") != write.if_match:
            raise HostConflict(f"{write.target} was changed by somebody else.")
        return {**body, "id": current["id"]}, None


def _not_before(encounter: JsonObject, start: Date | None) -> bool:
    written = text(child(encounter, "period"), "start")
    return start is None or written is None or written[:10] >= start.isoformat()


def _renamed(node: object, renamed: Mapping[str, str]) -> object:
    """A copy in which every reference to an earlier write names what that became."""
    if isinstance(node, dict):
        return {name: _renamed(value, renamed) for name, value in node.items()}
    if isinstance(node, list):
        return [_renamed(value, renamed) for value in node]
    return renamed.get(node, node) if isinstance(node, str) else node
