"""Where a visit took place: the Location, its zone and its CMS place of service; and the clinic's organization."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from massage_billing.fhir.codes import PLACE_SYSTEMS
from massage_billing.fhir.dates import Clock, zone_named
from massage_billing.fhir.json import NOTHING, Faults, child, children, codings, text
from massage_billing.fhir.provider_ids import read_npi
from massage_billing.fhir.record import Kept, Record
from massage_billing.model import Reading
from massage_billing.ports import JsonObject

_NOT_THERE: Final = frozenset({"planned", "reserved"})
"""Encounter.location.status of a place where nothing happened (yet)."""
_STATE: Final = 2
"""Letters of a state as claims write it."""
_DEPTH: Final = 8
"""How many Locations up partOf is followed: room, suite, floor, building, campus; also ends a circle."""


@dataclass(frozen=True, slots=True)
class SiteRead:
    """A Location, as far as a visit needs it."""

    types: tuple[tuple[str, str], ...]
    part_of: JsonObject
    state: str | None = None
    """Two-letter state of its address; None where it has none, or writes it out."""


@dataclass(frozen=True, slots=True)
class OrganizationRead:
    """An Organization, as far as a visit needs it."""

    npi: str | None


def read_site(resource: JsonObject, faults: Faults) -> SiteRead:
    """Types, parent and state of a Location."""
    types = [pair for concept in children(resource, "type", faults) for pair in codings(concept, faults)]
    part_of = child(resource, "partOf", faults)
    text(part_of, "reference", faults)  # resolved later, once a visit; its fault belongs here
    state = (text(child(resource, "address", faults), "state", faults) or "").strip().upper()
    two_letters = len(state) == _STATE and state.isascii() and state.isalpha()
    return SiteRead(tuple(types), part_of, state if two_letters else None)


def read_organization(resource: JsonObject, faults: Faults) -> OrganizationRead:
    """NPI of an Organization."""
    return OrganizationRead(read_npi(resource, faults))


class Site:
    """The site of one visit: the Location that the Encounter, else a Procedure, names."""

    __slots__ = ("_chain", "key")

    def __init__(self, key: str | None, record: Record, kept: Kept[SiteRead]) -> None:
        self.key = key
        """"Location/2", or None where the record names none."""
        self._chain = list(_chain(key, record, kept))

    def clock(self, reading: Reading) -> Clock:
        """How times at this site are read: in the zone of the Location or of one it is part of, else the clinic's."""
        names = (reading.site_zones.get(logical_id) for logical_id, _ in self._chain)
        name = next((name for name in names if name), reading.zone)
        return Clock(None if name is None else zone_named(name), reading.times_as_written)

    @property
    def state(self) -> str | None:
        """Two-letter state of the Location, else of the one it is part of."""
        return next((site.state for _, site in self._chain if site.state), None)

    def place_of_service(self, reading: Reading) -> tuple[str | None, bool]:
        """(CMS place of service, whether two disagree).

        The Location's own CMS type, else what its other types map to, else the site's setting; where none of these
        speaks, the same of the Location it is part of; else the clinic's setting.
        """
        for logical_id, site in self._chain:
            direct = {code for system, code in site.types if system in PLACE_SYSTEMS}
            mapped = {reading.place_map[pair] for pair in site.types if pair in reading.place_map}
            found = direct or mapped
            if len(found) == 1:
                return next(iter(found)), False
            setting = reading.site_places.get(logical_id)
            if setting is not None:
                return setting, False
            if found:
                return None, True
        return reading.place_of_service, False


def _chain(key: str | None, record: Record, kept: Kept[SiteRead]) -> Iterator[tuple[str, SiteRead]]:
    for _ in range(_DEPTH):
        if key is None:
            return
        resource = record.resources.get(key)
        site = SiteRead((), NOTHING) if resource is None else kept.of(key, resource, record)
        yield key.partition("/")[2], site
        key = None if resource is None else record.resolver.key(site.part_of, resource)


def named_by_encounter(encounter: JsonObject, where: str, record: Record) -> str | None:
    """The Location an Encounter names: the first that is not merely planned or reserved. A contained one is none."""
    faults = record.faults(where)
    for place in children(encounter, "location", faults):
        key = record.resolver.key(child(place, "location", faults), encounter, faults)
        if key is not None and "#" not in key and text(place, "status", faults) not in _NOT_THERE:
            return key
    return None
