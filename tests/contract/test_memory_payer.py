"""The payer in memory keeps the contract, and its faults come as ordered."""

from __future__ import annotations

import pytest

from contract.payer_contract import FAULTS, LaterContract, Mood, OnlineContract, settle
from massage_billing.errors import PayerBusy, PayerError, PayerUnreachable
from massage_billing.model import Answer, AnswerKind, Question, Rejection, Standing
from massage_billing.payers.memory import MemoryPayer, in_force
from massage_billing.ports import Failed, Waiting
from payers.questions import question


class MemoryRig:
    def __init__(self, later: bool = False) -> None:
        self.channel = MemoryPayer("memory", later=later)

    def will(self, asked: Question, mood: Mood) -> None:
        said = f"Channel memory, payer {asked.payer}: {mood}."
        if mood in FAULTS:
            problem = PayerBusy(said, retry_after=7) if mood is Mood.BUSY else FAULTS[mood](said)
            self.channel.fails(problem, asked.trace, times=None)
        else:
            self.channel.says(asked.trace, in_force if mood is Mood.ACTIVE else lambda one: self._says(one, mood))

    def _says(self, asked: Question, mood: Mood) -> Answer:
        kinds = {Mood.REFUSED: AnswerKind.REFUSED, Mood.TRY_LATER: AnswerKind.TRY_LATER}
        standing = Standing.NOT_IN_FORCE if mood is Mood.INACTIVE else Standing.NO_DATA
        why = (Rejection("75"),) if mood in kinds else ()
        return Answer(kinds.get(mood, AnswerKind.ANSWERED), asked.serviced, standing, rejections=why)

    def answer(self) -> None:
        self.channel.deliver()

    def received(self) -> list[str]:
        return [one.trace for one in self.channel.asked]

    def outside(self) -> str:
        return "memory"


class TestMemoryPayer(OnlineContract):
    @pytest.fixture
    def rig(self) -> MemoryRig:
        return MemoryRig()


class TestMemoryPayerThatAnswersLater(LaterContract, OnlineContract):
    @pytest.fixture
    def rig(self) -> MemoryRig:
        return MemoryRig(later=True)


def test_a_fault_comes_as_often_as_ordered() -> None:
    payer = MemoryPayer()
    payer.fails(PayerUnreachable("gone"), times=2)
    for _ in range(2):
        with pytest.raises(PayerUnreachable):
            payer.ask(question())
    assert settle(MemoryRig(), question()).answer.standing is Standing.IN_FORCE
    assert not isinstance(payer.ask(question()), Waiting)
    assert len(payer.asked) == 3


def test_a_script_is_found_by_coverage_and_by_member_id() -> None:
    payer = MemoryPayer()
    payer.says("Coverage/1", Answer(AnswerKind.REFUSED, question().serviced))
    payer.says("SYNMEMBER0002", Answer(AnswerKind.TRY_LATER, question().serviced))
    kinds = [reply.answer.kind for one in (1, 2, 3) if not isinstance(reply := payer.ask(question(one)), Waiting)]
    assert kinds == [AnswerKind.REFUSED, AnswerKind.TRY_LATER, AnswerKind.ANSWERED]


def test_a_question_that_failed_while_it_waited_says_so() -> None:
    rig = MemoryRig(later=True)
    rig.channel.fails(PayerUnreachable("gone"))
    with pytest.raises(PayerError):
        settle(rig, question())
    assert Failed(PayerUnreachable("x")).problem.again
