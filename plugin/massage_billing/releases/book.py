"""Makes dated rows and tables of the releases that a clinic has loaded: older dates of service keep older releases."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

from massage_billing.coding.day import Table
from massage_billing.coding.rulefile import RuleText
from massage_billing.coding.terms import Row, Source
from massage_billing.releases import descriptors
from massage_billing.releases.formats import KINDS
from massage_billing.releases.model import Release
from massage_billing.releases.shelf import Shelf

KEY = "releases/"
"""Beginning of a release's table and source key among those of the rule files."""


def with_releases(
    rules: Iterable[RuleText], folder: Path | None, digest: hashlib._Hash
) -> tuple[list[RuleText], dict[str, Table]]:
    """The rules with a row for each release of ``folder``, and the tables of those rows.

    ``digest`` takes in what is loaded, so that an import wakes open holds; without a release it stays as it is. Raises
    RuleFileError where the folder is damaged.
    """
    by_rule: dict[str, list[Release]] = {}
    tables: dict[str, Table] = {}
    shelf = Shelf(folder) if folder is not None else None
    for release, content in shelf.everything() if shelf else ():
        known = KINDS.get(release.kind)
        if known is None or not known.rule or known.table is None:
            continue
        by_rule.setdefault(known.rule, []).append(release)
        tables[KEY + release.id] = known.table(content, KEY + release.file)
        digest.update(f"{release.id}\0{release.through}\0{release.sha256}\0".encode())
    return [_merged(rule, by_rule.get(rule.rule, [])) for rule in rules], tables


def labels(folder: Path | None) -> Mapping[str, str]:
    """The clinic's licensed descriptors by code, to show on this machine; none where none are loaded."""
    shelf = Shelf(folder) if folder is not None else None
    loaded = [one for one in shelf.everything() if one[0].kind == descriptors.KIND] if shelf else []
    return descriptors.texts(max(loaded, key=lambda one: one[0].start)[1]) if loaded else {}


def _merged(rule: RuleText, releases: list[Release]) -> RuleText:
    """A rule with one more general row a release."""
    general = sorted((row for row in rule.values if not row.case), key=lambda row: row.start)
    if not releases or not general:
        return rule
    starts = {release.start for release in releases}
    rows = [row for row in rule.values if row.case or row.start not in starts]
    rows += [_row(release, general) for release in releases]
    rows += _resuming(releases, general)
    rows += _reaching_back(rule.values, min(starts), general[0].start)
    sources = {KEY + release.id: _source(release) for release in releases}
    return rule.model_copy(update={"values": tuple(rows), "sources": {**rule.sources, **sources}})


def _row(release: Release, general: list[Row]) -> Row:
    """The row of a release: says what the rule's row of that date says, with the release's dates, table and source."""
    like = [row for row in general if row.start <= release.start] or general[:1]
    key = KEY + release.id
    changed: dict[str, object] = {
        "start": release.start, "to": None, "known_through": release.through, "table": key, "source": key,
        "assumed": False, "withdrawn": False,
    }  # fmt: skip
    if not KINDS[release.kind].keeps_note:
        changed["note"] = "Loaded by this clinic."
    return like[-1].model_copy(update=changed)


def _resuming(releases: list[Release], general: list[Row]) -> list[Row]:
    """Where a release is older than what a row of the rule is known for: that row again, from the release's end on.

    A row that ships may begin before its own release, where earlier ones said the same.
    """
    starts = {release.start for release in releases} | {row.start for row in general}
    found = []
    for release in releases:
        row = next((row for row in reversed(general) if row.start <= release.start), None)
        again = release.through + timedelta(days=1)
        if row is None or row.known_through is None or again > row.known_through:
            continue
        if not any(release.start < start <= again for start in starts):
            found.append(row.model_copy(update={"start": again}))
    return found


def _reaching_back(rows: Iterable[Row], start: Date, first: Date) -> list[Row]:
    """For a release older than the rule: the rows of its cases from then on, else their effects would be missing."""
    earliest: dict[str, Row] = {}
    for row in rows:
        if row.case and (row.case not in earliest or row.start < earliest[row.case].start):
            earliest[row.case] = row
    if start >= first:
        return []
    return [
        row.model_copy(update={"start": start, "to": row.start - timedelta(days=1), "assumed": True})
        for row in earliest.values()
        if start < row.start <= first
    ]


def _files(release: Release) -> str:
    return ", ".join(one.name for one in release.files)


def _source(release: Release) -> Source:
    known = KINDS[release.kind]
    version = f" ({release.version})" if release.version else ""
    title = f"{known.title}, release of {release.start.isoformat()}{version}"
    return Source(
        title=title, section=f"as loaded: {_files(release)}",
        href=known.href, retrieved=release.imported or release.start, grade="official",
    )  # fmt: skip
