"""Does the payer pay that many units a day? A payer's own daily cap lowers the line and says so."""

from __future__ import annotations

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.policy_terms import DailyCapTerm
from massage_billing.coding.rulebook import Policy
from massage_billing.model import Because

_RULE = "daily-cap"


def lower(buckets: list[Bucket], policy: Policy, notes: Notes) -> list[Bucket]:
    """The lines with no more units than the payer's caps allow; what falls to none is listed."""
    caps = policy.terms.daily_caps
    if policy.terms.patient_pays:
        notes.of_patient(_RULE)
        return buckets
    if not caps:
        notes.bypassed(_RULE)
        return buckets
    lowered = False
    for cap in caps:
        groups: dict[str, list[Bucket]] = {}
        for bucket in buckets:
            if bucket.code in cap.codes:
                groups.setdefault(_group(bucket, cap, policy), []).append(bucket)
        for name, group in sorted(groups.items()):
            lowered = _lower(group, name, cap, policy, notes) or lowered
    if not lowered:
        notes.passed(_RULE)
    for bucket in buckets:
        if not bucket.units:
            notes.leave_off(bucket.services, _RULE, _RULE)
    return [bucket for bucket in buckets if bucket.units]


def _group(bucket: Bucket, cap: DailyCapTerm, policy: Policy) -> str:
    """Which lines share the limit: those of one code, of one discipline, or all; by the name it is told under."""
    if cap.per == "code":
        return bucket.code
    if cap.per == "all":
        return ""
    wanted = policy.terms.therapy_modifier
    return bucket.discipline or (wanted.modifier if wanted else "")


def _lower(group: list[Bucket], name: str, cap: DailyCapTerm, policy: Policy, notes: Notes) -> bool:
    """Take units off until the cap is met: from the line with the fewest minutes first, at a tie the higher code."""
    total = sum(bucket.units for bucket in group)
    over = total - cap.units
    if over <= 0:
        return False
    source = policy.sources[cap.source]
    for bucket in sorted(group, key=lambda b: (b.minutes or 0, tuple(-ord(c) for c in b.code), b.order)):
        taken = min(over, bucket.units)
        if taken:
            bucket.units -= taken
            over -= taken
            bucket.because = (*bucket.because, Because(_RULE, policy.row.id, policy.row.start, source))
    codes = ", ".join(sorted({bucket.code for bucket in group}))
    of = f" of {name}" if name and cap.per == "discipline" else ""
    message = f"{codes}: {total} units lowered to {cap.units}, the most {policy.name} pays a day{of}. Source: {source}"
    notes.fail(_RULE, message, about=codes, entry=(policy.row.id, policy.row.start))
    return True
