"""A visit's services as bars over time, one lane a therapist: what was done when, for how long, where on the body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from massage_billing.coding.regions import RegionTable, parts
from massage_billing.model import NotBilled, Service

WIDTH: Final = 640
"""Units of the picture's width."""
LEFT: Final = 140
"""Units for the lanes' names."""
LANE: Final = 44
"""Units of a lane's height."""
TOP: Final = 8
"""Units above the first lane."""
_LETTER: Final = 7.2
"""Units of a letter in a bar, at most."""
_UNKNOWN: Final = "not named"
"""A service whose record names no therapist."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One service in the picture."""

    x: float
    """From the left."""
    y: float
    """From above."""
    width: float
    """As long as it took."""
    colour: int
    """By code; 1 is the first."""
    text: str
    """What stands in it: code and region, as far as there is room."""
    told: str
    """What it is, for whoever points at it."""


@dataclass(frozen=True, slots=True)
class Done:
    """One service, for the table."""

    procedure: str
    """Procedure id."""
    code: str
    """Its code; "" where it has none."""
    therapist: str
    """Who did it."""
    time: str
    """"9:00 to 9:30 am"; "" where the record has no times."""
    minutes: int | None
    """Whole minutes of treatment."""
    minutes_from: str
    """Where they were read: "extension", "observation", "period"; "" where there are none."""
    regions: tuple[str, ...]
    """Where on the body, in words where our table knows them."""
    fate: str
    """"billed", or why it is not: "bundled"."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture and its table."""

    bars: tuple[Bar, ...]
    """Services that have a length."""
    lanes: tuple[tuple[float, str], ...]
    """(middle from above, name) of each therapist."""
    ticks: tuple[tuple[float, str], ...]
    """(from the left, "9:00" or "30 min")."""
    colours: tuple[tuple[int, str], ...]
    """(colour, code)."""
    height: float
    """Of the lanes together."""
    timed: bool
    """By the clock; False: only lengths are known, drawn one after the other."""
    told: str
    """What the picture shows, as a sentence."""
    done: tuple[Done, ...]
    """Every service."""


def timeline(
    services: Sequence[Service],
    not_billed: Sequence[NotBilled],
    name: Callable[[str], str],
    regions: RegionTable,
) -> Timeline:
    """The services of a visit. ``name`` says what a reference is called."""
    fates = {one.procedure: one.reason for one in not_billed}
    spans, timed = _spans(services)
    lanes = list(dict.fromkeys(_therapist(one, name) for one in services if one.procedure in spans))
    codes = list(dict.fromkeys(one.code or "" for one in services if one.procedure in spans))
    start = min((span[0] for span in spans.values()), default=0.0)
    end = max((span[1] for span in spans.values()), default=0.0)
    scale = (WIDTH - LEFT) / max(end - start, 1.0)
    bars = []
    for one in services:
        span = spans.get(one.procedure)
        if span is not None:
            lane, wide = lanes.index(_therapist(one, name)), (span[1] - span[0]) * scale
            where = region_words(one.regions, regions)
            told = ", ".join((one.code or "no code", _length(one, span), *where))
            text = _inside(one.code or "", ", ".join(where), wide)
            x, colour = LEFT + (span[0] - start) * scale, codes.index(one.code or "") + 1
            bars.append(Bar(round(x, 1), TOP + lane * LANE + 6, round(max(wide, 2), 1), colour, text, told))
    first = min((one.start for one in services if one.start is not None), default=None) if timed else None
    return Timeline(
        bars=tuple(bars),
        lanes=tuple((TOP + place * LANE + LANE / 2, lane) for place, lane in enumerate(lanes)),
        ticks=tuple(_ticks(start, end, scale, first)),
        colours=tuple((place, code or "no code") for place, code in enumerate(codes, 1)),
        height=TOP + LANE * max(1, len(lanes)),
        timed=timed,
        told=f"{len(bars)} services of {len(lanes)} therapist{'' if len(lanes) == 1 else 's'}",
        done=tuple(_done(one, fates, name, regions) for one in services),
    )


def _inside(code: str, where: str, wide: float) -> str:
    """What fits into a bar."""
    whole = f"{code} {where}".strip()
    return next((text for text in (whole, code) if text and len(text) * _LETTER + 12 <= wide), "")


def region_words(regions: Sequence[str], table: RegionTable) -> tuple[str, ...]:
    """Regions in words: of a code the shortest word of our table that means the same; else as recorded."""
    found = []
    for region in regions:
        its = parts(region, table)
        words = [word for word, other in table.items() if other == its and "|" not in word] if its else []
        found.append(min(words, key=_plainness) if words and "|" in region else region.rpartition("|")[2])
    return tuple(found)


def _plainness(word: str) -> tuple[bool, int]:
    """Whole words before abbreviations ("t spine"), the shortest first."""
    return any(len(part) < 3 for part in word.split()), len(word)


def _therapist(one: Service, name: Callable[[str], str]) -> str:
    return name(one.therapist.id) if one.therapist is not None else _UNKNOWN


def _spans(services: Sequence[Service]) -> tuple[Mapping[str, tuple[float, float]], bool]:
    """(from, to) in minutes of each service that has a length, and whether these are by the clock."""
    clock = {one.procedure: span for one in services if (span := _by_clock(one)) is not None}
    if clock:
        return clock, True
    spans, at = {}, 0.0
    for one in services:
        if one.minutes:
            spans[one.procedure] = (at, at + one.minutes)
            at += one.minutes
    return spans, False


def _by_clock(one: Service) -> tuple[float, float] | None:
    if one.start is None:
        return None
    end = one.end
    if end is None:
        if one.minutes is None:
            return None
        end = one.start + timedelta(minutes=one.minutes)
    begun = one.start.timestamp() / 60
    return (begun, end.timestamp() / 60) if end > one.start else None


def _length(one: Service, span: tuple[float, float]) -> str:
    minutes = one.minutes if one.minutes is not None else int(span[1] - span[0])
    return f"{minutes} minutes"


def _ticks(start: float, end: float, scale: float, first: datetime | None) -> list[tuple[float, str]]:
    """About six marks: by the clock, or minutes from the beginning."""
    whole = -(-(end - start) // (6 * 240)) * 240  # a record whose times lie days apart still is a picture
    step = next((one for one in (5, 10, 15, 30, 60, 120) if (end - start) / one <= 6), whole)
    found, at = [], start if first is None else -(-start // step) * step
    while at <= end:
        text = f"{at - start:.0f} min" if first is None else _clock(first, at - start)
        found.append((round(LEFT + (at - start) * scale, 1), text))
        at += step
    return found


def _clock(first: datetime, minutes: float) -> str:
    at = first + timedelta(minutes=minutes)
    return f"{(at.hour + 11) % 12 + 1}:{at.minute:02}"


def _done(one: Service, fates: Mapping[str, str], name: Callable[[str], str], regions: RegionTable) -> Done:
    time = ""
    if one.start is not None:
        time = clock_time(one.start) + (f" to {clock_time(one.end)}" if one.end is not None else "")
    return Done(
        procedure=one.procedure,
        code=one.code or "",
        therapist=_therapist(one, name),
        time=time,
        minutes=one.minutes,
        minutes_from=one.minute_source.value if one.minute_source is not None else "",
        regions=region_words(one.regions, regions),
        fate=fates.get(one.procedure, "billed").replace("-", " "),
    )


def clock_time(at: datetime) -> str:
    """ "9:05 am", as the value's own zone has it."""
    return f"{(at.hour + 11) % 12 + 1}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"
