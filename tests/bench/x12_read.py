"""Reading 271s with ours beside x12sdk, which reads some of them: the same files, in turns, in processes of their own.

Varied answers are made (subscribers, dependents, refusals; five to sixty benefits with dates, texts, limits, references
and other payers), and only those are measured that x12sdk reads without an error. Ours reads them to the normal form.
Figures are of CPU time, reading alone.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.machine import Result
from massage_billing.model import Person
from massage_billing.x12.answer_write_271 import Reply271, Seg, write_271
from massage_billing.x12.asked_270 import read_270
from massage_billing.x12.question_270 import write_270
from x12_files import envelope, question

CACHE = Path(__file__).resolve().parents[2] / ".cache"
"""Kept out of the repository; what is installed there is not the program's."""
CHILD = str(Path(__file__).with_name("x12_read_child.py"))
REFERENCE = "x12sdk==2.2.0"
FASTER = 5
"""Times as fast as the reference, at least."""
TYPES = ("30", "1", "33", "35", "47", "86", "88", "98", "AL", "MH", "UC", "PT", "BE", "AE")


def measure(scratch: Path, count: int, pairs: int, python: str | None = None) -> list[Result]:
    """So many files, read in so many pairs of runs. ``python`` is one that has the reference, where there is one."""
    reference = python or os.environ.get("MB_X12SDK_PYTHON") or install()
    file = scratch / "answers.json"
    made = [_answer(random.Random(number)).decode() for number in range(count)]
    file.write_text(json.dumps(made), encoding="utf-8")
    if reference is None:
        ours = run(sys.executable, "ours", file)
        # Not compared is not held: the figure says nothing of the target.
        return [Result("271s read a CPU-second; not compared, no x12sdk", ours["per_second"], "per CPU-s",
                       f">= {FASTER} times", False, ours)]  # fmt: skip
    readable: list[int] = run(reference, "which", file)["readable"]
    kept = [made[place] for place in readable]
    file.write_text(json.dumps(kept), encoding="utf-8")
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(run(sys.executable, "ours", file)["per_second"])
        theirs.append(run(reference, "x12sdk", file)["per_second"])
    ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    middle = ratios[len(ratios) // 2]
    details = {"ours": ours, "x12sdk": theirs, "files": len(kept), "made": count, "reference": REFERENCE,
               "mean_bytes": sum(map(len, kept)) / max(1, len(kept))}  # fmt: skip
    print(f"271s: x12sdk reads {len(kept)} of {count}; a CPU-second: ours {max(ours):,.0f}, x12sdk {max(theirs):,.0f}, "
          f"ratios {', '.join(f'{one:.1f}' for one in ratios)}", flush=True)  # fmt: skip
    return [
        Result("271s: ours over x12sdk, those that it can read", middle, "times", f">= {FASTER}", middle >= FASTER,
               details),
    ]  # fmt: skip


def install() -> str | None:
    """An environment of its own with the reference; None without the network."""
    place = CACHE / "x12sdk"
    python = place / "bin" / "python"
    if not python.exists():
        CACHE.mkdir(exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    done = subprocess.run([str(python), "-m", "pip", "install", "-q", REFERENCE], capture_output=True, check=False)
    return str(python) if done.returncode == 0 else None


def run(python: str, which: str, file: Path, child: str = CHILD) -> dict[str, Any]:
    """What a child process says of a file."""
    done = subprocess.run([python, child, which, str(file)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _answer(draw: random.Random) -> bytes:
    dependent = Person("", "RIVERS", "BEN", birth_date=date(2015, 2, 3), gender="M") if draw.random() < 0.3 else None
    asking = question(
        trace=f"MB{draw.randrange(10**9):09d}", member_id=f"M{draw.randrange(10**9)}", dependent=dependent,
        relationship="child" if dependent else "self",
        subscriber=Person("", draw.choice(("RIVERS", "STONE", "LAKE")), "ADA", birth_date=date(1980, 4, 12),
                          gender="F"),
    )  # fmt: skip
    (asked,) = read_270(write_270(asking, envelope()))
    if draw.random() < 0.1:
        reply = Reply271(asked, rejections=[("receiver", draw.choice(("41", "43", "50", "51")), "C")])
    else:
        benefits = [segment for _ in range(draw.randrange(5, 60)) for segment in _benefit(draw)]
        start = date(2026, 1, 1) - timedelta(days=draw.randrange(900))
        reply = Reply271(asked, benefits, person=[("DTP", "346", "D8", f"{start:%Y%m%d}")])
    return write_271(reply, envelope(written_at=datetime(2026, 11, 17, 8, 30), line_breaks=draw.random() < 0.5))


def _benefit(draw: random.Random) -> list[Seg]:
    types = draw.sample(TYPES, draw.randrange(1, 8))
    code = draw.choice("1111BBACCGGDFI")
    amount = str(draw.randrange(10, 3000)) if code in "BCGF" else ""
    share = f".{draw.randrange(1, 9)}" if code == "A" else ""
    period = draw.choice(("23", "29", "27")) if amount else ""
    parts: list[Seg] = [
        ("EB", code, draw.choice(("IND", "FAM", "")), types, draw.choice(("HM", "PR", "")),
         draw.choice(("GOLD 500", "SILVER", "")), period, amount, share, "", "", draw.choice(("Y", "N", "")),
         draw.choice(("Y", "N", "W", ""))),
    ]  # fmt: skip
    if code in "FD" and draw.random() < 0.6:
        parts.append(
            ("HSD", draw.choice(("VS", "FL", "DY")), str(draw.randrange(1, 60)), "", "", draw.choice(("23", "29")))
        )
    if draw.random() < 0.2:
        parts.append(("REF", "18", f"P{draw.randrange(1000)}"))
    if draw.random() < 0.3:
        parts.append(("DTP", "348", "D8", "20260101"))
    if draw.random() < 0.4:
        parts.append(
            ("MSG", draw.choice(("20 VISITS PER CALENDAR YEAR", "COPAY WAIVED WITH REFERRAL", "CALL FOR DETAILS")))
        )
    if draw.random() < 0.1:
        parts += [("LS", "2120"), ("NM1", "P3", "1", "STONE", "MARA", "", "", "", "SV", "0202034"), ("LE", "2120")]
    return parts
