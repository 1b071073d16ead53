"""The treatment log of OpenEMR's module, among the Procedures of a visit. Pure: resources in, resources out.

For servers whose Procedures are the module's. Each row of the log is a Procedure; they are ``in-progress`` until
whoever treated signs, and ``completed`` then. Only a signed log makes a visit ready (DESIGN 2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from massage_billing.fhir.json import child, codings
from massage_billing.fhir.references import key_of
from massage_billing.hosts.visit_links import ids_at
from massage_billing.ports import JsonObject

_OUT: Final = "entered-in-error"
_SIGNED: Final = frozenset({"completed", "not-done"})


def is_of_log(procedure: JsonObject) -> bool:
    """Whether a Procedure is a row of the treatment log, on a server that has one: core's are based on an order, or of
    the surgery list, whose entries have nobody who did it but somebody who wrote it down."""
    return not procedure.get("basedOn") and ("recorder" not in procedure or bool(procedure.get("performer")))


def signed(resources: Mapping[str, JsonObject], encounter: str) -> bool | None:
    """Whether the log of a visit is signed; None where it has none."""
    states = {row.get("status") for row in _of_visit(resources, encounter) if is_of_log(row)} - {_OUT}
    return states <= _SIGNED if states else None


def beside_log(resources: Mapping[str, JsonObject], encounter: str) -> dict[str, JsonObject]:
    """A visit's resources; an order of a code that its log has too says only that it was done, and on which day.

    An order carries the time of its report and the provider it was written for, not when and by whom it was done. Left
    as they are, they would make two services of one; the log says both (fhir/duplicates.py then counts it once).
    """
    found = dict(resources)
    of_visit = list(_of_visit(resources, encounter))
    logged = {code for row in of_visit if is_of_log(row) and row.get("status") != _OUT for code in _codes(row)}
    for order in of_visit if logged else ():
        key = key_of(order)
        if key is not None and not is_of_log(order) and order.get("basedOn") and logged & set(_codes(order)):
            found[key] = _only_the_day(order)
    return found


def _of_visit(resources: Mapping[str, JsonObject], encounter: str) -> Iterator[JsonObject]:
    for key, resource in resources.items():
        if key.startswith("Procedure/") and encounter in ids_at(resource, "encounter", "Encounter"):
            yield resource


def _codes(procedure: JsonObject) -> Iterator[str]:
    """Its codes, whatever system names them: CPT4 numbers are told by none other."""
    for _, code in codings(child(procedure, "code")):
        yield code.upper().removeprefix("CPT4:").removeprefix("HCPCS:")


def _only_the_day(order: JsonObject) -> JsonObject:
    when = order.get("performedDateTime")
    left = {name: value for name, value in order.items() if name != "performer"}
    return {**left, "performedDateTime": when[:10]} if isinstance(when, str) else left
