"""Health: can the host be reached, do payers answer, does anything wait, what ran last, which versions decide."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from typing import Final

from massage_billing import __version__
from massage_billing.coding.rulebook import Rulebook
from massage_billing.desk.eligibility import PayerAsked, payers_asked
from massage_billing.errors import MassageBillingError
from massage_billing.ports import Asking, Store
from massage_billing.ports.desk import ClaimFilter, Desk
from massage_billing.ports.jobs import Job, Jobs, JobState, PieceState
from massage_billing.ports.ledger import Ledger
from massage_billing.program import Program
from massage_billing.releases.model import Release

RUNS: Final = 12
"""Jobs that are shown."""
ASKED: Final = timedelta(days=2)
"""How far back questions to payers are looked at."""
RESPONSES: Final = 500
"""Answers that wait for the host are counted up to here."""
LATE: Final = timedelta(hours=26)
"""After this long without a complete run somebody should look: a nightly run was missed."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the host answers."""

    software: str
    """Name and version of the server."""
    claims: bool
    """It takes Claims."""
    notes: tuple[str, ...]
    """What it cannot do, and what that costs."""
    clock: timedelta
    """Its clock less ours."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits."""

    name: str
    """What it is."""
    waiting: int
    """How many."""
    told: str
    """What that means."""
    tone: str
    """"ready", "act", "unknown"."""
    path: str = ""
    """Where it is looked at."""
    more: bool = False
    """There are more than were counted."""


@dataclass(frozen=True, slots=True)
class ReleaseAge:
    """An imported release and how old it is."""

    id: str
    """"ncci-ptp-2026-07-01"."""
    version: str
    """What its publisher calls it."""
    start: Date
    """First date of service."""
    through: Date
    """Known to be current until."""
    imported: Date | None
    """When it was loaded."""
    late: bool
    """A newer one should be loaded: today is behind ``through``."""


@dataclass(frozen=True, slots=True)
class Versions:
    """What decides."""

    program: str
    """Version of this program."""
    rulebook: str
    """Release of the rule files."""
    digest: str
    """Of everything that decides."""
    store: str
    """Migration at which the store stands; "" where that is not told."""
    releases: tuple[ReleaseAge, ...]
    """Imported code tables."""
    told: tuple[str, ...]
    """Why files of the clinic's are not in use."""


@dataclass(frozen=True, slots=True)
class Health:
    """The whole page, but the host itself, which is asked behind it."""

    host: str
    """Configured host id."""
    cursor: datetime | None
    """Up to when the host's changes were read, where it is told by time."""
    late: bool
    """That is longer ago than a day."""
    ever: bool
    """A complete run has ended."""
    running: tuple[Job, ...]
    """What is done now."""
    jobs: tuple[Job, ...]
    """The newest jobs, the newest first."""
    pieces: Mapping[PieceState, int]
    """Pieces of the run that is under way."""
    payers: tuple[PayerAsked, ...]
    """Questions of the last days by payer."""
    queues: tuple[Queue, ...]
    """What waits."""
    versions: Versions
    """What decides."""

    @property
    def troubled(self) -> tuple[Job, ...]:
        """Jobs that failed, or that say what went wrong."""
        return tuple(one for one in self.jobs if one.problems or one.state in (JobState.FAILED, JobState.ABANDONED))


def reach(program: Program) -> Reach:
    """Ask the host what it is. Raises HostError."""
    found = program.setup.host.capabilities()
    clock = program.setup.host.now() - datetime.now(UTC)
    return Reach(found.software, found.takes_claims(), found.notes, clock)


def health(of: Waits, jobs: Jobs, decides: Versions, now: datetime) -> Health:
    """What is known without asking the host. ``now`` is UTC. Raises StoreError."""
    host = of.host
    written = of.store.cursor(host)
    cursor = when(written)
    running = tuple(one for one in jobs.running() if one.host == host)
    rows = list(of.asking.rows(host, (now - ASKED).date()))
    return Health(
        host=host, cursor=cursor, ever=written is not None,
        late=cursor is not None and now - cursor > LATE, running=running, jobs=tuple(jobs.recent(host, RUNS)),
        pieces=jobs.pieces(running[0].id) if running else {}, payers=payers_asked(rows),
        queues=tuple(queues(of, now)), versions=decides,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waits:
    """What is looked at for what waits."""

    host: str
    """Configured host id."""
    store: Store
    """Visits, and what is to be written."""
    desk: Desk
    """Drafts."""
    ledger: Ledger
    """Files, and answers for the host."""
    asking: Asking
    """Answers of payers for the host."""


def queues(of: Waits, now: datetime) -> list[Queue]:
    """What waits, and what that means."""
    host = of.host
    outbox, answers = of.store.waiting(host), of.asking.count_unwritten(host)
    responses, files = of.ledger.responses(host, RESPONSES), of.ledger.batches(host, unwritten=True)
    due = len(of.store.due(host, now))
    drafts = sum(one.claims for one in of.desk.claim_sums(host, ClaimFilter(draft=True)))
    return [
        _queue("Outbox", outbox, "Claims and Tasks that the host has not taken; every run tries again."),
        _queue("Visits due", due, "To be looked at by the next run."),
        _queue("Drafts", drafts, "Claims that somebody has to let go.", "/claims?standing=draft"),
        _queue("Payers' answers", answers, "Answers about coverage that are not on the host yet."),
        _queue("Answers to claims", len(responses), "ClaimResponses that the host is to be given.",
               more=len(responses) == RESPONSES),
        _queue("Files", len(files), "Files that may be missing in their folder; the next export writes them."),
    ]  # fmt: skip


def _queue(name: str, waiting: int, told: str, path: str = "", *, more: bool = False) -> Queue:
    quiet = name == "Visits due"
    return Queue(name, waiting, told, "ready" if not waiting else "unknown" if quiet else "act", path, more)


def versions(
    book: Rulebook | MassageBillingError, releases: Sequence[Release], told: Sequence[str], today: Date, store: str = ""
) -> Versions:
    """What decides now; a rulebook that cannot be loaded is told among what is refused."""
    ages = tuple(
        ReleaseAge(one.id, one.version, one.start, one.through, one.imported, one.through < today) for one in releases
    )
    if isinstance(book, MassageBillingError):
        return Versions(__version__, "", "", store, ages, (*told, f"{book.what} {book.fix}".strip()))
    return Versions(__version__, book.version, book.digest, store, ages, tuple(told))


def when(cursor: str | None) -> datetime | None:
    """The time a cursor stands for; None where the host does not count by time."""
    if cursor is None:
        return None
    text = cursor
    if cursor.startswith("{"):
        try:
            text = str(json.loads(cursor).get("at"))
        except (ValueError, AttributeError):
            return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
