"""Reads the rule files from the package or from a folder, and makes the rulebook of them.

Whatever is wrong is refused with file, line and reason, and nothing is loaded. What ships is checked by the tests; what
comes from elsewhere (a folder, a clinic's own policies) has its examples run before it is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from massage_billing.coding.regions import RULE as BODY_REGION
from massage_billing.coding.regions import read_regions
from massage_billing.coding.rulebook import Rulebook, Table
from massage_billing.coding.rulefile import BookText, PolicyText, RuleText, read_book, read_policy, read_rule
from massage_billing.coding.tables import Icd10Table, read_codes, read_limits, read_pairs, read_statuses
from massage_billing.coding.tabular import TabularTable
from massage_billing.errors import RuleFileError
from massage_billing.releases.book import with_releases
from massage_billing.rulebook import checks as rule_checks

_BOOK = "rulebook.yaml"
_NO_RULES = frozenset({_BOOK, "labels.yaml"})
"""YAML files beside the rules that are none: the release, and short names for people to read."""
_READERS: dict[str, Callable[[str, str], Table]] = {
    "billable-code": read_codes,
    "fee-schedule-status": read_statuses,
    "ncci-pairs": read_pairs,
    "mue": read_limits,
    BODY_REGION: read_regions,
}
"""How the table of each rule is read."""
_PACKED: dict[str, Callable[[bytes, str], Table]] = {
    "diagnosis-valid": lambda content, _: Icd10Table(content),
    "diagnosis-excludes1": TabularTable,
}
"""The same where it is packed; it is unpacked when it is first asked."""


@dataclass
class Files:
    """The files of a rulebook as read: what could be, and what is wrong with the others."""

    book: BookText | None = None
    """rulebook.yaml."""
    rules: list[RuleText] = field(default_factory=list)
    """Rule files."""
    policies: dict[str, PolicyText] = field(default_factory=dict)
    """Payer policies by name."""
    own: dict[str, PolicyText] = field(default_factory=dict)
    """The clinic's own, by name."""
    tables: dict[str, Table] = field(default_factory=dict)
    """Tables by file name."""
    errors: list[RuleFileError] = field(default_factory=list)
    """What is wrong, one a file."""
    looked_at: set[str] = field(default_factory=set)
    """The rule that one file given by name is in place of."""
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    """Of everything that was read."""

    def rulebook(self, releases: Path | None = None) -> Rulebook:
        """The rulebook of these files, with the releases of a folder. Raises the first RuleFileError."""
        for error in self.errors:
            raise error
        assert self.book is not None  # noqa: S101  (its absence is an error)
        beneath = {name: self.policies[name] for name in self.own if name in self.policies}
        policies = {**self.policies, **self.own}.values()
        rules, tables, digest = self.rules, self.tables, self.digest.copy()
        if releases is not None:
            rules, more = with_releases(rules, releases, digest)
            tables = {**tables, **more}
        return Rulebook(self.book, digest.hexdigest(), rules, policies, tables, beneath)


def load_rulebook(
    folder: Path | None = None, own_policies: Path | None = None, releases: Path | None = None
) -> Rulebook:
    """The rulebook of the package, or of ``folder`` in its place.

    ``own_policies`` is a clinic's own folder of payer policies, ``<name>.yaml`` or ``<name>/policy.yaml`` each; one
    with the name of a shipped policy takes its place from its own first date on. ``releases`` is the folder of releases
    that `rules import` loaded. Raises RuleFileError with file, line and reason; nothing is loaded then.
    """
    found = read_files(folder, own_policies)
    # Examples say what the files mean by themselves, so that no import can make a file refused.
    book = found.rulebook()
    if folder is not None and not _ships(folder):
        rule_checks.refuse(book)
    elif found.own:
        rule_checks.refuse(book, frozenset(found.own))
    return book if releases is None else found.rulebook(releases)


def _ships(folder: Path) -> bool:
    return Path(str(files("massage_billing") / "rules")) == folder.resolve()


