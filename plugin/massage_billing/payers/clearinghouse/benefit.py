"""One entry of a clearinghouse's JSON as a ``Benefit``: by way of the X12 segments that it mirrors.

The entry's values are put where the 271 has them (EB, HSD, DTP, MSG, III, REF and the 2120 loop), and the X12 reader
says what they mean: one table of codes and one set of rules for both. A value counts as taken only where something came
of it; what could not be read, and what has no place, is left to ``Answer.kept``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from massage_billing.model import Benefit, Network
from massage_billing.payers.clearinghouse.mapping import Benefits, Dates, Delivery, Entities, Value
from massage_billing.payers.clearinghouse.paths import Document, Place, compact
from massage_billing.x12.benefits import read_benefit
from massage_billing.x12.codes import CodeTables
from massage_billing.x12.counts import decimal, delivery, fraction
from massage_billing.x12.loops import Detail, Parts
from massage_billing.x12.message_limits import with_text_limits
from massage_billing.x12.scanner import Delimiters

_APART: Final = Delimiters(element="\x1d", repetition="\x1e", component="\x1f", segment="\x1c")
"""Separators that no text has; one that has is not used, and kept."""
_SEPARATOR: Final = re.compile(r"[\x1c-\x1f]")
_DAY: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?")
_SPAN: Final = re.compile(r"(\d{4}-?\d{2}-?\d{2})\s*(?:-|/|to)\s*(\d{4}-?\d{2}-?\d{2})")


class Taker:
    """Looks values up in a document by a mapping, and takes what was used."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def texts(self, at: Place, path: str) -> list[tuple[str, Place]]:
        """The texts that a path leads to."""
        found = self.document.texts(at, path)
        return [each for each in found if not _SEPARATOR.search(each[0])] if found else found

    def all(self, at: Place, value: Value) -> Sequence[tuple[str, Place | None]]:
        """Everything that the first path with anything leads to, in X12 codes; a constant has no place."""
        if value.constant is not None:
            return ((value.constant, None),)
        found: list[tuple[str, Place]] = []
        for each in value.path:
            told = [(code, place) for word, place in self.texts(at, each)
                    if (code := value.code(word)) is not None]  # fmt: skip
            if told:
                found = _and_the_same(found, told) if found else told
        return found

    def one(self, at: Place, value: Value) -> tuple[str, Place | None]:
        """The first of them; "" where there is none."""
        found = self.all(at, value)
        return found[0] if found else ("", None)

    def take(self, *places: Place | None) -> None:
        """These have found their place in the answer."""
        for place in places:
            if place is not None:
                self.document.take(place)


def _and_the_same(found: list[tuple[str, Place]], further: list[tuple[str, Place]]) -> list[tuple[str, Place]]:
    """What was found, each taking with it what a further path says in other words ("23" and "Calendar Year")."""
    again = {code: place.keys for code, place in further}
    return [(code, replace(place, with_it=(*place.with_it, again[code])) if code in again else place)
            for code, place in found]  # fmt: skip


def number(text: str) -> str:
    """A number as X12 writes it, of "$1,500.00" or "20%"; the text itself where it is none."""
    bare = text.removeprefix("$").removesuffix("%").replace(",", "").strip()
    return bare if decimal(bare) is not None else text


def basic(text: str) -> str:
    """A date or period as X12 writes it ("20260101", "20260101-20261231"); "" where it is none."""
    if span := _SPAN.fullmatch(text):
        return f"{basic(span[1])}-{basic(span[2])}"
    day = _DAY.fullmatch(text)
    return "".join(day.groups()[:3]) if day else ""


