"""What became of cards: counted, and nothing of it kept. Comments are not read: they may name a patient."""

from __future__ import annotations

from typing import Final, Protocol

from massage_billing.fhir.json import child, children
from massage_billing.hooks.asked import NotAsked
from massage_billing.hooks.cards import SYSTEM, Override
from massage_billing.ports import JsonObject

OUTCOMES: Final = ("accepted", "overridden")
MOST: Final = 100
"""Entries of one request that are counted."""
OTHER: Final = "other"
"""A reason that is not one of ours."""


class Counts(Protocol):
    """Where it is counted; every word is one of a few."""

    def answered(self, service: str, how: str, seconds: float) -> None:
        """A service was called: "cards", "none", "late", "refused", "busy", "failed"."""
        ...

    def judged(self, service: str, outcome: str, reason: str) -> None:
        """Somebody accepted or passed over a card; ``reason`` is a code of ours, "other" or ""."""
        ...

    def noticed(self, host: str, how: str) -> None:
        """A host sent a notice: "woken", "heartbeat", "refused"."""
        ...


class NoCounts:
    """Counts nothing."""

    def answered(self, service: str, how: str, seconds: float) -> None:
        """See ``Counts``."""

    def judged(self, service: str, outcome: str, reason: str) -> None:
        """See ``Counts``."""

    def noticed(self, host: str, how: str) -> None:
        """See ``Counts``."""


def read(told: JsonObject) -> list[tuple[str, str]]:
    """(outcome, reason) of each entry; NotAsked where it is no feedback."""
    listed = told.get("feedback")
    if not isinstance(listed, list):
        raise NotAsked("feedback is missing.")
    found = []
    for one in children(told, "feedback")[:MOST]:
        outcome = one.get("outcome")
        if outcome not in OUTCOMES or not isinstance(one.get("card"), str):
            raise NotAsked("An entry of feedback has no card, or its outcome is neither accepted nor overridden.")
        found.append((str(outcome), _reason(child(one, "overrideReason"))))
    return found


def _reason(override: JsonObject) -> str:
    reason = child(override, "reason")
    if not reason:
        return ""
    code = reason.get("code")
    known = reason.get("system") == SYSTEM and isinstance(code, str) and code in [one.value for one in Override]
    return str(code) if known else OTHER
