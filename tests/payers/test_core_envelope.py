"""The envelope of CAQH CORE: ours as the rule writes it, theirs however they write it."""

from __future__ import annotations

import uuid
from base64 import b64encode
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massage_billing.payers.x12.envelope import Fields, decode, encode

X12 = b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *261130*1205*^*00501*000000001*0*P*:~IEA~"
NOW = datetime(2026, 11, 30, 12, 5, 6, 789, tzinfo=UTC)
ID = uuid.UUID("6a0f0d3a-6a55-1e0f-9a5c-0d4d0e2f7b11")


def parts(body: bytes, content_type: str) -> list[Message]:
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    assert message.get_content_type() == "multipart/form-data"
    listed = message.get_payload()
    assert isinstance(listed, list)
    return [part for part in listed if isinstance(part, Message)]


def fields_of(body: bytes, content_type: str) -> dict[str, bytes]:
    found = {}
    for part in parts(body, content_type):
        assert part.get_content_disposition() == "form-data"
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found[str(part.get_param("name", header="content-disposition"))] = content
    return found


def test_our_envelope_is_the_rules() -> None:
    body, content_type = encode(X12, Fields("CLINIC01", "PAYER01", NOW, ID))
    assert fields_of(body, content_type) == {
        "PayloadType": b"X12_270_Request_005010X279A1",
        "ProcessingMode": b"RealTime",
        "PayloadID": b"6a0f0d3a-6a55-1e0f-9a5c-0d4d0e2f7b11",
        "TimeStamp": b"2026-11-30T12:05:06Z",
        "SenderID": b"CLINIC01",
        "ReceiverID": b"PAYER01",
        "CORERuleVersion": b"2.2.0",
        "Payload": X12,
    }


def test_a_password_goes_into_the_envelope_where_it_is_wanted_and_into_no_repr() -> None:
    fields = Fields("CLINIC01", "PAYER01", NOW, ID, "4.0.0", "clinic", "secret-word")
    found = fields_of(*encode(X12, fields))
    assert (found["UserName"], found["Password"], found["CORERuleVersion"]) == (b"clinic", b"secret-word", b"4.0.0")
    assert "secret-word" not in repr(fields)


def envelope(*parts: tuple[str, bytes], boundary: str = "XbCY", end: str = "\r\n", close: bool = True) -> bytes:
    pieces = []
    for head, content in parts:
        pieces.append(f"--{boundary}{end}{head.replace('|', end)}{end}{end}".encode() + content + end.encode())
    return b"".join(pieces) + (f"--{boundary}--{end}".encode() if close else b"")


def part(name: str, content: bytes, more: str = "") -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="{name}"{more}', content


TYPE = part("PayloadType", b"X12_271_Response_005010X279A1")
PAYLOAD = part("Payload", X12)
BINARY = '; filename="x"|Content-Type: application/octet-stream|Content-Transfer-Encoding: binary'
WHOLE = 'multipart/form-data; boundary="XbCY"'

