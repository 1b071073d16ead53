"""May this kind of provider do this? Scope of practice by state and by payer: a warning, never a hold by default."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.payer_pays import only
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.terms import ScopeRow

_RULE = "scope-of-practice"
_STATE = "state-{}"


def check(buckets: Sequence[Bucket], state: str | None, policy: Policy | None, notes: Notes) -> None:
    """Leave the findings; ``policy`` is None where the patient pays, so that only the state has a say."""
    before = len(notes.findings)
    for bucket in buckets:
        kinds = bucket.therapist.taxonomies if bucket.therapist else ()
        if kinds and not _by_state(bucket, kinds, state, notes) and policy is not None:
            _by_payer(bucket, kinds, policy, notes)
    if len(notes.findings) == before:
        notes.passed(_RULE)


def _by_state(bucket: Bucket, kinds: tuple[str, ...], state: str | None, notes: Notes) -> bool:
    if state is None:
        return False
    case = _STATE.format(state.lower())
    row = notes.day.rows.get((_RULE, case))
    if row is None:
        return False
    says = row.says(ScopeRow)
    if bucket.code not in says.codes or not only(kinds, says.taxonomies):
        return False
    notes.fail(_RULE, f"{bucket.code} by this kind of provider in {state}: {says.note}", case, bucket.code)
    return True


def _by_payer(bucket: Bucket, kinds: tuple[str, ...], policy: Policy, notes: Notes) -> None:
    for term in policy.terms.scope:
        if bucket.code in term.codes and only(kinds, term.taxonomies):
            message = f"{bucket.code} by this kind of provider for {policy.name}: {term.note}"
            entry = (policy.row.id, policy.row.start)
            notes.fail(_RULE, message, "", bucket.code, entry, policy.sources[term.source])
            return
    general = notes.day.row(_RULE)
    says = general.says(ScopeRow)
    if bucket.code in says.codes and only(kinds, says.taxonomies):
        notes.fail(_RULE, f"{bucket.code} by this kind of provider: {says.note}", about=bucket.code)
