"""Limits that stand only in a payer's text: counted where they are beyond doubt, and otherwise left to people."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.errors import RuleFileError
from massage_billing.model import Count, CountUnit, Measure
from massage_billing.x12.message_limits import read_patterns
from x12_files import benefit

ALLOWED, LEFT, USED = Measure.ALLOWED, Measure.LEFT, Measure.USED


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("20 VISITS PER CALENDAR YEAR", [(20, ALLOWED, "calendar-year")]),
        ("20 visits per  calendar year.", [(20, ALLOWED, "calendar-year")]),
        ("LIMITED TO 30 VISITS PER PLAN YEAR", [(30, ALLOWED, "plan-year")]),
        ("MAXIMUM OF 12 VISITS PER BENEFIT YEAR", [(12, ALLOWED, "plan-year")]),
        ("20 VISIT LIMIT PER CALENDAR YEAR", [(20, ALLOWED, "calendar-year")]),
        ("20 VISITS/YEAR", [(20, ALLOWED, "year")]),
        ("VISIT LIMIT: 20", [(20, ALLOWED, "")]),
        ("12 VISITS REMAINING", [(12, LEFT, "")]),
        ("VISITS REMAINING: 12", [(12, LEFT, "")]),
        ("REMAINING VISITS 0", [(0, LEFT, "")]),
        ("8 VISITS USED", [(8, USED, "")]),
        ("8 OF 20 VISITS USED", [(8, USED, ""), (20, ALLOWED, "")]),
        ("12 OF 20 VISITS REMAINING THIS CALENDAR YEAR", [(12, LEFT, "calendar-year"), (20, ALLOWED, "calendar-year")]),
        ("20 VISITS PER CALENDAR YEAR, 12 VISITS REMAINING", [(20, ALLOWED, "calendar-year"), (12, LEFT, "")]),
        ("20 VISITS PER CALENDAR YEAR COMBINED WITH PT/OT", [(20, ALLOWED, "calendar-year")]),
        ("MASSAGE THERAPY: 20 VISITS PER CALENDAR YEAR", [(20, ALLOWED, "calendar-year")]),
    ],
)
def test_a_text_that_is_a_limit_and_nothing_else_is_counted(text: str, counts: list[tuple[int, Measure, str]]) -> None:
    found = benefit("EB*D**BE", f"MSG*{text}")
    assert found.counts == tuple(
        Count(Decimal(number), CountUnit.VISITS, side, period, None, text) for number, side, period in counts
    )
    assert found.messages == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "20 VISITS",
        "PRIOR AUTHORIZATION AFTER 20 VISITS PER CALENDAR YEAR",
        "FIRST 6 VISITS PER CALENDAR YEAR COVERED AT 100 PERCENT",
        "COPAY WAIVED FOR 3 VISITS PER CALENDAR YEAR",
        "20 TO 30 VISITS PER CALENDAR YEAR",
        "20 VISITS PER CALENDAR YEAR. DOES NOT APPLY TO MASSAGE",
        "20 VISITS PER CALENDAR YEAR UNLESS AUTHORIZED",
        "CHIROPRACTIC: 20 VISITS PER CALENDAR YEAR",
        "OUT-OF-NETWORK: 20 VISITS PER CALENDAR YEAR",
        "20 VISITS PER CALENDAR YEAR COMBINED BUT 6 FOR MASSAGE",
        "UNLIMITED VISITS PER CALENDAR YEAR",
        "VISITS REMAINING",
        "12.5 VISITS REMAINING",
        "99999 VISITS REMAINING",
        "$500 PER CALENDAR YEAR",
        "20 PER CALENDAR YEAR",
        "NO VISITS REMAINING",
    ],
)
def test_a_text_that_says_more_or_less_is_left_to_people(text: str) -> None:
    found = benefit("EB*D**BE", f"MSG*{text}")
    assert found.counts == ()
    assert found.messages == (text,)


def test_doubt_in_another_text_of_the_benefit_holds_for_all_of_them() -> None:
    found = benefit("EB*D**BE", "MSG*20 VISITS PER CALENDAR YEAR", "MSG*DOES NOT APPLY TO MASSAGE THERAPY")
    assert found.counts == ()


def test_two_texts_that_contradict_each_other_are_not_counted() -> None:
    found = benefit("EB*D**BE", "MSG*20 VISITS PER CALENDAR YEAR", "MSG*30 VISITS PER CALENDAR YEAR")
    assert found.counts == ()


def test_a_number_that_stands_in_an_element_is_not_repeated_from_the_text() -> None:
    found = benefit("EB*F**BE***23***VS*20", "MSG*25 VISITS PER CALENDAR YEAR", "MSG*12 VISITS REMAINING")
    assert [(int(one.quantity), one.measure) for one in found.counts] == [(20, ALLOWED), (12, LEFT)]


@pytest.mark.parametrize("code", ["6", "A", "B", "C", "E", "G", "H", "I", "R", "U", "V"])
def test_beside_a_copay_or_where_nothing_is_covered_a_text_is_no_limit(code: str) -> None:
    assert benefit(f"EB*{code}**BE", "MSG*20 VISITS PER CALENDAR YEAR").counts == ()


def test_units_and_hours_are_told_from_visits() -> None:
    found = benefit("EB*F**BE", "MSG*4 UNITS PER DAY", "MSG*10 HOURS REMAINING")
    assert [(one.unit, one.period) for one in found.counts] == [(CountUnit.UNITS, "day"), (CountUnit.HOURS, "")]


@given(text=st.text("0123456789 VISITSPERCALENDARYEARREMAININGUSEDOF.,;:/$", max_size=60))
def test_no_text_whatever_gives_a_number_that_is_not_in_it(text: str) -> None:
    for one in benefit("EB*D**BE", f"MSG*{text}").counts:
        assert str(one.quantity) in {part.lstrip("0") or "0" for part in "".join(
            letter if letter.isdigit() else " " for letter in text).split()}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("side: left", "side: perhaps"), "patterns.0.side"),
        (("source: us}\nprefixes", "source: nobody}\nprefixes"), "patterns cites nobody"),
        (("{n}", "({n}"), "pattern that is none"),
    ],
)
def test_a_file_of_patterns_with_a_mistake_is_refused_by_place(change: tuple[str, str], said: str) -> None:
    text = (
        "about: x\nlast_verified_on: 2026-11-30\nsources:\n  us: {title: t}\n"
        "units: {source: us, codes: {visits: [VISITS]}}\nperiods: {source: us, codes: {year: [YEAR]}}\n"
        'patterns:\n  source: us\n  codes:\n    - {side: left, text: "{n} {unit}", source: us}\n'
        'prefixes: {source: us, codes: ["X:"]}\nsuffixes: {source: us, codes: [Y]}\ndoubt: {source: us, codes: [NOT]}\n'
    )
    read_patterns(text)
    assert change[0] in text
    with pytest.raises(RuleFileError) as caught:
        read_patterns(text.replace(*change))
    assert said in str(caught.value)
