"""Minutes are documented or they are not: sources, units, cutting, disagreement (DESIGN 1)."""

from __future__ import annotations

import pytest

from builders import (
    appointment,
    at,
    bill_to,
    concept,
    duration,
    encounter,
    minutes,
    observation,
    period,
    problems,
    procedure,
    read,
    ref,
    service_request,
)
from massage_billing.fhir import names
from massage_billing.model import MinuteSource, Result

EXTENSION, OBSERVATION, PERIOD = MinuteSource.EXTENSION, MinuteSource.OBSERVATION, MinuteSource.PERIOD
CLINIC_CODE = frozenset({("http://example.org/codes", "minutes")})


def only(*resources, **changes):
    """(minutes, source, [(rule, key)]) of the one service of a visit."""
    visit = read(encounter(), *resources, **changes)
    (service,) = visit.services
    told = [(p.rule, p.key) for p in visit.problems if p.rule.startswith("minutes")]
    return service.minutes, service.minute_source, told


# --- the extension --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (30, "min", 30),
        (22.9, "min", 22),
        (7.999, "min", 7),
        (1, "h", 60),
        (0.75, "h", 45),
        (0.99, "h", 59),
        (1800, "s", 30),
        (1799, "s", 29),
        (1440, "min", 1440),
    ],
)
def test_the_extension_in_whole_minutes_cut(value, code, expected):
    assert only(procedure(mins=None, extension=[minutes(value, code)])) == (expected, EXTENSION, [])


def test_a_bare_unit_without_a_system_is_understood():
    bare = {"url": names.EXT_TREATMENT_MINUTES, "valueDuration": {"value": 30, "unit": "min"}}
    assert only(procedure(extension=[bare])) == (30, EXTENSION, [])


@pytest.mark.parametrize(
    ("quantity", "key"),
    [
        (duration(2, "d"), "unit"),
        (duration(2, "minutes"), "unit"),
        ({"value": 30}, "unit"),
        ({"value": 30, "unit": "min", "system": "http://other.example"}, "unit"),
        (duration(0), "no-length"),
        (duration(-15), "no-length"),
        (duration(1441), "too-long"),
        (duration(1e300), "too-long"),
        (duration(25, "h"), "too-long"),
        (duration(86401, "s"), "too-long"),
        ({**duration(30), "comparator": "<"}, "bound"),
    ],
)
def test_an_extension_that_cannot_be_used(quantity, key):
    extension = {"url": names.EXT_TREATMENT_MINUTES, "valueDuration": quantity}
    assert only(procedure(extension=[extension])) == (None, None, [("minutes-documented", key)])


@pytest.mark.parametrize("extension", [{}, {"valueDuration": {"unit": "min"}}, {"valueInteger": 30}])
def test_an_extension_without_a_duration_is_no_data(extension):
    visit = read(encounter(), procedure(extension=[{"url": names.EXT_TREATMENT_MINUTES, **extension}]))
    assert [(p.result, p.key) for p in problems(visit, "minutes-documented")] == [(Result.NO_DATA, "empty")]


def test_other_extensions_are_passed_over():
    assert only(procedure(extension=[bill_to("plan"), minutes(30)])) == (30, EXTENSION, [])


def test_two_extensions_that_differ():
    assert only(procedure(extension=[minutes(30), minutes(45)])) == (
        30,
        EXTENSION,
        [("minutes-agree", "sources-differ")],
    )


def test_nothing_at_all_is_left_to_the_rule_that_knows_which_codes_are_timed():
    assert only(procedure(mins=None)) == (None, None, [])
    assert only(procedure(mins=None, performedDateTime="2026-11-20")) == (None, None, [])


# --- the observation ------------------------------------------------------------------------------------------------


def test_an_observation_that_is_part_of_the_procedure():
    assert only(procedure(mins=None), observation()) == (30, OBSERVATION, [])
    assert only(procedure(mins=None), observation(), minute_observations=CLINIC_CODE) == (30, OBSERVATION, [])


def test_an_observation_with_another_code_than_the_clinic_names():
    other = observation(code=concept("http://example.org/codes", "pain-score"))
    assert only(procedure(mins=None), other, minute_observations=CLINIC_CODE) == (None, None, [])


