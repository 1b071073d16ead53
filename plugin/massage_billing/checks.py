"""Every check a Claim passes before it is written, in one callable: schema, model, and our own (DESIGN, Libraries)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date as Date
from functools import lru_cache

from massage_billing.coding.rulebook import Rulebook
from massage_billing.fhir.claim_checks import claim_faults
from massage_billing.fhir.schemas import Validator
from massage_billing.fhir.serial import Resource, to_bytes
from massage_billing.profiles import load_schema


def claim_checker(book: Rulebook, *, schema: bool = True, model: bool = True) -> Callable[[Resource], Sequence[str]]:
    """A function that lists the faults of a built Claim; empty where it may be written."""

    @lru_cache(maxsize=10_000)
    def known_code(code: str, on: str) -> bool:
        return code in book.on(Date.fromisoformat(on)).codes

    validator = Validator(load_schema("Claim")) if schema else None

    def check(claim: Resource) -> Sequence[str]:
        faults = [str(problem) for problem in validator.check(claim)] if validator else []
        faults.extend(claim_faults(claim, known_code))
        if model and not faults:
            faults.extend(_model_faults(claim))
        return faults

    return check


def _model_faults(claim: Resource) -> list[str]:
    """What fhir.resources (R4B: the bare import is R5) refuses; names places, never values."""
    from fhir.resources.R4B.claim import Claim
    from pydantic import ValidationError

    try:
        Claim.model_validate_json(to_bytes(claim))
    except ValidationError as error:
        return [f"{'.'.join(str(place) for place in found['loc'])}: {found['type']}" for found in error.errors()]
    return []
