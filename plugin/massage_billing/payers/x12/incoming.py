"""One look at what has come into a batch folder: what each file says to those that wait, remembered as it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from massage_billing.errors import PayerAnswerUnreadable, PayerRejected
from massage_billing.model import Question
from massage_billing.payers.calls import where
from massage_billing.payers.x12.ledger import Ledger, Put
from massage_billing.payers.x12.replies import SAID_NOTHING, Contents, contents_of, rank
from massage_billing.ports import Failed, Replied


class Incoming:
    """The results found so far. Its owner holds the ledger's lock."""

    def __init__(self, ledger: Ledger, waiting: Mapping[str, Question], channel: str) -> None:
        self.results: dict[str, Replied | Failed] = {}
        """By trace number."""
        self._ledger = ledger
        self._waiting = waiting
        self._channel = channel
        self._puts = ledger.all()
        self._controls = {put.control: trace for trace, put in self._puts.items()}

    def contents(self, data: bytes) -> Contents:
        """What a file says."""
        return contents_of(data, self._waiting, self._puts, self._controls)

    def remember(self, contents: Contents, digest: str) -> None:
        """Remember which questions a file answers, before anything becomes of the file, and take its results.

        A file that answered an earlier round of a question is no answer to this one.
        """
        for trace in contents.known:
            put = self._puts.get(trace) or Put(trace, 0, "", exported=True)
            if digest in put.before:
                continue
            if digest not in put.answers:
                self._save(replace(put, answers=(*put.answers, digest)))
            self._offer(trace, contents)

    def missing(self) -> set[str]:
        """Files that answered questions for which there is no result yet."""
        unsettled = self._waiting.keys() - self.results.keys()
        return {digest for trace in unsettled if trace in self._puts for digest in self._puts[trace].answers}

    def deliver(self) -> None:
        """Remember that results were given to those that wait."""
        for trace in self.results:
            put = self._puts[trace]
            if not put.delivered:
                self._save(replace(put, delivered=True))

    def _save(self, put: Put) -> None:
        self._ledger.save(put)
        self._puts[put.trace] = put

    def _offer(self, trace: str, contents: Contents) -> None:
        """The best result of a question: an answer outranks a rejection, and the later one of its kind the earlier."""
        question, before = self._waiting.get(trace), self.results.get(trace)
        if question is None:
            return
        if (reply := contents.replies.get(trace)) is not None:
            if not isinstance(before, Replied) or rank(before.answer.kind) <= rank(reply.answer.kind):
                self.results[trace] = reply
        elif before is None and (why := contents.turned_down.get(trace)) is not None:
            said = f"{where(self._channel, question.payer)} the question was turned down: {why}."
            self.results[trace] = Failed(PayerRejected(said, "Correct what it names, or the settings of the channel."))
        elif before is None and trace in contents.silent:
            said = f"{where(self._channel, question.payer)} {SAID_NOTHING}"
            self.results[trace] = Failed(PayerAnswerUnreadable(said, "It is asked again."))
