"""Reads the relative value file of the Medicare physician fee schedule (PPRRVU, CSV) for its indicators. Pure.

Layout: a title that names year and release, notices, the header stacked over four rows, then a row a code and modifier.
Taken: code, modifier, status, PC/TC indicator, multiple procedure indicator. The descriptors in it are AMA's and are
read over.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date as Date
from typing import cast

from massage_billing.coding.day import Table
from massage_billing.coding.tables import StatusTable
from massage_billing.errors import RuleFileError
from massage_billing.releases.model import Change, Context, Draft, Format, Part, refuse
from massage_billing.releases.reading import CODE, cells, check_end, excel_took_zeros, release_in_names

_TITLE = re.compile(
    r"(20\d\d) national physician fee schedule relative value file (january|april|july|october)", re.IGNORECASE
)
_MONTHS = {"january": 1, "april": 4, "july": 7, "october": 10}
_NAME = re.compile(r"pprrvu(?:20)?(\d\d)_?(jan|apr|jul|oct)", re.IGNORECASE)
_HEADS = {"code": "hcpcs", "modifier": "mod", "status": "status code", "pctc": "pctc ind", "mult": "mult proc"}
_COLUMNS = "code,modifier,status,pctc,mult"


def recognizes(head: str) -> bool:
    """By its title and the status column."""
    early = " ".join(head.lower().split())
    return "physician fee schedule relative value file" in early and "hcpcs,mod" in early


def read(parts: Sequence[Part], context: Context) -> Draft:
    """The indicators. Raises ReleaseRefused with file, line and reason."""
    drafts = [_read(part, context) for part in parts]
    # From 2026 on a release has two files, for those in and out of alternative payment models; the statuses are alike.
    for part, draft in zip(parts[1:], drafts[1:], strict=True):
        if (draft.content, draft.start) != (drafts[0].content, drafts[0].start):
            raise refuse(part.name, None, f"says other than {parts[0].name}: give one release at a time")
    return drafts[0]


def _read(part: Part, context: Context) -> Draft:
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    above: list[list[str]] = []
    places: dict[str, int] = {}
    line, row, lasts, start = 0, [""], {""}, None
    for line, read in cells(part):
        if not any(read):
            continue
        lasts.add(row[-1])
        row = read
        if not places:
            start = start or _release(" ".join(row))
            places = _header(row, above, part, line)
            above.append(row)
            continue
        key, indicators = _indicators(row, places, len(above[-1]), part, line)
        if key in found:
            raise refuse(part.name, line, f"has {' '.join(key).strip()} twice")
        found[key] = indicators
    if not found:
        raise refuse(part.name, line or None, "holds no code; is it cut?")
    check_end(part, row[-1], lasts, line)
    kept = {key: found[key] for key in sorted(found) if key[0] in context.known}
    text = "".join(f"{','.join((*key, *values))}\n" for key, values in kept.items())
    counts = dict.fromkeys([code for code, _ in kept], 1)
    content = f"{_COLUMNS}\n{text}".encode()
    return Draft(content, len(found), len(kept), start or _named(part) or release_in_names(part.hints), counts=counts)


def _release(text: str) -> Date | None:
    titled = _TITLE.search(text)
    return Date(int(titled[1]), _MONTHS[titled[2].lower()], 1) if titled else None


def _named(part: Part) -> Date | None:
    named = next((found for hint in part.hints if (found := _NAME.search(hint))), None)
    months = {name[:3]: number for name, number in _MONTHS.items()}
    return Date(2000 + int(named[1]), months[named[2].lower()], 1) if named else None


def _header(row: list[str], above: list[list[str]], part: Part, line: int) -> dict[str, int]:
    """Column by what it holds, once the last row of the header is there; its names are stacked over several rows."""
    if row[0].lower() != "hcpcs":
        if CODE.fullmatch(row[0]):
            raise refuse(part.name, line, "a code stands before the header")
        return {}
    stacked = [[one[place].lower() for one in (*above[-4:], row) if place < len(one)] for place in range(len(row))]
    names = [" ".join(" ".join(words).split()) for words in stacked]
    places = {}
    for key, name in _HEADS.items():
        place = next((place for place, told in enumerate(names) if told.endswith(name)), None)
        if place is None:
            raise refuse(part.name, line, f'has no column "{name.upper()}"')
        places[key] = place
    return places


def _indicators(
    row: list[str], places: dict[str, int], columns: int, part: Part, line: int
) -> tuple[tuple[str, str], tuple[str, str, str]]:
    if len(row) != columns:
        raise refuse(part.name, line, f"has {len(row)} columns, not {columns}; is it cut?")
    code, modifier, status, pctc, mult = (row[places[key]] for key in _HEADS)
    if not CODE.fullmatch(code):
        raise refuse(part.name, line, f'"{code}" is no code{excel_took_zeros(code)}')
    if modifier and not re.fullmatch(r"[0-9A-Z]{2}", modifier):
        raise refuse(part.name, line, f'"{modifier}" is no modifier')
    if not re.fullmatch(r"[A-Z]", status):
        raise refuse(part.name, line, f'"{status}" is no status: one letter')
    if not (re.fullmatch(r"[0-9]?", pctc) and re.fullmatch(r"[0-9]?", mult)):
        raise refuse(part.name, line, f'"{pctc}" and "{mult}" are not both indicators of one digit')
    return (code, modifier), (status, pctc, mult)


def table(content: bytes, file: str) -> Table:
    """The kept statuses, for the rule fee-schedule-status: those of the code as a whole, without a modifier."""
    return {code: status for (code, modifier), (status, _, _) in _kept(content, file).items() if not modifier}


def _kept(content: bytes, file: str) -> dict[tuple[str, str], tuple[str, str, str]]:
    rows = csv.reader(io.StringIO(content.decode()), strict=True)
    if next(rows, None) != _COLUMNS.split(","):
        raise RuleFileError(file, 1, f"has to have the columns {_COLUMNS}")
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


def changes(
    before: Table | None, _before_start: Date | None, now: Table, _start: Date, codes: frozenset[str]
) -> list[Change]:
    """Statuses that change, and codes that come or go."""
    old, new = cast(StatusTable, before or {}), cast(StatusTable, now)
    found = []
    for code in sorted((old.keys() | new.keys()) & codes):
        was, is_now = old.get(code, ""), new.get(code, "")
        if was != is_now:
            found.append(Change(code, "new" if not was else "retired" if not is_now else "status", "", was, is_now))
    return found


FORMAT = Format(
    kind="fee-schedule",
    rule="fee-schedule-status",
    title="Medicare physician fee schedule, relative value file",
    href="https://www.cms.gov/medicare/payment/fee-schedules/physician/pfs-relative-value-files",
    recognizes=recognizes,
    read=read,
    table=table,
    changes=changes,
    keeps_note=True,
)
"""Status indicators of the Medicare fee schedule."""
