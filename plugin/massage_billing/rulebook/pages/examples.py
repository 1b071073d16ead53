"""Examples of rule files as a person reads them: the visit, and what has to come out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date

from pydantic import BaseModel

from massage_billing.coding.example_terms import Expect, Given, GivenCoverage, GivenService
from massage_billing.rulebook.pages.words import listed, plain

_ENTRIES = frozenset({"services", "coverages", "fees", "policy"})
_NAMES = {"npi": "NPI", "taxonomies": "provider taxonomy"}
USUAL = "the standard visit"
"""What an example says that changes nothing of the standard visit."""


def visit_words(given: Given) -> tuple[str, ...]:
    """How an example's visit differs from the standard one, one thing a line."""
    return tuple(_visit(given)) or (USUAL,)


def _visit(given: Given) -> Iterator[str]:
    told = given.model_fields_set
    if given.services is not None and "services" in told:
        yield "; ".join(_service(one) for one in given.services) or "no service"
    if given.coverages is not None and "coverages" in told:
        yield "; ".join(_coverage(one) for one in given.coverages) or "no coverage"
    if given.policy is not None and "policy" in told:
        yield f"policy {given.policy}"
    if given.fees is not None and "fees" in told:
        yield "prices " + ", ".join(f"{code} ${amount:,.2f}" for code, amount in given.fees.items())
    for name in Given.model_fields:
        if name in told and name not in _ENTRIES:
            yield f"{_NAMES.get(name, name.replace('_', ' '))}: {_words(getattr(given, name))}"


def _service(one: GivenService) -> str:
    minutes = f" {one.minutes} min" if one.minutes is not None else ""
    return f"{one.code or 'no code'}{minutes}{_rest(one, frozenset({'code', 'minutes'}))}"


def _coverage(one: GivenCoverage) -> str:
    return f"{plain(one.kind)} coverage{_rest(one, frozenset({'kind'}))}"


def _rest(one: BaseModel, shown: frozenset[str]) -> str:
    """What else it says, in brackets."""
    fields = type(one).model_fields
    told = [
        f"{fields[name].alias or name.replace('_', ' ')} {_words(getattr(one, name))}"
        for name in fields
        if name in one.model_fields_set and name not in shown
    ]
    return f" ({', '.join(told)})" if told else ""


def _words(value: object) -> str:
    if isinstance(value, tuple | list):
        return "; ".join(_words(one) for one in value) if value else "none"
    if isinstance(value, BaseModel):
        return _rest(value, frozenset()).strip(" ()")
    return plain(value)


def outcome_words(expect: Expect) -> tuple[str, ...]:
    """What has to come out, one thing a line."""
    return tuple(_outcome(expect))


def _outcome(expect: Expect) -> Iterator[str]:
    if expect.outcome is not None:
        yield plain(expect.outcome)
    if expect.lines is not None:
        yield f"lines {listed(expect.lines)}" if expect.lines else "no line"
    if expect.not_billed:
        yield f"not billed: {listed(expect.not_billed)}"
    if expect.pointers is not None:
        yield f"diagnosis pointers {'; '.join(expect.pointers)}"
    if expect.total is not None:
        yield f"total {plain(expect.total)}"
    if expect.filing_limit is not None:
        yield f"last day to file {_day(expect.filing_limit)}"
    if expect.result is not None or expect.effect is not None:
        yield "this rule: " + ", ".join(plain(one) for one in (expect.result, expect.effect) if one is not None)
    if expect.findings:
        yield f"findings: {listed(expect.findings)}"


def _day(on: Date) -> str:
    return on.isoformat()
