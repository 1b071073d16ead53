"""Which Encounters count as a visit that a patient had, for "first visit": what took place, or is under way."""

from __future__ import annotations

from datetime import date as Date
from typing import Final

from massage_billing.fhir.json import child, text
from massage_billing.ports import JsonObject

_NEVER: Final = frozenset({"planned", "cancelled", "entered-in-error"})
"""Encounter.status of visits that did not take place."""


def was_seen(encounter: JsonObject, day: Date) -> bool:
    """Whether an Encounter is a visit that began before a day, as its date is written; one without a date is none."""
    started = text(child(encounter, "period"), "start") or ""
    return text(encounter, "status") not in _NEVER and "" < started[:10] < day.isoformat()
