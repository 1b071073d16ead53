"""Reading an 835 of many claims, beside x12sdk where it can be had: the same file, in turns, in processes of their own.

Figures are of CPU time, reading and balancing alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.machine import Result, child
from bench.x12_read import REFERENCE, install, run
from remittance_files import made

CHILD = str(Path(__file__).with_name("remittance_child.py"))
WHOLE_WAY = str(Path(__file__).with_name("claims_child.py"))
WHOLE_SECONDS = 10
"""For ten thousand claims, from the file to the ClaimResponses on a folder host."""
SECONDS = 1.5
"""For ten thousand claims: the whole way, to the host, has ten."""


def measure(scratch: Path, claims: int, pairs: int, python: str | None = None) -> list[Result]:
    """So many claims of one payment. ``python`` is one that has the reference, where there is one."""
    file = scratch / "remittance.835"
    written = made(1, claims, moves=3, reversals=False)
    # x12sdk knows neither REF*HPI on a line nor the group CR of older files.
    file.write_bytes(written.data().replace(b"REF*HPI*", b"REF*1D*").replace(b"~CAS*CR*", b"~CAS*PI*"))
    reference = python or install()
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(run(sys.executable, "ours", file, CHILD))
        if reference is not None:
            theirs.append(run(reference, "x12sdk", file, CHILD))
    best = min(one["seconds"] for one in ours)
    assert ours[0]["claims"] == claims
    details = {"ours": ours, "x12sdk": theirs, "reference": REFERENCE, "bytes": file.stat().st_size}
    allowed = SECONDS * claims / 10_000
    results = [
        Result(f"835: {claims:,} claims read and balanced", best, "CPU-s", f"<= {allowed:g}", best <= allowed, details),
        Result("835: claims a CPU-second", claims / best, "per CPU-s"),
    ]
    whole = json.loads(child(WHOLE_WAY, "receive", str(scratch / "applied"), str(claims)).output)
    most = WHOLE_SECONDS * claims / 10_000
    results.append(
        Result(f"835: {claims:,} claims applied", whole["wall"], "s", f"< {most:g}", whole["wall"] < most, whole)
    )
    read = [one for one in theirs if one.get("claims") == claims]
    if read:
        other = min(one["seconds"] for one in read)
        results.append(Result("835: x12sdk, the same file", claims / other, "per CPU-s"))
        results.append(Result("835: ours over x12sdk", other / best, "times", ">= 5", other / best >= 5))
    elif theirs:
        print(f"835: x12sdk does not read it: {theirs[0].get('wrong', '')}", flush=True)
    return results
