"""A visit as stock OpenEMR answers it: order-based and surgery-list Procedures, ICD-10 system, wall-clock times.

Shaped after answers of a running OpenEMR 8.2.0-dev; the people and numbers are invented.
"""

from __future__ import annotations

from datetime import date, datetime

from builders import NPI, concept, coverage, cpt, location, practitioner, problems, read_visit, ref, resource
from massage_billing.fhir import names
from massage_billing.model import CoverageKind, MinuteSource, Reading
from massage_billing.ports import VisitRecord

ICD10 = "http://hl7.org/fhir/sid/icd-10"
E, P, T = "a34b-e1", "a34b-p1", "a34b-t1"
EVENING = "2026-11-20T23:30:00+00:00"
"""Half past eleven in the evening on the clinic's wall; PHP wrote an offset that means nothing."""


def openemr(**changes) -> VisitRecord:
    """An Encounter of one massage that was ordered, and stands in the surgery list too."""
    made = {
        "encounter": resource("Encounter", E, {
            "meta": {"versionId": "1", "lastUpdated": "2026-11-23T10:53:29+00:00"},
            "status": "finished",
            "type": [concept(names.SNOMED, "185349003")],
            "subject": {**ref(f"Patient/{P}"), "type": "Patient"},
            "period": {"start": EVENING},
            "reasonCode": [{"text": "Low back pain, massage 60 min"}],
            "location": [{"location": ref("Location/l1")}],
            "serviceProvider": ref("Organization/o1"),
        }, {}),
        "ordered": resource("Procedure", "a34b-a1", {
            "meta": {"lastUpdated": "2026-11-20T15:00:00+00:00"},
            "basedOn": [ref("ServiceRequest/a34b-a1")],
            "status": "completed",
            "code": cpt("97124"),
            "subject": ref(f"Patient/{P}"),
            "encounter": ref(f"Encounter/{E}"),
            "performedDateTime": EVENING,
            "performer": [{"actor": ref(f"Practitioner/{T}")}],
            "reasonCode": [concept(ICD10, "M54.50")],
            "note": [{"text": "60 minutes table time"}],
        }, {}),
        "listed": resource("Procedure", "a34b-a2", {
            "status": "completed",
            "code": cpt("CPT4:97124"),
            "subject": ref(f"Patient/{P}"),
            "performedDateTime": "2026-11-20T14:00:00+00:00",
            "recorder": ref(f"Practitioner/{T}"),
        }, {}),
        "condition": resource("Condition", "a34b-d1", {
            "subject": ref(f"Patient/{P}"), "code": {"text": "Low back pain"},
            "verificationStatus": concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "unconfirmed"),
        }, {}),
        "coverage": coverage(kind="HIP", beneficiary=ref(f"Patient/{P}"),
                             period={"start": "2026-01-01T00:00:00+00:00"}),
        "therapist": practitioner(T),
        "place": location(place=None),
        **changes,
    }  # fmt: skip
    kept = [each for each in made.values() if each is not None]
    return VisitRecord(E, {f"{each['resourceType']}/{each['id']}": each for each in kept})


READING = Reading("openemr", zone="America/Boise", place_of_service="11", times_as_written=True, finished_is_done=False)


def test_a_stock_visit():
    visit = read_visit(openemr(), READING)
    ordered, listed = visit.services
    assert (visit.date, visit.place_of_service) == (date(2026, 11, 20), "11")
    assert visit.start.replace(tzinfo=None) == datetime(2026, 11, 20, 23, 30)
    assert (ordered.code, ordered.therapist.npi, ordered.minutes, ordered.diagnoses) == (
        "97124",
        NPI,
        None,
        ("M54.50",),
    )
    assert (listed.code, listed.duplicate_of) == ("97124", ordered.procedure)
    assert [diagnosis.code for diagnosis in visit.diagnoses] == ["M54.50"]
    assert visit.coverages[0].kind is CoverageKind.HEALTH
    assert [problem.key for problem in visit.problems] == ["duplicate"]


def test_believing_the_offset_would_move_an_evening_visit_to_another_day():
    believed = Reading("other", zone="Asia/Tokyo", place_of_service="11")
    assert read_visit(openemr(), believed).date == date(2026, 11, 21)


def test_the_treatment_log_of_the_module_outranks_the_order():
    log = resource("Procedure", "log-1", {
        "status": "completed", "code": cpt("97124"), "subject": ref(f"Patient/{P}"),
        "encounter": ref(f"Encounter/{E}"), "performedDateTime": EVENING,
        "performer": [{"actor": ref(f"Practitioner/{T}")}],
        "extension": [{"url": names.EXT_TREATMENT_MINUTES,
                       "valueDuration": {"value": 60, "system": names.UCUM, "code": "min"}}],
    }, {})  # fmt: skip
    visit = read_visit(openemr(log=log), READING)
    counted = [service for service in visit.services if service.duplicate_of is None]
    assert [(service.procedure, service.minutes, service.minute_source) for service in counted] == [
        ("log-1", 60, MinuteSource.EXTENSION)
    ]
    assert counted[0].diagnoses == ("M54.50",)


def test_an_order_that_is_not_done_yet_is_told():
    waiting = resource("Procedure", "a34b-a3", {
        "status": "preparation", "code": {"text": "Manual therapy"}, "subject": ref(f"Patient/{P}"),
        "encounter": ref(f"Encounter/{E}"), "performedDateTime": EVENING,
    }, {})  # fmt: skip
    visit = read_visit(openemr(waiting=waiting), READING)
    assert [problem.key for problem in problems(visit, "visit-finished")] == ["procedure-open"]
