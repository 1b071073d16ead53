"""A clinic in memory before its visits: a host, a store, payers, and a clock that tests move.

``World().run()`` is one process that sweeps once. What payers were asked stands in ``world.payer.asked``, what was
written in ``world.data``. Times are Denver's; the sweep's first day is Monday 2026-11-30.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import builders
from builders import Json, ref, resource
from massage_billing.hosts.memory import MemoryHost
from massage_billing.hosts.memory import MemoryStore as HostData
from massage_billing.model import (
    Appointment,
    Asker,
    Clinic,
    CoverageKind,
    Fee,
    Known,
    Payer,
    PayerAsking,
    Question,
    Reading,
    Verdict,
)
from massage_billing.payers.guarded import GuardedAsker
from massage_billing.payers.memory import MemoryPayer
from massage_billing.ports import PayerChannel, QuestionRow, Reply, Store
from massage_billing.rulebook.credential_files import load_credential_terms
from massage_billing.rulebook.eligibility_files import load_eligibility
from massage_billing.rulebook.files import load_rulebook
from massage_billing.run.task_step import OPEN_TASK
from massage_billing.store.memory import MemoryStore
from massage_billing.sweep.report import SweepReport
from massage_billing.sweep.setup import Effort, SweepSetup
from massage_billing.sweep.sweep import Sweep

T = TypeVar("T")

BOOK = load_rulebook()
TERMS = load_eligibility()
CREDENTIAL_TERMS = load_credential_terms()
HOST = "clinic"
TODAY = date(2026, 11, 30)
TOMORROW = date(2026, 12, 1)
CLINIC_NPI = builders.OTHER_NPI
FAMILY, GIVEN, BIRTH_DATE, MEMBER_ID = "Quillfeather", "Zebulon", "1961-02-03", "SYN7788991"
PRIVATE = (FAMILY, GIVEN, BIRTH_DATE, BIRTH_DATE.replace("-", ""), MEMBER_ID)
"""What must stand in no log, report, Task, error or questions table."""


class JumpTime:
    """A clock that jumps where nothing can happen by itself: all calls under way hang, or there is none.

    While calls are under way it goes no faster than the machine's."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.hanging = 0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.seconds

    def hang(self, until: threading.Event) -> None:
        """A call that hangs until an event."""
        with self._lock:
            self.hanging += 1
        until.wait(60)
        with self._lock:
            self.hanging -= 1

    def wait(self, ready: queue.SimpleQueue[T], seconds: float | None, calls: int) -> T | None:
        begun = time.monotonic()
        while True:
            try:
                return ready.get(timeout=0.002)
            except queue.Empty:
                if calls > self.hanging and (seconds is None or time.monotonic() < begun + seconds):
                    continue
                assert seconds is not None, "waits for ever"
                self.seconds += seconds
                return None


class Channel:
    """A channel that does as it is told, and remembers what it was asked."""

    def __init__(self, name: str, does: Callable[[Question], Reply]) -> None:
        self.name = name
        self.does = does
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Reply:
        self.asked.append(question)
        return self.does(question)

    def collect(self, waiting: Any) -> Any:
        raise AssertionError("nothing waits")

    def close(self) -> None:
        """Nothing is open."""


def plan(key: str = "plan", organization: str = "o2", channel: str = "main", **changes: Any) -> Payer:
    """An entry of payers.yaml, asked by ourselves."""
    told = {"ask": "ourselves", "channel": channel, "payer_id": f"ID-{key}", "name": f"Payer {key}"}
    asking = PayerAsking(**{**told, **changes.pop("asking", {})})
    given: dict[str, Any] = {"references": frozenset({f"Organization/{organization}"}), "line": 3, "asking": asking}
    return Payer(**{"key": key, "kind": CoverageKind.HEALTH, "policy": "commercial-midpoint", **given, **changes})


