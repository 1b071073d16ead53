"""When the service begins what by itself: by the clinic's own clock, once, and made up for on the same day only."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from massage_billing.ports.jobs import JobKind
from massage_billing.serve.schedule import Plan, due, next_look

DENVER = ZoneInfo("America/Denver")
PLAN = Plan("emr", DENVER, timedelta(minutes=30), (time(5, 30), time(12, 0)))
ASK, RUN = (JobKind.ELIGIBILITY, "emr"), (JobKind.RUN, "emr")


def at(clock: str, day: str = "2026-12-01") -> datetime:
    """A time in Denver, as UTC."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=DENVER).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "asked", "expected"),
    [
        (at("05:29:59"), at("12:00", "2026-11-30"), []),
        (at("05:30"), at("12:00", "2026-11-30"), [JobKind.ELIGIBILITY]),
        (at("05:31"), at("05:30"), []),
        (at("11:59"), at("05:30"), []),
        (at("12:00"), at("05:30"), [JobKind.ELIGIBILITY]),
        (at("23:59"), at("05:30"), [JobKind.ELIGIBILITY]),
        (at("00:00", "2026-12-02"), at("05:30"), []),
        (at("04:00"), None, []),
        (at("06:00"), None, [JobKind.ELIGIBILITY]),
    ],
    ids=["before", "at", "just asked", "not again", "noon", "missed", "of yesterday", "first morning", "first start"],
)
def test_payers_are_asked_at_times_of_the_clinics_day(
    now: datetime, asked: datetime | None, expected: list[JobKind]
) -> None:
    begun = {RUN: now} | ({} if asked is None else {ASK: asked})
    assert list(due(PLAN, now, begun)) == expected


@pytest.mark.parametrize(("minutes", "expected"), [(0, []), (29, []), (30, [JobKind.RUN]), (500, [JobKind.RUN])])
def test_it_bills_every_so_many_minutes(minutes: int, expected: list[JobKind]) -> None:
    now = at("03:00")
    assert list(due(PLAN, now, {RUN: now - timedelta(minutes=minutes)})) == expected


def test_it_bills_at_once_when_it_never_has_and_asks_before() -> None:
    assert list(due(PLAN, at("06:00"), {})) == [JobKind.ELIGIBILITY, JobKind.RUN]


def test_without_a_schedule_nothing_is_ever_due() -> None:
    plan = Plan("emr", DENVER, None, ())
    assert list(due(plan, at("06:00"), {})) == []
    assert next_look(plan, at("06:00"), {}) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [(at("05:00"), at("05:30")), (at("05:30"), at("12:00")), (at("13:00"), at("05:30", "2026-12-02"))],
)
def test_it_looks_again_when_something_is_due_next(now: datetime, expected: datetime) -> None:
    assert next_look(Plan("emr", DENVER, None, PLAN.at), now, {}) == expected
    often = Plan("emr", DENVER, timedelta(minutes=10), PLAN.at)
    assert next_look(often, now, {RUN: now}) == min(expected, now + timedelta(minutes=10))


@pytest.mark.parametrize("day", ["2027-03-14", "2027-11-07"])
def test_on_the_days_when_clocks_change_it_asks_once(day: str) -> None:
    plan = Plan("emr", DENVER, None, (time(2, 30),))
    now, begun, count = at("00:00", day), {ASK: at("12:00", "2026-12-01")}, 0
    for _ in range(24 * 4):
        for kind in due(plan, now, begun):
            begun[kind, "emr"], count = now, count + 1
        now += timedelta(minutes=15)
    assert count == 1


def test_a_clock_that_was_wrong_puts_nothing_off() -> None:
    """A machine began with a clock of next year: what it began then keeps nobody waiting until then."""
    now = at("06:00")
    ahead = now + timedelta(days=365)
    assert list(due(PLAN, now, {RUN: ahead, ASK: ahead})) == [JobKind.ELIGIBILITY, JobKind.RUN]
    assert next_look(PLAN, now, {RUN: ahead, ASK: ahead}) == now + timedelta(minutes=30)
    soon = now + timedelta(minutes=1)  # of another machine, whose clock is a little ahead
    assert list(due(PLAN, now, {RUN: soon, ASK: soon})) == []