def benefit_of(taker: Taker, entry: Place, mapped: Benefits, codes: CodeTables) -> Benefit | None:
    """The benefit that an entry tells; None where it has no code."""
    code, place = taker.one(entry, mapped.code)
    if not code:
        return None
    taker.take(place)
    eb = ["EB", code, *[""] * 12]
    _plain_elements(taker, entry, mapped, eb)
    quantity = _number_elements(taker, entry, mapped, eb)
    _coded_elements(taker, entry, mapped, eb, codes)
    _procedure(taker, entry, mapped, eb)
    follows = list(_follows(taker, entry, mapped, eb, codes))
    detail = Detail(eb, ["EB", *(" ".join(filter(None, parts[1:])) for parts in follows)], follows)
    benefit, _ = read_benefit(detail, _APART, codes)
    if quantity is not None and any(one.said == _APART.element.join(eb[9:11]) for one in benefit.counts):
        taker.take(*quantity)
    counts = tuple(replace(one, said=_readable(one.said)) for one in benefit.counts)
    benefit = replace(benefit, counts=counts, said=(compact(entry.value),))
    return with_text_limits(benefit)


def _readable(said: str) -> str:
    """A count says that it was read of the entry's own words, not of a segment that nobody sent."""
    return " ".join(filter(None, said.split(_APART.element)))


def _plain_elements(taker: Taker, entry: Place, mapped: Benefits, eb: Parts) -> None:
    """EB02 to EB06: they stand in the benefit as they are."""
    eb[2], level = taker.one(entry, mapped.level)
    types = taker.all(entry, mapped.service_types)
    eb[3] = _APART.repetition.join(word for word, _ in types)
    eb[4], kind = taker.one(entry, mapped.insurance_type)
    eb[5], plan = taker.one(entry, mapped.plan)
    eb[6], period = taker.one(entry, mapped.period)
    # The type of insurance names the plan where nothing else does; otherwise it is left to ``kept``.
    taker.take(level, plan or kind, period, *(place for _, place in types))


def _number_elements(taker: Taker, entry: Place, mapped: Benefits, eb: Parts) -> tuple[Place | None, ...] | None:
    """EB07 to EB10. Gives back the places of the quantity, which is taken only if something is counted by it."""
    amount, place = taker.one(entry, mapped.amount)
    if decimal(number(amount)) is not None:
        eb[7] = number(amount)
        taker.take(place)
    share, place = taker.one(entry, mapped.percent)
    # "20%" says itself that it is percent, and 0.5% is not a half.
    told = f"{number(share)}" if not share.endswith("%") else _hundredth(share)
    if fraction(told)[0] is not None:
        eb[8] = told
        taker.take(place)
    quantity, place = taker.one(entry, mapped.quantity)
    if decimal(number(quantity)) is None:
        return None
    eb[10] = number(quantity)
    eb[9], unit = taker.one(entry, mapped.unit)
    return place, unit


def _hundredth(percent: str) -> str:
    value = decimal(number(percent))
    return format(value.scaleb(-2), "f") if value is not None else ""


def _coded_elements(taker: Taker, entry: Place, mapped: Benefits, eb: Parts, codes: CodeTables) -> None:
    """EB11 and EB12: "unknown" says nothing that has a field, and is left to ``kept``."""
    eb[11], place = taker.one(entry, mapped.authorization)
    if codes.authorizations.get(eb[11]) is not None:
        taker.take(place)
    eb[12], place = taker.one(entry, mapped.network)
    if codes.networks.get(eb[12], Network.NO_DATA) is not Network.NO_DATA:
        taker.take(place)


def _procedure(taker: Taker, entry: Place, mapped: Benefits, eb: Parts) -> None:
    """EB13: a CPT or HCPCS number and up to four modifiers, or a range of numbers."""
    code, place = taker.one(entry, mapped.procedure)
    if not code:
        return
    last, end = taker.one(entry, mapped.procedure_last)
    modifiers = taker.all(entry, mapped.modifiers)[:4]
    four = [*(word for word, _ in modifiers), *[""] * 4][:4]
    # EB13-7 is a description.
    eb[13] = _APART.component.join(("HC", code, *four, "", last))
    taker.take(place, end, *(at for _, at in modifiers))


