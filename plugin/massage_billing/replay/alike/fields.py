"""Which fields of a visit are not in its key, and why. Tests hold the lists complete."""

from __future__ import annotations

from typing import Final

NAMES: Final = {
    "Visit.host": "which host it is on",
    "Visit.encounter": "its own id",
    "Visit.patient": "whose visit it is; that nobody is named is a Problem",
    "Problem.detail": "words for people",
    "Therapist.id": "only who is who, and in which order lines stand; where credentials are looked at it is in the key",
    "Therapist.npi": "only whether it is one, and who is who; where credentials are looked at it is in the key",
    "Therapist.npis_differ": "then there is no npi, which is in the key; the rest is words",
    "Credential.source": "where it stands",
    "Diagnosis.source": "where it stands",
    "Service.procedure": "its own id; only which stands before which",
    "Service.recorded_as": "words for people",
    "Service.duplicate_of": "only whether there is one",
    "Coverage.id": "its own id; only which stands before which",
    "Coverage.member_id": "only whether there is one",
    "Verified.told": "where the answer stands",
    "Verified.on": "words for people",
    "Accident.source": "where it stands",
    "ForeignClaim.id": "where it stands",
    "ForeignClaim.status": "only live ones are read",
    "Visit.charges": "only whether there are any",
    "TypedCharge.id": "where it stands",
    "TypedCharge.code": "words for people: what the record supports is billed, whatever was typed",
    "TypedCharge.units": "words for people",
}
"""Fields that a rule reads at most to name a thing, to order things or to ask whether there is one: with the reason."""
UNREAD: Final = frozenset(
    """
    Visit.status Visit.date_end Visit.site Visit.place_of_service Visit.last_changed
    Service.minute_source Service.order Coverage.relationship Credential.number
    TypedCharge.modifiers
    """.split()
)
"""Fields that no rule reads: what is wrong with them, reading the record found, and it is a Problem."""
ALONE: Final = frozenset(
    """
    Visit.papers Visit.referral Visit.authorization Visit.onset Service.encounter Coverage.claim_number
    """.split()
)
"""Fields read only for visits that are never answered from memory: papers are counted over visits."""
