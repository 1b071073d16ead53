"""Cutting bytes into segments: where interchanges begin, which characters separate, which encoding it is.

Tolerant: text before and between interchanges, a byte order mark, line breaks after, within or as terminators, an ISA
that is not 106 characters wide, UTF-8 or Latin-1. Reads chunk by chunk, and looks at each byte a few times at most,
whatever is sent: what was read is only added to and taken from, and what was searched is not searched again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_ISA_ELEMENTS = 16
_ISA_WIDTH = 105
"""Characters of an ISA before its terminator."""
_ISA_LONGEST = 600
"""Ids that are not padded, or padded too much, do not come near this."""
_WINDOW = 2 * _ISA_LONGEST
"""What is looked at of an ISA and what follows it."""
_OVERLAP = 3
"""An ISA may begin so many bytes before the end of what was read, and not be seen yet."""
_BLANK = b" \t\r\n\x00\x1a"
_BOM = b"\xef\xbb\xbf"
_ISA = re.compile(rb"(?<![A-Za-z0-9])ISA([^A-Za-z0-9\s])")
_ISA_IN_A_WORD = re.compile(rb"ISA([^A-Za-z0-9\s])")
"""Of a file in which nothing better is found: something may have been put right before it."""
_BARE = re.compile(rb"^[\s\x00]*+(?:\xef\xbb\xbf)?+\s*+(?:GS|ST)([^A-Za-z0-9\s])")


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The four characters that separate. ``repetition`` is "" before 00402, where nothing repeats."""

    element: str = "*"
    """Between elements."""
    repetition: str = "^"
    """Between repetitions of one element (ISA11)."""
    component: str = ":"
    """Between components of a composite (ISA16)."""
    segment: str = "~"
    """After a segment."""


USUAL = Delimiters()
"""The delimiters most senders use."""


@dataclass(frozen=True, slots=True)
class Block:
    """Segments of one interchange that came together."""

    delimiters: Delimiters
    """What separates them."""
    begins: bool
    """An interchange begins with it."""
    segments: list[str]
    """As sent, without terminators; line breaks around them may still be there."""
    odd: tuple[str, ...] = ()
    """Codes of what is odd."""


