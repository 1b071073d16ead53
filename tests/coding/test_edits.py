"""NCCI pairs, MUE, fee schedule status, daily caps and modifiers (decisions 11 to 13)."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from textwrap import dedent

import pytest

from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.tables import Pair
from massage_billing.model import Decision, Effect, Outcome
from massage_billing.rulebook.files import load_rulebook
from visits import book, decide, effects, lines, not_billed, units

FEES = {code: "40.00" for code in ("97124", "97140", "97112", "97110", "97530", "97116", "97161", "98940", "98941",
                                   "97150", "97010", "97035", "20560", "97810",
                                   "98942")}  # fmt: skip

RELEASE = book().first_row("ncci-pairs").start
LAST_OF_ALL = max(book().first_row(rule).start for rule in ("ncci-pairs", "mue", "fee-schedule-status"))
"""The first date that every release which ships covers."""


def edited(*services: object, **differs: object) -> Decision:
    return decide(services=list(services), fees=FEES, **differs)


def with_policy(folder: Path, terms: str) -> Rulebook:
    """The rulebook with one more policy, "plan", that says this beside its unit method."""
    body = dedent("""\
        policy: plan
        plain: A policy of these tests.
        sources: {doc: {title: A document, href: "https://example.org", retrieved: 2026-11-23, grade: official}}
        last_verified_on: 2026-11-23
        values:
          - from: 2020-01-01
            unit_method: cms-total-time
            source: doc
        """)
    terms = "follows_ncci: yes\nfollows_mue: yes\n" + terms if "follows_ncci" not in terms else terms
    body += "".join(f"    {line}\n" for line in terms.splitlines())
    body += "examples:\n  - {name: A plain visit, on: 2026-11-03, given: {}, expect: {outcome: claim}}\n"
    (folder / "plan").mkdir()
    (folder / "plan" / "policy.yaml").write_text(body)
    return load_rulebook(own_policies=folder)


# --- pairs ---


def test_massage_beside_manual_therapy_is_not_billed_and_the_finding_names_the_pair() -> None:
    decision = edited("97140 30", "97124 15")
    assert lines(decision) == ["97140 x2"]
    assert not_billed(decision) == ["97124 column-2"]
    (finding,) = [f for f in decision.findings if f.rule == "ncci-pairs"]
    assert (finding.row, finding.effect, finding.in_force_from) == ("97140/97124", Effect.CHANGED, RELEASE)
    assert "97140/97124" in {because.row for because in decision.lines[0].because}


def test_it_does_not_matter_which_is_recorded_first() -> None:
    assert lines(edited("97124 15", "97140 30")) == lines(edited("97140 30", "97124 15"))


def test_equal_units_keep_column_1_without_a_hold() -> None:
    decision = edited("97140 15", "97124 15")
    assert decision.outcome is Outcome.CLAIM
    assert lines(decision) == ["97140 x1"]


def test_more_units_in_column_2_hold_and_the_lines_show_what_would_be_billed() -> None:
    decision = edited("97140 15", "97124 45")
    assert decision.outcome is Outcome.HOLD
    assert effects(decision, "ncci-pairs") == [("fail", "hold")]
    assert lines(decision) == ["97140 x1"]


def test_where_column_1_has_no_unit_of_its_own_column_2_is_shown_and_a_person_decides() -> None:
    decision = edited("97140 7", "97124 16")
    assert decision.outcome is Outcome.HOLD
    assert effects(decision, "ncci-pairs") == [("fail", "hold")]
    assert lines(decision) == ["97124 x1"]
    assert not_billed(decision) == ["97140 under-minimum"]


def test_a_person_may_then_bill_column_2_by_its_own_minutes() -> None:
    # 40 minutes together are 3 units; the 7 of manual therapy are not billed and never move to the massage.
    decision = edited("97140 7", "97124 33", ruling="bill")
    assert decision.outcome is Outcome.CLAIM
    assert lines(decision) == ["97124 x2"]
    assert "97140/97124" in {because.row for because in decision.lines[0].because}


def test_a_column_1_without_a_unit_of_its_own_takes_nothing_else_off() -> None:
    # 97140 beats 97124 and 97018; without the minutes of 97124 it has no unit, so neither is taken off.
    decision = edited("97140 7", "97124 33", "97018")
    assert lines(decision) == ["97018 x1", "97124 x2"]
    assert [f.row for f in decision.holds if f.rule == "ncci-pairs"] == ["97140/97018", "97140/97124"]


def test_a_dated_policy_may_keep_column_1(tmp_path: Path) -> None:
    book = with_policy(tmp_path, "keep: column-1")
    decision = edited("97140 15", "97124 45", rules=book, policy="plan")
    assert decision.outcome is Outcome.CLAIM
    assert effects(decision, "ncci-pairs") == [("fail", "changed")]


def test_a_policy_cannot_keep_a_column_1_that_has_no_unit_on_its_own(tmp_path: Path) -> None:
    book = with_policy(tmp_path, "keep: column-1")
    decision = edited("97140 7", "97124 33", rules=book, policy="plan")
    assert decision.outcome is Outcome.HOLD
    assert effects(decision, "ncci-pairs") == [("fail", "hold")]
    assert not_billed(decision) == ["97140 under-minimum"]


def test_a_payer_that_does_not_follow_ncci_says_so_with_its_source(tmp_path: Path) -> None:
    book = with_policy(tmp_path, "follows_ncci: no\nncci_source: doc\nfollows_mue: yes")
    decision = edited("97140 15", "97124 45", rules=book, policy="plan")
    assert lines(decision) == ["97124 x3", "97140 x1"]
    (finding,) = [f for f in decision.findings if f.rule == "ncci-pairs"]
    assert finding.result == "bypassed"
    assert "A document" in finding.message


def test_units_are_counted_again_on_what_stays() -> None:
    assert units(edited("97140 22", "97124 16", "97110 8")) == {"97140": 1, "97110": 1}


NEIGHBOURS = [
    ("97530 15", "97140 15"),
    ("97530 15", "97124 15"),
    ("97530 15", "97116 15"),
    ("97112 15", "97140 15"),
    ("97112 15", "97124 15"),
    ("97110 15", "97140 15"),
    ("97161", "97140 15"),
    ("97161", "97124 15"),
]


@pytest.mark.parametrize("services", NEIGHBOURS, ids=" and ".join)
def test_pairs_that_were_deleted_do_not_fire(services: tuple[str, str]) -> None:
    decision = edited(*services)
    assert effects(decision, "ncci-pairs") == [("pass", "none")]
    assert len(decision.lines) == 2


def apart(code: str, region: str | None = None, start: str | None = None, end: str | None = None) -> dict[str, object]:
    said: dict[str, object] = {"code": code, "start": start, "end": end} if start else {"code": code}
    return said | ({"regions": [region]} if region else {}) | ({"minutes": 15} if code.startswith("97") else {})


def test_separate_regions_open_a_pair_with_indicator_1() -> None:
    decision = edited(apart("98940", "neck"), apart("97124", "low back"))
    assert lines(decision) == ["97124 x1 59", "98940 x1"]
    assert effects(decision, "ncci-pairs") == [("fail", "changed")]


def test_times_that_do_not_overlap_open_it_too() -> None:
    decision = edited(apart("98940", None, "10:00", "10:10"), apart("97124", None, "10:10", "10:25"))
    assert lines(decision) == ["97124 x1 59", "98940 x1"]


@pytest.mark.parametrize(
    "services",
    [
        (apart("98940"), apart("97124")),
        (apart("98940", "neck"), apart("97124", "neck")),
        (apart("98940", "neck"), apart("97124")),
        (apart("98940", None, "10:00", "10:10"), apart("97124", None, "10:09", "10:24")),
    ],
    ids=["a silent record", "one region", "a region of one only", "overlapping times"],
)
def test_otherwise_column_2_is_dropped(services: tuple[dict[str, object], ...]) -> None:
    decision = edited(*services)
    assert lines(decision) == ["98940 x1"]
    assert effects(decision, "ncci-pairs") == [("fail", "changed")]


def test_a_recorded_59_is_no_evidence() -> None:
    decision = edited(apart("98940"), apart("97124") | {"modifiers": ["59"]})
    assert lines(decision) == ["98940 x1"]


def test_nothing_opens_a_pair_with_indicator_0() -> None:
    decision = edited(apart("97140", "neck"), apart("97124", "low back") | {"modifiers": ["XS"]})
    assert lines(decision) == ["97140 x1"]


def test_a_code_that_is_itself_dropped_drops_nothing() -> None:
    # 98941 over 98940 (indicator 0): the lower adjustment is gone, so it takes nothing off; 98941 takes the massage.
    decision = edited(apart("98941", "neck"), apart("98940", "neck"), apart("97124", "neck"))
    assert lines(decision) == ["98941 x1"]
    pairs = [f.row for f in decision.findings if f.rule == "ncci-pairs"]
    assert pairs == ["98941/97124", "98941/98940"]


def test_in_a_chain_only_what_stays_takes_others_off() -> None:
    # 98942 > 98941 > 98940, and each of them > 97140 > 97124: all that is left is the highest adjustment.
    decision = edited(*[apart(code, "neck") for code in ("98940", "98941", "98942", "97140", "97124")])
    assert lines(decision) == ["98942 x1"]
    assert {f.row.split("/")[0] for f in decision.findings if "/" in f.row and f.rule == "ncci-pairs"} == {"98942"}


def test_a_pair_is_opened_for_one_column_1_and_still_dropped_by_another() -> None:
    # The massage is of another region than the adjustment, but beside manual therapy nothing opens it.
    services = (apart("98940", "neck"), apart("97140", "low back") | {"minutes": 30}, apart("97124", "low back"))
    decision = edited(*services)
    assert lines(decision) == ["97140 x2 59", "98940 x1"]
    assert not_billed(decision) == ["97124 column-2"]


def test_a_code_that_was_retired_later_is_refused_and_named_on_earlier_dates() -> None:
    book_of_then = book().on(Date(2016, 5, 2))
    assert ("code-retired", "97001") not in book_of_then.rows
    assert ("code-retired", "97001") in book().on(Date(2017, 1, 1)).rows
    decision = decide(on=Date(2016, 5, 2), services=["97001"])
    assert decision.outcome is Outcome.HOLD
    assert [(f.rule, f.message) for f in decision.holds if f.rule == "billable-code"] == [
        ("billable-code", "97001: no rule covers it.")
    ]


def test_successors_that_were_retired_themselves_are_followed_to_the_living_ones() -> None:
    (finding,) = [f for f in edited("97124 15", "97532 30").findings if f.rule == "code-retired"]
    assert "97129, 97130 took its place" in finding.message


@pytest.mark.parametrize(
    ("pair", "on", "fires"),
    [
        (Pair(None, None, "0", "1"), Date(2024, 7, 1), True),
        (Pair(None, None, "0", "1"), Date(2024, 6, 30), False),
        (Pair(None, Date(2020, 1, 1), "1", "1"), Date(2024, 7, 1), False),
        (Pair(Date(2020, 1, 1), Date(2020, 1, 1), "1", "1"), Date(2020, 1, 1), False),
        (Pair(Date(2020, 1, 1), Date(2021, 1, 1), "1", "1"), Date(2020, 12, 31), True),
        (Pair(Date(2020, 1, 1), Date(2021, 1, 1), "1", "1"), Date(2021, 1, 1), False),
        (Pair(Date(2020, 1, 1), None, "9", "1"), Date(2020, 1, 1), False),
    ],
)
def test_a_pair_fires_from_its_start_until_its_deletion(pair: Pair, on: Date, fires: bool) -> None:
    assert pair.fires(on, Date(2024, 7, 1)) is fires


# --- MUE, status, caps ---


@pytest.mark.parametrize(
    ("minutes", "held"), [(67, False), (68, True), (90, True)], ids=["4 units", "5 units", "6 units"]
)
def test_over_the_mue_is_held_with_uncut_units(minutes: int, held: bool) -> None:
    decision = edited(f"97124 {minutes}")
    assert (decision.outcome is Outcome.HOLD) is held
    assert units(decision) == {"97124": (minutes + 7) // 15}


def test_the_lines_of_two_therapists_count_together_against_the_mue() -> None:
    decision = edited({"code": "97124", "minutes": 45, "by": "A"}, {"code": "97124", "minutes": 30, "by": "B"})
    assert lines(decision) == ["97124 x3", "97124 x2"]
    assert effects(decision, "mue") == [("fail", "hold")]


def test_a_payer_that_does_not_follow_mue_is_not_held(tmp_path: Path) -> None:
    book = with_policy(tmp_path, "follows_ncci: yes\nfollows_mue: no\nmue_source: doc")
    decision = edited("97124 90", rules=book, policy="plan")
    assert decision.outcome is Outcome.CLAIM
    assert effects(decision, "mue") == [("bypassed", "none")]


def test_a_payer_that_pays_hot_packs_says_so_in_its_policy(tmp_path: Path) -> None:
    book = with_policy(tmp_path, 'pays_bundled: ["97010"]\npays_bundled_source: doc')
    decision = edited("97124 60", "97010", rules=book, policy="plan")
    assert decision.outcome is Outcome.CLAIM
    assert lines(decision) == ["97010 x1", "97124 x4"]


def test_a_daily_cap_lowers_the_line_and_says_so(tmp_path: Path) -> None:
    book = with_policy(tmp_path, 'daily_caps: [{codes: ["97124", "97110"], units: 3, per: code, source: doc}]')
    decision = edited("97124 60", "97110 30", rules=book, policy="plan")
    assert decision.outcome is Outcome.CLAIM
    assert units(decision) == {"97124": 3, "97110": 2}
    assert effects(decision, "daily-cap") == [("fail", "changed")]
    assert decision.total == sum((line.charge or 0) for line in decision.lines) == 200


def test_a_cap_on_all_codes_takes_from_the_one_with_fewer_minutes(tmp_path: Path) -> None:
    book = with_policy(tmp_path, 'daily_caps: [{codes: ["97124", "97110"], units: 4, per: all, source: doc}]')
    decision = edited("97124 60", "97110 15", rules=book, policy="plan")
    assert units(decision) == {"97124": 4}
    assert not_billed(decision) == ["97110 daily-cap"]


def test_a_cap_is_met_before_the_mue_is_asked(tmp_path: Path) -> None:
    book = with_policy(tmp_path, 'daily_caps: [{codes: ["97124"], units: 4, source: doc}]')
    assert edited("97124 75", rules=book, policy="plan").outcome is Outcome.CLAIM


def test_gp_is_put_on_the_codes_whose_payer_wants_it(tmp_path: Path) -> None:
    book = with_policy(tmp_path, 'therapy_modifier: {modifier: GP, codes: ["97124"], source: doc}')
    decision = edited("97124 30", "97110 15", rules=book, policy="plan")
    assert lines(decision) == ["97110 x1", "97124 x2 GP"]
    recorded = edited({"code": "97124", "minutes": 30, "modifiers": ["GP"]}, rules=book, policy="plan")
    assert lines(recorded) == ["97124 x2 GP"]


def test_59_decides_the_payment_and_comes_before_gp(tmp_path: Path) -> None:
    book = with_policy(tmp_path, 'therapy_modifier: {modifier: GP, codes: ["97124"], source: doc}')
    decision = edited(apart("98940", "neck"), apart("97124", "low back"), rules=book, policy="plan")
    assert lines(decision) == ["97124 x1 59 GP", "98940 x1"]


@pytest.mark.parametrize("code", ["97530 15", "97116 15", "97035 8", "97032 15", "97014", "97150", "98940", "98943",
                                  "97161", "97168", "20560", "G0283", "99213", "0552T", "97810", "97811", "97139",
                                  "ABCDE", "S8948"])  # fmt: skip
@pytest.mark.parametrize("policy", ["cms-total-time", "commercial-midpoint"])
def test_no_neighbouring_or_unknown_code_breaks_the_visit(code: str, policy: str) -> None:
    decision = edited("97124 30", code, policy=policy)
    assert {p for line in decision.lines for p in line.procedures} | {n.procedure for n in decision.not_billed} == {
        "p1",
        "p2",
    }


def test_a_code_that_no_table_knows_is_held() -> None:
    decision = edited("97124 30", "97139 15")
    assert effects(decision, "billable-code").count(("fail", "hold")) == 1
    assert lines(decision) == ["97124 x2"]


def test_a_date_before_the_releases_is_refused_and_held() -> None:
    decision = edited("97124 30", on=Date(2023, 12, 31))
    assert decision.outcome is Outcome.HOLD
    assert [f.about for f in decision.findings if f.rule == "no-rule-for-date"] != []
    assert edited("97124 30", on=LAST_OF_ALL, diagnoses=["M79.10"]).outcome is Outcome.CLAIM
