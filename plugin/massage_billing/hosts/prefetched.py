"""A source that answers from what an EHR looked up beforehand (CDS Hooks prefetch), and asks the host for the rest.

Only what is whole is used: a Bundle that ends with a next link, or counts more than it holds, is asked for anew. Never
taken from it are Consents: whether a patient wants something kept from the plan is read where every right is had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from massage_billing.fhir.json import children, text, whole
from massage_billing.hosts.fhir_gather import Source
from massage_billing.hosts.visit_links import Link
from massage_billing.ports import JsonObject
from massage_billing.ports.booking import Prefetched

A = TypeVar("A")
B = TypeVar("B")

NEVER: Final = frozenset({"Consent"})
"""Types that are always asked of the host."""


class PrefetchedSource:
    """Implements ``Source`` over another, and what was given."""

    def __init__(self, source: Source, given: Prefetched) -> None:
        self._source = source
        self._searched: dict[str, list[JsonObject]] = {}
        self._held: dict[str, JsonObject] = {}
        for query, answer in given.items():
            kind = query.partition("?")[0].partition("/")[0]
            if kind in NEVER:
                continue
            if "?" in query:
                found = [] if answer is None else entries_of(answer, kind)
                if found is not None:
                    self._searched[query.partition("&")[0]] = found
                    self._held.update({f"{kind}/{one['id']}": one for one in found})
            elif answer is not None and is_the(answer, query):
                self._held[query] = answer

    def searched(self, query: str) -> list[JsonObject] | None:
        """What a search ("Appointment?patient=3") was answered; None where it was not."""
        return self._searched.get(query)

    def bases(self) -> Sequence[str]:
        """See ``Source``."""
        return self._source.bases()

    def reads(self, type: str) -> bool:
        """See ``Source``."""
        return self._source.reads(type)

    def by_id(self, type: str, ids: Sequence[str]) -> Iterator[JsonObject]:
        """See ``Source``."""
        yield from (self._held[key] for one in ids if (key := f"{type}/{one}") in self._held)
        missing = [one for one in ids if f"{type}/{one}" not in self._held]
        if missing:
            yield from self._source.by_id(type, missing)

    def linked(self, link: Link, ids: Sequence[str], patients: Sequence[str]) -> Iterator[JsonObject]:
        """See ``Source``; what is searched by one id only, and may be had whole, was perhaps given."""
        given = self._searched.get(f"{link.type}?{link.parameter}={ids[0]}") if len(ids) == 1 else None
        if given is None or link.picked:
            yield from self._source.linked(link, ids, patients)
        else:
            yield from given

    def count(self, link: Link, ids: Sequence[str]) -> int | None:
        """See ``Source``."""
        return self._source.count(link, ids)

    def identified(self, type: str, system: str, value: str) -> Iterator[JsonObject]:
        """See ``Source``."""
        yield from self._source.identified(type, system, value)

    def together(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """See ``Source``."""
        return self._source.together(work, items)


def entries_of(bundle: JsonObject, kind: str) -> list[JsonObject] | None:
    """The resources of a searchset, all of one type; None where it is no Bundle, or not all that there is."""
    if bundle.get("resourceType") != "Bundle":
        return None
    if any(text(link, "relation") == "next" for link in children(bundle, "link")):
        return None
    found: list[JsonObject] = []
    for entry in children(bundle, "entry"):
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            return None
        if resource.get("resourceType") == "OperationOutcome":
            continue
        if resource.get("resourceType") != kind or not isinstance(resource.get("id"), str):
            return None
        found.append(resource)
    total = whole(bundle, "total")
    return None if total is not None and total > len(found) else found


def is_the(resource: Mapping[str, object], reference: str) -> bool:
    """Whether a resource is the one that a reference names."""
    return f"{resource.get('resourceType')}/{resource.get('id')}" == reference
