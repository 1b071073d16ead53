"""What lies ahead, of OpenEMR: what is asked of its calendar, and what is made of its rows.

``openemr_fixtures/calendar/`` was recorded from a running OpenEMR 8.2.0-dev with synthetic people: single appointments
in several states, a weekly series that began in November, opening hours, lunch, a holiday; insurance of one's own, of a
spouse, one that begins in December and one that ended in November; orders of techniques, open and closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time

import pytest
from pytest_httpserver import HTTPServer

from hosts.mini_openemr import MiniOpenEmr, recorded
from massage_billing.coding.which_coverage import in_force
from massage_billing.errors import HostRejected
from massage_billing.fhir.appointment import read_appointment
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.hosts.openemr import OpenEmr
from massage_billing.hosts.openemr_can import SCOPES
from massage_billing.model import Appointment, Reading

FIRST, LAST = date(2026, 12, 1), date(2026, 12, 3)
READING = Reading("emr", zone="America/Los_Angeles", times_as_written=True, finished_is_done=False)
SELF, SPOUSE, BEGINS, ENDED = "SYN-ACTIVE-0001", "SYN-AUTH-0002", "SYN-ACTIVE-0014", "SYN-ENDED-0005"
"""Member ids of those who are told apart here."""


@pytest.fixture
def server(httpserver: HTTPServer) -> MiniOpenEmr:
    server = MiniOpenEmr(httpserver)
    server.load("calendar")
    return server


@pytest.fixture
def host(server: MiniOpenEmr) -> Iterator[OpenEmr]:
    with OpenEmr("emr", server.base, settings=FhirSettings(overlap=0)) as host:
        yield host  # type: ignore[misc]


def coming(host: OpenEmr, first: date = FIRST, last: date = LAST) -> list[Appointment]:
    return [read_appointment(one, READING) for one in host.appointments(first, last)]


def insured(host: OpenEmr, member: str) -> Appointment:
    """The appointment of whoever has this member id."""
    return next(one for one in coming(host) if [c.member_id for c in one.coverages] == [member])


# --- what is asked ------------------------------------------------------------------------------------------------


def test_each_day_is_asked_for_by_itself(host: OpenEmr, server: MiniOpenEmr) -> None:
    coming(host)
    assert server.asked("Appointment") == [{"date": f"2026-12-0{day}"} for day in (1, 2, 3)]


def test_what_no_scope_is_asked_for_is_never_read(host: OpenEmr, server: MiniOpenEmr) -> None:
    found = coming(host)
    host.seen_before([one.patient for one in found if one.patient], FIRST)
    allowed = {scope.removeprefix("system/").removesuffix(".rs") for scope in SCOPES}
    assert {path.partition("/")[0] for _, path, _ in server.requests} <= {*allowed, "metadata"}


def test_days_in_pages_are_the_same_appointments(server: MiniOpenEmr, host: OpenEmr) -> None:
    with OpenEmr("emr", server.base, settings=FhirSettings(overlap=0, page_size=2)) as paged:
        ids = [one.appointment for one in paged.appointments(FIRST, LAST)]
    assert sorted(ids) == sorted(one.appointment for one in host.appointments(FIRST, LAST))
    assert len(ids) == len(set(ids)) > 2


def test_where_days_find_nothing_it_is_said_and_not_believed(httpserver: HTTPServer) -> None:
    server = MiniOpenEmr(httpserver, days=False)
    server.load("calendar")
    with OpenEmr("emr", server.base) as host, pytest.raises(HostRejected, match="by day"):
        list(host.appointments(FIRST, LAST))


def test_days_without_appointments_have_none(host: OpenEmr) -> None:
    assert coming(host, date(2026, 12, 24), date(2026, 12, 26)) == []


def test_a_site_that_has_no_id_yet_is_given_one(httpserver: HTTPServer) -> None:
    """Seen: a new facility is named by nothing until a Location was asked for, whichever."""
    server = MiniOpenEmr(httpserver, sites_known=False)
    server.load("calendar")
    with OpenEmr("emr", server.base, settings=FhirSettings(overlap=0)) as host:
        assert all(one.site for one in coming(host))
    server.sites_known = False
    with OpenEmr("emr", server.base, settings=FhirSettings(overlap=0)) as host:
        visits = [one for page in host.changes(None, date(2026, 10, 1)) for one in page.records]
    assert len(visits) == 2
    assert all(any(key.startswith("Location/") for key in one.resources) for one in visits)


# --- which rows are appointments ------------------------------------------------------------------------------------


def test_opening_hours_lunch_and_holidays_are_no_appointments(host: OpenEmr) -> None:
    blocked = [one for one in recorded("Appointment", "calendar") if "Patient/" not in str(one["participant"])]
    assert len(blocked) == 3
    given = {one.appointment for one in host.appointments(FIRST, LAST)}
    assert given.isdisjoint(one["id"] for one in blocked)
    assert all(one.patient for one in coming(host))


def test_cancelled_and_missed_ones_are_left_out(host: OpenEmr) -> None:
    assert {one.status for one in coming(host)} == {"proposed", "booked", "pending", "checked-in"}


def test_of_a_series_only_the_first_day_is_there(host: OpenEmr) -> None:
    """The series of the recording is every Tuesday from 2026-11-03 on; 2026-12-01 is one."""
    (series,) = coming(host, date(2026, 11, 3), date(2026, 11, 3))
    assert series.patient not in {one.patient for one in coming(host)}
    assert any("repeating" in note for note in host.capabilities().notes)


def test_an_evening_is_of_the_day_it_is_written_under(host: OpenEmr) -> None:
    evening = max(one.start for one in coming(host, FIRST, FIRST) if one.start is not None)
    assert evening.date() == FIRST
    assert (evening.time(), evening.utcoffset()) == (time(19, 30), evening.replace(hour=9).utcoffset())
    assert str(evening.utcoffset()) == "-1 day, 16:00:00"


# --- what is said of them -------------------------------------------------------------------------------------------


def test_insurance_that_is_draft_today_is_in_force_from_its_first_day(host: OpenEmr) -> None:
    """OpenEMR's status compares the dates with today; the appointment is on another day."""
    sent = [one for one in recorded("Coverage", "calendar") if one["subscriberId"] == BEGINS]
    assert [one["status"] for one in sent] == ["draft"]
    (coverage,) = insured(host, BEGINS).coverages
    assert in_force(coverage, date(2026, 12, 3))
    assert in_force(coverage, date(2026, 12, 2))
    assert not in_force(coverage, date(2026, 12, 1))


