"""A clinic of one veteran over a host in memory: the visits of a month, a payer that wants its referral."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from builders import (
    condition,
    coverage,
    encounter,
    location,
    organization,
    payer,
    practitioner,
    procedure,
    ref,
    resource,
)
from massage_billing.checks import claim_checker
from massage_billing.hosts.memory import MemoryHost
from massage_billing.hosts.memory import MemoryStore as HostData
from massage_billing.model import Clinic, CoverageKind, Fee, Paper, PaperKind, Payer, Reading
from massage_billing.ports import VisitState
from massage_billing.rulebook.files import load_rulebook
from massage_billing.run.setup import Setup
from massage_billing.service import Billing
from massage_billing.store.memory import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BOOK = load_rulebook()
ZONE = "America/Denver"
REFERRAL = Paper(
    PaperKind.REFERRAL, "papers.csv:2", "Patient/p1", number="V1", payer="va", visits=3, start=date(2026, 10, 1)
)


def clinic(*papers: Paper, policy: str = "va-community-care", **more: Any) -> Clinic:
    return Clinic(
        payers=(Payer("va", CoverageKind.HEALTH, policy, references=frozenset({"Organization/o2"})),),
        payers_known=True,
        fees=tuple(Fee(code, Decimal("35.50"), date(2020, 1, 1)) for code in ("97124", "97140")),
        npi="1234567893",
        papers=papers,
        digest=str(papers),
        **more,
    )


class World:
    """A clinic of one veteran."""

    def __init__(self, *papers: Paper, store: Any = None, **more: Any) -> None:
        self.now = NOW
        self.data = HostData(clock=lambda: self.now)
        self.put(practitioner(), location(), organization(), payer(), coverage(), condition())
        self.setup = Setup(
            host=MemoryHost("clinic", store=self.data),
            store=store or MemoryStore(),
            book=BOOK,
            clinic=clinic(*(papers or (REFERRAL,)), **more),
            reading=Reading(host="clinic", zone=ZONE, place_of_service="11"),
            check=claim_checker(BOOK),
            start=date(2020, 1, 1),
            settle=timedelta(0),
        )

    def put(self, *resources: dict[str, Any]) -> None:
        for one in resources:
            self.data.put(one)

    def visit(self, day: int, mins: int | None = 30, month: int = 11, **changes: Any) -> None:
        """Visit "e5" on 5 November, of one service."""
        times = {"start": f"2026-{month:02}-{day:02}T10:00:00-07:00", "end": f"2026-{month:02}-{day:02}T11:00:00-07:00"}
        self.put(
            encounter(f"e{day}", period=times, **changes),
            procedure(f"a{day}", mins=mins, encounter=ref(f"Encounter/e{day}"), performedDateTime=times["start"]),
        )

    def run(self, **changes: Any) -> Any:
        self.now += timedelta(minutes=10)
        return Billing(replace(self.setup, **changes)).run()

    def claims(self) -> dict[str, dict[str, Any]]:
        """Live claims by the day of their visit."""
        live = [c for c in self.data.all("Claim") if c["status"] in ("active", "draft")]
        return {str(c["billablePeriod"]["start"])[-2:].lstrip("0"): c for c in live}  # type: ignore[index]

    def billed(self) -> list[int]:
        return sorted(int(day) for day in self.claims())

    def held(self) -> dict[int, list[str]]:
        rows = self.setup.store.rows("clinic")
        return {int(r.encounter[1:]): [rule for rule, _ in r.holds] for r in rows if r.state is VisitState.HELD}

    def sent(self, day: int) -> None:
        """The payer answered the claim of that day."""
        claim = self.claims()[str(day)]
        answer = {"status": "active", "outcome": "queued", "request": ref(f"Claim/{claim['id']}"), "use": "claim"}
        self.put(resource("ClaimResponse", f"r{day}", answer, {}))
