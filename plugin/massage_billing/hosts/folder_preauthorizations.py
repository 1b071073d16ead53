"""A patient's preauthorizations in the folder index: Claims of that use, and what payers answered to them.

The index does not hold a Claim's use, so the bytes are looked at; a Claim that has the word for another reason is
brought along and told apart by whoever reads it. Without any ClaimResponse in the folder nothing is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from massage_billing.hosts.folder_index import Entry, Index

_USE: Final = b'"preauthorization"'
_ANSWER: Final = "ClaimResponse"


def preauthorizations(index: Index, claims: Iterable[Entry]) -> Iterator[Entry]:
    """The entries of preauthorizations among a patient's Claims, each with its answers."""
    if _ANSWER not in index.types:
        return
    for entry in claims:
        if entry.key.startswith("Claim/") and _USE in index.raw(entry):
            yield entry
            yield from (one for one in index.group(entry.key) if one.key.startswith(f"{_ANSWER}/"))
