"""A synthetic clinic in a folder whose claims are written and approved, ready to be put into files for payers.

Everybody in it is invented. ``prepare`` makes and bills it once; ``Billed.copied`` is a copy for one test.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from massage_billing import wiring
from massage_billing.clinic_maker import make_clinic
from massage_billing.fhir import names
from massage_billing.fhir.papers import WORKERS_COMPENSATION_NUMBER
from massage_billing.ports.ledger import Batch, Ledger, Submission
from massage_billing.remittance.answers import Answers, FileTaken
from massage_billing.sending.export import Exporter
from massage_billing.settings import Settings, load_settings
from massage_billing.store import open_store
from massage_billing.store.sql import SqlStore
from massage_billing.wiring.receiving import open_answers
from massage_billing.wiring.sending import open_exporter
from massage_billing.wiring.state import store_url
from standing_dates import never_late

Json = dict[str, Any]
HOST = "clinic"
VISITS = 60
NPI = "2345678918"
DATABASE = "MB_TEST_CLAIMS_DATABASE"
"""Names the database, where it is not a file in the state folder."""
SETTINGS = """\
clinic:
  {{name: "STILLWATER MASSAGE", npi: "{npi}", tin: "00-0000000", payers: clinic/payers.yaml, fees: clinic/fees.csv}}
hosts:
  {host}:
    kind: {kind}
    {where}: {place}
    zone: America/Boise
    place_of_service: "11"
    billing: {{start: 2026-01-01, settle: 0}}
export:
  clinic:
    address: {{lines: [1 Main Street], city: Boise, state: ID, postal_code: 83702-0001}}
    phone: "2085550100"
    taxonomy: 225700000X
  receivers:
    house:
      name: DEMO CLEARING
      x12: {{sender_id: CLINIC01, receiver_id: HOUSE01}}
      folder: out/house
    fund:
      name: STATE FUND
      x12: {{sender_id: CLINIC01, receiver_id: FUND01}}
      folder: out/fund
      payers: [state-fund]
      line_breaks: true
state: {{folder: {state}{more}}}
"""
"""Two receivers: the injury fund takes its own claims, the clearinghouse those of everybody else."""
FUND = "Organization/payer-state-fund"
NAMES = ("Testpatient", "TESTPATIENT", "TM0")
"""What stands in names and member ids of the synthetic patients."""


@dataclass(frozen=True)
class Billed:
    """A clinic on disk."""

    folder: Path
    where: str | Path = "files"
    """A folder within ``folder``, or the URL of a FHIR server."""
    state: str = "state"
    """Folder of the store, within ``folder``."""
    database: bool = False
    """The store is where ``DATABASE`` says."""

    @property
    def file(self) -> Path:
        """The settings."""
        return self.folder / f"{self.state}.yaml"

    @property
    def out(self) -> Path:
        """Folders of receivers."""
        return self.folder / "out"

    def write_settings(self, change: Callable[[str], str] = lambda text: text) -> None:
        """Write them, changed."""
        server = str(self.where).startswith("http")
        kind, where = ("fhir", "url") if server else ("folder", "folder")
        more = f", database_env: {DATABASE}" if self.database else ""
        text = SETTINGS.format(
            npi=NPI, host=HOST, kind=kind, where=where, place=self.where, state=self.state, more=more
        )
        self.file.write_text(change(text), encoding="utf-8")

    @property
    def settings(self) -> Settings:
        """The settings, read."""
        return load_settings(self.file)

    def copied(self, folder: Path) -> Billed:
        """The same clinic elsewhere."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return replace(self, folder=folder)

    def run(self) -> Json:
        """The main job, in this process."""
        with wiring.open_program(self.settings) as program:
            report = program.run()
        assert report.pending_writes == 0, report.problems
        return {name: getattr(report, name) for name in report.__dataclass_fields__}

    @contextmanager
    def exporter(self) -> Iterator[Exporter]:
        """What exports."""
        with open_exporter(self.settings) as exporter:
            yield exporter

    @contextmanager
    def answers(self) -> Iterator[Answers]:
        """What takes answers."""
        with open_answers(self.settings) as answers:
            yield answers

    @contextmanager
    def store(self) -> Iterator[SqlStore]:
        """What is remembered."""
        with open_store(store_url(self.settings, self.folder / self.state)) as store:
            yield store

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """What is remembered of sent claims."""
        with self.store() as store:
            yield store.ledger()

    def receive(self, *files: bytes, name: str = "answer") -> list[FileTaken]:
        """Take files of these bytes, and tell the host."""
        with self.answers() as answers:
            taken = [answers.take(put(self.folder / f"{name}-{n}.x12", data)) for n, data in enumerate(files)]
            answers.tell_host()
        return taken

    def sent(self) -> list[Submission]:
        """Claims of all files."""
        with self.ledger() as ledger:
            return sorted(ledger.all(HOST), key=lambda one: one.key)

    def files(self) -> dict[str, bytes]:
        """Files for receivers, by "receiver/name"."""
        found = sorted(self.out.glob("*/*.837"))
        return {f"{file.parent.name}/{file.name}": file.read_bytes() for file in found}

    def resources(self, kind: str) -> dict[str, Json]:
        """What stands in the folder, as it is in force, by id."""
        files = sorted(Path(self.folder, self.where).glob(f"{kind}.*.ndjson"))
        files += [Path(self.folder, self.where) / "billing-out" / f"{kind}.ndjson"]
        lines = [line for file in files if file.exists() for line in file.read_text(encoding="utf-8").splitlines()]
        return {one["id"]: one for one in map(json.loads, lines)}

    def put(self, *resources: Json) -> None:
        """Replace these resources' lines, or add them; those that we wrote stand in the folder of what we write."""
        for one in resources:
            kind, folder = one["resourceType"], Path(self.folder, self.where)
            ours = folder / "billing-out" / f"{kind}.ndjson"
            file = ours if kind in ("Claim", "ClaimResponse") else folder / f"{kind}.000.ndjson"
            lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
            lines = [line for line in lines if json.loads(line)["id"] != one["id"]] + [json.dumps(one)]
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def put(path: Path, data: bytes) -> Path:
    """Write a file; its path."""
    path.write_bytes(data)
    return path


