"""A host with one sound visit and a store in memory, and everything a run needs around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from builders import sound
from massage_billing.checks import claim_checker
from massage_billing.hosts.memory import MemoryHost
from massage_billing.hosts.memory import MemoryStore as HostData
from massage_billing.model import Clinic, CoverageKind, Fee, Payer, Reading
from massage_billing.rulebook.files import load_rulebook
from massage_billing.run.setup import Setup
from massage_billing.service import Billing
from massage_billing.store.memory import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BOOK = load_rulebook()
CLINIC = Clinic(
    payers=(Payer("plan", CoverageKind.HEALTH, "commercial-midpoint", references=frozenset({"Organization/o2"})),),
    payers_known=True,
    fees=tuple(Fee(code, Decimal("35.50"), date(2026, 1, 1)) for code in ("97124", "97140", "97110", "97112")),
    npi="1234567893",
    digest="clinic-1",
)


class World:
    """A host with one sound visit, and everything around it."""

    def __init__(self) -> None:
        self.now = NOW
        self.data = HostData(clock=lambda: self.now)
        self.host = MemoryHost("clinic", store=self.data)
        self.put(*(one for one in sound() if one["id"] != "a2"))
        self.store = MemoryStore()
        self.setup = Setup(
            host=self.host,
            store=self.store,
            book=BOOK,
            clinic=CLINIC,
            reading=Reading(host="clinic", zone="America/Los_Angeles", place_of_service="11"),
            check=claim_checker(BOOK),
            start=date(2026, 1, 1),
            settle=timedelta(0),
        )

    def put(self, *resources: dict[str, object]) -> None:
        for resource in resources:
            self.data.put(resource)

    def run(self, **changes: object):  # type: ignore[no-untyped-def]
        self.now += timedelta(minutes=10)
        return Billing(replace(self.setup, **changes)).run()  # type: ignore[arg-type]

    def alive(self, kind: str) -> list[dict[str, object]]:
        dead = ("cancelled", "entered-in-error", "completed")
        return [r for r in self.data.all(kind) if r.get("status") not in dead]  # type: ignore[misc]
