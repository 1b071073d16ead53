"""What every ledger promises: a claim is in one unanswered file, and a file of answers counts once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from massage_billing.errors import StoreError
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Store
from massage_billing.ports.ledger import AppliedPart, Ledger
from massage_billing.store.memory import MemoryStore
from massage_billing.store.sql import SqlStore
from store.ledger_making import DAY, NOON, adjustment, applied, apply, batch, paid_line, part, said, submission

A, R, J = ClaimStanding.ACCEPTED, ClaimStanding.REJECTED, ClaimStanding.ADJUDICATED
EXPORTED, ACKNOWLEDGED, NOT_SENT = ClaimStanding.EXPORTED, ClaimStanding.ACKNOWLEDGED, ClaimStanding.NOT_SENT
TIME = [NOON]


@pytest.fixture
def ledger(store: Store) -> Ledger:
    assert isinstance(store, SqlStore | MemoryStore)
    TIME[:] = [NOON]
    return store.ledger(clock=lambda: TIME[0])


def sent(ledger: Ledger, *names: str) -> int:
    number = ledger.next_batch()
    claims = [submission(name, batch=number) for name in names]
    assert ledger.commit_batch(batch(number, *claims), claims) == ()
    return number


def standing(ledger: Ledger, name: str) -> ClaimStanding:
    return ledger.submissions("clinic", [f"MB{name}"])[f"MB{name}"].standing


# --- files that are written -------------------------------------------------------------------------------------------


def test_numbers_of_batches_are_never_given_twice(ledger: Ledger) -> None:
    numbers = [ledger.next_batch() for _ in range(5)]
    assert numbers == [1, 2, 3, 4, 5]
    assert (ledger.next_batch(3), ledger.next_batch(40), ledger.next_batch()) == (6, 41, 42)


def test_a_batch_comes_back_as_it_was(ledger: Ledger) -> None:
    claims = [submission("B"), submission("A")]
    made = batch(ledger.next_batch(), *claims, body=b"ISA*00~\n")
    ledger.commit_batch(made, claims)
    assert ledger.batch("clinic", 1) == made
    assert ledger.batches("clinic") == [replace(made, body=None)]
    assert ledger.of_batch("clinic", 1) == claims
    assert ledger.submissions("clinic", ["MBA", "MBX"]) == {"MBA": claims[1]}
    assert ledger.batch("other", 1) is None
    assert ledger.batches("other") == []


def test_a_file_that_may_be_missing_is_named_until_it_is_written(ledger: Ledger) -> None:
    number = sent(ledger, "A")
    assert [one.number for one in ledger.batches("clinic", unwritten=True)] == [number]
    ledger.written(number)
    assert ledger.batches("clinic", unwritten=True) == []
    assert ledger.batches("clinic")[0].written


def test_a_claim_is_in_at_most_one_file_that_nobody_answered(ledger: Ledger) -> None:
    sent(ledger, "A", "B")
    number = ledger.next_batch()
    claims = [submission("C", batch=number), submission("B", batch=number)]
    assert ledger.commit_batch(batch(number, *claims), claims) == ("MBB",)
    assert ledger.batch("clinic", number) is None
    assert ledger.submissions("clinic", ["MBC"]) == {}
    assert ledger.submissions("clinic", ["MBB"])["MBB"].batch == 1


@pytest.mark.parametrize("told", [ACKNOWLEDGED, A, J])
def test_what_was_taken_is_not_sent_again(ledger: Ledger, told: ClaimStanding) -> None:
    sent(ledger, "A")
    apply(ledger, "f1", said("A", told))
    claims = [submission("A", batch=2)]
    assert ledger.commit_batch(batch(2, *claims), claims) == ("MBA",)


def test_what_was_rejected_may_be_sent_again_and_waits_again(ledger: Ledger) -> None:
    sent(ledger, "A")
    apply(ledger, "f1", said("A", R))
    number = sent(ledger, "A")
    assert standing(ledger, "A") is EXPORTED
    assert [one.key for one in ledger.of_batch("clinic", number)] == ["MBA"]
    assert ledger.of_batch("clinic", 1) == []
    assert len(ledger.life("MBA")) == 1


def test_a_file_that_was_never_sent_is_dropped_but_for_what_was_answered(ledger: Ledger) -> None:
    number = sent(ledger, "A", "B")
    apply(ledger, "f1", said("B", A))
    assert ledger.drop_batch("clinic", number, "ana", "the disk was lost") == 1
    assert standing(ledger, "A") is NOT_SENT
    assert standing(ledger, "B") is A
    assert [one.source for one in ledger.life("MBA")] == ["dropped by ana"]
    sent(ledger, "A")
    assert standing(ledger, "A") is EXPORTED


def test_a_file_that_was_dropped_is_never_written_again(ledger: Ledger) -> None:
    """Its claims go into another: written too, they would be sent twice."""
    number, other = sent(ledger, "A"), sent(ledger, "B")
    ledger.drop_batch("other", number, "ana", "of another host")
    assert getattr(ledger.batch("clinic", number), "body", None) == b"ISA~"
    ledger.drop_batch("clinic", number, "ana", "the disk was lost")
    assert [one.number for one in ledger.batches("clinic", unwritten=True)] == [other]
    assert getattr(ledger.batch("clinic", number), "body", b"") is None
    assert getattr(ledger.batch("clinic", other), "body", None) == b"ISA~"


def test_a_batch_without_bytes_is_refused(ledger: Ledger) -> None:
    with pytest.raises(StoreError):
        ledger.commit_batch(replace(batch(1), body=None), [])


# --- what is said of claims -------------------------------------------------------------------------------------------


def test_a_file_of_answers_counts_once(ledger: Ledger) -> None:
    sent(ledger, "A")
    one = part("f1", said("A", J, number="P1"), adjustments=(adjustment(), adjustment(reason="97")))
    assert not ledger.is_applied("f1")
    assert ledger.apply(applied("f1"), [one, part("f1", said("A", A))]) is True
    assert ledger.is_applied("f1")
    assert ledger.apply(applied("f1"), [one]) is False
    assert len(ledger.life("MBA")) == 2
    assert len(list(ledger.adjustments(None, None))) == 2
    assert [file.file for file in ledger.files()] == ["f1"]


def test_what_a_file_says_comes_back_as_it_was(ledger: Ledger) -> None:
    sent(ledger, "A")
    told = replace(said("A", J, number="P1"), paid=Decimal("100.10"), of_patient=Decimal("0.00"), reverses=True)
    one = part("f1", told, adjustments=(adjustment(amount="-19.90"),))
    ledger.apply(applied("f1"), [one, AppliedPart(unmatched=((9, "two fit"),))])
    assert ledger.life("MBA") == [told]
    assert list(ledger.adjustments(None, None)) == [replace(one.adjustments[0], at=NOON)]
    assert ledger.files() == [replace(applied("f1"), unmatched=(*one.unmatched, (9, "two fit")))]
    claim = ledger.submissions("clinic", ["MBA"])["MBA"]
    assert (claim.standing, claim.payer_claim_number, claim.since) == (J, "P1", told.at)


@pytest.mark.parametrize("order", list(permutations([ACKNOWLEDGED, A, R, J])))
def test_files_out_of_order_come_to_the_same(ledger: Ledger, order: tuple[ClaimStanding, ...]) -> None:
    sent(ledger, "A")
    for place, told in enumerate(order):
        apply(ledger, f"f{place}", said("A", told, number=f"P{told.value}" if told is J else "C1"))
    claim = ledger.submissions("clinic", ["MBA"])["MBA"]
    assert (claim.standing, claim.payer_claim_number) == (J, "Padjudicated")


def test_a_rejection_after_the_clearinghouse_accepted_counts(ledger: Ledger) -> None:
    sent(ledger, "A")
    apply(ledger, "f1", said("A", A))
    apply(ledger, "f2", said("A", R))
    apply(ledger, "f3", said("A", A))
    assert standing(ledger, "A") is R


def test_a_file_that_cannot_be_made_whole_is_not_applied_at_all(ledger: Ledger) -> None:
    sent(ledger, "A")

    def parts() -> Iterator[AppliedPart]:
        yield part("f1", said("A", J))
        raise StoreError("the rest cannot be read")

    with pytest.raises(StoreError):
        ledger.apply(applied("f1"), parts())
    assert standing(ledger, "A") is EXPORTED
    assert (ledger.life("MBA"), ledger.files(), ledger.responses("clinic", 9)) == ([], [], [])
    assert apply(ledger, "f1", said("A", J))


def test_what_the_host_is_to_be_given_waits_until_it_has_it(ledger: Ledger) -> None:
    sent(ledger, "A", "B")
    one = part("f1", said("A", J), said("B", J))
    ledger.apply(applied("f1"), [one])
    assert ledger.responses("clinic", 9) == list(one.responses)
    assert ledger.responses("clinic", 1) == [one.responses[0]]
    assert ledger.responses("other", 9) == []
    ledger.responded(["f1-MBA-adjudicated"])
    assert ledger.responses("clinic", 9) == [one.responses[1]]


def test_two_things_said_of_a_claim_in_one_file_both_count(ledger: Ledger) -> None:
    sent(ledger, "A")
    apply(ledger, "f1", said("A", J, number="P1"), said("A", A, minutes=2))
    assert standing(ledger, "A") is J
    assert len(ledger.life("MBA")) == 2


def test_what_is_said_of_an_unknown_claim_is_kept(ledger: Ledger) -> None:
    apply(ledger, "f1", said("X", J))
    assert [one.standing for one in ledger.life("MBX")] == [J]
    assert ledger.submissions("clinic", ["MBX"]) == {}


def test_a_person_marks_a_claim_that_no_file_of_ours_carries(ledger: Ledger) -> None:
    by_hand = replace(submission("H"), batch=0)
    ledger.mark(by_hand, said("H", EXPORTED, source="marked by ana"))
    ledger.mark(by_hand, said("H", A, source="marked by ana", minutes=2))
    assert standing(ledger, "H") is A
    assert ledger.commit_batch(batch(1, by_hand), [by_hand]) == ("MBH",)


# --- finding ----------------------------------------------------------------------------------------------------------


def test_candidates_are_of_the_dates_and_the_charge(ledger: Ledger) -> None:
    number = ledger.next_batch()
    claims = [
        submission("A", batch=number),
        submission("B", batch=number, day=DAY + timedelta(days=1)),
        replace(submission("C", batch=number), total=Decimal("119.99")),
    ]
    ledger.commit_batch(batch(number, *claims), claims)
    assert [one.key for one in ledger.candidates("clinic", [DAY], Decimal("120"))] == ["MBA"]
    assert ledger.candidates("other", [DAY], Decimal("120")) == []
    assert ledger.candidates("clinic", [], Decimal("120")) == []


def test_claims_of_visits_and_by_standing(ledger: Ledger) -> None:
    number = ledger.next_batch()
    claims = [submission("A", batch=number), submission("B", batch=number, day=DAY + timedelta(days=2))]
    ledger.commit_batch(batch(number, *claims), claims)
    apply(ledger, "f1", said("A", A))
    assert [one.key for one in ledger.of_encounters("clinic", ["eA", "eX"])] == ["MBA"]
    assert [one.key for one in ledger.all("clinic")] == ["MBB", "MBA"]
    assert [one.key for one in ledger.all("clinic", EXPORTED)] == ["MBB"]
    assert list(ledger.all("other")) == []


def test_adjustments_of_some_days(ledger: Ledger) -> None:
    apply(ledger, "f1", adjustments=(adjustment(),))
    TIME[:] = [NOON + timedelta(days=3)]
    apply(ledger, "f2", adjustments=(adjustment(reason="97"),))
    first, later = date(2026, 12, 1), date(2026, 12, 4)
    assert [one.reason for one in ledger.adjustments(None, first)] == ["45"]
    assert [one.reason for one in ledger.adjustments(later, later)] == ["97"]
    assert [one.reason for one in ledger.adjustments(first, None)] == ["45", "97"]
    assert [one.file for one in ledger.files()] == ["f2", "f1"]


def test_what_was_paid_of_each_line_comes_back_with_its_claim(ledger: Ledger) -> None:
    sent(ledger, "A", "B")
    lines = (paid_line(line=0), paid_line(), paid_line("B", file="f1", line=2, paid="-0.10"))
    told = AppliedPart((said("A", J),), (adjustment(), adjustment("B")), lines=lines)
    assert ledger.apply(applied("f1"), [replace(told, lines=lines[:2]), AppliedPart(lines=lines[2:])])
    assert ledger.paid_lines(["MBA", "MBX", "MBA"]) == [replace(one, at=NOON) for one in lines[:2]]
    assert [one.paid for one in ledger.paid_lines(["MBB"])] == [Decimal("-0.10")]
    assert [one.key for one in ledger.adjustments_of(["MBB"])] == ["MBB"]
    assert (ledger.paid_lines([]), ledger.adjustments_of([])) == ([], [])
    ledger.purge_patient("clinic", "Patient/1")
    assert ledger.paid_lines(["MBA"]) == []


# --- forgetting -------------------------------------------------------------------------------------------------------


def test_bytes_go_once_they_are_written_and_no_claim_waits(ledger: Ledger) -> None:
    number, waits, missing = sent(ledger, "A"), sent(ledger, "B"), sent(ledger, "C")
    ledger.written(number)
    ledger.written(waits)
    apply(ledger, "f1", said("A", A), said("C", A))
    assert ledger.purge(NOON) == 0
    assert ledger.purge(NOON + timedelta(days=1)) == 1
    bodies = [getattr(ledger.batch("clinic", one), "body", b"") for one in (number, waits, missing)]
    assert bodies == [None, b"ISA~", b"ISA~"]


def test_a_patient_is_forgotten_with_all_that_was_said(ledger: Ledger, store: Store) -> None:
    number = ledger.next_batch()
    claims = [submission("A", batch=number), submission("B", batch=number, patient="Patient/2")]
    ledger.commit_batch(batch(number, *claims), claims)
    apply(ledger, "f1", said("A", J), said("B", J), adjustments=(adjustment("A"), adjustment("B")))
    store.purge_patient("clinic", "Patient/1")
    assert ledger.life("MBA") == []
    assert [one.key for one in ledger.all("clinic")] == ["MBB"]
    assert [one.key for one in ledger.adjustments(None, None)] == ["MBB"]
    found = ledger.batch("clinic", number)
    assert found is not None
    assert found.body is None
    assert ledger.purge_patient("clinic", "Patient/2") == 1
