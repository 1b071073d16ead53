"""What the huddle found becomes one Task an appointment on the host, for whoever must act before the visit.

It says what is found and what to do, one input a reason; reasons that are only told (READY) are not in it. A person who
cancels it with a reason accepts things as they are. What all our Tasks have in common is in ``fhir.tasks``.
"""

from __future__ import annotations

from datetime import date as Date

from massage_billing.fhir import names, tasks
from massage_billing.fhir.keys import appointment_key
from massage_billing.fhir.serial import Resource
from massage_billing.fhir.tasks import Kind, Point
from massage_billing.model import Readiness, Reason, Verdict, Who

BEFORE_VISIT = Kind(
    names.PROFILE_BEFORE_VISIT_TASK, names.SID_APPOINTMENT_KEY, names.TASK_BEFORE_VISIT, names.CS_AHEAD_REASON
)
"""Tasks of appointments with something to settle first."""


def to_settle(verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons somebody has to do something about (ACT, BLOCKED, UNKNOWN), in the verdict's order: worst first."""
    return tuple(reason for reason in verdict.reasons if reason.readiness is not Readiness.READY)


def build_appointment_task(host: str, verdict: Verdict, now: str) -> Resource:
    """The Task of an appointment that has something ``to_settle``; ``now`` (FHIR dateTime) stays outside the digest."""
    points = [_point(reason) for reason in to_settle(verdict)]
    return tasks.build(
        BEFORE_VISIT,
        key=appointment_key(host, verdict.appointment),
        description=f"Before this visit: {tasks.things(len(points))} to settle.",
        focus=f"Appointment/{verdict.appointment}",
        patient=verdict.patient,
        points=points,
        last_day=_last_day(verdict),
        now=now,
    )


def _point(reason: Reason) -> Point:
    """Who answers the telephone acts where the reason names nobody: it is the front desk that can ask."""
    return Point(reason.id, f"{reason.message} {reason.fix}".strip(), reason.who or Who.FRONT_DESK)


def _last_day(verdict: Verdict) -> Date | None:
    """The day of the appointment, or the earliest day before it on which something falls due."""
    due = [reason.due for reason in to_settle(verdict) if reason.due]
    return min([*due, verdict.date] if verdict.date else due, default=None)
