"""Reading X12: interchanges, groups and transactions out of bytes, tolerantly, one piece at a time.

Delimiters come from each ISA. What is odd (a wrong count, a trailer that is missing, text around it) is an ``Oddity``
and never a refusal. A transaction is held in memory, a file is not. Segments stay the text that was sent; who reads
one takes it apart. For every kind of transaction: 271, 999, 835, 837 …
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from massage_billing.x12.scanner import USUAL, Block, Delimiters, Scanner

__all__ = [
    "Delimiters",
    "Ended",
    "Group",
    "Interchange",
    "Oddity",
    "Outside",
    "Piece",
    "Slice",
    "Transaction",
    "at",
    "components",
    "read_pieces",
    "read_slices",
    "read_transactions",
    "repeats",
]


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something about a file that the standard does not allow, and that reading did not fail of."""

    code: str
    """"segment-count", "control-number", "trailer-missing", "outside", "not-ascii" …"""
    where: str
    """"interchange 000000907", "transaction 0001 of group 1"; by control numbers only."""
    message: str
    """What is odd, without any of the data."""


@dataclass(frozen=True, slots=True)
class Interchange:
    """What an ISA says."""

    sender_qualifier: str = ""
    """ISA05."""
    sender: str = ""
    """ISA06, without its padding."""
    receiver_qualifier: str = ""
    """ISA07."""
    receiver: str = ""
    """ISA08, without its padding."""
    date: str = ""
    """ISA09, YYMMDD."""
    time: str = ""
    """ISA10."""
    version: str = ""
    """ISA12, "00501"."""
    control: str = ""
    """ISA13."""
    usage: str = ""
    """ISA15: P or T."""
    delimiters: Delimiters = USUAL
    """Its delimiters."""


@dataclass(frozen=True, slots=True)
class Group:
    """What a GS says."""

    kind: str = ""
    """GS01: HB, FA, HP …"""
    sender: str = ""
    """GS02."""
    receiver: str = ""
    """GS03."""
    date: str = ""
    """GS04, CCYYMMDD."""
    time: str = ""
    """GS05."""
    control: str = ""
    """GS06."""
    version: str = ""
    """GS08."""


@dataclass(slots=True)
class Transaction:
    """One ST to its SE."""

    kind: str
    """ST01: "271"."""
    control: str
    """ST02."""
    version: str
    """ST03, else GS08."""
    interchange: Interchange
    """The interchange it came in."""
    group: Group
    """The group it came in."""
    segments: list[str]
    """What stands between ST and SE, as sent, without terminators."""
    header: str = ""
    """The ST as sent."""
    trailer: str = ""
    """The SE as sent; "" where there is none."""
    oddities: list[Oddity] = field(default_factory=list)
    """What is odd about this transaction."""

    @property
    def delimiters(self) -> Delimiters:
        """Those of its interchange."""
        return self.interchange.delimiters


@dataclass(frozen=True, slots=True)
class Outside:
    """A segment that stands in no transaction: a TA1, or something unknown."""

    segment: str
    """As sent."""
    interchange: Interchange
    """Where it stands."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An interchange, or the file, has come to its end."""

    interchange: Interchange | None
    """None: the end of the file."""
    oddities: tuple[Oddity, ...]
    """What is odd about the interchange or the file as a whole."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some segments of a transaction that is too large to be held."""

    transaction: Transaction
    """The transaction, one value for all its slices; its own ``segments`` are empty or those of the last slice."""
    segments: list[str]
    """The segments that follow those of the slice before."""
    ends: bool
    """It is the last one; all oddities of the transaction are known."""


Piece = Transaction | Outside | Ended
"""What reading a file gives, in the file's order. The end of the file is always the last."""


def at(parts: list[str], place: int) -> str:
    """Element ``place`` (1 is the first), without blanks around it; "" where it is not there."""
    return parts[place].strip() if len(parts) > place else ""


def repeats(element: str, delimiters: Delimiters) -> tuple[str, ...]:
    """The repetitions of an element; empty where there is nothing."""
    mark = delimiters.repetition
    if not mark or mark not in element:
        return (element,) if element else ()
    return tuple(filter(None, map(str.strip, element.split(mark))))


