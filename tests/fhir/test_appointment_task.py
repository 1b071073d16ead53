"""The Task of an appointment: what it asks of whom until when, and its life on the host."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

from fhir.resources.R4B.task import Task

from massage_billing.fhir import names
from massage_billing.fhir.appointment_task import build_appointment_task
from massage_billing.fhir.keys import appointment_key
from massage_billing.fhir.schemas import Validator
from massage_billing.fhir.serial import to_bytes
from massage_billing.fhir.tasks import REOPENED_NOTE, TaskOnHost, digest_of, read_task
from massage_billing.model import Readiness, Reason, Verdict, Who
from massage_billing.ports import Operation
from massage_billing.profiles import load_schema
from massage_billing.run.ahead_task import plan_appointment_task
from massage_billing.run.task_step import TaskStep

NOW, NEXT = "2026-11-30T16:00:00Z", "2026-12-01T16:00:00Z"
KEY = appointment_key("clinic", "4")
ENDED = Reason(
    "coverage-ended",
    Readiness.BLOCKED,
    "Coverage/5 ended on 2026-11-22.",
    "Ask for the current card.",
    Who.FRONT_DESK,
    due=date(2026, 12, 3),
)
REFERRAL = Reason("referral-needed", Readiness.ACT, "No referral is on file.", "Ask for it.", Who.THERAPIST)
COPAY = Reason("copay", Readiness.READY, "Copay 25.00 a visit.")
VERDICT = Verdict("4", "Patient/3", date(2026, 12, 1), Readiness.BLOCKED, (ENDED, REFERRAL, COPAY))
SETTLED = replace(VERDICT, readiness=Readiness.READY, reasons=(COPAY,))


def built(verdict: Verdict = VERDICT, now: str = NOW) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(to_bytes(build_appointment_task("clinic", verdict, now)))
    return content


def on_host(**changes: Any) -> TaskOnHost:
    return read_task({**built(), "id": "14", "meta": {"versionId": "2"}, **changes})


def plan(verdict: Verdict, task: TaskOnHost | None = None, *strays: TaskOnHost) -> TaskStep:
    return plan_appointment_task("clinic", verdict, task, strays, NEXT)


def body(step: TaskStep) -> dict[str, Any]:
    (write,) = step.writes
    content: dict[str, Any] = json.loads(write.body)
    return content


def test_the_task_says_what_to_settle_for_whom_and_leaves_out_what_is_only_told() -> None:
    task = built()
    Task.model_validate(task)
    assert Validator(load_schema("BeforeVisitTask")).check(task) == ()
    assert task["identifier"] == [{"system": names.SID_APPOINTMENT_KEY, "value": KEY}]
    assert (task["focus"], task["for"]) == ({"reference": "Appointment/4"}, {"reference": "Patient/3"})
    assert task["code"]["coding"][0]["code"] == names.TASK_BEFORE_VISIT
    assert [code["code"] for code in task["reasonCode"]["coding"]] == ["coverage-ended", "referral-needed"]
    assert [given["valueString"] for given in task["input"]] == [
        "Coverage/5 ended on 2026-11-22. Ask for the current card.",
        "No referral is on file. Ask for it.",
    ]
    assert [role["coding"][0]["code"] for role in task["performerType"]] == ["front desk", "therapist"]
    assert task["owner"]["identifier"]["value"] == "front desk"
    assert task["description"] == "Before this visit: 2 things to settle."


def test_it_is_due_on_the_day_of_the_visit_or_before_it_where_something_falls_due_earlier() -> None:
    def end(verdict: Verdict) -> str | None:
        restriction = built(verdict).get("restriction")
        return restriction["period"]["end"] if restriction else None

    early = replace(REFERRAL, due=date(2026, 11, 30))
    told = replace(COPAY, due=date(2026, 11, 1))
    assert end(VERDICT) == "2026-12-01"
    assert end(replace(VERDICT, reasons=(ENDED, early, told))) == "2026-11-30"
    assert end(replace(VERDICT, date=None, reasons=(ENDED,))) == "2026-12-03"
    assert end(replace(VERDICT, date=None, reasons=(REFERRAL,))) is None


def test_a_reason_that_names_nobody_is_the_front_desks() -> None:
    assert built(replace(VERDICT, reasons=(replace(ENDED, who=None),)))["owner"]["identifier"]["value"] == "front desk"


def test_an_appointment_that_is_ready_gets_no_task() -> None:
    assert plan(SETTLED) == TaskStep()


def test_a_task_is_created_once_under_the_key_of_its_appointment() -> None:
    step = plan(VERDICT)
    (write,) = step.writes
    assert (write.operation, write.type) == (Operation.CREATE, "Task")
    assert write.match == f"identifier={names.SID_APPOINTMENT_KEY}|{KEY}"
    assert step.opened
    assert plan(VERDICT).writes[0].full_url == write.full_url


def test_the_same_again_writes_nothing_and_something_else_is_said_in_place() -> None:
    assert plan(VERDICT, on_host()) == TaskStep()
    changed = body(plan(replace(VERDICT, reasons=(ENDED,)), on_host(status="in-progress")))
    assert (changed["id"], changed["status"], changed["authoredOn"], len(changed["input"])) == (
        "14",
        "requested",
        NOW,
        1,
    )
    assert "note" not in changed
    assert digest_of(changed) != on_host().digest


def test_what_is_settled_is_completed_by_us_and_told_from_a_persons_completion() -> None:
    step = plan(SETTLED, on_host())
    settled = body(step)
    assert step.closed
    assert settled["status"] == "completed"
    assert read_task(settled).closed_by_us
    assert plan(SETTLED, on_host(status="completed")) == TaskStep()
    assert not on_host(status="completed").closed_by_us


def test_a_task_completed_too_early_is_opened_again_once_with_a_note() -> None:
    opened = body(plan(VERDICT, on_host(status="completed")))
    assert opened["status"] == "requested"
    assert [note["text"] for note in opened["note"]] == [REOPENED_NOTE]
    again = read_task({**opened, "status": "completed", "meta": {"versionId": "4"}})
    assert plan(VERDICT, again) == TaskStep()


def test_a_task_we_settled_is_opened_again_without_a_note() -> None:
    opened = body(plan(VERDICT, on_host(status="completed", businessStatus={"text": "settled"})))
    assert opened["status"] == "requested"
    assert "note" not in opened


def test_a_persons_cancellation_with_a_reason_is_left_alone() -> None:
    accepted = on_host(status="cancelled", statusReason={"text": "The patient pays."})
    assert plan(VERDICT, accepted) == TaskStep()
    assert plan(replace(VERDICT, reasons=(REFERRAL,)), accepted) == TaskStep()
    assert body(plan(VERDICT, on_host(status="cancelled")))["status"] == "requested"


def test_a_second_task_of_the_key_is_entered_in_error() -> None:
    stray = replace(on_host(), reference="Task/15")
    step = plan(VERDICT, on_host(), stray)
    assert [(write.target, json.loads(write.body)["status"]) for write in step.writes] == [
        ("Task/15", "entered-in-error")
    ]
