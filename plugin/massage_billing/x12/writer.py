"""Writing X12, strictly: a value that cannot stand in its element is refused by the element's name, never shown.

A delimiter in a name would end the element and let the rest be read as something else. Nothing is escaped in X12, so
such a value is refused, as are characters outside the basic and extended sets of X12 (005010 appendix B.1.1.2:
printable ASCII) and values that are too long or too short.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from massage_billing.errors import MassageBillingError, QuestionInvalid
from massage_billing.x12.lengths import ELEMENTS
from massage_billing.x12.scanner import USUAL, Delimiters

Element = str | tuple[str, ...] | Sequence["str | tuple[str, ...]"]
"""A value; a tuple of components; or a list of repetitions of either."""
_BASIC_AND_EXTENDED = frozenset(map(chr, range(0x20, 0x7F)))
_CONTROL_LENGTH = 9
_KEPT = 256
"""Objects whose segments are kept."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom, when, under which numbers: ISA and GS. Control numbers are the caller's to keep unique."""

    sender_id: str
    """ISA06, at most 15 characters."""
    receiver_id: str
    """ISA08, at most 15 characters."""
    written_at: datetime
    """ISA09, ISA10, GS04, GS05, BHT04, BHT05: when it is written, at the sender."""
    interchange_control: int
    """ISA13, 1 to 999999999: unique between the two for a long time."""
    group_control: int
    """GS06, 1 to 999999999."""
    sender_qualifier: str = "ZZ"
    """ISA05."""
    receiver_qualifier: str = "ZZ"
    """ISA07."""
    application_sender: str = ""
    """GS02; "": ISA06."""
    application_receiver: str = ""
    """GS03; "": ISA08."""
    usage: str = "P"
    """ISA15: P production, T test."""
    delimiters: Delimiters = USUAL
    """What separates."""
    authorization: tuple[str, str] = ("00", "")
    """ISA01, ISA02."""
    security: tuple[str, str] = ("00", "")
    """ISA03, ISA04."""
    acknowledge: bool = False
    """ISA14: whether a TA1 is asked for."""
    line_breaks: bool = False
    """A line break after every segment, for people who read it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in what is being written."""

    segments: int
    """Segments not handed over."""
    opened: int
    """Where the transaction began."""
    transactions: int
    """How many there are."""


@lru_cache(maxsize=1024)
def _form(tag: str, count: int, delimiters: Delimiters, *, coded: bool = False) -> re.Pattern[str]:
    """What so many elements of a segment look like where each can stand as it is; nothing, where it cannot be.

    ``coded``: each may be a composite.
    """
    lengths = ELEMENTS.get(tag, ())
    if not 0 < count <= len(lengths):
        return re.compile(r"(?!)")
    marks = {delimiters.element, delimiters.repetition, delimiters.component, delimiters.segment}
    ink = "[" + "".join(map(re.escape, sorted(_BASIC_AND_EXTENDED - marks - {" "}))) + "]"
    any_ = ink[:-1] + " ]"
    values = []
    for least, most in lengths[:count]:
        if most == 1:
            values.append(f"{ink}?")
        else:
            one = f"(?:{any_}{{{max(0, least - 2)},{most - 2}}}{ink})"
            values.append(f"(?:{ink}{one}{'?' if least == 1 else ''})?")
    if coded:
        within = re.escape(delimiters.component)
        values = [f"{value}(?:{within}{value})*" for value in values]
    return re.compile(re.escape(delimiters.element).join(values))


