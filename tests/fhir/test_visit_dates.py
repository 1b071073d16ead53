"""The date of service: the site's calendar, midnight, offsets, partial dates, days that differ (DESIGN 5)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from builders import ZONE, at, encounter, period, problems, procedure, read
from massage_billing.model import Result


def on(start, *, day=None, **changes):
    """A visit with one service that starts then; its Encounter starts at the same time."""
    return read(encounter(period=period(day or start)), procedure(performedDateTime=start), **changes)


def keys(visit):
    return [(problem.about, problem.key) for problem in problems(visit, "date-of-service")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-21T01:30:00Z", date(2026, 11, 20)),  # an evening in Denver
        ("2026-11-20T23:59:59-07:00", date(2026, 11, 20)),
        ("2026-11-21T00:00:00-07:00", date(2026, 11, 21)),
        ("2026-11-21T02:30:00+02:00", date(2026, 11, 20)),
        ("2026-07-01T05:59:00Z", date(2026, 6, 30)),  # summer time
        ("2026-11-20T10:00:00.123456789-07:00", date(2026, 11, 20)),
        ("2026-11-20T22:00:00", date(2026, 11, 20)),  # no offset: the site's own clock
        ("2026-11-20", date(2026, 11, 20)),
    ],
)
def test_the_calendar_date_at_the_site(written, expected):
    visit = on(written)
    assert visit.date == expected
    assert visit.problems == ()


def test_a_sites_own_zone_outranks_the_clinics():
    visit = on("2026-11-21T05:30:00Z", zone="America/New_York", site_zones={"l1": ZONE})
    assert visit.date == date(2026, 11, 20)
    assert visit.services[0].start.utcoffset() == timedelta(hours=-7)


def test_times_as_written_ignore_the_offset():
    visit = on("2026-11-20T19:30:00+00:00", times_as_written=True)
    assert visit.date == date(2026, 11, 20)
    assert visit.services[0].start.replace(tzinfo=None) == datetime(2026, 11, 20, 19, 30)
    assert visit.problems == ()
    assert on("2026-11-20T19:30:00+00:00", times_as_written=True, zone=None).problems == ()


@pytest.mark.parametrize("zone", [None, "Mars/Olympus", "../etc/passwd", ""])
def test_without_a_zone_dates_are_as_written_and_it_is_said_once(zone):
    visit = read(encounter(), procedure("a1"), procedure("a2", "97112"), zone=zone)
    assert visit.date == date(2026, 11, 20)
    assert on("2026-11-21T01:30:00Z", zone=zone).date == date(2026, 11, 21)
    assert [p.result for p in problems(visit, "zone-known")] == [Result.NO_DATA]


def test_without_a_zone_one_moment_in_two_offsets_is_one_day():
    span = period("2026-11-21T01:00:00Z", "2026-11-21T02:00:00Z")
    visit = read(encounter(period=span), procedure(performedDateTime="2026-11-20T18:30:00-07:00"), zone=None)
    assert visit.date == date(2026, 11, 20)
    assert keys(visit) == []


def test_midnight_is_not_split():
    span = period(at("23:30"), at("00:30", "2026-11-21"))
    visit = read(encounter(period=span), procedure(performedPeriod=span), minute_sources=())
    assert (visit.date, visit.date_end) == (date(2026, 11, 20), date(2026, 11, 21))
    assert visit.problems == ()


def test_a_service_that_starts_after_midnight_is_of_another_day():
    visit = read(
        encounter(period=period(at("23:30"), at("00:30", "2026-11-21"))),
        procedure("a1", performedDateTime=at("23:30")),
        procedure("a2", "97112", performedDateTime=at("00:05", "2026-11-21")),
    )
    assert visit.date == date(2026, 11, 20)
    assert keys(visit) == [("Procedure/a2", "another-day")]


def test_services_on_another_day_than_the_visit():
    visit = read(encounter(), procedure(performedDateTime=at("10:00", "2026-11-19")))
    assert visit.date == date(2026, 11, 19)
    assert keys(visit) == [("Encounter/e1", "another-day")]


def test_a_service_within_an_encounter_of_several_days():
    visit = read(encounter(period=period("2026-11-01", "2026-11-30")), procedure())
    assert visit.date == date(2026, 11, 20)
    assert keys(visit) == []


def test_the_encounter_gives_the_date_where_no_service_does():
    visit = read(encounter(), procedure(performedDateTime=...))
    assert visit.date == date(2026, 11, 20)
    assert visit.services[0].start is None
    assert keys(visit) == []


def test_a_chart_that_was_closed_days_later_does_not_stretch_the_visit():
    visit = read(encounter(period=period(at("10:00"), at("09:00", "2026-11-24"))), procedure())
    assert (visit.date, visit.date_end) == (date(2026, 11, 20), date(2026, 11, 20))


def test_what_was_not_done_gives_no_date():
    visit = read(encounter(), procedure("a1"), procedure("a2", status="not-done", performedDateTime="2026-11-01"))
    assert visit.date == date(2026, 11, 20)
    assert keys(visit) == []


@pytest.mark.parametrize("written", ["2026", "2026-11"])
def test_a_partial_date_is_none(written):
    assert keys(read(encounter(), procedure(performedDateTime=written))) == [("Procedure/a1", "partial")]
    visit = read(encounter(period=period(written)), procedure(performedDateTime=...))
    assert visit.date is None
    assert keys(visit) == [("Encounter/e1", "partial")]


def test_no_date_at_all():
    visit = read(encounter(period=...), procedure(performedDateTime=...))
    assert (visit.date, visit.date_end) == (None, None)
    assert [p.result for p in problems(visit, "date-of-service")] == [Result.NO_DATA]


@pytest.mark.parametrize(
    "written",
    ["yesterday", "2026-13-01", "2026-02-30", "20261120", "2026-W47-5", "2026-11-20 10:00", "2026-11-20T25:00:00Z",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "11/20/2026"],
)  # fmt: skip
def test_what_is_no_date_is_unreadable(written):
    visit = read(encounter(), procedure(performedDateTime=written))
    (problem,) = problems(visit, "record-readable")
    assert problem.about == "Procedure/a1"
    assert "performedDateTime is not a date or a time" in problem.detail
    assert written not in problem.detail


def test_all_times_of_a_visit_can_be_compared():
    for zone in (None, ZONE):
        visit = read(
            encounter(period=period("2026-11-20T10:00:00")),
            procedure("a1", performedDateTime="2026-11-20T17:00:00Z"),
            procedure("a2", "97112", performedDateTime="2026-11-20T10:15:00"),
            zone=zone,
        )
        times = [visit.start, *(service.start for service in visit.services)]
        assert sorted(times)
