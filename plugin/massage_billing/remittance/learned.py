"""What is known of the denials of one host, gathered from the ledger and the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Store
from massage_billing.ports.ledger import Ledger, PaidLine, Submission
from massage_billing.remittance.adjudication import Spot, in_force
from massage_billing.remittance.denials import Denial, DenialReport, Period, denials, report

_CHUNK = 500
"""Claims that are looked up together."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Denials, and the answers they stand in."""

    claims: Mapping[str, Submission]
    """Answered claims by key."""
    denials: tuple[Denial, ...]
    """Denials of the period, oldest first."""
    paid: tuple[PaidLine, ...]
    """Lines that were paid or not, of answers that count; the claims as a whole are not among them."""


class Denials:
    """What the claims of one host teach."""

    def __init__(self, store: Store, ledger: Ledger, host: str) -> None:
        self.store, self.ledger, self.host = store, ledger, host

    def learned(self, period: Period) -> Learned:
        """The denials of a period. Raises StoreError."""
        claims = {one.key: one for one in self.ledger.all(self.host, ClaimStanding.ADJUDICATED)}
        standing, lines = self._answers(claims)
        rows = self.ledger.adjustments(period.since, period.until)
        return Learned(claims, tuple(denials(rows, claims, standing, period)), tuple(lines))

    def report(self, period: Period) -> DenialReport:
        """Denials of a period beside what rules prevented. Raises StoreError."""
        lost = {
            (row.file, row.place)
            for row in self.ledger.adjustments(period.since, period.until)
            if not row.key and period.payer in (None, row.payer)
        }
        visits, trail = self.store.rows(self.host), self.store.trail(self.host)
        return report(self.learned(period).denials, visits, trail, period, len(lost))

    def _answers(self, keys: Iterable[str]) -> tuple[dict[str, tuple[Spot, ...]], list[PaidLine]]:
        """Which answers count, and the lines of those."""
        standing: dict[str, tuple[Spot, ...]] = {}
        lines: list[PaidLine] = []
        for some in _chunks(keys):
            told = self.ledger.paid_lines(some)
            counts = in_force(told)
            standing.update(counts)
            lines += [one for one in told if one.line and (one.file, one.place) in counts.get(one.key, ())]
        return standing, lines


def _chunks(keys: Iterable[str]) -> Iterator[Sequence[str]]:
    left = iter(keys)
    while some := list(islice(left, _CHUNK)):
        yield some
