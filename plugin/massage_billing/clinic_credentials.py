"""``credentials.csv`` or ``.yaml``: licences, liability cover, enrolments and attestations that the clinic keeps.

Therapists stand in it by NPI or by the host's reference (``Practitioner/7``), never by name. Refused whole, with file
and line, when any part of it is wrong: two rows that say different things of one therapist, payer and day would let
chance decide how a claim is billed. A message never repeats what stands in a row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date as Date
from pathlib import Path
from typing import Final

from massage_billing.clinic_csv import rows
from massage_billing.clinic_yaml import read_text, read_yaml
from massage_billing.errors import SettingsError
from massage_billing.model import Credential, CredentialKind, Enrolled
from massage_billing.setting_types import npi_is_valid

NEEDED: Final = ("kind",)
"""Columns that every file has; beside them npi or holder."""
OPTIONAL: Final = ("npi", "holder", "payer", "enrolled", "state", "number", "from", "to")
"""Columns that may be left out, or empty."""
COLUMNS: Final = (*NEEDED, *OPTIONAL)
"""Every column, in the order in which the program writes them."""
YAML_SUFFIXES: Final = (".yaml", ".yml")
"""Files that are read as YAML: ``credentials:``, a list of mappings with the columns as keys."""

_LIST: Final = "credentials"
_HOLDER: Final = re.compile(r"(Practitioner|Organization)/[A-Za-z0-9.-]{1,64}", re.ASCII)
_STATE: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_NUMBER: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,48}[\x21-\x7e])?")
_ONLY: Final[Mapping[str, frozenset[CredentialKind]]] = {
    "payer": frozenset({CredentialKind.ENROLMENT}),
    "enrolled": frozenset({CredentialKind.ENROLMENT}),
    "state": frozenset({CredentialKind.LICENCE}),
}
"""Columns that only some kinds have."""
_DATED: Final[Mapping[CredentialKind, str]] = {CredentialKind.ATTESTATION: "from", CredentialKind.LIABILITY: "to"}
"""The date without which a row of a kind says nothing."""


def load_credentials(file: Path) -> tuple[Credential, ...]:
    """The credentials of a file, in its order. SettingsError with file and line for what is wrong, for two enrolments
    of one holder with one payer on one day, and for a credential that stands there twice."""
    return checked(file, _rows(file))


def checked(file: Path, lines: Iterable[tuple[int, Mapping[str, str]]]) -> tuple[Credential, ...]:
    """The credentials of rows that somebody read, each with its line and every column. SettingsError as above."""
    return _agreeing(
        (f"{file}:{line}", f"line {line}", _credential(f"{file}:{line}", f"{file.name}:{line}", row))
        for line, row in lines
    )


def agreeing(credentials: Iterable[Credential]) -> tuple[Credential, ...]:
    """The same credentials. SettingsError, by their ``source``, where two of them contradict each other."""
    return _agreeing((one.source, one.source, one) for one in credentials)


def _agreeing(named: Iterable[tuple[str, str, Credential]]) -> tuple[Credential, ...]:
    """The credentials, each with where it stands, and what that is called when another is refused for it."""
    met: dict[tuple[object, ...], list[tuple[str, Credential]]] = {}
    found: list[Credential] = []
    for where, called, credential in named:
        others = met.setdefault(_same(credential), [])
        for other_called, other in others:
            _refuse_both(where, credential, other_called, other)
        others.append((called, credential))
        found.append(credential)
    return tuple(found)


def credentials_csv(credentials: Iterable[Credential]) -> str:
    """The text of a ``credentials.csv`` with these credentials, in their order; it reads back as the same."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_row(one) for one in credentials)
    return text.getvalue()


def as_row(one: Credential) -> dict[str, str]:
    """A credential as a row, every column there."""
    enrolled = None if one.enrolled is None else one.enrolled.value
    days = [None if day is None else day.isoformat() for day in (one.start, one.end)]
    cells = (one.kind.value, one.npi, one.holder, one.payer, enrolled, one.state, one.number, *days)
    return {column: cell or "" for column, cell in zip(COLUMNS, cells, strict=True)}


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """(line, row) of either form, every column there."""
    if file.suffix.lower() not in YAML_SUFFIXES:
        yield from rows(file, read_text(file), NEEDED, OPTIONAL)
        return
    text = read_yaml(file)
    data = text.data
    listed = data.get(_LIST, []) if isinstance(data, dict) and set(data) <= {_LIST} else None
    if not isinstance(listed, list):
        raise SettingsError(f"{file}:1: must hold {_LIST}, a list.", "See plugin/docs/credentials.md for its form.")
    for place, entry in enumerate(listed):
        line = text.line((_LIST, place))
        if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
            raise SettingsError(f"{file}:{line}: is no list of keys and values.", f"Write {', '.join(COLUMNS)}.")
        unknown = sorted(str(key) for key in entry if key not in COLUMNS)
        if unknown:
            raise SettingsError(f"{file}:{line}: has a key that is not known.", f"Write {', '.join(COLUMNS)}.")
        yield line, {column: str(entry.get(column, "")).strip() for column in COLUMNS}


