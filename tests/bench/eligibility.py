"""The whole sweep, ``massage-billing eligibility run``, against simulated payers: as quick as they let it be?

A folder clinic with so many coming appointments, its payers in a process of their own: at 2 s an answer, twenty at a
time, beside the seconds that no client can save; and at once, for what a question costs. Beside it a bare client sends
the same bytes by ``requests``, twenty at a time, and does nothing with the answers. The first sweep of a clinic is
measured: neither store nor index is there, nobody was ever asked.

Children find the program's code compiled, as an installed one does. They are on one core, the payers on another.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from bench import hapi
from bench.machine import CORE, Result, child
from massage_billing.cli import synthetic
from massage_billing.clinic_maker.cast import ZONE

CHILD = str(Path(__file__).with_name("eligibility_child.py"))
AT_ONCE = 20
LATENCY = 2.0
LIMIT = 1.1
"""Wall time of the whole command over what the payers' own time leaves possible."""
RATE = 300
MEMORY_MB = 200
VISITS = 2
"""Visits an appointment: patients with a past."""


@dataclass
class Swept:
    """One sweep."""

    wall: float
    """Seconds of the whole command."""
    cpu: float
    """CPU seconds of the whole command."""
    peak_mb: float
    report: dict[str, Any]
    """What ``--json`` says."""
    parts: dict[str, list[float]]
    """Part → wall and CPU seconds."""
    asked_of_payers: int
    """Questions that came to the payers, each counted once however often it was sent."""


def measure(scratch: Path, appointments: int, pairs: int, *, hapi_too: bool = False) -> list[Result]:
    """So many appointments: as often as ``pairs`` says at 2 s, and in pairs at 0 s; with ``hapi_too`` once on a HAPI
    server as well."""
    clinic = _made(scratch, appointments)
    record = scratch / "questions.pickle"
    with _compiled(scratch):
        with _payers(0) as url:
            _sweep(clinic, url, record)  # also compiles
        quick, bare = [], []
        for _ in range(pairs):
            with _payers(0) as url:
                quick.append(_sweep(clinic, url))
            with _payers(0) as url:
                bare.append(_bare(record, url))
        slow = []
        for _ in range(pairs):
            with _payers(LATENCY) as url:
                slow.append(_sweep(clinic, url))
        found = [_at_latency(slow), *_at_once(quick, bare), *_memory([*slow, *quick])]
        return [*found, *_on_hapi(scratch, appointments)] if hapi_too else found


def _at_latency(swept: list[Swept]) -> Result:
    """The whole command, reading appointments to writing answers and Tasks, beside what the payers' time alone takes;
    the median of several."""
    asked = swept[0].report["asked"]
    possible = asked * LATENCY / AT_ONCE
    ratio = statistics.median(one.wall for one in swept) / possible
    for one in swept:
        print(f"{asked} questions at {LATENCY:g} s: whole command {one.wall:.1f} s, at least {possible:.1f} s; asking "
              f"alone {one.parts['asking'][0]:.1f} s", flush=True)  # fmt: skip
    return Result(f"sweep, {asked:,} questions, payers at {LATENCY:g} s: whole command / possible", ratio, "times",
                  f"<= {LIMIT:g}", ratio <= LIMIT,
                  {"possible": possible, "sweeps": [vars(one) for one in swept]})  # fmt: skip


def _at_once(quick: list[Swept], bare: list[dict[str, float]]) -> list[Result]:
    """What a question costs where payers answer at once. The target is of asking: claim, ask, read, record."""
    asked = quick[0].report["asked"]
    asking = statistics.median(one.report["asked"] / one.parts["asking"][0] for one in quick)
    cpu = statistics.median(one.parts["asking"][1] for one in quick) / asked * 1e3
    cpu_whole = statistics.median(one.cpu for one in quick) / asked * 1e3
    whole = statistics.median(one.report["asked"] / one.wall for one in quick)
    sent = statistics.median(one["calls"] / one["wall"] for one in bare)
    name = f"sweep, {asked:,} questions, payers at 0 s"
    details = {"sweeps": [vars(one) for one in quick], "bare": bare, "load": os.getloadavg()}
    for one, other in zip(quick, bare, strict=True):
        print(f"{asked} questions at 0 s: asking {one.parts['asking'][0]:.2f} s wall, {one.parts['asking'][1]:.2f} s "
              f"CPU; whole command {one.wall:.2f} s wall, {one.cpu:.2f} s CPU; bare {other['wall']:.2f} s wall, "
              f"{other['cpu']:.2f} s CPU; parts {_shown(one.parts)}", flush=True)  # fmt: skip
    return [
        Result(f"{name}: asking, answers recorded", asking, "per s", f">= {RATE}", asking >= RATE, details),
        Result(f"{name}: CPU a question, asking", cpu, "ms"),
        Result(f"{name}: whole command", whole, "per s"),
        Result(f"{name}: CPU a question, whole command", cpu_whole, "ms"),
        Result(f"{name}: asking / bare requests, questions a second", asking / sent, "times"),
    ]  # fmt: skip


