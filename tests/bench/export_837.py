"""Writing 837Ps: ours from professional claims that are in memory, beside x12sdk's generator, in turns.

Ours are the varied claims of the tests: one to four lines, dependents, other payers with what they did on each line.
x12sdk makes its own: one line to three, nobody else's payment. Figures are of CPU time of one core, writing alone.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.machine import Result, child

CLAIMS = 4000
"""Ours; x12sdk makes so many that it takes as long."""
REFERENCE_CLAIMS = 400
WHOLE_WAY = str(Path(__file__).with_name("claims_child.py"))
VISITS = 12_000
WHOLE_TARGET = 2000
"""Claims a CPU-second, from the Claims in a folder to the file in another."""
TARGET = 6000
"""Claims a CPU-second: the writer is a part of the export, which has to do 2,000."""
OURS = f"""
import json, sys, time
sys.path[:0] = ["plugin", "tests"]
from claims_837p_cases import RECEIVER, SUBMITTER, envelope, many
from massage_billing.x12.claims_837p import write_837p
claims = [one for one in many({CLAIMS}) if len(one.lines) < 50]
best = size = 0
for _ in range(3):
    began = time.process_time()
    size = sum(map(len, write_837p(envelope(), SUBMITTER, RECEIVER, claims, reference="B1")))
    best = max(best, len(claims) / (time.process_time() - began))
print(json.dumps({{"per_second": best, "claims": len(claims), "mean_bytes": size / len(claims)}}))
"""
REFERENCE = f"""
import json, time
from x12sdk.generate import generate_837p
generate_837p(seed=1, claims=10)
best = size = 0
for seed in range(3):
    began = time.process_time()
    size = len(generate_837p(seed=seed, claims={REFERENCE_CLAIMS}))
    best = max(best, {REFERENCE_CLAIMS} / (time.process_time() - began))
print(json.dumps({{"per_second": best, "claims": {REFERENCE_CLAIMS}, "mean_bytes": size / {REFERENCE_CLAIMS}}}))
"""


def measure(pairs: int) -> list[Result]:
    """Written so many times each, in turns; the best of each counts for the speed, the middle one for the ratio."""
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(json.loads(child("-c", OURS).output))
        theirs.append(json.loads(child("-c", REFERENCE).output))
    ratios = sorted(one["per_second"] / other["per_second"] for one, other in zip(ours, theirs, strict=True))
    fastest = max(one["per_second"] for one in ours)
    reference = max(one["per_second"] for one in theirs)
    details = {"ours": ours, "x12sdk": theirs}
    return [
        Result("837P: claims written a CPU-second", fastest, "per CPU-s", f">= {TARGET}", fastest >= TARGET, details),
        Result("837P: claims x12sdk generates a CPU-second", reference, "per CPU-s"),
        Result("837P: ours over x12sdk", ratios[len(ratios) // 2], "times"),
        _from_stored_claims(),
    ]


def _from_stored_claims() -> Result:
    """The whole export on a folder host: Claims and records read, translated, written, remembered."""
    with tempfile.TemporaryDirectory() as folder:
        told = json.loads(child(WHOLE_WAY, "export", folder, str(VISITS)).output)
    held = told["per_second"] >= WHOLE_TARGET
    return Result(
        "837P: stored claims exported a CPU-second", told["per_second"], "per CPU-s", f">= {WHOLE_TARGET}", held, told
    )
