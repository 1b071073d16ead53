"""The main job on a folder, beside ``json.loads`` on the same files: CPU on one core, index and start included."""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

from bench.machine import Result, child
from massage_billing.cli import synthetic

LIMIT = 8.0
MEMORY_MB = 300
GROWTH = 1.1
PARSE = """
import json, sys, time
from pathlib import Path
started = time.process_time()
for file in sorted(Path(sys.argv[1]).glob("*.ndjson")):
    with open(file, "rb") as lines:
        for line in lines:
            json.loads(line)
print(time.process_time() - started)
"""


def measure(place: Path, visits: int, pairs: int, *, million: bool) -> list[Result]:
    """A folder of so many visits, in pairs; once a million, for memory."""
    clinic = made(place, visits)
    runs, parses, firsts = [], [], []
    for _ in range(pairs):
        parses.append(parse_seconds(clinic))
        runs.append(first_run(clinic))
        parses.append(parse_seconds(clinic))
        firsts.append(child("-m", "massage_billing", "run", "--settings", str(clinic / synthetic.SETTINGS)))
    ratio = statistics.median(run.cpu for run in runs) / statistics.median(parses)
    peak = max(run.peak_mb for run in runs)
    per_visit = statistics.median(run.cpu for run in runs) / visits * 1e6
    name = f"folder, {visits:,} visits"
    details = {"run": [vars(run) for run in runs], "json.loads": parses}
    found = [
        Result(f"{name}: run / json.loads, CPU", ratio, "times", f"<= {LIMIT:g}", ratio <= LIMIT, details),
        Result(f"{name}: CPU a visit", per_visit, "µs"),
        Result(f"{name}: peak memory", peak, "MB", f"< {MEMORY_MB}", peak < MEMORY_MB),
        Result(f"{name}: run with nothing new, CPU", statistics.median(one.cpu for one in firsts), "s"),
    ]
    if million:
        large = first_run(made(place, 1_000_000))
        growth = large.peak_mb / peak
        name = "folder, 1,000,000 visits"
        found += [
            Result(f"{name}: peak memory", large.peak_mb, "MB", f"< {MEMORY_MB}", large.peak_mb < MEMORY_MB),
            Result(f"{name}: peak over that of {visits:,}", growth, "times", f"<= {GROWTH}", growth <= GROWTH),
            Result(f"{name}: CPU a visit", large.cpu, "µs", details=vars(large)),
        ]
    return found


def made(place: Path, visits: int) -> Path:
    """A clinic of so many visits with its settings: schema validation on, fhir.resources off."""
    clinic = place / f"clinic-{visits}"
    if not (clinic / synthetic.SETTINGS).exists():
        synthetic.make(clinic, visits, 1)
        with open(clinic / synthetic.SETTINGS, "a", encoding="utf-8") as settings:
            settings.write("\nvalidate:\n  schema: true\n  model: false\n")
    return clinic


def first_run(clinic: Path) -> object:
    """``massage-billing run`` on a clinic that was never run: neither state nor results."""
    for name in ("state", "billing-out"):
        shutil.rmtree(clinic / name, ignore_errors=True)
    return child("-m", "massage_billing", "run", "--json", "--settings", str(clinic / synthetic.SETTINGS))


def parse_seconds(clinic: Path) -> float:
    """CPU seconds that json.loads takes on every line of the clinic's files, reading included."""
    return float(child("-c", PARSE, str(clinic)).output)
