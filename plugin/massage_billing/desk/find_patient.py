"""Looking for a patient by name: among those whose payers were asked lately. Names come from the host and stay in
memory; what was typed is kept nowhere. PHI."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from massage_billing.desk.office import Office

DAYS: Final = 31
"""Days of questions whose patients are looked through."""
MOST: Final = 1000
"""Patients that are looked through, those asked about last first."""
SHOWN: Final = 20
"""Patients that are shown."""


@dataclass(frozen=True, slots=True)
class Match:
    """One patient who is called so."""

    patient: str
    """"Patient/3"."""
    name: str
    """As lists have it. PHI."""
    coverages: tuple[str, ...]
    """Coverages that were asked about, the newest first."""


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found."""

    matches: tuple[Match, ...]
    """By name."""
    more: int
    """How many are not shown."""
    looked: int
    """Patients that were looked through."""
    away: str
    """Why names are missing; "" where the host answered."""


def find_patient(office: Office, typed: str) -> Found:
    """Patients of whose name every word that was typed begins a part, in any order, whatever the case and accents.
    Raises StoreError."""
    coverages: dict[str, dict[str, None]] = {}
    for row in reversed(list(office.asking.rows(office.id, office.today - timedelta(days=DAYS)))):
        coverages.setdefault(row.patient, {})[row.coverage] = None
    patients = list(coverages)[:MOST]
    named = office.names.named(patients)
    wanted = plain(typed).split()
    found = [
        Match(one, named.names[one], tuple(coverages[one]))
        for one in patients
        if one in named.names and wanted and is_called(named.names[one], wanted)
    ]
    found.sort(key=lambda one: (plain(one.name), one.patient))
    return Found(tuple(found[:SHOWN]), max(len(found) - SHOWN, 0), len(patients), named.away)


def is_called(name: str, wanted: list[str]) -> bool:
    """Whether each word begins a part of the name."""
    parts = plain(name).split()
    return all(any(part.startswith(word) for part in parts) for word in wanted)


def plain(text: str) -> str:
    """A text as it is compared: small letters without accents, words alone."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(one if one.isalnum() else " " for one in decomposed if not unicodedata.combining(one))
    return " ".join(kept.split())
