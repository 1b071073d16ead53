"""Reads the list of therapy codes that CMS publishes each year, saved as CSV. Pure.

No copy of it was at hand; read is any table with a column of codes and one that says "always" or "sometimes" therapy
of each, in words or as A and S. Anything else is refused.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from typing import cast

from massage_billing.coding.day import Policy, Table
from massage_billing.coding.tables import StatusTable
from massage_billing.errors import RuleFileError
from massage_billing.releases.model import Change, Context, Draft, Format, Part, refuse
from massage_billing.releases.reading import (
    CODE,
    beginning,
    cells,
    check_end,
    delimiter_of,
    excel_took_zeros,
    one_part,
    release_in_names,
)

KIND = "therapy-codes"
"""The kind of release."""
_CODES = re.compile(r"(cpt|hcpcs)")
_USE = re.compile(r"(always|sometimes|designation|therapy type|status)")
_SAID = {"a": "always", "always": "always", "always therapy": "always"} | {
    "s": "sometimes",
    "sometimes": "sometimes",
    "sometimes therapy": "sometimes",
}
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_COLUMNS = "code,therapy"


def recognizes(head: str) -> bool:
    """By its title or header: therapy, and both words."""
    early = " ".join(head[:20_000].lower().split())
    return "therapy" in early and "always" in early and bool(_CODES.search(early)) and "mue value" not in early


def read(parts: Sequence[Part], context: Context) -> Draft:
    """The list. Raises ReleaseRefused with file, line and reason."""
    part = one_part(parts, "therapy code list")
    found: dict[str, str] = {}
    places: tuple[int, int] | None = None
    line, row, columns, start = 0, [""], 0, None
    lasts: set[str] = set()
    for line, read in cells(part, delimiter_of(beginning(part))):
        if not any(read):
            continue
        lasts.add(row[-1])
        row = read
        if places is None:
            start = start or _year(" ".join(row))
            places, columns = _header(row), len(row)
            continue
        code, said = _use(row, places, columns, part, line)
        if found.get(code, said) != said:
            raise refuse(part.name, line, f"has {code} both as always and as sometimes therapy")
        found[code] = said
    if not found:
        raise refuse(part.name, line or None, "holds no code; is it cut?")
    check_end(part, row[-1], lasts, line)
    kept = {code: found[code] for code in sorted(found) if code in context.known}
    text = f"{_COLUMNS}\n" + "".join(f"{code},{said}\n" for code, said in kept.items())
    start = start or release_in_names(part.hints) or _year(" ".join(part.hints))
    return Draft(text.encode(), len(found), len(kept), start, counts=dict.fromkeys(kept, 1))


def _year(text: str) -> Date | None:
    """The first of January of the year a title names; not of a copyright notice."""
    found = None if "copyright" in text.lower() else _YEAR.search(text)
    return Date(int(found[1]), 1, 1) if found else None


def _header(row: list[str]) -> tuple[int, int] | None:
    """Columns of code and use, once the header is there."""
    names = [" ".join(cell.lower().split()) for cell in row]
    code = next((place for place, name in enumerate(names) if _CODES.search(name)), None)
    use = next((place for place, name in enumerate(names) if _USE.search(name) and place != code), None)
    return (code, use) if code is not None and use is not None and len(row) > 1 else None


def _use(row: list[str], places: tuple[int, int], columns: int, part: Part, line: int) -> tuple[str, str]:
    if len(row) != columns:
        raise refuse(part.name, line, f"has {len(row)} columns, not {columns}; is it cut?")
    code, said = row[places[0]].rstrip("*+~ "), row[places[1]].lower().rstrip("*+~ ")
    if not CODE.fullmatch(code):
        raise refuse(part.name, line, f'"{code}" is no code{excel_took_zeros(code)}')
    if said not in _SAID:
        raise refuse(part.name, line, f'"{row[places[1]]}" is neither always nor sometimes therapy')
    return code, _SAID[said]


def table(content: bytes, file: str) -> Table:
    """The kept list, "always" or "sometimes" by code, for the rule therapy-modifier."""
    rows = csv.reader(io.StringIO(content.decode()), strict=True)
    if next(rows, None) != _COLUMNS.split(","):
        raise RuleFileError(file, 1, f"has to have the columns {_COLUMNS}")
    return {row[0]: row[1] for row in rows}


def changes(
    before: Table | None, _before_start: Date | None, now: Table, _start: Date, codes: frozenset[str]
) -> list[Change]:
    """Codes that come onto the list, leave it, or change between always and sometimes."""
    old, new = cast(StatusTable, before or {}), cast(StatusTable, now)
    found = []
    for code in sorted((old.keys() | new.keys()) & codes):
        was, is_now = old.get(code, "not listed"), new.get(code, "not listed")
        if was != is_now:
            found.append(Change(code, "therapy", "", was, is_now))
    return found


def told_of_policies(now: Table, policies: Iterable[Policy]) -> Iterator[str]:
    """Where a policy wants the plan-of-care modifier on other codes than the list has as always therapy."""
    listed = cast(StatusTable, now)
    always = {code for code, said in listed.items() if said == "always"}
    for policy in policies:
        term = policy.terms.therapy_modifier
        if term is None:
            continue
        for told, codes in (
            ("does not name", always.difference(term.codes)),
            ("names, but the list has not as always therapy,", set(term.codes) - always),
        ):
            if codes:
                yield f"the policy {policy.name} wants a plan-of-care modifier and {told} {', '.join(sorted(codes))}"


FORMAT = Format(
    kind=KIND,
    rule="therapy-modifier",
    title="Medicare therapy code list",
    href="https://www.cms.gov/medicare/coding-billing/therapy-services/annual-therapy-update",
    recognizes=recognizes,
    read=read,
    table=table,
    changes=changes,
    yearly=True,
)
"""Always and sometimes therapy."""
