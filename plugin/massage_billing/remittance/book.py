"""The life of claims, as people ask for it: what was decided, sent, said and paid, and from which evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from datetime import date as Date
from decimal import Decimal

from massage_billing.errors import HostNotFound, SettingsError
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Store, VisitRow
from massage_billing.ports.ledger import Applied, Batch, Ledger, Said, Submission

_WAITING = (ClaimStanding.EXPORTED, ClaimStanding.ACKNOWLEDGED, ClaimStanding.ACCEPTED)
"""Nobody has decided yet."""


@dataclass(frozen=True, slots=True)
class Life:
    """One claim on one page."""

    submission: Submission
    """What was sent, and how far it has come."""
    batch: Batch | None
    """The file that carries it; None where none of ours does."""
    visit: VisitRow | None
    """What is remembered of its visit."""
    decided: tuple[tuple[datetime, str], ...]
    """(when, what) was decided of the visit and why: the audit trail."""
    said: tuple[Said, ...]
    """What was said of it since, oldest first."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Claims that stand at one point."""

    standing: ClaimStanding
    """Where they stand."""
    claims: int
    """How many."""
    dollars: Decimal
    """Their charges."""
    oldest: Date | None
    """The oldest date of service among them."""


@dataclass(frozen=True, slots=True)
class ClaimsStatus:
    """What there is to know at a glance."""

    counted: tuple[Counted, ...]
    """By standing, in the order in which claims come."""
    waiting: tuple[Submission, ...]
    """Sent and unanswered, the longest first."""
    unwritten: tuple[Batch, ...]
    """Files that were remembered and may be missing: the next export writes them."""
    files: tuple[Applied, ...]
    """Files of answers, newest first."""


class ClaimBook:
    """Claims of one host."""

    def __init__(self, store: Store, ledger: Ledger, host: str) -> None:
        self.store, self.ledger, self.host = store, ledger, host

    def sent(
        self, standing: ClaimStanding | None, payer: str | None = None, since: Date | None = None
    ) -> Iterator[Submission]:
        """Claims that were sent, newest date of service first."""
        for one in self.ledger.all(self.host, standing):
            if (payer is None or one.payer == payer) and (since is None or one.date >= since):
                yield one

    def life(self, named: str) -> tuple[Life, ...]:
        """The claims of a claim key, a Claim ("Claim/12") or a visit. HostNotFound where there is none."""
        found = self._named(named)
        if not found:
            what = f"No claim {named} was sent or marked."
            raise HostNotFound(what, "Name a claim key, a Claim or an Encounter; `status` shows what is not sent yet.")
        rows = self.store.known(self.host, {one.encounter for one in found})
        return tuple(self._life(one, rows.get(one.encounter)) for one in found)

    def mark(self, named: str, said: Said) -> Submission:
        """Remember what a person knows of a claim, or of a visit's claim that no file of ours carried."""
        found = self._named(named) or self._unsent(named)
        if not found:
            raise HostNotFound(f"No claim {named} is known.", "Name a claim key, a Claim or an Encounter.")
        if len(found) > 1:
            keys = ", ".join(one.key for one in found)
            raise SettingsError(f"{named} has several claims: {keys}.", "Name one of them by its key.")
        one = found[0]
        self.store.sent(self.host, [one.encounter])  # first: what a crash leaves out is told again
        self.ledger.mark(one, Said(one.key, said.at, said.standing, said.source, said.words, said.payer_claim_number,
                                   said.paid, said.of_patient))  # fmt: skip
        self.store.audit(self.host, one.encounter, f"{one.key} {said.source}: {said.standing}")
        return self.ledger.submissions(self.host, [one.key])[one.key]

    def drop(self, number: int, who: str, why: str) -> int:
        """A file was never sent: how many of its claims can be exported again."""
        if self.ledger.batch(self.host, number) is None:
            raise HostNotFound(f"Batch {number} is not known.", "`claims status` lists files.")
        return self.ledger.drop_batch(self.host, number, who, why)

    def status(self) -> ClaimsStatus:
        """What there is to know at a glance."""
        found: dict[ClaimStanding, list[Submission]] = {}
        for one in self.ledger.all(self.host):
            found.setdefault(one.standing, []).append(one)
        waiting = sorted((one for each in _WAITING for one in found.get(each, ())), key=_since)
        return ClaimsStatus(
            tuple(_counted(standing, found[standing]) for standing in ClaimStanding if standing in found),
            tuple(waiting),
            tuple(self.ledger.batches(self.host, unwritten=True)),
            tuple(self.ledger.files()),
        )

    def _named(self, named: str) -> list[Submission]:
        bare = named.removeprefix("Encounter/")
        by_key = self.ledger.submissions(self.host, [named.upper()])
        if by_key:
            return list(by_key.values())
        if named.startswith("Claim/"):
            return [one for one in self.ledger.all(self.host) if one.claim == named]
        return self.ledger.of_encounters(self.host, [bare])

    def _unsent(self, named: str) -> list[Submission]:
        """The claim of a visit that no file of ours carried: what the store knows of it."""
        bare = named.removeprefix("Encounter/")
        row = self.store.known(self.host, [bare]).get(bare)
        if row is None or row.claim is None or row.date is None:
            return []
        return [unsent(row)]

    def _life(self, one: Submission, row: VisitRow | None) -> Life:
        batch = self.ledger.batch(self.host, one.batch) if one.batch else None
        batch = replace(batch, body=None) if batch else None  # nobody who looks at one claim is shown all of them
        batch = replace(batch, body=None) if batch else None  # nobody who looks at one claim is shown all of them
        decided = tuple((at, what) for at, _, what in self.store.trail(self.host, one.encounter))
        return Life(one, batch, row, decided, tuple(self.ledger.life(one.key)))


def unsent(row: VisitRow) -> Submission:
    """The claim of a visit that no file of ours carries: what the store knows of it."""
    return Submission(
        key=row.claim_key, host=row.host, encounter=row.encounter, patient=row.patient or "", payer=row.payer or "",
        claim=row.claim or "", digest=row.digest, rank="P", frequency="1", date=row.date or Date.min,
        total=Decimal(row.amount or "0"), lines=(), standing=ClaimStanding.NOT_SENT,
    )  # fmt: skip


def _since(one: Submission) -> datetime:
    return one.since or datetime.min.replace(tzinfo=UTC)


def _counted(standing: ClaimStanding, some: Iterable[Submission]) -> Counted:
    listed = list(some)
    total = sum((one.total for one in listed), Decimal(0))
    return Counted(standing, len(listed), total, min((one.date for one in listed), default=None))
