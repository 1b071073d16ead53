"""Joining one group of the folder index into complete visits.

A visit gets its Encounter; everything that names the Encounter; the patient's own record, coverages, accounts and
consents; and whatever these point to, step by step: orders, appointments, conditions, and the shared people, places and
organizations with the roles of a therapist. References are found in the bytes, which is several times faster than
walking the parsed resources; one that stands in a text by chance only brings a resource nobody asks for.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

import orjson

from massage_billing.fhir.references import split
from massage_billing.hosts.folder_index import Entry, Index
from massage_billing.hosts.folder_lazy import DAMAGED, UNREAD, Desk, LazyResources, parsed
from massage_billing.hosts.folder_preauthorizations import preauthorizations
from massage_billing.hosts.folder_records import READABLE, SHARED, WHOLE_PATIENT, token_of, tokens_of
from massage_billing.ports import AppointmentRecord, JsonObject, VisitRecord

_REFERENCE: Final = re.compile(rb'"reference"\s*:\s*"([^"#][^"]*)"')
_LOGICAL: Final = re.compile(rb'"identifier"\s*:\s*\{')
"""An identifier that is one object stands only in a Reference; a resource's own are a list."""
_SHARED_KEPT: Final = 2048
_OTHER_VISITS: Final = frozenset({"Encounter", "Procedure", "Claim", "ExplanationOfBenefit", "Task"})
"""Types that only their own Encounter brings to a visit: a reference to one is not followed."""

Resources = dict[str, JsonObject]
_NOTE: Final = b'{"%s":' % DAMAGED.encode()


@dataclass(slots=True)
class Loaded:
    """One resource, parsed once for all visits of its group."""

    resource: JsonObject
    references: list[str]
    """As written; one by identifier as "Type?system|value"."""


@dataclass(slots=True)
class Group:
    """The entries of one group, told apart by what brings them to a visit."""

    encounters: list[Entry] = field(default_factory=list)
    linked: dict[str, list[Entry]] = field(default_factory=dict)
    """By Encounter id."""
    always: list[Entry] = field(default_factory=list)
    loose: dict[str, Entry] = field(default_factory=dict)
    """What comes along only where something points to it, or it to something (minutes)."""
    minutes: dict[str, list[Entry]] | None = None
    """Observations without an Encounter, by what they are part of or based on; None: not looked at yet."""
    loaded: dict[str, Loaded] = field(default_factory=dict)
    """Parsed entries of ``loose``."""
    common: _Gathered | None = None
    """``always`` and all it points to, once it is gathered."""

    def unbilled(self) -> Iterator[Entry]:
        """Entries among which the patient's Claims are, each once."""
        yield from self.loose.values()
        yield from {entry.key: entry for entries in self.linked.values() for entry in entries}.values()


