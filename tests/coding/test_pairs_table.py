"""Every NCCI pair and every MUE of the reference material through ``flow.bill``: what fires, what does not, how."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date as Date
from pathlib import Path
from typing import Any

import pytest

from massage_billing.coding.rulebook import Day, Rulebook
from massage_billing.coding.tables import Limit, Pair
from massage_billing.coding.terms import EvaluationRow, PairsRow
from massage_billing.model import Decision, Effect
from massage_billing.rulebook.examples import Varied
from visits import DAY, book, decide, lines

ONLY_TIMES = set(book().on(DAY).row("ncci-pairs", "group-session").says(PairsRow).only_times)
HELD = {"95851", "97039", "97139", "97545"}
"""Codes of the pairs that are held by name, because nothing says how they are counted."""
EVALUATIONS = set(book().on(DAY).row("evaluation-modifier").says(EvaluationRow).codes)
CODES = book().on(DAY).codes
FEES = dict.fromkeys(CODES, "10.00")
BESIDE = {"97130": "97129", "97811": "97810", "97814": "97813"}


def rows(shared: Path, file: str) -> list[dict[str, str]]:
    with (shared / "domain" / file).open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def together(one: str, two: str, regions: tuple[str, str] = ("neck", "neck"), **second: Any) -> Decision:
    """Both codes on one visit, each with as many minutes, under a policy that pays what Medicare bundles."""
    services = [
        {"code": code, "regions": [region], **({"minutes": 15} if CODES[code].timed else {}), **more}
        for code, region, more in ((one, regions[0], {}), (two, regions[1], second))
    ]
    pays = [code for code in (one, two) if book().on(DAY).statuses.get(code) in ("B", "I")]
    says = {"pays_bundled": pays, "pays_bundled_source": "cms-5-20.2"} if pays else {}
    return decide(rules=Varied(book(), "cms-total-time", says), services=services, fees=FEES, ruling="bill")


def about_pairs(decision: Decision) -> list[tuple[str, Effect]]:
    return [(f.row, f.effect) for f in decision.findings if f.rule == "ncci-pairs" and "/" in f.row]


def test_our_table_says_what_the_reference_says(shared: Path) -> None:
    reference: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in rows(shared, "ncci_ptp.csv"):
        deleted = "" if row["deletion_date"] == "*" else row["deletion_date"]
        reference.setdefault((row["column1"], row["column2"]), set()).add((row["modifier_indicator"], deleted))
    ours = {
        codes: {(p.indicator, p.deleted.strftime("%Y%m%d") if p.deleted else "") for p in pairs}
        for codes, pairs in book().on(DAY).pairs.items()
    }
    assert ours == reference


def active(shared: Path, flag: str) -> Iterator[tuple[str, str, str]]:
    fires = {(r["column1"], r["column2"]) for r in rows(shared, "ncci_ptp.csv") if r["active_2024q3"] == "1"}
    for row in rows(shared, "ncci_ptp.csv"):
        codes = (row["column1"], row["column2"])
        if row["active_2024q3"] == flag and not HELD & set(codes) and (flag == "1" or codes not in fires):
            yield (*codes, row["modifier_indicator"])


def test_every_active_pair_drops_column_2_where_the_record_shows_nothing(shared: Path) -> None:
    wrong = []
    for one, two, _ in active(shared, "1"):
        decision = together(one, two)
        if [line.code for line in decision.lines] != [one] or f"{one}/{two}" not in dict(about_pairs(decision)):
            wrong.append((one, two, lines(decision)))
    assert wrong == []


def test_indicator_0_is_opened_by_nothing_and_1_by_separate_regions_or_25(shared: Path) -> None:
    wrong = []
    for one, two, indicator in active(shared, "1"):
        recorded = {"modifiers": ["25"]} if two in EVALUATIONS else {}
        decision = together(one, two, ("neck", "knee"), **recorded)
        billed = {line.code: line.modifiers for line in decision.lines}
        opened = ("25",) if two in EVALUATIONS else ("59",)
        if {one, two} & ONLY_TIMES and two not in EVALUATIONS:
            assert list(billed) == [one]
            continue
        expected = {one: (), two: opened} if indicator == "1" else {one: ()}
        if billed != expected:
            wrong.append((one, two, indicator, billed))
    assert wrong == []


def test_a_group_session_is_told_apart_by_times_only(shared: Path) -> None:
    beside = [(one, two) for one, two, indicator in active(shared, "1") if one in ONLY_TIMES and indicator == "1"]
    assert len(beside) > 10
    for one, two in beside:
        services = [
            {"code": one, "start": "10:00", "end": "10:30"},
            {"code": two, "minutes": 15, "start": "10:30", "end": "10:45"},
        ]
        decision = decide(services=services, fees=FEES)
        assert {line.code: line.modifiers for line in decision.lines} == {one: (), two: ("59",)}


def test_59_opens_no_evaluation_and_an_evaluation_without_25_is_held(shared: Path) -> None:
    beside = [(one, two) for one, two, indicator in active(shared, "1") if two in EVALUATIONS and indicator == "1"]
    assert len(beside) > 100
    for one, two in beside[::7]:
        decision = together(one, two, ("neck", "knee"), modifiers=["59"])
        assert [line.code for line in decision.lines] == [one]
        assert [f.about for f in decision.findings if f.rule == "evaluation-modifier"] == [two]


def test_no_deleted_pair_fires(shared: Path) -> None:
    wrong = []
    for one, two, _ in active(shared, "0"):
        decision = together(one, two)
        named = {row for row, _ in about_pairs(decision)} & {f"{one}/{two}"}
        if named or not {one, two} <= {line.code for line in decision.lines} | {
            row.split("/")[1] for row, _ in about_pairs(decision)
        }:
            wrong.append((one, two, lines(decision), about_pairs(decision)))
    assert wrong == []


@pytest.mark.parametrize("code", sorted(HELD))
def test_codes_of_pairs_that_are_not_counted_are_held_by_name(code: str) -> None:
    decision = decide(services=["97124 15", f"{code} 15"], fees=FEES)
    assert [f.row for f in decision.holds if f.rule == "billable-code"] == [f"{code}@2000-01-01"]


def test_every_limit_holds_one_unit_above_it_and_not_at_it(shared: Path) -> None:
    seen = 0
    for row in rows(shared, "mue.csv"):
        code, most, mai = row["code"], int(row["medicare_mue_2024q3"]), row["mai"]
        entry = CODES.get(code)
        if entry is None or not entry.timed:
            continue
        seen += 1
        with_main = [{"code": BESIDE[code], "minutes": 15}] if code in BESIDE else []
        at = decide(services=[*with_main, f"{code} {most * 15}"], fees=FEES)
        above = decide(services=[*with_main, f"{code} {most * 15 + 15}"], fees=FEES)
        assert not [f for f in at.holds if f.rule == "mue" and f.about == code], code
        (held,) = [f for f in above.holds if f.rule == "mue" and f.about == code]
        assert f"MAI {mai}" in held.message
        assert {line.code: line.units for line in above.lines}[code] == most + 1
    assert seen > 20


def test_a_session_code_by_two_therapists_is_above_a_limit_of_one() -> None:
    services = [{"code": "98940", "by": "A"}, {"code": "98940", "by": "B"}]
    decision = decide(services=services, fees=FEES)
    assert [f.rule for f in decision.holds] == ["mue"]


class Limited(Rulebook):
    """The rulebook with a limit of four units of massage, of this kind."""

    def __init__(self, mai: str) -> None:
        vars(self).update(vars(book()))
        self.mai = mai

    def on(self, date: Date) -> Day:
        day = super().on(date)
        limits = {"97124": Limit(4, self.mai)}
        return replace(day, tables={**day.tables, "mue": limits}, findings={}, because={})


@pytest.mark.parametrize(
    ("mai", "minutes", "held"),
    [
        ("1", (45, 30), False),
        ("1", (75, 15), True),
        ("2", (45, 30), True),
        ("3", (45, 30), True),
        ("3", (45, 15), False),
    ],
)
def test_a_limit_of_a_line_looks_at_each_line_and_one_of_a_day_at_all(
    mai: str, minutes: tuple[int, int], held: bool
) -> None:
    services = [{"code": "97124", "minutes": each, "by": by} for each, by in zip(minutes, "AB", strict=True)]
    decision = decide(rules=Limited(mai), services=services)
    assert any(f.rule == "mue" and f.effect is Effect.HOLD for f in decision.findings) is held
    assert sum(line.units for line in decision.lines) == sum(minutes) // 15


def test_a_pair_is_asked_on_its_own_dates() -> None:
    table = book().on(DAY).pairs
    assert any(pair.fires(DAY, DAY) for pair in table[("97140", "97124")])
    assert Pair(Date(2020, 1, 1), Date(2026, 11, 3), "0", "1").fires(Date(2026, 11, 2), DAY)
