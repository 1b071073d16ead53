"""A FHIR R4 server as the host."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from typing import Final

from massage_billing.errors import HostAnswerUnreadable
from massage_billing.fhir.json import child, text
from massage_billing.fhir.references import key_of
from massage_billing.hosts.fhir_read import VisitReader
from massage_billing.hosts.fhir_schedule import FhirCalendar, FhirSchedule, in_advance
from massage_billing.hosts.fhir_search import FhirSearch, Page
from massage_billing.hosts.fhir_source import FhirSettings, FhirSource
from massage_billing.hosts.fhir_write import GroupWriter
from massage_billing.hosts.named import of_people
from massage_billing.hosts.subscriptions import FhirSubscriptions
from massage_billing.hosts.visit_links import BY_PROCEDURE, WATCHED, encounters_of, is_ours, patient_of
from massage_billing.net.credentials import Credentials
from massage_billing.net.http import HttpClient
from massage_billing.ports import (
    Capabilities,
    Changes,
    JsonObject,
    Listed,
    Touched,
    VisitRecord,
    WriteGroup,
    WriteResult,
)

_BLIND: Final = timedelta(hours=1)
"""How far is looked back further where a host tells no time of its own."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the last complete run began, by the host's clock."""

    at: datetime
    """Changes from here on are news, UTC."""
    start: Date | None
    """The start date that run read from; an earlier one now means reading everything again."""

    def write(self) -> str:
        """As text for the store."""
        return json.dumps({"at": self.at.isoformat(), "start": self.start.isoformat() if self.start else None})

    def widened_by(self, start: Date | None) -> bool:
        """Whether that is an earlier start than was read from."""
        return bool(self.start and start and start < self.start)

    @classmethod
    def read(cls, written: str) -> Cursor:
        """From the store's text."""
        try:
            found = json.loads(written)
            start = Date.fromisoformat(found["start"]) if found["start"] else None
            return cls(datetime.fromisoformat(found["at"]).astimezone(UTC), start)
        except (ValueError, KeyError, TypeError):
            raise HostAnswerUnreadable(
                "The stored cursor is not one of a FHIR server.", "Was the host's id used for another kind of host?"
            ) from None


