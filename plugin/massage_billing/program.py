"""What the command line (and later the pages) can ask of one host: run, explain, approve, rule, look, forget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from typing import Final

from massage_billing.errors import HostNotFound, HostRefused, SettingsError
from massage_billing.explain import explanation
from massage_billing.explain_days import of_patient
from massage_billing.fhir.visit import Shared, read_visit
from massage_billing.model import Decision, Elsewhere, Ruling, RulingKind, Visit
from massage_billing.ports import Capabilities, Forgets, Forgotten, VisitRecord, VisitRow
from massage_billing.run import answered
from massage_billing.run.batch import at_clinic, today_of
from massage_billing.run.garbage import few_collections
from massage_billing.run.paper_ledger import counted_alone
from massage_billing.run.report import RunReport
from massage_billing.run.setup import Setup
from massage_billing.service import NOT_SHOWN, Billing
from massage_billing.side_by_side import SideBySide

SAMPLE_VISITS: Final = 200
"""How many recent visits ``check-host`` looks at."""
SAMPLE_DAYS: Final = 90
"""How far back it looks for them."""


@dataclass(frozen=True, slots=True)
class HostCheck:
    """What ``check-host`` found."""

    host: str
    """Configured host id."""
    capabilities: Capabilities
    """What the host can do."""
    visits: int
    """Recent visits looked at."""
    services: int
    """Completed services in them."""
    minutes: Mapping[str, int]
    """Where their minutes are: extension, observation, period, or "none"."""
    notes: tuple[str, ...] = ()
    """Plain sentences about what that costs."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A visit as it stands on the host now."""

    visit: Visit
    """The visit, joined with those that are billed with it."""
    decision: Decision
    """What the rulebook makes of it now."""
    ruling: Ruling | None
    """What a person decided of it, whether it still counts or not."""
    as_if: Callable[[Ruling], Decision]
    """What it would become if a person decided so; nothing is remembered."""


