"""Charges that somebody typed by hand, as a host shows them (ChargeItem): OpenEMR's fee sheet, beside its module.

A charge that a Claim made (it names one as its supporting information) is no news. What a charge does not say is not
guessed: no code and no units stay unknown, and a person looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from massage_billing.fhir.codes import read_code
from massage_billing.fhir.json import Faults, child, children, number, text
from massage_billing.fhir.record import Record
from massage_billing.fhir.references import split
from massage_billing.model import Reading, TypedCharge
from massage_billing.ports import JsonObject

_DEAD: Final = frozenset({"entered-in-error", "aborted", "not-billable"})
"""ChargeItem.status of what bills nothing."""


def typed_charges(record: Record, where: str, reading: Reading) -> Iterator[TypedCharge]:
    """Charges of an Encounter ("Encounter/3") that no Claim made, in order of their ids."""
    for key, item in record.all("ChargeItem"):
        faults = record.faults(key)
        if not record.names(item, "context", where) or text(item, "status", faults) in _DEAD or _of_claim(item, faults):
            continue
        read = read_code(item, key, reading.code_map, faults)
        yield TypedCharge(key, read.code, _units(item, faults), read.modifiers)


def _of_claim(item: JsonObject, faults: Faults) -> bool:
    """Whether a Claim made it: one is named as what it rests on."""
    named = (text(each, "reference", faults) for each in children(item, "supportingInformation", faults))
    return any(found is not None and found[0] == "Claim" for each in named if each and (found := split(each)))


def _units(item: JsonObject, faults: Faults) -> int | None:
    """Whole units; None where the charge does not say, or says a fraction."""
    value = number(child(item, "quantity", faults), "value", faults)
    return int(value) if value is not None and value == value.to_integral_value() and value >= Decimal(0) else None
