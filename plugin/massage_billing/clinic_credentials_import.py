"""Takes a table that somebody exported (a spreadsheet, a payer's roster, CAQH) into the clinic's ``credentials.csv``.

Columns and words are understood by rules/eligibility/credential_columns.yaml; what is not listed there is left out and
said so, names of people above all. The outcome is checked as the clinic's own file is: whole, or not at all.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from massage_billing.clinic_credentials import COLUMNS, agreeing, checked, credentials_csv
from massage_billing.clinic_yaml import read_text
from massage_billing.coding.yamltext import read_yaml
from massage_billing.errors import InputError, SettingsError
from massage_billing.model import Credential, CredentialKind

_FILE: Final = "credential_columns.yaml"


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, tuple[str, ...]]
    kinds: dict[str, tuple[str, ...]]
    enrolled: dict[str, tuple[str, ...]]
    dates: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a table says, before it is compared with the clinic's file."""

    credentials: tuple[Credential, ...]
    """Its rows."""
    left_out: tuple[str, ...]
    """Headings of columns that are not taken."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the clinic's file that would be new, other or gone."""

    what: str
    """"new", "changed" or "removed"."""
    now: Credential | None
    """The row as it would stand; None where it goes."""
    was: Credential | None = None
    """The row as it stands."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The clinic's file with a table taken into it."""

    credentials: tuple[Credential, ...]
    """All rows, in order."""
    changes: tuple[Change, ...]
    """What differs from now; empty where nothing does."""


def take(file: Path, kind: CredentialKind | None = None, payer: str | None = None) -> Taken:
    """Read a table; ``kind`` and ``payer`` stand for columns that it does not have.

    InputError where it cannot be read or no column is known; SettingsError with its line for a row that is wrong.
    """
    words = _words()
    lines = list(_lines(file))
    if not lines:
        raise InputError(f"{file}: is empty.", "Export it again as CSV.")
    places, left_out = dict[str, int](), list[str]()
    for place, title in enumerate(lines[0][1]):
        column = next((one for one, said in words.columns.items() if _plain(title) in said), None)
        if column is None or column in places:
            left_out.append(title.strip())
        else:
            places[column] = place
    if not places.keys() & {"npi", "holder"}:
        raise InputError(
            f"{file}: no column is known as an NPI.", "Name the columns as plugin/docs/credentials.md does."
        )
    rows = ((number, _row(line, places, words, kind, payer)) for number, line in lines[1:])
    return Taken(checked(file, rows), tuple(title for title in left_out if title))


@dataclass(frozen=True, slots=True)
class Whole:
    """Of which rows a table is everything: rows of these that it does not have go."""

    kind: CredentialKind | None = None
    """Of this kind; None: of every kind."""
    payer: str | None = None
    """Of this payer; None: of every payer, and of none."""

    def covers(self, one: Credential) -> bool:
        """Whether the table would have this row, if it still held."""
        return self.kind in (None, one.kind) and self.payer in (None, one.payer)


def merge(old: Sequence[Credential], new: Sequence[Credential], whole: Whole | None = None) -> Merged:
    """Take rows into the clinic's file. A row for the same holder, payer, state and number and with the same start
    takes the place of the one that is there; one without a start that of the only one that is there.

    SettingsError, with the line of the table, where the outcome contradicts itself.
    """
    kept = {_same(one): one for one in old}
    put = {_same(one): one for one in (_started(one, kept) for one in new)}
    changes = [_change(kept.get(key), one) for key, one in put.items() if not _equal(kept.get(key), one)]
    gone = [one for key, one in kept.items() if whole is not None and key not in put and whole.covers(one)]
    changes += [Change("removed", None, one) for one in gone]
    merged = {key: one for key, one in (kept | put).items() if one not in gone}
    agreeing([*(one for key, one in merged.items() if key not in put), *put.values()])
    return Merged(tuple(merged.values()), tuple(changes))


def write_credentials(file: Path, credentials: Sequence[Credential]) -> None:
    """Write the clinic's file, whole or not at all; a file that is there keeps its mode. Raises InputError."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as stream:
            stream.write(credentials_csv(credentials))
            stream.flush()
            os.fsync(stream.fileno())
        partial.chmod(mode)
        partial.replace(file)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise InputError(f"{file}: cannot be written ({error.strerror}).", "Give this user the right to.") from None


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every line that is not blank."""
    try:
        text = read_text(file)
    except SettingsError as error:
        raise InputError(error.what, "Name another file, or save it as CSV in UTF-8.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{file}:{reader.line_num}: is not CSV: {error}.", "Export it again as CSV.") from None


@lru_cache(maxsize=1)
def _words() -> _Words:
    text = (files("massage_billing") / "rules" / "eligibility" / _FILE).read_text(encoding="utf-8")
    return _Words.model_validate(read_yaml(text, _FILE).value)


def _plain(text: str) -> str:
    """Small letters, and one blank for every other sign: "Licence No." and "licence_no" are the same."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.strip().lower()).split())


def _row(
    line: Sequence[str], places: Mapping[str, int], words: _Words, kind: CredentialKind | None, payer: str | None
) -> dict[str, str]:
    row = {name: line[place].strip() if place < len(line) else "" for name, place in places.items()}
    row = dict.fromkeys(COLUMNS, "") | row
    row["kind"] = _word(row["kind"], words.kinds) or (kind.value if kind else "")
    row["enrolled"] = _word(row["enrolled"], words.enrolled)
    row["payer"] = row["payer"] or (payer or "" if row["kind"] == CredentialKind.ENROLMENT.value else "")
    row["state"] = row["state"].upper()
    for name in ("from", "to"):
        row[name] = _day(row[name], words.dates)
    if row["kind"] != CredentialKind.LICENCE.value:
        row["state"] = ""  # tables of whole rosters have it in every row
    if row["kind"] != CredentialKind.ENROLMENT.value:
        row["enrolled"] = row["payer"] = ""
    return row


def _word(said: str, words: Mapping[str, tuple[str, ...]]) -> str:
    """The word that is meant; what is not known stays, and is then refused."""
    return next((word for word, known in words.items() if _plain(said) in known), said)


def _day(text: str, forms: Sequence[str]) -> str:
    for form in forms:
        try:
            return datetime.strptime(text.split(" ")[0], form).date().isoformat()
        except ValueError:
            continue
    return text


def _same(one: Credential) -> tuple[object, ...]:
    """What makes two rows one: whose it is, of what, and since when; a renewal is a row of its own, for old visits."""
    number = None if one.kind is CredentialKind.ENROLMENT else one.number
    return one.kind, one.npi, one.holder, one.payer, one.state, number, one.start


def _started(one: Credential, kept: Mapping[tuple[object, ...], Credential]) -> Credential:
    """A row without a start, with that of the only row that it can mean: many exports have no such column."""
    if one.start is not None or _same(one) in kept:
        return one
    meant = [each for each in kept.values() if _same(replace(each, start=None)) == _same(one)]
    if len(meant) != 1 or meant[0].enrolled is not one.enrolled:
        return one  # another standing with a payer began some day, which somebody has to say
    start = meant[0].start
    return one if start is None or (one.end is not None and one.end < start) else replace(one, start=start)


def _equal(was: Credential | None, now: Credential) -> bool:
    return was is not None and replace(was, source="") == replace(now, source="")


def _change(was: Credential | None, now: Credential) -> Change:
    return Change("new" if was is None else "changed", now, was)
