"""Visits looked at for ``explain``: those of a patient's day are decided as ``run`` decides them, together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from massage_billing import flow, same_day
from massage_billing.coding.rulebook import Rulebook
from massage_billing.fhir.keys import claim_key
from massage_billing.model import NOWHERE, Clinic, Decision, Elsewhere, OnFirst, Ruling, RulingKind, Visit
from massage_billing.run.seen import still

Decided = tuple[Visit, Decision]
"""A visit, joined with those that are billed with it, and its decision."""


def by_patient(visits: Iterable[Visit], book: Rulebook, clinic: Clinic) -> Iterator[Decided]:
    """Decisions of visits that come patient by patient, in their order; no more than a patient's visits are kept."""
    for patient, some in groupby(visits, key=lambda visit: visit.patient):
        if patient is None:
            yield from ((visit, flow.bill(visit, book, clinic)) for visit in some)
        else:
            yield from of_patient(list(some), book, clinic)


def of_patient(
    visits: Sequence[Visit],
    book: Rulebook,
    clinic: Clinic,
    rulings: Mapping[str, Ruling] | None = None,
    elsewhere: Callable[[Visit], Elsewhere] = lambda _: NOWHERE,
) -> list[Decided]:
    """Decisions of visits of one patient, in their order; ``elsewhere`` tells what others have to do with a visit."""
    ruled = rulings or {}
    found: dict[str, Decided] = {}
    for group in _groups(visits, book, clinic, ruled):
        joined, first = same_day.join(group), group[0]
        decision = flow.bill(joined, book, clinic, still(ruled.get(first.encounter), joined), elsewhere(joined))
        found[first.encounter] = (joined, decision)
        on_first = OnFirst(first.encounter, decision.outcome, claim_key(first.host, first.encounter, 0))
        for visit in group[1:]:
            found[visit.encounter] = (visit, flow.bill(visit, book, clinic, None, Elsewhere(on_first=on_first)))
    return [found[visit.encounter] for visit in visits]


def _groups(
    visits: Sequence[Visit], book: Rulebook, clinic: Clinic, ruled: Mapping[str, Ruling]
) -> Iterator[list[Visit]]:
    days: dict[object, list[Visit]] = {}
    for visit in visits:
        ruling = ruled.get(visit.encounter)
        apart = ruling is not None and ruling.kind is not RulingKind.BILL
        days.setdefault(visit.encounter if apart or visit.date is None else visit.date, []).append(visit)
    for some in days.values():
        yield from [some] if len(some) == 1 else same_day.together(some, book, clinic)
