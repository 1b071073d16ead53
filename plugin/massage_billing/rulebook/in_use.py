"""The rulebook in use stays in use: a change is taken up when it is sound, and told when it is not.

``InUse.book`` is asked before each piece of work. Between two runs of the program the clinic's own policies that were
last sound are kept in the state folder, so that a mistake in a file does not stop the billing of a night.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from massage_billing.coding.rulebook import Rulebook
from massage_billing.errors import RuleFileError
from massage_billing.rulebook.files import load_rulebook

LAST_SOUND = "own-policies"
"""Folder under ``<state>/rulebook`` with the own policies that were last sound."""
RELEASES = "releases"
"""Folder under ``<state>/rulebook`` with the releases that were imported."""
Stamp = tuple[tuple[str, int, int], ...]


class InUse:
    """The rulebook of a clinic, for something that runs longer than one piece of work."""

    def __init__(
        self,
        own_policies: Path | None = None,
        releases: Path | None = None,
        kept: Path | None = None,
        tell: Callable[[RuleFileError], None] = lambda _: None,
    ) -> None:
        """``kept`` is where own policies that are sound are copied to. ``tell`` hears of every refusal, once a change.

        Nothing is read yet.
        """
        self._own, self._releases, self._kept, self._tell = own_policies, releases, kept, tell
        self._book: Rulebook | None = None
        self._stamp: Stamp | None = None
        self.refused: RuleFileError | None = None
        """Why the files as they are now are not in use; None where they are."""

    def book(self) -> Rulebook:
        """The rulebook to use now: of the files as they are, else the last sound one.

        Raises RuleFileError where there is none.
        """
        stamp = tuple(_stamp(self._own, self._releases))
        if self._book is not None and stamp == self._stamp:
            return self._book
        try:
            found = load_rulebook(own_policies=self._own, releases=self._releases)
        except RuleFileError as error:
            found = self._before(error)
            self.refused = error
            self._tell(error)
        else:
            self.refused = None
            self._keep()
        self._book, self._stamp = found, stamp
        return found

    def _before(self, error: RuleFileError) -> Rulebook:
        """The rulebook that was in use before a mistake; raises the mistake where none was."""
        if self._book is not None:
            return self._book
        if self._own is None or self._kept is None or not self._kept.is_dir():
            raise error
        try:
            return load_rulebook(own_policies=self._kept, releases=self._releases)
        except RuleFileError:
            raise error from None

    def _keep(self) -> None:
        """Copy the own policies that are sound; whole or not at all."""
        if self._own is None or self._kept is None or _same(self._own, self._kept):
            return
        # A state folder that cannot be written to is told by the store; here it only costs the safety net.
        with suppress(OSError):
            self._kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh, old = (Path(mkdtemp(prefix=f".{name}-", dir=self._kept.parent)) for name in ("own", "old"))
            try:
                for file in _policy_files(self._own):
                    target = fresh / file.relative_to(self._own)
                    target.parent.mkdir(exist_ok=True)
                    shutil.copyfile(file, target)
                if self._kept.is_dir():
                    os.replace(self._kept, old / "was")
                os.replace(fresh, self._kept)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
                shutil.rmtree(old, ignore_errors=True)


def _policy_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.yaml"), *folder.glob("*/policy.yaml")])


def _same(one: Path, other: Path) -> bool:
    return other.is_dir() and _contents(one) == _contents(other)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in _policy_files(folder)}


def _stamp(own: Path | None, releases: Path | None) -> Iterator[tuple[str, int, int]]:
    """What tells whether a file was changed: its name, size and time."""
    files = [] if own is None else _policy_files(own)
    if releases is not None and releases.is_dir():
        files += sorted(file for file in releases.rglob("*") if file.is_file())
    for file in files:
        with suppress(OSError):
            found = file.stat()
            yield str(file), found.st_size, found.st_mtime_ns
