"""What is known of a coming visit becomes one Task an appointment, for the screens of an EHR that asks for it.

It says all that the huddle says, of ready appointments too, in ``Task.output``; it asks nobody to do anything (that is
``fhir.appointment_task``), so it is completed from the start. The day it was judged on is part of what it says: an EHR
shows no colour of an earlier day as if it were of today.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.fhir import names
from massage_billing.fhir.appointment_task import to_settle
from massage_billing.fhir.keys import outlook_key
from massage_billing.fhir.serial import Resource, decision_digest
from massage_billing.fhir.tasks import things
from massage_billing.model import CostRange, Readiness, Reason, Standing, Verdict

CURRENCY: Final = "urn:iso:std:iso:4217"
"""System of the codes of currencies (R4 datatypes, Money and SimpleQuantity)."""


def build_outlook(host: str, verdict: Verdict, judged: Date, now: str) -> Resource:
    """The Task that says what is known of an appointment; ``now`` (FHIR dateTime) stays outside the digest."""
    count = len(to_settle(verdict))
    task: Resource = {
        "resourceType": "Task",
        "meta": {"profile": [names.PROFILE_VISIT_OUTLOOK]},
        "identifier": [{"system": names.SID_OUTLOOK_KEY, "value": outlook_key(host, verdict.appointment)}],
        "status": "completed",
        "intent": "order",
        "code": {"coding": [{"system": names.CS_TASK_CODE, "code": names.TASK_OUTLOOK}]},
        "description": f"Before this visit: {things(count)} to settle." if count else "Nothing to settle first.",
        "focus": {"reference": f"Appointment/{verdict.appointment}"},
        "authoredOn": now,
        "lastModified": now,
        "requester": {"type": "Device", "identifier": {"system": names.SID_DEVICE, "value": names.DEVICE_NAME}},
        "output": list(_outputs(verdict, judged)),
    }
    if verdict.patient:
        task["for"] = {"reference": verdict.patient}
    if verdict.date:
        task["executionPeriod"] = {"start": verdict.date.isoformat()}
    task["extension"] = [{"url": names.EXT_DECISION_DIGEST, "valueString": decision_digest(task)}]
    return task


def _outputs(verdict: Verdict, judged: Date) -> Iterator[Resource]:
    """Everything that is known, in the order in which people ask for it; what is not known is left out."""
    yield _output("readiness", "valueCode", verdict.readiness.value)
    yield _output("judged-on", "valueDate", judged.isoformat())
    for reason in to_settle(verdict):
        yield _output("to-settle", "valueCodeableConcept", _concept(reason))
    for reason in verdict.reasons:
        if reason.readiness is Readiness.READY:
            yield _output("told", "valueCodeableConcept", _concept(reason))
    yield from _coverage(verdict)
    yield from _visits_left(verdict)
    yield from _authorization(verdict)
    for clock in verdict.clocks:
        yield _output("clock", "valueDate", clock.on.isoformat(), clock.what)
    if (cost := _cost(verdict.cost)) is not None:
        yield _output("cost", "valueRange", cost)


def _coverage(verdict: Verdict) -> Iterator[Resource]:
    """Who pays, and whether the payer says that the coverage is in force."""
    if verdict.patient_pays:
        yield _output("patient-pays", "valueBoolean", True)
    if verdict.payer:
        yield _output("payer", "valueString", verdict.payer)
    if verdict.coverage:
        yield _output("coverage", "valueReference", {"reference": verdict.coverage})
    if verdict.standing is not Standing.NO_DATA:
        yield _output("standing", "valueCode", verdict.standing.value)
    if verdict.answered_on:
        yield _output("answered-on", "valueDate", verdict.answered_on.isoformat())


def _visits_left(verdict: Verdict) -> Iterator[Resource]:
    """How many visits are left, and what binds."""
    left = verdict.visits_left
    if left is None or left.visits is None or left.binding is None:
        return
    yield _output("visits-left", "valueUnsignedInt", max(left.visits, 0))
    yield _output("binds", "valueString", left.binding.of)
    if left.binding.told:
        yield _output("visits-left-told", "valueString", left.binding.told)


def _authorization(verdict: Verdict) -> Iterator[Resource]:
    """The authorization on file that serves on the day."""
    paper = verdict.authorization
    if paper is None:
        return
    if paper.number:
        yield _output("authorization", "valueString", paper.number)
    if paper.end:
        yield _output("authorization-ends", "valueDate", paper.end.isoformat())
    limits = verdict.visits_left.limits if verdict.visits_left is not None else ()
    left = next((limit.visits for limit in limits if limit.of == "authorization"), None)
    if left is not None:
        yield _output("authorization-left", "valueUnsignedInt", max(left, 0))


def _cost(cost: CostRange | None) -> Resource | None:
    """What the patient is expected to pay; None where not even the least of it is known."""
    if cost is None or cost.least is None:
        return None
    ends = {"low": cost.least} if cost.most is None else {"low": cost.least, "high": cost.most}
    return {name: _dollars(value) for name, value in ends.items()}


def _dollars(value: Decimal) -> Resource:
    return {"value": value.quantize(Decimal("0.01")), "system": CURRENCY, "code": "USD"}


def _concept(reason: Reason) -> Resource:
    found: Resource = {"coding": [{"system": names.CS_AHEAD_REASON, "code": reason.id}]}
    if said := f"{reason.message} {reason.fix}".strip():
        found["text"] = said
    return found


def _output(code: str, element: str, value: object, of: str = "") -> Resource:
    kind: Resource = {"coding": [{"system": names.CS_OUTLOOK, "code": code}]}
    return {"type": {**kind, "text": of} if of else kind, element: value}
