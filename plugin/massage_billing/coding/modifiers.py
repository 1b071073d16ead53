"""Which modifiers belong on the line? Those recorded and those the payer wants; none is invented (DESIGN 13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.terms import ModifierOrderRow, PairsRow
from massage_billing.model import Because

_RULE, _THERAPY = "modifiers", "therapy-modifier"


def attach(buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Set the modifiers of each line, in billing order, and leave the findings."""
    _therapy(buckets, policy, notes)
    order = notes.day.row(_RULE).says(ModifierOrderRow)
    clean = True
    for bucket in buckets:
        recorded = [m for s in bucket.services for m in s.modifiers]
        if not recorded and not bucket.modifiers:
            continue
        clean = _supported(bucket, recorded, notes) and clean
        ordered = _ordered((*bucket.modifiers, *recorded), order.first)
        if len(ordered) > order.at_most:
            message = f"{bucket.code} has {len(ordered)} modifiers; a line takes {order.at_most}."
            notes.fail(_RULE, message, "too-many", bucket.code)
            clean = False
        bucket.modifiers = tuple(ordered[: order.at_most])
    if clean:
        notes.passed(_RULE)


def _therapy(buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Put the plan-of-care modifier on the lines whose payer wants it."""
    wanted = policy.terms.therapy_modifier
    if wanted is None:
        notes.bypassed(_THERAPY)
        return
    because = Because(_THERAPY, policy.row.id, policy.row.start, policy.sources[wanted.source])
    for bucket in buckets:
        if bucket.code in wanted.codes and not bucket.discipline:
            bucket.modifiers = (*bucket.modifiers, wanted.modifier)
            bucket.because = (*bucket.because, because)
    notes.passed(_THERAPY)


def _supported(bucket: Bucket, recorded: list[str], notes: Notes) -> bool:
    """Take off a recorded modifier that claims separate services where the record does not show them."""
    claims = notes.day.row("ncci-pairs").says(PairsRow).separate_service
    bare = [m for m in recorded if m in claims and m not in bucket.modifiers]
    for modifier in bare:
        recorded.remove(modifier)
    for modifier in sorted(set(bare)):
        message = f"{bucket.code}: {modifier} is recorded, but opens no edit here; it was left off."
        notes.fail(_RULE, message, "unsupported", bucket.code)
    return not bare


def _ordered(modifiers: Iterable[str], first: Sequence[str]) -> list[str]:
    """Each modifier once: those with a fixed place first, then the others as they came."""
    unique = list(dict.fromkeys(modifiers))
    return [m for m in first if m in unique] + [m for m in unique if m not in first]
