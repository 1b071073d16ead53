"""The whole way of claims on a folder of files, timed: claims_child.py export|receive FOLDER COUNT.

``export`` makes a clinic of so many visits, bills it, and exports every claim: read, translated, written, remembered.
``receive`` applies an 835 that pays so many sent claims of two lines, and gives the host its ClaimResponses.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "plugin"), str(ROOT / "tests")]

from claims_answers import era, paid  # noqa: E402
from claims_clinic import Billed, prepare, put, seed  # noqa: E402

SMALL = 60


def export(folder: Path, visits: int) -> dict[str, float]:
    """Best of three, each from a fresh ledger; the index of the folder is there, as after ``run``."""
    billed = prepare(folder / "clinic", visits)
    best, claims = 0.0, 0
    for number in range(3):
        copy = folder / f"state-{number}"
        shutil.copytree(billed.folder / "state", copy)
        shutil.rmtree(billed.out, ignore_errors=True)
        again = Billed(billed.folder, state=f"state-{number}")
        copy.rename(billed.folder / again.state)
        again.write_settings()
        with again.exporter() as exporter:
            began = time.process_time()
            report = exporter.run()
            seconds = time.process_time() - began
        claims = sum(file.claims for file in report.files)
        best = max(best, claims / seconds)
    return {"per_second": best, "claims": claims}


def receive(folder: Path, count: int) -> dict[str, float]:
    """Wall and CPU seconds from the file to the host."""
    billed = prepare(folder / "clinic", SMALL)
    with billed.exporter() as exporter:
        exporter.run()
    like = next(one for one in billed.sent() if len(one.lines) == 2)
    with billed.ledger() as ledger:
        claims = seed(ledger, like, count)
    file = put(folder / "remittance.835", era(*(paid(one) for one in claims)))
    with billed.answers() as answers:
        cpu, wall = time.process_time(), time.monotonic()
        taken = answers.take(file)
        told, problems = answers.tell_host()
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    assert (taken.claims, told, problems) == (count, count, ())
    return {"cpu": cpu, "wall": wall, "claims": count}


def main() -> None:
    """One of both, as JSON."""
    what, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    print(json.dumps(export(folder, count) if what == "export" else receive(folder, count)))


if __name__ == "__main__":
    main()
