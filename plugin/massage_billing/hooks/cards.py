"""Cards of CDS Hooks 2.0, and how what the program found becomes one. Pure.

Texts may hold what a host or a payer sent: nothing of it is Markdown or HTML in a card.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from massage_billing.fhir import names

SUMMARY: Final = 139
"""Characters of the longest summary: CDS Hooks wants less than 140."""
MOST: Final = 10
"""Cards of one answer; what is beyond them is counted in the last."""
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+|~!&:@$^-])")
"""What means something to Markdown; a colon and an @ make links by themselves (GFM autolinks)."""
_SOURCE: Final = re.compile(r"^(?P<title>.*?)\s*<(?P<link>[^<>]*)>(?P<more>[^<>]*)$", re.DOTALL)
SYSTEM: Final = f"{names.BASE}/CodeSystem/override-reason"
"""Code system of the reasons below."""


class Indicator(StrEnum):
    """How urgent a card is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Override(StrEnum):
    """Why somebody passes over a card; what is counted of feedback."""

    DONE = "done-already"
    LATER = "will-be-done"
    PATIENT_PAYS = "patient-pays"
    NOT_SO = "not-so"


OVERRIDES: Final = {
    Override.DONE: "It is done already.",
    Override.LATER: "It will be done before the claim is due.",
    Override.PATIENT_PAYS: "The patient pays this visit.",
    Override.NOT_SO: "It is not so.",
}
"""As people are shown them."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a card."""

    label: str
    """As people are shown it."""
    url: str
    """Absolute; ids only."""


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to tell."""

    summary: str
    """One sentence; cut where it is too long."""
    indicator: Indicator
    """How urgent."""
    source: str
    """Where it comes from, as findings name it: "Title <https://…>"."""
    page: str
    """The rule's page, absolute; "" where there is none."""
    detail: tuple[str, ...] = ()
    """More, a paragraph each; plain text."""
    links: tuple[Link, ...] = ()
    """Where to look."""
    asks: bool = True
    """Somebody has to do something: then there are reasons for passing over it."""


def shown(card: Card, new_id: Callable[[], str] = lambda: str(uuid.uuid4())) -> dict[str, object]:
    """A card as JSON; what is empty is left out, as the specification wants."""
    detail = "\n\n".join(plain(one) for one in (*_whole(card.summary), *card.detail) if one.strip())
    made: dict[str, object] = {
        "uuid": new_id(),
        "summary": cut(card.summary),
        "indicator": card.indicator.value,
        "source": _source(card),
    }
    if detail:
        made["detail"] = detail
    if card.links:
        made["links"] = [{"label": one.label, "url": one.url, "type": "absolute"} for one in card.links]
    if card.asks:
        made["overrideReasons"] = [
            {"code": code.value, "system": SYSTEM, "display": words} for code, words in OVERRIDES.items()
        ]
    return made


def limited(cards: Sequence[Card]) -> list[Card]:
    """The most urgent ones, in their order, and how many there are beyond."""
    order = (Indicator.CRITICAL, Indicator.WARNING, Indicator.INFO)
    ranked = sorted(cards, key=lambda card: order.index(card.indicator))
    if len(ranked) <= MOST:
        return ranked
    left = ranked[MOST - 1 :]
    more = Card(
        f"{len(left)} more things were found.",
        left[0].indicator,
        left[0].source,
        left[0].page,
        tuple(card.summary for card in left),
        left[0].links,
    )
    return [*ranked[: MOST - 1], more]


def cut(text: str) -> str:
    """One line of at most 139 characters, cut between words."""
    line = " ".join(_printable(text).split())
    if len(line) <= SUMMARY:
        return line
    return line[: SUMMARY - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def plain(text: str) -> str:
    """A text as Markdown that shows it letter by letter, in one paragraph."""
    return _SPECIAL.sub(r"\\\1", " ".join(_printable(text).split()))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _whole(summary: str) -> tuple[str, ...]:
    """The summary once more where it had to be cut."""
    return () if cut(summary) == " ".join(_printable(summary).split()) else (summary,)


def _source(card: Card) -> dict[str, object]:
    """Label and link of where it comes from: the document's own, else the rule's page."""
    found = _SOURCE.match(card.source)
    label = found["title"] + found["more"] if found else card.source
    link = found["link"] if found and found["link"].startswith("https://") else card.page
    told: dict[str, object] = {"label": cut(label) or "massage-billing"}
    if link:
        told["url"] = link
    return told
