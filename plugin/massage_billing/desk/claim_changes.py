"""What changed of a claim against what was sent: the record is read again and decided again, nothing is written."""

from __future__ import annotations

from datetime import date as Date

from massage_billing.fhir.claim_state import key_of_claim
from massage_billing.fhir.keys import is_later_claim
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Submission
from massage_billing.program import Program
from massage_billing.remittance.changes import Changes, Deadline, answered_on, changes, deadline_of
from massage_billing.run.batch import at_clinic
from massage_billing.service import Billing


def claim_changes(program: Program, encounter: str, today: Date) -> tuple[Changes, ...]:
    """Of each sent claim of a visit but those to second payers, which follow the first. Raises HostError."""
    setup = program.setup
    if setup.ledger is None:
        return ()
    claims = [one for one in setup.ledger.of_encounters(setup.host.id, [encounter]) if not is_later_claim(one.key)]
    if not claims:
        return ()
    _, decision = program.visit_and_decision(encounter)
    planned = Billing(setup).would(encounter)
    if planned is None:
        return ()
    group = planned.entry.group
    writes = group.writes if group else ()
    found = {key_of_claim(one): one for one in setup.host.find("Claim", [claim.key for claim in claims])}
    return tuple(
        changes(one, found.get(one.key), decision.lines, (planned.entry.row, writes), _deadline(program, one, today))
        for one in claims
    )


def _deadline(program: Program, claim: Submission, today: Date) -> Deadline | None:
    """Until when the claim's payer takes corrections of it, by its policy on the date of service."""
    setup = program.setup
    name = next((one.policy for one in setup.clinic.payers if one.key == claim.payer), "")
    policy = setup.book.on(claim.date).policies.get(name)
    term = policy.terms.corrections if policy else None
    if policy is None or term is None or claim.standing is not ClaimStanding.ADJUDICATED or setup.ledger is None:
        return None
    paid = answered_on(one.date for one in setup.ledger.paid_lines([claim.key]))
    zone = at_clinic(setup).tzinfo
    said = answered_on(
        one.at.astimezone(zone).date()
        for one in setup.ledger.life(claim.key)
        if one.standing is ClaimStanding.ADJUDICATED
    )
    return deadline_of(term, policy.sources[term.source], claim.date, paid or said, today)
