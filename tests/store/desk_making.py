"""Visits, held and claimed, for the desk's tests. Each example has a host of its own, so that one store serves all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from hypothesis import strategies as st

from massage_billing.model.desk import Work
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Entry, Store, VisitRow, VisitState
from massage_billing.ports.desk import Desk, HoldOrder, HoldRow, Page
from massage_billing.ports.ledger import Said, Submission
from store.ledger_making import submission
from store.making import row

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
DAY = date(2026, 11, 3)

_hosts = count(1)


def new_host() -> str:
    return f"host{next(_hosts)}"


def held(encounter: str, *rules: str, host: str = "clinic", **fields: object) -> VisitRow:
    holds = tuple((rule, f"Coverage/5 has no {rule}.") for rule in rules or ("payer-known",))
    return row(encounter, host=host, state=VisitState.HELD, outcome="hold", holds=holds, **fields)


def claimed(encounter: str, host: str = "clinic", **fields: object) -> VisitRow:
    given = {"claim_key": f"MB{encounter}", "amount": "140.00", "payer": "acme", **fields}
    return row(encounter, host=host, **given)


def put(store: Store, *rows: VisitRow, at: datetime | None = None) -> None:
    assert store.commit([Entry(one, at=at) for one in rows]) == set()


def sent(one: VisitRow, standing: ClaimStanding, at: datetime = NOON) -> tuple[Submission, Said]:
    """A claim that a person marks as far as this: for Ledger.mark."""
    made = replace(
        submission(one.encounter), key=one.claim_key, host=one.host, encounter=one.encounter, since=at,
        patient=one.patient or "", standing=ClaimStanding.NOT_SENT,
    )  # fmt: skip
    return made, Said(one.claim_key, at, standing, "test", "was said")


def all_holds(desk: Desk, host: str, which: object, order: HoldOrder, limit: int) -> Iterator[Page[HoldRow]]:
    after: str | None = None
    while True:
        page = desk.holds(host, which, order, after, limit)  # type: ignore[arg-type]
        yield page
        if (after := page.after) is None:
            return


def work(assignee: str = "Practitioner/7", **fields: object) -> Work:
    given = {"assignee_name": "Kim Lee", "by": "Practitioner/1", "at": NOON, "what": f"given to {assignee}", **fields}
    return Work("", assignee=assignee, **given)  # type: ignore[arg-type]


# --- what hypothesis makes --------------------------------------------------------------------------------------------

amounts = st.none() | st.integers(0, 99_999).map(lambda cents: str(Decimal(cents).scaleb(-2)))
days = st.sampled_from([-68, -64, -40, -33, -3, -2, -1, 0, 1, 2, 3, 27, 28]).map(
    lambda number: DAY + timedelta(days=number)
)
rules = st.lists(st.sampled_from(["payer-known", "payer", 'odd"rule', "Payer-Known"]), max_size=3)
therapists = st.lists(st.sampled_from(["Practitioner/1", "Practitioner/11", "practitioner/1"]), unique=True, max_size=2)
encounters = st.sampled_from([*(str(number) for number in range(1, 25)), "a%b", "A_b", "é"])


@st.composite
def rows(draw: st.DrawFn, host: str = "clinic", states: tuple[VisitState, ...] = tuple(VisitState)) -> VisitRow:
    state = draw(st.sampled_from(states))
    holds = tuple((rule, 'is not so: ["payer","x"]') for rule in draw(rules)) if state is VisitState.HELD else ()
    return row(
        draw(encounters),
        host=host,
        state=state,
        outcome="hold" if state is VisitState.HELD else "claim",
        date=draw(st.none() | days),
        payer=draw(st.sampled_from([None, "acme", "Acme", "bcbs"])),
        amount=draw(amounts),
        holds=holds,
        filing_limit=draw(st.none() | days),
        therapists=tuple(sorted(draw(therapists))),
        draft=draw(st.booleans()),
        claim=draw(st.sampled_from([None, "Claim/1", "Claim/12", "Claim/2"])),
        claim_key=draw(st.sampled_from(["", "MBA", "MBAB", "MBC"])),
    )


def each_once(some: list[VisitRow]) -> list[VisitRow]:
    """Of several rows of a visit the last."""
    return list({one.encounter: one for one in some}.values())
