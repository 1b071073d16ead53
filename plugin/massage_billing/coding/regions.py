"""Which parts of the body does the record name, and are two of them apart? By our own table of body regions.

A region is a set of smallest parts; two regions are apart where they share none. What the table does not know is apart
from nothing: no modifier rests on a word that nobody can read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from massage_billing.errors import RuleFileError

Parts = frozenset[str]
RegionTable = Mapping[str, Parts]
"""The parts of each region, by every word and code that means it."""
RULE = "body-region"
"""Id of the rule whose table it is."""
_COLUMNS = ("region", "parts", "sides", "words", "snomed", "left", "right")
_SNOMED = "http://snomed.info/sct|"
_LEFT, _RIGHT = "left", "right"
_BOTH = ("both", "bilateral")
_SHORT = {_LEFT: ("left", "l"), _RIGHT: ("right", "r")}


@lru_cache(maxsize=4096)
def normal(region: str) -> str:
    """A region as the table writes it: small letters, no punctuation; a code as it is."""
    if "|" in region:
        return region
    return " ".join("".join(c if c.isalnum() else " " for c in region.lower()).split())


def parts(region: str, table: RegionTable) -> Parts | None:
    """The parts of a region as it is recorded; None where the table does not know it."""
    return table.get(region) or table.get(normal(region))


def known(regions: Iterable[str], table: RegionTable) -> Parts | None:
    """The parts of all these regions together; None where there is none, or one is not known."""
    found: set[str] = set()
    for region in regions:
        its = parts(region, table)
        if its is None:
            return None
        found |= its
    return frozenset(found) or None


def apart(ones: Iterable[str], others: Iterable[str], table: RegionTable) -> bool:
    """Whether the record shows that two services were of separate regions: every region known, no part shared."""
    first = known(ones, table)
    second = known(others, table) if first is not None else None
    return first is not None and second is not None and not first & second


def read_regions(text: str, file: str) -> RegionTable:
    """``region,parts,sides,words,snomed,left,right``; parts are other regions of the table, none for a smallest.

    Where a region has sides, its words are also read with a side before or after them. Raises RuleFileError.
    """
    rows: dict[str, tuple[int, dict[str, str]]] = {}
    reader = csv.DictReader(io.StringIO(text), strict=True)
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise RuleFileError(file, 1, f"has to have the columns {', '.join(_COLUMNS)}")
    for row in reader:
        if None in row or None in row.values() or row["sides"] not in ("yes", "no"):
            raise RuleFileError(file, reader.line_num, f"has not {len(_COLUMNS)} columns, or sides other than yes, no")
        if row["region"] in rows:
            raise RuleFileError(file, reader.line_num, f"has {row['region']} twice")
        rows[row["region"]] = reader.line_num, row
    table: dict[str, Parts] = {}
    for line, row in rows.values():
        for name, side in _names(row):
            its = frozenset(_smallest(row["region"], side, rows, file, line, ()))
            if table.setdefault(name, its) != its:
                raise RuleFileError(file, line, f'means two regions by "{name}"')
    return table


def _names(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every word and code of a row, with the side that it says."""
    sided = row["sides"] == "yes"
    for word in filter(None, row["words"].split("|")):
        yield word, ""
        for side, shorts in _SHORT.items() if sided else ():
            for short in shorts:
                yield f"{short} {word}", side
                yield f"{word} {short}", side
        for both in _BOTH if sided else ():
            yield f"{both} {word}", ""
    for column, side in (("snomed", ""), (_LEFT, _LEFT), (_RIGHT, _RIGHT)):
        for code in filter(None, row[column].split("|")):
            yield f"{_SNOMED}{code}", side


def _smallest(
    region: str, side: str, rows: Mapping[str, tuple[int, dict[str, str]]], file: str, line: int, above: tuple[str, ...]
) -> Iterator[str]:
    """The smallest parts of a region, of one side where it has sides and one is said."""
    if region not in rows or region in above:
        raise RuleFileError(file, line, f'has a part "{region}" that is no region of the table, or is part of itself')
    row = rows[region][1]
    for part in filter(None, row["parts"].split("|")):
        yield from _smallest(part, side, rows, file, line, (*above, region))
    if not row["parts"]:
        sides = (side or _LEFT, side or _RIGHT) if row["sides"] == "yes" else ("",)
        yield from (f"{region} {each}".rstrip() for each in sides)
