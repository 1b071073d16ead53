"""Deciding a million visits of the mix by two rulebooks, as ``rules replay`` does, beside evaluators of twelve rules.

Each figure is of a process of its own, on one core: decisions a second of CPU time, keys and sums counted, making the
visits not. "Twelve rules" is the rulebook that ships with every rule withdrawn, as a rule file would, but twelve.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.machine import Result, child

CACHE = Path(__file__).resolve().parents[2] / ".cache"
"""Kept out of the repository; what is installed there is not the program's."""
CHILD = str(Path(__file__).with_name("replay_child.py"))
REFERENCE = str(Path(__file__).with_name("replay_reference.py"))
ZEN = "zen-engine==2.1.3"
FULL, TWELVE, DISTINCT = 60_000, 100_000, 8_000
GROWTH = 1.5
"""Peak at all visits over the peak at a tenth of them: the memory of verdicts fills up to its bound, and no further."""


def measure(visits: int) -> list[Result]:
    """Both rulebooks at so many visits, the full one at a tenth of them, distinct visits, and the references."""
    few = visits // 10
    references = _references(min(visits, 50_000))
    full, twelve = _run("full", visits), _run("twelve", visits)
    less, distinct = _run("full", few), _run("distinct", min(visits, 20_000))
    growth = full["peak_mb"] / less["peak_mb"]
    name = f"replay, {visits:,} visits, two rulebooks"
    best = max(references.values())
    return [
        Result(f"{name}, 12 rules: decisions", twelve["per_second"], "per CPU-s", f">= {TWELVE:,}",
               twelve["per_second"] >= TWELVE, twelve | {"references": references}),
        Result(f"{name}, all rules: decisions", full["per_second"], "per CPU-s", f">= {FULL:,}",
               full["per_second"] >= FULL, full),
        Result("distinct visits, all rules: decisions", distinct["per_second"], "per CPU-s", f">= {DISTINCT:,}",
               distinct["per_second"] >= DISTINCT, distinct),
        Result(f"{name}, 12 rules / fastest reference", twelve["per_second"] / best, "times", "", True, references),
        Result(f"{name}: peak over that of {few:,}", growth, "times", f"<= {GROWTH}", growth <= GROWTH,
               {"peak_mb": [less["peak_mb"], full["peak_mb"]]}),
    ]  # fmt: skip


def _run(which: str, visits: int) -> dict[str, Any]:
    used = child(CHILD, which, str(visits))
    found: dict[str, Any] = json.loads(used.output)
    print(f"{which}, {visits:,} visits: {found['per_second']:,.0f} decisions a CPU-second, decided by flow itself "
          f"{found['share_decided']:.1%}, peak {used.peak_mb:.0f} MB", flush=True)  # fmt: skip
    return found | {"peak_mb": used.peak_mb}


def _references(visits: int) -> dict[str, float]:
    """Evaluations a CPU-second of twelve rules without units, dates or tables: zen-engine in an environment of its own,
    and plain Python conditions. Without the network only the latter."""
    found = {"python conditions": json.loads(child(REFERENCE, "python", str(visits)).output)["per_second"]}
    place = CACHE / "zen"
    python = place / "bin" / "python"
    if not python.exists():
        CACHE.mkdir(exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    done = subprocess.run([str(python), "-m", "pip", "install", "-q", ZEN], capture_output=True, check=False)
    if done.returncode == 0:
        said = subprocess.run([str(python), REFERENCE, "zen", str(visits)], capture_output=True, text=True, check=True)
        found[ZEN] = json.loads(said.stdout)["per_second"]
    print(f"twelve rules by others: {found}", flush=True)
    return found
