"""The rulebook: every dated rule, table and payer policy, as one value that ``flow.bill`` is given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rulebook:
    """All rules by date; the same digest always decides the same."""

    version: str
    """Release of the rule files, "2026.11"."""
    digest: str
    """SHA-256 (hex) of every rule file: a change wakes open holds."""
