"""The store is lost after claims were sent: none goes out twice, and what is answered finds its claim."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from claims_answers import ack, era, paid, status
from claims_clinic import HOST, NAMES, Billed, keys_in
from journeys.claim_steps import Life, holds
from massage_billing import wiring
from massage_billing.errors import SettingsError
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Submission
from massage_billing.sending.export import ExportReport


def export(clinic: Billed, *, dry: bool = False) -> ExportReport:
    with clinic.exporter() as exporter:
        return exporter.run(dry_run=dry)


def lose(clinic: Billed) -> None:
    """The store is gone; what stands on the host, and in the folders of receivers, is not."""
    shutil.rmtree(clinic.folder / clinic.state)


def in_files(clinic: Billed) -> Counter[str]:
    return Counter(key for file in clinic.files().values() for key in keys_in(file))


def look_again(clinic: Billed, encounter: str) -> tuple[str, ...]:
    """What the service does when a host tells of news of one visit; the problems told."""
    with wiring.open_program(clinic.settings) as program, program.shared(alone=True) as side:
        return tuple(side.again([encounter]).problems)


@pytest.fixture
def sent(clinic: Billed) -> list[Submission]:
    export(clinic)
    return clinic.sent()


@pytest.mark.parametrize("first", ["run", "export"])
def test_nothing_goes_twice_and_all_is_remembered_as_it_was(clinic: Billed, sent: list[Submission], first: str) -> None:
    before = clinic.files()
    lose(clinic)
    files = ("837P-fund-000000002.837", "837P-house-000000001.837")
    if first == "run":
        told = clinic.run()["problems"]
        assert [name in one for name, one in zip(files, told, strict=True)] == [True, True]
    else:
        assert export(clinic).found == files
    assert clinic.run()["problems"] == ()
    assert [export(clinic).files, export(clinic).found] == [(), ()]
    assert clinic.files() == before
    shown = [one.__class__(**{**_fields(one), "since": None}) for one in sent]
    assert [one.__class__(**{**_fields(one), "since": None}) for one in clinic.sent()] == shown
    with clinic.exporter() as exporter:
        assert exporter.only(1).files[0].again
    assert clinic.files() == before


def _fields(one: Submission) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


@pytest.mark.parametrize("where", ["taken", "done"])
def test_also_where_the_client_took_the_files(clinic: Billed, sent: list[Submission], where: str) -> None:
    done = clinic.folder / "done"
    done.mkdir()
    for path in clinic.out.glob("*/*"):
        if where == "done":
            shutil.move(path, done / path.name)
        elif path.suffix == ".837":
            path.unlink()
    if where == "done":
        clinic.write_settings(
            lambda text: text.replace("folder: out/house", "folder: out/house\n      done: done").replace(
                "folder: out/fund", "folder: out/fund\n      done: done"
            )
        )
    lose(clinic)
    clinic.run()
    assert (export(clinic).files, in_files(clinic)) == ((), Counter())
    assert [one.key for one in clinic.sent()] == [one.key for one in sent]
    if where == "taken":
        with clinic.exporter() as exporter, pytest.raises(SettingsError, match="bytes of batch 1 are gone"):
            exporter.only(1)


def test_what_is_answered_finds_its_claim(clinic: Billed, sent: list[Submission]) -> None:
    first, second, third, *_ = [one for one in sent if one.batch == 1]
    covered = [one for one in clinic.resources("Coverage").values() if one["beneficiary"]["reference"] == third.patient]
    member = next(one["subscriberId"] for one in covered if "subscriberId" in one)
    lose(clinic)
    clinic.run()
    export(clinic)
    remitted = era(paid(first), paid(third, control="x", member=member))
    clinic.receive(ack(1, ("0001", "A")), status(1, (second.key, "A3:21", "")), remitted)
    stand = {one.key: one.standing for one in clinic.sent()}
    assert (stand[first.key], stand[second.key]) == (ClaimStanding.ADJUDICATED, ClaimStanding.REJECTED)
    assert stand[third.key] is ClaimStanding.ADJUDICATED
    assert ClaimStanding.EXPORTED not in {stand[one.key] for one in sent if one.batch == 1}


def test_numbers_are_not_given_again_though_the_files_go_afterwards(clinic: Billed, sent: list[Submission]) -> None:
    lose(clinic)
    clinic.run()
    export(clinic)
    shutil.rmtree(clinic.out)
    clinic.receive(status(1, (sent[0].key, "A3:21", "")))
    with clinic.ledger() as ledger:
        assert ledger.next_batch() > 2


def test_a_claim_that_was_sent_again_stands_in_its_newest_file(clinic: Billed, sent: list[Submission]) -> None:
    one = next(each for each in sent if each.batch == 1)
    clinic.receive(status(1, (one.key, "A3:21", "")))
    (clinic.out / "house").rename(clinic.out / "away")
    patient = clinic.resources("Patient")[one.patient.partition("/")[2]]
    clinic.put({**patient, "birthDate": "1961-02-03"})
    clinic.run()
    export(clinic)
    shutil.copytree(clinic.out / "away", clinic.out / "house", dirs_exist_ok=True)
    shutil.rmtree(clinic.out / "away")
    lose(clinic)
    clinic.run()
    assert export(clinic).files == ()
    assert {each.key: each.batch for each in clinic.sent()}[one.key] == 3
    with clinic.exporter() as exporter, pytest.raises(SettingsError, match="1 of the 39 claims of batch 1"):
        exporter.only(1)


@pytest.mark.parametrize("first", ["run", "one visit"])
def test_a_record_that_changed_meanwhile_replaces_no_claim_that_was_sent(
    clinic: Billed, sent: list[Submission], first: str
) -> None:
    """The run comes before the export, a notice of one visit maybe before both: they have to know what was sent."""
    life = Life(clinic, clinic)
    (one,) = life.suitable(1)
    before = life.claims_of(one)
    lose(clinic)
    life.shorten(one)
    if first == "one visit":
        assert any("837P-house-000000001.837" in told for told in look_again(clinic, one))
    else:
        clinic.run()
    assert holds(life)[one] == {"claim-state"}
    assert life.claims_of(one) == before


def test_a_dry_run_says_it_and_remembers_nothing(clinic: Billed, sent: list[Submission]) -> None:
    clinic.run()
    put_away = clinic.out.rename(clinic.folder / "away")
    lose(clinic)
    clinic.run()
    put_away.rename(clinic.out)
    report = export(clinic, dry=True)
    assert (report.files, len(report.found), clinic.sent()) == ((), 2, [])
    assert sum("which the next export remembers" in one.why for one in report.left) == len(sent)


# --- files that cannot be understood ----------------------------------------------------------------------------------


def of_before(path: Path) -> None:
    """As manifests were before they said everything."""
    told = json.loads(path.read_text())
    del told["host"]
    for one in told["carries"]:
        del one["lines"], one["patient"], one["digest"]
    path.write_text(json.dumps(told))


def other_bytes(path: Path) -> None:
    file = path.with_name(path.name.removesuffix(".manifest.json"))
    file.write_bytes(file.read_bytes().replace(b"*11:B:1*", b"*12:B:1*", 1))


@pytest.mark.parametrize("spoil", [of_before, other_bytes, Path.unlink], ids=["old", "other bytes", "no manifest"])
def test_claims_of_a_file_that_cannot_be_remembered_wait_for_a_person(
    clinic: Billed, sent: list[Submission], spoil: object
) -> None:
    before = in_files(clinic)
    spoil(next(clinic.out.glob("house/*.manifest.json")))
    lose(clinic)
    told = clinic.run()["problems"]
    assert sum("837P-house-000000001.837" in one and "claims mark" in one for one in told) == 1
    report = export(clinic)
    assert (report.files, in_files(clinic)) == ((), before)
    kept = {one.claim: one for one in report.left if "837P-house-000000001.837" in one.why}
    assert kept.keys() == {one.claim for one in sent if one.batch == 1}
    assert all(one.lacks and "claims mark" in one.why for one in kept.values())
    assert not any(name in one.why for one in kept.values() for name in NAMES)


def test_a_file_that_says_nothing_keeps_all_claims_of_its_receiver(clinic: Billed, sent: list[Submission]) -> None:
    (path,) = clinic.out.glob("house/*.manifest.json")
    path.write_bytes(b"\x00")
    (path.with_name(path.name.removesuffix(".manifest.json"))).unlink()
    lose(clinic)
    clinic.run()
    report = export(clinic)
    assert (report.files, len(report.problems)) == ((), 1)
    for one in clinic.out.glob("house/*"):
        one.unlink()
    assert [file.receiver for file in export(clinic).files] == ["house"]


def test_a_file_of_another_host_is_its_own(clinic: Billed, sent: list[Submission]) -> None:
    for path in clinic.out.glob("*/*.manifest.json"):
        path.write_text(path.read_text().replace(f'"host": "{HOST}"', '"host": "elsewhere"'))
    lose(clinic)
    clinic.run()
    report = export(clinic)
    assert (report.found, sum(file.claims for file in report.files)) == ((), len(sent))
