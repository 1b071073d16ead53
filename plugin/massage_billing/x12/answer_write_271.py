"""Writing a 271, for the simulated payer: benefits as the caller lists them, in the envelope that the guide wants.

Strict as every writer here. Trace numbers are given back as they were asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from massage_billing.model import Person
from massage_billing.x12.asked_270 import Asked270
from massage_billing.x12.question_270 import VERSION
from massage_billing.x12.writer import Element, Envelope, SegmentWriter

Seg = tuple[Element, ...]
"""A segment: its id, then its elements; a tuple is a composite, a list is repeated: ("EB", "1", "", ["30", "BE"])."""
_AT_LEVEL = {"source": "20", "receiver": "21", "subscriber": "22", "dependent": "23"}


@dataclass(frozen=True, slots=True)
class Reply271:
    """What a payer says to one question."""

    asked: Asked270
    """The question."""
    benefits: Sequence[Seg] = ()
    """The 2110 loops in order: EB, HSD, REF, DTP, AAA, MSG, III, LS, NM1, N3, N4, PER, PRV, LE."""
    person: Sequence[Seg] = ()
    """What follows the patient's NM1 in the 2100C or 2100D loop: REF, N3, N4, PRV, INS, HI, DTP, MPI."""
    rejections: Sequence[tuple[str, str, str]] = ()
    """(level, AAA03, AAA04); level "source", "receiver", "subscriber" or "dependent"."""
    member_id: str | None = None
    """Member id on file; None: as asked."""
    patient: Person | None = None
    """The patient as on file; None: as asked."""
    payer_trace: str = ""
    """The payer's own number of the answer; "": none."""
    payer_originator: str = "9PAYERTRCE"
    """TRN03 of it, ten characters."""


def write_271(replies: Reply271 | Sequence[Reply271], envelope: Envelope) -> bytes:
    """One interchange with a transaction for each reply. Raises QuestionInvalid where something cannot be written."""
    writer = SegmentWriter(envelope)
    writer.begin("HB", VERSION)
    for reply in [replies] if isinstance(replies, Reply271) else replies:
        _transaction(writer, reply)
    return writer.end()


def _transaction(writer: SegmentWriter, reply: Reply271) -> None:
    at, asked = writer.envelope.written_at, reply.asked
    stops = min((_AT_LEVEL[level] for level, _, _ in reply.rejections), default="99")
    writer.loop = "header"
    writer.begin_transaction("271", VERSION)
    writer.add("BHT", "0022", "11", asked.reference, f"{at:%Y%m%d}", f"{at:%H%M}")
    writer.loop = "2100A"
    writer.add("HL", "1", "", "20", "0" if stops == "20" else "1")
    writer.add("NM1", "PR", "2", asked.payer_name, "", "", "", "", asked.payer_qualifier or "PI", asked.payer_id)
    _rejections(writer, reply, "source")
    if stops > "20":
        writer.loop = "2100B"
        writer.add("HL", "2", "1", "21", "0" if stops == "21" else "1")
        person = "1" if asked.provider_first_name else "2"
        writer.add(
            "NM1", "1P", person, asked.provider_name, asked.provider_first_name, "", "", "",
            asked.provider_qualifier or "XX", asked.provider_id,
        )  # fmt: skip
        _rejections(writer, reply, "receiver")
    if stops > "21":
        _patient(writer, reply, stops)
    writer.end_transaction()


def _patient(writer: SegmentWriter, reply: Reply271, stops: str) -> None:
    asked = reply.asked
    below = asked.dependent is not None and stops > "22"
    writer.loop = "2100C"
    writer.add("HL", "3", "2", "22", "1" if below else "0")
    if not below:
        _traces(writer, reply)
    subscriber = asked.subscriber if asked.dependent else reply.patient or asked.subscriber
    _name(writer, "IL", subscriber, reply.member_id or asked.member_id)
    _rejections(writer, reply, "subscriber")
    if not below:
        _details(writer, reply, subscriber)
    elif asked.dependent is not None:
        writer.loop = "2100D"
        writer.add("HL", "4", "3", "23", "0")
        _traces(writer, reply)
        dependent = reply.patient or asked.dependent
        _name(writer, "03", dependent, "")
        _rejections(writer, reply, "dependent")
        _details(writer, reply, dependent)


def _details(writer: SegmentWriter, reply: Reply271, patient: Person) -> None:
    """What follows the name, in the guide's order: REF, N3, N4, PRV before DMG, the rest after it."""
    before = [one for one in reply.person if one[0] in {"REF", "N3", "N4", "PRV"}]
    for one in before:
        _segment(writer, one)
    if patient.birth_date is not None:
        writer.add("DMG", "D8", f"{patient.birth_date:%Y%m%d}", patient.gender)
    for one in reply.person:
        if one not in before:
            _segment(writer, one)
    writer.loop = f"2110{writer.loop[-1]}"
    for one in reply.benefits:
        _segment(writer, one)


def _segment(writer: SegmentWriter, segment: Seg) -> None:
    tag, *rest = segment
    writer.add(str(tag), *rest)


def _name(writer: SegmentWriter, role: str, person: Person, member_id: str) -> None:
    names = (person.last_name, person.first_name, person.middle_name, "", person.suffix)
    identified = ("MI", member_id) if member_id else ()
    writer.add("NM1", role, "1", *names, *identified)


def _traces(writer: SegmentWriter, reply: Reply271) -> None:
    if reply.asked.trace:
        writer.add("TRN", "2", reply.asked.trace, reply.asked.originator)
    if reply.payer_trace:
        writer.add("TRN", "1", reply.payer_trace, reply.payer_originator)


def _rejections(writer: SegmentWriter, reply: Reply271, level: str) -> None:
    for where, reason, follow_up in reply.rejections:
        if where == level:
            writer.add("AAA", "N", "", reason, follow_up)
