"""The shape of the repository: what lies where, how long it is, and what it may not use."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "plugin" / "massage_billing"
TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "LICENSE",
    "README.md",
    "deploy",
    "fhir_profiles",
    "plugin",
    "pyproject.toml",
    "tests",
}
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MAX_MODULE_LINES, MAX_FUNCTION_LINES = 400, 40
MAX_FILE_BYTES = 2_000_000
WEB_OR_DATABASE = {"requests", "urllib3", "httpx", "sqlalchemy", "alembic", "sqlite3", "fastapi", "starlette", "jinja2"}


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_top_level_holds_only_what_belongs_there() -> None:
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL
    assert all((ROOT / path).exists() for path in TOP_LEVEL)


def test_no_tracked_file_is_a_dump() -> None:
    large = {path for path in tracked() if (ROOT / path).stat().st_size > MAX_FILE_BYTES}
    assert large == set()


def test_nothing_built_is_tracked() -> None:
    built = (".pyc", ".class", ".jar", ".whl", ".db", ".sqlite")
    assert [path for path in tracked() if path.endswith(built) or "/target/" in path] == []


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_modules_and_functions_can_be_read_at_one_sitting(module: Path) -> None:
    text = module.read_text()
    assert text.count("\n") <= MAX_MODULE_LINES
    long = {
        node.name: length
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_fhir_models_are_r4b(module: Path) -> None:
    """A bare import of fhir.resources is R5, which refuses R4 resources or changes their meaning."""
    models = [each for each in imports(module) if each.startswith("fhir.resources")]
    assert all(each.startswith("fhir.resources.R4B") for each in models), models


@pytest.mark.parametrize("module", TESTS, ids=name)
def test_no_test_sleeps(module: Path) -> None:
    """A test waits for what it needs, with a bound; a sleep is too long on one machine and too short on another."""
    calls = [node.func for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if ast.unparse(call) in {"time.sleep", "sleep", "asyncio.sleep"}] == []


def test_the_core_pulls_in_no_web_or_database_code() -> None:
    core = [module.relative_to(PACKAGE.parent) for module in MODULES if is_core(module)]
    names = sorted({".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in core})
    assert "massage_billing.flow" in names
    program = f"import sys, {', '.join(names)}\nprint(*(each.partition('.')[0] for each in sys.modules))"
    paths = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=paths)
    assert loaded.returncode == 0, loaded.stderr
    assert set(loaded.stdout.split()) & WEB_OR_DATABASE == set()


def is_core(module: Path) -> bool:
    """The rooms DESIGN calls the functional core."""
    inside = module.relative_to(PACKAGE)
    rooms = {"coding", "fhir", "model", "previsit", "x12"}
    return inside.parts[0] in rooms or str(inside) in {"flow.py", "errors.py"}
