"""The envelope of CAQH CORE connectivity: HTTP with MIME multipart, real time. Pure.

Sources: CAQH CORE Connectivity Rule vC2.2.0 (May 2020; before that Phase II CORE 270, March 2011), section 4.2.1 (the
message) and 4.4.2 (the fields): https://docslib.org/doc/4139640/caqh-core-connectivity-rule-vc2-2-0. That a PayloadID
is a UUID of time and hardware address, and that payers log by it: CAQH's own questions and answers,
https://www.caqh.org/taxonomy/term/130. The parts as vendors send them, ErrorCode and ErrorMessage in answers:
https://hpsdevwordpresswebsite.online/help/CORE/HTML/mime_in_core.htm. Rule version 4.0.0 is of December 2020
(https://vdocuments.net/caqh-core-connectivity-rule-vc400-december-2020-methods-eg-representational.html); a payer that
asks for it in this envelope gets the number it asks for.

We write as the rule says. What comes back is read however it is written: parts in any order, without quotes, in base64
or binary, of multipart/form-data or mixed, or the X12 alone without an envelope.
"""

from __future__ import annotations

import binascii
import re
import uuid
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value
from typing import Final

from urllib3.filepost import encode_multipart_formdata

REQUEST: Final = "X12_270_Request_005010X279A1"
"""PayloadType of a question."""
ENVELOPE_ERROR: Final = "coreenvelopeerror"
"""PayloadType of an answer that is about the envelope and holds no X12, in lower case; its payload may be our own."""
_X12: Final = b"ISA"
_X12_IN_BASE64: Final = re.compile(rb"SVNB[A-Za-z0-9+/\s]*+={0,2}\s*")
_BLANK: Final = b" \t\r\n\x00\xef\xbb\xbf"
_BOUNDARY: Final = re.compile(rb"--([^\r\n]{1,200}?)[ \t]*\r?\n")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,49}")


@dataclass(frozen=True, slots=True)
class Fields:
    """What an envelope says besides its payload."""

    sender_id: str
    """SenderID."""
    receiver_id: str
    """ReceiverID."""
    written_at: datetime
    """TimeStamp, UTC."""
    payload_id: uuid.UUID
    """PayloadID: of this message, new for each try; the question's own number is inside the X12."""
    rule_version: str = "2.2.0"
    """CORERuleVersion."""
    user: str | None = None
    """UserName, where the payer wants it in the envelope."""
    password: str | None = field(default=None, repr=False)
    """Password, likewise."""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer's envelope, taken apart."""

    fields: Mapping[str, str]
    """The parts besides the payload, by name in lower case. The payer's words: not for messages."""
    payload: bytes
    """The X12, as it was sent; empty where there is none."""

    @property
    def is_about_the_envelope(self) -> bool:
        """Whether it is a CoreEnvelopeError: whatever payload it has is no answer."""
        return self.fields.get("payloadtype", "").lower() == ENVELOPE_ERROR

    @property
    def error_code(self) -> str:
        """ErrorCode: "" where it is a success or there is none; "unknown" where it is no code."""
        code = self.fields.get("errorcode", "").strip()
        if code.lower() in ("", "success"):
            return ""
        return code if _WORD.fullmatch(code) else "unknown"


def encode(payload: bytes, fields: Fields) -> tuple[bytes, str]:
    """(body, Content-Type) of a real-time question."""
    written = fields.written_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    parts: list[tuple[str, str | bytes]] = [
        ("PayloadType", REQUEST),
        ("ProcessingMode", "RealTime"),
        ("PayloadID", str(fields.payload_id)),
        ("TimeStamp", written),
    ]
    if fields.user is not None:
        parts += [("UserName", fields.user), ("Password", fields.password or "")]
    parts += [
        ("SenderID", fields.sender_id),
        ("ReceiverID", fields.receiver_id),
        ("CORERuleVersion", fields.rule_version),
        ("Payload", payload),
    ]
    return encode_multipart_formdata(parts)


def decode(body: bytes, content_type: str) -> Received | None:
    """An answer taken apart; None where it is neither an envelope nor X12."""
    stripped = body.lstrip(_BLANK)
    if stripped.startswith(_X12):
        return Received({}, stripped)
    kind = content_type.strip()
    multipart = kind.lower().startswith("multipart/")
    first = _BOUNDARY.match(stripped)
    if multipart and first is not None and not _names_boundary(kind, first.group(1)):
        # The header gives no boundary, or another: what the body begins with is one all the same.
        multipart = False
    if not multipart:
        if first is None:
            return None
        kind = f'multipart/form-data; boundary="{first.group(1).decode("latin-1")}"'
    head = f"MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=compat32).parsebytes(head + body)
    return _taken_apart(message) if message.is_multipart() else None


def _names_boundary(content_type: str, wanted: bytes) -> bool:
    header = Message()
    header["Content-Type"] = content_type
    return header.get_boundary("").encode("latin-1", "replace") == wanted


def _taken_apart(message: Message) -> Received | None:
    fields: dict[str, str] = {}
    payload = b""
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        x12 = _x12(content)
        if x12 and (not payload or _name(part) == "payload"):
            payload = x12
        elif name := _name(part):
            fields.setdefault(name, content.decode("utf-8", "replace").strip())
    return Received(fields, payload) if fields or payload else None


def _x12(content: bytes) -> bytes:
    """The part's X12, taken out of base64 where nothing says that it is; empty where it is none."""
    stripped = content.strip(_BLANK)
    if stripped.startswith(_X12):
        return content.lstrip(_BLANK)
    if _X12_IN_BASE64.fullmatch(stripped):
        try:
            return b64decode(stripped)
        except binascii.Error:
            return b""
    return b""


def _name(part: Message) -> str:
    """The part's name in lower case: of its Content-Disposition, else its Content-ID."""
    given = part.get_param("name", None, "content-disposition")
    name = collapse_rfc2231_value(given) if given else str(part.get("content-id", ""))
    return name.strip(" <>\"'").lower()
