"""What a run shares between visits changes nothing: in any order, with or without it, the same decisions and bytes."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import builders as b
from massage_billing import flow
from massage_billing.checks import claim_checker
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Decision, Visit
from massage_billing.ports import VisitRecord
from massage_billing.run.garbage import few_collections
from massage_billing.run.planning import Plan, plan
from massage_billing.run.situation import Situation, Terms
from visits import book, clinic

Billed = tuple[Visit, Decision, Plan]

# Each list holds states of one resource as different visits of a run may see it: the very same objects, sound or not.
COVERAGES = [
    b.coverage(),
    b.coverage(status=7),
    b.coverage(subscriberId=None),
    b.coverage(payor=[{"identifier": {"system": "http://example.org/payers", "value": "60054"}}]),
    b.coverage(payor=[b.ref("#o")], contained=[b.payer("o")]),
    b.coverage(payor=[b.ref("#nobody")]),
    b.coverage(payor=[b.ref("Organization/o2"), b.ref("Organization/o1")]),
    b.coverage(payor=[b.ref("urn:uuid:9c1f5a62-0000-4000-8000-000000000001")]),
    b.coverage(payor=[b.ref("Patient/p1")]),
    b.coverage(beneficiary=b.ref("Patient/p2")),
    b.coverage(period={"start": 2026}),
]
PAYERS = [b.payer(), b.payer(identifier=[{"value": 1}]), b.payer(identifier=[{"value": "other"}])]
PEOPLE = [b.practitioner(), b.practitioner(identifier="1234567893"), b.practitioner(qualification=...)]
ROLES = [b.practitioner_role(), b.practitioner_role(specialty=7), b.practitioner_role(active=False)]
PLACES = [b.location(), b.location(type="office"), b.location(place="12")]
ALIASES: list[dict[str, str]] = [{}, {"urn:uuid:9c1f5a62-0000-4000-8000-000000000001": "Organization/o2"}]


@cache
def checker() -> Any:
    """The checks of a Claim, compiled once."""
    return claim_checker(book(), model=False)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[VisitRecord], list[int]]:
    """Records of several visits that share resources, and another order of them."""
    count = draw(st.integers(2, 5))
    records = []
    for n in range(count):
        shared = [draw(st.sampled_from(states)) for states in (PAYERS, PEOPLE, PLACES, COVERAGES)]
        shared += draw(st.lists(st.sampled_from(ROLES), max_size=1))
        account = draw(st.booleans())
        records.append(
            b.record(
                b.encounter(f"e{n}", account=[b.ref("Account/k1")] if account else ...),
                b.procedure(f"a{n}", encounter=b.ref(f"Encounter/e{n}"), mins=draw(st.sampled_from([None, 7, 30]))),
                *([b.account("k1", "Coverage/c1", status=draw(st.sampled_from(["active", 3])))] if account else []),
                *shared,
                encounter=f"e{n}",
                aliases=draw(st.sampled_from(ALIASES)),
            )
        )
    return records, draw(st.permutations(range(count)))


def billed(record: VisitRecord, shared: Shared | None) -> Billed:
    at = clinic()
    visit = read_visit(record, b.reading(), shared)
    decision = flow.bill(visit, book(), at)
    terms = Terms("2026-11-23T10:00:00Z", False, at.npi, at.solo, "rules", at.digest, checker())
    return visit, decision, plan(Situation(visit, decision), terms)


def in_order(records: Sequence[VisitRecord], order: Sequence[int], shared: Shared) -> dict[int, Billed]:
    return {place: billed(records[place], shared) for place in order}


@given(runs())
@settings(max_examples=150, deadline=None)
def test_what_visits_share_and_their_order_change_nothing(run: tuple[list[VisitRecord], list[int]]) -> None:
    records, order = run
    alone = {place: billed(record, None) for place, record in enumerate(records)}
    shared = Shared()
    assert in_order(records, range(len(records)), shared) == alone
    assert in_order(records, order, shared) == alone
    assert in_order(records, order, Shared()) == alone


def test_the_garbage_collector_is_left_as_it_was() -> None:
    before = gc.get_threshold()
    during = []

    def fail() -> None:
        with few_collections():
            during.append(gc.get_threshold())
            raise ValueError("a run that failed")

    with pytest.raises(ValueError, match="a run that failed"):
        fail()
    assert during[0] > before
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
