"""X12 files of synthetic people, for tests: a sound 271 around the segments that a test is about, and a question.

The service date is 2026-11-20. Member ids, names and numbers are made up; the NPI is the one of CMS's own examples.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from massage_billing.model import Answer, Asker, Benefit, Person, Question
from massage_billing.x12.answer_271 import Answer271, read_271
from massage_billing.x12.writer import Envelope

ON = date(2026, 11, 20)
WRITTEN = datetime(2026, 11, 17, 8, 30)
TRACE = "MB0000000001"
ORIGINATOR = "9MASSAGEBI"
NPI = "1234567893"
PAYER = ("HL*1**20*1", "NM1*PR*2*CEDAR HEALTH*****PI*CEDAR1")
RECEIVER = ("HL*2*1*21*1", f"NM1*1P*2*QUIET HANDS*****XX*{NPI}")
SUBSCRIBER = (
    "HL*3*2*22*0",
    f"TRN*2*{TRACE}*{ORIGINATOR}",
    "NM1*IL*1*RIVERS*ADA****MI*M100200300",
    "DMG*D8*19800412*F",
)
FAMILY = (
    "HL*3*2*22*1",
    "NM1*IL*1*RIVERS*ADA****MI*M100200300",
    "HL*4*3*23*0",
    f"TRN*2*{TRACE}*{ORIGINATOR}",
    "NM1*03*1*RIVERS*BEN",
    "DMG*D8*20150203*M",
    "INS*N*19",
)


def question(**changes: Any) -> Question:
    """A sound question about Ada Rivers."""
    values: dict[str, Any] = {
        "key": "q1", "trace": TRACE, "host": "clinic", "patient": "Patient/1", "coverage": "Coverage/1",
        "payer": "cedar", "payer_id": "CEDAR1", "payer_name": "CEDAR HEALTH", "payer_reference": None,
        "asked_on": date(2026, 11, 17), "serviced": ON, "member_id": "M100200300",
        "subscriber": Person("Patient/1", "Rivers", "Ada", birth_date=date(1980, 4, 12), gender="F"),
        "dependent": None, "relationship": "self",
        "asker": Asker("Organization/1", NPI, "QUIET HANDS", taxonomy="225700000X", tin="123456789"),
        "service_types": ("BE", "30"),
    }  # fmt: skip
    return Question(**(values | changes))


def envelope(**changes: Any) -> Envelope:
    """An envelope from the clinic to the payer."""
    values: dict[str, Any] = {
        "sender_id": "CLINIC", "receiver_id": "CEDAR", "written_at": WRITTEN, "interchange_control": 7,
        "group_control": 7,
    }  # fmt: skip
    return Envelope(**(values | changes))


def isa(control: str = "000000001", element: str = "*", repetition: str = "^", component: str = ":") -> str:
    """An ISA of the fixed width, without its terminator."""
    return element.join(
        ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "CEDAR".ljust(15), "ZZ", "CLINIC".ljust(15), "261117", "0830",
         repetition, "00501", control, "0", "P", component]
    )  # fmt: skip


def transaction(*segments: str, number: str = "0001", kind: str = "271") -> list[str]:
    """ST to SE, with a right count."""
    return [f"ST*{kind}*{number}*005010X279A1", *segments, f"SE*{len(segments) + 2}*{number}"]


def interchange(*transactions: list[str], end: str = "~", functional: str = "HB") -> str:
    """ISA to IEA around transactions."""
    lines = [isa(), f"GS*{functional}*CEDAR*CLINIC*20261117*0830*1*X*005010X279A1"]
    lines += [segment for one in transactions for segment in one]
    lines += [f"GE*{len(transactions)}*1", "IEA*1*000000001"]
    return "".join(line + end for line in lines)


def file_of(*benefits: str, patient: tuple[str, ...] = SUBSCRIBER) -> bytes:
    """A 271 of one patient with these segments at the end of the patient's loop."""
    bht = f"BHT*0022*11*{TRACE}*20261117*0830"
    return interchange(transaction(bht, *PAYER, *RECEIVER, *patient, *benefits)).encode()


def answered(*benefits: str, patient: tuple[str, ...] = SUBSCRIBER, **asked: Any) -> Answer271:
    """The one answer of such a file, asked with ``question(**asked)``."""
    (found,) = read_271(file_of(*benefits, patient=patient), question(**asked))
    return found


def answer(*benefits: str, **asked: Any) -> Answer:
    """The same, in the normal form."""
    return answered(*benefits, **asked).answer


def benefit(*segments: str) -> Benefit:
    """The first benefit of such a file."""
    return answer(*segments).benefits[0]
