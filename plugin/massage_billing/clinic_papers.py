"""``papers.csv``: orders, referrals, authorizations, plans, reports and injuries that the clinic keeps itself.

Patients stand in it by the host's reference (``Patient/3``), never by name. Refused whole, with file and line, when any
part of it is wrong; a message never repeats what stands in the file about a patient.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date as Date
from pathlib import Path
from typing import Final

from massage_billing.clinic_csv import rows
from massage_billing.clinic_yaml import read_text
from massage_billing.errors import SettingsError
from massage_billing.model import Paper, PaperKind

NEEDED: Final = ("kind", "patient")
"""Columns that every papers.csv has."""
OPTIONAL: Final = (
    "payer", "number", "codes", "visits", "units", "from", "to", "visits_used", "units_used", "continues", "state",
)  # fmt: skip
"""Columns that may be left out, or empty."""
_PATIENT: Final = re.compile(r"Patient/[A-Za-z0-9._-]{1,64}", re.ASCII)
_CODE: Final = re.compile(r"[0-9A-Z]{5}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_NUMBER: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,48}[\x21-\x7e])?")
_YES_NO: Final = {"": False, "no": False, "yes": True}


def load_papers(file: Path) -> tuple[Paper, ...]:
    """The papers of ``papers.csv`` in its order. SettingsError with file and line where one is wrong or twice there."""
    papers: list[Paper] = []
    seen: dict[tuple[object, ...], int] = {}
    for line, row in rows(file, read_text(file), NEEDED, OPTIONAL):
        paper = _paper(f"{file}:{line}", f"{file.name}:{line}", row)
        key = (paper.kind, paper.patient, paper.payer, paper.number, paper.start)
        if key in seen:
            what = f"{file}:{line}: the same paper stands on line {seen[key]}."
            raise SettingsError(what, "Keep one of the two, with all that is used of it.")
        seen[key] = line
        papers.append(paper)
    return tuple(papers)


def _paper(where: str, source: str, row: Mapping[str, str]) -> Paper:
    kind = _kind(where, row["kind"])
    if not _PATIENT.fullmatch(row["patient"]):
        raise SettingsError(
            f"{where}: patient is no reference.", "Write the host's own, like Patient/3; never a name or a birth date."
        )
    codes = tuple(code for code in re.split(r"[\s;]+", row["codes"]) if code)
    if not all(_CODE.fullmatch(code) for code in codes):
        raise SettingsError(f"{where}: codes are no CPT or HCPCS numbers.", "Separate them by blanks: 97124 97140")
    if row["number"] and not _NUMBER.fullmatch(row["number"]):
        raise SettingsError(f"{where}: number cannot stand on a claim.", "At most 50 letters, digits and signs.")
    start, end = _date(where, "from", row), _date(where, "to", row)
    if start is not None and end is not None and end < start:
        raise SettingsError(f"{where}: ends before it starts.", "Correct from or to.")
    if row["continues"].lower() not in _YES_NO:
        raise SettingsError(f"{where}: continues is neither yes nor no.", "Write yes, no or nothing.")
    _check_injury(where, kind, row)
    return Paper(
        kind=kind,
        source=source,
        patient=row["patient"],
        number=row["number"] or None,
        payer=row["payer"] or None,
        codes=codes,
        visits=_count(where, "visits", row),
        units=_count(where, "units", row),
        start=start,
        end=end,
        visits_used=_count(where, "visits_used", row) or 0,
        units_used=_count(where, "units_used", row) or 0,
        continues=_YES_NO[row["continues"].lower()],
        state=row["state"] or None,
    )


def _kind(where: str, word: str) -> PaperKind:
    try:
        return PaperKind(word)
    except ValueError:
        known = ", ".join(kind.value for kind in PaperKind)
        raise SettingsError(f"{where}: kind is none that is known.", f"Write one of {known}.") from None


def _check_injury(where: str, kind: PaperKind, row: Mapping[str, str]) -> None:
    if row["state"] and not re.fullmatch(r"[A-Z]{2}", row["state"], re.ASCII):
        raise SettingsError(f"{where}: state is no state.", "Write two letters: WA")
    if row["state"] and kind is not PaperKind.INJURY:
        raise SettingsError(f"{where}: only an injury has a state.", "Leave it empty.")
    if kind is PaperKind.INJURY and (row["visits"] or row["units"] or row["codes"]):
        raise SettingsError(f"{where}: an injury limits nothing.", "Write limits into a row of an authorization.")


def _date(where: str, name: str, row: Mapping[str, str]) -> Date | None:
    if not row[name]:
        return None
    try:
        return Date.fromisoformat(row[name])
    except ValueError:
        raise SettingsError(f"{where}: {name} is no date.", "Write it like 2026-01-31.") from None


def _count(where: str, name: str, row: Mapping[str, str]) -> int | None:
    if not row[name]:
        return None
    if not _COUNT.fullmatch(row[name]):
        raise SettingsError(f"{where}: {name} is no number.", "Write a whole number, or nothing.")
    return int(row[name])
