"""The synthetic clinic: the same every time, of the shares it states, and nobody in it could exist."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from massage_billing.clinic_files import load_fees
from massage_billing.clinic_maker import PLANS, SHARES, START, Shape, make_clinic
from massage_billing.clinic_maker.cast import CLINIC_NPI, PRICES, npi
from massage_billing.clinic_maker.shares import Plan
from massage_billing.clinic_payers import load_payers
from massage_billing.setting_types import npi_is_valid

Json = dict[str, Any]


def resources(folder: Path, kind: str = "*") -> Iterator[Json]:
    for file in sorted(folder.glob(f"{kind}.*.ndjson")):
        yield from map(orjson.loads, file.read_bytes().splitlines())


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            found.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clinic")
    make_clinic(folder, 4000, seed=5)
    return folder


def test_the_same_arguments_make_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        make_clinic(tmp_path / name, 60, seed=seed)
    assert digest(tmp_path / "one") == digest(tmp_path / "two") != digest(tmp_path / "three")


@pytest.mark.parametrize("visits", [1, 2, 3, 7, 24, 100, 499, 500, 1000])
def test_it_has_as_many_visits_as_were_asked_for(tmp_path: Path, visits: int) -> None:
    made = make_clinic(tmp_path, visits)
    ids = [resource["id"] for resource in resources(tmp_path, "Encounter")]
    assert len(ids) == len(set(ids)) == made["Encounter"] == visits


def test_it_says_what_it_made(clinic: Path, tmp_path: Path) -> None:
    made = make_clinic(tmp_path, 4000, seed=5)
    assert made == Counter(resource["resourceType"] for resource in resources(clinic))


def test_the_shares_are_those_stated(clinic: Path) -> None:
    assert sum(one.share for one in SHARES) == sum(share for _, share, _ in PLANS) == 1000
    codes = Counter(
        "+".join(sorted(one["code"]["coding"][0]["code"] for one in done)) for done in by_visit(clinic).values()
    )
    for wanted in ("massage-60 massage-45 massage-30", "manual-45 missing-diagnosis", "manual-and-exercise"):
        chosen = [one for one in SHARES if one.key in wanted.split()]
        name = "+".join(sorted(done.code for done in chosen[0].services))
        assert codes[name] / 4000 >= sum(one.share for one in chosen) / 1000 * 0.8


def by_visit(folder: Path) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for one in resources(folder, "Procedure"):
        found.setdefault(one["encounter"]["reference"], []).append(one)
    return found


def test_about_85_in_100_are_billable_as_they_are() -> None:
    visits = sum(one.share for one in SHARES if one.expected == "claim") / 1000
    plans = sum(share for _, share, expected in PLANS if expected == "claim") / 1000
    assert visits * plans == pytest.approx(0.87, abs=0.03)


def test_a_small_clinic_shows_every_kind_of_visit_and_plan(tmp_path: Path) -> None:
    make_clinic(tmp_path, 40)
    assert {one["status"] for one in resources(tmp_path, "Encounter")} == {"finished", "cancelled", "in-progress"}
    codes = {one["code"]["coding"][0]["code"] for one in resources(tmp_path, "Procedure")}
    assert codes == {*PRICES, "SPA-45"}
    kinds = {one["resourceType"] for one in resources(tmp_path)}
    assert {"Consent", "Group", "Account", "ServiceRequest"} <= kinds
    covers = list(resources(tmp_path, "Coverage"))
    patients = {one["id"] for one in resources(tmp_path, "Patient")}
    covered = {one["beneficiary"]["reference"].partition("/")[2] for one in covers}
    assert len(patients - covered) >= 1, Plan.NONE
    assert any("end" in one["period"] for one in covers), Plan.ENDED
    assert any("subscriberId" not in one for one in covers), Plan.NO_MEMBER_ID
    assert any(one["payor"][0]["reference"] == "Organization/payer-unmapped" for one in covers)
    assert any(one["type"]["coding"][0]["code"] == "WCBPOL" for one in covers), Plan.INJURY
    assert any(one["order"] == 2 and one["type"]["coding"][0]["code"] != "WCBPOL" for one in covers), Plan.TWO


def test_everything_that_is_referred_to_is_there(clinic: Path) -> None:
    everything = list(resources(clinic))
    keys = {f"{one['resourceType']}/{one['id']}" for one in everything}
    assert len(keys) == len(everything)
    for one in everything:
        assert set(references(one)) <= keys


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_files_are_not_sorted_by_visit(clinic: Path) -> None:
    owners = [one["subject"]["reference"] for one in resources(clinic, "Encounter")]
    beside = sum(first == second for first, second in itertools.pairwise(owners))
    assert beside < len(owners) // 100
    encounters = [one["id"] for one in resources(clinic, "Encounter")]
    done = [one["encounter"]["reference"].partition("/")[2] for one in resources(clinic, "Procedure")]
    assert encounters[:50] != done[:50]


def test_people_are_plainly_synthetic(clinic: Path) -> None:
    for one in (*resources(clinic, "Patient"), *resources(clinic, "Practitioner")):
        assert one["name"][0]["family"].startswith("Test")
        for identifier in one["identifier"]:
            if identifier["system"].endswith("us-npi"):
                assert identifier["value"].startswith("2")  # a range that has not been issued
                assert npi_is_valid(identifier["value"])
    assert npi_is_valid(CLINIC_NPI)
    assert npi_is_valid(npi(1))


def test_one_therapist_has_no_npi(clinic: Path) -> None:
    without = [
        one["id"]
        for one in resources(clinic, "Practitioner")
        if not any(each["system"].endswith("us-npi") for each in one["identifier"])
    ]
    assert without == ["practitioner-6"]


def test_times_and_minutes_agree(clinic: Path) -> None:
    for one in resources(clinic, "Procedure"):
        for extension in one.get("extension", ()):
            start, end = (one["performedPeriod"][name] for name in ("start", "end"))
            lasted = (int(end[11:13]) - int(start[11:13])) * 60 + int(end[14:16]) - int(start[14:16])
            assert extension["valueDuration"]["value"] == lasted


@pytest.mark.parametrize("start", [date(2026, 8, 3), date(2026, 8, 6)])
def test_no_therapist_is_with_two_patients_at_once(tmp_path: Path, start: date) -> None:
    make_clinic(tmp_path, 3000, start=start, shape=Shape.TYPICAL)
    times: dict[str, list[tuple[str, str]]] = {}
    for one in resources(tmp_path, "Procedure"):
        if "performedPeriod" in one:
            who = one["performer"][0]["actor"]["reference"]
            times.setdefault(who, []).append((one["performedPeriod"]["start"], one["performedPeriod"]["end"]))
    del times["Practitioner/practitioner-6"]  # who has no NPI, so that nothing of theirs can be billed anyway
    assert len(times) > 5
    for found in times.values():
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(sorted(found)))


def test_dates_begin_at_the_start(tmp_path: Path) -> None:
    make_clinic(tmp_path, 200, start=date(2026, 3, 2), shape=Shape.TYPICAL)
    days = [one["period"]["start"][:10] for one in resources(tmp_path, "Encounter")]
    assert min(days) >= "2026-03-02"
    assert max(days) < "2026-08-01"
    assert {one["period"]["start"][-6:] for one in resources(tmp_path, "Encounter")} == {"-07:00", "-06:00"}
    assert START.weekday() == 0


def test_the_clinics_own_files_are_sound(clinic: Path) -> None:
    payers = load_payers(clinic / "clinic" / "payers.yaml")
    fees = load_fees(clinic / "clinic" / "fees.csv")
    known = {reference for payer in payers for reference in payer.references}
    billed = {one["payor"][0]["reference"] for one in resources(clinic, "Coverage")}
    assert billed - known == {"Organization/payer-unmapped"}
    assert {fee.code for fee in fees} == set(PRICES)
    assert {payer.policy for payer in payers} == {"cms-total-time", "commercial-midpoint"}
