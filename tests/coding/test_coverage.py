"""Which coverage is billed (decision 6), who the payer is (8), and the patient's wish not to tell the plan (7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date as Date

import pytest

from massage_billing import flow
from massage_billing.model import Clinic, CoverageKind, Decision, Outcome, Payer, PayerRef
from visits import DAY, book, clinic, decide, effects, lines, ruling, visit


def coverages(*listed: dict[str, object], **differs: object) -> Decision:
    return decide(coverages=list(listed), **differs)


def test_the_first_in_force_is_billed_and_the_other_is_listed() -> None:
    decision = coverages({"order": "2"}, {"order": "1"})
    assert decision.coverage is not None
    assert decision.coverage.id == "Coverage/2"
    assert [c.id for c in decision.secondary] == ["Coverage/1"]


def test_a_coverage_that_has_ended_makes_room_for_the_next() -> None:
    decision = coverages({"order": "1", "to": "2026-10-31"}, {"order": "1", "from": "2026-11-01"})
    assert decision.outcome is Outcome.CLAIM
    assert decision.coverage is not None
    assert decision.coverage.id == "Coverage/2"
    assert decision.secondary == ()


def test_a_coverage_without_order_stands_behind_one_that_has_it() -> None:
    decision = coverages({}, {"order": "1"})
    assert decision.outcome is Outcome.CLAIM
    assert decision.coverage is not None
    assert decision.coverage.id == "Coverage/2"


def test_what_the_account_names_outranks_order_and_the_order_of_the_visit() -> None:
    decision = coverages({"order": "1"}, {"linked": "ServiceRequest/1"}, {"linked": "Account/1", "rank": 1})
    assert decision.coverage is not None
    assert decision.coverage.id == "Coverage/3"
    assert decision.secondary == ()


def test_what_the_order_of_the_visit_names_outranks_the_coverages_own_order() -> None:
    decision = coverages({"order": "1"}, {"linked": "ServiceRequest/1"})
    assert decision.coverage is not None
    assert decision.coverage.id == "Coverage/2"


def test_the_account_puts_its_coverages_in_order() -> None:
    decision = coverages({"linked": "Account/1", "rank": 2}, {"linked": "Account/1", "rank": 1})
    assert decision.coverage is not None
    assert decision.coverage.id == "Coverage/2"
    assert [c.id for c in decision.secondary] == ["Coverage/1"]


def test_two_with_one_rank_in_the_account_are_held() -> None:
    decision = coverages({"linked": "Account/1", "rank": 1}, {"linked": "Account/1", "rank": 1})
    assert effects(decision, "which-coverage") == [("fail", "hold")]


@pytest.mark.parametrize(
    ("listed", "accident"),
    [
        ([{"order": "1"}, {"order": "1"}], False),
        ([{}, {}], False),
        ([{"order": "1"}, {"order": "2", "payer": "comp"}], False),
        ([{"payer": "auto"}], False),
        ([{"payer": "comp"}, {"payer": "auto"}], False),
        ([{"order": "1"}], True),
    ],
    ids=["a tie", "two without order", "two kinds", "auto alone", "two special kinds", "an accident"],
)
def test_held_as_which_coverage_and_no_coverage_is_chosen(listed: list[dict[str, object]], accident: bool) -> None:
    decision = coverages(*listed, accident=accident)
    assert decision.outcome is Outcome.HOLD
    assert effects(decision, "which-coverage") == [("fail", "hold")]
    assert decision.coverage is None
    assert lines(decision) == ["97124 x4"]


def test_a_special_kind_that_is_not_in_force_puts_nothing_in_doubt() -> None:
    assert coverages({"order": "1"}, {"payer": "comp", "to": "2026-01-01"}).outcome is Outcome.CLAIM


def test_the_payers_entry_outranks_the_coverages_own_type() -> None:
    assert coverages({"kind": "workers-compensation", "payer": "plan"}).outcome is Outcome.CLAIM
    assert coverages({"kind": "health", "payer": "comp"}).outcome is Outcome.HOLD


def test_without_payers_yaml_the_coverages_own_type_counts() -> None:
    decision = coverages({"kind": "auto"}, explaining=True)
    assert effects(decision, "which-coverage") == [("fail", "hold")]


def test_an_accident_is_settled_by_the_account() -> None:
    assert coverages({"linked": "Account/1"}, accident=True).outcome is Outcome.CLAIM
    assert coverages({"linked": "Account/1", "payer": "auto"}, accident=True).outcome is Outcome.CLAIM


@pytest.mark.parametrize("status", ["cancelled", "draft"])
def test_a_coverage_that_is_not_active_holds_and_is_not_self_pay(status: str) -> None:
    decision = coverages({"status": status})
    assert decision.outcome is Outcome.HOLD
    assert effects(decision, "coverage-in-force") == [("fail", "hold")]


def test_the_finding_of_an_expired_coverage_tells_no_date_and_no_number_of_the_patient() -> None:
    decision = coverages({"to": "2026-10-31"})
    (finding,) = [f for f in decision.findings if f.rule == "coverage-in-force"]
    assert finding.message == "Not in force on the date of service: Coverage/1 ended earlier."


@pytest.mark.parametrize("listed", [[], [{"status": "entered-in-error"}]], ids=["none", "entered in error"])
def test_without_a_coverage_the_patient_pays_with_a_warning(listed: list[dict[str, object]]) -> None:
    decision = coverages(*listed)
    assert decision.outcome is Outcome.SELF_PAY
    assert effects(decision, "coverage-on-record") == [("no-data", "warn")]
    assert (decision.coverage, decision.payer) == (None, None)
    assert lines(decision) == ["97124 x4"]


def test_a_self_pay_coverage_that_the_account_names_outranks_the_plan() -> None:
    decision = coverages({"order": "1"}, {"patient_pays": True, "linked": "Account/1"})
    assert decision.outcome is Outcome.SELF_PAY


def test_beside_a_plan_an_unlinked_self_pay_coverage_does_not_count() -> None:
    assert coverages({"order": "1"}, {"patient_pays": True}).outcome is Outcome.CLAIM


# --- the patient's wish ---


def test_a_restricted_visit_names_no_payer_and_asks_nothing_of_the_coverage() -> None:
    decision = decide(restricted=True)
    assert decision.outcome is Outcome.SELF_PAY
    assert (decision.coverage, decision.payer, decision.secondary, decision.filing_limit) == (None, None, (), None)
    for rule in ("which-coverage", "coverage-in-force", "member-id", "payer-known"):
        assert effects(decision, rule) == [("bypassed", "none")]
    assert not any("plan" in f"{f.about}{f.row}" or "Coverage/" in f.message for f in decision.findings)


def test_a_restricted_visit_of_an_unknown_payer_is_still_self_pay() -> None:
    assert decide(restricted=True, coverages=[{"payer": "other", "member": False}]).outcome is Outcome.SELF_PAY


def test_a_restricted_visit_is_charged_by_the_self_pay_fees() -> None:
    decided = visit(restricted=True)
    fees = clinic().fees
    assert fees is not None
    cash = replace(fees[0], code="97124", payer="self-pay", amount=fees[0].amount - 5)
    decision = flow.bill(decided, book(), replace(clinic(), fees=(*fees, cash)))
    assert decision.lines[0].unit_price == cash.amount


# --- who the payer is ---


def payer(key: str, **matches: object) -> Payer:
    return Payer(key, CoverageKind.HEALTH, "cms-total-time", **matches)  # type: ignore[arg-type]


def billed(ref: PayerRef, *payers: Payer) -> Decision:
    decided = visit()
    decided = replace(decided, coverages=(replace(decided.coverages[0], payer=ref),))
    return flow.bill(decided, book(), replace(clinic(), payers=payers))


BY_REFERENCE = payer("ref", references=frozenset({"Organization/9"}))
BY_IDENTIFIER = payer("ident", identifiers=frozenset({("urn:naic", "12345")}))
BY_PAYER_ID = payer("edi", payer_id="60054")


@pytest.mark.parametrize(
    ("ref", "key"),
    [
        (PayerRef("Organization/9"), "ref"),
        (PayerRef(None, (("urn:naic", "12345"),)), "ident"),
        (PayerRef("Organization/1", (("any system", "60054"),)), "edi"),
    ],
    ids=["reference", "identifier", "payer id"],
)
def test_a_payer_is_matched(ref: PayerRef, key: str) -> None:
    decision = billed(ref, BY_REFERENCE, BY_IDENTIFIER, BY_PAYER_ID)
    assert decision.outcome is Outcome.CLAIM
    assert decision.payer == key


def test_one_entry_that_matches_in_two_ways_is_one_entry() -> None:
    both = payer("both", references=frozenset({"Organization/9"}), payer_id="60054")
    assert billed(PayerRef("Organization/9", (("s", "60054"),)), both).payer == "both"


def test_an_identifier_of_another_system_does_not_match() -> None:
    decision = billed(PayerRef(None, (("urn:other", "12345"),)), BY_IDENTIFIER)
    assert effects(decision, "payer-known") == [("no-data", "hold")]


def test_two_entries_for_one_payer_are_held() -> None:
    decision = billed(PayerRef("Organization/9", (("urn:naic", "12345"),)), BY_REFERENCE, BY_IDENTIFIER)
    assert effects(decision, "payer-known") == [("fail", "hold")]


def test_the_hold_of_an_unknown_payer_shows_the_line_to_add() -> None:
    decision = billed(PayerRef("Organization/77"), BY_REFERENCE)
    (hold,) = decision.holds
    assert "payer-unknown" in hold.message
    assert "match: {references: [Organization/77]}" in hold.message
    assert decision.payer == "Organization/77"
    assert decision.lines == ()
    assert [n.reason for n in decision.not_billed] == ["on-hold"]


def test_a_given_policy_stands_for_payers_yaml_for_every_payer() -> None:
    decision = flow.bill(visit(), book(), Clinic(policy="commercial-midpoint", explaining=True))
    assert decision.outcome is Outcome.CLAIM
    assert decision.policy == "commercial-midpoint"
    assert decision.payer == "Organization/plan"
    assert decision.lines[0].charge is None


def test_explain_without_payers_and_policy_says_to_give_one() -> None:
    decision = flow.bill(visit(), book(), Clinic(explaining=True))
    assert decision.outcome is Outcome.HOLD
    (hold,) = decision.holds
    assert (hold.rule, hold.effect) == ("payer-known", "hold")
    assert "--payer-policy" in hold.fix


def test_a_given_policy_that_does_not_exist_is_held() -> None:
    decision = flow.bill(visit(), book(), Clinic(policy="no-such", explaining=True))
    assert effects(decision, "payer-known") == [("fail", "hold")]


def test_the_filing_limit_counts_from_the_date_of_service() -> None:
    shop = replace(clinic(), payers=(payer("p", references=frozenset({"Organization/plan"}), filing_days=90),))
    assert flow.bill(visit(), book(), shop).filing_limit == Date(2027, 2, 1)
    assert (Date(2027, 2, 1) - DAY).days == 90


def test_a_person_may_give_the_visit_to_the_patient_when_the_coverage_is_in_doubt() -> None:
    decided = visit(coverages=[{"order": "1"}, {"order": "1"}])
    decision = flow.bill(decided, book(), clinic(), ruling("self-pay"))
    assert decision.outcome is Outcome.SELF_PAY
    assert decision.payer is None


def test_a_status_that_is_none_is_not_repeated() -> None:
    decision = coverages({"status": "Ada Example, born 1990"})
    (hold,) = decision.holds
    assert hold.message == "Not in force on the date of service: Coverage/1 has a status that is not active."


def test_a_coverage_without_any_payer_is_no_claim_even_under_a_given_policy() -> None:
    decided = visit()
    decided = replace(decided, coverages=(replace(decided.coverages[0], payer=PayerRef(None)),))
    decision = flow.bill(decided, book(), Clinic(policy="cms-total-time", explaining=True))
    assert decision.outcome is Outcome.HOLD
    assert lines(decision) == ["97124 x4"]


def test_what_waits_names_the_rule_that_holds_it() -> None:
    doubt, unknown = coverages({"payer": "nobody"}, {"payer": "nobody"}), coverages({"payer": "nobody"})
    assert [(n.reason, n.rule) for n in doubt.not_billed] == [("on-hold", "which-coverage")]
    assert [(n.reason, n.rule) for n in unknown.not_billed] == [("on-hold", "payer-known")]
