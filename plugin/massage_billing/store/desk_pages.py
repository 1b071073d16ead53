"""Where a page of a long list ended, as a sealed word that a URL may carry: it is made of a date of service and an
Encounter id, which no log is to see. Pages begin after a place, not after so many rows: whatever is inserted while
somebody reads, each row is shown once."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, NamedTuple

import orjson

KEY_BYTES: Final = 32


class Place(NamedTuple):
    """The last row of a page."""

    order: str
    """By what the list is ordered."""
    value: str | int
    """What it is ordered by: a day or a time in ISO 8601, or cents."""
    encounter: str
    """Encounter id: what tells rows of one value apart."""


def new_key() -> bytes:
    """Random bytes to seal places with: shared by all processes on a store, for a page may be asked of any."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, place: Place) -> str:
    """The place as a word of a URL: encrypted and signed (AES-SIV, RFC 5297), so that it says nothing and cannot be
    made up."""
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    return urlsafe_b64encode(AESSIV(key).encrypt(orjson.dumps(list(place)), None)).decode().rstrip("=")


def unseal(key: bytes, word: str | None, order: str) -> Place | None:
    """The place in a list of this order; None for a word that this store did not make, or made of another list."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    if not word:
        return None
    try:
        packed = urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4))
        place = Place(*orjson.loads(AESSIV(key).decrypt(packed, None)))
    except (InvalidTag, ValueError, TypeError):
        return None
    return place if place.order == order else None


def told(text: str) -> str:
    """What somebody asked for, as a database can be asked: what no text column can hold finds nothing."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
