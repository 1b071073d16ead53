"""Rigs of the payers' contract that ask the simulated payer, and the moods it can be in."""

from __future__ import annotations

from collections.abc import Callable

from contract.payer_contract import Mood
from massage_billing.model import Question
from massage_billing.payers.simulated.members import BenefitLine, RejectionLine, Script, script_of
from massage_billing.payers.simulated.payer import SimulatedPayer
from massage_billing.ports import PayerChannel
from payers.questions import question

SCRIPTS: dict[Mood, Script] = {
    Mood.ACTIVE: script_of("SYN-ACTIVE"),
    Mood.INACTIVE: script_of("SYN-ENDED"),
    Mood.SILENT: Script(about="Nothing.", benefits=(BenefitLine(code="D", types=("BE",), messages=("SEE CONTRACT",)),)),
    Mood.REFUSED: script_of("NOBODY"),
    Mood.TRY_LATER: Script(about="Later.", rejections=(RejectionLine(level="source", code="42", follow_up="R"),)),
    Mood.REJECTED: Script(about="400.", behaves="refuses"),
    Mood.UNAUTHORIZED: Script(about="401.", behaves="unauthorized"),
    Mood.BUSY: script_of("SYN-DOWN"),
    Mood.GONE: Script(about="Gone.", behaves="gone"),
    Mood.GARBAGE: script_of("SYN-GARBAGE"),
    Mood.HALF: script_of("SYN-ACTIVE").model_copy(update={"behaves": "half"}),
    Mood.ANOTHERS: script_of("SYN-ACTIVE").model_copy(update={"behaves": "another"}),
}


class SimulatedRig:
    """A channel that asks a simulated payer which runs inside the test."""

    def __init__(
        self, channel: PayerChannel, payer: SimulatedPayer, number_of: Callable[[Question], str] = lambda one: one.trace
    ) -> None:
        self.channel = channel
        self.payer = payer
        self.traces = {number_of(one): one.trace for one in map(question, range(1, 9))}

    def will(self, asked: Question, mood: Mood) -> None:
        self.payer.script(asked.member_id, SCRIPTS[mood])

    def answer(self) -> None:
        self.payer.finish()

    def received(self) -> list[str]:
        return [self.traces[number] for number in self.payer.received]

    def outside(self) -> str:
        return "\n".join(self.payer.seen)
