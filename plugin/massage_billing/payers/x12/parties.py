"""Who sends to whom in X12, and how the payer wants to be asked: the same for every channel that speaks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from massage_billing.errors import QuestionInvalid
from massage_billing.model import Question
from massage_billing.payers.calls import where
from massage_billing.x12.question_270 import Dialect, write_270
from massage_billing.x12.writer import Envelope


@dataclass(frozen=True, slots=True)
class Parties:
    """The two ends of an interchange."""

    sender_id: str
    """Our id with the payer or clearinghouse (ISA06, GS02, CORE SenderID)."""
    receiver_id: str
    """Theirs (ISA08, GS03, CORE ReceiverID)."""
    sender_qualifier: str = "ZZ"
    """ISA05."""
    receiver_qualifier: str = "ZZ"
    """ISA07."""
    production: bool = True
    """ISA15: P, else T."""
    dialect: Dialect = field(default_factory=Dialect)
    """What this payer or clearinghouse wants differently."""


def x12_of(channel: str, question: Question, parties: Parties, written_at: datetime, control: int) -> bytes:
    """One question as an interchange of its own. Raises QuestionInvalid, by field."""
    envelope = Envelope(
        sender_id=parties.sender_id,
        receiver_id=parties.receiver_id,
        written_at=written_at,
        interchange_control=control,
        group_control=control,
        sender_qualifier=parties.sender_qualifier,
        receiver_qualifier=parties.receiver_qualifier,
        usage="P" if parties.production else "T",
    )
    try:
        return write_270(question, envelope, parties.dialect)
    except QuestionInvalid as problem:
        raise QuestionInvalid(f"{where(channel, question.payer)} {problem.what}", problem.fix) from None
