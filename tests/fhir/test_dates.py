"""Clocks and spans by themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.fhir.dates import Clock, Span, When, first_day, last_day, utc, zone_named
from massage_billing.fhir.json import Faults

DENVER = Clock(zone_named("America/Denver"))


def when(written, clock=DENVER):
    resource = {"x": written}
    return clock.when(resource, "x", Faults("Procedure/1", resource))


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_conversion_keeps_the_moment(naive, offset):
    sign = "-" if offset < 0 else "+"
    written = f"{naive.isoformat()}{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    found = when(written)
    assert found.time.astimezone(UTC) == datetime.fromisoformat(written).astimezone(UTC)
    assert found.day == found.time.date()


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_a_fault(written):
    resource = {"x": written}
    faults = Faults("Procedure/1", resource)
    for read in (DENVER.when, first_day, last_day, utc):
        found = read(resource, "x", faults)
        assert found is None or found == When() or written


def test_same_times_needs_both_times():
    start, end = when("2026-11-20T10:00:00-07:00"), when("2026-11-20T18:00:00Z")
    assert Span(start, end).same_times(Span(when("2026-11-20T17:00:00Z"), when("2026-11-20T11:00:00-07:00")))
    assert not Span(start).same_times(Span(start))
    assert not Span(start, end).same_times(Span(start))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-20T10:00:00-07:00", datetime(2026, 11, 20, 17, tzinfo=UTC)),
        ("2026-11-20T10:00:00.5Z", datetime(2026, 11, 20, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-20T10:00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("soon", None),
    ],
)
def test_utc(written, expected):
    resource = {"x": written}
    faults = Faults("Encounter/1", resource)
    assert utc(resource, "x", faults) == expected
    assert bool(faults) is (expected is None)
