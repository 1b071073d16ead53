"""The FHIR record of one visit or appointment while it is read: its resources by type, what references point to, what
was faulty.

Nothing here decides anything. What cannot be read is collected once a resource and becomes one ``record-readable``
problem each, naming element paths and never values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from massage_billing.fhir.json import Faults, child, children, text
from massage_billing.fhir.references import Resolver, split
from massage_billing.model import Problem, Result
from massage_billing.ports import AppointmentRecord, JsonObject, VisitRecord

READABLE: Final = "record-readable"
"""The rule that a resource which cannot be read belongs to."""

T = TypeVar("T")


def _key(pair: tuple[str, JsonObject]) -> str:
    return pair[0]


class Kept(Generic[T]):
    """Translations of resources that many visits share (therapists, sites), kept for one run by the very object.

    Not by id and version: a host may send another state of a resource under the same version. A host adapter that
    hands over the same object for the same state saves the work; one that does not is merely slower.
    """

    __slots__ = ("_kept", "_limit", "_translate")

    def __init__(self, translate: Callable[[JsonObject, Faults], T], limit: int = 1024) -> None:
        self._translate = translate
        self._limit = limit
        self._kept: dict[int, tuple[JsonObject, T, Faults]] = {}

    def of(self, key: str, resource: JsonObject, record: Record) -> T:
        """The resource's translation; its faults become the record's."""
        _, translation, faults = self._kept.get(id(resource)) or self._make(key, resource, record)
        if faults.found:
            record.adopt(faults)
        return translation

    def look(self, key: str, resource: JsonObject, record: Record) -> tuple[T, Faults]:
        """The resource's translation and its faults, for where it is not sure yet that the visit needs it."""
        _, translation, faults = self._kept.get(id(resource)) or self._make(key, resource, record)
        return translation, faults

    def _make(self, key: str, resource: JsonObject, record: Record) -> tuple[JsonObject, T, Faults]:
        faults = record.fresh_faults(key, resource)
        kept = (resource, self._translate(resource, faults), faults)
        if len(self._kept) >= self._limit:
            self._kept.clear()
        self._kept[id(resource)] = kept
        return kept


def opened(record: VisitRecord | AppointmentRecord | Record) -> Record:
    """A record to read from; the same where it is opened already."""
    return record if isinstance(record, Record) else Record(record)


class Record:
    """The record of one visit or appointment while it is read."""

    __slots__ = ("_adopted", "_by_type", "_faults", "problems", "resolver", "resources")

    def __init__(self, record: VisitRecord | AppointmentRecord) -> None:
        self.resources: Mapping[str, JsonObject] = record.resources
        self.problems: list[Problem] = []
        self._faults: dict[str, Faults] = {}
        self._adopted: dict[str, Faults] = {}
        self._by_type: dict[str, list[tuple[str, JsonObject]]] = {}
        unreadable = list(record.unreadable)
        for key, resource in record.resources.items():
            if type(resource) is dict:
                self._by_type.setdefault(key.partition("/")[0], []).append((key, resource))
            else:
                unreadable.append((key, "is not a JSON object"))
        if len(unreadable) > len(record.unreadable):
            self.resources = {key: each for key, each in record.resources.items() if type(each) is dict}
        for listed in self._by_type.values():
            if len(listed) > 1:
                listed.sort(key=_key)
        self.resolver = Resolver(self.resources, record.aliases)
        for where, what in unreadable:
            self.fail(READABLE, f"{where} {what}.", about=where)

    def all(self, kind: str) -> Sequence[tuple[str, JsonObject]]:
        """(key, resource) of every resource of a type, ordered by key."""
        return self._by_type.get(kind, ())

    def faults(self, key: str) -> Faults:
        """Where to note what is wrong with a resource of this record."""
        found = self._faults.get(key)
        if found is None:
            found = self._faults[key] = self.fresh_faults(key, self.resources[key])
        return found

    def fresh_faults(self, key: str, resource: JsonObject) -> Faults:
        """An empty list of faults for a resource; the first stands there where it is not of the type it came as."""
        faults = Faults(key, resource)
        kind, id = resource.get("resourceType"), resource.get("id")
        if f"{kind}/{id}" == key and type(id) is str:
            return faults
        if "#" not in key and kind != key.partition("/")[0]:
            faults.add(resource, "resourceType", "is not the type it came as")
        text(resource, "id", faults)
        return faults

    def adopt(self, faults: Faults) -> None:
        """Take over faults that were found in a shared resource."""
        self._adopted[faults.where] = faults

    def names(self, resource: JsonObject, element: str, key: str) -> bool | None:
        """Whether a resource's reference element points to ``key``; None where it is there but cannot be read."""
        value = resource.get(element)
        if type(value) is dict and value.get("reference") == key:
            return True
        if value is None:
            return None if element in resource else False
        return self.points_to(value, resource, key)

    def points_to(self, reference: object, parent: JsonObject, key: str) -> bool | None:
        """Whether a reference points to ``key``; None where it cannot be read. A bare "Encounter/1" is understood, for
        it tells whose the fault is."""
        if type(reference) is str:
            return split(reference) == tuple(key.split("/", 1)) if split(reference) else None
        if type(reference) is not dict:
            return None
        literal = reference.get("reference")
        if type(literal) is str or (literal is None and "reference" not in reference):
            identifier = reference.get("identifier")
            if identifier is not None and type(identifier) is not dict:
                return None
            return self.resolver.key(reference, parent) == key
        return None

    def check_patient(self, key: str, resource: JsonObject, patient: str) -> None:
        """Note a resource that the visit rests on and that is another patient's: its subject is one, and not ours."""
        subject = resource.get("subject")
        if subject is None or (type(subject) is dict and subject.get("reference") == patient):
            return
        faults = self.faults(key.partition("#")[0])
        named = children(resource, "subject", faults) if type(subject) is list else [child(resource, "subject", faults)]
        keys = {self.resolver.key(each, resource, faults) for each in named}
        if patient not in keys and any(each is not None and each.startswith("Patient/") for each in keys):
            self.fail("patient-named", f"{key} is of another patient than the visit.", about=key, key="another-patient")

    def fail(self, rule: str, detail: str, *, about: str | None = None, key: str = "") -> None:
        """Note that the record says something unusable."""
        self.problems.append(Problem(rule, Result.FAIL, detail, about, key))

    def lack(self, rule: str, detail: str, *, about: str | None = None, key: str = "") -> None:
        """Note that the record does not say."""
        self.problems.append(Problem(rule, Result.NO_DATA, detail, about, key))

    def unreadable(self) -> list[Problem]:
        """One problem for each resource that had faults, in the order they were met."""
        lines: dict[str, dict[str, None]] = {}
        for faults in (*self._faults.values(), *self._adopted.values()):
            if faults.found:
                lines.setdefault(faults.where, {}).update(dict.fromkeys(faults))
        return [
            Problem(READABLE, Result.FAIL, f"{where} cannot be read: {'; '.join(found)}.", where)
            for where, found in lines.items()
        ]
