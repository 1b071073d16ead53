"""Every approved claim goes into one file, of its receiver; what may not be sent never does, and says why."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from claims_answers import ack, era, paid, status
from claims_clinic import HOST, NAMES, Billed, Json, controls_of, keys_in, now
from massage_billing.errors import SettingsError
from massage_billing.fhir import names
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Batch, Said
from massage_billing.remittance.book import ClaimBook
from massage_billing.sending import files as files_module
from massage_billing.sending.again import Again
from massage_billing.sending.export import ExportReport


def export(
    clinic: Billed, payer: str | None = None, since: date | None = None, *, again: str = "", dry: bool = False
) -> ExportReport:
    with clinic.exporter() as exporter:
        return exporter.run(payer, since, again=Again(frozenset([again])), dry_run=dry)


def in_files(clinic: Billed) -> list[str]:
    return [key for file in clinic.files().values() for key in keys_in(file)]


def claims(clinic: Billed) -> dict[str, Json]:
    """Active Claims by claim key."""
    found = {}
    for one in clinic.resources("Claim").values():
        (key,) = [each["value"] for each in one["identifier"] if each["system"] == names.SID_CLAIM_KEY]
        found[key] = one
    return found


def encounter(claim: Json) -> str:
    return str(claim["item"][0]["encounter"][0]["reference"]).partition("/")[2]


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_each_receiver_gets_the_claims_of_its_payers_in_a_file_of_its_own(clinic: Billed) -> None:
    report = export(clinic)
    by_file = {name.partition("/")[0]: keys_in(data) for name, data in clinic.files().items()}
    payers = {one.key: one.payer for one in clinic.sent()}
    assert {payers[key] for key in by_file["fund"]} == {"state-fund"}
    assert {payers[key] for key in by_file["house"]} == {"cedar-health", "juniper-mutual", "larch-care"}
    assert [(file.receiver, file.claims) for file in report.files] == [
        (name, len(by_file[name])) for name in ("house", "fund")
    ]
    assert sum(file.total for file in report.files) == sum(one.total for one in clinic.sent())
    left = {one.claim.partition("/")[2] for one in report.left}
    assert sorted(in_files(clinic)) == sorted(claims(clinic).keys() - left)


def test_a_claim_that_cannot_be_written_is_named_and_the_others_go(clinic: Billed) -> None:
    """The injury fund needs its number of the injury, which the record of one patient lacks."""
    (left,) = export(clinic).left
    assert left.lacks
    assert "property and casualty claim number" in left.why
    assert not any(name in left.why for name in NAMES)
    assert len(in_files(clinic)) == len(claims(clinic)) - 1


def test_a_record_that_lacks_something_is_named_with_all_of_it_and_goes_once_it_is_complete(clinic: Billed) -> None:
    patient = claims(clinic)["MB33NEMLMN2E6QRDILAL"]["patient"]["reference"]
    whole = clinic.resources("Patient")[patient.partition("/")[2]]
    clinic.put({key: value for key, value in whole.items() if key not in ("address", "birthDate")})
    report = export(clinic)
    (why, *_) = [one.why for one in report.left if one.encounter == "visit-59"]
    for element in ("birth date", "address line", "city"):
        assert f"{element} of {patient}" in why
    assert "MB33NEMLMN2E6QRDILAL" not in in_files(clinic)
    clinic.put(whole)
    clinic.run()
    export(clinic)
    assert Counter(in_files(clinic))["MB33NEMLMN2E6QRDILAL"] == 1


def test_a_second_export_has_nothing_to_send(clinic: Billed) -> None:
    export(clinic)
    before = clinic.files()
    assert export(clinic).files == ()
    assert clinic.files() == before


def test_only_a_payer_or_only_from_a_day_on(clinic: Billed) -> None:
    export(clinic, payer="cedar-health")
    assert {one.payer for one in clinic.sent()} == {"cedar-health"}
    since = sorted(date.fromisoformat(claim["item"][0]["servicedDate"]) for claim in claims(clinic).values())[-5]
    export(clinic, since=since)
    assert all(one.payer == "cedar-health" or one.date >= since for one in clinic.sent())
    export(clinic)
    assert max(Counter(in_files(clinic)).values()) == 1


def test_a_dry_run_writes_and_remembers_nothing(clinic: Billed) -> None:
    told = export(clinic, dry=True)
    assert (clinic.files(), clinic.sent(), clinic.out.exists()) == ({}, [], False)
    done = export(clinic)
    assert [(one.receiver, one.claims, one.total) for one in told.files] == [
        (one.receiver, one.claims, one.total) for one in done.files
    ]
    assert told.left == done.left


def test_what_is_remembered_is_what_was_sent(clinic: Billed) -> None:
    export(clinic)
    there = claims(clinic)
    for one in clinic.sent():
        claim = there[one.key]
        assert one.claim == f"Claim/{claim['id']}"
        assert one.total == Decimal(str(claim["total"]["value"])) == sum(line.charge for line in one.lines)
        assert [line.code for line in one.lines] == [
            item["productOrService"]["coding"][0]["code"] for item in claim["item"]
        ]
        assert one.patient == claim["patient"]["reference"]
        assert one.digest in json.dumps(claim)
        assert (one.standing, one.frequency) == (ClaimStanding.EXPORTED, "1")


def test_papers_of_what_was_sent_count_as_taken(clinic: Billed, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    with clinic.exporter() as exporter:
        monkeypatch.setattr(type(exporter.setup.store), "sent", lambda _, host, some: told.extend(some))
        exporter.run()
    assert sorted(told) == sorted(one.encounter for one in clinic.sent())


# --- what is not sent -------------------------------------------------------------------------------------------------


def changed(clinic: Billed, key: str, **elements: object) -> None:
    clinic.put({**claims(clinic)[key], **elements})


def wish(clinic: Billed, key: str) -> None:
    """The patient asks that the plan be not told of a visit."""
    visit = clinic.resources("Encounter")[encounter(claims(clinic)[key])]
    bill_to = {"url": names.EXT_BILL_TO, "valueCode": "self-pay"}
    clinic.put({**visit, "extension": [*visit.get("extension", []), bill_to]})


def consent(clinic: Billed, key: str) -> None:
    (given, *_) = clinic.resources("Consent").values()
    patient, visit = claims(clinic)[key]["patient"], encounter(claims(clinic)[key])
    data = [{"meaning": "instance", "reference": {"reference": f"Encounter/{visit}"}}]
    clinic.put({**given, "id": "wish", "patient": patient, "provision": {"type": "deny", "data": data}})


def gone(clinic: Billed, key: str) -> None:
    file = Path(clinic.folder, clinic.where, "Encounter.000.ndjson")
    lines = [line for line in file.read_text().splitlines() if json.loads(line)["id"] != encounter(claims(clinic)[key])]
    file.write_text("".join(f"{line}\n" for line in lines))


def lost(clinic: Billed, key: str) -> None:
    file = Path(clinic.folder, clinic.where, "billing-out", "Claim.ndjson")
    file.write_text("".join(f"{line}\n" for line in file.read_text().splitlines() if f'"{key}"' not in line))


def answered(clinic: Billed, key: str) -> None:
    claim = claims(clinic)[key]
    clinic.put({
        "resourceType": "ClaimResponse", "id": "r1", "status": "active", "use": "claim", "outcome": "queued",
        "patient": claim["patient"], "request": {"reference": f"Claim/{claim['id']}"}, "created": "2026-11-20",
        "type": claim["type"], "insurer": {"display": "a payer"}, "identifier": [{"value": "P1"}],
        "meta": {"versionId": "1"},
    })  # fmt: skip


def procedures(clinic: Billed, visit: str) -> list[Json]:
    found = clinic.resources("Procedure").values()
    return [one for one in found if one["encounter"]["reference"] == f"Encounter/{visit}"]


def held(clinic: Billed, key: str) -> None:
    """The record is changed so that the visit is held, and ``run`` says so."""
    visit = encounter(claims(clinic)[key])
    without = [{name: one[name] for name in one if name != "performedPeriod"} for one in procedures(clinic, visit)]
    clinic.put(*without)
    clinic.run()


def other_digest(clinic: Billed, key: str) -> None:
    changed(clinic, key, extension=[{"url": names.EXT_DECISION_DIGEST, "valueString": "x"}])


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (wish, "does not want the plan to be told"),
        (consent, "does not want the plan to be told"),
        (gone, "the host does not give any more"),
        (lost, "is not on the host any more"),
        (answered, "is sent by what stands on the host"),
        (lambda clinic, key: changed(clinic, key, status="cancelled"), "is cancelled on the host"),
        (lambda clinic, key: changed(clinic, key, status="draft"), "is draft on the host"),
        (lambda clinic, key: changed(clinic, key, status="entered-in-error"), "is entered-in-error on the host"),
        (other_digest, "is not what was decided last"),
        (held, ""),
    ],
    ids=["wish", "consent", "gone", "lost", "answered", "cancelled", "draft", "in error", "changed", "held"],
)
def test_what_may_not_be_sent_is_in_no_file(clinic: Billed, what: Callable[[Billed, str], None], why: str) -> None:
    key = "MB33NEMLMN2E6QRDILAL"
    assert key in claims(clinic)
    what(clinic, key)
    report = export(clinic)
    assert key not in in_files(clinic)
    assert len(in_files(clinic)) > 20
    told = [one for one in report.left if one.encounter == "visit-59"]
    assert [why in one.why and not one.lacks for one in told] == ([True] if why else [])
    assert not any(name in one.why for one in report.left for name in NAMES)


def test_drafts_wait_for_a_person(billed: Billed, tmp_path: Path) -> None:
    clinic = billed.copied(tmp_path / "drafts")
    for name in ("billing-out", "../state"):
        os.rename(clinic.folder / "files" / name, tmp_path / name.replace("../", ""))
    clinic.write_settings(lambda text: text.replace("settle: 0}", "settle: 0}\n    claims: {write_as: draft}"))
    clinic.run()
    report = export(clinic)
    assert (report.files, clinic.files()) == ((), {})
    assert {one.why for one in report.left} == {"is a draft: `approve` lets it go."}
    assert len(report.left) == len(claims(clinic))


def test_a_claim_of_several_visits_is_not_sent_where_one_of_them_may_not_be_told(clinic: Billed) -> None:
    """The lines of a patient's day stand on one claim; the wish may be recorded of the other visit."""
    one, other = _day_of_two(clinic)
    clinic.run()
    claim = next(each for each in claims(clinic).values() if {one, other} <= set(_encounters(each)))
    visit = clinic.resources("Encounter")[other]
    clinic.put({**visit, "extension": [{"url": names.EXT_BILL_TO, "valueCode": "self-pay"}]})
    report = export(clinic)
    assert claim["id"] not in in_files(clinic)
    assert ["does not want the plan" in left.why for left in report.left if left.claim == f"Claim/{claim['id']}"] == [
        True
    ]


