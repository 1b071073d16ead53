"""Tables for people, drawn by rich; on a pipe as wide as they need, never cut."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Literal

import click

Cell = str | tuple[str, str]
"""A text, or a text with its colour."""


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Iterable[str] = (), wrap: Iterable[str] = ()
) -> None:
    """Print a table; columns in ``right`` are aligned to the right, those in ``wrap`` give way where it is narrow."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rights, wraps = set(right), set(wrap)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in rights else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=column not in wraps)
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else Text(cell[0], style=cell[1]) for cell in row))
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 140
    console = Console(width=width, color_system="auto" if sys.stdout.isatty() else None)
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip()))
