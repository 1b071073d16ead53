"""Gathering what a page of resources is built from, on a host that is searched: what visits and appointments share.

What is the patient's, and what points at a therapist, is searched by itself, for a whole page at once and paged to the
end; what a resource points at is looked up by id. Shared resources (therapists, sites, payers) are kept for one pass,
within a bound, as the same objects.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from massage_billing.fhir.json import text
from massage_billing.fhir.links import FOLLOWED, FOLLOWED_TO, Steps, followed, steps
from massage_billing.fhir.references import key_of, split
from massage_billing.hosts.visit_links import BY_PATIENT, BY_PRACTITIONER, SHARED, Link, ids_at
from massage_billing.ports import JsonObject

K = TypeVar("K")
V = TypeVar("V")
A = TypeVar("A")
B = TypeVar("B")


_NAMES_KEPT: Final = 20_000
"""References whose meaning is remembered."""


class Source(Protocol):
    """What visits and appointments are put together from."""

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
class Page:
    """What was gathered for one page."""

    pool: dict[str, JsonObject] = field(default_factory=dict)
    """Every resource by "Type/id"."""
    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What each resource's followed references name."""
    linked: dict[str, list[str]] = field(default_factory=dict)
    """Keys of what points at a key: "Encounter/1" → ["Procedure/5", …]."""
    odd: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Unreadable resources by the key of whose they are."""


class Gatherer:
    """Gathers for one pass; make a new one for each pass, so that nothing older than the pass is believed."""

    steps: ClassVar[Steps] = steps(FOLLOWED)
    """Which references are followed."""
    to: ClassVar[Set[str]] = FOLLOWED_TO
    """To which types."""
    of_patients: Sequence[Link] = BY_PATIENT
    """What is brought of every patient."""

    def __init__(self, source: Source, *, kept: int = 5000) -> None:
        self._source = source
        self._shared: Lru[str, JsonObject | None] = Lru(kept)
        self._keys: dict[str, str | None] = {}
        self._roles: Lru[str, tuple[JsonObject, ...]] = Lru(kept)
        self._patients: Lru[str, tuple[tuple[str, JsonObject], ...]] = Lru(kept)

    def _add(self, page: Page, resource: JsonObject, kind: str) -> str | None:
        """Put a resource into the page's pool as the type it was asked for as; None where it has no id."""
        logical_id = text(resource, "id")
        if logical_id is None:
            return None
        key = f"{kind}/{logical_id}"
        if key not in page.pool:
            page.pool[key] = resource
            page.targets[key] = tuple(self._targets(resource))
        return key

    def _of_patients(self, page: Page, owners: Mapping[str, Sequence[str]]) -> None:
        """What is the patients', whatever it is needed for; ``owners``: to which resources it is tied, by patient."""
        missing = [patient for patient in owners if patient not in self._patients]
        held: dict[str, list[tuple[str, JsonObject]]] = {patient: [] for patient in missing}
        links = [link for link in self.of_patients if missing and self._source.reads(link.type)]
        answers = self._source.together(lambda link: list(self._source.linked(link, missing, missing)), links)
        for link, found in zip(links, answers, strict=True):
            for resource in found:
                for patient in ids_at(resource, link.element, "Patient") if link.wants(resource) else ():
                    if patient in held:
                        held[patient].append((link.type, resource))
        for patient, tied in owners.items():
            mine = tuple(held[patient]) if patient in held else self._patients.get(patient) or ()
            self._patients.put(patient, mine)
            for kind, resource in mine:
                if key := self._add(page, resource, kind):
                    for owner in tied:
                        page.linked.setdefault(owner, []).append(key)

    def _roles_of(self, page: Page) -> None:
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

    def _forwards(self, page: Page) -> None:
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

    def _fetch(self, page: Page, by_type: dict[str, list[str]]) -> None:
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
        for reference in followed(resource, self.steps):
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
        if found is None or found[0] not in self.to:
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

    def _reached(self, page: Page, root: str) -> dict[str, JsonObject]:
        """One root's share of the page: what is reached from it."""
        resources: dict[str, JsonObject] = {}
        waiting, seen = [root], {root}
        pool, targets, linked = page.pool, page.targets, page.linked
        while waiting:
            key = waiting.pop()
            if key in pool:
                resources[key] = pool[key]
            # A Patient that may not be read, or is not there, has Coverages and Consents all the same.
            following = (*targets.get(key, ()), *linked.get(key, ()))
            waiting.extend(target for target in following if target not in seen)
            seen.update(following)
        return resources

    def _aliases(self, resources: Iterable[str]) -> dict[str, str]:
        """Absolute URLs of these resources on this host → "Type/id"."""
        return {f"{base}/{key}": key for base in self._source.bases() for key in resources}
