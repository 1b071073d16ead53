"""Denials by week without holes, and what rules prevented and missed."""

from __future__ import annotations

from decimal import Decimal

from massage_billing.desk.denials import denied, every_week
from massage_billing.remittance.denials import Period, Share
from massage_billing.store.memory import MemoryStore
from remittance.denied import NOON, Answer, answer, claim, send


def week(name: str, dollars: int = 1) -> Share:
    return Share(name, 1, Decimal(dollars), Decimal(0))


def test_weeks_without_a_denial_stand_as_nothing_over_the_turn_of_a_year() -> None:
    found = every_week((week("2026-W52"), week("2027-W02"), week("")))
    assert [(one.name, one.dollars) for one in found] == [
        ("2026-W52", Decimal(1)), ("2026-W53", Decimal(0)), ("2027-W01", Decimal(0)), ("2027-W02", Decimal(1)),
    ]  # fmt: skip
    assert every_week(()) == []


def test_what_no_rule_knew_is_told_apart_from_what_one_should_have_stopped() -> None:
    store = MemoryStore()
    ledger = store.ledger(clock=lambda: NOON)
    send(ledger, claim("A"), claim("B"))
    answer(ledger, "f1", Answer("MBA", [("CO", "197", "40", ())]), Answer("MBB", [("CO", "B20", "25", ())]))
    found = denied(store, ledger, "main", Period())
    assert found.report.dollars == Decimal(65)
    assert found.missed + found.unknown == Decimal(65)
    assert found.missed >= Decimal(40)