THEIRS = {
    "as the rule says": (envelope(TYPE, PAYLOAD), WHOLE),
    "payload first": (envelope(PAYLOAD, TYPE), WHOLE),
    "no quotes": (
        envelope(
            ("Content-Disposition: form-data; name=PayloadType", TYPE[1]),
            ("content-disposition:form-data;name=Payload", X12),
        ),
        "multipart/form-data;boundary=XbCY",
    ),
    "mixed": (envelope(TYPE, PAYLOAD), 'multipart/mixed; boundary="XbCY"'),
    "lines end in LF": (envelope(TYPE, PAYLOAD, end="\n"), WHOLE),
    "base64": (
        envelope(TYPE, part("Payload", b64encode(X12), "|Content-Transfer-Encoding: base64")), WHOLE
    ),
    "base64 that nothing tells of": (envelope(TYPE, part("Payload", b64encode(X12))), WHOLE),
    "binary": (
        envelope(TYPE, part("Payload", X12, BINARY)),
        WHOLE,
    ),
    "by content id": (envelope(("Content-ID: <PayloadType>", TYPE[1]), ("Content-ID: <Payload>", X12)), WHOLE),
    "not closed": (envelope(TYPE, PAYLOAD, close=False), WHOLE),
    "boundary unnamed": (envelope(TYPE, PAYLOAD), "multipart/form-data"),
    "boundary misnamed": (envelope(TYPE, PAYLOAD), "multipart/form-data; boundary=other"),
    "boundary with equals signs": (
        envelope(TYPE, PAYLOAD, boundary="----=_Part_7_19.3"), "multipart/form-data; boundary=----=_Part_7_19.3"
    ),
    "type of another kind": (envelope(TYPE, PAYLOAD), "text/plain"),
    "blank lines before": (b"\r\n\r\n" + envelope(TYPE, PAYLOAD), WHOLE),
    "text before": (b"This is a multipart message.\r\n" + envelope(TYPE, PAYLOAD), WHOLE),
    "payload with line ends around": (envelope(TYPE, part("Payload", b"\r\n" + X12)), WHOLE),
}  # fmt: skip


@pytest.mark.parametrize("how", THEIRS, ids=lambda how: how.replace(" ", "-"))
def test_their_envelope_is_read_however_it_is_written(how: str) -> None:
    received = decode(*THEIRS[how])
    assert received is not None
    assert received.payload == X12
    assert received.fields["payloadtype"] == "X12_271_Response_005010X279A1"
    assert received.error_code == ""
    assert not received.is_about_the_envelope


@pytest.mark.parametrize("around", [b"", b"\r\n", b"\xef\xbb\xbf", b"  "])
def test_x12_without_an_envelope_is_taken(around: bytes) -> None:
    received = decode(around + X12, "application/edi-x12")
    assert received is not None
    assert received.payload == X12


@pytest.mark.parametrize("body", [b"", b"<html><body>ISA</body></html>", b"{}", b"--", b"\x00\x01", b"OK"])
@pytest.mark.parametrize("kind", ["text/html", "multipart/form-data; boundary=XbCY", ""])
def test_what_is_neither_is_nothing(body: bytes, kind: str) -> None:
    received = decode(body, kind)
    assert received is None or not received.payload


def test_an_envelope_error_says_its_code_and_that_its_payload_is_no_answer() -> None:
    said = envelope(part("PayloadType", b"CoreEnvelopeError"), part("ErrorCode", b"SenderIDIllegal"),
                    part("ErrorMessage", b"Jane is unknown"), PAYLOAD)  # fmt: skip
    received = decode(said, WHOLE)
    assert received is not None
    assert received.is_about_the_envelope
    assert received.error_code == "SenderIDIllegal"


def test_a_code_that_is_a_sentence_is_not_repeated() -> None:
    received = decode(envelope(part("ErrorCode", b"Jane Synthetica is unknown")), WHOLE)
    assert received is not None
    assert received.error_code == "unknown"


@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from([WHOLE, "multipart/mixed", "text/plain", 'multipart/x; boundary="', "é"]),
)
def test_no_answer_breaks_the_reader(body: bytes, kind: str) -> None:
    decode(body, kind)
    decode(b"--XbCY\r\n" + body, kind)


@given(payload=st.binary(max_size=200).map(lambda more: X12 + more))
def test_a_payload_comes_through_byte_for_byte(payload: bytes) -> None:
    body, content_type = encode(payload, Fields("A", "B", NOW, ID))
    received = decode(body, content_type)
    assert received is not None
    assert received.payload == payload


def test_a_long_payload_that_only_begins_like_base64_is_no_x12() -> None:
    body = b'--X\r\nContent-Disposition: form-data; name="Payload"\r\n\r\nSVNB' + b" " * 400_000 + b"!\r\n--X--"
    received = decode(body, "multipart/form-data; boundary=X")
    assert received is not None
    assert received.payload == b""
