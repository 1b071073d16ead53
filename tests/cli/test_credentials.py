"""``credentials list | check | import``: what a clinic sees, what is asked of others, and what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from massage_billing.cli import main
from massage_billing.clinic_credentials import load_credentials
from registries.nppes_answers import answer_json, entry_json
from registries.registry_contract import THERAPIST

NPI, GROUP = "1234567893", "1245319599"
SETTINGS = """\
clinic: {name: Cedar Lane, npi: "1245319599", payers: payers.yaml, credentials: credentials.csv}
hosts: {%s}
state: {folder: state}
"""
PAYERS = """\
payers:
  - {key: blue, kind: health, policy: commercial-midpoint, match: {references: [Organization/9]}}
  - {key: green, kind: health, policy: commercial-midpoint, match: {references: [Organization/8]}}
"""
HEADER = "kind,npi,holder,payer,enrolled,state,number,from,to"
SOON, PAST, FAR = (date.today() + timedelta(days=days) for days in (20, -5, 400))
FILE = f"""\
{HEADER}
licence,{NPI},,,,WA,MA60000001,2025-01-01,{SOON}
liability,{NPI},,,,,P-1,2020-01-01,{FAR}
enrolment,{NPI},,blue,in-network,,,2020-03-01,
enrolment,,Practitioner/7,blue,none,,,,
liability,,Practitioner/7,,,,P-2,2020-01-01,{PAST}
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    (tmp_path / "massage-billing.yaml").write_text(SETTINGS % "", encoding="utf-8")
    (tmp_path / "payers.yaml").write_text(PAYERS, encoding="utf-8")
    (tmp_path / "credentials.csv").write_text(FILE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def call(clinic: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main.run(["credentials", *arguments, "--settings", str(clinic / "massage-billing.yaml")])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def settings(clinic: Path, *more: str, hosts: str = "") -> None:
    (clinic / "massage-billing.yaml").write_text(SETTINGS % hosts + "\n".join(more) + "\n", encoding="utf-8")


def as_json(call: Run, *arguments: str, code: int = 0) -> Any:
    got, out, err = call(*arguments, "--json")
    assert got == code, err
    return json.loads(out)


# --- list -----------------------------------------------------------------------------------------------------------


def test_the_matrix_shows_who_is_enrolled_with_whom_and_until_when(call: Run) -> None:
    code, out, _ = call("list")
    lines = {line.split("  ")[0].strip(): line for line in out.splitlines()}
    assert code == 0
    assert "blue" in out.splitlines()[0]
    assert f"WA to {SOON}" in lines[f"NPI {NPI}"]
    assert "in open" in lines[f"NPI {NPI}"]
    assert f"ended {PAST}" in lines["Practitioner/7"]
    assert lines["Practitioner/7"].rstrip().endswith("none")


def test_the_matrix_as_json(call: Run) -> None:
    said = as_json(call, "list", "--payer", "blue", "--payer", "green")
    him, her = said["people"]
    assert (said["schema"], said["payers"]) == ("credentials-list/1", ["blue", "green"])
    assert him["enrolments"] == {
        "blue": {"enrolled": "in-network", "holds": True, "to": None, "source": "credentials.csv:4"}, "green": None,
    }  # fmt: skip
    assert her["liability"]["holds"] is False
    assert her["enrolments"]["blue"]["enrolled"] == "none"


def test_only_what_has_ended_or_ends_soon(call: Run) -> None:
    assert len(as_json(call, "list", "--expiring")["people"]) == 2
    assert as_json(call, "list", "--expiring", "--on", "2024-01-01")["people"] == []
    assert "nothing ends soon" in call("list", "--expiring", "--on", "2024-01-01")[1]


def test_a_payer_that_nobody_knows_is_wrong_use(call: Run) -> None:
    code, _, err = call("list", "--payer", "purple")
    assert (code, "purple" in err) == (2, True)


def test_without_a_credentials_file_it_is_said_where_to_begin(clinic: Path, call: Run) -> None:
    text = (clinic / "massage-billing.yaml").read_text()
    (clinic / "massage-billing.yaml").write_text(text.replace(", credentials: credentials.csv", ""))
    code, _, err = call("list")
    assert (code, "clinic.credentials" in err) == (3, True)


# --- check ----------------------------------------------------------------------------------------------------------


def ids(said: Any) -> list[str]:
    return [one["id"] for one in said["findings"]]


def test_offline_the_file_alone_is_looked_at(clinic: Path, call: Run) -> None:
    settings(
        clinic, "npi_registry: {url: 'http://127.0.0.1:9/api'}", hosts="main: {kind: fhir, url: 'http://127.0.0.1:9'}"
    )
    said = as_json(call, "check", "--offline")
    assert ids(said) == ["liability-ended", "licence-ends"]
    assert said["findings"][1]["days"] == 20
    code, out, _ = call("check", "--offline")
    assert code == 0
    assert "What to do (therapist): Renew it" in out
    assert "2 findings" in out


def registry(httpserver: HTTPServer, **changes: Any) -> None:
    entry = entry_json(THERAPIST) | changes
    asked = {"version": "2.1", "number": NPI}
    httpserver.expect_request("/api/", query_string=asked).respond_with_json(answer_json(entry))
    httpserver.expect_request("/api/").respond_with_json(answer_json())


def test_the_registry_is_asked_by_npi_alone_and_once_in_so_many_days(
    clinic: Path, call: Run, httpserver: HTTPServer
) -> None:
    registry(httpserver, taxonomies=[{"code": "225100000X", "primary": True, "state": "WA", "license": "PT1"}])
    settings(clinic, f"npi_registry: {{url: '{httpserver.url_for('/api')}', max_age_days: 30}}")
    said = as_json(call, "check")
    assert "registry-taxonomy" in ids(said)
    assert said["registry"] == {"asked": 1, "failed": 0}
    assert [dict(request.args) for request, _ in httpserver.log] == [{"version": "2.1", "number": NPI}]
    assert ids(as_json(call, "check")) == ids(said)
    assert len(httpserver.log) == 1


def test_a_registry_that_is_down_does_not_keep_the_rest_back(clinic: Path, call: Run) -> None:
    settings(clinic, "npi_registry: {url: 'http://127.0.0.1:9/api'}")
    said = as_json(call, "check", code=11)
    assert ids(said) == ["liability-ended", "licence-ends", "registry-silent"]
    _, _, err = call("check")
    assert "What to do:" in err
    assert NPI not in err


def test_nobody_is_asked_where_the_settings_name_no_registry(call: Run) -> None:
    assert as_json(call, "check")["registry"] == {"asked": 0, "failed": 0}


def records(clinic: Path) -> None:
    """A calendar with one coming visit of a patient of blue, by Practitioner/7, of whom blue takes no claims."""
    coming = (date.today() + timedelta(days=3)).isoformat()
    listed: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "3", "name": [{"family": "Synthetica"}], "birthDate": "1980-02-03"},
        {"resourceType": "Organization", "id": "9", "name": "Blue"},
        {"resourceType": "Practitioner", "id": "7",
         "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": THERAPIST.npi}]},
        {"resourceType": "Coverage", "id": "5", "status": "active", "subscriberId": "SYN1",
         "beneficiary": {"reference": "Patient/3"}, "payor": [{"reference": "Organization/9"}]},
        {"resourceType": "Appointment", "id": "4", "status": "booked",
         "start": f"{coming}T10:00:00-08:00", "end": f"{coming}T11:00:00-08:00",
         "participant": [{"actor": {"reference": "Patient/3"}, "status": "accepted"},
                         {"actor": {"reference": "Practitioner/7"}, "status": "accepted"}]},
    ]  # fmt: skip
    folder = clinic / "records"
    folder.mkdir()
    for one in listed:
        with (folder / f"{one['resourceType']}.ndjson").open("a", encoding="utf-8") as file:
            file.write(json.dumps(one) + "\n")