def _follows(taker: Taker, entry: Place, mapped: Benefits, eb: Parts, codes: CodeTables) -> Iterator[Parts]:
    """What hangs on the EB, the 2120 loops last."""
    for each in mapped.deliveries:
        yield from _deliveries(taker, entry, each, eb, codes)
    for qualifier, value in mapped.references.items():
        for word, place in taker.all(entry, value):
            taker.take(place)
            yield ["REF", qualifier, word]
    for dates in mapped.dates:
        for parts, places in date_segments(taker, entry, dates):
            taker.take(*places)
            yield parts
    for text, place in taker.all(entry, mapped.messages):
        taker.take(place)
        yield ["MSG", text]
    for qualifier, value in mapped.places.items():
        for word, place in taker.all(entry, value):
            taker.take(place)
            yield ["III", qualifier, word]
    for entities in mapped.entities:
        for path in entities.each:
            for one in taker.document.select(entry, path):
                yield from _entity(taker, one, entities)


def _deliveries(taker: Taker, entry: Place, mapped: Delivery, eb: Parts, codes: CodeTables) -> Iterator[Parts]:
    known = codes.benefits.get(eb[1])
    for one in taker.document.select(entry, mapped.each):
        fields = (
            mapped.unit, mapped.quantity, mapped.frequency_unit, mapped.frequency, mapped.period, mapped.periods,
        )  # fmt: skip
        found = [taker.one(one, field) for field in fields]
        parts = ["HSD", *(number(word) for word, _ in found)]
        free = not (eb[7] or eb[8] or eb[10])
        if known is not None and delivery(parts, eb[6], free, known.kind, codes, ""):
            taker.take(*(place for _, place in found))
        yield parts


def date_segments(taker: Taker, at: Place, mapped: Dates) -> Iterator[tuple[Parts, tuple[Place, ...]]]:
    """The dates of an object as DTP segments, with the places they were read at; what is no date is passed over."""
    for holder in taker.document.select(at, mapped.at):
        if not isinstance(holder.value, Mapping):
            continue
        for name in holder.value:
            place = Place((*holder.keys, name), holder.value[name], holder.around)
            qualifier = mapped.qualifier(name)
            ends = [(text, where) for part in (mapped.start, mapped.end) for text, where in _texts(taker, place, part)]
            if isinstance(place.value, Mapping):
                written = "-".join(basic(_first(taker, place, part)) for part in (mapped.start, mapped.end))
                written = written.removesuffix("-")
                places = tuple(where for text, where in ends if basic(text))
            else:
                written = basic(place.value.strip()) if isinstance(place.value, str) else ""
                places = (place,)
            if written:
                yield ["DTP", qualifier, "RD8" if "-" in written else "D8", written], places


def _texts(taker: Taker, place: Place, name: str) -> Sequence[tuple[str, Place]]:
    return taker.document.texts(place, name)


def _first(taker: Taker, place: Place, name: str) -> str:
    return next((text for text, _ in taker.document.texts(place, name)), "")


def _entity(taker: Taker, at: Place, mapped: Entities) -> Iterator[Parts]:
    role, name, first, id, kind = (
        taker.one(at, field)
        for field in (mapped.role, mapped.name, mapped.first_name, mapped.identifier, mapped.identifier_kind)
    )
    taker.take(*(place for _, place in (role, name, first, id)), kind[1] if id[0] else None)
    yield ["NM1", role[0], "", name[0], first[0], "", "", "", kind[0], id[0]]
    for qualifier, value in mapped.identifiers.items():
        for word, place in taker.all(at, value):
            taker.take(place)
            yield ["REF", qualifier, word]
    taxonomy, place = taker.one(at, mapped.taxonomy)
    if taxonomy:
        taker.take(place)
        yield ["PRV", "", "PXC", taxonomy]
    address = [found for path in mapped.address for found in taker.texts(at, path)]
    if address:
        taker.take(*(where for _, where in address))
        yield ["N3", *(text for text, _ in address)]
    for path in mapped.contacts:
        for text, where in taker.texts(at, path):
            taker.take(where)
            yield ["PER", "IC", text]
