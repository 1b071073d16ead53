"""Does each add-on stand beside its main code? An add-on alone is not paid."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.terms import AddOnRow

_RULE = "add-on-code"


def check(buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Leave a finding for each add-on without its main code, and one where all is well."""
    if policy.terms.patient_pays:
        notes.of_patient(_RULE)
        return
    alone = False
    rows = notes.day.rows
    for bucket in buckets:
        row = rows.get((_RULE, bucket.code))
        if row is None:
            continue
        beside = row.says(AddOnRow).beside
        if beside and not any(other.code in beside for other in buckets):
            alone = True
            message = f"{bucket.code} is only billed beside {' or '.join(beside)}, and no line has that."
            notes.fail(_RULE, message, bucket.code, bucket.code)
    if not alone:
        notes.passed(_RULE)
