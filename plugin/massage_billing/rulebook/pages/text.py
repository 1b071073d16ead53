"""A rule's page for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from massage_billing.rulebook.pages.page import Page, PageRow
from massage_billing.rulebook.pages.tables import TablePart

_WIDTH = 100


def text(page: Page) -> str:
    """The whole page, 100 columns wide."""
    return "\n".join(_lines(page)).rstrip() + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield from _wrap(f"{page.id}: {page.question}" if page.kind == "rule" else f"{page.id} ({page.kind})", 0)
    yield from _wrap(page.plain, 2)
    yield ""
    yield f"BY DATE OF SERVICE (* in force on {page.on})"
    for row in page.rows:
        yield from _row(row)
    yield ""
    if page.on_fail:
        yield "WHAT IT DOES"
        yield f"  Where it fails: {page.on_fail}."
        yield f"  Where the record does not say: {page.on_no_data}."
        if page.fix:
            yield from _wrap(f"To do{f' ({page.who})' if page.who else ''}: {page.fix}", 2)
        if page.person_may:
            yield f"  A person may decide in spite of it: {', '.join(page.person_may)}."
        yield ""
    if page.left:
        yield "WHAT A PERSON DECIDES"
        for one in page.left:
            yield from _wrap(f"- {one}", 2, hang=2)
        yield ""
    if page.table is not None:
        yield from _table(page, page.table)
    yield "SOURCES"
    for source in page.sources:
        section = f", {source.section}" if source.section else ""
        yield from _wrap(
            f"{source.key}: {source.title}{section} ({source.grade}, read on {source.retrieved})", 2, hang=2
        )
        yield f"    {source.href}"
    yield ""
    yield "EXAMPLES (each changes the standard visit)"
    yield from _wrap("; ".join(page.standard), 2)
    for example in page.examples:
        yield from _wrap(f"- {example.on}  {example.name}", 2, hang=2)
        yield from _wrap(f"{'; '.join(example.visit)}  =>  {'; '.join(example.outcome)}", 6, hang=4)
    yield ""
    yield from _wrap(f"Rulebook {page.version}, {page.file}; compared with its sources on {page.verified}.", 0)


def _row(row: PageRow) -> Iterator[str]:
    until = f" to {row.until}" if row.until else ""
    flags = [("date assumed", row.assumed), ("withdrawn", row.withdrawn), ("as shipped", not row.ours)]
    told = [name for name, on in flags if on]
    if row.known_through:
        told.append(f"release known through {row.known_through}")
    case = f"  {row.case}" if row.case else ""
    more = f"  ({', '.join(told)})" if told else ""
    yield f"{'*' if row.now else ' '} from {row.since}{until}{case}{more}  [{row.source}, {row.grade}]"
    for one in (*row.says, *row.effects):
        source = f" [{one.source}]" if one.source and one.source != row.source else ""
        yield from _wrap(f"{one.label}: {one.text}{source}" if one.label else one.text, 6, hang=2)
    if row.note:
        yield from _wrap(f"Note: {row.note}", 6, hang=2)


def _table(page: Page, table: TablePart) -> Iterator[str]:
    yield f"TABLE, RELEASE {table.release}{f', CODE {page.code}' if page.code else ''}"
    if not table.rows:
        yield "  No row has this code."
    else:
        yield from _columns([table.columns, *table.rows])
    if table.more:
        yield f"  … and {table.more:,} more rows."
    yield ""


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _wrap(words: str, indent: int, hang: int = 0) -> list[str]:
    first, rest = " " * indent, " " * (indent + hang)
    return textwrap.wrap(words, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False) or [first]
