"""Diagnoses beside each other: Excludes1, 7th characters, what is never first, the payer's list."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date as Date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing import flow
from massage_billing.coding import diagnosis_set, icd10
from massage_billing.coding.day import Day
from massage_billing.coding.tabular import Target
from massage_billing.model import Effect, Outcome
from visits import DAY, book, clinic, decide, effects, ruling, visit

CLINIC = [
    "M54.2", "M54.50", "M54.51", "M54.59", "M54.6", "M54.12", "M54.16", "M54.31", "M54.41", "M54.9", "M79.10", "M79.18",
    "M79.7", "M62.830", "M62.838", "M25.511", "M25.512", "M25.551", "M99.01", "M50.120", "M51.26", "M51.360", "M47.812",
    "S13.4XXA", "S16.1XXA", "S33.5XXA", "S39.012A", "S23.3XXA", "S46.011A", "G44.209", "G44.86", "G43.909", "G57.01",
    "G54.0", "R51.9", "R52", "R25.2", "G89.29", "F45.41", "M26.601", "M72.2", "M75.01", "E11.42", "G63", "M60.9",
]  # fmt: skip
"""Diagnoses that massage clinics see, and some that exclude them."""
RULES = (icd10.RULE, icd10.SEVENTH, diagnosis_set.EXCLUDES, diagnosis_set.FIRST)


def day() -> Day:
    return book().on(DAY)


def failed(codes: tuple[str, ...], rule: str, on: Day | None = None) -> list[str]:
    return [fault.about for fault in diagnosis_set.judged(codes, on or day()).faults if fault.rule == rule]


# --- Excludes1 ---


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("M54.50", "S39.012A", "the Excludes1 note at M54.5 names S39.012"),
        ("M54.59", "M54.41", "at M54.5 names M54.4"),
        ("M54.51", "M51.26", "at M54.5 names M51.2"),
        ("M54.50", "M51.360", "at M54.5 names M51.360"),
        ("M54.31", "M54.41", "at M54.3 names M54.4"),
        ("M54.2", "M50.120", "at M54.2 names M50"),
        ("M54.6", "M51.24", "at M54.6 names M51"),
        ("M54.12", "M47.22", "at M54.1 names M47.2"),
        ("G44.209", "R51.9", "at G44 names R51.9"),
        ("M62.830", "M79.18", "at M62 names M79.1"),
        ("M79.18", "M79.7", "at M79.1 names M79.7"),
        ("M54.50", "F45.41", "at M54 names F45.41"),
        ("G57.02", "M54.16", "at G50-G59 names M54.1"),
        ("S33.5XXA", "M51.26", "at S33 names M51"),
        ("R52", "M25.511", "at R52 names M25.5"),
        ("G63", "E11.42", "at G63 names E08-E13 with 42 as characters from the 4th on"),
    ],
)
def test_pairs_that_exclude_each_other(one: str, other: str, told: str) -> None:
    judged = diagnosis_set.judged((one, other), day())
    messages = [fault.message for fault in judged.faults if fault.rule == diagnosis_set.EXCLUDES]
    assert len(messages) == 1
    assert told in messages[0]
    assert messages == [f.message for f in diagnosis_set.judged((other, one), day()).faults if "exclude" in f.message]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("M54.2", "M54.50"), ("M54.50", "M62.830"), ("M54.2", "M79.18"), ("S13.4XXA", "S33.5XXA"),
        ("M54.50", "S13.4XXA"),
        ("M54.2", "G44.209"), ("M25.511", "M25.512"), ("M54.50", "M25.551"), ("G63", "E11.40"), ("M54.50", "M54.51"),
        ("M99.01", "M54.2"), ("S13.4XXA", "S16.1XXA"), ("M79.7", "M54.50"), ("R51.9", "M54.2"),
    ],
)  # fmt: skip
def test_pairs_that_may_stand_together(one: str, other: str) -> None:
    assert failed((one, other), diagnosis_set.EXCLUDES) == []


@given(st.lists(st.sampled_from(CLINIC), min_size=2, max_size=12, unique=True), st.randoms())
def test_the_order_of_diagnoses_never_changes_which_pairs_exclude_each_other(codes: list[str], random: object) -> None:
    shuffled = list(codes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert failed(tuple(codes), diagnosis_set.EXCLUDES) == failed(tuple(shuffled), diagnosis_set.EXCLUDES)


@given(st.permutations(["M54.50", "S39.012A", "M54.2", "M25.511"]), st.integers(1, 3))
@settings(max_examples=30)
def test_nor_does_it_matter_whether_the_visit_or_a_procedure_gives_them(codes: list[str], given_by_visit: int) -> None:
    decision = decide(
        diagnoses=codes[:given_by_visit],
        services=[{"code": "97124", "minutes": 60, "diagnoses": codes[given_by_visit:]}],
    )
    assert ("fail", "hold") in effects(decision, diagnosis_set.EXCLUDES)


ALL_CODES = sorted(book().on(DAY).icd10.codes)


@given(st.sampled_from(ALL_CODES), st.sampled_from(ALL_CODES))
def test_every_pair_is_symmetric(one: str, other: str) -> None:
    table = day().tabular
    assert table.exclusion(one, other) == table.exclusion(other, one)


@given(st.data())
@settings(max_examples=200)
def test_every_pair_that_a_note_names_is_found_from_both_sides(data: st.DataObject) -> None:
    table = day().tabular
    note = data.draw(st.sampled_from(table.notes.exclusions))
    for one in _some(note.at):
        for other in (code for target in note.names for code in _some(target)):
            if not any(target.holds(one) for target in note.names):
                assert table.exclusion(one, other) is not None
            assert table.exclusion(one, other) == table.exclusion(other, one)


def _some(target: Target) -> list[str]:
    """The first few codes that a note means."""
    first = bisect_left(ALL_CODES, target.low)
    return [code for code in ALL_CODES[first : first + 30] if target.holds(code)][:4]


def test_no_code_excludes_itself() -> None:
    table = day().tabular
    assert [code for code in ALL_CODES[::8] if table.exclusion(code, code) is not None] == []


def test_a_person_may_bill_both_and_nothing_else_of_the_decision_changes() -> None:
    pair = ["M54.50", "S39.012A"]
    held, billed = decide(diagnoses=pair), flow.bill(visit(diagnoses=pair), book(), clinic(), ruling("bill"))
    assert held.outcome is Outcome.HOLD
    assert billed.outcome is Outcome.CLAIM
    assert held.lines == billed.lines
    assert held.diagnoses == billed.diagnoses == tuple(pair)


def test_a_pair_among_diagnoses_that_are_left_off_is_not_on_the_claim() -> None:
    many = ["M54.2", "M79.10", "M25.511", "M79.11", "M79.12", "M79.18", "M54.51", "M54.59", "M25.512", "M54.6",
            "M25.531", "M25.532"]  # fmt: skip
    assert effects(decide(diagnoses=[*many, "S39.012A"]), diagnosis_set.EXCLUDES) == [("pass", "none")]


def test_before_the_release_a_pair_only_warns() -> None:
    pair = {"diagnoses": ["M54.50", "S39.012A"]}
    assert effects(decide(Date(2026, 3, 31), **pair), diagnosis_set.EXCLUDES) == [("fail", "warn")]
    assert effects(decide(Date(2026, 4, 1), **pair), diagnosis_set.EXCLUDES) == [("fail", "hold")]


# --- 7th character ---


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("S13.4", "S13.4 needs a 7th character: S13.4XXA (initial encounter) or S13.4XXD (subsequent encounter) or "
         "S13.4XXS (sequela)."),
        ("S13.4X", "S13.4X needs a 7th character: S13.4XXA"),
        ("S13.4XX", "S13.4XX needs a 7th character: S13.4XXA"),
        ("S39.012", "S39.012 needs a 7th character: S39.012A"),
        ("S13.4A", "S13.4A has no X in the places before its 7th character A: S13.4XXA"),
        ("S13.4D", "S13.4D has no X in the places before its 7th character D: S13.4XXA"),
        ("S13.4XA", "S13.4XA has no X in the places before its 7th character A: S13.4XXA"),
        ("S13.4XXB", "B is no 7th character of S13.4: S13.4XXA"),
        ("M80.08X", "M80.08X needs a 7th character: M80.08XA (initial encounter for fracture)"),
        ("S39.012B", "B is no 7th character of S39.012: S39.012A"),
        ("T14.90", "T14.90 needs a 7th character: T14.90XA"),
    ],
)  # fmt: skip
def test_a_7th_character_that_is_not_there_names_the_whole_codes(code: str, told: str) -> None:
    fault = icd10.fault(icd10.canonical(code), day())
    assert fault is not None
    assert (fault.rule, told in fault.message) == (icd10.SEVENTH, True), fault.message


@pytest.mark.parametrize("code", ["S13", "S13.1", "M54.2A", "M54.50A", "S13.9999"])
def test_what_no_7th_character_can_mend_is_the_other_rules(code: str) -> None:
    fault = icd10.fault(code, day())
    assert fault is not None
    assert fault.rule == icd10.RULE


def test_one_code_gives_one_finding_and_validity_does_not_pass_beside_it() -> None:
    decision = decide(diagnoses=["S13.4"])
    assert effects(decision, icd10.SEVENTH) == [("fail", "hold")]
    assert effects(decision, icd10.RULE) == []


@given(st.sampled_from(ALL_CODES))
def test_every_code_that_may_be_billed_has_its_7th_character(code: str) -> None:
    fault = icd10.fault(icd10.pointed(code), day())
    assert fault is None or fault.case == "later"


@given(st.sampled_from([code for code in ALL_CODES if len(code) == 7 and day().tabular.seventh(code)]))
def test_a_code_that_loses_its_7th_character_is_told_it_again(code: str) -> None:
    fault = icd10.fault(icd10.pointed(code[:6].rstrip("X")), day())
    assert fault is not None
    assert (fault.rule, icd10.pointed(code) in fault.message) == (icd10.SEVENTH, True)


# --- never first ---


def test_a_manifestation_may_stand_behind_what_causes_it() -> None:
    assert failed(("M49.82",), diagnosis_set.FIRST) == ["M49.82"]
    assert failed(("A23.9", "M49.82"), diagnosis_set.FIRST) == []
    assert decide(diagnoses=["M49.82", "M54.2"]).diagnoses == ("M49.82", "M54.2")


# --- the payer's list ---


def covered(diagnoses: list[str], *terms: dict[str, object], **differs: object) -> list[tuple[str, str]]:
    said = [{"codes": ["97124"], "source": "cms-5-20.2"} | term for term in terms]
    return effects(_varied(diagnoses, said, **differs), "diagnosis-covered")


def _varied(diagnoses: list[str], said: list[dict[str, object]], **differs: object):  # type: ignore[no-untyped-def]
    from massage_billing.coding.example_terms import Example, Expect
    from massage_billing.rulebook import examples as rule_examples
    from visits import given as given_visit

    given = given_visit(diagnoses=diagnoses, policy_says={"diagnoses": said}, **differs)
    example = Example(name="an example", on=DAY, given=given, expect=Expect())
    return rule_examples.decide(rule_examples.Case("diagnosis-covered", example), book())


def test_a_line_is_covered_by_any_of_its_diagnoses_and_any_list_of_its_code() -> None:
    assert covered(["M54.2"], {"begin_with": ["M54.5"]}) == [("fail", "warn")]
    assert covered(["M54.2"], {"begin_with": ["M54.5"]}, {"begin_with": ["M54.2"]}) == [("pass", "none")]
    assert covered(["M54.2", "M54.50"], {"begin_with": ["M54.5"]}) == [("pass", "none")]
    assert covered(["M54.50"], {"begin_with": ["M54"]}) == [("pass", "none")]
    assert covered([], {"begin_with": ["M54"]}) == [("pass", "none")]


def test_the_finding_names_the_policy_its_row_and_its_source_and_no_other_diagnosis() -> None:
    decision = _varied(["M25.511"], [{"codes": ["97124"], "begin_with": ["M54.5"], "source": "cms-5-20.2"}])
    finding = next(f for f in decision.findings if f.rule == "diagnosis-covered")
    assert finding.effect is Effect.WARN
    assert "M25.511" not in finding.message
    assert finding.row.startswith("cms-total-time@")
    assert "Medicare Claims Processing Manual" in finding.source


# --- once a day and set ---


def test_a_set_is_judged_once_and_a_single_diagnosis_asks_for_no_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    table = day().tabular
    monkeypatch.setattr(type(table), "exclusion", lambda self, one, other: asked.append((one, other)))
    fresh = book().on(DAY)
    fresh.diagnosis_sets.clear()
    diagnosis_set.judged(("M54.50",), fresh)
    assert asked == []
    for _ in range(3):
        diagnosis_set.judged(("M54.50", "M54.2", "M25.511"), fresh)
    assert asked == [("M25511", "M542"), ("M25511", "M5450"), ("M542", "M5450")]
    fresh.diagnosis_sets.clear()


def test_nothing_wrong_leaves_one_pass_a_rule() -> None:
    decision = decide(diagnoses=["M54.50", "M54.2"])
    assert [effects(decision, rule) for rule in RULES] == [[("pass", "none")]] * 4


def test_without_a_diagnosis_only_their_absence_is_told() -> None:
    decision = decide(diagnoses=[])
    assert [effects(decision, rule) for rule in RULES] == [[]] * 4
    assert effects(decision, "diagnosis-present") == [("no-data", "hold")]
