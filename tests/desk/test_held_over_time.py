"""Held dollars over time: the reasons that held the most, the others together; and the picture of them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from massage_billing.desk.holds import REST, SHOWN_RULES, curve_of, tone_of
from massage_billing.ports.desk import HeldDay
from massage_billing.web import charts

DAY = date(2026, 11, 2)


def kept(rule: str, days_on: int, dollars: str) -> HeldDay:
    return HeldDay(DAY + timedelta(days=days_on), rule, 1, Decimal(dollars))


def test_reasons_that_held_the_most_come_first_and_the_rest_is_put_together() -> None:
    rows = [kept(f"rule-{n}", 0, str(100 - n)) for n in range(8)] + [kept("rule-0", 1, "1"), kept("", 1, "500")]
    found = curve_of(rows)
    assert found is not None
    assert found.days == (DAY, DAY + timedelta(days=1))
    assert [name for name, _ in found.series] == [f"rule-{n}" for n in range(SHOWN_RULES)] + [REST]
    assert found.series[0][1] == (Decimal(100), Decimal(1))
    assert found.series[-1][1] == (Decimal(95 + 94 + 93), Decimal(0))


def test_nothing_kept_is_no_picture() -> None:
    assert curve_of([]) is None
    assert curve_of([kept("", 0, "10")]) is None
    assert curve_of([kept("mue", 0, "0")]) is None


def test_how_near_a_limit_is() -> None:
    assert [tone_of(one) for one in (None, -3, 0, 7, 8, 30, 31)] == ["", "late", "late", "late", "soon", "soon", ""]


amounts = st.decimals(0, 1_000_000, places=2, allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(amounts, min_size=4, max_size=4), min_size=1, max_size=6))
def test_stacked_bars_stand_on_one_another_inside_the_picture(rows: list[list[Decimal]]) -> None:
    series = [charts.Series(f"s{n}", tuple(row)) for n, row in enumerate(rows)]
    drawn = charts.stacked("x", ["a", "b", "c", "d"], series, "$")
    assert len(drawn.table) == 4
    assert all(len(values) == len(rows) for _, values in drawn.table)
    for mark in drawn.marks:
        assert -0.11 <= mark.y <= charts.HEIGHT
        assert mark.height >= -0.11
        assert mark.y + mark.height <= charts.HEIGHT + 0.2
    tops = [tick.at for tick in drawn.across]
    assert tops == sorted(tops, reverse=True)
    assert 2 <= len(tops) <= 8


@given(st.lists(amounts, min_size=1, max_size=40))
def test_a_line_has_a_point_for_each_figure(values: list[Decimal]) -> None:
    drawn = charts.lines("x", [str(n) for n in range(len(values))], [charts.Series("s", tuple(values))])
    assert len(drawn.marks) == len(values)
    assert len(drawn.lines[0][1].split()) == len(values)
    assert 1 <= len(drawn.along) <= 9


def test_figures_are_written_as_people_write_them() -> None:
    assert [charts.written(Decimal(one), "$") for one in ("1240", "12.5", "0")] == ["$1,240", "$12.50", "$0"]
    assert charts.written(Decimal("1.50"), "") == "1.5"
    assert charts.written(Decimal("12"), " d") == "12 d"
