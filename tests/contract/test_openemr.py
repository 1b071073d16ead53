"""OpenEMR keeps the contract as far as a host can that takes no Claim and says of little when it changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from builders import condition, consent, coverage, encounter, procedure, ref
from contract.host_contract import (
    HostContract,
    ReadingContract,
    claim_group,
    clinic,
    first_run,
    later_run,
    our_claim,
    our_visit,
    task_group,
    update_group,
)
from contract.schedule_contract import COMPLETE, QuestionsContract, ScheduleContract, calendar, coming
from hosts.mini_openemr import TYPES, MiniOpenEmr
from massage_billing.errors import HostConflict
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.hosts.openemr import OpenEmr
from massage_billing.ports import JsonObject

Json = dict[str, Any]


class OpenEmrRig:
    def __init__(self, server: MiniOpenEmr, **settings: Any) -> None:
        self.server = server
        self.host = OpenEmr("clinic", server.base, settings=FhirSettings(overlap=0, observations=True, **settings))

    def put(self, *resources: Json) -> None:
        """What OpenEMR has a place for; its results always have a time."""
        for one in resources:
            if one["resourceType"] in TYPES:
                dated = (
                    {"effectiveDateTime": "2026-11-20T11:00:00-07:00"} if one["resourceType"] == "Observation" else {}
                )
                self.server.put({**one, **dated})

    def stored(self, type: str) -> list[JsonObject]:
        return list(self.server.resources.get(type, {}).values())

    def spoilt(self, body: Json) -> None:
        return None


class ModuleRig(OpenEmrRig):
    """OpenEMR with our module: what core has no place for, the module has."""

    def put(self, *resources: Json) -> None:
        super().put(*resources)
        for one in resources:
            if one["resourceType"] in self.server.module.types:
                self.server.module.store.put(one)

    def stored(self, type: str) -> list[JsonObject]:
        return self.server.module.store.all(type) if type in self.server.module.types else super().stored(type)

    def spoilt(self, body: Json) -> Json:  # type: ignore[override]
        """It refuses a reference to nobody; the text is there to see that it is not repeated."""
        return {**body, "patient": {"reference": "Patient/nobody", "display": "Jane Synthetic"}}


MOODS: dict[str, tuple[Json, Json]] = {
    "plain": ({}, {}),
    "one at a time": ({"lists": frozenset({"date"})}, {}),
    "small pages": ({}, {"page_size": 1, "result_size": 2, "workers": 1}),
}


class TestOpenEmr(ReadingContract, ScheduleContract):
    @pytest.fixture(params=MOODS, ids=lambda mood: mood.replace(" ", "-"))
    def rig(self, request: pytest.FixtureRequest, httpserver: HTTPServer) -> Iterator[OpenEmrRig]:
        mood, settings = MOODS[request.param]
        rig = OpenEmrRig(MiniOpenEmr(httpserver, **mood), **settings)
        yield rig
        rig.host.close()

    def test_an_appointment_is_complete(self, rig: OpenEmrRig) -> None:  # type: ignore[override]
        """But for open orders: OpenEMR's record what was done, and would be a false prescription."""
        rig.put(*calendar())
        offered = rig.host.capabilities().readable
        wanted = {key for key in COMPLETE.split() if key.partition("/")[0] in offered} - {"ServiceRequest/s2"}
        assert sorted(wanted - coming(rig)["m1"].resources.keys()) == []

    def test_the_subscriber_comes_along(self, rig: OpenEmrRig) -> None:  # type: ignore[override]
        """A patient does; of anybody else OpenEMR's Coverage says nothing, so that no RelatedPerson is asked for."""
        rig.put(*calendar())
        assert {"Coverage/c1", "Patient/p1"} <= coming(rig)["m1"].resources.keys()
        assert rig.server.asked("RelatedPerson") == []

    def test_a_visit_is_complete(self, rig: OpenEmrRig) -> None:  # type: ignore[override]
        rig.put(*clinic())
        found = first_run(rig.host)[0]["e1"].resources
        wanted = (
            "Encounter/e1 Procedure/a1 Procedure/b1 Procedure/o1 Condition/d1 Condition/dd1 Patient/p1 Coverage/c1 "
            "Organization/o1 Organization/o2 Practitioner/t1 PractitionerRole/r1 Location/l1 ServiceRequest/s1 "
            "Practitioner/t2 Observation/b1"
        ).split()
        assert set(wanted) <= found.keys()

    @pytest.mark.parametrize(
        "changed",
        [
            condition("dd1", "M62.830", encounter=ref("Encounter/e1")),
            encounter("e1", meta=..., period={"start": "2026-11-20T10:00:00-07:00"}),
            procedure("new", meta=..., performedDateTime="2026-11-23T10:00:00-07:00"),
        ],
        ids=lambda value: value["resourceType"],
    )
    def test_a_change_is_reported(self, rig: OpenEmrRig, changed: Json) -> None:  # type: ignore[override]
        rig.put(*clinic())
        _, cursor = first_run(rig.host)
        rig.put(changed)
        touched = [one for page in later_run(rig.host, cursor) for one in page.touched]
        assert "e1" in {one.encounter for one in touched}

    def test_the_next_cursor_starts_where_this_run_began(self, rig: OpenEmrRig) -> None:  # type: ignore[override]
        rig.put(*clinic())
        _, cursor = first_run(rig.host)
        second = later_run(rig.host, cursor)[-1].cursor
        rig.put(encounter("e0", meta=..., period={"start": "2026-11-01T10:00:00-07:00"}))
        told = {one.encounter for page in later_run(rig.host, str(second)) for one in page.touched}
        assert "e0" in told

    def test_a_changed_coverage_is_seen_by_reading_again(self, rig: OpenEmrRig) -> None:
        """Nothing says that a Coverage changed; the open holds are read again, as ``real_last_updated`` asks."""
        rig.put(*clinic())
        assert not rig.host.capabilities().real_last_updated
        first_run(rig.host)
        rig.put(coverage("c1", subscriberId="SYN-9999"))
        (record,) = rig.host.visits(["e1"])
        assert record.resources["Coverage/c1"]["subscriberId"] == "SYN-9999"

    def test_each_write_is_refused_by_itself_and_plainly(self, rig: OpenEmrRig) -> None:
        rig.put(*clinic())
        can = rig.host.capabilities()
        assert can.writable == frozenset()
        assert any("no Claim" in note for note in can.notes)
        groups = [claim_group("e1"), task_group("e2")]
        results = list(rig.host.write(groups))
        assert [result.key for result in results] == [group.key for group in groups]
        assert [str(result.problem).partition(";")[0] for result in results] == [
            "Encounter/e1: this OpenEMR takes no Claim or Provenance",
            "Encounter/e2: this OpenEMR takes no Task",
        ]
        assert all(method == "GET" for method, _, _ in rig.server.requests)

    def test_nothing_of_ours_is_found(self, rig: OpenEmrRig) -> None:
        for kind in ("Claim", "Task", "Provenance"):
            assert list(rig.host.find(kind, [our_visit("e1")])) == []
        assert list(rig.host.answers(["Claim/1"])) == []
        assert {path for _, path, _ in rig.server.requests} <= {"metadata"}


