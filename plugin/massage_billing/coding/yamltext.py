"""YAML text to plain strings, lists and mappings, with line numbers: nothing is guessed from how a value looks.

YAML reads ``97124`` as a number, ``NO`` as false and a repeated key as its last value. Here every scalar stays the
string that was written (as ``yaml.BaseLoader`` does), a repeated key is refused, and every value knows its line.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from massage_billing.errors import RuleFileError

Plain = str | list["Plain"] | dict[str, "Plain"]
"""What a rule file is made of: strings, lists and mappings."""

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_STRING_TAGS = frozenset({"tag:yaml.org,2002:str", "!"})
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp"))


class Unquoted(str):
    """A scalar that other YAML readers take for a number, a date or a truth value, because it has no quotes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class YamlText:
    """A YAML text as read: its value, and where each part of it stands."""

    value: Plain
    """The whole document."""
    lines: dict[tuple[str | int, ...], int]
    """Line (1-based) of each value, by its path of keys and list places."""

    def line(self, path: tuple[str | int, ...]) -> int | None:
        """The line of a value, or of the nearest part that contains it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read_yaml(text: str, file: str) -> YamlText:
    """Read one YAML document. Raises RuleFileError for bad YAML, a repeated key, a tag or an alias."""
    try:
        # Without a star there is no alias, and most files are spared a second reading.
        for event in yaml.parse(text, Loader=_LOADER) if "*" in text else ():
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else None
                raise RuleFileError(file, line, "an alias (*) hides what a value is; write it out")
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise RuleFileError(file, line, f"is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise RuleFileError(file, None, f"is not YAML: {str(error).splitlines()[0]}") from None
    if node is None:
        raise RuleFileError(file, 1, "is empty")
    lines: dict[tuple[str | int, ...], int] = {}
    return YamlText(_plain(node, (), lines, file), lines)


def _plain(node: yaml.Node, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], file: str) -> Plain:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, file)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, place), lines, file) for place, item in enumerate(node.value)]
    assert isinstance(node, yaml.MappingNode)  # noqa: S101  (YAML has no fourth kind)
    result: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise RuleFileError(file, line, "a key has to be a word")
        key = _scalar(key_node, file)
        if key in result:
            raise RuleFileError(file, line, f'the key "{key}" stands here twice')
        result[key] = _plain(value_node, (*path, key), lines, file)
    return result


def _scalar(node: yaml.ScalarNode, file: str) -> str:
    if node.tag in _STRING_TAGS:
        return str(node.value)
    if node.tag not in _PLAIN_TAGS:
        raise RuleFileError(file, node.start_mark.line + 1, f"has the tag {node.tag}, which no rule file needs")
    return str(node.value) if node.style else Unquoted(node.value)
