"""Which services can be billed at all? Those done, counted once, with a code we know and a status that bills."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from massage_billing.coding import discipline
from massage_billing.coding.buckets import Bucket
from massage_billing.coding.notes import Notes
from massage_billing.coding.record import COMPLETED
from massage_billing.coding.rulebook import Day, Policy, RuleRow
from massage_billing.coding.tables import CodeEntry
from massage_billing.coding.terms import RetiredRow, StatusRow
from massage_billing.model import Because, Effect, Finding, Result, Service

_CODE, _STATUS, _RETIRED = "billable-code", "fee-schedule-status", "code-retired"
Buckets = dict[tuple[str, str, str], Bucket]
"""Lines in the making by code, therapist and discipline."""
_NOT_DONE = {"not-done": "not-done", "entered-in-error": "entered-in-error"}


def performed(services: Iterable[Service], notes: Notes) -> list[Service]:
    """The services that were done and count; the others are listed with their reason."""
    done = []
    for s in sorted(services, key=lambda service: service.procedure):
        if s.status != COMPLETED:
            notes.leave_off([s], _NOT_DONE.get(s.status, "not-completed"), "visit-finished")
        elif s.duplicate_of is not None and notes.asked("services-distinct"):
            notes.leave_off([s], "duplicate", "services-distinct")
        elif s.code is None:
            notes.leave_off([s], "no-code", "code-known")
        else:
            done.append(s)
    return done


def sort(services: Sequence[Service], policy: Policy, notes: Notes) -> list[Bucket]:
    """The lines in the making, one a code, therapist and discipline, in order; what cannot be billed is listed."""
    codes = notes.day.codes
    buckets: Buckets = {}
    judged: dict[str, bool] = {}
    of_each = discipline.of_each(services, discipline.row_of(notes.day))
    retired = False
    for s, kind in zip(services, of_each, strict=True):
        entry = codes.get(s.code or "") or _unasked(s.code or "", notes)
        if entry is None or _ended(entry.code, notes.day):
            retired = _no_longer(s, notes) or retired
            continue
        if entry.code not in judged:
            judged[entry.code] = _bills(entry, policy, notes)
        if not judged[entry.code]:
            reason = notes.day.row(_STATUS, notes.day.statuses[entry.code].lower()).says(StatusRow).reason
            notes.leave_off([s], reason, _STATUS)
            continue
        if entry.timed and s.minutes is None:
            notes.leave_off([s], "no-minutes", "minutes-documented")
            continue
        put(s, entry, buckets, kind)
    if not retired:
        notes.passed(_RETIRED)
    if judged and policy.terms.patient_pays:
        notes.of_patient(_STATUS)
    return [buckets[key] for key in sorted(buckets)] if len(buckets) > 1 else list(buckets.values())


def _unasked(code: str, notes: Notes) -> CodeEntry | None:
    """A code that no rule covers, where nobody asks for that any more: one unit a session."""
    return None if notes.asked(_CODE) else CodeEntry(code, False, "", "", "")


def put(s: Service, entry: CodeEntry, buckets: Buckets, kind: str) -> None:
    """Count a service on the line of its code, therapist and discipline."""
    key = (entry.code, s.therapist.id if s.therapist else "", kind)
    bucket = buckets.get(key)
    if bucket is None:
        bucket = buckets[key] = Bucket(entry, s.therapist, kind)
    bucket.add(s)


def _no_longer(s: Service, notes: Notes) -> bool:
    """Leave off a service whose code was retired, or that no rule covers; whether it was retired."""
    code, about = s.code or "", f"Procedure/{s.procedure}"
    row = _ended(code, notes.day)
    if row is None:
        notes.leave_off([s], "on-hold", _CODE)
        notes.fail(_CODE, f"{code}: no rule covers it.", code, about)
        return False
    living = ", ".join(_successors(code, notes.day)) or "no code"
    notes.leave_off([s], "retired", _RETIRED)
    message = f"{code} ended on {row.start.isoformat()}; {living} took its place, and nothing was replaced."
    notes.fail(_RETIRED, message, code, about)
    return True


def _ended(code: str, day: Day) -> RuleRow | None:
    """The row by which a code is retired; None where it is not."""
    row = day.rows.get((_RETIRED, code))
    return None if row is None or row.terms.withdrawn else row


def _successors(code: str, day: Day) -> list[str]:
    """The codes that took a retired one's place and are themselves still there."""
    row = _ended(code, day)
    if row is None:
        return [code]
    found: list[str] = []
    for successor in row.says(RetiredRow).instead:
        found += [each for each in _successors(successor, day) if each not in found]
    return found


