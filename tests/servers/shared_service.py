"""A synthetic clinic on a fast FHIR server, billed by ``massage-billing serve --workers N`` beside PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from massage_billing.clinic_maker import make_clinic
from servers.postgresql import Server
from servers.process import ROOT, Child
from standing_dates import never_late

Json = dict[str, Any]
HOST = "clinic"
TOKEN = "a-token-that-nobody-can-guess-0123456789"
DATABASE = "MB_SHARED_DATABASE"
FAST_FHIR = Path(__file__).with_name("fast_fhir.py")
START = 90.0
"""Seconds within which a process answers on a busy machine."""
WRITTEN = ("Claim", "Provenance", "Task")


class Host:
    """The fast FHIR server, in a process of its own, with a clinic in it."""

    def __init__(self, folder: Path, visits: int) -> None:
        make_clinic(folder, visits, seed=1)
        never_late(folder / "clinic" / "payers.yaml")
        self.child = Child([sys.executable, FAST_FHIR, folder])
        self.url = self.child.read_line(START).split()[1]

    def all(self, kind: str) -> list[Json]:
        """Every resource of a type."""
        found: list[Json] = requests.get(f"{self.url}/all/{kind}", timeout=60).json()
        return found

    def forget(self) -> None:
        """Drop what this program wrote."""
        for kind in WRITTEN:
            requests.post(f"{self.url}/forget/{kind}", timeout=60)

    def cpu(self) -> float:
        """Seconds of CPU it took so far."""
        return cpu_of(self.child.pid)


class Service:
    """The service, running."""

    def __init__(self, folder: Path, host: Host, database: str, workers: int, **serve: object) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "token").write_text(TOKEN)
        (folder / "token").chmod(0o600)
        shutil.copytree(Path(host.child.process.args[2]) / "clinic", folder / "clinic")  # type: ignore[index,arg-type]
        settings = {
            "clinic": {
                "name": "Stillwater Massage (synthetic)", "npi": "2345678918", "tin": "00-0000000",
                "payers": "clinic/payers.yaml", "fees": "clinic/fees.csv",
            },
            "hosts": {
                HOST: {
                    "kind": "fhir", "url": host.url, "zone": "America/Boise", "place_of_service": "11",
                    "billing": {"start": "2020-01-01", "settle": "0"},
                }
            },
            "state": {"folder": "state", "database_env": DATABASE},
            "serve": {"token_file": "token", "workers": workers, **serve},
        }  # fmt: skip
        file = folder / "massage-billing.yaml"
        file.write_text(json.dumps(settings))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MASSAGE_BILLING")}
        environment = {**kept, "PYTHONPATH": str(ROOT / "plugin"), DATABASE: database}
        command = [sys.executable, "-m", "massage_billing", "serve", "--settings", file, "--address", "127.0.0.1:0"]
        self.child = Child(command, env=environment)
        line = self.child.read_line(START)
        assert line.startswith("Serving at http://"), line
        self.url = line.split()[2].rstrip(".")

    def processes(self) -> list[int]:
        """Process ids of those who work: the children, or the one process."""
        assert self.child.running(), self.child.log.read_text()[-3000:]
        pid = self.child.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(one) for one in children] or [pid]

    def ask(self) -> str:
        """Have it bill; the job's id. Of several processes one may not have opened its store yet, and says so (503)."""
        while True:
            answer = requests.post(
                f"{self.url}/jobs/run",
                json={"job": "run"},
                headers={"Authorization": f"Bearer {TOKEN}"},
                timeout=60,
            )
            if answer.status_code == 202:
                return str(answer.json()["id"])
            assert answer.status_code == 503, answer.text
            threading.Event().wait(0.1)

    def get(self, path: str) -> tuple[int, Json]:
        """Ask something; what answers is one of its processes, which may be killed meanwhile."""
        for _ in range(200):
            with suppress(requests.ConnectionError):
                answer = requests.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
                return answer.status_code, answer.json()
            threading.Event().wait(0.1)
        raise AssertionError(f"nothing answers {path}")

    def job(self, id: str) -> Json:
        """A job, as soon as the store can be asked."""
        while True:
            status, told = self.get(f"/jobs/{id}")
            if status == 200:
                return told
            assert status == 503, told
            threading.Event().wait(0.1)

    def ended(self, id: str, seconds: float = 300.0) -> Json:
        """A job, once it is over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            job = self.job(id)
            if job["state"] not in ("waiting", "running"):
                return job
            threading.Event().wait(0.05)
        raise AssertionError(f"still {job}: {self.child.log.read_text()[-3000:]}")


@contextmanager
def service(
    folder: Path, host: Host, postgresql: Server, name: str, workers: int, **serve: object
) -> Iterator[Service]:
    """The service on a new database; ended by SIGTERM at last."""
    postgresql.execute(f"CREATE DATABASE {name}")
    with ExitStack() as stack:
        made = Service(folder, host, postgresql.url(name), workers, **serve)
        stack.callback(made.child.stop)
        yield made


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process took so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
