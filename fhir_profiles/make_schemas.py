"""Makes JSON Schemas (draft 2020-12) from our profiles and the FHIR R4 base definitions.

What is written (Claim, Tasks, Provenance, questions to payers, their answers) gets a strict schema: only the elements
that the profile marks as must-support or requires, no other properties, the profile's cardinalities, fixed values,
patterns, required value sets, reference targets and the regular expressions of primitive types. What is read
(Procedure, Coverage) gets an open schema: the types of the elements we look at and the base cardinalities, nothing
that a host may rightly do otherwise.

Rules about a profile that a JSON Schema cannot say (invariants) are not in it: the program's own checks hold those.
Run by ``build``; needs profiles with snapshots.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
Element = dict[str, Any]

BASE = "https://massage-billing.org/fhir"
WRITTEN = {
    "Claim": "massage-claim",
    "Task": "hold-task",
    "BeforeVisitTask": "before-visit-task",
    "VisitOutlookTask": "visit-outlook",
    "Provenance": "claim-provenance",
    "CoverageEligibilityRequest": "massage-eligibility-request",
    "CoverageEligibilityResponse": "massage-eligibility-response",
    "AuditEvent": "workbench-audit-event",
}
"""Schema → profile; a schema has the name of its resource type where that has one profile."""
READ = {"Procedure": "massage-procedure", "Coverage": "massage-coverage"}
REGEX = "http://hl7.org/fhir/StructureDefinition/regex"
NUMBERS: dict[str, Schema] = {
    "boolean": {"type": "boolean"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer", "minimum": -2147483648, "maximum": 2147483647},
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": 2147483647},
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": 2147483647},
}
NOT_WRITTEN = {"id", "extension", "modifierExtension", "contained", "userSelected", "assigner"}
"""Elements of data types that we never write, so that a strict schema has no place for them."""
LITERAL = r"(https?://[^\s]+/)?({types})/[A-Za-z0-9\-\.]{{1,64}}(/_history/[A-Za-z0-9\-\.]{{1,64}})?"
TEMPORARY = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def write_all(resources: Path, core: Path, target: Path) -> None:
    """Write one schema a profile into ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    library = Library(resources, core)
    for strict, profiles in ((True, WRITTEN), (False, READ)):
        for name, profile in profiles.items():
            schema = Maker(library, strict).resource(name, profile)
            text = json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
            (target / f"{name}.json").write_text(text, encoding="utf-8")


class Library:
    """Finds StructureDefinitions and ValueSets, ours first, then those of FHIR R4."""

    def __init__(self, resources: Path, core: Path) -> None:
        self.folders = (resources, core)

    @cache  # noqa: B019 (lives as long as the build)
    def read(self, kind: str, name: str) -> dict[str, Any] | None:
        """The resource ``kind-name``, or None."""
        for folder in self.folders:
            file = folder / f"{kind}-{name}.json"
            if file.exists():
                content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
                return content
        return None

    def definition(self, name: str) -> dict[str, Any]:
        """The StructureDefinition with this name or URL."""
        found = self.read("StructureDefinition", name.rsplit("/", 1)[-1])
        if found is None:
            raise SystemExit(f"no StructureDefinition {name}")
        return found

    def codes(self, value_set: str) -> dict[str, list[str]] | None:
        """(system → codes) of a ValueSet that can be listed; None where it cannot."""
        found = self.read("ValueSet", value_set.split("|")[0].rsplit("/", 1)[-1])
        listed: dict[str, list[str]] = {}
        for include in (found or {}).get("compose", {}).get("include", []):
            concepts = include.get("concept")
            if concepts is None and not include.get("filter") and "system" in include:
                concepts = self.concepts(include["system"])
            if concepts is None:
                return None
            listed.setdefault(include["system"], []).extend(concept["code"] for concept in concepts)
        return listed or None

    def concepts(self, system: str) -> list[dict[str, Any]] | None:
        """All concepts of a code system we have whole; None where we do not."""
        found = self.read("CodeSystem", system.rsplit("/", 1)[-1])
        if found is None or found.get("content") != "complete":
            return None
        flat: list[dict[str, Any]] = []
        queue = list(found.get("concept", []))
        while queue:
            concept = queue.pop(0)
            flat.append(concept)
            queue.extend(concept.get("concept", []))
        return flat


