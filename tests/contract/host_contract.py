"""What every host keeps to, whatever it is: the tests that the real adapters and their fakes pass alike.

To join: write a ``Rig`` for your host, subclass ``HostContract`` in a ``test_<host>.py`` beside this file and give it a
``rig`` fixture. A rig that cannot do a thing says so by a flag, and the tests of that thing check that the host says so
too. ``clinic()`` is the data: put it where your host reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Protocol

import orjson
import pytest

from builders import (
    account,
    appointment,
    claim,
    condition,
    consent,
    coverage,
    encounter,
    location,
    observation,
    organization,
    payer,
    practitioner,
    practitioner_role,
    procedure,
    ref,
    service_request,
)
from massage_billing.errors import HostConflict, HostError
from massage_billing.fhir import names
from massage_billing.fhir.keys import claim_key, full_url, visit_key
from massage_billing.ports import Changes, Host, JsonObject, ListsVisits, Operation, VisitRecord, Write, WriteGroup
from massage_billing.ports.people import People

Json = dict[str, Any]
START = date(2026, 11, 1)


class Rig(Protocol):
    """A host under test and the way behind its back."""

    host: Host

    def put(self, *resources: Json) -> None:
        """Create or replace resources, ids kept, as the EHR would."""

    def stored(self, type: str) -> list[JsonObject]:
        """Every resource of a type that the host holds (for a folder: what was written)."""

    def spoilt(self, body: Json) -> Json | None:
        """The body changed so that this host refuses it; None where it refuses nothing."""


def clinic() -> list[Json]:
    """Two patients, three visits since START and an old one, everything a visit can be built from, referents first."""
    patients = [{"resourceType": "Patient", "id": one, "name": [{"family": "Synthetic"}]} for one in ("p1", "p2")]
    visits: list[Json] = []
    for number, patient, day in (("1", "p1", "20"), ("2", "p1", "18"), ("3", "p2", "20"), ("0", "p2", "01")):
        month = "10" if number == "0" else "11"
        start, end = f"2026-{month}-{day}T10:00:00-07:00", f"2026-{month}-{day}T11:00:00-07:00"
        visit = {"subject": ref(f"Patient/{patient}"), "encounter": ref(f"Encounter/e{number}")}
        visits += [
            condition(f"d{number}", subject=ref(f"Patient/{patient}")),
            encounter(
                f"e{number}",
                meta=...,
                subject=ref(f"Patient/{patient}"),
                period={"start": start, "end": end},
                diagnosis=[{"condition": ref(f"Condition/d{number}")}],
                participant=[{"individual": ref("Practitioner/t1")}],
                **({"account": [ref("Account/k1")], "appointment": [ref("Appointment/m1")]} if number == "1" else {}),
            ),
            condition(f"dd{number}", **visit),
            procedure(f"a{number}", meta=..., performedDateTime=start, **visit),
            procedure(f"b{number}", "97112", 15, meta=..., performedDateTime=start, **visit),
        ]
    return [
        organization(),
        payer(),
        location(),
        practitioner(),
        practitioner("t2"),
        practitioner_role("r1"),
        *patients,
        coverage("c1", subscriberId="SYN-0001"),
        coverage("c2", subscriberId="SYN-0002", beneficiary=ref("Patient/p2")),
        account("k1", "Coverage/c1", subject=[ref("Patient/p1")]),
        appointment("m1", participant=[{"actor": ref("Patient/p1"), "status": "accepted"}]),
        consent("n1", status="active", scope=_scope(), category=[_scope()]),
        service_request("s1"),
        *visits,
        procedure("o1", meta=..., performedDateTime="2026-11-20T10:00:00-07:00", basedOn=[ref("ServiceRequest/s1")]),
        observation("b1", subject=ref("Patient/p1")),
        foreign_claim(),
    ]


def _scope() -> Json:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}


def foreign_claim() -> Json:
    """Somebody else's Claim of visit e1."""
    return claim("x1", **_claim_frame(), item=_items("e1"))


def _claim_frame(patient: str = "p1", cover: str = "c1") -> Json:
    return {
        "type": {"coding": [{"system": names.CLAIM_TYPE, "code": "professional"}]},
        "patient": ref(f"Patient/{patient}"),
        "created": "2026-11-21",
        "provider": ref("Organization/o1"),
        "priority": {"coding": [{"system": names.PROCESS_PRIORITY, "code": "normal"}]},
        "insurance": [{"sequence": 1, "focal": True, "coverage": ref(f"Coverage/{cover}")}],
    }


