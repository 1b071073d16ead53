"""Which other payers the benefits of an answer tell of, whatever form it came in: X12, or the JSON that mirrors it."""

from __future__ import annotations

from collections.abc import Iterable

from massage_billing.model import Benefit, BenefitKind, Entity
from massage_billing.x12.codes import CodeTables

_UNNAMED = "PR"
"""Role of another payer where the benefit names nobody: payer (NM101)."""


def other_payers(benefits: Iterable[Benefit], codes: CodeTables) -> tuple[Entity, ...]:
    """Payers named in benefits that tell of another payer; where such a benefit names none, that there is one."""
    found: list[Entity] = []
    for benefit in benefits:
        if benefit.kind is BenefitKind.OTHER_PAYER:
            payers = [entity for entity in benefit.entities if entity.role in codes.payers]
            found += payers or [Entity(_UNNAMED, benefit.plan)]
    return tuple(dict.fromkeys(found))