def test_a_coming_visit_whose_claim_would_be_held_is_named(clinic: Path, call: Run) -> None:
    records(clinic)
    settings(clinic, hosts="main: {kind: folder, folder: records, zone: America/Los_Angeles}")
    (clinic / "credentials.csv").write_text(
        f"{HEADER}\nliability,,Practitioner/7,,,,P-2,,{FAR}\nenrolment,,Practitioner/7,blue,none,,,,\n"
    )
    said = as_json(call, "check")
    at_risk = [one for one in said["findings"] if one["about"] == "Appointment/4"]
    assert [one["id"] for one in at_risk] == ["enrolment-refused"]
    assert said["appointments"] == 1
    assert "taxonomy-missing" in ids(said)
    assert "Synthetica" not in json.dumps(said)
    assert as_json(call, "check", "--days", "1")["appointments"] == 0


def test_a_host_that_cannot_be_read_does_not_keep_the_rest_back(clinic: Path, call: Run) -> None:
    settings(clinic, hosts="main: {kind: folder, folder: nowhere, zone: America/Los_Angeles}")
    code, out, err = call("check", "--json")
    assert (code, ids(json.loads(out))) == (8, ["liability-ended", "licence-ends"])
    assert err


# --- import ---------------------------------------------------------------------------------------------------------

