"""Which modifiers belong on the line? Those recorded and those the payer wants; none is invented (DESIGN 13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from massage_billing.coding import discipline
from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.rulebook import Policy
from massage_billing.coding.terms import EvaluationRow, ModifierOrderRow, PairsRow
from massage_billing.model import Because

_RULE, _THERAPY, _EVALUATION = "modifiers", "therapy-modifier", "evaluation-modifier"


def attach(buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Set the modifiers of each line, in billing order, and leave the findings."""
    _therapy(buckets, policy, notes)
    order = notes.day.row(_RULE).says(ModifierOrderRow)
    clean, named = True, policy.terms.line_modifiers
    for bucket in buckets:
        recorded = [m for s in bucket.services for m in s.modifiers]
        if named:
            recorded += _wanted(bucket, policy)
        if not recorded and not bucket.modifiers:
            continue
        clean = _supported(bucket, recorded, notes) and clean
        if not policy.terms.patient_pays:
            clean = _on_all(bucket, notes) and clean
            clean = _agree(bucket, recorded, notes) and clean
        ordered = _ordered((*bucket.modifiers, *recorded), order.first)
        if len(ordered) > order.at_most:
            message = f"{bucket.code} has {len(ordered)} modifiers; a line takes {order.at_most}."
            notes.fail(_RULE, message, "too-many", bucket.code)
            clean = False
        bucket.modifiers = tuple(ordered[: order.at_most])
    if clean and not any(finding.rule == _RULE for finding in notes.findings):
        notes.passed(_RULE)


def _therapy(buckets: Sequence[Bucket], policy: Policy, notes: Notes) -> None:
    """Put the plan-of-care modifier on the lines whose payer wants it: that of the discipline they count with."""
    wanted, known = policy.terms.therapy_modifier, discipline.row_of(notes.day)
    if policy.terms.patient_pays:
        notes.of_patient(_THERAPY)
        return
    if wanted is None:
        notes.bypassed(_THERAPY)
        return
    because = Because(_THERAPY, policy.row.id, policy.row.start, policy.sources[wanted.source])
    for bucket in buckets:
        if bucket.code in wanted.codes and not any(discipline.recorded(s.modifiers, known) for s in bucket.services):
            named = bucket.discipline if wanted.modifier in known.disciplines else ""
            bucket.modifiers = (*bucket.modifiers, named or wanted.modifier)
            bucket.because = (*bucket.because, because)
    notes.passed(_THERAPY)


def _wanted(bucket: Bucket, policy: Policy) -> list[str]:
    """Further modifiers that the policy names for a line of this code and provider."""
    found = []
    for term in policy.terms.line_modifiers:
        theirs = bucket.therapist.taxonomies if bucket.therapist else ()
        if bucket.code in term.codes and (not term.taxonomies or not set(theirs).isdisjoint(term.taxonomies)):
            found.append(term.modifier)
            because = Because(_RULE, policy.row.id, policy.row.start, policy.sources[term.source])
            bucket.because = (*bucket.because, because)
    return found


def _on_all(bucket: Bucket, notes: Notes) -> bool:
    """Whether the services of a line carry the same modifiers, but for those of the discipline and of separate
    services: what is true of some units only must not be said of all."""
    if len(bucket.services) == 1:
        return True
    known = discipline.row_of(notes.day).disciplines
    apart = {*known, *notes.day.row("ncci-pairs").says(PairsRow).separate_service}
    told = [set(s.modifiers) - apart for s in bucket.services]
    partly = {modifier for each in told for modifier in each if not all(modifier in other for other in told)}
    for modifier in sorted(partly):
        some = ", ".join(f"Procedure/{s.procedure}" for s in bucket.services if modifier not in s.modifiers)
        message = f"{bucket.code}: {modifier} is recorded, but not on {some}, which stands on the same line."
        notes.fail(_RULE, message, "partly", bucket.code)
    return not partly


def _supported(bucket: Bucket, recorded: list[str], notes: Notes) -> bool:
    """Take off a modifier that claims separate services where the record does not show them, or where the line says it
    already with another: never two of them on a line."""
    claims = notes.day.row("ncci-pairs").says(PairsRow).separate_service
    bare = [m for m in recorded if m in claims and m not in bucket.modifiers]
    for modifier in bare:
        recorded.remove(modifier)
    said = next((m for m in bucket.modifiers if m in claims), None)
    for modifier in sorted(set(bare)):
        why = f"the line says it with {said}" if said else "opens no edit here"
        message = f"{bucket.code}: {modifier} is recorded, but {why}; it was left off."
        notes.fail(_RULE, message, "unsupported", bucket.code)
    return not bare


def _agree(bucket: Bucket, recorded: Sequence[str], notes: Notes) -> bool:
    """Whether the modifiers of a line say one thing: one discipline, and an evaluation's modifier on an evaluation."""
    agree = True
    both = [m for m in discipline.row_of(notes.day).disciplines if m in recorded or m in bucket.modifiers]
    if len(both) > 1:
        message = f"{bucket.code} carries {' and '.join(both)}; a line is of one plan of care."
        notes.fail(_RULE, message, "contradictory", bucket.code)
        agree = False
    evaluation = notes.day.row(_EVALUATION).says(EvaluationRow)
    if evaluation.modifier in recorded and bucket.code not in evaluation.codes:
        message = f"{bucket.code} carries {evaluation.modifier}, which belongs on an evaluation and management code."
        notes.fail(_EVALUATION, message, "misplaced", bucket.code)
    return agree


def _ordered(modifiers: Iterable[str], first: Sequence[str]) -> list[str]:
    """Each modifier once: those with a fixed place first, then the others as they came."""
    unique = list(dict.fromkeys(modifiers))
    return [m for m in first if m in unique] + [m for m in unique if m not in first]
