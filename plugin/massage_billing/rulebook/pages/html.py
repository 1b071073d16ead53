"""A rule's page as HTML: one file with everything in it, to read on a screen, to print, to send. No script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from massage_billing.rulebook.pages.page import Page

if TYPE_CHECKING:
    from jinja2 import Environment

INDEX = "index.html"
"""Name of the page that lists the others."""


@dataclass(frozen=True, slots=True)
class Book:
    """What the index says of the whole rulebook."""

    version: str
    """Release of the rule files."""
    digest: str
    """Digest of everything that decides."""
    on: Date
    """The date the pages are for."""


def html(page: Page, index: str = "") -> str:
    """The whole page; ``index`` is a link back to the list, where there is one."""
    return _environment().get_template("rule.html.j2").render(page=page, index=index)


def index_html(pages: Sequence[Page], book: Book) -> str:
    """The list of the pages."""
    rules = [page for page in pages if page.kind == "rule"]
    policies = [page for page in pages if page.kind != "rule"]
    return _environment().get_template("rules.html.j2").render(rules=rules, policies=policies, book=book)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files("massage_billing") / "web"
    return Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