EXPORT = f"""\
Provider Name,NPI Number,License No.,State,Type,Original Effective Date,Expiration Date,Network Status,Payer
Jane Synthetica,{NPI},MA60000001,WA,License,01/01/2025,12/15/2031,,
Jane Synthetica,{NPI},,WA,Enrollment,03/01/2020,,Par,blue
Jane Synthetica,{NPI},,WA,Enrollment,,2027-12-31,Out-of-Network,green
"""


@pytest.fixture
def export(clinic: Path) -> Path:
    file = clinic / "export.csv"
    file.write_text(EXPORT, encoding="utf-8")
    return file


def test_a_dry_run_says_what_would_change_and_writes_nothing(clinic: Path, call: Run, export: Path) -> None:
    said = as_json(call, "import", str(export), "--dry-run")
    assert [(one["what"], one["now"]["kind"]) for one in said["changes"]] == [
        ("changed", "licence"),
        ("new", "enrolment"),
    ]
    assert said["changes"][0]["was"]["to"] == SOON.isoformat()
    assert said["left_out"] == ["Provider Name"]
    assert (clinic / "credentials.csv").read_text() == FILE


def test_an_import_changes_what_is_there_and_keeps_the_rest(clinic: Path, call: Run, export: Path) -> None:
    (clinic / "credentials.csv").chmod(0o640)
    code, out, _ = call("import", str(export))
    assert code == 0
    assert "Provider Name" in out
    found = load_credentials(clinic / "credentials.csv")
    assert len(found) == 6
    assert found[0].end == date(2031, 12, 15)
    assert found[-1].payer == "green"
    assert "Synthetica" not in (clinic / "credentials.csv").read_text()
    assert (clinic / "credentials.csv").stat().st_mode & 0o777 == 0o640
    assert as_json(call, "import", str(export))["changes"] == []
    assert sorted(path.name for path in clinic.iterdir() if "partial" in path.name) == []


def test_a_renewal_keeps_the_row_that_old_visits_need(clinic: Path, call: Run, export: Path) -> None:
    after = SOON + timedelta(days=1)
    export.write_text(f"kind,npi,state,number,from,to\nlicence,{NPI},WA,MA60000001,{after},{FAR}\n")
    call("import", str(export))
    licences = [one for one in load_credentials(clinic / "credentials.csv") if one.kind == "licence"]
    assert [(one.end, one.start) for one in licences] == [(SOON, date(2025, 1, 1)), (FAR, after)]


def test_whole_drops_what_the_table_does_not_have(clinic: Path, call: Run, export: Path) -> None:
    said = as_json(call, "import", str(export), "--replace")
    assert sorted(one["what"] for one in said["changes"]) == ["changed", "new", "removed", "removed", "removed"]
    assert len(load_credentials(clinic / "credentials.csv")) == 3


def test_whole_of_a_payer_or_kind_leaves_what_the_table_would_not_have(clinic: Path, call: Run, export: Path) -> None:
    export.write_text(f"NPI,Participation Status\n{GROUP},Participating\n")
    said = as_json(call, "import", str(export), "--kind", "enrolment", "--payer", "blue", "--replace")
    assert [one["what"] for one in said["changes"]] == ["new", "removed", "removed"]
    assert {one["was"]["payer"] for one in said["changes"][1:]} == {"blue"}
    assert [one.kind for one in load_credentials(clinic / "credentials.csv")] == [
        "licence",
        "liability",
        "liability",
        "enrolment",
    ]
    export.write_text(f"NPI,State,License Number\n{NPI},OR,7\n")
    said = as_json(call, "import", str(export), "--kind", "licence", "--replace")
    assert [(one["what"], (one["now"] or one["was"])["state"]) for one in said["changes"]] == [
        ("new", "OR"),
        ("removed", "WA"),
    ]


def test_a_table_without_starts_renews_the_only_row_that_it_can_mean(clinic: Path, call: Run, export: Path) -> None:
    export.write_text(f"NPI,Type,State,License No.,Expiration Date\n{NPI},License,WA,MA60000001,{FAR}\n")
    (change,) = as_json(call, "import", str(export))["changes"]
    assert (change["what"], change["now"]["from"], change["now"]["to"]) == ("changed", "2025-01-01", FAR.isoformat())
    assert len(load_credentials(clinic / "credentials.csv")) == 5


