"""What is written of an appointment's Task, by what stands on the host: one Task, closed when all is settled."""

from __future__ import annotations

from massage_billing.fhir.appointment_task import BEFORE_VISIT, build_appointment_task, to_settle
from massage_billing.fhir.keys import appointment_key
from massage_billing.fhir.tasks import TaskOnHost
from massage_billing.model import Verdict
from massage_billing.run.task_step import TaskStep, plan_wanted


def plan_appointment_task(
    host: str, verdict: Verdict, task: TaskOnHost | None, strays: tuple[TaskOnHost, ...], now: str
) -> TaskStep:
    """What to write of an appointment's Task; ``strays``, further open Tasks of its key, are entered in error.

    A Task that a person cancelled with a reason stays as it is: they accept things as they are.
    """
    accepted = task is not None and task.written_off
    wanted = build_appointment_task(host, verdict, now) if to_settle(verdict) and not accepted else None
    return plan_wanted(BEFORE_VISIT, appointment_key(host, verdict.appointment), wanted, task, strays, now)
