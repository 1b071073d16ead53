"""Which X12 answer belongs to which question. Pure.

By trace number: TRN02 of the question comes back with TRN01 2 (005010X279A1, 2000C and 2000D TRN). Where no TRN comes
back, for a payer that never came to the patient has no loop to put it into, by BHT03, which an answer in real time
takes from its question (BHT of the 271). An answer with another's number is never ours, whatever else agrees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from massage_billing.errors import PayerAnswerUnreadable, PayerRejected
from massage_billing.model import Answer, AnswerKind, Question, Standing
from massage_billing.payers.sound import Named, stranger
from massage_billing.ports import Replied
from massage_billing.x12.acknowledgement import Reason, read_acknowledgements
from massage_billing.x12.answer_271 import SAYS_NOTHING, Answer271, answers_of, read_271
from massage_billing.x12.segments import Ended, Interchange, Transaction, read_pieces

X12 = "application/edi-x12"
"""Media type of the evidence."""
SAID_NOTHING = "the answer says nothing: neither a benefit nor a reason why not."
"""For messages."""
_ANSWER = "271"
_INQUIRIES = "HS"
"""GS01 of what we send."""
_MISSING = "trailer-missing"
_BEGINNING = re.compile(rb"\s*+(I(S(A([^A-Za-z0-9\s].{0,120})?)?)?)?\s*\Z", re.DOTALL)
"""What may be the beginning of an ISA, or nothing yet."""


def reply_to(question: Question, x12: bytes, said: str) -> Replied:
    """The answer to the one question that was asked just now. ``said``: beginning of messages.

    Raises PayerRejected where a 999 or TA1 turns it down, and PayerAnswerUnreadable where there is no whole answer to
    this question.
    """
    try:
        answers = read_271(x12, question, on=question.serviced)
    except PayerAnswerUnreadable:
        raise PayerAnswerUnreadable(f"{said} the answer is no X12.", "It is asked again.") from None
    if not answers:
        raise _turned_down(x12, said)
    ours = [answer for answer in answers if is_for(answer, question) or _alone(answer, answers)]
    ours = [answer for answer in ours if not about_a_stranger(answer, question)]
    if not ours:
        raise PayerAnswerUnreadable(
            f"{said} the answer has another question's number, or is about somebody else; it was not recorded.",
            "It is asked again.",
        )
    ours = [answer for answer in ours if not says_nothing(answer)]
    if not ours:
        raise PayerAnswerUnreadable(f"{said} {SAID_NOTHING}", "It is asked again.")
    answer = max(reversed(ours), key=lambda one: _worth(one.answer))
    if any(oddity.code == _MISSING and oddity.where.startswith("transaction") for oddity in answer.oddities):
        raise PayerAnswerUnreadable(f"{said} the answer ends in the middle.", "It is asked again.")
    return Replied(answer.answer, x12, X12)


def is_for(answer: Answer271, question: Question) -> bool:
    """Whether an answer gives back the number of a question, and of a family is about who was asked about."""
    return answer.question is not None and question.trace.casefold() in numbers_of(answer)


def says_nothing(answer: Answer271) -> bool:
    """Whether it holds neither a benefit nor a refusal, text or date: no answer, whatever its number."""
    return any(oddity.code == SAYS_NOTHING for oddity in answer.oddities)


def about_a_stranger(answer: Answer271, question: Question) -> bool:
    """Whether member id, birth date and family name are all told, and none is of the patient or the subscriber: such an
    answer is nobody's here, whatever its number. Benefits of the subscriber are not those of the dependent asked about;
    a refusal of the subscriber holds for both."""
    if answer.of_subscriber and answer.question is question and answer.answer.kind is AnswerKind.ANSWERED:
        return True
    told = answer.answer.corrected
    if told is None or None in (told.member_id, told.birth_date, told.last_name):
        return False
    return stranger(question, Named(told.member_id, told.birth_date, told.last_name))


def numbers_of(answer: Answer271) -> list[str]:
    """The numbers by which an answer says whose it is, folded: those given back, else BHT03, else any TRN."""
    back = [trace.number for trace in answer.traces if trace.kind != "1"]
    own = [trace.number for trace in answer.traces if trace.kind == "1"]
    return [number.strip().casefold() for number in (back or [answer.reference, *own]) if number.strip()]


def _alone(answer: Answer271, answers: list[Answer271]) -> bool:
    """Whether it is the only answer to a call, and says no number at all or did not come to the patient."""
    if len(answers) > 1 or any(trace.kind != "1" for trace in answer.traces):
        return False
    return not answer.reference or answer.answer.kind is not AnswerKind.ANSWERED


def rank(kind: AnswerKind) -> int:
    """Which of several answers to one question counts: the higher."""
    return (AnswerKind.TRY_LATER, AnswerKind.REFUSED, AnswerKind.ANSWERED).index(kind)


def _worth(answer: Answer) -> tuple[int, bool]:
    """Which of several answers in one file or call counts: by kind, then one that is in force; of equals the last."""
    return rank(answer.kind), answer.standing is Standing.IN_FORCE


def _turned_down(x12: bytes, said: str) -> PayerRejected | PayerAnswerUnreadable:
    acknowledged = read_acknowledgements(x12)
    if acknowledged.taken is False:
        why = ", ".join(acknowledged.reasons) or "it does not say why"
        return PayerRejected(f"{said} the question was turned down: {why}.", _FIX)
    return PayerAnswerUnreadable(f"{said} X12 came back, and no 271.", "It is asked again.")


_FIX = "Correct what it names on the record, or in the settings of the channel."


# --- files with many answers ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Contents:
    """What an X12 file says, by trace number (as in the question) of those that are known."""

    replies: dict[str, Replied] = field(default_factory=dict)
    """Answers to questions that wait."""
    turned_down: dict[str, str] = field(default_factory=dict)
    """What a 999 or TA1 turned down, and why."""
    silent: set[str] = field(default_factory=set)
    """Questions that wait, and that it answers without saying anything."""
    known: set[str] = field(default_factory=set)
    """All trace numbers of ours that it answers or turns down, whether somebody waits or not."""
    settled: bool = False
    """True where it acknowledges something of ours: nobody needs it any more, also where it says nothing bad."""
    strangers: int = 0
    """How many answers are to nobody's question here."""
    whole: bool = True
    """False where it ends in the middle."""
    x12: bool = True
    """False where it is no X12."""


