"""One outlook an appointment on a host whose screens ask for it: what is known of the visit, said anew every day.

A host asks by naming the profile in its CapabilityStatement (OpenEMR's module does). What already stands there is
looked up by its key, so that the same again writes nothing; what is over is left as it was last known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date

from massage_billing.fhir import names
from massage_billing.fhir.json import identifiers
from massage_billing.fhir.keys import full_url, outlook_key
from massage_billing.fhir.outlook import build_outlook
from massage_billing.fhir.serial import Resource, to_bytes
from massage_billing.fhir.tasks import TaskOnHost, digest_of, read_task, withdraw_task
from massage_billing.model import Verdict
from massage_billing.ports import Operation, Write, WriteGroup
from massage_billing.run.writes import update_write
from massage_billing.sweep.report import Tally
from massage_billing.sweep.setup import SweepSetup
from massage_billing.sweep.tasks import BATCH

_STANDS = "completed"


def wants_outlooks(setup: SweepSetup) -> bool:
    """Whether this host asks for outlooks, and may be told."""
    can = setup.host.capabilities()
    return setup.writes and "Task" in can.writable and names.PROFILE_VISIT_OUTLOOK in can.profiles


def keep_outlooks(setup: SweepSetup, verdicts: Sequence[Verdict], today: Date, tally: Tally) -> None:
    """Write what these verdicts say, of appointments from today on, where it is not on the host already."""
    if not wants_outlooks(setup):
        return
    coming = [verdict for verdict in verdicts if verdict.date is not None and verdict.date >= today]
    for place in range(0, len(coming), BATCH):
        _keep(setup, coming[place : place + BATCH], today, tally)
        setup.progress.advance("outlooks", min(place + BATCH, len(coming)), len(coming))


def _keep(setup: SweepSetup, verdicts: Sequence[Verdict], today: Date, tally: Tally) -> None:
    host = setup.host
    now = host.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    keys = {outlook_key(host.id, verdict.appointment): verdict for verdict in verdicts}
    standing = _standing(setup, keys)
    groups = []
    for key, verdict in keys.items():
        writes = _writes(key, build_outlook(host.id, verdict, today, now), standing.get(key, []), now)
        if writes:
            groups.append(WriteGroup(f"{key}:outlook", "", writes))
    of = {f"{key}:outlook": verdict.appointment for key, verdict in keys.items()}
    for result in host.write(groups):
        if result.problem is not None:
            tally.problem(f"Appointment/{of[result.key]}: its outlook was not written. {result.problem.what}")
        else:
            tally.counts["outlooks"] += 1


def _writes(key: str, wanted: Resource, tasks: Sequence[TaskOnHost], now: str) -> tuple[Write, ...]:
    """What is written so that one Task of the key says what is wanted; further ones are entered in error."""
    if not tasks:
        match = f"identifier={names.SID_OUTLOOK_KEY}|{key}"
        return (Write(Operation.CREATE, "Task", to_bytes(wanted), full_url("Task", key), match=match),)
    first, *others = tasks
    strays = tuple(
        update_write(one.reference, one.version, withdraw_task(one, now)) for one in others if one.status == _STANDS
    )
    if first.status == _STANDS and first.digest == digest_of(wanted):
        return strays
    body = {**wanted, "id": first.reference.partition("/")[2]}
    if authored := first.resource.get("authoredOn"):
        body["authoredOn"] = authored
    return (update_write(first.reference, first.version, body), *strays)


def _standing(setup: SweepSetup, keys: Iterable[str]) -> Mapping[str, list[TaskOnHost]]:
    """Outlooks on the host by key; the one that counts first."""
    wanted = set(keys)
    found: dict[str, list[TaskOnHost]] = {}
    for resource in setup.host.find("Task", sorted(wanted)):
        for system, value in identifiers(resource):
            if system == names.SID_OUTLOOK_KEY and value in wanted:
                found.setdefault(value, []).append(read_task(resource))
    for tasks in found.values():
        tasks.sort(key=lambda one: (one.status == "entered-in-error", one.reference))
    return found
