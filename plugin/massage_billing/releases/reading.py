"""What every reader of release files shares: cells with their lines, dates, and the signs of a wrong file. Pure."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import timedelta
from itertools import islice

from massage_billing.releases.model import Part, quarter, refuse

HEAD_BYTES = 65_536
"""How much of a file is looked at to tell what it is."""
CODE = re.compile(r"[0-9A-Z]{5}")
"""A CPT or HCPCS number."""
_QUARTER_IN_NAME = re.compile(r"(20\d\d)[-_ ]?q([1-4])", re.IGNORECASE)
_DATE_IN_NAME = re.compile(r"(?<!\d)(\d\d)[-_](\d\d)[-_](20\d\d)(?!\d)")
_HTML = re.compile(r"\s*(<!doctype\s+html|<html|<head|<\?xml[^>]*>\s*<!doctype\s+html)", re.IGNORECASE)
_NOT_TEXT = (
    (b"%PDF", "is a PDF; take the text or CSV file of the same release"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel file; take the text file, or save the sheet as CSV"),
    (b"\xff\xfe", "is UTF-16 text; save it as CSV in UTF-8"),
    (b"\xfe\xff", "is UTF-16 text; save it as CSV in UTF-8"),
    (b"\x1f\x8b", "is packed with gzip; unpack it first"),
)


def decoded(line: bytes) -> str:
    """A line as text: UTF-8, else Windows-1252, in which CMS writes its notices."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def fault_of_bytes(head: bytes) -> str | None:
    """Why a file cannot be a text of CMS, by its first bytes; None where nothing speaks against it."""
    for magic, reason in _NOT_TEXT:
        if head.startswith(magic):
            return reason
    if not head.strip():
        return "is empty"
    if b"\0" in head:
        return "is no text file"
    if _HTML.match(head_text(head)):
        licence = "license" in head_text(head).lower()
        page = "the licence page" if licence else "a web page"
        return f"is {page}, saved in place of the file: agree on that page, and give what it then downloads"
    return None


def head_text(head: bytes) -> str:
    """The beginning of a file as text, without its byte order mark."""
    return decoded(head.removeprefix(b"\xef\xbb\xbf"))


def cells(part: Part, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV or tab-separated text with the line each ends on; cells stripped, quoted ones may span lines.

    Raises ReleaseRefused for a quote that never closes.
    """
    first = True

    def text() -> Iterator[str]:
        nonlocal first
        for line in part.lines():
            yield decoded(line.removeprefix(b"\xef\xbb\xbf") if first else line)
            first = False

    reader = csv.reader(text(), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise refuse(part.name, reader.line_num, f"cannot be read as a table ({error}); is it cut?") from None


def beginning(part: Part) -> str:
    """The first lines of a part as text."""
    return head_text(b"".join(islice(part.lines(), 60)))


def delimiter_of(head: str) -> str:
    """Tab or comma, whichever the beginning has more of."""
    return "\t" if head.count("\t") > head.count(",") else ","


def one_part(parts: Sequence[Part], what: str) -> Part:
    """The only part; refuses several."""
    if len(parts) > 1:
        names = ", ".join(part.name for part in parts)
        raise refuse(parts[1].name, None, f"is a second {what}: give one release at a time ({names})")
    return parts[0]


def check_end(part: Part, last: str, others: Iterable[str], line: int) -> None:
    """Refuse a last line that is cut: it has no end, and its last cell is like that of no other line."""
    raw = next(iter(deque(part.lines(), maxlen=1)), b"")
    if not raw.endswith((b"\n", b"\r")) and last not in others:
        raise refuse(part.name, line, f'is cut: its last line has no end and stops at "{last}"')


def compact_date(text: str) -> Date | None:
    """YYYYMMDD as a date; None where it is none."""
    if len(text) != 8 or not text.isdecimal() or not text.isascii():
        return None
    try:
        return Date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def release_in_names(hints: Iterable[str]) -> Date | None:
    """The first day of a release, as a file's names tell it: "2026q3", or a date as in "Eff_07-01-2026"."""
    for name in hints:
        dated = _DATE_IN_NAME.search(name)
        if dated:
            month, day, year = (int(part) for part in dated.groups())
            try:
                return Date(year, month, day)
            except ValueError:
                continue
        named = _QUARTER_IN_NAME.search(name)
        if named:
            return quarter(int(named[1]), int(named[2]))
    return None


def end_of_quarter(start: Date) -> Date:
    """Last day of the quarter a date lies in."""
    following = quarter(start.year + 1, 1) if start.month > 9 else quarter(start.year, (start.month - 1) // 3 + 2)
    return following - timedelta(days=1)


def excel_took_zeros(cell: str) -> str:
    """A hint where a code looks as if a spreadsheet had taken its leading zeros; "" where it does not."""
    lost = cell.isdecimal() and len(cell) < 5
    return " (a spreadsheet took its leading zeros; give the file as it was downloaded)" if lost else ""
