"""What goes on a line: diagnoses and pointers, the therapist's NPI and taxonomy, the charge."""

from __future__ import annotations

from dataclasses import replace
from datetime import date as Date
from decimal import Decimal

import pytest
import simple_icd_10_cm
from hypothesis import given
from hypothesis import strategies as st

from massage_billing import flow
from massage_billing.coding import icd10
from massage_billing.coding.price import unit_price
from massage_billing.coding.provider import npi_valid
from massage_billing.model import Clinic, Effect, Fee, Outcome, Therapist
from visits import DAY, book, clinic, decide, effects, visit

# --- diagnoses ---


def test_own_diagnoses_of_a_procedure_come_before_the_visits() -> None:
    decision = decide(
        diagnoses=["M54.50", "M54.2"],
        services=[{"code": "97112", "minutes": 15, "diagnoses": ["M54.2", "M79.10"]}, {"code": "97110", "minutes": 15}],
    )
    assert decision.diagnoses == ("M54.50", "M54.2", "M79.10")
    assert {line.code: line.diagnosis_pointers for line in decision.lines} == {"97110": (1, 2), "97112": (2, 3)}


def test_a_diagnosis_that_only_a_procedure_gives_is_enough() -> None:
    decision = decide(diagnoses=[], services=[{"code": "97124", "minutes": 15, "diagnoses": ["M54.2"]}])
    assert decision.outcome is Outcome.CLAIM
    assert decision.lines[0].diagnosis_pointers == (1,)


def test_a_diagnosis_named_twice_stands_once() -> None:
    assert decide(diagnoses=["M54.50", "m5450", "M54.50"]).diagnoses == ("M54.50",)


def test_at_most_twelve_and_those_that_lines_point_to_stay() -> None:
    many = ["M54.2", "M79.10", "M25.511", "G44.209", "M79.11", "M79.12", "M79.18", "M54.51", "M54.59", "M25.512",
            "R51.9", "M62.830", "M54.6"]  # fmt: skip
    decision = decide(diagnoses=many, services=[{"code": "97124", "minutes": 15, "diagnoses": ["M54.50"]}])
    assert len(decision.diagnoses) == 12
    assert decision.diagnoses[decision.lines[0].diagnosis_pointers[0] - 1] == "M54.50"
    assert ("fail", "warn") in effects(decision, "diagnosis-present")


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        ("M54.50", DAY, None),
        ("M54.5", Date(2021, 9, 30), None),
        ("M54.5", Date(2021, 10, 1), "ended"),
        ("M54.50", Date(2021, 9, 30), "ended"),
        ("M54.50", Date(2021, 10, 1), None),
        ("S13.4XXA", DAY, None),
        ("S13.4", DAY, "diagnosis-seventh-character"),
        ("S13.4XX", Date(2026, 5, 1), "diagnosis-seventh-character"),
        ("S13", DAY, "unspecific"),
        ("S13", Date(2025, 9, 30), "earlier"),
        ("R51", Date(2025, 10, 1), "unspecific"),
        ("R51", Date(2025, 9, 30), "earlier"),
        ("M72.2", Date(2026, 9, 30), None),
        ("M72.2", Date(2026, 10, 1), "later"),
        ("M67.A01", Date(2026, 9, 30), "ended"),
        ("M67.A01", Date(2026, 10, 1), None),
        ("724.2", Date(2026, 5, 1), "absent"),
        ("Z99.999", Date(2026, 9, 30), "absent"),
        ("Z99.999", Date(2026, 10, 1), "later"),
        ("Z99.999", Date(2025, 9, 30), "earlier"),
    ],
)
def test_a_code_on_a_date(code: str, on: Date, expected: str | None) -> None:
    found = icd10.fault(code, book().on(on))
    assert (found and (found.case or found.rule)) == expected
    assert icd10.fault(code, book().on(on)) == found


def test_the_table_is_the_list_it_was_built_from() -> None:
    table = book().on(DAY).icd10
    for code in simple_icd_10_cm.get_all_codes(True)[::37]:
        if simple_icd_10_cm.is_chapter(code) or simple_icd_10_cm.is_block(code):
            continue
        bare = code.replace(".", "").upper()
        assert table.billable(bare) is bool(simple_icd_10_cm.is_leaf(code))
        assert table.category(bare) is not bool(simple_icd_10_cm.is_leaf(code))


# --- therapist ---


def with_therapist(**differs: object) -> list[tuple[str, str]]:
    decided = visit()
    therapist = Therapist("Practitioner/7", **{"npi": "1234567893", "taxonomies": ("225700000X",)} | differs)  # type: ignore[arg-type]
    decided = replace(decided, services=(replace(decided.services[0], therapist=therapist),))
    decision = flow.bill(decided, book(), clinic())
    return effects(decision, "therapist-npi") + effects(decision, "therapist-taxonomy")


