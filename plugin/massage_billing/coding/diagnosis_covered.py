"""Does the payer cover the service for this diagnosis? Only where its policy lists the diagnoses it covers."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy

_RULE = "diagnosis-covered"


def check(
    buckets: Sequence[Bucket],
    diagnoses: Sequence[str],
    pointers: Sequence[Sequence[int]],
    policy: Policy | None,
    notes: Notes,
) -> None:
    """A finding for each line none of whose diagnoses is one the payer lists for its code.

    ``pointers`` are those of each line, 1-based; ``policy`` is None where the patient pays, so that nobody is asked.
    """
    clean = True
    if policy is None:
        notes.of_patient(_RULE)
        return
    terms = policy.terms.diagnoses
    if not any(bucket.code in term.codes for bucket in buckets for term in terms):
        notes.bypassed(_RULE)
        return
    for bucket, pointed in zip(buckets, pointers, strict=True):
        of_code = [term for term in terms if bucket.code in term.codes]
        beginnings = tuple(beginning for term in of_code for beginning in term.begin_with)
        covered = not of_code or not pointed or any(diagnoses[place - 1].startswith(beginnings) for place in pointed)
        if not covered:
            clean = False
            message = f"{bucket.code} points to no diagnosis that {policy.name} lists for it: {', '.join(beginnings)}."
            entry = (policy.row.id, policy.row.start)
            notes.fail(_RULE, message, "", bucket.code, entry, policy.sources[of_code[0].source])
    if clean:
        notes.passed(_RULE)
