"""Papers that a payer wants on file: what a visit uses of them, and what is told where they do not serve."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from massage_billing import flow
from massage_billing.coding.paper_fits import Asked as Question
from massage_billing.coding.paper_fits import judge, merged, preferred, validity
from massage_billing.coding.policy_terms import PaperTerm
from massage_billing.model import NOWHERE, Decision, Elsewhere, Outcome, Paper, PaperKind, PaperUse, Result
from massage_billing.rulebook import examples as rule_examples
from visits import DAY, book, effects, given, visit

A1 = Paper(PaperKind.AUTHORIZATION, "papers.csv:2", "Patient/1", number="A1", start=date(2026, 10, 1),
           end=date(2026, 12, 31))  # fmt: skip
NOBODY = Elsewhere(counted=True)
"""Somebody counted, and no other visit used anything."""
WANTS = [{"kind": "authorization", "source": "a"}]


def decided(*papers: Paper, elsewhere: Elsewhere = NOBODY, wants: Any = WANTS, **differs: Any) -> Decision:
    """The standard visit, its payer wanting papers, with these in papers.csv."""
    said = given(**differs)
    rules = rule_examples.Varied(book(), said.policy or "", {"papers": wants})
    clinic = replace(rule_examples.make_clinic(said), papers=papers)
    return flow.bill(visit(DAY, **differs), rules, clinic, None, elsewhere)


def told(decision: Decision, rule: str = "authorization-on-file") -> str:
    (message,) = [finding.message for finding in decision.findings if finding.rule == rule]
    return message


def used(visits: int, units: int = 0, reserved: int = 0) -> Elsewhere:
    return Elsewhere(uses=(PaperUse("authorization:A1", visits, units, reserved),), counted=True)


# --- what a visit uses ----------------------------------------------------------------------------------------------


def test_a_visit_uses_the_paper_that_serves_with_the_units_of_its_codes() -> None:
    decision = decided(replace(A1, codes=("97124", "97140")), services=["97124 60", "97010"])
    (need,) = decision.papers
    assert (need.key, need.units, need.lacking, need.paper) == ("authorization:A1", 4, False, replace(
        A1, codes=("97124", "97140")))  # fmt: skip


def test_a_paper_for_some_codes_only_is_not_charged_with_others() -> None:
    wants = [{"kind": "authorization", "codes": ["97140"], "source": "a"}]
    decision = decided(replace(A1, codes=("97140",)), wants=wants, services=["97110 30", "97140 30"])
    assert [need.units for need in decision.papers] == [2]


def test_a_held_visit_that_a_paper_fits_reserves_it() -> None:
    decision = decided(A1, coverages=[{"member": False}])
    assert decision.outcome is Outcome.HOLD
    assert [(need.key, need.lacking) for need in decision.papers] == [("authorization:A1", False)]


def test_a_visit_held_before_it_has_lines_reserves_a_visit_and_no_units() -> None:
    said = given()
    rules = rule_examples.Varied(book(), said.policy or "", {"papers": WANTS})
    unclear = replace(visit(), services=(replace(visit().services[0], minutes=None),))
    decision = flow.bill(unclear, rules, replace(rule_examples.make_clinic(said), papers=(A1,)), None, used(1))
    assert decision.outcome is Outcome.HOLD
    assert [(need.key, need.units) for need in decision.papers] == [("authorization:A1", 0)]


def test_what_is_used_up_is_lacking_on_every_paper_that_could_have_served() -> None:
    other = replace(A1, number="A2", visits=2, visits_used=2)
    decision = decided(replace(A1, visits=1), other, elsewhere=used(1))
    assert sorted((need.key, need.lacking) for need in decision.papers) == [
        ("authorization:A1", True),
        ("authorization:A2", True),
    ]


def test_a_visit_whose_paper_has_ended_uses_nothing_of_it() -> None:
    decision = decided(replace(A1, end=date(2026, 10, 31)))
    assert decision.outcome is Outcome.HOLD
    assert decision.papers == ()


def test_self_pay_uses_no_paper() -> None:
    decision = decided(A1, restricted=True)
    assert decision.outcome is Outcome.SELF_PAY
    assert decision.papers == ()


def test_another_patients_paper_does_not_serve() -> None:
    assert effects(decided(replace(A1, patient="Patient/2")), "authorization-on-file") == [("no-data", "hold")]


def test_another_payers_paper_does_not_serve() -> None:
    assert effects(decided(replace(A1, payer="comp")), "authorization-on-file") == [("no-data", "hold")]
    assert effects(decided(replace(A1, payer="plan")), "authorization-on-file") == [("pass", "none")]


def test_a_policy_without_papers_asks_and_uses_nothing() -> None:
    decision = decided(A1, wants=[])
    assert decision.papers == ()
    assert effects(decision, "authorization-on-file") == []


# --- what is told ---------------------------------------------------------------------------------------------------


def test_the_least_that_can_be_used_is_told_with_its_parts() -> None:
    decision = decided(replace(A1, visits=12, visits_used=2), elsewhere=used(9, reserved=1))
    assert told(decision) == (
        "papers.csv:2: the authorization allows 12 visits; at least 12 visits are used (9 on claims of this clinic, "
        "2 as its starting balance, 1 reserved for visits that are held)."
    )


def test_messages_name_papers_by_where_they_stand_and_never_by_number() -> None:
    for paper in (replace(A1, end=date(2026, 10, 31)), replace(A1, codes=("97140",)), replace(A1, visits=0)):
        decision = decided(paper)
        assert decision.outcome is Outcome.HOLD
        assert "papers.csv:2" in told(decision)
        assert "A1" not in "".join(finding.message for finding in decision.findings)


def test_of_several_that_do_not_serve_the_one_that_comes_nearest_is_told() -> None:
    ended = replace(A1, source="papers.csv:3", number="A2", end=date(2026, 10, 31))
    strange = replace(A1, source="papers.csv:4", number="A3", codes=("97140",))
    assert told(decided(strange, ended)).startswith("papers.csv:3")


def test_the_finding_cites_the_policys_source() -> None:
    decision = flow.bill(
        visit(policy="va-community-care"), book(), rule_examples.make_clinic(given(policy="va-community-care")), None,
        NOWHERE,
    )  # fmt: skip
    (finding,) = [f for f in decision.findings if f.rule == "referral-on-file"]
    assert finding.result is Result.NO_DATA
    assert "Zeel" in finding.source


# --- one paper ------------------------------------------------------------------------------------------------------


def term(**says: Any) -> PaperTerm:
    return PaperTerm.model_validate({"kind": "authorization", "source": "a", **says})


def question(on: date = DAY, uses: tuple[PaperUse, ...] = ()) -> Question:
    return Question(on, {"97124": 4}, Elsewhere(uses=uses, counted=True))


@pytest.mark.parametrize(
    ("paper", "says", "expected"),
    [
        ({}, {}, (date(2026, 10, 1), date(2026, 12, 31))),
        ({"end": None}, {"days": 90}, (date(2026, 10, 1), date(2026, 12, 29))),
        ({"end": None, "continues": True}, {"days": 90, "renewed_days": 180}, (date(2026, 10, 1), date(2027, 3, 29))),
        ({"end": None, "continues": True}, {"days": 90}, (date(2026, 10, 1), date(2026, 12, 29))),
        ({"end": None}, {"renewed_days": 180}, (date(2026, 10, 1), None)),
        ({"start": None, "end": None, "written": date(2026, 10, 2)}, {"days": 1},
         (date(2026, 10, 2), date(2026, 10, 2))),
        ({"start": None}, {"days": 90}, (None, date(2026, 12, 31))),
        ({"start": date.max, "end": None}, {"days": 90}, (date.max, None)),
    ],
)  # fmt: skip
def test_how_long_a_paper_holds(paper: Any, says: Any, expected: Any) -> None:
    assert validity(replace(A1, **paper), term(**says)) == expected


def test_host_and_papers_csv_tell_of_one_paper_together() -> None:
    on_host = Paper(PaperKind.AUTHORIZATION, "ClaimResponse/1", "Patient/1", number="A1", codes=("97124",), linked=True)
    listed = replace(A1, visits=12, visits_used=3)
    (both,) = merged([on_host, listed])
    assert (both.source, both.codes, both.visits, both.visits_used, both.start, both.linked) == (
        "ClaimResponse/1", ("97124",), 12, 3, date(2026, 10, 1), True)  # fmt: skip
    assert len(merged([on_host, replace(listed, number="A2")])) == 2


def test_what_the_visit_is_based_on_is_tried_first_then_what_ends_first() -> None:
    linked = replace(A1, linked=True, end=None)
    soon = replace(A1, end=date(2026, 11, 30))
    assert sorted([A1, soon, linked], key=preferred) == [linked, soon, A1]


def test_a_row_that_moved_in_papers_csv_is_still_the_same_paper() -> None:
    nameless = replace(A1, number=None)
    assert replace(nameless, source="papers.csv:9").key == nameless.key
    assert replace(nameless, source="ServiceRequest/9").key != nameless.key


@hypothesis_given(
    visits=st.none() | st.integers(0, 5),
    units=st.none() | st.integers(0, 20),
    balance=st.integers(0, 3),
    billed=st.integers(0, 3),
    reserved=st.integers(0, 3),
)
def test_a_paper_serves_exactly_while_enough_is_left(visits, units, balance, billed, reserved) -> None:  # type: ignore[no-untyped-def]
    paper = replace(A1, visits=visits, units=units, visits_used=balance, units_used=4 * balance)
    use = PaperUse("authorization:A1", billed, 4 * billed, reserved, 4 * reserved)
    judged = judge(paper, term(), question(uses=(use,)))
    taken = balance + billed + reserved
    fits = (visits is None or taken < visits) and (units is None or 4 * taken + 4 <= units)
    assert (judged.case == "") is fits


# --- the injury -----------------------------------------------------------------------------------------------------


def test_a_number_in_the_record_outranks_papers_csv_and_the_coverage() -> None:
    injury = Paper(PaperKind.INJURY, "papers.csv:2", "Patient/1", start=date(2026, 9, 1), state="WA")
    decision = decided(injury, coverages=[{"linked": "Account/1"}], injury_number="J9")
    assert decision.accident is not None
    assert (decision.accident.claim_number, decision.accident.date, decision.accident.state) == (
        "J9", date(2026, 9, 1), "WA")  # fmt: skip


def test_an_injury_of_another_number_is_not_the_visits() -> None:
    injury = Paper(PaperKind.INJURY, "papers.csv:2", "Patient/1", number="J1", start=date(2026, 9, 1))
    decision = decided(injury, coverages=[{"linked": "Account/1"}], injury_number="J9")
    assert decision.accident is not None
    assert (decision.accident.claim_number, decision.accident.date) == ("J9", None)


def test_visits_of_the_injury_before_this_program_count() -> None:
    injury = Paper(PaperKind.INJURY, "papers.csv:2", "Patient/1", number="J1", visits_used=6)
    wants = [{"kind": "authorization", "from_visit": 7, "source": "a"}]
    assert effects(decided(injury, wants=wants), "authorization-on-file") == [("no-data", "hold")]
    assert effects(decided(replace(injury, visits_used=5), wants=wants), "authorization-on-file") == [
        ("bypassed", "none")
    ]


def test_visits_of_a_year_are_counted_for_themselves() -> None:
    wants = [{"kind": "authorization", "from_visit": 3, "counted_over": "year", "source": "a"}]
    seen = Elsewhere(uses=(PaperUse("year:plan:2026", 2, 0), PaperUse("injury:plan:", 9, 0)), counted=True)
    decision = decided(elsewhere=seen, wants=wants)
    assert effects(decision, "authorization-on-file") == [("no-data", "hold")]
    assert "year:plan:2026" in [need.key for need in decision.papers]
