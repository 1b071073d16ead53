"""What a FHIR reference points to: relative, absolute, versioned, contained, urn:uuid, or by a logical identifier.

A resource is known by its key, "Type/id"; a contained one by the key of its container and its own id, "Type/id#x".
FHIR R4 references.html and bundle.html#references say how each form is resolved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from massage_billing.fhir.json import Faults, child, children, identifiers, text
from massage_billing.ports import JsonObject

_REFERENCE: Final = re.compile(
    r"(?P<base>https?://[^?#\s]*/)?(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9\-._]{1,64})(?:/_history/[^/?#\s]+)?"
)
"""FHIR R4's own pattern for a RESTful reference, with "_" let through in ids since hosts use it."""

_RELATIVE: Final = re.compile(r"[A-Z][A-Za-z]{1,63}/(?!\.\.?$)[A-Za-z0-9\-._]{1,64}")
"""The commonest form, which is a key already."""


def split(reference: str) -> tuple[str, str] | None:
    """("Procedure", "12") of "Procedure/12", "Procedure/12/_history/3" or the same behind a base URL.

    None for a contained reference, a urn, a search ("Patient?identifier=…") and whatever is no reference.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None or match["id"] in (".", ".."):
        return None
    return match["type"], match["id"]


def key_of(resource: JsonObject) -> str | None:
    """ "Type/id" of a resource; None where it lacks either."""
    kind, logical_id = text(resource, "resourceType"), text(resource, "id")
    return f"{kind}/{logical_id}" if kind and logical_id else None


class Resolver:
    """Finds what references point to among the resources of one record.

    ``aliases`` are other names of resources: the fullUrl of their Bundle entries ("urn:uuid:…", absolute URLs).
    """

    __slots__ = ("_aliases", "_by_identifier", "_full_urls", "_keys", "_resources")

    def __init__(self, resources: Mapping[str, JsonObject], aliases: Mapping[str, str] | None = None) -> None:
        self._resources = resources
        self._aliases: Mapping[str, str] = aliases or {}
        self._keys: dict[str | None, str] = {}
        self._by_identifier: dict[tuple[str, str], list[str]] | None = None
        self._full_urls: dict[str, list[str]] | None = None

    def resolve(
        self, reference: JsonObject, parent: JsonObject, faults: Faults | None = None
    ) -> tuple[str, JsonObject] | None:
        """(key, resource) that a Reference of ``parent`` points to; None where the record does not hold it.

        That a contained resource is not there is a fault of the parent; that another is not, is the host's affair.
        """
        key = self.key(reference, parent, faults)
        if key is None:
            return None
        resource = self._resources.get(key)
        if resource is None and "#" in key:
            resource = _contained(parent, key.partition("#")[2], faults)
            if resource is None and faults is not None:
                faults.add(reference, "reference", "points to no contained resource")
        return None if resource is None else (key, resource)

    def key(self, reference: JsonObject, parent: JsonObject, faults: Faults | None = None) -> str | None:
        """Key of what a Reference of ``parent`` points to, whether the record holds it or not.

        A literal reference outranks a logical identifier, unless it leads nowhere. None where neither points to what
        could be of this host.
        """
        literal = text(reference, "reference", faults)
        known = self._keys.get(literal)
        if known is not None:
            return known
        if literal is None:
            return self._key_of_identifier(reference, faults)
        if literal[0] == "#":
            container = key_of(parent) or ""
            return f"{container}{literal}" if len(literal) > 1 else container or None
        relative = _RELATIVE.fullmatch(literal) is not None and literal not in self._aliases
        key = literal if relative else self._key_of_literal(literal)
        if key is None:
            return self._key_of_identifier(reference, faults)
        self._keys[literal] = key
        return key

    def _key_of_literal(self, literal: str) -> str | None:
        alias = self._aliases.get(literal)
        if alias is not None:
            return alias
        match = _REFERENCE.fullmatch(literal)
        if match is None or match["id"] in (".", ".."):
            return None
        key = f"{match['type']}/{match['id']}"
        base: str | None = match["base"]
        if base is None:
            return key
        unversioned = f"{base}{key}"
        return self._aliases.get(unversioned) or (None if self._lives_elsewhere(key) else key)

    def _lives_elsewhere(self, key: str) -> bool:
        """Whether this key's resource is known under another URL: then an absolute reference means another's."""
        if self._full_urls is None:
            self._full_urls = {}
            for url, target in self._aliases.items():
                if url.startswith("http"):
                    self._full_urls.setdefault(target, []).append(url)
        return key in self._full_urls

    def _key_of_identifier(self, reference: JsonObject, faults: Faults | None) -> str | None:
        """Key of the only resource with this identifier (and type, where given); two are none."""
        identifier = child(reference, "identifier", faults)
        value = text(identifier, "value", faults)
        if value is None:
            return None
        wanted = (text(identifier, "system", faults) or "", value)
        kind = text(reference, "type", faults)
        keys = [key for key in self._identified().get(wanted, ()) if kind is None or key.startswith(f"{kind}/")]
        return keys[0] if len(keys) == 1 else None

    def _identified(self) -> dict[tuple[str, str], list[str]]:
        if self._by_identifier is None:
            self._by_identifier = {}
            for key, resource in self._resources.items():
                if type(resource.get("identifier")) is list:
                    for pair in dict.fromkeys(identifiers(resource)):
                        self._by_identifier.setdefault(pair, []).append(key)
        return self._by_identifier


def _contained(parent: JsonObject, logical_id: str, faults: Faults | None) -> JsonObject | None:
    for resource in children(parent, "contained", faults):
        if resource.get("id") == logical_id:
            text(resource, "resourceType", faults)
            return resource
    return None
