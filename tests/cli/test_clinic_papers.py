"""papers.csv: what is read, what is refused, and what a change of it does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from massage_billing.clinic_files import settings_to_clinic
from massage_billing.clinic_papers import load_papers
from massage_billing.errors import SettingsError
from massage_billing.model import Paper, PaperKind
from massage_billing.settings import load_settings

HEADER = "kind,patient,payer,number,codes,visits,units,from,to,visits_used,units_used,continues,state"


def written(folder: Path, *lines: str, header: str = HEADER) -> Path:
    file = folder / "papers.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def refused(folder: Path, *lines: str, header: str = HEADER) -> str:
    with pytest.raises(SettingsError) as caught:
        load_papers(written(folder, *lines, header=header))
    assert caught.value.fix
    return caught.value.what


def test_a_row_with_everything(tmp_path: Path) -> None:
    line = "authorization,Patient/4,blue,A-7781,97124 97140,12,48,2026-09-01,2026-12-31,2,8,yes,"
    assert load_papers(written(tmp_path, line)) == (
        Paper(
            PaperKind.AUTHORIZATION, "papers.csv:2", "Patient/4", "A-7781", "blue", ("97124", "97140"), 12, 48,
            date(2026, 9, 1), date(2026, 12, 31), 2, 8, True,
        ),
    )  # fmt: skip


def test_only_kind_and_patient_have_to_be_there(tmp_path: Path) -> None:
    file = written(tmp_path, "", "order,Patient/4", "", header="\ufeffKind, Patient")
    assert load_papers(file) == (Paper(PaperKind.ORDER, "papers.csv:3", "Patient/4"),)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("letter,Patient/4,,,,,,,,,,,", "kind is none"),
        ("order,Jane Doe,,,,,,,,,,,", "patient is no reference"),
        ("order,Person/4,,,,,,,,,,,", "patient is no reference"),
        ("order,Patient/4,,,9712,,,,,,,,", "codes are no CPT"),
        ("order,Patient/4,,\u2014,,,,,,,,,", "number cannot stand on a claim"),
        ("order,Patient/4,,,,twelve,,,,,,,", "visits is no number"),
        ("order,Patient/4,,,,-1,,,,,,,", "visits is no number"),
        ("order,Patient/4,,,,,1.5,,,,,,", "units is no number"),
        ("order,Patient/4,,,,,,11/3/2026,,,,,", "from is no date"),
        ("order,Patient/4,,,,,,2026-11-03,2026-11-02,,,,", "ends before it starts"),
        ("order,Patient/4,,,,,,,,,,maybe,", "continues is neither"),
        ("order,Patient/4,,,,,,,,,,,WA", "only an injury has a state"),
        ("injury,Patient/4,,,,,,,,,,,Washington", "state is no state"),
        ("injury,Patient/4,,,,12,,,,,,,", "an injury limits nothing"),
        ("order,Patient/4", "has 2 columns instead of 13"),
        ('order,"Patient/4', "is not CSV"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_without_what_stands_in_it(
    tmp_path: Path, line: str, words: str
) -> None:
    what = refused(tmp_path, "order,Patient/9,,,,,,,,,,,", line)
    assert f"papers.csv:{3}: " in what or f"papers.csv:{4}: " in what
    assert words in what
    assert "Jane" not in what


def test_the_first_line_is_checked(tmp_path: Path) -> None:
    assert "lacks patient" in refused(tmp_path, "order,x", header="kind,number")
    assert "has name" in refused(tmp_path, "order,x,y", header="kind,patient,name")
    assert "a column twice" in refused(tmp_path, "order,x,y", header="kind,patient,kind")
    (tmp_path / "papers.csv").write_text("")
    with pytest.raises(SettingsError, match="is empty"):
        load_papers(tmp_path / "papers.csv")


def test_the_same_paper_twice_is_refused_and_reports_of_two_days_are_not(tmp_path: Path) -> None:
    twice = ("authorization,Patient/4,blue,A1,,12,,,,,,,", "authorization,Patient/4,blue,A1,,9,,,,,,,")
    assert "the same paper stands on line 2" in refused(tmp_path, *twice)
    reports = ("progress-report,Patient/4,,,,,,2026-09-01,,,,,", "progress-report,Patient/4,,,,,,2026-10-01,,,,,")
    assert len(load_papers(written(tmp_path, *reports))) == 2


SETTINGS = """\
clinic: {{payers: payers.yaml, papers: papers.csv}}
hosts:
  main: {{kind: folder, folder: {folder}, zone: America/Denver}}
