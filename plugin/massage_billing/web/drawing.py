"""Templates: strict, escaped, the whole page or one block of it. Also how money, days and times are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from massage_billing.desk import wording
from massage_billing.desk.fixes import title_of
from massage_billing.web import charts

NOTHING: Final = "\u2014"
"""Stands where there is nothing to show."""


class Drawing:
    """The templates of the workbench. ``static`` gives the path of a static file by its name."""

    def __init__(self, static: Callable[[str], str]) -> None:
        self._jinja = Environment(
            loader=PackageLoader("massage_billing", "web/templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._jinja.filters.update(
            money=money,
            day=day,
            moment=moment,
            count=count,
            ago=ago,
            clock=clock,
            sources=sources,
            plain=plain,
            short_id=short_id,
            held_by=held_by,
        )
        self._jinja.globals.update(static=static, charts=charts, nothing=NOTHING)
        # Parts are drawn without the page around them, so what all of them use stands in the environment.
        self._jinja.globals["ui"] = self._jinja.get_template("ui.html.j2").module
        self._beside = self._jinja.from_string("{{ ui.said_beside(said) }}")

    def draw(self, template: str, context: Mapping[str, object], part: str = "") -> str:
        """The page, or the block ``part`` of it, with what was said since beside it; ``said`` None: what the page says
        stays, for the part only loads after it."""
        found = self._jinja.get_template(template)
        if not part:
            return found.render(context)
        inner = "".join(found.blocks[part](found.new_context(dict(context))))
        said = context.get("said", "")
        return inner if said is None else inner + self._beside.render(said=said)

    def csrf_field(self, token: str) -> Callable[[], Markup]:
        """What templates put into each form: ``{{ csrf_field() }}``."""
        field = Markup('<input type="hidden" name="csrf" value="{}">').format(token)
        return lambda: field


def money(amount: Decimal | str | None) -> str:
    """ "$1,240.00"; a dash where it is not known."""
    return NOTHING if amount is None or amount == "" else f"${Decimal(amount):,.2f}"


@lru_cache(maxsize=4096)
def day(on: Date | None) -> str:
    """ "Mon Nov 30, 2026"; a dash where there is none."""
    return NOTHING if on is None else f"{on:%a %b} {on.day}, {on.year}"


def moment(at: datetime | None) -> str:
    """ "Nov 30, 2026, 9:05 am", as the value's own zone has it; a dash where there is none."""
    return NOTHING if at is None else f"{at:%b} {at.day}, {at.year}, {clock(at)}"


def clock(at: datetime) -> str:
    """ "9:05 am"."""
    return f"{(at.hour + 11) % 12 + 1}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"


def count(number: int) -> str:
    """ "1,240"."""
    return f"{number:,}"


def ago(days: int) -> str:
    """ "today", "1 day", "12 days"."""
    return "today" if days <= 0 else f"{days:,} day{'' if days == 1 else 's'}"


def plain(message: str) -> Markup:
    """A message with words in place of ids that nobody can read; whoever points at one sees the reference."""
    return Markup("").join(
        Markup('<span title="{}">{}</span>').format(reference, text) if reference else escape(text)
        for text, reference in wording.pieces(message)
    )


def held_by(rule: str) -> str:
    """What holds a visit, within a sentence: "minutes missing"; words in capitals stay so."""
    title = title_of(rule)
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def short_id(reference: str) -> Markup | str:
    """ "Claim/5" as it is, a long id by its end: "Claim …fd48af"; whoever points at it sees the whole."""
    shown = wording.short(reference)
    return reference if shown == reference else Markup('<span title="{}">{}</span>').format(reference, shown)


_LINK: Final = re.compile(r"<?(https?://[^\s<>]+)>?")
_PATH: Final = re.compile(r" <[\w./-]+>")
"""A file of this repository that a source names: no page of the workbench, so nothing to show."""


def sources(text: str) -> tuple[str, str]:
    """(title, link) of a cited source; the link is "" where there is none, and never anything but http(s)."""
    found = _LINK.search(text)
    if found is None:
        return _PATH.sub("", text), ""
    rest = f"{text[: found.start()]}{text[found.end() :]}".replace("()", "").replace("  ", " ")
    return rest.strip(" ,;") or found[1], found[1]
