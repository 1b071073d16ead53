"""Tables for people, drawn by rich; on a pipe as wide as they need, never cut."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence

import click


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()) -> None:
    """Print a table; columns named in ``right`` are aligned to the right (money, counts)."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in set(right) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 140
    console = Console(width=width, color_system="auto" if sys.stdout.isatty() else None)
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip()))
