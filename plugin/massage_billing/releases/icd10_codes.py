"""Reads the ICD-10-CM code lists of NCHS: the order file, the codes file, and the addenda of an order file. Pure.

Order file (``icd10cm_order_2026.txt``), fixed columns: order number 1-5, code 7-13 without its point, 15 "0" for a
heading or "1" for a code a claim may carry, short title 17-76, long title from 78 on. Codes file: code, then its title.
Order addenda (``icd10cm_order_addenda_2026.txt``): "Add:", "Delete:", "Revise from:" or "Revise to:" up to column 13,
then flag, code and titles, then counts of headers and codes before and after; they are read onto the release before.
The zip of NCHS holds all of them; where the order file is there, nothing else of it is read.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from typing import Final, cast

from massage_billing.coding.icd10 import pointed
from massage_billing.coding.tables import Icd10Table, Table
from massage_billing.releases.model import Change, Context, Draft, Format, Part, refuse
from massage_billing.releases.reading import beginning, decoded, one_part

KIND: Final = "icd10cm"
"""Kind of release: the codes of ICD-10-CM."""

_CODE: Final = re.compile(r"[A-Z][0-9A-Z]{2,6}")
# The columns are counted in bytes, so a short title with an accent has fewer characters.
_ORDER: Final = re.compile(r"([0-9]{5}) ([0-9A-Z ]{7}) (.) (.{50,60}) (.+)")
_ORDER_HEAD: Final = re.compile(r"\A[0-9]{5} [0-9A-Z]{3} {4} 0 \S")
_CODES: Final = re.compile(r"([0-9A-Z]{3,7}) +(\S.*)")
_CODES_HEAD: Final = re.compile(r"\AA00[0-9] +\S")
_ADDENDA: Final = re.compile(r"(Add|Delete|Revise from|Revise to): +([01]) ([0-9A-Z]{3,7}) *(?:\s.*)?")
_COUNT: Final = re.compile(r"\s+([0-9]+) (headers|codes|additions|deletions|revisions)\b(.*)")
_ADDENDA_HEAD: Final = re.compile(
    r"^\s+[0-9]+ headers in icd10cm|^(?:Add|Delete|Revise from): +[01] [A-Z]", re.MULTILINE
)
_YEAR: Final = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_APRIL: Final = re.compile(r"april[-_ ]?1?[-_ ,]*(20\d\d)", re.IGNORECASE)
_FIRST, _LAST = "A00", "Z99"
_CHANGES: Final = (4, 10)
"""Months whose first day a release may be for: NCHS updates in October, and since 2021 in April."""
_SHOWN = 12


@dataclass
class _Codes:
    """What a list holds so far."""

    billable: set[str] = field(default_factory=set)
    headings: set[str] = field(default_factory=set)
    lines: dict[str, int] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    def add(self, code: str, billable: bool, part: Part, line: int) -> None:
        if not _CODE.fullmatch(code):
            raise refuse(part.name, line, f'"{code}" is no ICD-10-CM code; is it a list of procedures (ICD-10-PCS)?')
        if code in self.lines:
            raise refuse(part.name, line, f"has {code} twice")
        self.lines[code] = line
        (self.billable if billable else self.headings).add(code)
        self.first, self.last = self.first or code, code


def pack(billable: Iterable[str], headings: Iterable[str]) -> bytes:
    """Codes without their point, a line each, headings with "-" behind; the same codes give the same bytes."""
    lines = sorted([*billable, *(f"{code}-" for code in headings)])
    return gzip.compress("\n".join(lines).encode("ascii") + b"\n", 9, mtime=0)


def recognizes(head: str) -> bool:
    """By the columns of its first lines, or by the words of an addenda."""
    return any(form.search(head) for form in (_ORDER_HEAD, _ADDENDA_HEAD, _CODES_HEAD))


def read(parts: Sequence[Part], context: Context) -> Draft:
    """The codes of one release. Raises ReleaseRefused with file, line and reason."""
    by_form: dict[str, list[Part]] = {}
    for part in parts:
        by_form.setdefault(_form(part), []).append(part)
    form = next(form for form in ("order", "addenda", "codes") if form in by_form)
    part = one_part(by_form[form], f"ICD-10-CM {form} file")
    start = context.start or release_start(part.hints)
    if form == "addenda":
        billable, headings = _after(part, start, context)
    else:
        billable, headings = _order(part) if form == "order" else _codes(part)
    rows = len(billable) + len(headings)
    return Draft(pack(billable, headings), rows, rows, start, start and known_through(start), version=_version(start))


def _form(part: Part) -> str:
    head = beginning(part)
    if _ORDER_HEAD.search(head):
        return "order"
    return "addenda" if _ADDENDA_HEAD.search(head) else "codes"


def _order(part: Part) -> tuple[set[str], set[str]]:
    """Codes and headings of an order file, whose numbers may not have a gap."""
    found, number, line, titles = _Codes(), 0, 0, ("", "")
    for line, text in _lines(part):
        row = _ORDER.fullmatch(text)
        if row is None:
            raise refuse(part.name, line, "has not the columns of an order file; is it cut?")
        if int(row[1]) != number + 1:
            raise refuse(part.name, line, f"order number {row[1]} follows {number:05}: lines are missing")
        if row[3] not in "01":
            raise refuse(part.name, line, f'"{row[3]}" is neither 0 (a heading) nor 1 (a code)')
        number = int(row[1])
        found.add(row[2].rstrip(), row[3] == "1", part, line)
        titles = (row[4].rstrip(), row[5].rstrip())
    if len(titles[1]) < len(titles[0]):
        raise refuse(part.name, line, f'is cut: its last line stops at "{titles[1]}"')
    _check_whole(found, part, line)
    _check_tree(found, part)
    return found.billable, found.headings


def _codes(part: Part) -> tuple[set[str], set[str]]:
    """Codes of a codes file, with their headings, which it leaves out."""
    found, line = _Codes(), 0
    for line, text in _lines(part):
        row = _CODES.fullmatch(text)
        if row is None:
            raise refuse(part.name, line, "has not the columns of a codes file; is it cut?")
        found.add(row[1], True, part, line)
    _check_whole(found, part, line)
    headings = headings_of(found.billable)
    for code in sorted(headings & found.billable):
        raise refuse(part.name, found.lines[code], f"has {code}, and codes under it: not all of them can be billed")
    return found.billable, headings


def headings_of(billable: Iterable[str]) -> set[str]:
    """The headings over codes: all their beginnings but those that only fill up to the 7th character with X."""
    following: dict[str, set[str]] = {}
    for code in billable:
        for length in range(3, len(code)):
            following.setdefault(code[:length], set()).add(code[length])
    return {
        heading
        for heading, characters in following.items()
        if not (heading.endswith("X") and len(heading) > 3 and (len(heading) == 6 or characters == {"X"}))
    }


def _lines(part: Part) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers."""
    for line, raw in enumerate(part.lines(), start=1):
        text = decoded(raw.removeprefix(b"\xef\xbb\xbf") if line == 1 else raw).rstrip("\r\n\x1a")
        if text.strip():
            yield line, text