def test_without_named_codes_only_ucum_minutes_count():
    pain = observation(valueQuantity={"value": 7, "unit": "{score}", "system": names.UCUM, "code": "{score}"})
    assert only(procedure(mins=None), pain) == (None, None, [])
    hours = observation(valueQuantity=duration(1, "h"))
    assert only(procedure(mins=None), hours) == (None, None, [])
    assert only(procedure(mins=None), hours, minute_observations=CLINIC_CODE) == (60, OBSERVATION, [])


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_an_observation_that_was_taken_back(status):
    assert only(procedure(mins=None), observation(status=status)) == (None, None, [])


def test_a_preliminary_observation_is_no_data():
    assert only(procedure(mins=None), observation(status="preliminary")) == (
        None, None, [("minutes-documented", "not-final")])  # fmt: skip


def test_an_observation_of_the_procedures_order():
    ordered = procedure(mins=None, basedOn=[ref("ServiceRequest/s1")])
    of_order = observation(partOf=..., basedOn=[ref("ServiceRequest/s1")], encounter=ref("Encounter/e1"))
    assert only(ordered, of_order, service_request(), minute_observations=CLINIC_CODE) == (30, OBSERVATION, [])
    assert only(ordered, of_order, service_request()) == (None, None, [])  # no code named: nothing says it is minutes


def test_an_order_that_spans_visits_gives_only_this_visits_observation():
    ordered = procedure(mins=None, basedOn=[ref("ServiceRequest/s1")])
    order = [ref("ServiceRequest/s1")]
    theirs = observation("b1", 60, partOf=..., basedOn=order, encounter=ref("Encounter/e2"))
    last_week = observation("b2", 45, partOf=..., basedOn=order, effectiveDateTime=at("10:00", "2026-11-13"))
    today = observation("b3", 30, partOf=..., basedOn=order, effectiveDateTime=at("10:00"))
    found = only(ordered, service_request(), theirs, last_week, today, minute_observations=CLINIC_CODE)
    assert found == (30, OBSERVATION, [])


def test_an_order_of_two_services_does_not_say_whose_minutes_it_has():
    order = [ref("ServiceRequest/s1")]
    visit = read(
        encounter(),
        procedure("a1", mins=None, basedOn=order),
        procedure("a2", "97140", mins=None, basedOn=order),
        observation(partOf=..., basedOn=order, encounter=ref("Encounter/e1")),
        minute_observations=CLINIC_CODE,
    )
    assert [service.minutes for service in visit.services] == [None, None]


# --- the period -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (at("10:00"), at("10:30"), 30),
        ("2026-11-20T10:00:00-07:00", "2026-11-20T10:22:59-07:00", 22),
        ("2026-11-20T10:00:30-07:00", "2026-11-20T10:08:00-07:00", 7),
        ("2026-11-20T17:00:00Z", "2026-11-20T10:30:00-07:00", 30),
        ("2026-11-20T23:45:00-07:00", "2026-11-21T00:15:00-07:00", 30),
        ("2026-11-01T01:45:00-06:00", "2026-11-01T01:15:00-07:00", 30),  # the clock goes back at 2
        ("2026-03-08T01:45:00-07:00", "2026-03-08T03:15:00-06:00", 30),  # and forward
    ],
)
def test_the_period_in_whole_minutes_cut(start, end, expected):
    service = procedure(mins=None, performedPeriod=period(start, end))
    visit = read(encounter(period=period(start)), service)
    assert (visit.services[0].minutes, visit.services[0].minute_source) == (expected, PERIOD)
    assert visit.problems == ()


def test_a_period_of_dates_is_no_minutes():
    days = procedure(mins=None, performedPeriod=period("2026-11-20", "2026-11-20"))
    assert only(days) == (None, None, [])


@pytest.mark.parametrize("span", [period(at("10:00")), period(None, at("10:30")), period(at("10:00"), "2026-11-20")])
def test_a_period_with_one_time_is_no_data(span):
    found = only(procedure(mins=None, performedPeriod=span))
    assert found == (None, None, [("minutes-documented", "no-period")])
    assert only(procedure(mins=30, performedPeriod=span)) == (30, EXTENSION, [])


