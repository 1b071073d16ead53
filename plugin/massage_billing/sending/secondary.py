"""The steps of billing second payers: claims that the first payer answered, made anew for the second, put into files.

Never while the first payer has not answered whole, never where it sent the claim on itself, never twice: the claim has
a key of its own, and goes through the same ledger as any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from massage_billing.errors import ClaimNotExportable
from massage_billing.fhir import json as fj
from massage_billing.fhir.claim_state import encounters_named, key_of_claim
from massage_billing.fhir.keys import is_later_claim
from massage_billing.fhir.professional import ExportTerms
from massage_billing.fhir.record import Record
from massage_billing.fhir.tasks import digest_of
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model.professional import ProfessionalClaim
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import JsonObject, VisitRecord, VisitRow, VisitState
from massage_billing.ports.ledger import Submission
from massage_billing.remittance.adjudication import Adjudication, adjudications, charged
from massage_billing.sending.again import Again
from massage_billing.sending.choose import Chosen, Left
from massage_billing.sending.export import Exporter, ExportReport
from massage_billing.sending.later import second_claim, second_insurance
from massage_billing.sending.setup import ExportSetup

_SECOND = "S"
_CHUNK = 200
"""Visits that are read together."""
_SENT = (ClaimStanding.EXPORTED, ClaimStanding.ACKNOWLEDGED, ClaimStanding.ACCEPTED)


class SecondaryExporter(Exporter):
    """Puts claims to second payers into files."""

    def run_secondary(
        self, encounters: Collection[str] | None, *, again: Again | None = None, dry_run: bool = False
    ) -> ExportReport:
        """Finish what is missing, then write the claims to second payers of these visits; None: of all.

        Raises HostError, StoreError.
        """
        job = self._begun(again, part=encounters is not None, dry_run=dry_run)
        for count, one in enumerate(SecondClaims(self.setup).found(encounters), 1):
            self.setup.progress.advance("claims", count, None)
            if isinstance(one, Left):
                job.left.append(one)
            else:
                chosen, claim = one
                self._ready(self.setup.receiver_of(claim.payer.key) or "", chosen, claim, job)
        return self._ended(job)


class SecondClaims:
    """Finds claims that may go to their second payer, and makes them."""

    def __init__(self, setup: ExportSetup) -> None:
        self.setup = setup
        self._shared = Shared(setup.clinic.payers)

    def found(self, encounters: Collection[str] | None) -> Iterator[tuple[Chosen, ProfessionalClaim] | Left]:
        """The claims of these visits, or of all, and those that do not go, with why."""
        rows = [
            row
            for row in self.setup.store.rows(self.setup.host.id)
            if row.state is VisitState.CLAIMED
            and row.claim
            and row.claim_key
            and (encounters is None or row.encounter in encounters)
        ]
        for start in range(0, len(rows), _CHUNK):
            yield from self._of(rows[start : start + _CHUNK])

    def _of(self, rows: Sequence[VisitRow]) -> Iterator[tuple[Chosen, ProfessionalClaim] | Left]:
        ledger, host = self.setup.ledger, self.setup.host
        sent = ledger.submissions(host.id, [row.claim_key for row in rows])
        answered = {
            row.encounter: (row, one)
            for row in rows
            if (one := sent.get(row.claim_key)) is not None
            and one.standing is ClaimStanding.ADJUDICATED
            and one.frequency != "8"
        }
        if not answered:
            return
        keys = [one.key for _, one in answered.values()]
        answers = adjudications(ledger.paid_lines(keys), ledger.adjustments_of(keys))
        claims = {key_of_claim(one): one for one in host.find("Claim", keys)}
        named = {each for claim in claims.values() for each in encounters_named(claim)}
        records = {record.encounter: record for record in host.visits(sorted(answered.keys() | named))}
        for encounter, (row, one) in answered.items():
            claim = claims.get(one.key)
            if claim is None or second_insurance(claim) is None:
                continue
            why = _kept_by(one, claim, answers.get(one.key, ()))
            if why:
                yield Left(encounter, one.claim, why)
            else:
                yield self._made(row, one, claim, answers[one.key], records)

    def _made(
        self, row: VisitRow, first: Submission, claim: JsonObject, answers: Sequence[Adjudication],
        records: dict[str, VisitRecord],
    ) -> tuple[Chosen, ProfessionalClaim] | Left:  # fmt: skip
        """The claim to the second payer, or why there is none."""
        spoken_for = {row.encounter, *encounters_named(claim)}
        if not spoken_for <= records.keys():
            return Left(row.encounter, first.claim, "is of a visit that the host does not give any more.")
        visits = {each: read_visit(records[each], self.setup.reading, self._shared) for each in spoken_for}
        if any(visit.restricted is not None for visit in visits.values()):
            return Left(row.encounter, first.claim, "is of a visit of which the patient wants no plan to be told.")
        record, visit = records[row.encounter], visits[row.encounter]
        payer = self._second_payer(record, claim)
        if payer is None or self.setup.receiver_of(payer) is None:
            what = "its second payer is not in payers.yaml" if payer is None else f"no receiver takes claims to {payer}"
            return Left(row.encounter, first.claim, f"cannot go on: {what}.", lacks=True)
        terms = ExportTerms(self.setup.billing, self.setup.payers, self._shared.payers, payer)
        try:
            made = second_claim(record, claim, visit, terms, first, answers)
        except ClaimNotExportable as problem:
            return Left(row.encounter, first.claim, problem.what, lacks=True)
        before = self._before(first, made)
        if isinstance(before, str):
            return Left(row.encounter, first.claim, before)
        sent = self.setup.ledger.submissions(self.setup.host.id, [before.key]).get(before.key)
        rejected = sent if sent is not None and sent.standing is ClaimStanding.REJECTED else None
        return Chosen(row, claim, record, visit, rejected), before

    def _second_payer(self, record: VisitRecord, claim: JsonObject) -> str | None:
        second = second_insurance(claim)
        read = Record(record)
        found = read.resolver.resolve(fj.child(second or fj.NOTHING, "coverage"), claim)
        payors = fj.children(found[1], "payor") if found else []
        return self._shared.payers.of(payors[0], found[1], read.resolver) if found and payors else None

    def _before(self, first: Submission, made: ProfessionalClaim) -> ProfessionalClaim | str:
        """The claim beside what its payer got of this visit before; or why it waits or is not sent."""
        others = [
            one
            for one in self.setup.ledger.of_encounters(self.setup.host.id, [first.encounter])
            if is_later_claim(one.key) and one.rank == _SECOND and one.standing is not ClaimStanding.NOT_SENT
        ]
        if any(one.key == made.key and one.standing is not ClaimStanding.REJECTED for one in others):
            return "was sent to the second payer."
        earlier = [one for one in others if one.key != made.key]
        if any(one.standing in _SENT for one in earlier):
            return "was corrected; the second payer has not answered the claim before it."
        decided = [one for one in earlier if one.standing is ClaimStanding.ADJUDICATED]
        if not decided:
            return made
        last = max(decided, key=lambda one: one.batch)
        if not last.payer_claim_number:
            return "was corrected; the second payer's number of the claim before is not known (`claims mark`)."
        return replace(made, frequency="7", payer_claim_number=last.payer_claim_number)


def _kept_by(first: Submission, claim: JsonObject, answers: Sequence[Adjudication]) -> str:
    """Why a claim does not go to its second payer; "" where nothing speaks against it."""
    if fj.text(claim, "status") != "active" or digest_of(claim) != first.digest:
        return "changed after it was sent to the first payer: `run` corrects it first."
    if any(one.forwarded for one in answers):
        return "was sent on to the second payer by the first itself."
    if not answers or charged(answers) != first.total:
        return "was answered, but no file tells what became of all its lines: `receive` the remittance."
    if sum(one.whole.paid.of_patient for one in answers) <= 0:
        return "leaves nothing to the patient, so nothing to a second payer."
    return ""
