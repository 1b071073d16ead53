"""A payer's policy with one more dated row, as text: everything that stood there stays as it was written. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

import yaml

from massage_billing.coding.yamltext import Plain, Unquoted, read_yaml
from massage_billing.errors import RuleFileError

_DROPPED = frozenset({"from", "to", "assumed", "withdrawn", "known_through", "note"})
"""Keys of the last row that are not the new one's."""
_RESOLVER: Any = yaml.SafeLoader("")
_STRING = "tag:yaml.org,2002:str"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]*")


@dataclass(frozen=True, slots=True)
class DraftExample:
    """A worked case of the new row, or of the last day before it."""

    name: str
    """Its name."""
    on: Date
    """Date of service."""
    given: Mapping[str, Plain]
    """How the visit differs from the standard one."""
    expect: Mapping[str, Plain]
    """What has to come out."""


@dataclass(frozen=True, slots=True)
class NewRow:
    """What is proposed."""

    start: Date
    """First date of service."""
    source: tuple[str, Mapping[str, Plain]]
    """(key, source) of what it rests on."""
    terms: Mapping[str, Sequence[Plain]]
    """What is added, by the part of the policy."""
    known_now: frozenset[str]
    """Fields of ``unknown`` that are unknown no more."""


def last_row(text: str, file: str) -> dict[str, Plain]:
    """The last row of a policy, as written. RuleFileError where there is none."""
    rows = _mapping(text, file).get("values")
    if not isinstance(rows, list) or not rows or not all(isinstance(one, dict) for one in rows):
        raise RuleFileError(file, None, "has no values")
    found = max(rows, key=lambda one: str(one.get("from", "")) if isinstance(one, dict) else "")
    assert isinstance(found, dict)  # noqa: S101
    return found


def with_row(text: str, file: str, new: NewRow, examples: Sequence[DraftExample], head: Sequence[str]) -> str:
    """The policy with the new row, its source and its examples, under a comment that says what it is.

    Raises RuleFileError where the file is written in a form that lines cannot be added to.
    """
    named = _mapping(text, file).get("sources")
    key = _unused(new.source[0], named if isinstance(named, dict) else {})
    row = _row(last_row(text, file), new, key)
    lines = text.splitlines()
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)  # noqa: S101
    parts = {str(name.value): value for name, value in node.value}
    added: list[tuple[int, list[str]]] = []
    for name, made in (
        ("sources", [f"{key}: {flow(dict(new.source[1]))}"]),
        ("values", _listed(row)),
        ("examples", [line for one in examples for line in _listed(_example(one))]),
    ):
        part = parts.get(name)
        if part is None or getattr(part, "flow_style", True) or not part.value:
            raise RuleFileError(file, None, f"writes {name} in braces or brackets, so that no line can be added to it")
        indent = " " * part.start_mark.column
        added.append((_end(part), [indent + line for line in made]))
    for after, more in sorted(added, key=lambda one: one[0], reverse=True):
        lines[after:after] = more
    return "\n".join([*(f"# {line}" for line in head), *lines]) + "\n"


def renamed(text: str, old: str, new: str) -> str:
    """A policy under another name; its examples are of the new one."""
    text = re.sub(rf"(?m)^policy: *{re.escape(old)}\b", f"policy: {new}", text, count=1)
    return re.sub(rf"(given:.*?\bpolicy: *){re.escape(old)}\b", rf"\g<1>{new}", text)


def _mapping(text: str, file: str) -> dict[str, Plain]:
    value = read_yaml(text, file).value
    if not isinstance(value, dict):
        raise RuleFileError(file, 1, "has to be keys and values")
    return value


def _unused(key: str, there: Mapping[str, Plain]) -> str:
    found, number = key, 2
    while found in there:
        found, number = f"{key}-{number}", number + 1
    return found


def _row(before: Mapping[str, Plain], new: NewRow, key: str) -> dict[str, Plain]:
    row: dict[str, Plain] = {"from": Unquoted(new.start.isoformat()), "assumed": Unquoted("yes")}
    row |= {name: value for name, value in before.items() if name not in _DROPPED}
    for name, terms in new.terms.items():
        had = row.get(name)
        row[name] = [*(had if isinstance(had, list) else ()), *(_sourced(one, key) for one in terms)]
    unknown = row.get("unknown")
    if isinstance(unknown, list):
        left = [one for one in unknown if not (isinstance(one, dict) and one.get("field") in new.known_now)]
        row["unknown"] = left
        if not left:
            del row["unknown"]
    return row


def _sourced(term: Plain, key: str) -> Plain:
    return {**term, "source": key} if isinstance(term, dict) else term


def _example(one: DraftExample) -> dict[str, Plain]:
    return {
        "name": one.name, "on": Unquoted(one.on.isoformat()), "given": dict(one.given), "expect": dict(one.expect),
    }  # fmt: skip


def _listed(value: Mapping[str, Plain]) -> list[str]:
    """A mapping as an item of a block sequence: a key a line, lists of mappings an item a line."""
    lines: list[str] = []
    for name, one in value.items():
        if isinstance(one, list) and one and all(isinstance(each, dict) for each in one):
            lines += [f"{name}:", *(f"  - {flow(each)}" for each in one)]
        else:
            lines.append(f"{name}: {flow(one)}")
    return [("- " if place == 0 else "  ") + line for place, line in enumerate(lines)]


def flow(value: Plain) -> str:
    """A value on one line; what stood without quotes has none, and nothing is taken for a number that was none."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(name)}: {flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    if isinstance(value, Unquoted):
        return str(value)
    plain = _SAFE.fullmatch(value) and not value.endswith(" ")
    if plain and _RESOLVER.resolve(yaml.ScalarNode, value, (True, False)) == _STRING:
        return value
    return json.dumps(value, ensure_ascii=False)


def _end(node: yaml.Node) -> int:
    """The line after the last line of a value, where comments that follow it begin."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    mark = node.end_mark
    # A block scalar ends at the beginning of the line after it.
    return mark.line if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else mark.line + 1
