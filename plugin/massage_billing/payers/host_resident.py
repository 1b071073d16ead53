"""Asking by way of the clinic's own host: the request is created there, the host asks, and its response is waited for.

Hosts and payers do not know each other: what this channel needs of a host are two functions, which wiring makes of the
Host port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from massage_billing.errors import PayerAnswerUnreadable
from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.eligibility_read import read_response
from massage_billing.fhir.eligibility_request import RequestRefs, build_request
from massage_billing.fhir.serial import to_bytes
from massage_billing.model import Question
from massage_billing.payers.calls import payer_errors, where
from massage_billing.payers.fhir.bodies import asked_by, keys_of, pending, rank, with_limits_in_words
from massage_billing.payers.sound import anothers, check_question
from massage_billing.ports import Asked, Failed, JsonObject, Replied, Reply, Waiting

Create = Callable[[bytes, str], str]
"""(body, match) → "CoverageEligibilityRequest/7": create it on the host unless there is one that ``match`` finds (a
search, "identifier=system|value"), and say which it is. May raise HostError."""
Responses = Callable[[Sequence[str]], Iterable[JsonObject]]
"""References of requests → the CoverageEligibilityResponses on the host that answer them. May raise HostError."""


class HostResident:
    """A channel that asks through the host."""

    def __init__(self, name: str, create: Create, responses: Responses) -> None:
        self.name = name
        self._create = create
        self._responses = responses

    def ask(self, question: Question) -> Reply:
        """See ``ports.PayerChannel``: the answer, where the host has it already, else Waiting for it."""
        check_question(question, self.name, payer_id=False)
        request = build_request(RequestRefs.of(question), question.asked_on.isoformat())
        match = f"identifier={names.SID_QUESTION_KEY}|{question.key}"
        with payer_errors(self.name, question.payer):
            reference = self._create(to_bytes(request), match)
        found = self._look([reference], question.payer).get(reference)
        return Waiting(reference) if found is None else self._reply(question, found)

    def collect(self, waiting: Sequence[Asked]) -> Iterator[tuple[Asked, Reply | Failed | None]]:
        """See ``ports.PayerChannel``: all of them are looked for at once."""
        if not waiting:
            return
        answered = self._look([asked.ticket for asked in waiting], waiting[0].question.payer)
        for asked in waiting:
            response = answered.get(asked.ticket)
            try:
                yield asked, None if response is None else self._reply(asked.question, response)
            except PayerAnswerUnreadable as problem:
                yield asked, Failed(problem)

    def close(self) -> None:
        """See ``ports.PayerChannel``; the host is closed by whoever opened it."""

    def _look(self, requests: Sequence[str], payer: str) -> dict[str, JsonObject]:
        """The response that counts, by the request it answers: a withdrawn one only where there is no other, else the
        newest. One that is still a draft or queued, or says "try later", is no answer yet: the host asks again by
        itself, and what it gets stands beside the first."""
        found: dict[str, JsonObject] = {}
        wanted = frozenset(requests)
        with payer_errors(self.name, payer):
            for response in self._responses(requests):
                request = asked_by(response)
                if request not in wanted or pending(response):
                    continue
                if request not in found or rank(response) > rank(found[request]):
                    found[request] = response
        return found

    def _reply(self, question: Question, response: JsonObject) -> Replied:
        id = fj.text(response, "id")
        if not id:
            raise PayerAnswerUnreadable(
                f"{where(self.name, question.payer)} the response on the host has no id.", "Look at it on the host."
            )
        patient = fj.text(fj.child(response, "patient"), "reference")
        if patient is not None and not f"/{patient}".endswith(f"/{question.patient}"):
            raise anothers(question, self.name)
        if (keys := keys_of(response)) and question.key not in keys:
            raise anothers(question, self.name)
        answer = with_limits_in_words(read_response(response, question.serviced, question.coverage))
        return Replied(answer, to_bytes(response), "application/fhir+json", f"CoverageEligibilityResponse/{id}")
