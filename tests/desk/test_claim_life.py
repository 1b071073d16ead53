"""One claim's life: every step with its evidence, each line as sent, paid and adjusted, and what a person may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from massage_billing.desk.claim_life import ClaimStory, Life, claim_life
from massage_billing.desk.claim_marks import Mark, MovedOn, dollars, mark
from massage_billing.errors import InputError
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Entry, VisitRow, VisitState
from massage_billing.remittance.book import ClaimBook
from massage_billing.store.memory import MemoryStore
from remittance.denied import DAY, NOON, Answer, answer, claim, send

WHO = "Practitioner/3"
LATER = NOON + timedelta(days=1)


@pytest.fixture
def book() -> ClaimBook:
    store = MemoryStore()
    return ClaimBook(store, store.ledger(clock=lambda: NOON), "main")


def billed(book: ClaimBook, name: str = "A", **more: object) -> None:
    """A visit that a run has claimed."""
    given: dict[str, object] = {
        "host": "main", "encounter": f"e{name}", "patient": f"Patient/{name}", "date": DAY,
        "state": VisitState.CLAIMED, "outcome": "claim", "payer": "blue", "claim_key": f"MB{name}",
        "claim": f"Claim/{name}", "amount": "140.00",
    }  # fmt: skip
    row = VisitRow(**(given | more))  # type: ignore[arg-type]
    book.store.commit([Entry(row, audit="claim (blue); claim created; rulebook 0123456789ab")])


def life(book: ClaimBook, encounter: str = "eA") -> Life:
    found = claim_life(book.store, book.ledger, "main", encounter, lambda code, on: f"our word for {code}",
                       book.ledger.files())  # fmt: skip
    assert found is not None
    return found


def story(book: ClaimBook, encounter: str = "eA") -> ClaimStory:
    found = life(book, encounter).newest
    assert found is not None
    return found


def test_a_visit_that_nobody_knows_or_that_has_no_claim_has_no_life(book: ClaimBook) -> None:
    billed(book, "B", claim=None, state=VisitState.HELD, outcome="hold")
    for encounter in ("eA", "eB"):
        assert claim_life(book.store, book.ledger, "main", encounter, lambda code, on: "") is None


def test_a_claim_that_no_file_carries_is_told_as_not_sent(book: ClaimBook) -> None:
    billed(book)
    found = story(book)
    assert (found.claim.standing, found.claim.total, found.paid) == (ClaimStanding.NOT_SENT, Decimal("140.00"), None)
    assert [step.what for step in found.steps] == ["Decided: to be billed to blue; its Claim is written"]
    assert found.steps[0].evidence == "rulebook 0123456789ab"


def test_every_step_names_its_evidence_and_the_newest_is_last(book: ClaimBook) -> None:
    billed(book)
    send(book.ledger, replace(claim("A"), batch=1, transaction="0001"))
    answer(book.ledger, "f" * 64, Answer("MBA", [("CO", "45", "20", ())]))
    found = story(book)
    told = [(step.who, step.evidence, step.file) for step in found.steps if step.who != "rules"]
    assert told == [
        ("file", f"SHA-256 {'f' * 12}", "1.837"),
        ("payer", f"835 {'f' * 64} claim 1", f"{'f' * 64}.835"),
    ]
    assert [file.kind for file in found.files] == ["835"]
    assert found.batch is not None
    assert found.batch.body is None


def test_each_line_has_what_was_paid_and_why_not_more_in_our_words(book: ClaimBook) -> None:
    billed(book)
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA", [("CO", "45", "20", ()), ("PR", "3", "15", ()), ("CO", "197", "40", ())]))
    found = story(book)
    (line,) = found.lines
    assert (line.label, line.paid, line.of_patient) == ("our word for 97124", Decimal(65), Decimal(15))
    assert [(one.code, one.kind, one.dollars, one.rule) for one in line.adjusted] == [
        ("CO 45", "agreed", Decimal(20), ""),
        ("PR 3", "patient", Decimal(15), ""),
        ("CO 197", "denied", Decimal(40), "authorization-on-file"),
    ]
    assert all(one.plain and "reason" not in one.plain for one in line.adjusted)
    assert (found.paid, found.of_patient) == (Decimal(65), Decimal(15))


def test_what_was_taken_back_counts_no_more(book: ClaimBook) -> None:
    billed(book)
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA", [("CO", "45", "20", ())]))
    answer(book.ledger, "f2", Answer("MBA", [("CO", "45", "-20", ())], status="22"))
    answer(book.ledger, "f3", Answer("MBA", [("CO", "45", "100", ())]))
    found = story(book)
    assert (found.paid, found.taken_back) == (Decimal(40), 1)
    assert [one.dollars for one in found.lines[0].adjusted] == [Decimal(100)]


def test_corrections_stand_behind_the_claim_that_counts_now(book: ClaimBook) -> None:
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA"))
    billed(book, claim_key="MBNEW", claim="Claim/A2", amount="105.00", revision=1)
    found = life(book)
    assert [(one.claim.key, one.newest, one.claim.standing.value) for one in found.claims] == [
        ("MBNEW", True, "not sent"),
        ("MBA", False, "adjudicated"),
    ]


# --- what a person says ---------------------------------------------------------------------------------------------


def test_a_person_marks_a_claim_and_the_page_says_who_and_why(book: ClaimBook) -> None:
    billed(book)
    shown = story(book)
    mark(book, shown.claim, shown.seen, Mark("paid", "portal", "PCN7", "$80.00"), WHO, LATER)
    found = story(book)
    assert (found.claim.standing, found.claim.payer_claim_number) == (ClaimStanding.ADJUDICATED, "PCN7")
    assert found.paid == Decimal(80)
    assert ("a person", "paid: portal", f"marked by {WHO}") in [(s.who, s.what, s.evidence) for s in found.steps]


def test_a_denied_claim_is_paid_nothing(book: ClaimBook) -> None:
    billed(book)
    shown = story(book)
    mark(book, shown.claim, shown.seen, Mark("denied", "letter", paid="12"), WHO, LATER)
    assert story(book).paid == Decimal(0)


def test_the_second_of_two_people_is_told_and_nothing_is_overwritten(book: ClaimBook) -> None:
    billed(book)
    send(book.ledger, claim("A"))
    shown = story(book)
    mark(book, shown.claim, shown.seen, Mark("rejected", "portal"), WHO, LATER)
    now = story(book)
    with pytest.raises(MovedOn):
        mark(book, now.claim, shown.seen, Mark("paid", "phone"), "Practitioner/9", LATER)
    assert story(book).claim.standing is ClaimStanding.REJECTED


def test_a_new_revision_is_marked_and_the_old_one_is_left_alone(book: ClaimBook) -> None:
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA"))
    billed(book, claim_key="MBNEW", claim="Claim/A2", revision=1)
    shown = story(book)
    mark(book, shown.claim, shown.seen, Mark("sent", "by hand"), WHO, LATER)
    assert {one.claim.key: one.claim.standing.value for one in life(book).claims} == {
        "MBNEW": "exported",
        "MBA": "adjudicated",
    }


@pytest.mark.parametrize(
    "told",
    [
        Mark("paid", ""), Mark("lost", "x"), Mark("paid", "x" * 501), Mark("paid", "x", "n" * 51),
        Mark("paid", "x\u202ey"), Mark("paid", "x", paid="-1"), Mark("paid", "x", paid="NaN"),
        Mark("paid", "x", paid="1e99"), Mark("paid", "x", paid="1.005"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_and_nothing_changes(book: ClaimBook, told: Mark) -> None:
    billed(book)
    shown = story(book)
    with pytest.raises(InputError):
        mark(book, shown.claim, shown.seen, told, WHO, LATER)
    assert story(book).claim.standing is ClaimStanding.NOT_SENT


def test_dollars_are_read_as_people_write_them() -> None:
    assert [dollars(text) for text in ("", " $1,280.50 ", "80", "0")] == [
        None, Decimal("1280.50"), Decimal(80), Decimal(0),
    ]  # fmt: skip


def test_times_are_told_in_order_whatever_the_order_of_files(book: ClaimBook) -> None:
    billed(book)
    send(book.ledger, claim("A"))
    answer(book.ledger, "f1", Answer("MBA"))
    times = [step.at for step in story(book).steps]
    assert times == sorted(times)
    assert all(at.tzinfo is not None and at <= datetime.now(UTC) + timedelta(days=3650) for at in times)
