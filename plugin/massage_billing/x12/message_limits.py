"""Limits that a payer gives only in words: "20 VISITS PER CALENDAR YEAR", "12 VISITS REMAINING".

Conservative: a text counts only where every clause of it says one number, one unit and one side and nothing else, and
no text of the same benefit casts doubt on it. The texts stay in ``Benefit.messages`` word for word either way. Patterns
are data, rules/eligibility/message_limits.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from decimal import Decimal
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from massage_billing.errors import RuleFileError
from massage_billing.model import Benefit, BenefitKind, Count, CountUnit, Measure
from massage_billing.x12.tables import read_tables, shipped

FILE = "rules/eligibility/message_limits.yaml"
"""The patterns that ship, within the package."""
_KINDS = (BenefitKind.ACTIVE, BenefitKind.LIMIT, BenefitKind.DESCRIPTION)
"""Benefits whose text is a limit; beside a copay it may be how many visits the copay is for."""
_CLAUSES = re.compile(r"[;,]\s*|\.(?:\s+|$)")
_DIGIT = re.compile("[0-9]")
_PUNCTUATION = ".,;:()[]*!/-"
_LONGEST = 264
"""MSG01 is no longer; what is longer is no limit in a few words."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Pattern(_Part):
    side: Measure
    text: str
    source: str


class _File(_Part):
    last_verified_on: Date
    units: dict[CountUnit, list[str]]
    periods: dict[str, list[str]]
    patterns: list[_Pattern]
    prefixes: list[str]
    suffixes: list[str]
    doubt: list[str]


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns, compiled."""

    clauses: tuple[tuple[Measure, re.Pattern[str]], ...]
    """Side and what a whole clause has to look like."""
    units: dict[str, CountUnit]
    """Word to unit."""
    periods: dict[str, str]
    """Words to period."""
    doubt: frozenset[str]
    """Words that make every text of the benefit doubtful."""


def read_patterns(text: str, file: str = FILE) -> Patterns:
    """Type and compile a file of patterns. Raises RuleFileError."""
    given = read_tables(_File, text, file)
    units = {word: unit for unit, words in given.units.items() for word in words}
    periods = {word: period for period, words in given.periods.items() for word in words}
    cells = {
        "n": r"(?P<n>\d{1,4})",
        "of": r"(?P<of>\d{1,4})",
        "unit": f"(?P<unit>{_any(units)})",
        "period": f"(?P<period>{_any(periods)})",
    }
    before = f"(?:(?:{_any(given.prefixes)}) ?)?"
    after = f"(?: (?:{'|'.join(given.suffixes)}))?"
    clauses = []
    for pattern in given.patterns:
        written = re.sub(r"\{(n|of|unit|period)\}", lambda found: cells[found.group(1)], pattern.text)
        try:
            clauses.append((pattern.side, re.compile(f"{before}{written}{after}")))
        except re.error as error:
            raise RuleFileError(file, None, f"has a pattern that is none: {pattern.text}: {error}") from None
    return Patterns(tuple(clauses), units, periods, frozenset(given.doubt))


@lru_cache(maxsize=1)
def default_patterns() -> Patterns:
    """The patterns that ship, read once."""
    return read_patterns(shipped(FILE))


def with_text_limits(benefit: Benefit, patterns: Patterns | None = None) -> Benefit:
    """The benefit with counts of its texts added, unless it counts the same already; ``Count.said`` is the text."""
    found = text_limits(benefit.messages, benefit.kind, benefit.counts, patterns or default_patterns())
    return replace(benefit, counts=(*benefit.counts, *found)) if found else benefit


def text_limits(
    messages: Sequence[str], kind: BenefitKind, counts: Sequence[Count], patterns: Patterns
) -> tuple[Count, ...]:
    """Counts that stand in the texts of a benefit and not yet in ``counts``."""
    if kind not in _KINDS or not any(map(_DIGIT.search, messages)):
        return ()
    known = {(one.unit, one.measure) for one in counts}
    return tuple(one for one in _counts(messages, patterns) if (one.unit, one.measure) not in known)


def _counts(messages: Sequence[str], patterns: Patterns) -> Iterator[Count]:
    words = [text.upper().split() for text in messages]
    if any(word.strip(_PUNCTUATION) in patterns.doubt for text in words for word in text):
        return
    texts = [" ".join(text) for text in words]
    seen: dict[tuple[CountUnit, Measure, str], Decimal] = {}
    found: list[Count] = []
    for text, said in zip(texts, messages, strict=True):
        read = _of_text(text, said, patterns) if len(text) <= _LONGEST else None
        for one in read or ():
            key = (one.unit, one.measure, one.period)
            if seen.setdefault(key, one.quantity) != one.quantity:
                # Two texts that contradict each other: neither is taken.
                return
            found.append(one)
    yield from dict.fromkeys(found)


def _of_text(text: str, said: str, patterns: Patterns) -> list[Count] | None:
    """The counts of a text all of whose clauses are limits; None where one of them is not."""
    counts: list[Count] = []
    for clause in filter(None, (part.strip() for part in _CLAUSES.split(text))):
        read = _of_clause(clause, said, patterns)
        if read is None:
            return None
        counts += read
    return counts


def _of_clause(clause: str, said: str, patterns: Patterns) -> list[Count] | None:
    for side, pattern in patterns.clauses:
        found = pattern.fullmatch(clause)
        if found is None:
            continue
        cells = found.groupdict()
        unit, period = patterns.units[cells["unit"]], patterns.periods.get(cells.get("period") or "", "")
        counts = [Count(Decimal(cells["n"]), unit, side, period, None, said)]
        if cells.get("of"):
            counts.append(Count(Decimal(cells["of"]), unit, Measure.ALLOWED, period, None, said))
        return counts
    return None


def _any(words: Iterable[str]) -> str:
    """A pattern for any of these words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
