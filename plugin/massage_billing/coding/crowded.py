"""Do all services of a visit fit into the time they took? Two that overlap are found in reading; three or more here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from massage_billing.coding.notes import Notes
from massage_billing.coding.tables import CodeTable
from massage_billing.model import Problem, Result, Service, Visit

_RULE, _KEY, _DONE = "services-distinct", "together", "completed"
_FEWEST = 3

Span = tuple[int, int, int, int]
"""Start and end in seconds, minutes, and the place of its service among those asked about."""


def problems(visit: Visit, notes: Notes) -> list[Problem]:
    """One problem for each of three or more timed services that need more minutes than passed from the first's start
    to the last's end; the shortest such stretch is told."""
    if len(visit.services) < _FEWEST:
        return []
    services = sorted(visit.services, key=lambda service: service.procedure)
    found = stretch(services, notes.day.codes)
    if found is None:
        return []
    length, places = found
    named = [f"Procedure/{services[place].procedure}" for place in places]
    detail = f"{', '.join(named)} together have more minutes than the {length // 60} that passed."
    return [Problem(_RULE, Result.FAIL, detail, about, _KEY) for about in named]


def stretch(services: Sequence[Service], codes: CodeTable) -> tuple[int, tuple[int, ...]] | None:
    """The shortest stretch (seconds) that three or more of these do not fit into, and their places; None: all do."""
    if len(services) < _FEWEST:
        return None
    spans = [span for place, s in enumerate(services) if (span := _span(s, place, codes)) is not None]
    if len(spans) < _FEWEST:
        return None
    spans.sort(key=lambda span: span[1])
    shortest = 0
    places: set[int] = set()
    for start in sorted({span[0] for span in spans}):
        later = [span for span in spans if span[0] >= start]
        minutes = 0
        for number, (_, end, more, _) in enumerate(later, 1):  # each stretch is the one before and what ends with it
            minutes += more
            if number < len(later) and later[number][1] == end:
                continue
            length = end - start
            if number >= _FEWEST and minutes * 60 > length > 0 and (not places or length <= shortest):
                places = {span[3] for span in later[:number]} | (places if length == shortest else set())
                shortest = length
    return (shortest, tuple(sorted(places))) if places else None


def _span(s: Service, place: int, codes: CodeTable) -> Span | None:
    """The span of a timed service that was done and says when."""
    if s.start is None or s.end is None or not s.minutes or s.status != _DONE or s.duplicate_of is not None:
        return None
    entry = codes.get(s.code) if s.code else None
    return None if entry is None or not entry.timed else (_seconds(s.start), _seconds(s.end), s.minutes, place)


def _seconds(moment: datetime) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
