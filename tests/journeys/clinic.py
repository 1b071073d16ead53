"""A small clinic on a real server or in a folder, and the command line run on it as its own process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from massage_billing.clinic_maker import make_clinic
from massage_billing.fhir import names
from massage_billing.fhir.keys import claim_key
from massage_billing.fhir.schemas import Validator as Schema
from massage_billing.profiles import load_schema
from servers.filling import fill
from servers.process import ROOT
from servers.validator import Validator
from standing_dates import never_late

if TYPE_CHECKING:
    from journeys.forked import Forker

Json = dict[str, Any]

HOST = "clinic"
"""Configured host id."""
KINDS = ("Claim", "Provenance", "Task")
"""What this program writes."""
PRIVATE = re.compile(r"Testpatient|TM\d{9}|@patients\.example|\bP\d{7}\b")
"""Names, member ids, addresses and record numbers of the synthetic patients."""
DEAD = ("cancelled", "entered-in-error")
RUN_SECONDS = 120
"""No run of these small clinics may take longer."""

SETTINGS = """\
clinic:
  name: "Stillwater Massage (synthetic)"
  npi: "2345678918"
  tin: "00-0000000"
  payers: clinic/payers.yaml
  fees: clinic/fees.csv
hosts:
  {host}:
    kind: {kind}
    {where}: {place}
    zone: America/Boise
    place_of_service: "11"
    billing: {{start: 2026-01-01, settle: 0}}
state:
  folder: {state}
