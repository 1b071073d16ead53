"""What every way of asking payers keeps to: the tests that the real channels and their fake pass alike.

To join: write a ``Rig`` for your channel, subclass ``OnlineContract`` in a ``test_<channel>.py`` beside this file, and
give it a ``rig`` fixture. Where a payer behind it cannot do everything, list in ``moods`` what it can, and subclass
``PayerContract`` with those of ``TryLaterContract`` and ``BusyContract`` that it can. A channel whose answers come
later is a ``LaterContract`` too; the other tests are the same, for they ask by ``settle``.

A payer in the mood ACTIVE says: the coverage is in force on the date of service, 20 visits are allowed a calendar year,
12 of them are used and 8 left (either pair, or all three), and a visit costs the patient 25 dollars.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Protocol

import pytest

from massage_billing.errors import (
    PayerAnswerUnreadable,
    PayerBusy,
    PayerError,
    PayerRefused,
    PayerRejected,
    PayerUnreachable,
    QuestionInvalid,
)
from massage_billing.model import AnswerKind, BenefitKind, CountUnit, Measure, Question, Standing
from massage_billing.ports import Asked, Failed, PayerChannel, Replied, Waiting
from payers.questions import question, secrets

SECRET = "Synthetica"
"""Part of every family name; payers in bad moods quote it, and no message of ours may."""


class Mood(StrEnum):
    """How a payer takes a question."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    """In force no more: coverage ended before the date of service."""
    SILENT = "silent"
    """Answers, and says neither that the coverage is in force nor that it is not."""
    REFUSED = "refused"
    """Does not know the member (AAA 75)."""
    TRY_LATER = "try later"
    """Asks to be asked again (AAA 42)."""
    REJECTED = "rejected"
    """Does not take the question for its form (999, TA1, CORE error, 400)."""
    UNAUTHORIZED = "unauthorized"
    """Does not accept our credentials."""
    BUSY = "busy"
    """503 with Retry-After: 7."""
    GONE = "gone"
    """Breaks the connection."""
    GARBAGE = "garbage"
    """Sends a web page, which quotes ``SECRET``."""
    HALF = "half"
    """Sends half of its ACTIVE answer."""
    ANOTHERS = "another's"
    """Sends an ACTIVE answer to somebody else's question."""


ANSWERS = frozenset({Mood.ACTIVE, Mood.INACTIVE, Mood.SILENT, Mood.REFUSED, Mood.TRY_LATER})
"""Moods in which there is an answer."""

FAULTS: dict[Mood, type[PayerError]] = {
    Mood.REJECTED: PayerRejected,
    Mood.UNAUTHORIZED: PayerRefused,
    Mood.BUSY: PayerBusy,
    Mood.GONE: PayerUnreachable,
    Mood.GARBAGE: PayerAnswerUnreadable,
    Mood.HALF: PayerAnswerUnreadable,
    Mood.ANOTHERS: PayerAnswerUnreadable,
}
"""The other moods, and the error each becomes."""


class Rig(Protocol):
    """A channel under test, and the payer at its other end."""

    channel: PayerChannel

    def will(self, asked: Question, mood: Mood) -> None:
        """From now on the payer takes this question (known by trace or member id) so; before, it is ACTIVE."""

    def answer(self) -> None:
        """Let the payer answer what it was asked; nothing to do where answers come at once."""

    def received(self) -> list[str]:
        """Trace numbers of the questions the payer got, in the order it got them."""

    def outside(self) -> str:
        """What went out around bodies: URLs, headers, file names."""


def settle(rig: Rig, asked: Question) -> Replied:
    """Ask, and collect where the answer comes later. Raises what the channel raises, or says that failed."""
    reply = rig.channel.ask(asked)
    if isinstance(reply, Replied):
        return reply
    rig.answer()
    ((of, found),) = rig.channel.collect([Asked(asked, reply.ticket)])
    assert of.question == asked
    if isinstance(found, Failed):
        raise found.problem
    assert isinstance(found, Replied)
    return found


