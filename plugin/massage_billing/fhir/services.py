"""The Procedures of a visit as services: which belong to it, what each says, and which are the same service twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date as Date
from typing import Final

from massage_billing.fhir.codes import read_code, read_regions
from massage_billing.fhir.dates import Clock, Span
from massage_billing.fhir.diagnoses import Diagnoses
from massage_billing.fhir.json import Faults, child, children, identifiers, text
from massage_billing.fhir.minutes import Observed, read_minutes
from massage_billing.fhir.people import People, read_performer
from massage_billing.fhir.record import Record
from massage_billing.model import Diagnosis, Problem, Reading, Result, Service
from massage_billing.ports import JsonObject

DONE: Final = "completed"
"""The only Procedure.status that is billed."""
OPEN: Final = frozenset({"preparation", "in-progress", "on-hold"})
"""Procedure.status of what is not over yet."""
OVER: Final = frozenset({"not-done", "stopped", "entered-in-error"})
"""Procedure.status of what never will be billed."""


@dataclass(slots=True)
class Found:
    """A Procedure that was read, with what is needed to compare it with others."""

    where: str
    """"Procedure/12"."""
    service: Service
    day: Date | None
    """Calendar date it started, at the site."""
    span: Span
    """Its period or point in time."""
    partial: bool
    """True where only a year or month is written."""
    linked: bool
    """False where the Procedure names no Encounter at all."""
    identifiers: frozenset[tuple[str, str]]
    reasons: list[Diagnosis]
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with it, if it is billed."""


class Services:
    """Reads the Procedures of one visit's record."""

    __slots__ = (
        "_booked",
        "_clock",
        "_diagnoses",
        "_encounter",
        "_observed",
        "_people",
        "_reading",
        "_record",
        "_strays",
        "_unlinked",
    )

    def __init__(
        self,
        record: Record,
        reading: Reading,
        encounter: str,
        clock: Clock,
        people: People,
        diagnoses: Diagnoses,
        booked: tuple[tuple[str, Span], ...],
    ) -> None:
        self._record = record
        self._reading = reading
        self._encounter = encounter
        self._clock = clock
        self._people = people
        self._diagnoses = diagnoses
        self._booked = booked
        self._observed = Observed(record, reading, encounter, clock)
        self._strays: list[tuple[str, JsonObject]] = []
        self._unlinked: list[tuple[str, JsonObject]] = []

    def linked(self) -> list[Found]:
        """The Procedures that name this Encounter, ordered by id."""
        mine = []
        for key, procedure in self._record.all("Procedure"):
            named = self._record.names(procedure, "encounter", self._encounter)
            if named:
                over = text(procedure, "status") in OVER
                mine.append((key, procedure, [] if over else self._orders(procedure)))
            elif named is None:
                self._strays.append((key, procedure))
            elif "encounter" not in procedure and procedure.get("status") == DONE:
                self._unlinked.append((key, procedure))
        ordered = [each for _, _, orders in mine for each in orders]
        times = Counter(ordered) if ordered else {}
        return [
            self._read(key, procedure, orders, [each for each in orders if times[each] == 1], linked=True)
            for key, procedure, orders in mine
        ]

    def unlinked(self, patient: str | None, day: Date | None) -> list[Found]:
        """Completed Procedures of the patient on that day which name no Encounter (OpenEMR's surgery lists do not).

        They are no services of the visit; but one may be a service of it from another source. Ask after ``linked``.
        """
        found = []
        for key, procedure in self._unlinked:
            if patient is not None and self._record.names(procedure, "subject", patient):
                each = self._read(key, procedure, self._orders(procedure), [], linked=False)
                if day is not None and each.day == day:
                    found.append(each)
        return found

    def note_stray(self, day: Date | None) -> None:
        """Report Procedures whose Encounter cannot be read and which may be this visit's: same day, or no day. Ask
        after ``linked``."""
        for key, procedure in self._strays:
            faults = Faults(key, procedure)
            its_day = self._performed(procedure, faults).start.day
            if its_day is None or day is None or its_day == day:
                self._note_link(procedure, self._record.faults(key))

    def _note_link(self, procedure: JsonObject, faults: Faults) -> None:
        """Note what is wrong with the reference to the Encounter."""
        link = child(procedure, "encounter", faults)
        if type(link.get("reference")) is str:
            return
        text(link, "reference", faults)
        child(link, "identifier", faults)

    def _orders(self, procedure: JsonObject) -> list[str]:
        if "basedOn" not in procedure:
            return []
        keys = (self._record.resolver.key(each, procedure) for each in children(procedure, "basedOn"))
        return [key for key in keys if key is not None and key.startswith("ServiceRequest/")]

    def _performed(self, procedure: JsonObject, faults: Faults) -> Span:
        if "performedPeriod" in procedure:
            return self._clock.span(procedure, "performedPeriod", faults)
        return Span(self._clock.when(procedure, "performedDateTime", faults))

    def _read(self, key: str, procedure: JsonObject, orders: list[str], own: list[str], *, linked: bool) -> Found:
        """Read one Procedure; of the ``orders`` it is based on, its ``own`` are those no other service shares."""
        faults = self._record.faults(key)
        if linked:
            self._note_link(procedure, faults)
        status = text(procedure, "status", faults) or "unknown"
        for reference in children(procedure, "basedOn", faults) if "basedOn" in procedure else ():
            text(reference, "reference", faults)
        span = self._performed(procedure, faults)
        code = read_code(procedure, key, self._reading.code_map, faults)
        therapist, nobody = read_performer(procedure, key, self._people, faults)
        observed = self._observed.of(key, own, span.start)
        minutes = read_minutes(procedure, key, span, self._booked, observed, self._reading, faults)
        reasons = self._diagnoses.reasons(procedure, key, faults, done=status not in OVER)
        service = Service(
            procedure=key.partition("/")[2],
            status=status,
            code=code.code,
            recorded_as=code.recorded_as,
            minutes=minutes.minutes,
            minute_source=minutes.source,
            start=span.start.time,
            end=span.end.time,
            regions=read_regions(procedure, faults),
            therapist=therapist,
            diagnoses=tuple(dict.fromkeys([reason.code for reason in reasons])) if reasons else (),
            order=orders[0] if orders else None,
            modifiers=code.modifiers,
        )
        return Found(
            where=key,
            service=service,
            day=span.start.day,
            span=span,
            partial=span.start.partial,
            linked=linked,
            identifiers=_named(procedure, faults) if "identifier" in procedure else _NAMELESS,
            reasons=[] if status in OVER else reasons,
            problems=[p for p in (code.problem, nobody, *minutes.problems) if p is not None and status == DONE],
        )


_NAMELESS: Final[frozenset[tuple[str, str]]] = frozenset()


def _named(procedure: JsonObject, faults: Faults) -> frozenset[tuple[str, str]]:
    """The identifiers that say whose they are."""
    return frozenset(pair for pair in identifiers(procedure, faults) if pair[0])


def status_problems(found: list[Found]) -> Iterator[Problem]:
    """Procedures that are not over, or whose status says nothing: the visit is not ready."""
    for each in found:
        status = each.service.status
        if status in OPEN:
            yield Problem("visit-finished", Result.FAIL, f"{each.where} is {status}.", each.where, "procedure-open")
        elif status != DONE and status not in OVER:
            detail = f"{each.where} has no status that says whether it was done."
            yield Problem("visit-finished", Result.NO_DATA, detail, each.where, "status-unknown")
