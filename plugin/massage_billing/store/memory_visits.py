"""Rows of visits in memory, with what the pages ask by: what the store's fake and the desk's share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from massage_billing.model.desk import Work
from massage_billing.ports import VisitRow
from massage_billing.store import desk_rules
from massage_billing.store.desk_rules import Kept
from massage_billing.store.memory_ledger import MemoryLedger

_Visit = tuple[str, str]
"""(host, Encounter id)."""


@dataclass(slots=True)
class MemoryVisits:
    """Visits, what is kept beside them, and people's work on them."""

    ledger: MemoryLedger
    rows: dict[_Visit, VisitRow] = field(default_factory=dict)
    kept: dict[_Visit, Kept] = field(default_factory=dict)
    work: dict[_Visit, Work] = field(default_factory=dict)
    turn: RLock = field(default_factory=RLock)

    def of_host(self, host: str) -> Iterator[VisitRow]:
        """Visits of a host."""
        return (row for (of, _), row in list(self.rows.items()) if of == host)

    def put(self, row: VisitRow, at: datetime) -> None:
        """A row in place of the one before it."""
        visit = (row.host, row.encounter)
        was = self.rows.get(visit)
        self.kept[visit] = desk_rules.moved(row, was.state if was else None, self.kept.get(visit, Kept()), at)
        if was and (what := desk_rules.by_a_run(was.state, desk_rules.rules_of(was), row)):
            self.work[visit] = desk_rules.overtaken(self.work_on(*visit), what, at)
        self.rows[visit] = row

    def work_on(self, host: str, encounter: str) -> Work:
        """People's work on a visit."""
        return self.work.get((host, encounter), Work(encounter))

    def standing(self, row: VisitRow) -> tuple[str, datetime | None]:
        """How far the claim has come that a row names, and since when."""
        sent = self.ledger.submissions(row.host, [row.claim_key]).get(row.claim_key)
        if sent is None or sent.encounter != row.encounter:
            return "", None
        return desk_rules.sent(sent.standing.value, sent.since)

    def forget(self, visit: _Visit) -> None:
        """Forget a visit."""
        for of in (self.rows, self.kept, self.work):
            of.pop(visit, None)
