"""Two processes of the service beside one: the same visits billed on PostgreSQL, in turns.

What is timed is the job, from asking for it to its end as the service tells it: reading, deciding, committing, writing.
The host is the fast FHIR server of the tests (servers/fast_fhir.py) in a process of its own, so that it is not the
limit; what CPU it and PostgreSQL take on the same cores is in the details. PostgreSQL waits for its disk as it would at
a clinic. Each run has a new database and a host without Claims.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from bench.machine import Result
from servers.postgresql import Server, postgresql
from servers.shared_service import Host, Service, cpu_of, service

WANTED, WANTED_MANY = 1.5, 1.8
"""Times what one does that two have to do: on two or three cores, on four or more."""

_IDLE = 0.05
"""Seconds of CPU in a second of processes that have nothing to do."""
_POLL = 0.1
"""Seconds between two questions whether the job is over: they cost the service CPU too."""


def measure(scratch: Path, visits: int, pairs: int) -> list[Result]:
    """Seconds of one and of two processes, pair by pair."""
    with postgresql(durable=True) as database:
        host = Host(scratch / "clinic-of-workers", visits)
        try:
            runs: list[dict[int, dict[str, Any]]] = []
            for number in range(pairs):
                order = (1, 2) if number % 2 == 0 else (2, 1)
                runs.append({workers: _run(scratch, host, database, workers, number) for workers in order})
        finally:
            host.child.stop()
    return _results(runs, visits)


def _run(scratch: Path, host: Host, database: Server, workers: int, number: int) -> dict[str, Any]:
    host.forget()
    name = f"w{workers}_{number}"
    with service(scratch / name, host, database, name, workers) as running:
        _warm(running, workers)
        before = _cpu(running, host, database)
        each = {pid: cpu_of(pid) for pid in running.processes()}
        begun = time.perf_counter()
        id = running.ask()
        job = running.job(id)
        while job["state"] in ("waiting", "running"):
            threading.Event().wait(_POLL)
            job = running.job(id)
        took = time.perf_counter() - begun
        cpu = {who: round(spent - before[who], 2) for who, spent in _cpu(running, host, database).items()}
        claims = len(host.all("Claim"))
        of_processes = [round(cpu_of(pid) - spent, 2) for pid, spent in each.items()]
    assert job["state"] == "done", job
    return {
        "seconds": round(took, 3),
        "cpu": cpu,
        "cpu_of_processes": of_processes,
        "claims": claims,
        "counts": job["counts"],
        "load": os.getloadavg(),
    }


def _warm(running: Service, workers: int) -> None:
    """Wait until the service can work, all its processes being there and having nothing to do."""
    while running.get("/readyz")[0] != 200 or len(running.processes()) < workers:
        threading.Event().wait(0.1)
    spent, now = -1.0, sum(map(cpu_of, running.processes()))
    while now - spent > _IDLE:
        threading.Event().wait(1.0)
        spent, now = now, sum(map(cpu_of, running.processes()))


def _cpu(running: Service, host: Host, database: Server) -> dict[str, float]:
    """Seconds of CPU so far: of the service's processes, the host, the database's processes that live."""
    of_database = sum(cpu_of(pid) + _of_children(pid) for pid in _postmaster(database))
    return {
        "service": sum(cpu_of(pid) for pid in running.processes()),
        "host": host.cpu(),
        "database": of_database,
    }


def _postmaster(database: Server) -> list[int]:
    file = database.home / "data" / "postmaster.pid"
    return [int(file.read_text().split()[0])]


def _of_children(pid: int) -> float:
    """Of a process's children that live, and of those that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    living = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return ended + sum(cpu_of(int(one)) for one in living)


def _results(runs: list[dict[int, dict[str, Any]]], visits: int) -> list[Result]:
    ratios = [run[1]["seconds"] / run[2]["seconds"] for run in runs]
    cores = len(os.sched_getaffinity(0))
    wanted = WANTED if cores < 4 else WANTED_MANY
    ratio = statistics.median(ratios)
    claims = {one["claims"] for run in runs for one in run.values()}
    details = {"pairs": runs, "visits": visits, "ratios": [round(one, 3) for one in ratios], "cores": cores}
    return [
        *(
            Result(
                f"workers: visits billed by {workers} on PostgreSQL",
                visits / statistics.median(run[workers]["seconds"] for run in runs),
                "visits/s",
            )
            for workers in (1, 2)
        ),
        Result(
            "workers: two do, times what one does",
            ratio,
            "x",
            f">= {wanted}",
            held=ratio >= wanted and len(claims) == 1,
            details=details,
        ),
    ]
