"""A store as full as a clinic's after years, for the load bench and for measuring the desk: made of the store's own
calls, so that it is what runs would have left. Synthetic ids only.

    python -m bench.desk_fill postgresql://user@/database      (from tests/, PYTHONPATH=../plugin)
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TypeVar

from massage_billing.fhir.keys import claim_key
from massage_billing.model.desk import Work
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Entry, VisitRow, VisitState
from massage_billing.ports.ledger import Applied, AppliedPart, Batch, Said, SentLine, Submission
from massage_billing.store import open_store
from massage_billing.store.memory import MemoryStore
from massage_billing.store.sql import SqlStore

TODAY = date(2026, 11, 30)
YEARS = 3
PAYERS = ("acme", "bcbs-oh", "medmutual", "va-ccn", "workcomp-oh", "aetna", "cigna", "uhc")
THERAPISTS = tuple(f"Practitioner/{number}" for number in range(1, 7))
RULES = ("member-id", "minutes-documented", "authorization", "referral", "charge", "payer-known", "units-8-minute")
STANDINGS = (
    (None, 5),
    (ClaimStanding.EXPORTED, 6),
    (ClaimStanding.ACKNOWLEDGED, 3),
    (ClaimStanding.ACCEPTED, 6),
    (ClaimStanding.REJECTED, 2),
    (ClaimStanding.ADJUDICATED, 78),
)
"""How far claims have come, in per cent."""
_CHUNK = 2000

T = TypeVar("T")


def fill_store(
    store: SqlStore | MemoryStore, claims: int, holds: int, host: str = "main", today: date = TODAY, seed: int = 8
) -> None:
    """Claims of three years and holds of the last sixty days, with files, answers, work on holds and thirty days of the
    queue. Visits are "1", "2", …: holds come after claims."""
    chance = random.Random(seed)
    rows = [_claimed(host, number, claims, today, chance) for number in range(1, claims + 1)]
    rows += [_held(host, claims + number, today, chance) for number in range(1, holds + 1)]
    for some in _chunks(rows):
        store.commit([_entry(row, chance) for row in some])
    _send(store, host, rows[:claims], chance)
    held = rows[claims:]
    for row in chance.sample(held, len(held) // 3):
        who = chance.choice(THERAPISTS)
        given = Work("", 0, who, "Kim Lee", "call the payer", "Practitioner/1", _noon(today), f"given to {who}")
        store.desk().assign(host, row.encounter, 0, given)
    for ago in range(30):
        store.desk().note_held(host, today - timedelta(days=ago))


def _chunks(some: list[T]) -> Iterator[list[T]]:
    rest = iter(some)
    while taken := list(islice(rest, _CHUNK)):
        yield taken


def _claimed(host: str, number: int, of: int, today: date, chance: random.Random) -> VisitRow:
    day = today - timedelta(days=(of - number) * 365 * YEARS // max(of, 1))
    encounter, patient = str(number), f"Patient/{number % max(1, of // 12)}"
    return VisitRow(
        host, encounter, patient, day, VisitState.CLAIMED, "claim", chance.choice(PAYERS),
        claim_key=claim_key(host, encounter, 0), digest=f"{number:064x}", claim=f"Claim/{number}", claim_version="1",
        provenance=f"Provenance/{number}", provenance_version="1", units=4,
        amount=str(Decimal(chance.randrange(4_000, 24_000)).scaleb(-2)), filing_limit=day + timedelta(days=365),
        rulebook="r" * 64, clinic="c" * 64, therapists=(chance.choice(THERAPISTS),),
    )  # fmt: skip


def _held(host: str, number: int, today: date, chance: random.Random) -> VisitRow:
    day = today - timedelta(days=chance.randrange(60))
    rules = chance.sample(RULES, chance.choice((1, 1, 1, 2)))
    known = chance.random() > 0.2
    return VisitRow(
        host, str(number), f"Patient/{number}", day, VisitState.HELD, "hold", chance.choice((*PAYERS, None)),
        claim_key=claim_key(host, str(number), 0), digest=f"{number:064x}", task=f"Task/{number}", task_version="1",
        amount=str(Decimal(chance.randrange(4_000, 24_000)).scaleb(-2)) if known else None,
        holds=tuple((rule, f"Coverage/{number} does not say what {rule} asks for.") for rule in rules),
        filing_limit=day + timedelta(days=chance.choice((90, 180, 365))), rulebook="r" * 64, clinic="c" * 64,
        therapists=(chance.choice(THERAPISTS),),
    )  # fmt: skip


def _entry(row: VisitRow, chance: random.Random) -> Entry:
    day = row.date or TODAY
    at = _noon(day) + timedelta(days=chance.choice((0, 0, 0, 1, 1, 2, 3, 7, 14)))
    used = ((f"Encounter/{row.encounter}", "1"), (f"Procedure/{row.encounter}", "1"))
    return Entry(row, used, audit=f"{row.outcome} ({row.payer or '-'}); claim created", at=at)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


# --- files and answers ------------------------------------------------------------------------------------------------


def _send(store: SqlStore | MemoryStore, host: str, rows: list[VisitRow], chance: random.Random) -> None:
    ledger = store.ledger()
    standings = [one for one, share in STANDINGS for _ in range(share)]
    wanted = [(row, standing) for row in rows if (standing := chance.choice(standings)) is not None]
    for some in _chunks(wanted):
        number = ledger.next_batch()
        sent = [_submission(host, row, number) for row, _ in some]
        total = sum((one.total for one in sent), Decimal(0))
        batch = Batch(
            number, host, "house", f"{number}.837", f"{number:064x}", len(sent), total, _noon(TODAY), body=b"-"
        )
        if taken := ledger.commit_batch(batch, sent):
            raise AssertionError(taken)
        ledger.written(number)
        ledger.apply(Applied(f"{number:064x}", "835", f"{number}.835"), _answers(some))


def _submission(host: str, row: VisitRow, batch: int) -> Submission:
    day, total = row.date or TODAY, Decimal(row.amount or 0)
    return Submission(
        key=row.claim_key, host=host, encounter=row.encounter, patient=row.patient or "", payer=row.payer or "",
        claim=row.claim or "", digest=row.digest, rank="P", frequency="1", date=day, total=total,
        lines=(SentLine(f"L{row.encounter}", "97124", (), Decimal(4), total, day, "1234567893"),), batch=batch,
        transaction="0001", since=_noon(day),
    )  # fmt: skip


def _answers(some: list[tuple[VisitRow, ClaimStanding]]) -> Iterator[AppliedPart]:
    told = [
        Said(row.claim_key, _noon(row.date or TODAY) + timedelta(days=9), standing, "835", "was said")
        for row, standing in some
        if standing is not ClaimStanding.EXPORTED
    ]
    yield AppliedPart(tuple(told))


def main(url: str, claims: int = 100_000, holds: int = 1_000) -> None:
    """Fill a store and say how long it took."""
    begun = time.perf_counter()
    with open_store(url) as store:
        fill_store(store, claims, holds)
    print(f"{claims} claims and {holds} holds in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