class World:
    """A host, a store, payers and a clock. One patient, p1 with coverage c1, has an appointment m1 tomorrow at ten."""

    def __init__(self, *, empty: bool = False, store: Store | None = None) -> None:
        self.now = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)  # nine o'clock in Denver
        self.data = HostData(clock=lambda: self.now)
        self.host = MemoryHost(HOST, store=self.data)
        self.store: Store = store or MemoryStore()
        self.asking = self.store.asking(clock=lambda: self.now)  # type: ignore[attr-defined]
        self.payer = MemoryPayer("main")
        self.channels: dict[str, PayerChannel] = {"main": self.payer}
        self.payers: tuple[Payer, ...] = (plan(),)
        self.asker: Asker | None = Asker("", CLINIC_NPI, "Stillwater Massage", tin="001234567")
        self.effort = Effort(tries=3, tries_a_day=5, patience=timedelta(minutes=5))
        self.clinic: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        self.time = JumpTime()
        self.processes = 0
        self.put(builders.practitioner(), builders.location(), builders.organization(), builders.payer())
        if not empty:
            self.insured("p1", "c1")
            self.seen("p1")
            self.book("m1")

    # --- what is on the host ----------------------------------------------------------------------------------------

    def put(self, *resources: Mapping[str, object]) -> None:
        for one in resources:
            self.data.put(one)

    def change(self, reference: str, **changes: Any) -> None:
        """Change a resource; ``...`` drops an element."""
        changed = {**self.get(reference), **changes}
        self.put({name: value for name, value in changed.items() if value is not ...})

    def get(self, reference: str) -> Json:
        found = self.data.get(reference)
        assert found is not None, reference
        return dict(found)

    def insured(self, patient: str = "p1", coverage: str = "c1", payer: str = "o2", member: str = MEMBER_ID,
                **changes: Any) -> None:  # fmt: skip
        """A patient with a coverage."""
        name = [{"use": "official", "family": FAMILY, "given": [GIVEN]}]
        whose, by = ref(f"Patient/{patient}"), [ref(f"Organization/{payer}")]
        self.put(
            resource("Patient", patient, {"name": name, "birthDate": BIRTH_DATE, "gender": "male"}, {}),
            builders.coverage(coverage, **{"beneficiary": whose, "payor": by, "subscriberId": member, **changes}),
        )

    def seen(self, patient: str, day: str = "2026-11-02", **changes: Any) -> None:
        """An earlier visit: the next is no first one."""
        period = builders.period(builders.at("10:00", day), builders.at("11:00", day))
        self.put(builders.encounter(f"e-{patient}-{day}", subject=ref(f"Patient/{patient}"), period=period, **changes))

    def book(self, id: str = "m1", patient: str = "p1", day: date = TOMORROW, clock: str = "10:00",
             **changes: Any) -> None:  # fmt: skip
        """An appointment, by default tomorrow at ten, of massage."""
        actors = (f"Patient/{patient}", "Practitioner/t1", "Location/l1")
        base = {
            "status": "booked",
            "start": builders.at(clock, day.isoformat()),
            "end": builders.at(f"{int(clock[:2]) + 1:02}{clock[2:]}", day.isoformat()),
            "serviceType": [builders.cpt("97124")],
            "participant": [{"actor": ref(one), "status": "accepted"} for one in actors],
        }
        self.put(resource("Appointment", id, base, changes))

    def all(self, kind: str) -> list[Json]:
        return [dict(one) for one in self.data.all(kind)]

    def open_tasks(self) -> list[Json]:
        return [one for one in self.all("Task") if one["status"] in OPEN_TASK]

    def without(self, *types: str) -> None:
        """From now on the host takes none of these types."""
        can = self.host.capabilities()
        self.host = MemoryHost(HOST, store=self.data, capabilities=replace(can, writable=can.writable - {*types}))

    # --- payers -----------------------------------------------------------------------------------------------------

    def payer_of(self, key: str, organization: str, channel: Any = None, **changes: Any) -> Any:
        """A further payer, on a channel of its own."""
        made = channel or MemoryPayer(key)
        self.channels[key] = made
        self.payers = (*self.payers, plan(key, organization, key, **changes))
        self.put(builders.payer(organization, identifier=[]))
        return made

    # --- sweeping ---------------------------------------------------------------------------------------------------

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def sweep(self, **changes: Any) -> Sweep:
        """A process of its own, with nothing remembered but what is stored."""
        self.processes += 1
        reading = Reading(host=HOST, zone=builders.ZONE, place_of_service="11")
        fees = tuple(Fee(code, Decimal("40.00"), date(2026, 1, 1)) for code in ("97124", "97140"))
        clinic = Clinic(**{"payers": self.payers, "payers_known": True, "fees": fees, "npi": CLINIC_NPI, **self.clinic})
        given: dict[str, Any] = {
            "host": self.host, "schedule": self.host, "store": self.store, "asking": self.asking, "book": BOOK,
            "terms": TERMS, "credential_terms": CREDENTIAL_TERMS, "clinic": clinic, "reading": reading,
            "asker": self.asker, "channels": self.channels, "owner": f"process-{self.processes}",
            "effort": self.effort, "max_age": timedelta(days=30), "now": lambda: self.now,
        }  # fmt: skip
        setup = SweepSetup(**{**given, **self.settings, **changes})
        return Sweep(setup, GuardedAsker(setup.effort.at_once, time=self.time, jitter=lambda: 0.5))

    def run(self, first: date | None = None, days: int | None = None, **changes: Any) -> SweepReport:
        dry_run = changes.pop("dry_run", False)
        return self.sweep(**changes).run(first, days, dry_run=dry_run)

    def huddle(self, day: date = TOMORROW) -> dict[str, Verdict]:
        return {one.id: verdict for one, verdict in self.huddled(day)}

    def huddled(self, day: date = TOMORROW) -> list[tuple[Appointment, Verdict]]:
        return self.sweep().huddle(day)

    def verdict(self, appointment: str = "m1", day: date = TOMORROW) -> Verdict:
        return self.huddle(day)[appointment]

    def reasons(self, appointment: str = "m1", day: date = TOMORROW) -> list[str]:
        """What has to be settled."""
        return [one.id for one in self.verdict(appointment, day).reasons if one.readiness != "ready"]

    # --- what is remembered -----------------------------------------------------------------------------------------

    def rows(self) -> list[QuestionRow]:
        return list(self.asking.rows(HOST, date(2000, 1, 1)))

    def row(self) -> QuestionRow:
        (one,) = self.rows()
        return one

    def answers(self, coverage: str = "Coverage/c1") -> list[Known]:
        return list(self.asking.answers(HOST, [coverage]).get(coverage, []))

    def asked(self) -> list[str]:
        """Coverages that the main payer was asked about, in order."""
        return [one.coverage for one in self.payer.asked]
