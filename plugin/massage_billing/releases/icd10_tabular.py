"""Reads the ICD-10-CM tabular list that NCHS publishes as XML: Excludes1, 7th characters, code-first notes.

The codes of an exclusion stand in parentheses at the end of its note: "lumbago with sciatica (M54.4-)". What does not
stand there in a form that is known is counted and kept as text, and nothing is ever decided by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from typing import Final, cast
from xml.parsers import expat

from massage_billing.coding.tables import Table
from massage_billing.coding.tabular import Exclusion, Seventh, TabularNotes, TabularTable, Target, pack
from massage_billing.errors import ReleaseRefused
from massage_billing.releases.icd10_codes import known_through, release_start
from massage_billing.releases.model import Change, Context, Draft, Format, Part
from massage_billing.releases.reading import one_part

ROOT: Final = "ICD10CM.tabular"
"""Root element of the XML."""

_CODE: Final = r"[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?"
_NAME: Final = re.compile(_CODE)
_BLOCK: Final = re.compile(r"([A-Z][0-9A-Z]{2})(?:-([A-Z][0-9A-Z]{2}))?")
_IN_PARENTHESES: Final = re.compile(r"\(([^()]*)\)\s*\.?\s*$")
_ITEM: Final = re.compile(rf"({_CODE})(?:\.?-|\.)?(?:\s*-\s*({_CODE})(?:\.?-|\.)?)?")
_ONLY: Final = re.compile(
    r"\s*with (?:(?P<nth>5th|fifth|7th|seventh)[ -]character (?P<character>[0-9A-Z])|\.(?P<after>[0-9]{1,3})-?)$"
)
_PLACES: Final = {"5th": 4, "fifth": 4, "7th": 6, "seventh": 6}
_LOOKS_LIKE_A_CODE: Final = re.compile(rf"\b{_CODE}\b")
_MANIFESTATION: Final = re.compile(r"\bin (?:[a-z]+ ){0,4}diseases classified elsewhere")
_PERHAPS: Final = re.compile(r"\bif (?:known|applicable|any|present)\b")
_FEWEST: Final = 20
"""A whole list has 22 chapters; a file with fewer is no list."""


def read_note(note: str) -> tuple[Target, ...] | None:
    """The codes at the end of an exclusion note; () where it names none, None where they cannot be read."""
    end = _IN_PARENTHESES.search(note)
    if end is None or not _LOOKS_LIKE_A_CODE.search(end[1]):
        return None if _LOOKS_LIKE_A_CODE.search(note) else ()
    text, place, only = end[1].strip().rstrip(","), 0, ""
    told = _ONLY.search(text)
    if told is not None:
        text = text[: told.start()]
        place = 3 if told["after"] else _PLACES[told["nth"]]
        only = told["after"] or told["character"]
    targets: list[Target] = []
    for item in text.split(","):
        match = _ITEM.fullmatch(item.strip())
        if match is None:
            return None
        low, high = _bare(match[1]), _bare(match[2] or "")
        if high and ((len(targets) > 0 and only) or high[: len(low)] < low[: len(high)]):
            return None
        targets.append(Target(low, high if high != low else "", place, only))
    return None if only and len(targets) > 1 else tuple(targets)


def _bare(code: str) -> str:
    return code.replace(".", "")


@dataclass
class _Element:
    """One element of the XML on the way down to where the reader is."""

    tag: str
    attributes: dict[str, str]
    text: list[str] = field(default_factory=list)
    name: str = ""
    """Code of a diagnosis, range of a block or chapter."""
    title: str = ""
    """Its title."""
    notes: list[str] = field(default_factory=list)
    """Notes right under it."""


class _Reader:
    """Collects the notes while the XML goes by."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._above: list[_Element] = []
        self._root = False
        self.version = ""
        self.chapters = 0
        self.codes = 0
        self.exclusions: list[Exclusion] = []
        self.sevenths: list[Seventh] = []
        self.manifestations: list[str] = []
        self.unread: list[str] = []
        self.without_codes = 0
        self.lines = 0

    def feed(self, lines: Iterable[bytes]) -> None:
        try:
            for line in lines:
                self._parser.Parse(line)
            self.lines = self._parser.CurrentLineNumber
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            raise ReleaseRefused(self._file, error.lineno, f"is no whole XML ({what}); was it cut off?") from None

    def _refuse(self, reason: str) -> ReleaseRefused:
        return ReleaseRefused(self._file, self._parser.CurrentLineNumber, reason)

    def _doctype(self, *_: object) -> None:
        raise self._refuse("declares a document type, which the tabular list does not")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._root and tag != ROOT:
            raise self._refuse(f"begins with <{tag}>, not with <{ROOT}>")
        self._root = True
        self._above.append(_Element(tag, attributes, name=attributes.get("id", "") if tag == "section" else ""))

    def _characters(self, text: str) -> None:
        self._above[-1].text.append(text)

    def _end(self, tag: str) -> None:
        element = self._above.pop()
        parent = self._above[-1] if self._above else None
        text = " ".join("".join(element.text).split())
        if parent is None:
            return
        if tag == "name" and parent.tag == "diag":
            if _NAME.fullmatch(text) is None:
                raise self._refuse(f'has the code "{text}", which is none')
            parent.name = text
            self.codes += 1
        elif tag == "desc" and parent.tag in ("diag", "chapter"):
            parent.title = text
            parent.name = parent.name or text.rpartition("(")[2].rstrip(")")
        elif tag == "version":
            self.version = text
        elif tag == "chapter":
            self.chapters += 1
        elif tag == "note":
            parent.notes.append(text)
        elif tag == "excludes1":
            self._excludes(parent, element.notes)
        elif tag == "codeFirst":
            self._code_first(parent, element.notes)
        elif tag == "sevenChrDef" and parent.name:
            self.sevenths.append(Seventh(_bare(parent.name), tuple(_pairs(element))))
        elif tag == "extension" and "char" in element.attributes:
            parent.text.append(f"{element.attributes['char']}={text}\n")

    def _code_first(self, owner: _Element, notes: list[str]) -> None:
        """A code-first note without an "if", at a title that says it is a manifestation."""
        if _MANIFESTATION.search(owner.title) is None or any(_PERHAPS.search(note) for note in notes):
            return
        code = _bare(owner.name)
        if not self.manifestations or not code.startswith(self.manifestations[-1]):
            self.manifestations.append(code)

    def _excludes(self, owner: _Element, notes: list[str]) -> None:
        at = _at(owner)
        for note in notes:
            names = read_note(note)
            if names == ():
                self.without_codes += 1
            elif names is None or at is None:
                self.unread.append(f"{owner.name or owner.tag}: {note}")
            else:
                self.exclusions.append(Exclusion(at, names))


