"""One 2110 loop of a 271 as a ``Benefit``: EB with HSD, REF, DTP, MSG, III and the 2120 loops that hang on it.

Every segment of the loop stands in ``Benefit.said``, whether or not it has a field.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from massage_billing.model import Benefit, BenefitKind, Count, Entity, Network, Rejection, Span
from massage_billing.x12.codes import CodeTables
from massage_billing.x12.counts import count, days, decimal, delivery, fraction, period_words, side
from massage_billing.x12.loops import Detail, Parts
from massage_billing.x12.message_limits import Patterns, text_limits
from massage_billing.x12.scanner import Delimiters
from massage_billing.x12.segments import at, components, repeats

_PROCEDURES = frozenset({"HC", "CJ"})
"""EB13-1 of a HCPCS or CPT number."""
_RANGE_END = 7
"""EB13-8, counted from 0: the last code of a range."""
_OF_AN_ENTITY = frozenset({"NM1", "N2", "N3", "N4", "PER", "PRV"})
_PADDING = ("",) * 15
"""EB has fourteen elements, and its id; those at its end that are not there are empty."""


def read_benefit(
    detail: Detail, delimiters: Delimiters, codes: CodeTables, patterns: Patterns | None = None
) -> tuple[Benefit, tuple[str, ...]]:
    """A benefit, and codes of what is odd about it. Unknown codes are kept as sent.

    With ``patterns`` limits that stand only in its texts are counted too.
    """
    eb = [*map(str.strip, detail.parts), *_PADDING]
    known = codes.benefits.get(eb[1])
    kind = known.kind if known else BenefitKind.OTHER
    amount, share, odd = _numbers(eb)
    procedure, modifiers, other_code = _procedure(eb[13], delimiters)
    hung = _Hung(detail, delimiters, codes) if detail.follows else None
    counts = _counts(eb, hung.deliveries if hung else (), kind, delimiters, codes) if eb[10] or hung else ()
    if patterns is not None and hung and hung.messages:
        counts += text_limits(hung.messages, kind, counts, patterns)
    benefit = Benefit(
        kind,
        eb[1],
        service_types=repeats(eb[3], delimiters),
        procedure=procedure,
        modifiers=modifiers,
        level=codes.levels.get(eb[2], eb[2]),
        plan=eb[5] or (f"type:{eb[4]}" if eb[4] else None),
        network=codes.networks.get(eb[12], Network.NO_DATA),
        authorization=codes.authorizations.get(eb[11]),
        period=period_words(eb[6], codes),
        amount=amount,
        share=share,
        measure=side(kind, eb[6], codes),
        counts=counts,
        spans=tuple(hung.spans) if hung else (),
        messages=tuple(hung.messages) if hung else (),
        entities=tuple(hung.entities) if hung else (),
        places=tuple(hung.places) if hung else (),
        references=other_code + tuple(hung.references) if hung else other_code,
        said=tuple(detail.said),
    )
    return benefit, odd if known else (*odd, "code-unknown")


def _numbers(eb: list[str]) -> tuple[Decimal | None, Decimal | None, tuple[str, ...]]:
    """EB07 and EB08, and codes of what is odd about the numbers of an EB."""
    amount = decimal(eb[7]) if eb[7] else None
    share, percent = fraction(eb[8]) if eb[8] else (None, False)
    odd = ("share-as-percent",) if percent else ()
    if (eb[7] and amount is None) or (eb[8] and share is None) or (eb[10] and decimal(eb[10]) is None):
        return amount, share, (*odd, "number-unreadable")
    return amount, share, odd


def rejections_within(detail: Detail) -> list[Rejection]:
    """AAA segments of a 2110 loop."""
    return [Rejection(at(parts, 3), at(parts, 4), "benefit") for parts in detail.follows if parts[0] == "AAA"]


def span(parts: Parts, codes: CodeTables) -> Span:
    """A DTP. A single date of something that ends is its last day; what is no date has neither."""
    qualifier = at(parts, 1)
    first, last, ranged = days(at(parts, 3))
    known = codes.dates.get(qualifier)
    if not ranged and known is not None and known.role == "end":
        return Span(qualifier, None, first)
    return Span(qualifier, first, last)


def message(parts: Parts, delimiters: Delimiters) -> str:
    """A MSG's text, word for word; a separator within it is part of it."""
    return delimiters.element.join(parts[1:]).rstrip(delimiters.element)


