"""Checks FHIR JSON against our JSON Schemas (made from the profiles by ``fhir_profiles/make_schemas.py``). Pure.

A schema catches a missing ``use`` or ``status``, a code that is not in a required list, an unknown element, a
reference to the wrong type, an empty array. It does not catch an unknown CPT number, a pointer that points nowhere or a
total that is not the sum: the Claim's own checks do. ``massage_billing.profiles`` reads the files, never this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import jsonschema_rs

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")
_SHOWN = 12
"""How many allowed codes a message lists before it only says that there is a list."""


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One thing that is wrong with a resource. Says where and what was expected, never what was found there."""

    path: str
    """Where, like ``Claim.item[0].net.value``."""
    message: str
    """What is wrong, as the rest of a sentence that begins with the path: "lacks servicedDate"."""

    def __str__(self) -> str:
        """The sentence."""
        return f"{self.path} {self.message}"


class Validator:
    """Holds resources of one type to one schema; compiled on first use (5-10 ms), then 5-20 µs a resource."""

    def __init__(self, schema: str | Mapping[str, object]) -> None:
        """Take a schema as JSON text or as the parsed object; a text that is no JSON object is a ValueError."""
        parsed: object = json.loads(schema) if isinstance(schema, str) else dict(schema)
        if not isinstance(parsed, dict):
            raise ValueError("A JSON Schema is a JSON object.")
        self._schema: dict[str, object] = parsed
        self.title = str(parsed.get("title", "resource"))

    @cached_property
    def _compiled(self) -> jsonschema_rs.Draft202012Validator:
        # The linear-time engine: no pattern can be made to hang by what a host sends.
        return jsonschema_rs.Draft202012Validator(self._schema, pattern_options=jsonschema_rs.RegexOptions())

    def is_valid(self, resource: Mapping[str, object]) -> bool:
        """Whether the resource passes; the quick answer."""
        return bool(self._compiled.is_valid(_plain(resource)))

    def check(self, resource: Mapping[str, object]) -> tuple[SchemaProblem, ...]:
        """Everything that is wrong with a resource; empty when it passes. No message quotes the resource's values."""
        plain = _plain(resource)
        if self._compiled.is_valid(plain):
            return ()
        problems = [
            SchemaProblem(self._path(error.instance_path), message)
            for error in self._compiled.iter_errors(plain)
            for message in _messages(error)
        ]
        return tuple(dict.fromkeys(problems))

    def _path(self, steps: list[str | int]) -> str:
        path = self.title
        for step in steps:
            if isinstance(step, int):
                path += f"[{step}]"
            else:
                path += f".{step}" if _NAME.fullmatch(step) else ".(unknown element)"
        return path


def _plain(resource: Mapping[str, object]) -> dict[str, object]:
    """The resource as the dict that jsonschema_rs insists on."""
    return resource if isinstance(resource, dict) else dict(resource)


def _messages(error: jsonschema_rs.ValidationError) -> list[str]:
    """What an error says, in words of the schema only: the library's own text quotes the instance."""
    kind = error.kind
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required():
            return [f"lacks {kind.property}"]
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties():
            # Names of elements are the writer's, but a broken source could put anything in a key.
            return [f"has no place for {_named(name)}" for name in kind.unexpected]
        case jsonschema_rs.ValidationErrorKind.Enum():
            return [_not_one_of(kind.options)]
        case jsonschema_rs.ValidationErrorKind.Constant():
            return [f"is not {_quoted(kind.expected_value)}"]
        case jsonschema_rs.ValidationErrorKind.Type():
            return [f"is not {_article(' or '.join(kind.types))}"]
        case jsonschema_rs.ValidationErrorKind.Minimum():
            return [f"is less than {kind.limit}"]
        case jsonschema_rs.ValidationErrorKind.Maximum():
            return [f"is more than {kind.limit}"]
        case jsonschema_rs.ValidationErrorKind.MinItems():
            return [f"has fewer than {kind.limit} entries"]
        case jsonschema_rs.ValidationErrorKind.MaxItems():
            return [f"has more than {kind.limit} entries"]
    return [_KEYWORDS.get(str(error.schema_path[-1]) if error.schema_path else "", "does not have the required form")]


_KEYWORDS = {
    "pattern": "does not have the required form",
    "minLength": "is empty",
    "minProperties": "is empty",
    "anyOf": "is none of the forms allowed here",
    "oneOf": "is not exactly one of the forms allowed here",
    "else": "is not one of the kinds allowed here",
    "contains": "lacks a required entry",
    "minContains": "lacks a required entry, or has it more often than allowed",
    "maxContains": "has an entry more often than allowed",
}


def _named(name: str) -> str:
    return name if _NAME.fullmatch(name) else "an unknown element"


def _article(types: str) -> str:
    return f"an {types}" if types[0] in "aeiou" else f"a {types}"


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _not_one_of(options: object) -> str:
    listed = options if isinstance(options, list) else []
    if not listed or len(listed) > _SHOWN:
        return "is not one of the codes allowed here"
    return "is not one of " + ", ".join(str(option) for option in listed)
