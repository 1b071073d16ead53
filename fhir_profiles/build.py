"""Builds ``built/`` (what is committed and packaged) from ``fsh/``, ``sushi-config.yaml`` and the rule files.

    fhir_profiles/build           everything: SUSHI (npm, 10 s once installed), rule code system, JSON Schemas
    fhir_profiles/build --rules   only what follows from the rule files (0.2 s, no Node.js): after a rule was added

The FSH compiler wants the package ``hl7.fhir.r4.core``, whose name is empty on npm. ``hl7.fhir.r4.examples`` holds the
same definitions, so it is put into the compiler's package cache under that name. All of this lives under ``.cache/``;
nothing of it is committed. The output holds no time stamps: the same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import make_schemas
import yaml

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "fhir"
BUILT = HERE / "built"
RULES = HERE.parent / "plugin" / "massage_billing" / "rules"
BASE = "https://massage-billing.org/fhir"
SUSHI = "3.21.0"
CORE = "hl7.fhir.r4.examples@4.0.1"
VERSION = "0.1.0"
DATE = "2026-11-23"
COMMON = {
    "version": VERSION,
    "status": "active",
    "experimental": False,
    "date": DATE,
    "publisher": "massage-billing",
}
"""What our code systems and value sets have in common."""


def main() -> int:
    """Run the build the arguments ask for; 0 when it is done."""
    parser = argparse.ArgumentParser(description="Build fhir_profiles/built.")
    parser.add_argument("--rules", action="store_true", help="only what follows from the rule files")
    if not parser.parse_args().rules:
        core = fetch_core()
        resources = compile_fsh(core)
        publish(resources)
        make_schemas.write_all(resources, core, BUILT / "schemas")
        write(BUILT / "SOURCES.sha256", source_digest() + "\n")
    write_rules()
    sys.stdout.write(f"{BUILT}: {len(list(BUILT.rglob('*.json')))} files\n")
    return 0


# --- the compiler and the base definitions -------------------------------------------------------------------------


def fetch_core() -> Path:
    """The folder with the FHIR R4 base definitions, fetched from npm once."""
    package = CACHE / "home" / ".fhir" / "packages" / "hl7.fhir.r4.core#4.0.1" / "package"
    if (package / "package.json").exists():
        return package
    CACHE.mkdir(parents=True, exist_ok=True)
    packed = run("npm", "pack", "--silent", CORE, cwd=CACHE).strip().splitlines()[-1]
    unpacked = CACHE / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    with tarfile.open(CACHE / packed) as archive:
        archive.extractall(unpacked, filter="data")
    manifest = unpacked / "package" / "package.json"
    described = json.loads(manifest.read_text())
    described |= {"name": "hl7.fhir.r4.core", "type": "Core"}
    manifest.write_text(json.dumps(described))
    shutil.rmtree(package.parent, ignore_errors=True)
    package.parent.mkdir(parents=True)
    (unpacked / "package").rename(package)
    return package


def compile_fsh(core: Path) -> Path:
    """Run SUSHI over the FSH sources; the folder with the resources, profiles with their snapshots."""
    sushi = CACHE / "sushi" / "node_modules" / "fsh-sushi"
    if not (sushi / "package.json").exists() or json.loads((sushi / "package.json").read_text())["version"] != SUSHI:
        (CACHE / "sushi").mkdir(parents=True, exist_ok=True)
        (CACHE / "sushi" / "package.json").write_text('{"private": true}')
        run(
            "npm",
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            f"fsh-sushi@{SUSHI}",
            cwd=CACHE / "sushi",
        )
    stage = CACHE / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(HERE / "fsh", stage / "input" / "fsh")
    shutil.copy(HERE / "sushi-config.yaml", stage)
    home = str(core.parents[3])
    told = run(
        "node", str(sushi / "dist" / "app.js"), "build", "--snapshot", ".", cwd=stage, env=os.environ | {"HOME": home}
    )
    if "0 Errors" not in told:
        sys.exit(told)
    return stage / "fsh-generated" / "resources"


def run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed; its failure ends the build with what it said."""
    done = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


# --- what is committed ----------------------------------------------------------------------------------------------


def publish(resources: Path) -> None:
    """Copy the compiled resources into ``built/``, without snapshots; examples into ``built/examples/``."""
    shutil.rmtree(BUILT, ignore_errors=True)
    for file in sorted(resources.glob("*.json")):
        resource = json.loads(file.read_text())
        resource.pop("snapshot", None)
        folder = BUILT if "url" in resource or resource["resourceType"] == "NamingSystem" else BUILT / "examples"
        write(folder / file.name, dump(resource))


def dump(resource: object) -> str:
    """JSON as it is committed: two spaces, in the order given."""
    return json.dumps(resource, indent=2, ensure_ascii=False) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# --- the rule files -------------------------------------------------------------------------------------------------


