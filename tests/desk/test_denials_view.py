"""Denials by week without holes, and what rules prevented and missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from massage_billing.desk.denials import denied, every_week
from massage_billing.ports import Entry, VisitRow, VisitState
from massage_billing.remittance.denials import Period, Share
from massage_billing.remittance.learned import Denials
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


REASONS = [("CO", "197", "40", ()), ("CO", "45", "20", ()), ("PR", "3", "10", ()), ("PR", "27", "15", ()),
           ("CO", "16", "25", ("N362",)), ("CO", "B20", "5", ()), ("OA", "23", "5", ())]  # fmt: skip
PERIODS = (
    Period(), Period(payer="blue"), Period(payer="green"), Period(since=NOON.date()),
    Period(until=NOON.date() - timedelta(days=1)), Period(since=NOON.date(), payer="blue"),
)  # fmt: skip


@given(
    answers=st.lists(
        st.tuples(st.lists(st.sampled_from(REASONS), max_size=3), st.booleans(), st.booleans()), max_size=8
    ),
    held=st.lists(st.tuples(st.sampled_from(["mue", "ncci-pairs"]), st.booleans(), st.integers(0, 3)), max_size=6),
)
def test_what_is_told_is_what_the_command_line_tells(
    answers: list[tuple[list[tuple[str, str, str, tuple[str, ...]]], bool, bool]], held: list[tuple[str, bool, int]]
) -> None:
    store = MemoryStore()
    ledger = store.ledger(clock=lambda: NOON)
    for number, (why, taken_back, other) in enumerate(answers):
        send(ledger, claim(f"{number}", payer="green" if other else "blue"))
        answer(ledger, f"f{number}", Answer(f"MB{number}", why))
        if taken_back:
            answer(ledger, f"g{number}", Answer(f"MB{number}", [(g, r, f"-{d}", m) for g, r, d, m in why], status="22"))
    for number, (rule, still, claims) in enumerate(held):
        row = VisitRow("main", f"h{number}", "Patient/1", NOON.date(), VisitState.HELD, "hold", "blue", amount="50.00",
                       holds=((rule, "why"),))  # fmt: skip
        store.commit([Entry(row, audit=f"hold ({rule}); claim none; rulebook 0")])
        if not still:
            done = replace(row, state=VisitState.CLAIMED, outcome="claim", holds=())
            store.commit([Entry(done, audit="claim (blue); claim created; rulebook 0")] * min(claims, 1))
    for period in PERIODS:
        assert denied(store, ledger, "main", period).report == Denials(store, ledger, "main").report(period)


def test_what_no_rule_knew_is_told_apart_from_what_one_should_have_stopped() -> None:
    store = MemoryStore()
    ledger = store.ledger(clock=lambda: NOON)
    send(ledger, claim("A"), claim("B"))
    answer(ledger, "f1", Answer("MBA", [("CO", "197", "40", ())]), Answer("MBB", [("CO", "B20", "25", ())]))
    found = denied(store, ledger, "main", Period())
    assert found.report.dollars == Decimal(65)
    assert found.missed + found.unknown == Decimal(65)
    assert found.missed >= Decimal(40)
