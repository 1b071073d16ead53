"""Decide a batch of visits: gather, arrange, wait or bill, look up what became of claims, plan. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from datetime import date as Date

from massage_billing import flow
from massage_billing.fhir.claim_state import (
    Evidence,
    ProvenanceOnHost,
    evidence_of,
    key_of_claim,
    read_provenance,
)
from massage_billing.fhir.dates import zone_named
from massage_billing.fhir.keys import claim_key
from massage_billing.fhir.tasks import TaskOnHost
from massage_billing.fhir.used import used_by
from massage_billing.model import Elsewhere, OnFirst, Outcome, Ruling, RulingKind, Visit
from massage_billing.ports import Capabilities, Entry, VisitRecord, VisitRow, VisitState
from massage_billing.run.arrange import Case, Rules, arrange
from massage_billing.run.gather import Gatherer
from massage_billing.run.one_claim import Draft, settle
from massage_billing.run.paper_ledger import Ledger
from massage_billing.run.planning import Plan, Situation, Terms, plan, treating
from massage_billing.run.readiness import Waiting
from massage_billing.run.report import Tally
from massage_billing.run.seen import Seen, still
from massage_billing.run.sent import with_sent
from massage_billing.run.setup import Setup

_Provenances = Mapping[str, tuple[ProvenanceOnHost, ...]] | None
"""By claim key; None where they cannot be looked up."""


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


@dataclass(frozen=True, slots=True)
class _Known:
    """What one batch goes by beside its visits."""

    evidence: Mapping[str, Evidence]
    """Of the sending of Claims, by reference."""
    provenances: _Provenances
    """Our Provenances."""
    approved: AbstractSet[str]
    """Encounters whose draft a person let go."""


class Batch:
    """Decides visits in batches, so that look-ups on host and store are few."""

    def __init__(self, setup: Setup, capabilities: Capabilities, terms: Terms, tally: Tally) -> None:
        self.setup, self.capabilities, self.terms, self.tally = setup, capabilities, terms, tally
        self._keep_used = capabilities.records_hold_writes
        self._gatherer = Gatherer(setup, capabilities, tally)
        self.counted: set[str] | None = None
        """Visits that this run counts when it comes to them; None: all, since it reads every visit."""
        self._ledger = Ledger(setup.host, setup.store, setup.book, setup.clinic, dry_run=tally.dry_run)
        self._dated = replace(setup.clinic, today=today_of(setup))
        self._at = at_clinic(setup)
        self._stood: dict[str, VisitRow | None] = {}

    def about_to_read(self, encounters: Sequence[str]) -> None:
        """The records of these visits are read next, and decided: only how they stand now may be replaced by that.
        Whoever is held up in between, until others have read a newer record, replaces nothing."""
        known = self.setup.store.known(self.setup.host.id, encounters)
        self._stood = {encounter: known.get(encounter) for encounter in encounters}

    def decide(
        self, records: Sequence[VisitRecord], *, again: bool = False, approved: AbstractSet[str] = frozenset()
    ) -> list[Planned]:
        """Plans of the visits of these records, and of those they have to do with; ``again`` where they were counted
        before, ``approved``: Encounters whose draft a person let go, which was not written yet."""
        setup, now = self.setup, self.setup.host.now()
        self._at = at_clinic(setup)
        seen = self._gatherer.gather(records, now)
        evidence, provenances = self._look_up(list(seen.values()))
        cases = arrange(seen, evidence, Rules(setup.book, setup.clinic, now, setup.capture))
        known = _Known(evidence, provenances, approved)
        self._ledger.open(list(seen.values()), evidence)
        drafts = [draft for case in self._ledger.ordered(cases) for draft in self._drafts(case, known)]
        settle(drafts, lambda draft, claim: self._billed_twice(draft, claim, known))
        keys = {one.seen.encounter: one.plan.row.claim_key for one in drafts if one.plan is not None}
        planned = [self._planned(draft, keys, again=again) for draft in drafts]
        self._stood = {}
        return planned

    # --- deciding ---------------------------------------------------------------------------------------------------

    def _drafts(self, case: Case, known: _Known) -> list[Draft]:
        """The plans of the visits of a case, the one that bills first."""
        if case.waiting is not None:
            return [Draft(one, case, None) for one in case.members]
        lead = self._plan_lead(case, known)
        drafts = [Draft(case.lead, case, lead)]
        for other in case.others:
            first = OnFirst(case.lead.encounter, lead.decision.outcome, lead.row.claim_key)
            drafts.append(Draft(other, case, self._plan(other, other.visit, Elsewhere(on_first=first), None, known)))
        return drafts

    def _plan_lead(self, case: Case, known: _Known) -> Plan:
        lead = case.lead
        ruling = still(lead.ruling, case.visit) or _written_off(lead.task, self.terms)
        worked = tuple(
            worked for one in case.members for worked in one.elsewhere_worked if worked.encounter not in case.encounters
        )
        elsewhere = Elsewhere(worked, sent_without=case.sent_without, also_on=case.also_on, alone=False)
        elsewhere = self._ledger.look(case.visit, elsewhere)
        return self._plan(lead, case.visit, elsewhere, ruling, known, signed=case.signed)

    def _plan(
        self,
        one: Seen,
        visit: Visit,
        elsewhere: Elsewhere,
        ruling: Ruling | None,
        known: _Known,
        *,
        signed: bool = False,
    ) -> Plan:
        # Whether it can still be filed is asked of what has no claim yet.
        clinic = self.setup.clinic if any(claim.live for claim in one.claims) else self._dated
        decision = flow.bill(visit, self.setup.book, clinic, ruling, elsewhere)
        self._ledger.note(visit, decision)
        situation = Situation(
            visit,
            decision,
            one.row,
            one.claims,
            one.task,
            stray_tasks=one.strays,
            approved=one.encounter in known.approved,
        )
        if one.claims:
            key = claim_key(visit.host, visit.encounter, one.claims[-1].revision)
            provenances = None if known.provenances is None else known.provenances.get(key, ())
            situation = replace(situation, evidence=known.evidence, provenances=provenances)
        # A signed record is complete, whatever "finished" means on this host.
        return plan(situation, replace(self.terms, draft=self.setup.draft) if signed else self.terms)

    def _billed_twice(self, draft: Draft, claim: str, known: _Known) -> Plan:
        """The plan of a visit that another claim still bills: held until that one lets go of it."""
        draft.case.also_on = claim
        return self._plan_lead(draft.case, known)

    # --- what is kept -----------------------------------------------------------------------------------------------

    def _planned(self, draft: Draft, keys: Mapping[str, str], *, again: bool) -> Planned:
        one, made = draft.seen, draft.plan
        if made is None:
            waiting = draft.case.waiting
            assert waiting is not None  # noqa: S101
            return self._waiting(one, waiting, again=again)
        if one is not draft.case.lead:  # its row leads to the claim that bills it
            made = replace(made, row=replace(made.row, claim_key=keys[draft.case.lead.encounter]))
        row = one.row
        unchanged = made.group is None and row is not None and row.outcome == made.row.outcome
        if not again:
            self._count(one, made, unchanged=unchanged)
        entry = replace(made.entry(self._used(one)), worked=one.worked, at=self._at)
        entry = replace(self._ledger.entry(entry), before=self._before(one), compared=True)
        if made.group is None and row is not None:
            kept = _keep_versions(made.row, row)
            news = again or self._keep_used or not unchanged or entry.uses is not None or one.worked_anew
            return Planned(replace(entry, row=kept), news=news or kept != row)
        return Planned(entry, news=True)

    def _count(self, one: Seen, made: Plan, *, unchanged: bool) -> None:
        """One that is there for another's sake is counted once a run too: here, unless the run comes to it itself."""
        if one.brought and (self.counted is None or one.encounter in self.counted):
            self.tally.mended(made, unchanged=unchanged)
            return
        if one.brought and self.counted is not None:
            self.counted.add(one.encounter)
        self.tally.visit(made, unchanged=unchanged)

    def _waiting(self, one: Seen, waiting: Waiting, *, again: bool) -> Planned:
        visit = one.visit
        if not (again or one.brought):
            self.tally.waiting(visit.encounter, visit.date, waiting.why)
        row = one.row
        if row is None:
            row = VisitRow(visit.host, visit.encounter, visit.patient, visit.date, VisitState.WAITING, "")
        row = replace(row, state=VisitState.WAITING, due=waiting.until, patient=visit.patient, date=visit.date)
        row = replace(row, therapists=treating(visit))
        entry = Entry(row, self._used(one), None, "", one.worked, at=self._at)
        return Planned(replace(entry, before=self._before(one), compared=True), news=True)

    def _before(self, one: Seen) -> VisitRow | None:
        return self._stood.get(one.encounter, one.row)

    def _used(self, one: Seen) -> tuple[tuple[str, str], ...]:
        return used_by(one.record) if self._keep_used else ()

    # --- what became of claims --------------------------------------------------------------------------------------

    def _look_up(self, seen: Sequence[Seen]) -> tuple[dict[str, Evidence], _Provenances]:
        """Evidence of sending, and Provenances by key, for visits whose claim stands on the host already."""
        claims = [claim for one in seen for claim in one.claims if claim.status != "entered-in-error"]
        if not claims:
            return {}, None
        host = self.setup.host
        answers = list(host.answers([claim.reference for claim in claims]))
        evidence = {claim.reference: evidence_of(claim, answers) for claim in claims} if answers else {}
        evidence |= with_sent(claims, evidence, self.setup)
        if "Provenance" not in self.capabilities.readable & self.capabilities.writable:
            return evidence, None
        keys = [claim_key(one.visit.host, one.encounter, one.claims[-1].revision) for one in seen if one.claims]
        provenances: dict[str, tuple[ProvenanceOnHost, ...]] = {}
        for resource in host.find("Provenance", keys):
            key = key_of_claim(resource)
            if key:
                provenances[key] = (*provenances.get(key, ()), read_provenance(resource))
        return evidence, provenances


def today_of(setup: Setup) -> Date | None:
    """What day it is at the clinic, by the host's clock; of a demo nobody files in time: its dates stand still."""
    return None if setup.demo else at_clinic(setup).date()


def at_clinic(setup: Setup) -> datetime:
    """What time it is at the clinic, by the host's clock."""
    zone = zone_named(setup.reading.zone) if setup.reading.zone else None
    return setup.host.now().astimezone(zone or UTC)


def _written_off(task: TaskOnHost | None, terms: Terms) -> Ruling | None:
    """A Task that a person cancelled with a reason writes the visit off (DESIGN 19)."""
    if task is None or not task.written_off:
        return None
    said = f"{task.reference} was cancelled with a reason"
    return Ruling(RulingKind.WRITE_OFF, said, "host", datetime.fromisoformat(terms.now))


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
