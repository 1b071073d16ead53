"""From a decision and what stands on the host to what is written: pure, the heart of "writing twice is impossible".

One visit in, one plan out: at most one group of writes, the row the store keeps, and the decision as it became (a claim
that cannot be written becomes a hold that says why). The Claim's side is claim_step.py, the Task's hold_task.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from massage_billing.fhir.keys import claim_key, visit_key
from massage_billing.model import Decision, Effect, Finding, Outcome, Visit
from massage_billing.ports import Entry, VisitRow, VisitState, WriteGroup
from massage_billing.run.claim_step import Change, ClaimStep, plan_claim
from massage_billing.run.hold_task import plan_task
from massage_billing.run.situation import Situation, Terms

__all__ = ["Change", "Plan", "Situation", "Terms", "audit_line", "plan", "treating"]

_UNDONE = ("entered-in-error", "not-done")
"""Statuses of a Procedure (FHIR R4 event-status) that nobody performed."""
THERAPISTS = 12
"""How many therapists of a visit are remembered: more than any visit has, and few enough for an index of the store."""


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
    visit = situation.visit
    step = plan_claim(situation, terms)
    decision = _held(situation.decision, step.hold) if step.hold else situation.decision
    tasks = plan_task(visit, decision, situation.task, situation.stray_tasks, terms.now)
    writes = (*step.writes, *tasks.writes)
    group = WriteGroup(visit_key(visit.host, visit.encounter), visit.encounter, writes) if writes else None
    row = _row(situation, decision, step, terms)
    return Plan(decision, row, group, step.change, tasks.opened, tasks.closed)


def _held(decision: Decision, finding: Finding) -> Decision:
    return replace(decision, outcome=Outcome.HOLD, findings=(*decision.findings, finding))


# --- what is remembered ---------------------------------------------------------------------------------------------


def _row(situation: Situation, decision: Decision, step: ClaimStep, terms: Terms) -> VisitRow:
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
        therapists=treating(visit),
    )


def treating(visit: Visit) -> tuple[str, ...]:
    """References of those who treated in the visit itself, sorted: its own services that were not undone, whatever
    else their status, and none of another visit of the day. At most THERAPISTS of them."""
    own = (one for one in visit.services if one.encounter is None and one.status not in _UNDONE)
    return tuple(sorted({one.therapist.id for one in own if one.therapist is not None})[:THERAPISTS])


def audit_line(plan: Plan) -> str:
    """What was decided and why, by ids: for the audit trail."""
    why = ",".join(rule for rule, _ in plan.row.holds) or plan.row.payer or "-"
    return f"{plan.row.outcome} ({why}); claim {plan.change.value}; rulebook {plan.row.rulebook[:12]}"
