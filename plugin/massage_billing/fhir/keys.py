"""Who a claim is: keys that are pure functions of host id, Encounter and revision (DESIGN 16).

A lost store is rebuilt from these alone, two processes arrive at the same key, and none of them says anything about the
patient. Twenty characters of A-Z and 2-7: they fit X12 CLM01 (patient control number) as they are.
"""

from __future__ import annotations

import base64
import hashlib
import uuid

_NAMESPACE = uuid.UUID("6a0f0d3a-6a55-5e0f-9a5c-0d4d0e2f7b11")


def _key(prefix: str, *parts: str) -> str:
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return prefix + base64.b32encode(digest[:12]).decode()[:18]


def visit_key(host: str, encounter: str) -> str:
    """The key shared by every revision of one visit's claim: host id and Encounter id."""
    return _key("MV", host, encounter)


def claim_key(host: str, encounter: str, revision: int) -> str:
    """The key of one revision (0 first) of a visit's claim; also of the visit's hold Task and of the Provenance."""
    return _key("MB", host, encounter, str(revision))


def full_url(type: str, key: str) -> str:
    """A urn:uuid for a resource inside a transaction, the same for the same key: two tries name the same thing."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{type}/{key}')}"
