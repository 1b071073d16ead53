"""Is every paper on file that the payer wants: order, referral, authorization, plan of care, progress report?

Only what the payer's policy asks for is asked. Visits and units are used up in order of date of service; what other
visits used is handed in (``Elsewhere.uses``) and told as "at least", for other clinics are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from massage_billing.coding import accident_facts
from massage_billing.coding.coverage import Payment
from massage_billing.coding.notes import Notes
from massage_billing.coding.paper_fits import LABELS, USED_UP, Asked, Judged, judge, merged, preferred
from massage_billing.coding.policy_terms import PaperTerm
from massage_billing.coding.remember import Remembered
from massage_billing.coding.rulebook import Policy
from massage_billing.model import (
    Accident,
    ClaimLine,
    Clinic,
    Effect,
    Elsewhere,
    Paper,
    PaperKind,
    PaperNeed,
    Service,
    Visit,
)

RULES: Final[Mapping[PaperKind, str]] = {
    PaperKind.ORDER: "order-on-file", PaperKind.REFERRAL: "referral-on-file",
    PaperKind.AUTHORIZATION: "authorization-on-file", PaperKind.PLAN_OF_CARE: "plan-of-care",
    PaperKind.PROGRESS_REPORT: "progress-report",
}  # fmt: skip
"""The rule that answers for each kind."""
Filed = tuple[tuple[PaperNeed, ...], Accident | None]
"""What the visit uses of papers, and what is known of the accident."""
NOTHING_ASKED: Final[Filed] = ((), None)
"""The payer wants no paper."""


def _by_patient(papers: tuple[Paper, ...]) -> dict[str | None, list[Paper]]:
    found: dict[str | None, list[Paper]] = {}
    for paper in papers:
        found.setdefault(paper.patient, []).append(paper)
    return found


_of_patient = Remembered(_by_patient)


def check(
    visit: Visit,
    done: Sequence[Service],
    lines: Sequence[ClaimLine],
    payment: Payment,
    policy: Policy,
    elsewhere: Elsewhere,
    clinic: Clinic,
    notes: Notes,
) -> Filed:
    """Ask for every paper of the payer's policy; what the visit uses of them, held or billed."""
    terms = policy.terms
    told = visit.accident is not None and bool(clinic.papers)
    if payment.self_pay or not (terms.papers or terms.accident or told) or not (lines or notes.held):
        return NOTHING_ASKED
    own = _of_patient(clinic.papers).get(visit.patient, ()) if clinic.papers else ()
    papers = [paper for paper in (*visit.papers, *own) if paper.payer in (None, payment.payer)]
    facts = accident_facts.known(visit, payment, [paper for paper in papers if paper.kind is PaperKind.INJURY])
    billed = {line.code: line.units for line in lines} if lines else {s.code: 0 for s in done if s.code}
    desk = _Desk(Asked(notes.day.on, billed, elsewhere), merged(papers), payment, facts, policy, notes)
    needs = tuple({need.key: need for term in terms.papers for need in desk.ask(term)}.values())
    if terms.accident is not None:
        accident_facts.check(facts, terms.accident, policy, notes)
    return needs, facts.accident


