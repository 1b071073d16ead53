"""What every host that an EHR's user books at keeps to: what is only proposed is read like what is booked."""

from __future__ import annotations

from typing import Any, cast

import pytest

from contract.host_contract import Rig
from contract.schedule_contract import FIRST, booked, calendar
from massage_billing.ports import AppointmentRecord, JsonObject, Schedule
from massage_billing.ports.booking import Booking, Books, Prefetched

Json = dict[str, Any]


def proposal(id: str = "new", day: str = "02", patient: str = "Patient/p1") -> Json:
    return {**booked(id, day, patient), "status": "proposed"}


class BookingContract:
    """Join as ``HostContract`` says."""

    @pytest.fixture
    def diary(self, rig: Rig) -> Rig:
        rig.put(*calendar())
        return rig

    def booking(self, rig: Rig, *proposed: JsonObject, given: Prefetched | None = None) -> Booking:
        host = rig.host
        assert isinstance(host, Books)
        return host.booking("p1", list(proposed), FIRST, given or {})

    def test_what_is_proposed_comes_with_what_it_rests_on(self, diary: Rig) -> None:
        (record,) = self.booking(diary, proposal()).proposed
        assert record.appointment == "new"
        (real,) = [one for one in cast(Schedule, diary.host).appointments_by_id(["m1"])]
        missing = {"Appointment/m1", "ServiceRequest/s1"}  # what m1 alone is based on
        assert set(real.resources) - missing <= set(record.resources) | missing

    def test_the_patients_other_appointments_come_along_and_nobody_elses(self, diary: Rig) -> None:
        found = self.booking(diary, proposal())
        patients = {ref for one in found.others for ref in one.resources if ref.startswith("Patient/")}
        assert found.others
        assert patients == {"Patient/p1"}
        assert {one.appointment for one in found.others} <= {one["id"] for one in calendar()}

    def test_one_that_is_moved_is_not_met_twice(self, diary: Rig) -> None:
        found = self.booking(diary, proposal("m1", "03"))
        assert [one.appointment for one in found.proposed] == ["m1"]
        assert _start(found.proposed[0]).startswith("2026-12-03")
        assert "m1" not in {one.appointment for one in found.others}

    def test_what_was_looked_up_beforehand_is_used(self, diary: Rig) -> None:
        """Even where it says that there is nothing; but not of Consents."""
        nothing: Json = {"resourceType": "Bundle", "type": "searchset", "total": 0}
        given = {f"{query}=p1": nothing for query in ("Coverage?beneficiary", "Appointment?patient", "Consent?patient")}
        found = self.booking(diary, proposal(), given=given)
        kinds = {reference.partition("/")[0] for reference in found.proposed[0].resources}
        assert "Coverage" not in kinds
        assert "Consent" in kinds
        assert found.others == ()

    @pytest.mark.parametrize(
        "partial",
        [
            {"resourceType": "Bundle", "link": [{"relation": "next", "url": "http://x/?page=2"}]},
            {"resourceType": "Bundle", "total": 3},
            {"resourceType": "OperationOutcome"},
            {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "p1"}}]},
            {"resourceType": "Bundle", "entry": [{"fullUrl": "x"}]},
            {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Coverage"}}]},
        ],
    )
    def test_half_of_it_is_not(self, diary: Rig, partial: Json) -> None:
        found = self.booking(diary, proposal(), given={"Coverage?beneficiary=p1": partial})
        assert any(reference.startswith("Coverage/") for reference in found.proposed[0].resources)


def _start(record: AppointmentRecord) -> str:
    return str(record.resources[f"Appointment/{record.appointment}"]["start"])
