"""Builds the rulebook's ICD-10-CM tables from the PyPI package ``simple-icd-10-cm`` (MIT), which carries the NCHS list
and the tabular list as XML.

Codes: one a line, without its point; a heading that needs more characters ends in "-". Notes: Excludes1, 7th characters
and manifestations, as ``massage_billing.releases.icd10_tabular`` reads them. Both are compressed without a time stamp,
so that the same lists give the same bytes. Run with the test environment, from the top of the repository:

    PYTHONPATH=plugin python deploy/tools/build_icd10.py plugin/massage_billing/rules/tables
"""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from pathlib import Path

import simple_icd_10_cm

from massage_billing.coding.tabular import TabularNotes, pack
from massage_billing.releases import icd10_codes, icd10_tabular

CODES = "icd10cm-2026-04.txt.gz"
NOTES = "icd10cm-tabular-2026-04.txt.gz"
_CODE = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?")
_XML = "icd10c-tabular-April-1-2026.xml"


def codes() -> bytes:
    """The packed table of codes.

    The package takes a category that is a block by itself ("M99") for a block only, so the headings are made of the
    codes. There are as many as NCHS counts in its order file of 2026: 23467 over 74719 codes.
    """
    billable = {
        code.replace(".", "").upper()
        for code in simple_icd_10_cm.get_all_codes(True)
        if _CODE.fullmatch(code) and simple_icd_10_cm.is_leaf(code)
    }
    return icd10_codes.pack(billable, icd10_codes.headings_of(billable))


def notes() -> TabularNotes:
    """The notes of the tabular list."""
    with (files(simple_icd_10_cm) / "data" / _XML).open("rb") as xml:
        return icd10_tabular.parse(xml, _XML)


def main() -> None:
    """Write both tables into the folder given, and say what was read."""
    folder = Path(sys.argv[1])
    read = notes()
    (folder / CODES).write_bytes(codes())
    (folder / NOTES).write_bytes(pack(read))
    told = f"{len(read.exclusions)} Excludes1 notes, {len(read.unread)} that could not be read"
    sys.stdout.write(f"{folder}: {CODES}, {NOTES} ({told}, {read.without_codes} without a code)\n")


if __name__ == "__main__":
    main()
