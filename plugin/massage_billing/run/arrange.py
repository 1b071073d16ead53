"""Arrange the visits of a batch into what is decided together: the visits of a patient's day on one claim. Pure.

Before a claim of the day was sent, all of them go on the first one's. Once it was sent, a visit it does not name waits
for a person: "bill it" puts it on the replacement of that claim (plugin/docs/claim-states.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from massage_billing import same_day
from massage_billing.coding.rulebook import Rulebook
from massage_billing.fhir.claim_state import Evidence
from massage_billing.model import Clinic, RulingKind, Visit
from massage_billing.run.readiness import Waiting
from massage_billing.run.seen import Seen, standing, still


@dataclass(slots=True)
class Case:
    """One or more visits that are decided together."""

    lead: Seen
    """The visit on whose claim the lines stand."""
    visit: Visit
    """It, joined with the others."""
    others: tuple[Seen, ...] = ()
    """The others of its day."""
    waiting: Waiting | None = None
    """Why it is not decided yet."""
    sent_without: str | None = None
    """"Claim/12": the claim of the day that was sent without this visit."""
    also_on: str | None = None
    """"Claim/12": a claim that bills one of these visits, of a visit that is gone from the host."""

    @property
    def members(self) -> tuple[Seen, ...]:
        """All its visits."""
        return (self.lead, *self.others)

    @property
    def signed(self) -> bool:
        """Whether the record of each of its visits is signed."""
        return all(one.record.signed is True for one in self.members)

    @property
    def encounters(self) -> frozenset[str]:
        """Encounter ids of all its visits."""
        return frozenset(one.encounter for one in self.members)


@dataclass(frozen=True, slots=True)
class Rules:
    """What arranging goes by."""

    book: Rulebook
    """The rulebook."""
    clinic: Clinic
    """The clinic's payers."""
    now: datetime
    """By the host's clock."""
    capture: timedelta
    """How long the day waits for a visit that is not finished."""


def arrange(seen: Mapping[str, Seen], evidence: Mapping[str, Evidence], rules: Rules) -> list[Case]:
    """What is decided together; every visit is in one case."""
    days: dict[object, list[Seen]] = {}
    for one in seen.values():
        visit = one.visit
        days.setdefault((visit.patient, visit.date) if visit.patient and visit.date else visit.encounter, []).append(
            one
        )
    cases: list[Case] = []
    for some in days.values():
        if len(some) == 1:
            cases.append(_alone(some[0]))
        else:
            cases += _day(some, evidence, rules)
    if any(one.covering for one in seen.values()):
        _look_at_claims_of_others(cases, seen)
    return cases


def _alone(one: Seen, sent_without: str | None = None) -> Case:
    """A visit by itself: it waits while it is not ready, unless its claim stands and it goes on: that one is held."""
    waiting = one.waiting
    if waiting and waiting.goes_on and any(claim.live for claim in one.claims):
        waiting = None
    return Case(one, one.visit, waiting=waiting, sent_without=sent_without)


def _day(some: Sequence[Seen], evidence: Mapping[str, Evidence], rules: Rules) -> list[Case]:
    by_id = {one.encounter: one for one in some}
    cases = [_alone(one) for one in some if one.apart]
    staying = [one.visit for one in some if not one.apart]
    for group in same_day.together(staying, rules.book, rules.clinic):
        cases += _group([by_id[visit.encounter] for visit in group], evidence, rules)
    return cases


def _group(group: list[Seen], evidence: Mapping[str, Evidence], rules: Rules) -> list[Case]:
    """Visits that belong together, in order; those whose own claim was sent keep it."""
    if len(group) == 1:
        return [_alone(group[0])]
    sent = [one for one in group if one.went_out(evidence)]
    if not sent:
        return [_joined(group, rules)]
    lead, claim = sent[0], sent[0].standing
    assert claim is not None  # noqa: S101
    joined, cases = [lead], [_alone(one) for one in sent[1:]]
    for one in group:
        if one in sent:
            continue
        ruling = still(one.ruling, one.visit)
        if one.encounter in lead.on_claim or (ruling is not None and ruling.kind is RulingKind.BILL):
            joined.append(one)
        else:
            cases.append(_alone(one, claim.reference))
    return [_joined(joined, rules), *cases]


def _joined(group: list[Seen], rules: Rules) -> Case:
    if len(group) == 1:
        return _alone(group[0])
    visit = same_day.join([one.visit for one in group])
    return Case(group[0], visit, tuple(group[1:]), _day_waits(group, visit, rules))


def _day_waits(group: Sequence[Seen], visit: Visit, rules: Rules) -> Waiting | None:
    """The day waits for each of its visits: a claim without one would be wrong once that one is there.

    For a visit that goes on it waits as long as for a charge that is missing; then, or where a claim stands already, it
    is decided, and held by that visit's own record.
    """
    waiting = [(one, one.waiting) for one in group if one.waiting]
    settling = [(why.until, one) for one, why in waiting if why.until and not why.goes_on]
    if settling:
        until, last = max(settling, key=lambda one: one[0])
        assert last.waiting is not None  # noqa: S101
        return Waiting(f"Encounter/{last.encounter} of its day: {last.waiting.why}", until)
    if not waiting or any(claim.live for one in group for claim in one.claims):
        return None
    ended = visit.end or visit.start or visit.last_changed
    if ended is None:
        return None
    until = (ended if ended.tzinfo else ended.replace(tzinfo=UTC)) + rules.capture
    one, why = waiting[0]
    return Waiting(f"Encounter/{one.encounter} of its day: {why.why}", until) if until > rules.now else None


def _look_at_claims_of_others(cases: Sequence[Case], seen: Mapping[str, Seen]) -> None:
    """A visit on the claim of one that left its day: it waits with that one, and is held where that one is gone."""
    of = {one.encounter: case for case in cases for one in case.members}
    for case in cases:
        for one in case.members:
            for owner, claims in one.covering.items():
                claim = standing(claims)
                if claim is None or owner in case.encounters or case.waiting:
                    continue
                if owner not in seen:
                    case.also_on = claim.reference
                elif seen[owner].waiting and of[owner].waiting:
                    case.waiting = of[owner].waiting