def contents_of(
    data: bytes, waiting: Mapping[str, Question], ours: Iterable[str], controls: Mapping[int, str]
) -> Contents:
    """Read a file once, for all that wait. ``waiting`` by trace number; ``ours``: every trace number that was put out;
    ``controls``: the trace number of each control number."""
    found = Contents()
    names = {trace.casefold(): trace for trace in (*ours, *waiting)}
    cuts = _Cuts(data)
    acknowledges = False
    for piece in read_pieces(data):
        if isinstance(piece, Ended):
            codes = {oddity.code for oddity in piece.oddities if not oddity.where.startswith("group")}
            found.whole = found.whole and _MISSING not in codes
            found.x12 = found.x12 and "nothing" not in codes
            # What begins like X12 may be the beginning of it.
            found.whole = found.whole and (found.x12 or not _BEGINNING.match(data))
        elif isinstance(piece, Transaction) and piece.kind == _ANSWER:
            _take(found, piece, cuts.of(piece), waiting, names)
        else:
            acknowledges = True
    if acknowledges:
        _acknowledge(found, data, controls)
    return found


def _take(
    found: Contents,
    transaction: Transaction,
    received: bytes,
    waiting: Mapping[str, Question],
    names: Mapping[str, str],
) -> None:
    """The answers of one transaction; one without an end is none."""
    if not transaction.trailer:
        found.whole = False
        return
    for answer in answers_of(transaction, waiting.values()):
        trace = next((names[number] for number in numbers_of(answer) if number in names), None)
        if trace is None:
            found.strangers += 1
            continue
        asked = waiting.get(trace)
        if asked is not None and about_a_stranger(answer, asked):
            found.strangers += 1
            continue
        found.known.add(trace)
        if asked is None or answer.question is not asked:
            continue  # of a family that came under one number, another than who was asked about
        if says_nothing(answer):
            found.silent.add(trace)
            continue
        before = found.replies.get(trace)
        if before is None or _worth(before.answer) <= _worth(answer.answer):
            found.replies[trace] = Replied(answer.answer, received, X12)


def _acknowledge(found: Contents, data: bytes, controls: Mapping[int, str]) -> None:
    """What a TA1 or 999 says of our interchanges and groups; those of claims are somebody else's."""
    said = read_acknowledgements(data)
    for one in said.interchanges:
        if (trace := controls.get(_number(one.control))) is not None:
            found.settled = True
            if one.taken is False:
                _turn_down(found, trace, one.reasons)
    for group in said.groups:
        if group.kind != _INQUIRIES:
            continue
        found.settled = True
        refused = [one for one in group.transactions if one.taken is False]
        trace = controls.get(_number(group.control))
        if trace is not None and (refused or group.taken is False):
            _turn_down(found, trace, [*group.reasons, *(reason for one in refused for reason in one.reasons)])


def _turn_down(found: Contents, trace: str, reasons: Sequence[Reason]) -> None:
    found.known.add(trace)
    found.turned_down[trace] = ", ".join(dict.fromkeys(map(str, reasons))) or "it does not say why"


def _number(control: str) -> int:
    """A control number as a number: some write its leading zeros and others do not. -1: none."""
    return int(control) if control.isascii() and control.isdigit() else -1


class _Cuts:
    """Cuts transactions out of a file as they were received, each behind the ISA it came under: other patients' answers
    stay out of one's evidence. Asked in the file's order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0
        self._under: Interchange | None = None
        self._isa = b""

    def of(self, transaction: Transaction) -> bytes:
        """ISA and ST to SE; made again of the segments where they can't be found as they are."""
        mark = transaction.delimiters.segment
        begin = self._data.find(transaction.header.encode("latin-1", "replace"), self._place)
        end = self._data.find(transaction.trailer.encode("latin-1", "replace"), begin) if begin >= 0 else -1
        if transaction.interchange is not self._under:
            self._under = transaction.interchange
            self._isa = self._isa_before(begin if begin >= 0 else len(self._data), transaction.interchange)
        if end < 0:
            segments = [transaction.header, *transaction.segments, transaction.trailer]
            return self._isa + "".join(f"{segment}{mark}" for segment in segments).encode("utf-8", "replace")
        self._place = end + len(transaction.trailer)
        return self._isa + self._data[begin : self._place] + mark.encode("latin-1", "replace")

    def _isa_before(self, place: int, interchange: Interchange) -> bytes:
        """The last ISA before a place that has this control number, with its terminator."""
        marks = interchange.delimiters
        element, terminator = marks.element.encode("latin-1", "replace"), marks.segment.encode("latin-1", "replace")
        begin = self._data.rfind(b"ISA" + element, 0, place)
        while begin >= 0:
            end = self._data.find(terminator, begin) if terminator else -1
            isa = self._data[begin : end if end >= 0 else place]
            parts = isa.split(element)
            if len(parts) > 13 and parts[13].strip().decode("latin-1") == interchange.control:
                return isa + terminator
            begin = self._data.rfind(b"ISA" + element, 0, begin)
        return b""