def _encounters(claim: Json) -> list[str]:
    return [one["reference"].partition("/")[2] for item in claim["item"] for one in item.get("encounter", [])]


def _day_of_two(clinic: Billed) -> tuple[str, str]:
    """A second visit on the day of one: the same with other ids, an hour later, of another code."""
    claim = claims(clinic)["MB33NEMLMN2E6QRDILAL"]
    first = encounter(claim)
    visit = clinic.resources("Encounter")[first]
    later = json.loads(json.dumps(visit).replace(f'"{first}"', '"visit-later"'))
    later["period"] = {name: value.replace("T1", "T2").replace("T0", "T1") for name, value in visit["period"].items()}
    copies = []
    for one in procedures(clinic, first):
        copy = json.loads(json.dumps(one).replace(f"Encounter/{first}", "Encounter/visit-later"))
        copy["performedPeriod"] = {"start": "2026-08-08T18:05:00-06:00", "end": "2026-08-08T18:35:00-06:00"}
        copy["code"]["coding"][0]["code"] = "97110"
        copies.append({**copy, "id": f"{one['id']}-later"})
    clinic.put(later, *copies)
    return first, "visit-later"


def test_what_was_rejected_goes_again_and_what_was_taken_does_not(clinic: Billed) -> None:
    export(clinic)
    first, second, third, *_ = [one for one in clinic.sent() if one.batch == 1]
    clinic.receive(status(1, (first.key, "A3:21", ""), (second.key, "A2:20", "")), era(paid(third)))
    export(clinic, again=first.key)
    counted = Counter(in_files(clinic))
    assert {key for key, count in counted.items() if count > 1} == {first.key}
    assert (clinic.sent() and {one.batch for one in clinic.sent() if one.key == first.key}) == {3}
    assert export(clinic).files == ()


