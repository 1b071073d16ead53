"""What readers of release files take and give; pure values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from typing import Protocol

from massage_billing.coding.day import Table
from massage_billing.errors import ReleaseRefused


class Part(Protocol):
    """One text file that was given, or one member of a zip."""

    @property
    def name(self) -> str:
        """Its name for messages; of a member "archive.zip:member.txt"."""

    @property
    def hints(self) -> tuple[str, ...]:
        """Every name that may tell the release: the member's, then the archive's."""

    def lines(self) -> Iterator[bytes]:
        """Its lines with their ends, read anew each time. Raises ReleaseRefused where the archive is damaged."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader may know beside the file."""

    known: frozenset[str]
    """Service codes the rulebook knows; other rows are checked and counted, but not kept."""
    start: Date | None = None
    """``--from``, where it was given."""
    earlier: Callable[[str, Date], bytes | None] = lambda kind, before: None
    """Content of the newest release of a kind that starts before a date, for files that only tell changes."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A release as it was read, not kept yet."""

    content: bytes
    """Its table as it will be kept; the same file gives the same bytes."""
    rows: int
    """Rows of the whole file."""
    kept: int
    """Rows kept."""
    start: Date | None = None
    """First date it is for, where content or name say so."""
    through: Date | None = None
    """Last date it is known to be current for; None: the end of the quarter of ``start``."""
    version: str = ""
    """What its publisher calls it, "v322r0"."""
    newest: Date | None = None
    """The latest date in it, to propose where nothing says which release it is."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows of the whole file by service code, to notice a code that is gone from the next."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a release changes for one code."""

    code: str
    """The code."""
    what: str
    """pair-new, pair-deleted, pair-indicator, pairless, limit-up, limit-down, limit-kind, status, therapy, new,
    retired."""
    other: str = ""
    """The other code of a pair, as "column-1/column-2"."""
    was: str = ""
    """Before."""
    now: str = ""
    """From the release on."""

    @property
    def text(self) -> str:
        """One line for people."""
        about = f"{_TOLD.get(self.what, self.what)}{f' {self.other}' if self.other else ''}"
        if self.was and self.now:
            return f"{about}: {self.was} → {self.now}"
        return f"{about}: {self.now}" if self.now else f"{about} (was {self.was})" if self.was else about


_TOLD = {
    "pair-new": "new pair",
    "pair-deleted": "pair no longer holds",
    "pair-indicator": "modifier indicator of",
    "limit-up": "MUE goes up",
    "limit-down": "MUE goes down",
    "limit-kind": "MUE adjudication indicator",
    "status": "fee schedule status",
    "therapy": "therapy code list",
    "new": "new code",
    "pairless": "no pair of it holds any more",
    "retired": "no longer in the release; retired or replaced?",
}

Differ = Callable[[Table | None, Date | None, Table, Date, frozenset[str]], list[Change]]
"""(table before, its release date, table now, its date, codes the clinic bills) → what changes, in order of code."""


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: how it is recognized, read, kept and compared."""

    kind: str
    """Name of the kind of release, "ncci-ptp"; several formats may give one kind."""
    rule: str
    """Rule whose table it is; "" for none."""
    title: str
    """What it is called in a source, "Medicare NCCI PTP edits, practitioner"."""
    href: str
    """Where it is published."""
    recognizes: Callable[[str], bool]
    """Whether the first 64 KiB, as text, are of this kind."""
    read: Callable[[Sequence[Part], Context], Draft]
    """All parts of one release → the release. Raises ReleaseRefused with file, line and reason."""
    table: Callable[[bytes, str], Table] | None = None
    """Content and file name → the table rules look into."""
    changes: Differ | None = None
    """What differs between two tables."""
    keeps_note: bool = False
    """Whether the note of the rule's row is part of what findings say, so that a release's row has to keep it."""
    by_service: bool = True
    """Whether only rows of service codes that the rulebook knows are kept."""
    yearly: bool = False
    """Whether a release is current to the end of its year rather than of its quarter."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that was given, as it came."""

    name: str
    """Its name, without folders."""
    sha256: str
    """Of the whole file."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release that is kept."""

    id: str
    """Kind and first date, "ncci-ptp-2026-07-01"."""
    kind: str
    """Kind of release."""
    start: Date
    """First date of service it is used for."""
    through: Date
    """Last date it is known to be current for."""
    version: str
    """What its publisher calls it."""
    file: str
    """Name of its table in the folder of releases."""
    sha256: str
    """Of the table."""
    rows: int
    """Rows of the whole file."""
    kept: int
    """Rows kept."""
    files: tuple[GivenFile, ...] = ()
    """What it was read from."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows of the whole file by service code."""
    codes: tuple[str, ...] = ()
    """Service codes the rulebook knew then; rows of others were not kept. Empty where that does not matter."""
    imported: Date | None = None
    """The day it was loaded."""

    def lacks(self, known: frozenset[str]) -> list[str]:
        """Service codes the rulebook has come to know since: the release has to be loaded again for them."""
        return sorted(known.difference(self.codes)) if self.codes else []


def refuse(file: str, line: int | None, reason: str) -> ReleaseRefused:
    """The error for a file that is refused; raise it."""
    return ReleaseRefused(file, line, reason)


def quarter(year: int, number: int) -> Date:
    """First day of a quarter, 1 to 4."""
    return Date(year, 3 * number - 2, 1)
