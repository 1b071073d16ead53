"""Ports' values to and from what the tables hold: rows to tuples, groups to bytes and back, exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as Date
from typing import Any

import orjson

from massage_billing.model import Worked
from massage_billing.ports import Operation, VisitRow, VisitState, Write, WriteGroup
from massage_billing.store.tables import instant

Scalar = str | int | bytes | None
"""What both drivers take as a parameter without conversion."""

ROW_FIELDS = tuple(VisitRow.__dataclass_fields__)
"""Fields of VisitRow, in order: columns of the same names."""


def row_values(row: VisitRow) -> tuple[Scalar, ...]:
    """The row as parameters, in the order of ROW_FIELDS."""
    return (
        row.host,
        row.encounter,
        row.patient,
        row.date.isoformat() if row.date else None,
        row.state.value,
        row.outcome,
        row.payer,
        row.revision,
        row.claim_key,
        row.digest,
        row.claim,
        row.claim_version,
        row.provenance,
        row.provenance_version,
        row.task,
        row.task_version,
        instant(row.due) if row.due else None,
        row.units,
        row.amount,
        orjson.dumps(row.holds).decode() if row.holds else "",
        row.warnings,
        row.filing_limit.isoformat() if row.filing_limit else None,
        row.rulebook,
        row.clinic,
        row.draft,
        orjson.dumps(row.therapists).decode() if row.therapists else "",
    )


def row_from(values: Sequence[object]) -> VisitRow:
    """The row from a result's columns, in the order of ROW_FIELDS."""
    fields = dict(zip(ROW_FIELDS, values, strict=True))
    fields["state"] = VisitState(str(fields["state"]))
    fields["holds"] = tuple((rule, message) for rule, message in orjson.loads(str(fields["holds"]) or "[]"))
    fields["therapists"] = tuple(orjson.loads(str(fields["therapists"]) or "[]"))
    return VisitRow(**fields)  # type: ignore[arg-type]


def pack_used(versions: Mapping[str, str]) -> bytes:
    """What a visit rests on (version by reference), sorted, as bytes."""
    return orjson.dumps(sorted(versions.items())) if versions else b""


def unpack_used(packed: bytes) -> dict[str, str]:
    """Version by reference."""
    return dict(orjson.loads(packed)) if packed else {}


def pack_group(group: WriteGroup) -> bytes:
    """A group as bytes: one line of JSON with everything but the bodies, then the bodies as they are."""
    head = [[w.operation.value, w.type, w.full_url, w.match, w.target, w.if_match, len(w.body)] for w in group.writes]
    return b"".join([orjson.dumps(head), b"\n", *(w.body for w in group.writes)])


def unpack_group(key: str, encounter: str, packed: bytes) -> WriteGroup:
    """The group that was packed; bodies byte for byte."""
    at = packed.index(b"\n") + 1
    writes = []
    for operation, type_, full_url, match, target, if_match, length in orjson.loads(packed[:at]):
        body = packed[at : at + length]
        writes.append(Write(Operation(operation), type_, body, full_url, match, target, if_match))
        at += length
    return WriteGroup(key=key, encounter=encounter, writes=tuple(writes))


def therapist_day(therapist: str, date: Date) -> str:
    """Date and therapist as one key."""
    return f"{date.isoformat()} {therapist}"


def worked_values(host: str, one: Worked) -> tuple[Scalar, ...]:
    """What a visit takes of a therapist's day as parameters, in the order of the table."""
    spans = orjson.dumps(one.spans).decode() if one.spans else ""
    day = therapist_day(one.therapist, one.date)
    return (host, day, one.encounter, one.minutes, one.first, one.last, spans)


def worked_from(values: Sequence[Any]) -> Worked:
    """The same from a result's columns, host left out."""
    day, encounter, minutes, first, last, spans = values
    told = tuple(tuple(span) for span in orjson.loads(spans)) if spans else ()
    return Worked(day[11:], Date.fromisoformat(day[:10]), encounter, minutes, first, last, told)