def test_what_a_person_marked_as_sent_is_not_exported(clinic: Billed) -> None:
    key, claim = next(iter(claims(clinic).items()))
    with clinic.store() as store:
        book = ClaimBook(store, store.ledger(), HOST)
        said = Said("", now(), ClaimStanding.EXPORTED, "marked by ana", "sent: on the portal")
        book.mark(encounter(claim), said)
    export(clinic)
    assert key not in in_files(clinic)


# --- files ------------------------------------------------------------------------------------------------------------


def test_the_manifest_tells_what_is_in_a_file_and_nobody_s_name(clinic: Billed) -> None:
    export(clinic)
    for name, data in clinic.files().items():
        text = Path(clinic.out, f"{name}.manifest.json").read_text()
        told = json.loads(text)
        assert told["sha256"] == hashlib.sha256(data).hexdigest()
        assert [one["control"] for one in told["carries"]] == keys_in(data)
        assert not any(each in text for each in NAMES)


def test_files_and_folders_are_their_owner_s_alone(clinic: Billed) -> None:
    export(clinic)
    for path in clinic.out.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert [path.name for path in clinic.out.rglob(".*")] == []


def test_the_manifest_is_there_before_the_file(clinic: Billed, monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[str] = []
    original = files_module._put
    monkeypatch.setattr(files_module, "_put", lambda path, content: (put.append(path.name), original(path, content)))
    export(clinic)
    assert [name.endswith(".manifest.json") for name in put] == [True, False, True, False]


def test_a_file_is_written_again_byte_for_byte(clinic: Billed) -> None:
    export(clinic)
    before = clinic.files()
    for path in clinic.out.glob("*/*"):
        path.unlink()
    with clinic.exporter() as exporter:
        reports = [exporter.only(number) for number in (1, 2)]
    assert clinic.files() == before
    assert [one.files[0].again for one in reports] == [True, True]
    assert len(list(clinic.out.glob("*/*.manifest.json"))) == 2


def test_a_file_is_not_written_again_where_that_would_send_claims_twice(clinic: Billed) -> None:
    export(clinic)
    clinic.receive(ack(1, ("0001", "R"), group="R"))
    export(clinic, again="1")
    with clinic.exporter() as exporter, pytest.raises(SettingsError, match="39 of the 39 claims of batch 1"):
        exporter.only(1)
    with clinic.exporter() as exporter, pytest.raises(SettingsError, match="Batch 99 is not known"):
        exporter.only(99)


def test_a_dropped_file_is_never_written_again_and_its_claims_go_in_another(clinic: Billed) -> None:
    export(clinic)
    for path in clinic.out.glob("house/*"):
        path.unlink()
    with clinic.ledger() as ledger:
        assert ledger.drop_batch(HOST, 1, "ana", "deleted before it was sent") == 39
    (file,) = export(clinic).files
    assert (file.claims, file.again) == (39, False)
    assert max(Counter(in_files(clinic)).values()) == 1
    with clinic.exporter() as exporter, pytest.raises(SettingsError, match="bytes of batch 1 are gone"):
        exporter.only(1)


def test_control_numbers_are_unique(clinic: Billed) -> None:
    for payer in ("cedar-health", "juniper-mutual", "larch-care", "state-fund"):
        export(clinic, payer=payer)
    numbers = controls_of(iter(clinic.files().values()))
    assert len(set(numbers)) == len(numbers) == 4
    assert all(int(isa) == int(group) for isa, group in numbers)


# --- a folder that cannot be written ----------------------------------------------------------------------------------


def blocked(clinic: Billed, receiver: str) -> Path:
    """A file where the receiver's folder should be: it cannot be written, not even by root."""
    clinic.out.mkdir(exist_ok=True)
    path = clinic.out / receiver
    path.write_text("in the way")
    return path


def test_a_folder_that_cannot_be_written_is_named_keeps_no_other_and_loses_nothing(clinic: Billed) -> None:
    way = blocked(clinic, "house")
    report = export(clinic)
    assert [one.receiver for one in report.files] == ["fund"]
    (problem,) = report.problems
    assert "house/837P-house-000000001.837 cannot be written" in problem
    assert [one.number for one in _unwritten(clinic)] == [1]
    assert len(export(clinic).problems) == 1
    way.unlink()
    (file,) = export(clinic).files
    assert (file.number, file.again, file.claims) == (1, True, 39)
    assert max(Counter(in_files(clinic)).values()) == 1
    assert len(in_files(clinic)) == len(claims(clinic)) - 1
    assert export(clinic).files == ()


def test_a_file_whose_bytes_went_with_a_forgotten_patient_is_told_until_somebody_says_what_became_of_it(
    clinic: Billed,
) -> None:
    """It was remembered and never written; the others' claims in it count as sent, and nobody else would notice."""
    way = blocked(clinic, "house")
    export(clinic)
    way.unlink()
    with clinic.ledger() as ledger, clinic.store() as store:
        first = ledger.of_batch(HOST, 1)[0]
        store.purge_patient(HOST, first.patient)
        others = len(ledger.of_batch(HOST, 1))
    assert 0 < others < 39
    for _ in range(2):
        report = export(clinic)
        (problem,) = report.problems
        assert (report.files, f"{others} claims of others" in problem) == ((), True)
        assert "`claims drop 1`" in problem
    with clinic.ledger() as ledger:
        ledger.drop_batch(HOST, 1, "ana", "it is not there")
    report = export(clinic)
    assert (report.problems, [file.claims for file in report.files]) == ((), [others])


def test_a_file_that_was_all_of_a_forgotten_patient_is_no_problem(clinic: Billed) -> None:
    way = blocked(clinic, "house")
    export(clinic)
    way.unlink()
    with clinic.ledger() as ledger, clinic.store() as store:
        for patient in {one.patient for one in ledger.of_batch(HOST, 1)}:
            store.purge_patient(HOST, patient)
    assert (export(clinic).problems, _unwritten(clinic)) == ((), [])


def _unwritten(clinic: Billed) -> list[Batch]:
    with clinic.ledger() as ledger:
        return ledger.batches(HOST, unwritten=True)


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_named_and_leaves_no_half_file(
    clinic: Billed, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files_module.os, "fsync" if call == "fsync" else "fdopen", full)
        report = export(clinic)
    assert ["No space left on device" in problem for problem in report.problems] == [True, True]
    assert [path.name for path in clinic.out.rglob("*") if path.is_file()] == []
    assert {one.again for one in export(clinic).files} == {True}
    assert max(Counter(in_files(clinic)).values()) == 1


def test_a_receiver_that_the_settings_do_not_name_any_more_keeps_no_other(clinic: Billed) -> None:
    blocked(clinic, "fund")
    export(clinic)
    clinic.write_settings(lambda text: text.replace("    fund:", "    other:").replace("out/fund", "out/other"))
    (problem,) = export(clinic).problems
    assert "Batch 2 was made for fund" in problem
    with clinic.ledger() as ledger:
        ledger.drop_batch(HOST, 2, "ana", "the receiver changed")
    (file,) = export(clinic).files
    assert (file.receiver, file.claims) == ("other", 2)


def test_a_file_that_was_answered_arrived_though_nobody_remembers_writing_it(clinic: Billed) -> None:
    """The export was killed after the file was put in its place, and the client took it."""
    blocked(clinic, "house")
    export(clinic)
    clinic.receive(status(1, said="A3:24:41"))
    (clinic.out / "house").unlink()
    assert export(clinic).files == ()
    (file,) = export(clinic, again="1").files
    assert (file.again, file.claims) == (False, 39)
    assert max(Counter(in_files(clinic)).values()) == 1


def test_a_claim_to_a_payer_that_no_receiver_takes_is_named(clinic: Billed) -> None:
    clinic.write_settings(
        lambda text: text.replace("      folder: out/house", "      folder: out/house\n      payers: [cedar-health]")
    )
    report = export(clinic)
    assert {one.why for one in report.left if "no receiver" in one.why} == {
        "is to juniper-mutual, and no receiver takes its claims.",
        "is to larch-care, and no receiver takes its claims.",
    }
    assert {one.payer for one in clinic.sent()} == {"cedar-health", "state-fund"}


def test_a_claim_sent_and_replaced_meanwhile_is_held(clinic: Billed, monkeypatch: pytest.MonkeyPatch) -> None:
    """``run`` and ``export`` at the same moment: what was sent is not what stands on the host."""
    export(clinic)
    one = next(each for each in clinic.sent() if each.key == "MB33NEMLMN2E6QRDILAL")
    (longer,) = procedures(clinic, one.encounter)
    longer["performedPeriod"]["end"] = longer["performedPeriod"]["end"].replace("T09:05", "T08:50")
    clinic.put(longer)
    with monkeypatch.context() as patched:
        patched.setattr("massage_billing.run.batch.with_sent", lambda *_: {})
        clinic.run()
    assert json.dumps(claims(clinic)[one.key]).find(one.digest) < 0
    assert clinic.run()["hold_reasons"].get("claim-state") is None
    clinic.put({**longer, "note": [{"text": "seen again"}]})
    assert clinic.run()["hold_reasons"]["claim-state"] == 1


def test_a_void_is_sent_of_a_visit_that_the_plan_should_not_have_been_told_of(clinic: Billed) -> None:
    """It tells the plan nothing that it does not know, and takes it back."""
    export(clinic)
    one = next(each for each in clinic.sent() if each.key == "MB33NEMLMN2E6QRDILAL")
    clinic.receive(era(paid(one, number="P5")))
    wish(clinic, one.key)
    clinic.run()
    (file,) = export(clinic, payer=one.payer).files
    data = clinic.files()[f"house/{Path(file.path).name}"]
    assert (file.claims, b":8*" in data, b"REF*F8*P5~" in data) == (1, True, True)
    assert export(clinic).files == ()