class _Desk:
    """One visit's papers, on the desk."""

    def __init__(
        self,
        asked: Asked,
        papers: list[Paper],
        payment: Payment,
        facts: accident_facts.Facts,
        policy: Policy,
        notes: Notes,
    ) -> None:
        self.asked, self.papers, self.facts, self.policy, self.notes = asked, papers, facts, policy, notes
        self.payer = payment.payer or ""
        self.counted = asked.elsewhere.counted

    def ask(self, term: PaperTerm) -> Iterator[PaperNeed]:
        """Ask for one paper; leaves its findings and gives what the visit uses."""
        rule = RULES[term.kind]
        if term.codes and not any(code in term.codes for code in self.asked.billed):
            self.notes.bypassed(rule, f"{self.policy.name} wants it only for {', '.join(term.codes)}.")
            return
        tries = sorted((paper for paper in self.papers if paper.kind is term.kind), key=preferred)
        if term.from_visit > 1:
            key, before = self._counter(term, tries)
            yield PaperNeed(key)
            if before + 1 < term.from_visit:
                self._not_yet(rule, term, before)
                return
        yield from self._report(term, tries) if term.kind is PaperKind.PROGRESS_REPORT else self._paper(term, tries)

    def _counter(self, term: PaperTerm, tries: list[Paper]) -> tuple[str, int]:
        """Under which name visits are counted for a term, and how many there were before this one."""
        before = 0
        if term.counted_over == "year":
            key = f"year:{self.payer}:{self.asked.on.year}"
        elif term.counted_over == "paper" and tries:
            key, before = tries[0].key, tries[0].visits_used
        else:
            key, before = f"injury:{self.payer}:{self.facts.number or ''}", self.facts.visits_before
        use = self.asked.used(key)
        return key, before + use.visits + use.reserved_visits

    def _not_yet(self, rule: str, term: PaperTerm, before: int) -> None:
        if self.counted:
            wanted = f"{self.policy.name} wants it from visit {term.from_visit} on"
            self.notes.bypassed(rule, f"{wanted}; this is at least visit {before + 1}.")
            return
        message = f"It is wanted from visit {term.from_visit} on; which visit this is was not counted here."
        self.notes.no_data(rule, message, "uncounted", source=self._source(term))

    def _paper(self, term: PaperTerm, tries: list[Paper]) -> Iterator[PaperNeed]:
        rule, label = RULES[term.kind], LABELS[term.kind]
        if not tries:
            message = f"{self.policy.name} wants {'an' if label[0] in 'ao' else 'a'} {label}; none is on file."
            self.notes.no_data(rule, message, "missing", source=self._source(term))
            return
        judged = [judge(paper, term, self.asked) for paper in tries]
        serves = next((one for one in judged if not one.case), None)
        if serves is not None:
            self._serves(rule, serves, term)
            yield PaperNeed(serves.paper.key, serves.units, paper=serves.paper, on_claim=term.number_on_claim)
            return
        best = max(judged, key=lambda one: one.rank)
        message = f"{best.paper.source}: the {label} {best.why}."
        effect = self.notes.fail(rule, message, best.case, best.paper.source, source=self._source(term))
        lacking = [one for one in judged if one.case in USED_UP and one is not best]
        yield from (PaperNeed(one.paper.key, one.units, lacking=True) for one in lacking)
        if effect is not Effect.HOLD or best.case in USED_UP or best.case == "number":
            short = effect is Effect.HOLD and best.case in USED_UP
            yield PaperNeed(best.paper.key, best.units, short, None if short else best.paper, term.number_on_claim)

    def _serves(self, rule: str, one: Judged, term: PaperTerm) -> None:
        source = one.paper.source
        if one.undated:
            message = f"{source}: neither it nor the payer's policy says since when and until when it holds."
            self.notes.no_data(rule, message, "undated", source, source=self._source(term))
        elif one.limited and not self.counted:
            message = f"{source} has a limit; what other visits used of it was not counted here."
            self.notes.no_data(rule, message, "uncounted", source, source=self._source(term))
        else:
            self.notes.passed(rule)

    def _report(self, term: PaperTerm, tries: list[Paper]) -> Iterator[PaperNeed]:
        """A report falls due again after so many visits or days."""
        rule, on = RULES[term.kind], self.asked.on
        made = [paper for paper in tries if paper.start is not None and paper.start <= on]
        last = max(made, key=lambda paper: (paper.start or on, paper.source)) if made else None
        if last is None:
            key, before = self._counter(term, [])
            since, of = self.asked.used(key).first or self.facts.since, "the first visit"
        else:
            key, since, of = last.key, last.start, last.source
            use = self.asked.used(key)
            before = last.visits_used + use.visits + use.reserved_visits
        yield PaperNeed(key)
        late = term.every_days is not None and since is not None and (on - since).days > term.every_days
        many = term.every_visits is not None and before >= term.every_visits
        if late or many:
            told = f"at least {before} visits" if many else f"{(on - since).days} days" if since else ""
            message = f"{self.policy.name} wants a report of progress again: {told} since {of}."
            self.notes.fail(rule, message, "due", None if last is None else last.source, source=self._source(term))
        elif not self.counted:
            message = "Whether a report of progress is due was not counted here."
            self.notes.no_data(rule, message, "uncounted", source=self._source(term))
        else:
            self.notes.passed(rule)

    def _source(self, term: PaperTerm) -> str | None:
        return self.policy.sources.get(term.source)
