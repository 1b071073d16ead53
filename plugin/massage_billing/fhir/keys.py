"""Who a claim is: keys that are pure functions of host id, Encounter and revision (DESIGN 16).

A lost store is rebuilt from these alone, two processes arrive at the same key, and none of them says anything about the
patient. Twenty characters of A-Z and 2-7: they fit X12 CLM01 (patient control number) as they are.
"""

from __future__ import annotations

import hashlib
import uuid
from functools import lru_cache

_NAMESPACE = uuid.UUID("6a0f0d3a-6a55-5e0f-9a5c-0d4d0e2f7b11").bytes
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


def _key(prefix: str, *parts: str) -> str:
    """Prefix and the first 90 bits of SHA-256 as RFC 4648 base32, ten bits at a time."""
    bits = int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:12], "big") >> 6
    return prefix + "".join([_PAIRS[(bits >> shift) & 1023] for shift in range(80, -1, -10)])


@lru_cache(maxsize=4096)
def visit_key(host: str, encounter: str) -> str:
    """The key shared by every revision of one visit's claim: host id and Encounter id."""
    return _key("MV", host, encounter)


@lru_cache(maxsize=4096)
def claim_key(host: str, encounter: str, revision: int) -> str:
    """The key of one revision (0 first) of a visit's claim; also of the visit's hold Task and of the Provenance."""
    return _key("MB", host, encounter, str(revision))


_LATER = "MS"


def later_claim_key(first: str, rank: str) -> str:
    """The key of a claim to the second (S) or third (T) payer, made of the claim with the key ``first``."""
    return _key(_LATER, first, rank)


def is_later_claim(key: str) -> bool:
    """Whether a claim key is of a claim to a second or third payer: no Claim on the host carries it."""
    return key.startswith(_LATER)


def question_key(host: str, patient: str, coverage: str, payer: str, day: str, holder: str) -> str:
    """The key of the question about a coverage to a payer on a day ("2026-11-30"), of which one is answered. Also its
    trace number (X12 TRN02) and the identifier of its CoverageEligibilityRequest and -Response.

    ``holder`` is ``Holder.version``: a coverage whose member id was corrected is another to its payer, and may be asked
    about again on the same day.
    """
    return _key("MQ", host, patient, coverage, payer, day, holder)


def appointment_key(host: str, appointment: str) -> str:
    """The key of an appointment's Task."""
    return _key("MA", host, appointment)


def outlook_key(host: str, appointment: str) -> str:
    """The key of what is known before an appointment."""
    return _key("MO", host, appointment)


def answer_key(file: str, place: int) -> str:
    """The key of what a file of answers (its SHA-256) says of a claim."""
    return _key("MR", file, str(place))


@lru_cache(maxsize=4096)
def full_url(type: str, key: str) -> str:
    """A urn:uuid (version 5) for a resource inside a transaction: two tries name the same thing by the same name."""
    h = hashlib.sha1(_NAMESPACE + f"{type}/{key}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(h[16], 16) & 3]
    return f"urn:uuid:{h[:8]}-{h[8:12]}-5{h[13:16]}-{variant}{h[17:20]}-{h[20:32]}"
