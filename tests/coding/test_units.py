"""Units of minutes: the published examples, and what must hold of any minutes."""

from __future__ import annotations

import csv
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.coding.terms import TimedUnitsRow
from massage_billing.coding.units import allocate, alone
from visits import DAY, book, decide, effects, lines, not_billed, units

METHODS = {case: book().on(DAY).row("timed-units", case).says(TimedUnitsRow)
           for case in ("cms-total-time", "per-code-midpoint", "total-time-and-midpoint")}  # fmt: skip
TOTAL, MIDPOINT, BOTH = METHODS["cms-total-time"], METHODS["per-code-midpoint"], METHODS["total-time-and-midpoint"]
POLICY = {"CMS_TOTAL_TIME": "cms-total-time", "AMA_MIDPOINT": "commercial-midpoint", "MUE_FLAG": "cms-total-time"}
CODES = ["97035", "97110", "97112", "97116", "97124", "97530"]
"""Timed codes that no edit stands between."""
MASSAGE = {"code": "97124"}
minutes_of_codes = st.dictionaries(st.sampled_from(CODES), st.integers(0, 150), min_size=1, max_size=5)


def row_differs(row: dict[str, str]) -> str:
    """What came out otherwise than a row of unit_examples.csv says; "" where it is right."""
    services = [part.replace(":", " ") for part in row["codes_minutes"].split(";")]
    decision = decide(services=services, policy=POLICY[row["payer_rule"]])
    got = units(decision)
    expected = row["expected_units"]
    if expected.startswith("TOTAL:"):
        return "" if sum(got.values()) == int(expected[6:]) else f"{row['id']}: {got}"
    if ">MUE" in expected:
        code, most = expected.split(">MUE")[0].split(":")
        held = effects(decision, "mue") == [("fail", "hold")]
        return "" if held and got == {code: int(most)} else f"{row['id']}: {got}, held {held}"
    for choice in expected.split("|"):
        wanted = {c: int(u) for c, u in (part.split(":") for part in choice.split(";"))}
        if {c: u for c, u in wanted.items() if u} == got:
            return ""
    return f"{row['id']}: expected {expected}, got {got}"


def test_every_published_example_gives_the_stated_units(shared: Path) -> None:
    with (shared / "domain" / "unit_examples.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 30
    assert [told for told in map(row_differs, rows) if told] == []


@pytest.mark.parametrize(("most", "expected"), [(7, 0), (22, 1), (37, 2), (52, 3), (67, 4), (82, 5), (97, 6), (112, 7)])
def test_one_more_minute_than_a_band_holds_is_one_more_unit(most: int, expected: int) -> None:
    for method in METHODS.values():
        assert alone(most, method) == expected
        assert alone(most + 1, method) == expected + 1


@given(minutes_of_codes)
def test_total_time_gives_what_all_minutes_allow_and_never_more(minutes: dict[str, int]) -> None:
    given_units = allocate(minutes, TOTAL)
    assert sum(given_units.values()) == alone(sum(minutes.values()), TOTAL)
    assert all(given_units[code] >= m // 15 for code, m in minutes.items())


@given(minutes_of_codes)
def test_by_the_midpoint_each_code_stands_alone(minutes: dict[str, int]) -> None:
    assert allocate(minutes, MIDPOINT) == {code: alone(m, MIDPOINT) for code, m in minutes.items()}


@given(minutes_of_codes)
def test_by_both_rules_a_code_has_the_lesser_of_the_two(minutes: dict[str, int]) -> None:
    total, alone_ = allocate(minutes, TOTAL), allocate(minutes, MIDPOINT)
    assert allocate(minutes, BOTH) == {code: min(total[code], alone_[code]) for code in minutes}


@given(minutes_of_codes, st.sampled_from(sorted(METHODS)), st.data(), st.integers(1, 40))
def test_more_minutes_never_lower_the_total_nor_the_services_own_units(
    minutes: dict[str, int], method: str, data: st.DataObject, more: int
) -> None:
    code = data.draw(st.sampled_from(sorted(minutes)))
    before = allocate(minutes, METHODS[method])
    after = allocate(minutes | {code: minutes[code] + more}, METHODS[method])
    assert sum(after.values()) >= sum(before.values())
    assert after[code] >= before[code]


@given(minutes_of_codes, st.sampled_from(sorted(METHODS)))
def test_the_order_of_services_does_not_matter(minutes: dict[str, int], method: str) -> None:
    expected = allocate(minutes, METHODS[method])
    for order in list(permutations(minutes))[:6]:
        assert allocate({code: minutes[code] for code in order}, METHODS[method]) == expected


def test_ties_go_to_more_minutes_then_to_the_lower_code() -> None:
    assert allocate({"97112": 25, "97110": 10}, TOTAL) == {"97112": 2, "97110": 0}
    assert allocate({"97124": 20, "97112": 20}, TOTAL) == {"97112": 2, "97124": 1}


def test_several_records_of_one_code_and_therapist_are_one_line() -> None:
    decision = decide(services=["97124 10", "97124 13"])
    assert lines(decision) == ["97124 x2"]
    assert decision.lines[0].procedures == ("p1", "p2")
    assert decision.lines[0].minutes == 23


def test_one_code_by_two_therapists_is_counted_together_and_stands_on_two_lines() -> None:
    decision = decide(services=[MASSAGE | {"minutes": 16, "by": "A"}, MASSAGE | {"minutes": 8, "by": "B"}])
    assert lines(decision) == ["97124 x1", "97124 x1"]
    assert effects(decision, "one-line-a-code") == [("fail", "warn")]


def test_a_therapist_whose_share_of_a_code_makes_no_unit_has_no_line() -> None:
    decision = decide(services=[MASSAGE | {"minutes": 15, "by": "A"}, MASSAGE | {"minutes": 5, "by": "B"}])
    assert lines(decision) == ["97124 x1"]
    assert not_billed(decision) == ["97124 under-minimum"]


def test_untimed_codes_are_one_unit_whatever_their_minutes() -> None:
    assert lines(decide(services=["97161 45"], fees={"97161": "90.00"})) == ["97161 x1"]


def test_untimed_minutes_are_not_pooled_with_timed_ones() -> None:
    decision = decide(services=["97161 45", "97112 7"], fees={"97161": "90.00"})
    assert lines(decision) == ["97161 x1"]
    assert not_billed(decision) == ["97112 under-minimum"]
