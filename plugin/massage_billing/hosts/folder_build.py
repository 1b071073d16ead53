"""Building the folder index: one pass over the files, then order and odd cases, then the name that makes it count.

Everything happens in a folder of its own that is renamed at the end; a build that was killed leaves one that nobody
uses and the next build removes.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import orjson

from massage_billing.fhir.json import child, text
from massage_billing.hosts import folder_read
from massage_billing.hosts.folder_index import PART_BYTES, VERSION, Index, Writer, entry_of, part_file, read_part
from massage_billing.hosts.folder_lazy import DAMAGED
from massage_billing.hosts.folder_quick import quick_place
from massage_billing.hosts.folder_read import Read, Source
from massage_billing.hosts.folder_records import (
    OWNER,
    WHOLE_PATIENT,
    Place,
    Unusable,
    encounter_tokens,
    owners,
    part_of,
    place,
    salvage,
    token_of,
)
from massage_billing.hosts.folder_versions import moment_of, newer, one_is_newest

_NUMBERED: Final = re.compile(r"[:#][0-9]+$")
_WISH: Final = "a wish that no plan be told may stand in it and is not seen"


class Builder:
    """Builds the index of some files in an empty folder."""

    def __init__(self, folder: Path, files: Sequence[Source]) -> None:
        self.folder = folder
        self.files = files
        total = sum(file.size * (10 if file.name.lower().endswith(".gz") else 1) for file in files)
        self._writer = Writer(folder, max(1, -(-total // PART_BYTES)))
        self._types = {"Procedure", "Condition", "Encounter", "Coverage"}
        """Types that may be in the index; those that are taken quickly are not looked at one by one."""
        self._problems = open(folder / "problems", "w", encoding="utf-8", opener=private)
        self._odd = open(folder / "odd", "w+b", opener=private)
        self._damaged = 0
        self._deleted: dict[str, str] = {}
        """Resources that a history says were deleted, and when, or ""."""

    def build(self, fingerprint: str) -> None:
        """Read the files and write the index, all but its rename."""
        with self._problems, self._odd:
            if not self.files:
                self.report(
                    ".", "there is nothing to read: no file ends in .json, .ndjson or .jsonl, or in these and .gz"
                )
            for file in self.files:
                self._take_file(file)
            self._finish(fingerprint)

    def report(self, where: str, what: str) -> None:
        """Note what could not be used, by file and line or by resource."""
        clean = where.encode("utf-8", "replace").decode()
        self._problems.write(f"{clean}\t{what}\n")

    # --- the pass over the files ---

    def _take_quickly(self, line: bytes) -> bool:
        """Take a line that shows at once where it belongs; False for all others."""
        found = quick_place(line)
        if found is None:
            return False
        self._writer.add(found, line if line.endswith(b"\n") else line + b"\n")
        return True

    def _take_file(self, file: Source) -> None:
        add, types = self._writer.add, self._types
        for read in folder_read.read(file, self.report, self._take_quickly):
            resource = read.resource
            if resource is None:
                if read.deleted is None:
                    self._take_damaged(read)
                elif read.deleted.key:
                    self._deleted[read.deleted.key] = read.deleted.when
                else:
                    self.report(read.where, "says that a resource was deleted, and not which: it may still be used")
                continue
            try:
                found = place(resource)
            except Unusable as problem:
                self.report(read.where, str(problem))
                continue
            if found is None:
                continue
            kind: str = resource["resourceType"]  # type: ignore[assignment]
            types.add(kind)
            if not found.links and kind in OWNER and (kind == "Procedure" or "encounter" in resource):
                self._take_unlinked(read, found, resource, kind)
            elif found.groups:
                add(found, read.raw, _clean(read.full_url))
            else:
                self._take_odd(read, found, resource)

    def _take_unlinked(self, read: Read, found: Place, resource: dict[str, object], kind: str) -> None:
        """A resource that names no Encounter by literal reference; a Procedure without one is no part of a visit."""
        if encounter_tokens(resource):
            self._take_odd(read, found, resource)
            return
        if kind == "Procedure":
            self.report(read.where, f"{found.key} names no Encounter: it belongs to no visit and is not billed")
        if found.groups:
            self._writer.add(found, read.raw, _clean(read.full_url))
        else:
            self._take_odd(read, found, resource)

    def _take_odd(self, read: Read, found: Place, resource: dict[str, object]) -> None:
        """Put aside what can only be placed once everything else is."""
        element = OWNER.get(found.key.partition("/")[0])
        references = owners(resource, element) if element else []
        patients = [token for kind, token in filter(None, map(token_of, references)) if kind in ("", "Patient")]
        head = (found.key, found.groups, found.links, found.tokens, patients, encounter_tokens(resource))
        self._odd.write(orjson.dumps((*head, part_of(resource), _clean(read.full_url))) + b"\n" + read.raw)

    def _take_damaged(self, read: Read) -> None:
        if _NUMBERED.search(read.where):
            self.report(read.where, "is not JSON (a whole FHIR resource on a line)")
        found = salvage(read.raw)
        if found is None:
            if b'"Consent"' in read.raw:
                self.report(read.where, f"is a damaged Consent that shows no patient: {_WISH}")
            return
        self._damaged += 1
        key = found.key or f"{DAMAGED}/{self._damaged}"
        self._types.add(key.partition("/")[0])
        note = orjson.dumps({DAMAGED: [found.key or read.where, f"is not JSON ({read.where})"]}) + b"\n"
        if found.groups:
            self._writer.add(found._replace(key=key), note)
        else:
            self._odd.write(orjson.dumps((key, (), found.links, (), (), (), (), "")) + b"\n" + note)

    # --- order ---

    def _finish(self, fingerprint: str) -> None:
        self._writer.flush()
        self._write_meta(fingerprint)
        conflicts = self._sort_ids()
        if self._odd.tell():
            for encounters in (True, False):
                self._place_odd(encounters)
                self._writer.flush()
                conflicts = self._sort_ids()
        losers = self._losers(conflicts)
        if conflicts:
            self._writer.flush()
            self._sort_ids()
        index = Index(self.folder)
        try:
            for part in range(self._writer.parts):
                self._sort_keys(part, losers, index)
        finally:
            index.close()
        self._writer.flush()
        for part in range(self._writer.parts):
            self._sort_late(part)
        self._problems.flush()
        os.unlink(self.folder / "odd")

    def _write_meta(self, fingerprint: str) -> None:
        meta = {
            "version": VERSION,
            "fingerprint": fingerprint,
            "parts": self._writer.parts,
            "types": sorted(self._types),
        }
        with open(self.folder / "meta.json", "wb", opener=private) as file:
            file.write(orjson.dumps(meta))

    def _sort_ids(self) -> dict[str, list[str]]:
        """Sort the ids; returns the keys that are in more than one group, with those groups."""
        conflicts: dict[str, list[str]] = {}
        for part in range(self._writer.parts):
            lines = read_part(self.folder, "ids", part).split(b"\n")[:-1]
            lines.sort()
            heads = [line[: line.find(b"\t")] for line in lines]
            if len(set(heads)) != len(heads):
                lines = sorted(set(lines))
                groups = defaultdict[str, list[str]](list)
                for line in lines:
                    if not line.startswith(b"?"):
                        key, _, group = line.decode().partition("\t")
                        groups[key].append(group)
                conflicts.update((key, several) for key, several in groups.items() if len(several) > 1)
            self._rewrite("ids", part, lines)
        return conflicts

    def _rewrite(self, kind: str, part: int, lines: list[bytes]) -> None:
        with open(part_file(self.folder, kind, part), "wb", opener=private) as file:
            if lines:
                file.write(b"\n".join(lines) + b"\n")

    def _place_odd(self, encounters: bool) -> None:
        """Place the odd Encounters, or all other odd resources, by what the ids know."""
        index = Index(self.folder)
        self._odd.flush()
        with open(self.folder / "odd", "rb") as odd:
            for head in odd:
                raw = odd.readline()
                key, groups, links, tokens, patients, named, parents, full_url = orjson.loads(head)
                if key.startswith("Encounter/") != encounters:
                    continue
                if not links and named:
                    links = ",".join(_ids_of(index, named, "Encounter/"))
                    if not links and key.startswith("Procedure/"):
                        self.report(key, "names an Encounter that is not in the folder: it is not billed")
                group = groups or _groups_of(index, patients, links, parents)
                if not group:
                    group = [key]
                    self._tell_homeless(key)
                self._writer.add(Place(key, tuple(group), links, tuple(tokens)), raw, full_url)
        index.close()

    def _tell_homeless(self, key: str) -> None:
        """Report what can be brought to no visit, where a visit would look for it."""
        kind = key.partition("/")[0]
        if kind in WHOLE_PATIENT:
            lost = f": {_WISH}" if kind == "Consent" else ""
            self.report(key, f"names no patient that can be told, so it is no visit's{lost}")

    def _losers(self, conflicts: dict[str, list[str]]) -> set[tuple[str, str]]:
        """(group, key) of every older version of a resource that was found in several groups."""
        wanted = defaultdict[int, set[str]](set)
        for key, groups in conflicts.items():
            for group in groups:
                wanted[crc32(group.encode()) % self._writer.parts].add(f"{group}\t{key}")
        found = defaultdict[str, list[tuple[str, dict[str, object]]]](list)
        for part, heads in wanted.items():
            for line in read_part(self.folder, "keys", part).decode().splitlines():
                group, entry = entry_of(line)
                if f"{group}\t{entry.key}" in heads:
                    with open(part_file(self.folder, "data", int(entry.part)), "rb") as data:
                        data.seek(int(entry.offset))
                        found[entry.key].append((group, orjson.loads(data.read(int(entry.length)))))
        losers = set[tuple[str, str]]()
        for key, versions in found.items():
            best = 0
            if key.startswith("Procedure/") and not one_is_newest(versions):
                self._tell_torn(key, versions)
                continue
            for number in range(1, len(versions)):
                if not newer(versions[best][1], versions[number][1]):
                    best = number
            losers.update((group, key) for group, _ in versions if group != versions[best][0])
        self._forget_ids(losers)
        return losers

    def _tell_torn(self, key: str, versions: list[tuple[str, dict[str, object]]]) -> None:
        """A service that stands under several patients, none of them later: every visit it names is held."""
        self.report(key, "stands under several patients, and nothing says which is right: their visits are held")
        for group, resource in versions:
            self._damaged += 1
            links = place(resource) if DAMAGED not in resource else None
            if links is not None:
                note = orjson.dumps({DAMAGED: [key, "stands under several patients"]}) + b"\n"
                self._writer.add(Place(f"{DAMAGED}/{self._damaged}", (group,), links.links, ()), note)

    def _forget_ids(self, losers: set[tuple[str, str]]) -> None:
        gone = {f"{key}\t{group}".encode() for group, key in losers}
        for part in {crc32(key.encode()) % self._writer.parts for _, key in losers}:
            lines = read_part(self.folder, "ids", part).splitlines()
            self._rewrite("ids", part, [line for line in lines if line not in gone])

    def _sort_keys(self, part: int, losers: set[tuple[str, str]], index: Index) -> None:
        """Sort a part's keys, leave one version of each resource, and note what belongs to Encounters elsewhere."""
        lines = read_part(self.folder, "keys", part).decode().split("\n")[:-1]
        lines.sort()
        rows = [line.split("\t", 3) for line in lines]
        if losers:
            kept = [place for place, row in enumerate(rows) if (row[0], row[1]) not in losers]
            lines, rows = [lines[place] for place in kept], [rows[place] for place in kept]
        if self._deleted:
            lines = [line for row, line in zip(rows, lines, strict=True) if not self._is_gone(row[1], line, index)]
            rows = [line.split("\t", 3) for line in lines]
        heads = {(row[0], row[1]) for row in rows}
        if len(heads) != len(rows):
            lines = list(_newest(lines, index))
            rows = [line.split("\t", 3) for line in lines]
        homes = {row[1][10:]: row[0] for row in rows if row[1].startswith("Encounter/")}
        for (group, key, links, _), line in zip(rows, lines, strict=True):
            if links and homes.get(links) != group and links[0] != "@":
                self._follow(group, key, links, line, homes, index)
        self._rewrite("keys", part, ["\n".join(lines).encode()] if lines else [])

    def _is_gone(self, key: str, line: str, index: Index) -> bool:
        """Whether a resource was deleted, unless this version of it says that it is newer than that."""
        when = self._deleted.get(key)
        if when is None:
            return False
        written = moment_of(text(child(orjson.loads(index.raw(entry_of(line)[1])), "meta"), "lastUpdated"))
        deleted = moment_of(when)
        return written is None or deleted is None or written <= deleted

    def _follow(self, group: str, key: str, links: str, line: str, homes: dict[str, str], index: Index) -> None:
        """Put a resource under the groups of the Encounters it names, where they are not its own."""
        for encounter in links.split(","):
            if homes.get(encounter) == group:
                continue
            home = index.locate(f"Encounter/{encounter}")
            if home is None:
                if key.startswith("Procedure/"):
                    self.report(key, f"names Encounter/{encounter}, which is not in the folder: it is not billed")
            elif home != group:
                part, rest = crc32(home.encode()) % self._writer.parts, line.partition("\t")[2]
                with open(part_file(self.folder, "late", part), "ab", opener=private) as file:
                    file.write(f"{home}\t{rest}\n".encode())

    def _sort_late(self, part: int) -> None:
        late = read_part(self.folder, "late", part)
        if late:
            lines = set(read_part(self.folder, "keys", part).splitlines()) | set(late.splitlines())
            self._rewrite("keys", part, sorted(lines))
            os.unlink(part_file(self.folder, "late", part))


