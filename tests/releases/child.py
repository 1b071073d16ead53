"""A second process that imports, for the tests: python child.py STATE FOLDER FIRST ROUNDS [ONE-KIND]."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from massage_billing.releases.importing import Request, import_files
from massage_billing.releases.shelf import Shelf, folder_of
from massage_billing.rulebook.files import load_rulebook
from releases.making import mue, ptp, write


def generation(folder: Path, number: int, kind: str = "") -> tuple[Path, ...]:
    """The files of one generation: both tell its number, so that a mixture shows."""
    pairs = [("97140", f"97{n:03d}", "20200101", "*", "1") for n in range(100, 200)]
    limits = [(code, number, "3") for code in ("97112", "97124", "97140")]
    made = {
        "ptp": ("ccipra-v323r0.txt", ptp([*pairs, ("97150", "97124", f"20{number % 90 + 10:02d}0101", "*", "1")])),
        "mue": ("MUE_10-01-2026.csv", mue(limits)),
    }
    return tuple(write(folder, name, text) for key, (name, text) in made.items() if kind in ("", key))


def main(state: str, folder: str, first: str, rounds: str, kind: str = "") -> None:
    """Import one generation after the other; say each when it is done. Killed by the test."""
    shelf, book = Shelf(folder_of(Path(state))), load_rulebook()
    print("ready", flush=True)
    for number in range(int(first), int(first) + int(rounds)):
        request = Request(generation(Path(folder), number, kind), date(2026, 11, 23))
        import_files(request, shelf, lambda: book)
        print(number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
