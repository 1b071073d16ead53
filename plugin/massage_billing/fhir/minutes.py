"""How long a service took, from what the record documents and from nothing else (DESIGN 1).

The sources a clinic names are looked at in its order: our treatment-minutes extension, an Observation, the Procedure's
own period. The first that says something gives the minutes; all that say something have to agree, else a person
decides. Minutes are whole minutes, cut and not rounded.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from massage_billing.fhir import names
from massage_billing.fhir.dates import Clock, Span, When
from massage_billing.fhir.json import NOTHING, Faults, child, children, codings, extensions, number, text
from massage_billing.fhir.record import Record
from massage_billing.model import MinuteSource, Problem, Reading, Result
from massage_billing.ports import JsonObject

RULE: Final = "minutes-documented"
"""The rule that asks whether minutes are documented."""
AGREE: Final = "minutes-agree"
"""The rule that asks whether what is documented agrees."""

_PER_UNIT: Final = {"min": (1, 1), "h": (60, 1), "s": (1, 60)}
"""UCUM unit → minutes as numerator and denominator; other units (day, month …) are no length of a treatment."""
_BELIEVABLE: Final = 1440
"""More minutes than a day has are a slip of the pen."""
_NO_TIME, _A_MINUTE, _A_DAY = timedelta(), timedelta(minutes=1), timedelta(days=1)
_FINAL: Final = frozenset({"final", "amended", "corrected"})
"""Observation.status whose value stands; a preliminary one may still change."""


class MinutesRead(NamedTuple):
    """What the record says of a service's length."""

    minutes: int | None
    """Whole minutes of the first source that says something."""
    source: MinuteSource | None
    """That source."""
    problems: tuple[Problem, ...] = ()
    """What is missing, unusable or contradictory."""


