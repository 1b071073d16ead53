"""Reads NCCI procedure-to-procedure edits of CMS, practitioner services: ``ccipra-vNNNrR-fN``, text or CSV. Pure.

Layout: a notice, a title, a header wrapped over four lines, then column 1, column 2, a mark for pairs older than 1996,
effective date, deletion date or ``*``, modifier indicator, reason; sorted by column 1, in parts f1 to f4. The files for
Medicaid lack the mark. A quarter has 2.6 million rows, so they are streamed: one regular expression a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date as Date

from massage_billing.coding.day import Table
from massage_billing.coding.tables import Pair, PairTable, read_pairs
from massage_billing.releases.model import Change, Context, Draft, Format, Part, quarter, refuse
from massage_billing.releases.reading import (
    CODE,
    beginning,
    cells,
    check_end,
    compact_date,
    delimiter_of,
    excel_took_zeros,
    head_text,
    release_in_names,
)

Row = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""Column 1, column 2, effective, deleted, indicator, reason."""

_VERSION = re.compile(r"cci(pra|oph)-?v(\d\d)(\d)r(\d+)", re.IGNORECASE)
_PART = re.compile(r"[-_]f(\d)(?![0-9a-z])", re.IGNORECASE)
_WITH_MARK = re.compile(rb"([0-9A-Z]{5})\t([0-9A-Z]{5})\t\*?\t(\d{8})\t(\d{8}|\*)\t([019])\t([^\t\r\n]+)\r?\n?")
_WITHOUT = re.compile(rb"([0-9A-Z]{5})\t([0-9A-Z]{5})\t(\d{8})\t(\d{8}|\*|)\t([019])\t([^\t\r\n]+)\r?\n?")
_NAMED_IN_HEADER = tuple(
    re.compile(word) for word in (r"\bcol(umn)?[ _]?1\b", r"\bcol(umn)?[ _]?2\b", r"modifier", r"\beff")
)
_FIRST_YEAR = 1994
"""CMS counts versions so that 32.x is of 2026."""
_BLANK = b" \t\r\n\x1a"
"""What an empty line may hold; the last is how DOS ends a text."""
_PREAMBLE = 60
"""Lines in which the header has to stand."""


def recognizes(head: str) -> bool:
    """By its header, which names both columns and the modifier indicator."""
    early = head[:6000].lower()
    return all(word.search(early) for word in _NAMED_IN_HEADER)


@dataclass(slots=True)
class _State:
    """What has been read of a release so far."""

    known: frozenset[bytes]
    rows: int = 0
    last: bytes = b""
    last_file: str = ""
    kept: list[Row] = field(default_factory=list)
    counts: Counter[bytes] = field(default_factory=Counter)
    dates: dict[bytes, Date] = field(default_factory=dict)
    ends: set[bytes] = field(default_factory=lambda: {b"*", b""})
    reasons: set[bytes] = field(default_factory=set)


def read(parts: Sequence[Part], context: Context) -> Draft:
    """All parts of one release. Raises ReleaseRefused with file, line and reason."""
    version, start = _release(parts)
    state = _State(frozenset(code.encode() for code in context.known))
    for part in _in_order(parts, version):
        if not _read_part(part, state):
            raise refuse(part.name, None, "holds no pair")
    _check_last(parts, state)
    return Draft(
        content=_content(state.kept), rows=state.rows, kept=len(state.kept), start=start, version=version,
        newest=max(state.dates.values(), default=None),
        counts={code.decode(): count for code, count in sorted(state.counts.items())},
    )  # fmt: skip


# --- which parts ----------------------------------------------------------------------------------------------------


def _release(parts: Sequence[Part]) -> tuple[str, Date | None]:
    """Version and first day, as the names tell; refuses the hospitals' edits, and parts of two versions."""
    found: dict[str, str] = {}
    start: Date | None = None
    for part in parts:
        for hint in part.hints:
            named = _VERSION.search(hint)
            if named and named[1].lower() == "oph":
                raise refuse(part.name, None, "holds the edits for hospitals; a clinic needs the practitioner edits")
            if named:
                found.setdefault(f"v{named[2]}{named[3]}r{named[4]}", part.name)
                start = quarter(_FIRST_YEAR + int(named[2]), int(named[3]) + 1) if int(named[3]) < 4 else None
                break
    if len(found) > 1:
        raise refuse(list(found.values())[1], None, f"is of another version: {' and '.join(found)} are given together")
    if start is None:
        start = next((day for part in parts if (day := release_in_names(part.hints))), None)
    return next(iter(found), ""), start


def _number(part: Part) -> int | None:
    named = next((found for hint in part.hints if (found := _PART.search(hint))), None)
    return int(named[1]) if named else None