def prepare(folder: Path, visits: int = VISITS, seed: int = 1) -> Billed:
    """Make a clinic and bill it."""
    make_clinic(folder / "files", visits, seed=seed)
    shutil.move(folder / "files" / "clinic", folder / "clinic")
    never_late(folder / "clinic" / "payers.yaml")
    billed = Billed(folder)
    billed.write_settings()
    of_fund = [one for one in billed.resources("Coverage").values() if one["payor"][0]["reference"] == FUND]
    injury = {"type": {"coding": [{"system": names.IDENTIFIER_TYPE, "code": WORKERS_COMPENSATION_NUMBER}]}}
    billed.put(*({**one, "identifier": [{**injury, "value": f"INJ-{one['id']}"}]} for one in of_fund[1:]))
    billed.run()
    return billed


def seed(ledger: Ledger, like: Submission, count: int) -> list[Submission]:
    """So many more claims like one in one file, which was written."""
    number = ledger.next_batch()
    claims = [
        replace(
            like, key=f"MBSEED{n:014}", encounter=f"seed-{n}", claim=f"Claim/seed-{n}", batch=number, transaction="0001"
        )
        for n in range(count)
    ]
    total = sum((one.total for one in claims), Decimal(0))
    batch = Batch(number, HOST, "house", f"seed-{number}.837", "f" * 64, count, total, now(), body=b"ISA~")
    assert ledger.commit_batch(batch, claims) == ()
    ledger.written(number)
    return claims


def keys_in(file: bytes) -> list[str]:
    """CLM01 of every claim of a file, as whoever takes it reads it."""
    text = file.decode("ascii")
    end = text[105]
    segments = [one.strip("\r\n") for one in text.split(end)]
    assert segments[-1] == ""
    assert segments[-2].startswith("IEA*1*"), "the file is not whole"
    return [one.split("*")[1] for one in segments if one.startswith("CLM*")]


def controls_of(files: Iterator[bytes]) -> list[tuple[str, str]]:
    """(ISA13, GS06) of files."""
    found = []
    for file in files:
        parts = file.decode("ascii").split("*")
        (group,) = [one for one in file.decode("ascii").replace("\n", "").split("~") if one.startswith("GS*")]
        found.append((parts[13], group.split("*")[6]))
    return found


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)