class TestOpenEmrWithModule(HostContract, QuestionsContract):
    """Writing as on any FHIR server; reading as of OpenEMR, with what the module knows."""

    @pytest.fixture(params=MOODS, ids=lambda mood: mood.replace(" ", "-"))
    def rig(self, request: pytest.FixtureRequest, httpserver: HTTPServer) -> Iterator[ModuleRig]:
        mood, settings = MOODS[request.param]
        rig = ModuleRig(MiniOpenEmr(httpserver, with_module=True, **mood), **settings)
        yield rig
        rig.host.close()

    test_an_appointment_is_complete = TestOpenEmr.test_an_appointment_is_complete
    test_the_subscriber_comes_along = TestOpenEmr.test_the_subscriber_comes_along

    def test_a_visit_is_complete(self, rig: ModuleRig) -> None:  # type: ignore[override]
        """But for accounts and the visit's appointment, which it does not have."""
        rig.put(*clinic())
        found = first_run(rig.host)[0]["e1"].resources
        wanted = (
            "Encounter/e1 Procedure/a1 Procedure/b1 Procedure/o1 Condition/d1 Condition/dd1 Patient/p1 Coverage/c1 "
            "Organization/o1 Organization/o2 Practitioner/t1 PractitionerRole/r1 Location/l1 ServiceRequest/s1 "
            "Practitioner/t2 Observation/b1 Consent/n1 Claim/x1"
        ).split()
        assert set(wanted) <= found.keys()

    @pytest.mark.parametrize(
        ("changed", "encounter_id"),
        [
            (condition("dd1", "M62.830", encounter=ref("Encounter/e1")), "e1"),
            (encounter("e1", meta=..., period={"start": "2026-11-20T10:00:00-07:00"}), "e1"),
            (procedure("new", meta=..., performedDateTime="2026-11-23T10:00:00-07:00"), "e1"),
            (consent("n1", status="inactive", scope={}, category=[]), None),
        ],
        ids=lambda value: value["resourceType"] if isinstance(value, dict) else "",
    )
    def test_a_change_is_reported(self, rig: ModuleRig, changed: Json, encounter_id: str | None) -> None:  # type: ignore[override]
        rig.put(*clinic())
        _, cursor = first_run(rig.host)
        rig.put(changed)
        touched = {one.reference: one for page in later_run(rig.host, cursor) for one in page.touched if one.version}
        found = touched[f"{changed['resourceType']}/{changed['id']}"]
        assert (found.encounter, found.patient) == (encounter_id, "Patient/p1")

    test_the_next_cursor_starts_where_this_run_began = TestOpenEmr.test_the_next_cursor_starts_where_this_run_began

    def test_our_claims_and_tasks_are_reported_so_that_a_persons_change_is_seen(self, writing: ModuleRig) -> None:  # type: ignore[override]
        """What the module keeps says truly when it changed, though the host as a whole does not."""
        _, cursor = first_run(writing.host)
        (one,) = writing.host.write([claim_group("e1")])
        (two,) = writing.host.write([task_group("e2")])
        told = {each.reference: each for page in later_run(writing.host, cursor) for each in page.touched}
        assert told[one.written[0].reference].encounter == "e1"
        assert told[two.written[0].reference].encounter == "e2"
        assert told[one.written[0].reference].version == "1"

    def test_a_claim_whose_rows_were_billed_is_a_conflict(self, writing: ModuleRig) -> None:
        (made,) = writing.host.write([claim_group("e1")])
        one = made.written[0]
        writing.server.module.billed.add(one.reference.partition("/")[2])
        (late,) = writing.host.write(
            [update_group(one.reference, one.version, {**our_claim("e1"), "status": "cancelled"})]
        )
        assert isinstance(late.problem, HostConflict)
        assert "Synthetic" not in str(late.problem)
