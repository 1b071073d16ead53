"""Reads the MUE table of CMS, practitioner services, as CSV or tab-separated text. Pure.

Layout: a quoted notice over several lines, the header "HCPCS/\\nCPT Code", "Practitioner Services MUE Values", "MUE
Adjudication Indicator", "MUE Rationale", then a row a code; the indicator is "2 Date of Service Edit: Policy". The
table says nowhere which release it is: its file's name does ("Eff_07-01-2026"), or ``--from``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from typing import cast

from massage_billing.coding.day import Table
from massage_billing.coding.tables import LimitTable, read_limits
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

_OTHERS = ("outpatient hospital", "facility outpatient", "dme supplier")


def recognizes(head: str) -> bool:
    """By its header."""
    return "mue value" in head.lower() and "cpt code" in " ".join(head.lower().split())


def read(parts: Sequence[Part], context: Context) -> Draft:
    """The table. Raises ReleaseRefused with file, line and reason."""
    part = one_part(parts, "MUE table")
    limits: dict[str, tuple[str, str]] = {}
    columns, line, row = 0, 0, [""]
    reasons: set[str] = set()
    for line, cut in cells(part, delimiter_of(beginning(part))):
        if not any(cut):
            continue
        reasons.add(row[-1])
        row = cut
        if not columns:
            columns = _header(row, part, line)
            continue
        units, mai = _limit(row, columns, part, line)
        if row[0] in limits:
            raise refuse(part.name, line, f"has {row[0]} twice")
        limits[row[0]] = units, mai
    if not limits:
        raise refuse(part.name, line or None, "holds no limit; is it cut?")
    check_end(part, row[-1], reasons, line)
    kept = {code: limit for code, limit in sorted(limits.items()) if code in context.known}
    text = "code,units,mai\n" + "".join(f"{code},{units},{mai}\n" for code, (units, mai) in kept.items())
    return Draft(
        text.encode(), len(limits), len(kept), release_in_names(part.hints), counts=dict.fromkeys(kept, 1),
    )  # fmt: skip


def _header(row: list[str], part: Part, line: int) -> int:
    """Number of columns, once the header is there; 0 before."""
    names = [" ".join(cell.lower().split()) for cell in row]
    if not names[0].replace(" ", "") == "hcpcs/cptcode":
        if CODE.fullmatch(row[0]):
            raise refuse(part.name, line, "a code stands before the header")
        return 0
    if any(other in name for name in names for other in _OTHERS):
        raise refuse(part.name, line, "is the table of another setting; a clinic needs the practitioner services")
    if len(names) < 3 or "mue value" not in names[1]:
        raise refuse(part.name, line, "has not the columns of an MUE table")
    if "adjudication indicator" not in names[2]:
        raise refuse(part.name, line, "has no adjudication indicators: it is Medicaid's; take the Medicare table")
    return len(names)


def _limit(row: list[str], columns: int, part: Part, line: int) -> tuple[str, str]:
    """Units and MAI of one row."""
    if len(row) != columns:
        raise refuse(part.name, line, f"has {len(row)} columns, not {columns}; is it cut?")
    code, units, indicator = row[:3]
    if not CODE.fullmatch(code):
        raise refuse(part.name, line, f'"{code}" is no code{excel_took_zeros(code)}')
    if not (units.isdecimal() and units.isascii()):
        raise refuse(part.name, line, f'"{units}" is no number of units')
    mai = indicator[:1]
    if mai not in ("1", "2", "3") or indicator[1:2] not in ("", " "):
        raise refuse(part.name, line, f'"{indicator}" is no adjudication indicator: 1, 2 or 3')
    return units, mai


def table(content: bytes, file: str) -> Table:
    """The kept table, for the rule mue."""
    return read_limits(content.decode(), file)


def changes(
    before: Table | None, _before_start: Date | None, now: Table, _start: Date, codes: frozenset[str]
) -> list[Change]:
    """Limits that go up or down, and codes that come or go."""
    old, new = cast(LimitTable, before or {}), cast(LimitTable, now)
    found = []
    for code in sorted((old.keys() | new.keys()) & codes):
        was, is_now = old.get(code), new.get(code)
        if was is None and is_now is not None:
            found.append(Change(code, "new", now=f"MUE {is_now.units}, MAI {is_now.mai}"))
        elif was is not None and is_now is None:
            found.append(Change(code, "retired", was=f"MUE {was.units}"))
        elif was is not None and is_now is not None:
            if was.units != is_now.units:
                what = "limit-up" if is_now.units > was.units else "limit-down"
                found.append(Change(code, what, was=str(was.units), now=str(is_now.units)))
            if was.mai != is_now.mai:
                found.append(Change(code, "limit-kind", was=was.mai, now=is_now.mai))
    return found


FORMAT = Format(
    kind="mue",
    rule="mue",
    title="Medicare MUE, practitioner services",
    href="https://www.cms.gov/medicare/coding-billing/national-correct-coding-initiative-ncci-edits/medicare-ncci-medically-unlikely-edits",
    recognizes=recognizes,
    read=read,
    table=table,
    changes=changes,
    keeps_note=True,
)
"""MUE."""
