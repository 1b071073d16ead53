"""OpenEMR as the host: what was seen of 8.2 on top of the FHIR server.

With its module it takes Claims, Tasks and answers, and tells of signed treatment logs. Stock OpenEMR is read: every
write fails with a sentence that says so, and the claims stay in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from typing import Final, Protocol, runtime_checkable

from massage_billing.errors import HostFault, HostRejected
from massage_billing.fhir.references import key_of
from massage_billing.fhir.used import version_of
from massage_billing.hosts.capability import read_statement
from massage_billing.hosts.fhir_schedule import FhirCalendar
from massage_billing.hosts.fhir_search import Page, parse
from massage_billing.hosts.fhir_server import Cursor, FhirServer
from massage_billing.hosts.fhir_source import FhirSettings, FhirSource
from massage_billing.hosts.openemr_can import ANEW, missing_scopes, scope_for, wanted_scopes
from massage_billing.hosts.openemr_reader import OpenEmrReader
from massage_billing.hosts.openemr_schedule import OpenEmrCalendar
from massage_billing.hosts.openemr_source import OpenEmrSource
from massage_billing.hosts.visit_links import encounters_of, is_ours, patient_of
from massage_billing.net.credentials import Credentials
from massage_billing.net.http import HttpClient, Limits
from massage_billing.ports import Changes, JsonObject, Touched, WriteGroup, WriteResult

LOOK_BACK: Final = timedelta(days=7)
"""Visits this recent are read again every run: an edit of their orders moves no time stamp."""
WATCHED: Final = (
    "Encounter",
    "Procedure",
    "ServiceRequest",
    "Condition",
    "Consent",
    "ChargeItem",
    "Claim",
    "Task",
    "ClaimResponse",
)
"""Types asked for changes, where they are offered. Encounters, rows of the treatment log and what else the module keeps
say truly when they changed; the others at least show what is new."""


@runtime_checkable
class KnowsScopes(Credentials, Protocol):
    """Credentials that know what the host granted them."""

    def granted(self) -> frozenset[str] | None:
        """Scopes of the token in use; None where nobody said."""
        ...


def scopes_of(place: str, limits: Limits, *, verify: bool | str = True) -> Sequence[str]:
    """What to ask a token for at an OpenEMR, by what it offers: its CapabilityStatement is read without one."""
    client = HttpClient(place, limits=limits, verify=verify)
    try:
        statement = client.call("GET", "metadata", read=lambda answer: parse(answer, "GET metadata"))
        return wanted_scopes(read_statement(statement))
    finally:
        client.close()


class OpenEmr(FhirServer):
    """Implements ``ports.Host`` and ``ports.Schedule`` over OpenEMR's FHIR API."""

    source_class: type[FhirSource] = OpenEmrSource
    calendar_class: type[FhirCalendar] = OpenEmrCalendar
    source: OpenEmrSource

    def __init__(
        self,
        id: str,
        base_url: str,
        auth: Credentials | None = None,
        *,
        settings: FhirSettings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(id, base_url, auth, settings=settings, clock=clock)
        if isinstance(auth, KnowsScopes):
            self.source.granted = auth.granted
            self.client.hint = self._hint

    def _hint(self, method: str, path: str) -> str | None:
        """What to do about a refusal, where the scope of the call was not granted; None where that is not why."""
        granted, scope = self.source.granted(), scope_for(method, path)
        if granted is None or not missing_scopes([scope], granted):
            return None
        return f"The scope {scope} was not granted to this program. {ANEW}"

    def _reader(self) -> OpenEmrReader:
        return OpenEmrReader(self.source, observations=self.settings.observations, kept=self.settings.kept)

    def _all_anew(self, cursor: Cursor, start: Date | None) -> bool:
        return cursor.widened_by(start)

    def _news(self, cursor: Cursor, start: Date | None) -> Iterator[Changes]:
        """What says that it changed, and the visits of the last week."""
        watched = [kind for kind in WATCHED if self.source.reads(kind)]
        firsts = []
        for pages in self.source.together(lambda kind: self._changed(kind, cursor.at), watched):
            for page in pages:
                firsts.append(page.at)
                yield Changes(touched=tuple(_touched(page.matches)))
        begin = max(start or Date.min, (cursor.at - LOOK_BACK).date())
        yield Changes(touched=tuple(_again(self.source.recent(begin))))
        times = [at for at in firsts if at is not None]
        yield Changes(cursor=self._cursor(min(times, default=None), start or cursor.start))

    def _changed(self, kind: str, since: datetime) -> list[Page]:
        """What says that it changed. One row without a uuid makes OpenEMR fail on a whole search; for what is not an
        Encounter or the module's that is borne: what is held or recent is read again anyway, and the record that fails
        is named then.
        """
        try:
            return list(self.source.changed(kind, since))
        except HostFault:
            if kind == "Encounter" or self.source.is_of_module(kind):
                raise
            return []

    def write(self, groups: Sequence[WriteGroup]) -> Iterator[WriteResult]:
        """See ``ports.Host``; stock OpenEMR takes nothing."""
        if self.capabilities().takes_claims():
            yield from super().write(groups)
            return
        for group in groups:
            kinds = " or ".join(dict.fromkeys(write.type for write in group.writes)) or "Claim"
            problem = HostRejected(
                f"Encounter/{group.encounter}: this OpenEMR takes no {kinds}; it stays in the outbox.",
                "Install OpenEMR's module of this program; `superbill` prints the visit meanwhile.",
            )
            yield WriteResult(group.key, problem=problem)


def _touched(resources: Sequence[JsonObject]) -> Iterator[Touched]:
    for resource in resources:
        key = key_of(resource)
        if key is not None and (not key.startswith("Task/") or is_ours(resource)):
            for encounter in encounters_of(resource) or (None,):
                yield Touched(key, version_of(resource), encounter, patient_of(resource))


def _again(encounters: Iterator[JsonObject]) -> Iterator[Touched]:
    """Visits to be read again whatever they say: without a version, which is never the one that was used."""
    for encounter in encounters:
        if (key := key_of(encounter)) is not None:
            yield Touched(key, "", str(encounter.get("id")))
