"""A resource as one line of the out folder: given its id and version without its numbers being written anew.

A parser would turn 12.50 into 12.5 and the digest would not be true any more, so id and meta.versionId are put into the
bytes that the core serialized.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec
import orjson
from msgspec import UNSET, UnsetType

from massage_billing.fhir.names import SID_CLAIM_KEY
from massage_billing.ports import JsonObject

ANSWER: Final = "ClaimResponse"
"""What answers a Claim, of what is written."""
ANSWERS_TO: Final = "request|"
"""Beginning of the token by which an answer is found by its Claim."""
_FHIR_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_STEP: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]')


def derived_id(token: str) -> str | None:
    """The id that follows from a claim key, which is the key itself: "…claim-key|MB…", whatever stands before."""
    end = token.rfind("|")
    if end < 0 or not token.endswith(SID_CLAIM_KEY, 0, end):
        return None
    value = token[end + 1 :]
    return value if _FHIR_ID.fullmatch(value) else None


class _Named(msgspec.Struct, gc=False):
    """An Identifier, or a Coding as a tag."""

    system: str = ""
    value: str = ""
    code: str = ""


class _Meta(msgspec.Struct, gc=False):
    versionId: str | UnsetType = UNSET
    tag: list[_Named] = []


class _Pointed(msgspec.Struct, gc=False):
    """A Reference."""

    reference: str = ""


class _Head(msgspec.Struct, gc=False):
    """What this host must know of a resource that it writes or wrote."""

    resourceType: str
    id: str | UnsetType = UNSET
    meta: _Meta | UnsetType = UNSET
    identifier: list[_Named] = []
    request: _Pointed | UnsetType = UNSET


_head_of: Final = msgspec.json.Decoder(_Head).decode


def _tokens(head: _Head, logical_id: str) -> tuple[str, ...]:
    """By what a resource is found again, "Claim?system|value": identifiers and tags, but the one its id is made of; of
    an answer to a Claim that too ("ClaimResponse?request|Claim/12")."""
    kind = head.resourceType
    found = {f"{kind}?{one.system}|{one.value}" for one in head.identifier}
    if head.meta is not UNSET:
        found.update([f"{kind}?{tag.system}|{tag.code}" for tag in head.meta.tag])
    if kind == ANSWER and head.request is not UNSET:
        found.add(f"{kind}?{ANSWERS_TO}{head.request.reference}")
    return tuple(sorted([token for token in found if derived_id(token) != logical_id]))


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
        try:
            head = _head_of(content)
        except msgspec.DecodeError:
            raise ValueError(kind) from None
        if head.resourceType != kind:
            raise ValueError(kind)
        line = stamped(content, head, logical_id, version) + b"\n"
        return cls(f"{kind}/{logical_id}", version, line, _tokens(head, logical_id))

    @classmethod
    def read(cls, kind: str, line: bytes) -> Body | None:
        """A line that was written before; None where it is not one."""
        try:
            head = _head_of(line)
        except msgspec.DecodeError:
            return None
        meta = head.meta
        version = "1" if meta is UNSET or meta.versionId is UNSET else meta.versionId
        if head.resourceType != kind or head.id is UNSET or not version.isdecimal():
            return None
        return cls(f"{kind}/{head.id}", int(version), line, _tokens(head, head.id))


def stamped(content: bytes, head: _Head, logical_id: str, version: int) -> bytes:
    """The content on one line with this id and meta.versionId, everything else byte for byte."""
    first = b'{"resourceType":"%s",' % head.resourceType.encode()
    number = str(version).encode()
    if head.id is UNSET and content.startswith(first) and b"\n" not in content:
        rest = content[len(first) :]
        named = b'%s"id":"%s",' % (first, logical_id.encode())
        if head.meta is UNSET:
            return b'%s"meta":{"versionId":"%s"},%s' % (named, number, rest)
        # Where the name stands only once, it is the resource's own; and not an empty object, for a comma follows.
        if head.meta.versionId is UNSET and content.count(b'"meta":') == 1 and b'"meta":{"' in content:
            return named + rest.replace(b'"meta":{', b'"meta":{"versionId":"%s",' % number)
    resource: JsonObject = orjson.loads(content)
    meta = resource.get("meta")
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
