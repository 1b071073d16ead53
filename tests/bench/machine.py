"""The machine a measurement was made on, child processes with their CPU time and memory, and how results are kept."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

CORE = max(os.sched_getaffinity(0))
"""The core that what is compared is pinned to."""
LAUNCH = str(Path(__file__).with_name("launch.py"))
PACKAGES = ("orjson", "jsonschema-rs", "SQLAlchemy", "requests", "massage-billing")


@dataclass
class Result:
    """One figure, and what it should be."""

    name: str
    value: float
    unit: str
    target: str = ""
    held: bool = True
    """Whether it is within the target; True where there is none."""
    details: dict[str, Any] = field(default_factory=dict)


def describe() -> dict[str, Any]:
    """Load, cores and versions: what a figure means depends on them."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "load": os.getloadavg(),
        "cores": os.cpu_count(),
        "cpu": cpu[0].partition(":")[2].strip() if cpu else platform.machine(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
        "commit": _commit(),
    }


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


@dataclass
class Usage:
    """What a child process took."""

    cpu: float
    wall: float
    peak_mb: float
    output: str


def child(*arguments: str, pinned: bool = True) -> Usage:
    """Run python with these arguments to its end; raises where it fails. Only this child is counted (``launch.py``)."""
    read, write_end = os.pipe()
    command = [sys.executable, "-I", "-S", LAUNCH, str(write_end), str(CORE) if pinned else "-", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[write_end], text=True, encoding="utf-8")
    os.close(write_end)
    said, _ = process.communicate()
    with open(read, encoding="utf-8") as told:
        took = told.read()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}:\n{said[-2000:]}")
    return Usage(**json.loads(took), output=said)


def write(file: Path, machine: dict[str, Any], results: list[Result]) -> None:
    """Keep the results as JSON."""
    content = {"machine": machine, "results": [vars(result) for result in results]}
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def show(machine: dict[str, Any], results: list[Result]) -> None:
    """Print the results as a table."""
    load = ", ".join(f"{one:.1f}" for one in machine["load"])
    print(f"\n{machine['cpu']}, {machine['cores']} cores, load {load}, Python {machine['python']}, {machine['commit']}")
    for result in results:
        mark = "" if not result.target else "ok" if result.held else "MISSED"
        print(f"{result.name:<58}{result.value:>12,.2f} {result.unit:<10}{result.target:<12}{mark}")
