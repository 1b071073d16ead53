"""People's names for pages: asked of the host, kept in memory for minutes and nowhere else. PHI.

A host that does not answer costs one page a few seconds: after that the references stand for half a minute before it
is asked again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from massage_billing.errors import HostError, InputError
from massage_billing.fhir.json import Faults, text
from massage_billing.fhir.persons import read_subject, shown_name
from massage_billing.ports import JsonObject
from massage_billing.ports.people import People

KEPT: Final = 5000
"""People kept at most."""
SECONDS: Final = 300.0
"""How long a name is believed."""
AWAY: Final = 30.0
"""Seconds after which a host that did not answer is asked again."""
_LISTED_FAMILY_FIRST: Final = frozenset({"Patient", "RelatedPerson"})


@dataclass(frozen=True, slots=True)
class Named:
    """What some references are called."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Reference → name; those the host has no name of are left out. PHI."""
    away: str = ""
    """Why names are missing: what the host answered; "" where it answered as it should."""

    def of(self, reference: str | None) -> str:
        """The name, else the reference itself; "" of nobody."""
        return self.names.get(reference or "", reference or "")


class Names:
    """The names of one host's people. ``host`` lends what is asked; ``clock`` counts seconds; ``given`` are names that
    the clinic says itself, by reference: of those the host is not asked."""

    def __init__(
        self,
        host: Callable[[], AbstractContextManager[People]],
        clock: Callable[[], float] = time.monotonic,
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._host, self._clock, self._given = host, clock, given or {}
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()
        self._away: tuple[float, str] = (0.0, "")

    def named(self, references: Iterable[str | None]) -> Named:
        """What these are called. Never raises: where the host is away, ``Named.away`` says so."""
        wanted = [one for one in dict.fromkeys(references) if one]
        with self._lock:
            now = self._clock()
            found = {one: name for one in wanted if (name := self._given.get(one) or self._fresh(one, now)) is not None}
            missing = [one for one in wanted if one not in found]
            until, why = self._away
            if not missing or now < until:
                return Named(_without_empty(found), why if missing else "")
        try:
            with self._host() as host:
                asked = {reference: name for reference, name in map(_named, host.people(missing))}
        except (HostError, InputError) as problem:
            with self._lock:
                self._away = (self._clock() + AWAY, problem.what)
            return Named(_without_empty(found), problem.what)
        with self._lock:
            self._away = (0.0, "")
            for one in missing:
                self._keep(one, asked.get(one, ""))
        return Named(_without_empty({**found, **{one: asked.get(one, "") for one in missing}}))

    def _fresh(self, reference: str, now: float) -> str | None:
        kept = self._kept.get(reference)
        if kept is None or now - kept[0] > SECONDS:
            return None
        self._kept.move_to_end(reference)
        return kept[1]

    def _keep(self, reference: str, name: str) -> None:
        self._kept[reference] = (self._clock(), name)
        self._kept.move_to_end(reference)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _without_empty(names: Mapping[str, str]) -> dict[str, str]:
    return {reference: name for reference, name in names.items() if name}


def _named(resource: JsonObject) -> tuple[str, str]:
    """(reference, name): "Lopez, Ana Maria" of a patient, as lists are sorted; "Ana Lopez" of who treats."""
    kind, reference = str(resource.get("resourceType")), f"{resource.get('resourceType')}/{resource.get('id')}"
    nobody = Faults(reference, resource)
    if kind == "Organization":
        return reference, text(resource, "name", nobody) or ""
    if kind not in _LISTED_FAMILY_FIRST:
        return reference, shown_name(resource, nobody)
    person = read_subject(reference, resource, nobody)
    given = " ".join(part for part in (person.first_name, person.middle_name) if part)
    listed = ", ".join(part for part in (person.last_name, given) if part)
    return reference, listed or shown_name(resource, nobody)
