"""What kind of answer a file is, by its transactions and not by its name."""

from __future__ import annotations

from collections.abc import Iterable

from massage_billing.x12.segments import Ended, Outside, Transaction, at, read_slices

_ACKNOWLEDGES_CLAIMS = "005010X214"
_BHT_OF_277CA = ("0085", "TH")
"""BHT01 and BHT06 of a 277CA, for files that do not name their guide."""


def what_is(data: bytes | Iterable[bytes]) -> tuple[str, ...]:
    """The kinds of what stands in a file, each once and in the file's order: "835", "277CA", "277", "999", "TA1", …

    Empty where it is no X12, or holds nothing.
    """
    found: dict[str, None] = {}
    told: Transaction | None = None
    for piece in read_slices(data):
        if isinstance(piece, Ended):
            continue
        if isinstance(piece, Outside):
            tag = piece.segment.split(piece.interchange.delimiters.element)[0].strip()
            if tag == "TA1":
                found[tag] = None
        elif told is not piece.transaction:
            told = piece.transaction
            found[kind_of(told, piece.segments)] = None
    return tuple(found)


def kind_of(transaction: Transaction, segments: list[str]) -> str:
    """What a transaction is, by how it begins."""
    if transaction.kind != "277":
        return transaction.kind
    if "X" in transaction.version.upper():
        return "277CA" if transaction.version.upper().startswith(_ACKNOWLEDGES_CLAIMS) else "277"
    for segment in segments:
        parts = segment.split(transaction.delimiters.element)
        if parts[0].strip() == "BHT":
            return "277CA" if (at(parts, 1), at(parts, 6)) == _BHT_OF_277CA else "277"
    return "277"