def _memory(swept: list[Swept]) -> list[Result]:
    peak = max(one.peak_mb for one in swept)
    name = f"sweep, {swept[0].report['asked']:,} questions: whole command, peak memory"
    return [Result(name, peak, "MB", f"< {MEMORY_MB}", peak < MEMORY_MB)]


def _shown(parts: dict[str, list[float]]) -> str:
    return ", ".join(f"{part} {wall:.2f}" for part, (wall, _) in parts.items())


# --- on HAPI --------------------------------------------------------------------------------------------------------


def _on_hapi(scratch: Path, appointments: int) -> list[Result]:
    """Once with the clinic on a HAPI server: appointments are searched for, answers and Tasks written there."""
    server = hapi.start({})
    try:
        clinic = scratch / "on-hapi"
        synthetic.make(clinic, appointments * VISITS, 1, appointments, _today())
        hapi.load_folder(server.url, clinic)
        with _payers(0) as url:
            swept = _sweep(clinic, url, host=server.url)
    finally:
        server.stop()
    asked = swept.report["asked"]
    print(f"on HAPI: {asked} questions, {swept.wall:.1f} s, {swept.cpu:.1f} s CPU; parts {_shown(swept.parts)}",
          flush=True)  # fmt: skip
    name = f"sweep on HAPI, {asked:,} questions, payers at 0 s"
    return [
        Result(f"{name}: whole command", asked / swept.wall, "per s", details=vars(swept)),
        Result(f"{name}: whole command, peak memory", swept.peak_mb, "MB", f"< {MEMORY_MB}", swept.peak_mb < MEMORY_MB),
    ]


# --- a sweep, and what it needs -------------------------------------------------------------------------------------


def _today() -> Any:
    return datetime.now(ZoneInfo(ZONE)).date()


def _made(place: Path, appointments: int) -> Path:
    clinic = place / f"eligibility-{appointments}"
    synthetic.make(clinic, appointments * VISITS, 1, appointments, _today())
    return clinic


def _settings(clinic: Path, payers: str, host: str | None) -> Path:
    """The clinic's settings, its channels at these payers: twenty calls to each, and time for a slow answer."""
    text = (clinic / synthetic.SETTINGS).read_text(encoding="utf-8")
    text, places = re.subn(r"http://127\.0\.0\.1:\d+", payers, text)
    text, inline = re.subn(r"timeout: 2s(?=[,}])", f"timeout: 20s, per_payer: {AT_ONCE}", text)
    text, block = re.subn(r"(?m)^( +)timeout: 2s$", rf"\1timeout: 20s\n\1per_payer: {AT_ONCE}", text)
    text, at_once = re.subn(r"(?m)^eligibility:.*$", f"eligibility:\n  at_once: {AT_ONCE}", text)
    if host is not None:
        text, hosts = re.subn(r'(?m)^ +kind: folder\n( +)folder: "\."$', rf'\1kind: fhir\n\1url: "{host}"', text)
        assert hosts == 1, text
    assert (places, inline + block, at_once) == (3, 3, 1), text
    settings = clinic / "bench.yaml"
    settings.write_text(text, encoding="utf-8")
    return settings


def _sweep(clinic: Path, payers: str, record: Path | None = None, host: str | None = None) -> Swept:
    """The clinic's first sweep. Whatever it did not do is no speed: every question must have come to the payers, and
    every answer to the host."""
    for name in ("state", "billing-out"):
        shutil.rmtree(clinic / name, ignore_errors=True)
    settings = _settings(clinic, payers, host)
    used = child(CHILD, "run", str(record or "-"), str(settings))
    report, parts = used.output.rsplit("\n\n", 1)
    told = json.loads(report)
    counts = requests.get(f"{payers}/counts", timeout=60).json()
    swept = Swept(used.wall, used.cpu, used.peak_mb, told, json.loads(parts), len(counts))
    assert told["asked"] == swept.asked_of_payers > 0, told
    assert told["answered"] + told["later"] == told["asked"], told
    assert told["written"] == told["answered"], told
    assert not told["problems"], told
    return swept


def _bare(record: Path, payers: str) -> dict[str, float]:
    """The same bytes to these payers."""
    found: dict[str, float] = json.loads(child(CHILD, "bare", str(record), payers).output)
    return found


@contextmanager
def _payers(latency: float) -> Iterator[str]:
    """Simulated payers on another core than the sweep, who never heard of anybody."""
    cores = os.sched_getaffinity(0)
    process = subprocess.Popen(
        [sys.executable, "-m", "massage_billing.payers.simulated", "--latency", str(latency)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores - {CORE} or cores),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1]
    finally:
        process.terminate()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def _compiled(scratch: Path) -> Iterator[None]:
    """Children keep and find compiled code, whatever the environment says."""
    before = {name: os.environ.pop(name, None) for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")}
    os.environ["PYTHONPYCACHEPREFIX"] = str(scratch / "compiled")
    try:
        yield
    finally:
        del os.environ["PYTHONPYCACHEPREFIX"]
        os.environ.update({name: value for name, value in before.items() if value is not None})
