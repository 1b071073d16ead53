"""One claim of an 835 with its lines, segment by segment (005010X221A1, loops 2100 and 2110).

Whatever order segments come in, each goes into a field, into ``kept``, or both where a field does not hold all of it.
"""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal

from massage_billing.model.remittance import ClaimPaid, LinePaid
from massage_billing.x12.counts import day
from massage_billing.x12.remittance_values import ODD, ZERO, Gathered, Parts, beyond, dollars, taken_apart
from massage_billing.x12.segments import at

_OF_THE_CLAIM = frozenset({"NM1", "MIA", "MOA", "PER"})
"""Never in a 2110 loop: of the claim, even where they come after an SVC."""
_REMARKS = {"MOA": (3, 4, 5, 6, 7), "MIA": (5, 20, 21, 22, 23)}
"""Elements that are remark codes."""
ONE = Decimal(1)
Dates = dict[str, tuple[Date, str]]
"""By DTM01: the date, and its segment."""


class LineReader:
    """A 2110 loop while it is read."""

    __slots__ = (
        "charge", "dates", "gathered", "mark", "odd", "paid", "parts", "remarks", "submitted", "units", "units_billed",
        "what",
    )  # fmt: skip

    def __init__(self, parts: Parts, segment: str, mark: str, odd: dict[str, None]) -> None:
        self.parts, self.odd, self.mark = parts, odd, mark
        self.gathered = gathered = Gathered(odd)
        self.dates: Dates = {}
        self.remarks: list[str] = []
        self.charge = gathered.needed(parts, 2, segment)
        self.paid = self._paid(segment)
        self.what = self._service(1, segment)
        self.submitted = self._service(6, segment)
        self.units = self._quantity(5, segment)
        self.units_billed = self._quantity(7, segment)
        if beyond(parts, 7) or (self.submitted[1] and self.submitted[0] != self.what[0]):
            gathered.keep(segment)

    def _paid(self, segment: str) -> Decimal:
        if at(self.parts, 3):
            return self.gathered.needed(self.parts, 3, segment)
        self.odd[ODD["svc03"]] = None
        return ZERO

    def _service(self, place: int, segment: str) -> tuple[str, str, tuple[str, ...]]:
        """SVC01 or SVC06: qualifier, code, modifiers; kept where there is more (a description)."""
        composite = at(self.parts, place)
        if not composite:
            return "", "", ()
        components, other = taken_apart(composite, self.mark)
        if other:
            self.odd[ODD["component"]] = None
        if other or any(components[6:]):
            self.gathered.keep(segment)
        code = components[1] if len(components) > 1 else ""
        return components[0].upper(), code, tuple(filter(None, components[2:6]))

    def _quantity(self, place: int, segment: str) -> Decimal | None:
        text = at(self.parts, place)
        value = dollars(text) if text else None
        if text and value is None:
            self.odd[ODD["quantity"]] = None
            self.gathered.keep(segment)
        return value

    def take(self, parts: Parts, segment: str) -> None:
        """A segment that follows the SVC."""
        gathered = self.gathered
        if gathered.common(parts, segment):
            return
        if parts[0] == "LQ" and at(parts, 1).upper() == "HE" and at(parts, 2):
            self.remarks.append(at(parts, 2).upper())
            if not beyond(parts, 2):
                return
        elif parts[0] == "DTM" and _dated(self.dates, parts, segment, ("472", "150", "151")):
            return
        gathered.keep(segment)

    def done(self) -> LinePaid:
        """The line as a value."""
        gathered = self.gathered
        days = _chosen(self.dates, ("472",) if "472" in self.dates else ("150", "151"), gathered)
        (qualifier, code, modifiers), (_, submitted, submitted_modifiers) = self.what, self.submitted
        return LinePaid(
            code, modifiers, self.charge, self.paid, ONE if self.units is None else self.units, qualifier,
            submitted, submitted_modifiers, self.units_billed, at(self.parts, 4), days,
            next((value for name, value in gathered.references if name == "6R"), ""), tuple(gathered.adjustments),
            tuple(self.remarks), tuple(gathered.amounts), tuple(gathered.references), tuple(gathered.unreadable),
            tuple(gathered.kept),
        )  # fmt: skip


