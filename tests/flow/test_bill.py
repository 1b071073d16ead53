"""flow.bill as a whole: outcomes, findings, and what must hold of any visit."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from datetime import date as Date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing import flow
from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import (
    Clinic,
    Decision,
    Effect,
    ForeignClaim,
    Outcome,
    Problem,
    Result,
    RulingKind,
    Visit,
)
from massage_billing.rulebook.files import load_rulebook
from visits import DAY, RULES, book, clinic, decide, effects, lines, not_billed, ruling, visit

NOT_PERFORMED = Problem("visit-finished", Result.FAIL, "Encounter/e1 is cancelled.", "Encounter/e1", "not-performed")


FRESH = load_rulebook(RULES)
"""A second rulebook of the same files, whose memory is its own."""
LATER_ROW = """\
  - {case: cms-total-time, from: 2027-01-01, pooled: yes, first_unit_minimum: 10, block_minutes: 15, source: cms-5-20.2}
"""
LATER_EXAMPLE = """\
  - {name: The day before, on: 2026-12-31, case: cms-total-time, given: {}, expect: {outcome: claim}}
  - {name: The first day, on: 2027-01-01, case: cms-total-time, given: {}, expect: {outcome: claim}}
"""


@cache
def later_rulebook() -> Rulebook:
    """The rulebook with a stricter unit rule from 2027-01-01 on."""
    with TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(RULES, Path(temporary) / "rules"))
        file = folder / "timed-units.yaml"
        text = file.read_text().replace("values:\n", "values:\n" + LATER_ROW, 1)
        file.write_text(text.replace("examples:\n", "examples:\n" + LATER_EXAMPLE, 1))
        return load_rulebook(folder)


ASKED_BY_A_POLICY = {
    "payer-pays", "policy-silent", "daily-payment-cap", "order-on-file", "referral-on-file", "authorization-on-file",
    "plan-of-care", "progress-report", "accident-facts",
}  # fmt: skip
"""Rules that nothing is asked of unless the payer's policy says so."""


def billed(decided: Visit, *problems: Problem) -> Decision:
    return flow.bill(replace(decided, problems=problems), book(), clinic())


def test_a_sound_visit_is_a_claim_whose_every_question_left_a_finding() -> None:
    decision = decide()
    assert decision.outcome is Outcome.CLAIM
    assert lines(decision) == ["97124 x4"]
    assert (decision.payer, decision.policy, decision.diagnoses) == ("plan", "cms-total-time", ("M54.50",))
    asked = {finding.rule for finding in decision.findings}
    never = {"person-decided", "no-rule-for-date", "self-pay-counting", "accident-date", "filing-limit"}
    assert asked == set(book().rules) - never - ASKED_BY_A_POLICY


def test_every_finding_cites_its_row_and_source_and_a_hold_says_what_to_do_and_who() -> None:
    for differs in ({}, {"diagnoses": []}, {"services": ["97140 15", "97124 45", "97010"]}, {"coverages": [{}, {}]}):
        for finding in decide(**differs).findings:
            assert finding.row
            assert finding.message.endswith((".", "}")), finding
            assert "<" in finding.source
            assert finding.in_force_from is not None
            if finding.effect is Effect.HOLD:
                assert finding.fix
                assert finding.who


def test_a_line_names_the_rule_rows_it_rests_on() -> None:
    (line,) = decide().lines
    assert [(because.rule, because.row) for because in line.because] == [
        ("payer-policy", "cms-total-time@2000-01-01"),
        ("timed-units", "cms-total-time@2000-01-01"),
        ("billable-code", "97124"),
        ("fee-schedule-status", "97124"),
        ("mue", "97124"),
    ]
    assert all(because.source for because in line.because)


def test_a_visit_that_never_took_place_charges_nothing_and_asks_nothing_else() -> None:
    decided = replace(
        visit(services=["97124 60", {"code": "97112", "status": "not-done"}], diagnoses=[]), problems=(NOT_PERFORMED,)
    )
    decision = flow.bill(decided, book(), clinic())
    assert decision.outcome is Outcome.NO_CHARGE
    assert decision.holds == ()
    assert not_billed(decision) == ["97124 visit-not-performed", "97112 visit-not-performed"]


