"""Reading a 271: what a payer says of each patient, as ``Answer``, whatever form it came in (005010X279A1).

Tolerant: nothing is refused for its form. Every segment of a transaction is in ``Benefit.said``, in a field (TRN, AAA,
MSG) or word for word in ``Answer.kept``. Several patients in a file or a transaction give an answer each. Only what is
no X12 at all is refused (PayerAnswerUnreadable).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date as Date

from massage_billing.errors import PayerAnswerUnreadable
from massage_billing.model import Answer, AnswerKind, Benefit, Question, Rejection, Span
from massage_billing.x12.benefits import message, read_benefit, rejections_within, span
from massage_billing.x12.codes import CodeTables, default_codes
from massage_billing.x12.counts import day
from massage_billing.x12.loops import LEVEL_WORDS, SUBSCRIBER, Level, Parts, Walked, walk
from massage_billing.x12.message_limits import Patterns, default_patterns
from massage_billing.x12.other_payers import other_payers
from massage_billing.x12.patient import Trace, corrected, is_about, is_the_subscriber, traces_of
from massage_billing.x12.rejections import kind_of
from massage_billing.x12.segments import Ended, Oddity, Transaction, at, read_pieces
from massage_billing.x12.standing import stands, undecided

SAYS_NOTHING = "says-nothing"
"""Code of an answer that has not one thing in it that a payer could have said."""
_WORDS = {
    "share-as-percent": "A share (EB08) above 1 was taken as percent.",
    "number-unreadable": "An amount, share or quantity of an EB is no number.",
    "code-unknown": "EB01 has a code that is not known; it is kept as sent.",
}


@dataclass(frozen=True, slots=True)
class Answer271:
    """What a payer says of one patient, and what its envelope tells."""

    answer: Answer
    """The answer, in the normal form."""
    question: Question | None
    """Which of the questions given it answers, by its trace number; None: none of them, or none was given."""
    traces: tuple[Trace, ...]
    """Every TRN of the patient, and of the levels above."""
    reference: str
    """BHT03; a payer gives back that of a question asked in real time."""
    level: str
    """"subscriber", "dependent", or "" where the payer came to no patient."""
    of_subscriber: bool = False
    """True where a dependent was asked about and it is plainly the subscriber who is told of."""
    oddities: tuple[Oddity, ...] = ()
    """What is odd about the file, the transaction or the answer; never a reason to refuse it."""


def read_271(
    data: bytes | Iterable[bytes],
    asked: Question | Iterable[Question] = (),
    *,
    on: Date | None = None,
    codes: CodeTables | None = None,
    patterns: Patterns | None = None,
) -> list[Answer271]:
    """The answers of a file, one a patient; [] where it is X12 without a 271 (a TA1 or 999: ``acknowledgement``).

    Answers are matched to the questions by trace number, else by BHT03; a file with one patient, asked with one
    question, needs neither. ``on`` is the date of service where no question is given. Raises PayerAnswerUnreadable
    where it is no X12.
    """
    questions = [asked] if isinstance(asked, Question) else list(asked)
    transactions: list[Transaction] = []
    odd: list[Oddity] = []
    for piece in read_pieces(data):
        if isinstance(piece, Transaction):
            transactions.append(piece)
        elif isinstance(piece, Ended):
            odd += piece.oddities
    if not transactions and any(one.code == "nothing" for one in odd):
        raise PayerAnswerUnreadable("What came back is no X12: it holds no interchange.", "Ask the payer again.")
    found = [
        answer
        for transaction in transactions
        if transaction.kind == "271"
        for answer in answers_of(
            transaction, questions, on=on, alone=len(transactions) == 1, codes=codes, patterns=patterns
        )
    ]
    return [replace(one, oddities=(*one.oddities, *odd)) for one in found] if odd else found


def answers_of(
    transaction: Transaction,
    questions: Iterable[Question] = (),
    *,
    on: Date | None = None,
    alone: bool = False,
    codes: CodeTables | None = None,
    patterns: Patterns | None = None,
) -> list[Answer271]:
    """The answers of one transaction; for files that are too large to be held. ``alone``: the file has no other."""
    walked = walk(transaction)
    reader = _Reader(
        transaction,
        walked,
        {_trace_key(question.trace): question for question in questions},
        on,
        alone,
        codes or default_codes(),
        patterns or default_patterns(),
    )
    return reader.answers()


def _trace_key(number: str) -> str:
    return number.strip().casefold()


@dataclass(slots=True)
class _Reader:
    """One transaction on its way to answers."""

    transaction: Transaction
    walked: Walked
    questions: Mapping[str, Question]
    on: Date | None
    alone: bool
    codes: CodeTables
    patterns: Patterns

    def answers(self) -> list[Answer271]:
        # Where the payer came to no patient, what it says it says of the whole question.
        patients = [level for level in self.walked.levels if _is_patient(level)] or [self.walked.top]
        return [self._answer(level, len(patients) == 1) for level in patients]

    def _answer(self, level: Level, single: bool) -> Answer271:
        above = level.up()
        # Matched by its own trace numbers; by those above it only where it has none.
        near = traces_of(level) or next(filter(None, map(traces_of, above)), ())
        traces = tuple(trace for one in (level, *above) for trace in traces_of(one))
        reference = next((at(bht, 3) for bht in self.walked.top.all("BHT")), "")
        question, trace = self._question(level, near, reference, single)
        odd = [*self.transaction.oddities, *self.walked.oddities]
        if self.questions and question is None:
            odd.append(self._odd("another-question", "It does not answer what was asked: trace numbers differ."))
        payers = next((one.number for one in near if one.kind == "1"), "")
        answer = self._said(level, question, (trace, payers), odd)
        return self._with_envelope(answer, level, question, traces, reference, odd)

    def _said(self, level: Level, question: Question | None, traces: tuple[str, str], odd: list[Oddity]) -> Answer:
        """What is said of a patient; ``traces`` are the number given back and the payer's own."""
        downwards = [*reversed(level.up()), level]
        benefits = self._benefits(level, odd)
        # A subscriber who is a patient of this answer too was refused alone, not with the dependents.
        rejections = self._rejections([*(one for one in downwards[:-1] if not _is_patient(one)), level])
        on = self._on(question)
        if on is None:
            odd.append(self._odd("no-date", "There is no date to compare its dates with."))
        types = question.service_types if question else ()
        told = stands(benefits, self._spans(level), on, types, _references(level), self.codes)
        kind = kind_of(benefits, rejections, self.codes)
        if kind is not AnswerKind.ANSWERED:
            told = undecided(told)
        messages = tuple(text for one in downwards for text in self._messages(one))
        if not (benefits or rejections or messages or told.plans):
            odd.append(self._odd(SAYS_NOTHING, "It holds neither a benefit nor a reason why not."))
        return Answer(
            kind,
            on or Date.min,
            told.standing,
            told.start,
            told.end,
            told.plans,
            benefits,
            other_payers(benefits, self.codes),
            rejections,
            corrected(level, question) if question is not None else None,
            messages,
            *traces,
            tuple(said for one in downwards for said in _kept(one)),
        )

    def _with_envelope(
        self,
        answer: Answer,
        level: Level,
        question: Question | None,
        traces: tuple[Trace, ...],
        reference: str,
        odd: list[Oddity],
    ) -> Answer271:
        return Answer271(
            answer,
            question,
            traces,
            reference,
            level=LEVEL_WORDS[level.kind] if level.kind in LEVEL_WORDS and level.kind >= SUBSCRIBER else "",
            of_subscriber=question is not None and is_the_subscriber(level, question),
            oddities=tuple(odd),
        )

    def _question(
        self, level: Level, traces: tuple[Trace, ...], reference: str, single: bool
    ) -> tuple[Question | None, str]:
        """The question that is answered, and the trace number it came with."""
        given_back = [one.number for one in traces if one.kind != "1"]
        for number in (*given_back, *(one.number for one in traces if one.kind == "1")):
            question = self.questions.get(_trace_key(number))
            if question is not None and (single or is_about(level, question)):
                return question, number
        trace = given_back[0] if given_back else ""
        if single and not given_back:
            question = self.questions.get(_trace_key(reference))
            if question is None and self.alone and len(self.questions) == 1:
                question = next(iter(self.questions.values()))
            return question, trace
        return None, trace

    def _on(self, question: Question | None) -> Date | None:
        """The date of service: asked about, else given, else the day the answer was made."""
        if question is not None:
            return question.serviced
        if self.on is not None:
            return self.on
        made = next((day(at(bht, 4)) for bht in self.walked.top.all("BHT")), None)
        return made or day(self.transaction.group.date)

    def _benefits(self, level: Level, odd: list[Oddity]) -> tuple[Benefit, ...]:
        found: list[Benefit] = []
        codes: dict[str, None] = {}
        for detail in level.details:
            benefit, odd_codes = read_benefit(detail, self.transaction.delimiters, self.codes, self.patterns)
            found.append(benefit)
            codes.update(dict.fromkeys(odd_codes))
        odd += [self._odd(code, _WORDS[code]) for code in codes]
        return tuple(found)

    def _rejections(self, levels: list[Level]) -> tuple[Rejection, ...]:
        found: list[Rejection] = []
        for level in levels:
            for place, parts in enumerate(level.parts):
                if parts[0] == "AAA":
                    text = _text_after(level.parts, place, self.transaction)
                    where = LEVEL_WORDS.get(level.kind, "source" if not level.kind else "")
                    found.append(Rejection(at(parts, 3), at(parts, 4), where, text))
        for detail in levels[-1].details:
            found += rejections_within(detail)
        return tuple(found)

    def _messages(self, level: Level) -> list[str]:
        """MSG texts of a level, but for those that follow an AAA and stand with it."""
        return [
            message(parts, self.transaction.delimiters)
            for place, parts in enumerate(level.parts)
            if parts[0] == "MSG" and not (place and level.parts[place - 1][0] == "AAA")
        ]

    def _spans(self, level: Level) -> list[Span]:
        """Dates of the patient; where these tell nothing of coverage, those of the subscriber."""
        for one in (level, *level.up()):
            if one.kind < SUBSCRIBER:
                break
            spans = [span(dtp, self.codes) for dtp in one.all("DTP")]
            roles = (self.codes.dates[found.qualifier].role for found in spans if found.qualifier in self.codes.dates)
            if any(role != "none" for role in roles):
                return spans
        return []

    def _odd(self, code: str, words: str) -> Oddity:
        transaction = self.transaction
        return Oddity(code, f"transaction {transaction.control} of group {transaction.group.control}", words)


def _is_patient(level: Level) -> bool:
    """Whether an answer is given of a level: it has benefits, nothing is below it, or it was refused on its own."""
    refused_alone = level.kind >= SUBSCRIBER and level.all("AAA") and level.all("TRN")
    return bool(level.details or not level.children or refused_alone)


def _references(level: Level) -> list[tuple[str, str]]:
    """REF of the patient, then of the subscriber."""
    people = [one for one in (level, *level.up()) if one.kind >= SUBSCRIBER]
    return [(at(ref, 1), at(ref, 2)) for one in people for ref in one.all("REF")]


def _text_after(parts: list[Parts], place: int, transaction: Transaction) -> str:
    following = parts[place + 1] if place + 1 < len(parts) else []
    return message(following, transaction.delimiters) if following and following[0] == "MSG" else ""


_IN_A_FIELD = {"TRN": 5, "AAA": 5, "MSG": 99}
"""Segments that have fields of their own, and how many parts of them have."""


def _kept(level: Level) -> list[str]:
    """What of a level's own segments has no field."""
    return [
        said
        for said, parts in zip(level.said, level.parts, strict=True)
        if len(parts) > _IN_A_FIELD.get(parts[0], 0) or (parts[0] == "AAA" and at(parts, 2))
    ]
