"""What is put right of OpenEMR's FHIR, and what is left alone because it could mean two things."""

from __future__ import annotations

from typing import Any

import pytest

from builders import coverage, encounter, observation, period, practitioner_role, procedure, ref, service_request
from massage_billing.fhir import names
from massage_billing.hosts.openemr_mend import in_turn, mended, referred, with_procedures

Json = dict[str, Any]
TIME = "2026-11-20T11:00:00+00:00"


# --- taxonomies ---------------------------------------------------------------------------------------------------


def test_a_taxonomy_written_as_a_string_becomes_a_specialty() -> None:
    role = mended(practitioner_role("r1", specialty=..., code=[{"coding": ["225700000X"]}, {"coding": ["225700000X"]}]))
    assert role["specialty"] == [{"coding": [{"system": names.NUCC, "code": "225700000X"}]}]
    assert "code" not in role


def test_the_specialty_comes_before_the_role() -> None:
    found: Any = mended(practitioner_role(code=[{"coding": ["225700000X"]}, {"coding": ["163WM1400X"]}]))
    assert [one["coding"][0]["code"] for one in found["specialty"]] == ["163WM1400X", "225700000X"]


@pytest.mark.parametrize("coding", [[{"system": "x", "code": "225700000X"}], ["doctor"], "225700000X", None, [7]])
def test_a_role_that_names_no_taxonomy_is_left_alone(coding: object) -> None:
    role = practitioner_role(meta=..., code=[{"coding": coding}])
    assert mended(role) == role


# --- surgery lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"performer": ..., "recorder": ref("Practitioner/t1")}, False),
        ({"recorder": ref("Practitioner/t1")}, True),
        ({"performer": ...}, True),
        ({"performer": ..., "recorder": ref("Practitioner/t1"), "basedOn": [ref("ServiceRequest/s1")]}, True),
    ],
    ids=["list entry", "performed", "neither", "ordered"],
)
def test_only_a_list_entry_loses_its_encounter(changes: Json, kept: bool) -> None:
    assert ("encounter" in mended(procedure(**changes))) is kept


def test_what_is_given_is_never_changed() -> None:
    given = procedure(performer=..., recorder=ref("Practitioner/t1"), meta={"versionId": "1", "lastUpdated": TIME})
    before = dict(given)
    mended(given)
    assert given == before


def test_a_version_without_a_time_is_kept() -> None:
    assert mended(encounter(meta={"versionId": "1"}))["meta"] == {"versionId": "1"}
    assert mended(encounter(meta={"versionId": "7", "lastUpdated": TIME}))["meta"] == {
        "versionId": "7",
        "lastUpdated": TIME,
    }


# --- coverages ----------------------------------------------------------------------------------------------------


def cover(id: str, start: str | None, order: int = 1, **more: Any) -> Json:
    return coverage(id, order=order, period=period(f"{start}T00:00:00+00:00") if start else {}, **more)


@pytest.mark.parametrize(
    ("status", "dates", "wanted"),
    [
        ("draft", ("2027-01-01T00:00:00+00:00", None), "active"),
        ("cancelled", ("2026-01-01T00:00:00+00:00", "2026-11-23T00:00:00+00:00"), "active"),
        ("active", ("2026-01-01T00:00:00+00:00", None), "active"),
        ("draft", (None, None), "draft"),
        ("cancelled", ("2026-01-01T00:00:00+00:00", None), "cancelled"),
        ("entered-in-error", ("2026-01-01T00:00:00+00:00", "2026-11-23T00:00:00+00:00"), "entered-in-error"),
    ],
)
def test_a_status_that_only_repeats_a_date_is_left_to_the_date(
    status: str, dates: tuple[str | None, str | None], wanted: str
) -> None:
    written = {name: day for name, day in zip(("start", "end"), dates, strict=True) if day}
    assert mended(coverage("c1", status=status, period=written))["status"] == wanted


def ends(coverages: list[Json]) -> dict[str, object]:
    found: Any = in_turn(coverages)
    return {one["id"]: one["period"].get("end") for one in found}


def test_the_next_insurance_ends_the_one_before() -> None:
    given = [cover("new", "2026-01-01"), cover("old", "2024-01-01"), cover("older", None)]
    assert ends(given) == {"new": None, "old": "2025-12-31", "older": "2023-12-31"}