class Scanner:
    """Cuts the chunks of a file into blocks of segments. An ISA may come anywhere, and brings its own delimiters."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.pending = bytearray()
        self.over = False
        self.delimiters = Delimiters()
        self.wrapped = False

    def blocks(self) -> Iterator[Block]:
        """The file in order; nothing where no X12 begins in it."""
        odd = self._find_first()
        if odd is None:
            return
        while True:
            yield from self._interchange(odd)
            odd = ()
            if self.over and not self.pending.strip(_BLANK):
                return

    def _more(self) -> bool:
        """Read on; False at the end of the file."""
        chunk = next(self.chunks, None)
        if chunk is None:
            self.over = True
            return False
        self.pending += chunk
        return True

    def _find_first(self) -> tuple[str, ...] | None:
        """Go to the first ISA; None where there is none, and nothing else that X12 begins with."""
        searched = 0
        while (found := _ISA.search(self.pending, searched)) is None:
            searched = max(0, len(self.pending) - _OVERLAP)
            if not self._more():
                found = _ISA_IN_A_WORD.search(self.pending)
                break
        if found is None:
            bare = _BARE.match(self.pending)
            if bare is None:
                return None
            self.delimiters = Delimiters(_character(bare.group(1)), segment="~" if b"~" in self.pending else "\n")
            self.pending = self.pending.removeprefix(_BOM)
            return ("no-interchange",)
        before = self.pending[: found.start()].removeprefix(_BOM).strip(_BLANK)
        del self.pending[: found.start()]
        return ("text-before",) if before else ()

    def _interchange(self, odd: tuple[str, ...]) -> Iterator[Block]:
        """From an ISA to the next one."""
        while len(self.pending) < _WINDOW and self._more():
            pass
        if _ISA.match(self.pending):
            window = bytes(self.pending[:_WINDOW])
            self.delimiters, header, self.wrapped, odd_header = _header(window)
            terminator = _byte(self.delimiters.segment)
            self.wrapped = self.wrapped or _folded(window, terminator)
            ends = len(header)
            del self.pending[: ends + (window[ends : ends + 1] == terminator)]
            text = header.decode("latin-1")
            yield Block(self.delimiters, True, [_unwrapped(text) if self.wrapped else text], odd + odd_header)
        elif odd:
            yield Block(self.delimiters, False, [], odd)
        end = _byte(self.delimiters.segment)
        searched = 0
        while True:
            following = self._next_isa(searched)
            if following is not None:
                yield self._cut(following)
                return
            if self.over:
                yield self._cut(len(self.pending))
                return
            # What follows the last terminator may be half a segment, or the beginning of an ISA.
            last = self.pending.rfind(end, searched)
            if last >= 0:
                yield self._cut(last + 1)
            searched = max(0, len(self.pending) - _OVERLAP)
            self._more()

    def _next_isa(self, searched: int) -> int | None:
        """Where the next interchange begins in what was read: after a terminator or a line break."""
        place = self.pending.find(b"ISA", searched)
        end = _byte(self.delimiters.segment)
        while place >= 0:
            before = self.pending[max(0, place - 40) : place]
            bare = before.removesuffix(_BOM).rstrip(_BLANK)
            between = before[len(bare) :]
            starts = not bare or bare.endswith(end) or end in between or b"\n" in between
            if starts and _ISA.match(self.pending, place):
                return place
            place = self.pending.find(b"ISA", place + 3)
        return None

    def _cut(self, end: int) -> Block:
        block = bytes(self.pending[:end])
        del self.pending[:end]
        segments, ascii_only = _decode(block.removesuffix(_BOM), self.delimiters)
        if self.wrapped:
            segments = [_unwrapped(segment) for segment in segments]
        return Block(self.delimiters, False, segments, () if ascii_only else ("not-ascii",))


def _unwrapped(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def _byte(character: str) -> bytes:
    return character.encode("latin-1")


def _character(byte: bytes) -> str:
    return byte.decode("latin-1")


def _decode(block: bytes, delimiters: Delimiters) -> tuple[list[str], bool]:
    """The segments of a block, and whether it is all ASCII. UTF-8 where it is, else Latin-1, segment by segment."""
    if block.isascii():
        return block.decode("ascii").split(delimiters.segment), True
    if any(character > "\x7f" for character in (delimiters.segment, delimiters.element, delimiters.component)):
        return block.decode("latin-1").split(delimiters.segment), False
    return [_text(part) for part in block.split(_byte(delimiters.segment))], False


def _text(part: bytes) -> str:
    try:
        return part.decode("utf-8")
    except UnicodeDecodeError:
        return part.decode("latin-1")


def _header(pending: bytes) -> tuple[Delimiters, bytes, bool, tuple[str, ...]]:
    """Delimiters of the ISA that stands here, its bytes, whether lines break within segments, what is odd."""
    mark = pending[3:4]
    place = 2
    for _ in range(_ISA_ELEMENTS):
        place = pending.find(mark, place + 1, _ISA_LONGEST)
        if place < 0:
            return _too_short(pending, mark)
    inside = pending[:place]
    if re.search(rb"[^A-Za-z0-9 " + re.escape(mark) + rb"](?:GS|TA1|ST)" + re.escape(mark), inside):
        return _too_short(pending, mark)
    wrapped = b"\n" in inside or b"\r" in inside
    rest = pending[place + 1 : place + 12]
    breaks = len(rest) - len(rest.lstrip(b"\r\n")) if wrapped else 0
    rest = rest[breaks:]
    odd: tuple[str, ...] = ()
    if _lacks_component(rest, pending[place + 1 + breaks :], mark):
        component, terminator, end = b":", rest[:1], place + 1 + breaks
        odd = ("component-missing",)
    else:
        component, terminator, end = rest[:1] or b":", rest[1:2] or b"~", place + 2 + breaks
    if terminator == b"\r" and pending[end + 1 : end + 2] == b"\n":
        terminator = b"\n"
    if end != _ISA_WIDTH and not wrapped:
        odd = (*odd, "isa-width")
    separators = Delimiters(_character(mark), _repetition(inside, mark), _character(component), _character(terminator))
    return separators, pending[:end], wrapped, odd


def _folded(window: bytes, terminator: bytes) -> bool:
    """Whether lines all have one width and break within segments: a file that was wrapped at more than the width of an
    ISA, at 132 columns or so."""
    if terminator in b"\r\n":
        return False
    *lines, rest = (line.rstrip(b"\r") for line in window.split(b"\n"))
    widths = {len(line) for line in lines}
    return len(widths) == 1 and len(rest) <= max(widths) and not all(line.endswith(terminator) for line in lines)


def _lacks_component(rest: bytes, following: bytes, mark: bytes) -> bool:
    """Whether ISA16 is empty, and what stands there is the terminator: the group comes right after it.

    With a line break between, it is the terminator where the group's own line ends with it too.
    """
    group = re.match(rb"[^A-Za-z0-9]([\r\n]*)(?:GS|TA1|ST)" + re.escape(mark), rest)
    if group is None or not group.group(1):
        return group is not None
    line = following[group.start(1) :].lstrip(b"\r\n").split(b"\n", 1)[0]
    return line.rstrip(b"\r").endswith(rest[:1])


def _repetition(inside: bytes, mark: bytes) -> str:
    """ISA11: a separator since 00402; before that, and where a letter stands in it, the id of a standard."""
    parts = inside.split(mark)
    given, version = _character(parts[11].strip()), parts[12].strip()
    if len(given) == 1 and not given.isalnum():
        return given
    return "^" if version >= b"00402" else ""


def _too_short(pending: bytes, mark: bytes) -> tuple[Delimiters, bytes, bool, tuple[str, ...]]:
    """An ISA with too few elements: it ends where the group or the usual terminator stands."""
    group = re.search(rb"([^A-Za-z0-9 " + re.escape(mark) + rb"])\s{0,9}(?:GS|TA1|ST)" + re.escape(mark), pending)
    if group:
        end, terminator = group.start(), group.group(1)
    else:
        end = min((at for at in (pending.find(b"~"), pending.find(b"\n")) if at >= 0), default=len(pending))
        terminator = pending[end : end + 1] or b"~"
    return Delimiters(_character(mark), segment=_character(terminator)), pending[:end], False, ("isa-elements",)