def test_insurance_that_ended_was_in_force_until_its_last_day(host: OpenEmr) -> None:
    sent = [one for one in recorded("Coverage", "calendar") if one["subscriberId"] == ENDED]
    assert [one["status"] for one in sent] == ["cancelled"]
    (coverage,) = insured(host, ENDED).coverages
    assert in_force(coverage, date(2026, 11, 23))
    assert not in_force(coverage, date(2026, 11, 24))


def test_who_holds_the_insurance_of_a_spouse_is_not_known(host: OpenEmr) -> None:
    spouse, own = insured(host, SPOUSE), insured(host, SELF)
    assert [one.relationship for one in spouse.coverages] == ["spouse"]
    assert [one.subscriber for one in spouse.holders] == [None]
    assert [one.subscriber for one in own.holders] == [own.person]


def test_an_order_of_a_technique_is_no_prescription(host: OpenEmr) -> None:
    """The patient has two open orders, whose requester is the therapist."""
    own = insured(host, SELF)
    orders = [one for one in recorded("ServiceRequest", "calendar") if one["status"] == "active"]
    assert [one["subject"]["reference"] for one in orders] == [own.patient] * 2
    assert own.papers == ()


def test_therapists_are_those_with_an_npi(host: OpenEmr) -> None:
    by_start = {one.start.strftime("%d %H:%M"): one for one in coming(host) if one.start is not None}
    with_role, without = by_start["01 09:00"].therapists, by_start["01 19:30"].therapists
    assert [(one.npi, one.taxonomies) for one in with_role] == [("1245319599", ("225700000X",))]
    assert [(one.npi, one.taxonomies) for one in without] == [("1679576722", ())]
    assert by_start["01 08:00"].therapists == ()


def test_who_was_there_before_is_known_by_visits(host: OpenEmr) -> None:
    patients = [one.patient for one in coming(host) if one.patient]
    seen = host.seen_before(patients, FIRST)
    assert seen == {insured(host, SELF).patient, insured(host, ENDED).patient}


def test_nothing_that_this_host_lacks_makes_an_appointment_unreadable(host: OpenEmr) -> None:
    assert {problem for one in coming(host) for problem in one.problems} == set()
    assert list(host.eligibility_responses(["CoverageEligibilityRequest/7"])) == []
