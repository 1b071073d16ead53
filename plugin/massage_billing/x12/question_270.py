"""Writing a 270: questions to a payer about coverage, one transaction a question (005010X279A1).

Strict: whatever a payer would refuse for its form is refused here, by the name of the field (QuestionInvalid), before
anything leaves. What a payer's dialect wants differently is an option of ``Dialect``, not of the question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date

from massage_billing.errors import QuestionInvalid
from massage_billing.model import Person, Question
from massage_billing.x12.codes import CodeTables, default_codes
from massage_billing.x12.writer import Element, Envelope, SegmentWriter

VERSION = "005010X279A1"
"""GS08 and ST03, of question and answer."""
MOST_SERVICE_TYPES = 99
"""Repetitions of EQ01, and repetitions of the 2110 loop."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one payer or clearinghouse wants to be asked."""

    originator: str = ""
    """TRN03, ten characters: 1 and the tax id, 3 and a DUNS number, or 9 and nine characters of our own;
    "": 1 and the asker's tax id."""
    payer_qualifier: str = "PI"
    """2100A NM108: PI payer id, XV CMS plan id, FI tax id, NI NAIC …"""
    provider_code: str = "PE"
    """2100B PRV01: PE performing, BI billing …"""
    provider_references: tuple[tuple[str, str], ...] = ()
    """2100B REF: (qualifier, value), where a payer knows the clinic by a number of its own."""
    repeat_service_types: bool = True
    """All service types in one EQ; False: an EQ for each."""
    most_service_types: int = MOST_SERVICE_TYPES
    """Ask no more than these, the first of the question; 1 for payers that take only one."""
    procedures: bool = True
    """Whether the question's codes are asked about too (EQ02)."""
    modifiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Modifiers sent with a code: {"97124": ("GP",)}."""
    place: str | None = None
    """Place of service sent with each inquiry (III), "11"."""
    group_number: bool = True
    """Whether the group number is sent (REF*6P)."""


def write_270(
    questions: Question | Sequence[Question],
    envelope: Envelope,
    dialect: Dialect | None = None,
    codes: CodeTables | None = None,
) -> bytes:
    """One interchange with a transaction for each question. Raises QuestionInvalid, by field and never by value."""
    asked = [questions] if isinstance(questions, Question) else list(questions)
    if not asked:
        raise QuestionInvalid("There is no question to send.")
    if len({question.trace for question in asked}) < len(asked):
        raise QuestionInvalid("Two questions of one interchange have the same trace number.")
    writer = SegmentWriter(envelope)
    writer.begin("HS", VERSION)
    for question in asked:
        _transaction(writer, question, dialect or Dialect(), codes or default_codes())
    return writer.end()


def _transaction(writer: SegmentWriter, question: Question, dialect: Dialect, codes: CodeTables) -> None:
    writer.loop = "header"
    writer.begin_transaction("270", VERSION)
    at = writer.envelope.written_at
    _need(question.trace, "trace number", "2000C TRN02")
    writer.add("BHT", "0022", "13", question.trace, f"{at:%Y%m%d}", f"{at:%H%M}", names={3: "trace number"})
    _source(writer, question, dialect)
    _receiver(writer, question, dialect)
    _subscriber(writer, question, dialect)
    if question.dependent is not None:
        _dependent(writer, question, question.dependent, dialect, codes)
    writer.end_transaction()


def _source(writer: SegmentWriter, question: Question, dialect: Dialect) -> None:
    writer.loop = "2100A"
    _need(question.payer_id, "payer id", "2100A NM109")
    writer.add("HL", "1", "", "20", "1")
    writer.add(
        "NM1", "PR", "2", question.payer_name.strip(), "", "", "", "", dialect.payer_qualifier,
        question.payer_id.strip(),
        names={3: "payer name", 8: "payer id's qualifier", 9: "payer id"},
    )  # fmt: skip


def _receiver(writer: SegmentWriter, question: Question, dialect: Dialect) -> None:
    writer.loop = "2100B"
    asker = question.asker
    _need(asker.npi, "asker's NPI", "2100B NM109")
    _need(asker.name, "asker's name", "2100B NM103")
    writer.add("HL", "2", "1", "21", "1")
    writer.add(
        "NM1", "1P", "1" if asker.first_name.strip() else "2", asker.name.strip(), asker.first_name.strip(), "", "", "",
        "XX", asker.npi.strip(), names={3: "asker's name", 4: "asker's given name", 9: "asker's NPI"},
    )  # fmt: skip
    for qualifier, value in dialect.provider_references:
        writer.add("REF", qualifier, value, names={2: "provider number of the dialect"})
    if asker.taxonomy:
        writer.add("PRV", dialect.provider_code, "PXC", asker.taxonomy, names={3: "asker's taxonomy"})


def _subscriber(writer: SegmentWriter, question: Question, dialect: Dialect) -> None:
    writer.loop = "2100C"
    alone = question.dependent is None
    person = question.subscriber
    _need(question.member_id, "member id", "2100C NM109")
    _need(person.last_name, "subscriber's family name", "2100C NM103")
    writer.add("HL", "3", "2", "22", "0" if alone else "1")
    if alone:
        _trace(writer, question, dialect)
    writer.add(
        "NM1", "IL", "1", *_name(person), "MI", question.member_id.strip(),
        names={**_NAMES["subscriber"], 9: "member id"},
    )  # fmt: skip
    if question.group_number and question.group_number.strip() and dialect.group_number:
        writer.add("REF", "6P", question.group_number.strip(), names={2: "group number"})
    if alone:
        _birth(writer, person, "subscriber")
        _inquiries(writer, question, dialect)


def _dependent(writer: SegmentWriter, question: Question, person: Person, dialect: Dialect, codes: CodeTables) -> None:
    writer.loop = "2100D"
    _need(person.last_name, "patient's family name", "2100D NM103")
    writer.add("HL", "4", "3", "23", "0")
    _trace(writer, question, dialect)
    writer.add("NM1", "03", "1", *_name(person), names=_NAMES["patient"])
    _birth(writer, person, "patient")
    relationship = codes.relationships.get(question.relationship) or codes.relationships["other"]
    writer.add("INS", "N", relationship, names={2: "relationship to the subscriber"})
    _inquiries(writer, question, dialect)


def _trace(writer: SegmentWriter, question: Question, dialect: Dialect) -> None:
    tin = question.asker.tin
    originator = dialect.originator or (f"1{tin.strip().replace('-', '')}" if tin else "")
    _need(originator, "originator of the trace number, or the asker's tax id", "TRN03")
    writer.add("TRN", "1", question.trace, originator, names={2: "trace number", 3: "originator of the trace number"})


def _birth(writer: SegmentWriter, person: Person, whose: str) -> None:
    if person.birth_date is None:
        _need("", f"{whose}'s birth date", "DMG02")
        return
    gender = person.gender if person.gender in {"M", "F"} else ""
    writer.add("DMG", "D8", _d8(person.birth_date), gender, names={2: f"{whose}'s birth date"})


def _inquiries(writer: SegmentWriter, question: Question, dialect: Dialect) -> None:
    writer.add("DTP", "291", "D8", _d8(question.serviced), names={3: "date of service"})
    writer.loop = "2110D" if question.dependent else "2110C"
    types = question.service_types[: max(1, min(dialect.most_service_types, MOST_SERVICE_TYPES))]
    inquiries: list[tuple[Element, ...]] = [(list(types),)] if dialect.repeat_service_types else [(t,) for t in types]
    if not types:
        inquiries = []
    if dialect.procedures:
        inquiries += [("", ("HC", code, *dialect.modifiers.get(code, ()))) for code in question.codes]
    if not inquiries:
        raise QuestionInvalid(f"There is neither a service type nor a code to ask about ({writer.loop} EQ).")
    if len(inquiries) > MOST_SERVICE_TYPES:
        raise QuestionInvalid(f"More is asked than one question may hold ({writer.loop} EQ).")
    for inquiry in inquiries:
        writer.add("EQ", *inquiry, names={1: "service type", 2: "procedure code"})
        if dialect.place:
            writer.add("III", "ZZ", dialect.place, names={2: "place of service"})


def _need(value: str, name: str, where: str) -> None:
    if not value.strip():
        raise QuestionInvalid(
            f"The {name} is missing ({where}); without it no payer can be asked.", "Enter it on the record."
        )


def _name(person: Person) -> tuple[str, str, str, str, str]:
    """NM103 to NM107."""
    return (person.last_name.strip(), person.first_name.strip(), person.middle_name.strip(), "", person.suffix.strip())


_NAMES = {
    whose: {
        3: f"{whose}'s family name",
        4: f"{whose}'s given name",
        5: f"{whose}'s middle name",
        7: f"{whose}'s suffix",
    }
    for whose in ("subscriber", "patient")
}


def _d8(day: Date) -> str:
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"