def _pairs(definition: _Element) -> Iterable[tuple[str, str]]:
    for line in "".join(definition.text).splitlines():
        character, equals, means = line.strip().partition("=")
        if equals:
            yield character, means


def _at(owner: _Element) -> Target | None:
    """The codes under a diagnosis, block or chapter; None where its name does not say."""
    if owner.tag == "diag":
        return Target(_bare(owner.name)) if owner.name else None
    block = _BLOCK.fullmatch(owner.name)
    return Target(block[1], block[2] if block[2] and block[2] != block[1] else "") if block else None


def parse(lines: Iterable[bytes], file: str) -> TabularNotes:
    """The notes of a tabular list. Raises ReleaseRefused with file, line and reason where it is cut off or another."""
    reader = _Reader(file)
    reader.feed(lines)
    if reader.chapters < _FEWEST or not reader.exclusions or not reader.sevenths:
        found = f"{reader.chapters} chapters, {reader.codes} codes, {len(reader.exclusions)} exclusions"
        raise ReleaseRefused(file, reader.lines, f"is not the whole tabular list: {found}")
    return TabularNotes(
        version=reader.version,
        exclusions=tuple(_together(reader.exclusions)),
        sevenths=tuple(reader.sevenths),
        manifestations=tuple(reader.manifestations),
        unread=tuple(reader.unread),
        without_codes=reader.without_codes,
    )


def _together(exclusions: Iterable[Exclusion]) -> Iterable[Exclusion]:
    """One exclusion a place and note."""
    return dict.fromkeys(exclusions)


def recognizes(head: str) -> bool:
    """By its root element."""
    return f"<{ROOT}" in head


def read(parts: Sequence[Part], context: Context) -> Draft:
    """The notes of one release. Raises ReleaseRefused with file, line and reason."""
    part = one_part(parts, "ICD-10-CM tabular list")
    notes = parse(part.lines(), part.name)
    start = context.start or release_start(part.hints)
    if start is None and notes.version.isdecimal():
        start = release_start([notes.version])
    through = start and known_through(start)
    rows = len(notes.exclusions) + len(notes.unread) + notes.without_codes
    return Draft(pack(notes), rows, len(notes.exclusions), start, through, version=notes.version)


def table(content: bytes, file: str) -> Table:
    """The kept notes, for the rule diagnosis-excludes1."""
    return TabularTable(content, file)


def changes(
    before: Table | None, _before_start: Date | None, now: Table, _start: Date, _codes: frozenset[str]
) -> list[Change]:
    """How many notes are new or gone, and how many could not be read."""
    new = cast(TabularTable, now).notes
    found = []
    if before is not None:
        old = cast(TabularTable, before).notes
        came, went = set(new.exclusions) - set(old.exclusions), set(old.exclusions) - set(new.exclusions)
        if came:
            found.append(Change("ICD-10", "new", now=f"{len(came)} Excludes1 notes"))
        if went:
            found.append(Change("ICD-10", "retired", was=f"{len(went)} Excludes1 notes"))
    if new.unread:
        said = f"{len(new.unread)} Excludes1 notes, which are not applied"
        found.append(Change("ICD-10", "not read", now=said))
    return found


FORMAT = Format(
    kind="icd10cm-tabular",
    rule="diagnosis-excludes1",
    title="ICD-10-CM tabular list",
    href="https://www.cdc.gov/nchs/icd/icd-10-cm/files.html",
    recognizes=recognizes,
    read=read,
    table=table,
    changes=changes,
    by_service=False,
)
"""Notes of ICD-10-CM's tabular list."""
