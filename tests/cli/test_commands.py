"""Every subcommand against a fake Program: what it asks, what it prints, how it ends."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from massage_billing.cli.main import COMMANDS
from massage_billing.errors import HostRefused, SettingsError
from massage_billing.model import Decision, Effect, Finding, Outcome, Result, Ruling, RulingKind
from massage_billing.run.report import RunReport

from .conftest import REPORT, Call, FakeProgram, row, self_pay_decision

# --- run and approve ------------------------------------------------------------------------------------------------


def test_run_passes_its_options_on_and_prints_a_table(clinic: Path, program: FakeProgram, mb: Call) -> None:
    answer = mb("run", "--start", "2026-11-02", "--since", "2026-11-20T08:00:00-08:00")
    assert answer.code == 0
    since = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert program.asked == [("open", "main", "run"), ("run", date(2026, 11, 2), since, False)]
    for said in ("e1", "97124 x 4", "$140.00", "$1,035.50", "member-id", "/srv/out/Claim.ndjson"):
        assert said in answer.out


def test_run_as_json_keeps_money_as_strings(clinic: Path, program: FakeProgram, mb: Call) -> None:
    found = json.loads(mb("run", "--json").out)
    assert found["dollars"] == "140.00"
    assert found["held_dollars"] == "1035.50"
    assert found["hold_reasons"] == {"member-id": 1}
    assert found["per_visit"][0]["date"] == "2026-11-03"


def test_a_run_with_nothing_new_says_so(clinic: Path, program: FakeProgram, mb: Call) -> None:
    program.report = RunReport()
    assert "Nothing new: nothing was written." in mb("run").out
    program.report = REPORT
    assert "Nothing new" not in mb("run").out


def test_a_dry_run_says_so(clinic: Path, program: FakeProgram, mb: Call) -> None:
    program.report = replace(REPORT, dry_run=True)
    assert "Dry run: nothing was written or remembered." in mb("run", "--dry-run").out
    assert program.asked[-1] == ("run", None, None, True)


def test_writes_that_wait_end_a_run_with_5(clinic: Path, program: FakeProgram, mb: Call) -> None:
    program.report = replace(REPORT, pending_writes=2, problems=("Encounter/e9: the host will not take it.",))
    answer = mb("run")
    assert answer.code == 5
    assert "Waiting in the outbox: 2 writes. The next run tries them again." in answer.out
    assert "Problem: Encounter/e9" in answer.out


def test_an_incomplete_run_says_so(clinic: Path, program: FakeProgram, mb: Call) -> None:
    program.report = replace(REPORT, complete=False)
    assert "did not get through everything" in mb("run").out


def test_approve_wants_visits_or_all_but_not_both(clinic: Path, program: FakeProgram, mb: Call) -> None:
    assert mb("approve", "Encounter/e1", "e2").code == 0
    assert program.asked[-1] == ("approve", ("e1", "e2"))
    assert mb("approve", "--all").code == 0
    assert program.asked[-1] == ("approve", None)
    assert mb("approve").code == 2
    assert mb("approve", "e1", "--all").code == 2


# --- decide, purge --------------------------------------------------------------------------------------------------


def test_decide_passes_a_ruling_on(clinic: Path, program: FakeProgram, mb: Call) -> None:
    answer = mb("decide", "Encounter/e2", "self-pay", "--reason", "asked at the desk", "--by", "owner")
    assert answer.code == 0
    kind, encounter, ruling = program.asked[-1]
    assert (kind, encounter) == ("rule", "e2")
    assert isinstance(ruling, Ruling)
    assert (ruling.kind, ruling.reason, ruling.by) == (RulingKind.SELF_PAY, "asked at the desk", "owner")
    assert ruling.at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["e2", "bill"],
        ["e2", "bill", "--reason", " "],
        ["e2", "forget", "--reason", "x"],
        ["Patient/1", "bill", "--reason", "x"],
    ],
    ids=["no reason", "empty reason", "unknown ruling", "no visit"],
)
def test_decide_refuses_what_it_cannot_use(clinic: Path, program: FakeProgram, mb: Call, arguments: list[str]) -> None:
    assert mb("decide", *arguments).code == 2
    assert program.asked == []


def test_purge_forgets_a_patient_or_old_payloads(clinic: Path, program: FakeProgram, mb: Call) -> None:
    assert "Forgot 3 visits and 1 question to payers." in mb("purge", "Patient/3", "--yes").out
    assert program.asked[-1] == ("forget", "Patient/3")
    assert json.loads(mb("purge", "Patient/3", "--yes", "--json").out) == {"forgotten": 3, "questions": 1}
    assert mb("purge", "--older-than", "30", "--yes", "--json").out.strip() == '{\n  "forgotten": 3\n}'
    before = program.asked[-1][1]
    assert isinstance(before, datetime)
    assert before < datetime.now(UTC) - timedelta(days=29)


@pytest.mark.parametrize("arguments", [[], ["Patient/3", "--older-than", "3"], ["Encounter/3"]])
def test_purge_refuses_what_it_cannot_use(clinic: Path, program: FakeProgram, mb: Call, arguments: list[str]) -> None:
    assert mb("purge", "--yes", *arguments).code == 2
    assert program.asked == []


def test_purge_without_an_answer_forgets_nothing(
    clinic: Path, program: FakeProgram, mb: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", open("/dev/null"))
    assert mb("purge", "Patient/3").code == 130
    assert program.asked == []


# --- explain --------------------------------------------------------------------------------------------------------


def test_explain_of_an_encounter_asks_the_host(clinic: Path, program: FakeProgram, mb: Call) -> None:
    answer = mb("explain", "Encounter/e1", "--host", "main", "--payer-policy", "cms-total-time", "--json")
    assert answer.code == 0
    assert program.asked == [("open", "main", "explain"), ("explain", "e1", "cms-total-time")]
    (element,) = json.loads(answer.out)
    assert element["schema"] == "explain/1"
    assert element["lines"][0]["charge"] == "140.00"


def test_explain_streams_one_object_a_line(clinic: Path, program: FakeProgram, mb: Call) -> None:
    (line,) = mb("explain", "Encounter/e1", "--host", "main", "--ndjson").out.splitlines()
    assert json.loads(line)["outcome"] == "hold"


def test_a_card_shows_what_has_to_be_done_before_what_passed(clinic: Path, program: FakeProgram, mb: Call) -> None:
    out = mb("explain", "Encounter/e1", "--host", "main").out
    for said in (
        "Encounter/e1  2026-11-03  Location/2",
        "HOLD  $140.00",
        "Would be billed once the hold is cleared:",
        "97124-GP",
        "because timed-units (in force since 2000-01-01): CMS",
        "97010               Procedure/p2: bundled (rule status)",
        "To do (front desk): Add it to the Coverage.",
        "1 other rule looked at",
        "1 visit: 1 hold. Nothing was written.",
    ):
        assert said in out
    assert "Rule member-id r (in force since 2012-01-01): X12" in out
    assert out.index("member-id") < out.index("release-age")
    assert "coverage-in-force" not in out


def test_explain_of_an_encounter_needs_a_host(clinic: Path, program: FakeProgram, mb: Call) -> None:
    assert mb("explain", "Encounter/e1").code == 2
    assert mb("explain", "Encounter/e1", "--host", "main", "--json", "--ndjson").code == 2


def test_a_payer_policy_that_is_not_there_is_named(clinic: Path, program: FakeProgram, mb: Call) -> None:
    answer = mb("explain", "Encounter/e1", "--host", "main", "--payer-policy", "mine")
    assert answer.code == 2
    assert "There is no payer policy mine; there are cms-total-time." in answer.err


def test_explain_needs_no_settings_for_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: FakeProgram, mb: Call
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASSAGE_BILLING_SETTINGS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert mb("explain", "Encounter/e1", "--host", "http://127.0.0.1:9/fhir").code == 0
    assert program.asked[0] == ("open", "unconfigured", "explain")
    answer = mb("explain", "Encounter/e1", "--host", "main")
    assert answer.code == 3
    assert "No settings tell what host main is." in answer.err


def test_explain_of_a_visit_that_is_not_there(clinic: Path, program: FakeProgram, mb: Call) -> None:
    answer = mb("explain", "Encounter/gone", "--host", "main")
    assert answer.code == 4
    assert "the host has no such visit" in answer.err
    assert "What to do: Check the id." in answer.err
    as_json = mb("explain", "Encounter/gone", "--host", "main", "--json")
    assert (as_json.code, as_json.out) == (4, "")  # no half a list


def test_explain_of_a_path_that_is_not_there(clinic: Path, mb: Call) -> None:
    answer = mb("explain", "nowhere.json")
    assert answer.code == 8
    assert "nowhere.json: there is no such file or folder." in answer.err


# --- status ---------------------------------------------------------------------------------------------------------


def held(encounter: str, amount: str | None, *rules: str, limit: date | None = None) -> object:
    return row(encounter, "hold", amount, holds=tuple((rule, "…") for rule in rules), filing_limit=limit)


def test_status_adds_up_what_is_held_by_reason(clinic: Path, program: FakeProgram, mb: Call) -> None:
    far, near = date.today() + timedelta(days=90), date.today() - timedelta(days=9)
    program.stored = [
        row("e1", "claim", "140.00"),
        held("e2", "70.00", "member-id", "diagnosis-present", limit=far),  # type: ignore[list-item]
        held("e3", "1000.00", "member-id", limit=near),  # type: ignore[list-item]
        held("e4", None, "charge"),  # type: ignore[list-item]
        row("e5", "hold", "5.00", holds=(("payer-known", "Organization/77 is not in payers.yaml."),)),
    ]
    found = json.loads(mb("status", "--json").out)
    assert found["visits"] == {"claim": 1, "hold": 4}
    assert (found["billed_dollars"], found["held_dollars"], found["held_without_price"]) == ("140.00", "1075.00", 1)
    assert [(one["rule"], one["visits"], one["dollars"]) for one in found["holds"]] == [
        ("member-id", 2, "1070.00"),
        ("diagnosis-present", 1, "70.00"),
        ("payer-known", 1, "5.00"),
        ("charge", 1, "0.00"),
    ]
    assert [one["visit"] for one in found["filing"]] == ["Encounter/e3", "Encounter/e2"]
    assert -11 <= found["filing"][0]["days_left"] <= -7
    assert found["unknown_payers"][0]["payor"] == "Organization/77"
    out = mb("status").out
    assert "5 visits: 1 claim, 4 hold. $140.00 billed." in out
    assert "Held: $1,075.00 and 1 visit without a price" in out
    assert "passed" in out
    assert "match: {references: [Organization/77]}" in out


def test_the_line_that_status_prints_can_be_pasted_into_payers_yaml(
    clinic: Path, program: FakeProgram, mb: Call
) -> None:
    from massage_billing.clinic_payers import load_payers

    program.stored = [row("e5", "hold", "5.00", holds=(("payer-known", "Organization/77 is unknown."),))]
    (line,) = [line for line in mb("status").out.splitlines() if "match:" in line]
    file = clinic / "payers.yaml"
    file.write_text(file.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    assert load_payers(file)[-1].references == {"Organization/77"}


def test_status_of_an_empty_store(clinic: Path, program: FakeProgram, mb: Call) -> None:
    assert "No visits yet" in mb("status").out
    program.stored = [row("e1", "claim", "140.00", draft=True)]
    out = mb("status").out
    assert "Nothing is held." in out
    assert "approve`: 1 draft." in out


# --- check-host, superbill ------------------------------------------------------------------------------------------


def test_check_host_says_what_is_missing_and_what_it_costs(clinic: Path, program: FakeProgram, mb: Call) -> None:
    out = mb("check-host").out
    for said in (
        "Test 1.0",
        "each Claim is searched for before it is written",
        "of 40 recent timed services (in 12 visits), 30 in the treatment-minutes extension",
        "10 carry no minutes",
        "- Claims cannot be written.",
        "It takes no Claims",
    ):
        assert said in out
    found = json.loads(mb("check-host", "--json").out)
    assert found["minutes"] == {"extension": 30, "none": 10}
    assert found["capabilities"]["readable"] == ["Encounter", "Procedure"]


def test_a_superbill_is_written_for_its_owner_alone(clinic: Path, program: FakeProgram, mb: Call) -> None:
    answer = mb("superbill", "Encounter/e1", "-o", "bill.html")
    assert answer.code == 0
    file = clinic / "bill.html"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    page = file.read_text(encoding="utf-8")
    for said in (
        "Cedar Lane Massage",
        "1245319599",
        "97124",
        "Massage",
        "M54.50",
        "Ria Handley, LMT",
        "MA60123456",
        "$70.00",
    ):
        assert said in page
    assert "&lt;i&gt;Synthetic" in page
    assert "<i>Synthetic" not in page
    assert "Synthetic" not in answer.out + answer.err
    assert sorted(path.name for path in clinic.glob("*bill.html*")) == ["bill.html"]


def test_a_superbill_says_why_the_plan_does_not_pay(clinic: Path, program: FakeProgram, mb: Call) -> None:
    why = "Medicare does not pay for services of massage therapists, so the patient pays them."
    told = Finding("payer-pays", "medicare@2018-01-01", Result.FAIL, Effect.CHANGED, why)
    fine = Finding("payer-pays", "2000-01-01", Result.PASS, Effect.NONE, "The policy excludes none of these services.")
    program.decision = replace(self_pay_decision("e1"), findings=(told, fine))
    mb("superbill", "e1", "-o", "bill.html")
    page = (clinic / "bill.html").read_text(encoding="utf-8")
    assert page.count(why) == 1
    assert fine.message not in page


def test_a_superbill_overwrites_only_when_told(clinic: Path, program: FakeProgram, mb: Call) -> None:
    (clinic / "bill.html").write_text("mine", encoding="utf-8")
    assert mb("superbill", "e1", "-o", "bill.html").code == 8
    assert (clinic / "bill.html").read_text(encoding="utf-8") == "mine"
    assert mb("superbill", "e1", "-o", "bill.html", "--force").code == 0
    assert mb("superbill", "e1", "-o", "none/bill.html").code == 8


def test_a_held_visit_has_no_superbill(clinic: Path, program: FakeProgram, mb: Call) -> None:
    hold = Finding("member-id", "r", Result.NO_DATA, Effect.HOLD, "…")
    program.decision = replace(self_pay_decision("e1"), outcome=Outcome.HOLD, findings=(hold,))
    answer = mb("superbill", "e1", "-o", "bill.html")
    assert answer.code == 1
    assert "Encounter/e1 is held (member-id)." in answer.err
    assert not (clinic / "bill.html").exists()


def test_nothing_to_charge_or_no_price_has_no_superbill(clinic: Path, program: FakeProgram, mb: Call) -> None:
    program.decision = Decision(Outcome.NO_CHARGE, "e1", date(2026, 11, 3))
    assert "has nothing to charge" in mb("superbill", "e1", "-o", "bill.html").err
    whole = self_pay_decision("e1")
    program.decision = replace(whole, lines=(replace(whole.lines[0], charge=None),))
    assert "a line without a price" in mb("superbill", "e1", "-o", "bill.html").err


def test_a_claim_s_superbill_says_that_the_plan_gets_a_claim(clinic: Path, program: FakeProgram, mb: Call) -> None:
    program.decision = replace(self_pay_decision("e1"), outcome=Outcome.CLAIM, payer="blue")
    mb("superbill", "e1", "-o", "bill.html")
    assert "goes to the patient's plan (blue)" in (clinic / "bill.html").read_text(encoding="utf-8").replace(
        "&#39;", "'"
    )


def test_the_clinic_s_licensed_labels_go_over_ours(clinic: Path, program: FakeProgram, mb: Call) -> None:
    (clinic / "labels.yaml").write_text('labels: {"97124": Licensed words}\n', encoding="utf-8")
    settings = clinic / "massage-billing.yaml"
    settings.write_text(settings.read_text().replace("  fees:", "  labels: labels.yaml\n  fees:"), encoding="utf-8")
    mb("superbill", "e1", "-o", "bill.html")
    assert "Licensed words" in (clinic / "bill.html").read_text(encoding="utf-8")


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SettingsError("No zone.", "Set it."), 3, "Error: No zone.\nWhat to do: Set it.\n"),
        (HostRefused("The host refused.", ""), 4, "Error: The host refused.\n"),
        (KeyboardInterrupt(), 130, "\nStopped. What was decided so far is kept; run again to go on.\n"),
    ],
)
def test_errors_say_what_happened_and_what_to_do(
    clinic: Path, program: FakeProgram, mb: Call, error: BaseException, code: int, said: str
) -> None:
    program.raises = error
    answer = mb("run")
    assert (answer.code, answer.out, answer.err) == (code, "", said)


def test_an_unexpected_error_shows_no_text_that_could_be_a_patient_s(
    clinic: Path, program: FakeProgram, mb: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MB_DEBUG", raising=False)
    program.raises = KeyError("Testa Synthetic")
    answer = mb("run")
    assert answer.code == 1
    assert "unexpected KeyError in conftest.py:" in answer.err
    assert "Synthetic" not in answer.err
    assert "Traceback" not in answer.err
    monkeypatch.setenv("MB_DEBUG", "1")
    assert "Traceback" in mb("run").err


def test_no_settings_says_where_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mb: Call) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASSAGE_BILLING_SETTINGS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    answer = mb("run")
    assert answer.code == 3
    assert "Run `massage-billing init` first." in answer.err


def test_wrong_use_ends_with_2(mb: Call) -> None:
    assert mb("run", "--nonsense").code == 2
    assert mb("dance").code == 2
    assert mb("run", "--start", "tomorrow").code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(mb: Call, name: str) -> None:
    answer = mb(name, "--help")
    assert answer.code == 0
    first = answer.out.split("\n\n")[1].strip()
    assert " ".join(first.split()) == COMMANDS[name]


def test_dollars_are_written_for_people() -> None:
    from massage_billing.cli.shell import dollars

    assert dollars(Decimal("1234.5")) == "$1,234.50"
    assert dollars(None) == "no price"


# --- explain of files -----------------------------------------------------------------------------------------------


def test_a_file_that_is_no_fhir_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mb: Call) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASSAGE_BILLING_SETTINGS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "bad.json").write_text("{ Testa Synthetic", encoding="utf-8")
    alone = mb("explain", "bad.json", "--json")
    assert alone.code == 8
    assert json.loads(alone.out) == []
    assert "Warning: bad.json:1: is not JSON" in alone.err
    assert "Synthetic" not in alone.err
    among_others = mb("explain", ".", "--json")
    assert among_others.code == 0
    assert "Warning: bad.json:1: is not JSON" in among_others.err


def test_only_the_first_problems_are_shown() -> None:
    from massage_billing.cli.explain import Problems

    problems = Problems()
    for number in range(1000):
        problems.add(f"line {number}")
    assert problems.count == 1000
    assert len(problems._first) == 20


def test_a_call_that_is_tried_again_is_said_without_a_stranger_s_words(capsys: pytest.CaptureFixture[str]) -> None:
    from stamina.instrumentation import RetryDetails

    from massage_billing.cli.shell import _say_retry

    def retry(error: Exception) -> str:
        _say_retry(RetryDetails("", (), {}, 1, 2.4, 0.0, error))
        return capsys.readouterr().err

    assert retry(HostRefused("GET Encounter: 503.")) == "GET Encounter: 503. Trying again in 2 s.\n"
    assert retry(ValueError("Testa Synthetic")) == "ValueError Trying again in 2 s.\n"
