"""One Task an appointment on the host, for whoever must act before the visit; closed when all is settled or it is over.

What already stands on the host is looked up by its key, so that the same again writes nothing. The store only remembers
which Tasks are open, to close those whose appointment was cancelled, moved or has passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.json import identifiers
from massage_billing.fhir.keys import appointment_key
from massage_billing.fhir.tasks import TaskOnHost, digest_of, read_task
from massage_billing.model import Readiness, Verdict
from massage_billing.ports import AheadTask, WriteGroup, WriteResult
from massage_billing.run.ahead_task import plan_appointment_task
from massage_billing.run.task_step import OPEN_TASK, TaskStep
from massage_billing.sweep.report import Tally
from massage_billing.sweep.setup import SweepSetup

BATCH: Final = 200
"""Appointments looked up and written together."""


def takes_tasks(setup: SweepSetup) -> bool:
    """Whether Tasks are written to this host at all."""
    return setup.writes and "Task" in setup.host.capabilities().writable


def keep_tasks(
    setup: SweepSetup, verdicts: Sequence[Verdict], days: tuple[Date, Date], today: Date, tally: Tally
) -> None:
    """Open, change and close Tasks so that they say what these verdicts of some days, both included, say.

    Those of earlier days are closed; those of days that were not looked at are left alone.
    """
    if not takes_tasks(setup):
        return
    verdicts = [one for one in verdicts if one.date is None or one.date >= today]
    (first, last), judged = days, {verdict.appointment for verdict in verdicts}
    over = [
        Verdict(one.appointment, None, one.date, Readiness.READY)
        for one in setup.asking.tasks(setup.host.id)
        if one.appointment not in judged and (one.date < today or first <= one.date <= last)
    ]
    every = [*verdicts, *over]
    for place in range(0, len(every), BATCH):
        _keep(setup, every[place : place + BATCH], tally)
        setup.progress.advance("Tasks", min(place + BATCH, len(every)), len(every))


def _keep(setup: SweepSetup, verdicts: Sequence[Verdict], tally: Tally) -> None:
    host = setup.host
    now = host.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    keys = {verdict.appointment: appointment_key(host.id, verdict.appointment) for verdict in verdicts}
    standing = _standing(setup, keys.values())
    groups, steps = [], {}
    remembered: list[AheadTask] = []
    for verdict in verdicts:
        key = keys[verdict.appointment]
        tasks = standing.get(key, [])
        task = tasks[0] if tasks else None
        strays = tuple(one for one in tasks[1:] if one.status in OPEN_TASK)
        step = plan_appointment_task(host.id, verdict, task, strays, now)
        if step.writes:
            group = WriteGroup(f"{key}:task", "", step.writes)
            groups.append(group)
            steps[group.key] = (verdict, key, task, step)
        else:
            remembered.append(_remembered(verdict, key, task))
    for result in host.write(groups):
        remembered += _done(*steps[result.key], result, tally)
    setup.asking.save_tasks(host.id, remembered)


def _done(
    verdict: Verdict, key: str, task: TaskOnHost | None, step: TaskStep, result: WriteResult, tally: Tally
) -> Iterable[AheadTask]:
    if result.problem is not None:
        tally.problem(f"Appointment/{verdict.appointment}: its Task was not written. {result.problem.what}")
        return ()
    tally.counts["closed"] += step.closed
    tally.counts["opened"] += not step.closed
    written = result.written[0]
    digest = "" if step.closed else "open"
    return (
        AheadTask(
            verdict.appointment,
            key,
            verdict.date or Date.max,
            written.reference,
            written.version,
            digest,
            verdict.patient,
        ),
    )


def _remembered(verdict: Verdict, key: str, task: TaskOnHost | None) -> AheadTask:
    """What stands, where nothing has to be written."""
    standing = task is not None and task.status in OPEN_TASK
    digest = (digest_of(task.resource) or "open") if task is not None and standing else ""
    reference, version = (task.reference, task.version) if task is not None else (None, None)
    return AheadTask(verdict.appointment, key, verdict.date or Date.max, reference, version, digest, verdict.patient)


def _standing(setup: SweepSetup, keys: Iterable[str]) -> Mapping[str, list[TaskOnHost]]:
    """Our Tasks on the host by key; the one that counts first."""
    wanted = set(keys)
    found: dict[str, list[TaskOnHost]] = {}
    for resource in setup.host.find("Task", sorted(wanted)):
        for system, value in identifiers(resource):
            if system == names.SID_APPOINTMENT_KEY and value in wanted:
                found.setdefault(value, []).append(read_task(resource))
    for tasks in found.values():
        tasks.sort(key=lambda one: (one.status == "entered-in-error", one.reference))
    return found
