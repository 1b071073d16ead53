"""Every kind of file that ``rules import`` reads, in the order in which they are tried."""

from __future__ import annotations

from massage_billing.releases import descriptors, fee_schedule, icd10_codes, icd10_tabular, mue, ptp, therapy
from massage_billing.releases.model import Format

FORMATS: tuple[Format, ...] = (
    icd10_tabular.FORMAT,
    icd10_codes.FORMAT,
    ptp.FORMAT,
    mue.FORMAT,
    fee_schedule.FORMAT,
    therapy.FORMAT,
    descriptors.FORMAT,
)
"""All formats; the first that recognizes a file reads it, so the vaguest come last."""

KINDS: dict[str, Format] = {known.kind: known for known in reversed(FORMATS)}
"""The format that reads a kind of release back from where it is kept."""


_NEARLY = {
    "physician fee schedule relative value file": "is not its CSV; take the .csv of the same download",
    "hcpcs/cpt code\tmue": "is an MUE table without adjudication indicators: take the Medicare table as CSV",
}
"""What a file that is not known may be, by words at its beginning."""


def told_of(head: str) -> str:
    """Why a file is not known, for the person who gave it."""
    early = " ".join(head.lower().split(" "))
    nearly = next((reason for words, reason in _NEARLY.items() if words in early), None)
    return nearly or "is no release that is known here (see plugin/docs/rules-import.md)"


def recognize(head: str) -> Format | None:
    """The kind of file, by its beginning; None where it is none that is known here."""
    return next((known for known in FORMATS if known.recognizes(head)), None)
