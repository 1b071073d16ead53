"""Reading the clinic's CSV files: the header is checked, every row has its line, and nothing wrong is skipped."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from massage_billing.errors import SettingsError


def rows(
    file: Path, text: str, columns: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, row) of every row that is not blank; columns that may be missing are then empty.

    SettingsError with file and line for a column that is missing, unknown or twice there, and for a row of another
    length.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if not any(row):
                continue
            where = f"{file}:{reader.line_num}"
            if header is None:
                header = _header(where, [cell.lower() for cell in row], columns, optional)
            elif len(row) != len(header):
                raise SettingsError(f"{where}: has {len(row)} columns instead of {len(header)}.", "Correct this line.")
            else:
                yield reader.line_num, dict.fromkeys(optional, "") | dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise SettingsError(f"{file}:{reader.line_num}: is not CSV: {error}.", "Correct this line.") from error
    if header is None:
        raise SettingsError(f"{file}:1: is empty.", f"Its first line must be {','.join((*columns, *optional))}.")


def _header(where: str, found: list[str], columns: Sequence[str], optional: Sequence[str]) -> list[str]:
    if not optional and sorted(found) != sorted(columns):
        raise SettingsError(f"{where}: the first line must be {','.join(columns)}.", "Separate with commas.")
    missing = [name for name in columns if name not in found]
    unknown = [name for name in found if name not in (*columns, *optional)]
    if missing or unknown or len(set(found)) < len(found):
        fix = f"It needs {','.join(columns)} and may have {','.join(optional)}."
        wrong = ", ".join(missing or unknown) or "a column twice"
        raise SettingsError(f"{where}: the first line {'lacks' if missing else 'has'} {wrong}.", fix)
    return found