def test_an_open_visit_is_held_with_the_lines_it_would_have() -> None:
    decision = billed(
        visit(), Problem("visit-finished", Result.FAIL, "Encounter/e1 is in-progress.", "Encounter/e1", "in-progress")
    )
    assert decision.outcome is Outcome.HOLD
    assert lines(decision) == ["97124 x4"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("not-done", "not-done"),
        ("entered-in-error", "entered-in-error"),
        ("stopped", "not-completed"),
        ("in-progress", "not-completed"),
        ("unknown", "not-completed"),
    ],
)
def test_what_was_not_done_is_never_billed(status: str, reason: str) -> None:
    decision = decide(services=["97112 30", {"code": "97124", "minutes": 30, "status": status}])
    assert lines(decision) == ["97112 x2"]
    assert not_billed(decision) == [f"97124 {reason}"]


def test_a_visit_with_nothing_done_charges_nothing() -> None:
    decision = decide(services=[{"code": "97124", "minutes": 30, "status": "not-done"}])
    assert (decision.outcome, decision.lines) == (Outcome.NO_CHARGE, ())


@pytest.mark.parametrize("minutes", [0, 7])
def test_minutes_under_the_minimum_charge_nothing_and_need_no_diagnosis(minutes: int) -> None:
    decision = decide(services=[f"97124 {minutes}"], diagnoses=[])
    assert (decision.outcome, decision.lines) == (Outcome.NO_CHARGE, ())
    assert not_billed(decision) == ["97124 under-minimum"]


def test_a_finished_visit_without_a_service_is_missed_revenue() -> None:
    capture = Problem(
        "service-recorded", Result.NO_DATA, "No Procedure: no-charge-capture.", "Encounter/e1", "no-charge-capture"
    )
    decision = billed(visit(services=[]), capture)
    assert decision.outcome is Outcome.HOLD
    assert [f.rule for f in decision.holds] == ["service-recorded"]


def test_the_same_service_from_two_sources_counts_once() -> None:
    decision = decide(services=["97124 60", {"code": "97124", "minutes": 60, "duplicate_of": "p1"}])
    assert lines(decision) == ["97124 x4"]
    assert not_billed(decision) == ["97124 duplicate"]


def test_a_hold_on_one_service_holds_the_visit_and_keeps_its_other_lines() -> None:
    decision = decide(services=["97112 30", "97124"])
    assert decision.outcome is Outcome.HOLD
    assert lines(decision) == ["97112 x2"]
    assert not_billed(decision) == ["97124 no-minutes"]


def test_minutes_are_asked_once_where_reading_has_already_told_of_them() -> None:
    told = Problem("minutes-documented", Result.FAIL, "Procedure/p1 has no length.", "Procedure/p1", "no-length")
    decision = billed(visit(services=["97124"]), told)
    assert effects(decision, "minutes-documented") == [("fail", "hold")]


def test_a_problem_of_a_rule_that_is_not_known_holds_and_names_it() -> None:
    decision = billed(visit(), Problem("something-new", Result.FAIL, "New.", "Procedure/p1"))
    assert decision.outcome is Outcome.HOLD
    assert [f.about for f in decision.findings if f.rule == "no-rule-for-date"] == ["something-new"]


def test_a_visit_without_a_date_is_held_and_lists_every_service() -> None:
    decision = decide(on=None, services=["97124 60", "97010"])
    assert decision.outcome is Outcome.HOLD
    assert [f.rule for f in decision.holds] == ["date-of-service"]
    assert not_billed(decision) == ["97124 on-hold", "97010 on-hold"]


def test_a_foreign_claim_holds() -> None:
    decided = replace(visit(), foreign_claims=(ForeignClaim("Claim/77", "active"),))
    decision = flow.bill(decided, book(), clinic())
    assert [(f.rule, f.about) for f in decision.holds] == [("already-billed", "Claim/77")]


@pytest.mark.parametrize("differs", [{"restricted": True}, {"coverages": []}], ids=["restricted", "no coverage"])
def test_any_hold_outranks_self_pay(differs: dict[str, Any]) -> None:
    assert decide(**differs).outcome is Outcome.SELF_PAY
    assert decide(**differs, diagnoses=[]).outcome is Outcome.HOLD
    assert lines(decide(**differs)) == ["97124 x4"]


# --- what a person decides ---

NEVER_BY_BILL: dict[str, dict[str, Any]] = {
    "identity": {"npi": "1234567890"},
    "coverage": {"coverages": [{"to": "2020-01-01"}]},
    "which coverage": {"coverages": [{}, {}]},
    "member id": {"coverages": [{"member": False}]},
    "minutes": {"services": ["97124"]},
    "diagnosis": {"diagnoses": []},
    "a wrong diagnosis": {"diagnoses": ["M54.5"]},
    "charge": {"fees": {"97140": "1.00"}},
    "payer": {"coverages": [{"payer": "other"}]},
}


