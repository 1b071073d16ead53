"""credentials.csv and credentials.yaml: what is read, what is refused, and what a change of it does."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massage_billing.clinic_credentials import COLUMNS, credentials_csv, load_credentials
from massage_billing.clinic_files import settings_to_clinic
from massage_billing.errors import SettingsError
from massage_billing.model import Credential, CredentialKind, Enrolled
from massage_billing.settings import load_settings

HEADER = ",".join(COLUMNS)
NPI = "1245319599"


def written(folder: Path, *lines: str, header: str = HEADER) -> Path:
    file = folder / "credentials.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def refused(folder: Path, *lines: str, header: str = HEADER) -> str:
    with pytest.raises(SettingsError) as caught:
        load_credentials(written(folder, *lines, header=header))
    assert caught.value.fix
    return caught.value.what


def test_rows_of_every_kind(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        f"licence,{NPI},,,,WA,MA60000001,2025-11-01,2026-10-31",
        "liability,,Practitioner/7,,,,P-1,2026-01-01,2026-12-31",
        f"enrolment,{NPI},,blue,out-of-network,,,2026-03-01,",
        "attestation,,Practitioner/7,,,,,2026-09-01,",
        "enrolment,,Organization/1,blue,none,,,,",
    )
    assert load_credentials(file) == (
        Credential(CredentialKind.LICENCE, "credentials.csv:2", NPI, state="WA", number="MA60000001",
                   start=date(2025, 11, 1), end=date(2026, 10, 31)),
        Credential(CredentialKind.LIABILITY, "credentials.csv:3", holder="Practitioner/7", number="P-1",
                   start=date(2026, 1, 1), end=date(2026, 12, 31)),
        Credential(CredentialKind.ENROLMENT, "credentials.csv:4", NPI, payer="blue", enrolled=Enrolled.OUT_OF_NETWORK,
                   start=date(2026, 3, 1)),
        Credential(CredentialKind.ATTESTATION, "credentials.csv:5", holder="Practitioner/7", start=date(2026, 9, 1)),
        Credential(CredentialKind.ENROLMENT, "credentials.csv:6", holder="Organization/1", payer="blue",
                   enrolled=Enrolled.NONE),
    )  # fmt: skip


def test_yaml_says_the_same_as_csv(tmp_path: Path) -> None:
    file = tmp_path / "credentials.yaml"
    file.write_text(
        "credentials:\n"
        f"  - {{kind: enrolment, npi: '{NPI}', payer: blue, enrolled: in-network, from: 2026-03-01}}\n"
        "  - kind: licence\n    holder: Practitioner/7\n    state: NO\n    number: 0017\n    to: 2027-01-31\n",
        encoding="utf-8",
    )
    assert load_credentials(file) == (
        Credential(CredentialKind.ENROLMENT, "credentials.yaml:2", NPI, payer="blue", enrolled=Enrolled.IN_NETWORK,
                   start=date(2026, 3, 1)),
        Credential(CredentialKind.LICENCE, "credentials.yaml:3", holder="Practitioner/7", state="NO", number="0017",
                   end=date(2027, 1, 31)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- kind: licence\n", 1, "must hold credentials"),
        ("credentials: yes\n", 1, "must hold credentials"),
        ("credential: []\n", 1, "must hold credentials"),
        ("credentials:\n  - a word\n", 2, "no list of keys"),
        ("credentials:\n  - {kind: [licence]}\n", 2, "no list of keys"),
        ("credentials:\n  - {kind: licence, name: Somebody Somewhere}\n", 2, "not known"),
        ("credentials:\n  - {kind: licence}\n", 2, "not whose it is"),
        ("credentials:\n  - {kind: licence, kind: licence}\n", 2, "given twice"),
    ],
)
def test_yaml_of_another_form_is_refused(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / "credentials.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_credentials(file)
    assert words in caught.value.what
    assert f"credentials.yml:{line}" in caught.value.what
    assert "Somebody" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"diploma,{NPI},,,,,,,", "kind is none"),
        ("licence,,Jane Doe,,,WA,,,", "holder is no reference"),
        ("licence,,Patient/4,,,WA,,,", "holder is no reference"),
        (f"licence,{NPI},Practitioner/7,,,WA,,,", "twice whose it is"),
        ("licence,,,,,WA,,,", "not whose it is"),
        ("licence,1245319598,,,,WA,,,", "npi is no NPI"),
        ("licence,124531959,,,,WA,,,", "npi is no NPI"),
        (f"licence,{NPI},,,,,,,", "state is missing"),
        (f"licence,{NPI},,,,wa,,,", "state is no state"),
        (f"licence,{NPI},,blue,,WA,,,", "licence has no payer"),
        (f"licence,{NPI},,,none,WA,,,", "licence has no enrolled"),
        (f"licence,{NPI},,,,WA,\u2014,,", "number is none"),
        (f"enrolment,{NPI},,,in-network,,,,", "payer is missing"),
        (f"enrolment,{NPI},,blue,,,,,", "enrolled is missing"),
        (f"enrolment,{NPI},,blue,maybe,,,,", "enrolled is none"),
        (f"enrolment,{NPI},,blue,none,WA,,,", "enrolment has no state"),
        (f"enrolment,{NPI},,blue,none,,,3/1/2026,", "from is no date"),
        (f"enrolment,{NPI},,blue,none,,,2026-03-02,2026-03-01", "ends before it starts"),
        (f"liability,{NPI},,,,,,2026-01-01,", "to is missing"),
        (f"attestation,{NPI},,,,,,,2026-01-01", "from is missing"),
        (f"attestation,{NPI}", "columns"),
    ],
)
def test_a_row_that_is_wrong_refuses_the_file_and_is_not_repeated(tmp_path: Path, line: str, words: str) -> None:
    what = refused(tmp_path, f"licence,{NPI},,,,OR,,,", line)
    assert words in what
    assert "credentials.csv:3" in what
    assert "Jane" not in what
    assert "124531959" not in what


@pytest.mark.parametrize("header", ["kind,npi,name", "npi,state", "kind,npi,npi"])
def test_a_header_of_another_form_is_refused(tmp_path: Path, header: str) -> None:
    assert ":1: " in refused(tmp_path, header=header)


ON = date(2026, 3, 1)
spans = st.builds(
    lambda start, days: (start, start if days is None else start + timedelta(days=days)),
    st.dates(ON - timedelta(days=9), ON + timedelta(days=9)), st.integers(0, 9),
)  # fmt: skip
open_spans = st.builds(
    lambda span, first, last: (span[0] if first else None, span[1] if last else None),
    spans,
    st.booleans(),
    st.booleans(),
)


def _days(span: tuple[date | None, date | None]) -> set[date]:
    every = (ON + timedelta(days=n) for n in range(-40, 41))
    return {day for day in every if (span[0] or day) <= day <= (span[1] or day)}


@settings(deadline=None)
@given(st.lists(st.tuples(open_spans, st.sampled_from(["blue", "green"])), min_size=1, max_size=4))
def test_two_enrolments_with_one_payer_on_one_day_are_refused_and_no_others(
    tmp_path_factory: pytest.TempPathFactory, some: list[tuple[tuple[date | None, date | None], str]]
) -> None:
    lines = [
        f"enrolment,{NPI},,{payer},in-network,,,{start or ''},{end or ''}" for (start, end), payer in some
    ]  # fmt: skip
    file = written(tmp_path_factory.mktemp("c"), *lines)
    together = any(
        one[1] == other[1] and _days(one[0]) & _days(other[0])
        for place, one in enumerate(some) for other in some[:place]
    )  # fmt: skip
    if not together:
        assert len(load_credentials(file)) == len(some)
        return
    with pytest.raises(SettingsError, match="holds with the same payer on days on which line"):
        load_credentials(file)


def test_what_may_hold_at_once(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        f"enrolment,{NPI},,blue,in-network,,,,2026-03-01",
        f"enrolment,{NPI},,blue,none,,,2026-03-02,",
        f"enrolment,{NPI},,green,none,,,,",
        "enrolment,,Practitioner/7,blue,none,,,,",
        f"licence,{NPI},,,,WA,1,2026-01-01,",
        f"licence,{NPI},,,,WA,2,2026-01-01,",
        f"licence,{NPI},,,,OR,1,2026-01-01,",
        f"licence,{NPI},,,,WA,1,2025-01-01,2025-12-31",
        f"attestation,{NPI},,,,,,2026-01-01,",
        f"attestation,{NPI},,,,,,2026-04-01,",
    )
    assert len(load_credentials(file)) == 10


@pytest.mark.parametrize(
    "line",
    [
        f"licence,{NPI},,,,WA,1,2026-01-01,",
        f"liability,{NPI},,,,,1,2026-01-01,2026-12-31",
        f"attestation,{NPI},,,,,,2026-01-01,",
    ],
)
def test_the_same_row_twice_is_refused(tmp_path: Path, line: str) -> None:
    assert "on line 2" in refused(tmp_path, line, line)


credentials = st.builds(
    lambda kind, whose, days, number, payer, enrolled, state: Credential(
        kind, "credentials.csv:2", npi=whose if whose.isdecimal() else None,
        holder=None if whose.isdecimal() else whose,
        payer=payer if kind is CredentialKind.ENROLMENT else None,
        enrolled=enrolled if kind is CredentialKind.ENROLMENT else None,
        state=state if kind is CredentialKind.LICENCE else None, number=number,
        start=days[0], end=days[1],
    ),
    st.sampled_from(list(CredentialKind)), st.sampled_from([NPI, "Practitioner/7", "Organization/1"]),
    st.tuples(st.dates(max_value=date(2026, 1, 1)), st.dates(min_value=date(2026, 1, 2))),
    st.none() | st.text("AZ09-/,\"' ", min_size=1, max_size=9).map(str.strip).map(lambda text: text or None),
    st.sampled_from(["blue", "green"]), st.sampled_from(list(Enrolled)), st.sampled_from(["WA", "NO"]),
)  # fmt: skip


@settings(deadline=None)
@given(credentials)
def test_what_is_written_reads_back_as_the_same(tmp_path_factory: pytest.TempPathFactory, one: Credential) -> None:
    file = tmp_path_factory.mktemp("c") / "credentials.csv"
    file.write_text(credentials_csv([one]), encoding="utf-8")
    assert load_credentials(file) == (one,)


# --- in the settings ------------------------------------------------------------------------------------------------

SETTINGS = """\
clinic: {payers: payers.yaml, credentials: credentials.csv}
hosts: {main: {kind: folder, folder: records}}
"""
PAYERS = "payers:\n  - {key: blue, kind: health, policy: commercial-midpoint, match: {references: [Organization/9]}}\n"
ROW = f"enrolment,{NPI},,blue,in-network,,,2026-03-01,"


def clinic_of(folder: Path, *lines: str) -> tuple[tuple[Credential, ...], bool, str]:
    (folder / "massage-billing.yaml").write_text(SETTINGS, encoding="utf-8")
    (folder / "payers.yaml").write_text(PAYERS, encoding="utf-8")
    written(folder, *lines)
    clinic = settings_to_clinic(load_settings(folder / "massage-billing.yaml"))
    return clinic.credentials, clinic.credentials_known, clinic.digest


def test_a_clinic_that_names_the_file_knows_its_credentials(tmp_path: Path) -> None:
    found, known, _ = clinic_of(tmp_path, ROW)
    assert known
    assert [one.source for one in found] == ["credentials.csv:2"]
    assert clinic_of(tmp_path)[:2] == ((), True)


def test_a_change_wakes_holds_and_a_moved_row_does_not(tmp_path: Path) -> None:
    *_, before = clinic_of(tmp_path, ROW)
    *_, moved = clinic_of(tmp_path, "", ROW)
    *_, changed = clinic_of(tmp_path, ROW.replace("in-network", "out-of-network"))
    *_, ended = clinic_of(tmp_path, f"{ROW}2026-12-31")
    *_, gone = clinic_of(tmp_path)
    assert before == moved
    assert len({before, changed, ended, gone}) == 4


def test_a_payer_that_payers_yaml_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"credentials\.csv: payers green are not in"):
        clinic_of(tmp_path, ROW.replace("blue", "green"))


def test_no_file_is_not_the_same_as_an_empty_one(tmp_path: Path) -> None:
    *_, empty = clinic_of(tmp_path)
    (tmp_path / "massage-billing.yaml").write_text(SETTINGS.replace(", credentials: credentials.csv", ""))
    none = settings_to_clinic(load_settings(tmp_path / "massage-billing.yaml"))
    assert not none.credentials_known
    assert none.digest != empty


# --- the page of docs -----------------------------------------------------------------------------------------------

PAGE = (Path(__file__).resolve().parents[2] / "plugin" / "docs" / "credentials.md").read_text(encoding="utf-8")


def test_the_examples_and_columns_of_the_page_are_those_that_are_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "credentials.csv").write_text(example, encoding="utf-8")
    assert len(load_credentials(tmp_path / "credentials.csv")) == 8
    listed = next(one for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if one.startswith("credentials:"))
    (tmp_path / "credentials.yaml").write_text(listed, encoding="utf-8")
    assert len(load_credentials(tmp_path / "credentials.yaml")) == 2
    table = PAGE.split("## credentials.csv")[1].split("Columns may stand")[0]
    assert tuple(re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE)) == COLUMNS


def test_the_setting_of_the_registry_on_the_page_is_a_setting(tmp_path: Path) -> None:
    block = next(one for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if one.startswith("npi_registry:"))
    file = tmp_path / "massage-billing.yaml"
    file.write_text(block, encoding="utf-8")
    assert load_settings(file).npi_registry is not None
