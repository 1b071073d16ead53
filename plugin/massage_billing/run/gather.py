"""Bring together what a batch of visits is decided from: the visits, those they have to do with, what stands of them.

Visits have to do with each other that are of one patient and day, that one of our claims names together, or that take
more of a therapist's day than there is. Of those the store knows, the ones that are not in the batch are read again
from the host. A batch whose visits are all by themselves costs two questions to the store more, and none to the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date as Date
from datetime import datetime

from massage_billing.coding import therapist_day
from massage_billing.errors import NoRuleForDate
from massage_billing.fhir.claim_state import id_order, key_of_claim, our_claims, owner_of
from massage_billing.fhir.json import identifiers
from massage_billing.fhir.keys import claim_key, visit_key
from massage_billing.fhir.tasks import read_task
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Visit, Worked
from massage_billing.ports import Capabilities, JsonObject, VisitRecord
from massage_billing.run import answered
from massage_billing.run.readiness import waits
from massage_billing.run.report import Tally
from massage_billing.run.seen import Seen, standing
from massage_billing.run.setup import Setup
from massage_billing.run.therapist_days import TherapistDays


class Gatherer:
    """Brings together what batches are decided from."""

    def __init__(self, setup: Setup, capabilities: Capabilities, tally: Tally) -> None:
        self.setup, self.capabilities, self.tally = setup, capabilities, tally
        self._shared = Shared(setup.clinic.payers)

    def gather(self, records: Sequence[VisitRecord], now: datetime) -> dict[str, Seen]:
        """The visits of these records and those they have to do with, by Encounter id; those asked for come first."""
        seen: dict[str, Seen] = {}
        days = TherapistDays(self.setup)
        asked: set[str] = {record.encounter for record in records}
        fresh = self._read(records, now, brought=False)
        while True:
            self._look_up(fresh)
            seen.update((one.encounter, one) for one in fresh)
            wanted = (self._related(fresh) | days.add(fresh, seen)) - asked
            if not wanted:
                days.tell(seen.values())
                return seen
            asked |= wanted
            fresh = self._read(list(self.setup.host.visits(sorted(wanted))), now, brought=True)

    def _read(self, records: Sequence[VisitRecord], now: datetime, *, brought: bool) -> list[Seen]:
        setup, found = self.setup, []
        read = [(record, read_visit(record, setup.reading, self._shared)) for record in records]
        for record, visit in answered.verified(read, setup):
            if setup.start is not None and visit.date is not None and visit.date < setup.start:
                self.tally.counts["before start"] += not brought
                continue
            waiting = waits(visit, now, setup.settle, setup.capture, record.signed)
            found.append(Seen(record, visit, brought, waiting, () if waiting else self._takes(visit)))
        return found

    def _takes(self, visit: Visit) -> tuple[Worked, ...]:
        if visit.date is None:
            return ()
        try:
            return therapist_day.takes(visit, self.setup.book.on(visit.date))
        except NoRuleForDate:
            return ()

    def _look_up(self, fresh: Sequence[Seen]) -> None:
        """What store, people and host say of these visits."""
        host, ids = self.setup.host.id, [one.encounter for one in fresh]
        known, rulings = self.setup.store.known(host, ids), self.setup.store.rulings(host, ids)
        for one in fresh:
            one.row, one.ruling = known.get(one.encounter), rulings.get(one.encounter)
        self._on_host(fresh)

    # --- whom they have to do with ----------------------------------------------------------------------------------

    def _related(self, fresh: Sequence[Seen]) -> set[str]:
        """Encounter ids of visits these have to do with; many are among them already."""
        days: set[tuple[str, Date]] = set()
        found: set[str] = set()
        for one in fresh:
            for said in (one.visit, one.row):
                if said is not None and said.patient is not None and said.date is not None:
                    days.add((said.patient, said.date))
            if one.claims or one.covering:
                found |= one.on_claim
                found.update(owner for owner, claims in one.covering.items() if standing(claims))
        if days:
            found.update(self.setup.store.same_day(self.setup.host.id, days))
        return found

    # --- what stands on the host ------------------------------------------------------------------------------------

    def _on_host(self, fresh: Sequence[Seen]) -> None:
        """Our Claims and Tasks of these visits."""
        if self.capabilities.records_hold_writes:
            for one in fresh:
                _sort_in(one, list(one.record.resources.values()))
            return
        host = self.setup.host
        tasks = {claim_key(host.id, one.encounter, 0): one for one in fresh}
        claims = {visit_key(host.id, one.encounter): one for one in fresh}
        for one in fresh:  # one that stands on another visit's claim knows it by its key
            if one.row is not None and one.row.claim_key not in (
                "",
                claim_key(host.id, one.encounter, one.row.revision),
            ):
                claims[one.row.claim_key] = one
        mine: dict[str, list[JsonObject]] = {}
        for kind, keys in (("Task", tasks), ("Claim", claims)):
            for resource in host.find(kind, list(keys)):
                for _, value in identifiers(resource):
                    if value in keys:
                        mine.setdefault(keys[value].encounter, []).append(resource)
        for one in fresh:
            if one.encounter in mine:
                _sort_in(one, mine[one.encounter])


def _sort_in(one: Seen, resources: Iterable[JsonObject]) -> None:
    """What of these resources this program wrote for a visit, or for another visit and this one."""
    host, written = one.visit.host, [r for r in resources if r.get("resourceType") in ("Claim", "Task")]
    claims = [r for r in written if r.get("resourceType") == "Claim" and key_of_claim(r)]
    if claims:
        one.claims = our_claims(claims, host, one.encounter)
        owners = {owner for claim in claims if (owner := owner_of(claim, host))} - {one.encounter}
        one.covering = {owner: our_claims(claims, host, owner) for owner in owners}
    held = [r for r in written if r.get("resourceType") == "Task"]
    key = claim_key(host, one.encounter, 0) if held else ""
    tasks = [read_task(task) for task in held if key_of_claim(task) == key]
    tasks.sort(key=lambda task: (task.status == "entered-in-error", id_order(task.reference)))
    one.tasks = tuple(tasks)
