"""Builds the rulebook's ICD-10-CM table from the PyPI package ``simple-icd-10-cm`` (MIT), which carries the NCHS list.

One code a line, without its point; a heading that needs more characters ends in "-". Compressed without a time stamp,
so that the same list gives the same bytes. Run with the test environment, from the top of the repository:

    python deploy/tools/build_icd10.py plugin/massage_billing/rules/tables/icd10cm-2026-04.txt.gz
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import simple_icd_10_cm


def lines() -> list[str]:
    """Every code of the list, sorted; chapters and blocks ("A00-A09") are no codes."""
    result = []
    for code in simple_icd_10_cm.get_all_codes(True):
        if simple_icd_10_cm.is_chapter(code) or simple_icd_10_cm.is_block(code):
            continue
        bare = code.replace(".", "").upper()
        result.append(bare if simple_icd_10_cm.is_leaf(code) else f"{bare}-")
    return sorted(result)


def main() -> None:
    """Write the table to the path given."""
    target = Path(sys.argv[1])
    codes = lines()
    target.write_bytes(gzip.compress("\n".join(codes).encode("ascii") + b"\n", 9, mtime=0))
    headings = sum(code.endswith("-") for code in codes)
    sys.stdout.write(f"{target}: {len(codes) - headings} codes, {headings} headings\n")


if __name__ == "__main__":
    main()
