"""The fake of the ledger: everything in dictionaries, gone with the process. Passes the same tests as SqlLedger."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from decimal import Decimal

from massage_billing.errors import StoreError
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import (
    AdjustmentRow,
    Applied,
    AppliedPart,
    Batch,
    PaidLine,
    Response,
    Said,
    Submission,
)
from massage_billing.store.asking_rules import Clock, utc_now
from massage_billing.store.ledger_rules import after, may_be_sent


@dataclass(slots=True)
class _Kept:
    last: int = 0
    batches: dict[int, Batch] = field(default_factory=dict)
    claims: dict[str, Submission] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    files: dict[str, Applied] = field(default_factory=dict)
    adjustments: list[AdjustmentRow] = field(default_factory=list)
    lines: list[PaidLine] = field(default_factory=list)
    responses: dict[str, Response] = field(default_factory=dict)


class MemoryLedger:
    """ports.Ledger in memory, for tests and for runs that keep nothing."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._kept = _Kept()

    def seen_by(self, clock: Clock) -> MemoryLedger:
        """The same memory by another clock."""
        other = copy.copy(self)
        other._clock = clock
        return other

    # --- files that are written -------------------------------------------------------------------------------------

    def next_batch(self, above: int = 0) -> int:
        """A number for a new batch, never given twice; above one that is known to be taken."""
        self._kept.last = max(self._kept.last, above) + 1
        return self._kept.last

    def commit_batch(self, batch: Batch, submissions: Sequence[Submission]) -> tuple[str, ...]:
        """Remember a file and its claims; or the keys that another file carries, and nothing is remembered."""
        if batch.body is None:
            raise StoreError(f"Batch {batch.number} has no bytes.", "Report this to the maintainers.")
        taken = tuple(one.key for one in submissions if not may_be_sent(self._kept.claims.get(one.key)))
        if not taken:
            self._kept.batches[batch.number] = batch
            for one in submissions:
                self._kept.claims.pop(one.key, None)  # the place of a claim is that in its newest file
                self._kept.claims[one.key] = one
        return taken

    def written(self, number: int) -> None:
        """The file stands in its folder."""
        if number in self._kept.batches:
            self._kept.batches[number] = replace(self._kept.batches[number], written=True)

    def batches(self, host: str, *, unwritten: bool = False) -> list[Batch]:
        """Batches, newest first, without their bytes."""
        found = [one for one in self._kept.batches.values() if one.host == host and not (unwritten and one.written)]
        return [replace(one, body=None) for one in sorted(found, key=lambda one: -one.number)]

    def batch(self, host: str, number: int) -> Batch | None:
        """One batch with its bytes."""
        found = self._kept.batches.get(number)
        return found if found and found.host == host else None

    def drop_batch(self, host: str, number: int, who: str, why: str) -> int:
        """A file was never sent: its claims that nobody answered can be exported again; how many."""
        dropped = [one for one in self.of_batch(host, number) if one.standing is ClaimStanding.EXPORTED]
        now = self._clock()
        for one in dropped:
            self._kept.said.append(Said(one.key, now, ClaimStanding.NOT_SENT, f"dropped by {who}", why))
            self._kept.claims[one.key] = replace(one, standing=ClaimStanding.NOT_SENT, payer_claim_number="", since=now)
        batch = self.batch(host, number)
        if batch is not None:
            self._kept.batches[number] = replace(batch, written=True, body=None)
        return len(dropped)

    # --- claims -----------------------------------------------------------------------------------------------------

    def submissions(self, host: str, keys: Iterable[str]) -> dict[str, Submission]:
        """By claim key."""
        return {key: one for key in keys if (one := self._kept.claims.get(key)) is not None and one.host == host}

    def of_batch(self, host: str, number: int) -> list[Submission]:
        """Claims of one file, in its order."""
        return [one for one in self._kept.claims.values() if one.batch == number and one.host == host]

    def of_encounters(self, host: str, encounters: Iterable[str]) -> list[Submission]:
        """Claims of these visits, every revision."""
        wanted = set(encounters)
        found = [one for one in self._kept.claims.values() if one.encounter in wanted and one.host == host]
        return sorted(found, key=lambda one: (one.date, one.encounter, one.key))

    def candidates(self, host: str, dates: Iterable[Date], total: Decimal) -> list[Submission]:
        """Sent claims of these dates of service with this charge."""
        days = set(dates)
        found = [
            one for one in self._kept.claims.values() if one.date in days and one.total == total and one.host == host
        ]
        return sorted(found, key=lambda one: one.key)

    def all(self, host: str, standing: ClaimStanding | None = None) -> Iterator[Submission]:
        """Submissions, newest date of service first."""
        found = [one for one in self._kept.claims.values() if one.host == host and standing in (None, one.standing)]
        yield from sorted(found, key=lambda one: (-one.date.toordinal(), one.key))

    def mark(self, submission: Submission, told: Said) -> None:
        """A person, or a FHIR answer, says how far a claim has come."""
        self._kept.claims.setdefault(submission.key, submission)
        self._tell([told])

    # --- answers ----------------------------------------------------------------------------------------------------

    def is_applied(self, file: str) -> bool:
        """Whether a file of answers was applied whole."""
        return file in self._kept.files

    def apply(self, applied: Applied, parts: Iterable[AppliedPart]) -> bool:
        """Apply what a file says; False where it was applied before."""
        if applied.file in self._kept.files:
            return False
        some = list(parts)  # where making one raises, nothing is applied
        now = self._clock()
        unmatched = tuple(one for part in some for one in part.unmatched)
        self._kept.files[applied.file] = replace(applied, unmatched=unmatched)
        for part in some:
            self._tell(part.said)
            self._kept.adjustments += [replace(one, at=now) for one in part.adjustments]
            self._kept.lines += [replace(one, at=now) for one in part.lines]
            self._kept.responses.update((one.key, one) for one in part.responses)
        return True

    def _tell(self, told: Sequence[Said]) -> None:
        self._kept.said += told
        for one in told:
            if one.key in self._kept.claims:
                self._kept.claims[one.key] = after(self._kept.claims[one.key], [one])

    def life(self, key: str) -> list[Said]:
        """Everything that was said of a claim, oldest first."""
        return sorted((one for one in self._kept.said if one.key == key), key=lambda one: one.at)

    def adjustments(self, first: Date | None, last: Date | None) -> Iterator[AdjustmentRow]:
        """Adjustments applied from one day to another, oldest first."""
        begin = _midnight(first) if first else datetime.min.replace(tzinfo=UTC)
        end = _midnight(last + timedelta(days=1)) if last else datetime.max.replace(tzinfo=UTC)
        yield from (one for one in self._kept.adjustments if one.at is not None and begin <= one.at < end)

    def adjustments_of(self, keys: Iterable[str]) -> list[AdjustmentRow]:
        """Adjustments of these claims, oldest first."""
        wanted = set(keys)
        return [one for one in self._kept.adjustments if one.key in wanted]

    def paid_lines(self, keys: Iterable[str]) -> list[PaidLine]:
        """What payers did with these claims and their lines, oldest first."""
        wanted = set(keys)
        return [one for one in self._kept.lines if one.key in wanted]

    def files(self) -> list[Applied]:
        """Files of answers that were applied, newest first."""
        return list(reversed(self._kept.files.values()))

    def responses(self, host: str, limit: int) -> list[Response]:
        """What the host is to be given and has not got, oldest first."""
        return [one for one in self._kept.responses.values() if one.host == host][:limit]

    def responded(self, keys: Iterable[str]) -> None:
        """The host has these now."""
        for key in keys:
            self._kept.responses.pop(key, None)

    # --- forgetting -------------------------------------------------------------------------------------------------

    def purge(self, before: datetime) -> int:
        """Drop the bytes of files that were written and answered before a time; how many."""
        waiting = {one.batch for one in self._kept.claims.values() if one.standing is ClaimStanding.EXPORTED}
        over = [
            one
            for one in self._kept.batches.values()
            if one.at < before and one.written and one.body is not None and one.number not in waiting
        ]
        for one in over:
            self._kept.batches[one.number] = replace(one, body=None)
        return len(over)

    def purge_patient(self, host: str, patient: str) -> int:
        """Forget the claims of a patient; how many."""
        theirs = {
            one.key: one.batch for one in self._kept.claims.values() if one.patient == patient and one.host == host
        }
        for number in set(theirs.values()) & self._kept.batches.keys():
            self._kept.batches[number] = replace(self._kept.batches[number], body=None)
        self._kept.said = [one for one in self._kept.said if one.key not in theirs]
        self._kept.adjustments = [one for one in self._kept.adjustments if one.key not in theirs]
        self._kept.lines = [one for one in self._kept.lines if one.key not in theirs]
        gone = {self._kept.claims.pop(key).claim for key in theirs}
        for response in [one for one in self._kept.responses.values() if one.claim in gone and one.host == host]:
            del self._kept.responses[response.key]
        return len(theirs)


def _midnight(day: Date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