def private(path: str, flags: int) -> int:
    """Opener for files that hold patient data: only their owner may read them."""
    return os.open(path, flags, 0o600)


def _clean(full_url: str) -> str:
    return full_url if full_url.isprintable() else ""


def _ids_of(index: Index, tokens: list[str], kind: str) -> Iterator[str]:
    for token in tokens:
        keys = {key for key, _ in index.identified(token) if key.startswith(kind)}
        if len(keys) == 1:
            yield keys.pop().removeprefix(kind)


def _groups_of(index: Index, patients: list[str], links: str, parents: list[str]) -> list[str]:
    """The group of the one patient with such an identifier, else of the first Encounter, Procedure or order named."""
    for logical_id in _ids_of(index, patients, "Patient/"):
        return [f"Patient/{logical_id}"]
    encounters = [f"Encounter/{one}" for one in links.split(",") if one and not one.startswith("@")]
    for key in (*encounters, *parents):
        home = index.locate(key)
        if home is not None:
            return [home]
    return []


def _newest(lines: list[str], index: Index) -> Iterator[str]:
    """Of sorted lines, one for each resource of a group: its newest version, else the last one read."""
    best: tuple[tuple[str, str], int, str, dict[str, object]] | None = None
    for line in lines:
        group, entry = entry_of(line)
        head = (group, entry.key)
        if best is None or best[0] != head:
            if best is not None:
                yield best[2]
            best = (head, int(entry.offset), line, orjson.loads(index.raw(entry)))
            continue
        resource = orjson.loads(index.raw(entry))
        earlier, later = (best[3], resource) if int(entry.offset) > best[1] else (resource, best[3])
        if newer(earlier, later) == (earlier is resource):
            best = (head, int(entry.offset), line, resource)
    if best is not None:
        yield best[2]
