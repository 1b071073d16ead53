"""What a biller notices of each payer's policy: who is billed, with which modifiers, units and days to file."""

from __future__ import annotations

from datetime import date as Date
from typing import Any

import pytest

from massage_billing import flow
from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import Decision, Outcome, Result
from massage_billing.rulebook import examples as rule_examples
from massage_billing.rulebook.files import read_files
from visits import DAY, book, clinic, decide, effects, lines, not_billed, visit

LMT, PT, OT = "225700000X", "225100000X", "225X00000X"
PAYERS = sorted(set(book().policies) - {"cms-total-time", "commercial-midpoint", "self-pay"})


def on(date: str, policy: str, **differs: Any) -> Decision:
    """What is made of a visit of that date under a policy, wherever the releases begin."""
    return decide(
        Date.fromisoformat(date), rule_examples.Older(book()), **{"policy": policy, "diagnoses": ["M54.2"]} | differs
    )


def said(decision: Decision, rule: str) -> str:
    """The messages of a rule's findings."""
    return " / ".join(f.message for f in decision.findings if f.rule == rule)


# --- who is paid -----------------------------------------------------------------------------------------------------


def test_a_medicare_visit_by_a_massage_therapist_is_the_patients_with_the_reason_and_its_source() -> None:
    decision = decide(policy="medicare", taxonomies=[LMT])
    assert decision.outcome is Outcome.SELF_PAY
    assert lines(decision) == ["97124 x4"]
    assert str(decision.total) == "140.00"
    (told,) = [f for f in decision.findings if f.rule == "payer-pays"]
    assert told.message == "Medicare does not pay for services of massage therapists, so the patient pays them."
    assert (told.result, told.row) == (Result.FAIL, "medicare@2018-01-01")
    assert told.source.startswith("Medicare Benefit Policy Manual")
    assert (decision.payer, decision.coverage, decision.filing_limit) == (None, None, None)
    assert "self-pay-counting" in {f.rule for f in decision.findings}


def test_the_same_visit_by_a_physical_therapist_is_a_claim() -> None:
    decision = decide(policy="medicare", taxonomies=[PT])
    assert (decision.outcome, lines(decision)) == (Outcome.CLAIM, ["97124 x4 GP"])
    assert effects(decision, "payer-pays") == [("pass", "none")]
    assert decision.filing_limit == Date(2027, 11, 3)


def test_nobody_is_asked_for_the_member_id_of_a_payer_that_is_not_billed() -> None:
    none = [{"member": "no"}]
    decision = decide(policy="medicare", coverages=none)
    assert (decision.outcome, effects(decision, "member-id")) == (Outcome.SELF_PAY, [("bypassed", "none")])
    held = decide(policy="medicare", coverages=none, npi="1")
    assert [f.rule for f in held.holds] == ["therapist-npi"]
    assert decide(policy="medicare", coverages=none, taxonomies=[PT]).outcome is Outcome.HOLD


def test_what_two_did_is_split_between_payer_and_patient() -> None:
    did = [
        {"code": "97124", "minutes": 30, "by": "A", "taxonomies": [LMT]},
        {"code": "97110", "minutes": 30, "by": "B", "taxonomies": [PT]},
    ]
    decision = decide(policy="medicare", services=did)
    assert (decision.outcome, lines(decision)) == (Outcome.CLAIM, ["97110 x2 GP"])
    assert not_billed(decision) == ["97124 not-covered"]
    assert said(decision, "payer-pays").startswith("97124: Medicare does not pay")


def test_a_massage_therapist_without_a_recorded_kind_is_held_where_the_policy_asks_for_it() -> None:
    held = decide(policy="medicare", without=["taxonomies"])
    assert held.outcome is Outcome.HOLD
    assert ("no-data", "hold") in effects(held, "payer-pays")
    assert effects(decide(policy="cms-total-time", without=["taxonomies"]), "payer-pays") == []


def test_a_second_payer_after_one_that_pays_nothing_is_a_persons_question() -> None:
    two = [{"order": 1}, {"order": 2}]
    assert decide(policy="medicare", coverages=two).outcome is Outcome.HOLD
    assert decide(policy="medicare", coverages=two, ruling="bill").outcome is Outcome.CLAIM
    assert decide(policy="medicare", coverages=two, ruling="self-pay").outcome is Outcome.SELF_PAY
    assert decide(policy="medicare", taxonomies=[PT], coverages=two).outcome is Outcome.CLAIM


