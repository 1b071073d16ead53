"""The simulated payer in X12: reads a 270, writes the 271, in the multipart envelope of CAQH CORE."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date as Date
from datetime import datetime
from typing import Final

from massage_billing.model import Person
from massage_billing.payers.simulated.members import Asked, BenefitLine, EntityLine, PlanLine, Told
from massage_billing.payers.x12.envelope import decode
from massage_billing.x12.answer_write_271 import Reply271, Seg, write_271
from massage_billing.x12.asked_270 import Asked270
from massage_billing.x12.writer import Envelope

BOUNDARY: Final = "----SyntheticHealthPlan"
MEDIA_TYPE: Final = f'multipart/form-data; boundary="{BOUNDARY}"'


_NAME: Final = re.compile(rb'name="?([A-Za-z]+)"?')


def opened(body: bytes, media_type: str) -> tuple[dict[str, str], bytes] | None:
    """(fields by name in lower case, X12) of a question's envelope; None where it is none. What is written as the rule
    says is split in one go; all else is read as patiently as an answer is."""
    fields: dict[str, str] = {}
    payload = b""
    _, given, boundary = media_type.partition("boundary=")
    for part in body.split(b"--" + boundary.strip(' "').encode("latin-1", "replace"))[1:] if given else ():
        head, _, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is None:
            continue
        if name[1] == b"Payload":
            payload = value.removesuffix(b"\r\n")
        else:
            fields[name[1].decode().lower()] = value.strip().decode("utf-8", "replace")
    if payload.startswith(b"ISA"):
        return fields, payload
    received = decode(body, media_type)
    return None if received is None else (dict(received.fields), received.payload)


def asked_of(question: Asked270, today: Date) -> Asked:
    """The question of a 270."""
    subscriber = question.subscriber
    return Asked(
        trace=question.trace,
        member_id=question.member_id,
        asked_for=question.serviced or today,
        service_types=tuple(question.service_types),
        last_name=subscriber.last_name,
        first_name=subscriber.first_name,
        birth_date=subscriber.birth_date,
    )


def written(told: Told, question: Asked270, now: datetime, control: int) -> bytes:
    """The 271."""
    came = question.interchange
    envelope = Envelope(came.receiver, came.sender, now, control, control, usage=came.usage)
    named = Person("", told.asked.last_name, told.asked.first_name, birth_date=told.asked.birth_date)
    if question.trace != told.asked.trace:
        question = replace(question, trace=told.asked.trace, reference=told.asked.trace)
    return write_271(
        Reply271(
            question,
            patient=None if question.dependent else named,
            benefits=tuple(_benefits(told)),
            person=tuple(_person(told)),
            rejections=tuple((one.level, one.code, one.follow_up) for one in told.rejections),
            member_id=told.member_id,
        ),
        envelope,
    )


def enveloped(payload: bytes, sender: str, receiver: str, now: datetime) -> bytes:
    """The payload in the envelope of an answer."""
    fields = {
        "PayloadType": "X12_271_Response_005010X279A1", "ProcessingMode": "RealTime", "PayloadID": str(uuid.uuid4()),
        "TimeStamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", "SenderID": sender, "ReceiverID": receiver,
        "CORERuleVersion": "2.2.0", "ErrorCode": "Success", "ErrorMessage": "None",
    }  # fmt: skip
    parts = [_part(name, value.encode()) for name, value in fields.items()]
    return b"".join([*parts, _part("Payload", payload), f"--{BOUNDARY}--\r\n".encode()])


def _part(name: str, value: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + value + b"\r\n"


def _person(told: Told) -> Iterator[Seg]:
    """What the payer says of the patient's coverage as a whole."""
    if len(told.plans) != 1:
        return
    plan = told.plans[0]
    first, last = plan.period(told.asked.asked_for)
    yield ("REF", "6P", plan.number)
    yield ("DTP", "346", "D8", f"{first:%Y%m%d}")
    if last is not None:
        yield ("DTP", "347", "D8", f"{last:%Y%m%d}")


def _benefits(told: Told) -> Iterator[Seg]:
    for plan in told.plans:
        yield from _status(plan, told.asked.asked_for, len(told.plans) > 1)
    for line in told.benefits:
        yield from _line(line)


def _status(plan: PlanLine, asked_for: Date, several: bool) -> Iterator[Seg]:
    yield ("EB", "1" if plan.in_force() else "6", "", ["30"], plan.type, plan.name)
    if several:
        first, last = plan.period(asked_for)
        yield ("REF", "6P", plan.number)
        yield ("DTP", "291", "RD8" if last else "D8", f"{first:%Y%m%d}-{last:%Y%m%d}" if last else f"{first:%Y%m%d}")


def _line(line: BenefitLine) -> Iterator[Seg]:
    """One EB a figure: the whole period, and what is left of it; words and names hang on the first."""
    figures = list(_figures(line)) or [(line.period, "", "", "", "")]
    for place, (period, amount, share, unit, quantity) in enumerate(figures):
        yield (
            "EB", line.code, line.level, list(line.types), "", line.plan, period, amount, share, unit, quantity,
            line.authorization, line.network,
        )  # fmt: skip
        if place == 0:
            yield from (("MSG", text) for text in line.messages)
            if line.entity is not None:
                yield from _entity(line.entity)


def _figures(line: BenefitLine) -> Iterator[tuple[str, str, str, str, str]]:
    """EB06 to EB10."""
    if line.share is not None:
        yield line.period, "", f"{line.share.normalize():f}".removeprefix("0"), "", ""
    if line.amount is not None:
        yield line.period, str(line.amount), "", "", ""
    if line.total is not None and line.left is not None:
        yield line.period, str(line.total), "", "", ""
        yield "29", str(line.left), "", "", ""
    if line.visits is not None:
        yield line.period, "", "", "VS", str(line.visits.allowed)
        yield "29", "", "", "VS", str(line.visits.allowed - line.visits.used)


def _entity(entity: EntityLine) -> Iterator[Seg]:
    yield ("LS", "2120")
    name = ("NM1", entity.role, "2", entity.name)
    yield (*name, "", "", "", "", entity.kind, entity.id) if entity.id else name
    if entity.taxonomy:
        yield ("PRV", "PE", "PXC", entity.taxonomy)
    yield ("LE", "2120")
