"""Reading a 277CA: whether a receiver took our claims for adjudication, and why not (005010X214).

A 277 that answers a question (005010X212) is read too. What is said of a claim is one ``ClaimAcknowledged`` with our
number of it; what is said of a provider (2200C) or of the whole file (2200B) is one with ``control`` "": it concerns
all claims of that provider, or of the file with the number ``batch``. Nothing is refused for its form: each segment is
in a field or word for word in ``kept``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from massage_billing.model.remittance import ClaimAcknowledged, StatusSaid
from massage_billing.x12.counts import day
from massage_billing.x12.remittance_values import Parts, beyond, dollars, taken_apart
from massage_billing.x12.segments import Ended, Oddity, Outside, Transaction, at, read_slices
from massage_billing.x12.status_codes import ClaimStatusCodes, default_status_codes

_BATCH, _PROVIDER = frozenset({"20", "21"}), "19"
"""HL03 of the levels above claims."""
_DEPENDENT = "23"
_IMPLIED = {"85": "provider", "1P": "provider", "QC": "claim", "IL": "claim"}
"""NM101 that stands in one level alone."""
_OURS = "2"
"""TRN01 of a number that we gave."""


def read_status(
    data: bytes | Iterable[bytes], codes: ClaimStatusCodes | None = None
) -> Iterator[ClaimAcknowledged | Outside | Oddity]:
    """What every 277 of a file or of its chunks says, in the file's order, and what is odd about the file."""
    reader: _Reader | None = None
    for piece in read_slices(data):
        if isinstance(piece, Ended):
            yield from piece.oddities
        elif isinstance(piece, Outside):
            yield piece
        elif piece.transaction.kind == "277":
            reader = reader or _Reader(piece.transaction, codes or default_status_codes())
            for segment in piece.segments:
                yield from reader.take(segment)
            if piece.ends:
                yield from reader.close()
                yield from piece.transaction.oddities
                reader = None


def statuses(data: bytes | Iterable[bytes], codes: ClaimStatusCodes | None = None) -> list[ClaimAcknowledged]:
    """The same without what is odd, for files that can be held."""
    return [one for one in read_status(data, codes) if isinstance(one, ClaimAcknowledged)]


@dataclass(slots=True)
class _Line:
    """A 2220D loop."""

    place: int
    said: list[StatusSaid] = field(default_factory=list)
    number: str = ""


@dataclass(slots=True)
class _Open:
    """A level or claim while it is read."""

    level: str
    kept: list[str] = field(default_factory=list)
    said: list[StatusSaid] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    """REF of these kinds."""
    trace: str = ""
    named: bool = False
    """Something was said, or a number stands in it."""