def components(element: str, delimiters: Delimiters) -> list[str]:
    """The components of a composite."""
    return [part.strip() for part in element.split(delimiters.component)]


def read_transactions(data: bytes | Iterable[bytes]) -> Iterator[Transaction]:
    """The transactions of a file or of its chunks, one by one."""
    for piece in read_pieces(data):
        if isinstance(piece, Transaction):
            yield piece


def read_pieces(data: bytes | Iterable[bytes]) -> Iterator[Piece]:
    """Everything of a file or of its chunks, in order; memory is that of one transaction and one chunk."""
    chunks = (data,) if isinstance(data, bytes) else data
    framing = _Framing()
    for block in Scanner(chunks).blocks():
        yield from framing.take(block)
    yield from framing.finish()


def read_slices(data: bytes | Iterable[bytes]) -> Iterator[Slice | Outside | Ended]:
    """The same as ``read_pieces``, but with each transaction in slices: memory is that of one chunk."""
    chunks = (data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)) if isinstance(data, bytes) else data
    framing = _Framing()
    for block in Scanner(chunks).blocks():
        yield from map(_sliced, framing.take(block))
        if framing.transaction is not None and framing.transaction.segments:
            yield Slice(framing.transaction, framing.drain(framing.transaction), False)
    yield from map(_sliced, framing.finish())


def _sliced(piece: Piece) -> Slice | Outside | Ended:
    return Slice(piece, piece.segments, True) if isinstance(piece, Transaction) else piece


_CHUNK = 1 << 16
_CONTROL = frozenset({"IS", "IE", "GS", "GE", "ST", "SE", "TA"})
_BLANK = " \t\r\n\x00\x1a\ufeff"
_WORDS = {
    "no-interchange": "There is no ISA; delimiters were guessed.",
    "text-before": "Something stands before the first ISA.",
    "not-ascii": "It holds characters that are not ASCII.",
    "component-missing": "ISA16 is empty; a colon was assumed.",
    "isa-width": "The ISA does not have its fixed width.",
    "isa-elements": "The ISA does not have its sixteen elements.",
}