class PayerContract:
    """The tests of asking."""

    moods: ClassVar[frozenset[Mood]] = frozenset(Mood)
    """How a payer behind this channel can take a question."""
    later: ClassVar[bool] = False
    """Whether answers come later, by ``collect`` (``LaterContract``)."""

    def __init_subclass__(cls) -> None:
        """A mood that only some payers have has its tests where it is listed, and nowhere else."""
        if "rig" in vars(cls):
            for mood, contract in ((Mood.TRY_LATER, TryLaterContract), (Mood.BUSY, BusyContract)):
                assert issubclass(cls, contract) is (mood in cls.moods), (cls, mood)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each test runs for those moods that there are behind this channel."""
        for name, among in (("mood", frozenset(Mood)), ("answers", ANSWERS), ("fault", frozenset(FAULTS))):
            if name in metafunc.fixturenames:
                there = sorted(self.moods & among)
                metafunc.parametrize(name, there, ids=[one.replace(" ", "-").replace("'", "") for one in there])

    # --- answers ----------------------------------------------------------------------------------------------------

    def test_an_answer_says_that_coverage_is_in_force(self, rig: Rig) -> None:
        answer = settle(rig, question()).answer
        assert (answer.kind, answer.standing) == (AnswerKind.ANSWERED, Standing.IN_FORCE)
        assert answer.asked_for == question().serviced

    def test_visits_and_cost_are_read(self, rig: Rig) -> None:
        benefits = settle(rig, question()).answer.benefits
        counts = {
            (count.measure, count.quantity)
            for benefit in benefits
            for count in benefit.counts
            if count.unit is CountUnit.VISITS
        }
        both = {(Measure.ALLOWED, Decimal(20)), (Measure.USED, Decimal(12))}
        assert (Measure.LEFT, Decimal(8)) in counts or both <= counts
        copays = {benefit.amount for benefit in benefits if benefit.kind is BenefitKind.COPAY}
        assert Decimal(25) in copays

    def test_an_answer_brings_its_evidence(self, rig: Rig) -> None:
        reply = settle(rig, question())
        assert reply.evidence
        assert reply.media_type in ("application/edi-x12", "application/fhir+json", "application/json")

    def test_an_ended_coverage_is_not_in_force(self, rig: Rig) -> None:
        rig.will(question(), Mood.INACTIVE)
        assert settle(rig, question()).answer.standing is Standing.NOT_IN_FORCE

    def test_what_the_payer_does_not_say_is_no_data(self, rig: Rig) -> None:
        rig.will(question(), Mood.SILENT)
        answer = settle(rig, question()).answer
        assert answer.standing is Standing.NO_DATA
        assert not [one for one in answer.benefits if one.amount is not None or one.counts]

    def test_a_refusal_is_an_answer_with_its_reason(self, rig: Rig) -> None:
        rig.will(question(), Mood.REFUSED)
        answer = settle(rig, question()).answer
        assert (answer.kind, answer.standing) == (AnswerKind.REFUSED, Standing.NO_DATA)
        assert answer.rejections

    # --- what goes wrong --------------------------------------------------------------------------------------------

    def test_a_fault_is_told_by_its_kind(self, rig: Rig, fault: Mood) -> None:
        rig.will(question(), fault)
        with pytest.raises(FAULTS[fault]):
            settle(rig, question())

    def test_a_fault_of_one_question_is_not_anothers(self, rig: Rig, fault: Mood) -> None:
        rig.will(question(1), fault)
        with pytest.raises(PayerError):
            settle(rig, question(1))
        assert settle(rig, question(2)).answer.standing is Standing.IN_FORCE

    def test_a_fault_names_channel_and_payer_and_no_patient(self, rig: Rig, fault: Mood) -> None:
        asked = question()
        rig.will(asked, fault)
        with pytest.raises(PayerError) as caught:
            settle(rig, asked)
        said = str(caught.value)
        assert rig.channel.name in said
        assert asked.payer in said
        assert not [secret for secret in (*secrets(asked), SECRET) if secret.lower() in said.lower()]

    # --- what goes out ----------------------------------------------------------------------------------------------

    def test_every_try_carries_the_same_trace(self, rig: Rig) -> None:
        first, second = settle(rig, question()), settle(rig, question())
        assert first.answer.standing is second.answer.standing is Standing.IN_FORCE
        assert set(rig.received()) == {question().trace}

    def test_a_question_that_cannot_be_sent_is_not_sent(self, rig: Rig) -> None:
        with pytest.raises(QuestionInvalid) as caught:
            rig.channel.ask(question(member_id=""))
        assert SECRET not in str(caught.value)
        assert rig.received() == []

    def test_no_patient_is_named_around_bodies(self, rig: Rig, mood: Mood) -> None:
        asked = question()
        rig.will(asked, mood)
        try:
            settle(rig, asked)
        except PayerError:
            pass
        outside = rig.outside()
        assert outside
        assert not [secret for secret in secrets(asked) if secret.lower() in outside.lower()]

    # --- several at once --------------------------------------------------------------------------------------------

    def test_several_threads_each_get_their_own_answer(self, rig: Rig) -> None:
        asked = [question(number) for number in range(1, 9)]
        for odd in asked[::2]:
            rig.will(odd, Mood.INACTIVE)
        if self.later:
            with ThreadPoolExecutor(4) as pool:
                tickets = list(pool.map(rig.channel.ask, asked))
            rig.answer()
            waiting = [Asked(one, reply.ticket) for one, reply in zip(asked, tickets, strict=True)
                       if isinstance(reply, Waiting)]  # fmt: skip
            found = {of.question.key: reply for of, reply in rig.channel.collect(waiting)}
            replies = [found[one.key] for one in asked]
        else:
            with ThreadPoolExecutor(4) as pool:
                replies = list(pool.map(rig.channel.ask, asked))
        standings = [reply.answer.standing for reply in replies if isinstance(reply, Replied)]
        assert standings == [Standing.NOT_IN_FORCE, Standing.IN_FORCE] * 4

    def test_nothing_waits_nothing_is_collected(self, rig: Rig) -> None:
        assert list(rig.channel.collect([])) == []


class TryLaterContract:
    """The tests of a payer that can ask to be asked again."""

    def test_try_later_is_no_answer_yet(self, rig: Rig) -> None:
        rig.will(question(), Mood.TRY_LATER)
        answer = settle(rig, question()).answer
        assert (answer.kind, answer.standing) == (AnswerKind.TRY_LATER, Standing.NO_DATA)

    def test_asked_again_after_try_later_it_is_answered(self, rig: Rig) -> None:
        rig.will(question(), Mood.TRY_LATER)
        settle(rig, question())
        rig.will(question(), Mood.ACTIVE)
        assert settle(rig, question()).answer.kind is AnswerKind.ANSWERED
        assert rig.received() == [question().trace] * 2


class BusyContract:
    """The tests of a payer that can be busy."""

    def test_a_busy_payer_says_when_to_come_back(self, rig: Rig) -> None:
        rig.will(question(), Mood.BUSY)
        with pytest.raises(PayerBusy) as caught:
            settle(rig, question())
        assert caught.value.retry_after == 7


class OnlineContract(TryLaterContract, BusyContract, PayerContract):
    """All of them, whether or not the answer comes at once."""


class LaterContract:
    """The tests of a channel whose answers come later."""

    later: ClassVar[bool] = True

    def test_no_answer_yet_is_none(self, rig: Rig) -> None:
        reply = rig.channel.ask(question())
        assert isinstance(reply, Waiting)
        waiting = Asked(question(), reply.ticket)
        assert list(rig.channel.collect([waiting])) == [(waiting, None)]

    def test_an_answer_that_was_not_recorded_is_collected_again(self, rig: Rig) -> None:
        reply = rig.channel.ask(question())
        assert isinstance(reply, Waiting)
        rig.answer()
        first, second = (list(rig.channel.collect([Asked(question(), reply.ticket)])) for _ in range(2))
        assert isinstance(first[0][1], Replied)
        assert second == first
