"""What a CodeableConcept, a reference or an extension of somebody's says, read without loss (``leaves``)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date as Date
from decimal import Decimal

from massage_billing.fhir import json as fj
from massage_billing.fhir.dates import first_day, last_day
from massage_billing.fhir.json import Faults
from massage_billing.fhir.leaves import Leaves


def codes(concept: Leaves, known_systems: Collection[str] = ()) -> list[str]:
    """The code of each coding; a system is taken only where it is one of those known: another is kept."""
    found = []
    for coding in concept.children("coding"):
        code = coding.text("code")
        if code is not None:
            coding.constant("system", *known_systems)
            found.append(code)
    return found


def spoken(concept: Leaves) -> str | None:
    """The concept in words: its text, else the first display."""
    text = concept.text("text")
    if text is not None:
        return text
    return next((shown for coding in concept.children("coding") if (shown := coding.text("display"))), None)


def codes_or_text(concept: Leaves, known_systems: Collection[str] = ()) -> list[str]:
    """The codes; where there is none, the text in their place."""
    found = codes(concept, known_systems)
    if found:
        return found
    text = spoken(concept)
    return [] if text is None else [text]


def candidates(concept: Leaves) -> Iterator[tuple[Leaves, str, str]]:
    """(where, element, word) of everything that may say what a concept means, codes first; nothing is taken."""
    for coding in concept.children("coding"):
        code = fj.text(coding.node, "code")
        if code is not None:
            yield coding, "code", code
    text = fj.text(concept.node, "text")
    if text is not None:
        yield concept, "text", text
    for coding in concept.children("coding"):
        display = fj.text(coding.node, "display")
        if display is not None:
            yield coding, "display", display


def parts(extension: Leaves, url: str, value: str) -> Iterator[Leaves]:
    """The parts of a complex extension that carry a value of this type ("valueString")."""
    for part in extension.children("extension"):
        if value in part.node and part.constant("url", url):
            yield part


def strings(extension: Leaves, url: str, value: str = "valueString") -> tuple[str, ...]:
    """The texts of the parts of that name."""
    return tuple(text for part in parts(extension, url, value) if (text := part.text(value)) is not None)


def string(extension: Leaves, url: str, value: str = "valueString") -> str | None:
    """The text of the first part of that name."""
    return next(iter(strings(extension, url, value)), None)


def decimal(extension: Leaves, url: str) -> Decimal | None:
    """The number of the part of that name."""
    return next((part.number("valueDecimal") for part in parts(extension, url, "valueDecimal")), None)


def period(holder: Leaves, name: str) -> tuple[Date | None, Date | None]:
    """First and last day of a Period; what is no date is not taken."""
    span = holder.child(name)
    return day(span, "start"), day(span, "end", last=True)


def day(holder: Leaves, name: str, *, last: bool = False) -> Date | None:
    """A calendar day, as written; of a month or year its first, or last. Only a whole day is taken, for a month says
    less than its first day."""
    written = fj.text(holder.node, name)
    if written is None:
        return None
    found = (last_day if last else first_day)(holder.node, name, Faults("", holder.node))
    if found is not None and written == found.isoformat():
        holder.take(name)
    return found