class _Framing:
    """Puts segments into transactions, and looks after trailers, counts and control numbers."""

    def __init__(self) -> None:
        self.interchange: Interchange | None = None
        self.group: Group | None = None
        self.transaction: Transaction | None = None
        self.groups = self.transactions = 0
        self.drained = 0
        self.seen: set[tuple[str, str]] = set()
        self.oddities: dict[Oddity, None] = {}
        self.found = False

    def take(self, block: Block) -> Iterator[Piece]:
        """One block of segments with the same delimiters."""
        mark = block.delimiters.element
        blank = "".join(one for one in _BLANK if one != mark)
        if block.begins:
            yield from self._end_interchange(trailer=False)
        for code in block.odd:
            self._odd(code, _WORDS[code])
        for given in block.segments:
            segment = given.strip(blank)
            if segment[:2] not in _CONTROL:
                if self.transaction is not None:
                    if segment:
                        self.transaction.segments.append(segment)
                    continue
                if not segment:
                    continue
            self.found = True
            yield from self._control(segment, segment.split(mark), block.delimiters)

    def drain(self, transaction: Transaction) -> list[str]:
        """Take out the segments that the open transaction has so far."""
        segments, transaction.segments = transaction.segments, []
        self.drained += len(segments)
        return segments

    def finish(self) -> Iterator[Piece]:
        """The end of the file."""
        yield from self._end_interchange(trailer=False)
        if not self.found:
            self._odd("nothing", "There is no interchange in it.")
        yield Ended(None, tuple(self.oddities))

    def _control(self, segment: str, parts: list[str], delimiters: Delimiters) -> Iterator[Piece]:
        tag = parts[0].strip()
        if tag == "ISA":
            self.interchange = _interchange(parts, delimiters)
        elif tag == "GS":
            yield from self._end_group(None)
            self.group = _group(parts)
            self.groups += 1
        elif tag == "ST":
            yield from self._end_transaction(None, "")
            self._begin_transaction(segment, parts, delimiters)
        elif tag == "SE":
            yield from self._end_transaction(parts, segment)
        elif tag == "GE":
            yield from self._end_group(parts)
        elif tag == "IEA":
            yield from self._end_interchange(trailer=True, parts=parts)
        elif self.transaction is not None:
            self.transaction.segments.append(segment)
        else:
            if tag != "TA1":
                self._odd("outside", "A segment stands outside of every transaction.")
            yield Outside(segment, self.interchange or Interchange(delimiters=delimiters))

    def _begin_transaction(self, segment: str, parts: list[str], delimiters: Delimiters) -> None:
        group = self.group or Group()
        interchange = self.interchange or Interchange(delimiters=delimiters)
        control = at(parts, 2)
        self.transaction = Transaction(
            at(parts, 1), control, at(parts, 3) or group.version, interchange, group, [], segment
        )
        self.transactions += 1
        self.drained = 0
        if self.group is None:
            self._odd_here("group-missing", "It stands in no group.")
        if (group.control, control) in self.seen:
            self._odd_here("control-repeated", "Its control number stands twice in the group.")
        self.seen.add((group.control, control))

    def _end_transaction(self, parts: list[str] | None, segment: str) -> Iterator[Piece]:
        transaction = self.transaction
        if transaction is None:
            if parts is not None:
                self._odd("outside", "An SE stands outside of every transaction.")
            return
        if parts is None:
            self._odd_here("trailer-missing", "It has no SE: something may be missing.")
        else:
            transaction.trailer = segment
            if at(parts, 1).lstrip("0") != str(self.drained + len(transaction.segments) + 2):
                self._odd_here("segment-count", "SE01 is not the number of its segments.")
            if not _same(at(parts, 2), transaction.control):
                self._odd_here("control-number", "SE02 is not its control number.")
        self.transaction = None
        yield transaction

    def _end_group(self, parts: list[str] | None) -> Iterator[Piece]:
        yield from self._end_transaction(None, "")
        if self.group is None:
            return
        where = f"group {self.group.control}"
        if parts is None:
            self._odd("trailer-missing", "It has no GE.", where)
        else:
            if at(parts, 1).lstrip("0") != str(self.transactions or ""):
                self._odd("transaction-count", "GE01 is not the number of its transactions.", where)
            if not _same(at(parts, 2), self.group.control):
                self._odd("control-number", "GE02 is not its control number.", where)
        self.group, self.transactions = None, 0
        self.seen = set()

    def _end_interchange(self, *, trailer: bool, parts: list[str] | None = None) -> Iterator[Piece]:
        yield from self._end_group(None)
        interchange, self.interchange = self.interchange, None
        if interchange is None:
            return
        if not trailer or parts is None:
            self._odd("trailer-missing", "It has no IEA.", f"interchange {interchange.control}")
        else:
            if at(parts, 1).lstrip("0") != str(self.groups or ""):
                self._odd("group-count", "IEA01 is not the number of its groups.", f"interchange {interchange.control}")
            if not _same(at(parts, 2), interchange.control):
                self._odd("control-number", "IEA02 is not its control number.", f"interchange {interchange.control}")
        self.groups = 0
        oddities, self.oddities = tuple(self.oddities), {}
        yield Ended(interchange, oddities)

    def _odd(self, code: str, message: str, where: str = "") -> None:
        if not where:
            where = f"interchange {self.interchange.control}" if self.interchange else "file"
        self.oddities.setdefault(Oddity(code, where, message))

    def _odd_here(self, code: str, message: str) -> None:
        if self.transaction is not None:
            where = f"transaction {self.transaction.control} of group {self.transaction.group.control}"
            self.transaction.oddities.append(Oddity(code, where, message))


def _same(one: str, other: str) -> bool:
    """Control numbers are compared as numbers: some write leading zeros once and not the other time."""
    return one.lstrip("0") == other.lstrip("0")


def _interchange(parts: list[str], delimiters: Delimiters) -> Interchange:
    return Interchange(
        at(parts, 5), at(parts, 6), at(parts, 7), at(parts, 8), at(parts, 9), at(parts, 10), at(parts, 12),
        at(parts, 13), at(parts, 15), delimiters,
    )  # fmt: skip


def _group(parts: list[str]) -> Group:
    return Group(
        at(parts, 1), at(parts, 2), at(parts, 3), at(parts, 4), at(parts, 5), at(parts, 6), at(parts, 8)
    )  # fmt: skip
