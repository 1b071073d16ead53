"""Asking a payer or clearinghouse by X12 270/271 (005010X279A1) over CAQH CORE connectivity, in real time.

The envelope and its sources: ``payers.x12.envelope``. How long an answer may take: 20 seconds (CAQH CORE Eligibility &
Benefits (270/271) Infrastructure Rule, real time response; formerly Phase I CORE 156). Which answer is ours:
``payers.x12.replies``.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from massage_billing.errors import PayerAnswerUnreadable, PayerError, PayerRefused, PayerRejected, PayerUnreachable
from massage_billing.model import Question
from massage_billing.payers.calls import Line, PayerCalls, payer_errors, where
from massage_billing.payers.letters import plain_question
from massage_billing.payers.x12.envelope import Fields, Received, decode, encode
from massage_billing.payers.x12.parties import Parties, x12_of
from massage_billing.payers.x12.replies import reply_to
from massage_billing.ports import Asked, Failed, Replied, Reply


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """How one payer or clearinghouse is reached."""

    line: Line
    """Endpoint, credentials of the HTTP header, time, TLS."""
    parties: Parties
    """Who sends to whom."""
    rule_version: str = "2.2.0"
    """CORERuleVersion, as the other end wants it."""
    user: str | None = None
    """UserName in the envelope (CORE submitter authentication C2); None: none there."""
    password: Callable[[], str] | None = None
    """Reads the Password in the envelope, each time it is needed. Raises SettingsError."""


def _new_id() -> uuid.UUID:
    """A UUID of the sort that the CORE rule names (by time), with a random node in place of this machine's hardware
    address (RFC 9562, 6.10)."""
    return uuid.uuid1(node=secrets.randbits(48) | 1 << 40)


class CoreX12:
    """A payer channel: each question is one call, answered at once."""

    def __init__(
        self,
        name: str,
        settings: CoreSettings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        control_number: Callable[[], int] = lambda: 1 + secrets.randbelow(999_999_999),
        payload_id: Callable[[], uuid.UUID] = _new_id,
    ) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._control_number = control_number
        self._payload_id = payload_id
        self._calls = PayerCalls(name, settings.line, clock)

    def ask(self, question: Question) -> Reply:
        """See ``ports.PayerChannel``."""
        settings, now, question = self._settings, self._clock(), plain_question(question)
        x12 = x12_of(self.name, question, settings.parties, now, self._control_number())
        with payer_errors(self.name, question.payer):
            password = settings.password() if settings.password else None
        fields = Fields(
            settings.parties.sender_id, settings.parties.receiver_id, now.astimezone(UTC), self._payload_id(),
            settings.rule_version, settings.user, password,
        )  # fmt: skip
        body, content_type = encode(x12, fields)
        headers = {"Content-Type": content_type, "Accept": "multipart/form-data, multipart/mixed, application/edi-x12"}
        answer = self._calls.call(question.payer, "POST", body=body, headers=headers, also=_WITH_ENVELOPE)
        received = decode(answer.body, answer.headers.get("content-type", ""))
        if answer.status in _WITH_ENVELOPE and (received is None or not received.error_code):
            kind = PayerRejected if answer.status < 500 else PayerUnreachable
            raise kind(f"{where(self.name, question.payer)} the call was answered {answer.status}.", _ASK_THEM)
        return self._read(question, received)

    def collect(self, waiting: Sequence[Asked]) -> Iterator[tuple[Asked, Reply | Failed | None]]:
        """Nothing waits at this channel: a question that says so is asked again."""
        for asked in waiting:
            yield asked, Failed(PayerUnreachable(f"{where(self.name, asked.question.payer)} nothing waits here.",
                                                 "It is asked again."))  # fmt: skip

    def close(self) -> None:
        """See ``ports.PayerChannel``."""
        self._calls.close()

    def _read(self, question: Question, received: Received | None) -> Replied:
        said = where(self.name, question.payer)
        if received is None:
            raise PayerAnswerUnreadable(f"{said} the answer is neither X12 nor a CORE envelope.", "It is asked again.")
        if received.is_about_the_envelope or not received.payload:
            raise self._about_envelope(said, received)
        try:
            return reply_to(question, received.payload, said)
        except PayerAnswerUnreadable:
            if not received.error_code:
                raise
        # An envelope that tells of an error and holds no answer: often our own question comes back in it.
        raise self._about_envelope(said, received)

    def _about_envelope(self, said: str, received: Received) -> PayerError:
        """What an envelope without an answer says, by its code: the payer's words stay out of it."""
        code = received.error_code
        if not code:
            if received.is_about_the_envelope:
                return PayerRejected(f"{said} the envelope was not taken, and no code says why.", _ASK_THEM)
            return PayerAnswerUnreadable(f"{said} the answer's envelope is empty.", "It is asked again.")
        if code.lower() == "unauthorized":
            return PayerRefused(f"{said} CORE error {code}.", "Check the credentials of this channel.")
        if code.lower() == "receiver":
            return PayerUnreachable(f"{said} CORE error {code}: it failed at the other end.", "It is asked again.")
        return PayerRejected(f"{said} the envelope was not taken: CORE error {code}.", _ASK_THEM)


_WITH_ENVELOPE = (400, 500)
"""Statuses of an envelope that was not taken; one may come back that says why."""
_ASK_THEM = "Check the channel's sender and receiver ids and its rule version with the payer."
