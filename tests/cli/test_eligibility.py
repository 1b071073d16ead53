"""``eligibility run``, ``status`` and ``show`` on a clinic in files, asking simulated payers over HTTP."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders import consent
from massage_billing.errors import HostRejected
from massage_billing.hosts.folder import FolderHost
from massage_billing.payers.simulated.payer import SimulatedPayer
from massage_billing.ports import QuestionState, Settled, WriteResult
from massage_billing.store import open_store
from servers.simulated_payer import Start
from store.asking_making import question
from sweep.on_disk import nearby, patient, settings, today, tomorrow, write_out, written
from sweep.world import BIRTH_DATE, FAMILY, GIVEN, World

from .conftest import Answer

Call = Callable[..., Answer]
WRITTEN = ("CoverageEligibilityRequest", "CoverageEligibilityResponse", "Task")


class Clinic:
    """Its files, the payer, and the command on them."""

    def __init__(self, folder: Path, payer: SimulatedPayer, url: str, mb: Call) -> None:
        self.folder, self.payer, self.url, self._mb = folder, payer, url, mb
        self.world = nearby()
        self.host = folder / "host"

    def write(self) -> None:
        write_out(self.world, self.host)
        self.settings = settings(self.folder, self.url, self.host)

    def __call__(self, *words: str) -> Answer:
        return self._mb(*words, "--settings", str(self.settings))

    def asked(self) -> int:
        return sum(asked for asked, _ in self.payer.counts().values())

    def files(self) -> dict[str, bytes]:
        out = self.host / "billing-out"
        return {file.name: file.read_bytes() for file in sorted(out.glob("*.ndjson"))} if out.exists() else {}


@pytest.fixture
def clinic(tmp_path: Path, start_payer: Start, mb: Call, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """Three patients: one insured, one whose coverage has ended, one who asked that the plan not be told."""
    for name in ("MASSAGE_BILLING_SETTINGS", "MASSAGE_BILLING_STATE"):
        monkeypatch.delenv(name, raising=False)
    payer, url = start_payer(slow=3.0)
    made = Clinic(tmp_path, payer, url, mb)
    fill(made.world)
    made.write()
    return made


def fill(world: World) -> None:
    patient(world, "p1", "SYN-ACTIVE", "o2", "09:00")
    patient(world, "p2", "SYN-ENDED", "o3", "10:00")
    patient(world, "p3", "SYN-ACTIVE", "o4", "11:00")
    world.put(consent("n3", patient={"reference": "Patient/p3"}))


def test_run_asks_answers_writes_and_opens_tasks(clinic: Clinic) -> None:
    answer = clinic("eligibility", "run", "--json")
    assert answer.code == 0, answer.err
    report = json.loads(answer.out)
    assert (report["appointments"], report["asked"], report["answered"], report["written"]) == (3, 2, 2, 2)
    assert report["readiness"] == {"blocked": 1, "ready": 2}
    assert (report["tasks_opened"], report["unwritten"], report["dry_run"]) == (1, 0, False)
    assert report["first"] == today().isoformat()
    assert clinic.asked() == 2
    assert [len(written(clinic.host, kind)) for kind in WRITTEN] == [2, 2, 1]
    (task,) = written(clinic.host, "Task")
    assert task["focus"] == {"reference": "Appointment/mp2"}


def test_run_again_says_that_nobody_had_to_be_asked_and_writes_nothing(clinic: Clinic) -> None:
    clinic("eligibility", "run")
    before = clinic.files()
    answer = clinic("eligibility", "run")
    assert (answer.code, clinic.asked()) == (0, 2)
    assert "Nothing new: nobody had to be asked." in answer.out
    assert clinic.files() == before


def test_run_prints_what_a_person_needs(clinic: Clinic) -> None:
    out = clinic("eligibility", "run").out
    for said in ("asked", "answered", "not asked", "patient pays (restricted)", "blocked", "coverage-ended",
                 "Written to the EHR: 2 answers; 1 Task opened or changed, 0 closed."):  # fmt: skip
        assert said in out
    assert not any(word in out for word in (FAMILY, GIVEN, BIRTH_DATE, "SYN-"))


def test_a_dry_run_asks_nobody_and_writes_nothing(clinic: Clinic) -> None:
    answer = clinic("eligibility", "run", "--dry-run")
    assert (answer.code, clinic.asked(), clinic.files()) == (0, 0, {})
    assert "Dry run: nobody was asked, nothing was written." in answer.out
    assert re.search(r"would ask +2 +never asked \(2\)", answer.out)
    assert not re.search(r"^ *(asked|answered) ", answer.out, re.MULTILINE)
    report = json.loads(clinic("eligibility", "run", "--dry-run", "--json").out)
    assert (report["dry_run"], report["asked"], report["appointments"]) == (True, 0, 3)
    assert (report["would_ask"], report["asked_because"]) == (2, {"never asked": 2})
    assert "patient pays (restricted)" in report["not_asked"]
    assert json.loads(clinic("eligibility", "status", "--json").out) == []


def test_from_and_days_choose_the_days(clinic: Clinic) -> None:
    assert json.loads(clinic("eligibility", "run", "--days", "0", "--json").out)["appointments"] == 0
    report = json.loads(clinic("eligibility", "run", "--from", tomorrow().isoformat(), "--days", "0", "--json").out)
    assert (report["appointments"], report["first"], report["last"]) == (3, *[tomorrow().isoformat()] * 2)


@pytest.mark.parametrize("words", [["--days", "61"], ["--days", "-1"], ["--from", "soon"], ["--nonsense"]])
def test_wrong_use_ends_with_2(clinic: Clinic, words: list[str]) -> None:
    assert clinic("eligibility", "run", *words).code == 2
    assert clinic.asked() == 0


def test_payers_that_all_fail_end_it_with_10_and_are_named(clinic: Clinic) -> None:
    clinic.world.change("Coverage/cp1", subscriberId="SYN-DOWN-1")
    clinic.world.change("Coverage/cp2", subscriberId="SYN-GARBAGE-2")
    clinic.write()
    answer = clinic("eligibility", "run")
    assert answer.code == 10
    assert "Payer one: Channel core, payer one: POST /core was answered 503." in answer.out
    assert "Payer two: Channel fhir" in answer.out
    assert "tried again by the next sweep, under the same trace number" in answer.out


def test_one_payer_that_fails_beside_one_that_answers_is_no_failure(clinic: Clinic) -> None:
    clinic.world.change("Coverage/cp1", subscriberId="SYN-DOWN-1")
    clinic.write()
    answer = clinic("eligibility", "run", "--json")
    assert answer.code == 0
    assert list(json.loads(answer.out)["payers"]) == ["one"]


def test_answers_that_wait_for_the_host_end_it_with_5(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    write = FolderHost.write
    monkeypatch.setattr(
        FolderHost,
        "write",
        lambda self, groups: iter([WriteResult(one.key, problem=HostRejected("full")) for one in groups]),
    )
    answer = clinic("eligibility", "run")
    assert answer.code == 5
    assert "Waiting for the EHR: 2 answers. The next sweep writes them." in answer.out
    assert "its answer was not written. full" in answer.out
    assert clinic("eligibility", "run", "--dry-run").code == 0
    monkeypatch.setattr(FolderHost, "write", write)
    assert clinic("eligibility", "run").code == 0
    assert clinic.asked() == 2


def test_collect_alone_asks_nobody(clinic: Clinic) -> None:
    answer = clinic("eligibility", "run", "--collect", "--json")
    assert (answer.code, clinic.asked(), json.loads(answer.out)["appointments"]) == (0, 0, 0)


@pytest.mark.parametrize("words", [["--dry-run"], ["--days", "0"], ["--from", "2026-12-01"]])
def test_collect_takes_nothing_that_it_would_not_heed(clinic: Clinic, words: list[str]) -> None:
    answer = clinic("eligibility", "run", "--collect", *words)
    assert (answer.code, clinic.files()) == (2, {})
    assert "--collect" in answer.err


# --- status ---------------------------------------------------------------------------------------------------------


def test_status_lists_questions_by_reference(clinic: Clinic) -> None:
    assert "No questions since" in clinic("eligibility", "status").out
    clinic.world.change("Coverage/cp1", subscriberId="SYN-DOWN-1")
    clinic.write()
    clinic("eligibility", "run")
    answer = clinic("eligibility", "status")
    for said in ("Coverage/cp1", "later", "503", "Coverage/cp2", "answered", tomorrow().isoformat()):
        assert said in answer.out
    rows = json.loads(clinic("eligibility", "status", "--json").out)
    assert {row["coverage"]: row["state"] for row in rows} == {"Coverage/cp1": "later", "Coverage/cp2": "answered"}
    assert {row["trace"] for row in rows} == set(clinic.payer.counts())
    only_open = json.loads(clinic("eligibility", "status", "--open", "--json").out)
    assert [row["coverage"] for row in only_open] == ["Coverage/cp1"]
    assert not any(word in answer.out for word in (FAMILY, GIVEN, BIRTH_DATE, "SYN-"))
    assert clinic("eligibility", "status", "--days", "0").code == 2


def test_what_a_payer_took_on_friday_is_open_on_monday(clinic: Clinic) -> None:
    friday = today() - timedelta(days=3)
    rows = [question("7", host="clinic", day=friday), question("8", host="clinic", day=friday)]
    with open_store(clinic.folder / "state") as store:
        waiting, later = store.asking().claim(rows, "", datetime.now(UTC), timedelta(0))
        store.asking().settle(
            [
                Settled(replace(waiting, state=QuestionState.WAITING, ticket="batch-1")),
                Settled(replace(later, state=QuestionState.LATER)),
            ]
        )
    clinic("eligibility", "status")
    opened = json.loads(clinic("eligibility", "status", "--open", "--json").out)
    assert [(row["coverage"], row["state"]) for row in opened] == [("Coverage/7", "waiting")]
    assert json.loads(clinic("eligibility", "status", "--json").out) == []
    several = json.loads(clinic("eligibility", "status", "--open", "--days", "4", "--json").out)
    assert {row["coverage"] for row in several} == {"Coverage/7", "Coverage/8"}


# --- show -----------------------------------------------------------------------------------------------------------


def test_show_says_what_the_payer_said(clinic: Clinic) -> None:
    clinic("eligibility", "run")
    out = clinic("eligibility", "show", "Coverage/cp1").out
    for said in ("Coverage/cp1, payer one: answered", "in force: in-force", "SYNTHETIC CHOICE PPO", "$25.00",
                 "20 visits allowed", "8 visits left", "CoverageEligibilityResponse/"):  # fmt: skip
        assert said in out, out
    assert clinic("eligibility", "show", "cp1").out == out, "the type may be left out"
    (known,) = json.loads(clinic("eligibility", "show", "cp2", "--json").out)
    assert known["answer"]["standing"] == "not-in-force"


def test_show_gives_the_evidence_byte_for_byte(clinic: Clinic) -> None:
    clinic("eligibility", "run")
    (known,) = json.loads(clinic("eligibility", "show", "cp1", "--json").out)
    sent = clinic("eligibility", "show", "cp1", "--evidence").out.encode()
    assert sent.startswith(b"ISA*")
    assert hashlib.sha256(sent).hexdigest() == known["evidence"]


def test_show_of_what_nobody_answered_says_what_to_do(clinic: Clinic) -> None:
    answer = clinic("eligibility", "show", "Coverage/none")
    assert answer.code == 1
    assert "no payer has answered about it" in answer.err
    assert "eligibility run" in answer.err


@pytest.mark.parametrize("reference", ["Patient/p1", "Coverage/", "host/Coverage/cp1", ""])
def test_show_of_what_is_no_coverage_is_wrong_use(clinic: Clinic, reference: str) -> None:
    answer = clinic("eligibility", "show", reference)
    assert (answer.code, "Coverage/5" in answer.err) == (2, True)


# --- settings -------------------------------------------------------------------------------------------------------


def test_a_host_that_no_settings_name_is_refused(clinic: Clinic) -> None:
    assert clinic("eligibility", "run", "--host", "nowhere").code == 3
    assert clinic.asked() == 0


@pytest.mark.parametrize("line", ['  npi: "1245319599"\n', '  name: "Stillwater Massage (synthetic)"\n'])
def test_a_clinic_that_does_not_say_who_asks_is_told_that_nobody_can_be_asked(clinic: Clinic, line: str) -> None:
    clinic.settings.write_text(clinic.settings.read_text().replace(line, ""))
    answer = clinic("eligibility", "run", "--json")
    assert (answer.code, clinic.asked()) == (3, 0)
    assert "clinic.npi or clinic.name is missing" in answer.err
    assert clinic("huddle").code == 0


def test_a_clinic_that_asks_nobody_needs_not_say_who_asks(clinic: Clinic) -> None:
    clinic.settings.write_text(clinic.settings.read_text().replace('  npi: "1245319599"\n', ""))
    payers = clinic.folder / "payers.yaml"
    payers.write_text(re.sub(r"eligibility: \{[^}]*\}", "eligibility: {ask: nobody}", payers.read_text()))
    assert clinic("eligibility", "run").code == 0


def test_a_channel_that_is_not_in_the_settings_is_named_and_holds_up_no_other(clinic: Clinic) -> None:
    payers = clinic.folder / "payers.yaml"
    payers.write_text(payers.read_text().replace("channel: core", "channel: cord"))
    answer = clinic("eligibility", "run")
    assert (answer.code, clinic.asked()) == (0, 1)
    assert "Problem: Payer one is not asked: its channel cord is not in the settings." in answer.out
