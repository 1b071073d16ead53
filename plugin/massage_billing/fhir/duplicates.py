"""The same service recorded twice: from two sources (one counts), or twice over (a person decides).

Two Procedures are one service from two sources where they share a business identifier; or have the same code and day,
nothing about performer, region or times that contradicts, and one of them names no Encounter, or no minutes while the
other does, or only one of them is based on an order (an order and the treatment log it led to). The richer one counts.
Two that can have followed one another, since one starts when the minutes of the other are over, are two services.
Two that agree in code, performer and start, and in regions and end as far as both say them, are recorded twice over.
Performers are compared by NPI where both have one: each Procedure may contain its own copy of the same person.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from massage_billing.fhir.services import DONE, Found
from massage_billing.model import Problem, Result, Service

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
        or (ours.therapist is not None and theirs.therapist is not None and not _one_person(ours, theirs))
        or (ours.regions and theirs.regions and ours.regions != theirs.regions)
        or (one.span.whole and other.span.whole and not one.span.same_times(other.span))
        or _follows(one, other)
    )


def _one_person(ours: Service, theirs: Service) -> bool:
    """Whether two services have the same performer, or both none."""
    one, other = ours.therapist, theirs.therapist
    if one is None or other is None:
        return one is other
    return one.npi == other.npi if one.npi and other.npi else one.id == other.id


def _follows(one: Found, other: Found) -> bool:
    """Whether two services that start at different times can have been given one after the other.

    Not asked of one that names no Encounter and has no minutes: surgery lists have the time of the visit, orders that
    of their report.
    """
    start, second = one.span.start.moment, other.span.start.moment
    if start is None or second is None or start == second or (not other.linked and other.service.minutes is None):
        return False
    minutes = (one if start < second else other).service.minutes
    return minutes is None or abs(second - start) >= timedelta(minutes=minutes)


def _mark(original: Found, copy: Found) -> None:
    ours, theirs = original.service, copy.service
    copy.service = replace(theirs, duplicate_of=ours.procedure)
    detail = f"{copy.where} is the same service as {original.where}, from another source; one counts."
    copy.problems = [Problem(RULE, Result.FAIL, detail, copy.where, "duplicate")]
    if not ours.diagnoses and theirs.diagnoses:  # an order knows the reason that the treatment log does not repeat
        original.service = replace(ours, diagnoses=theirs.diagnoses)
    if theirs.modifiers:
        both = tuple(dict.fromkeys((*ours.modifiers, *theirs.modifiers)))
        original.service = replace(original.service, modifiers=both)
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
        and (not ours.regions or not theirs.regions or ours.regions == theirs.regions)
        and one.day == other.day
        and one.span.start.moment == other.span.start.moment
        and _agree(one.span.end.moment, other.span.end.moment)
        and _one_person(ours, theirs)
    ):
        detail = f"{other.where} has the same code, performer, region and period as {one.where}."
        other.problems.append(Problem(RULE, Result.FAIL, detail, other.where, "twice"))
    elif _overlap(one, other):
        alone = _one_person(ours, theirs)
        whose, key = ("one performer", "overlap") if alone else ("two performers", "two-therapists")
        for each, rival in ((one, other), (other, one)):
            detail = f"{each.where} and {rival.where} of {whose} overlap by more than their minutes allow."
            each.problems.append(Problem(RULE, Result.FAIL, detail, each.where, key))


def _agree(one: datetime | None, other: datetime | None) -> bool:
    return one is None or other is None or one == other


def _overlap(one: Found, other: Found) -> bool:
    """Whether two services have more minutes than the time they took together.

    Also those of two performers: the patient's minutes are billed once, whoever shares them.
    """
    ours, theirs = one.service, other.service
    if ours.minutes is None or theirs.minutes is None:
        return False
    start, end, second_start, second_end = one.span.start, one.span.end, other.span.start, other.span.end
    if start.moment is None or end.moment is None or second_start.moment is None or second_end.moment is None:
        return False
    if start.moment >= second_end.moment or second_start.moment >= end.moment:
        return False
    together = max(end.moment, second_end.moment) - min(start.moment, second_start.moment)
    return together < timedelta(minutes=ours.minutes + theirs.minutes)
