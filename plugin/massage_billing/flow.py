"""Billing one visit, step by step: read this file first."""

from __future__ import annotations

from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import Clinic, Decision, Ruling, Visit


def bill(visit: Visit, book: Rulebook, clinic: Clinic, ruling: Ruling | None = None) -> Decision:
    """Decide what may be billed of one visit, and why. Pure: the same arguments give the same decision."""
    raise NotImplementedError((visit.encounter, book.digest, clinic.digest, ruling))
