"""No question of a page walks all claims, and what a page does not show is found in indexes alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.desk import ClaimFilter, HoldFilter, HoldOrder
from massage_billing.store import open_store
from massage_billing.store.desk_sql import SqlDesk
from store.desk_making import DAY, NOON, claimed, held, put, work
from store.making import HOST

QUARTER = ClaimFilter(first=DAY - timedelta(days=100), last=DAY)
EVERYTHING = ClaimFilter(
    standing=ClaimStanding.ACCEPTED,
    draft=True,
    payer="acme",
    first=DAY,
    last=DAY,
    therapist="Practitioner/1",
    search="1",
)
ONE_HOLD = HoldFilter(rule="charge", payer="acme", assignee="Practitioner/7", therapist="Practitioner/1")
QUESTIONS: dict[str, Callable[[SqlDesk], object]] = {
    "hold_sums": lambda d: d.hold_sums(HOST, HoldFilter()),
    "hold_sums of some": lambda d: d.hold_sums(HOST, ONE_HOLD),
    **{f"holds by {order}": lambda d, order=order: d.holds(HOST, HoldFilter(), order) for order in HoldOrder},  # type: ignore[misc]
    "holds of some": lambda d: d.holds(HOST, ONE_HOLD, HoldOrder.FILING),
    "holds, next page": lambda d: d.holds(
        HOST, HoldFilter(), HoldOrder.AGE, d.holds(HOST, HoldFilter(), HoldOrder.AGE, limit=1).after
    ),
    "hold": lambda d: d.hold(HOST, "1"),
    "note_held": lambda d: d.note_held(HOST, DAY),
    "held_days": lambda d: d.held_days(HOST, DAY, DAY),
    "assign": lambda d: d.assign(HOST, "h1", 1, work()),
    "claims": lambda d: d.claims(HOST, ClaimFilter()),
    "claims, next page": lambda d: d.claims(HOST, ClaimFilter(), d.claims(HOST, ClaimFilter(), limit=1).after),
    "claims of a quarter": lambda d: d.claims(HOST, QUARTER),
    "claims of a payer": lambda d: d.claims(HOST, ClaimFilter(payer="acme")),
    "claims by standing": lambda d: d.claims(HOST, ClaimFilter(standing=ClaimStanding.REJECTED)),
    "claims not sent": lambda d: d.claims(HOST, ClaimFilter(unsent=True)),
    "drafts": lambda d: d.claims(HOST, ClaimFilter(draft=True)),
    "claims of a therapist": lambda d: d.claims(HOST, ClaimFilter(therapist="Practitioner/1")),
    "claims by name": lambda d: d.claims(HOST, ClaimFilter(search="12")),
    "claims of some": lambda d: d.claims(HOST, EVERYTHING),
    "claim_sums": lambda d: d.claim_sums(HOST, ClaimFilter()),
    "claim_sums of a quarter": lambda d: d.claim_sums(HOST, QUARTER),
    "claim_sums of some": lambda d: d.claim_sums(HOST, EVERYTHING),
    "claim_days": lambda d: d.claim_days(HOST, DAY - timedelta(days=100), DAY, "Practitioner/1"),
    "payers": lambda d: d.payers(HOST),
    "treated": lambda d: d.treated(HOST, "Practitioner/1", ["1", "2"]),
}
PLACES = [name for name in QUESTIONS if name.startswith(("claims", "drafts")) and name != "claims of some"]


def steps_of(tmp_path: Path, name: str) -> list[str]:
    """What SQLite does to answer, in its words."""
    with open_store(tmp_path / "state") as store:
        rows = [claimed(str(n), therapists=("Practitioner/1",)) for n in range(3)] + [held(f"h{n}") for n in range(3)]
        put(store, *rows, at=NOON)
        desk = store.desk()
        desk.claims(HOST, ClaimFilter())
        desk.assign(HOST, "h1", 0, work())
        asked: list[tuple[str, Any]] = []

        @event.listens_for(store._engine, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
            asked.append((statement, parameters[0] if many else parameters))

        QUESTIONS[name](desk)
        event.remove(store._engine, "before_cursor_execute", note)
        with store._reading() as connection:
            return [
                str(step[3])
                for statement, parameters in asked
                if not statement.startswith(("BEGIN", "PRAGMA", "INSERT"))
                for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_walks_all_claims(tmp_path: Path, name: str) -> None:
    steps = steps_of(tmp_path, name)
    assert steps
    tables = ("visits", "other", "work", "claim_tally", "claim_pace", "held_days")
    assert [step for step in steps if step.startswith(tuple(f"SCAN {table}" for table in tables))] == []
    # An index that begins with the host alone is one of everything, unless it has all that is asked.
    of_all = [step for step in steps if step.endswith("(host=?)") and "COVERING" not in step]
    assert [step for step in of_all if "visits_held" not in step and "claim_tally" not in step] == []


@pytest.mark.parametrize("name", PLACES)
def test_places_of_claims_are_found_in_an_index_alone(tmp_path: Path, name: str) -> None:
    steps = [step for step in steps_of(tmp_path, name) if " visits " in step]
    of_a_page = "SEARCH visits USING PRIMARY KEY (encounter=? AND host=?)"
    assert steps.count(of_a_page) <= 2
    assert [step for step in steps if "COVERING INDEX" not in step and step != of_a_page] == []
