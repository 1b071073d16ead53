"""Counting papers while visits are decided: what others used of a visit's papers, and what it uses itself.

A batch is decided in order of date of service, what was sent first; each decision counts for the next. What was counted
goes with the decision into the store, which counts again in its own transaction (Store.commit): of two processes that
bill the last authorized visit at once, one is given back and decides again. Nothing here is written but what was found
to be sent. A clinic whose payers want no papers pays nothing for this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date as Date

from massage_billing.coding.rulebook import Rulebook
from massage_billing.fhir import names
from massage_billing.fhir.claim_state import ClaimOnHost, Evidence, Sending, evidence_of
from massage_billing.model import Clinic, Decision, Elsewhere, Outcome, PaperCount, PaperUse, UseState, Visit
from massage_billing.model.paper_use import used_before
from massage_billing.ports import Entry, Host, Store, VisitRow
from massage_billing.run.arrange import Case
from massage_billing.run.seen import Seen


def papers_wanted(book: Rulebook, clinic: Clinic) -> bool:
    """Whether any payer of the clinic wants papers, at any date."""
    names_of_policies = {payer.policy for payer in clinic.payers} | ({clinic.policy} - {None})
    return any(
        row.papers for name in names_of_policies if name in book.policies for row in book.policies[str(name)].values
    )


def counted_alone(host: str, store: Store, visit: Visit) -> Elsewhere:
    """What other visits that the store knows used of the papers of one visit's patient: for looking at it alone."""
    if visit.patient is None or visit.date is None:
        return Elsewhere()
    counts = store.paper_counts(host, [visit.patient])
    place = (visit.date, visit.encounter)
    return Elsewhere(uses=tuple(used_before(counts, p, place) for p in sorted({c.paper for c in counts})), counted=True)