class _Ledger:
    """What each source says of one Procedure, and what is wrong with it."""

    __slots__ = ("problems", "said", "where")

    def __init__(self, where: str) -> None:
        self.where = where
        self.said: list[tuple[MinuteSource, int]] = []
        self.problems: list[Problem] = []

    def fail(self, detail: str, key: str, rule: str = RULE) -> None:
        self.problems.append(Problem(rule, Result.FAIL, f"{self.where} {detail}.", self.where, key))

    def lack(self, detail: str, key: str) -> None:
        self.problems.append(Problem(RULE, Result.NO_DATA, f"{self.where} {detail}.", self.where, key))

    def quantity(self, source: MinuteSource, value: JsonObject, faults: Faults, what: str) -> None:
        """Take a Quantity of time as minutes."""
        written = value.get("value")
        amount = written if type(written) is int else number(value, "value", faults)
        system, code = text(value, "system", faults), text(value, "code", faults)
        unit = code or (text(value, "unit", faults) if system is None else None)
        if amount is None:
            self.lack(f"has {what} without a number", "empty")
        elif unit not in _PER_UNIT or system not in (None, names.UCUM):
            self.fail(f"has {what} in a unit that is not UCUM min, h or s", "unit")
        elif "comparator" in value:
            self.fail(f"has {what} that is a bound and not a length", "bound")
        elif amount <= 0:
            self.fail(f"has {what} that is not above zero", "no-length")
        else:
            times, part = _PER_UNIT[unit]
            if amount * times > _BELIEVABLE * part:
                self.fail(f"has {what} of more than a day", "too-long")
            else:
                self.said.append((source, int(amount * times) // part))


def read_minutes(
    procedure: JsonObject,
    where: str,
    span: Span,
    booked: tuple[tuple[str, Span], ...],
    observed: list[tuple[JsonObject, Faults]],
    reading: Reading,
    faults: Faults,
) -> MinutesRead:
    """Minutes of one Procedure.

    ``span`` is its performedPeriod, ``booked`` the periods that are not treatment time by themselves, the Encounter's
    and its Appointments' ("Encounter/1" with its period), ``observed`` the Observations that ``Observed`` found for it.
    """
    ledger = _Ledger(where)
    for source in reading.minute_sources:
        if source is MinuteSource.EXTENSION:
            if "extension" in procedure:
                _from_extension(ledger, procedure, faults)
        elif source is MinuteSource.OBSERVATION:
            _from_observations(ledger, observed, reading)
        else:
            _from_period(ledger, span)
    if not ledger.said:
        return MinutesRead(None, None, tuple(ledger.problems))
    source, minutes = ledger.said[0]
    if len(ledger.said) > 1 and any(other != minutes for _, other in ledger.said):
        told = ", ".join(f"{who.value} {length}" for who, length in ledger.said)
        ledger.fail(f"has sources of its minutes that differ ({told})", "sources-differ", AGREE)
    elif source is MinuteSource.PERIOD:
        for what, period in booked:
            if span.same_times(period):
                key = "period-is-the-appointment" if what.startswith("Appointment/") else "period-is-the-visit"
                ledger.fail(f"has no minutes but a period that is the same as that of {what}", key, AGREE)
                break
    if not ledger.problems:
        return MinutesRead(minutes, source)
    # A source that says nothing matters only while no other does; one that says something impossible always does.
    problems = tuple(p for p in ledger.problems if p.result is Result.FAIL and p.key != "no-period")
    return MinutesRead(minutes, source, problems)


def _from_extension(ledger: _Ledger, procedure: JsonObject, faults: Faults) -> None:
    for extension in extensions(procedure, names.EXT_TREATMENT_MINUTES, faults):
        value = child(extension, "valueDuration", faults)
        if value is NOTHING:
            ledger.lack("has a treatment-minutes extension without a duration", "empty")
        else:
            ledger.quantity(MinuteSource.EXTENSION, value, faults, "treatment minutes")


def _from_observations(ledger: _Ledger, observed: list[tuple[JsonObject, Faults]], reading: Reading) -> None:
    for observation, faults in observed:
        value = child(observation, "valueQuantity", faults)
        if text(observation, "status", faults) not in _FINAL:
            ledger.lack("has minutes in an Observation that is not final", "not-final")
        elif value is NOTHING:
            ledger.lack("has an Observation of its minutes without a quantity", "empty")
        elif reading.minute_observations is not None or _in_minutes(value):
            ledger.quantity(MinuteSource.OBSERVATION, value, faults, "an Observation of its minutes")


def _in_minutes(value: JsonObject) -> bool:
    return value.get("code") == "min" and value.get("system") == names.UCUM


def _from_period(ledger: _Ledger, span: Span) -> None:
    length = span.length()
    if length is None:
        start, end = span.start.time, span.end.time
        # Dates alone, and the single point of a performedDateTime, were never meant to be minutes: nothing to say.
        if span.is_period and (start is not None or end is not None):
            ledger.lack(f"has a period without {'an end' if end is None else 'a start'}", "no-period")
        return
    if length < _NO_TIME:
        ledger.fail("has a period that ends before it starts", "no-length")
    elif length == _NO_TIME:
        ledger.fail("has a period without length", "no-period")
    elif length > _A_DAY:
        ledger.fail("has a period of more than a day", "too-long")
    else:
        ledger.said.append((MinuteSource.PERIOD, length // _A_MINUTE))


class Observed:
    """The Observations of a record that may be minutes, by the Procedure or order they belong to."""

    __slots__ = ("_by_order", "_by_procedure", "_clock", "_encounter", "_reading", "_record")

    def __init__(self, record: Record, reading: Reading, encounter: str, clock: Clock) -> None:
        self._record = record
        self._reading = reading
        self._encounter = encounter
        self._clock = clock
        self._by_procedure: dict[str, list[tuple[str, JsonObject]]] = {}
        self._by_order: dict[str, list[tuple[str, JsonObject]]] = {}
        if MinuteSource.OBSERVATION in reading.minute_sources:
            for key, observation in record.all("Observation"):
                self._sort_in(key, observation)

    def _sort_in(self, key: str, observation: JsonObject) -> None:
        resolver = self._record.resolver
        mine = self._record.names(observation, "encounter", self._encounter) is True
        faults = self._record.faults(key) if mine else None
        for element, index in (("partOf", self._by_procedure), ("basedOn", self._by_order)):
            for reference in children(observation, element, faults):
                target = resolver.key(reference, observation, faults)
                if target is not None:
                    index.setdefault(target, []).append((key, observation))

    def of(self, procedure: str, orders: list[str], day: When) -> list[tuple[JsonObject, Faults]]:
        """Observations of a Procedure ("Procedure/12"): part of it, or of the orders that only it is based on.

        An Observation of an order that spans several visits counts where it names this Encounter or, naming none, is
        of the Procedure's day.
        """
        if not self._by_procedure and not self._by_order:
            return []
        found = {key: each for key, each in self._by_procedure.get(procedure, ()) if self._is_minutes(key, each)}
        if self._reading.minute_observations is not None:
            for order in orders:
                for key, each in self._by_order.get(order, ()):
                    if "partOf" not in each and self._is_minutes(key, each) and self._is_of_visit(key, each, day):
                        found.setdefault(key, each)
        return [
            (each, self._record.faults(key))
            for key, each in found.items()
            if each.get("status") not in ("entered-in-error", "cancelled")
        ]

    def _is_minutes(self, key: str, observation: JsonObject) -> bool:
        wanted = self._reading.minute_observations
        if wanted is None:
            return True
        faults = self._record.faults(key)
        return not wanted.isdisjoint(codings(child(observation, "code", faults), faults))

    def _is_of_visit(self, key: str, observation: JsonObject, day: When) -> bool:
        if "encounter" in observation:
            return self._record.names(observation, "encounter", self._encounter) is True
        effective = self._clock.when(observation, "effectiveDateTime", self._record.faults(key))
        return effective.day is not None and effective.day == day.day
