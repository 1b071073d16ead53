"""Records that a message names by an id nobody can read: what they are, in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

READABLE: Final = 15
"""Characters of an id that people still read and compare; ids of OpenEMR and of most servers (UUIDs) have 36."""
TAIL: Final = 6
"""Characters that tell long ids of a kind apart: their last, since ids that count time begin alike."""
_REFERENCE: Final = re.compile(
    r"(?<![\w/.])([A-Z][A-Za-z]{3,40})/([A-Za-z0-9](?:[A-Za-z0-9\-.]{0,62}[A-Za-z0-9])?)", re.ASCII
)
_CALLED: Final = {
    "Account": "the account",
    "Appointment": "the appointment",
    "ChargeItem": "the charge",
    "Claim": "the claim",
    "ClaimResponse": "the payer's answer",
    "Condition": "the diagnosis",
    "Consent": "the consent",
    "Coverage": "the coverage",
    "CoverageEligibilityResponse": "the payer's answer",
    "Encounter": "the visit",
    "Location": "the site",
    "Observation": "the observation",
    "Patient": "the patient",
    "Practitioner": "the therapist",
    "PractitionerRole": "the therapist's role",
    "Procedure": "the service",
    "ServiceRequest": "the order",
}


def pieces(message: str) -> Iterator[tuple[str, str]]:
    """A message in pieces, (text, reference): where the reference is not "", the text stands for it.

    ``Encounter/a35a16aa-44bb-…`` is called "the visit" where the message names one only, else "Encounter …5b630"; ids
    that people can read stay. Joined, the texts are the message as people read it.
    """
    found = [one for one in _REFERENCE.finditer(message) if len(one[2]) > READABLE and not one[2].isalpha()]
    each = {kind: {one[2] for one in found if one[1] == kind} for kind in {one[1] for one in found}}
    at = 0
    for one in found:
        if one.start() > at:
            yield message[at : one.start()], ""
        yield _words(one[1], one[2], len(each[one[1]]) == 1, _begins(message, one.start())), one[0]
        at = one.end()
    if at < len(message):
        yield message[at:], ""


def plain(message: str) -> str:
    """The same as one text."""
    return "".join(text for text, _ in pieces(message))


def short(reference: str) -> str:
    """A reference, or an id alone, as a list shows it: a long id by its end, "Coverage …1be8ca"."""
    kind, _, id = reference.rpartition("/")
    return reference if len(id) <= READABLE else f"{kind} …{id[-TAIL:]}".strip()


def _words(kind: str, id: str, only: bool, begins: bool) -> str:
    called = _CALLED.get(kind)
    if called is None or not only:
        return f"{kind} …{id[-TAIL:]}"
    return called[0].upper() + called[1:] if begins else called


def _begins(message: str, at: int) -> bool:
    """Whether a sentence begins there."""
    before = message[:at].rstrip()
    return not before or before[-1] in ".!?"
