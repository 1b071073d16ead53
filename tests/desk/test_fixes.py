"""What a hold asks of people: every rule that can hold a visit says what to do, who does it, and where."""

from __future__ import annotations

import pytest

from massage_billing.coding.rulebook import Rulebook
from massage_billing.desk import fixes
from massage_billing.desk.fixes import fix_of, title_of, where_of
from massage_billing.model import Effect, RulingKind
from massage_billing.rulebook.files import load_rulebook
from massage_billing.settings import HostKind

GENERAL = {
    "record-readable", "no-rule-for-date", "filing-limit", "same-day-visits", "therapy-modifier", "ncci-pairs",
    "fee-schedule-status", "payer-pays", "release-age", "timed-units", "daily-cap",
}  # fmt: skip
"""Rules whose hold is settled in no one place."""


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rulebook()


def test_every_rule_that_can_hold_says_where_it_is_settled(book: Rulebook) -> None:
    holding = {id for id, rule in book.rules.items() if Effect.HOLD in (rule.on_fail, rule.on_no_data)}
    silent = {id for id in holding if not where_of(id, "fhir")}
    assert silent <= GENERAL


def test_every_place_is_told_for_every_kind_of_host(book: Rulebook) -> None:
    where = fixes._where()
    assert set(where.records) | set(where.titles) <= set(book.rules)
    for kind in HostKind:
        assert all(where_of(rule, kind.value) for rule in where.records)


def test_a_rule_says_what_it_asks_and_what_a_person_may_decide(book: Rulebook) -> None:
    found = fix_of(book, "already-billed", "openemr")
    assert found.person_may == {RulingKind.BILL, RulingKind.SELF_PAY}
    assert found.where == "OpenEMR: the encounter's Fee Sheet"
    assert found.question == "Has somebody else billed this visit?"


def test_a_rule_that_is_no_more_is_still_named(book: Rulebook) -> None:
    found = fix_of(book, "gone-rule", "fhir")
    assert (found.title, found.fix, found.who, found.person_may) == ("Gone rule", "", None, frozenset())


def test_a_hold_is_called_by_what_is_wrong() -> None:
    assert [title_of(one) for one in ("minutes-documented", "therapist-npi", "ncci-pairs", "mue")] == [
        "Minutes missing",
        "Therapist NPI",
        "NCCI pairs",
        "MUE",
    ]


def test_a_log_of_openemr_that_waits_is_signed_where_it_is_written(book: Rulebook) -> None:
    """Every Encounter of OpenEMR is finished from check-in on: what a visit waits for there is the log's signature."""
    found = fix_of(book, "visit-finished", "openemr")
    assert (found.title, found.where) == ("Visit not finished", "OpenEMR: the encounter's menu, Treatment log: sign it")
