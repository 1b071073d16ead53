"""The other end of a batch folder, for tests: an SFTP client and a clearinghouse, with a clock that both share."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract.payer_contract import Mood
from massage_billing.payers.x12.parties import Parties
from massage_billing.payers.x12_folder import FolderSettings, X12Folder
from massage_billing.x12.question_270 import Dialect
from payers.x12_answers import RECEIVER, SENDER, acceptance_999, answers, rejection_999, sent


class Clearinghouse:
    """Takes questions from ``out`` and puts answers into ``incoming``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out, self.incoming, self.kept = folder / "out", folder / "in", folder / "kept"
        self.incoming.mkdir()
        self.now = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
        self.moods: dict[str, Mood] = {}
        self.got: list[str] = []
        """Trace numbers in the order they came."""
        self.names: list[str] = []
        """Names of the files that were fetched."""
        self.open: list[str] = []
        """270s that are not answered yet."""
        self._count = 0

    def channel(self, **settings: object) -> X12Folder:
        parties = Parties(SENDER, RECEIVER, dialect=Dialect(originator="9CLINIC001"))
        given = {"kept": self.kept, **settings}
        return X12Folder("batch", FolderSettings(self.out, self.incoming, parties, **given), clock=lambda: self.now)  # type: ignore[arg-type]

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def fetch(self) -> None:
        """Take the questions away, as an SFTP client does: nothing that begins with a dot."""
        for file in sorted(self.out.glob("[!.]*")):
            text = file.read_text()
            file.unlink()
            self.names.append(file.name)
            self.open.append(text)
            self.got += [asked.trace for asked in sent(text)]

    def answer(self) -> None:
        """Answer everything: a 999 first, then a 271, in files of their own."""
        asked, self.open = self.open, []
        for text in asked:
            (question,) = sent(text)
            mood = self.moods.get(question.trace, Mood.ACTIVE)
            if mood is Mood.REJECTED:
                self.put(rejection_999(question))
                continue
            self.put(acceptance_999(question))
            self.put(self.numbered(answers(text, mood)))

    def numbered(self, x12: str) -> str:
        """An interchange with a control number of its own, as everybody's have."""
        return x12.replace("*000000907", f"*{907_000 + self._count:09}")

    def put(self, content: str | bytes, name: str = "", age: float = 60.0) -> Path:
        """Put a file into ``incoming``, unchanged since ``age`` seconds."""
        self._count += 1
        file = self.incoming / (name or f"{self._count:05}.x12")
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.date(file, age)
        return file

    def date(self, file: Path, age: float) -> None:
        changed = self.now.timestamp() - age
        os.utime(file, (changed, changed))

    def files(self, folder: str) -> list[str]:
        """Names in a folder of ours, without their digests."""
        place = self.incoming if folder == "in" else self.kept / folder
        return sorted(file.name.partition("-")[2] or file.name for file in place.glob("*") if file.is_file())
