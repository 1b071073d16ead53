"""Is the record complete enough to bill from? What reading found wrong becomes findings, by the rule it belongs to."""

from __future__ import annotations

from datetime import UTC, timedelta

from massage_billing.coding import crowded
from massage_billing.coding.notes import Notes
from massage_billing.model import Problem, Result, Visit

NOT_PERFORMED = "not-performed"
"""Key of the visit-finished problem of an Encounter that never took place."""
COMPLETED = "completed"
"""The Procedure.status of a service that was done."""
_FINISHED, _MINUTES, _AGREE = "visit-finished", "minutes-documented", "minutes-agree"
_ONE_TO_ONE, _ALL = "one-to-one", "*"
_OVERLAPS = ("overlap", "two-therapists")
"""Keys of two services that have more minutes than the time they took together: of one performer, of two."""
_BEYOND = "longer-than-visit"
_NO_TIME = timedelta()
_CLOCKS_TURN = 3
"""Until this hour the clock on the wall may be turned on or back."""


def never_performed(visit: Visit) -> bool:
    """Whether the Encounter was cancelled, only planned, or entered in error."""
    return any(p.rule == _FINISHED and p.key == NOT_PERFORMED for p in visit.problems)


def check(visit: Visit, notes: Notes) -> None:
    """Leave one finding for each question asked of the record: what reading found, or a pass.

    Of a visit that never took place nothing else is asked.
    """
    if never_performed(visit):
        for problem in visit.problems:
            if problem.rule == _FINISHED:
                _note(problem, frozenset(), notes)
        return
    untimed = _untimed(visit, notes)
    for overlap in _OVERLAPS if visit.problems else ():
        if sum(1 for p in visit.problems if p.key == overlap and p.about not in untimed) < 2:
            untimed |= {overlap}
    found_here = (*_missing_minutes(visit, notes), *_beyond_the_visit(visit, notes), *crowded.problems(visit, notes))
    problems = [*visit.problems, *found_here]
    if not problems:
        notes.findings.extend(notes.day.record_passed)
        return
    by_rule: dict[str, list[Problem]] = {}
    for problem in problems:
        by_rule.setdefault(problem.rule, []).append(problem)
    for rule, passed in zip(notes.day.asked_of_record, notes.day.record_passed, strict=True):
        found = by_rule.pop(rule, None)
        if found is None:
            notes.findings.append(passed)
        else:
            for problem in found:
                _note(problem, untimed, notes)
    for found in by_rule.values():
        for problem in found:
            _note(problem, untimed, notes)


def _note(problem: Problem, untimed: frozenset[str], notes: Notes) -> None:
    if problem.rule in (_MINUTES, _AGREE) and problem.about in untimed:
        message = f"{problem.detail} The code is not timed, so its units do not depend on it."
        notes.bypassed(problem.rule, message, problem.key, problem.about)
    elif problem.rule == _ONE_TO_ONE and _ALL in untimed:
        message = f"{problem.detail} No service of the visit is counted by minutes with one patient."
        notes.bypassed(problem.rule, message, problem.key, problem.about)
    elif problem.key in _OVERLAPS and problem.key in untimed:
        message = f"{problem.detail} At most one of them is counted by minutes."
        notes.bypassed(problem.rule, message, problem.key, problem.about)
    elif problem.result is Result.NO_DATA:
        notes.no_data(problem.rule, problem.detail, problem.key, problem.about)
    else:
        notes.fail(problem.rule, problem.detail, problem.key, problem.about)


def _untimed(visit: Visit, notes: Notes) -> frozenset[str]:
    """References of the services whose code is known and not timed; with ``_ALL`` where no other was done."""
    if not visit.problems:
        return frozenset()
    codes = notes.day.codes
    found, others = set(), False
    for service in visit.services:
        entry = codes.get(service.code) if service.code else None
        if entry is not None and not entry.timed:
            found.add(f"Procedure/{service.procedure}")
        else:
            others = others or service.status == COMPLETED
    return frozenset(found if others or not found else found | {_ALL})


def _missing_minutes(visit: Visit, notes: Notes) -> list[Problem]:
    """A completed timed service without minutes, where reading has not said so already."""
    missing = []
    codes = notes.day.codes
    for s in sorted(visit.services, key=lambda service: service.procedure):
        if s.minutes is not None or s.code is None or s.status != COMPLETED or s.duplicate_of is not None:
            continue
        entry, about = codes.get(s.code), f"Procedure/{s.procedure}"
        told = any(p.rule in (_MINUTES, _AGREE) and p.about == about for p in visit.problems)
        if entry is not None and entry.timed and not told:
            missing.append(Problem(_MINUTES, Result.NO_DATA, f"{about} has a timed code and no minutes.", about))
    return missing


def _beyond_the_visit(visit: Visit, notes: Notes) -> list[Problem]:
    """Timed services of one therapist with more minutes than the Encounter lasted: one of the two is wrong."""
    if visit.start is None or visit.end is None:
        return []
    shown = visit.end - visit.start  # by the clock on the wall, which is quick and nearly always enough
    if visit.start.hour > _CLOCKS_TURN and sum([s.minutes or 0 for s in visit.services]) * 60 <= shown.total_seconds():
        return []
    lasted = visit.end.astimezone(UTC) - visit.start.astimezone(UTC)
    if lasted <= _NO_TIME:
        return []
    minutes: dict[str, int] = {}
    for s in visit.services:
        entry = notes.day.codes.get(s.code) if s.code else None
        counts = s.status == COMPLETED and s.duplicate_of is None and (entry is None or entry.timed)
        if counts and s.minutes and s.therapist is not None:
            person = s.therapist.npi or s.therapist.id
            minutes[person] = minutes.get(person, 0) + s.minutes
    where, length = f"Encounter/{visit.encounter}", int(lasted.total_seconds() // 60)
    return [
        Problem(
            _AGREE, Result.FAIL, f"{where} lasted {length} minutes, one therapist's services {told}.", where, _BEYOND
        )
        for told in sorted(minutes.values())
        if timedelta(minutes=told) > lasted
    ]