def _items(visit: str) -> list[Json]:
    line = {"sequence": 1, "productOrService": {"coding": [{"system": names.CPT, "code": "97124"}]}}
    return [{**line, "encounter": [ref(f"Encounter/{visit}")]}]


def our_claim(visit: str, revision: int = 0) -> Json:
    """A Claim as this program writes it."""
    keys = [(names.SID_CLAIM_KEY, claim_key("clinic", visit, revision)), (names.SID_VISIT_KEY, our_visit(visit))]
    return {
        "resourceType": "Claim",
        "identifier": [{"system": system, "value": value} for system, value in keys],
        "status": "active",
        "use": "claim",
        **_claim_frame(),
        "item": _items(visit),
    }


def our_visit(visit: str) -> str:
    return visit_key("clinic", visit)


def our_provenance(key: str, target: str) -> Json:
    return {
        "resourceType": "Provenance",
        "meta": {"tag": [{"system": names.SID_CLAIM_KEY, "code": key}]},
        "target": [ref(target)],
        "recorded": "2026-11-21T10:00:00Z",
        "agent": [{"who": {"display": "massage-billing"}}],
    }


def our_task(visit: str) -> Json:
    return {
        "resourceType": "Task",
        "identifier": [{"system": names.SID_CLAIM_KEY, "value": claim_key("clinic", visit, 0)}],
        "status": "requested",
        "intent": "order",
        "focus": ref(f"Encounter/{visit}"),
        "for": ref("Patient/p1"),
    }


def claim_group(visit: str, revision: int = 0, body: Json | None = None) -> WriteGroup:
    """Claim and Provenance of a visit, each created once."""
    key = claim_key("clinic", visit, revision)
    url = full_url("Claim", key)
    return WriteGroup(
        f"{key}/claim",
        visit,
        (
            create("Claim", body or our_claim(visit, revision), url, f"identifier={names.SID_CLAIM_KEY}|{key}"),
            create(
                "Provenance",
                our_provenance(key, url),
                full_url("Provenance", key),
                f"_tag={names.SID_CLAIM_KEY}|{key}",
            ),
        ),
    )


def task_group(visit: str) -> WriteGroup:
    key = claim_key("clinic", visit, 0)
    match = f"identifier={names.SID_CLAIM_KEY}|{key}"
    return WriteGroup(f"{key}/task", visit, (create("Task", our_task(visit), full_url("Task", key), match),))


def create(type: str, body: Json, url: str, match: str) -> Write:
    return Write(Operation.CREATE, type, orjson.dumps(body), url, match=match)


def update_group(reference: str, version: str | None, body: Json) -> WriteGroup:
    kind, _, logical_id = reference.partition("/")
    write = Write(
        Operation.UPDATE,
        kind,
        orjson.dumps({**body, "id": logical_id}),
        full_url(kind, reference),
        target=reference,
        if_match=version,
    )
    return WriteGroup(f"{reference}/update", "e1", (write,))


def first_run(host: Host, start: date | None = START) -> tuple[dict[str, VisitRecord], str]:
    """All visits of a first run by Encounter id, each delivered once, and the cursor, given last."""
    pages = list(host.changes(None, start))
    records = [record for page in pages for record in page.records]
    assert len(records) == len({record.encounter for record in records})
    assert [page.cursor is None for page in pages] == [True] * (len(pages) - 1) + [False]
    return {record.encounter: record for record in records}, str(pages[-1].cursor)


def later_run(host: Host, cursor: str) -> list[Changes]:
    pages = list(host.changes(cursor, START))
    assert pages[-1].cursor
    return pages


