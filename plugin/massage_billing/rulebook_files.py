"""Reads the rule files from the package or from a folder, and makes the rulebook of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from massage_billing.coding.rulebook import Rulebook, Table
from massage_billing.coding.rulefile import PolicyText, RuleText, read_book, read_policy, read_rule
from massage_billing.coding.tables import Icd10Table, read_codes, read_limits, read_pairs, read_statuses
from massage_billing.errors import RuleFileError

_BOOK = "rulebook.yaml"
_NO_RULES = frozenset({_BOOK, "labels.yaml"})
"""YAML files beside the rules that are none: the release, and short names for people to read."""
_READERS: dict[str, Callable[[str, str], Table]] = {
    "billable-code": read_codes,
    "fee-schedule-status": read_statuses,
    "ncci-pairs": read_pairs,
    "mue": read_limits,
}
"""How the table of each rule is read; ICD-10-CM is unpacked when it is first asked."""


def load_rulebook(folder: Path | None = None, own_policies: Path | None = None) -> Rulebook:
    """The rulebook of the package, or of ``folder`` in its place.

    ``own_policies`` is a clinic's own folder of payer policies, ``<name>/policy.yaml`` each; one with the name of a
    shipped policy takes its place. Raises RuleFileError with file, line and reason; nothing is loaded then.
    """
    root: Traversable = folder if folder is not None else files("massage_billing") / "rules"
    digest = hashlib.sha256()
    book = read_book(_text(root / _BOOK, _BOOK, digest), _BOOK)
    rules = [
        read_rule(_text(file, file.name, digest), file.name)
        for file in _children(root)
        if file.name.endswith(".yaml") and file.name not in _NO_RULES
    ]
    policies = _policies(root / "payers", digest)
    if own_policies is not None:
        policies |= _policies(own_policies, digest)
    tables = {
        name: _table(rule.rule, root / "tables" / name, name, digest) for rule in rules for name in _table_names(rule)
    }
    return Rulebook(book, digest.hexdigest(), rules, policies.values(), tables)


def _policies(folder: Traversable, digest: hashlib._Hash) -> dict[str, PolicyText]:
    found = {}
    for child in _children(folder):
        file = child / "policy.yaml"
        if child.is_dir() and file.is_file():
            name = f"payers/{child.name}/policy.yaml"
            found[child.name] = read_policy(_text(file, name, digest), name)
    return found


def _children(folder: Traversable) -> list[Traversable]:
    if not folder.is_dir():
        raise RuleFileError(str(folder), None, "is not a folder")
    return sorted(folder.iterdir(), key=lambda child: child.name)


def _table_names(rule: RuleText) -> list[str]:
    return sorted({row.table for row in rule.values if row.table is not None})


def _table(rule: str, file: Traversable, name: str, digest: hashlib._Hash) -> Table:
    where = f"tables/{name}"
    if name.endswith(".gz"):
        return Icd10Table(_bytes(file, where, digest))
    reader = _READERS.get(rule)
    if reader is None:
        raise RuleFileError(f"{rule}.yaml", None, "names a table, but this rule takes none")
    return reader(_text(file, where, digest), where)


def _text(file: Traversable, name: str, digest: hashlib._Hash) -> str:
    try:
        return _bytes(file, name, digest).decode("utf-8")
    except UnicodeDecodeError:
        raise RuleFileError(name, None, "is not UTF-8 text") from None


def _bytes(file: Traversable, name: str, digest: hashlib._Hash) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RuleFileError(name, None, f"cannot be read ({error.strerror})") from None
    digest.update(f"{name}\0{len(content)}\0".encode())
    digest.update(content)
    return content
