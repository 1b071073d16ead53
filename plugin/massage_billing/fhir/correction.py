"""Replacing and voiding an adjudicated claim: frequency 7 and 8, and the payer's own number of it (DESIGN 17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from massage_billing.fhir import json as fj
from massage_billing.fhir import names
from massage_billing.fhir.serial import Resource


@dataclass(frozen=True, slots=True)
class Correction:
    """Which adjudicated claim a Claim replaces or voids (DESIGN 17)."""

    frequency: str
    """X12 837P CLM05-3: 7 replaces, 8 voids."""
    prior: str
    """"Claim/12" that is replaced or voided."""
    payer_claim_number: str
    """The payer's own number of that claim (837P REF*F8)."""

    @property
    def voids(self) -> bool:
        """Whether it takes the claim back altogether."""
        return self.frequency == names.VOID


def add_correction(claim: Resource, correction: Correction) -> None:
    """Frequency 7 or 8 names the claim before it and the payer's number for it (X12 837P CLM05-3, REF*F8)."""
    extensions = claim["extension"]
    if isinstance(extensions, list):
        extensions.append({"url": names.EXT_CLAIM_FREQUENCY, "valueCode": correction.frequency})
    prior: Resource = {
        "claim": {"reference": correction.prior},
        "relationship": {"coding": [{"system": names.RELATED_CLAIM, "code": "prior"}]},
        "reference": {"value": correction.payer_claim_number},
    }
    # What is associated (the payer's file of the injury) stays; a claim before that one does not.
    claim["related"] = [prior, *(one for one in fj.children(claim, "related") if "claim" not in one)]


def read_correction(claim: Mapping[str, object]) -> Correction | None:
    """Which claim a Claim as it stands on the host corrects; None for an original."""
    marks = [one for one in fj.children(claim, "extension") if fj.text(one, "url") == names.EXT_CLAIM_FREQUENCY]
    frequency = fj.text(marks[0], "valueCode") if marks else None
    if frequency is None:
        return None
    related = next((one for one in fj.children(claim, "related") if "claim" in one), fj.NOTHING)
    prior, number = fj.text(fj.child(related, "claim"), "reference"), fj.text(fj.child(related, "reference"), "value")
    return Correction(frequency, prior, number) if prior and number else None
