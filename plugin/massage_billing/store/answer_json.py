"""Answers as the store keeps them: JSON with every field, exactly; Decimals and dates as text. PHI.

An envelope carries the version of the form. Reading is lenient towards what a newer program added to it (fields unknown
here are passed over) and towards what an older one did not know (a field that is missing has its default; so a field
that is added to the model later needs one).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgspec

from massage_billing.errors import StoreError
from massage_billing.model import Answer

VERSION = 1
"""Raised when what is written can no longer be read by what came before."""


@dataclass(frozen=True, slots=True)
class _Envelope:
    answer: Answer
    version: int = VERSION


class _Version(msgspec.Struct):
    version: int = 0


_ENCODER = msgspec.json.Encoder(decimal_format="string")
_DECODER = msgspec.json.Decoder(_Envelope)
_ANY_VERSION = msgspec.json.Decoder(_Version)


def encode_answer(answer: Answer) -> bytes:
    """The answer as JSON. A half of a surrogate pair, which no UTF-8 can hold, becomes "?"; the evidence keeps it."""
    kept = _Envelope(answer)
    try:
        return _ENCODER.encode(kept)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(kept, builtin_types=())
        return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace")


def decode_answer(question: str, kept: bytes) -> Answer:
    """The answer that was encoded. StoreError, which names the question's key, where it cannot be read."""
    try:
        read = _DECODER.decode(kept)
        newer = read.version > VERSION
    except msgspec.MsgspecError:
        read, newer = None, _newer(kept)
    if newer:
        raise StoreError(
            f"The answer to question {question} was written by a newer version of massage-billing.",
            "Install that version or a later one.",
        )
    if read is None:
        raise StoreError(
            f"The answer to question {question} is damaged.", "Purge its patient; the payer is asked again."
        )
    return read.answer


def _newer(kept: bytes) -> bool:
    try:
        return _ANY_VERSION.decode(kept).version > VERSION
    except msgspec.MsgspecError:
        return False