class ReadingContract:
    """The tests of reading: all there is to a host that takes no Claim, and says so."""

    observations: ClassVar[bool] = True
    """Whether this host was told to read Observations."""

    # --- reading ----------------------------------------------------------------------------------------------------

    def test_says_what_it_can(self, rig: Rig) -> None:
        can = rig.host.capabilities()
        assert can.software
        assert {"Encounter", "Procedure", "Patient", "Coverage"} <= can.readable
        assert rig.host.capabilities() == can

    def test_people_are_found_by_their_references(self, rig: Rig) -> None:
        """For names on pages (ports.people): those that are there, whatever else is asked for."""
        rig.put(*clinic())
        wanted = ["Patient/p1", "Practitioner/t1", "Organization/o1", "Patient/gone", "Location/l1", "#p", "Patient/p1"]
        assert isinstance(rig.host, People)
        found = [f"{one['resourceType']}/{one['id']}" for one in rig.host.people(wanted)]
        assert sorted(found) == ["Organization/o1", "Patient/p1", "Practitioner/t1"]
        assert list(rig.host.people([])) == []

    def test_tells_its_own_time(self, rig: Rig) -> None:
        assert rig.host.now().utcoffset() == timedelta(0)

    def test_gives_every_visit_since_the_start_once(self, rig: Rig) -> None:
        rig.put(*clinic())
        records, _ = first_run(rig.host)
        assert {"e1", "e2", "e3"} <= records.keys()
        assert "e0" not in records

    def test_gives_everything_without_a_start(self, rig: Rig) -> None:
        rig.put(*clinic())
        assert first_run(rig.host, None)[0].keys() == {"e0", "e1", "e2", "e3"}

    def test_what_is_listed_is_what_is_read(self, rig: Rig) -> None:
        """Where a host can list: the visits of a first run with their patients, then what a later run is told."""
        rig.put(*clinic())
        if not isinstance(rig.host, ListsVisits):
            return
        records, _ = first_run(rig.host)
        pages = list(rig.host.listed(None, START))
        listed = dict(pair for page in pages for pair in page.encounters)
        assert listed.keys() == records.keys()
        assert {listed["e1"], listed["e2"]} <= {"Patient/p1", "Patient/p2"}
        assert listed["e1"] == "Patient/p1"
        assert [page.cursor is None for page in pages] == [True] * (len(pages) - 1) + [False]
        rig.put(encounter("e1", meta=..., period={"start": "2026-11-20T10:00:00-07:00"}))
        told = [
            (one.reference, one.patient) for page in rig.host.listed(pages[-1].cursor, START) for one in page.touched
        ]
        read = [
            (one.reference, one.patient) for page in later_run(rig.host, str(pages[-1].cursor)) for one in page.touched
        ]
        assert ("Encounter/e1", "Patient/p1") in told
        assert set(told) == set(read)

    def test_a_visit_is_complete(self, rig: Rig) -> None:
        rig.put(*clinic())
        found = first_run(rig.host)[0]["e1"].resources
        wanted = (
            "Encounter/e1 Procedure/a1 Procedure/b1 Procedure/o1 Condition/d1 Condition/dd1 Patient/p1 Coverage/c1 "
            "Organization/o1 Organization/o2 Practitioner/t1 PractitionerRole/r1 Location/l1 Account/k1 "
            "Appointment/m1 Consent/n1 ServiceRequest/s1 Practitioner/t2 Claim/x1"
        ).split()
        assert set(wanted) <= found.keys()
        assert ("Observation/b1" in found) is self.observations
        assert all(found[key]["resourceType"] == key.partition("/")[0] for key in found)

    def test_a_visit_does_not_hold_another_visits_services(self, rig: Rig) -> None:
        rig.put(*clinic())
        record = first_run(rig.host)[0]["e3"]
        procedures = {key for key in record.resources if key.startswith("Procedure/")}
        assert procedures == {"Procedure/a3", "Procedure/b3"}
        assert "Coverage/c1" not in record.resources
        assert "Coverage/c2" in record.resources

    def test_gives_the_visits_asked_for(self, rig: Rig) -> None:
        rig.put(*clinic())
        records = {record.encounter: record for record in rig.host.visits(["e1", "gone", "e0"])}
        assert records.keys() == {"e0", "e1"}
        assert {"Procedure/a1", "Coverage/c1", "Organization/o2"} <= records["e1"].resources.keys()

    def test_no_visits_asked_for_gives_none(self, rig: Rig) -> None:
        assert list(rig.host.visits([])) == []

    def test_an_empty_host_gives_a_cursor_only(self, rig: Rig) -> None:
        records, cursor = first_run(rig.host)
        assert records == {}
        assert cursor

    # --- what changed -----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("changed", "encounter_id", "patient"),
        [
            (coverage("c1", subscriberId="SYN-9999"), None, "Patient/p1"),
            (condition("dd1", "M62.830", encounter=ref("Encounter/e1")), "e1", "Patient/p1"),
            (practitioner("t1", active=True), None, None),
            (encounter("e1", meta=..., period={"start": "2026-11-20T10:00:00-07:00"}), "e1", "Patient/p1"),
        ],
        ids=lambda value: value["resourceType"] if isinstance(value, dict) else "",
    )
    def test_a_change_is_reported(self, rig: Rig, changed: Json, encounter_id: str | None, patient: str | None) -> None:
        rig.put(*clinic())
        _, cursor = first_run(rig.host)
        rig.put(changed)
        key = f"{changed['resourceType']}/{changed['id']}"
        pages = later_run(rig.host, cursor)
        touched = {one.reference: one for page in pages for one in page.touched}
        records = {record.encounter: record for page in pages for record in page.records}
        if records:  # a folder gives its records again
            assert _says(records["e1"].resources[key], changed)
        else:
            assert touched[key].encounter == encounter_id
            assert touched[key].patient == patient
            assert touched[key].version

    def test_the_next_cursor_starts_where_this_run_began(self, rig: Rig) -> None:
        rig.put(*clinic())
        _, cursor = first_run(rig.host)
        rig.put(coverage("c1", subscriberId="SYN-9999"))
        second = later_run(rig.host, cursor)[-1].cursor
        rig.put(coverage("c2", beneficiary=ref("Patient/p2"), subscriberId="SYN-8888"))
        pages = later_run(rig.host, str(second))
        told = {one.reference for page in pages for one in page.touched}
        told |= {key for page in pages for record in page.records for key in record.resources}
        assert "Coverage/c2" in told

    def test_a_cursor_can_be_made_of_a_moment(self, rig: Rig) -> None:
        rig.put(*clinic())
        past = rig.host.cursor_at(datetime(2025, 1, 1, tzinfo=UTC))
        pages = later_run(rig.host, past)
        told = {one.encounter for page in pages for one in page.touched}
        told |= {record.encounter for page in pages for record in page.records}
        assert "e1" in told