def _procedure(element: str, delimiters: Delimiters) -> tuple[str | None, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """EB13: number and modifiers of a CPT or HCPCS code; any other code, and a range of codes, as a reference."""
    if not element:
        return None, (), ()
    parts = [*components(element, delimiters), *_PADDING]
    first, last = parts[1], parts[_RANGE_END]
    modifiers = tuple(part for part in parts[2:6] if part)
    if first and last and first != last:
        # Its first code alone would say that it is not about the others.
        return None, modifiers, ((parts[0], f"{first}-{last}"),)
    if parts[0] in _PROCEDURES and first:
        return first, modifiers, ()
    return None, (), ((parts[0], first),) if parts[0] or first else ()


def is_by_code(benefit: Benefit) -> bool:
    """Whether it is about one CPT or HCPCS code or a range of them, and so not about the coverage as a whole."""
    return benefit.procedure is not None or any(list_ in _PROCEDURES for list_, _ in benefit.references)


def _counts(
    eb: list[str], deliveries: Sequence[tuple[Parts, str]], kind: BenefitKind, delimiters: Delimiters, codes: CodeTables
) -> tuple[Count, ...]:
    found: list[Count] = []
    if eb[10]:
        one = count(eb[10], eb[9], eb[6], kind, codes, delimiters.element.join(eb[9:11]))
        found += [one] if one is not None else []
    free = not (eb[7] or eb[8] or eb[10])
    for parts, said in deliveries:
        found += delivery(parts, eb[6], free, kind, codes, said)
    return tuple(found)


class _Hung:
    """What hangs on an EB, in the order it came; 2120 loops with and without their LS and LE."""

    __slots__ = ("codes", "delimiters", "deliveries", "entities", "messages", "places", "references", "spans")

    def __init__(self, detail: Detail, delimiters: Delimiters, codes: CodeTables) -> None:
        self.delimiters, self.codes = delimiters, codes
        self.deliveries: list[tuple[Parts, str]] = []
        self.spans: list[Span] = []
        self.messages: list[str] = []
        self.places: list[str] = []
        self.references: list[tuple[str, str]] = []
        self.entities: list[Entity] = []
        entity: list[Parts] = []
        for place, parts in enumerate(detail.follows, 1):
            tag = parts[0]
            if tag in _OF_AN_ENTITY or (tag == "REF" and entity):
                if tag == "NM1" and entity:
                    self.entities.append(read_entity(entity, delimiters))
                    entity = []
                entity.append(parts)
                continue
            if tag in {"LS", "LE"} and entity:
                self.entities.append(read_entity(entity, delimiters))
                entity = []
            if tag == "HSD":
                self.deliveries.append((parts, detail.said[place]))
            else:
                self._take(tag, parts)
        if entity:
            self.entities.append(read_entity(entity, delimiters))

    def _take(self, tag: str, parts: Parts) -> None:
        if tag == "DTP":
            self.spans.append(span(parts, self.codes))
        elif tag == "MSG":
            self.messages.append(message(parts, self.delimiters))
        elif tag == "REF":
            self.references.append((at(parts, 1), at(parts, 2)))
        elif tag == "III":
            if at(parts, 1) or at(parts, 2):
                self.places.append(f"{at(parts, 1)}:{at(parts, 2)}")
            if at(parts, 4):
                self.messages.append(at(parts, 4))


def read_entity(segments: list[Parts], delimiters: Delimiters) -> Entity:
    """A 2120 loop: NM1 with N3, N4, PER, PRV and REF. A loop without NM1 has no role."""
    role, name, taxonomy = "", None, None
    identifiers: list[tuple[str, str]] = []
    contacts: list[str] = []
    address: list[str] = []
    for parts in segments:
        tag = parts[0]
        if tag == "NM1":
            role = at(parts, 1)
            name = " ".join(filter(None, (at(parts, place) for place in (4, 5, 3, 7)))) or None
            if at(parts, 9):
                identifiers.append((at(parts, 8), at(parts, 9)))
        elif tag == "REF":
            identifiers.append((at(parts, 1), at(parts, 2)))
        elif tag == "PRV":
            taxonomy = at(parts, 3) or taxonomy
        elif tag in {"N3", "N4"}:
            address += [part.strip() for part in parts[1:] if part.strip()]
        elif tag == "PER":
            contacts += [at(parts, 2)] if at(parts, 2) else []
            contacts += [f"{at(parts, p)}:{at(parts, p + 1)}" for p in (3, 5, 7) if at(parts, p + 1)]
    if address:
        contacts.append(", ".join(address))
    return Entity(role, name, tuple(identifiers), taxonomy, tuple(contacts))
