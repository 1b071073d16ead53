"""The main job on a folder of files: once each, whatever ends a run, and no torn line in what is handed on."""

from __future__ import annotations

import random
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from journeys.clinic import (
    KINDS,
    Clinic,
    Folder,
    Json,
    assert_valid,
    by_key,
    check,
    explained,
    key,
    keys_of,
    live,
    made,
    open_tasks,
    outcomes,
    read_lines,
    unwritten,
)
from journeys.forked import Forker
from servers.validator import Validator

VISITS = 250
KILLS = 20
SEED = 20261123


class World:
    """A synthetic clinic in a folder, and what ``explain`` says of it."""

    def __init__(self, folder: Path, forker: Forker) -> None:
        self.files = folder / "files"
        self.resources = made(self.files, VISITS)
        shutil.move(self.files / "clinic", folder / "clinic")
        self.host = Folder(self.files)
        self.clinic = Clinic(folder, self.files, forker)
        self.items = explained(self.clinic, self.files)
        self.claims = outcomes(self.items, "claim")
        waiting = {each for each, item in self.items.items() if held_by(item) == {"visit-finished"}}
        self.holds = outcomes(self.items, "hold") - waiting

    def check(self) -> None:
        """Everything is there once."""
        check(self.host.written(), claims=self.claims, holds=self.holds)

    def lines(self) -> dict[str, list[Json]]:
        """Every line of the out folder, whole."""
        files = {kind: self.host.out / f"{kind}.ndjson" for kind in KINDS}
        return {kind: read_lines(file) if file.exists() else [] for kind, file in files.items()}

    def once(self) -> None:
        """Each key stands on one line."""
        lines = self.lines()
        assert [each for kind in KINDS for each, found in by_key(lines[kind]).items() if len(found) > 1] == []


def held_by(item: Json) -> set[str]:
    """Rules that hold a visit."""
    return {finding["rule"] for finding in item["findings"] if finding["effect"] == "hold"}


@pytest.fixture
def world(tmp_path: Path, forker: Forker) -> World:
    return World(tmp_path, forker)


def test_run_again_and_with_a_lost_store(world: World, validator: Validator, tmp_path: Path) -> None:
    assert world.clinic.run()["claims_created"] == len(world.claims)
    world.check()
    lines = world.lines()
    assert unwritten(world.clinic.run())
    shutil.rmtree(tmp_path / "state")
    report = world.clinic.run()
    assert (report["visits"], unwritten(report)) == (VISITS, True)
    assert world.lines() == lines
    world.once()
    few = {kind: found[:40] for kind, found in world.host.written().items()}
    assert_valid(few, validator, tmp_path)


@pytest.mark.parametrize("stores", [("one", "one"), ("one", "other")], ids=["same store", "two stores"])
def test_two_processes_at_once(world: World, stores: tuple[str, str]) -> None:
    processes = [world.clinic.start("run", "--json", state=state) for state in stores]
    ran = [world.clinic.ended(process) for process in processes]
    assert [one.code for one in ran] == [0, 0], [one.errors for one in ran]
    world.check()
    world.once()


def test_killed_at_random_moments(world: World, forker: Forker) -> None:
    """Two in five times the store is lost as well; what was written before stays and is found again."""
    draw = random.Random(SEED)
    arguments = world.clinic.arguments("run", "--json")
    at = datetime.now()
    forker.run(arguments)
    usual = (datetime.now() - at).total_seconds()
    print(f"seed {SEED}: {KILLS} kills between 0 and {usual:.2f} s")
    shutil.rmtree(world.host.out)
    killed = 0
    while killed < KILLS:
        if draw.random() < 0.4:
            shutil.rmtree(world.clinic.folder / "state", ignore_errors=True)
        if draw.random() < 0.2:
            shutil.rmtree(world.host.out, ignore_errors=True)
            shutil.rmtree(world.clinic.folder / "state", ignore_errors=True)
        killed += forker.killed_after(arguments, draw.uniform(0, usual))
    shutil.rmtree(world.clinic.folder / "state", ignore_errors=True)
    forker.run(arguments)
    world.check()
    world.once()


def test_a_line_corrected_in_the_folder_bills_the_visit(world: World) -> None:
    world.clinic.run()
    (poor, *_) = (one for one in world.resources if one["resourceType"] == "Coverage" and "subscriberId" not in one)
    patient = poor["beneficiary"]["reference"]
    held = {
        one["id"]
        for one in world.resources
        if one["resourceType"] == "Encounter"
        and one["subject"]["reference"] == patient
        and held_by(world.items[one["id"]]) == {"member-id"}
    }
    assert held
    world.host.put({**poor, "subscriberId": "TM000000001"})
    report = world.clinic.run()
    assert (report["claims_created"], report["holds_closed"]) == (len(held), len(held))
    written = world.host.written()
    assert {key(each) for each in held} <= {each for claim in live(written["Claim"]) for each in keys_of(claim)}
    world.claims |= held
    world.holds -= held
    world.check()
    assert len(list(open_tasks(written["Task"]))) == len(world.holds)


def test_a_price_put_into_the_fee_schedule_bills_what_had_none(world: World) -> None:
    fees = world.clinic.folder / "clinic" / "fees.csv"
    whole = fees.read_text()
    fees.write_text("".join(line for line in whole.splitlines(keepends=True) if not line.startswith("97140")))
    world.clinic.run()
    before = len(world.host.written()["Claim"])
    assert before < len(world.claims)
    fees.write_text(whole)
    assert world.clinic.run()["claims_created"] == len(world.claims) - before
    world.check()


def test_what_a_kill_left_half_written_is_finished_though_the_store_is_lost_too(world: World) -> None:
    """As after a kill between two files, in the middle of a line."""
    world.clinic.run()
    for kind, kept in (("Claim", 30), ("Provenance", 20)):
        file = world.host.out / f"{kind}.ndjson"
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines[:kept]) + lines[kept][:50])
    shutil.rmtree(world.clinic.folder / "state")
    world.clinic.run()
    world.check()
    world.once()
