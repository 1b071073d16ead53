"""``rules import`` of a full quarter: 2.5 million invented rows in four parts, as text and as zips."""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from bench.machine import Result, Usage, child
from releases.making import PTP_HEAD, REASON

ROWS = 2_500_000
PARTS = 4
SECONDS, MEMORY_MB = 60.0, 500.0


def measure(place: Path, rows: int = ROWS) -> list[Result]:
    """Wall time, CPU and peak memory of an import as text, of one as zips, and of the same again."""
    folder = place / "quarter"
    folder.mkdir(exist_ok=True)
    made = write(folder, rows)
    zips = [_zipped(file) for file in made]
    found: list[Result] = []
    os.environ["MASSAGE_BILLING_STATE"] = str(place / "state")
    for name, given in (("text", made), ("zips", zips)):
        usage = _import(given, "--dry-run")
        found += _results(f"import of {rows:,} rows, {name}, dry run", usage)
    found += _results(f"import of {rows:,} rows, text, kept", _import(made))
    found += _results("the same again", _import(made))
    return found


def _import(given: list[Path], *options: str) -> Usage:
    return child("-m", "massage_billing", "rules", "import", "--json", *options, *map(str, given))


def _results(name: str, usage: Usage) -> list[Result]:
    return [
        Result(f"{name}: wall", usage.wall, "s", f"< {SECONDS:g}", usage.wall < SECONDS),
        Result(f"{name}: CPU", usage.cpu, "s"),
        Result(f"{name}: peak memory", usage.peak_mb, "MB", f"< {MEMORY_MB:g}", usage.peak_mb < MEMORY_MB),
    ]


def write(folder: Path, rows: int) -> list[Path]:
    """The four parts, sorted by column 1; every pair the shipped table has is among them."""
    lines = _lines(rows)
    made = []
    for number in range(1, PARTS + 1):
        file = folder / f"ccipra-v323r0-f{number}.txt"
        with file.open("w", encoding="ascii") as out:
            out.write(PTP_HEAD)
            for count, line in enumerate(lines, 1):
                out.write(line)
                if count >= rows // PARTS and number < PARTS:
                    break
        made.append(file)
    return made


def _lines(rows: int) -> Iterator[str]:
    """Rows in order: for each column 1 its own shipped pairs, and invented ones of codes that nobody bills."""
    shipped: dict[str, list[list[str]]] = {}
    table = files("massage_billing") / "rules" / "tables" / "ncci-ptp-2024q3.csv"
    for one, two, _, end, indicator, _ in list(csv.reader(table.read_text().splitlines()))[1:]:
        shipped.setdefault(one, []).append([two, end.replace("-", "") or "*", indicator])
    invented = [f"{number:05d}" for number in range(100, 99_000, 37)] + [f"J{number:04d}" for number in range(1, 900)]
    codes = sorted({*shipped, *invented, "U0003"})
    each = max(1, (rows - sum(map(len, shipped.values()))) // len(codes) + 1)
    others = [f"{number:04d}T" for number in range(1, each + 1)]
    for one in codes:
        for two, end, indicator in sorted(shipped.get(one, [])):
            yield f"{one}\t{two}\t\t19960101\t{end}\t{indicator}\t{REASON}\n"
        for place, two in enumerate(others):
            end = "*" if place % 3 else "20191231"
            yield f"{one}\t{two}\t\t2010{1 + place % 12:02d}01\t{end}\t{place % 2}\t{REASON}\n"


def _zipped(file: Path) -> Path:
    packed = file.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(file, file.name)
    return packed
