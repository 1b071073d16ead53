"""What lies ahead, of a folder: coming appointments, who was there before, and answers about coverage.

The index is ordered by patient, so that the appointments of some days are found by one pass over it; memory is that of
one part of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date as Date

import orjson

from massage_billing.fhir.json import text
from massage_billing.hosts.appointment_read import ANSWERS_KEPT, day_of, is_coming
from massage_billing.hosts.folder_index import Entry
from massage_billing.hosts.folder_join import Group, Joiner, told_apart
from massage_billing.hosts.folder_records import ANSWERS_TO
from massage_billing.hosts.seen import was_seen
from massage_billing.hosts.visit_links import AHEAD_BY_PATIENT, ids_at
from massage_billing.ports import AppointmentRecord, JsonObject

_ALONG = {link.type: link for link in AHEAD_BY_PATIENT}


class FolderSchedule(ABC):
    """Implements ``ports.Schedule``: the part of FolderHost that looks ahead."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Joiner]:
        """The folder's index as it is now, kept until everything is read from it."""

    def appointments(self, first: Date, last: Date) -> Iterator[AppointmentRecord]:
        """See ``ports.Schedule``."""
        with self._reading() as joiner:
            if "Appointment" not in joiner.index.types:
                return
            seen: set[str] = set()
            for part in range(joiner.index.parts):
                for _, entries in joiner.index.groups(part):
                    coming = (entry for entry in entries if entry.key.startswith("Appointment/"))
                    fresh = [entry for entry in coming if entry.key not in seen]
                    for record in _records(joiner, entries, fresh, lambda one: is_coming(one, first, last)):
                        seen.add(f"Appointment/{record.appointment}")
                        yield record

    def appointments_by_id(self, ids: Sequence[str]) -> Iterator[AppointmentRecord]:
        """See ``ports.Schedule``."""
        with self._reading() as joiner:
            for key in (f"Appointment/{one}" for one in dict.fromkeys(ids)):
                home = joiner.index.locate(key)
                entries = joiner.index.group(home) if home else []
                mine = [entry for entry in entries if entry.key == key]
                yield from _records(joiner, entries, mine, lambda one: True)

    def seen_before(self, patients: Sequence[str], day: Date) -> set[str] | None:
        """See ``ports.Schedule``."""
        with self._reading() as joiner:
            return {patient for patient in patients if _was_there(joiner, patient, day)}

    def eligibility_responses(self, requests: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.Schedule``; those of the folder itself, not our own in the out folder."""
        with self._reading() as joiner:
            for request in dict.fromkeys(requests):
                for key, group in joiner.index.identified(f"{ANSWERS_TO}{request}"):
                    for entry in joiner.index.group(group):
                        if entry.key == key:
                            found: JsonObject = orjson.loads(joiner.index.raw(entry))
                            if request.rpartition("/")[2] in ids_at(found, "request", "CoverageEligibilityRequest"):
                                yield found


def _records(
    joiner: Joiner, entries: list[Entry], appointments: Iterable[Entry], wanted: Callable[[JsonObject], bool]
) -> Iterator[AppointmentRecord]:
    group: Group | None = None
    for entry in appointments:
        resource: JsonObject = orjson.loads(joiner.index.raw(entry))
        if wanted(resource):
            group = group or told_apart(entries)
            yield joiner.appointment(group, entry, _along(joiner, group, day_of(resource)))


def _along(joiner: Joiner, group: Group, day: Date | None) -> Iterator[Entry]:
    """The patient's orders that are open, and the answers about coverage that the folder holds."""
    since = (day - ANSWERS_KEPT).isoformat() if day is not None and day - Date.min > ANSWERS_KEPT else ""
    for entry in group.unbilled():
        kind = entry.key.partition("/")[0]
        if kind in ("ServiceRequest", "CoverageEligibilityResponse"):
            resource = joiner.resource(group, entry)
            created = text(resource, "created") or ""
            if _ALONG[kind].wants(resource) and (not created or created >= since[: len(created)]):
                yield entry


def _was_there(joiner: Joiner, patient: str, day: Date) -> bool:
    """Whether a patient had a visit before a day; what the index shows to be later is not opened."""
    for entry in joiner.index.group(patient):
        if entry.key.startswith("Encounter/"):
            found: JsonObject = orjson.loads(joiner.index.raw(entry))
            if was_seen(found, day):
                return True
    return False