class HostContract(ReadingContract):
    """The tests of a host that takes Claims: reading and writing."""

    # --- writing ----------------------------------------------------------------------------------------------------

    @pytest.fixture
    def writing(self, rig: Rig) -> Rig:
        """The rig with its clinic, where the host takes Claims."""
        if not rig.host.capabilities().takes_claims():
            pytest.skip("this host takes no Claim, and says so")
        rig.put(*clinic())
        return rig

    def test_writes_a_group_whose_members_refer_to_each_other(self, writing: Rig) -> None:
        (result,) = writing.host.write([claim_group("e1")])
        assert result.problem is None
        claim_written, provenance = result.written
        assert (claim_written.created, provenance.created) == (True, True)
        assert provenance.reference.startswith("Provenance/")
        (stored,) = writing.stored("Provenance")
        assert _points_at(stored, claim_written.reference)

    def test_a_second_write_finds_the_first(self, writing: Rig) -> None:
        (first,) = writing.host.write(
            [
                claim_group("e1"),
            ]
        )
        (second,) = writing.host.write([claim_group("e1")])
        assert [one.reference for one in second.written] == [one.reference for one in first.written]
        assert not any(one.created for one in second.written)
        assert second.written[0].existing is not None
        assert second.written[0].existing["status"] == "active"
        assert len(_ours(writing)) == 1
        assert len(writing.stored("Provenance")) == 1

    def test_the_same_key_twice_in_one_call_is_stored_once(self, writing: Rig) -> None:
        results = list(writing.host.write([claim_group("e1"), claim_group("e1"), claim_group("e2")]))
        assert [result.problem for result in results] == [None] * 3
        assert len(_ours(writing)) == 2

    def test_many_groups_each_get_a_result(self, writing: Rig) -> None:
        groups = [claim_group("e1", revision) for revision in range(30)]
        results = list(writing.host.write(groups))
        assert {result.key for result in results} == {group.key for group in groups}
        assert len(_ours(writing)) == 30

    def test_a_refused_group_fails_alone(self, writing: Rig) -> None:
        spoilt = writing.spoilt(our_claim("e2"))
        if spoilt is None:
            pytest.skip("this host refuses nothing")
        groups = [claim_group("e1"), claim_group("e2", body=spoilt), claim_group("e3")]
        results = {result.key: result for result in writing.host.write(groups)}
        assert results[groups[0].key].problem is None
        assert results[groups[2].key].problem is None
        problem = results[groups[1].key].problem
        assert isinstance(problem, HostError)
        assert "Synthetic" not in str(problem)
        assert len(_ours(writing)) == 2

    def test_updates_what_has_the_version(self, writing: Rig) -> None:
        (made,) = writing.host.write([claim_group("e1")])
        one = made.written[0]
        (result,) = writing.host.write(
            [update_group(one.reference, one.version, {**our_claim("e1"), "status": "draft"})]
        )
        assert result.problem is None
        assert result.written[0].reference == one.reference
        assert result.written[0].version != one.version
        assert [found["status"] for found in writing.host.find("Claim", [claim_key("clinic", "e1", 0)])] == ["draft"]

    def test_an_update_of_an_old_version_is_a_conflict(self, writing: Rig) -> None:
        (made,) = writing.host.write([claim_group("e1")])
        one = made.written[0]
        (_,) = writing.host.write([update_group(one.reference, one.version, {**our_claim("e1"), "status": "draft"})])
        (late,) = writing.host.write(
            [update_group(one.reference, one.version, {**our_claim("e1"), "status": "cancelled"})]
        )
        assert isinstance(late.problem, HostConflict)
        assert [found["status"] for found in writing.host.find("Claim", [claim_key("clinic", "e1", 0)])] == ["draft"]

    def test_finds_by_claim_key_visit_key_and_tag(self, writing: Rig) -> None:
        list(writing.host.write([claim_group("e1"), claim_group("e1", 1), claim_group("e2"), task_group("e3")]))
        host, key = writing.host, claim_key("clinic", "e1", 1)
        assert [_keys(found) for found in host.find("Claim", [key])] == [{key, our_visit("e1")}]
        assert len(list(host.find("Claim", [our_visit("e1")]))) == 2
        assert len(list(host.find("Claim", [our_visit("e1"), our_visit("e2"), "MBNOBODY"]))) == 3
        assert len(list(host.find("Provenance", [key]))) == 1
        assert len(list(host.find("Task", [claim_key("clinic", "e3", 0)]))) == 1
        assert list(host.find("Claim", [])) == []

    def test_a_record_holds_what_was_written_or_the_host_says_not(self, writing: Rig) -> None:
        list(writing.host.write([claim_group("e1"), task_group("e2")]))
        if not writing.host.capabilities().records_hold_writes:
            return
        records = {record.encounter: record for record in writing.host.visits(["e1", "e2"])}
        assert claim_key("clinic", "e1", 0) in _all_keys(records["e1"], "Claim")
        assert claim_key("clinic", "e2", 0) in _all_keys(records["e2"], "Task")

    def test_our_claims_and_tasks_are_reported_so_that_a_persons_change_is_seen(self, writing: Rig) -> None:
        _, cursor = first_run(writing.host)
        (one,) = writing.host.write([claim_group("e1")])
        (two,) = writing.host.write([task_group("e2")])
        told = {each.reference: each for page in later_run(writing.host, cursor) for each in page.touched}
        if writing.host.capabilities().real_last_updated:
            assert told[one.written[0].reference].encounter == "e1"
            assert told[two.written[0].reference].encounter == "e2"

    def test_answers_to_a_claim_are_evidence(self, writing: Rig) -> None:
        if "ClaimResponse" not in writing.host.capabilities().readable:
            return
        (made,) = writing.host.write([claim_group("e1")])
        reference = made.written[0].reference
        assert list(writing.host.answers([reference])) == []
        writing.put(claim_response("cr1", reference))
        assert [found["id"] for found in writing.host.answers([reference])] == ["cr1"]


