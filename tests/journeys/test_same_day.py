"""Two visits of one patient and day on a real HAPI: one claim, also when runs are killed while visits come and go."""

from __future__ import annotations

import os
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

import builders
from builders import ref
from journeys.clinic import Clinic, Server, assert_valid, key, keys_of, live, open_tasks, unwritten
from journeys.forked import Forker
from journeys.proxy import proxy_to
from journeys.trap import Trap
from massage_billing.fhir.claim_state import encounters_named
from servers.validator import Validator

SEED = int(os.environ.get("MB_TEST_KILL_SEED", "20261123"))
KILLS = 10
PATIENTS = 4
DAY = date(2026, 6, 1)
PAYERS = """\
payers:
  - {key: plan, kind: health, policy: commercial-midpoint, match: {references: [Organization/o2]}}
"""
FEES = "code,modifier,payer,from,amount\n97124,,,2026-01-01,35.50\n97110,,,2026-01-01,35.50\n"
HOURS = {"a": 8, "b": 11, "c": 15}
"""Visits of a patient's day, by the letter of their Encounter, and when they are."""


class Practice:
    """Patients with up to three visits a day; each visit bills 97124, b bills 97110, of half an hour."""

    def __init__(self, folder: Path, url: str) -> None:
        self.server, self.clinic = Server(url), Clinic(folder, url)
        (folder / "clinic").mkdir()
        (folder / "clinic" / "payers.yaml").write_text(PAYERS)
        (folder / "clinic" / "fees.csv").write_text(FEES)
        self.days: dict[str, date | None] = {}
        """Date of each visit that was there, by Encounter id; None: cancelled."""
        shared = [builders.practitioner(), builders.location(), builders.organization(), builders.payer()]
        own = [
            make(f"{letter}{n}", **{who: ref(f"Patient/p{n}")})
            for n in range(PATIENTS)
            for letter, make, who in (("c", builders.coverage, "beneficiary"), ("d", builders.condition, "subject"))
        ]
        self.server.put(*({"resourceType": "Patient", "id": f"p{n}"} for n in range(PATIENTS)), *shared, *own)

    def visit(self, encounter: str, day: date | None) -> None:
        """Add a visit, or move it to a date; None cancels it."""
        letter, number = encounter[0], encounter[1:]
        at, patient = (day or DAY).isoformat(), ref(f"Patient/p{number}")
        start, end = (f"{at}T{HOURS[letter] + n:02}:00:00-06:00" for n in (0, 1))
        self.server.put(
            builders.encounter(
                f"{letter}v{number}",
                meta=...,
                status="finished" if day else "cancelled",
                subject=patient,
                period=builders.period(start, end),
                diagnosis=[{"condition": ref(f"Condition/d{number}"), "rank": 1}],
            ),
            builders.procedure(
                f"{letter}s{number}",
                "97110" if letter == "b" else "97124",
                30,
                meta=...,
                subject=patient,
                encounter=ref(f"Encounter/{letter}v{number}"),
                performedDateTime=start,
            ),
        )
        self.days[encounter] = day

    def arguments(self, where: str | None = None) -> list[str]:
        return self.clinic.arguments("run", "--json", where=where)

    def claims(self) -> list[tuple[str, dict[str, int]]]:
        """Encounters and units by code of each live claim, in order."""
        found = []
        for claim in live(self.server.all("Claim")):
            units = {item["productOrService"]["coding"][0]["code"]: item["quantity"]["value"] for item in claim["item"]}
            found.append((" ".join(sorted(encounters_named(claim))), units))
        return sorted(found, key=lambda one: one[0])

    def wanted(self) -> list[tuple[str, dict[str, int]]]:
        """What ``claims`` has to be: one a patient and day."""
        days: dict[tuple[str, date], list[str]] = {}
        for encounter, day in self.days.items():
            if day is not None:
                days.setdefault((encounter[1:], day), []).append(encounter)
        found = []
        for visits in days.values():
            units: dict[str, int] = {}
            for encounter in visits:
                code = "97110" if encounter[0] == "b" else "97124"
                units[code] = units.get(code, 0) + 2
            found.append((" ".join(sorted(f"{one[0]}v{one[1:]}" for one in visits)), units))
        return sorted(found, key=lambda one: one[0])

    def once(self) -> None:
        """No visit is on two live claims."""
        named = [one for encounters, _ in self.claims() for one in encounters.split()]
        assert len(named) == len(set(named)), self.claims()


@pytest.fixture
def practice(tmp_path: Path, hapi: str) -> Practice:
    return Practice(tmp_path, hapi)


def test_two_visits_of_a_day_are_one_valid_claim(
    practice: Practice, forker: Forker, validator: Validator, tmp_path: Path
) -> None:
    practice.visit("b0", DAY)
    assert forker.run(practice.arguments())["claims_created"] == 1
    practice.visit("a0", DAY)
    report = forker.run(practice.arguments())
    assert (report["claims_created"], report["claims_cancelled"], report["holds"]) == (1, 1, 0)
    assert practice.claims() == practice.wanted() == [("av0 bv0", {"97110": 2, "97124": 2})]
    (claim,) = live(practice.server.all("Claim"))
    assert key("av0") in keys_of(claim)
    assert_valid(practice.server.written(), validator, tmp_path)
    assert unwritten(forker.run(practice.arguments()))
    practice.visit("a0", DAY + timedelta(days=1))
    forker.run(practice.arguments())
    assert practice.claims() == practice.wanted()
    assert list(open_tasks(practice.server.all("Task"))) == []


@pytest.mark.slow
def test_killed_while_visits_come_and_go(practice: Practice, forker: Forker) -> None:
    draw = random.Random(SEED)
    print(f"seed {SEED}: {KILLS} kills around a random request")
    for n in range(PATIENTS):
        practice.visit(f"b{n}", DAY)
    forker.run(practice.arguments())
    killed = 0
    while killed < KILLS:
        for n in draw.sample(range(PATIENTS), 2):
            practice.visit(f"{draw.choice('abc')}{n}", draw.choice([DAY, DAY, DAY + timedelta(days=1), None]))
        trap = Trap(forker, draw)
        with proxy_to(practice.server.url) as proxy:
            setattr(proxy, trap.hook, trap)
            killed += trap.spring(practice.arguments(proxy.url))
        practice.once()
    forker.run(practice.arguments())
    practice.once()
    assert practice.claims() == practice.wanted()
    assert list(open_tasks(practice.server.all("Task"))) == []
    assert unwritten(forker.run(practice.arguments()))
