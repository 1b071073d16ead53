"""Writes as plans make them."""

from __future__ import annotations

from collections.abc import Mapping

from massage_billing.fhir.keys import full_url
from massage_billing.fhir.serial import to_bytes
from massage_billing.ports import Operation, Write


def update_write(reference: str, version: str | None, body: Mapping[str, object]) -> Write:
    """Replace a resource ("Claim/12") where it stands, if it still has this version."""
    kind = reference.partition("/")[0]
    return Write(Operation.UPDATE, kind, to_bytes(body), full_url(kind, reference), target=reference, if_match=version)
