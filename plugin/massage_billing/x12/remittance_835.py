"""Reading an 835: what a payer paid, claim by claim, whatever form it came in (005010X221A1, and 004010X091A1).

Tolerant: nothing is refused for its form. Every segment of a transaction is in a field or word for word in ``kept``.
A file may be of any size: claims come one by one, and memory is that of a claim and of the chunk it came in.
Whether it balances is another question (``balance_835``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date as Date
from decimal import Decimal

from massage_billing.model.remittance import (
    ClaimPaid,
    ProviderAdjustment,
    Remittance,
    RemittanceEnd,
    RemittanceHeader,
)
from massage_billing.x12.counts import day
from massage_billing.x12.remittance_claim import ClaimReader
from massage_billing.x12.remittance_values import ODD, ZERO, Gathered, Parts, beyond, dollars, taken_apart
from massage_billing.x12.segments import Ended, Outside, Transaction, at, read_slices

Part = RemittanceHeader | ClaimPaid | RemittanceEnd | Outside | Ended
"""What reading gives, in the file's order: for each ST a header, its claims and an end; and what is around them."""

_OF_THE_HEADER = frozenset({"BPR", "NTE", "TRN", "CUR", "REF", "DTM", "N1", "N2", "N3", "N4", "PER", "RDM"})
_ONCE = frozenset({"BPR", "TRN"})
_OF_A_CLAIM = frozenset({"SVC", "CAS", "NM1", "MIA", "MOA", "AMT", "QTY", "LQ"})
_BEFORE_CLAIMS = frozenset({"LX", "TS2", "TS3"})
_KNOWN = _OF_THE_HEADER | _OF_A_CLAIM | _BEFORE_CLAIMS | {"CLP", "PLB"}


def read_835(data: bytes | Iterable[bytes]) -> Iterator[Part]:
    """Every remittance of a file or of its chunks, claim by claim; other transactions in it are passed over.

    ``Outside`` and ``Ended`` are as ``segments.read_pieces`` gives them: what stands in no transaction, and what is odd
    about the envelopes.
    """
    reader: _Reader | None = None
    claims = 0
    for piece in read_slices(data):
        if isinstance(piece, Outside | Ended):
            yield piece
        elif piece.transaction.kind == "835":
            if reader is None:
                reader = _Reader(piece.transaction, claims)
            yield from reader.take(piece.segments)
            if piece.ends:
                yield from reader.end()
                claims = reader.place
                reader = None


def remittances(data: bytes | Iterable[bytes]) -> list[Remittance]:
    """The same as whole values, for files that can be held; what is odd about the envelopes is with each of them."""
    found: list[Remittance] = []
    odd: list[str] = []
    header: Remittance | None = None
    claims: list[ClaimPaid] = []
    for part in read_835(data):
        if isinstance(part, RemittanceHeader):
            header, claims = part.remittance, []
        elif isinstance(part, ClaimPaid):
            claims.append(part)
        elif isinstance(part, RemittanceEnd) and header is not None:
            found.append(whole(header, claims, part))
        elif isinstance(part, Ended):
            odd += [f"{one.where}: {one.message}" for one in part.oddities]
    return [replace(one, oddities=(*one.oddities, *odd)) for one in found] if odd else found


def whole(header: Remittance, claims: Iterable[ClaimPaid], end: RemittanceEnd) -> Remittance:
    """A remittance put together from its parts."""
    return replace(
        header,
        claims=tuple(claims),
        adjustments=end.adjustments,
        complete=end.complete,
        unreadable=end.unreadable,
        kept=header.kept + end.kept,
        oddities=end.oddities,
    )


@dataclass(slots=True)
class _Header:
    """What stands before the first claim."""

    parts: dict[str, Parts]
    """BPR, TRN, N1*PR, N1*PE, by their names."""
    gathered: Gathered
    references: list[tuple[str, str, str]]
    """(N101 of the loop, REF01, REF02)."""
    loop: str = ""
    produced: Date | None = None

    def take(self, parts: Parts, segment: str) -> None:
        """A segment of the header; all are kept but those whose every element has a field."""
        tag = parts[0]
        whole_in_fields = False
        if tag == "N1":
            self.loop = at(parts, 1).upper()
            self.parts.setdefault(f"N1*{self.loop}", parts)
        elif tag in _ONCE:
            first = self.parts.setdefault(tag, parts) is parts
            if not first:
                self.gathered.odd[ODD["repeated"]] = None
                self.gathered.unreadable.append(tag)
            plain = _plain_bpr(parts) if tag == "BPR" else at(parts, 1) == "1" and not beyond(parts, 3)
            whole_in_fields = first and plain
        elif tag == "REF":
            self.references.append((self.loop, at(parts, 1).upper(), at(parts, 2)))
        elif tag == "DTM" and at(parts, 1) == "405" and self.produced is None and not beyond(parts, 2):
            self.produced = day(at(parts, 2))
            whole_in_fields = self.produced is not None and len(at(parts, 2)) == 8
        if not whole_in_fields:
            self.gathered.keep(segment)

    def reference(self, loop: str, kind: str) -> str:
        """The REF of a loop."""
        return next((value for of, name, value in self.references if (of, name) == (loop, kind) and value), "")

    def paid(self) -> tuple[Decimal, Date | None]:
        """BPR02 and BPR16; some senders leave out an element before the date."""
        bpr = self.parts.get("BPR", ["BPR"])
        value = dollars(at(bpr, 2))
        if value is None:
            self.gathered.unreadable.append("BPR02")
        moved = day(at(bpr, 16))
        if moved is None and not at(bpr, 16) and len(at(bpr, 15)) == 8:
            moved = day(at(bpr, 15))
        return value or ZERO, moved


