"""FHIR JSON as bytes: money keeps its cents ("12.50" stays 12.50), and a digest is taken over what was decided.

FHIR decimals carry their precision (R4 datatypes, decimal); parsers that go through binary floats lose it. What is
written is serialized once, here, and stays bytes until the host has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal

import orjson

Resource = dict[str, object]
"""A resource being built: JSON values, and Decimal where FHIR has a decimal."""

_NOT_DECIDED = ("created", "meta", "id", "status", "identifier", "related", "extension")
_NOT_DECIDED_TASK = ("authoredOn", "lastModified", "meta", "id", "status", "identifier", "extension", "note")


def _fragment(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f").encode())
    raise TypeError(f"{type(value).__name__} has no JSON form")


def to_bytes(resource: Mapping[str, object]) -> bytes:
    """Serialize for writing; Decimal as a JSON number with its own digits."""
    return orjson.dumps(resource, default=_fragment)


def to_text(resource: Mapping[str, object]) -> str:
    """The same for people to read: two blanks a level, money with its cents."""
    return orjson.dumps(with_cents(resource), default=_fragment, option=orjson.OPT_INDENT_2).decode()


def decision_digest(resource: Mapping[str, object]) -> str:
    """SHA-256 (64 hex digits) of what was decided: the same decision gives the same digest whenever it is made.

    Outside it stay when and in which revision it was written (created, meta, id, identifier, related), and how far a
    person let it go (status): an approved draft is the same decision.
    """
    left_out = _NOT_DECIDED_TASK if resource.get("resourceType") == "Task" else _NOT_DECIDED
    decided = {name: value for name, value in resource.items() if name not in left_out}
    return hashlib.sha256(orjson.dumps(decided, default=_fragment, option=orjson.OPT_SORT_KEYS)).hexdigest()


def with_cents(claim: Mapping[str, object]) -> Resource:
    """A Claim as read from a host, its money again in dollars and cents: parsers turn 72.50 into 72.5."""
    return {name: _cents(value) for name, value in claim.items()}


def _cents(node: object) -> object:
    if isinstance(node, list):
        return [_cents(entry) for entry in node]
    if isinstance(node, Mapping):
        if "currency" in node and isinstance(node.get("value"), int | float):
            return {**node, "value": Decimal(repr(node["value"])).quantize(Decimal("0.01"))}
        return {name: _cents(value) for name, value in node.items()}
    return node