class Program:
    """One host, opened."""

    def __init__(self, setup: Setup, *, configured: bool, lock: Callable[[], AbstractContextManager[None]]) -> None:
        self.setup = setup
        self._configured = configured
        self._shared = Shared(setup.clinic.payers)
        self._lock = lock

    def run(self, start: Date | None = None, since: datetime | None = None, dry_run: bool = False) -> RunReport:
        """The main job. ``start`` is remembered; SettingsError where no start or zone is known (DESIGN 3, 5)."""
        setup = self._ready(start, remember=not dry_run)
        if dry_run:
            with few_collections():
                return self.telling(Billing(setup).run(since, dry_run=True))
        with self._lock(), few_collections():
            recalled = tuple(setup.recall())
            report = Billing(setup).run(since)
            self.after_run()
            return self.telling(report, recalled)

    @contextmanager
    def shared(self, *, alone: bool) -> Iterator[SideBySide]:
        """What a run is made of when several processes share it. ``alone``: nobody else leads one of this host
        meanwhile; those who only decide pieces need not be. SettingsError as ``run``."""
        setup = self._ready(None, remember=alone)
        with self._lock() if alone else nullcontext(), few_collections():
            yield SideBySide(Billing(setup))

    def after_run(self) -> None:
        """What every run ends with: payloads that are kept no longer are forgotten, how the holds stand is kept."""
        setup = self.setup
        setup.store.purge_confirmed(datetime.now(UTC) - setup.retention)
        if setup.desk is not None:
            setup.desk.note_held(setup.host.id, at_clinic(setup).date())

    def telling(self, report: RunReport, recalled: Sequence[str] = ()) -> RunReport:
        """A report with what has to be told with every one, and what a lost store had forgotten."""
        told = (*self.setup.told, *recalled)
        return replace(report, problems=(*told, *report.problems)) if told else report

    def approve(self, encounters: Sequence[str] | None, seen: Mapping[str, str] = NOT_SHOWN) -> RunReport:
        """Make drafts active; None: all. ``seen``: decision digests of those that were looked at."""
        with self._lock():
            return Billing(self.setup).approve(encounters, seen)

    def rule(self, encounter: str, ruling: Ruling) -> None:
        """Remember what a person decided of a visit, at the time of the host's clock: whether the record changed since
        is told by what the host says of its changes."""
        Billing(self.setup).rule(encounter, replace(ruling, at=self.setup.host.now()))

    def may_rule(self, encounter: str, kind: RulingKind) -> None:
        """Whether a person may decide so of a visit; raises HostError where not, and says what to do."""
        Billing(self.setup).may_rule(encounter, kind)

    def rows(self) -> Iterator[VisitRow]:
        """Everything the store knows, by date of service."""
        return self.setup.store.rows(self.setup.host.id)

    def explain(self, encounter: str, policy: str | None = None) -> Iterator[dict[str, object]]:
        """explain/1 of one visit on the host; nothing is written. HostNotFound where the host has no such Encounter."""
        visit, decision = self.visit_and_decision(encounter, policy)
        yield explanation(visit, decision, self.setup.book)

    def visit_and_decision(self, encounter: str, policy: str | None = None) -> tuple[Visit, Decision]:
        """A visit as it stands on the host now, with those of its day, and what the rulebook makes of it now."""
        looked = self.look(encounter, policy)
        return looked.visit, looked.decision

    def look(self, encounter: str, policy: str | None = None) -> Looked:
        """The same, with what it would become if a person decided it. HostNotFound where the host has no such visit."""
        setup, host = self.setup, self.setup.host.id
        visit = self._read(self._record(encounter))
        clinic = setup.clinic if policy is None else replace(setup.clinic, policy=policy)
        visits = [visit, *self._others_of_day(visit)]
        ids = [one.encounter for one in visits]
        rulings = setup.store.rulings(host, ids)
        if not any(row.claim for row in setup.store.known(host, ids).values()):
            clinic = replace(clinic, today=today_of(setup))  # as in a run: asked of what has no claim yet

        counted: dict[str, Elsewhere] = {}

        def elsewhere(one: Visit) -> Elsewhere:
            if one.encounter not in counted:
                counted[one.encounter] = counted_alone(host, setup.store, one)
            return counted[one.encounter]

        def decide(ruled: Mapping[str, Ruling]) -> tuple[Visit, Decision]:
            return of_patient(visits, setup.book, clinic, ruled, elsewhere)[0]

        joined, decision = decide(rulings)
        return Looked(
            joined, decision, rulings.get(encounter), lambda ruling: decide({**rulings, encounter: ruling})[1]
        )

    def _others_of_day(self, visit: Visit) -> list[Visit]:
        """Other visits of the patient's day that earlier runs have seen."""
        if visit.patient is None or visit.date is None:
            return []
        known = self.setup.store.same_day(self.setup.host.id, [(visit.patient, visit.date)])
        found = self.setup.host.visits([one for one in known if one != visit.encounter])
        others = [self._read(record) for record in found]
        return [one for one in others if (one.patient, one.date) == (visit.patient, visit.date)]

    def _read(self, record: VisitRecord) -> Visit:
        """A visit as a run reads it: with what payers answered of its coverages."""
        ((_, visit),) = answered.verified([(record, read_visit(record, self.setup.reading, self._shared))], self.setup)
        return visit

    def record(self, encounter: str) -> VisitRecord:
        """The FHIR resources of one visit, for the superbill's names. PHI."""
        return self._record(encounter)

    def _record(self, encounter: str) -> VisitRecord:
        for record in self.setup.host.visits([encounter]):
            return record
        raise HostNotFound(f"Encounter/{encounter}: the host has no such visit.", "Check the id.")

    def check_host(self) -> HostCheck:
        """What the host can do, and where the minutes of recent services are."""
        host = self.setup.host
        capabilities = host.capabilities()
        since = host.now().date() - timedelta(days=SAMPLE_DAYS)
        refused: list[str] = []
        visits: list[Visit] = []
        try:
            visits += [read_visit(record, self.setup.reading) for record in self._sample(since)]
        except HostRefused as problem:  # what it is told may be just that a scope is missing
            refused.append(f"No visit could be read: {problem.what} {problem.fix}".strip())
        counted: Counter[str] = Counter()
        for visit in visits:
            for service in visit.services:
                if service.status == "completed" and service.code is not None:
                    entry = self.setup.book.on(visit.date or since).codes.get(service.code)
                    if entry is not None and entry.timed:
                        counted[service.minute_source.value if service.minute_source else "none"] += 1
        minutes = dict(counted)
        return HostCheck(host.id, capabilities, len(visits), sum(minutes.values()), minutes, tuple(refused))

    def _sample(self, since: Date) -> Iterator[VisitRecord]:
        found = 0
        for page in self.setup.host.changes(None, since):
            for record in page.records:
                yield record
                found += 1
                if found == SAMPLE_VISITS:
                    return

    def forget(self, patient: str) -> Forgotten:
        """Forget a patient; how many visits and questions."""
        if isinstance(self.setup.host, Forgets):
            self.setup.host.forget()
        return self.setup.store.purge_patient(self.setup.host.id, patient)

    def purge(self, older_than: datetime) -> int:
        """Forget payloads confirmed before a time; how many."""
        return self.setup.store.purge_confirmed(older_than)

    # --- before a run -----------------------------------------------------------------------------------------------

    def _ready(self, start: Date | None, *, remember: bool) -> Setup:
        setup = self.setup
        if not self._configured:
            raise SettingsError(f"Host {setup.host.id} is not configured.", "Run `massage-billing init` first.")
        if setup.reading.zone is None:
            raise SettingsError(
                f"Host {setup.host.id} has no time zone, so no date of service is certain.",
                f"Set hosts.{setup.host.id}.zone to an IANA zone.",
            )
        start = start or self._standing_start()
        if start is None and not setup.demo:
            raise SettingsError(
                f"Host {setup.host.id}: from which date of service on shall visits be billed?",
                "Give `run --start DATE` once, or set billing.start.",
            )
        if start is not None and remember:
            for key, value in zip(self._start_keys(), (start.isoformat(), self._said()), strict=True):
                setup.store.save_cursor(key, value)
        return replace(setup, start=start)

    def _standing_start(self) -> Date | None:
        """The first date of service, where the command names none: what is remembered, until somebody changes the
        settings. They may name another date than a `run --start` did: the newest word counts, earlier or later."""
        saved, said = (self.setup.store.cursor(key) for key in self._start_keys())
        changed = self.setup.start is not None and said is not None and said != self._said()
        return self.setup.start if saved is None or changed else Date.fromisoformat(saved)

    def _start_keys(self) -> tuple[str, str]:
        """Under which the start is remembered, and what the settings said of it then."""
        return f"{self.setup.host.id}#billing.start", f"{self.setup.host.id}#billing.start.said"

    def _said(self) -> str:
        return self.setup.start.isoformat() if self.setup.start else "nothing"
