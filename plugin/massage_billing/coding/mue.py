"""Are there more units than CMS thinks likely? Medically Unlikely Edits; units are never cut to fit."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Day, Policy
from massage_billing.coding.tables import Limit
from massage_billing.model import Because, Effect, Finding, Result

_RULE = "mue"
_PER_LINE = "1"


def check(buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Leave a finding for each code: within its limit, over it, or without one."""
    if policy.terms.patient_pays and not policy.terms.follows_mue:
        notes.of_patient(_RULE)
        return
    if not policy.terms.follows_mue:
        source = policy.sources[policy.terms.mue_source or policy.row.terms.source]
        notes.bypassed(_RULE, f"The policy {policy.name} does not follow MUE. Source: {source}")
        return
    limits = notes.day.limits
    by_code: dict[str, list[int]] = {}
    for bucket in buckets:
        by_code.setdefault(bucket.code, []).append(bucket.units)
    for code, units in by_code.items():
        limit = limits.get(code)
        if limit is None:
            notes.no_data(_RULE, f"{code} has no MUE in the release that is loaded.", "unlisted", code)
        elif code in policy.terms.pays_bundled:
            message = f"{code}: the policy {policy.name} pays it, so Medicare's limit does not apply."
            notes.bypassed(_RULE, message, about=code)
        elif (max(units) if limit.mai == _PER_LINE else sum(units)) <= limit.units:
            notes.findings.append(_within(code, limit, notes))
        else:
            _over(code, sum(units), limit, notes)


def because(code: str, policy: Policy, day: Day) -> tuple[Because, ...]:
    """The limit that a line was measured against, where there is one."""
    if not policy.terms.follows_mue or code in policy.terms.pays_bundled or code not in day.limits:
        return ()
    row = day.row(_RULE)
    return (Because(_RULE, code, row.start, row.source),)


def _over(code: str, units: int, limit: Limit, notes: Notes) -> None:
    case = f"mai-{limit.mai}"
    row = notes.day.row(_RULE, case)
    message = f"{code}: {units} units are more than the MUE of {limit.units} (MAI {limit.mai}: {row.terms.note})."
    notes.fail(_RULE, message, case, code, (code, row.start))


def _within(code: str, limit: Limit, notes: Notes) -> Finding:
    found = notes.day.findings.get((_RULE, code))
    if found is None:
        row = notes.day.row(_RULE)
        per = "a line" if limit.mai == _PER_LINE else "a day"
        found = notes.day.findings[(_RULE, code)] = Finding(
            _RULE, code, Result.PASS, Effect.NONE, f"{code}: at most {limit.units} units {per}.", source=row.source,
            in_force_from=row.start, about=code,
        )  # fmt: skip
    return found
