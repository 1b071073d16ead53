"""A folder of FHIR files as a host: what an EHR exported, read like any other host; results appended beside it.

Reads Bundles and single resources (.json) and NDJSON as Bulk Data export writes it (.ndjson), also compressed (.gz).
Whenever any file changed, every visit is given again and the service compares digests; an unchanged folder is one empty
page. How a million visits are joined in flat memory: ``folder_index``. How results are written: ``folder_write``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from pathlib import Path
from tempfile import mkdtemp

import orjson

from massage_billing.errors import InputError
from massage_billing.hosts import folder_read
from massage_billing.hosts.capability import ELIGIBILITY, WRITTEN
from massage_billing.hosts.folder_body import ANSWER, ANSWERS_TO
from massage_billing.hosts.folder_build import Builder
from massage_billing.hosts.folder_index import VERSION, Index
from massage_billing.hosts.folder_join import Joiner
from massage_billing.hosts.folder_records import ANSWERS, READABLE
from massage_billing.hosts.folder_schedule import FolderSchedule
from massage_billing.hosts.folder_write import Out
from massage_billing.hosts.named import of_people
from massage_billing.hosts.visit_links import key_systems
from massage_billing.ports import Capabilities, Changes, JsonObject, VisitRecord, WriteGroup, WriteResult

PAGE = 250
"""Visits on a page."""
MARGIN = timedelta(days=2)
"""How long before the start an Encounter may have ended and still be given: zones and midnight."""
OUT = "billing-out"
"""Usual name of the out folder, inside the folder or beside the file."""


class FolderHost(FolderSchedule):
    """A folder, or a single file, of FHIR JSON.

    ``out`` takes the results and ``work`` the index, which holds a copy of what was read: both are made 0700. Neither
    is ever read as input, wherever it is.
    """

    def __init__(self, id: str, folder: Path, out: Path, work: Path) -> None:
        self.id = id
        self.folder = folder
        self.work = work
        self._out = Out(out, work)
        self._joiner: Joiner | None = None
        self._lock = -1
        self._passes = 0
        """Passes over all visits under way: until they end, everything is read from the index they read from."""
        if folder.resolve().is_relative_to(out.resolve()):
            raise InputError(f"{out} cannot take the results: {folder} is read from it.", "Choose another out folder.")

    def capabilities(self) -> Capabilities:
        """It takes Claims.

        ``real_last_updated`` is True though a file has no such thing: whatever changes moves the cursor and everything
        is given again, so that no hold has to be read again on its own account.
        """
        return Capabilities(
            software="folder of FHIR files",
            readable=READABLE | {*WRITTEN, *ELIGIBILITY},
            writable=frozenset({*WRITTEN, *ELIGIBILITY, ANSWER}),
            transaction=True,
            conditional_create=True,
            real_last_updated=True,
            records_hold_writes=False,
            keys_unique=True,
            notes=("A folder is read again as a whole whenever a file in it changes.",),
        )

    # --- reading ---

    def changes(self, since: str | None, start: Date | None) -> Iterator[Changes]:
        """Every visit, if any file changed since the cursor (or another start was asked for); else one empty page."""
        mark = self._mark()
        cursor = f"{mark}:{start.isoformat() if start else ''}"
        if cursor == since:
            yield Changes(cursor=cursor)
            return
        with self._reading(mark) as joiner:
            page: list[VisitRecord] = []
            for record in _all_visits(joiner, (start - MARGIN).isoformat() if start else ""):
                page.append(record)
                if len(page) == PAGE:
                    yield Changes(records=tuple(page))
                    page.clear()
            yield Changes(records=tuple(page), cursor=cursor)

    def visits(self, encounters: Sequence[str]) -> Iterator[VisitRecord]:
        """These visits, found through the index."""
        joiner = self._current()
        index = joiner.index
        groups: dict[str, set[str]] = {}
        for encounter in encounters:
            group = index.locate(f"Encounter/{encounter}")
            if group is not None:
                groups.setdefault(group, set()).add(encounter)
        for group, wanted in groups.items():
            yield from joiner.visits(index.group(group), wanted=wanted)

    def people(self, references: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.people.People``; found through the index."""
        with self._reading() as joiner:
            for kind, ids in of_people(references).items():
                for key in (f"{kind}/{one}" for one in ids):
                    group = joiner.index.locate(key)
                    entries = joiner.index.group(group) if group is not None else ()
                    for entry in [one for one in entries if one.key == key][-1:]:
                        resource: JsonObject = orjson.loads(joiner.index.raw(entry))
                        yield resource

    def answers(self, claims: Sequence[str]) -> Iterator[JsonObject]:
        """ClaimResponses and ExplanationOfBenefits that name these Claims: in the folder, by reference or claim key; in
        the out folder, by reference."""
        yield from self._out.find(ANSWER, [f"{ANSWERS_TO}{claim}" for claim in dict.fromkeys(claims)])
        index = self._current().index
        if index.types.isdisjoint(ANSWERS):
            return
        for claim in dict.fromkeys(claims):
            for entry in index.group(claim):
                if entry.key.partition("/")[0] in ANSWERS:
                    resource: JsonObject = orjson.loads(index.raw(entry))
                    yield resource

    def problems(self) -> Iterator[tuple[str, str]]:
        """(file:line or resource, what is wrong) of all that could not be used; never any content."""
        index = self._current().index
        with open(index.folder / "problems", encoding="utf-8") as lines:
            for line in lines:
                where, _, what = line.rstrip("\n").partition("\t")
                yield where, what

    def cursor_at(self, moment: datetime) -> str:
        """A file does not say when its resources changed: whatever the moment, everything is given again."""
        return moment.isoformat()

    def now(self) -> datetime:
        """The system clock."""
        return datetime.now(UTC)

    # --- writing ---

    def write(self, groups: Sequence[WriteGroup]) -> Iterator[WriteResult]:
        """Append each group to the out folder, in batches."""
        for first in range(0, len(groups), PAGE):
            yield from self._out.write(groups[first : first + PAGE])

    def find(self, type: str, keys: Sequence[str]) -> Iterator[JsonObject]:
        """What stands in the out folder by its key."""
        return self._out.find(type, [f"{system}|{key}" for key in keys for system in key_systems(type)])

    # --- the index ---

    def close(self) -> None:
        """Let go of the files; the index stays for the next run."""
        if self._joiner is not None:
            self._joiner.index.close()
            self._joiner = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        self._out.close()

    def forget(self) -> None:
        """Delete the index, which holds a copy of the folder's patient data; it is made anew when it is needed."""
        self.close()
        with self._building():
            for old in self.work.glob("index-*"):
                shutil.rmtree(old, ignore_errors=True)

    def _mark(self) -> str:
        return folder_read.fingerprint(folder_read.sources(self.folder, (self._out.folder, self.work)))

    @contextmanager
    def _reading(self, mark: str | None = None) -> Iterator[Joiner]:
        """The index of the folder as it is now (``mark``), kept open for a pass."""
        joiner = self._current() if mark is None else self._open(mark)
        self._passes += 1
        try:
            yield joiner
        finally:
            self._passes -= 1

    def _current(self) -> Joiner:
        return self._joiner if self._joiner is not None and self._passes else self._open(self._mark())

    def _open(self, mark: str) -> Joiner:
        """The index of the folder as it is now; built where there is none yet."""
        if self._joiner is not None and self._joiner.index.folder.name == f"index-{mark}":
            return self._joiner
        if self._joiner is not None:
            self._joiner.index.close()
            os.close(self._lock)
            self._joiner, self._lock = None, -1
        folder = self.work / f"index-{mark}"
        with self._building():
            if not _usable(folder):
                self._build(folder)
            self._lock = os.open(folder / "meta.json", os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_SH)
        self._joiner = Joiner(Index(folder))
        return self._joiner

    @contextmanager
    def _building(self) -> Iterator[None]:
        """Only one process builds or removes an index at a time."""
        try:
            self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.work / folder_read.MARKER, os.O_WRONLY | os.O_CREAT, 0o600))
            lock = os.open(self.work / "index.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise InputError(f"{self.work} cannot be written: {error.strerror}.", "Choose another folder.") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _build(self, folder: Path) -> None:
        for old in self.work.glob("building-*"):
            shutil.rmtree(old, ignore_errors=True)
        for old in self.work.glob("index-*"):
            _remove_unused(old)
        linked: list[tuple[str, str]] = []
        files = folder_read.sources(
            self.folder, (self._out.folder, self.work), lambda where, what: linked.append((where, what))
        )
        building = Path(mkdtemp(prefix="building-", dir=self.work))
        try:
            builder = Builder(building, files)
            for where, what in linked:
                builder.report(where, what)
            builder.build(folder.name)
            building.rename(folder)
        except BaseException as error:
            shutil.rmtree(building, ignore_errors=True)
            if not isinstance(error, OSError):
                raise
            what = f"The index of {self.folder} cannot be written to {self.work}: {error.strerror}."
            raise InputError(what, "It needs about as much room as the folder itself.") from None


def _all_visits(joiner: Joiner, first_day: str) -> Iterator[VisitRecord]:
    for part in range(joiner.index.parts):
        for _, entries in joiner.index.groups(part):
            yield from joiner.visits(entries, first_day)


def _usable(folder: Path) -> bool:
    try:
        version: object = orjson.loads((folder / "meta.json").read_bytes())["version"]
    except (OSError, ValueError, KeyError):
        shutil.rmtree(folder, ignore_errors=True)
        return False
    if version != VERSION:
        shutil.rmtree(folder, ignore_errors=True)
    return version == VERSION


def _remove_unused(index: Path) -> None:
    """Remove an index unless another process reads from it."""
    try:
        lock = os.open(index / "meta.json", os.O_RDONLY)
    except OSError:
        shutil.rmtree(index, ignore_errors=True)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        shutil.rmtree(index, ignore_errors=True)
    finally:
        os.close(lock)