def _in_order(parts: Sequence[Part], version: str) -> list[Part]:
    """The parts as they follow each other; refuses a part given twice and one that is missing between others."""
    numbered = [(number, part) for part in parts if (number := _number(part)) is not None]
    if not numbered:
        return sorted(parts, key=_first_code)
    numbers = sorted(number for number, _ in numbered)
    if len(numbered) < len(parts):
        stranger = next(part for part in parts if _number(part) is None)
        raise refuse(stranger.name, None, "does not say which part it is, and the others do")
    for place, number in enumerate(numbers, 1):
        if number != place:
            which = f"f{place}" if number > place else f"f{number}"
            told = "is missing: give all parts together" if number > place else "is given twice"
            raise refuse(numbered[0][1].name, None, f"part {which} of {version or 'the release'} {told}")
    return [part for _, part in sorted(numbered, key=lambda item: item[0])]


def _first_code(part: Part) -> bytes:
    for _, row in _rows(part):
        return row[0]
    return b""


def _check_last(parts: Sequence[Part], state: _State) -> None:
    """Parts that are numbered have to reach the codes that begin with a letter, which come last."""
    numbers = [number for part in parts if (number := _number(part)) is not None]
    if numbers and not state.last[:1].isalpha():
        reason = (
            f"ends at {state.last.decode()}, but a release goes on to the codes that begin with a letter: part "
            f"f{max(numbers) + 1} is missing"
        )
        raise refuse(state.last_file, None, reason)


# --- rows -----------------------------------------------------------------------------------------------------------


def _read_part(part: Part, state: _State) -> int:
    """Check and count every row of a part, keep those between codes that are known; how many rows there were."""
    known, dates, ends, reasons = state.known, state.dates, state.ends, state.reasons
    last, counts, kept = state.last, state.counts, state.kept
    count, line, row, new = 0, 0, None, False
    for line, row in _rows(part):
        one, two, effective, deleted, _, reason = row
        if one < last:
            said = f"is not sorted: {one.decode()} stands behind {last.decode()}"
            told = f" of {state.last_file}" if not count and state.last_file else ""
            raise refuse(part.name, line, said + told)
        last = one
        if effective not in dates:
            dates[effective] = _date(effective, "effective", part, line)
        if deleted not in ends:
            _date(deleted, "deletion", part, line)
            ends.add(deleted)
        if one in known:
            counts[one] += 1
            if two in known:
                kept.append(row)
        if two in known:
            counts[two] += 1
        count += 1
        new = reason not in reasons
        if new:
            reasons.add(reason)
    if row is not None and new:
        check_end(part, row[5].decode(), (), line)
    state.rows += count
    state.last, state.last_file = last, part.name
    return count


def _date(text: bytes, what: str, part: Part, line: int) -> Date:
    day = compact_date(text.decode())
    if day is None:
        raise refuse(part.name, line, f'"{text.decode()}" is no {what} date (YYYYMMDD)')
    return day


def _rows(part: Part) -> Iterator[tuple[int, Row]]:
    """The rows of a part with their lines, whichever way they are written. Raises ReleaseRefused."""
    if delimiter_of(beginning(part)) == ",":
        yield from _csv_rows(part)
    else:
        yield from _tab_rows(part)


def _tab_rows(part: Part) -> Iterator[tuple[int, Row]]:
    lines = enumerate(part.lines(), 1)
    pattern = None
    for number, raw in lines:
        pattern = next((one for one in (_WITH_MARK, _WITHOUT) if one.fullmatch(raw)), None)
        if pattern is not None:
            yield number, pattern.fullmatch(raw).groups()  # type: ignore[union-attr, misc]
            break
        if _is_row(_split(raw)):
            raise refuse(part.name, number, _fault(_split(raw), 7 if raw.count(b"\t") >= 6 else 6) or "cannot be read")
        if number > _PREAMBLE:
            raise refuse(part.name, number, "no pair stands where the pairs should begin")
    if pattern is None:
        return
    match = pattern.fullmatch
    for number, raw in lines:
        found = match(raw)
        if found is None:
            _check_rest(part, number, raw, 7 if pattern is _WITH_MARK else 6, lines)
            return
        yield number, found.groups()  # type: ignore[misc]


def _check_rest(part: Part, number: int, raw: bytes, columns: int, rest: Iterator[tuple[int, bytes]]) -> None:
    """A line that is no row may only be empty, and only empty lines may follow."""
    if raw.strip(_BLANK):
        raise refuse(part.name, number, _fault(_split(raw), columns) or "is no pair")
    for later, line in rest:
        if line.strip(_BLANK):
            raise refuse(part.name, later, "stands behind an empty line; the file is no longer as CMS wrote it")


def _split(raw: bytes) -> list[str]:
    return [cell.strip() for cell in head_text(raw).rstrip("\r\n").split("\t")]


