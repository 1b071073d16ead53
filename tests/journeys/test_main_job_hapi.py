"""The main job on a real HAPI FHIR server, run as people run it; what stands there afterwards is read by plain HTTP."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from journeys.clinic import (
    PRIVATE,
    Clinic,
    Json,
    Server,
    assert_valid,
    check,
    explained,
    key,
    keys_of,
    live,
    made,
    open_tasks,
    outcomes,
    unwritten,
    versions,
)
from journeys.forked import Forker
from journeys.proxy import Request, proxy_to
from massage_billing.clinic_maker.cast import npi as npi_of
from servers.validator import Validator

VISITS = 64


class World:
    """A clinic on a server, and what ``explain`` says of the same files."""

    def __init__(self, folder: Path, url: str, forker: Forker | None, visits: int = VISITS) -> None:
        self.files = folder
        self.server = Server(url)
        self.clinic = Clinic(folder, url, forker)
        self.resources = made(folder, visits)
        self.server.put(*self.resources)

    def items(self) -> dict[str, Json]:
        """What ``explain`` says, by Encounter id."""
        return explained(self.clinic, self.files)

    def one(self, kind: str, logical_id: str) -> Json:
        """A resource as it was made."""
        return next(each for each in self.resources if (each["resourceType"], each["id"]) == (kind, logical_id))


@pytest.fixture
def world(tmp_path: Path, hapi: str, forker: Forker) -> World:
    return World(tmp_path, hapi, forker)


def held_by(items: dict[str, Json], rule: str) -> set[str]:
    """Visits that this rule alone holds."""
    return {
        encounter
        for encounter, item in items.items()
        if {finding["rule"] for finding in item["findings"] if finding["effect"] == "hold"} == {rule}
    }


def expected(items: dict[str, Json]) -> tuple[set[str], set[str]]:
    """Visits that are claims and that are held by ``run``: it waits for those in progress."""
    holds = outcomes(items, "hold")
    waiting = held_by(items, "visit-finished")
    assert waiting <= holds
    return outcomes(items, "claim"), holds - waiting


def test_each_billable_visit_has_one_claim_and_each_hold_one_task(tmp_path: Path, hapi: str) -> None:
    world = World(tmp_path, hapi, None)
    items = world.items()
    claims, holds = expected(items)
    assert (len(claims), len(holds)) >= (40, 10)
    report = world.clinic.run()
    written = world.server.written()
    check(written, claims=claims, holds=holds)
    assert (report["visits"], report["claims"], report["holds"]) == (len(items), len(claims), len(holds))
    charged = {encounter: sum(Decimal(line["charge"]) for line in items[encounter]["lines"]) for encounter in claims}
    totals = {each: Decimal(str(claim["total"]["value"])) for claim in written["Claim"] for each in keys_of(claim)}
    assert totals == {key(encounter): charge for encounter, charge in charged.items()}
    assert Decimal(report["dollars"]) == sum(charged.values())


def test_a_second_run_writes_nothing(world: World) -> None:
    world.clinic.run()
    before = versions(world.server.written())
    with proxy_to(world.server.url) as proxy:
        report = world.clinic.run(where=proxy.url)
    assert unwritten(report)
    assert [request for request in proxy.seen if request.writes] == []
    assert all(request.fresh for request in proxy.seen), "HAPI repeats searches for a minute"
    assert versions(world.server.written()) == before


def test_a_run_with_nothing_new_asks_as_often_whatever_the_history(tmp_path: Path, hapi: str, forker: Forker) -> None:
    asked = {}
    for visits in (20, 80):
        world = World(tmp_path / str(visits), hapi, forker, visits)
        with proxy_to(hapi) as proxy:
            world.clinic.run(where=proxy.url)
            proxy.seen.clear()
            world.clinic.run(where=proxy.url)
        asked[visits] = sorted(request.path.partition("?")[0] for request in proxy.seen)
    assert asked[20] == asked[80]
    assert len(asked[20]) < 40


def test_a_lost_store_doubles_nothing(world: World) -> None:
    world.clinic.run()
    before = versions(world.server.written())
    shutil.rmtree(world.files / "state")
    report = world.clinic.run()
    assert unwritten(report)
    assert report["visits"] == VISITS
    assert versions(world.server.written()) == before
    assert unwritten(world.clinic.run())


@pytest.mark.parametrize("stores", [("one", "one"), ("one", "other")], ids=["same store", "two stores"])
def test_two_processes_at_once_write_each_thing_once(world: World, stores: tuple[str, str]) -> None:
    claims, holds = expected(world.items())
    processes = [world.clinic.start("run", "--json", state=state) for state in stores]
    ran = [world.clinic.ended(process) for process in processes]
    assert [one.code for one in ran] == [0, 0], [one.errors for one in ran]
    check(world.server.written(), claims=claims, holds=holds)
    before = versions(world.server.written())
    for state in stores:
        assert unwritten(world.clinic.run(state))
    assert versions(world.server.written()) == before


def test_two_machines_with_one_database_write_each_thing_once(
    tmp_path: Path, hapi: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lock of the machine keeps them apart: each may meet what the other has under way (exit code 5)."""
    monkeypatch.setenv("MB_JOURNEY_DATABASE", f"sqlite:///{tmp_path}/database.sqlite")
    world = World(tmp_path, hapi, None)
    world.clinic.database = True
    claims, holds = expected(world.items())
    processes = [world.clinic.start("run", "--json", state=machine) for machine in ("one", "other")]
    ran = [world.clinic.ended(process) for process in processes]
    assert {one.code for one in ran} <= {0, 5}, [one.errors for one in ran]
    check(world.server.written(), claims=claims, holds=holds)
    before = versions(world.server.written())
    assert unwritten(world.clinic.run("one"))
    assert versions(world.server.written()) == before


