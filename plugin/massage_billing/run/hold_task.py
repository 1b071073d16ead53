"""What is written of a hold's Task, by what stands on the host (DESIGN 19): one Task a visit, whatever befalls it."""

from __future__ import annotations

from massage_billing.fhir.keys import claim_key
from massage_billing.fhir.task import HOLD, build_task
from massage_billing.fhir.tasks import TaskOnHost
from massage_billing.model import Decision, Outcome, Visit
from massage_billing.run.task_step import TaskStep, plan_wanted


def plan_task(
    visit: Visit, decision: Decision, task: TaskOnHost | None, strays: tuple[TaskOnHost, ...], now: str
) -> TaskStep:
    """What to write of a visit's Task; ``strays``, further open Tasks of its key, are entered in error."""
    wanted = build_task(visit, decision, 0, now) if decision.outcome is Outcome.HOLD else None
    return plan_wanted(HOLD, claim_key(visit.host, visit.encounter, 0), wanted, task, strays, now)