class ClaimReader:
    """A 2100 loop while it is read, with the lines in it."""

    __slots__ = (
        "charge", "dates", "gathered", "lines", "mark", "names", "odd", "of_patient", "open",
        "paid", "parts", "place", "remarks",
    )  # fmt: skip

    def __init__(self, place: int, parts: Parts, segment: str, mark: str, odd: dict[str, None]) -> None:
        self.place, self.parts, self.mark, self.odd = place, parts, mark, odd
        self.gathered = gathered = Gathered(odd)
        self.charge = gathered.needed(parts, 3, segment)
        self.paid = gathered.needed(parts, 4, segment)
        self.of_patient = gathered.needed(parts, 5, segment) if at(parts, 5) else ZERO
        if beyond(parts, 9):
            gathered.keep(segment)
        self.names: dict[str, Parts] = {}
        self.dates: Dates = {}
        self.remarks: list[str] = []
        self.lines: list[LinePaid] = []
        self.open: LineReader | None = None

    def take(self, parts: Parts, segment: str) -> None:
        """A segment that follows the CLP."""
        tag = parts[0]
        if tag == "SVC":
            self._close()
            self.open = LineReader(parts, segment, self.mark, self.odd)
        elif self.open is not None and tag not in _OF_THE_CLAIM:
            self.open.take(parts, segment)
        elif tag == "NM1":
            self._named(parts, segment)
        elif tag in _REMARKS:
            places = _REMARKS[tag]
            self.remarks += [at(parts, place).upper() for place in places if at(parts, place)]
            if any(part.strip() for place, part in enumerate(parts) if place and place not in places):
                self.gathered.keep(segment)
        elif not self.gathered.common(parts, segment) and not (
            tag == "DTM" and _dated(self.dates, parts, segment, ("232", "233", "050"))
        ):
            self.gathered.keep(segment)

    def _named(self, parts: Parts, segment: str) -> None:
        """The first NM1 of each kind is looked at; only that of a patient without more is not kept as well."""
        kind = at(parts, 1).upper()
        first = self.names.setdefault(kind, parts) is parts
        plain = kind == "QC" and at(parts, 2) == "1" and at(parts, 8) in {"", "MI"} and not beyond(parts, 9)
        if not (first and plain and not any(map(str.strip, parts[5:8]))):
            self.gathered.keep(segment)

    def _close(self) -> None:
        if self.open is not None:
            self.lines.append(self.open.done())
            self.open = None

    def done(self, before: list[str]) -> ClaimPaid:
        """The claim as a value; ``before`` is what stands in its 2000 loop and has no field (LX, TS3, TS2)."""
        self._close()
        parts, gathered, names = self.parts, self.gathered, self.names
        patient, corrected, rendering = (names.get(kind, []) for kind in ("QC", "74", "82"))
        days = _chosen(self.dates, ("232", "233"), gathered)
        return ClaimPaid(
            self.place, at(parts, 1), at(parts, 2), self.charge, self.paid, self.of_patient,
            filing_indicator=at(parts, 6), payer_claim_number=at(parts, 7), facility=at(parts, 8),
            frequency=at(parts, 9), patient_member_id=at(patient, 9) or at(names.get("IL", []), 9),
            patient_name=(at(patient, 3), at(patient, 4)),
            rendering_npi=at(rendering, 9) if at(rendering, 8).upper() == "XX" else "",
            corrected_name=(at(corrected, 3), at(corrected, 4)), corrected_member_id=at(corrected, 9),
            dates=days, received=self.dates["050"][0] if "050" in self.dates else None,
            adjustments=tuple(gathered.adjustments), remarks=tuple(self.remarks), amounts=tuple(gathered.amounts),
            references=tuple(gathered.references), crossover=at(names.get("TT", []), 3),
            priority_payer=at(names.get("PR", []), 3), lines=tuple(self.lines),
            unreadable=tuple(gathered.unreadable), kept=(*before, *gathered.kept),
        )  # fmt: skip


def _dated(dates: Dates, parts: Parts, segment: str, kinds: tuple[str, ...]) -> bool:
    """Take a DTM that is one of these, the first of its kind and nothing but a date."""
    kind, value = at(parts, 1), day(at(parts, 2))
    if kind not in kinds or kind in dates or value is None or beyond(parts, 2) or len(at(parts, 2)) != 8:
        return False
    dates[kind] = (value, segment)
    return True


def _chosen(dates: Dates, kinds: tuple[str, ...], gathered: Gathered) -> tuple[Date, ...]:
    """The dates of these kinds; what would not be told from them alone is kept."""
    for kind, (_, segment) in dates.items():
        if (kind not in kinds and kind != "050") or (kind != kinds[0] and kinds[0] not in dates and kind != "050"):
            gathered.kept.append(segment)
    return tuple(dates[kind][0] for kind in kinds if kind in dates)