def test_a_table_without_starts_does_not_rewrite_how_somebody_was_enrolled(
    clinic: Path, call: Run, export: Path
) -> None:
    export.write_text(f"NPI,Type,Payer,Network\n{NPI},Enrollment,blue,OON\n")
    code, _, err = call("import", str(export))
    assert (code, (clinic / "credentials.csv").read_text()) == (3, FILE)
    assert "export.csv:2: holds with the same payer on days on which credentials.csv:4 holds too" in err


def test_a_table_without_starts_says_which_rows_it_could_mean(clinic: Path, call: Run, export: Path) -> None:
    with (clinic / "credentials.csv").open("a", encoding="utf-8") as file:
        file.write(f"licence,{NPI},,,,WA,MA60000001,{SOON + timedelta(days=1)},\n")
    export.write_text(f"NPI,Type,State,License No.\n{NPI},License,WA,MA60000001\n")
    code, _, err = call("import", str(export))
    assert (code, "export.csv:2: the same licence stands on credentials.csv:2" in err) == (3, True), err


@pytest.mark.parametrize("content", [None, b"PK\x03\x04\xff\xfe"])
def test_a_table_that_cannot_be_read_is_no_fault_of_the_settings(
    clinic: Path, call: Run, export: Path, content: bytes | None
) -> None:
    export.unlink() if content is None else export.write_bytes(content)
    code, _, err = call("import", str(export))
    assert (code, str(export) in err, "init" in err) == (8, True, False), err


def test_a_payers_roster_and_a_list_of_attestations_need_no_column_of_kind(
    clinic: Path, call: Run, export: Path
) -> None:
    export.write_text(f"Name,NPI,Participation Status,Effective\nJane,{NPI},Participating,1/2/2026\n")
    said = as_json(call, "import", str(export), "--kind", "enrolment", "--payer", "green")
    assert said["changes"][0]["now"] | {"kind": "", "npi": ""} == dict.fromkeys(HEADER.split(","), "") | {
        "payer": "green", "enrolled": "in-network", "from": "2026-01-02",
    }  # fmt: skip
    export.write_text(f"CAQH Provider ID,NPI,Last Attestation Date\n12345678,{NPI},11/01/2026\n")
    said = as_json(call, "import", str(export), "--kind", "attestation")
    assert (said["changes"][0]["now"]["number"], said["changes"][0]["now"]["from"]) == ("12345678", "2026-11-01")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", 8, "is empty"),
        ("Name,State\nJane Synthetica,WA\n", 8, "no column is known as an NPI"),
        ("NPI,Type\n1234567890,License\n", 3, "export.csv:2: npi is no NPI"),
        (f"NPI,Type,State\n\n{NPI},Diploma,WA\n", 3, "export.csv:3: kind is none"),
        (f"NPI,Type,Payer,Network\n{NPI},Enrollment,purple,Par\n", 3, "export.csv:2: its payer is not in"),
        (f"NPI,Type,Payer,Network\n{NPI},Enrollment,blue,Jane Synthetica\n", 3, "enrolled is none"),
        (f"NPI,Type,Payer,Network,Effective\n{NPI},Enrollment,blue,Par,13/13/2026\n", 3, "from is no date"),
        (f"NPI,Type,Payer,Network,Effective\n{NPI},Enrollment,blue,OON,01/01/2026\n", 3, "same payer on days"),
        (f'NPI,Type\n{NPI},"Lic', 8, "is not CSV"),
    ],
)
def test_a_table_with_a_mistake_writes_nothing(
    clinic: Path, call: Run, export: Path, text: str, code: int, words: str
) -> None:
    export.write_text(text, encoding="utf-8")
    got, _, err = call("import", str(export))
    assert (got, words in err) == (code, True), err
    assert "Synthetica" not in err
    assert (clinic / "credentials.csv").read_text() == FILE


def test_a_clinic_that_keeps_yaml_is_not_overwritten(clinic: Path, call: Run, export: Path) -> None:
    text = (clinic / "massage-billing.yaml").read_text()
    (clinic / "massage-billing.yaml").write_text(text.replace("credentials.csv", "credentials.yaml"))
    code, _, err = call("import", str(export))
    assert (code, "kept by hand" in err) == (3, True)


def test_the_first_import_begins_the_file_and_says_what_to_add(clinic: Path, call: Run, export: Path) -> None:
    text = (clinic / "massage-billing.yaml").read_text()
    (clinic / "massage-billing.yaml").write_text(text.replace(", credentials: credentials.csv", ""))
    (clinic / "credentials.csv").unlink()
    code, out, _ = call("import", str(export))
    assert (code, "credentials: credentials.csv" in out) == (0, True)
    assert len(load_credentials(clinic / "credentials.csv")) == 3
    assert (clinic / "credentials.csv").stat().st_mode & 0o777 == 0o600