def _csv_rows(part: Part) -> Iterator[tuple[int, Row]]:
    columns = 0
    ended = 0
    for line, row in cells(part):
        if not any(row):
            ended = line
            continue
        if columns and ended:
            raise refuse(part.name, line, "stands behind an empty line; the file is no longer as CMS wrote it")
        ended = 0
        if not columns:
            if not _is_row(row):
                if line > _PREAMBLE:
                    raise refuse(part.name, line, "no pair stands where the pairs should begin")
                continue
            columns = 7 if len(row) >= 7 else 6
        fault = _fault(row, columns)
        if fault:
            raise refuse(part.name, line, fault)
        values = [*row[:2], *row[columns - 4 :]]
        yield line, tuple(value.encode() for value in values)  # type: ignore[misc]


def _is_row(row: list[str]) -> bool:
    """Whether it is meant as a pair: both codes, or a date. What stands before the first one is notice and header."""
    codes = len(row) > 1 and all(CODE.fullmatch(cell) and not cell.isalpha() for cell in row[:2])
    return codes or (len(row) > 3 and any(len(cell) == 8 and cell.isdecimal() for cell in row))


def _fault(row: list[str], columns: int) -> str:
    """What is wrong with a row; "" where nothing is."""
    if len(row) != columns:
        return f"has {len(row)} columns, not {columns}; is it cut?"
    for cell in row[:2]:
        if not CODE.fullmatch(cell):
            return f'"{cell}" is no code{excel_took_zeros(cell)}'
    effective, deleted, indicator, reason = row[columns - 4 :]
    if columns == 7 and row[2] not in ("", "*"):
        return f'"{row[2]}" stands where only * may mark a pair older than 1996'
    if compact_date(effective) is None:
        return f'"{effective}" is no effective date (YYYYMMDD)'
    if deleted not in ("*", "") and compact_date(deleted) is None:
        return f'"{deleted}" is no deletion date (YYYYMMDD or *)'
    if indicator not in ("0", "1", "9"):
        return f'"{indicator}" is no modifier indicator: 0, 1 or 9'
    return "" if reason else "gives no reason; is it cut?"


# --- what is kept, and what differs ---------------------------------------------------------------------------------


def _content(rows: Sequence[Row]) -> bytes:
    """The table as it is kept: the columns of our own tables, sorted."""
    lines = [b"column1,column2,from,deleted,indicator,why\n"]
    for one, two, effective, deleted, indicator, reason in sorted(set(rows)):
        end = b"" if deleted in (b"*", b"") else _iso(deleted)
        why = reason.strip().replace(b'"', b"'")
        lines.append(b",".join((one, two, _iso(effective), end, indicator, b'"' + why + b'"')) + b"\n")
    return head_text(b"".join(lines)).encode()


def _iso(day: bytes) -> bytes:
    return day[:4] + b"-" + day[4:6] + b"-" + day[6:]


def table(content: bytes, file: str) -> Table:
    """The kept table, for the rule ncci-pairs."""
    return read_pairs(content.decode(), file)


def changes(
    before: Table | None, before_start: Date | None, now: Table, start: Date, codes: frozenset[str]
) -> list[Change]:
    """Pairs that begin, end or change their indicator on the first day of the release, for codes the clinic bills."""
    old = _active(before, start, before_start or start) if before is not None else {}
    new = _active(now, start, start)
    found: list[Change] = []
    for pair in sorted(old.keys() | new.keys()):
        was, is_now = old.get(pair, ""), new.get(pair, "")
        if was != is_now:
            what = "pair-new" if not was else "pair-deleted" if not is_now else "pair-indicator"
            found += [Change(code, what, "/".join(pair), was, is_now) for code in sorted(set(pair) & codes)]
    retired = {code for pair in old for code in pair} - {code for pair in new for code in pair}
    found += [Change(code, "pairless") for code in sorted(retired & codes)]
    return sorted(found, key=lambda change: (change.code, change.what, change.other))


def _active(pairs: Table, on: Date, release: Date) -> dict[tuple[str, str], str]:
    """Modifier indicator of each pair that fires on a date."""
    table: PairTable = pairs  # type: ignore[assignment]
    return {
        codes: pair.indicator
        for codes, dated in table.items()
        for pair in dated
        if isinstance(pair, Pair) and pair.fires(on, release)
    }


FORMAT = Format(
    kind="ncci-ptp",
    rule="ncci-pairs",
    title="Medicare NCCI PTP edits, practitioner",
    href="https://www.cms.gov/medicare/coding-billing/national-correct-coding-initiative-ncci-edits/medicare-ncci-procedure-procedure-ptp-edits",
    recognizes=recognizes,
    read=read,
    table=table,
    changes=changes,
)
"""NCCI pairs."""
