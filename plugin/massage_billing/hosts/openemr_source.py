"""How OpenEMR is asked: only what was seen to work on 8.2, since what it does not know it answers with nothing.

Its module's own types keep to FHIR (next links, versions, lists, errors) and are asked as any FHIR server is.

It has no next links and cuts ``_count`` off silently, so that nothing is paged: Encounters are read month by month
(``date=2026-11``, one parameter: of two with the same name the last one wins), everything else by patient or by id.
``_count`` is sent only where one resource is all that is wanted. Which lists of values it takes is tried out on its own
data first. It is never asked for all Locations: among them are the homes of patients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from functools import cached_property
from threading import RLock
from typing import Final

from massage_billing.errors import HostFault, HostRejected
from massage_billing.fhir.references import key_of
from massage_billing.hosts import openemr_mend as mend
from massage_billing.hosts.fhir_search import FhirSearch, Page, Params
from massage_billing.hosts.fhir_source import FhirSettings, FhirSource
from massage_billing.hosts.openemr_can import capabilities_of_openemr, has_log, of_module, offers
from massage_billing.hosts.visit_links import BY_PRACTITIONER, Link, ids_at
from massage_billing.ports import Capabilities, JsonObject

LIST: Final = 30
"""Ids in one query: it stays below the length at which a search would be posted, which OpenEMR does not know."""
_ZONES: Final = timedelta(hours=15)
"""How far a clock that shows local time under a wrong offset can be off."""
_OLDEST: Final = 2000
"""Before this year a clinic had no OpenEMR: all that is older is asked for at once."""
_TRIED: Final = 50
"""Encounters among which two patients are looked for, to try out what takes lists."""
_NOBODY: Final = "00000000-0000-4000-8000-000000000000"
"""An id that nobody has: a search for it finds nothing, and fails only where searching itself does."""
_DATED: Final = frozenset({"Procedure", "Observation"})
"""Types that are asked for from a day on, and not for a patient's whole life."""