"""


class Server:
    """A FHIR server asked by plain HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def put(self, *resources: Json) -> str:
        """Store these resources under their ids, in one transaction; when the server did it, by its own clock."""
        answer = fill(self.url, resources, self._session)
        stamps = [entry["response"].get("lastModified", "") for entry in answer["entry"]]
        return max(stamps)

    def post(self, resource: Json) -> str:
        """Create a resource unconditionally; "Type/id"."""
        answer = self._session.post(f"{self.url}/{resource['resourceType']}", json=resource, timeout=60)
        assert answer.status_code == 201, answer.text
        return f"{resource['resourceType']}/{answer.json()['id']}"

    def get(self, reference: str) -> Json:
        """One resource."""
        answer = self._session.get(f"{self.url}/{reference}", timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all(self, kind: str) -> list[Json]:
        """Every resource of a type."""
        found: list[Json] = []
        url: str | None = f"{self.url}/{kind}?_count=500"
        while url:
            answer = self._session.get(url, timeout=60, headers={"Cache-Control": "no-cache"})
            assert answer.status_code == 200, answer.text
            bundle = answer.json()
            found += [entry["resource"] for entry in bundle.get("entry", [])]
            url = next((link["url"] for link in bundle.get("link", []) if link["relation"] == "next"), None)
        return found

    def written(self) -> dict[str, list[Json]]:
        """Everything of the types that this program writes."""
        return {kind: self.all(kind) for kind in KINDS}


class Folder:
    """A folder of NDJSON as a host: what stands in it, and what stands in its out folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "billing-out"

    def put(self, *resources: Json) -> None:
        """Replace these resources' lines, or add them."""
        for one in resources:
            file = self.folder / f"{one['resourceType']}.000.ndjson"
            lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            lines = [line for line in lines if line["id"] != one["id"]] + [one]
            file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    def get(self, reference: str) -> Json:
        """One resource."""
        kind, _, logical_id = reference.partition("/")
        return next(one for one in self.all(kind) if one["id"] == logical_id)

    def all(self, kind: str) -> list[Json]:
        """Every resource of a type, as it is in force: of what this program wrote, the last line of an id."""
        files = [self.out / f"{kind}.ndjson"] if kind in KINDS else sorted(self.folder.glob(f"{kind}.*.ndjson"))
        found = {one["id"]: one for file in files if file.exists() for one in read_lines(file)}
        return list(found.values())

    def written(self) -> dict[str, list[Json]]:
        """Everything of the types that this program writes."""
        return {kind: self.all(kind) for kind in KINDS}


def read_lines(file: Path) -> list[Json]:
    """The lines of an NDJSON file; each must be whole."""
    text = file.read_text(encoding="utf-8")
    assert not text or text.endswith("\n"), f"{file.name}: its last line is torn"
    return [json.loads(line) for line in text.splitlines()]


@dataclass(frozen=True)
class Ran:
    """One process that ended."""

    code: int
    report: Json
    errors: str


class Clinic:
    """A clinic's files and settings in a folder, and the command run on them.

    ``where`` is the URL of a FHIR server or the folder of a folder host. Each ``state`` is a store of its own. Where
    there is a ``forker``, its children run the command, which spares each the imports.
    """

    def __init__(self, folder: Path, where: str | Path, forker: Forker | None = None) -> None:
        self.folder = folder
        self.where = where
        self.forker = forker
        self.database = False
        """The store is the one $MB_JOURNEY_DATABASE names, whatever the state folder: that of several machines."""

    def settings(self, state: str = "state", where: str | None = None) -> Path:
        """The settings file for a store; ``where`` in place of the clinic's own."""
        place = where or self.where
        file = self.folder / f"settings-{state}.yaml"
        kind, key = ("folder", "folder") if isinstance(place, Path) else ("fhir", "url")
        text = SETTINGS.format(host=HOST, kind=kind, where=key, place=place, state=self.folder / state)
        file.write_text(text + self.database * "  database_env: MB_JOURNEY_DATABASE\n", encoding="utf-8")
        return file

    def arguments(self, *words: str, state: str = "state", where: str | None = None) -> list[str]:
        """What comes after ``python -m massage_billing``."""
        return [words[0], "--settings", str(self.settings(state, where)), *words[1:]]

    def start(self, *words: str, state: str = "state", where: str | None = None) -> subprocess.Popen[str]:
        """Start the command as a process."""
        return subprocess.Popen(
            [sys.executable, "-m", "massage_billing", *self.arguments(*words, state=state, where=where)],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process: subprocess.Popen[str]) -> Ran:
        """Wait for a started process and read what it printed."""
        try:
            out, errors = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        try:
            return Ran(process.returncode, json.loads(out) if out.strip() else {}, errors)
        except ValueError:
            raise AssertionError(f"standard output is not JSON alone: {out[:500]!r}") from None

    def call(self, *words: str, state: str = "state", where: str | None = None) -> Ran:
        """Run the command to its end."""
        if self.forker is None:
            return self.ended(self.start(*words, state=state, where=where))
        pid = self.forker.start(self.arguments(*words, state=state, where=where))
        code = self.forker.ended(RUN_SECONDS)
        assert code is not None
        out, errors = self.forker.said(pid)
        return Ran(code, json.loads(out) if out.strip() else {}, errors)

    def run(self, state: str = "state", where: str | None = None) -> Json:
        """The main job, which must end well and leave nothing in the outbox; its report."""
        ran = self.call("run", "--json", state=state, where=where)
        assert PRIVATE.search(json.dumps(ran.report) + ran.errors) is None
        assert ran.code == 0, f"{ran.code}: {ran.errors} {ran.report.get('problems')}"
        assert ran.report["pending_writes"] == 0, ran.report["problems"]
        return ran.report


def environment() -> dict[str, str]:
    """Of a user who has no settings of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MASSAGE_BILLING")}
    return {**kept, "PYTHONPATH": str(ROOT / "plugin")}


# --- what is in the clinic ------------------------------------------------------------------------------------------


def made(folder: Path, visits: int, seed: int = 1) -> list[Json]:
    """Every resource of a synthetic clinic; its files are left in ``folder``, payers.yaml and fees.csv in clinic/."""
    make_clinic(folder, visits, seed=seed)
    never_late(folder / "clinic" / "payers.yaml")
    return [one for file in sorted(folder.glob("*.ndjson")) for one in read_lines(file)]


def explained(clinic: Clinic, folder: Path) -> dict[str, Json]:
    """What ``explain`` makes of the same files, by Encounter id."""
    ran = clinic.call("explain", str(folder), "--json")
    assert ran.code == 0, ran.errors
    return {item["visit"]["encounter"].removeprefix("Encounter/"): item for item in ran.report}


def outcomes(items: dict[str, Json], outcome: str) -> set[str]:
    """Encounter ids with an outcome."""
    return {encounter for encounter, item in items.items() if item["outcome"] == outcome}


# --- what was written -----------------------------------------------------------------------------------------------


def key(encounter: str) -> str:
    """The claim key of a visit's first revision."""
    return claim_key(HOST, encounter, 0)


def question_key(resource: Json) -> str:
    """The key of the question that a request asks, or a response answers."""
    (found,) = (one["value"] for one in resource["identifier"] if one["system"] == names.SID_QUESTION_KEY)
    return str(found)


def keys_of(resource: Json) -> set[str]:
    """Claim keys a resource carries."""
    named = [*resource.get("identifier", []), *resource.get("meta", {}).get("tag", [])]
    return {str(one.get("value") or one.get("code")) for one in named if one.get("system") == names.SID_CLAIM_KEY}


def live(resources: Iterable[Json]) -> Iterator[Json]:
    """Those that are neither cancelled nor entered in error."""
    return (one for one in resources if one.get("status") not in DEAD)


def by_key(resources: Iterable[Json]) -> dict[str, list[Json]]:
    """Resources by claim key."""
    found: dict[str, list[Json]] = {}
    for one in resources:
        for each in keys_of(one):
            found.setdefault(each, []).append(one)
    return found


def open_tasks(resources: Iterable[Json]) -> Iterator[Json]:
    """Tasks that a person still has to do."""
    return (one for one in resources if one["status"] not in (*DEAD, "completed", "rejected", "failed"))


def doubled(written: dict[str, list[Json]]) -> list[str]:
    """Keys with two live Claims, two Tasks, or two Provenances of the live Claim: "Claim MB…"."""
    alive = {kind: list(live(written[kind])) for kind in KINDS}
    claims = {f"Claim/{claim['id']}" for claim in alive["Claim"]}
    alive["Provenance"] = [one for one in alive["Provenance"] if one["target"][0]["reference"] in claims]
    return [f"{kind} {each}" for kind in KINDS for each, found in by_key(alive[kind]).items() if len(found) > 1]


def check(written: dict[str, list[Json]], *, claims: set[str], holds: set[str]) -> None:
    """Exactly one live Claim with its Provenance for these visits, one open Task for those, and nothing more."""
    assert doubled(written) == []
    alive = by_key(live(written["Claim"]))
    assert alive.keys() == {key(encounter) for encounter in claims}
    provenances = by_key(written["Provenance"])
    for each, (claim,) in alive.items():
        targets = [target["reference"] for one in provenances.get(each, ()) for target in one["target"]]
        assert targets.count(f"Claim/{claim['id']}") == 1, f"{each}: Provenances of {targets}"
    tasks = {each for task in open_tasks(written["Task"]) for each in keys_of(task)}
    wanted = {key(encounter): encounter for encounter in holds}
    assert tasks == wanted.keys(), (tasks - wanted.keys(), [wanted[each] for each in wanted.keys() - tasks])


def versions(written: dict[str, list[Json]]) -> dict[str, str]:
    """ "Claim/12" → version, of everything written."""
    return {f"{kind}/{one['id']}": one["meta"]["versionId"] for kind in KINDS for one in written[kind]}


def unwritten(report: Json, words: Sequence[str] = ("claims_created", "claims_updated", "claims_cancelled")) -> bool:
    """Whether the report says that nothing was written."""
    return not any(report[word] for word in (*words, "holds_opened", "holds_closed"))


def assert_valid(written: dict[str, list[Json]], validator: Validator, folder: Path) -> None:
    """Everything written conforms to its profile, as the HL7 validator and our JSON Schemas see it."""
    files = []
    for kind in KINDS:
        schema = Schema(load_schema(kind))
        assert [str(fault) for one in written[kind] for fault in schema.check(one)] == []
        files.append(folder / f"written-{kind}.ndjson")
        files[-1].write_text("".join(json.dumps(one) + "\n" for one in written[kind]), encoding="utf-8")
    issues = validator(files)
    assert validator.checked == sum(len(written[kind]) for kind in KINDS)
    assert [str(issue) for issue in issues if issue.is_error] == []
