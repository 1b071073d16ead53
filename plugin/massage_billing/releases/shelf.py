"""Keeps releases in the state folder: tables named by their content, and one index that says which are in use.

The index is the truth and is replaced by one rename: whatever moment a process is killed at, it names tables that are
there whole. Files that it does not name are swept by the next import.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date as Date
from pathlib import Path

from massage_billing.errors import RuleFileError, StoreError
from massage_billing.releases.model import GivenFile, Release

INDEX = "releases.json"
"""Name of the index."""
SCHEMA = "releases/1"
"""Its form."""
_LOCK = "releases.lock"
_TEMPORARY = ".new-"
_TRIES = 5


def folder_of(state: Path) -> Path:
    """Where the releases are kept in a state folder."""
    return state / "rulebook" / "releases"


class Shelf:
    """The releases of one folder; where there is no such folder there are none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def releases(self) -> tuple[Release, ...]:
        """What is in use, in order of kind and date. Raises RuleFileError where the index is damaged."""
        try:
            text = (self.folder / INDEX).read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise RuleFileError(INDEX, None, f"cannot be read ({error.strerror})") from None
        try:
            index = json.loads(text)
            if index["schema"] != SCHEMA:
                raise RuleFileError(INDEX, None, f"is of the form {index['schema']}, which this version does not know")
            return tuple(_release(entry) for entry in index["releases"])
        except (ValueError, KeyError, TypeError, AttributeError):
            told = f"is damaged; delete {self.folder} and load your releases again"
            raise RuleFileError(INDEX, None, told) from None

    def content(self, release: Release) -> bytes:
        """The table of a release. Raises RuleFileError where it is gone or is not what was kept."""
        try:
            content = (self.folder / release.file).read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise RuleFileError(release.file, None, f"cannot be read ({error.strerror})") from None
        if hashlib.sha256(content).hexdigest() != release.sha256:
            raise RuleFileError(release.file, None, f"was changed after it was loaded; {_AGAIN}")
        return content

    def everything(self) -> list[tuple[Release, bytes]]:
        """Every release with its table; read anew where an import replaced them in the meantime."""
        for _ in range(_TRIES):
            try:
                return [(release, self.content(release)) for release in self.releases()]
            except FileNotFoundError as error:
                gone = Path(error.filename).name
        raise RuleFileError(gone, None, f"is gone; {_AGAIN}")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One writer at a time: a second waits for the first. A killed process holds nothing."""
        self._make()
        descriptor = os.open(self.folder.parent / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def put(self, releases: Sequence[Release], tables: Mapping[str, bytes]) -> None:
        """Make these the releases in use, in one step; ``tables`` are the new files. To be called ``alone``."""
        try:
            for name, content in tables.items():
                self._write(name, content)
            _settle(self.folder)
            entries = [_entry(release) for release in sorted(releases, key=lambda one: one.id)]
            index = json.dumps({"schema": SCHEMA, "releases": entries}, indent=1) + "\n"
            self._write(INDEX, index.encode())
            _settle(self.folder)
            self._sweep({release.file for release in releases} | {INDEX})
        except OSError as error:
            raise _no_access(self.folder, error) from None

    def _write(self, name: str, content: bytes) -> None:
        """Write a file beside, and rename it once it is on the disk."""
        beside = self.folder / f"{_TEMPORARY}{secrets.token_hex(8)}"
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.rename(self.folder / name)

    def _sweep(self, used: set[str]) -> None:
        for file in self.folder.iterdir():
            if file.name not in used:
                file.unlink(missing_ok=True)

    def _make(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.folder, self.folder.parent):
                if folder.stat().st_mode & 0o077:
                    folder.chmod(0o700)
        except OSError as error:
            raise _no_access(self.folder, error) from None


_AGAIN = "load the release again with `massage-billing rules import`, or --remove it"


def _no_access(folder: Path, error: OSError) -> StoreError:
    fix = "Nothing was loaded. Make room, or set state.folder to a folder that this user may write."
    return StoreError(f"{folder}: cannot be written ({error.strerror}).", fix)


def _settle(folder: Path) -> None:
    """See that the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _entry(release: Release) -> dict[str, object]:
    return {
        "id": release.id, "kind": release.kind, "from": release.start.isoformat(),
        "known_through": release.through.isoformat(), "version": release.version, "file": release.file,
        "sha256": release.sha256, "rows": release.rows, "kept": release.kept,
        "files": [{"name": one.name, "sha256": one.sha256} for one in release.files],
        "counts": dict(release.counts), "codes": list(release.codes),
        "imported": release.imported.isoformat() if release.imported else None,
    }  # fmt: skip


def _release(entry: Mapping[str, object]) -> Release:
    files, counts, codes, imported = entry["files"], entry["counts"], entry["codes"], entry["imported"]
    if not (isinstance(files, list) and isinstance(counts, dict) and isinstance(codes, list)):
        raise TypeError
    if "/" in str(entry["file"]):
        raise ValueError
    return Release(
        id=str(entry["id"]), kind=str(entry["kind"]), start=Date.fromisoformat(str(entry["from"])),
        through=Date.fromisoformat(str(entry["known_through"])), version=str(entry["version"]),
        file=str(entry["file"]), sha256=str(entry["sha256"]), rows=int(str(entry["rows"])),
        kept=int(str(entry["kept"])), files=tuple(GivenFile(one["name"], one["sha256"]) for one in files),
        counts=counts, codes=tuple(codes), imported=Date.fromisoformat(str(imported)) if imported else None,
    )  # fmt: skip
