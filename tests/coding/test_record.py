"""Is the record complete enough: what only the codes can tell, since reading does not know which are timed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from zoneinfo import ZoneInfo

import pytest

from massage_billing import flow
from visits import book, clinic, effects, visit


@pytest.mark.parametrize(
    ("minutes", "services", "told"),
    [
        (60, ["97124 30", "97140 30"], False),
        (45, ["97110 30", "97124 30"], True),
        (30, ["97110 30", {"code": "97124", "minutes": 30, "by": "B"}], False),
        (30, ["97124 30", "97010 15"], False),
        (30, ["97124 30", {"code": "97124", "minutes": 30, "duplicate_of": "p1"}], False),
        (0, ["97124 30"], False),  # a period without length says nothing
    ],
)
def test_more_minutes_than_the_visit_lasted_are_pointed_out(minutes: int, services: list[object], told: bool) -> None:
    began = datetime(2026, 11, 3, 10, tzinfo=UTC)
    lasted = replace(visit(services=services, without=["npi"]), start=began, end=began + timedelta(minutes=minutes))
    decision = flow.bill(lasted, book(), clinic())
    assert (("fail", "warn") in effects(decision, "minutes-agree")) is told


def test_the_order_of_services_does_not_change_what_is_told() -> None:
    began = datetime(2026, 11, 3, 10, tzinfo=UTC)
    services = ["97124 45", {"code": "97110", "minutes": 40, "by": "B"}]
    lasted = replace(visit(services=services, without=["npi"]), start=began, end=began + timedelta(minutes=30))
    turned = replace(lasted, services=tuple(reversed(lasted.services)))
    assert len(effects(flow.bill(lasted, book(), clinic()), "minutes-agree")) == 2
    assert flow.bill(lasted, book(), clinic()) == flow.bill(turned, book(), clinic())


def test_an_hour_of_the_clock_that_was_turned_back_counts() -> None:
    zone = ZoneInfo("America/Denver")
    night = replace(
        visit(Date(2026, 11, 1), services=["97124 90"]),
        start=datetime(2026, 11, 1, 0, 30, tzinfo=zone), end=datetime(2026, 11, 1, 1, 0, fold=1, tzinfo=zone),
    )  # fmt: skip
    assert effects(flow.bill(night, book(), clinic()), "minutes-agree") == [("pass", "none")]