@pytest.mark.parametrize("what", NEVER_BY_BILL)
def test_bill_never_overrides(what: str) -> None:
    assert decide(**NEVER_BY_BILL[what], ruling="bill").outcome is Outcome.HOLD


@pytest.mark.parametrize(
    "differs",
    [{"services": ["97124 68"]}, {"services": ["97140 15", "97124 45"]}, {"already_billed": True}],
    ids=["mue", "the larger code dropped", "already billed"],
)
def test_bill_answers_what_a_rule_leaves_to_a_person(differs: dict[str, Any]) -> None:
    assert decide(**differs).outcome is Outcome.HOLD
    decision = decide(**differs, ruling="bill")
    assert decision.outcome is Outcome.CLAIM
    assert decision.holds == ()
    assert any(f.result is Result.BYPASSED and f.effect is Effect.WARN for f in decision.findings)


@pytest.mark.parametrize("what", sorted(set(NEVER_BY_BILL) - {"minutes", "charge"}))
def test_self_pay_gives_the_visit_to_the_patient_and_names_no_payer(what: str) -> None:
    decision = decide(**NEVER_BY_BILL[what], ruling="self-pay")
    assert decision.outcome is Outcome.SELF_PAY
    assert (decision.payer, decision.coverage) == (None, None)


@pytest.mark.parametrize("what", ["minutes", "charge"])
def test_self_pay_still_needs_minutes_and_a_charge(what: str) -> None:
    assert decide(**NEVER_BY_BILL[what], ruling="self-pay").outcome is Outcome.HOLD


@pytest.mark.parametrize("what", NEVER_BY_BILL)
def test_written_off_charges_nothing(what: str) -> None:
    decision = decide(**NEVER_BY_BILL[what], ruling="write-off")
    assert (decision.outcome, decision.holds, decision.lines) == (Outcome.NO_CHARGE, (), ())
    assert {n.reason for n in decision.not_billed} == {"written-off"}


def test_a_decision_of_the_evening_is_told_by_the_day_at_the_site() -> None:
    boise = ZoneInfo("America/Boise")
    evening = replace(ruling("bill"), at=datetime(2026, 12, 1, 1, 46, tzinfo=UTC))
    there = replace(visit(services=["97140 15", "97124 45"]), start=datetime(2026, 11, 27, 13, tzinfo=boise))
    told = [one.message for one in flow.bill(there, book(), clinic(), evening).findings]
    assert any("A person decided on 2026-11-30: bill." in one for one in told)


def test_a_reason_in_a_persons_words_is_in_no_finding() -> None:
    decision = flow.bill(visit(diagnoses=[]), book(), clinic(), ruling("bill"))
    assert not any("a reason in words" in f.message for f in decision.findings)


# --- what must hold of any visit ---

CODES = ["97124", "97140", "97112", "97110", "97010", "97530", "98940", "97161", "97014", "99999", None]
services = st.lists(
    st.fixed_dictionaries(
        {"code": st.sampled_from(CODES), "minutes": st.none() | st.integers(0, 90)},
        optional={
            "by": st.sampled_from(["A", "B"]),
            "status": st.sampled_from(["completed", "completed", "not-done", "entered-in-error", "in-progress"]),
            "regions": st.lists(st.sampled_from(["neck", "low back"]), max_size=2),
            "modifiers": st.lists(st.sampled_from(["GP", "GO", "59", "XS", "KX"]), max_size=3),
            "diagnoses": st.lists(st.sampled_from(["M54.50", "M54.2", "M54.5", "junk"]), max_size=3),
        },
    ),
    max_size=6,
)
coverages = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "order": st.integers(1, 3),
            "status": st.sampled_from(["active", "active", "cancelled", "entered-in-error"]),
            "payer": st.sampled_from(["plan", "comp", "auto", "other", "twice", None]),
            "to": st.sampled_from(["2026-11-02", "2026-11-03", "2027-01-01"]),
            "linked": st.sampled_from([None, "Account/1", "ServiceRequest/1"]),
            "member": st.booleans(),
            "patient_pays": st.booleans(),
        },
    ),
    max_size=3,
)
differences = st.fixed_dictionaries(
    {"services": services, "coverages": coverages},
    optional={
        "policy": st.sampled_from(["cms-total-time", "commercial-midpoint"]),
        "restricted": st.booleans(),
        "accident": st.booleans(),
        "explaining": st.booleans(),
        "diagnoses": st.lists(st.sampled_from(["M54.50", "M54.2", "M79.10"]), max_size=3),
        "ruling": st.none() | st.sampled_from([kind.value for kind in RulingKind]),
    },
)
dates = st.dates(Date(2024, 7, 1), Date(2027, 11, 1))


