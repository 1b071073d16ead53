"""Tables of codes as values: read from our own compact CSV text, looked up by code. Pure; files are read elsewhere."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.coding.regions import RegionTable
from massage_billing.coding.tabular import TabularTable
from massage_billing.errors import RuleFileError


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """What is known of one service code."""

    code: str
    """CPT or HCPCS number."""
    timed: bool
    """True: a unit is a stretch of minutes; False: one unit a session."""
    label: str
    """Our own short name for it; never the AMA's text."""
    successor: str
    """The code that Medicare takes instead, to name; "" where there is none."""
    source: str
    """Key of the source in the rule file."""
    pooled: bool = True
    """Whether its minutes may be counted with those of other codes; False: always for itself."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One NCCI pair: column 2 is not paid beside column 1."""

    start: Date | None
    """First date it holds, where the release gives one."""
    deleted: Date | None
    """From this date on it no longer holds; None where it is not deleted."""
    indicator: str
    """0: no modifier opens it; 1: one does; 9: does not apply."""
    why: str
    """Number of the reason CMS gives, spelled out in the rule file."""

    def fires(self, on: Date, release: Date) -> bool:
        """Whether it holds on a date; ``release`` is its start where it has none of its own."""
        start = self.start or release
        if self.indicator == "9" or (self.deleted is not None and self.deleted <= start):
            return False
        return start <= on and (self.deleted is None or on < self.deleted)


@dataclass(frozen=True, slots=True)
class Limit:
    """One MUE: the most units of a code that pass."""

    units: int
    """How many."""
    mai: str
    """1: a line; 2: a day, absolute; 3: a day, on review more."""


_SESSION, _ALONE = "session", "15-minutes-alone"
_UNITS = ("15-minutes", _ALONE, _SESSION)
CodeTable = Mapping[str, CodeEntry]
PairTable = Mapping[tuple[str, str], tuple[Pair, ...]]
LimitTable = Mapping[str, Limit]
StatusTable = Mapping[str, str]


class Icd10Table:
    """One release of ICD-10-CM; unpacked when it is first asked."""

    def __init__(self, packed: bytes) -> None:
        self.packed = packed
        """As it is kept."""
        self._billable: frozenset[str] | None = None
        self._categories: frozenset[str] = frozenset()

    def billable(self, code: str) -> bool:
        """Whether a claim may carry this code; ``code`` in capitals, without its point."""
        if self._billable is None:
            self._unpack()
        assert self._billable is not None  # noqa: S101
        return code in self._billable

    def category(self, code: str) -> bool:
        """Whether it is a heading that needs more characters."""
        return not self.billable(code) and code in self._categories

    @property
    def codes(self) -> frozenset[str]:
        """Every code a claim may carry."""
        if self._billable is None:
            self._unpack()
        return self._billable or frozenset()

    @property
    def headings(self) -> frozenset[str]:
        """Every heading."""
        if self._billable is None:
            self._unpack()
        return self._categories

    def _unpack(self) -> None:
        codes = gzip.decompress(self.packed).decode("ascii").split()
        self._categories = frozenset(code[:-1] for code in codes if code.endswith("-"))
        self._billable = frozenset(code for code in codes if not code.endswith("-"))


Table = CodeTable | PairTable | LimitTable | StatusTable | RegionTable | Icd10Table | TabularTable
"""The table of any rule."""


def _rows(text: str, file: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a table with their line numbers; refuses other columns and rows that are too long or short."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    if tuple(reader.fieldnames or ()) != columns:
        raise RuleFileError(file, 1, f"has to have the columns {', '.join(columns)}")
    for row in reader:
        if None in row or None in row.values():
            raise RuleFileError(file, reader.line_num, f"has not {len(columns)} columns")
        yield reader.line_num, row


def read_codes(text: str, file: str) -> CodeTable:
    """``code,unit,label,successor,source``; unit is "15-minutes", "15-minutes-alone" (never pooled) or "session"."""
    table: dict[str, CodeEntry] = {}
    for line, row in _rows(text, file, ("code", "unit", "label", "successor", "source")):
        if row["code"] in table:
            raise RuleFileError(file, line, f"has {row['code']} twice")
        if row["unit"] not in _UNITS:
            raise RuleFileError(file, line, f"has a unit that is none of {', '.join(_UNITS)}")
        timed, pooled = row["unit"] != _SESSION, row["unit"] != _ALONE
        table[row["code"]] = CodeEntry(row["code"], timed, row["label"], row["successor"], row["source"], pooled)
    return table


def read_pairs(text: str, file: str) -> PairTable:
    """``column1,column2,from,deleted,indicator,why``; dates YYYY-MM-DD or empty."""
    table: dict[tuple[str, str], list[Pair]] = {}
    for line, row in _rows(text, file, ("column1", "column2", "from", "deleted", "indicator", "why")):
        if row["indicator"] not in ("0", "1", "9"):
            raise RuleFileError(file, line, "has an indicator other than 0, 1 and 9")
        pair = Pair(_date(row["from"], file, line), _date(row["deleted"], file, line), row["indicator"], row["why"])
        table.setdefault((row["column1"], row["column2"]), []).append(pair)
    return {codes: tuple(pairs) for codes, pairs in table.items()}


def read_limits(text: str, file: str) -> LimitTable:
    """``code,units,mai``."""
    table: dict[str, Limit] = {}
    for line, row in _rows(text, file, ("code", "units", "mai")):
        if row["code"] in table:
            raise RuleFileError(file, line, f"has {row['code']} twice")
        if not row["units"].isdecimal() or row["mai"] not in ("1", "2", "3"):
            raise RuleFileError(file, line, "needs whole units and an MAI of 1, 2 or 3")
        table[row["code"]] = Limit(int(row["units"]), row["mai"])
    return table


def read_statuses(text: str, file: str) -> StatusTable:
    """``code,status``."""
    table: dict[str, str] = {}
    for line, row in _rows(text, file, ("code", "status")):
        if row["code"] in table:
            raise RuleFileError(file, line, f"has {row['code']} twice")
        if len(row["status"]) != 1 or not row["status"].isupper():
            raise RuleFileError(file, line, "needs a status of one capital letter")
        table[row["code"]] = row["status"]
    return table


def _date(text: str, file: str, line: int) -> Date | None:
    try:
        return Date.fromisoformat(text) if text else None
    except ValueError:
        raise RuleFileError(file, line, f'"{text}" is not a date (YYYY-MM-DD)') from None