def test_an_answer_lost_on_the_way_is_asked_for_again_and_not_told_on_standard_output(world: World, hapi: str) -> None:
    claims, holds = expected(world.items())
    lost: list[Request] = []

    def lose(request: Request) -> None:
        if request.writes and not lost:
            lost.append(request)
            raise ConnectionError

    with proxy_to(hapi) as proxy:
        proxy.after = lose
        world.clinic.run(where=proxy.url)
    assert lost
    check(world.server.written(), claims=claims, holds=holds)


def fixed(world: World, encounters: set[str]) -> Json:
    """The next run bills these visits and closes their Tasks, and their Encounters were not touched."""
    assert encounters
    untouched = {each: world.server.get(f"Encounter/{each}")["meta"]["versionId"] for each in encounters}
    wanted = {key(each) for each in encounters}
    before = world.server.written()
    assert wanted.isdisjoint(each for claim in before["Claim"] for each in keys_of(claim))
    report = world.clinic.run()
    after = world.server.written()
    assert wanted <= {each for claim in live(after["Claim"]) for each in keys_of(claim)}
    assert wanted.isdisjoint(each for task in open_tasks(after["Task"]) for each in keys_of(task))
    assert {each: world.server.get(f"Encounter/{each}")["meta"]["versionId"] for each in encounters} == untouched
    return report


