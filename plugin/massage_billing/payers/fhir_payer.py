"""A payer that speaks FHIR R4: ``CoverageEligibilityRequest/$submit``, or a plain create and a search.

``$submit`` (R4 coverageeligibilityrequest-operation-submit.html) is answered at once, or with 202 and a place to poll
(R4 async.html: Content-Location, then 202 with Retry-After until it is 200). A plain create is answered by a
CoverageEligibilityResponse whose ``request`` is what was created. URLs hold ids that the payer gave, and nothing of the
patient; a place to poll on another origin, or one that names the member, is not called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal
from urllib.parse import unquote, urljoin, urlsplit

from massage_billing.errors import (
    PayerAnswerUnreadable,
    PayerError,
    PayerRejected,
    PayerUnreachable,
)
from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.eligibility_read import read_response
from massage_billing.model import Question
from massage_billing.net.http import Answer as HttpAnswer
from massage_billing.net.http import origin
from massage_billing.net.outcome import codes_of
from massage_billing.payers.calls import Line, PayerCalls, where
from massage_billing.payers.fhir.bodies import (
    Packing,
    asked_by,
    keys_of,
    member_id_of,
    outcomes,
    parsed,
    patient_of,
    pending,
    rank,
    request_of,
    responses,
    unfinished,
    with_limits_in_words,
)
from massage_billing.payers.sound import Named, anothers, check_person, check_question, corrected
from massage_billing.ports import Asked, Failed, JsonObject, Replied, Reply, Waiting

MEDIA_TYPE: Final = "application/fhir+json"
_HEADERS: Final = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
_REQUEST: Final = "CoverageEligibilityRequest"
_GONE: Final = (404, 410)
_BUSY: Final = (429, 503)
_JOB_FAILED: Final = (400, 422, 500)
"""What the asynchronous pattern answers, with an OperationOutcome, where the work itself failed."""
_POLLED: Final = (*_GONE, *_BUSY, *_JOB_FAILED)


@dataclass(frozen=True, slots=True)
class FhirPayerSettings:
    """How a FHIR payer is asked."""

    mode: Literal["submit", "submit-async", "create"] = "submit"
    """``$submit``; the same, asking to be answered later (R4 async.html, Prefer: respond-async); or a plain
    create and then a search for the response."""
    packing: Packing = Packing.RESOURCE
    """What ``$submit`` is sent; a create is always the resource."""


class FhirPayer:
    """A channel to a FHIR R4 payer; ``line.url`` is its FHIR base."""

    def __init__(
        self,
        name: str,
        line: Line,
        settings: FhirPayerSettings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._base = line.url.rstrip("/")
        self._settings = settings or FhirPayerSettings()
        self._calls = PayerCalls(name, line, clock)
        self._clock = clock

    def ask(self, question: Question) -> Reply:
        """See ``ports.PayerChannel``."""
        check_question(question, self.name)
        return self._create(question) if self._settings.mode == "create" else self._submit(question)

    def collect(self, waiting: Sequence[Asked]) -> Iterator[tuple[Asked, Reply | Failed | None]]:
        """See ``ports.PayerChannel``. One that has become unreadable or unknown is ``Failed``, and does not stop the
        others; a payer that cannot be reached or refuses us stops them all."""
        for asked in waiting:
            yield asked, self._found(asked)

    def close(self) -> None:
        """See ``ports.PayerChannel``."""
        self._calls.close()

    def _found(self, asked: Asked) -> Reply | Failed | None:
        try:
            return self._search(asked.question, asked.ticket) if _created(asked.ticket) else self._poll(asked)
        except (PayerAnswerUnreadable, PayerRejected) as problem:
            return Failed(problem)

    # --- $submit ----------------------------------------------------------------------------------------------------

    def _submit(self, question: Question) -> Reply:
        body = request_of(question, self._settings.packing)
        headers = {**_HEADERS, "Prefer": "respond-async"} if self._settings.mode == "submit-async" else _HEADERS
        answer = self._calls.call(question.payer, "POST", f"{_REQUEST}/$submit", body=body, headers=headers)
        return self._waiting(question, answer) if answer.status == 202 else self._replied(question, answer.body)

    def _waiting(self, question: Question, answer: HttpAnswer) -> Waiting:
        """Where to poll, as path and query on this origin."""
        place = answer.headers.get("content-location") or answer.headers.get("location") or ""
        url = urljoin(f"{self._base}/", place)
        if not place or origin(url) != origin(self._base):
            what = "names no place to look for the answer" if not place else "looks for its answer on another origin"
            raise self._unreadable(question, f"the payer took the question and {what}.")
        parts = urlsplit(url)
        ticket = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self._check_place(question, ticket)
        return Waiting(ticket, self._not_before(answer))

    def _check_place(self, question: Question, place: str) -> None:
        """Refuse to look for the answer at a place that names the member: it would stand in URLs, and in what proxies
        log."""
        people = [one for one in (question.dependent, question.subscriber) if one is not None]
        born = [day for one in people if (day := one.birth_date) is not None]
        telling = [question.member_id, *(text for day in born for text in (day.isoformat(), f"{day:%Y%m%d}"))]
        if any(text.casefold() in unquote(place).casefold() for text in telling):
            raise self._unreadable(
                question, "the payer put the member id or birth date into the place to look for the answer."
            )

    def _poll(self, asked: Asked) -> Reply | Failed | None:
        question = asked.question
        answer = self._calls.call(question.payer, "GET", asked.ticket, headers={"Accept": MEDIA_TYPE}, also=_POLLED)
        if answer.status == 202 or answer.status in _BUSY:
            later = self._not_before(answer)
            return None if later is None else Waiting(asked.ticket, later)
        if answer.status in _GONE:
            raise self._unreadable(question, "the payer no longer knows the place where its answer was to be.")
        if answer.status in _JOB_FAILED:
            return Failed(self._failed(question, answer))
        return self._replied(question, answer.body)

    def _failed(self, question: Question, answer: HttpAnswer) -> PayerError:
        """The work on a question failed at the payer's: 500 there may pass, 4xx will not."""
        document = parsed(answer.body)
        said = ", ".join(filter(None, (codes_of(one) for one in outcomes(document or fj.NOTHING))))
        kind = PayerUnreachable if answer.status >= 500 else PayerRejected
        what = f"{where(self.name, question.payer)} the payer could not work on the question ({answer.status})"
        return kind(f"{what}{f': {said}' if said else ''}.", "Ask the payer what it refuses, if it happens again.")

    def _not_before(self, answer: HttpAnswer) -> datetime | None:
        """When the payer wants to be asked again (Retry-After, as seconds or as a date); None: it does not say."""
        text = answer.headers.get("retry-after", "").strip()
        now = self._clock()
        if text.isascii() and text.isdigit():
            return now + timedelta(seconds=min(int(text), 86_400))
        try:
            when = parsedate_to_datetime(text)
        except (TypeError, ValueError, IndexError):
            return None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return now + max(timedelta(0), when - (answer.date() or now))  # by the payer's own clock

    # --- create, then search ----------------------------------------------------------------------------------------

    def _create(self, question: Question) -> Reply:
        # The same question again finds the request of the first try, where the payer obeys If-None-Exist.
        match = f"identifier={names.SID_QUESTION_KEY}|{question.key}"
        answer = self._calls.call(
            question.payer, "POST", _REQUEST, body=request_of(question), headers={**_HEADERS, "If-None-Exist": match}
        )
        document = parsed(answer.body)
        if document is not None and any(not unfinished(one) for one in responses(document)):
            return self._replied(question, answer.body)
        ticket = self._ticket(question, answer, document)
        return self._search(question, ticket) or Waiting(ticket)

    def _ticket(self, question: Question, answer: HttpAnswer, document: JsonObject | None) -> str:
        """ "CoverageEligibilityRequest/17", of the Location, else of the body: the request or its response."""
        place = urlsplit(answer.headers.get("location") or answer.headers.get("content-location") or "").path
        id = _id_in(place)
        if not id and document is not None:
            own = fj.text(document, "id") if fj.text(document, "resourceType") == _REQUEST else None
            id = own or next(filter(None, (_id_in(asked_by(one)) for one in responses(document))), "")
        if not id:
            raise self._unreadable(question, "the payer took the question and gave it no id.")
        self._check_place(question, id)
        return f"{_REQUEST}/{id}"

    def _search(self, question: Question, ticket: str) -> Replied | None:
        answer = self._calls.call(
            question.payer, "GET", "CoverageEligibilityResponse", params=[("request", ticket)],
            headers={"Accept": MEDIA_TYPE},
        )  # fmt: skip
        document = self._document(question, answer.body)
        ours = [one for one in responses(document) if asked_by(one) == ticket]
        if responses(document) and not ours:
            raise anothers(question, self.name)
        said = [one for one in ours if not pending(one)]
        if not said and any(unfinished(one) for one in ours):
            return None
        # A payer that can't say now, and works on it no more, is asked again: its "try later" is its answer.
        newest = max(said or ours, key=rank, default=None)
        return None if newest is None else self._reply(question, newest, document, answer.body)

    # --- what came back ---------------------------------------------------------------------------------------------

    def _replied(self, question: Question, body: bytes) -> Replied:
        """The response in what came back: the one with our key, or the only one."""
        document = self._document(question, body)
        found = responses(document)
        ours = [one for one in found if question.key in keys_of(one)]
        if not found:
            said = ", ".join(filter(None, (codes_of(one) for one in outcomes(document))))
            if said:
                raise PayerRejected(f"{where(self.name, question.payer)} the payer answered: {said}.",
                                    "Ask the payer what it refuses.")  # fmt: skip
            raise self._unreadable(question, "what came back holds no CoverageEligibilityResponse.")
        if not ours and len(found) > 1:
            raise self._unreadable(question, "several answers came back, and none says that it is to this question.")
        return self._reply(question, (ours or found)[0], document, body)

    def _reply(self, question: Question, response: JsonObject, document: JsonObject, body: bytes) -> Replied:
        if (keys := keys_of(response)) and question.key not in keys:
            raise anothers(question, self.name)
        named = _named(patient_of(response, document), member_id_of(response))
        check_person(question, [named], self.name)
        answer = with_limits_in_words(read_response(response, question.serviced))
        if answer.corrected is None:
            answer = replace(answer, corrected=corrected(question, named))
        return Replied(answer, body, MEDIA_TYPE)

    def _document(self, question: Question, body: bytes) -> JsonObject:
        document = parsed(body)
        if document is None:
            raise self._unreadable(question, "what came back is no FHIR JSON.")
        return document

    def _unreadable(self, question: Question, what: str) -> PayerAnswerUnreadable:
        return PayerAnswerUnreadable(f"{where(self.name, question.payer)} {what}", "It is asked again later.")


def _created(ticket: str) -> bool:
    return ticket.startswith(f"{_REQUEST}/")


def _id_in(place: str) -> str:
    """The id of the request that a path leads to; "" where it leads to none."""
    parts = place.split("/")
    return parts[parts.index(_REQUEST) + 1] if _REQUEST in parts[:-1] else ""


def _named(patient: JsonObject, member_id: str | None) -> Named:
    born = fj.text(patient, "birthDate")
    try:
        day = date.fromisoformat(born) if born else None
    except ValueError:
        day = None
    name = next(iter(fj.children(patient, "name")), fj.NOTHING)
    given = name.get("given")
    first = given[0] if isinstance(given, list) and given and isinstance(given[0], str) else None
    return Named(member_id, day, fj.text(name, "family"), first)
