"""What a row of a rule file says, in words: a label, what it says, and the source where that is not the row's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from enum import Enum
from functools import singledispatch

from pydantic import BaseModel

from massage_billing.coding import policy_terms as terms
from massage_billing.coding.terms import DatedDiagnosis, Performers, Row

LABELS: Mapping[str, str] = {
    "unit_method": "units are counted by",
    "follows_ncci": "applies NCCI pairs",
    "follows_mue": "applies MUE",
    "keep": "of a pair, keep",
    "pays_bundled": "pays although bundled",
    "patient_pays": "the patient pays, no payer's edits are asked",
    "excludes": "does not pay",
    "therapy_modifier": "plan-of-care modifier",
    "line_modifiers": "further modifiers",
    "daily_caps": "most units a day",
    "payment_caps": "most dollars a day",
    "papers": "papers on file",
    "accident": "of an accident, wants",
    "scope": "does not expect",
    "diagnoses": "covers these diagnoses",
    "filing_days": "days to file",
    "corrections": "takes corrections",
    "unknown": "not known",
    "pooled": "minutes of all codes together",
    "first_unit_minimum": "minutes for the first unit",
    "block_minutes": "minutes of a full unit",
    "bills": "goes on the claim",
    "reason": "listed as",
    "history": "codes with a known history",
    "opens_with": "opened with modifier",
    "separate_service": "modifiers for a separate service",
    "on_claim": "most on a claim",
    "on_line": "most on a line",
    "never_first": "never first",
    "first": "first",
    "at_most": "at most",
}
"""Labels that are more than the name of the key."""
_SOURCED_BY = {
    "follows_ncci": "ncci_source",
    "follows_mue": "mue_source",
    "pays_bundled": "pays_bundled_source",
    "filing_days": "filing_source",
}
_PER = {"code": "each code for itself", "discipline": "each therapy type together", "all": "all together"}
_WITHDRAWN = "withdrawn: the question is no longer asked"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a row says."""

    label: str
    """What it is about."""
    text: str
    """What it says."""
    source: str | None = None
    """Key of its source, where that is not the row's."""


def said(row: Row) -> tuple[Said, ...]:
    """Everything a row says beyond its date, case, source and effects."""
    if row.withdrawn:
        return (Said("", _WITHDRAWN),)
    return tuple(_said(row))


def _said(row: Row) -> Iterator[Said]:
    own = type(row).model_fields
    for name, field in own.items():
        value = getattr(row, name)
        if name in Row.model_fields or name in _SOURCED_BY.values():
            continue
        if not field.is_required() and value == field.get_default():
            continue
        source = getattr(row, _SOURCED_BY.get(name, ""), None)
        for one in value if _is_list_of_models(value) else (value,):
            yield Said(label(name), phrase(one), source or getattr(one, "source", None))


def label(name: str) -> str:
    """A key in words."""
    return LABELS.get(name, name.replace("_", " ").strip())


def _is_list_of_models(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], BaseModel)


def listed(values: Sequence[object]) -> str:
    """Several values: "97124, 97140"."""
    return ", ".join(plain(value) for value in values)


def plain(value: object) -> str:
    """One value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"${value:,.2f}"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(one)}" for key, one in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return listed(list(value))
    return str(value)


@singledispatch
def phrase(value: object) -> str:
    """A value of a row in words; a part that is not known here as its keys and values."""
    if isinstance(value, BaseModel):
        hidden = {"source", "note"}
        told = [
            f"{label(name)} {phrase(getattr(value, name))}"
            for name, field in type(value).model_fields.items()
            if name not in hidden and (field.is_required() or getattr(value, name) != field.get_default())
        ]
        return _noted("; ".join(told), getattr(value, "note", ""))
    return plain(value)


def _noted(text: str, note: str) -> str:
    return f"{text} ({note})" if note else text


def _of(codes: Sequence[str], every: str = "every code") -> str:
    return listed(codes) if codes else every


def _by(taxonomies: Sequence[str]) -> str:
    return f" by providers {listed(taxonomies)}" if taxonomies else ""


@phrase.register
def _(cap: terms.DailyCapTerm) -> str:
    units = f"{cap.units} unit{'' if cap.units == 1 else 's'}"
    return _noted(f"{units} of {_of(cap.codes)}, {_PER.get(cap.per, cap.per)}", cap.note)


@phrase.register
def _(cap: terms.PaymentCapTerm) -> str:
    amount = "an amount that no source gives" if cap.amount is None else plain(cap.amount)
    return _noted(f"{amount}{_by(cap.taxonomies)}: {cap.is_}", cap.note)


@phrase.register
def _(excluded: terms.ExcludesTerm) -> str:
    but = f" but {_of(excluded.all_but)}" if excluded.all_but else ""
    return _noted(f"{_of(excluded.codes)}{but}{_by(excluded.taxonomies)}: {excluded.why}", excluded.note)


@phrase.register
def _(wanted: terms.TherapyModifierTerm) -> str:
    return _noted(f"{wanted.modifier} on {_of(wanted.codes)}", wanted.note)


@phrase.register
def _(wanted: terms.LineModifierTerm) -> str:
    return _noted(f"{wanted.modifier} on {_of(wanted.codes)}{_by(wanted.taxonomies)}", wanted.note)


@phrase.register
def _(scope: terms.ScopeTerm) -> str:
    return _noted(f"{_of(scope.codes)}{_by(scope.taxonomies)}", scope.note)


@phrase.register
def _(covered: terms.DiagnosesTerm) -> str:
    return _noted(f"for {_of(covered.codes)}: those that begin with {listed(covered.begin_with)}", covered.note)


@phrase.register
def _(wanted: terms.AccidentTerm) -> str:
    names = [name.replace("_", " ") for name in ("date", "state", "claim_number") if getattr(wanted, name)]
    return _noted(listed(names) or "nothing", wanted.note)


@phrase.register
def _(taken: terms.CorrectionsTerm) -> str:
    since = "the date of service" if taken.counted_from == "service" else "the payer's answer"
    return _noted(f"for {taken.days} days from {since}", taken.note)


@phrase.register
def _(unknown: terms.UnknownTerm) -> str:
    return f"{unknown.field.replace('-', ' ')}: {unknown.why}"


@phrase.register
def _(who: Performers) -> str:
    return f"{who.discipline}{_by(who.taxonomies)}"


@phrase.register
def _(dated: DatedDiagnosis) -> str:
    since = f" from {dated.start}" if dated.start else ""
    until = f" until {dated.to}" if dated.to else ""
    return f"{dated.code}{since}{until}" + (f", then {listed(dated.instead)}" if dated.instead else "")


@phrase.register
def _(paper: terms.PaperTerm) -> str:
    told = [plain(paper.kind)]
    if paper.codes:
        told.append(f"where {listed(paper.codes)} is billed")
    if paper.from_visit > 1:
        told.append(f"from visit {paper.from_visit} on, counted over the {paper.counted_over}")
    if paper.number_on_claim:
        told.append("its number on the claim")
    counts: list[tuple[int | None, Callable[[int], str]]] = [
        (paper.visits, lambda n: f"good for {n} visits"),
        (paper.days, lambda n: f"good for {n} days"),
        (paper.renewed_days, lambda n: f"{n} days where it continues another"),
        (paper.every_visits, lambda n: f"due every {n} visits"),
        (paper.every_days, lambda n: f"due every {n} days"),
    ]
    told += [words(number) for number, words in counts if number is not None]
    return _noted(", ".join(told), paper.note)
