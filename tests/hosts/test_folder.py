"""Reading a folder: every kind of file and reference, what is damaged, what is there twice."""

from __future__ import annotations

import gzip
import json
import os
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from builders import (
    account,
    claim,
    condition,
    consent,
    coverage,
    encounter,
    observation,
    organization,
    patient_identifier,
    payer,
    practitioner,
    practitioner_role,
    procedure,
    ref,
    service_request,
)
from massage_billing.errors import InputError
from massage_billing.fhir import names
from massage_billing.fhir.visit import read_visit
from massage_billing.hosts import folder_index
from massage_billing.hosts.folder import FolderHost
from massage_billing.model import Reading
from massage_billing.ports import VisitRecord

Json = dict[str, Any]
SYSTEM = "https://clinic.example/mrn"


def patient(id: str = "p1", **changes: Any) -> Json:
    return {"resourceType": "Patient", "id": id, "identifier": [{"system": SYSTEM, "value": f"mrn-{id}"}], **changes}


def lines(*resources: Json) -> bytes:
    return b"".join(json.dumps(resource).encode() + b"\n" for resource in resources)


def bundle(*pairs: tuple[str, Json]) -> Json:
    entries = [{"fullUrl": url, "resource": resource} if url else {"resource": resource} for url, resource in pairs]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def nameless(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name != "id"}


VISIT = (
    encounter(),
    procedure("a"),
    condition("d1"),
    coverage(),
    patient(),
    practitioner(),
    practitioner_role("r1"),
    organization(),
    payer(),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "export"
    path.mkdir()
    return path


@pytest.fixture
def host(folder: Path, tmp_path: Path) -> Iterator[FolderHost]:
    host = FolderHost("clinic", folder, out=folder / "billing-out", work=tmp_path / "work")
    yield host
    host.close()


def all_of(host: FolderHost, start: date | None = None) -> dict[str, VisitRecord]:
    found = [record for page in host.changes(None, start) for record in page.records]
    assert len(found) == len({record.encounter for record in found})
    return {record.encounter: record for record in found}


def keys(host: FolderHost, encounter: str = "e1") -> set[str]:
    return set(all_of(host)[encounter].resources)


def problems(host: FolderHost) -> list[tuple[str, str]]:
    return list(host.problems())


WHOLE = {f"{resource['resourceType']}/{resource['id']}" for resource in VISIT}


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_type_a_file_in_any_order(host: FolderHost, folder: Path) -> None:
    for number, resource in enumerate(VISIT):
        (folder / f"{resource['resourceType']}.{number:03}.ndjson").write_bytes(lines(resource))
    assert keys(host) == WHOLE
    assert problems(host) == []


@pytest.mark.parametrize(
    "content",
    [
        lines(*VISIT),
        b"\xef\xbb\xbf" + lines(*VISIT),
        b"\n\r\n".join(lines(one).strip() for one in VISIT),
        lines(bundle(*(("", one) for one in VISIT))),
    ],
    ids=["mixed types", "byte order mark", "blank lines and no last line break", "a Bundle on a line"],
)
def test_ndjson_as_it_comes(host: FolderHost, folder: Path, content: bytes) -> None:
    (folder / "export.ndjson").write_bytes(content)
    assert keys(host) == WHOLE
    assert problems(host) == []


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(bundle(*(("", one) for one in VISIT)), indent=2),
        json.dumps(VISIT),
        lines(*VISIT).decode(),
        json.dumps(bundle(("", bundle(*(("", one) for one in VISIT))))),
        "\ufeff" + json.dumps(bundle(*(("", one) for one in VISIT))),
    ],
    ids=["Bundle", "list", "NDJSON by another name", "Bundle in a Bundle", "byte order mark"],
)
def test_json_as_it_comes(host: FolderHost, folder: Path, content: str) -> None:
    (folder / "export.json").write_text(content, encoding="utf-8")
    assert keys(host) == WHOLE
    assert problems(host) == []


