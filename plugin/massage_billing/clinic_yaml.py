"""Read a clinic's YAML as strings, with the line of every value, and say plainly what is wrong with it.

YAML's own typing turns 97124 into a number, NO into false and 35.10 into 35.1; ``BaseLoader`` keeps every scalar the
string that was written, and a pydantic model types it (DESIGN 21). A key given twice is refused: YAML would silently
let the last one win. An empty value ("start:") counts as not given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from massage_billing.errors import SettingsError

Key = str | int
M = TypeVar("M", bound=BaseModel)
_SECRETS = frozenset({"token", "secret", "password", "client_secret", "key", "private_key"})


@dataclass(frozen=True)
class YamlText:
    """One YAML file: its values as strings, and where each stands."""

    file: Path
    """The file it was read from."""
    data: object
    """Strings, lists and mappings of them."""
    lines: Mapping[tuple[Key, ...], int] = field(default_factory=dict)
    """Line (1-based) of the value at each path."""

    def line(self, path: Sequence[Key]) -> int:
        """Line of the value at a path, or of the nearest thing around it that exists.

        Elements that are not in the file (pydantic names the kind of a union in its paths) are passed over.
        """
        at: tuple[Key, ...] = ()
        for key in path:
            if (*at, key) in self.lines:
                at = (*at, key)
        return self.lines.get(at, 1)


def read_yaml(file: Path) -> YamlText:
    """Read a YAML file into strings; SettingsError with file and line where it is not readable."""
    text = read_text(file)
    lines: dict[tuple[Key, ...], int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        data = {} if node is None else _value(file, node, (), lines, depth=0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        raise SettingsError(f"{where}: is not YAML: {error.problem or error.context}.", "Correct this line.") from error
    except yaml.YAMLError as error:
        what = f"{file}: is not YAML: it holds characters YAML does not allow."
        raise SettingsError(what, "Save it as plain UTF-8 text.") from error
    return YamlText(file, data, lines)


def read_text(file: Path) -> str:
    """The text of a clinic's file: UTF-8, a byte order mark tolerated; SettingsError where it cannot be read."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        what = f"{file}: there is no such file."
        raise SettingsError(what, "Run `massage-billing init`, or correct the path.") from None
    except IsADirectoryError:
        raise SettingsError(f"{file}: is a folder, not a file.", "Name the file in it.") from None
    except PermissionError:
        raise SettingsError(f"{file}: this user may not read it.", "Change its owner or its mode.") from None
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise SettingsError(f"{file}:{line}: is not UTF-8 text.", "Save the file as UTF-8.") from None


def _value(file: Path, node: yaml.Node, path: tuple[Key, ...], lines: dict[tuple[Key, ...], int], depth: int) -> object:
    """One node as strings, lists and mappings; notes its line. Depth is bounded: an alias may point at its parent."""
    lines[path] = node.start_mark.line + 1
    if depth > 20:
        raise SettingsError(f"{file}:{lines[path]}: is nested too deeply.", "Write it out without YAML aliases.")
    if isinstance(node, yaml.MappingNode):
        return _mapping(file, node, path, lines, depth)
    if isinstance(node, yaml.SequenceNode):
        return [_value(file, item, (*path, place), lines, depth + 1) for place, item in enumerate(node.value)]
    return str(node.value)


def _mapping(
    file: Path, node: yaml.MappingNode, path: tuple[Key, ...], lines: dict[tuple[Key, ...], int], depth: int
) -> dict[str, object]:
    found: dict[str, object] = {}
    seen: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise SettingsError(f"{file}:{line}: a key must be plain text.", "Correct this line.")
        key = str(key_node.value)
        if key in seen:
            raise SettingsError(
                f"{file}:{line}: {'.'.join(map(str, (*path, key)))} is given twice, first on line {seen[key]}.",
                "Keep one of the two.",
            )
        seen[key] = line
        value = _value(file, value_node, (*path, key), lines, depth + 1)
        lines[(*path, key)] = line
        if value != "" or getattr(value_node, "style", None):
            found[key] = value
    return found


def check(model: type[M], text: YamlText, data: object, context: Mapping[str, object]) -> M:
    """Type the strings by a model; SettingsError naming file, line and key of everything that is wrong."""
    if not isinstance(data, dict):
        raise SettingsError(f"{text.file}:1: must hold keys and values.", "See plugin/docs/settings.md for its form.")
    try:
        return model.model_validate(data, context=dict(context))
    except ValidationError as error:
        wrong = sorted((text.line(problem["loc"]), _say(problem)) for problem in error.errors(include_url=False))
        what = "\n".join(f"{text.file}:{line}: {said}" for line, said in wrong)
        raise SettingsError(what, "\nplugin/docs/settings.md lists every key.") from None


def _say(problem: ErrorDetails) -> str:
    """One pydantic error in plain words. Values are shown only where a validator of ours chose to show them."""
    path = [str(part) for part in problem["loc"] if part not in ("none", "bearer", "smart")]
    key = ".".join(path) or "the file"
    kind = problem["type"]
    if kind == "missing":
        return f"{key} is missing."
    if kind == "extra_forbidden":
        if path and path[-1] in _SECRETS:
            return f"{key}: secrets are not written into settings; use token_file, token_env or key_file."
        return f"{key} is not a setting."
    if kind in ("value_error", "assertion_error"):
        return f"{key}: {problem['msg'].removeprefix('Value error, ')}"
    if kind in ("enum", "literal_error", "union_tag_invalid"):
        choices = problem.get("ctx", {})
        expected = choices.get("expected") or choices.get("expected_tags") or ""
        return f"{key} must be one of {expected}."
    if kind == "string_pattern_mismatch":
        return f"{key} has characters it may not have: letters, digits, '.', '_' and '-', at most 64."
    if kind == "union_tag_not_found":
        return f"{key}.kind is missing."
    return f"{key}: {problem['msg']}."
