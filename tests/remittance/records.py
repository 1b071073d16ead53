"""Changes to the record of a visit whose claim was sent."""

from __future__ import annotations

from claims_clinic import Billed, Json
from massage_billing.fhir import names
from massage_billing.ports.ledger import Submission


def procedures(clinic: Billed, one: Submission) -> list[Json]:
    visit = f"Encounter/{one.encounter}"
    return [each for each in clinic.resources("Procedure").values() if each["encounter"]["reference"] == visit]


def shorten(clinic: Billed, one: Submission) -> None:
    """The record says 30 minutes now."""
    (procedure,) = procedures(clinic, one)
    period = procedure.pop("performedPeriod", None)
    if period is not None:
        procedure["performedDateTime"] = period["start"]
    minutes = {"value": 30, "unit": "min", "system": names.UCUM, "code": "min"}
    procedure["extension"] = [{"url": names.EXT_TREATMENT_MINUTES, "valueDuration": minutes}]
    touch(clinic, procedure)


def touch(clinic: Billed, resource: Json) -> None:
    resource.setdefault("meta", {})["versionId"] = "2"
    clinic.put(resource)


def undo(clinic: Billed, one: Submission) -> None:
    """Nothing was done after all."""
    (procedure,) = procedures(clinic, one)
    touch(clinic, {**procedure, "status": "not-done"})