def claim_response(id: str, reference: str) -> Json:
    return {
        "resourceType": "ClaimResponse",
        "id": id,
        "status": "active",
        "type": {"coding": [{"system": names.CLAIM_TYPE, "code": "professional"}]},
        "use": "claim",
        "patient": ref("Patient/p1"),
        "created": "2026-11-22",
        "insurer": ref("Organization/o2"),
        "request": ref(reference),
        "outcome": "complete",
    }


def _says(found: JsonObject, wanted: Json) -> bool:
    return all(found.get(name) == value for name, value in wanted.items() if name != "meta")


def _points_at(provenance: JsonObject, reference: str) -> bool:
    targets: Any = provenance["target"]
    return str(targets[0]["reference"]).split("/_history")[0].endswith(reference)


def _keys(resource: JsonObject) -> set[str]:
    listed: Any = resource.get("identifier", [])
    return {str(entry["value"]) for entry in listed}


def _all_keys(record: VisitRecord, kind: str) -> set[str]:
    return {key for name, found in record.resources.items() if name.startswith(f"{kind}/") for key in _keys(found)}


def _ours(rig: Rig) -> list[JsonObject]:
    return [found for found in rig.stored("Claim") if any(key.startswith("MB") for key in _keys(found))]


def pages_of(changes: Iterator[Changes]) -> list[Changes]:
    return list(changes)