class OpenEmrSource(FhirSource):
    """Asks OpenEMR; a ``Source`` for the VisitReader."""

    def __init__(self, search: FhirSearch, settings: FhirSettings) -> None:
        super().__init__(search, settings)
        self._trying = RLock()
        self._prepared = False
        self.granted: Callable[[], frozenset[str] | None] = lambda: None
        """Scopes of the token, where whoever logs in knows them."""

    # --- what it can do ---------------------------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        """Read from its CapabilityStatement, then from what is known of OpenEMR."""
        return capabilities_of_openemr(self.statement, self.granted())

    def reads(self, type: str) -> bool:
        """Whether a type is listed, and read by this program."""
        return offers(self.statement, type)

    @property
    def has_log(self) -> bool:
        """Whether Procedures may be of the module's treatment log."""
        return has_log(self.statement)

    def is_of_module(self, type: str) -> bool:
        """Whether the module serves a type."""
        return of_module(self.statement, type)

    @cached_property
    def listed(self) -> frozenset[str]:
        """Parameters that take several values at once, as tried on Encounters of two of its own patients."""
        with self._trying:
            by_patient: dict[str, str] = {}
            for each in self._matches("Encounter", [("_count", str(_TRIED))]):
                for patient in ids_at(each, "subject", "Patient"):
                    by_patient.setdefault(patient, str(each.get("id")))
            people, ids = list(by_patient)[:2], list(by_patient.values())[:2]
            if len(ids) < 2:
                return frozenset()
            tried = {"_id": ids, "patient": people}
            return frozenset(
                name
                for name, values in tried.items()
                if set(ids) <= {one.get("id") for one in self._matches("Encounter", [(name, ",".join(values))])}
            )

    # --- as the VisitReader asks ------------------------------------------------------------------------------------

    def by_id(self, type: str, ids: Sequence[str]) -> Iterator[JsonObject]:
        """By ``_id``; Locations one by one."""
        if self.is_of_module(type):
            yield from super().by_id(type, ids)
            return
        self._prepare()
        if type == "Location":
            for one in ids:
                found = self._one(f"Location/{one}")
                if found is not None:
                    yield found
            return
        wanted = set(ids)
        for resource in self._by_values(type, "_id", ids, (), lambda value: None):
            if resource.get("id") in wanted:
                yield resource

    def linked(self, link: Link, ids: Sequence[str], patients: Sequence[str]) -> Iterator[JsonObject]:
        """See ``of_patients``."""
        return self.of_patients(link, ids, patients, None, lambda patient: None)

    def of_patients(
        self, link: Link, ids: Sequence[str], patients: Sequence[str], since: Date | None, lose: Callable[[str], None]
    ) -> Iterator[JsonObject]:
        """By patient, the only tie it can be asked for (but therapists' roles); may give more than was asked for.

        ``since``: what is dated is asked for from that day on. ``lose`` is told the patients OpenEMR fails on.
        """
        if self.is_of_module(link.type):
            yield from super().linked(link, ids, patients)
            return
        if link.picked and not (link.only and self.statement.searches_by(link.type, link.only[0])):
            return
        if link == BY_PRACTITIONER:
            for practitioner in ids:
                yield from self._matches(link.type, [("practitioner", practitioner)])
            return
        whose = ids if link.target == "Patient" else patients
        more = [("date", f"ge{since}")] if link.type in _DATED and since is not None else []
        found = self._by_values(link.type, "patient", whose, more, lose)
        yield from mend.in_turn(list(found)) if link.type == "Coverage" else found

    def count(self, link: Link, ids: Sequence[str]) -> int | None:
        """It does not count."""
        return None

    def identified(self, type: str, system: str, value: str) -> Iterator[JsonObject]:
        """It does not search therapists or organizations by identifier."""
        return iter(())

    # --- as the OpenEmr host asks -----------------------------------------------------------------------------------

    def encounters(self, start: Date | None) -> Iterator[Page]:
        """Every Encounter from a date of service on, month by month, in pages.

        One day is added before: whose midnight it is, the service decides. Raises HostRejected where this OpenEMR does
        not search by month, since it would say so by finding nothing.
        """
        self._prepare()
        first = None if start is None else start - timedelta(days=1)
        sample = next(self.search.pages("Encounter", [("_count", "1")]))
        today = (sample.at or datetime.now(UTC)).date()
        yield replace(sample, matches=())  # says when reading began
        if not sample.matches:
            return
        self._try_months(sample)
        before: set[str] = set()
        for window in self._windows(first, today):
            page = next(self.noting_base("Encounter", [("date", window)]))
            fresh = [one for one in page.matches if one.get("id") not in before and _not_before(one, first)]
            before = {str(one.get("id")) for one in fresh}
            yield from _cut(replace(page, matches=tuple(fresh), included=()), self.settings.page_size)

    def changed(self, type: str, since: datetime) -> Iterator[Page]:
        """What says that it changed since a moment; asked for from half a day before, since OpenEMR's clock may show
        local time."""
        if self.is_of_module(type):
            yield from super().changed(type, since)
            return
        self._prepare()
        moment = (since - _ZONES).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield from _cut(next(self.search.pages(type, [("_lastUpdated", f"ge{moment}")])), self.settings.result_size)

    def recent(self, first: Date) -> Iterator[JsonObject]:
        """Encounters from a day on, whether or not they say that they changed."""
        return self._matches("Encounter", [("date", f"ge{first}")])

    def dated(self, type: str, window: str) -> list[JsonObject]:
        """Everything of a type in one window of ``date`` ("2026-12-01", "ge2026-12-01"), in one answer."""
        self._prepare()
        page = next(self.noting_base(type, [("date", window)]))
        return [mend.mended(one) for one in page.matches]

    def _windows(self, first: Date | None, today: Date) -> Iterator[str]:
        """Values of ``date`` that together cover everything from a day on: months, then all to come."""
        if first is None:
            yield f"lt{_OLDEST}-01-01"
            first = Date(_OLDEST, 1, 1)
        month = first.replace(day=1)
        while month <= today + timedelta(days=1):
            if month.month == 1 and not self._any(f"{month.year}"):
                month = Date(month.year + 1, 1, 1)
                continue
            yield f"{month:%Y-%m}"
            month = _after(month)
        yield f"ge{month}"

    def _any(self, window: str) -> bool:
        return any(True for _ in self._matches("Encounter", [("date", window), ("_count", "1")]))

    def _try_months(self, sample: Page) -> None:
        """See that a month and a year find what is in them, and nothing else."""
        day = mend.day_of(sample.matches[0])
        if day is None:
            return
        if not self._any(f"{day:%Y-%m}") or not self._any(f"{day:%Y}") or self._any("2999-12") or self._any("2999"):
            raise HostRejected(
                "This OpenEMR does not search Encounters by month, so that visits would be missed.",
                "It was tried with OpenEMR 8.2; tell the project which version this is.",
            )

    # --- asking -----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Have OpenEMR give its sites their Location ids, once: it does so when it is asked for a Location, whichever,
        and until then no Encounter and no Appointment names a site that is new."""
        if not self._prepared and self.reads("Location"):
            self._one(f"Location/{_NOBODY}")
        self._prepared = True

    def _matches(self, type: str, params: Params) -> Iterator[JsonObject]:
        """What a search finds, mended."""
        for page in self.search.pages(type, params):
            yield from (mend.mended(one) for one in page.matches)

    def _one(self, reference: str) -> JsonObject | None:
        try:
            found = self.search.resource(reference)
        except (HostRejected, HostFault):  # 400: an id that is none of its own
            return None
        return None if found is None else mend.mended(found)

    def _by_values(
        self, type: str, name: str, values: Sequence[str], more: Params, lose: Callable[[str], None]
    ) -> Iterator[JsonObject]:
        """A search for each value, or for lists of them; a value that OpenEMR fails on is asked for by itself, and
        lost. Each resource once."""
        wanted = list(dict.fromkeys(values))
        size = LIST if len(wanted) > 1 and name in self.listed else 1
        seen: set[str | None] = set()
        for place in range(0, len(wanted), size):
            for resource in self._trusting(type, name, wanted[place : place + size], more, lose):
                key = key_of(resource)
                if key is None or key not in seen:
                    seen.add(key)
                    yield resource

    def _trusting(
        self, type: str, name: str, values: Sequence[str], more: Params, lose: Callable[[str], None]
    ) -> list[JsonObject]:
        """One search; where OpenEMR fails on it, but not on a search for nobody, one value at a time."""
        try:
            return list(self._matches(type, [(name, ",".join(values)), *more]))
        except (HostFault, HostRejected):
            list(self._matches(type, [(name, _NOBODY), *more]))
        found: list[JsonObject] = []
        for value in values:
            try:
                found.extend(self._matches(type, [(name, value), *more]))
            except (HostFault, HostRejected):
                lose(value)
        return found


def _cut(page: Page, size: int) -> Iterator[Page]:
    """One answer in pages, so that not everything is worked on at a time."""
    for place in range(0, max(1, len(page.matches)), size):
        yield replace(page, matches=tuple(mend.mended(one) for one in page.matches[place : place + size]))


def _after(month: Date) -> Date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _not_before(encounter: JsonObject, first: Date | None) -> bool:
    day = mend.day_of(encounter)
    return first is None or day is None or day >= first
