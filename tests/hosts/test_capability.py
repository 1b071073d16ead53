"""What a server says it can do, read leniently, and what is made of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from massage_billing.errors import HostAnswerUnreadable, HostRejected
from massage_billing.hosts.capability import capabilities_of, read_statement
from massage_billing.net.outcome import outcome_codes

Json = dict[str, Any]


def statement(*types: Json, software: str = "Some Server", interactions: tuple[str, ...] = (), **more: Any) -> Json:
    rest = {"mode": "server", "resource": list(types), "interaction": [{"code": code} for code in interactions]}
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "software": {"name": software, "version": "9"},
        "rest": [rest],
        **more,
    }


def listed(kind: str, *interactions: str, conditional: bool = False, searches: tuple[str, ...] = ()) -> Json:
    return {
        "type": kind,
        "interaction": [{"code": code} for code in interactions or ("read", "search-type")],
        "conditionalCreate": conditional,
        "searchParam": [{"name": name} for name in searches],
    }


def writable(conditional: bool = True) -> list[Json]:
    kinds = ("Claim", "Task", "Provenance")
    return [listed(kind, "read", "search-type", "create", "update", conditional=conditional) for kind in kinds]


def test_reads_what_is_listed() -> None:
    can = capabilities_of(read_statement(statement(listed("Encounter"), *writable(), interactions=("transaction",))))
    assert can.software == "Some Server 9"
    assert can.readable == {"Encounter", "Claim", "Task", "Provenance"}
    assert can.writable == {"Claim", "Task", "Provenance"}
    assert can.transaction
    assert can.conditional_create
    assert can.takes_claims()
    assert not can.keys_unique, "an unknown server is not trusted to store a key once"


def test_says_what_is_missing_and_what_it_costs() -> None:
    notes = capabilities_of(read_statement(statement(listed("Encounter"), listed("Procedure"), listed("Claim")))).notes
    assert "It offers no Coverage. No coverage can be found: every visit is self-pay." in notes
    assert any("takes no Claim" in note for note in notes)
    assert any("takes no Task" in note for note in notes)


def test_a_server_without_conditional_create_says_so() -> None:
    can = capabilities_of(read_statement(statement(*writable(conditional=False))))
    assert not can.conditional_create
    assert not can.transaction
    assert any("no conditional create" in note for note in can.notes)


@pytest.mark.parametrize(
    ("software", "unique", "transaction"),
    [("HAPI FHIR Server", True, True), ("SEKMET FHIR R4 Tester", False, True), ("Medplum", False, False)],
)
def test_known_servers_are_known(software: str, unique: bool, transaction: bool) -> None:
    said = statement(*writable(), software=software, interactions=("transaction",))
    can = capabilities_of(read_statement(said))
    assert (can.keys_unique, can.transaction) == (unique, transaction)


def test_a_type_without_listed_parameters_is_searched_by_all() -> None:
    found = read_statement(statement(listed("Procedure"), listed("Condition", searches=("patient",))))
    assert found.searches_by("Procedure", "encounter")
    assert not found.searches_by("Condition", "encounter")
    assert not found.searches_by("Coverage", "beneficiary")


@pytest.mark.parametrize("what", [{}, {"resourceType": "OperationOutcome"}, {"resourceType": 5}])
def test_what_is_no_statement_is_an_error(what: Json) -> None:
    with pytest.raises(HostAnswerUnreadable):
        read_statement(what)


@pytest.mark.parametrize("version", ["3.0.2", "5.0.0", "1.0.2"])
def test_another_fhir_version_is_refused(version: str) -> None:
    with pytest.raises(HostRejected, match="R4"):
        read_statement(statement(fhirVersion=version))


@pytest.mark.parametrize(
    "rest",
    [None, [], "x", [5], [{"mode": "client"}], [{"resource": {}}], [{"resource": [5, {"type": 5}, {"type": "X",
     "interaction": "read", "searchParam": [5], "searchInclude": [5, "X:y"]}]}]],
)  # fmt: skip
def test_a_malformed_statement_is_read_as_one_that_can_do_nothing(rest: object) -> None:
    can = capabilities_of(read_statement(statement(rest=rest, software=5)))
    assert can.readable == frozenset()
    assert not can.takes_claims()


# --- OperationOutcomes -------------------------------------------------


def outcome(*issues: Json) -> bytes:
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": list(issues)})


def test_codes_and_paths_are_told_and_nothing_else() -> None:
    told = outcome_codes(
        outcome(
            {"code": "required", "diagnostics": "HAPI-1234: Jane Synthetic", "expression": ["Claim.item[0].net"]},
            {"code": "value", "details": {"text": "Jane Synthetic"}, "location": ["Jane Synthetic"]},
        )
    )
    assert told == "required HAPI-1234 Claim.item[0].net, value"


@pytest.mark.parametrize(
    "body",
    [b"", b"Jane", b"<html>Jane</html>", b"[]", b"{", b'{"resourceType": "Patient", "issue": [{"code": "jane"}]}',
     b'{"resourceType": "OperationOutcome", "issue": "Jane"}'],
)  # fmt: skip
def test_what_is_no_outcome_says_nothing(body: bytes) -> None:
    assert outcome_codes(body) == ""


def test_a_code_that_could_be_text_is_not_repeated() -> None:
    assert outcome_codes(outcome({"code": "Jane Synthetic"}, {"code": 5}, {})) == "unknown"
    assert outcome_codes(outcome(*[{"code": f"code-{'abcdefgh'[n]}"} for n in range(8)])).count(",") == 4
