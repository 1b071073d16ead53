"""Putting visits together from a host that is searched: a page of Encounters, then everything that belongs to them.

What points at a visit (Procedures, Conditions, Claims, our Task) is searched by itself, for many visits at once and
paged to the end, so that nothing depends on a server's cap on included resources. That is also the faster way: on HAPI
8.8 with 200 Encounters a page, 460-510 visits/s against 340 with _revinclude and 150 with _revinclude and the counts
that would prove it complete. Where a host is asked for includes all the same, they are counted. What a visit points at
is looked up by id, whatever includes lack. Shared resources (therapists, sites, payers) are kept for one pass, within
a bound, as the same objects. Memory is that of one page and the bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from massage_billing.fhir.json import text
from massage_billing.fhir.links import values_at
from massage_billing.fhir.references import split
from massage_billing.hosts.fhir_gather import Gatherer, Page, Source
from massage_billing.hosts.visit_links import BY_ENCOUNTER, BY_PROCEDURE, Link, ids_at
from massage_billing.ports import JsonObject, VisitRecord


class VisitReader(Gatherer):
    """Reads visits of one pass; make a new one for each pass, so that nothing older than the pass is believed."""

    of_encounters: Sequence[Link] = BY_ENCOUNTER
    """What is brought of every Encounter: what names it."""

    def __init__(self, source: Source, *, observations: bool, kept: int = 5000) -> None:
        super().__init__(source, kept=kept)
        self._observations = observations

    def read(self, encounters: Sequence[JsonObject], included: Iterable[JsonObject] = ()) -> list[VisitRecord]:
        """The visits of these Encounters, complete, in order."""
        page = Page()
        wanted = [key for encounter in encounters if (key := self._add(page, encounter, "Encounter"))]
        came = list(included)
        for resource in came:
            self._add(page, resource, str(resource.get("resourceType")))
        self._backwards(page, wanted, came)
        self._of_patients(page, {one: [f"Patient/{one}"] for one in _patients(page.pool.values())})
        self._forwards(page)
        self._roles_of(page)
        self._forwards(page)
        return [self._record(page, key) for key in dict.fromkeys(wanted)]

    # --- gathering --------------------------------------------------------------------------------------------------

    def _backwards(self, page: Page, wanted: Sequence[str], came: Sequence[JsonObject]) -> None:
        """What points at the Encounters, and at their Procedures."""
        ids = [key.partition("/")[2] for key in wanted]
        patients = _patients(page.pool[key] for key in wanted)
        links = [link for link in self.of_encounters if self._source.reads(link.type)]
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

    def _tie(self, page: Page, link: Link, found: Sequence[JsonObject], wanted: set[str]) -> None:
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

    def _link(self, page: Page, link: Link, target: str, resource: JsonObject) -> None:
        owner, key = f"{link.target}/{target}", self._add(page, resource, link.type)
        if key is None:
            page.odd.setdefault(owner, []).append((link.type, "has no id"))
        else:
            page.linked.setdefault(owner, []).append(key)

    def _find_owners(self, page: Page, link: Link, lost: Sequence[JsonObject], wanted: set[str]) -> None:
        """The host says that these belong to one of the visits, but their link is malformed: ask visit by visit, so
        that the fault holds its own visit and no other."""
        ids = {text(resource, "id") for resource in lost}
        for target in sorted(wanted):
            for resource in self._source.linked(link, [target], []):
                if text(resource, "id") in ids and _malformed(resource, link):
                    self._link(page, link, target, resource)

    # --- one visit --------------------------------------------------------------------------------------------------

    def _record(self, page: Page, encounter: str) -> VisitRecord:
        """One visit's share of the page: what is reached from its Encounter."""
        resources = self._reached(page, encounter)
        return VisitRecord(
            encounter=encounter.partition("/")[2],
            resources=resources,
            aliases=self._aliases(resources),
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
