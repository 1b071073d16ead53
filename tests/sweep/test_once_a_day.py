"""Who is asked about, when and how often: one answered question a patient, coverage, payer and day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import builders
from builders import ref
from massage_billing.errors import PayerUnreachable
from massage_billing.model import Answer, AnswerKind, Asker, PayerAsking, Question, Rejection, Standing
from massage_billing.ports import QuestionState, Replied
from sweep.world import TODAY, TOMORROW, World, plan


def says(standing: Standing = Standing.IN_FORCE, kind: AnswerKind = AnswerKind.ANSWERED, **more: Any) -> Any:
    return lambda question: Answer(kind, question.serviced, standing, trace=question.trace, **more)


def test_however_often_it_runs_one_question_is_asked_a_day() -> None:
    world = World()
    reports = []
    for _ in range(5):
        reports.append(world.run())
        world.pass_time(minutes=30)
    assert world.asked() == ["Coverage/c1"]
    assert [one.asked for one in reports] == [1, 0, 0, 0, 0]
    assert [one.written for one in reports] == [1, 0, 0, 0, 0]
    assert len(world.all("CoverageEligibilityRequest")) == len(world.all("CoverageEligibilityResponse")) == 1
    assert reports[-1].not_asked == {"answered already": 1}


def test_two_appointments_of_one_coverage_are_one_question_about_the_first() -> None:
    world = World()
    world.book("m0", clock="08:00")
    world.book("m2", day=TOMORROW + timedelta(days=1))
    world.run()
    assert [(one.coverage, one.serviced) for one in world.payer.asked] == [("Coverage/c1", TOMORROW)]
    assert world.row().appointment == "m0"
    assert {world.verdict(id, day).readiness for id, day in (("m0", TOMORROW), ("m2", date(2026, 12, 2)))} == {"ready"}


def test_each_coverage_that_could_be_billed_is_asked_about() -> None:
    world = World()
    world.put(builders.coverage("c2", order=2, subscriberId="SYN2", payor=[ref("Organization/o3")]))
    world.payer_of("second", "o3")
    world.run()
    assert {(row.coverage, row.payer, row.state) for row in world.rows()} == {
        ("Coverage/c1", "plan", "answered"),
        ("Coverage/c2", "second", "answered"),
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.change("Coverage/c1", subscriberId="SYN-CORRECTED"),
        lambda world: world.change("Patient/p1", birthDate="1961-03-02"),
    ],
    ids=["member id", "birth date"],
)
def test_a_coverage_that_changed_is_asked_about_again_on_the_same_day(change: Callable[[World], None]) -> None:
    world = World()
    world.payer.says("Coverage/c1", says(kind=AnswerKind.REFUSED, rejections=(Rejection("72", "C"),)))
    world.run()
    assert world.reasons() != []
    change(world)
    world.payer.says("Coverage/c1", says())
    world.pass_time(hours=1)
    report = world.run()
    assert list(report.asked_because) == ["the coverage has changed since it was asked about"]
    assert [row.state for row in world.rows()] == ["answered", "answered"]
    assert world.reasons() == []
    world.pass_time(hours=1)
    assert world.run().asked == 0


def test_what_was_answered_of_a_coverage_before_it_changed_is_no_answer_of_it_now() -> None:
    world = World()
    world.run()
    assert world.reasons() == []
    world.change("Coverage/c1", subscriberId="ANOTHER-ID")
    assert world.reasons() == ["not-asked"]
    assert world.verdict().benefits is None
    world.payer.fails(PayerUnreachable("Channel main: no answer."), times=None)
    world.pass_time(hours=1)
    world.run()
    assert world.reasons() == ["answer-failed"]
    assert world.verdict().visits_left is None or world.verdict().visits_left.visits is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("first", "answered", "why"),
    [
        (says(Standing.NOT_IN_FORCE), 1, "the last answer was no"),
        (says(Standing.NO_DATA), 1, "the last answer did not say"),
        (says(kind=AnswerKind.REFUSED), 1, "the last question was refused"),
        (says(), 0, ""),
    ],
    ids=["no", "unknown", "refused", "yes"],
)
def test_the_next_day_asks_again_what_was_not_answered_with_yes(first: Any, answered: int, why: str) -> None:
    world = World()
    world.book("m1", day=date(2026, 12, 3))
    world.pass_time(days=1)  # all within December
    world.payer.says("Coverage/c1", first)
    world.run()
    world.pass_time(hours=2)
    assert world.run().asked == 0, "the same day"
    world.pass_time(days=1)
    report = world.run()
    assert (report.asked, list(report.asked_because)) == (answered, [why] if why else [])


def test_an_answer_that_is_too_old_is_asked_again() -> None:
    world = World()
    world.book("m1", day=date(2026, 12, 31))
    world.pass_time(days=1)
    world.run(days=31)
    for day in (5, 10, 15, 20, 25):
        world.pass_time(days=5)
        report = world.run(days=31, max_age=timedelta(days=21))
        assert report.asked == (day == 25), day
    assert list(report.asked_because) == ["the last answer is 25 days old"]


def test_a_payers_own_age_outranks_the_clinics() -> None:
    world = World()
    world.payers = (plan(asking={"max_age_days": 2}),)
    world.book("m1", day=date(2026, 12, 20))
    world.pass_time(days=1)
    world.run(days=31)
    world.pass_time(days=2)
    assert world.run(days=31).asked == 0
    world.pass_time(days=1)
    assert world.run(days=31).asked == 1


def test_a_new_month_is_asked_about_in_it() -> None:
    world = World()
    world.book("m0", day=TODAY, clock="17:00")
    world.run()
    assert [one.serviced for one in world.payer.asked] == [TODAY]
    world.pass_time(hours=2)
    assert world.run().asked == 0, "once a day, even of two months"
    world.now = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
    report = world.run()
    assert [one.serviced for one in world.payer.asked] == [TODAY, TOMORROW]
    assert list(report.asked_because) == ["a new month"]


def test_a_new_plan_year_is_asked_about() -> None:
    world = World()
    world.payers = (plan(asking={"plan_year_start": (12, 15)}),)
    world.book("m1", day=date(2026, 12, 14))
    world.now = datetime(2026, 12, 14, 15, 0, tzinfo=UTC)
    world.run()
    world.book("m2", day=date(2026, 12, 16))
    world.pass_time(days=1)
    assert list(world.run().asked_because) == ["a new plan year"]


def test_a_first_visit_is_asked_about_although_the_coverage_was_last_week() -> None:
    world = World(empty=True)
    world.insured()
    world.book("m1", day=date(2026, 12, 3))
    world.pass_time(days=1)
    world.run()
    world.book("m1", day=date(2026, 12, 4))
    world.pass_time(days=1)
    assert list(world.run().asked_because) == ["first visit, and no answer is about its day"]


# --- not asked ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["cancelled", "noshow", "entered-in-error", "fulfilled"])
def test_an_appointment_that_will_not_be_is_not_asked_about(status: str) -> None:
    world = World()
    world.change("Appointment/m1", status=status)
    report = world.run()
    assert (report.appointments, world.payer.asked, world.rows()) == (0, [], [])


@pytest.mark.parametrize(
    ("ask", "said", "reason"),
    [("host", "the host asks this payer", "answer-awaited"), ("nobody", "nobody asks this payer", "payer-not-asked")],
)
def test_a_payer_whom_we_do_not_ask_is_not_asked(ask: str, said: str, reason: str) -> None:
    world = World()
    world.payers = (replace(plan(), asking=PayerAsking(ask)),)
    report = world.run()
    assert (world.payer.asked, world.rows(), report.not_asked) == ([], [], {said: 1})
    assert world.reasons() == [reason]


def test_a_payer_without_an_eligibility_entry_is_not_asked() -> None:
    world = World()
    world.payers = (replace(plan(), asking=None),)
    assert world.run().asked == 0
    assert world.reasons() == ["payer-not-asked"]


@pytest.mark.parametrize("how", ["self-pay coverage", "no coverage"])
def test_where_the_patient_pays_nobody_is_asked(how: str) -> None:
    world = World()
    if how == "no coverage":
        world.data.remove("Coverage/c1")
    else:
        world.change("Coverage/c1", payor=[ref("Patient/p1")])
    report = world.run()
    assert (world.payer.asked, report.asked) == ([], 0)
    assert sum(report.not_asked.values()) == 1
    assert world.verdict().readiness == "ready"


def no_payer(world: World) -> None:
    world.change("Coverage/c1", payor=...)


def unclear(world: World) -> None:
    world.change("Coverage/c1", relationship=builders.concept("http://x", "child"))


def no_asker(world: World) -> None:
    world.asker = None


def bad_npi(world: World) -> None:
    world.asker = Asker("", "1234567890", "Stillwater Massage")


def payer_of(**changes: Any) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.payers = (plan(**changes),)

    return change


FAULTS = {
    "no-member-id": lambda world: world.change("Coverage/c1", subscriberId=...),
    "no-birth-date": lambda world: world.change("Patient/p1", birthDate=...),
    "no-name": lambda world: world.change("Patient/p1", name=...),
    "payer-unknown": no_payer,
    "payer-no-channel": payer_of(channel="gone"),
    "payer-no-id": payer_of(asking={"payer_id": None}),
    "asker-unknown": no_asker,
    "asker-npi": bad_npi,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_our_own_data_lacks_is_named_and_nothing_is_sent(fault: str) -> None:
    world = World()
    FAULTS[fault](world)
    report = world.run()
    assert (world.payer.asked, world.rows()) == ([], [])
    found = {one.id: one for one in world.verdict().reasons}
    assert fault in found, found
    assert (found[fault].readiness, bool(found[fault].fix), bool(found[fault].who)) == ("act", True, True)
    (task,) = world.open_tasks()
    assert fault in [coding["code"] for coding in task["reasonCode"]["coding"]]
    assert report.reasons[fault] == 1


def test_a_fault_of_one_keeps_nobody_else_from_being_asked() -> None:
    world = World()
    world.change("Coverage/c1", subscriberId=...)
    world.insured("p2", "c2", member="SYN2")
    world.book("m2", "p2")
    world.run()
    assert world.asked() == ["Coverage/c2"]


@pytest.mark.parametrize("standing", Standing)
def test_a_first_visit_whose_payer_nobody_knows_is_never_ready(standing: Standing) -> None:
    world = World(empty=True)
    world.insured()
    world.book()
    world.change("Coverage/c1", payor=[ref("Organization/unheard-of")])
    world.payer.says("Coverage/c1", says(standing))
    world.run()
    assert world.payer.asked == []
    assert world.verdict().readiness != "ready"


def test_a_dry_run_asks_nobody_and_writes_nothing() -> None:
    world = World()
    before = repr(world.data.resources)
    report = world.run(dry_run=True)
    assert (world.payer.asked, world.rows(), repr(world.data.resources)) == ([], [], before)
    assert (report.dry_run, report.appointments, report.readiness) == (True, 1, {"unknown": 1})


def test_two_processes_at_one_time_ask_once() -> None:
    """The second sweep runs while the first one's question is on its way."""
    world = World()
    seconds: list[Any] = []

    def busy(question: Question) -> Answer:
        if not seconds:
            seconds.append(None)
            seconds[0] = world.run()
        return says()(question)

    asked: list[Question] = []

    class Slow:
        name = "main"

        def ask(self, question: Question) -> Replied:
            asked.append(question)
            return Replied(busy(question), b"{}", "application/json")

        def collect(self, waiting: Any) -> Any:
            return iter(())

        def close(self) -> None: ...

    world.channels["main"] = Slow()
    first = world.run()
    assert (len(asked), first.answered, seconds[0].asked) == (1, 1, 0)
    assert seconds[0].not_asked == {"asked today, or by another process now": 1}
    assert [row.state for row in world.rows()] == [QuestionState.ANSWERED]
