"""From a decision and what stands on the host to what is written: pure, the heart of "writing twice is impossible".

One visit in, one plan out: at most one group of writes, the row the store keeps, and the decision as it became (a claim
that cannot be written becomes a hold that says why). States and their consequences are DESIGN 16 to 19.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from massage_billing.errors import ClaimInvalid
from massage_billing.fhir import names
from massage_billing.fhir.claim import ClaimTerms, build_claim
from massage_billing.fhir.claim_state import (
    ClaimOnHost,
    Evidence,
    ProvenanceOnHost,
    Sending,
    cancel,
    id_order,
    with_cents,
    withdraw,
)
from massage_billing.fhir.keys import claim_key, full_url, visit_key
from massage_billing.fhir.provenance import build_provenance
from massage_billing.fhir.serial import Resource, to_bytes
from massage_billing.fhir.task import TaskOnHost, digest_of
from massage_billing.hold_task import plan_task
from massage_billing.model import Decision, Effect, Finding, Outcome, Result, Visit, Who
from massage_billing.ports import Entry, Operation, VisitRow, VisitState, Write, WriteGroup
from massage_billing.writes import update_write


class Change(StrEnum):
    """What a plan does to the claim on the host."""

    NONE = "none"
    CREATED = "created"
    UPDATED = "updated"
    CANCELLED = "cancelled"
    REVISED = "revised"


@dataclass(frozen=True, slots=True)
class Situation:
    """One decided visit and what is known of it already."""

    visit: Visit
    """The visit."""
    decision: Decision
    """What the rulebook makes of it."""
    row: VisitRow | None = None
    """What the store remembers; None for a new visit or a lost store."""
    claims: tuple[ClaimOnHost, ...] = ()
    """Our Claims of this visit on the host, newest revision last."""
    task: TaskOnHost | None = None
    """The hold Task on the host."""
    provenances: tuple[ProvenanceOnHost, ...] | None = None
    """Our Provenances of the newest revision; None where they were not looked up."""
    stray_tasks: tuple[TaskOnHost, ...] = ()
    """Further Tasks with the key of ``task``, let in by a fault of the host."""
    approved: bool = False
    """A person approved the draft, but a run ended before that was written."""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    """Sending of the Claims, by reference; a Claim not in it was not sent."""

    @property
    def provenance(self) -> ProvenanceOnHost | None:
        """The current Claim's Provenance: of two, the one that names it."""
        of_claim = self.claims[-1].reference if self.claims else None
        return min(
            self.provenances or (), key=lambda one: (one.claim != of_claim, id_order(one.reference)), default=None
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for all visits of a run."""

    now: str
    """FHIR instant of writing."""
    draft: bool
    """Write Claims as drafts."""
    billing_npi: str | None
    """The clinic's NPI."""
    solo: bool
    """The therapist is who is paid."""
    rulebook: str
    """Digest of the rulebook."""
    clinic: str
    """Digest of the clinic's files."""
    check: Callable[[Resource], Sequence[str]]
    """Faults of a built Claim: schema, model and our own checks."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be remembered and written for one visit."""

    decision: Decision
    """The decision as it became."""
    row: VisitRow
    """The row to remember."""
    group: WriteGroup | None
    """What to write; None where nothing is new."""
    change: Change = Change.NONE
    """What happens to the claim."""
    hold_opened: bool = False
    """A Task is created or opened again."""
    hold_closed: bool = False
    """A Task is completed."""

    def entry(self, used: tuple[tuple[str, str], ...]) -> Entry:
        """For the store, with the resources the decision rests on."""
        return Entry(self.row, used, self.group, audit_line(self))


def plan(situation: Situation, terms: Terms) -> Plan:
    """What to write for a decided visit. Deterministic; raises nothing: what cannot be written becomes a hold."""
    claims, strays = _reconcile(situation)
    situation = replace(situation, claims=claims)
    step = strays if strays.hold else _claim_step(situation, terms)
    decision = _held(situation.decision, step.hold) if step.hold else situation.decision
    tasks = plan_task(situation.visit, decision, situation.task, situation.stray_tasks, terms.now)
    writes = (*strays.writes, *(step.writes if step is not strays else ()), *tasks.writes)
    group = None
    if writes:
        key = visit_key(situation.visit.host, situation.visit.encounter)
        group = WriteGroup(key, situation.visit.encounter, writes)
    row = _row(situation, decision, step, terms)
    return Plan(decision, row, group, step.change, tasks.opened, tasks.closed)


@dataclass(frozen=True, slots=True)
class _Step:
    """What the claim side of a plan comes to."""

    revision: int = 0
    writes: tuple[Write, ...] = ()
    change: Change = Change.NONE
    hold: Finding | None = None
    digest: str = ""
    current: ClaimOnHost | None = None
    draft: bool = False


def _reconcile(situation: Situation) -> tuple[tuple[ClaimOnHost, ...], _Step]:
    """Of two Claims of one key the one with evidence of sending stays, else the lower id; two sent is a hold."""
    kept: dict[int, ClaimOnHost] = {}
    writes: list[Write] = []
    for claim in situation.claims:
        other = kept.get(claim.revision)
        if other is None or not other.live:
            if claim.live or other is None:
                kept[claim.revision] = claim
            continue
        if not claim.live:
            continue
        sent, other_sent = (_state(situation, c) is not Sending.NOT_SENT for c in (claim, other))
        if sent and other_sent:
            finding = _finding(
                "two-claims-sent",
                f"{other.reference} and {claim.reference} bill the same visit and both were sent.",
                "Ask the payer to void one of them, then mark it as entered in error.",
            )
            return tuple(kept.values()), _Step(claim.revision, hold=finding, current=other)
        stays, goes = (claim, other) if sent else (other, claim)
        kept[claim.revision] = stays
        writes.append(update_write(goes.reference, goes.version, withdraw(goes)))
    return tuple(kept[revision] for revision in sorted(kept)), _Step(writes=tuple(writes))


def _state(situation: Situation, claim: ClaimOnHost) -> Sending:
    evidence = situation.evidence.get(claim.reference)
    return evidence.state if evidence else Sending.NOT_SENT


def _claim_step(situation: Situation, terms: Terms) -> _Step:
    current = situation.claims[-1] if situation.claims else None
    if situation.decision.outcome is not Outcome.CLAIM:
        return _no_longer_billable(situation, current)
    revision = current.revision if current else 0
    wanted = _build(situation, terms, revision)
    if isinstance(wanted, Finding):
        return _Step(revision, hold=wanted, current=current)
    digest = digest_of(wanted)
    if current is None:
        return _create(situation, wanted, revision, terms)
    if current.live and current.digest == digest:
        return _as_decided(situation, current, terms)
    if current.status == "entered-in-error" or (current.status == "cancelled" and not current.cancelled_by_us):
        return _Step(revision, hold=_cancelled_by_person(current), current=current)
    return _correct(situation, current, wanted, terms)


def _as_decided(situation: Situation, current: ClaimOnHost, terms: Terms) -> _Step:
    """The Claim stands as it should; what an earlier run could not finish around it is finished."""
    writes, draft = _own_provenance(situation, current, terms), current.status == "draft"
    if draft and situation.approved:
        approved = {**with_cents(current.resource), "status": "active"}
        writes, draft = (*writes, update_write(current.reference, current.version, approved)), False
    return _Step(current.revision, writes, digest=current.digest, current=current, draft=draft)


def _own_provenance(situation: Situation, current: ClaimOnHost, terms: Terms) -> tuple[Write, ...]:
    """The Provenance that was not written before a run ended, or that names a Claim that was withdrawn."""
    if situation.provenances is None:
        return ()
    there = situation.provenance
    if there is None:
        return (_new_provenance(situation, current.revision, current.reference, terms, "CREATE"),)
    return () if there.claim == current.reference else (_update_provenance(situation, there, current, terms, "CREATE"),)


def _update_provenance(
    situation: Situation, there: ProvenanceOnHost, current: ClaimOnHost, terms: Terms, change: str
) -> Write:
    made = build_provenance(situation.visit, situation.decision, current.revision, current.reference, terms.now, change)
    return update_write(there.reference, there.version, {**made, "id": there.reference.rpartition("/")[2]})


def _build(situation: Situation, terms: Terms, revision: int, **correction: str | None) -> Resource | Finding:
    """The wanted Claim, or the finding that says why there can be none."""
    claim_terms = ClaimTerms(
        created=terms.now,
        draft=terms.draft,
        revision=revision,
        billing_npi=terms.billing_npi,
        solo=terms.solo,
        **correction,
    )
    try:
        claim = build_claim(situation.visit, situation.decision, claim_terms)
    except ClaimInvalid as error:
        return _finding("claim-invalid", error.what, error.fix or "Report this to the maintainers.")
    faults = terms.check(claim)
    if faults:
        said = "; ".join(faults[:3])
        return _finding("claim-invalid", f"The claim as built is not valid: {said}.", "Report this to the maintainers.")
    return claim


def _create(situation: Situation, wanted: Resource, revision: int, terms: Terms) -> _Step:
    visit = situation.visit
    key = claim_key(visit.host, visit.encounter, revision)
    url = full_url("Claim", key)
    writes = (
        Write(Operation.CREATE, "Claim", to_bytes(wanted), url, match=f"identifier={names.SID_CLAIM_KEY}|{key}"),
        _new_provenance(situation, revision, url, terms, "CREATE"),
    )
    change = Change.REVISED if revision else Change.CREATED
    return _Step(revision, writes, change, digest=digest_of(wanted), draft=terms.draft)


def _new_provenance(situation: Situation, revision: int, target: str, terms: Terms, change: str) -> Write:
    key = claim_key(situation.visit.host, situation.visit.encounter, revision)
    body = build_provenance(situation.visit, situation.decision, revision, target, terms.now, change)
    match = f"_tag={names.SID_CLAIM_KEY}|{key}"
    return Write(Operation.CREATE, "Provenance", to_bytes(body), full_url("Provenance", key), match=match)


def _correct(situation: Situation, current: ClaimOnHost, wanted: Resource, terms: Terms) -> _Step:
    """The claim changed after it was written: what that means depends on what became of it (DESIGN 17)."""
    state = _state(situation, current)
    if state is Sending.NOT_SENT:
        return _update_claim(situation, current, wanted, terms)
    if state is Sending.SENT:
        return _Step(current.revision, hold=_sent_and_changed(situation, current), current=current)
    correction: dict[str, str | None] = {}
    if state is Sending.ADJUDICATED:
        number = situation.evidence[current.reference].payer_claim_number
        if number is None:
            return _Step(current.revision, hold=_no_payer_number(current), current=current)
        correction = {"frequency": "7", "prior": current.reference, "payer_claim_number": number}
    revised = _build(situation, terms, current.revision + 1, **correction)
    if isinstance(revised, Finding):
        return _Step(current.revision, hold=revised, current=current)
    return _create(situation, revised, current.revision + 1, terms)


def _update_claim(situation: Situation, current: ClaimOnHost, wanted: Resource, terms: Terms) -> _Step:
    """Not sent: the Claim is replaced where it stands; an approved one stays approved only if drafts are not asked."""
    wanted = {**wanted, "id": current.reference.rpartition("/")[2]}
    revision = current.revision
    writes = [update_write(current.reference, current.version, wanted)]
    if situation.provenance:
        writes.append(_update_provenance(situation, situation.provenance, current, terms, "UPDATE"))
    else:
        writes.append(_new_provenance(situation, revision, current.reference, terms, "UPDATE"))
    return _Step(revision, tuple(writes), Change.UPDATED, digest=digest_of(wanted), current=current, draft=terms.draft)


def _no_longer_billable(situation: Situation, current: ClaimOnHost | None) -> _Step:
    if current is None or not current.live:
        return _Step(current.revision if current else 0, current=current)
    if _state(situation, current) in (Sending.NOT_SENT, Sending.REJECTED):
        write = update_write(current.reference, current.version, cancel(current))
        return _Step(current.revision, (write,), Change.CANCELLED, current=current)
    return _Step(current.revision, hold=_sent_and_changed(situation, current), current=current)


# --- findings of the writing itself ---------------------------------------------------------------------------------

_SOURCE = "massage-billing, plugin/docs/claim-states.md"


def _finding(row: str, message: str, fix: str) -> Finding:
    return Finding("claim-state", row, Result.FAIL, Effect.HOLD, message, fix, Who.BILLER, _SOURCE)


def _held(decision: Decision, finding: Finding) -> Decision:
    return replace(decision, outcome=Outcome.HOLD, findings=(*decision.findings, finding))


def _cancelled_by_person(current: ClaimOnHost) -> Finding:
    return _finding(
        "cancelled-by-person",
        f"{current.reference} of this visit is {current.status}; this program did not do that.",
        "Decide the visit: bill it by hand, or write it off with a reason.",
    )


def _sent_and_changed(situation: Situation, current: ClaimOnHost) -> Finding:
    evidence = situation.evidence.get(current.reference)
    source = evidence.source if evidence else ""
    return _finding(
        "sent-and-changed",
        f"The record changed after {current.reference} was sent ({source}).",
        "Wait for the payer's answer, then correct or void the claim.",
    )


def _no_payer_number(current: ClaimOnHost) -> Finding:
    return _finding(
        "no-payer-claim-number",
        f"{current.reference} was adjudicated; its replacement needs the payer's claim number, which no answer gives.",
        "Enter the payer's claim number from the remittance.",
    )


# --- what is remembered ---------------------------------------------------------------------------------------------


def _row(situation: Situation, decision: Decision, step: _Step, terms: Terms) -> VisitRow:
    visit, row, there = situation.visit, situation.row, situation.provenance
    states = {Outcome.CLAIM: VisitState.CLAIMED, Outcome.HOLD: VisitState.HELD}
    total = decision.total
    return VisitRow(
        host=visit.host,
        encounter=visit.encounter,
        patient=visit.patient,
        date=decision.date,
        state=states.get(decision.outcome, VisitState.DONE),
        outcome=decision.outcome.value,
        payer=decision.payer,
        revision=step.revision,
        claim_key=claim_key(visit.host, visit.encounter, step.revision),
        digest=step.digest,
        claim=step.current.reference if step.current else None,
        claim_version=step.current.version if step.current else None,
        provenance=there.reference if there else (row.provenance if row else None),
        provenance_version=there.version if there else None,
        task=situation.task.reference if situation.task else None,
        task_version=situation.task.version if situation.task else None,
        units=sum(line.units for line in decision.lines),
        amount=None if total is None else str(total),
        holds=tuple((finding.rule, finding.message) for finding in decision.holds),
        warnings=sum(1 for finding in decision.findings if finding.effect is Effect.WARN),
        filing_limit=decision.filing_limit,
        rulebook=terms.rulebook,
        clinic=terms.clinic,
        draft=step.draft and decision.outcome is Outcome.CLAIM,
    )


def audit_line(plan: Plan) -> str:
    """What was decided and why, by ids: for the audit trail."""
    why = ",".join(rule for rule, _ in plan.row.holds) or plan.row.payer or "-"
    return f"{plan.row.outcome} ({why}); claim {plan.change.value}; rulebook {plan.row.rulebook[:12]}"