def test_a_period_without_length():
    span = period(at("10:00"), at("10:00"))
    visit = read(encounter(), procedure(mins=None, performedPeriod=span))
    assert [p.result for p in problems(visit, "minutes-documented")] == [Result.FAIL]
    assert only(procedure(mins=30, performedPeriod=span)) == (30, EXTENSION, [])


@pytest.mark.parametrize("mins", [None, 30])
def test_a_period_that_ends_before_it_starts(mins):
    span = period(at("10:30"), at("10:00"))
    assert only(procedure(mins=mins, performedPeriod=span))[2] == [("minutes-documented", "no-length")]


def test_a_period_of_more_than_a_day():
    span = period(at("10:00"), at("10:30", "2026-11-21"))
    assert only(procedure(mins=None, performedPeriod=span))[2] == [("minutes-documented", "too-long")]


def test_a_period_that_is_the_encounters():
    span = period(at("10:00"), at("11:00"))
    found = only(procedure(mins=None, performedPeriod=span))
    assert found == (60, PERIOD, [("minutes-agree", "period-is-the-visit")])


def test_the_same_period_in_another_offset_is_the_encounters_too():
    span = period("2026-11-20T17:00:00Z", "2026-11-20T18:00:00+00:00")
    assert only(procedure(mins=None, performedPeriod=span))[2] == [("minutes-agree", "period-is-the-visit")]


def test_a_period_that_is_the_appointments():
    span = period(at("09:30"), at("11:30"))
    visit = read(encounter(appointment=[ref("Appointment/m1")]), appointment(),
                 procedure(mins=None, performedPeriod=span))  # fmt: skip
    assert [p.key for p in problems(visit, "minutes-agree")] == ["period-is-the-appointment"]


def test_minutes_that_the_therapist_wrote_may_equal_the_encounters_period():
    span = period(at("10:00"), at("11:00"))
    assert only(procedure(mins=60, performedPeriod=span)) == (60, EXTENSION, [])


# --- several sources ------------------------------------------------------------------------------------------------


def test_sources_that_agree():
    service = procedure(mins=30, performedPeriod=period(at("10:00"), at("10:30")))
    assert only(service, observation(value=30.5)) == (30, EXTENSION, [])


@pytest.mark.parametrize(
    ("mins", "seen", "span"),
    [(30, 45, None), (30, 30, period(at("10:00"), at("10:45"))), (None, 20, period(at("10:00"), at("10:30")))],
)
def test_two_sources_that_differ_give_the_first_and_a_hold(mins, seen, span):
    service = procedure(mins=mins, **({} if span is None else {"performedPeriod": span}))
    found = only(service, observation(value=seen))
    assert found == (mins or seen, EXTENSION if mins else OBSERVATION, [("minutes-agree", "sources-differ")])


def test_two_observations_that_differ():
    found = only(procedure(mins=None), observation("b1", 30), observation("b2", 15))
    assert found == (30, OBSERVATION, [("minutes-agree", "sources-differ")])


def test_only_named_sources_are_looked_at_in_their_order():
    service = procedure(mins=20, performedPeriod=period(at("10:00"), at("10:45")))
    assert only(service, minute_sources=(EXTENSION,)) == (20, EXTENSION, [])
    assert only(service, minute_sources=(PERIOD,)) == (45, PERIOD, [])
    assert only(service, minute_sources=()) == (None, None, [])
    assert only(service, minute_sources=(PERIOD, EXTENSION)) == (45, PERIOD, [("minutes-agree", "sources-differ")])


def test_a_source_that_cannot_be_used_holds_though_another_gives_minutes():
    service = procedure(extension=[minutes(2, "d")], performedPeriod=period(at("10:00"), at("10:30")))
    assert only(service) == (30, PERIOD, [("minutes-documented", "unit")])


def test_a_note_is_no_minutes():
    assert only(procedure(mins=None, note=[{"text": "60 minutes table time"}])) == (None, None, [])