state: {{folder: {folder}/state}}
"""
PAYERS = "payers:\n  - {key: blue, kind: health, policy: commercial-midpoint, match: {references: [Organization/9]}}\n"


def settings(folder: Path, *lines: str) -> Path:
    written(folder, *lines)
    (folder / "payers.yaml").write_text(PAYERS)
    file = folder / "massage-billing.yaml"
    file.write_text(SETTINGS.format(folder=folder))
    return file


def test_a_change_of_a_paper_changes_the_clinics_digest_and_its_place_does_not(tmp_path: Path) -> None:
    one, other = "order,Patient/4,blue,A1,,12,,,,,,,", "order,Patient/5,,,,,,,,,,,"

    def digest(*lines: str) -> str:
        return settings_to_clinic(load_settings(settings(tmp_path, *lines))).digest

    assert digest(one, other) == digest(other, "", one)
    assert len({digest(), digest(one), digest(one.replace("12", "13")), digest(one, other)}) == 4


def test_a_payer_that_is_not_in_payers_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"papers.csv: payers green are not in"):
        settings_to_clinic(load_settings(settings(tmp_path, "order,Patient/4,green,,,,,,,,,,")))


def test_doctor_looks_at_it(tmp_path: Path) -> None:
    from massage_billing.cli.doctor import MISSING, OK, examine

    def checks(*lines: str) -> list[tuple[str, str]]:
        found = examine(load_settings(settings(tmp_path, *lines)))
        return [(one.state, one.found) for one in found if one.about == "clinic.papers"]

    assert checks("order,Patient/4,blue,,,,,,,,,,") == [(OK, "1 paper: order")]
    assert [state for state, _ in checks("order,Patient/4,green,,,,,,,,,,")] == [OK, MISSING]
    ((state, text),) = checks("order,Jane Doe,,,,,,,,,,,")
    assert state == MISSING
    assert "papers.csv:2" in text
    assert "Jane" not in text


def test_purge_says_that_a_batch_folder_holds_files_of_several_patients(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from massage_billing.cli.main import cli

    file = tmp_path / "massage-billing.yaml"
    channel = "{kind: x12-folder, out: out, incoming: in, x12: {sender_id: CLINIC, receiver_id: PAYER}}"
    host = "hosts:\n  main: {kind: folder, folder: .}\n"
    file.write_text(
        f"{host}state: {{folder: state}}\neligibility:\n  channels:\n    box: {channel}\n", encoding="utf-8"
    )
    said = [CliRunner().invoke(cli, ["purge", "Patient/3", "--yes", "--settings", str(file)]).output]
    (tmp_path / "state" / "x12" / "box").mkdir(parents=True)
    said.append(CliRunner().invoke(cli, ["purge", "Patient/3", "--yes", "--settings", str(file)]).output)
    assert ["several patients" in one for one in said] == [False, True]


def test_purge_says_that_papers_csv_still_names_the_patient(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from massage_billing.cli.main import cli

    file = settings(tmp_path, "order,Patient/4,blue,,,,,,,,,,")
    said = {
        patient: CliRunner().invoke(cli, ["purge", patient, "--yes", "--settings", str(file)]).output
        for patient in ("Patient/4", "Patient/5")
    }
    assert "papers.csv still lists Patient/4" in said["Patient/4"]
    assert "papers.csv" not in said["Patient/5"]
