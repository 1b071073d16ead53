"""A hold becomes one Task on the host: what is wrong, what to do, who does it, until when (DESIGN 19).

A person who cancels it with a reason writes the visit off. What all our Tasks have in common is in ``fhir.tasks``.
"""

from __future__ import annotations

from massage_billing.fhir import names, tasks
from massage_billing.fhir.keys import claim_key
from massage_billing.fhir.serial import Resource
from massage_billing.fhir.tasks import Kind, Point
from massage_billing.model import Decision, Finding, Visit, Who

HOLD = Kind(names.PROFILE_HOLD_TASK, names.SID_CLAIM_KEY, names.TASK_HOLD, names.CS_RULE)
"""Tasks of visits that are held."""


def build_task(visit: Visit, decision: Decision, revision: int, now: str) -> Resource:
    """The Task of a held visit; ``now`` (FHIR dateTime) stays outside the digest."""
    points = [_point(finding) for finding in decision.holds]
    return tasks.build(
        HOLD,
        key=claim_key(visit.host, visit.encounter, revision),
        description=f"This visit cannot be billed yet: {tasks.things(len(points))} to settle.",
        focus=f"Encounter/{visit.encounter}",
        patient=visit.patient,
        points=points,
        last_day=decision.filing_limit,
        now=now,
    )


def _point(finding: Finding) -> Point:
    return Point(finding.rule, f"{finding.message} {finding.fix}".strip(), finding.who or Who.BILLER)
