"""The whole import: files in, refused whole or kept, and what they change for the codes the clinic bills."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

from massage_billing.coding.day import Table
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.tables import Icd10Table
from massage_billing.errors import InputError
from massage_billing.releases import therapy
from massage_billing.releases.formats import KINDS
from massage_billing.releases.given import open_given
from massage_billing.releases.model import Change, Context, Draft, Format, GivenFile, Part, Release, refuse
from massage_billing.releases.reading import end_of_quarter
from massage_billing.releases.shelf import Shelf

_MANY = 100
"""A code with so many rows does not vanish from one release to the next."""
_LARGE = 1000
"""Rows from which on a release is large enough to be compared with others by size; CMS publishes no smaller one."""
_FEW = 0.2
"""Share of what was known before that a new release may lack: CMS keeps what it deletes."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one release that was given."""

    release: Release
    """The release."""
    state: str
    """new, replaced or unchanged."""
    compared_with: str
    """The row that held on its first day before, "2024-07-01"; "" where none did."""
    changes: tuple[Change, ...]
    """What it changes for the codes of the clinic."""
    warnings: tuple[str, ...] = ()
    """What a person should look at."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of an import."""

    files: tuple[Path, ...]
    """The files."""
    today: Date
    """The day of the import."""
    start: Date | None = None
    """``--from``: first day, where the file does not say it, or another."""
    codes: frozenset[str] = frozenset()
    """Codes the clinic bills."""
    dry_run: bool = False
    """Read and compare only."""


def import_files(request: Request, shelf: Shelf, book: Callable[[], Rulebook]) -> list[Imported]:
    """Read, compare and keep releases; all of what was given or none of it.

    ``book`` makes the rulebook as it is before; it is asked once nobody else imports. Raises InputError.
    """
    kinds, given = open_given(request.files)
    if request.dry_run:
        return [one for one, _ in _read_all(kinds, given, request, shelf, book())]
    with shelf.alone():
        done = _read_all(kinds, given, request, shelf, book())
        fresh = {one.release.id: one for one, _ in done if one.state != "unchanged"}
        if fresh:
            kept = [release for release in shelf.releases() if release.id not in fresh]
            contents = {one.release.file: content for one, content in done if one.release.id in fresh}
            shelf.put([*kept, *(one.release for one in fresh.values())], contents)
    return [one for one, _ in done]


def remove(shelf: Shelf, release_id: str) -> Release:
    """Take one release out. Raises InputError where it is not there."""
    with shelf.alone():
        releases = shelf.releases()
        gone = next((release for release in releases if release.id == release_id), None)
        if gone is None:
            known = ", ".join(release.id for release in releases) or "none"
            raise InputError(
                f"There is no release {release_id}; loaded: {known}.", "Name one of `rules import --list`."
            )
        shelf.put([release for release in releases if release is not gone], {})
    return gone


def _read_all(
    kinds: Sequence[tuple[Format, list[Part]]],
    given: list[GivenFile],
    request: Request,
    shelf: Shelf,
    book: Rulebook,
) -> list[tuple[Imported, bytes]]:
    releases, done = shelf.releases(), []
    for known, parts in kinds:
        known_codes = frozenset(book.undated().codes)
        context = Context(known_codes, request.start, partial(_earlier, shelf, releases, book))
        draft = known.read(parts, context)
        release = _release(known, draft, request, _used(parts, given))
        if known.by_service:
            release = replace(release, codes=tuple(sorted(known_codes)))
        before = next((one for one in releases if one.id == release.id), None)
        _check_size(parts, draft, release, releases)
        done.append((_compared(release, before, known, draft, request, book), draft.content))
    ids = [one.release.id for one, _ in done]
    twice = next((one for one in ids if ids.count(one) > 1), None)
    if twice is not None:
        raise refuse(request.files[-1].name, None, f"gives {twice} a second time")
    return done


def _used(parts: Iterable[Part], given: Iterable[GivenFile]) -> tuple[GivenFile, ...]:
    names = {part.hints[-1] for part in parts}
    return tuple(sorted((one for one in given if one.name in names), key=lambda one: one.name))


def _earlier(shelf: Shelf, releases: Iterable[Release], book: Rulebook, kind: str, before: Date) -> bytes | None:
    """The release before a date: of the shelf, else what ships where that is kept in the same form."""
    older = [release for release in releases if release.kind == kind and release.start < before]
    if older:
        return shelf.content(max(older, key=lambda release: release.start))
    shipped = book.on(before - timedelta(days=1)).tables.get(KINDS[kind].rule)
    return shipped.packed if isinstance(shipped, Icd10Table) else None


