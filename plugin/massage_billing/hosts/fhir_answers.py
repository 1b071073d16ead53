"""What a server says of what it stored: transaction responses, Location and ETag headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from massage_billing.errors import HostAnswerUnreadable, HostConflict, HostError, HostRejected
from massage_billing.fhir.json import child, children, text
from massage_billing.fhir.references import key_of
from massage_billing.hosts.fhir_search import parse
from massage_billing.net.http import Answer
from massage_billing.net.outcome import codes_of
from massage_billing.ports import JsonObject, Operation, Write

_LOCATION: Final = re.compile(r"(?:^|/)([A-Z][A-Za-z]+/[A-Za-z0-9\-._]{1,64})(?:/_history/([^/?#]+))?$")
_ETAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one write, as the server tells it."""

    reference: str
    """"Claim/12"."""
    version: str | None
    """Its version, where told."""
    created: bool
    """False where a condition matched what was there."""
    problem: HostError | None = None
    """Why this entry was not stored, where a server answers so inside a success."""


def version_of(resource: JsonObject) -> str | None:
    """meta.versionId."""
    return text(child(resource, "meta"), "versionId")


def stored_by(
    write: Write, status: int, location: str | None, etag: str | None, resource: JsonObject | None
) -> Stored | None:
    """A Stored from what an answer gives; None where it does not name the resource."""
    created = write.operation is Operation.UPDATE or status == 201
    found = _LOCATION.search(location) if location else None
    tag = _ETAG.search(etag) if etag else None
    version = tag[1] if tag else found[2] if found else None
    named = found[1] if found else key_of(resource) if resource else write.target
    if named is None or named.partition("/")[0] != write.type:
        return None
    return Stored(named, version or (version_of(resource) if resource else None), created)


def read_transaction(answer: Answer, writes: Sequence[Write]) -> list[Stored]:
    """One Stored a write from a transaction-response; HostAnswerUnreadable where the answer is not one."""
    bundle = parse(answer, "A transaction")
    entries = children(bundle, "entry")
    if bundle.get("resourceType") != "Bundle" or len(entries) != len(writes):
        raise HostAnswerUnreadable(
            "A transaction was not answered with a Bundle of as many entries.",
            "What was written is found by its keys on the next try.",
        )
    return [_stored(entry, write) for entry, write in zip(entries, writes, strict=True)]


def _stored(entry: JsonObject, write: Write) -> Stored:
    response = child(entry, "response")
    status = text(response, "status") or ""
    code = int(status[:3]) if status[:3].isdigit() else 0
    if not 200 <= code < 300:
        return Stored("", None, False, _entry_problem(code, response, write))
    stored = stored_by(write, code, text(response, "location"), text(response, "etag"), child(entry, "resource"))
    if stored is None:
        raise HostAnswerUnreadable(
            f"A transaction's answer does not say which {write.type} it stored.",
            "What was written is found by its keys on the next try.",
        )
    return stored


def _entry_problem(code: int, response: JsonObject, write: Write) -> HostError:
    """The error of one entry inside an answer that calls itself a success."""
    codes = codes_of(child(response, "outcome"))
    kind = HostConflict if code in (409, 412) else HostRejected
    problem = kind(
        f"{write.type} in a transaction was answered {code}{f' ({codes})' if codes else ''}.",
        "The host's own log says why.",
    )
    problem.status = code
    return problem