@pytest.mark.parametrize(("code", "kind"), [("97124", LMT), ("97124", PT), ("97140", LMT)])
def test_florida_pip_pays_neither_massage_nor_a_massage_therapist(code: str, kind: str) -> None:
    decision = decide(policy="florida-pip", services=[f"{code} 30"], taxonomies=[kind])
    assert (decision.outcome, lines(decision)) == (Outcome.SELF_PAY, [f"{code} x2"])
    assert "Florida" in said(decision, "payer-pays")


def test_florida_pip_pays_a_physical_therapist_for_other_work() -> None:
    decision = decide(policy="florida-pip", services=["97140 30"], taxonomies=[PT])
    assert (decision.outcome is Outcome.SELF_PAY, lines(decision)) == (False, ["97140 x2"])


def test_florida_pip_on_both_sides_of_2013() -> None:
    before, after = on("2012-12-31", "florida-pip"), on("2013-01-01", "florida-pip")
    assert effects(before, "payer-pays") == []
    assert (before.outcome is Outcome.SELF_PAY, lines(before)) == (False, ["97124 x4"])
    assert (after.outcome, effects(after, "payer-pays")) == (Outcome.SELF_PAY, [("fail", "changed")])


# --- modifiers, units, caps, by date ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "date", "gp"),
    [
        ("unitedhealthcare", "2019-08-31", False),
        ("unitedhealthcare", "2019-09-01", True),
        ("unitedhealthcare", "2020-06-30", True),
        ("unitedhealthcare", "2020-07-01", True),
        ("medicare", "2017-12-31", False),
        ("medicare", "2018-01-01", True),
        ("anthem", "2021-10-31", False),
        ("anthem", "2021-11-01", True),
        ("va-community-care", "2020-01-01", True),
    ],
)
def test_gp_is_on_massage_from_the_date_its_source_gives(policy: str, date: str, gp: bool) -> None:
    assert lines(on(date, policy, taxonomies=[PT])) == ["97124 x4 GP" if gp else "97124 x4"]


@pytest.mark.parametrize("policy", ["aetna", "cigna", "bcbs-nebraska", "workers-compensation", "auto", "wa-lni"])
def test_nobody_else_gets_a_modifier_that_no_source_asks_for(policy: str) -> None:
    assert lines(decide(policy=policy)) == ["97124 x4"]


def test_anthems_cap_of_four_units_by_therapy_type_from_april_2021() -> None:
    did = ["97110 60", "97112 15"]
    assert sum(line.units for line in on("2021-03-31", "anthem", services=did).lines) == 5
    capped = on("2021-04-01", "anthem", services=did)
    assert sum(line.units for line in capped.lines) == 4
    assert effects(capped, "daily-cap") == [("fail", "changed")]


def test_anthem_bills_no_more_than_both_rules_give() -> None:
    assert lines(decide(policy="anthem", services=["97110 8", "97112 8"])) == ["97110 x1 GP"]
    assert lines(decide(policy="anthem", services=["97110 33", "97140 7"])) == ["97110 x2 GP"]


@pytest.mark.parametrize("policy", ["medicare", "unitedhealthcare", "bcbs-nebraska", "va-community-care"])
def test_total_time_where_the_payer_follows_cms(policy: str) -> None:
    decision = decide(policy=policy, services=["97110 20", "97112 20"], taxonomies=[PT])
    assert [(line.code, line.units) for line in decision.lines] == [("97110", 2), ("97112", 1)]


# --- days to file, dollars, what is not known ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "limit"),
    [
        ("va-community-care", "2027-05-02"),
        ("unitedhealthcare", "2027-02-01"),
        ("anthem", "2027-02-01"),
        ("cigna", "2027-02-01"),
        ("aetna", "2027-03-03"),
    ],
)
def test_the_last_day_to_file(policy: str, limit: str) -> None:
    assert decide(policy=policy).filing_limit == Date.fromisoformat(limit)


def test_the_va_gives_180_days() -> None:
    limit = decide(policy="va-community-care").filing_limit
    assert limit is not None
    assert (limit - DAY).days == 180


def test_the_va_wants_its_referral_number_and_12_visits_90_and_180_days() -> None:
    (paper,) = book().on(DAY).policy("va-community-care").terms.papers
    assert (paper.kind.value, paper.number_on_claim, paper.visits) == ("referral", True, 12)
    assert (paper.days, paper.renewed_days) == (90, 180)