def read_files(folder: Path | None = None, own_policies: Path | None = None) -> Files:
    """Read every file of a rulebook; what is wrong is kept, one mistake a file."""
    root: Traversable = folder if folder is not None else files("massage_billing") / "rules"
    found = Files()
    if not root.is_dir():
        found.errors.append(RuleFileError(str(root), None, "is no folder, or cannot be read"))
        return found
    _tried(found, partial(_read_book, root, found))
    for file in _children(root):
        if file.name.endswith(".yaml") and file.name not in _NO_RULES:
            _tried(found, partial(_read_rule, file, found))
    _read_policies(root / "payers", "payers/", found.policies, found)
    if own_policies is not None:
        _read_policies(own_policies, f"{own_policies}/", found.own, found)
    for rule in found.rules:
        for name in _table_names(rule):
            _tried(found, partial(_read_table, rule, root / "tables" / name, name, found))
    return found


def is_rulebook(folder: Path) -> bool:
    """Whether a folder holds a whole rulebook, not only policies."""
    return (folder / _BOOK).is_file()


def read_files_with(file: Path) -> Files:
    """The files that ship with one file of a payer policy, or of a rule, in place of ours of that name."""
    found = read_files()
    name = f"{file.parent.name}/{file.name}" if file.name == "policy.yaml" else file.name
    _tried(found, partial(_read_one, file, name, found))
    return found


def _read_one(file: Path, name: str, found: Files) -> None:
    text = _text(file, name, found)
    if any(line.startswith("rule:") for line in text.splitlines()):
        rule = read_rule(text, name)
        found.rules = [*(one for one in found.rules if one.rule != rule.rule), rule]
        found.looked_at.add(rule.rule)
    else:
        policy = read_policy(text, name)
        found.own[policy.policy] = policy


def _tried(found: Files, work: Callable[[], None]) -> None:
    try:
        work()
    except RuleFileError as error:
        found.errors.append(error)


def _read_rule(file: Traversable, found: Files) -> None:
    found.rules.append(read_rule(_text(file, file.name, found), file.name))


def _read_book(root: Traversable, found: Files) -> None:
    found.book = read_book(_text(root / _BOOK, _BOOK, found), _BOOK)


def _read_policies(folder: Traversable, shown: str, into: dict[str, PolicyText], found: Files) -> None:
    """Every policy of a folder: ``<name>/policy.yaml``, or ``<name>.yaml``."""
    if not folder.is_dir():
        found.errors.append(RuleFileError(str(folder), None, "is no folder, or cannot be read"))
        return
    for child in _children(folder):
        if child.is_dir() and (child / "policy.yaml").is_file():
            name, file, short = child.name, child / "policy.yaml", f"{child.name}/policy.yaml"
        elif child.is_file() and child.name.endswith(".yaml"):
            name, file, short = child.name.removesuffix(".yaml"), child, child.name
        else:
            continue
        if name in into:
            found.errors.append(RuleFileError(f"{shown}{short}", None, f"is a second file of the policy {name}"))
            continue
        _tried(found, partial(_read_policy, file, name, f"{shown}{short}", into, found))


def _read_policy(file: Traversable, name: str, shown: str, into: dict[str, PolicyText], found: Files) -> None:
    # The digest must not change because a clinic's folder was moved.
    counted = shown if into is found.policies else f"own/{name}.yaml"
    into[name] = read_policy(_text(file, counted, found), shown)


def _children(folder: Traversable) -> list[Traversable]:
    return sorted(folder.iterdir(), key=lambda child: child.name)


def _table_names(rule: RuleText) -> list[str]:
    return sorted({row.table for row in rule.values if row.table is not None})


def _read_table(rule: RuleText, file: Traversable, name: str, found: Files) -> None:
    if name in found.tables:
        return
    where = f"tables/{name}"
    packed = _PACKED.get(rule.rule)
    if packed is not None:
        found.tables[name] = packed(_bytes(file, where, found), where)
        return
    reader = _READERS.get(rule.rule)
    if reader is None:
        raise RuleFileError(f"{rule.rule}.yaml", rule.line("values"), "names a table, but this rule takes none")
    found.tables[name] = reader(_text(file, where, found), where)


def _text(file: Traversable, name: str, found: Files) -> str:
    try:
        return _bytes(file, name, found).decode("utf-8")
    except UnicodeDecodeError:
        raise RuleFileError(name, None, "is not UTF-8 text") from None


def _bytes(file: Traversable, name: str, found: Files) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RuleFileError(name, None, f"cannot be read ({error.strerror})") from None
    found.digest.update(f"{name}\0{len(content)}\0".encode())
    found.digest.update(content)
    return content
