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


def recognize(head: str) -> Format | None:
    """The kind of file, by its beginning; None where it is none that is known here."""
    return next((known for known in FORMATS if known.recognizes(head)), None)
