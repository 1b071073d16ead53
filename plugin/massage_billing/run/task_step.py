"""What is written of a Task of ours, by what stands on the host (DESIGN 19): one Task a key, whatever befalls it."""

from __future__ import annotations

from dataclasses import dataclass

from massage_billing.fhir.keys import full_url
from massage_billing.fhir.serial import Resource, to_bytes
from massage_billing.fhir.tasks import Kind, TaskOnHost, digest_of, reopen_task, settle_task, withdraw_task
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


def plan_wanted(
    kind: Kind, key: str, wanted: Resource | None, task: TaskOnHost | None, strays: tuple[TaskOnHost, ...], now: str
) -> TaskStep:
    """What to write so that the Task of this key says ``wanted``, or nothing any more where that is None.

    ``strays``, further open Tasks of the key, are entered in error.
    """
    withdrawn = tuple(update_write(one.reference, one.version, withdraw_task(one, now)) for one in strays)
    if wanted is None:
        if task is None or task.status not in OPEN_TASK:
            return TaskStep(withdrawn)
        return TaskStep((update_write(task.reference, task.version, settle_task(task, now)), *withdrawn), closed=True)
    step = _created(kind, key, wanted) if task is None else _said_again(task, wanted, now)
    return TaskStep((*step.writes, *withdrawn), step.opened)


def _created(kind: Kind, key: str, wanted: Resource) -> TaskStep:
    match = f"identifier={kind.identifier_system}|{key}"
    return TaskStep((Write(Operation.CREATE, "Task", to_bytes(wanted), full_url("Task", key), match=match),), True)


def _said_again(task: TaskOnHost, wanted: Resource, now: str) -> TaskStep:
    """Nothing where the Task says so already, else it says so again."""
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
