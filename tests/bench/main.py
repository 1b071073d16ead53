"""Measures what the issue asks for, beside what it is to be compared with, in the same run on the same machine.

Ratios, not seconds: what is compared is measured in turns, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "plugin"), str(ROOT / "tests")]

from bench import (  # noqa: E402
    clicking,
    eligibility,
    export_837,
    folder,
    hapi,
    imports,
    openemr,
    remittance,
    replay,
    start,
    workers,
    x12_read,
)
from bench.machine import Result, describe, show, write  # noqa: E402

WHAT = (
    "folder", "start", "hapi", "import", "replay", "x12", "eligibility", "remittance", "export", "openemr", "workers",
    "clicking",
)  # fmt: skip
RESULTS = Path(__file__).with_name("results")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what",
        nargs="*",
        choices=[*WHAT, []],
        help="what to measure",
    )
    parser.add_argument("--visits", type=int, default=100_000, help="visits in the folder")
    parser.add_argument("--million", action="store_true", help="also a folder of 1,000,000 visits (10 GB of disk)")
    parser.add_argument("--hapi-visits", type=int, default=1500, help="visits on the HAPI server")
    parser.add_argument("--replay-visits", type=int, default=1_000_000, help="visits decided by two rulebooks")
    parser.add_argument("--x12-files", type=int, default=300, help="271s made for the comparison with x12sdk")
    parser.add_argument("--claims", type=int, default=10_000, help="claims of the 835 that is read")
    parser.add_argument(
        "--appointments",
        type=int,
        default=1000,
        help="coming appointments whose payers are asked; below 1,000 some of the payers hang",
    )
    parser.add_argument("--hapi", action="store_true", help="eligibility: also with the clinic on a HAPI server")
    parser.add_argument("--reference-python", help="a python that has x12sdk (else MB_X12SDK_PYTHON, else one is made)")
    parser.add_argument("--openemr", type=Path, help="openemr: JSON about a running one (tests/bench/openemr.py)")
    parser.add_argument("--worker-visits", type=int, default=6000, help="visits billed by one and by two processes")
    parser.add_argument("--store-claims", type=int, default=100_000, help="claims in the store of the workbench")
    parser.add_argument("--store-holds", type=int, default=1_000, help="holds in it")
    parser.add_argument("--click-seconds", type=float, default=60.0, help="how long people click")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of runs that are compared")
    parser.add_argument("--keep", type=Path, help="make the clinics here, and use those that are there")
    asked = parser.parse_args()
    wanted = asked.what or ["folder", "start"]
    RESULTS.mkdir(exist_ok=True)
    results: list[Result] = []
    machine = describe()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.keep or RESULTS) as scratch:
        place = asked.keep or Path(scratch)
        if "start" in wanted:
            results += start.measure()
        if "folder" in wanted:
            results += folder.measure(place, asked.visits, asked.pairs, million=asked.million)
        if "hapi" in wanted:
            results += hapi.measure(Path(scratch), asked.hapi_visits, asked.pairs)
        if "replay" in wanted:
            results += replay.measure(asked.replay_visits)
        if "x12" in wanted:
            results += x12_read.measure(Path(scratch), asked.x12_files, asked.pairs, asked.reference_python)
        if "eligibility" in wanted:
            results += eligibility.measure(Path(scratch), asked.appointments, asked.pairs, hapi_too=asked.hapi)
        if "remittance" in wanted:
            results += remittance.measure(Path(scratch), asked.claims, asked.pairs, asked.reference_python)
        if "export" in wanted:
            results += export_837.measure(asked.pairs)
        if "openemr" in wanted and asked.openemr:
            results += openemr.measure(asked.openemr, asked.pairs)
        if "workers" in wanted:
            results += workers.measure(Path(scratch), asked.worker_visits, asked.pairs)
        if "clicking" in wanted:
            results += clicking.measure(Path(scratch), asked.store_claims, asked.store_holds, asked.click_seconds)
        if "import" in wanted:
            results += imports.measure(Path(scratch))
    machine["load_after"] = describe()["load"]
    file = RESULTS / time.strftime("%Y%m%d-%H%M%S.json")
    write(file, machine, results)
    show(machine, results)
    print(f"\n{file.relative_to(ROOT)}")
    return 0 if all(result.held for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
