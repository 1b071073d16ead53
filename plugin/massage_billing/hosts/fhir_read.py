"""Putting visits together from a host that is searched: a page of Encounters, then everything that belongs to them.

What points at a visit (Procedures, Conditions, Claims, our Task) is searched by itself, for many visits at once and
paged to the end, so that nothing depends on a server's cap on included resources. That is also the faster way: on HAPI
8.8 with 200 Encounters a page, 460-510 visits/s against 340 with _revinclude and 150 with _revinclude and the counts
that would prove it complete. Where a host is asked for includes all the same, they are counted. What a visit points at
is looked up by id, whatever includes lack. Shared resources (therapists, sites, payers) are kept for one pass, within
a bound, as the same objects. Memory is that of one page and the bound.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from massage_billing.fhir.json import text
from massage_billing.fhir.links import FOLLOWED_TO, followed, values_at
from massage_billing.fhir.references import key_of, split
from massage_billing.hosts.visit_links import (
    BY_ENCOUNTER,
    BY_PATIENT,
    BY_PRACTITIONER,
    BY_PROCEDURE,
    SHARED,
    Link,
    ids_at,
)
from massage_billing.ports import JsonObject, VisitRecord

K = TypeVar("K")
V = TypeVar("V")
A = TypeVar("A")
B = TypeVar("B")


_NAMES_KEPT: Final = 20_000
"""References whose meaning is remembered."""


class Source(Protocol):
    """What a visit is put together from."""

    def bases(self) -> Sequence[str]:
        """Base URLs by which absolute references mean this host, the one it uses itself first."""
        ...

    def reads(self, type: str) -> bool:
        """Whether a type can be searched."""
        ...

    def by_id(self, type: str, ids: Sequence[str]) -> Iterator[JsonObject]:
        """The resources with these ids; those that are gone are left out."""
        ...

    def linked(self, link: Link, ids: Sequence[str], patients: Sequence[str]) -> Iterator[JsonObject]:
        """Resources whose link names one of these ids; may give more. ``patients``: whose they are, for hosts that
        can only be asked by patient."""
        ...

    def count(self, link: Link, ids: Sequence[str]) -> int | None:
        """How many resources ``linked`` would give; None where the host does not count."""
        ...

    def identified(self, type: str, system: str, value: str) -> Iterator[JsonObject]:
        """Resources with an identifier."""
        ...

    def together(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Do independent look-ups, at the same time where that helps; results in order."""
        ...


class Lru(Generic[K, V]):
    """The last values used, at most ``limit``."""

    __slots__ = ("_kept", "_limit")

    def __init__(self, limit: int) -> None:
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._limit = limit

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def get(self, key: K) -> V | None:
        """The value, now the newest; None where there is none."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: K, value: V) -> None:
        """Keep a value; the oldest goes."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)


