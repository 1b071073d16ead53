"""Denials: what is one, what a reversal takes back, by what they are counted, what rules prevented and missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from massage_billing.ports import Entry, VisitRow, VisitState
from massage_billing.ports.ledger import AdjustmentRow, Applied, AppliedPart
from massage_billing.remittance.denial_page import denial_page
from massage_billing.remittance.denials import DenialReport, Period, Share
from massage_billing.remittance.learned import Denials
from massage_billing.store.memory import MemoryStore
from remittance.denied import DAY, NOON, Answer, answer, claim, send

TIME = [NOON]


@pytest.fixture
def book() -> Denials:
    TIME[:] = [NOON]
    store = MemoryStore()
    return Denials(store, store.ledger(clock=lambda: TIME[0]), "main")


def shares(some: tuple[Share, ...]) -> list[tuple[str, int, str]]:
    return [(one.name, one.claims, str(one.dollars)) for one in some]


def report(book: Denials, **period: object) -> DenialReport:
    return book.report(Period(**period))  # type: ignore[arg-type]


def test_the_patients_share_and_what_is_agreed_are_no_denials(book: Denials) -> None:
    send(book.ledger, claim("A"))
    why = [("PR", "1", "10", ()), ("PR", "3", "20", ()), ("CO", "45", "30", ()), ("OA", "23", "5", ()),
           ("CO", "253", "1", ())]  # fmt: skip
    answer(book.ledger, "f1", Answer("MBA", why))
    assert report(book).claims == 0


def test_a_denial_that_is_left_to_the_patient_is_a_denial_and_said_so(book: Denials) -> None:
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA", [("PR", "27", "140", ())]))
    found = report(book)
    assert shares(found.by_rule) == [("coverage-in-force", 1, "140")]
    assert found.of_patient == Decimal(140)


def test_denials_are_counted_from_every_side(book: Denials) -> None:
    send(
        book.ledger,
        claim("A"),
        claim("B", payer="green"),
        claim("C", code="97140", npi="1245319599"),
        claim("D"),
    )
    answer(book.ledger, "f1", Answer("MBA", [("CO", "197", "140", ())]), Answer("MBB", [("CO", "197", "140", ())]))
    TIME[:] = [NOON + timedelta(days=14)]
    answer(book.ledger, "f2", Answer("MBC", [("CO", "Z9", "35", ()), ("CO", "16", "5.50", ("N290",))]), Answer("MBD"))
    found = report(book)
    assert (found.claims, found.dollars) == (3, Decimal("320.50"))
    assert shares(found.by_rule) == [("authorization-on-file", 2, "280"), ("", 1, "35"), ("therapist-npi", 1, "5.50")]
    assert shares(found.by_payer) == [("blue", 2, "180.50"), ("green", 1, "140")]
    assert shares(found.by_code) == [("97124", 2, "280"), ("97140", 1, "40.50")]
    assert shares(found.by_therapist) == [("1234567893", 2, "280"), ("1245319599", 1, "40.50")]
    assert shares(found.by_week) == [("2026-W49", 2, "280"), ("2026-W51", 1, "40.50")]
    assert [one.name for one in found.by_reason] == ["CO 197", "CO Z9", "CO 16"]
    assert shares(report(book, payer="green").by_rule) == [("authorization-on-file", 1, "140")]
    assert report(book, since=date(2026, 12, 2)).claims == 1
    assert report(book, until=date(2026, 12, 1)).claims == 2


@pytest.mark.parametrize("order", [("f1", "f2"), ("f2", "f1")])
def test_what_was_taken_back_takes_its_denial_with_it(book: Denials, order: tuple[str, str]) -> None:
    send(book.ledger, claim("A"), claim("B"))
    files = {
        "f1": ((Answer("MBA", [("CO", "197", "140", ())]),), date(2026, 11, 20)),
        "f2": (
            (Answer("MBA", [("CO", "197", "-140", ())], "22"), Answer("MBA", [("CO", "45", "20", ())])),
            date(2026, 11, 30),
        ),
    }
    for file in order:
        answers, paid_on = files[file]
        answer(book.ledger, file, *answers, paid_on=paid_on)
    assert report(book).claims == 0


def test_a_reversal_whose_reasons_are_others_takes_the_denial_back_too(book: Denials) -> None:
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA", [("CO", "97", "140", ())]), paid_on=date(2026, 11, 20))
    taken = Answer("MBA", [("CR", "129", "-140", ())], "22")
    answer(book.ledger, "f2", taken, Answer("MBA", [("CO", "29", "140", ())]))
    assert shares(report(book).by_rule) == [("filing-limit", 1, "140")]


def test_claims_of_other_hosts_and_of_nobody_are_not_counted(book: Denials) -> None:
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA", [("CO", "197", "140", ())]))
    lost = AdjustmentRow("", "f3", 1, 1, "87726", "97124", "", DAY, "CO", "197", (), Decimal(9))
    book.ledger.apply(Applied("f3", "835", "f3"), [AppliedPart((), (lost, lost))])
    assert (report(book).claims, report(book).lost_claims) == (1, 1)
    assert Denials(book.store, book.ledger, "other").report(Period()).claims == 0


def row(name: str, state: VisitState, amount: str | None = "140.00", *rules: str) -> VisitRow:
    holds = tuple((rule, "is held.") for rule in rules)
    return VisitRow(
        "main", name, "Patient/3", DAY, state, "hold" if rules else "claim", "blue", amount=amount, holds=holds
    )


def test_prevented_is_what_is_held_now_and_what_was_held_and_cleared(book: Denials) -> None:
    book.store.commit(
        [
            Entry(row("e1", VisitState.HELD, "140.00", "member-id", "authorization-on-file"),
                  audit="hold (member-id,authorization-on-file); claim none; rulebook abc"),
            Entry(row("e2", VisitState.HELD, "70.00", "member-id"), audit="hold (member-id); claim none; rulebook abc"),
            Entry(row("e3", VisitState.HELD, None, "charge"), audit="hold (charge); claim none; rulebook abc"),
        ]
    )  # fmt: skip
    book.store.commit([Entry(row("e2", VisitState.CLAIMED), audit="claim (blue); claim created; rulebook abc")])
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA", [("CO", "197", "140", ())]))
    found = {
        one.rule: (one.held, str(one.held_dollars), one.cleared, str(one.cleared_dollars), one.missed)
        for one in report(book).lessons
    }
    assert found == {
        "authorization-on-file": (1, "140.00", 0, "0", 1),
        "member-id": (1, "140.00", 1, "140.00", 0),
        "charge": (1, "0", 0, "0", 0),
    }
    assert report(book, payer="green").lessons == ()
    assert report(book, since=datetime.now(UTC).date() + timedelta(days=2)).lessons == ()


def test_the_page_has_every_table_and_no_script(book: Denials) -> None:
    send(book.ledger, replace(claim("A"), payer="<b>blue</b>"), claim("B"))
    answer(book.ledger, "f1", Answer("MBA", [("CO", "197", "140", ())]))
    TIME[:] = [NOON + timedelta(days=21)]
    answer(book.ledger, "f2", Answer("MBB", [("CO", "Z9", "35", ())]))
    page = denial_page(report(book), Period(since=date(2026, 1, 1), payer="blue"), "Cedar Lane")
    assert "<script" not in page
    assert "&lt;b&gt;blue&lt;/b&gt;" in page
    assert "Patient/" not in page
    for text in ("authorization-on-file", "no rule knew", "2026-W49", "2026-W52", "$175.00", "1234567893"):
        assert text in page
    assert page.count('<rect class="bar" x=') == 4  # the weeks between have a place too
    assert "Nothing was denied" in denial_page(report(book, payer="nobody"), Period(), "")
