"""Reading a 270: what is asked of a payer. For the simulated payer, and to test what is written. Tolerant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.model import Person
from massage_billing.x12.counts import day, days
from massage_billing.x12.loops import DEPENDENT, RECEIVER, SOURCE, SUBSCRIBER, Level, walk
from massage_billing.x12.patient import traces_of
from massage_billing.x12.segments import (
    Group,
    Interchange,
    Oddity,
    Transaction,
    at,
    components,
    read_transactions,
    repeats,
)


@dataclass(frozen=True, slots=True)
class Asked270:
    """One question of a 270: one patient. PHI."""

    trace: str
    """TRN02 of TRN*1."""
    originator: str
    """TRN03."""
    reference: str
    """BHT03."""
    payer_id: str
    """2100A NM109."""
    payer_qualifier: str
    """2100A NM108."""
    payer_name: str
    """2100A NM103."""
    provider_id: str
    """2100B NM109, the NPI."""
    provider_qualifier: str
    """2100B NM108, XX for an NPI."""
    provider_name: str
    """2100B NM103."""
    provider_first_name: str
    """2100B NM104; "" for an organization."""
    taxonomy: str
    """2100B PRV03."""
    member_id: str
    """2100C NM109."""
    subscriber: Person
    """2100C."""
    dependent: Person | None
    """2100D; None where the subscriber is the patient."""
    relationship: str
    """2100D INS02: "01" spouse, "19" child, "34" other; "18" where the subscriber is the patient."""
    serviced: Date | None
    """DTP*291, its first day; None: today, as the guide says."""
    serviced_end: Date | None
    """Its last day, where a range is asked."""
    service_types: tuple[str, ...]
    """EQ01, in the order asked."""
    codes: tuple[str, ...]
    """EQ02 numbers."""
    modifiers: tuple[tuple[str, tuple[str, ...]], ...]
    """(code, modifiers), where EQ02 has modifiers."""
    places: tuple[str, ...]
    """III place of service codes."""
    group_number: str | None
    """2100C REF*6P."""
    interchange: Interchange
    """The ISA."""
    group: Group
    """The GS."""
    transaction_control: str
    """ST02."""
    oddities: tuple[Oddity, ...] = ()
    """What is odd about it."""

    @property
    def patient(self) -> Person:
        """Whom it asks about."""
        return self.dependent or self.subscriber


def read_270(data: bytes | Iterable[bytes]) -> list[Asked270]:
    """The questions of a file, one a patient; [] where it holds none."""
    return [
        _asked(level, transaction)
        for transaction in read_transactions(data)
        if transaction.kind == "270"
        for level in walk(transaction).levels
        if level.kind in {SUBSCRIBER, DEPENDENT} and (level.details or level.all("TRN") or not level.children)
    ]


def _asked(level: Level, transaction: Transaction) -> Asked270:
    chain = {one.kind: one for one in (*reversed(level.up()), level)}
    empty = Level("")
    source, receiver = chain.get(SOURCE, empty), chain.get(RECEIVER, empty)
    subscriber, top = chain.get(SUBSCRIBER, empty), chain.get("", empty)
    payer, provider = source.named(), receiver.named()
    trace = next(iter(traces_of(level)), None)
    first, last = _dates(level)
    inquiries = [[detail.parts, *detail.follows] for detail in level.details]
    asked = [components(at(parts[0], 2), transaction.delimiters) for parts in inquiries]
    codes = [cells for cells in asked if len(cells) > 1]
    return Asked270(
        trace.number if trace else "",
        trace.originator if trace else "",
        next((at(bht, 3) for bht in top.all("BHT")), ""),
        at(payer, 9),
        at(payer, 8),
        at(payer, 3),
        at(provider, 9),
        at(provider, 8),
        at(provider, 3),
        at(provider, 4),
        next((at(prv, 3) for prv in receiver.all("PRV")), ""),
        at(subscriber.named(), 9),
        _person(subscriber),
        _person(level) if level.kind == DEPENDENT else None,
        next((at(ins, 2) for ins in level.all("INS")), "18" if level.kind == SUBSCRIBER else ""),
        first,
        last,
        tuple(kind for parts in inquiries for kind in repeats(at(parts[0], 1), transaction.delimiters)),
        tuple(cells[1] for cells in codes),
        tuple((cells[1], tuple(filter(None, cells[2:6]))) for cells in codes if any(cells[2:6])),
        tuple(at(part, 2) for parts in inquiries for part in parts if part[0] == "III" and at(part, 1) == "ZZ"),
        next((at(ref, 2) for ref in subscriber.all("REF") if at(ref, 1) == "6P"), None),
        transaction.interchange,
        transaction.group,
        transaction.control,
        tuple(transaction.oddities),
    )


def _person(level: Level) -> Person:
    nm1, dmg = level.named(), next(iter(level.all("DMG")), [])
    return Person("", at(nm1, 3), at(nm1, 4), at(nm1, 5), at(nm1, 7), day(at(dmg, 2)), at(dmg, 3))


def _dates(level: Level) -> tuple[Date | None, Date | None]:
    found = next((dtp for dtp in level.all("DTP") if at(dtp, 1) in {"291", "307", "472"}), [])
    first, last, _ = days(at(found, 3))
    return first, last