class Joiner:
    """Makes VisitRecords out of an index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        """The index it reads from."""
        self._shared: OrderedDict[bytes, Resources] = OrderedDict()
        """Shared resource, by its reference → it and what it points to, shared ones only."""
        self._desk = Desk()

    def visits(
        self, entries: list[Entry], since: str = "", wanted: Collection[str] | None = None
    ) -> Iterator[VisitRecord]:
        """The visits of one group: those not over before a day (ISO), or those with these Encounter ids."""
        group = told_apart(entries)
        for entry in sorted(group.encounters, key=lambda entry: (entry.links, entry.key)):
            if wanted is not None:
                if entry.key[10:] not in wanted:
                    continue
            elif "@" < entry.links < f"@{since}":
                continue
            yield self._visit(group, entry)

    def _visit(self, group: Group, encounter: Entry) -> VisitRecord:
        """The quick way for what nearly every reference is: shared, or already there; the rest is followed."""
        if group.common is None:
            group.common = self._common(group)
        gathered = group.common.copy()
        logical_id = encounter.key[10:]
        raw = self._take_all((encounter, *group.linked.get(logical_id, ())), gathered)
        resources, shared = gathered.resources, self._shared
        for reference in set(_REFERENCE.findall(raw)):
            known = shared.get(reference)
            if known is not None:
                resources.update(known)
                continue
            literal = reference.decode()
            if literal not in resources:
                gathered.waiting.append(literal)
        if _LOGICAL.search(raw):
            own = [parsed(raw, key) for key, raw in gathered.own.items()]
            gathered.waiting.extend(token for resource in own for token in _tokens(resource))
        if gathered.waiting:
            self._follow_all(group, gathered)
        if group.loose:
            self._bring_minutes(group, gathered)
        found = LazyResources(resources, gathered.own, self._desk)
        return VisitRecord(logical_id, found, gathered.aliases, tuple(gathered.unreadable))

    def appointment(self, group: Group, entry: Entry, along: Iterable[Entry]) -> AppointmentRecord:
        """An Appointment with what every visit of its patient has, what it points to, and what it is asked along."""
        if group.common is None:
            group.common = self._common(group)
        gathered = group.common.copy()
        for each in (entry, *along):
            gathered.take(each, self._load_once(group, each))
        self._follow_all(group, gathered)
        logical_id = entry.key.partition("/")[2]
        return AppointmentRecord(logical_id, gathered.resources, gathered.aliases, tuple(gathered.unreadable))

    def resource(self, group: Group, entry: Entry) -> JsonObject:
        """One resource of a group, parsed once."""
        return self._load_once(group, entry).resource

    def _take_all(self, entries: Iterable[Entry], gathered: _Gathered) -> bytes:
        """Take what belongs to the visit itself; returns its bytes, to be searched for references."""
        raws = []
        resources, read = gathered.resources, self.index.raw
        for entry in entries:
            raw = read(entry)
            if raw.startswith(_NOTE):
                gathered.note_damage(orjson.loads(raw))
                continue
            resources[entry.key] = UNREAD
            gathered.own[entry.key] = raw
            if entry.full_url:
                gathered.aliases[entry.full_url] = entry.key
            raws.append(raw)
        return b"".join(raws)

    def _common(self, group: Group) -> _Gathered:
        """What every visit of the group has: the patient, coverages, accounts, consents and what these point to."""
        gathered = _Gathered()
        for entry in (*group.always, *preauthorizations(self.index, group.unbilled())):
            gathered.take(entry, self._load(entry))
        self._follow_all(group, gathered)
        return gathered

    def _bring_minutes(self, group: Group, gathered: _Gathered) -> None:
        """Observations that name no Encounter but a Procedure of the visit, or its order."""
        if group.minutes is None:
            group.minutes = self._minutes(group)
        if group.minutes:
            for entry in [entry for key in gathered.resources for entry in group.minutes.get(key, ())]:
                gathered.take(entry, self._load_once(group, entry))
            self._follow_all(group, gathered)

    def _follow_all(self, group: Group, gathered: _Gathered) -> None:
        """Bring what references point to, until nothing new comes."""
        waiting, seen = gathered.waiting, gathered.seen
        while waiting:
            reference = waiting.pop()
            if reference in seen or reference in gathered.resources:
                continue
            seen.add(reference)
            kind, _, rest = reference.partition("/")
            if kind in SHARED and "/" not in rest:
                for resource in self._shared_with(reference).items():
                    gathered.add(*resource)
            elif kind in READABLE and "/" not in rest:
                self._bring(reference, kind, group, gathered)
            else:
                self._follow_odd(reference, group, gathered)

    def _bring(self, key: str, kind: str, group: Group, gathered: _Gathered) -> None:
        entry = group.loose.get(key)
        if entry is not None:
            gathered.take(entry, self._load_once(group, entry))
        elif kind not in _OTHER_VISITS:
            for entry in self._elsewhere(key):
                gathered.take(entry, self._load(entry))

    def _elsewhere(self, key: str) -> list[Entry]:
        """The entry of a resource that is in another group."""
        home = self.index.locate(key)
        return [entry for entry in self.index.group(home) if entry.key == key] if home else []

    def _follow_odd(self, reference: str, group: Group, gathered: _Gathered) -> None:
        """An absolute URL, a urn, a search or an identifier: find its key, remember it as an alias, follow that."""
        kind, mark, token = reference.partition("?")
        parts = split(reference)
        if mark:
            searched = token.startswith("identifier=")
            token = unquote(token[11:]) if searched else token
            keys = [key for key, _ in self.index.identified(token) if not kind or key.startswith(f"{kind}/")]
            keys = keys or self._with_identifier(kind, token, group, gathered)
            if searched and len(keys) == 1:
                gathered.aliases[reference] = keys[0]
        elif parts is not None:
            keys = [f"{parts[0]}/{parts[1]}"]
        else:
            keys = self._same_id(reference.rpartition(":")[2], group) if reference.startswith("urn:") else []
            if len(keys) == 1:
                gathered.aliases[reference] = keys[0]
        gathered.waiting.extend(keys)

    def _with_identifier(self, kind: str, token: str, group: Group, gathered: _Gathered) -> list[str]:
        """Keys of the patient's own resources with an identifier that the index does not hold."""
        known = [entry for entry in group.loose.values() if not kind or entry.key.startswith(f"{kind}/")]
        found = [entry.key for entry in known if token in tokens_of(self._load_once(group, entry).resource)]
        return found or [key for key, raw in gathered.own.items() if token in tokens_of(parsed(raw, key))]

    def _same_id(self, logical_id: str, group: Group) -> list[str]:
        """Keys of resources with this id: a urn:uuid that no Bundle explained may still be an id."""
        known = {entry.key for entry in (*group.encounters, *group.always, *group.loose.values())}
        known.update(entry.key for entries in group.linked.values() for entry in entries)
        near = [key for key in known if key.endswith(f"/{logical_id}")]
        return near or [f"{kind}/{logical_id}" for kind in sorted(SHARED) if self.index.locate(f"{kind}/{logical_id}")]

    def _minutes(self, group: Group) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for key, entry in group.loose.items():
            if key.startswith("Observation/"):
                for reference in self._load_once(group, entry).references:
                    parts = split(reference)
                    if parts is not None and parts[0] in ("Procedure", "ServiceRequest"):
                        found.setdefault(f"{parts[0]}/{parts[1]}", []).append(entry)
        return found

    # --- shared ---

    def _shared_with(self, key: str) -> Resources:
        """A shared resource, what it points to that is shared too, and for a Practitioner all roles."""
        name = key.encode()
        found = self._shared.get(name)
        if found is not None:
            return found
        found = {}
        waiting = [key]
        seen = set[str]()
        while waiting:
            here = waiting.pop()
            if here in seen:
                continue
            seen.add(here)
            home = self.index.locate(here)
            for entry in self.index.group(home) if home else ():
                if entry.key.partition("/")[0] in SHARED:
                    loaded = self._load(entry)
                    found[entry.key] = loaded.resource
                    waiting.extend(_shared_keys(loaded.references, self.index))
        if not any(DAMAGED in resource for resource in found.values()):
            if len(self._shared) >= _SHARED_KEPT:
                self._shared.popitem(last=False)
            self._shared[name] = found
        return found

    # --- loading ---

    def _load(self, entry: Entry) -> Loaded:
        raw = self.index.raw(entry)
        resource = parsed(raw, entry.key)
        references = [reference.decode() for reference in _REFERENCE.findall(raw)]
        if _LOGICAL.search(raw):
            references.extend(_tokens(resource))
        return Loaded(resource, references)

    def _load_once(self, group: Group, entry: Entry) -> Loaded:
        loaded = group.loaded.get(entry.key)
        if loaded is None:
            loaded = group.loaded[entry.key] = self._load(entry)
        return loaded


