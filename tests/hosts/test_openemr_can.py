"""What OpenEMR and its module can do, by what they say; which scopes that needs, and which were not granted."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from hosts.mini_module import MiniModule
from hosts.mini_openemr import FIXTURES
from massage_billing.fhir import names
from massage_billing.hosts.capability import Statement, read_statement
from massage_billing.hosts.openemr_can import (
    MODULE_SCOPES,
    SCOPES,
    capabilities_of_openemr,
    lacking,
    missing_scopes,
    scope_for,
    wanted_scopes,
)
from servers.process import ROOT

PHP = ROOT / "plugin" / "openemr" / "oe-module-massage-billing" / "src" / "Fhir"


def statement(types: frozenset[str] | None = None, **changes: Any) -> Statement:
    """Stock 8.2's, with the module where types of it are given (None: all)."""
    found = json.loads((FIXTURES / "metadata.json").read_text())
    module = MiniModule(lambda key: True, lambda: "http://127.0.0.1/fhir", **changes)
    if types is not None:
        module.types = types
    module.describe(found)
    return read_statement(found)


def stock() -> Statement:
    return read_statement(json.loads((FIXTURES / "metadata.json").read_text()))


def test_the_whole_module_lacks_nothing_and_is_asked_for_its_scopes() -> None:
    can = capabilities_of_openemr(statement(), MODULE_SCOPES)
    assert (lacking(statement()), wanted_scopes(statement())) == ([], MODULE_SCOPES)
    assert can.writable == {"Claim", "Task", "Provenance", "CoverageEligibilityRequest", "CoverageEligibilityResponse"}
    assert (can.conditional_create, can.keys_unique, can.records_hold_writes, can.signs_records) == (True,) * 4
    assert (can.transaction, can.real_last_updated, can.finished_is_done) == (False, False, False)
    assert not any("granted" in note or "older than" in note for note in can.notes)


def test_its_screens_ask_for_outlooks() -> None:
    assert names.PROFILE_VISIT_OUTLOOK in capabilities_of_openemr(statement(outlooks=True)).profiles
    assert names.PROFILE_VISIT_OUTLOOK not in capabilities_of_openemr(statement()).profiles


def test_without_the_module_only_reading_is_asked_for() -> None:
    assert (wanted_scopes(stock()), lacking(stock())) == (SCOPES, [])
    can = capabilities_of_openemr(stock(), SCOPES)
    assert (can.writable, can.signs_records, can.profiles & {names.PROFILE_VISIT_OUTLOOK}) == (
        frozenset(),
        False,
        set(),
    )


def test_of_an_older_module_no_scope_is_asked_for_that_would_fail_the_token() -> None:
    older = statement(frozenset({"Claim", "Task", "Provenance"}))
    assert lacking(older) == [
        "CoverageEligibilityRequest",
        "CoverageEligibilityResponse",
        "ChargeItem",
        "ClaimResponse",
        "Consent",
    ]
    assert "system/Consent.rs" not in wanted_scopes(older)
    assert "system/Claim.crus" in wanted_scopes(older)


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (["system/Claim.crus", "system/Task.rs"], []),
        (["system/Claim.cruds", "system/Task.rs"], []),
        (["system/Claim.read", "system/Claim.write", "system/Task.read"], []),
        (["system/*.cruds"], []),
        (["system/Claim.c", "system/Claim.r", "system/Claim.us", "system/*.rs"], []),
        (["system/Claim.rs", "system/Task.rs"], ["system/Claim.crus"]),
        (["user/Claim.crus", "system/Task.rs?status=x"], ["system/Claim.crus", "system/Task.rs"]),
        (["openid", "api:fhir", "", "system/"], ["system/Claim.crus", "system/Task.rs"]),
    ],
)
def test_which_scopes_were_not_granted(granted: list[str], missing: list[str]) -> None:
    assert missing_scopes(["system/Claim.crus", "system/Task.rs"], granted) == missing


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "Claim", "system/Claim.s"),
        ("GET", "Claim/12", "system/Claim.r"),
        ("POST", "Claim", "system/Claim.c"),
        ("PUT", "Task/7", "system/Task.u"),
    ],
)
def test_what_a_call_needs(method: str, path: str, scope: str) -> None:
    assert scope_for(method, path) == scope


def test_the_module_registers_the_scopes_that_are_asked_for() -> None:
    """The list that PHP registers a client with covers what this program asks for, and grants nothing beyond updates
    of what is only created."""
    php = shutil.which("php")
    if php is None:
        pytest.skip("needs PHP (apt-get install php-cli)")
    files = " ".join(f"require '{PHP / name}.php';" for name in ("Types", "Scopes"))
    code = f"{files} echo json_encode(OpenEMR\\Modules\\MassageBilling\\Fhir\\Scopes::needed());"
    done = subprocess.run([php, "-r", code], capture_output=True, text=True, check=True)
    registered = json.loads(done.stdout)
    assert missing_scopes(MODULE_SCOPES, registered) == []
    system = [scope for scope in registered if scope.startswith("system/")]
    assert len(system) == len(MODULE_SCOPES)
    assert not any("d" in scope.rpartition(".")[2] for scope in system)
