"""OpenEMR with its module, by the command line: what is signed is billed, once, and what a person typed is respected.

The server answers as a running OpenEMR was recorded, and as the module's routes do; days are of yesterday.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

import builders
from builders import Json, ref, resource
from hosts.mini_openemr import MiniOpenEmr
from massage_billing.fhir import names
from massage_billing.hosts.openemr_can import MODULE_SCOPES

from .conftest import Call

SETTINGS = """\
clinic: {{name: Synthetic Massage Clinic, npi: "1245319599", tin: "00-0000000", payers: payers.yaml, fees: fees.csv}}
hosts:
  emr:
    kind: openemr
    url: {base}
    zone: America/Denver
    place_of_service: "11"
    billing: {{start: {start}, settle: 0}}
{more}
state: {{folder: state}}
"""
PAYERS = """\
payers:
  - {key: blue, kind: health, policy: commercial-midpoint, filing_days: 365, match: {references: [Organization/o2]}}
"""
FEES = "code,modifier,payer,from,amount\n97124,,,2020-01-01,35.00\n97140,,,2020-01-01,40.00\n"


@pytest.fixture
def server(httpserver: HTTPServer) -> Iterator[MiniOpenEmr]:
    """One patient, insured, with a visit yesterday; nothing is written down of it yet."""
    server = MiniOpenEmr(httpserver, with_module=True)
    server.put(
        builders.organization(),
        builders.payer(),
        builders.location(),
        builders.practitioner(),
        builders.practitioner_role("r1"),
        {"resourceType": "Patient", "id": "p1", "name": [{"family": "Synthetic"}], "birthDate": "1980-01-01"},
        builders.coverage("c1", period={"start": "2020-01-01"}),
        builders.condition("d1"),
        builders.encounter(meta=..., period={"start": at("10:00")}, diagnosis=...),
    )
    return server


@pytest.fixture
def here(server: MiniOpenEmr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "payers.yaml").write_text(PAYERS)
    (tmp_path / "fees.csv").write_text(FEES)
    write_settings(tmp_path, server)
    return tmp_path


def write_settings(folder: Path, server: MiniOpenEmr, more: str = "") -> None:
    start = (date.today() - timedelta(days=30)).isoformat()
    text = SETTINGS.format(base=server.base, start=start, more=more)
    (folder / "massage-billing.yaml").write_text(text)


def at(clock: str, back: int = 1) -> str:
    """A time of some days ago as OpenEMR writes it."""
    return f"{date.today() - timedelta(days=back)}T{clock}:00+00:00"


def logged(id: str = "a1", code: str = "97124", mins: int = 60, status: str = "completed", back: int = 1,
           **changes: Any) -> Json:  # fmt: skip
    """A row of the treatment log."""
    when = {"start": at("10:00", back), "end": at(f"{10 + mins // 60}:{mins % 60:02}", back)}
    reason = [builders.concept(names.ICD10CM, "M54.50")]
    return builders.procedure(
        id, code, mins, meta=..., status=status, performedPeriod=when, reasonCode=reason, **changes
    )


def ordered(id: str = "x1", code: str = "97124", **changes: Any) -> list[Json]:
    """A service on a procedure order, as core makes one: the time is that of its report."""
    order = resource("ServiceRequest", f"s-{id}", {"status": "completed", "intent": "order",
                     "subject": ref("Patient/p1"), "encounter": ref("Encounter/e1"),
                     "reasonCode": [builders.concept(names.ICD10CM, "M54.50")]}, {})  # fmt: skip
    reason = [builders.concept(names.ICD10CM, "M54.50")]
    service = {
        "meta": ...,
        "performedDateTime": at("11:20"),
        "reasonCode": reason,
        "basedOn": [ref(f"ServiceRequest/s-{id}")],
    }
    return [order, builders.procedure(id, code, None, **{**service, **changes})]


def typed(id: str = "h1", code: str = "97124", units: int = 4, **changes: Any) -> Json:
    """A charge on the fee sheet."""
    base = {
        "status": "billable",
        "code": builders.cpt(code),
        "subject": ref("Patient/p1"),
        "context": ref("Encounter/e1"),
        "quantity": {"value": units},
    }
    return resource("ChargeItem", id, base, changes)


def run(mb: Call, code: int = 0) -> Json:
    answer = mb("run", "--json")
    assert answer.code == code, answer.err + answer.out
    report: Json = json.loads(answer.out)
    return report


def claims(server: MiniOpenEmr) -> list[Any]:
    return server.module.store.all("Claim")


def lines(claim: Any) -> list[tuple[str, int]]:
    return [(one["productOrService"]["coding"][0]["code"], int(one["quantity"]["value"])) for one in claim["item"]]


def holds(server: MiniOpenEmr) -> list[Any]:
    return [task for task in server.module.store.all("Task") if task["status"] == "requested"]


def why(server: MiniOpenEmr) -> list[str]:
    (task,) = holds(server)
    return [coding["code"] for coding in task["reasonCode"]["coding"]]


# --- signed, then billed ------------------------------------------------------------------------------------------


def test_a_signed_log_is_one_active_claim_however_often_it_runs(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged())
    assert run(mb)["claims_created"] == 1
    (claim,) = claims(server)
    assert (claim["status"], lines(claim)) == ("active", [("97124", 4)])
    assert len(server.module.store.all("Provenance")) == 1
    for _ in range(2):
        again = run(mb)
        assert (again["claims_created"], again["claims_updated"], again["holds_opened"]) == (0, 0, 0)
    assert claims(server) == [claim]


def test_a_lost_state_folder_doubles_nothing(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged())
    run(mb)
    (here / "state").rename(here / "lost")
    run(mb)
    assert len(claims(server)) == len(server.module.store.all("Provenance")) == 1


def test_a_log_that_is_not_signed_waits_and_is_billed_when_it_is(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged(status="in-progress"))
    assert run(mb)["claims"] == 0
    assert (claims(server), holds(server)) == ([], [])
    server.put(logged())
    run(mb)
    assert [one["status"] for one in claims(server)] == ["active"]


def test_a_log_that_nobody_signed_for_two_days_is_held_until_somebody_does(
    server: MiniOpenEmr, here: Path, mb: Call
) -> None:
    server.put(
        builders.encounter(meta=..., period={"start": at("10:00", 3)}, diagnosis=...),
        logged(status="in-progress", back=3),
    )
    run(mb)
    assert "visit-finished" in why(server)
    server.put(logged(back=3))
    run(mb)
    assert (len(claims(server)), holds(server)) == (1, [])


def test_drafts_where_the_clinic_wants_drafts(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    write_settings(here, server, "    claims: {write_as: draft}")
    server.put(logged())
    run(mb)
    assert [one["status"] for one in claims(server)] == ["draft"]
    assert mb("approve", "--all").code == 0
    assert [one["status"] for one in claims(server)] == ["active"]


def test_a_visit_of_orders_only_is_a_draft(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    """Nobody signed for it: "finished" says nothing on OpenEMR."""
    server.put(*ordered(extension=[builders.minutes(60)]))
    run(mb)
    assert [one["status"] for one in claims(server)] == ["draft"]


def test_an_amended_log_changes_the_claim_where_it_stands(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged())
    run(mb)
    server.put(logged(mins=30))
    run(mb)
    (claim,) = claims(server)
    assert (claim["status"], lines(claim), claim["meta"]["versionId"]) == ("active", [("97124", 2)], "2")


def test_a_log_taken_back_to_a_draft_holds_the_claim_that_stands(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged())
    run(mb)
    server.put(logged(status="in-progress"))
    run(mb)
    assert [one["status"] for one in claims(server)] == ["cancelled"]
    assert "visit-finished" in why(server)


# --- counted once --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [{}, {"extension": [builders.minutes(60)]}, {"performer": [{"actor": ref("Practitioner/t2")}]}],
    ids=["plain", "with minutes", "ordered by somebody else"],
)
def test_the_same_service_on_an_order_and_in_the_log_counts_once(
    server: MiniOpenEmr, here: Path, mb: Call, changes: Json
) -> None:
    server.put(builders.practitioner("t2", npi=builders.OTHER_NPI), logged(), *ordered(**changes))
    run(mb)
    (claim,) = claims(server)
    assert (claim["status"], lines(claim)) == ("active", [("97124", 4)])


def test_an_order_that_says_other_minutes_than_the_log_is_looked_at(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged(), *ordered(extension=[builders.minutes(45)]))
    run(mb)
    assert (claims(server), why(server)) == ([], ["minutes-agree"])


def test_an_order_of_another_code_is_a_service_of_its_own(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged(), *ordered(code="97112"))
    run(mb)
    assert claims(server) == []  # it has no minutes, and nobody guesses them


# --- what people typed, and wished ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charges", "said"),
    [
        ([typed()], "97124 x4. The record supports 97124 x4. They are the same."),
        ([typed(units=5), typed("h2", "97140", 1)], "97124 x5, 97140 x1. The record supports 97124 x4. They differ."),
    ],
    ids=["the same", "more"],
)
def test_what_was_typed_on_the_fee_sheet_holds_the_visit_until_a_person_takes_it_out(
    server: MiniOpenEmr, here: Path, mb: Call, charges: list[Json], said: str
) -> None:
    server.put(logged())
    for one in charges:
        server.module.store.put(one)
    run(mb)
    assert (claims(server), why(server)) == ([], ["already-billed"])
    assert said in holds(server)[0]["input"][0]["valueString"]
    for one in charges:
        server.module.store.remove(f"ChargeItem/{one['id']}")
    run(mb)
    assert (len(claims(server)), holds(server)) == (1, [])


def test_what_our_own_claim_made_on_the_fee_sheet_is_no_news(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged())
    run(mb)
    (claim,) = claims(server)
    server.module.store.put(typed(supportingInformation=[ref(f"Claim/{claim['id']}")]))
    server.module.store.put(typed("h2", status="entered-in-error"))
    report = run(mb)
    assert (report["holds_opened"], claims(server)) == (0, [claim])


def test_what_is_typed_after_the_claim_was_written_holds_it(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged())
    run(mb)
    server.module.store.put(typed("h2", "97140", 1))
    run(mb)
    assert ([one["status"] for one in claims(server)], why(server)) == (["cancelled"], ["already-billed"])


def wish(**changes: Any) -> Json:
    category = builders.concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "hipaa-self-pay")
    base = {
        "status": "active",
        "patient": ref("Patient/p1"),
        "category": [category],
        "provision": {"data": [{"meaning": "instance", "reference": ref("Encounter/e1")}]},
    }
    return resource("Consent", "n1", base, changes)


def test_the_box_that_the_plan_is_not_told_is_obeyed_also_when_it_is_ticked_late(
    server: MiniOpenEmr, here: Path, mb: Call
) -> None:
    server.put(logged())
    server.module.store.put(wish())
    assert run(mb)["self_pay"] == 1
    assert claims(server) == []
    server.module.store.put(wish(status="inactive"))
    run(mb)
    assert [one["status"] for one in claims(server)] == ["active"]
    server.module.store.put(wish())
    run(mb)
    assert [one["status"] for one in claims(server)] == ["cancelled"]


def test_a_wish_of_another_visit_is_not_this_ones(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged())
    server.module.store.put(wish(provision={"data": [{"meaning": "instance", "reference": ref("Encounter/e9")}]}))
    run(mb)
    assert [one["status"] for one in claims(server)] == ["active"]


# --- what was sent -------------------------------------------------------------------------------------------------


def test_a_claim_that_was_sent_is_not_changed(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.put(logged())
    run(mb)
    (claim,) = claims(server)
    answer = {"status": "active", "use": "claim", "outcome": "queued", "created": date.today().isoformat(),
              "patient": ref("Patient/p1"), "request": ref(f"Claim/{claim['id']}"),
              "insurer": ref("Organization/o2")}  # fmt: skip
    server.module.store.put(resource("ClaimResponse", "r1", answer, {}))
    server.module.billed.add(claim["id"])
    server.put(logged(mins=30))
    run(mb)
    assert (claims(server), why(server)) == ([claim], ["claim-state"])


# --- what is missing -----------------------------------------------------------------------------------------------


@pytest.fixture
def smart(httpserver: HTTPServer, server: MiniOpenEmr, here: Path) -> list[str]:
    """The server grants a token with what stands in this list, of what is asked for."""
    granted = [*MODULE_SCOPES]
    key = RSAKey.generate_key(2048, private=True)
    (here / "key.pem").write_bytes(key.as_pem(private=True))
    (here / "key.pem").chmod(0o600)

    def token(request: Request) -> Response:
        asked = request.form["scope"].split()
        server.scopes = frozenset(scope for scope in asked if scope in granted)
        body = {
            "access_token": "t1",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": " ".join(sorted(server.scopes)),
        }
        return Response(json.dumps(body), 200, content_type="application/json")

    httpserver.expect_request("/oauth2/default/token", method="POST").respond_with_handler(token)
    url = httpserver.url_for("/oauth2/default/token")
    write_settings(here, server, f"    auth: {{kind: smart, client_id: c, key_file: key.pem, token_url: {url}}}")
    return granted


def test_with_the_module_its_scopes_are_asked_for_without_naming_them(
    server: MiniOpenEmr, smart: list[str], mb: Call
) -> None:
    server.put(logged())
    run(mb)
    assert server.scopes == frozenset(MODULE_SCOPES)
    assert len(claims(server)) == 1


@pytest.mark.parametrize(
    ("lacking", "named"), [("system/Procedure.rs", "system/Procedure.s"), ("system/Claim.crus", "system/Claim.s")]
)
def test_a_scope_that_was_not_granted_is_named_with_what_to_do(
    server: MiniOpenEmr, smart: list[str], mb: Call, lacking: str, named: str
) -> None:
    smart.remove(lacking)
    server.put(logged())
    answer = mb("run")
    assert answer.code == 4
    assert f"The scope {named} was not granted to this program" in answer.err
    assert "API Clients" in answer.err
    asked = mb("check-host")
    assert f"was not granted {lacking}." in " ".join((asked.out + asked.err).split())
    assert claims(server) == []


def test_an_older_module_is_named_with_what_it_lacks(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.module.types = frozenset({"Claim", "Task", "Provenance"})
    said = " ".join(mb("check-host").out.split())
    assert "Its module is older than this program needs" in said
    for kind in ("CoverageEligibilityRequest", "ChargeItem", "Consent"):
        assert f"no {kind}" in said
    server.put(logged())
    run(mb)
    assert len(claims(server)) == 1


def test_without_the_module_it_is_said_what_that_costs(server: MiniOpenEmr, here: Path, mb: Call) -> None:
    server.with_module = False
    assert "claims wait in the outbox here, as drafts, until its module is installed" in " ".join(
        mb("check-host").out.split()
    )
