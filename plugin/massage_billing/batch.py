"""Decide a batch of visits: read, wait or bill, look up what stands on the host, plan. Nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from massage_billing import flow
from massage_billing.fhir.claim_state import (
    ClaimOnHost,
    Evidence,
    ProvenanceOnHost,
    evidence_of,
    id_order,
    key_of_claim,
    our_claims,
    read_provenance,
)
from massage_billing.fhir.keys import claim_key, visit_key
from massage_billing.fhir.task import TaskOnHost, read_task
from massage_billing.fhir.used import used_by
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.hold_task import OPEN_TASK
from massage_billing.model import Outcome, Ruling, RulingKind, Visit
from massage_billing.planning import Plan, Situation, Terms, plan
from massage_billing.ports import (
    Capabilities,
    Entry,
    JsonObject,
    VisitRecord,
    VisitRow,
    VisitState,
)
from massage_billing.readiness import waits
from massage_billing.report import Tally
from massage_billing.setup import Setup


@dataclass(frozen=True, slots=True)
class Planned:
    """One visit's plan and what the store is to keep of it."""

    entry: Entry
    """Row, used resources, writes."""
    news: bool
    """False where nothing differs from what the store knows: nothing to commit."""

    @property
    def approved(self) -> bool:
        """Whether its claim is, or will be, no draft."""
        return self.entry.row.outcome == Outcome.CLAIM and not self.entry.row.draft


@dataclass(slots=True)
class _Found:
    """What stands on the host of a batch of visits."""

    claims: dict[str, tuple[ClaimOnHost, ...]]
    tasks: dict[str, list[TaskOnHost]]
    """By Encounter id, the one that counts first."""

    def task(self, visit: Visit) -> TaskOnHost | None:
        """The visit's Task."""
        return next(iter(self.tasks.get(visit.encounter, ())), None)

    def strays(self, visit: Visit) -> tuple[TaskOnHost, ...]:
        """Further Tasks of its key that are still open."""
        return tuple(task for task in self.tasks.get(visit.encounter, ())[1:] if task.status in OPEN_TASK)


