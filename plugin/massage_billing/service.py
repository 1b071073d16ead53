"""The shell of billing: pull visits from the host, bill each, remember, write. The steps are ``Billing.run``.

Order keeps the promises of DESIGN 16: decisions and what is to be written are committed to the store first, then
written to the host, then confirmed; the cursor moves only when everything before it is written or safely in the outbox.
A crash at any point costs work, never a claim: the next run writes what is pending, and every write is conditional.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar

from massage_billing.errors import HostError
from massage_billing.fhir.keys import claim_key
from massage_billing.model import Ruling, RulingKind
from massage_billing.ports import NamesProblems, Touched, VisitRecord, VisitRow
from massage_billing.run.answered import NewAnswers
from massage_billing.run.batch import Batch, Planned
from massage_billing.run.outbox import Outbox, approves
from massage_billing.run.planning import Terms
from massage_billing.run.report import RunReport, Tally
from massage_billing.run.setup import Setup

BATCH = 500
"""Visits decided and committed together."""
_WRITTEN = ("Claim/", "Task/")
REDO_ROUNDS = 3
"""How often a visit is read again in one run because somebody else wrote at the same time."""
NOT_SHOWN: Final[Mapping[str, str]] = MappingProxyType({})
"""Nobody says which draft was looked at."""
_REPLACED = "its draft was replaced after it was looked at"


class Billing:
    """Bills the visits of one host."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.host, self.store = setup.host, setup.store
        self.capabilities = setup.host.capabilities()

    def run(self, since: datetime | None = None, *, dry_run: bool = False) -> RunReport:
        """One pass: finish what is pending, decide what changed, write it, move the cursor.

        Raises HostError where the host cannot be read at all; a group the host refuses stays in the outbox and is named
        in the report.
        """
        tally = Tally(dry_run=dry_run)
        batch = Batch(self.setup, self.capabilities, self.terms(), tally)
        outbox = Outbox(self.setup, self.capabilities, tally)
        if not dry_run:
            self.resume(batch, outbox)
        news = NewAnswers(self.setup)
        ended = self._decide_changed(batch, outbox, since, news, dry_run=dry_run)
        if isinstance(self.host, NamesProblems):
            for where, what in self.host.problems():
                tally.problem(f"{where}: {what}")
        if not dry_run and ended and since is None:  # what lies before ``since`` was not looked at
            self.store.save_cursor(self.host.id, ended)
            news.seen()
        return tally.report(
            pending=0 if dry_run else self.store.waiting(self.host.id),
            complete=ended is not None,
            outputs=self.setup.outputs,
        )

    def terms(self) -> Terms:
        """What is the same for every visit decided now."""
        return Terms(
            now=self.host.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            draft=self.setup.draft or not self.capabilities.finished_is_done,
            billing_npi=self.setup.clinic.npi,
            solo=self.setup.clinic.solo,
            rulebook=self.setup.book.digest,
            clinic=self.setup.clinic.digest,
            check=self.setup.check,
        )

    def resume(self, batch: Batch, outbox: Outbox) -> None:
        """Finish what an earlier run decided and did not write.

        It is decided again first: the record, or the patient's wish not to tell the plan, may have changed since. What
        the host cannot take stays where it is, as drafts.
        """
        for groups in outbox.left():
            if not self.capabilities.takes_claims():
                self.redo(batch, outbox, outbox.write_as_decided(groups))
                return
            approved = {group.encounter for group in groups if approves(group)}
            records = self.read(batch, [group.encounter for group in groups])
            self.redo(batch, outbox, outbox.commit_and_write(batch.decide(records, again=True, approved=approved)))
            for encounter in sorted({group.encounter for group in groups} - {record.encounter for record in records}):
                batch.tally.problem(f"Encounter/{encounter}: is gone from the host; its claim stays in the outbox.")

    def _decide_changed(
        self, batch: Batch, outbox: Outbox, since: datetime | None, news: NewAnswers, *, dry_run: bool
    ) -> str | None:
        """Decide every visit that changed, then those that wake for another reason; the cursor reached."""
        cursor = self.host.cursor_at(since) if since else self.store.cursor(self.host.id)
        reached: str | None = None
        wake: set[str] = set()
        answered = news.waking()
        for page in self.host.changes(cursor, self.setup.start):
            for records in chunks_of(page.records, BATCH):
                self.decide(batch, outbox, records, dry_run=dry_run)
                answered.difference_update(record.encounter for record in records)
            if page.touched:
                wake |= self.store.waking(self.host.id, self.by_others(page.touched))
            reached = page.cursor or reached
        wake |= self.woken(incremental=cursor is not None) | answered
        for _ in range(REDO_ROUNDS):
            batch.counted = (batch.counted or set()) | wake
            for ids in chunks_of(sorted(wake), BATCH):
                self.decide(batch, outbox, self.read(batch, ids), dry_run=dry_run)
            # What was decided may have moved others: a late visit takes the place of a later one's authorization.
            moved = set() if dry_run else set(self.store.due(self.host.id, self.host.now()))
            if not moved or moved == wake:
                break
            wake = moved
        return reached

    def by_others(self, touched: Sequence[Touched]) -> list[Touched]:
        """What changed, without our own Claims and Tasks that stand as this program left them: no news of anybody."""
        written = {change.encounter for change in touched if change.encounter and change.reference.startswith(_WRITTEN)}
        rows = self.store.known(self.host.id, written) if written else {}
        ours = {(row.task, row.task_version) for row in rows.values()}
        # The row of a visit that stands on another's claim knows no claim of its own: one that turns up is news.
        ours |= {(row.claim, row.claim_version) for row in rows.values() if _own_key(row)}
        return [change for change in touched if (change.reference, change.version) not in ours]

    def woken(self, *, incremental: bool) -> set[str]:
        """Visits to decide again though the host did not report a change: due, outdated, or on a host without clock."""
        host, setup = self.host.id, self.setup
        wake = set(self.store.due(host, self.host.now()))
        wake.update(self.store.outdated(host, setup.book.digest, setup.clinic.digest))
        if incremental and not self.capabilities.real_last_updated:
            wake.update(self.store.open_holds(host))
        return wake

    def read(self, batch: Batch, encounters: Sequence[str]) -> list[VisitRecord]:
        """The records of visits that ``batch`` decides next."""
        batch.about_to_read(encounters)
        return list(self.host.visits(encounters))

    def decide(self, batch: Batch, outbox: Outbox, records: Sequence[VisitRecord], *, dry_run: bool) -> None:
        """Decide visits and, unless it is a dry run, commit and write them."""
        plans = batch.decide(records)
        if dry_run:
            return
        self.redo(batch, outbox, outbox.commit_and_write(plans))
        self.setup.progress.advance("visits", batch.tally.counts["visits"], None)

    def redo(self, batch: Batch, outbox: Outbox, again: set[str]) -> None:
        """Read and decide visits again whose writes met somebody else's."""
        for _ in range(REDO_ROUNDS):
            if not again:
                return
            plans = batch.decide(self.read(batch, sorted(again)), again=True)
            again = outbox.commit_and_write(plans)
        for encounter in sorted(again):
            batch.tally.problem(f"Encounter/{encounter}: somebody else keeps writing its claim; left for the next run.")

    def would(self, encounter: str) -> Planned | None:
        """What a run would do to one visit now; nothing is remembered or written. None where the host has none."""
        batch = Batch(self.setup, self.capabilities, self.terms(), Tally(dry_run=True))
        planned = batch.decide(list(self.host.visits([encounter])))
        return next((one for one in planned if one.entry.row.encounter == encounter), None)

    # --- what people do ---------------------------------------------------------------------------------------------

    def approve(self, encounters: Sequence[str] | None, seen: Mapping[str, str] = NOT_SHOWN) -> RunReport:
        """Make drafts active: those of these Encounters; None: all.

        Each visit is decided again first: only a draft that still says what would be billed today is let go, and only
        the one that was looked at where ``seen`` says which (decision digest by Encounter id).
        """
        tally = Tally(dry_run=False)
        outbox = Outbox(self.setup, self.capabilities, tally)
        batch = Batch(self.setup, self.capabilities, self.terms(), tally)
        wanted = encounters
        if wanted is None:
            wanted = [row.encounter for row in self.store.rows(self.host.id) if row.draft]
        for ids in chunks_of(wanted, BATCH):
            known = self.store.known(self.host.id, ids)
            drafts = {encounter for encounter in ids if encounter in known and known[encounter].draft}
            unseen = {one for one in drafts & seen.keys() if known[one].digest != seen[one]}
            meant = drafts - unseen
            planned = batch.decide(self.read(batch, sorted(meant)), approved=meant)
            self.redo(batch, outbox, outbox.commit_and_write(planned))
            let_go = {one.entry.row.encounter for one in planned if one.approved}
            for encounter in sorted(set(ids) - let_go):
                why = "there is no draft"
                if encounter in drafts:
                    why = _REPLACED if encounter in unseen else "what would be billed has changed"
                tally.problem(f"Encounter/{encounter}: not approved, {why}.")
        pending = self.store.waiting(self.host.id)
        return tally.report(pending=pending, complete=True, outputs=self.setup.outputs)

    def rule(self, encounter: str, ruling: Ruling) -> None:
        """Remember what a person decided of a visit; the next run decides it again.

        Raises HostError where no run has seen the visit, and where another one bills it, which has to be decided.
        """
        self.may_rule(encounter, ruling.kind)
        self.store.rule(self.host.id, encounter, ruling)

    def may_rule(self, encounter: str, kind: RulingKind) -> None:
        """Whether a person may decide so of this visit; raises HostError as ``rule`` does."""
        known = self.store.known(self.host.id, [encounter]).get(encounter)
        if known is None:
            raise HostError(f"Encounter/{encounter}: no run has seen this visit.", "Run first, then decide it.")
        first = self._first_of_day(known) if kind is RulingKind.BILL else None
        if first is not None:
            what = f"Encounter/{encounter}: is billed with Encounter/{first} of the same day."
            raise HostError(what, f"Decide Encounter/{first}.")

    def _first_of_day(self, row: VisitRow) -> str | None:
        """Encounter id of the visit on whose claim this one stands; None where it stands on its own."""
        if _own_key(row) or row.patient is None or row.date is None:
            return None
        others = self.store.known(self.host.id, self.store.same_day(self.host.id, [(row.patient, row.date)]))
        return next(
            (one.encounter for one in others.values() if one.claim_key == row.claim_key and _own_key(one)), None
        )


def _own_key(row: VisitRow) -> bool:
    return row.claim_key == claim_key(row.host, row.encounter, row.revision)


_T = TypeVar("_T")


def chunks_of(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The items, so many at a time."""
    chunk: list[_T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
