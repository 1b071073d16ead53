"""Asking payers before visits: read this first. The steps are ``Sweep.run``.

Order keeps the promises: a question is claimed before it is asked, and its answer is recorded before it goes to the
host; the host is told only what is recorded. A crash at any point costs one more try of a question under the same trace
number, never an answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date as Date
from datetime import datetime, timedelta

from massage_billing.errors import HostError, SettingsError
from massage_billing.fhir.dates import zone_named
from massage_billing.model import Appointment, Known, Reason, Verdict
from massage_billing.payers.guarded import GuardedAsker
from massage_billing.ports import KeepsFiles, QuestionRow
from massage_billing.sweep.carry import Carrier
from massage_billing.sweep.collect import Collector
from massage_billing.sweep.deliver import deliver
from massage_billing.sweep.host_answers import remember
from massage_billing.sweep.judging import judge_all
from massage_billing.sweep.outlooks import keep_outlooks
from massage_billing.sweep.questions import Questions
from massage_billing.sweep.report import SweepReport, Tally
from massage_billing.sweep.setup import SweepSetup
from massage_billing.sweep.survey import Coming, Surveyor
from massage_billing.sweep.tasks import keep_tasks


class Sweep:
    """Asks payers about the coming appointments of one host, and tells what is to be settled before each."""

    def __init__(self, setup: SweepSetup, guard: GuardedAsker) -> None:
        self.setup = setup
        self._guard = guard

    def run(self, first: Date | None = None, days: int | None = None, *, dry_run: bool = False) -> SweepReport:
        """Ask about the coverage of the appointments from ``first`` (today) on, so many days ahead.

        Raises HostError where the host's calendar cannot be read; a payer that fails is named in the report.
        """
        begun, today = time.monotonic(), self.today()
        first = first or today
        last = first + timedelta(days=self.setup.days if days is None else days)
        tally = Tally()
        surveyor, carrier = self._helpers(tally)

        # What earlier sweeps left: answers to put on the host, answers to look for.
        if not dry_run:
            deliver(self.setup, tally)
            Collector(self.setup, self._guard, surveyor, carrier, tally).collect()

        # Who comes, who would be billed, and who has to be asked?
        coming = self._coming(surveyor, first, last, today)
        wanted = [one for one in coming if one.day.on >= first]
        tally.counts["appointments"] = len(wanted)
        if not dry_run:
            remember(self.setup, wanted)
        questions = Questions(self.setup, wanted, today, tally)

        # Ask, record, and put question and answer on the host.
        if dry_run:
            tally.would_ask(one.why for one in questions.planned)
        else:
            carrier.ask(questions.planned, lambda: self._deliver_early(tally))
            deliver(self.setup, tally)
            coming = surveyor.again(coming)

        # What has to be settled before each visit, and who is told?
        verdicts = tally.verdicts(verdict for _, verdict in self._judge(coming, questions.faults, today, first))
        if not dry_run:
            keep_tasks(self.setup, verdicts, (first, last), today, tally)
            keep_outlooks(self.setup, verdicts, today, tally)
            self._forget_old(carrier.now() - self.setup.retention)
        return self._report(tally, first, last, begun, dry_run=dry_run)

    def collect(self) -> SweepReport:
        """Only look for answers to questions that were sent earlier, and put them on the host."""
        begun, today = time.monotonic(), self.today()
        tally = Tally()
        surveyor, carrier = self._helpers(tally)
        Collector(self.setup, self._guard, surveyor, carrier, tally).collect()
        deliver(self.setup, tally)
        return self._report(tally, today, today, begun, dry_run=False)

    def huddle(self, day: Date) -> list[tuple[Appointment, Verdict]]:
        """The appointments of a day with what must be settled before each; asks nobody and writes nothing."""
        tally, today = Tally(), self.today()
        coming = self._coming(Surveyor(self.setup, tally), day, day, today)
        faults = Questions(self.setup, [one for one in coming if one.day.on == day], today, tally).faults
        return self._judge(coming, faults, today, day)

    def questions(self, since: Date) -> list[QuestionRow]:
        """Questions since a day, the oldest first."""
        return list(self.setup.asking.rows(self.setup.host.id, since))

    def answers(self, coverage: str) -> list[Known]:
        """What payers said of a coverage, the newest first. PHI."""
        return self.setup.asking.answers(self.setup.host.id, [coverage]).get(coverage, [])

    def evidence(self, question: str) -> tuple[bytes, str] | None:
        """What was received for a question, and its media type; None where it is not kept any more. PHI."""
        return self.setup.asking.evidence(question)

    # --- the day ----------------------------------------------------------------------------------------------------

    def local_now(self) -> datetime:
        """What time it is at the clinic, by the host's clock. SettingsError where no zone is set (DESIGN 5)."""
        zone = zone_named(self.setup.reading.zone) if self.setup.reading.zone else None
        if zone is None:
            host = self.setup.host.id
            raise SettingsError(
                f"Host {host} has no time zone, so no day is certain.", f"Set hosts.{host}.zone to an IANA zone."
            )
        return (self.setup.now() if self.setup.now else self.setup.host.now()).astimezone(zone)

    def today(self) -> Date:
        """What day it is at the clinic."""
        return self.local_now().date()

    def tomorrow(self) -> Date:
        """The next day at the clinic."""
        return self.today() + timedelta(days=1)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _helpers(self, tally: Tally) -> tuple[Surveyor, Carrier]:
        return Surveyor(self.setup, tally), Carrier(self.setup, self._guard, tally)

    def _deliver_early(self, tally: Tally) -> None:
        """While some payer lets us wait, the others' answers go to the host; a host that fails is asked at the end."""
        try:
            deliver(self.setup, tally)
        except HostError as problem:
            tally.problem(problem.what)

    def _coming(self, surveyor: Surveyor, first: Date, last: Date, today: Date) -> list[Coming]:
        """The appointments of these days, and those from today on before them: they take theirs of what is left."""
        return surveyor.days(min(first, today), last)

    def _judge(
        self, coming: Sequence[Coming], faults: Mapping[tuple[str, str], Sequence[Reason]], today: Date, first: Date
    ) -> list[tuple[Appointment, Verdict]]:
        """Those from ``first`` on with what has to be settled; the earlier ones only count."""
        judged = judge_all(self.setup, coming, faults, today)
        return [(one, verdict) for one, verdict in judged if one.date is not None and one.date >= first]

    def _forget_old(self, before: datetime) -> None:
        """Drop what was received before a time, in the store and in the folders of channels."""
        self.setup.asking.purge_evidence(before)
        for channel in self.setup.channels.values():
            if isinstance(channel, KeepsFiles):
                channel.purge(before)

    def _report(self, tally: Tally, first: Date, last: Date, begun: float, *, dry_run: bool) -> SweepReport:
        unwritten = self.setup.asking.count_unwritten(self.setup.host.id)
        return tally.report(first, last, unwritten=unwritten, seconds=time.monotonic() - begun, dry_run=dry_run)