class Batch:
    """Decides visits in batches, so that look-ups on host and store are few."""

    def __init__(self, setup: Setup, capabilities: Capabilities, terms: Terms, tally: Tally) -> None:
        self.setup, self.capabilities, self.terms, self.tally = setup, capabilities, terms, tally
        self._keep_used = capabilities.records_hold_writes
        self._shared = Shared()

    def decide(
        self, records: Sequence[VisitRecord], *, again: bool = False, approved: AbstractSet[str] = frozenset()
    ) -> list[Planned]:
        """Plans of the visits of these records; ``again`` where they were counted before, ``approved``: Encounters
        whose draft a person let go, which was not written yet."""
        setup = self.setup
        read = [(record, read_visit(record, setup.reading, self._shared)) for record in records]
        read = [(record, visit) for record, visit in read if self._after_start(visit)]
        ids = [visit.encounter for _, visit in read]
        known = setup.store.known(setup.host.id, ids)
        rulings = setup.store.rulings(setup.host.id, ids)
        found = self._on_host(read, known)
        now = setup.host.now()
        planned: list[Planned] = []
        situations: list[tuple[VisitRecord, Situation]] = []
        for record, visit in read:
            row, claims = known.get(visit.encounter), found.claims.get(visit.encounter, ())
            waiting = waits(visit, now, setup.settle, setup.capture)
            if waiting and (waiting.until or not any(claim.live for claim in claims)):
                self.tally.waiting(visit.encounter, visit.date, waiting.why)
                planned.append(self._waiting(record, visit, row, waiting.until))
                continue
            ruling = _still(rulings.get(visit.encounter), visit) or _written_off(found.task(visit), self.terms)
            decision = flow.bill(visit, setup.book, setup.clinic, ruling)
            situation = Situation(
                visit,
                decision,
                row,
                claims,
                found.task(visit),
                stray_tasks=found.strays(visit),
                approved=visit.encounter in approved,
            )
            situations.append((record, situation))
        evidence, provenances = self._look_up([situation for _, situation in situations])
        for record, situation in situations:
            situation = _informed(situation, evidence, provenances)
            planned.append(self._planned(record, plan(situation, self.terms), situation.row, again=again))
        return planned

    def _after_start(self, visit: Visit) -> bool:
        start = self.setup.start
        if start is not None and visit.date is not None and visit.date < start:
            self.tally.counts["before start"] += 1
            return False
        return True

    def _waiting(self, record: VisitRecord, visit: Visit, row: VisitRow | None, until: datetime | None) -> Planned:
        if row is None:
            row = VisitRow(visit.host, visit.encounter, visit.patient, visit.date, VisitState.WAITING, "")
        row = replace(row, state=VisitState.WAITING, due=until)
        return Planned(Entry(row, self._used(record), None, ""), news=True)

    def _planned(self, record: VisitRecord, made: Plan, row: VisitRow | None, *, again: bool) -> Planned:
        unchanged = made.group is None and row is not None and row.outcome == made.row.outcome
        if not again:
            self.tally.visit(made, unchanged=unchanged)
        if made.group is None and row is not None:
            kept = _keep_versions(made.row, row)
            news = again or self._keep_used or not unchanged or kept != row
            return Planned(replace(made.entry(self._used(record)), row=kept), news=news)
        return Planned(made.entry(self._used(record)), news=True)

    def _used(self, record: VisitRecord) -> tuple[tuple[str, str], ...]:
        return used_by(record) if self._keep_used else ()

    # --- what stands on the host ------------------------------------------------------------------------------------

    def _on_host(self, read: Sequence[tuple[VisitRecord, Visit]], known: Mapping[str, VisitRow]) -> _Found:
        found = _Found({}, {})
        if self.capabilities.records_hold_writes:
            for record, visit in read:
                self._sort_in(found, visit, list(record.resources.values()))
            return found
        host = self.setup.host
        keys = {claim_key(v.host, v.encounter, 0): v for _, v in read}
        visits = {visit_key(v.host, v.encounter): v for _, v in read}
        mine: dict[str, list[JsonObject]] = {}
        for task in host.find("Task", list(keys)):
            held = keys.get(key_of_claim(task) or "")
            if held:
                mine.setdefault(held.encounter, []).append(task)
        for claim in host.find("Claim", list(visits)):
            owner = _owner(claim, visits)
            if owner:
                mine.setdefault(owner.encounter, []).append(claim)
        for _, visit in read:
            if visit.encounter in mine:
                self._sort_in(found, visit, mine[visit.encounter])
        return found

    def _sort_in(self, found: _Found, visit: Visit, resources: Sequence[JsonObject]) -> None:
        claims = our_claims(resources, visit.host, visit.encounter)
        if claims:
            found.claims[visit.encounter] = claims
        held = [one for one in resources if one.get("resourceType") == "Task"]
        key = claim_key(visit.host, visit.encounter, 0) if held else ""
        tasks = [read_task(one) for one in held if key_of_claim(one) == key]
        tasks.sort(key=lambda task: (task.status == "entered-in-error", id_order(task.reference)))
        if tasks:
            found.tasks[visit.encounter] = tasks

    def _look_up(
        self, situations: Sequence[Situation]
    ) -> tuple[dict[str, Evidence], dict[str, tuple[ProvenanceOnHost, ...]] | None]:
        """Evidence of sending, and Provenances by key, for visits whose claim stands on the host already."""
        claims = [one for situation in situations for one in situation.claims if one.status != "entered-in-error"]
        if not claims:
            return {}, None
        host = self.setup.host
        answers = list(host.answers([claim.reference for claim in claims]))
        evidence = {claim.reference: evidence_of(claim, answers) for claim in claims} if answers else {}
        if "Provenance" not in self.capabilities.readable & self.capabilities.writable:
            return evidence, None
        keys = [claim_key(s.visit.host, s.visit.encounter, s.claims[-1].revision) for s in situations if s.claims]
        provenances: dict[str, tuple[ProvenanceOnHost, ...]] = {}
        for resource in host.find("Provenance", keys):
            key = key_of_claim(resource)
            if key:
                provenances[key] = (*provenances.get(key, ()), read_provenance(resource))
        return evidence, provenances


def _owner(claim: JsonObject, visits: Mapping[str, Visit]) -> Visit | None:
    identifiers = claim.get("identifier")
    for identifier in identifiers if isinstance(identifiers, list) else []:
        if isinstance(identifier, dict) and identifier.get("value") in visits:
            return visits[identifier["value"]]
    return None


def _still(ruling: Ruling | None, visit: Visit) -> Ruling | None:
    """A person's "bill it" is about the record as it stood: one that changed since is held again, to be looked at."""
    if ruling is None or ruling.kind is not RulingKind.BILL or visit.last_changed is None:
        return ruling
    return ruling if visit.last_changed <= ruling.at else None


def _written_off(task: TaskOnHost | None, terms: Terms) -> Ruling | None:
    """A Task that a person cancelled with a reason writes the visit off (DESIGN 19)."""
    if task is None or not task.written_off:
        return None
    said = f"{task.reference} was cancelled with a reason"
    return Ruling(RulingKind.WRITE_OFF, said, "host", datetime.fromisoformat(terms.now))


def _informed(
    situation: Situation,
    evidence: Mapping[str, Evidence],
    provenances: Mapping[str, tuple[ProvenanceOnHost, ...]] | None,
) -> Situation:
    if not situation.claims:
        return situation
    visit = situation.visit
    key = claim_key(visit.host, visit.encounter, situation.claims[-1].revision)
    known = None if provenances is None else provenances.get(key, ())
    return replace(situation, evidence=evidence, provenances=known)


def _keep_versions(new: VisitRow, old: VisitRow) -> VisitRow:
    """Nothing is written: what is known of the host's resources stays known where this pass did not see them."""
    return replace(
        new,
        claim=new.claim or old.claim,
        claim_version=new.claim_version or old.claim_version,
        provenance=new.provenance or old.provenance,
        provenance_version=new.provenance_version or old.provenance_version,
        task=new.task or old.task,
        task_version=new.task_version or old.task_version,
    )