def test_fixing_what_holds_a_visit_bills_it_on_the_next_run(world: World, validator: Validator, tmp_path: Path) -> None:
    """Each fix is made where a person makes it: on the Coverage, a Condition, the Practitioner, in the files."""
    items = world.items()
    world.clinic.run()

    members = held_by(items, "member-id")
    poor = [one for one in world.resources if one["resourceType"] == "Coverage" and "subscriberId" not in one]
    world.server.put(*({**one, "subscriberId": "TM000000001"} for one in poor))
    assert fixed(world, members)["claims_created"] == len(members)

    undiagnosed = held_by(items, "diagnosis-present")
    example = next(one for one in world.resources if one["resourceType"] == "Condition")
    late = []
    for each in undiagnosed:
        subject = world.one("Encounter", each)["subject"]
        late.append(
            {**example, "id": f"late-{each}", "subject": subject, "encounter": {"reference": f"Encounter/{each}"}}
        )
    world.server.put(*late)
    assert fixed(world, undiagnosed)["claims_created"] == len(undiagnosed)

    unnumbered = held_by(items, "therapist-npi")
    therapist = world.one("Practitioner", "practitioner-6")
    npi = {**world.one("Practitioner", "practitioner-1")["identifier"][1], "value": npi_of(99)}
    world.server.put({**therapist, "identifier": [*therapist["identifier"], npi]})
    assert fixed(world, unnumbered)["claims_created"] == len(unnumbered)

    strangers = held_by(items, "payer-known")
    payers = world.files / "clinic" / "payers.yaml"
    payers.write_text(
        payers.read_text()
        + "  - {key: new, kind: health, policy: commercial-midpoint,"
        + " match: {references: [Organization/payer-unmapped]}}\n"
    )
    assert fixed(world, strangers)["claims_created"] == len(strangers)
    assert unwritten(world.clinic.run())
    assert_valid(world.server.written(), validator, tmp_path)


def test_a_price_put_into_the_fee_schedule_bills_what_had_none(world: World) -> None:
    fees = world.files / "clinic" / "fees.csv"
    whole = fees.read_text()
    fees.write_text("".join(line for line in whole.splitlines(keepends=True) if not line.startswith("97140")))
    items = world.items()
    unpriced = held_by(items, "charge")
    world.clinic.run()
    fees.write_text(whole)
    assert fixed(world, unpriced)["claims_created"] == len(unpriced)


def test_a_changed_record_changes_the_claim_where_it_stands(world: World) -> None:
    claims, _ = expected(world.items())
    world.clinic.run()
    before = world.server.written()
    service = next(
        one
        for one in world.resources
        if one["resourceType"] == "Procedure"
        and one["encounter"]["reference"].partition("/")[2] in claims
        and one["code"]["coding"][0]["code"] == "97124"
        and one.get("extension", [{}])[0].get("valueDuration", {}).get("value") == 60
    )
    encounter = service["encounter"]["reference"].partition("/")[2]
    ((extension,), period) = service["extension"], service["performedPeriod"]
    end = datetime.fromisoformat(period["start"]) + timedelta(minutes=45)
    shorter = {**extension, "valueDuration": {**extension["valueDuration"], "value": 45}}
    world.server.put({**service, "performedPeriod": {**period, "end": end.isoformat()}, "extension": [shorter]})
    assert world.clinic.run()["claims_updated"] == 1
    after = world.server.written()
    assert len(after["Claim"]) == len(before["Claim"])
    assert len(after["Provenance"]) == len(before["Provenance"])
    changed = {each for each, version in versions(after).items() if versions(before)[each] != version}
    mine = {
        f"{kind}/{one['id']}"
        for kind in ("Claim", "Provenance")
        for one in after[kind]
        if key(encounter) in keys_of(one)
    }
    assert changed == mine


def test_a_restricted_visit_is_named_in_no_claim_that_is_sent(world: World, hapi: str) -> None:
    wishes = [one for one in world.resources if one["resourceType"] == "Consent"]
    restricted = {data["reference"]["reference"] for one in wishes for data in one["provision"]["data"]}
    assert restricted
    with proxy_to(hapi) as proxy:
        world.clinic.run(where=proxy.url)
        world.clinic.run(where=proxy.url)
    assert not [request.path for request in proxy.seen if PRIVATE.search(request.path)]
    sent = [one for request in proxy.seen for one in request.resources() if one["resourceType"] == "Claim"]
    assert sent
    assert not any(name in json.dumps(claim) for claim in sent for name in (f'"{each}"' for each in restricted))
