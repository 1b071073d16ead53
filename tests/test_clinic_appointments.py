"""Coming appointments of the synthetic clinic: all that can be found before a visit; the visits stay as they were."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from massage_billing.clinic_maker import CASES, make_clinic
from massage_billing.fhir import names
from massage_billing.hosts.folder import FolderHost
from massage_billing.payers.simulated.members import UNKNOWN, script_of
from test_clinic_maker import Json, digest, references, resources

FROM = date(2026, 12, 2)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clinic small enough that every case is there, in the order of the table."""
    folder = tmp_path_factory.mktemp("ahead")
    make_clinic(folder, 200, appointments=60, appointments_from=FROM)
    return folder


def appointment(folder: Path, key: str) -> Json:
    number = [case.key for case in CASES].index(key)
    return next(one for one in resources(folder, "Appointment") if one["id"] == f"appointment-{number}")


def patient(one: Json) -> str:
    return str(one["participant"][0]["actor"]["reference"])


def coverages(folder: Path, key: str) -> list[Json]:
    whose = patient(appointment(folder, key))
    return [one for one in resources(folder, "Coverage") if one["beneficiary"]["reference"] == whose]


def test_the_same_arguments_make_the_same_bytes(tmp_path: Path) -> None:
    for name, start in (("one", FROM), ("two", FROM), ("three", FROM + timedelta(days=1))):
        make_clinic(tmp_path / name, 60, appointments=40, appointments_from=start)
    assert digest(tmp_path / "one") == digest(tmp_path / "two") != digest(tmp_path / "three")


def test_visits_are_the_same_with_appointments_and_without(tmp_path: Path) -> None:
    make_clinic(tmp_path / "without", 300)
    make_clinic(tmp_path / "with", 300, appointments=90)
    for kind in ("Encounter", "Procedure", "Condition", "Group", "Account"):
        before = [file.read_bytes() for file in sorted((tmp_path / "without").glob(f"{kind}.*"))]
        assert before == [file.read_bytes() for file in sorted((tmp_path / "with").glob(f"{kind}.*"))]
    assert not list((tmp_path / "without").glob("Appointment.*"))


@pytest.mark.parametrize(("visits", "number"), [(1, 1), (1, 40), (40, 7), (300, 1000)])
def test_there_are_as_many_as_were_asked_for_each_of_another_patient(tmp_path: Path, visits: int, number: int) -> None:
    made = make_clinic(tmp_path, visits, appointments=number)
    found = list(resources(tmp_path, "Appointment"))
    assert len({one["id"] for one in found}) == len({patient(one) for one in found}) == made["Appointment"] == number
    assert made["Encounter"] == visits


def test_everything_that_is_referred_to_is_there(clinic: Path) -> None:
    everything = list(resources(clinic))
    keys = {f"{one['resourceType']}/{one['id']}" for one in everything}
    assert len(keys) == len(everything)
    for one in everything:
        assert set(references(one)) <= keys


def test_they_are_within_seven_days_on_open_days_and_no_therapist_has_two_at_once(tmp_path: Path) -> None:
    make_clinic(tmp_path, 900, appointments=400, appointments_from=FROM)
    times: dict[str, list[tuple[str, str]]] = {}
    for one in resources(tmp_path, "Appointment"):
        day = date.fromisoformat(one["start"][:10])
        assert FROM <= day < FROM + timedelta(days=7)
        assert day.weekday() != 6
        assert one["start"][-6:] == "-07:00"
        times.setdefault(one["participant"][1]["actor"]["reference"], []).append((one["start"], one["end"]))
    for found in times.values():
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(sorted(found)))


@pytest.mark.parametrize("visits", [40, 700])
def test_left_to_itself_the_first_is_after_the_last_visit(tmp_path: Path, visits: int) -> None:
    make_clinic(tmp_path, visits, appointments=30)
    last = max(one["period"]["start"] for one in resources(tmp_path, "Encounter"))
    assert min(one["start"] for one in resources(tmp_path, "Appointment")) > last