def test_single_resources_in_sub_folders(host: FolderHost, folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    for resource in VISIT:
        (folder / "a" / "b" / f"{resource['resourceType']}-{resource['id']}.json").write_text(json.dumps(resource))
    assert keys(host) == WHOLE


@pytest.mark.parametrize("name", ["all.ndjson.gz", "all.json.gz"])
def test_compressed(host: FolderHost, folder: Path, name: str) -> None:
    content = lines(*VISIT) if "nd" in name else json.dumps(VISIT).encode()
    (folder / name).write_bytes(gzip.compress(content))
    assert keys(host) == WHOLE


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(lines(procedure("b")) * 500)[:-20],
        b"not packed at all",
        gzip.compress(lines(*VISIT))[:30] + b"broken" * 20,
    ],
    ids=["ends early", "not packed", "damaged"],
)
def test_a_compressed_file_that_cannot_be_read_to_its_end_bills_nothing(
    host: FolderHost, folder: Path, tmp_path: Path, content: bytes
) -> None:
    """Half an export is no export: which visits lack something cannot be known."""
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    (folder / "more.ndjson.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"more\.ndjson\.gz cannot be read to its end"):
        next(host.changes(None, None))
    assert not list((tmp_path / "work").glob("[!.]*-*"))
    (folder / "more.ndjson.gz").unlink()
    assert keys(host) == WHOLE


def test_a_file_that_cannot_be_read_bills_nothing(
    host: FolderHost, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which visits would lack something cannot be known."""
    (folder / "all.ndjson").write_bytes(lines(*VISIT))

    def refuse(path: Path, packed: bool) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("massage_billing.hosts.folder_read._open", refuse)
    with pytest.raises(InputError, match=r"all\.ndjson cannot be read: Permission denied"):
        all_of(host)
    assert not list((tmp_path / "work").glob("[!.]*-*"))


def test_a_folder_without_anything_to_read_says_so(host: FolderHost, folder: Path) -> None:
    (folder / "Patient.xml").write_text("<Patient/>")
    assert all_of(host) == {}
    assert "nothing to read" in problems(host)[0][1]


def test_a_single_file(folder: Path, tmp_path: Path) -> None:
    (folder / "visit.json").write_text(json.dumps(bundle(*(("", one) for one in VISIT))))
    (folder / "other.json").write_text(json.dumps(encounter("e2")))
    host = FolderHost("clinic", folder / "visit.json", out=tmp_path / "out", work=tmp_path / "work")
    assert all_of(host).keys() == {"e1"}


def test_what_is_no_input_is_not_read(host: FolderHost, folder: Path, tmp_path: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    other = lines(encounter("e9"))
    (folder / ".hidden.ndjson").write_bytes(other)
    (folder / "notes.txt").write_bytes(other)
    (tmp_path / "outside.ndjson").write_bytes(other)
    (folder / "link.ndjson").symlink_to(tmp_path / "outside.ndjson")
    for written in (folder / "billing-out", folder / "an-older-out"):
        written.mkdir()
        (written / "Encounter.ndjson").write_bytes(other)
    (folder / "an-older-out" / ".massage-billing").touch()
    os.mkfifo(folder / "pipe.ndjson")
    assert all_of(host).keys() == {"e1"}
    assert problems(host) == [("link.ndjson", "is a symbolic link, which is not followed")]


def test_the_index_of_another_host_in_the_folder_is_not_read(folder: Path, tmp_path: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    all_of(FolderHost("clinic", folder, out=folder / "billing-out", work=folder / "state" / "clinic.index"))
    other = FolderHost("other", folder, out=tmp_path / "out", work=tmp_path / "work")
    assert keys(other) == WHOLE
    assert problems(other) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    host = FolderHost("clinic", tmp_path / "nowhere", out=tmp_path / "out", work=tmp_path / "work")
    with pytest.raises(InputError, match="nowhere"):
        all_of(host)


def test_results_never_go_where_input_is_read(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        FolderHost("clinic", folder, out=folder, work=tmp_path / "work")


# --- references -----------------------------------------------------------------------------------------------------

BASE = "https://ehr.example/fhir"


@pytest.mark.parametrize(
    "subject",
    [
        ref("Patient/p1"),
        ref("Patient/p1/_history/4"),
        ref(f"{BASE}/Patient/p1"),
        ref("urn:uuid:p1"),
        {"identifier": {"system": SYSTEM, "value": "mrn-p1"}},
        {"type": "Patient", "identifier": {"system": SYSTEM, "value": "mrn-p1"}},
        ref(f"Patient?identifier={SYSTEM}|mrn-p1"),
    ],
    ids=["relative", "versioned", "absolute", "urn", "identifier", "typed identifier", "search"],
)
def test_the_patient_by_every_kind_of_reference(host: FolderHost, folder: Path, subject: Json) -> None:
    visit = [encounter(subject=subject), procedure("a", subject=subject), coverage(beneficiary=subject), patient()]
    (folder / "all.ndjson").write_bytes(lines(*visit))
    assert {"Encounter/e1", "Procedure/a", "Coverage/c1", "Patient/p1"} <= keys(host)
    assert problems(host) == []


@pytest.mark.parametrize(
    "link",
    [
        ref("Encounter/e1"),
        ref(f"{BASE}/Encounter/e1"),
        ref("Encounter/e1/_history/2"),
        ref("urn:uuid:e1"),
        {"identifier": {"system": SYSTEM, "value": "visit-1"}},
        ref(f"Encounter?identifier={SYSTEM}|visit-1"),
    ],
    ids=["relative", "absolute", "versioned", "urn", "identifier", "search"],
)
def test_the_encounter_by_every_kind_of_reference(host: FolderHost, folder: Path, link: Json) -> None:
    visit = encounter(identifier=[{"system": SYSTEM, "value": "visit-1"}])
    (folder / "all.ndjson").write_bytes(lines(procedure("a", encounter=link), condition("d9", encounter=link), visit))
    assert {"Procedure/a", "Condition/d9"} <= keys(host)
    assert problems(host) == []


@pytest.mark.parametrize(
    "actor",
    [
        ref("Practitioner/t1"),
        ref(f"{BASE}/Practitioner/t1"),
        ref("PractitionerRole/r1"),
        ref("urn:uuid:t1"),
        {"identifier": {"system": names.NPI, "value": "1234567893"}},
        ref(f"Practitioner?identifier={names.NPI}%7C1234567893"),
    ],
    ids=["relative", "absolute", "role", "urn", "identifier", "search"],
)
def test_the_therapist_by_every_kind_of_reference_with_all_roles(host: FolderHost, folder: Path, actor: Json) -> None:
    therapist = practitioner(identifier=[{"system": names.NPI, "value": "1234567893"}])
    rest = (practitioner_role("r1"), practitioner_role("r2"), organization(), encounter(participant=...))
    (folder / "all.ndjson").write_bytes(lines(procedure("a", performer=[{"actor": actor}]), therapist, *rest))
    record = all_of(host)["e1"]
    assert {"Practitioner/t1", "PractitionerRole/r1", "PractitionerRole/r2"} <= record.resources.keys()
    literal = actor.get("reference", "")
    if "?" in literal or literal.startswith("urn:"):
        assert record.aliases[literal] == "Practitioner/t1"


def test_slashes_written_as_php_writes_them(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT).replace(b"/", b"\\/"))
    assert keys(host) == WHOLE


def test_urns_of_a_bundle_mean_its_entries(host: FolderHost, folder: Path) -> None:
    urn = {name: f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n, name in enumerate(("e", "p", "a", "t"))}
    content = bundle(
        (
            urn["a"],
            procedure("a", encounter=ref(urn["e"]), subject=ref(urn["p"]), performer=[{"actor": ref(urn["t"])}]),
        ),
        (urn["e"], encounter("e1", subject=ref(urn["p"]))),
        (urn["p"], patient("p1")),
        (urn["t"], practitioner("t1")),
        ("", coverage(beneficiary=ref(urn["p"]))),
    )
    (folder / "one.json").write_text(json.dumps(content))
    for other in ("x", "y"):  # the same urns mean others in other Bundles
        (folder / f"{other}.json").write_text(
            json.dumps(bundle((urn["e"], encounter(other, subject=ref(urn["p"]))), (urn["p"], patient(f"p{other}"))))
        )
    found = all_of(host)
    assert {"Procedure/a", "Patient/p1", "Practitioner/t1", "Coverage/c1"} <= found["e1"].resources.keys()
    assert "Patient/px" in found["x"].resources
    assert "Patient/p1" not in found["x"].resources


def test_entries_without_an_id_are_named_by_their_full_url(host: FolderHost, folder: Path) -> None:
    urn = "urn:uuid:00000000-0000-4000-8000-00000000000"
    entries = [
        (f"{urn}1", nameless(encounter(subject=ref(f"{urn}2")))),
        (f"{urn}2", {"resourceType": "Patient"}),
        (f"{urn}3", nameless(procedure(subject=ref(f"{urn}2"), encounter=ref(f"{urn}1")))),
    ]
    (folder / "transaction.json").write_text(json.dumps(bundle(*entries)))
    (record,) = all_of(host).values()
    assert record.encounter == f"{urn}1".removeprefix("urn:uuid:")
    assert len(record.resources) == 3


def test_absolute_full_urls_become_aliases(host: FolderHost, folder: Path) -> None:
    content = bundle(*((f"{BASE}/{one['resourceType']}/{one['id']}", one) for one in VISIT))
    (folder / "all.json").write_text(json.dumps(content))
    record = all_of(host)["e1"]
    assert record.aliases[f"{BASE}/Encounter/e1"] == "Encounter/e1"
    assert record.resources.keys() == WHOLE


def test_a_contained_patient(host: FolderHost, folder: Path) -> None:
    visit = encounter(subject=ref("#p"), contained=[{"resourceType": "Patient", "id": "p"}])
    done = procedure("a", subject=ref("#p"), contained=[{"resourceType": "Patient", "id": "p"}])
    (folder / "all.ndjson").write_bytes(lines(done, visit))
    assert keys(host) == {"Encounter/e1", "Procedure/a"}


def test_what_names_no_patient_still_comes_by_its_encounter(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(
        lines(procedure("a", subject=...), condition("d9", subject="Patient/p1", encounter=ref("Encounter/e1")), *VISIT)
    )
    assert {"Procedure/a", "Condition/d9"} <= keys(host)


def test_a_visit_without_a_patient(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(encounter(subject=...), procedure("a", subject=...)))
    assert keys(host) == {"Encounter/e1", "Procedure/a"}


def test_a_group_session_brings_the_procedures_of_all_its_people(host: FolderHost, folder: Path) -> None:
    group = {"resourceType": "Group", "id": "g1", "type": "person", "actual": True}
    visit = encounter(subject=ref("Group/g1"))
    done = [procedure(f"a{n}", subject=ref(f"Patient/p{n}")) for n in (1, 2)]
    (folder / "all.ndjson").write_bytes(lines(*done, visit, group, patient("p1"), patient("p2")))
    assert {"Procedure/a1", "Procedure/a2", "Group/g1"} <= keys(host)
    assert problems(host) == []


def test_what_the_visit_points_to_in_another_patients_record(host: FolderHost, folder: Path) -> None:
    parents = coverage("c9", beneficiary=ref("Patient/p1"), subscriber=ref("Patient/p2"))
    family = account("k1", "Coverage/c8", subject=[ref("Patient/p2"), ref("Patient/p1")])
    other = coverage("c8", beneficiary=ref("Patient/p2"))
    visit = encounter(account=[ref("Account/k1")])
    (folder / "all.ndjson").write_bytes(lines(visit, family, other, parents, patient(), patient("p2")))
    assert {"Account/k1", "Coverage/c8", "Coverage/c9", "Patient/p2"} <= keys(host)


def test_an_order_and_its_preauthorization(host: FolderHost, folder: Path) -> None:
    order = service_request("s1", insurance=[ref("ClaimResponse/pa")], requester=ref("Practitioner/t9"))
    granted = {"resourceType": "ClaimResponse", "id": "pa", "use": "preauthorization", "patient": ref("Patient/p1")}
    visit = (encounter(), procedure("a", basedOn=[ref("ServiceRequest/s1")]))
    (folder / "all.ndjson").write_bytes(lines(order, granted, practitioner("t9"), *visit))
    assert {"ServiceRequest/s1", "ClaimResponse/pa", "Practitioner/t9"} <= keys(host)


def test_minutes_come_with_their_procedure_or_its_order(host: FolderHost, folder: Path) -> None:
    part = observation("b1", encounter=..., partOf=[ref("Procedure/a")])
    ordered = observation("b2", encounter=..., partOf=..., basedOn=[ref("ServiceRequest/s1")])
    of_visit = observation("b3", encounter=ref("Encounter/e1"), partOf=[ref("Procedure/a")])
    vital = observation("b4", encounter=ref("Encounter/e1"), partOf=..., basedOn=...)
    other = observation("b5", encounter=..., partOf=[ref("Procedure/z")])
    visit = (encounter(), procedure("a", basedOn=[ref("ServiceRequest/s1")]), service_request("s1"))
    (folder / "all.ndjson").write_bytes(lines(part, ordered, of_visit, vital, other, *visit))
    found = {key for key in keys(host) if key.startswith("Observation/")}
    assert found == {"Observation/b1", "Observation/b2", "Observation/b3"}


def test_another_visits_resources_stay_there(host: FolderHost, folder: Path) -> None:
    own = [
        encounter("e2"),
        procedure("z", encounter=ref("Encounter/e2")),
        condition("d2", encounter=ref("Encounter/e2")),
    ]
    listed = condition("problem")
    foreign = claim("x2", item=[{"sequence": 1, "encounter": [ref("Encounter/e2")]}])
    (folder / "all.ndjson").write_bytes(lines(*own, listed, foreign, *VISIT))
    assert keys(host) == WHOLE
    assert "Claim/x2" in keys(host, "e2")


def test_consents_come_with_every_visit(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(consent("n1"), *VISIT))
    assert "Consent/n1" in keys(host)


def test_a_procedure_without_a_visit_is_named(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(
        lines(procedure("none", encounter=...), procedure("gone", encounter=ref("Encounter/e7")), *VISIT)
    )
    all_of(host)
    (first, second) = problems(host)
    assert first[0] == "all.ndjson:1"
    assert "Procedure/none" in first[1]
    assert second[0] == "Procedure/gone"
    assert "Encounter/e7" in second[1]


def test_a_condition_by_its_identifier(host: FolderHost, folder: Path) -> None:
    token = [{"system": SYSTEM, "value": "dx-1"}]
    by_identifier = {"identifier": token[0]}
    loose, own = condition("d7", identifier=token), condition("d8", encounter=ref("Encounter/e1"))
    search = {"condition": ref(f"Condition?identifier={SYSTEM}|dx-2")}
    own["identifier"] = [{"system": SYSTEM, "value": "dx-2"}]
    visit = encounter(diagnosis=[{"condition": by_identifier}, search])
    (folder / "all.ndjson").write_bytes(lines(visit, loose, own))
    record = all_of(host)["e1"]
    assert {"Condition/d7", "Condition/d8"} <= record.resources.keys()
    assert record.aliases == {search["condition"]["reference"]: "Condition/d8"}


def test_resources_are_parsed_a_visit_at_a_time(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT, encounter("e2"), procedure("z", encounter=ref("Encounter/e2"))))
    found = all_of(host)
    one, two = found["e1"].resources, found["e2"].resources
    first = one["Procedure/a"]
    assert one["Procedure/a"] is first
    assert dict(one.items())["Procedure/a"] is first
    assert two["Encounter/e2"] == encounter("e2")
    assert one["Procedure/a"] is not first
    assert one["Procedure/a"] == first
    for key in ("Patient/p1", "Coverage/c1", "Practitioner/t1", "Organization/o1"):  # what visits share is shared
        assert one[key] is two[key]
    assert len(one) == len(list(one)) == len(one.values())
    assert "Procedure/zz" not in one
    with pytest.raises(KeyError):
        one["Procedure/zz"]


# --- twice ----------------------------------------------------------------------------------------------------------


def versions(*metas: Json) -> list[Json]:
    return [procedure("a", meta=meta, note=[{"text": str(place)}]) for place, meta in enumerate(metas)]


@pytest.mark.parametrize(
    ("metas", "newest"),
    [
        ([{"lastUpdated": "2026-11-20T10:00:00Z"}, {"lastUpdated": "2026-11-20T09:00:00Z"}], 0),
        ([{"lastUpdated": "2026-11-20T10:00:00+02:00"}, {"lastUpdated": "2026-11-20T09:00:00Z"}], 1),
        ([{"lastUpdated": "2026-11-20T09:00:00Z"}, {"lastUpdated": "2026-11-20T10:00:00.123456789Z"}], 1),
        ([{"versionId": "10"}, {"versionId": "9"}], 0),
        ([{}, {}], 1),
        ([{"versionId": "x"}, {"lastUpdated": "yesterday"}], 1),
    ],
    ids=["time", "zone", "fractions", "version", "later", "later where neither says"],
)
def test_the_newer_version_counts(host: FolderHost, folder: Path, metas: list[Json], newest: int) -> None:
    for place, version in enumerate(versions(*metas)):
        (folder / f"{place}.ndjson").write_bytes(lines(version))
    (folder / "rest.ndjson").write_bytes(lines(encounter()))
    found: Any = all_of(host)["e1"].resources["Procedure/a"]
    assert found["note"] == [{"text": str(newest)}]


def test_a_visit_that_changed_its_patient_is_there_once(host: FolderHost, folder: Path) -> None:
    old = encounter(subject=ref("Patient/p2"), meta={"lastUpdated": "2026-11-01T00:00:00Z"})
    new = encounter(subject=ref("Patient/p1"), meta={"lastUpdated": "2026-11-02T00:00:00Z"})
    (folder / "all.ndjson").write_bytes(lines(new, old, patient(), patient("p2"), procedure("a")))
    record = all_of(host)["e1"]
    assert record.resources["Encounter/e1"] == new
    assert "Patient/p1" in record.resources
    assert len(list(host.visits(["e1"]))) == 1


def test_a_procedure_that_moved_to_another_visit_is_billed_once(host: FolderHost, folder: Path) -> None:
    old = procedure("a", meta={"versionId": "1"}, encounter=ref("Encounter/e2"), subject=ref("Patient/p2"))
    new = procedure("a", meta={"versionId": "2"})
    (folder / "all.ndjson").write_bytes(lines(new, old, encounter(), encounter("e2", subject=ref("Patient/p2"))))
    assert "Procedure/a" in keys(host, "e1")
    assert "Procedure/a" not in keys(host, "e2")


# --- damaged --------------------------------------------------------------------------------------------------------


def damaged(resource: Json) -> bytes:
    return json.dumps(resource).encode()[:-9] + b"\n"


def test_a_damaged_line_is_named_and_holds_its_visit_alone(host: FolderHost, folder: Path) -> None:
    other = (encounter("e2"), procedure("z", encounter=ref("Encounter/e2")))
    (folder / "Procedure.ndjson").write_bytes(lines(*other) + damaged(procedure("a")) + lines(*VISIT[2:], encounter()))
    found = all_of(host)
    assert found["e1"].unreadable == (("Procedure/a", "is not JSON (Procedure.ndjson:3)"),)
    assert found["e2"].unreadable == ()
    assert ("Procedure.ndjson:3", "is not JSON (a whole FHIR resource on a line)") in problems(host)


def test_a_damaged_encounter_is_a_visit_that_cannot_be_read(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(damaged(encounter()) + lines(procedure("a"), patient()))
    record = all_of(host)["e1"]
    assert record.unreadable == (("Encounter/e1", "is not JSON (all.ndjson:1)"),)
    assert "Encounter/e1" not in record.resources


def test_a_damaged_coverage_or_consent_holds_every_visit_of_its_patient(host: FolderHost, folder: Path) -> None:
    theirs = encounter("e2", subject=ref("Patient/p2"))
    (folder / "all.ndjson").write_bytes(lines(*VISIT, theirs) + damaged(consent("n1")))
    found = all_of(host)
    assert [where for where, _ in found["e1"].unreadable] == ["Consent/n1"]
    assert found["e2"].unreadable == ()


def test_a_damaged_therapist_holds_the_visits_that_name_them(host: FolderHost, folder: Path) -> None:
    other = procedure("z", encounter=ref("Encounter/e2"), performer=[{"actor": ref("Practitioner/t2")}])
    rest = (encounter(participant=...), procedure("a"), encounter("e2", participant=...), other, practitioner("t2"))
    (folder / "all.ndjson").write_bytes(lines(*rest) + damaged(practitioner("t1")))
    found = all_of(host)
    assert [where for where, _ in found["e1"].unreadable] == ["Practitioner/t1"]
    assert found["e2"].unreadable == ()


def test_a_bundle_that_was_cut_off_holds_the_visits_it_names(host: FolderHost, folder: Path) -> None:
    content = json.dumps(bundle(*(("", one) for one in (*VISIT, procedure("b"))))).encode()
    (folder / "cut.json").write_bytes(content[:-60])
    (folder / "sound.json").write_text(json.dumps(encounter("e2")))
    found = all_of(host)
    assert found["e1"].unreadable
    assert "Procedure/a" in found["e1"].resources
    assert found["e2"].unreadable == ()
    assert any(where.startswith("cut.json:1") for where, _ in problems(host))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not json at all\n", "is not JSON"),
        (b'"a string"\n', "no FHIR resource"),
        (b'{"a": 1}\n', "no resourceType"),
        (b'{"resourceType": "Encounter"}\n', "Encounter has no id"),
        (b'{"resourceType": "Procedure", "id": 7}\n', "Procedure has no id"),
        (b'{"resourceType": "Procedure", "id": "a b"}\n', "not a FHIR id"),
        (b'{"resourceType": "Procedure", "id": "a", "x": "\xff"}\n', "is not JSON"),
        (b"[" * 5000 + b"\n", "is not JSON"),
        (b'{"resourceType": "Encounter", "id": "e9", "subject": {"reference": NaN}}\n', "is not JSON"),
    ],
)
def test_what_is_no_resource_is_named_by_its_line(host: FolderHost, folder: Path, content: bytes, says: str) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT[:4]) + content + lines(*VISIT[4:]))
    assert keys(host) == WHOLE
    ((where, what),) = problems(host)
    assert where == "all.ndjson:5"
    assert says in what


def test_elements_of_a_wrong_type_do_not_stop_the_others(host: FolderHost, folder: Path) -> None:
    wrong: list[Any] = [7, "x", [], {}, [{}], None, {"reference": 7}, {"reference": "nonsense"}, [7]]
    odd = [
        {"resourceType": kind, "id": f"w{number}", **dict.fromkeys(("subject", "patient", "beneficiary"), value)}
        | dict.fromkeys(("encounter", "identifier", "item", "participant", "period", "meta", "practitioner"), value)
        for kind in ("Procedure", "Condition", "Coverage", "Consent", "Claim", "Account", "Patient", "PractitionerRole")
        for number, value in enumerate(wrong)
    ]
    (folder / "all.ndjson").write_bytes(lines(*odd, *VISIT))
    assert keys(host) >= WHOLE


def test_no_message_shows_what_is_in_a_file(host: FolderHost, folder: Path) -> None:
    secret = patient(name=[{"family": "Geheim"}], identifier=[patient_identifier("SECRET-1")])
    (folder / "all.ndjson").write_bytes(damaged(secret) + b'{"resourceType":"Geheim"}\n{"id":"Geheim"\n')
    all_of(host)
    assert "Geheim" not in str(problems(host))
    assert "SECRET" not in str(problems(host))


# --- cursor, start, visits ------------------------------------------------------------------------------------------


def test_an_unchanged_folder_is_one_empty_page(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    (*_, last) = host.changes(None, date(2026, 1, 1))
    (page,) = host.changes(last.cursor, date(2026, 1, 1))
    assert (page.records, page.cursor) == ((), last.cursor)


@pytest.mark.parametrize("change", ["touch", "add", "remove", "rewrite"])
def test_a_changed_folder_gives_everything_again(host: FolderHost, folder: Path, change: str) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    (folder / "more.ndjson").write_bytes(lines(encounter("e2")))
    (*_, last) = host.changes(None, None)
    if change == "touch":
        os.utime(folder / "all.ndjson", ns=(1, 1))
    elif change == "add":
        (folder / "new.ndjson").write_bytes(lines(encounter("e3")))
    elif change == "remove":
        (folder / "more.ndjson").unlink()
    else:
        (folder / "all.ndjson").write_bytes(lines(*VISIT[::-1]))
    found = {record.encounter for page in host.changes(last.cursor, None) for record in page.records}
    assert found >= {"e1"}
    assert ("e2" in found) is (change != "remove")


def test_an_earlier_start_gives_what_was_left_out(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT, encounter("old", period={"start": "2025-01-01T10:00:00Z"})))
    (*_, last) = host.changes(None, date(2026, 1, 1))
    assert {r.encounter for p in host.changes(last.cursor, date(2025, 1, 1)) for r in p.records} == {"e1", "old"}


@pytest.mark.parametrize(
    ("period", "given"),
    [
        ({"start": "2026-11-20T10:00:00-07:00"}, True),
        ({"start": "2026-11-18T23:00:00-07:00"}, True),
        ({"start": "2026-11-01T10:00:00Z"}, False),
        ({"start": "2026-11-01T10:00:00Z", "end": "2026-11-25T10:00:00Z"}, True),
        ({"start": "2026"}, True),
        ({}, True),
        (..., True),
        ("broken", True),
    ],
)
def test_only_what_is_surely_before_the_start_is_left_out(
    host: FolderHost, folder: Path, period: Any, given: bool
) -> None:
    (folder / "all.ndjson").write_bytes(lines(encounter(period=period)))
    assert ("e1" in all_of(host, date(2026, 11, 20))) is given


def test_visits_are_the_same_as_those_of_a_pass(host: FolderHost, folder: Path) -> None:
    others = [encounter(f"v{n}", subject=ref(f"Patient/q{n % 3}")) for n in range(30)]
    (folder / "all.ndjson").write_bytes(lines(*VISIT, *others))
    found = all_of(host)
    asked = {record.encounter: record for record in host.visits([*found, "gone"])}
    assert asked == found


def test_the_order_is_the_same_whatever_the_files_are(folder: Path, tmp_path: Path) -> None:
    visits = [encounter(f"v{n}", subject=ref(f"Patient/q{n % 7}")) for n in range(50)]
    orders = []
    for name, resources in (("one", visits), ("two", visits[::-1])):
        (folder / name).mkdir()
        (folder / name / "all.ndjson").write_bytes(lines(*resources))
        host = FolderHost("clinic", folder / name, out=tmp_path / "out", work=tmp_path / name)
        orders.append(list(all_of(host)))
    assert orders[0] == orders[1]


def test_the_index_is_used_again_and_made_anew_where_it_is_gone(host: FolderHost, folder: Path, tmp_path: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    all_of(host)
    (index,) = (tmp_path / "work").glob("index-*")
    made = index.stat().st_ino
    host.close()
    assert [record.encounter for record in host.visits(["e1"])] == ["e1"]
    assert index.stat().st_ino == made
    host.forget()
    assert not list((tmp_path / "work").glob("index-*"))
    assert [record.encounter for record in host.visits(["e1"])] == ["e1"]


def test_a_build_that_was_killed_is_cleared_away(host: FolderHost, folder: Path, tmp_path: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    (tmp_path / "work" / "building-killed").mkdir(parents=True)
    (tmp_path / "work" / "index-old").mkdir()
    assert keys(host) == WHOLE
    assert len([path for path in (tmp_path / "work").iterdir() if path.is_dir()]) == 1


def test_an_index_that_another_process_reads_from_stays(host: FolderHost, folder: Path, tmp_path: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    (folder / "more.ndjson").write_bytes(b"".join(lines(encounter(f"v{n}")) for n in range(600)))
    reading = host.changes(None, None)
    first = next(reading)
    (folder / "later.ndjson").write_bytes(lines(encounter("later")))
    other = FolderHost("clinic", folder, out=folder / "billing-out", work=tmp_path / "work")
    assert "later" in all_of(other)
    rest = [record for page in reading for record in page.records]
    assert len(first.records) + len(rest) == 601


def test_nobody_else_may_look_into_the_index(host: FolderHost, folder: Path, tmp_path: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    all_of(host)
    for path in (tmp_path / "work").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, path
    assert stat.S_IMODE((tmp_path / "work").stat().st_mode) == 0o700


# --- many parts -----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the folder were large: some hundred parts, written a little at a time."""
    monkeypatch.setattr("massage_billing.hosts.folder_build.PART_BYTES", 1000)
    monkeypatch.setattr(folder_index, "BUFFER_BYTES", 5000)


@pytest.mark.usefixtures("small_parts")
def test_many_parts_hold_the_same_visits_as_one(folder: Path, tmp_path: Path) -> None:
    resources = many(120)
    (folder / "all.ndjson").write_bytes(lines(*resources))
    host = FolderHost("clinic", folder, out=tmp_path / "out", work=tmp_path / "work")
    found = all_of(host)
    assert len(found) == 120
    for number in range(120):
        record = found[f"v{number}"]
        wanted = {f"Procedure/a{number}", f"Condition/d{number}", f"Patient/q{number // 3}", f"Coverage/c{number // 3}"}
        assert wanted <= record.resources.keys()
        procedures = {key for key in record.resources if key.startswith("Procedure/")}
        assert procedures == {f"Procedure/a{number}"}
    assert {record.encounter: record for record in host.visits(list(found))} == found


def many(count: int) -> list[Json]:
    found: list[Json] = [practitioner(), organization(), payer()]
    for number in range(count):
        owner = ref(f"Patient/q{number // 3}")
        if number % 3 == 0:
            found += [patient(f"q{number // 3}"), coverage(f"c{number // 3}", beneficiary=owner)]
        link = ref(f"Encounter/v{number}")
        found.append(procedure(f"a{number}", subject=owner, encounter=link))
        found.append(encounter(f"v{number}", subject=owner))
        found.append(condition(f"d{number}", subject=owner, encounter=link))
    return found[::2] + found[1::2]


@pytest.mark.usefixtures("small_parts")
def test_odd_references_across_many_parts(folder: Path, tmp_path: Path) -> None:
    resources: list[Json] = []
    for number in range(60):
        by_identifier = {"identifier": {"system": SYSTEM, "value": f"mrn-q{number}"}}
        visit = {"identifier": {"system": SYSTEM, "value": f"visit-{number}"}}
        resources += [
            patient(f"q{number}"),
            encounter(f"v{number}", subject=by_identifier, identifier=[visit["identifier"]]),
            procedure(f"a{number}", subject=ref(f"Patient/q{(number + 1) % 60}"), encounter=visit),
            procedure(f"b{number}", subject=..., encounter=ref(f"Encounter/v{number}")),
            procedure(
                f"c{number}", subject=ref(f"Patient/q{(number + 2) % 60}"), encounter=ref(f"Encounter/v{number}")
            ),
            coverage(f"c{number}", beneficiary=by_identifier),
        ]
    (folder / "all.ndjson").write_bytes(lines(*resources))
    host = FolderHost("clinic", folder, out=tmp_path / "out", work=tmp_path / "work")
    found = all_of(host)
    for number in range(60):
        wanted = {
            f"{kind}{number}" for kind in ("Procedure/a", "Procedure/b", "Procedure/c", "Patient/q", "Coverage/c")
        }
        assert wanted <= found[f"v{number}"].resources.keys()
    assert problems(host) == []


def test_a_large_bundle_is_read_entry_by_entry(host: FolderHost, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massage_billing.hosts.folder_read.is_large", lambda size, packed: True)
    urn = "urn:uuid:00000000-0000-4000-8000-000000000001"
    tricky = patient(name=[{"family": 'O"Test]},{[\\'}], text={"entry": [{"resource": 1}]})
    pairs = [("", procedure("a", encounter=ref(urn))), (urn, encounter()), ("", tricky)]
    content = {"meta": {"tag": [{"entry": [1]}]}, "type": "collection", **bundle(*pairs)}
    (folder / "large.json").write_text(json.dumps(content, indent=1))
    record = all_of(host)["e1"]
    assert record.resources["Patient/p1"] == tricky
    assert "Procedure/a" in record.resources
    assert problems(host) == []


def test_one_bad_value_in_a_bundle_costs_its_own_entry_and_no_other(host: FolderHost, folder: Path) -> None:
    whole = json.dumps(bundle(*(("", one) for one in VISIT), ("", encounter("e2")), ("", procedure("z"))))
    (folder / "all.json").write_text(whole.replace('"value": 30', '"value": 1e9999', 1))  # of Procedure a
    found = all_of(host)
    assert found["e2"].unreadable == ()
    assert [where for where, _ in found["e1"].unreadable] == ["Procedure/a"]
    assert set(found["e1"].resources) == WHOLE - {"Procedure/a"} | {"Procedure/z"}
    assert [where for where, _ in problems(host)] == ["all.json:1"]


def test_one_bad_value_in_a_large_bundle(host: FolderHost, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massage_billing.hosts.folder_read.is_large", lambda size, packed: True)
    whole = json.dumps(bundle(*(("", one) for one in VISIT)))
    (folder / "all.json").write_text(whole.replace('"value": 30', '"value": 1e9999', 1))
    record = all_of(host)["e1"]
    assert [where for where, _ in record.unreadable] == ["Procedure/a"]
    assert [where for where, _ in problems(host)] == ["all.json#2"]


def test_a_large_bundle_that_was_cut_off_bills_nothing(
    host: FolderHost, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("massage_billing.hosts.folder_read.is_large", lambda size, packed: True)
    (folder / "all.json").write_text(json.dumps(bundle(*(("", one) for one in VISIT)))[:-60])
    with pytest.raises(InputError, match=r"all\.json is damaged or ends too early"):
        all_of(host)


def test_utf_16_is_named(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    (folder / "more.json").write_bytes(json.dumps(bundle(("", encounter("e2")))).encode("utf-16"))
    assert set(all_of(host)) == {"e1"}
    assert [where for where, what in problems(host) if "UTF-16" in what] == ["more.json"]


@pytest.mark.parametrize("depth", [300, 990, 1010, 3000])
@pytest.mark.parametrize("name", ["all.ndjson", "all.json"])
def test_deep_nesting_is_no_crash_and_no_silence(host: FolderHost, folder: Path, name: str, depth: int) -> None:
    all_of_it = (*VISIT, procedure("deep", extension="?"))
    whole = json.dumps(bundle(*(("", one) for one in all_of_it))) if name == "all.json" else lines(*all_of_it).decode()
    content = whole.replace('"?"', "[" * depth + "]" * depth)
    (folder / name).write_text(content)
    record = all_of(host)["e1"]
    told = [where for where, _ in record.unreadable]
    assert told == ["Procedure/deep"] or "Procedure/deep" in record.resources


# --- histories, and what stands in several places ---------------------------------------------------------------------


def removed(url: str, when: str = "") -> Json:
    entry: Json = {"fullUrl": f"https://x.example/fhir/{url}", "request": {"method": "DELETE", "url": url}}
    return {**entry, "response": {"status": "204", "lastModified": when}} if when else entry


@pytest.mark.parametrize("large", [True, False])
def test_what_a_history_says_was_deleted_is_not_billed(
    host: FolderHost, folder: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    monkeypatch.setattr("massage_billing.hosts.folder_read.is_large", lambda size, packed: large)
    history = bundle(*(("", one) for one in VISIT), ("", procedure("b")))
    history["entry"] += [removed("Procedure/b"), removed("Procedure?identifier=x|y")]
    (folder / "history.json").write_text(json.dumps({**history, "type": "history"}))
    assert keys(host) == WHOLE
    assert ["not which" in what for _, what in problems(host)] == [True]


def test_what_was_written_again_after_it_was_deleted_is_there(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT))
    history = {"resourceType": "Bundle", "type": "history", "entry": [removed("Procedure/a", "2026-11-20T12:00:00Z")]}
    (folder / "history.json").write_text(json.dumps(history))
    assert keys(host) == WHOLE  # written at 18:20
    history["entry"] = [removed("Procedure/a", "2026-11-21T12:00:00Z")]
    (folder / "history.json").write_text(json.dumps(history))
    assert "Procedure/a" not in keys(host)


def test_a_procedure_under_two_patients_holds_the_visits_of_both(host: FolderHost, folder: Path) -> None:
    other = encounter("e9", subject=ref("Patient/p2"))
    theirs = procedure("a", subject=ref("Patient/p2"), encounter=ref("Encounter/e9"))
    (folder / "all.ndjson").write_bytes(lines(*VISIT, patient("p2"), encounter("e2"), other, theirs))
    found = all_of(host)
    assert {id: [where for where, _ in record.unreadable] for id, record in found.items()} == {
        "e1": ["Procedure/a"],
        "e2": [],
        "e9": ["Procedure/a"],
    }
    assert [where for where, what in problems(host) if "several patients" in what] == ["Procedure/a"]


@pytest.mark.parametrize(
    "late", [coverage("c9", beneficiary=...), consent("n9", patient=5), consent("n9", patient=...)]
)
def test_a_coverage_or_consent_that_names_no_patient_is_told(host: FolderHost, folder: Path, late: Json) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT, late))
    key = f"{late['resourceType']}/{late['id']}"
    assert keys(host) == WHOLE
    assert [where for where, what in problems(host) if "names no patient" in what] == [key]


def test_a_damaged_consent_that_shows_no_patient_is_told_plainly(host: FolderHost, folder: Path) -> None:
    (folder / "all.ndjson").write_bytes(lines(*VISIT) + b'{"resourceType":"Consent","id":"n1","status":"active","pat\n')
    assert keys(host) == WHOLE
    assert [where for where, what in problems(host) if "Consent" in what] == [f"all.ndjson:{len(VISIT) + 1}"]


@pytest.mark.parametrize("number", ["1e9999", "9" * 400])
def test_a_number_beyond_all_bounds_holds_its_visit(host: FolderHost, folder: Path, number: str) -> None:
    """Where a line belongs can be told without looking at all of it; that it cannot be read shows only later."""
    content = lines(*VISIT, encounter("e2")).decode()
    (folder / "all.ndjson").write_text(content.replace('"value": 30', f'"value": {number}', 1))
    read = {id: read_visit(record, Reading("clinic", zone="America/Denver")) for id, record in all_of(host).items()}
    told = {id: [p.about for p in visit.problems if p.rule == "record-readable"] for id, visit in read.items()}
    assert told == {"e1": ["Procedure/a"], "e2": []}
