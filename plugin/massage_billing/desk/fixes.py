"""What a rule asks of people, in words: what is wrong, what to do, who does it, where, and what a person may decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict

from massage_billing.coding.rulebook import Rulebook
from massage_billing.model import RulingKind, Who


class _Where(BaseModel):
    """Form of where.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    titles: Mapping[str, str]
    records: Mapping[str, str]
    places: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Fix:
    """What one rule asks of people."""

    rule: str
    """Rule id."""
    title: str
    """What is wrong, in plain words: "Minutes missing"."""
    question: str
    """The question it asks; "" where the rulebook has no such rule any more."""
    fix: str
    """What to do; "" where nothing can be said in general."""
    who: Who | None
    """Who can do it."""
    where: str
    """Where in the EHR, or in which file; "" where that is not known."""
    person_may: frozenset[RulingKind]
    """What a person may decide in spite of it; to write off is always possible."""


@lru_cache(maxsize=1024)
def fix_of(book: Rulebook, rule: str, kind: str) -> Fix:
    """What a rule asks, for a host of a kind ("openemr", "fhir", "folder"); what its rows say is told where all of them
    say the same."""
    text, where = book.rules.get(rule), where_of(rule, kind)
    if text is None:
        return Fix(rule, title_of(rule), "", "", None, where, frozenset())
    rows = [row for row in book.rows if row.rule == rule]
    said = {row.fix for row in rows if row.fix}
    may = frozenset(text.person_may).union(*(row.person_may for row in rows))
    return Fix(rule, title_of(rule), text.question, text.fix or _only(said), text.who, where, may)


def _only(said: set[str]) -> str:
    return next(iter(said)) if len(said) == 1 else ""


_SHORT: Final = {"id": "ID", "mue": "MUE", "ncci": "NCCI", "npi": "NPI"}
"""Words of rule ids that are written in capitals."""


def title_of(rule: str) -> str:
    """What a hold by a rule is called: "Minutes missing", else its id as words: "Therapist NPI"."""
    called = _where().titles.get(rule)
    if called is not None:
        return called
    words = " ".join(_SHORT.get(word, word) for word in rule.split("-"))
    return words[:1].upper() + words[1:]


def where_of(rule: str, kind: str) -> str:
    """Where somebody goes to settle it; "" where that is not known."""
    where = _where()
    record = where.records.get(rule, "")
    return where.places["any"].get(record) or where.places.get(kind, {}).get(record, "")


@cache
def _where() -> _Where:
    text = (files("massage_billing.desk") / "where.yaml").read_text(encoding="utf-8")
    return _Where.model_validate(yaml.safe_load(text))
