"""A rule's page as Markdown, for a repository, a wiki or a mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from massage_billing.rulebook.pages.page import Page, PageRow, PageSource
from massage_billing.rulebook.pages.tables import TablePart
from massage_billing.rulebook.pages.words import Said


def markdown(page: Page) -> str:
    """The whole page."""
    return "\n".join(_lines(page)).rstrip() + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield f"# {page.question}"
    yield ""
    yield f"{page.plain}"
    yield ""
    kind = page.kind.capitalize()
    yield f"*{kind} `{page.id}`, rulebook {page.version}; compared with its sources on {page.verified}.*"
    yield ""
    yield from _section(f"In force, as of {page.on}")
    yield from _table(("case", "from", "until", "says", "source"), (_row(row) for row in page.rows))
    yield from _effects(page)
    if page.left:
        yield from _section("What a person decides")
        yield from (f"- {one}" for one in page.left)
        yield ""
    if page.table is not None:
        yield from _of_table(page, page.table)
    yield from _section("Sources")
    yield from _table(("key", "title", "how sure", "read on"), (_source(one) for one in page.sources))
    yield from _section("Examples")
    yield f"Each starts from the standard visit: {'; '.join(page.standard)}."
    yield ""
    yield from _table(
        ("example", "date", "visit", "comes out as"),
        ((one.name, str(one.on), "; ".join(one.visit), "; ".join(one.outcome)) for one in page.examples),
    )


def _section(title: str) -> Iterator[str]:
    yield f"## {title}"
    yield ""


def _row(row: PageRow) -> tuple[str, ...]:
    since = f"{row.since}{' (assumed)' if row.assumed else ''}"
    until = str(row.until) if row.until else ""
    case = f"**{row.case or 'in general'}**" if row.now else row.case or "in general"
    says = "; ".join([*(_said(one) for one in (*row.says, *row.effects)), *([row.note] if row.note else [])])
    if row.known_through:
        says += f"; release known through {row.known_through}"
    return case, since, until, says.strip("; "), f"{row.source} ({row.grade})"


def _said(one: Said) -> str:
    source = f" [{one.source}]" if one.source else ""
    return f"{one.label}: {one.text}{source}" if one.label else one.text


def _effects(page: Page) -> Iterator[str]:
    if not page.on_fail:
        return
    yield from _section("What it does")
    yield f"- Where it fails: {page.on_fail}."
    yield f"- Where the record does not say: {page.on_no_data}."
    if page.fix:
        yield f"- To do{f' ({page.who})' if page.who else ''}: {page.fix}"
    if page.person_may:
        yield f"- A person may decide in spite of it: {', '.join(page.person_may)}."
    yield ""


def _of_table(page: Page, table: TablePart) -> Iterator[str]:
    yield from _section(f"Table {table.release}{f', code {page.code}' if page.code else ''}")
    yield from _table(table.columns, table.rows)
    if table.more:
        yield f"… and {table.more:,} more rows."
        yield ""


def _source(one: PageSource) -> tuple[str, ...]:
    title = f"{one.title}{f', {one.section}' if one.section else ''}"
    sure = f"{one.grade}{f' ({one.accepted})' if one.accepted else ''}"
    return one.key, f"[{_bare(title)}]({one.href})" if one.link else f"{title} (`{one.href}`)", sure, str(one.retrieved)


def _bare(text: str) -> str:
    return text.replace("[", "(").replace("]", ")")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
