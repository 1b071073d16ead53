"""Items of a CoverageEligibilityResponse become benefits: ours as they were written, others as best we can."""

from __future__ import annotations

from dataclasses import replace

import orjson

from massage_billing.fhir import names
from massage_billing.fhir.benefit_foreign import foreign_item
from massage_billing.fhir.benefit_own import own_item
from massage_billing.fhir.concepts import string
from massage_billing.fhir.leaves import Leaves
from massage_billing.model import Benefit, BenefitKind


def read_items(insurance: Leaves, *, ours: bool) -> tuple[Benefit, ...]:
    """Every benefit of one insurance, in its order. ``ours``: items with our extension are read as we wrote them."""
    found: list[Benefit] = []
    for item in insurance.children("item"):
        said = _json(item)
        detail = next(iter(item.extensions(names.EXT_BENEFIT_DETAIL)), None) if ours else None
        if detail is not None and string(detail, "kind", "valueCode") in set(BenefitKind):
            found.append(replace(own_item(item, detail), said=(said,)))
        else:
            found += [replace(benefit, said=(said,)) for benefit in foreign_item(item)]
    return tuple(found)


def _json(item: Leaves) -> str:
    return orjson.dumps(item.node, default=str).decode(errors="replace")