@settings(max_examples=150, deadline=None)
@given(differences, dates)
def test_every_service_read_is_in_exactly_one_place(differs: dict[str, Any], on: Date) -> None:
    decision = decide(on=on, **differs)
    placed = [p for line in decision.lines for p in line.procedures] + [n.procedure for n in decision.not_billed]
    assert sorted(placed) == sorted(s.procedure for s in visit(on, **differs).services)


@settings(max_examples=150, deadline=None)
@given(differences, dates)
def test_a_decision_adds_up_and_explains_itself(differs: dict[str, Any], on: Date) -> None:
    decision = decide(on=on, **differs)
    assert all(
        line.units >= 1 and len(line.modifiers) <= 4 and len(line.diagnosis_pointers) <= 4 for line in decision.lines
    )
    assert all(1 <= p <= len(decision.diagnoses) <= 12 for line in decision.lines for p in line.diagnosis_pointers)
    charges = [line.charge for line in decision.lines]
    assert decision.total is None if None in charges else decision.total == sum(c for c in charges if c is not None)
    assert (decision.outcome is Outcome.HOLD) == bool(decision.holds)
    if decision.outcome in (Outcome.CLAIM, Outcome.SELF_PAY):
        assert decision.lines
    if decision.outcome is Outcome.CLAIM:
        assert decision.coverage is not None
        assert decision.payer is not None
        assert all(line.therapist and line.diagnosis_pointers for line in decision.lines)
    if differs.get("restricted"):
        assert (decision.payer, decision.coverage) == (None, None)
    for left in decision.not_billed:
        if left.reason in ("column-2", "under-minimum", "bundled", "no-minutes", "not-billable", "daily-cap"):
            assert any(f.rule == left.rule and f.effect is not Effect.NONE for f in decision.findings)


@settings(max_examples=80, deadline=None)
@given(differences, dates, st.randoms(use_true_random=False))
def test_the_order_of_services_changes_nothing_and_the_same_visit_gives_the_same_decision(
    differs: dict[str, Any], on: Date, shuffle: random.Random
) -> None:
    decided, shop = visit(on, **differs), clinic(**differs)
    kind = differs.get("ruling")
    by = ruling(str(kind)) if kind else None
    mixed = list(decided.services)
    shuffle.shuffle(mixed)
    first = flow.bill(decided, book(), shop, by)
    assert flow.bill(replace(decided, services=tuple(mixed)), book(), shop, by) == first
    assert repr(flow.bill(decided, FRESH, shop, by)) == repr(first)


@settings(max_examples=60, deadline=None)
@given(st.integers(8, 90), st.dates(Date(2024, 7, 1), Date(2026, 12, 31)))
def test_a_later_version_of_a_rule_changes_no_earlier_date(minutes: int, on: Date) -> None:
    decided = visit(on, services=[f"97124 {minutes}"], diagnoses=["M79.10"])
    assert flow.bill(decided, later_rulebook(), clinic()) == flow.bill(decided, book(), clinic())


def test_but_it_does_change_dates_from_then_on() -> None:
    decided = visit(Date(2027, 1, 1), services=["97124 8"])
    assert flow.bill(decided, later_rulebook(), clinic()).lines == ()
    assert len(flow.bill(decided, book(), clinic()).lines) == 1


def test_no_finding_and_no_reason_carries_patient_data() -> None:
    decision = decide(coverages=[{}, {"to": "2020-01-01"}], npi="1234567890", diagnoses=["M54.5"])
    told = repr(decision.findings) + repr(decision.not_billed)
    assert "MEMBER" not in told
    assert "Patient/" not in told


def test_explain_holds_and_warns_and_never_needs_the_clinic() -> None:
    decision = flow.bill(visit(), book(), Clinic(explaining=True, policy="cms-total-time"))
    assert decision.outcome is Outcome.CLAIM
    assert effects(decision, "charge") == [("no-data", "warn")]
    assert decision.date == DAY


def test_a_filing_limit_behind_the_end_of_the_calendar_is_none() -> None:
    """One mistyped year must not end the run for every other visit."""
    last = Date(9999, 12, 31)
    payers = tuple(replace(payer, filing_days=365) for payer in clinic().payers)
    decision = flow.bill(visit(last), book(), replace(clinic(), payers=payers))
    assert decision.date == last
    assert decision.filing_limit is None