class _Gathered:
    """What one visit has so far."""

    __slots__ = ("aliases", "own", "resources", "seen", "unreadable", "waiting")

    def __init__(self) -> None:
        self.own: dict[str, bytes] = {}
        """The visit's own resources, not parsed yet; ``resources`` has UNREAD for them."""
        self.resources: Resources = {}
        self.aliases: dict[str, str] = {}
        self.unreadable: list[tuple[str, str]] = []
        self.waiting: list[str] = []
        self.seen: set[str] = set()

    def copy(self) -> _Gathered:
        """One to go on from."""
        other = _Gathered()
        other.resources = self.resources.copy()
        other.aliases = self.aliases.copy()
        other.unreadable = self.unreadable.copy()
        return other

    def take(self, entry: Entry, loaded: Loaded) -> None:
        """Add a resource, and what it points to as still to be found."""
        self.add(entry.key, loaded.resource)
        if entry.full_url:
            self.aliases[entry.full_url] = entry.key
        self.waiting.extend(loaded.references)

    def add(self, key: str, resource: JsonObject) -> None:
        """Add a resource, or the note that it cannot be read."""
        if DAMAGED in resource:
            self.note_damage(resource)
        else:
            self.resources[key] = resource

    def note_damage(self, note: JsonObject) -> None:
        """Add the note that a resource cannot be read, once."""
        said = note[DAMAGED]
        if type(said) is list and tuple(said) not in self.unreadable:
            self.unreadable.append((said[0], said[1]))


def told_apart(entries: list[Entry]) -> Group:
    """The entries of one group by what brings them to a visit."""
    group = Group()
    for entry in entries:
        key, links = entry.key, entry.links
        if links:
            if links[0] == "@":
                group.encounters.append(entry)
            elif "," not in links:
                group.linked.setdefault(links, []).append(entry)
            else:
                for encounter in links.split(","):
                    group.linked.setdefault(encounter, []).append(entry)
            continue
        kind = key.partition("/")[0]
        if kind in WHOLE_PATIENT or kind in ("Procedure", DAMAGED):
            # A Procedure that names no Encounter may be the same service from another source.
            group.always.append(entry)
        else:
            group.loose[key] = entry
    return group


def _tokens(resource: JsonObject) -> list[str]:
    """Every Reference by identifier in a resource, as "Type?system|value" or "?system|value"."""
    found = []
    waiting: list[object] = [resource]
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            token = token_of(node) if type(node.get("identifier")) is dict else None
            if token is not None:
                found.append("?".join(token))
            waiting.extend(node.values())
        elif type(node) is list:
            waiting.extend(node)
    return found


def _shared_keys(references: list[str], index: Index) -> Iterator[str]:
    """Keys of the shared resources that a shared resource points to."""
    for reference in references:
        kind, mark, token = reference.partition("?")
        parts = split(reference)
        if parts is not None and parts[0] in SHARED:
            yield f"{parts[0]}/{parts[1]}"
        elif mark:
            token = unquote(token.removeprefix("identifier="))
            yield from (key for key, _ in index.identified(token) if not kind or key.startswith(f"{kind}/"))
