"""Why was it done? Every line points to at least one diagnosis that is valid on the date of service."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.coding import diagnosis_set, icd10
from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.terms import DiagnosisLimitsRow
from massage_billing.model import Visit

_PRESENT = "diagnosis-present"


def point(
    visit: Visit, buckets: Sequence[Bucket], policy: Policy, notes: Notes
) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
    """The diagnoses of the claim in pointer order, and the pointers of each line (1-based).

    A line points to what its own Procedures give as their reason; where they give none, to the visit's first ones.
    What only says how it came about (external causes) stands behind what was treated.
    """
    limits = notes.day.row(_PRESENT).says(DiagnosisLimitsRow)
    of_visit = list(dict.fromkeys([icd10.canonical(d.code) for d in visit.diagnoses]))
    causes = frozenset([code for code in of_visit if code.startswith(limits.never_first)])
    if causes:
        of_visit = _causes_last(of_visit, causes, notes)
    if 0 < len(of_visit) <= limits.on_claim and not any([s.diagnoses for b in buckets for s in b.services]):
        notes.passed(_PRESENT)
        diagnosis_set.check(tuple(of_visit), policy, notes)
        return tuple(of_visit), [tuple(range(1, min(len(of_visit), limits.on_line) + 1))] * len(buckets)
    of_lines = [
        list(dict.fromkeys(icd10.canonical(c) for s in b.services for c in s.diagnoses))[: limits.on_line]
        for b in buckets
    ]
    if causes:
        of_lines = [_behind(own, of_visit, causes)[: limits.on_line] for own in of_lines]
    ordered = list(dict.fromkeys([*of_visit, *(code for own in of_lines for code in own)]))
    if len(ordered) > limits.on_claim:
        ordered = _fitting(ordered, of_lines, limits.on_claim, notes)
    places = {code: place for place, code in enumerate(ordered, start=1)}
    first = tuple(places[code] for code in [code for code in of_visit if code in places][: limits.on_line])
    pointers = [tuple(places[code] for code in own if code in places) or first for own in of_lines]
    _note_present(buckets, pointers, notes)
    diagnosis_set.check(tuple(ordered), policy, notes)
    return tuple(ordered), pointers


def _causes_last(of_visit: list[str], causes: frozenset[str], notes: Notes) -> list[str]:
    """The visit's diagnoses with its external causes behind all others; a finding where that is not as recorded."""
    ordered = sorted(of_visit, key=causes.__contains__)
    if ordered[0] in causes:
        message = f"{ordered[0]} only says how it came about; no diagnosis says what was treated."
        notes.fail(_PRESENT, message, "external-cause", ordered[0])
    elif of_visit[0] in causes:
        message = f"{of_visit[0]} only says how it came about, so {ordered[0]} comes first."
        notes.fail(_PRESENT, message, "cause-first", of_visit[0])
    return ordered


def _behind(own: list[str], of_visit: list[str], causes: frozenset[str]) -> list[str]:
    """A line's own diagnoses with external causes last; where it has nothing else, the visit's first before them."""
    ordered = sorted(own, key=causes.__contains__)
    return [of_visit[0], *ordered] if ordered and ordered[0] in causes and of_visit[0] not in causes else ordered


def _fitting(ordered: list[str], of_lines: list[list[str]], most: int, notes: Notes) -> list[str]:
    """The codes that fit on one claim, those that lines point to first; in their old order."""
    pointed = {code for own in of_lines for code in own}
    wanted = [code for code in ordered if code in pointed] + [code for code in ordered if code not in pointed]
    kept = set(wanted[:most])
    message = f"{len(ordered)} diagnoses are recorded; a claim takes {most}, the others are left off."
    notes.fail(_PRESENT, message, "many")
    return [code for code in ordered if code in kept]


def _note_present(buckets: Sequence[Bucket], pointers: list[tuple[int, ...]], notes: Notes) -> None:
    missing = False
    for bucket, pointed in zip(buckets, pointers, strict=True):
        if not pointed:
            missing = True
            notes.no_data(_PRESENT, f"{bucket.code} has no diagnosis to point to.", about=bucket.code)
    if not missing:
        notes.passed(_PRESENT)
