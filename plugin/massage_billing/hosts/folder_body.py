"""A resource as one line of the out folder: given its id and version without its numbers being written anew.

A parser would turn 12.50 into 12.5 and the digest would not be true any more, so id and meta.versionId are put into the
bytes that the core serialized.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import orjson

from massage_billing.fhir.json import child, children, identifiers, text
from massage_billing.fhir.names import SID_CLAIM_KEY
from massage_billing.ports import JsonObject

_FHIR_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_STEP: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]')


def derived_id(token: str) -> str | None:
    """The id that follows from a claim key, which is the key itself: "…claim-key|MB…", whatever stands before."""
    head, _, value = token.rpartition("|")
    return value if head.endswith(SID_CLAIM_KEY) and _FHIR_ID.fullmatch(value) else None


def tokens_in(resource: JsonObject) -> tuple[str, ...]:
    """By what a resource is found again, "Claim?system|value": identifiers and tags, but the one its id is made of."""
    kind, logical_id = text(resource, "resourceType"), text(resource, "id")
    pairs = identifiers(resource)
    for tag in children(child(resource, "meta"), "tag"):
        pairs.append((text(tag, "system") or "", text(tag, "code") or ""))
    found = (f"{kind}?{system}|{value}" for system, value in dict.fromkeys(pairs))
    return tuple(token for token in found if derived_id(token) != logical_id)


@dataclass(frozen=True, slots=True)
class Body:
    """One line."""

    key: str
    """"Claim/MB…"."""
    version: int
    """meta.versionId."""
    line: bytes
    """The resource as JSON, with its line break."""
    tokens: tuple[str, ...]
    """By what it is found, besides its key."""

    @classmethod
    def make(cls, kind: str, logical_id: str, version: int, content: bytes) -> Body:
        """Give content its id and version. ValueError where it is no such resource."""
        resource = orjson.loads(content)
        if type(resource) is not dict or resource.get("resourceType") != kind:
            raise ValueError(kind)
        line = stamped(content, resource, logical_id, version) + b"\n"
        resource["id"] = logical_id
        return cls(f"{kind}/{logical_id}", version, line, tokens_in(resource))

    @classmethod
    def read(cls, kind: str, line: bytes) -> Body | None:
        """A line that was written before; None where it is not one."""
        try:
            resource = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        if type(resource) is not dict or resource.get("resourceType") != kind:
            return None
        logical_id = text(resource, "id")
        version = text(child(resource, "meta"), "versionId") or "1"
        if logical_id is None or not version.isdecimal():
            return None
        return cls(f"{kind}/{logical_id}", int(version), line, tokens_in(resource))


def stamped(content: bytes, resource: JsonObject, logical_id: str, version: int) -> bytes:
    """The content on one line with this id and meta.versionId, everything else byte for byte."""
    meta = resource.get("meta")
    head = b'{"resourceType":' + orjson.dumps(resource["resourceType"]) + b","
    plain = content.startswith(head) and b"\n" not in content
    number = str(version).encode()
    if plain and "id" not in resource:
        rest = content[len(head) :]
        named = head + b'"id":' + orjson.dumps(logical_id) + b","
        if meta is None and "meta" not in resource:
            return named + b'"meta":{"versionId":"' + number + b'"},' + rest
        if type(meta) is dict and meta and "versionId" not in meta and content.count(b'"meta":{') == 1:
            return named + rest.replace(b'"meta":{', b'"meta":{"versionId":"' + number + b'",')
    wanted = {**meta, "versionId": str(version)} if type(meta) is dict else {"versionId": str(version)}
    members = [(name, value) for name, value in _members(content) if name not in (b'"id"', b'"meta"')]
    stamp = [(b'"id"', orjson.dumps(logical_id)), (b'"meta"', orjson.dumps(wanted))]
    members.sort(key=lambda member: member[0] != b'"resourceType"')
    ordered = members[:1] + stamp + members[1:]
    return b"{" + b",".join(name + b":" + value for name, value in ordered) + b"}"


def _members(content: bytes) -> list[tuple[bytes, bytes]]:
    """(name, value) of each member of a JSON object, as written but on one line."""
    found: list[tuple[bytes, bytes]] = []
    depth, start, name = 0, 0, b""
    last: re.Match[bytes] | None = None
    for match in _STEP.finditer(content):
        step = match.group()
        if step in (b"{", b"["):
            depth += 1
        elif step in (b"}", b"]"):
            depth -= 1
        ends = (depth == 1 and step == b",") or (depth == 0 and step == b"}")
        if depth == 1 and step == b":" and not name and last is not None:
            name, start = last.group(), match.end()
        elif ends and name:
            value = content[start : match.start()].strip()
            found.append((name, b" ".join(value.split(b"\n"))))
            name = b""
        last = match
    return found