def _check_whole(found: _Codes, part: Part, line: int) -> None:
    if not found.first.startswith(_FIRST):
        raise refuse(part.name, 1, f"begins with {found.first or 'nothing'}, not with {_FIRST}")
    if not found.last.startswith(_LAST):
        raise refuse(part.name, line, f"ends with {found.last}, not with {_LAST}: it is cut")


def _check_tree(found: _Codes, part: Part) -> None:
    """A heading has codes under it and a code has none."""
    above = {code[:length] for code in found.billable for length in range(3, len(code))}
    for code in sorted(found.headings - above):
        raise refuse(part.name, found.lines[code], f"has the heading {code} without a code under it; is it cut?")
    for code in sorted(found.billable & above):
        raise refuse(part.name, found.lines[code], f"has {code} as a code, and codes under it")


def _after(part: Part, start: Date | None, context: Context) -> tuple[set[str], set[str]]:
    """The release before, with the changes of an addenda."""
    if start is None:
        raise refuse(part.name, None, "does not say from when on it holds; name the date with --from")
    base = context.earlier(KIND, start)
    if base is None:
        raise refuse(part.name, None, "only tells changes; give the order file of the release it changes first")
    before = Icd10Table(base)
    sets = {"1": set(before.codes), "0": set(before.headings)}
    done = {(flag, what): 0 for flag in "01" for what in ("additions", "deletions", "revisions")}
    counts: list[tuple[int, int, str, str]] = []
    for line, text in _lines(part):
        row, count = _ADDENDA.fullmatch(text), _COUNT.fullmatch(text)
        if row is not None:
            _apply(row[1], row[2], row[3], sets, done, part, line)
        elif count is not None:
            counts.append((line, int(count[1]), count[2], count[3]))
        elif text.strip() not in ("Headers", "Codes", "of which"):
            raise refuse(part.name, line, "is no line of an addenda; is it cut?")
    _check_counts(counts, before, sets, done, part)
    return sets["1"], sets["0"]