def _release(known: Format, draft: Draft, request: Request, files: tuple[GivenFile, ...]) -> Release:
    """The release with its dates. Raises InputError where neither file nor caller says them."""
    start = request.start or draft.start or (request.today if not known.rule else None)
    if start is None:
        newest = f" Its newest row is of {draft.newest}." if draft.newest else ""
        names = ", ".join(file.name for file in files)
        told = f"{names}: neither the file nor its name says from when it is in force.{newest}"
        raise InputError(told, "Give --from with the first day of its quarter, like --from 2026-10-01.")
    if draft.start is not None and start < draft.start:
        told = f"{', '.join(file.name for file in files)}: is of {draft.start}, so it cannot hold from {start}."
        raise InputError(told, "Leave out --from; for older visits load the release of their time.")
    through = draft.through
    for first in (draft.start, start):
        if through is None or through < start:
            through = _end(known, first) if first is not None else through
    assert through is not None  # noqa: S101
    sha = hashlib.sha256(draft.content).hexdigest()
    name = f"{known.kind}-{start.isoformat()}"
    return Release(
        id=name, kind=known.kind, start=start, through=through, version=draft.version, file=f"{name}.{sha[:16]}",
        sha256=sha, rows=draft.rows, kept=draft.kept, files=files, counts=draft.counts, imported=request.today,
    )  # fmt: skip


def _end(known: Format, start: Date) -> Date:
    return Date(start.year, 12, 31) if known.yearly else end_of_quarter(start)


def _check_size(parts: Sequence[Part], draft: Draft, release: Release, releases: Iterable[Release]) -> None:
    """Refuse a file that lacks half of what the release before it had, or every row of a code that had hundreds."""
    others = [one for one in releases if one.kind == release.kind]
    if not others:
        return
    near = min(others, key=lambda one: (one.start > release.start, abs((one.start - release.start).days)))
    cut = "it is cut, or parts are missing"
    if near.rows >= _LARGE and draft.rows * 2 < near.rows:
        told = f"holds {draft.rows:,} rows, but the release of {near.start} had {near.rows:,}: {cut}"
        raise refuse(parts[-1].name, None, told)
    for code, count in near.counts.items():
        if count >= _MANY and not draft.counts.get(code):
            told = f"has no row of {code}, of which the release of {near.start} had {count:,}: {cut}"
            raise refuse(parts[-1].name, None, told)


def _compared(
    release: Release, before: Release | None, known: Format, draft: Draft, request: Request, book: Rulebook
) -> Imported:
    same = before is not None and replace(release, imported=None, files=()) == replace(before, imported=None, files=())
    if before is not None and same:
        return Imported(before, "unchanged", "", ())
    state = "replaced" if before is not None else "new"
    if known.table is None or known.changes is None:
        return Imported(release, state, "", ())
    row, table = _before(known.rule, release.start, book)
    table = _of_known(table, frozenset(book.undated().codes))
    files = ", ".join(file.name for file in release.files)
    now = known.table(draft.content, release.file)
    lacks = _lacks(table, now)
    if lacks and draft.rows >= _LARGE:
        raise refuse(files, None, f"{lacks}: it is cut, or parts are missing")
    warnings: tuple[str, ...] = (f"{files} {lacks}: is it an excerpt?",) if lacks else ()
    if known.kind == therapy.KIND:
        warnings += tuple(therapy.told_of_policies(now, book.on(release.start).policies.values()))
    found = known.changes(table, row, now, release.start, request.codes)
    held = row.isoformat() if row and table is not None else ""
    return Imported(release, state, held, tuple(found), warnings)


def _of_known(table: Table | None, codes: frozenset[str]) -> Table | None:
    """A table of codes or pairs without the codes that the rulebook does not know: releases keep no more either."""
    if not isinstance(table, Mapping):
        return table
    entries = cast(Mapping[str | tuple[str, str], object], table)
    known = {key: entry for key, entry in entries.items() if codes.issuperset((key,) if isinstance(key, str) else key)}
    return cast(Table, known)


def _lacks(before: Table | None, now: Table) -> str:
    """What a release lacks of what was known before, where it is too much; "" else."""
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return ""
    gone = len(before.keys() - now.keys())
    return f"lacks {gone:,} of {len(before):,} entries that were known before" if gone > _FEW * len(before) else ""


def _before(rule: str, on: Date, book: Rulebook) -> tuple[Date | None, Table | None]:
    """First day and table of the row that holds on a date so far."""
    day = book.on(on)
    row, table = day.rows.get((rule, "")), day.tables.get(rule)
    return (row.start, table) if row is not None else (None, None)


def kind_title(release: Release) -> str:
    """What a kind of release is called."""
    known = KINDS.get(release.kind)
    return known.title if known else release.kind
