"""The notes of one ICD-10-CM tabular list: what excludes what, which 7th characters fit, what is never listed first.

Our own packed text, made by ``massage_billing.releases.icd10_tabular`` of the list that NCHS publishes. Codes stand
without their point. Nothing is inferred: a note whose codes could not be read is not in it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from massage_billing.errors import RuleFileError

HEAD = "icd10cm-tabular 1"
"""First line of the packed text."""
_CODES = 10_000
"""Codes whose notes are kept at hand; a clinic uses some hundred."""


@dataclass(frozen=True, slots=True)
class Target:
    """Codes that a note names: all that begin with ``low``, or a range, where need be with a character told."""

    low: str
    """Beginning of the codes, or of the first ones of a range: "M512"."""
    high: str = ""
    """Beginning of the last ones of a range; "" where it is none."""
    place: int = 0
    """Where ``only`` has to stand, counted from 0."""
    only: str = ""
    """What has to stand there ("E08-E13 with .42"); "" where nothing has to."""

    def holds(self, code: str) -> bool:
        """Whether a code, without its point, is one of them."""
        if self.only and not code.startswith(self.only, self.place):
            return False
        if not self.high:
            return code.startswith(self.low)
        return code[: len(self.low)] >= self.low and code[: len(self.high)] <= self.high

    @property
    def packed(self) -> str:
        """As the packed text has it: "M512", "E08-E13@3=42"."""
        only = f"@{self.place}={self.only}" if self.only else ""
        return f"{self.low}-{self.high}{only}" if self.high else f"{self.low}{only}"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One Excludes1 note: the codes it stands at, and those that are not coded beside them."""

    at: Target
    """The code, category or block it stands at."""
    names: tuple[Target, ...]
    """The codes it names."""

    def speaks_for(self, code: str) -> bool:
        """Whether it stands at a code; of a code that the note itself names it does not speak."""
        return self.at.holds(code) and self.named(code) is None

    def named(self, other: str) -> Target | None:
        """What of the note names a code; None where nothing does."""
        return next((target for target in self.names if target.holds(other)), None)


@dataclass(frozen=True, slots=True)
class Seventh:
    """The 7th characters of the codes under a heading."""

    at: str
    """The heading."""
    means: tuple[tuple[str, str], ...]
    """Each character with its meaning."""


@dataclass(frozen=True, slots=True)
class TabularNotes:
    """Every note of a tabular list that is used."""

    version: str
    """Release it says it is, "2026"."""
    exclusions: tuple[Exclusion, ...]
    """Excludes1 notes."""
    sevenths: tuple[Seventh, ...]
    """7th characters."""
    manifestations: tuple[str, ...]
    """Headings and codes "in diseases classified elsewhere" with a code-first note: never listed first."""
    unread: tuple[str, ...] = ()
    """Excludes1 notes with codes that could not be read; they are not among the exclusions."""
    without_codes: int = 0
    """Excludes1 notes that name no code."""


