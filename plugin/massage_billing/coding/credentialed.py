"""Was whoever treated enrolled with the payer on the day, and licensed where it was done?

Nothing is replaced: a payer that knows the supervisor only is a hold (DESIGN 14). Without a credentials file nothing
holds; what the host alone records is then pointed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from massage_billing.coding import credential_use
from massage_billing.coding.coverage import Payment
from massage_billing.coding.credential_use import Judged, Whose
from massage_billing.coding.notes import Notes
from massage_billing.model import ClaimLine, Clinic, Enrolled, Therapist, Visit

ENROLLED: Final = "therapist-credentialed"
"""Rule id: enrolment with the payer."""
LICENSED: Final = "therapist-licensed"
"""Rule id: licence of the state."""
_NO_DATA: Final = frozenset({"missing", "untracked", "state"})
"""Cases in which the file does not say, rather than that it says no."""


def check(visit: Visit, lines: Sequence[ClaimLine], payment: Payment, clinic: Clinic, notes: Notes) -> str | None:
    """Leave the findings of both rules; how the claim is billed: "in-network", "out-of-network", "mixed" or None."""
    if not lines:
        return None
    if payment.self_pay or payment.payer is None:
        for rule in (ENROLLED, LICENSED):
            notes.of_patient(rule) if payment.self_pay else notes.bypassed(rule)
        return None
    therapists = {line.therapist.id: line.therapist for line in lines if line.therapist is not None}
    if not clinic.credentials_known and not any(one.credentials for one in therapists.values()):
        notes.bypassed(ENROLLED)
        notes.bypassed(LICENSED)
        return None
    desk = _Desk(visit, list(therapists.values()), payment, clinic, notes)
    network = desk.enrolments()
    desk.licences()
    return network


class _Desk:
    """The credentials of one visit's therapists, on the desk."""

    def __init__(
        self, visit: Visit, therapists: list[Therapist], payment: Payment, clinic: Clinic, notes: Notes
    ) -> None:
        reference = payment.coverage.payer.reference if payment.coverage else None
        self.payers = credential_use.payer_names(payment.payer or "", clinic, reference)
        self.visit, self.therapists, self.clinic, self.notes = visit, therapists, clinic, notes
        self.on = notes.day.on
        self.host = [one for therapist in therapists for one in credential_use.recorded(therapist)]

    def enrolments(self) -> str | None:
        """Of every therapist, and of the clinic where it is listed; the network of the claim."""
        before = len(self.notes.findings)
        judged = [self._therapist(therapist) for therapist in self.therapists]
        group = self._of(self._clinic())
        # Most payers enrol persons: a clinic that is not listed is nobody's finding.
        listed = group.case not in ("missing", "untracked", "silent")
        if listed:
            self._note(ENROLLED, group, "clinic" if group.case else "")
        networks = {one.network for one in judged}
        if {Enrolled.IN_NETWORK, Enrolled.OUT_OF_NETWORK} <= networks:
            self.notes.fail(ENROLLED, "One therapist is in the payer's network and another is not.", "mixed")
        self._pass_or_bypass(ENROLLED, before, judged)
        return credential_use.network(networks, group.network)

    def licences(self) -> None:
        """Of every therapist, in the state of the site."""
        before, state = len(self.notes.findings), self.visit.state
        judged = []
        for therapist in self.therapists:
            who = credential_use.whose(therapist)
            found = credential_use.licence(who, state, self.on, self.clinic, self.host)
            judged.append(found)
            if found.case != "untracked":  # not every state licenses massage
                self._note(LICENSED, found, found.case)
        self._pass_or_bypass(LICENSED, before, judged)

    def _therapist(self, therapist: Therapist) -> Judged:
        found = self._of(credential_use.whose(therapist))
        supervisor = self.visit.supervisor
        if found.case in ("missing", "none", "dates") and supervisor is not None and supervisor.id != therapist.id:
            beside = credential_use.recorded(supervisor)
            if credential_use.enrolment(
                credential_use.whose(supervisor), self.payers, self.on, self.clinic, beside
            ).holds:
                message = f"{found.message} {supervisor.id}, who supervises, is; nobody is put in another's place."
                self._note(ENROLLED, Judged(found.case, message, found.about, by_host=found.by_host), "supervisor")
                return found
        self._note(ENROLLED, found, found.case)
        return found

    def _of(self, who: Whose) -> Judged:
        return credential_use.enrolment(who, self.payers, self.on, self.clinic, self.host)

    def _clinic(self) -> Whose:
        visit = self.visit
        return credential_use.whose_clinic(self.clinic, visit.organization, visit.organization_npi)

    def _note(self, rule: str, found: Judged, case: str) -> None:
        """The finding of what was judged, where it is not well; and where the host says otherwise than the file."""
        if found.differs:
            message = f"{found.differs} says otherwise than {found.about}, which counts."
            self.notes.fail(rule, message, "differs", found.differs)
        if found.case in ("", "silent"):
            return
        if found.case in _NO_DATA and case != "supervisor":
            self.notes.no_data(rule, found.message, case, found.about)
        else:
            by_host = found.by_host and not self.clinic.credentials_known
            self.notes.fail(rule, found.message, "host" if by_host else case, found.about)

    def _pass_or_bypass(self, rule: str, before: int, judged: Sequence[Judged]) -> None:
        if len(self.notes.findings) > before:
            return
        if all(one.holds for one in judged) and judged:
            self.notes.passed(rule)
        else:
            self.notes.bypassed(rule)
