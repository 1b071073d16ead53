"""What is read of a visit for its export is what reading it whole gives."""

from __future__ import annotations

from claims_clinic import Billed
from massage_billing.fhir.billed import BilledVisit, read_billed
from massage_billing.fhir.claim_state import encounters_named
from massage_billing.fhir.professional import ExportTerms, read_claim
from massage_billing.fhir.record import Record
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Visit


def test_a_claim_is_the_same_whether_its_visit_is_read_whole_or_not(billed: Billed) -> None:
    claims = {encounters_named(one)[0]: one for one in billed.resources("Claim").values()}
    briefly = 0
    with billed.exporter() as exporter:
        setup = exporter.setup
        shared = Shared(setup.clinic.payers)
        payers = {row.encounter: row.payer or "" for row in setup.store.rows(setup.host.id)}
        for record in setup.host.visits(sorted(claims)):
            whole = read_visit(record, setup.reading, shared)
            reader = Record(record)
            brief = read_billed(record, setup.reading, shared, reader, whole.date)
            briefly += isinstance(brief, BilledVisit)
            assert (brief.host, brief.encounter, brief.date) == (whole.host, whole.encounter, whole.date)
            assert brief.restricted == whole.restricted
            numbers = [{one.id: one.claim_number for one in each.coverages} for each in (brief, whole)]
            assert numbers[0] == numbers[1]
            terms = ExportTerms(setup.billing, setup.payers, shared.payers, payers[record.encounter])
            claim = claims[record.encounter]
            assert read_claim(reader, claim, brief, terms) == read_claim(record, claim, whole, terms)
    assert 20 < briefly < len(claims)


def test_a_visit_is_read_whole_where_a_wish_may_stand(billed: Billed) -> None:
    """Visits of patients who have a Consent; others of the same clinic are not."""
    asked = {one["patient"]["reference"] for one in billed.resources("Consent").values()}
    with billed.exporter() as exporter:
        setup = exporter.setup
        shared = Shared(setup.clinic.payers)
        for record in setup.host.visits(sorted(billed.resources("Encounter"))):
            visit = read_billed(record, setup.reading, shared, Record(record), None)
            patient = record.resources[f"Encounter/{record.encounter}"].get("subject")
            if patient in [{"reference": one} for one in asked]:
                assert isinstance(visit, Visit)