def test_other_ranks_and_other_patients_end_nothing() -> None:
    other = cover("other", "2026-06-01", beneficiary=ref("Patient/p2"))
    assert ends([cover("a", "2026-01-01"), cover("b", "2026-06-01", order=2), other]) == {
        "a": None,
        "b": None,
        "other": None,
    }


def test_two_that_begin_together_stay_for_a_person() -> None:
    assert ends([cover("a", "2026-01-01"), cover("b", "2026-01-01")]) == {"a": None, "b": None}


def test_a_written_end_stays() -> None:
    old = coverage("old", order=1, period=period("2024-01-01", "2026-03-31"))
    assert ends([old, cover("new", "2026-01-01")]) == {"old": "2026-03-31", "new": None}


# --- results of orders --------------------------------------------------------------------------------------------


def ordered(id: str = "a1", **changes: Any) -> Json:
    made: Json = {"performedDateTime": TIME, "performedPeriod": ..., "basedOn": [ref(f"ServiceRequest/{id}")]}
    return procedure(id, **{**made, **changes})


def result(**changes: Any) -> Json:
    made: Json = {
        "partOf": ...,
        "effectiveDateTime": TIME,
        "encounter": ref("Encounter/e1"),
        "performer": [ref("Practitioner/t1")],
        "category": [{"coding": [{"system": "x", "code": "laboratory"}]}],
    }
    return observation(**{**made, **changes})


def owner(found: Json, *procedures: Json) -> object:
    (made,) = with_procedures([found], procedures)
    return made.get("partOf")


def test_a_result_belongs_to_the_one_order_of_its_time_and_performer() -> None:
    assert owner(result(), ordered()) == [{"reference": "Procedure/a1"}]


def test_of_two_orders_that_agree_neither_gets_it() -> None:
    assert owner(result(), ordered("a1"), ordered("a2")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"effectiveDateTime": "2026-11-20T11:01:00+00:00"},
        {"performer": [ref("Practitioner/t2")]},
        {"encounter": ref("Encounter/e2")},
        {"encounter": ...},
        {"category": [{"coding": [{"system": "x", "code": "vital-signs"}]}]},
        {"effectiveDateTime": ...},
    ],
    ids=["time", "performer", "visit", "no visit", "category", "no time"],
)
def test_a_result_that_differs_belongs_to_nobody(changes: Json) -> None:
    assert owner(result(**changes), ordered()) is None


@pytest.mark.parametrize("changes", [{"status": "preparation"}, {"basedOn": ...}], ids=["not done", "no order"])
def test_a_procedure_that_is_no_finished_order_owns_nothing(changes: Json) -> None:
    assert owner(result(), ordered(**changes)) is None


def test_a_result_that_says_whose_it_is_is_believed() -> None:
    assert owner(result(partOf=[ref("Procedure/z")]), ordered()) == [{"reference": "Procedure/z"}]


# --- who referred -------------------------------------------------------------------------------------------------


def visit(*participants: Json, requester: str = "Practitioner/t1") -> dict[str, Json]:
    return {
        "Encounter/e1": encounter(participant=list(participants)),
        "ServiceRequest/s1": service_request(requester=ref(requester), encounter=ref("Encounter/e1")),
        "Procedure/a1": procedure(basedOn=[ref("ServiceRequest/s1")]),
    }


REFERRER = {"type": [{"coding": [{"code": "REF"}]}], "individual": ref("Practitioner/t9")}
PERFORMER = {"type": [{"coding": [{"code": "PPRF"}]}], "individual": ref("Practitioner/t1")}


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        (visit(PERFORMER, REFERRER), ref("Practitioner/t9")),
        (visit(PERFORMER), None),
        (visit(PERFORMER, requester="Practitioner/t5"), ref("Practitioner/t5")),
    ],
    ids=["referred", "own order", "somebody else's order"],
)
def test_who_referred_is_the_encounters_referrer(resources: dict[str, Json], wanted: Json | None) -> None:
    assert referred(resources, "e1")["ServiceRequest/s1"].get("requester") == wanted


def test_the_order_of_another_visit_is_left_alone() -> None:
    resources = visit(REFERRER)
    resources["ServiceRequest/s1"]["encounter"] = ref("Encounter/e2")
    assert referred(resources, "e1") == resources
