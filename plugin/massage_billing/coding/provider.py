"""Who did it, and can that be billed? NPI with a right check digit, and a provider taxonomy (DESIGN 14)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.terms import NpiRow, TaxonomyRow
from massage_billing.model import Therapist

_NPI, _TAXONOMY = "therapist-npi", "therapist-taxonomy"


@lru_cache(maxsize=4096)
def npi_valid(npi: str, prefix: str, digits: int, first: tuple[str, ...]) -> bool:
    """Whether an NPI has the right length, beginning and check digit: Luhn's formula over the prefix and the NPI."""
    if len(npi) != digits or not (npi.isascii() and npi.isdecimal() and npi.startswith(first)):
        return False
    total = 0
    for place, character in enumerate(reversed(prefix + npi)):
        digit = int(character) * (2 if place % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


@lru_cache(maxsize=4096)
def taxonomy_valid(code: str, pattern: str) -> bool:
    """Whether a taxonomy code has the form of one."""
    return re.fullmatch(pattern, code) is not None


def check(buckets: Sequence[Bucket], notes: Notes) -> None:
    """Leave the findings about every therapist who is on a line; one who is not known was found while reading."""
    therapists = {b.therapist.id: b.therapist for b in buckets if b.therapist is not None}
    npi, taxonomy = notes.day.row(_NPI).says(NpiRow), notes.day.row(_TAXONOMY).says(TaxonomyRow)
    faults = len(notes.findings)
    for therapist in therapists.values():
        _check_npi(therapist, npi, notes)
    if therapists and len(notes.findings) == faults:
        notes.passed(_NPI)
    faults = len(notes.findings)
    for therapist in therapists.values():
        _check_taxonomy(therapist, taxonomy, notes)
    if therapists and len(notes.findings) == faults:
        notes.passed(_TAXONOMY)


def _check_npi(therapist: Therapist, row: NpiRow, notes: Notes) -> None:
    if not therapist.npi:
        what = "several NPIs on record that differ, so none counts" if therapist.npis_differ else "no NPI on record"
        notes.no_data(_NPI, f"{therapist.id} has {what}.", about=therapist.id)
    elif not npi_valid(therapist.npi, row.prefix, row.digits, row.first):
        notes.fail(
            _NPI, f"{therapist.id}: the NPI on record has a wrong length, beginning or check digit.", about=therapist.id
        )


def _check_taxonomy(therapist: Therapist, row: TaxonomyRow, notes: Notes) -> None:
    if not therapist.taxonomies:
        notes.no_data(_TAXONOMY, f"{therapist.id} has no taxonomy code on record.", about=therapist.id)
    elif not any(taxonomy_valid(code, row.pattern) for code in therapist.taxonomies):
        notes.fail(_TAXONOMY, f"{therapist.id}: no taxonomy code on record has the form of one.", about=therapist.id)