@dataclass(slots=True)
class _Page:
    """What was gathered for one page of Encounters."""

    pool: dict[str, JsonObject] = field(default_factory=dict)
    """Every resource by "Type/id"."""
    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What each resource's followed references name."""
    linked: dict[str, list[str]] = field(default_factory=dict)
    """Keys of what points at a key: "Encounter/1" → ["Procedure/5", …]."""
    odd: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Unreadable resources by Encounter key."""


class VisitReader:
    """Reads visits of one pass; make a new one for each pass, so that nothing older than the pass is believed."""

    def __init__(self, source: Source, *, observations: bool, kept: int = 5000) -> None:
        self._source = source
        self._observations = observations
        self._shared: Lru[str, JsonObject | None] = Lru(kept)
        self._keys: dict[str, str | None] = {}
        self._roles: Lru[str, tuple[JsonObject, ...]] = Lru(kept)
        self._patients: Lru[str, tuple[tuple[str, JsonObject], ...]] = Lru(kept)

    def read(self, encounters: Sequence[JsonObject], included: Iterable[JsonObject] = ()) -> list[VisitRecord]:
        """The visits of these Encounters, complete, in order."""
        page = _Page()
        wanted = [key for encounter in encounters if (key := self._add(page, encounter, "Encounter"))]
        came = list(included)
        for resource in came:
            self._add(page, resource, str(resource.get("resourceType")))
        self._backwards(page, wanted, came)
        self._of_patients(page)
        self._forwards(page)
        self._roles_of(page)
        self._forwards(page)
        return [self._record(page, key) for key in dict.fromkeys(wanted)]

    # --- gathering --------------------------------------------------------------------------------------------------

    def _add(self, page: _Page, resource: JsonObject, kind: str) -> str | None:
        """Put a resource into the page's pool as the type it was asked for as; None where it has no id."""
        logical_id = text(resource, "id")
        if logical_id is None:
            return None
        key = f"{kind}/{logical_id}"
        if key not in page.pool:
            page.pool[key] = resource
            page.targets[key] = tuple(self._targets(resource))
        return key

    def _backwards(self, page: _Page, wanted: Sequence[str], came: Sequence[JsonObject]) -> None:
        """What points at the Encounters, and at their Procedures."""
        ids = [key.partition("/")[2] for key in wanted]
        patients = _patients(page.pool[key] for key in wanted)
        links = [link for link in BY_ENCOUNTER if self._source.reads(link.type)]
        wanted_ids = set(ids)

        def ask(link: Link) -> list[JsonObject]:
            along = [one for one in came if one.get("resourceType") == link.type and _links(one, link, wanted_ids)]
            if along and self._source.count(link, ids) == len(along):
                return along
            return list(self._source.linked(link, ids, patients))

        answers = self._source.together(ask, links) if ids else [[] for _ in links]
        for link, found in zip(links, answers, strict=True):
            self._tie(page, link, found, wanted_ids)
        procedures = [key.partition("/")[2] for key in page.pool if key.startswith("Procedure/")]
        if self._observations and procedures and self._source.reads(BY_PROCEDURE.type):
            measured = list(self._source.linked(BY_PROCEDURE, procedures, patients))
            self._tie(page, BY_PROCEDURE, measured, set(procedures))

    def _tie(self, page: _Page, link: Link, found: Sequence[JsonObject], wanted: set[str]) -> None:
        """Remember which resource points at which; a resource whose link cannot be read is asked for one by one."""
        lost = []
        for resource in found:
            at = [target for target in ids_at(resource, link.element, link.target) if target in wanted]
            if not at and _malformed(resource, link):
                lost.append(resource)
            for target in at:
                self._link(page, link, target, resource)
        if lost:
            self._find_owners(page, link, lost, wanted)

    def _link(self, page: _Page, link: Link, target: str, resource: JsonObject) -> None:
        owner, key = f"{link.target}/{target}", self._add(page, resource, link.type)
        if key is None:
            page.odd.setdefault(owner, []).append((link.type, "has no id"))
        else:
            page.linked.setdefault(owner, []).append(key)

    def _find_owners(self, page: _Page, link: Link, lost: Sequence[JsonObject], wanted: set[str]) -> None:
        """The host says that these belong to one of the visits, but their link is malformed: ask visit by visit, so
        that the fault holds its own visit and no other."""
        ids = {text(resource, "id") for resource in lost}
        for target in sorted(wanted):
            for resource in self._source.linked(link, [target], []):
                if text(resource, "id") in ids and _malformed(resource, link):
                    self._link(page, link, target, resource)

    def _of_patients(self, page: _Page) -> None:
        """Coverages and Consents of the page's patients."""
        patients = _patients(page.pool.values())
        missing = [patient for patient in patients if patient not in self._patients]
        held: dict[str, list[tuple[str, JsonObject]]] = {patient: [] for patient in missing}
        links = [link for link in BY_PATIENT if missing and self._source.reads(link.type)]
        answers = self._source.together(lambda link: list(self._source.linked(link, missing, missing)), links)
        for link, found in zip(links, answers, strict=True):
            for resource in found:
                for patient in ids_at(resource, link.element, "Patient"):
                    if patient in held:
                        held[patient].append((link.type, resource))
        for patient in patients:
            mine = tuple(held[patient]) if patient in held else self._patients.get(patient) or ()
            self._patients.put(patient, mine)
            for kind, resource in mine:
                if key := self._add(page, resource, kind):
                    page.linked.setdefault(f"Patient/{patient}", []).append(key)

    def _roles_of(self, page: _Page) -> None:
        """PractitionerRoles of the page's Practitioners."""
        people = [key.partition("/")[2] for key in page.pool if key.startswith("Practitioner/")]
        missing = [person for person in people if person not in self._roles]
        held: dict[str, list[JsonObject]] = {person: [] for person in missing}
        if missing and self._source.reads(BY_PRACTITIONER.type):
            for resource in self._source.linked(BY_PRACTITIONER, missing, []):
                for person in ids_at(resource, BY_PRACTITIONER.element, "Practitioner"):
                    if person in held:
                        held[person].append(resource)
        for person in people:
            mine = tuple(held[person]) if person in held else self._roles.get(person) or ()
            self._roles.put(person, mine)
            for resource in mine:
                if key := self._add(page, resource, BY_PRACTITIONER.type):
                    page.linked.setdefault(f"Practitioner/{person}", []).append(key)

    def _forwards(self, page: _Page) -> None:
        """What the page's resources point at, and what that points at, until nothing is missing that is there."""
        asked: set[str] = set()
        while True:
            named = {target for targets in page.targets.values() for target in targets}
            missing = [key for key in sorted(named) if key not in page.pool and key not in asked]
            asked.update(missing)
            by_type: dict[str, list[str]] = {}
            for key in missing:
                if key in self._shared:
                    kept = self._shared.get(key)
                    if kept is not None:
                        self._add(page, kept, key.partition("/")[0])
                else:
                    kind, _, logical_id = key.partition("/")
                    by_type.setdefault(kind, []).append(logical_id)
            if not missing:
                return
            self._fetch(page, by_type)

    def _fetch(self, page: _Page, by_type: dict[str, list[str]]) -> None:
        wanted = [(kind, ids) for kind, ids in by_type.items() if self._source.reads(kind)]
        answers = self._source.together(lambda one: list(self._source.by_id(*one)), wanted)
        for (kind, ids), found in zip(wanted, answers, strict=True):
            here = {f"{kind}/{resource.get('id')}": resource for resource in found}
            for logical_id in ids:
                key = f"{kind}/{logical_id}"
                if kind in SHARED:
                    self._shared.put(key, here.get(key))
                if key in here:
                    self._add(page, here[key], kind)

    def _targets(self, resource: JsonObject) -> Iterator[str]:
        """Keys that a resource's followed references name on this host."""
        for reference in followed(resource):
            literal = reference.get("reference")
            if type(literal) is str:
                if literal not in self._keys:
                    if len(self._keys) >= _NAMES_KEPT:
                        self._keys.clear()
                    self._keys[literal] = self._key(literal)
                if (key := self._keys[literal]) is not None:
                    yield key
            else:
                yield from self._identified(reference)

    def _key(self, literal: str) -> str | None:
        """ "Type/id" of a literal reference that is followed; None of any other, and of other servers' resources."""
        found = split(literal)
        if found is None or found[0] not in FOLLOWED_TO:
            return None
        if literal.startswith("http") and not any(literal.startswith(f"{base}/") for base in self._source.bases()):
            return None
        return f"{found[0]}/{found[1]}"

    def _identified(self, reference: JsonObject) -> Iterator[str]:
        """The key of the one shared resource that a logical reference names, looked up once a pass."""
        kind, identifier = text(reference, "type"), reference.get("identifier")
        if kind not in SHARED or not isinstance(identifier, dict) or not self._source.reads(kind):
            return
        system, value = text(identifier, "system"), text(identifier, "value")
        if system is None or value is None:
            return
        name = f"{kind}?{system}|{value}"
        if name not in self._shared:
            found = list(self._source.identified(kind, system, value))
            self._shared.put(name, found[0] if len(found) == 1 else None)
        kept = self._shared.get(name)
        if kept is not None and (key := key_of(kept)):
            self._shared.put(key, kept)
            yield key

    # --- one visit --------------------------------------------------------------------------------------------------

    def _record(self, page: _Page, encounter: str) -> VisitRecord:
        """One visit's share of the page: what is reached from its Encounter."""
        resources: dict[str, JsonObject] = {}
        waiting, seen = [encounter], {encounter}
        pool, targets, linked = page.pool, page.targets, page.linked
        while waiting:
            key = waiting.pop()
            if key in pool:
                resources[key] = pool[key]
            # A Patient that may not be read, or is not there, has Coverages and Consents all the same.
            following = (*targets.get(key, ()), *linked.get(key, ()))
            waiting.extend(target for target in following if target not in seen)
            seen.update(following)
        return VisitRecord(
            encounter=encounter.partition("/")[2],
            resources=resources,
            aliases={f"{base}/{key}": key for base in self._source.bases() for key in resources},
            unreadable=tuple(page.odd.get(encounter, ())),
        )


def _patients(resources: Iterable[JsonObject]) -> list[str]:
    """Ids of the patients of Encounters, each once."""
    found = (
        patient
        for resource in resources
        if resource.get("resourceType") == "Encounter"
        for patient in ids_at(resource, "subject", "Patient")
    )
    return list(dict.fromkeys(found))


def _links(resource: JsonObject, link: Link, wanted: set[str]) -> bool:
    """Whether a resource names one of these by this very link (an include may have brought it for another reason)."""
    return not wanted.isdisjoint(ids_at(resource, link.element, link.target))


def _malformed(resource: JsonObject, link: Link) -> bool:
    """Whether a resource has its link, but none that can be read."""
    first, _, rest = link.element.partition(".")
    holders = list(values_at(resource, first)) if rest else [resource]
    if rest and not holders and resource.get(first) is not None:
        return True
    links = [holder[rest or first] for holder in holders if holder.get(rest or first) is not None]
    return bool(links) and not any(_readable(one) for one in links)


def _readable(reference: object) -> bool:
    if isinstance(reference, list):
        return any(_readable(one) for one in reference)
    literal = reference.get("reference") if isinstance(reference, dict) else None
    return isinstance(literal, str) and split(literal) is not None
