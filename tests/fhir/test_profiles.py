"""Our FHIR definitions: built from their sources, agreeing with our names, and right by others' validators."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_examples import schema_name
from massage_billing import profiles
from massage_billing.errors import InputError
from massage_billing.fhir import names, schemas
from massage_billing.model import BenefitKind, CountUnit, Measure, Standing, Who

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "fhir_profiles" / "built"
DEFINITIONS = sorted(BUILT.glob("*.json"))
EXAMPLES = sorted((BUILT / "examples").glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def build() -> Iterator[ModuleType]:
    """fhir_profiles/build.py as a module."""
    sys.path.insert(0, str(ROOT / "fhir_profiles"))
    spec = importlib.util.spec_from_file_location("fhir_profiles_build", ROOT / "fhir_profiles" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(ROOT / "fhir_profiles"))


# --- built from the sources -----------------------------------------------------------------------------------------


def test_built_is_of_these_sources(build: ModuleType) -> None:
    recorded = (BUILT / "SOURCES.sha256").read_text().strip()
    assert recorded == build.source_digest(), "sources changed: run fhir_profiles/build and commit built/"


def test_rule_code_system_lists_the_rules_there_are(build: ModuleType) -> None:
    for name, expected in build.rule_resources(build.rule_files()).items():
        assert read(BUILT / name) == expected, "rule files changed: run fhir_profiles/build --rules and commit built/"


def test_reason_code_system_lists_the_reasons_there_are(build: ModuleType) -> None:
    reasons = build.ahead_reasons()
    assert "coverage-ended" in reasons
    for name, expected in build.reason_resources(reasons).items():
        assert read(BUILT / name) == expected, "reasons.yaml changed: run fhir_profiles/build --rules and commit built/"


def test_rules_that_can_hold_are_told_from_the_rest(build: ModuleType, tmp_path: Path) -> None:
    held = "rule: a-rule\nquestion: Held?\nvalues:\n  - {from: 2020-01-01, on_fail: hold}\n"
    warned = "rule: b-rule\nquestion: Warned?\neffect: warn\nexamples:\n  - {expect: {outcome: hold}}\n"
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.yaml").write_text(warned)
    (tmp_path / "deep" / "a.yaml").write_text(held)
    (tmp_path / "table.yaml").write_text("rows: []\n")
    built = build.rule_resources(build.rule_files(tmp_path))
    assert [c["code"] for c in built["CodeSystem-rule.json"]["concept"]] == ["a-rule", "b-rule", "claim-state"]
    assert built["ValueSet-hold-reason.json"]["compose"]["include"][0]["concept"] == [
        {"code": "a-rule"},
        {"code": "claim-state"},
    ]


def test_no_built_file_carries_a_snapshot_or_a_build_date() -> None:
    for path in DEFINITIONS:
        resource = read(path)
        assert "snapshot" not in resource
        assert resource.get("date", "2026-11-23") == "2026-11-23"


# --- one name for one thing -----------------------------------------------------------------------------------------


def test_every_name_of_ours_is_defined() -> None:
    defined = {read(path).get("url") for path in DEFINITIONS}
    for path in BUILT.glob("NamingSystem-*.json"):
        defined |= {unique["value"] for unique in read(path)["uniqueId"]}
    ours = {value for value in vars(names).values() if isinstance(value, str) and value.startswith(names.BASE + "/")}
    ours |= {f"{names.BASE}{rest}" for rest in _names_of_the_module()}
    assert len(ours) > 20
    assert ours - defined == set()


def _names_of_the_module() -> set[str]:
    """What the OpenEMR module's PHP appends to the canonical base."""
    module = Path(__file__).parents[2] / "plugin" / "openemr" / "oe-module-massage-billing"
    sources = [path.read_text(encoding="utf-8") for path in sorted((module / "src").rglob("*.php"))]
    found = {rest for text in sources for rest in re.findall(r"BASE \. '(/[A-Za-z]+/[a-z-]+)'", text)}
    assert "/sid/claim-key" in found
    return found


WORDS: dict[str, type[StrEnum]] = {
    "role": Who,
    "benefit-kind": BenefitKind,
    "measure": Measure,
    "count-unit": CountUnit,
    "standing": Standing,
}