class Maker:
    """Makes the schema of one profile."""

    def __init__(self, library: Library, strict: bool) -> None:
        self.library, self.strict = library, strict
        self.defs: dict[str, Schema] = {}

    def resource(self, name: str, profile: str) -> Schema:
        """The whole schema of one profile."""
        definition = self.library.definition(profile)
        tree = Tree(definition)
        schema = self.members(tree, tree.root)
        schema["properties"] = {"resourceType": {"const": definition["type"]}} | schema["properties"]
        schema["required"] = ["resourceType", *schema.get("required", [])]
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{BASE}/schema/{name}",
            "title": name,
            "description": f"Made by make_schemas.py from {BASE}/StructureDefinition/{profile}; do not edit.",
            **schema,
            "$defs": dict(sorted(self.defs.items())),
        }

    # --- objects ----------------------------------------------------------------------------------------------------

    def members(self, tree: Tree, parent: Element) -> Schema:
        """An object with the elements below ``parent``."""
        properties: dict[str, Schema] = {}
        required: list[str] = []
        rules: list[Schema] = []
        for element in tree.children(parent):
            if not self.wanted(tree, parent, element):
                continue
            names = self.property_names(element)
            for name, type_ in names:
                properties[name] = self.repeated(tree, element, type_)
            if self.minimum(element):
                if len(names) == 1:
                    required.append(names[0][0])
                else:
                    rules.append({"oneOf": [{"required": [name]} for name, _ in names]})
        schema: Schema = {"type": "object", "properties": properties}
        if self.strict:
            schema |= {"additionalProperties": False, "minProperties": 1}
        if required:
            schema["required"] = required
        if rules:
            schema["allOf"] = rules
        return schema

    def wanted(self, tree: Tree, parent: Element, element: Element) -> bool:
        """Whether the schema has a place for an element."""
        name = element["path"].rsplit(".", 1)[-1]
        if element["max"] == "0":
            return False
        if tree.is_backbone(parent):
            return bool(element.get("mustSupport") or element["min"] or tree.has_required_slice(element))
        return name not in NOT_WRITTEN or tree.has_required_slice(element)

    def minimum(self, element: Element) -> int:
        """How often an element must be there: as the profile says, or for reading as base FHIR says."""
        return int(element["min"] if self.strict else element["base"]["min"])

    @staticmethod
    def property_names(element: Element) -> list[tuple[str, Element]]:
        """(property name, type) of an element; several for a choice."""
        name = element["path"].rsplit(".", 1)[-1]
        if not name.endswith("[x]"):
            return [(name, element["type"][0])]
        return [(name[:-3] + type_["code"][0].upper() + type_["code"][1:], type_) for type_ in element["type"]]

    def repeated(self, tree: Tree, element: Element, type_: Element) -> Schema:
        """The schema of a property: one value, or an array of them with its slices."""
        if element["base"]["max"] == "1":
            return self.value(tree, element, type_)
        array: Schema = {"type": "array", "minItems": max(1, self.minimum(element))}
        limit = element["max"] if self.strict else element["base"]["max"]
        if limit != "*":
            array["maxItems"] = int(limit)
        slices = tree.slices(element)
        if not slices:
            return array | {"items": self.value(tree, element, type_)}
        closed = element.get("slicing", {}).get("rules") == "closed" or (self.strict and type_["code"] == "Extension")
        items: Schema | bool = False if closed else self.value(tree, element, type_)
        counts = []
        for part in reversed(slices):
            schema = self.value(tree, part, part["type"][0])
            key = "url" if type_["code"] == "Extension" else element["slicing"]["discriminator"][0]["path"]
            mark = {"type": "object", "properties": {key: schema["properties"][key]}, "required": [key]}
            items = {"if": mark, "then": schema, "else": items}
            if self.strict:
                many = {} if part["max"] == "*" else {"maxContains": int(part["max"])}
                counts.append({"contains": mark, "minContains": part["min"], **many})
        return array | {"items": items} | ({"allOf": counts[::-1]} if counts else {})

    # --- values -----------------------------------------------------------------------------------------------------

    def value(self, tree: Tree, element: Element, type_: Element) -> Schema:
        """The schema of one value of an element."""
        code = type_["code"].rsplit("/", 1)[-1]
        if code == "System.String":  # the type that snapshots give Resource.id and Extension.url
            code = "id" if element["path"].endswith(".id") else "string"
        if code == "Extension" and type_.get("profile"):
            return self.extension(type_["profile"][0])
        if code == "Reference":
            return self.reference(type_.get("targetProfile", []), tree.children(element))
        if tree.is_backbone(element):
            return self.members(tree, element)
        if code[0].islower():
            return self.primitive(element, code)
        schema: Schema = self.members(tree, element) if tree.children(element) else self.data_type(code)
        return self.narrowed(schema, element)

    def extension(self, profile: str) -> Schema:
        """One extension of ours: its url and its value, or its parts."""
        tree = Tree(self.library.definition(profile))
        schema = self.members(tree, tree.root)
        nested = next(child for child in tree.children(tree.root) if child["id"] == "Extension.extension")
        if tree.slices(nested):
            parts = self.repeated(tree, nested, nested["type"][0])
            schema["properties"] = {"url": {"const": profile}, "extension": parts}
            schema["required"] = ["url", "extension"]
            return schema
        schema["properties"] = {"url": {"const": profile}} | {
            name: value for name, value in schema["properties"].items() if name.startswith("value")
        }
        values = [name for name in schema["properties"] if name != "url"]
        if len(values) == 1:
            schema["required"] = ["url", *values]
            return schema
        schema["required"] = ["url"]
        return schema | {"oneOf": [{"required": [name]} for name in values]}

    def reference(self, targets: list[str], children: list[Element]) -> Schema:
        """A reference: literal to one of the target types, or logical by identifier."""
        if not self.strict:
            return self.shared(
                "Reference",
                lambda: {
                    "type": "object",
                    "properties": {"reference": {"type": "string"}, "display": {"type": "string"}},
                },
            )
        types = sorted({self.library.definition(target)["type"] for target in targets} - {"Resource"})
        name = "Reference-" + "-".join(types) if types else "Reference"
        logical = not any(child["id"].endswith(".reference") and child["min"] for child in children)
        return self.shared(name, lambda: self.reference_schema(types, logical))

    def reference_schema(self, types: list[str], logical: bool) -> Schema:
        """The object of a reference to some of ``types``; any type where there are none."""
        literal = LITERAL.format(types="|".join(types) or "[A-Z][A-Za-z]+")
        schema: Schema = {
            "type": "object",
            "properties": {
                "reference": {"type": "string", "pattern": f"^(?:{literal}|{TEMPORARY})$"},
                "type": {"enum": types} if types else {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
                "identifier": self.data_type("Identifier"),
                "display": self.primitive_type("string"),
            },
            "additionalProperties": False,
        }
        return schema | (
            {"anyOf": [{"required": ["reference"]}, {"required": ["identifier"]}]}
            if logical
            else {"required": ["reference"]}
        )

    def data_type(self, code: str) -> Schema:
        """A reference to the shared definition of a FHIR data type."""

        def make() -> Schema:
            tree = Tree(self.library.definition(code))
            return self.members(tree, tree.root)

        return self.shared(code, make)

    def shared(self, name: str, make: Any) -> Schema:
        """A definition that is made once and referred to."""
        if name not in self.defs:
            self.defs[name] = {}
            self.defs[name] = make()
        return {"$ref": f"#/$defs/{name}"}

    def primitive(self, element: Element, code: str) -> Schema:
        """A primitive value with what the profile says of it."""
        fixed = next((element[key] for key in element if key.startswith(("fixed", "pattern"))), None)
        if fixed is not None and self.strict:
            return {"const": fixed}
        codes = self.bound(element)
        if codes:
            return {"enum": sorted({code for listed in codes.values() for code in listed})}
        regex = next((ext["valueString"] for ext in element.get("extension", []) if ext["url"] == REGEX), None)
        if regex and self.strict:
            return {"type": "string", "pattern": f"^(?:{regex})$"}
        schema = self.primitive_type(code)
        least = next((element[key] for key in element if key.startswith("minValue")), None)
        return schema | ({"minimum": least} if least is not None else {})

    def primitive_type(self, code: str) -> Schema:
        """A primitive type as base FHIR defines it."""
        if code in NUMBERS:
            return NUMBERS[code]
        if code in ("xhtml", "string", "markdown"):
            return {"type": "string", "pattern": r"\S"}
        for element in self.library.definition(code)["snapshot"]["element"]:
            for type_ in element.get("type", []):
                for ext in type_.get("extension", []):
                    if ext["url"] == REGEX and element["path"].endswith(".value"):
                        # FHIR's expression for uri, \S*, takes an empty string, which FHIR's text forbids.
                        regex = ext["valueString"].replace(r"\S*", r"\S+")
                        return {"type": "string", "pattern": f"^(?:{regex})$"}
        return {"type": "string", "minLength": 1}

    def bound(self, element: Element) -> dict[str, list[str]] | None:
        """The codes an element is bound to, where the binding is required and the value set can be listed."""
        binding = element.get("binding", {})
        if binding.get("strength") != "required" or "valueSet" not in binding:
            return None
        return self.library.codes(binding["valueSet"])

    def narrowed(self, schema: Schema, element: Element) -> Schema:
        """A data type narrowed by a pattern or a required value set on its codings."""
        if not self.strict:
            return schema
        pattern = element.get("patternCodeableConcept")
        if pattern:
            marks = [coded({coding["system"]: [coding["code"]]}) for coding in pattern["coding"]]
            contains = [{"properties": {"coding": {"contains": mark}}, "required": ["coding"]} for mark in marks]
            return {"allOf": [schema, *contains]}
        codes = self.bound(element)
        if codes and element["type"][0]["code"] == "CodeableConcept":
            return {"allOf": [schema, {"properties": {"coding": {"items": coded(codes)}}, "required": ["coding"]}]}
        return schema


def coded(codes: dict[str, list[str]]) -> Schema:
    """A coding out of a list of (system → codes)."""
    choices = [
        {"properties": {"system": {"const": system}, "code": {"enum": sorted(listed)}}, "required": ["system", "code"]}
        for system, listed in codes.items()
    ]
    return {"type": "object", **choices[0]} if len(choices) == 1 else {"type": "object", "anyOf": choices}


class Tree:
    """The elements of a snapshot as a tree: children and slices by element id."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.elements: list[Element] = definition["snapshot"]["element"]
        self.root = self.elements[0]
        self.kind = definition["kind"]

    def children(self, parent: Element) -> list[Element]:
        """Elements directly below, without slices."""
        prefix = parent["id"] + "."
        return [
            element
            for element in self.elements
            if element["id"].startswith(prefix)
            and "." not in element["id"][len(prefix) :]
            and ":" not in element["id"][len(prefix) :]
        ]

    def slices(self, element: Element) -> list[Element]:
        """The slices of an element."""
        prefix = element["id"] + ":"
        return [
            other for other in self.elements if other["id"].startswith(prefix) and "." not in other["id"][len(prefix) :]
        ]

    def has_required_slice(self, element: Element) -> bool:
        """Whether the profile defines slices of its own here."""
        return any(part.get("mustSupport") for part in self.slices(element))

    def is_backbone(self, element: Element) -> bool:
        """Whether an element is part of a resource rather than of a data type."""
        if element is self.root:
            return self.kind == "resource"
        return element.get("type", [{}])[0].get("code") == "BackboneElement"
