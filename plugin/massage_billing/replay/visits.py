"""Past visits to replay: of the configured host with what its store remembers of them, or of a file or folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from tempfile import TemporaryDirectory

from massage_billing.coding.day import Day
from massage_billing.coding.rulebook import Rulebook
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Reading, Ruling, Visit
from massage_billing.ports import VisitRecord
from massage_billing.run.seen import still
from massage_billing.run.setup import Setup

Dates = tuple[Date, Date]
"""First and last date of service."""


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A visit with what is remembered of it."""

    visit: Visit
    """As it stands on record now."""
    ruling: Ruling | None = None
    """What a person decided of it."""
    outcome: str | None = None
    """What was billed: claim, hold, self-pay, no-charge; None where no run has decided it."""
    amount: str | None = None
    """Dollars of it, as text."""


@dataclass(slots=True)
class Problems:
    """How many records belong to no visit or cannot be read."""

    count: int = 0


@contextmanager
def of_path(path: Path, reading: Reading, dates: Dates, problems: Problems) -> Iterator[Iterator[PastVisit]]:
    """The visits in a file or folder of FHIR; only a temporary index is written. Memory stays flat."""
    from massage_billing.hosts.folder import FolderHost

    with TemporaryDirectory(prefix="massage-billing-") as work:
        host = FolderHost(reading.host, path, out=Path(work) / "out", work=Path(work) / "index")

        def visits() -> Iterator[PastVisit]:
            shared = Shared()
            for page in host.changes(None, dates[0]):
                yield from (PastVisit(visit) for visit in _read(page.records, reading, shared, dates))
            problems.count += sum(1 for _ in host.problems())

        yield visits()


def of_host(setup: Setup, dates: Dates) -> Iterator[PastVisit]:
    """The visits of the configured host, with what its store remembers. Writes neither; memory stays flat."""
    shared, host = Shared(setup.clinic.payers), setup.host.id
    for page in setup.host.changes(None, dates[0]):
        visits = list(_read(page.records, setup.reading, shared, dates))
        ids = [visit.encounter for visit in visits]
        rows, rulings = setup.store.known(host, ids), setup.store.rulings(host, ids)
        for visit in visits:
            row = rows.get(visit.encounter)
            outcome = row.outcome if row is not None and row.outcome else None
            amount = row.amount if row is not None else None
            yield PastVisit(visit, still(rulings.get(visit.encounter), visit), outcome, amount)


def _read(records: Sequence[VisitRecord], reading: Reading, shared: Shared, dates: Dates) -> Iterator[Visit]:
    for record in records:
        visit = read_visit(record, reading, shared)
        if visit.date is None or dates[0] <= visit.date <= dates[1]:
            yield visit


class AsOf(Rulebook):
    """A rulebook that decides every visit by what is in force on one date, whenever it was."""

    def __init__(self, book: Rulebook, date: Date) -> None:
        vars(self).update(vars(book))
        self._fixed = date

    def on(self, date: Date) -> Day:
        """What is in force on the one date."""
        return super().on(self._fixed)