@pytest.mark.parametrize("name", WORDS)
def test_words_are_those_of_the_model(name: str) -> None:
    codes = {concept["code"] for concept in read(BUILT / f"CodeSystem-{name}.json")["concept"]}
    assert codes == {word.value for word in WORDS[name]}


def test_service_types_that_may_be_asked_are_codes_only() -> None:
    (include,) = read(BUILT / "ValueSet-asked-service-type.json")["compose"]["include"]
    assert include["system"] == names.X12_SERVICE_TYPE
    assert include["concept"] == [{"code": code} for code in ("BE", "PT", "AE", "33", "30")]


def test_each_profile_and_extension_has_an_example() -> None:
    text = "".join(path.read_text() for path in EXAMPLES)
    for path in BUILT.glob("StructureDefinition-*.json"):
        assert f'"{read(path)["url"]}"' in text


# --- other people's code systems ------------------------------------------------------------------------------------


def codings(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "system" in value:
            yield value
        for part in value.values():
            yield from codings(part)
    elif isinstance(value, list):
        for part in value:
            yield from codings(part)


def test_cpt_is_numbers_only() -> None:
    seen = 0
    for path in [*DEFINITIONS, *EXAMPLES]:
        resource = read(path)
        for coding in codings(resource):
            if coding["system"] == names.CPT:
                seen += 1
                assert "display" not in coding
                assert all(set(concept) == {"code"} for concept in coding.get("concept", []))
        for group in resource.get("group", []) if resource["resourceType"] == "ConceptMap" else []:
            if group["target"] == names.CPT:
                assert all("display" not in target for row in group["element"] for target in row["target"])
    assert seen > 3


def test_concept_maps_lead_to_codes_we_bill_and_name_their_source() -> None:
    billed = {c["code"] for c in read(BUILT / "ValueSet-billed-code.json")["compose"]["include"][0]["concept"]}
    for name in ("snomed-to-cpt", "local-to-cpt"):
        for group in profiles.load_concept_map(name)["group"]:  # type: ignore[attr-defined]
            assert group["target"] == names.CPT
            rows = [row["code"] for row in group["element"]]
            assert len(rows) == len(set(rows))
            for row in group["element"]:
                (target,) = row["target"]
                assert target["code"] in billed
                assert target["comment"]


def test_places_of_service_are_two_digits_and_one_a_type() -> None:
    groups: Any = profiles.load_concept_map("place-of-service")["group"]
    assert {group["target"] for group in groups} == {names.PLACE_OF_SERVICE}
    for group in groups:
        rows = [row["code"] for row in group["element"]]
        assert len(rows) == len(set(rows))
        for row in group["element"]:
            (target,) = row["target"]
            assert target["code"].isdigit()
            assert len(target["code"]) == 2
            if target["equivalence"] == "equal":
                assert target["code"] == row["code"]


# --- examples, by our schema and by others --------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_pass_fhir_resources(path: Path) -> None:
    resource = read(path)
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_pass_our_schemas(path: Path) -> None:
    resource = read(path)
    name = schema_name(resource)
    if name in profiles.SCHEMAS:
        validator = schemas.Validator(profiles.load_schema(name))
        assert validator.check(resource) == ()
    else:
        assert resource["resourceType"] in {"Encounter", "Appointment"}  # these carry an extension of ours only


def test_hl7_validator_finds_no_error_in_definitions_and_examples(validator: Any) -> None:
    files = [*DEFINITIONS, *EXAMPLES]
    assert [str(issue) for issue in validator(files) if issue.is_error] == []
    assert validator.checked == len(files)


def change_claim(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    claim = copy.deepcopy(read(BUILT / "examples" / "Claim-example-claim.json"))
    change(claim)
    return claim


FREQUENCY = {"url": names.EXT_CLAIM_FREQUENCY, "valueCode": "7"}
BROKEN = {
    "mb-claim-total": lambda c: c["total"].update(value=142.24),
    "mb-item-net": lambda c: c["item"][0]["net"].update(value=96),
    "mb-claim-focal": lambda c: c["insurance"][0].update(focal=False),
    "mb-claim-pointers": lambda c: c["item"][0].update(diagnosisSequence=[9]),
    "mb-claim-distinct": lambda c: c["careTeam"][1].update(sequence=1),
    "mb-claim-frequency": lambda c: c["extension"].append(FREQUENCY),
    "ex-": lambda c: c["careTeam"][1]["role"]["coding"][0].update(code="nonsense"),
}


@pytest.mark.parametrize("invariant", [name for name in BROKEN if name.startswith("mb-")])
def test_each_claim_invariant_fires(invariant: str, validator: Any, tmp_path: Path) -> None:
    file = tmp_path / "claim.json"
    file.write_text(json.dumps(change_claim(BROKEN[invariant])))
    assert any(issue.is_error and invariant in issue.message for issue in validator([file]))


def test_other_invariants_fire(validator: Any, tmp_path: Path) -> None:
    coverage = read(BUILT / "examples" / "Coverage-example-coverage.json")
    del coverage["subscriberId"]
    provenance = read(BUILT / "examples" / "Provenance-example-provenance.json")
    provenance["entity"] = provenance["entity"][:1]
    for name, resource in (("mb-coverage-member", coverage), ("mb-provenance-evidence", provenance)):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(resource))
        assert any(issue.is_error and name in issue.message for issue in validator([file]))


ELIGIBILITY_BROKEN: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "ces-1": ("response", lambda r: r["insurance"][0]["item"][0].update(productOrService={"text": "x"})),
    "mb-eligibility-item": (
        "request",
        lambda r: r["item"][0].update(productOrService=r["item"][3]["productOrService"]),
    ),
    "mb-eligibility-refused": ("response", lambda r: r.update(outcome="error")),
    "asked-purpose": ("request", lambda r: r.update(purpose=["discovery"])),
    "benefit-kind": (
        "response",
        lambda r: r["insurance"][0]["item"][0]["extension"][0]["extension"][0].update(valueCode="nonsense"),
    ),
}