def _credential(where: str, source: str, row: Mapping[str, str]) -> Credential:
    kind = _kind(where, row["kind"])
    _check_holder(where, row)
    for column, kinds in _ONLY.items():
        if row[column] and kind not in kinds:
            raise SettingsError(f"{where}: {kind.value} has no {column}.", "Leave it empty.")
        if not row[column] and kind in kinds:
            raise SettingsError(f"{where}: {column} is missing.", f"Every {kind.value} needs it.")
    if row["state"] and not _STATE.fullmatch(row["state"]):
        raise SettingsError(f"{where}: state is no state.", "Write two letters: WA")
    if row["number"] and not _NUMBER.fullmatch(row["number"]):
        raise SettingsError(f"{where}: number is none.", "At most 50 letters, digits and signs.")
    start, end = _date(where, "from", row), _date(where, "to", row)
    if start is not None and end is not None and end < start:
        raise SettingsError(f"{where}: ends before it starts.", "Correct from or to.")
    if kind in _DATED and not row[_DATED[kind]]:
        raise SettingsError(f"{where}: {_DATED[kind]} is missing.", f"Every {kind.value} needs it.")
    return Credential(
        kind=kind,
        source=source,
        npi=row["npi"] or None,
        holder=row["holder"] or None,
        payer=row["payer"] or None,
        enrolled=_enrolled(where, row["enrolled"]),
        state=row["state"] or None,
        number=row["number"] or None,
        start=start,
        end=end,
    )


def _kind(where: str, word: str) -> CredentialKind:
    try:
        return CredentialKind(word)
    except ValueError:
        known = ", ".join(kind.value for kind in CredentialKind)
        raise SettingsError(f"{where}: kind is none that is known.", f"Write one of {known}.") from None


def _enrolled(where: str, word: str) -> Enrolled | None:
    if not word:
        return None
    try:
        return Enrolled(word)
    except ValueError:
        known = ", ".join(each.value for each in Enrolled)
        raise SettingsError(f"{where}: enrolled is none that is known.", f"Write one of {known}.") from None


def _check_holder(where: str, row: Mapping[str, str]) -> None:
    """Exactly one of npi and holder: with both, neither could be trusted to mean the same."""
    if bool(row["npi"]) == bool(row["holder"]):
        fix = "Write the therapist's NPI into npi, or the host's reference into holder, like Practitioner/7."
        raise SettingsError(f"{where}: says {'twice' if row['npi'] else 'not'} whose it is.", fix)
    if row["npi"] and not npi_is_valid(row["npi"]):
        raise SettingsError(f"{where}: npi is no NPI.", "Ten digits, the last of them the check digit.")
    if row["holder"] and not _HOLDER.fullmatch(row["holder"]):
        fix = "Write the host's own, like Practitioner/7 or Organization/1; never a name."
        raise SettingsError(f"{where}: holder is no reference.", fix)


def _date(where: str, name: str, row: Mapping[str, str]) -> Date | None:
    if not row[name]:
        return None
    try:
        return Date.fromisoformat(row[name])
    except ValueError:
        raise SettingsError(f"{where}: {name} is no date.", "Write it like 2026-01-31.") from None


def _same(one: Credential) -> tuple[object, ...]:
    """What rows have in common that may contradict each other: of enrolments holder and payer; of others the number
    too, for two covers or two licences may well hold at once."""
    number = None if one.kind is CredentialKind.ENROLMENT else one.number
    return one.kind, one.npi, one.holder, one.payer, one.state, number


def _refuse_both(where: str, one: Credential, called: str, other: Credential) -> None:
    if one.kind is CredentialKind.ATTESTATION:
        if one.start == other.start:
            raise SettingsError(f"{where}: the same attestation stands on {called}.", "Keep one of the two.")
        return
    first, last = max(one.start or Date.min, other.start or Date.min), min(one.end or Date.max, other.end or Date.max)
    if first > last:
        return
    if one.kind is CredentialKind.ENROLMENT:
        what = f"{where}: holds with the same payer on days on which {called} holds too."
        raise SettingsError(what, "Let one end (to) on the day before the other starts (from).")
    raise SettingsError(
        f"{where}: the same {one.kind.value} stands on {called}, for some of the same days.", "Keep one of the two."
    )