class _Reader:
    """One transaction on its way to what it says."""

    def __init__(self, transaction: Transaction, codes: ClaimStatusCodes) -> None:
        self.mark, self.element = transaction.delimiters.component, transaction.delimiters.element
        self.codes = codes
        self.open = _Open("batch")
        self.batch = self.provider = ""
        self.subscriber: list[str] = []
        """HL and NM1 of the level above a dependent."""
        self.patient: list[str] = []
        """HL and NM1 of the patient whose claims follow."""

    def take(self, segment: str) -> Iterator[ClaimAcknowledged]:
        """The next segment; what has come to its end by it."""
        parts = segment.split(self.element)
        tag = parts[0] = parts[0].strip().upper()
        if tag == "NM1" and self.open.level != (implied := _IMPLIED.get(at(parts, 1).upper(), self.open.level)):
            yield from self.close()  # its HL is missing
            self.open, self.patient = _Open(implied), []
        if tag == "HL":
            yield from self._level(at(parts, 3), segment)
        elif tag == "TRN":
            if self.open.level == "claim" and self.open.named:
                yield from self.close()
                self.open = _Open("claim", list(self.patient))
            self._traced(parts, segment)
        elif tag == "STC":
            self._status(parts, segment)
        elif tag == "SVC" and self.open.level == "claim":
            self.open.lines.append(_Line(len(self.open.lines) + 1))
            self.open.kept.append(segment)
        elif not (tag == "REF" and self._reference(parts)):
            self._other(tag, parts, segment)

    def close(self) -> Iterator[ClaimAcknowledged]:
        """What the open level or claim says; nothing where nothing stands in it that was not told with another."""
        now, self.open = self.open, _Open("")
        if not now.level or not (now.named or now.kept):
            return
        said = tuple(now.said) + tuple(one for line in now.lines for one in self._of_line(line))
        ours = now.numbers.get("EJ", "") or (now.trace if now.level == "claim" else "")
        yield ClaimAcknowledged(
            ours,
            self._taken(now),
            said,
            now.numbers.get("1K", ""),
            now.numbers.get("D9", ""),
            now.level,
            self.batch,
            "" if now.level == "batch" else self.provider,
            "" if now.level == "batch" or now.trace == ours else now.trace,
            tuple(now.kept),
        )

    def _level(self, kind: str, segment: str) -> Iterator[ClaimAcknowledged]:
        if kind in _BATCH:
            if self.open.level != "batch" or (kind == "21" and self.open.named):
                yield from self.close()
                self.open = _Open("batch")
            self.batch = self.provider = ""
            self.open.kept.append(segment)
            return
        if kind == _DEPENDENT and self.open.level == "claim" and not self.open.named:
            self.subscriber = self.open.kept
        else:
            yield from self.close()
            if kind != _DEPENDENT:
                self.subscriber = []
        if kind == _PROVIDER:
            self.provider = ""
            self.open = _Open("provider", [segment])
            return
        self.patient = [*self.subscriber, segment]
        self.open = _Open("claim", list(self.patient))

    def _traced(self, parts: Parts, segment: str) -> None:
        now = self.open
        if now.level == "batch" and at(parts, 1) != _OURS:
            now.kept.append(segment)  # 2200A: the receiver's own number of the file
            return
        now.named = True
        if now.trace or not at(parts, 2):
            now.kept.append(segment)
            return
        now.trace = at(parts, 2)
        if now.level == "batch":
            self.batch = now.trace
        if at(parts, 1) != _OURS or beyond(parts, 2):
            now.kept.append(segment)

    def _status(self, parts: Parts, segment: str) -> None:
        """STC01, STC10 and STC11: up to three statuses of one day."""
        now = self.open
        now.named = True
        amount, effective = dollars(at(parts, 4)), day(at(parts, 2))
        unread = (amount is None and bool(at(parts, 4))) or (bool(at(parts, 2)) and effective is None)
        keep = unread or any(map(str.strip, parts[5:10])) or beyond(parts, 12)
        found: list[StatusSaid] = []
        for place in (1, 10, 11):
            composite = at(parts, place)
            if not composite and not (place == 1 and len(parts) > 1):
                continue
            components, other = taken_apart(composite, self.mark)
            category, code, entity, listed, *more = [*components, "", "", ""]
            keep = keep or other or bool(listed) or any(more)
            category, entity = category.upper(), entity.upper()
            words = self.codes.words(category, code, entity, listed.upper())
            text = at(parts, 12) if not found else ""
            found.append(StatusSaid(category, code, entity, words, amount, effective, text, "", at(parts, 3).upper()))
        if keep or not found:
            now.kept.append(segment)
        (now.lines[-1].said if now.lines else now.said).extend(found)

    def _reference(self, parts: Parts) -> bool:
        """Take a REF that has a field: of a line our number of it, of a claim the first of each kind."""
        kind, value, now = at(parts, 1).upper(), at(parts, 2), self.open
        if not value or beyond(parts, 2) or now.level != "claim":
            return False
        if now.lines:
            line = now.lines[-1]
            if kind == "FJ" and not line.number and line.said:
                line.number = value
                return True
            return False
        if kind in {"1K", "D9", "EJ"} and kind not in now.numbers:
            now.numbers[kind] = value
            return True
        return False

    def _other(self, tag: str, parts: Parts, segment: str) -> None:
        now = self.open
        if not now.level:
            self.open = now = _Open("batch")
        now.kept.append(segment)
        if tag == "NM1" and now.level == "provider" and not self.provider:
            self.provider = at(parts, 9)
        if now.level == "claim" and not now.named:
            self.patient.append(segment)

    def _of_line(self, line: _Line) -> Iterator[StatusSaid]:
        for one in line.said:
            yield StatusSaid(
                one.category, one.code, one.entity, one.words, one.amount, one.effective, one.free_text,
                line.number or str(line.place), one.action,
            )  # fmt: skip

    def _taken(self, now: _Open) -> bool | None:
        """A rejection outranks all; where categories do not say, the action does (STC03), and then the lines.

        A line is only told of where it is why the claim was rejected.
        """
        for said in (now.said, [one for line in now.lines for one in line.said]):
            known = [self.codes.categories.get(one.category) for one in said]
            told = [one.taken for one in known if one is not None and one.taken is not None]
            if not told:
                told = [self.codes.actions[one.action] for one in said if one.action in self.codes.actions]
            if told:
                return all(told)
        return None