@pytest.mark.parametrize("rule", ELIGIBILITY_BROKEN)
def test_each_rule_of_questions_and_answers_fires(rule: str, validator: Any, tmp_path: Path) -> None:
    kind, change = ELIGIBILITY_BROKEN[rule]
    type_ = f"CoverageEligibility{kind.capitalize()}"
    resource = read(BUILT / "examples" / f"{type_}-example-eligibility-{kind}.json")
    change(resource)
    file = tmp_path / "resource.json"
    file.write_text(json.dumps(resource))
    assert any(issue.is_error and rule in issue.message for issue in validator([file]))


def test_hl7_validator_refuses_a_role_out_of_our_value_set(validator: Any, tmp_path: Path) -> None:
    file = tmp_path / "claim.json"
    file.write_text(json.dumps(change_claim(BROKEN["ex-"])))
    assert any(issue.is_error and "care-team-role" in issue.message for issue in validator([file]))


# --- how the program finds them -------------------------------------------------------------------------------------


def test_every_schema_and_map_loads() -> None:
    for name in profiles.SCHEMAS:
        assert profiles.load_schema(name)["title"] == name
    for name in profiles.CONCEPT_MAPS:
        assert profiles.load_concept_map(name)["id"] == name


def test_a_missing_or_damaged_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "folder", lambda: tmp_path)
    with pytest.raises(InputError, match=r"schemas/Claim\.json is missing"):
        profiles.load_schema("Claim")
    for damaged in ("{", "[]"):
        (tmp_path / "ConceptMap-snomed-to-cpt.json").write_text(damaged)
        with pytest.raises(InputError, match="damaged"):
            profiles.load_concept_map("snomed-to-cpt")


@pytest.mark.slow
def test_they_load_from_an_installed_wheel(tmp_path: Path) -> None:
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True)
    program = "from massage_billing import profiles as p; print(p.folder(), p.load_schema('Claim')['title'])"
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        text=True,
        check=True,
        capture_output=True,
        env={"PYTHONPATH": str(site)},
    ).stdout
    assert told.split() == [str(site / "massage_billing" / "fhir_profiles"), "Claim"]