class TabularTable:
    """The notes of one release; unpacked when they are first asked."""

    def __init__(self, packed: bytes, file: str = "tabular") -> None:
        self._packed = packed
        self._file = file
        self._notes: TabularNotes | None = None
        self._at_code: dict[str, list[Exclusion]] = {}
        self._at_range: list[Exclusion] = []
        self._of_code: dict[str, tuple[Exclusion, ...]] = {}
        self._sevenths: dict[str, Seventh] = {}

    @property
    def notes(self) -> TabularNotes:
        """All notes. Raises RuleFileError where the packed text is broken."""
        if self._notes is None:
            self._notes = unpack(self._packed, self._file)
        return self._notes

    def _ready(self) -> TabularTable:
        """Itself, with the notes sorted by where they stand."""
        if not self._sevenths and not self._at_code:
            for note in self.notes.exclusions:
                (self._at_range if note.at.high else self._at_code.setdefault(note.at.low, [])).append(note)
            self._sevenths = {seventh.at: seventh for seventh in self.notes.sevenths}
        return self

    def exclusion(self, one: str, other: str) -> tuple[Target, Target] | None:
        """The Excludes1 note that keeps two codes apart, whichever it stands at: (where it stands, what it names)."""
        first, second = sorted((one, other))
        for code, beside in ((first, second), (second, first)):
            for note in self._speaking_for(code):
                named = note.named(beside)
                if named is not None:
                    return note.at, named
        return None

    def seventh(self, code: str) -> Seventh | None:
        """The 7th characters for a code, or for one that lacks its 7th; None where it takes none."""
        sevenths = self._ready()._sevenths
        return next((found for at in _beginnings(code) if (found := sevenths.get(at))), None)

    def manifestation(self, code: str) -> bool:
        """Whether a code stands for what another disease does, so that it is never listed first."""
        return code.startswith(self.notes.manifestations)

    def _speaking_for(self, code: str) -> tuple[Exclusion, ...]:
        """Notes at the code, its headings and its blocks, nearest first; found once a code."""
        known = self._of_code.get(code)
        if known is not None:
            return known
        at_code = self._ready()._at_code
        found = [note for at in _beginnings(code) for note in at_code.get(at, ())] + self._at_range
        if len(self._of_code) >= _CODES:
            self._of_code.clear()
        notes = self._of_code[code] = tuple([note for note in found if note.speaks_for(code)])
        return notes


def _beginnings(code: str) -> Iterator[str]:
    return (code[:length] for length in range(len(code), 2, -1))


def pack(notes: TabularNotes) -> bytes:
    """The notes as our own packed text; the same notes give the same bytes."""
    lines = [HEAD, f"version {notes.version}", f"without-codes {notes.without_codes}"]
    lines += [f"unread {text}" for text in notes.unread]
    lines += [f"x {note.at.packed} {' '.join(t.packed for t in note.names)}" for note in notes.exclusions]
    lines += [f"7 {found.at} {'|'.join(f'{c}={means}' for c, means in found.means)}" for found in notes.sevenths]
    lines += [f"m {code}" for code in notes.manifestations]
    return gzip.compress("\n".join([*lines, f"end {len(lines)}", ""]).encode(), 9, mtime=0)


def unpack(packed: bytes, file: str) -> TabularNotes:
    """The notes of the packed text. Raises RuleFileError with file and line where it is broken or cut off."""
    try:
        lines = gzip.decompress(packed).decode().splitlines()
    except (OSError, EOFError, UnicodeDecodeError):
        raise RuleFileError(file, None, "is no packed table") from None
    if lines[:1] != [HEAD] or lines[-1] != f"end {len(lines) - 1}":
        raise RuleFileError(file, len(lines), "is cut off, or no table of ICD-10-CM notes")
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines[1:-1], start=2):
        key, _, rest = line.partition(" ")
        if key not in ("version", "without-codes", "unread", "x", "7", "m"):
            raise RuleFileError(file, number, f'has "{key}", which is not known here')
        found.setdefault(key, []).append(rest)
    try:
        return TabularNotes(
            version=found["version"][0],
            exclusions=tuple(_exclusion(rest.split()) for rest in found.get("x", ())),
            sevenths=tuple(_seventh(rest) for rest in found.get("7", ())),
            manifestations=tuple(found.get("m", ())),
            unread=tuple(found.get("unread", ())),
            without_codes=int(found["without-codes"][0]),
        )
    except (KeyError, ValueError):
        raise RuleFileError(file, None, "is no table of ICD-10-CM notes") from None


def _exclusion(words: Sequence[str]) -> Exclusion:
    at, *names = map(_target, words)
    return Exclusion(at, tuple(names))


def _target(word: str) -> Target:
    codes, _, told = word.partition("@")
    low, _, high = codes.partition("-")
    place, _, only = told.partition("=")
    return Target(low, high, int(place or 0), only)


def _seventh(rest: str) -> Seventh:
    at, _, means = rest.partition(" ")
    pairs = (part.partition("=") for part in means.split("|"))
    return Seventh(at, tuple((character, meaning) for character, _, meaning in pairs))
