"""What does no source tell of this payer? Each such field is no data, and said so: never a yes and never a no."""

from __future__ import annotations

from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy
from massage_billing.model import Finding, Result

_RULE = "policy-silent"


def note(policy: Policy, notes: Notes) -> None:
    """Leave one finding for each field that the policy names as unknown; made once a policy and day."""
    made = notes.day.findings
    for term in policy.terms.unknown:
        key = (_RULE, f"{policy.row.id} {term.field}")
        found = made.get(key)
        if found is None:
            row = notes.day.row(_RULE)
            found = made[key] = Finding(
                _RULE, row.id, Result.NO_DATA, row.on_no_data, f"{policy.name}, {term.field}: {term.why}",
                row.fix, row.who, policy.row.source, row.start, policy.name,
            )  # fmt: skip
        notes.findings.append(found)