WRITING = {"rule": "claim-state", "question": "May the claim that stands on the host be changed?", "on_fail": "hold"}
"""The rule that writing answers (plugin/docs/claim-states.md): it has no row that a date could change, so no file."""


def rule_files(folder: Path = RULES) -> list[dict[str, Any]]:
    """The rule of writing, and every YAML file below ``folder`` that states a rule (``rule``, ``question``), by id."""
    found: dict[str, dict[str, Any]] = {WRITING["rule"]: WRITING}
    for file in sorted(folder.rglob("*.yaml")):
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 (strings only)
        if isinstance(content, dict) and "rule" in content and "question" in content:
            found[content["rule"]] = content
    return [found[rule] for rule in sorted(found)]


def can_hold(rule: object) -> bool:
    """Whether a rule says anywhere, outside its examples, that it holds a visit."""
    if isinstance(rule, dict):
        return any(can_hold(value) for key, value in rule.items() if key not in ("examples", "sources", "question"))
    if isinstance(rule, list):
        return any(can_hold(value) for value in rule)
    return rule == "hold"


def rule_resources(rules: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """CodeSystem ``rule`` and ValueSet ``hold-reason`` for these rules, by file name."""
    system = f"{BASE}/CodeSystem/rule"
    concepts = [{"code": rule["rule"], "display": rule["rule"], "definition": rule["question"]} for rule in rules]
    holding = [{"code": rule["rule"]} for rule in rules if can_hold(rule)]
    include: dict[str, Any] = {"system": system}
    code_system: dict[str, Any] = {
        "resourceType": "CodeSystem",
        "id": "rule",
        "url": system,
        "name": "RuleCS",
        "title": "Rules of the rulebook",
        **COMMON,
        "description": "One code a rule: its id; the definition is the question it answers. A clinic's own "
        "rules are not in this list, which is therefore a fragment.",
        "caseSensitive": True,
        "content": "fragment",
    }
    if concepts:
        code_system["concept"] = concepts
    if holding:
        include["concept"] = holding
    return {
        "CodeSystem-rule.json": code_system,
        "ValueSet-hold-reason.json": {
            "resourceType": "ValueSet",
            "id": "hold-reason",
            "url": f"{BASE}/ValueSet/hold-reason",
            "name": "HoldReasonVS",
            "title": "Reasons for a hold",
            **COMMON,
            "description": "The rules that can hold a visit.",
            "compose": {"include": [include]},
        },
    }


def ahead_reasons(folder: Path = RULES) -> dict[str, Any]:
    """What may be said of a coming appointment: reason → its row, from the files of rules/eligibility that list any."""
    reasons: dict[str, Any] = {}
    for name in ("reasons.yaml", "credentials.yaml"):
        text = (folder / "eligibility" / name).read_text(encoding="utf-8")
        reasons |= yaml.load(text, Loader=yaml.BaseLoader)["reasons"]  # noqa: S506 (strings only)
    return reasons


def reason_resources(reasons: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """CodeSystem and ValueSet ``ahead-reason`` for these reasons, by file name."""
    system = f"{BASE}/CodeSystem/ahead-reason"
    concepts = [
        {"code": reason, "display": reason, "definition": row["plain"]} for reason, row in sorted(reasons.items())
    ]
    return {
        "CodeSystem-ahead-reason.json": {
            "resourceType": "CodeSystem",
            "id": "ahead-reason",
            "url": system,
            "name": "AheadReasonCS",
            "title": "What is said of a coming visit",
            **COMMON,
            "description": "One code for each thing that may be found about an appointment before it.",
            "caseSensitive": True,
            "content": "complete",
            "concept": concepts,
        },
        "ValueSet-ahead-reason.json": {
            "resourceType": "ValueSet",
            "id": "ahead-reason",
            "url": f"{BASE}/ValueSet/ahead-reason",
            "name": "AheadReasonVS",
            "title": "What is said of a coming visit",
            **COMMON,
            "description": "All reasons.",
            "compose": {"include": [{"system": system}]},
        },
    }


def write_rules() -> None:
    """Write what follows from the rule files."""
    for name, resource in (rule_resources(rule_files()) | reason_resources(ahead_reasons())).items():
        write(BUILT / name, dump(resource))


def source_digest() -> str:
    """SHA-256 over the names and bytes of everything ``built/`` is made from, but for the rule files."""
    digest = hashlib.sha256()
    sources = [*(HERE / "fsh").glob("*.fsh"), HERE / "sushi-config.yaml", HERE / "build.py", HERE / "make_schemas.py"]
    for file in sorted(sources):
        digest.update(f"{file.relative_to(HERE)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
