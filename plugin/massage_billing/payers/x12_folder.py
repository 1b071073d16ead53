"""Asking by files: X12 270s in a folder that the clinic's SFTP client empties, answers in one that it fills.

Killed at any moment it loses nothing and reads nothing twice with harm. A question is put out whole or not at all,
under a name that is its trace number, once for as long as it is not answered. An answer's file is remembered before it
is filed away under ``done``, and found there again for as long as its question waits. Kept besides: ``unmatched``,
answers to questions that are not ours, and ``unreadable``, what is no X12, each with a note. X12 of other kinds (835,
277, acknowledgements of claims) is somebody else's and stays where it is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from massage_billing.errors import PayerUnreachable, QuestionInvalid
from massage_billing.model import Question
from massage_billing.payers.calls import where
from massage_billing.payers.letters import plain_question
from massage_billing.payers.x12.incoming import Incoming
from massage_billing.payers.x12.ledger import Ledger, Put, can_be_named, write_whole
from massage_billing.payers.x12.parties import Parties, x12_of
from massage_billing.ports import Asked, Failed, Reply, Waiting

_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
"""Ends of names by which SFTP clients mark what they have not finished."""
_FOLDERS = ("done", "unmatched", "unreadable")
_CUT_OFF = "It ends in the middle, and has not grown for long."


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """Where questions and answers lie."""

    out: Path
    """Questions are put here; the SFTP client takes them away."""
    incoming: Path
    """Answers are looked for here."""
    parties: Parties
    """Who sends to whom."""
    kept: Path | None = None
    """Where this program keeps what it remembers and what it has read (asked, done, unmatched, unreadable): its own,
    0700, PHI. None: in ``incoming``."""
    quiet: float = 10.0
    """Seconds that a file has not changed before it is read: it may still be growing."""
    stale: float = 3600.0
    """Seconds after which a file that ends in the middle is not waited for any longer."""
    largest: int = 64 * 1024 * 1024
    """Bytes of the largest file that is read."""


@dataclass(frozen=True, slots=True)
class _Filed:
    """A file that was read, and where it goes."""

    file: Path
    status: os.stat_result
    folder: str
    digest: str
    note: str = ""
    copy: bool = False

    @property
    def identity(self) -> tuple[int, int, int]:
        return self.status.st_ino, self.status.st_size, self.status.st_mtime_ns


class X12Folder:
    """A payer channel: every question waits, and is answered by a file."""

    def __init__(
        self, name: str, settings: FolderSettings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._kept = settings.kept or settings.incoming
        self._ledger = Ledger(self._kept / "asked")

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask(self, question: Question) -> Reply:
        """Put the question out, unless it is out already and unanswered. See ``ports.PayerChannel``."""
        if not can_be_named(question.trace):
            raise QuestionInvalid(f"{where(self.name, question.payer)} the trace number is not of letters and digits.")
        try:
            with self._ledger.lock():
                return Waiting(self._put(plain_question(question)).name)
        except OSError as problem:
            raise self._unusable(question.payer, problem) from None

    def _put(self, question: Question) -> Put:
        put = self._ledger.get(question.trace)
        if put is None or put.delivered:
            before = () if put is None else (*put.before, *put.answers)
            # Written once for nothing, so that what cannot be sent takes no number and leaves no trace.
            x12_of(self.name, question, self._settings.parties, self._clock(), 1)
            control = self._ledger.next_control()
            put = Put(question.trace, control, self._clock().isoformat(), before=before)
            self._ledger.save(put)
        if not put.exported:
            written_at = datetime.fromisoformat(put.written_at)
            content = x12_of(self.name, question, self._settings.parties, written_at, put.control)
            self._settings.out.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._settings.out / put.name, content)
            put = replace(put, exported=True)
            self._ledger.save(put)
        return put

    # --- answers ----------------------------------------------------------------------------------------------------

    def collect(self, waiting: Sequence[Asked]) -> Iterator[tuple[Asked, Reply | Failed | None]]:
        """Read what has come in. See ``ports.PayerChannel``.

        Failed: a 999 or TA1 turned the question down. Everything is read before the first is given back; files are
        filed away by then, and remembered as the answers of whatever question they answer, whether it is among
        ``waiting`` or not.
        """
        if not waiting:
            return
        try:
            with self._ledger.lock():
                found = Incoming(
                    self._ledger, {asked.question.trace: plain_question(asked.question) for asked in waiting}, self.name
                )
                filed = [one for file in self._files() for one in self._opened(file, found)]
                self._read_again(found)
                found.deliver()
                if filed:
                    self._ledger.settle()
                for one in filed:
                    self._file_away(one)
        except OSError as problem:
            raise self._unusable(waiting[0].question.payer, problem) from None
        for asked in waiting:
            yield asked, found.results.get(asked.question.trace)

    def close(self) -> None:
        """Nothing is held open."""

    def purge(self, before: datetime) -> int:
        """Remove what was filed away or remembered before a time (retention); how many files."""
        with self._ledger.lock():
            files = [file for folder in (*_FOLDERS, "asked") for file in _regular(self._kept / folder)]
            old = [
                file
                for file in files
                if file.name not in self._ledger.lasting and file.stat().st_mtime < before.timestamp()
            ]
            for file in old:
                file.unlink(missing_ok=True)
        return len(old)

    def _files(self) -> Iterator[Path]:
        """Files that have come in and keep still, the oldest first."""
        last = self._clock().timestamp() - self._settings.quiet
        finished = [
            file
            for file in _regular(self._settings.incoming)
            if not file.name.startswith(".") and not file.name.lower().endswith(_UNFINISHED)
        ]
        dated = [(changed, file.name, file) for file in finished if (changed := _changed(file)) is not None]
        return (file for changed, _, file in sorted(dated) if changed <= last)

    def _opened(self, file: Path, found: Incoming) -> list[_Filed]:
        """What ``_read`` says; one file that can't be opened, or was taken away just now, holds up no other."""
        try:
            return list(self._read(file, found))
        except FileNotFoundError:
            return []
        except PermissionError:
            target = self._kept / "unreadable"
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            note = target / f"unopened-{file.name[-120:]}.note"
            if not note.exists():
                write_whole(note, b"This user may not open it; it was left where it is.\n")
            return []

    def _read(self, file: Path, found: Incoming) -> Iterator[_Filed]:
        """Read and remember a file; where it is to go then."""
        status = file.stat()
        if status.st_size > self._settings.largest:
            yield _Filed(file, status, "unreadable", "large", f"It is larger than {self._settings.largest} bytes.")
            return
        data = file.read_bytes()
        if len(data) != status.st_size:
            return
        contents = found.contents(data)
        stale = self._clock().timestamp() - status.st_mtime >= self._settings.stale
        if not contents.whole and not stale:
            return
        digest = hashlib.sha256(data).hexdigest()
        found.remember(contents, digest)
        if contents.strangers:
            note = f"Answers in it that are to no question of ours: {contents.strangers}."
            yield _Filed(file, status, "unmatched", digest, note, copy=bool(contents.known))
        if contents.known or (contents.settled and not contents.strangers):
            yield _Filed(file, status, "done", digest)
        elif not contents.strangers and not (contents.x12 and contents.whole):
            yield _Filed(file, status, "unreadable", digest, _CUT_OFF if contents.x12 else "It is no X12.")

    def _read_again(self, found: Incoming) -> None:
        """Answers that were filed away earlier, to questions that wait still: nobody recorded them."""
        if missing := found.missing():
            for file in _regular(self._kept / "done"):
                digest = file.name.partition("-")[0]
                if digest in missing:
                    found.remember(found.contents(file.read_bytes()), digest)

    def _file_away(self, filed: _Filed) -> None:
        """Move (or copy) a file to a folder of ours, unless it is another by now: that one is read the next time."""
        try:
            status = filed.file.stat()
        except FileNotFoundError:
            return
        if (status.st_ino, status.st_size, status.st_mtime_ns) != filed.identity:
            return
        target = self._kept / filed.folder
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = target / f"{filed.digest}-{filed.file.name[-120:]}"
        if filed.note:
            write_whole(place.with_name(f"{place.name}.note"), f"{filed.note}\n".encode())
        if filed.copy:
            write_whole(place, filed.file.read_bytes())
            return
        try:
            filed.file.chmod(0o600)
            filed.file.replace(place)
        except OSError:
            # Another file system, or another user's file.
            write_whole(place, filed.file.read_bytes())
            filed.file.unlink()

    def _unusable(self, payer: str, problem: OSError) -> PayerUnreachable:
        return PayerUnreachable(
            f"{where(self.name, payer)} its folders cannot be used ({os.strerror(problem.errno or 0)}).",
            "See that out, incoming and what is kept are there, and this user's.",
        )


def _changed(file: Path) -> float | None:
    """When a file was changed last; None where it is gone."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return None


def _regular(folder: Path) -> list[Path]:
    """The files of a folder, links not followed; none where it is not there."""
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []
