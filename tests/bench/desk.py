"""What each question of the workbench's pages costs on a store that desk_fill.py made: the least and the median of some
tries, in milliseconds. On SQLite CPU time, on PostgreSQL wall time (the work is done in another process).

    python -m bench.desk URL      (from tests/, PYTHONPATH=../plugin)
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.desk_fill import TODAY
from massage_billing.model import Ruling, RulingKind
from massage_billing.model.desk import Work
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.desk import ClaimFilter, Desk, HoldFilter, HoldOrder
from massage_billing.store import open_store

HOST = "main"
TRIES = 30
YEAR = timedelta(days=365)
Question = Callable[[], object]


def holds(desk: Desk) -> dict[str, Question]:
    """Questions of the queue."""
    first = desk.holds(HOST, HoldFilter(), HoldOrder.FILING)
    one, other = (row.visit.encounter for row in first.rows[:2])
    some = HoldFilter(rule="charge", payer="acme", therapist="Practitioner/2")

    def version(encounter: str) -> int:
        found = desk.hold(HOST, encounter)
        return found.work.version if found else 0

    def assign() -> object:
        given = Work("", assignee="Practitioner/2", by="Practitioner/1", at=datetime.now(UTC))
        return desk.assign(HOST, one, version(one), given)

    def decide() -> object:
        ruling = Ruling(RulingKind.BILL, "so", "Practitioner/1", datetime.now(UTC))
        return desk.decide(HOST, other, version(other), ruling)

    return {
        "hold_sums": lambda: desk.hold_sums(HOST, HoldFilter()),
        "hold_sums, three filters": lambda: desk.hold_sums(HOST, some),
        **{f"holds by {order}": lambda order=order: desk.holds(HOST, HoldFilter(), order) for order in HoldOrder},  # type: ignore[misc]
        "holds, second page": lambda: desk.holds(HOST, HoldFilter(), HoldOrder.FILING, first.after),
        "holds, three filters": lambda: desk.holds(HOST, some, HoldOrder.AGE),
        "hold": lambda: desk.hold(HOST, one),
        "hold and assign": assign,
        "hold and decide": decide,
        "note_held": lambda: desk.note_held(HOST, TODAY),
        "held_days, 30 days": lambda: desk.held_days(HOST, TODAY - timedelta(days=30), TODAY),
    }


def claims(desk: Desk) -> dict[str, Question]:
    """Questions of the list of claims."""
    after = None
    for _ in range(100):
        after = desk.claims(HOST, ClaimFilter(), after, 500).after or after
    filters = {
        "all": ClaimFilter(),
        "rejected": ClaimFilter(standing=ClaimStanding.REJECTED),
        "adjudicated": ClaimFilter(standing=ClaimStanding.ADJUDICATED),
        "not sent": ClaimFilter(unsent=True),
        "drafts (none)": ClaimFilter(draft=True),
        "payer": ClaimFilter(payer="acme"),
        "payer, rejected": ClaimFilter(payer="acme", standing=ClaimStanding.REJECTED),
        "therapist": ClaimFilter(therapist="Practitioner/2"),
        "therapist of none": ClaimFilter(therapist="Practitioner/99"),
        "90 days": ClaimFilter(first=TODAY - timedelta(days=90), last=TODAY),
        "two years": ClaimFilter(first=TODAY - 2 * YEAR, last=TODAY),
        'name "12345"': ClaimFilter(search="12345"),
        'name "123"': ClaimFilter(search="123"),
        'name "1" (22,000 matches)': ClaimFilter(search="1"),
    }
    asked: dict[str, Question] = {"claims, page in the middle": lambda: desk.claims(HOST, ClaimFilter(), after)}
    for name, which in filters.items():
        asked[f"claims, {name}"] = lambda which=which: desk.claims(HOST, which)  # type: ignore[misc]
        asked[f"claim_sums, {name}"] = lambda which=which: desk.claim_sums(HOST, which)  # type: ignore[misc]
    return {
        **asked,
        "claim_days, 26 weeks": lambda: desk.claim_days(HOST, TODAY - YEAR / 2, TODAY),
        "claim_days, 3 years": lambda: desk.claim_days(HOST, TODAY - 3 * YEAR, TODAY),
        "claim_days, 26 weeks, therapist": lambda: desk.claim_days(HOST, TODAY - YEAR / 2, TODAY, "Practitioner/2"),
        "payers": lambda: desk.payers(HOST),
        "treated, 50": lambda: desk.treated(HOST, "Practitioner/2", [str(number) for number in range(50)]),
    }


def main(url: str) -> None:
    """Print what each costs, the dearest last."""
    clock = time.perf_counter if "://" in url else time.process_time
    found: list[tuple[float, float, str]] = []
    with open_store(url) as store:
        desk = store.desk()
        for name, ask in {**holds(desk), **claims(desk)}.items():
            ask()
            took = []
            for _ in range(TRIES):
                begun = clock()
                ask()
                took.append((clock() - begun) * 1000)
            found.append((min(took), statistics.median(took), name))
    for least, median, name in sorted(found):
        print(f"{name:36} least {least:6.2f} ms  median {median:6.2f} ms")


if __name__ == "__main__":
    main(sys.argv[1])
