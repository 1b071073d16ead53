"""Asking a clearinghouse that takes and gives eligibility JSON: which, says its mapping file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from massage_billing.errors import PayerAnswerUnreadable, PayerRejected, PayerUnreachable
from massage_billing.model import AnswerKind, Question
from massage_billing.net.http import Answer as HttpAnswer
from massage_billing.payers.calls import Line, PayerCalls, where
from massage_billing.payers.clearinghouse.answer import read
from massage_billing.payers.clearinghouse.mapping import Mapped
from massage_billing.payers.clearinghouse.paths import Json, parse
from massage_billing.payers.sound import check_person, check_question
from massage_billing.ports import Asked, Failed, Replied, Reply

MEDIA_TYPE: Final = "application/json"
_HEADERS: Final = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}


@dataclass(frozen=True, slots=True)
class ClearinghouseSettings:
    """How a clearinghouse is asked."""

    mapped: Mapped
    """Its mapping (``clearinghouse.mapping.load``)."""


class ClearinghouseJson:
    """A channel to a clearinghouse: each question is one call, answered at once."""

    def __init__(
        self,
        name: str,
        line: Line,
        settings: ClearinghouseSettings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._mapped = settings.mapped
        self._calls = PayerCalls(name, line, clock)

    def ask(self, question: Question) -> Reply:
        """See ``ports.PayerChannel``."""
        check_question(question, self.name)
        request = self._mapped.request
        answer = self._calls.call(
            question.payer, "POST", request.path, body=request.of(question), headers=_HEADERS,
            also=self._mapped.refused,
        )  # fmt: skip
        return self._read(question, answer)

    def collect(self, waiting: Sequence[Asked]) -> Iterator[tuple[Asked, Reply | Failed | None]]:
        """Nothing waits at this channel: a question that says so is asked again."""
        for asked in waiting:
            said = where(self.name, asked.question.payer)
            yield asked, Failed(PayerUnreachable(f"{said} nothing waits here.", "It is asked again."))

    def close(self) -> None:
        """See ``ports.PayerChannel``."""
        self._calls.close()

    def _read(self, question: Question, answer: HttpAnswer) -> Replied:
        said = where(self.name, question.payer)
        document = self._document(said, answer)
        found = read(document, self._mapped.response, question)
        if answer.status >= 400 and found.answer.kind is AnswerKind.ANSWERED:
            raise self._refused(said, answer)
        if found.says_nothing:
            raise PayerAnswerUnreadable(
                f"{said} what came back has nothing of {self._mapped.clearinghouse}.",
                "Check the channel's url and mapping; it is asked again.",
            )
        check_person(question, found.named, self.name)
        return Replied(found.answer, answer.body, MEDIA_TYPE)

    def _document(self, said: str, answer: HttpAnswer) -> Json:
        try:
            return parse(answer.body)
        except ValueError:
            if answer.status >= 400:
                raise self._refused(said, answer) from None
            raise PayerAnswerUnreadable(f"{said} what came back is no JSON.", "It is asked again.") from None

    def _refused(self, said: str, answer: HttpAnswer) -> PayerRejected:
        return PayerRejected(
            f"{said} the question was answered {answer.status}, and no reason of the payer's came with it.",
            "Check the channel's url and mapping, and what the clearinghouse asks for.",
        )