def test_every_member_id_has_a_script_of_the_simulated_payer(clinic: Path) -> None:
    for case in CASES:
        assert script_of(f"{case.member}-0001") is not UNKNOWN, case.key
    asked = {patient(one) for one in resources(clinic, "Appointment")}
    ids = [
        one["subscriberId"]
        for one in resources(clinic, "Coverage")
        if "subscriberId" in one and one["beneficiary"]["reference"] in asked
    ]
    assert len(ids) == len(set(ids)) > 40
    assert all(script_of(one) is not UNKNOWN for one in ids)


def test_the_shares_add_up_and_hold(tmp_path: Path) -> None:
    assert sum(case.share for case in CASES) == 1000
    make_clinic(tmp_path, 9000, appointments=1500)
    ids = Counter(
        one["subscriberId"].rpartition("-")[0]
        for one in resources(tmp_path, "Coverage")
        if one.get("subscriberId", "").startswith("SYN-") and one["order"] == 1
    )
    for script in ("SYN-ACTIVE", "SYN-DEDUCTIBLE", "SYN-ENDED"):
        share = sum(
            case.share for case in CASES if case.member == script and case.plan.value not in ("none", "no-member-id")
        )
        assert ids[script] / 1500 == pytest.approx(share / 1000, abs=0.03)
    assert not {"SYN-DOWN", "SYN-SLOW", "SYN-GARBAGE", "SYN-CUT"} & ids.keys()


def test_a_dependent_names_the_subscriber(clinic: Path) -> None:
    people = {f"RelatedPerson/{one['id']}": one for one in resources(clinic, "RelatedPerson")}
    for key, role in (("child", "PRN"), ("spouse", "SPS")):
        coverage = coverages(clinic, key)[0]
        subscriber = people[coverage["subscriber"]["reference"]]
        assert coverage["relationship"]["coding"][0]["code"] == key
        assert subscriber["patient"] == coverage["beneficiary"]
        assert subscriber["relationship"][0]["coding"][0]["code"] == role
        assert subscriber["name"][0]["family"].startswith("Testpatient-")
        assert date.fromisoformat(subscriber["birthDate"])


def test_each_odd_case_is_what_it_says(clinic: Path) -> None:
    seen = {one["subject"]["reference"] for one in resources(clinic, "Encounter")}
    new = {case.key for case in CASES if patient(appointment(clinic, case.key)) not in seen}
    assert new == {"first-visit", "no-member-id", "unknown-payer", "uninsured"}
    assert "subscriberId" not in coverages(clinic, "no-member-id")[0]
    assert coverages(clinic, "unknown-payer")[0]["payor"] == [{"reference": "Organization/payer-unmapped"}]
    assert coverages(clinic, "uninsured") == []
    assert appointment(clinic, "cancelled")["status"] == "cancelled"
    wished = [one["provision"]["data"][0]["reference"]["reference"] for one in resources(clinic, "Consent")]
    assert f"Appointment/{appointment(clinic, 'restricted')['id']}" in wished
    extension = {"url": names.EXT_BILL_TO, "valueCode": "self-pay"}
    assert appointment(clinic, "self-pay-booked")["extension"] == [extension]


def test_a_host_reads_them_with_their_orders_authorizations_and_subscribers(clinic: Path, tmp_path: Path) -> None:
    host = FolderHost("demo", clinic, out=tmp_path / "out", work=tmp_path / "index")
    with_types = {}
    for record in host.appointments(FROM, FROM + timedelta(days=6)):
        with_types[record.appointment] = Counter(key.partition("/")[0] for key in record.resources)
        assert record.unreadable == ()
    assert len(with_types) == 60 - sum(one["status"] == "cancelled" for one in resources(clinic, "Appointment"))
    granted = with_types[appointment(clinic, "authorized")["id"]]
    assert granted["ClaimResponse"] == granted["Claim"] == 1
    assert with_types[appointment(clinic, "child")["id"]]["RelatedPerson"] == 1
    assert with_types[appointment(clinic, "restricted")["id"]]["Consent"] >= 1
    based = [one["id"] for one in resources(clinic, "Appointment") if "basedOn" in one and one["status"] == "booked"]
    assert len(based) > 20
    assert all(with_types[one]["ServiceRequest"] >= 1 for one in based)