def _plain_bpr(parts: Parts) -> bool:
    """Whether a BPR has nothing but what, how and when is paid: BPR05 to 15 are of banks."""
    date_read = not at(parts, 16) or (day(at(parts, 16)) is not None and len(at(parts, 16)) == 8)
    known = date_read and dollars(at(parts, 2)) is not None and at(parts, 3).upper() in {"C", "D"}
    return known and not any(map(str.strip, parts[5:16] + parts[17:]))


class _Reader:
    """One ST on its way to parts."""

    def __init__(self, transaction: Transaction, claims_before: int) -> None:
        self.transaction = transaction
        self.mark = transaction.delimiters.component
        self.odd: dict[str, None] = {}
        self.header: _Header | None = _Header({}, Gathered(self.odd), [])
        self.claim: ClaimReader | None = None
        self.place = claims_before
        self.claims = 0
        self.charge = self.paid = ZERO
        self.before: list[str] = []
        self.adjustments: list[ProviderAdjustment] = []
        self.rest = Gathered(self.odd)

    def take(self, segments: list[str]) -> Iterator[Part]:
        """The segments that come next."""
        element = self.transaction.delimiters.element
        for segment in segments:
            parts = segment.split(element)
            tag = parts[0]
            if tag not in _KNOWN:
                tag = parts[0] = tag.strip().upper()
            if tag == "CLP":
                yield from self._between()
                self.place += 1
                self.claims += 1
                self.claim = ClaimReader(self.place, parts, segment, self.mark, self.odd)
            elif tag in _BEFORE_CLAIMS:
                yield from self._between()
                self.before.append(segment)
            elif tag == "PLB":
                yield from self._between()
                self._moved(parts, segment)
            elif self.claim is not None:
                self._of_claim(self.claim, parts, segment)
            elif self.header is not None and tag not in _OF_A_CLAIM:
                self.header.take(parts, segment)
            else:
                self._unplaced(parts, segment)

    def end(self) -> Iterator[Part]:
        """The SE, or the end of the file."""
        yield from self._between()
        oddities = (*(one.message for one in self.transaction.oddities), *self.odd)
        yield RemittanceEnd(
            self.transaction.control, self.claims, self.charge, self.paid, tuple(self.adjustments),
            bool(self.transaction.trailer), tuple(self.rest.unreadable), (*self.before, *self.rest.kept), oddities,
        )  # fmt: skip

    def _between(self) -> Iterator[Part]:
        """A claim ends here, or the header."""
        if self.header is not None:
            header, self.header = self.header, None
            yield RemittanceHeader(self._begun(header))
        if self.claim is not None:
            claim, self.claim = self.claim.done(self.before), None
            self.before = []
            self.charge += claim.charge
            self.paid += claim.paid
            yield claim

    def _of_claim(self, claim: ClaimReader, parts: Parts, segment: str) -> None:
        if parts[0] in _ONCE:
            # Two remittances run into each other: what is paid for what is not known.
            self.odd[ODD["repeated"]] = None
            self.rest.unreadable.append(parts[0])
        claim.take(parts, segment)

    def _unplaced(self, parts: Parts, segment: str) -> None:
        """Money of a claim where there is no claim."""
        self.odd[ODD["unplaced"]] = None
        if parts[0] in {"CAS", "SVC", "BPR"}:
            self.rest.unreadable.append(parts[0])
        self.rest.keep(segment)

    def _moved(self, parts: Parts, segment: str) -> None:
        """PLB: provider, end of the fiscal year, then reason and amount, six times."""
        provider, period = at(parts, 1), day(at(parts, 2))
        told = len(self.adjustments)
        keep = (period is None and bool(at(parts, 2))) or len(at(parts, 2)) > 8
        for place in range(3, len(parts), 2):
            why, amount = at(parts, place), at(parts, place + 1)
            if not (why or amount):
                continue
            value = dollars(amount)
            components, other = taken_apart(why, self.mark)
            if other:
                self.odd[ODD["component"]] = None
            keep = keep or other or len(components) > 2
            if value is None:
                self.rest.unreadable.append(f"PLB{place + 1:02}")
                keep = True
                continue
            reference = components[1] if len(components) > 1 else ""
            self.adjustments.append(ProviderAdjustment(components[0].upper(), reference, value, provider, period))
        if keep or len(self.adjustments) == told:
            self.rest.keep(segment)

    def _begun(self, header: _Header) -> Remittance:
        transaction, parts = self.transaction, header.parts
        bpr, trn = parts.get("BPR", []), parts.get("TRN", [])
        payer, payee = parts.get("N1*PR", []), parts.get("N1*PE", [])
        paid, moved = header.paid()
        self.rest.unreadable += header.gathered.unreadable
        kind = at(payee, 3).upper()
        return Remittance(
            at(trn, 2), at(payer, 2), at(trn, 3) or header.reference("PR", "2U") or at(payer, 4), paid,
            at(bpr, 3).upper() != "D", at(bpr, 4).upper(), moved, at(payee, 4) if kind == "XX" else "",
            at(payee, 4) if kind == "FI" else header.reference("PE", "TJ"), header.produced, at(bpr, 1).upper(),
            transaction.control, transaction.group.control, transaction.interchange.control,
            transaction.interchange.sender, unreadable=tuple(header.gathered.unreadable),
            kept=tuple(header.gathered.kept), oddities=tuple(one.message for one in transaction.oddities),
        )  # fmt: skip