@given(st.integers(10**8, 3 * 10**8 - 1), st.integers(0, 9))
def test_of_ten_check_digits_one_is_right(first: int, digit: int) -> None:
    right = [d for d in range(10) if npi_valid(f"{first}{d}", "80840", 10, ("1", "2"))]
    assert len(right) == 1
    assert npi_valid(f"{first}{digit}", "80840", 10, ("1", "2")) is (digit == right[0])


@pytest.mark.parametrize("npi", ["1234567893", "1245319599"])
def test_known_good_numbers_pass(npi: str) -> None:
    assert with_therapist(npi=npi) == [("pass", "none"), ("pass", "none")]


@pytest.mark.parametrize(
    "npi", ["1234567890", "123456789", "12345678930", "12345abc93", "123456789\u0663", " 123456789"]
)
def test_a_number_with_a_fault_is_held(npi: str) -> None:
    assert with_therapist(npi=npi)[0] == ("fail", "hold")


@pytest.mark.parametrize("npi", [None, ""])
def test_no_number_is_no_data(npi: str | None) -> None:
    assert with_therapist(npi=npi)[0] == ("no-data", "hold")


def test_the_message_about_an_npi_does_not_repeat_it() -> None:
    decision = decide(npi="1234567890")
    assert not any("1234567890" in finding.message for finding in decision.findings)


def test_one_good_taxonomy_code_is_enough() -> None:
    assert with_therapist(taxonomies=("bad", "225700000X"))[1] == ("pass", "none")
    assert with_therapist(taxonomies=("225700000x",))[1] == ("fail", "hold")
    assert with_therapist(taxonomies=())[1] == ("no-data", "hold")


def test_each_therapist_is_asked_about() -> None:
    decided = visit(services=[{"code": "97112", "minutes": 15, "by": "A"}, {"code": "97110", "minutes": 15, "by": "B"}])
    first, second = decided.services
    decided = replace(decided, services=(first, replace(second, therapist=Therapist("Practitioner/B", None))))
    decision = flow.bill(decided, book(), clinic())
    assert [f.about for f in decision.holds] == ["Practitioner/B", "Practitioner/B"]


# --- charge ---

JANUARY, JULY = Date(2026, 1, 1), Date(2026, 7, 1)


def fee(amount: str, since: Date = JANUARY, modifier: str | None = None, payer: str | None = None) -> Fee:
    return Fee("97124", Decimal(amount), since, modifier, payer)


PLAIN, MODIFIED, PAYER, BOTH = (
    fee("10"),
    fee("20", modifier="GP"),
    fee("30", payer="plan"),
    fee("40", modifier="GP", payer="plan"),
)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((PLAIN, MODIFIED, PAYER, BOTH), "40.00"),
        ((PLAIN, MODIFIED, PAYER), "30.00"),
        ((PLAIN, MODIFIED), "20.00"),
        ((PLAIN,), "10.00"),
        ((PLAIN, fee("11", JULY)), "11.00"),
        ((PLAIN, fee("11", Date(2026, 12, 1))), "10.00"),
        ((fee("11", JULY), PAYER), "30.00"),
        ((fee("50", payer="other"), fee("60", modifier="59")), None),
        ((fee("11", Date(2026, 12, 1)),), None),
        ((), None),
    ],
)
def test_the_most_specific_row_wins_then_the_newest(rows: tuple[Fee, ...], expected: str | None) -> None:
    price = unit_price(rows, ("GP",), "plan", DAY)
    assert price == (None if expected is None else Decimal(expected))
    assert unit_price(tuple(reversed(rows)), ("GP",), "plan", DAY) == price


def test_a_charge_is_the_unit_price_times_the_units_in_cents() -> None:
    shop = replace(clinic(), fees=(fee("33.335"),))
    decision = flow.bill(visit(), book(), shop)
    assert (decision.lines[0].unit_price, decision.lines[0].charge) == (Decimal("33.34"), Decimal("133.36"))
    assert str(decision.total) == "133.36"


def test_another_fee_schedule_is_another_price() -> None:
    for amount in ("10.00", "11.00", "12.00"):
        shop = replace(clinic(), fees=(fee(amount),))
        assert flow.bill(visit(), book(), shop).lines[0].unit_price == Decimal(amount)


def test_what_only_a_file_of_the_clinic_could_tell_warns_in_explain_and_holds_in_run() -> None:
    shop = Clinic(policy="cms-total-time", explaining=True)
    explained = flow.bill(visit(), book(), shop)
    assert (explained.outcome, explained.lines[0].charge, explained.total) == (Outcome.CLAIM, None, None)
    run = flow.bill(visit(), book(), replace(shop, explaining=False))
    assert [f.rule for f in run.findings if f.effect is Effect.HOLD] == ["charge"]
