"""A small clinic with coming appointments in files, its settings, and payers that the simulated payer plays."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import builders
from builders import Json
from sweep.world import World

SPEAKS = ("core", "fhir", "clearinghouse")
"""The simulated payer's languages; each is a payer of the clinic: o2, o3, o4."""
SETTINGS = """\
clinic:
  name: "Stillwater Massage (synthetic)"
  npi: "1245319599"
  tin: "00-0000000"
  payers: payers.yaml
  fees: fees.csv
hosts:
  clinic:
    kind: {kind}
    {where}: {place}
    zone: America/Denver
    place_of_service: "11"
    billing: {{start: 2026-01-01, settle: 0}}
state:
  folder: {state}
{database}eligibility:
  days: 3
  tries: 2
  patience: 2s
  at_once: 8
  channels:
    core: {{kind: x12-core, url: "{url}/core", timeout: 1s, x12: {{sender_id: CLINIC, receiver_id: PAYER}}}}
    fhir: {{kind: fhir, url: "{url}/fhir", timeout: 1s}}
    clearinghouse: {{kind: clearinghouse-json, url: "{url}/clearinghouse", mapping: medical-network-v3, timeout: 1s}}
    resident: {{kind: host}}
"""
FEES = "code,modifier,payer,from,amount\n97124,,,2026-01-01,40.00\n"


def today() -> date:
    """The day at the clinic."""
    return datetime.now(ZoneInfo(builders.ZONE)).date()


def tomorrow() -> date:
    return today() + timedelta(days=1)


def nearby() -> World:
    """A world whose clock is the machine's, to be written out: three payers, nobody yet."""
    world = World(empty=True)
    world.now = datetime.now(ZoneInfo("UTC"))
    for organization in ("o3", "o4"):
        world.put(builders.payer(organization, identifier=[]))
    return world


def patient(world: World, id: str, script: str = "SYN-ACTIVE", payer: str = "o2", clock: str = "10:00",
            day: date | None = None, seen: bool = True) -> None:  # fmt: skip
    """A patient whom the simulated payer knows by a script, with an appointment tomorrow."""
    world.insured(id, f"c{id}", payer, member=f"{script}-{id.upper()}")
    world.change(f"Coverage/c{id}", period=builders.period((today() - timedelta(days=400)).isoformat()))
    if seen:
        world.seen(id, (today() - timedelta(days=40)).isoformat())
    world.book(f"m{id}", id, day=day or tomorrow(), clock=clock)


def many(world: World, count: int) -> None:
    """So many patients, spread over the payers and tomorrow."""
    for number in range(count):
        patient(world, f"n{number:03}", payer=f"o{2 + number % 3}", clock=f"{8 + number % 9:02}:{number % 60:02}")


def resources(world: World) -> list[Json]:
    """Everything on the world's host, as it would be loaded into another."""
    every = [dict(one) for kind in world.data.resources for one in world.data.all(kind)]
    return [{name: value for name, value in one.items() if name != "meta"} for one in every]


def write_out(world: World, folder: Path) -> None:
    """The world's host as a folder of NDJSON, with the clinic's payers and fees."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in world.data.resources:
        lines = "".join(json.dumps(one) + "\n" for one in world.data.all(kind))
        (folder / f"{kind}.ndjson").write_text(lines, encoding="utf-8")


def settings(folder: Path, url: str, where: str | Path, *, state: str = "state", channels: Iterable[str] = SPEAKS,
             database: str = "") -> Path:  # fmt: skip
    """Settings, payers.yaml and fees.csv in a folder; ``where`` is the host's URL or folder, ``database`` the variable
    that names a store for several machines."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = "".join(
        f"  - {{key: {key}, kind: health, policy: commercial-midpoint, name: Payer {key}, filing_days: 3650, "
        f"match: {{references: [Organization/{organization}], payer_id: ID{organization}}}, "
        f"eligibility: {{channel: {channel}}}}}\n"
        for key, organization, channel in zip(("one", "two", "three"), ("o2", "o3", "o4"), channels, strict=True)
    )
    (folder / "payers.yaml").write_text(f"payers:\n{entries}", encoding="utf-8")
    (folder / "fees.csv").write_text(FEES, encoding="utf-8")
    kind, key = ("folder", "folder") if isinstance(where, Path) else ("fhir", "url")
    stored = f"  database_env: {database}\n" if database else ""
    text = SETTINGS.format(kind=kind, where=key, place=where, state=folder / state, url=url, database=stored)
    file = folder / f"massage-billing-{state}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def written(folder: Path, kind: str) -> list[Json]:
    """What this program wrote into a folder host, as it is in force: of an id the last line. Every line is whole."""
    file = folder / "billing-out" / f"{kind}.ndjson"
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    assert not text or text.endswith("\n"), f"{file.name}: its last line is torn"
    return list({one["id"]: one for one in map(json.loads, text.splitlines())}.values())