class SegmentWriter:
    """Collects segments of one interchange, each checked. ``refuse`` makes the error that a bad value raises."""

    def __init__(self, envelope: Envelope, refuse: Callable[..., MassageBillingError] = QuestionInvalid) -> None:
        self.envelope = envelope
        self.delimiters = envelope.delimiters
        self.refuse = refuse
        self.loop = ""
        self._segments: list[str] = []
        self._opened = 0
        self._transactions = 0
        marks = (
            self.delimiters.element,
            self.delimiters.repetition,
            self.delimiters.component,
            self.delimiters.segment,
        )
        if len(set(marks)) < len(marks) or any(len(mark) != 1 or mark.isalnum() or mark == " " for mark in marks):
            raise refuse("The four X12 delimiters have to be four different characters, no letters and no digits.")
        self._marks = frozenset(marks)
        self._mark = self.delimiters.element
        self._forms: dict[tuple[str, int], re.Pattern[str]] = {}
        self._coded_forms: dict[tuple[str, int], re.Pattern[str]] = {}
        self._said: dict[tuple[str, int], tuple[object, list[str]]] = {}

    def put(self, tag: str, *values: str, names: Mapping[int, str] | None = None) -> None:
        """``add`` without composites and repetitions: all values are looked at in one go. For long files."""
        form = self._forms.get((tag, len(values)))
        if form is None:
            form = self._forms[tag, len(values)] = _form(tag, len(values), self.delimiters)
        text = self._mark.join(values)
        if form.fullmatch(text) is None:
            self.add(tag, *values, names=names)
        else:
            self._segments.append(f"{tag}{self._mark}{text}".rstrip(self._mark))

    def put_coded(self, tag: str, *values: str | tuple[str, ...], names: Mapping[int, str] | None = None) -> None:
        """``put`` with composites, which do not end with something empty."""
        form = self._coded_forms.get((tag, len(values)))
        if form is None:
            form = self._coded_forms[tag, len(values)] = _form(tag, len(values), self.delimiters, coded=True)
        mark, within = self._mark, self.delimiters.component
        parts, expected = [], 0
        for value in values:
            if isinstance(value, str):
                parts.append(value)
            else:
                parts.append(within.join(value))
                expected += len(value) - 1
        text = mark.join(parts)
        if text.count(within) != expected or form.fullmatch(text) is None:
            self.add(tag, *values, names=names)
        else:
            self._segments.append(f"{tag}{mark}{text}".rstrip(mark))

    def add(self, tag: str, *elements: Element, names: Mapping[int, str] | None = None) -> None:
        """Write one segment; elements that are empty at its end are left out. Raises ``refuse``."""
        lengths = ELEMENTS.get(tag)
        if lengths is None or len(elements) > len(lengths):
            raise self.refuse(f"{self._name(tag)} is no segment that is written here, or has too many elements.")
        parts = [
            self._element(element, bounds, tag, place, (names or {}).get(place, ""))
            for place, (element, bounds) in enumerate(zip(elements, lengths, strict=False), 1)
        ]
        while parts and not parts[-1]:
            parts.pop()
        if not parts:
            raise self.refuse(f"{self._name(tag)} would be empty.")
        self._segments.append(self.delimiters.element.join([tag, *parts]))

    def repeat(self, what: str, about: object, write: Callable[[], None]) -> None:
        """What ``write`` writes about an object; of the very same one the same segments again, for they were checked.

        ``about`` never changes; ``what`` tells what is written about it.
        """
        known = self._said.get((what, id(about)))
        if known is not None:
            self._segments += known[1]
            return
        begun = len(self._segments)
        write()
        if len(self._said) >= _KEPT:
            self._said.clear()
        self._said[what, id(about)] = (about, self._segments[begun:])  # kept, so that nothing else gets its id

    def begin(self, kind: str, version: str) -> None:
        """Write ISA and GS. ``kind`` is GS01, ``version`` GS08."""
        envelope = self.envelope
        self._segments.append(self._isa())
        self.loop = "envelope"
        self.add(
            "GS", kind, envelope.application_sender or envelope.sender_id,
            envelope.application_receiver or envelope.receiver_id, f"{envelope.written_at:%Y%m%d}",
            f"{envelope.written_at:%H%M}", self._control(envelope.group_control, "GS06"), "X", version,
            names={2: "application sender", 3: "application receiver"},
        )  # fmt: skip

    def begin_transaction(self, kind: str, version: str) -> str:
        """Write an ST; its control number, "0001" for the first."""
        self._transactions += 1
        self._opened = len(self._segments)
        number = f"{self._transactions:04d}"
        self.add("ST", kind, number, version)
        return number

    def end_transaction(self) -> None:
        """Write the SE."""
        self.add("SE", str(len(self._segments) - self._opened + 1), f"{self._transactions:04d}")

    def end(self) -> bytes:
        """Write GE and IEA; the interchange, or what of it was not handed over yet."""
        self.add("GE", str(self._transactions), str(self.envelope.group_control))
        self.add("IEA", "1", f"{self.envelope.interchange_control:09d}")
        return self.hand_over()

    def hand_over(self) -> bytes:
        """What was written since the last time, so that memory stays flat."""
        end = self.delimiters.segment + ("\n" if self.envelope.line_breaks else "")
        given = end.join([*self._segments, ""])
        self._opened -= len(self._segments)
        self._segments.clear()
        return given.encode("ascii")

    @property
    def pending(self) -> int:
        """How many segments were not handed over yet."""
        return len(self._segments)

    def mark(self) -> Mark:
        """Where it stands, for ``back_to``; valid until something is handed over."""
        return Mark(len(self._segments), self._opened, self._transactions)

    def back_to(self, mark: Mark) -> None:
        """Unwrite what was written since."""
        del self._segments[mark.segments :]
        self._opened, self._transactions = mark.opened, mark.transactions

    def _element(self, element: Element, bounds: tuple[int, int], tag: str, place: int, name: str) -> str:
        if isinstance(element, str):
            return self._value(element, bounds, tag, place, name)
        if isinstance(element, tuple):
            values = [self._value(str(part), bounds, tag, place, name) for part in element]
            while values and not values[-1]:
                values.pop()
            return self.delimiters.component.join(values)
        return self.delimiters.repetition.join(self._element(one, bounds, tag, place, name) for one in element)

    def _value(self, value: str, bounds: tuple[int, int], tag: str, place: int, name: str) -> str:
        if not value:
            return ""
        if not self._marks.isdisjoint(value):
            raise self.refuse(
                f"{self._name(tag, place, name)} holds a character that separates elements in X12.",
                "Write it without that character where it is recorded.",
            )
        if not _BASIC_AND_EXTENDED.issuperset(value):
            raise self.refuse(
                f"{self._name(tag, place, name)} holds a character that X12 does not have.",
                "Write it in plain letters where it is recorded.",
            )
        value = value.strip(" ")
        least, most = bounds
        if not least <= len(value) <= most:
            raise self.refuse(
                f"{self._name(tag, place, name)} has {len(value)} characters; {least} to {most} are allowed."
            )
        return value

    def _name(self, tag: str, place: int = 0, name: str = "") -> str:
        where = f"{self.loop} {tag}{f'{place:02d}' if place else ''}".strip()
        return f"{name[:1].upper()}{name[1:]} ({where})" if name else where

    def _control(self, number: int, element: str) -> str:
        if not 0 < number < 10**_CONTROL_LENGTH:
            raise self.refuse(f"{element} has to be a number from 1 to 999999999.")
        return str(number)

    def _isa(self) -> str:
        envelope, mark = self.envelope, self.delimiters
        self.loop = "ISA"
        fixed = [
            (envelope.authorization[0], 2, "ISA01"), (envelope.authorization[1], 10, "ISA02"),
            (envelope.security[0], 2, "ISA03"), (envelope.security[1], 10, "ISA04"),
            (envelope.sender_qualifier, 2, "ISA05"), (envelope.sender_id, 15, "ISA06"),
            (envelope.receiver_qualifier, 2, "ISA07"), (envelope.receiver_id, 15, "ISA08"),
        ]  # fmt: skip
        for value, width, name in fixed:
            if len(value) > width or not self._marks.isdisjoint(value) or not _BASIC_AND_EXTENDED.issuperset(value):
                raise self.refuse(f"{name} has to fit {width} plain characters without a separator.")
            if not value.strip() and name not in {"ISA02", "ISA04"}:
                raise self.refuse(f"{name} is empty.")
        if envelope.usage not in {"P", "T"}:
            raise self.refuse("ISA15 is P or T.")
        control = self._control(envelope.interchange_control, "ISA13").zfill(_CONTROL_LENGTH)
        return mark.element.join([
            "ISA", *(value.ljust(width) for value, width, _ in fixed), f"{envelope.written_at:%y%m%d}",
            f"{envelope.written_at:%H%M}", mark.repetition, "00501", control, "1" if envelope.acknowledge else "0",
            envelope.usage, mark.component,
        ])  # fmt: skip