class FhirServer(FhirSchedule, FhirSubscriptions):
    """Implements ``ports.Host``, ``ListsVisits``, ``Schedule``, ``Books`` and ``Subscribes`` over HTTP.

    Several threads may use it; close it when done.
    """

    source_class: type[FhirSource] = FhirSource
    """How the server is asked: a dialect puts its own subclass here."""
    calendar_class: type[FhirCalendar] = FhirCalendar
    """How it is asked for what lies ahead."""

    def __init__(
        self,
        id: str,
        base_url: str,
        auth: Credentials | None = None,
        *,
        settings: FhirSettings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.id = id
        self.settings = settings or FhirSettings()
        self._clock = clock
        self.client = HttpClient(
            base_url,
            auth,
            limits=self.settings.limits,
            connections=self.settings.workers + 3,
            verify=self.settings.verify,
            proxy=self.settings.proxy,
            clock=clock,
        )
        self.source = self.source_class(FhirSearch(self.client), self.settings)
        self.calendar = self.calendar_class(self.source)
        self._capabilities: Capabilities | None = None

    def close(self) -> None:
        """Let connections and threads go."""
        self.source.close()
        self.client.close()

    def __enter__(self) -> FhirServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- asking about the host --------------------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        """See ``ports.Host``; two requests, once."""
        if self._capabilities is None:
            self._capabilities = self.source.capabilities()
        return self._capabilities

    def now(self) -> datetime:
        """See ``ports.Host``; told from the Date of the last answer, without a request of its own."""
        if self.client.skew is None:
            _ = self.source.statement
        return self._clock() + (self.client.skew or timedelta())

    # --- reading ----------------------------------------------------------------------------------------------------

    def changes(self, since: str | None, start: Date | None) -> Iterator[Changes]:
        """See ``ports.Host``."""
        cursor = Cursor.read(since) if since else None
        if cursor is None or self._all_anew(cursor, start):
            yield from self._everything(start)
        else:
            yield from self._news(cursor, start)

    def listed(self, since: str | None, start: Date | None) -> Iterator[Listed]:
        """See ``ports.ListsVisits``."""
        cursor = Cursor.read(since) if since else None
        if cursor is not None and not self._all_anew(cursor, start):
            for change in self._news(cursor, start):
                yield Listed(touched=change.touched, cursor=change.cursor)
            return
        begun: datetime | None = None
        for page in self.source.encounters(start):
            begun = begun or page.at
            yield Listed(tuple((str(one["id"]), patient_of(one)) for one in page.matches if one.get("id")))
        yield Listed(cursor=self._cursor(begun, start))

    def _all_anew(self, cursor: Cursor, start: Date | None) -> bool:
        """Whether a later run reads everything again: from an earlier start, or where the host tells no changes."""
        return cursor.widened_by(start) or not self.capabilities().real_last_updated

    def cursor_at(self, moment: datetime) -> str:
        """See ``ports.Host``."""
        return Cursor(moment.astimezone(UTC), None).write()

    def visits(self, encounters: Sequence[str]) -> Iterator[VisitRecord]:
        """See ``ports.Host``."""
        size = self.settings.page_size
        for place in range(0, len(encounters), size):
            found = {
                str(one.get("id")): one for one in self.source.by_id("Encounter", encounters[place : place + size])
            }
            yield from self._reader().read(list(found.values()))

    def people(self, references: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.people.People``."""
        for kind, ids in of_people(references).items():
            if self.source.reads(kind):
                yield from self.source.by_id(kind, ids)

    def _reader(self) -> VisitReader:
        return VisitReader(self.source, observations=self.settings.observations, kept=self.settings.kept)

    def _everything(self, start: Date | None) -> Iterator[Changes]:
        """The first run: complete visits, the next page read while this one is decided."""
        reader = self._reader()
        begun: datetime | None = None

        def pages() -> Iterator[tuple[Page, list[VisitRecord]]]:
            for page in self.source.encounters(start):
                yield page, reader.read(page.matches, page.included)

        for page, records in in_advance(pages()):
            begun = begun or page.at
            yield Changes(records=tuple(records))
        yield Changes(cursor=self._cursor(begun, start))

    def _news(self, cursor: Cursor, start: Date | None) -> Iterator[Changes]:
        """A later run: what changed of every type a visit is built from; as many requests where nothing did, always."""
        watched = [kind for kind in WATCHED if self.source.reads(kind)]
        if not self.settings.observations:
            watched = [kind for kind in watched if kind != BY_PROCEDURE.type]
        pages = [self.source.changed(kind, cursor.at) for kind in watched]
        firsts = self.source.together(next, pages)
        times = [first.at for first in firsts if first.at is not None]
        for first, rest in zip(firsts, pages, strict=True):
            yield Changes(touched=tuple(_touched(first)))
            for page in rest:
                yield Changes(touched=tuple(_touched(page)))
        yield Changes(cursor=self._cursor(min(times, default=None), start or cursor.start))

    def _cursor(self, begun: datetime | None, start: Date | None) -> str:
        """Where the next run starts: when this one first looked, and a little before."""
        at = begun if begun is not None else self.now() - _BLIND
        return Cursor(at - timedelta(seconds=self.settings.overlap), start).write()

    # --- our own ----------------------------------------------------------------------------------------------------

    def write(self, groups: Sequence[WriteGroup]) -> Iterator[WriteResult]:
        """See ``ports.Host``."""
        return GroupWriter(self.client, self.source, self.capabilities(), self.settings).write(groups)

    def find(self, type: str, keys: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.Host``."""
        return self.source.keyed(type, keys) if self.source.reads(type) else iter(())

    def answers(self, claims: Sequence[str]) -> Iterator[JsonObject]:
        """See ``ports.Host``."""
        return self.source.answering(claims)


def _touched(page: Page) -> Iterator[Touched]:
    """What a page of changes tells the store; Claims and Tasks by whose they are."""
    for resource in page.matches:
        key, kind = key_of(resource), resource.get("resourceType")
        if key is None or (kind == "Task" and not is_ours(resource)):
            continue
        meta = child(resource, "meta")
        version = text(meta, "versionId") or text(meta, "lastUpdated") or ""
        for encounter in encounters_of(resource) or (None,):
            yield Touched(key, version, encounter, patient_of(resource))