class Ledger:
    """What is used of the papers of a batch's patients."""

    def __init__(self, host: Host, store: Store, book: Rulebook, clinic: Clinic, *, dry_run: bool) -> None:
        self._host, self._store, self._dry_run = host, store, dry_run
        self._on = papers_wanted(book, clinic)
        self._counts: dict[str, dict[tuple[str, str], PaperCount]] = {}
        self._sent: set[str] = set()
        self._voidable: set[str] = set()
        self._decided: dict[str, tuple[tuple[PaperCount, ...], tuple[PaperUse, ...]]] = {}

    def open(self, seen: Sequence[Seen], evidence: Mapping[str, Evidence]) -> None:
        """Look up what the store knows of these visits' patients, and which claims were sent."""
        if not self._on:
            return
        self._counts, self._decided = {}, {}
        patients = {one.visit.patient for one in seen} - {None}
        for one in self._store.paper_counts(self._host.id, sorted(str(patient) for patient in patients)):
            self._counts.setdefault(one.patient, {})[one.paper, one.encounter] = one
        self._sent = {one.encounter for one in seen if _was_sent(one.claims, evidence)}
        self._voidable = {one.encounter for one in seen if one.claims and _can_be_voided(one.claims[-1], evidence)}
        self._look_up_later(seen)

    def ordered(self, cases: Sequence[Case]) -> Sequence[Case]:
        """Cases in the order of counting: those whose claim was sent, then by date of service."""
        if not self._on:
            return cases
        for case in cases:
            if case.waiting is None:
                for one in case.members:
                    self._forget_moved(one.visit, joined=one is not case.lead)
        places = [(case.lead.encounter not in self._sent, str(case.visit.date), case.lead.encounter) for case in cases]
        return [case for _, case in sorted(zip(places, cases, strict=True), key=lambda placed: placed[0])]

    def _forget_moved(self, visit: Visit, *, joined: bool) -> None:
        """What a visit used while it was recorded for another patient or date, or (``joined``) had a claim of its own:
        it is decided anew, and counts there no more. What was sent counts whatever its date."""
        if visit.patient is None or visit.date is None:
            return
        for patient, counts in self._counts.items():
            for key in [key for key in counts if key[1] == visit.encounter]:
                elsewhere = joined or counts[key].date != visit.date
                if patient != visit.patient or (elsewhere and visit.encounter not in self._sent):
                    del counts[key]

    def look(self, visit: Visit, elsewhere: Elsewhere) -> Elsewhere:
        """What other visits used, added to what else is known of them."""
        if not self._on:
            return elsewhere
        return replace(elsewhere, uses=self._uses(visit), counted=True)

    def note(self, visit: Visit, decision: Decision) -> None:
        """A visit was decided: what it uses counts for those decided after it."""
        if not self._on or visit.patient is None or visit.date is None:
            return
        counts = self._counts.setdefault(visit.patient, {})
        counted = tuple(self._before(visit, need.key) for need in decision.papers)
        before = tuple(one for (_, encounter), one in counts.items() if encounter == visit.encounter)
        uses = self._used_by(visit, decision, before)
        for one in before:
            del counts[one.paper, one.encounter]
        counts.update({(one.paper, one.encounter): one for one in uses})
        self._decided[visit.encounter] = (uses, () if visit.encounter in self._sent else counted)

    def entry(self, entry: Entry) -> Entry:
        """The entry with what its visit uses and what was counted."""
        found = self._decided.get(entry.row.encounter)
        return entry if found is None else replace(entry, uses=found[0], counted=found[1])

    # --- counting ---------------------------------------------------------------------------------------------------

    def _uses(self, visit: Visit) -> tuple[PaperUse, ...]:
        if visit.patient is None or visit.date is None:
            return ()
        papers = sorted({paper for paper, _ in self._counts.get(visit.patient, {})})
        return tuple(self._before(visit, paper) for paper in papers)

    def _before(self, visit: Visit, paper: str) -> PaperUse:
        assert visit.patient is not None  # noqa: S101
        assert visit.date is not None  # noqa: S101
        counts = self._counts.get(visit.patient, {}).values()
        return used_before(counts, paper, (visit.date, visit.encounter))

    def _used_by(self, visit: Visit, decision: Decision, before: tuple[PaperCount, ...]) -> tuple[PaperCount, ...]:
        """What a visit uses: of a claim that was sent what it used then, whatever is decided now."""
        if visit.encounter in self._sent:
            if visit.encounter in self._voidable and decision.outcome in (Outcome.SELF_PAY, Outcome.NO_CHARGE):
                return ()
            if decision.outcome is not Outcome.CLAIM and before:
                return tuple(replace(one, state=UseState.SENT) for one in before)
            return self._made(visit, decision, UseState.SENT)
        if decision.outcome is Outcome.CLAIM:
            return self._made(visit, decision, UseState.CLAIMED)
        return self._made(visit, decision, UseState.RESERVED) if decision.outcome is Outcome.HOLD else ()

    def _made(self, visit: Visit, decision: Decision, state: UseState) -> tuple[PaperCount, ...]:
        assert visit.patient is not None  # noqa: S101
        assert visit.date is not None  # noqa: S101
        made = []
        for need in decision.papers:
            if need.lacking and state is not UseState.RESERVED:
                continue
            how = UseState.LACKING if need.lacking else state
            made.append(PaperCount(visit.patient, need.key, visit.encounter, visit.date, 1, need.units, how))
        return tuple(made)

    # --- what was sent ----------------------------------------------------------------------------------------------

    def _look_up_later(self, seen: Iterable[Seen]) -> None:
        """Claims of visits outside the batch that come after one in it: an earlier visit may take their place, unless
        they were sent."""
        first: dict[str, tuple[Date, str]] = {}
        mine = set()
        for one in seen:
            mine.add(one.encounter)
            patient, day = one.visit.patient, one.visit.date
            if patient is not None and day is not None:
                first[patient] = min((day, one.encounter), first.get(patient, (day, one.encounter)))
        later = {
            count.encounter
            for patient, place in first.items()
            for count in self._counts.get(patient, {}).values()
            if count.state is UseState.CLAIMED and count.encounter not in mine and count.place > place
        }
        if later:
            rows = self._store.known(self._host.id, later).values()
            standing = {row.encounter: _standing(row) for row in rows if row.claim}
            answers = list(self._host.answers(sorted({claim.reference for claim in standing.values()})))
            evidence = {claim.reference: evidence_of(claim, answers) for claim in standing.values()}
            self._mark({encounter for encounter, claim in standing.items() if _was_sent((claim,), evidence)})

    def _mark(self, sent: set[str]) -> None:
        """What was sent counts whatever its date, now and in the store."""
        for counts in self._counts.values():
            counts.update({key: replace(one, state=UseState.SENT) for key, one in counts.items() if key[1] in sent})
        if sent and not self._dry_run:
            self._store.sent(self._host.id, sorted(sent))


def _was_sent(claims: Sequence[ClaimOnHost], evidence: Mapping[str, Evidence]) -> bool:
    """Whether the claim that stands was sent; a void is as if there were none."""
    if not claims or (claims[-1].correction and claims[-1].correction.voids):
        return False
    found = evidence.get(claims[-1].reference)
    return found is not None and found.state in (Sending.SENT, Sending.ADJUDICATED)


def _can_be_voided(claim: ClaimOnHost, evidence: Mapping[str, Evidence]) -> bool:
    """Whether a claim that is no longer billable is voided at once (DESIGN 17)."""
    found = evidence.get(claim.reference)
    return found is not None and found.state is Sending.ADJUDICATED and found.payer_claim_number is not None


def _standing(row: VisitRow) -> ClaimOnHost:
    """A claim as the store remembers it: enough to tell its answers."""
    resource = {"identifier": [{"system": names.SID_CLAIM_KEY, "value": row.claim_key}]}
    return ClaimOnHost(row.claim or "", row.claim_version, "active", row.revision, row.digest, resource)
