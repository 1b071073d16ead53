"""What is written of a hold's Task, by what stands on the host (DESIGN 19): one Task a visit, whatever befalls it."""

from __future__ import annotations

from dataclasses import dataclass

from massage_billing.fhir import names
from massage_billing.fhir.keys import claim_key, full_url
from massage_billing.fhir.serial import Resource, to_bytes
from massage_billing.fhir.task import TaskOnHost, build_task, digest_of, reopen_task, settle_task, withdraw_task
from massage_billing.model import Decision, Outcome, Visit
from massage_billing.ports import Operation, Write
from massage_billing.run.writes import update_write

OPEN_TASK = frozenset({"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"})
"""Task statuses in which a person still has something to do."""


@dataclass(frozen=True, slots=True)
class TaskStep:
    """What the Task side of a plan comes to."""

    writes: tuple[Write, ...] = ()
    """What is written."""
    opened: bool = False
    """A Task is created or opened again."""
    closed: bool = False
    """A Task is completed."""


def plan_task(
    visit: Visit, decision: Decision, task: TaskOnHost | None, strays: tuple[TaskOnHost, ...], now: str
) -> TaskStep:
    """What to write of a visit's Task; ``strays``, further open Tasks of its key, are entered in error."""
    withdrawn = tuple(update_write(one.reference, one.version, withdraw_task(one, now)) for one in strays)
    if decision.outcome is not Outcome.HOLD:
        if task is None or task.status not in OPEN_TASK:
            return TaskStep(withdrawn)
        return TaskStep((update_write(task.reference, task.version, settle_task(task, now)), *withdrawn), closed=True)
    wanted = build_task(visit, decision, 0, now)
    step = _created(visit, wanted) if task is None else _held(task, wanted, now)
    return TaskStep((*step.writes, *withdrawn), step.opened)


def _created(visit: Visit, wanted: Resource) -> TaskStep:
    key = claim_key(visit.host, visit.encounter, 0)
    match = f"identifier={names.SID_CLAIM_KEY}|{key}"
    return TaskStep((Write(Operation.CREATE, "Task", to_bytes(wanted), full_url("Task", key), match=match),), True)


def _held(task: TaskOnHost, wanted: Resource, now: str) -> TaskStep:
    """The visit is held and has a Task: nothing where it says so already, else it says so again."""
    same = task.digest == digest_of(wanted)
    if task.status in OPEN_TASK:
        if same:
            return TaskStep()
        body = reopen_task(task, wanted, now, by_person=False)
        return TaskStep((update_write(task.reference, task.version, body),))
    by_person = not task.closed_by_us
    if by_person and task.reopened and same:
        return TaskStep()
    body = reopen_task(task, wanted, now, by_person=by_person)
    return TaskStep((update_write(task.reference, task.version, body),), True)
