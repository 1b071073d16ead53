"""``massage-billing rules show``: one rule or policy as a page, or all of them as a folder of pages."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import licensed, rule_source, shell
from massage_billing.errors import InputError

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.rulebook.pages.page import Page

_FORMATS = {"text": ".txt", "markdown": ".md", "html": ".html"}


@click.command(name="show")
@click.argument("name", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="Every rule and policy, into the folder of --output.")
@rule_source.on_option("Only what is in force on this date of service; else every row, as of today.")
@click.option("--code", metavar="CODE", help="The rows of the rule's table that have this code.")
@click.option("--table", is_flag=True, help="The rule's whole table.")
@click.option(
    "--format", "shape", type=click.Choice(list(_FORMATS)), help="How it is written; else by --output's name."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write it there; for --all a folder.")
@rule_source.rules_option
@shell.settings_option
@shell.json_option
def command(
    name: str | None,
    every: bool,
    on: Date | None,
    code: str | None,
    table: bool,
    shape: str | None,
    output: Path | None,
    rules: str | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Show one rule or policy as a page: by date, with sources and examples.

    The page says the question, the answer in a plain sentence, what holds from which date on and who says so, which
    dates are assumed, what it does to a visit, what a person decides, and the worked examples.
    """
    if every == (name is not None):
        raise click.UsageError("Give a rule or policy, or --all.")
    book = rule_source.rulebook(rules, settings_file)
    date = on or rule_source.today()
    if every:
        _write_all(book, date, on is not None, shape or "html", output)
        return
    from massage_billing.rulebook.pages.page import page

    found = page(book, str(name), date, only_in_force=on is not None, code="" if table else code)
    if (table or code is not None) and found.table is None:
        raise InputError(f"{name} has no table on {date} that can be shown.", "Leave out --code and --table.")
    if as_json:
        shell.print_json({"schema": "rules-show/1", "page": found})
        return
    if output is None:
        found = licensed.on_page(found, licensed.descriptors(settings_file))
    text = _written(found, shape or _by_name(output))
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
        click.echo(f"{output}: {found.kind} {found.id}")


def _by_name(output: Path | None) -> str:
    suffix = "" if output is None else output.suffix.lower()
    return next((shape for shape, ending in _FORMATS.items() if ending == suffix), "text")


def _written(page: Page, shape: str, index: str = "") -> str:
    if shape == "html":
        from massage_billing.rulebook.pages.html import html

        return html(page, index)
    if shape == "markdown":
        from massage_billing.rulebook.pages.markdown import markdown

        return markdown(page)
    from massage_billing.rulebook.pages.text import text

    return text(page)


def _write_all(book: Rulebook, on: Date, only_in_force: bool, shape: str, folder: Path | None) -> None:
    from massage_billing.rulebook.pages.html import INDEX, Book, index_html
    from massage_billing.rulebook.pages.page import names, page

    if folder is None:
        raise click.UsageError("--all needs --output FOLDER.")
    pages = [page(book, name, on, only_in_force=only_in_force) for name in names(book)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror}).", "Name another folder.") from None
    for one in pages:
        _write(folder / f"{one.id}{_FORMATS[shape]}", _written(one, shape, INDEX if shape == "html" else ""))
    first = folder
    if shape == "html":
        first = folder / INDEX
        _write(first, index_html(pages, Book(book.version, book.digest, on)))
    click.echo(f"{first}: {shell.counted(len(pages), 'page')}")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror}).", "Name another file.") from None
