"""Which entry of payers.yaml an Organization of the host is: by reference, identifier or payer id, never by name
(DESIGN 8)."""

from __future__ import annotations

from collections.abc import Sequence

from massage_billing.fhir.json import child, identifiers, text
from massage_billing.fhir.references import Resolver
from massage_billing.model import Payer
from massage_billing.ports import JsonObject


class PayerKeys:
    """The entries of payers.yaml by what an Organization is recognized with."""

    __slots__ = ("_by_identifier", "_by_payer_id", "_by_reference")

    def __init__(self, payers: Sequence[Payer] = ()) -> None:
        self._by_reference: dict[str, set[str]] = {}
        self._by_identifier: dict[tuple[str, str], set[str]] = {}
        self._by_payer_id: dict[str, set[str]] = {}
        for payer in payers:
            for reference in payer.references:
                self._by_reference.setdefault(reference, set()).add(payer.key)
            for identifier in payer.identifiers:
                self._by_identifier.setdefault(identifier, set()).add(payer.key)
            if payer.payer_id is not None:
                self._by_payer_id.setdefault(payer.payer_id, set()).add(payer.key)

    def __bool__(self) -> bool:
        return bool(self._by_reference or self._by_identifier or self._by_payer_id)

    def of(self, reference: JsonObject, parent: JsonObject, resolver: Resolver) -> str | None:
        """Key of the one payer that a Reference of ``parent`` means; None where it means none, or several."""
        if not self:
            return None
        target = resolver.key(reference, parent)
        found = set(self._by_reference.get(target or "", ()))
        pairs = []
        identifier = child(reference, "identifier")
        if (value := text(identifier, "value")) is not None:
            pairs.append((text(identifier, "system") or "", value))
        resolved = resolver.resolve(reference, parent)
        if resolved is not None:
            pairs += identifiers(resolved[1])
        for pair in pairs:
            found |= self._by_identifier.get(pair, set()) | self._by_payer_id.get(pair[1], set())
        return next(iter(found)) if len(found) == 1 else None
