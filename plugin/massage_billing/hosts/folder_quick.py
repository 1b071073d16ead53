"""The quick way to place the resources that an export is nearly all made of.

Only the few elements that say whose a resource is are parsed, by msgspec, which still checks that the whole line is
sound JSON; that takes a third of the time of building the whole resource. Whatever is in any way unusual is left to
``folder_records.place``, and both place a resource alike (a test compares them).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from massage_billing.hosts.folder_records import Place

_ID: Final = re.compile(r"[A-Za-z0-9\-._]{1,128}")


class _Reference(msgspec.Struct, gc=False):
    reference: str = ""


class _Identifier(msgspec.Struct, gc=False):
    value: str
    system: str = ""


class _Period(msgspec.Struct, gc=False):
    start: str = ""
    end: str = ""


class _Head(msgspec.Struct, gc=False):
    """What tells whose a resource is."""

    resourceType: str
    id: str
    subject: _Reference | None = None
    encounter: _Reference | None = None
    beneficiary: _Reference | None = None
    period: _Period | None = None
    identifier: list[_Identifier] = []


_decode: Final = msgspec.json.Decoder(_Head).decode


def quick_place(line: bytes) -> Place | None:
    """Where the resource on a line belongs; None where that takes a closer look."""
    if b"\\" in line or not line.isascii():
        return None
    try:
        head = _decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    kind, logical_id = head.resourceType, head.id
    if kind == "Procedure" or kind == "Condition":
        owner, links = head.subject, _link(head.encounter)
        if not links:
            return None
    elif kind == "Encounter":
        owner, links = head.subject, _last_day(head.period)
    elif kind == "Coverage" and head.encounter is None:
        owner, links = head.beneficiary, ""
    else:
        return None
    group = owner.reference if owner is not None else ""
    if group[:8] != "Patient/" or not _ID.fullmatch(group, 8) or not _ID.fullmatch(logical_id):
        return None
    return Place(f"{kind}/{logical_id}", (group,), links, _tokens(kind, head.identifier))


def _link(encounter: _Reference | None) -> str:
    literal = encounter.reference if encounter is not None else ""
    return literal[10:] if literal[:10] == "Encounter/" and _ID.fullmatch(literal, 10) else ""


def _last_day(period: _Period | None) -> str:
    moment = (period.end or period.start)[:10] if period is not None else ""
    return f"@{moment}" if len(moment) == 10 and moment.isprintable() else "@"


def _tokens(kind: str, identifiers: list[_Identifier]) -> tuple[str, ...]:
    if not identifiers or kind == "Procedure" or kind == "Condition":
        return ()
    tokens = [f"{one.system}|{one.value}" for one in identifiers if one.value]
    return tuple([token for token in tokens if token.isprintable()])