def _apply(
    what: str, flag: str, code: str, sets: Mapping[str, set[str]], done: dict[tuple[str, str], int], part: Part,
    line: int,
) -> None:  # fmt: skip
    """One line of an addenda; a change of titles changes nothing here."""
    codes = sets[flag]
    if what == "Add":
        done[(flag, "additions")] += 1
        if code in codes or not _CODE.fullmatch(code):
            raise refuse(part.name, line, f"adds {code}, which is there already or is no code")
        codes.add(code)
    elif code not in codes:
        kind = "code" if flag == "1" else "heading"
        raise refuse(part.name, line, f"changes the {kind} {code}, which is not there; is it of another release?")
    elif what == "Delete":
        done[(flag, "deletions")] += 1
        codes.remove(code)
    elif what == "Revise from":
        done[(flag, "revisions")] += 1


def _check_counts(
    counts: Sequence[tuple[int, int, str, str]], before: Icd10Table, sets: Mapping[str, set[str]],
    done: Mapping[tuple[str, str], int], part: Part,
) -> None:  # fmt: skip
    """The counts at its end: of the release before and after, and of the changes of each kind."""
    expected: list[tuple[str, int]] = []
    for flag, name, old in (("0", "headers", before.headings), ("1", "codes", before.codes)):
        expected += [(name, len(old)), (name, len(sets[flag]))]
        expected += [(what, done[(flag, what)]) for what in ("additions", "deletions", "revisions")]
    told = [count for count in counts if not count[3].strip().startswith("to ")]
    for (line, number, name, _), (expected_name, wanted) in zip(told, expected, strict=False):
        if name != expected_name or number != wanted:
            raise refuse(part.name, line, f"tells {number} {name}, but there are {wanted} {expected_name}")
    if len(told) != len(expected):
        raise refuse(part.name, None, "has not all of its counts; is it cut?")


def release_start(hints: Iterable[str]) -> Date | None:
    """First day of a release by the names of its files: 1 April where they say so, else 1 October before the year."""
    for name in hints:
        april = _APRIL.search(name)
        if april:
            return Date(int(april[1]), 4, 1)
        year = _YEAR.search(name)
        if year and "addenda" not in name.lower():
            return Date(int(year[1]) - 1, 10, 1)
    return None


def known_through(start: Date) -> Date:
    """The day before NCHS may change the codes again."""
    following = [Date(year, month, 1) for year in (start.year, start.year + 1) for month in _CHANGES]
    return min(day for day in following if day > start) - timedelta(days=1)


def _version(start: Date | None) -> str:
    return f"{start:%Y-%m}" if start else ""


def table(content: bytes, _file: str) -> Table:
    """The kept codes, for the rule diagnosis-valid."""
    return Icd10Table(content)


def changes(
    before: Table | None, _before_start: Date | None, now: Table, _start: Date, codes: frozenset[str]
) -> list[Change]:
    """Codes that are new and codes that end: how many, the first of them, and each of ``codes``."""
    old = cast(Icd10Table, before).codes if before is not None else frozenset()
    new = cast(Icd10Table, now).codes
    found = []
    for what, changed in (("new", new - old), ("retired", old - new)):
        mine = [pointed(code) for code in sorted(changed) if pointed(code) in codes]
        found += [Change(code, what) for code in mine]
        if changed and old:
            text = _counted(sorted(changed))
            found.append(Change("ICD-10", what, now=text if what == "new" else "", was=text if what != "new" else ""))
    return sorted(found, key=lambda change: (change.code, change.what))


def _counted(codes: Sequence[str]) -> str:
    """ "15 codes: M72.2, …", the first dozen by name."""
    shown = ", ".join(pointed(code) for code in codes[:_SHOWN])
    return f"{len(codes)} code{'s' if len(codes) > 1 else ''}: {shown}{', …' if len(codes) > _SHOWN else ''}"


FORMAT = Format(
    kind=KIND,
    rule="diagnosis-valid",
    title="ICD-10-CM codes",
    href="https://www.cdc.gov/nchs/icd/icd-10-cm/files.html",
    recognizes=recognizes,
    read=read,
    table=table,
    changes=changes,
    by_service=False,
)
"""Codes of ICD-10-CM."""