def _bills(entry: CodeEntry, policy: Policy, notes: Notes) -> bool:
    """Whether a code goes on the claim by its fee schedule status; leaves the findings of code and status."""
    day, code = notes.day, entry.code
    if policy.terms.patient_pays:
        notes.findings.append(_known(entry, day))
        return True
    plain = day.findings.get((_STATUS, code))
    if plain is not None:
        notes.findings += (day.findings[(_CODE, code)], plain)
        return True
    notes.findings.append(_known(entry, day))
    letter = day.statuses.get(code)
    if letter is None:
        notes.no_data(_STATUS, f"{code} has no status in the fee schedule release that is loaded.", "unlisted", code)
        return True
    row = day.row(_STATUS, letter.lower())
    if row.says(StatusRow).bills and row.on_fail is Effect.NONE:
        notes.findings.append(_plain_status(code, letter, notes))
        return True
    if code in policy.terms.pays_bundled:
        notes.bypassed(_STATUS, f"{code} has status {letter}; the policy {policy.name} says that it is paid.",
                       letter.lower(), code)  # fmt: skip
        return True
    successor = f" Medicare takes {entry.successor} in its place; nothing was replaced." if entry.successor else ""
    message = f"{code} has status {letter}: {row.terms.note}{successor}"
    notes.fail(_STATUS, message, letter.lower(), code, (code, day.row(_STATUS).start))
    return row.says(StatusRow).bills


def because(entry: CodeEntry, policy: Policy, day: Day) -> tuple[Because, ...]:
    """Why a line may stand: the code is known, and its status bills."""
    known, letter = _known(entry, day), day.statuses.get(entry.code)
    reasons = (Because(_CODE, known.row, known.in_force_from, known.source),)
    if letter is None or policy.terms.patient_pays:
        return reasons
    release = day.row(_STATUS)
    return (*reasons, Because(_STATUS, entry.code, release.start, release.source))


def _known(entry: CodeEntry, day: Day) -> Finding:
    """The finding that a rule covers a code; made once a day."""
    code = entry.code
    known = day.findings.get((_CODE, code))
    if known is None:
        row = day.row(_CODE)
        source = day.sources[_CODE].get(entry.source, row.source)
        unit = "a unit is 15 minutes" if entry.timed else "one unit a session"
        if entry.timed and not entry.pooled:
            unit += ", counted for itself"
        known = day.findings[(_CODE, code)] = Finding(
            _CODE, code, Result.PASS, Effect.NONE, f"{code} ({entry.label}): {unit}.",
            source=source, in_force_from=row.start, about=code,
        )  # fmt: skip
    return known


def _plain_status(code: str, letter: str, notes: Notes) -> Finding:
    day = notes.day
    found = day.findings.get((_STATUS, code))
    if found is None:
        row, release = day.row(_STATUS, letter.lower()), day.row(_STATUS)
        found = day.findings[(_STATUS, code)] = Finding(
            _STATUS, code, Result.PASS, Effect.NONE, f"{code} has status {letter}: {row.terms.note}",
            source=release.source, in_force_from=release.start, about=code,
        )  # fmt: skip
    return found
