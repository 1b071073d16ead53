"""SIGKILL at random moments of runs against HAPI: nothing is written twice, nothing is lost, the cursor tells no lies.

Between the kills the clinic works on: visits are added and finished, minutes are corrected, missing or taken away, so
that runs create, update and cancel Claims and open and settle Tasks. Half of the kills come after a random time, half
just before or just after a random request, where what the server did and what the store knows differ the most.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import builders
from builders import Json, ref
from journeys.clinic import HOST, Clinic, Server, assert_valid, by_key, check, doubled, key, live, open_tasks, unwritten
from journeys.forked import Forker
from journeys.proxy import proxy_to
from journeys.trap import Trap
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.store import open_store
from servers.validator import Validator

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("MB_TEST_KILL_SEED", "20261123"))  # another seed, other moments
TIMED_KILLS = 30
PLACED_KILLS = 24
PATIENTS = 12
FIRST_DAY = date(2026, 6, 1)
MINUTES = (15, 30, 45, 60)
PAYERS = """\
payers:
  - {key: plan, kind: health, policy: commercial-midpoint, match: {references: [Organization/o2]}}
"""
FEES = "code,modifier,payer,from,amount\n97124,,,2026-01-01,35.50\n"


class Practice:
    """A practice that goes on working; ``minutes`` says of each visit what has to become of it.

    Minutes: a claim of so many; None: held, for the record does not say; 0: entered in error, nothing to bill.
    """

    def __init__(self, server: Server, draw: random.Random) -> None:
        self.server, self.draw = server, draw
        self.minutes: dict[str, int | None] = {}
        self.changed: dict[str, datetime] = {}
        people = [{"resourceType": "Patient", "id": f"p{n}"} for n in range(PATIENTS)]
        shared = [builders.practitioner(), builders.location(), builders.organization(), builders.payer()]
        own = [
            make(f"{letter}{n}", **{who: ref(f"Patient/p{n}")})
            for n in range(PATIENTS)
            for letter, make, who in (("c", builders.coverage, "beneficiary"), ("d", builders.condition, "subject"))
        ]
        server.put(*people, *shared, *own)

    def work(self, new: int, corrected: int) -> None:
        """Add visits and correct others."""
        some = self.draw.sample(sorted(self.minutes), min(corrected, len(self.minutes)))
        fresh = [f"v{len(self.minutes) + n}" for n in range(new)]
        for encounter in (*some, *fresh):
            self.minutes[encounter] = self.draw.choice((*MINUTES, *MINUTES, None, 0 if encounter in some else 15))
        stamp = self.server.put(*(one for each in (*some, *fresh) for one in self._visit(each)))
        self.changed.update(dict.fromkeys((*some, *fresh), datetime.fromisoformat(stamp)))

    def _visit(self, encounter: str) -> Iterator[Json]:
        number = int(encounter[1:])
        minutes = self.minutes[encounter]
        day = (FIRST_DAY + timedelta(days=number // PATIENTS)).isoformat()
        patient = ref(f"Patient/p{number % PATIENTS}")
        yield builders.encounter(
            encounter,
            meta=...,
            status="entered-in-error" if minutes == 0 else "finished",
            subject=patient,
            period=builders.period(f"{day}T10:00:00-06:00", f"{day}T11:30:00-06:00"),
            diagnosis=[{"condition": ref(f"Condition/d{number % PATIENTS}"), "rank": 1}],
        )
        yield builders.procedure(
            f"s{number}",
            "97124",
            minutes or None,
            meta=...,
            subject=patient,
            encounter=ref(f"Encounter/{encounter}"),
            performedDateTime=f"{day}T10:00:00-06:00",
        )

    def wrong(self, encounter: str, written: dict[str, list[Json]]) -> str:
        """What is amiss with what stands on the server for a visit; "" where it is as the record says."""
        minutes = self.minutes[encounter]
        claims = list(live(by_key(written["Claim"]).get(key(encounter), [])))
        tasks = list(open_tasks(by_key(written["Task"]).get(key(encounter), [])))
        if (len(claims), len(tasks)) != (int(bool(minutes)), int(minutes is None)):
            return f"{encounter} of {minutes} min: {len(claims)} claims, {len(tasks)} tasks"
        units = [claim["item"][0]["quantity"]["value"] for claim in claims]
        if claims and units != [(minutes or 0) // 15]:
            return f"{encounter} of {minutes} min: {units} units"
        return ""


class Killing:
    """A practice on a server, the runs that are killed, and what has to hold after each."""

    def __init__(self, folder: Path, url: str, forker: Forker) -> None:
        self.draw = random.Random(SEED)
        self.server = Server(url)
        self.practice = Practice(self.server, self.draw)
        self.clinic = Clinic(folder, url)
        self.forker = forker
        self.folder = folder
        (folder / "clinic").mkdir()
        (folder / "clinic" / "payers.yaml").write_text(PAYERS)
        (folder / "clinic" / "fees.csv").write_text(FEES)

    def arguments(self, where: str | None = None) -> list[str]:
        return self.clinic.arguments("run", "--json", where=where)

    def hold_true(self) -> None:
        """No visit has two of anything; what changed before the stored cursor is written, or waits in the outbox."""
        written = self.server.written()
        assert doubled(written) == []
        if not (self.folder / "state" / "store.sqlite").exists():
            return
        with open_store(self.folder / "state") as store:
            cursor = store.cursor(HOST)
            pending = {row.group.encounter for row in store.pending(HOST, 100_000)}
        if cursor is None:
            return
        begun = datetime.fromisoformat(json.loads(cursor)["at"]) + timedelta(seconds=FhirSettings().overlap)
        early = [each for each, at in self.practice.changed.items() if at < begun and each not in pending]
        assert [wrong for each in early if (wrong := self.practice.wrong(each, written))] == []

    def complete(self) -> None:
        """After a run to the end everything stands there once; a second one has nothing to do."""
        report = self.forker.run(self.arguments())
        assert report["pending_writes"] == 0, report["problems"]
        minutes, written = self.practice.minutes, self.server.written()
        assert [wrong for each in minutes if (wrong := self.practice.wrong(each, written))] == []
        check(
            written,
            claims={each for each, value in minutes.items() if value},
            holds={each for each, value in minutes.items() if value is None},
        )
        assert unwritten(self.forker.run(self.arguments()))


@pytest.fixture
def killing(tmp_path: Path, hapi: str, forker: Forker) -> Killing:
    return Killing(tmp_path, hapi, forker)


def test_killed_after_a_random_time(killing: Killing) -> None:
    killing.practice.work(new=12, corrected=0)
    killing.forker.run(killing.arguments())
    killing.practice.work(new=3, corrected=4)
    at = datetime.now()
    killing.forker.run(killing.arguments())
    usual = (datetime.now() - at).total_seconds()
    print(f"seed {SEED}: {TIMED_KILLS} kills between 0 and {usual:.2f} s")
    killed = 0
    while killed < TIMED_KILLS:
        killing.practice.work(new=3, corrected=4)
        killed += killing.forker.killed_after(killing.arguments(), killing.draw.uniform(0, usual))
        killing.hold_true()
    killing.complete()


def test_killed_around_a_random_request(killing: Killing, validator: Validator, tmp_path: Path) -> None:
    print(f"seed {SEED}: {PLACED_KILLS} kills around a random request")
    killed = 0
    while killed < PLACED_KILLS:
        killing.practice.work(new=3, corrected=4)
        trap = Trap(killing.forker, killing.draw)
        with proxy_to(killing.server.url) as proxy:
            setattr(proxy, trap.hook, trap)
            killed += trap.spring(killing.arguments(proxy.url))
        killing.hold_true()
    killing.complete()
    assert_valid(killing.server.written(), validator, tmp_path)