def test_l_and_i_wants_an_order_reports_and_after_six_visits_authorization() -> None:
    terms = book().on(DAY).policy("wa-lni").terms
    wanted = {paper.kind.value: paper for paper in terms.papers}
    assert set(wanted) == {"order", "progress-report", "authorization"}
    assert wanted["order"].from_visit == 1
    assert wanted["authorization"].from_visit == 7
    assert wanted["progress-report"].every_visits == 6
    assert all(paper.counted_over == "injury" for paper in terms.papers)


@pytest.mark.parametrize(
    ("price", "date", "seen"),
    [
        ("28.02", Date(2025, 7, 1), ("pass", "none")),
        ("28.03", Date(2025, 7, 1), ("fail", "warn")),
        ("28.03", Date(2026, 6, 30), ("fail", "warn")),
        ("28.03", Date(2026, 7, 1), ("no-data", "warn")),
        ("28.03", Date(2025, 6, 30), ("no-data", "warn")),
    ],
)
def test_l_and_is_dollars_a_day_are_pointed_out_and_charges_stay(price: str, date: Date, seen: tuple[str, str]) -> None:
    decision = decide(date, policy="wa-lni", fees={"97124": price})
    assert effects(decision, "daily-payment-cap") == [seen]
    assert [str(line.unit_price) for line in decision.lines] == [price]


@pytest.mark.parametrize("policy", PAYERS)
def test_each_gap_of_a_policy_is_pointed_out_once_and_holds_nothing(policy: str) -> None:
    terms = book().on(DAY).policy(policy).terms
    decision = decide(policy=policy, taxonomies=[PT], services=["97140 30"])
    silent = [f for f in decision.findings if f.rule == "policy-silent"]
    assert [f.message.partition(":")[0] for f in silent] == [f"{policy}, {gap.field}" for gap in terms.unknown]
    assert {(f.result.value, f.effect.value) for f in silent} <= {("no-data", "warn")}
    again = decide(policy=policy, taxonomies=[PT], services=["97140 30"])
    assert all(one is other for one, other in zip(silent, _of(again, "policy-silent"), strict=True))


def _of(decision: Decision, rule: str) -> list[object]:
    return [f for f in decision.findings if f.rule == rule]


def test_policies_without_gaps_leave_no_finding_of_these_rules() -> None:
    rules = {f.rule for f in decide().findings}
    assert not rules & {"payer-pays", "policy-silent", "daily-payment-cap"}


def test_no_policy_is_made_of_memory_and_each_cites_what_was_read() -> None:
    for name in PAYERS:
        policy = book().policies[name]
        assert policy.kinds, name
        assert {s.grade for s in policy.sources.values()} <= {"official", "extracted", "secondary", "house"}
        for row in policy.values:
            cited = {row.source, *(key for _, key in row.cited())}
            assert cited <= set(policy.sources), name
            house = policy.sources[row.source].grade == "house"
            assert not house or any(gap.field == "unit-method" for gap in row.unknown), name


# --- scope of practice -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["97110", "97112"])
def test_scope_of_practice_warns_and_never_holds(code: str) -> None:
    decision = decide(services=[f"{code} 30"], taxonomies=[LMT])
    assert (decision.outcome, effects(decision, "scope-of-practice")) == (Outcome.CLAIM, [("fail", "warn")])
    assert effects(decide(services=[f"{code} 30"], taxonomies=[PT]), "scope-of-practice") == [("pass", "none")]


@pytest.mark.parametrize(("date", "row"), [("2010-12-31", "2000-01-01"), ("2011-01-01", "state-pa@2011-01-01")])
def test_a_states_own_rule_is_named_from_its_date_on(date: str, row: str) -> None:
    decision = on(date, "cms-total-time", services=["97110 30"], state="PA")
    assert [f.row for f in decision.findings if f.rule == "scope-of-practice"] == [row]


def test_a_payers_own_list_is_named() -> None:
    term = {"taxonomies": [LMT], "codes": ["97140"], "note": "the manual says so.", "source": "cms-5-20.2"}
    policy = book().policies["cms-total-time"]
    row = type(policy.values[0]).model_validate(policy.values[0].model_dump(by_alias=True) | {"scope": [term]})
    found = read_files()
    assert found.book is not None
    changed = policy.model_copy(update={"values": (row,)})
    rules = Rulebook(found.book, "scoped", found.rules, [changed], found.tables)
    decision = flow.bill(visit(services=["97140 30"]), rules, clinic())
    assert "the manual says so." in said(decision, "scope-of-practice")
    assert decision.outcome is Outcome.CLAIM
