"""The same service recorded twice: from two sources (one counts), or twice over (a person decides).

Two Procedures are one service from two sources where they share a business identifier; or have the same code and day,
nothing about performer, region or times that contradicts, and one of them names no Encounter, or no minutes while the
other does, or only one of them is based on an order (an order and the treatment log it led to). The richer one counts.
Two that agree in code, performer, regions and period and are not told apart so are recorded twice over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from massage_billing.fhir.services import DONE, Found
from massage_billing.model import Problem, Result

RULE = "services-distinct"
"""The rule that asks whether each service stands once in the record."""


def settle_duplicates(linked: list[Found], unlinked: list[Found]) -> list[Found]:
    """All services of the visit, ordered by Procedure id; duplicates are marked, and their own problems dropped.

    ``unlinked`` become services only as duplicates of linked ones. Changes what it is given.
    """
    if not unlinked and len({each.service.code for each in linked}) == len(linked) and not _identified(linked):
        _tell_all_apart(linked)
        return linked
    done = sorted((each for each in linked if each.service.status == DONE), key=_poverty)
    kept: list[Found] = []
    for each in (*done, *unlinked):
        original = next((other for other in kept if _same_service(other, each)), None)
        if original is not None:
            _mark(original, each)
        elif each.linked:
            kept.append(each)
    kept.sort(key=_id)
    _tell_all_apart(kept)
    marked = [each for each in unlinked if each.service.duplicate_of is not None]
    return sorted([*linked, *marked], key=_id) if marked else linked


def _identified(found: list[Found]) -> bool:
    return any(each.identifiers for each in found)


def _tell_all_apart(found: list[Found]) -> None:
    done = [each for each in found if each.service.status == DONE]
    for place, each in enumerate(done):
        for other in done[:place]:
            _tell_apart(other, each)


def _id(each: Found) -> str:
    return each.service.procedure


def _poverty(each: Found) -> tuple[bool, bool, bool, bool, bool, str]:
    """Sorts the richest record of a service first."""
    service = each.service
    return (
        service.minutes is None,
        service.therapist is None,
        not each.span.whole,
        not service.regions,
        service.code is None,
        service.procedure,
    )


def _same_service(one: Found, other: Found) -> bool:
    if one.identifiers and not one.identifiers.isdisjoint(other.identifiers):
        return one.service.code == other.service.code or None in (one.service.code, other.service.code)
    if one.service.code is None or one.service.code != other.service.code or not _compatible(one, other):
        return False
    if not other.linked:
        return True
    unequal_minutes = other.service.minutes is None and one.service.minutes is not None
    return unequal_minutes or (one.service.order is None) is not (other.service.order is None)


def _compatible(one: Found, other: Found) -> bool:
    """Whether nothing that both say about day, performer, regions or times differs."""
    ours, theirs = one.service, other.service
    return not (
        (one.day is not None and other.day is not None and one.day != other.day)
        or (ours.therapist is not None and theirs.therapist is not None and ours.therapist.id != theirs.therapist.id)
        or (ours.regions and theirs.regions and ours.regions != theirs.regions)
        or (one.span.whole and other.span.whole and not one.span.same_times(other.span))
    )


def _mark(original: Found, copy: Found) -> None:
    ours, theirs = original.service, copy.service
    copy.service = replace(theirs, duplicate_of=ours.procedure)
    detail = f"{copy.where} is the same service as {original.where}, from another source; one counts."
    copy.problems = [Problem(RULE, Result.FAIL, detail, copy.where, "duplicate")]
    if not ours.diagnoses and theirs.diagnoses:  # an order knows the reason that the treatment log does not repeat
        original.service = replace(ours, diagnoses=theirs.diagnoses)
    if None not in (ours.minutes, theirs.minutes) and ours.minutes != theirs.minutes:
        detail = f"{original.where} and {copy.where} are one service and differ in its minutes."
        original.problems.append(Problem("minutes-agree", Result.FAIL, detail, original.where, "sources-differ"))


def _tell_apart(one: Found, other: Found) -> None:
    """Note two services that cannot both be right."""
    ours, theirs = one.service, other.service
    if not one.identifiers.isdisjoint(other.identifiers):
        detail = f"{other.where} has the same identifier as {one.where} and another code."
        other.problems.append(Problem(RULE, Result.FAIL, detail, other.where, "same-identifier"))
    elif (
        ours.code is not None
        and ours.code == theirs.code
        and ours.therapist == theirs.therapist
        and ours.regions == theirs.regions
        and one.day == other.day
        and (ours.start, ours.end) == (theirs.start, theirs.end)
    ):
        detail = f"{other.where} has the same code, performer, region and period as {one.where}."
        other.problems.append(Problem(RULE, Result.FAIL, detail, other.where, "twice"))
    elif _overlap(one, other):
        for each, rival in ((one, other), (other, one)):
            detail = f"{each.where} and {rival.where} of one performer overlap by more than their minutes allow."
            each.problems.append(Problem(RULE, Result.FAIL, detail, each.where, "overlap"))


def _overlap(one: Found, other: Found) -> bool:
    """Whether one performer's two services have more minutes than the time they took together."""
    ours, theirs = one.service, other.service
    if ours.therapist is None or theirs.therapist is None or ours.therapist.id != theirs.therapist.id:
        return False
    if ours.minutes is None or theirs.minutes is None:
        return False
    start, end, second_start, second_end = one.span.start, one.span.end, other.span.start, other.span.end
    if start.moment is None or end.moment is None or second_start.moment is None or second_end.moment is None:
        return False
    if start.moment >= second_end.moment or second_start.moment >= end.moment:
        return False
    together = max(end.moment, second_end.moment) - min(start.moment, second_start.moment)
    return together < timedelta(minutes=ours.minutes + theirs.minutes)
