"""Which papers does the payer want for the visit, by its answer or its policy, and are they on file?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from massage_billing.coding.day import Policy
from massage_billing.coding.paper_fits import LABELS, Asked, judge, preferred, validity
from massage_billing.coding.policy_terms import PaperTerm
from massage_billing.model import Benefits, Paper, PaperKind, Reason
from massage_billing.previsit.terms import Eligibility

_TOLD_BY_ANSWER: Final = "-"
"""``PaperTerm.source`` of a paper that the payer's answer asks for."""
_KINDS: Final = (PaperKind.AUTHORIZATION, PaperKind.REFERRAL, PaperKind.ORDER, PaperKind.PLAN_OF_CARE)


@dataclass(frozen=True, slots=True)
class Desk:
    """What is looked at: the papers on file, and who wants which."""

    papers: tuple[Paper, ...]
    """Papers of the patient for this payer or any, merged (``paper_fits.merged``)."""
    policy: Policy | None
    """The payer's policy of the day."""
    benefits: Benefits | None
    """What the payer answered."""
    asked: Asked
    """Date, planned codes, what other visits used."""
    booked: int = 0
    """Appointments before this one."""

    @property
    def terms(self) -> dict[PaperKind, PaperTerm]:
        """What the payer's policy wants of each kind of paper."""
        return {term.kind: term for term in self.policy.terms.papers} if self.policy is not None else {}


def reasons(desk: Desk, first_visit: bool | None, terms: Eligibility) -> Iterator[Reason]:
    """What is missing, does not serve, is due, or is on file as it should be."""
    for kind in _KINDS:
        wanted = _wanted(kind, desk)
        if wanted is not None:
            yield _judged(kind, *wanted, desk, terms)
    yield from _report(desk, terms)
    if desk.benefits is not None and not _told(desk):
        id = "authorization-not-said-again" if first_visit is False else "authorization-not-said"
        yield terms.reason(id)


def authorization(desk: Desk) -> Paper | None:
    """The authorization on file that serves, whether or not one is wanted, with the days it holds; None: none does."""
    term = desk.terms.get(PaperKind.AUTHORIZATION) or PaperTerm(kind=PaperKind.AUTHORIZATION, source=_TOLD_BY_ANSWER)
    tries = sorted((paper for paper in desk.papers if paper.kind is PaperKind.AUTHORIZATION), key=preferred)
    serves = next((paper for paper in tries if not judge(paper, term, desk.asked).case), None)
    if serves is None:
        return None
    start, end = validity(serves, term)
    return replace(serves, start=start, end=end)


def _told(desk: Desk) -> bool:
    """Whether somebody says whether an authorization is needed for what is planned."""
    said = dict(desk.benefits.authorization) if desk.benefits is not None else {}
    codes = desk.asked.billed
    by_code = bool(codes) and all(code in said for code in codes)
    by_service = any(key not in codes for key in said)
    by_policy = PaperKind.AUTHORIZATION in desk.terms
    return by_code or by_service or by_policy or True in said.values()


def _wanted(kind: PaperKind, desk: Desk) -> tuple[PaperTerm, str] | None:
    """What is wanted of a kind of paper, and who says so; None where nobody wants it."""
    term, benefits = desk.terms.get(kind), desk.benefits
    if benefits is not None:
        needed = _authorized(benefits, desk) if kind is PaperKind.AUTHORIZATION else []
        if needed or (kind is PaperKind.REFERRAL and benefits.referral):
            codes = f" for {', '.join(needed)}" if needed else ""
            return term or PaperTerm(kind=kind, source=_TOLD_BY_ANSWER), f"The payer wants it{codes}"
        if kind in unwanted(desk):
            return None
    if term is None or not _applies(term, desk):
        return None
    assert desk.policy is not None  # noqa: S101
    return term, f"The policy {desk.policy.name} wants it"


def _authorized(benefits: Benefits, desk: Desk) -> list[str]:
    """Codes, else service types, for which the payer wants an authorization; what it says of a code comes first."""
    said, codes = dict(benefits.authorization), desk.asked.billed
    by_code = [code for code in codes if said.get(code)]
    if by_code or (codes and all(code in said for code in codes)):
        return by_code
    return [key for key, yes in said.items() if yes and key not in codes]


def unwanted(desk: Desk) -> frozenset[PaperKind]:
    """Kinds of papers of which the payer answered that it wants none: it outranks the policy, and none binds."""
    if desk.benefits is None:
        return frozenset()
    kinds = {PaperKind.REFERRAL} if desk.benefits.referral is False else set()
    said, codes = dict(desk.benefits.authorization), desk.asked.billed
    surely = any(key not in codes for key in said) or (bool(said) and all(code in said for code in codes))
    if surely and not _authorized(desk.benefits, desk):
        kinds.add(PaperKind.AUTHORIZATION)
    return frozenset(kinds)


def binding(desk: Desk) -> tuple[Paper, ...]:
    """Papers that can be used up: of kinds that somebody wants, and authorizations unless the payer wants none. One on
    file that nobody asks for keeps no visit from being paid."""
    kinds = {kind for kind in _KINDS if _wanted(kind, desk) is not None} | {PaperKind.AUTHORIZATION} - unwanted(desk)
    return tuple(paper for paper in desk.papers if paper.kind in kinds)


def _applies(term: PaperTerm, desk: Desk) -> bool:
    """Whether a term of the policy is about this visit: its codes, and from which visit on.

    Which visit it is, is counted as far as it is counted in billing; where nobody counts, it is taken for wanted.
    """
    codes = desk.asked.billed
    if term.codes and codes and not any(code in term.codes for code in codes):
        return False
    if term.from_visit <= 1:
        return True
    of = [use for use in desk.asked.elsewhere.uses if use.paper.startswith(("injury:", "year:"))]
    used = max((use.visits + use.reserved_visits for use in of), default=0)
    return not desk.asked.elsewhere.counted or used + desk.booked + 1 >= term.from_visit


def _judged(kind: PaperKind, term: PaperTerm, who: str, desk: Desk, terms: Eligibility) -> Reason:
    source = desk.policy.sources.get(term.source, "") if desk.policy is not None else ""
    label = LABELS[kind]
    tries = sorted((paper for paper in desk.papers if paper.kind is kind), key=preferred)
    if not tries:
        return terms.reason(f"{kind.value}-missing", f"{who}: {label}. None is on file.", source=source)
    judged = [judge(paper, term, desk.asked) for paper in tries]
    serves = next((one for one in judged if not one.case), None)
    if serves is None:
        best = max(judged, key=lambda one: one.rank)
        message = f"{who}. {best.paper.source}: the {label} {best.why}."
        return terms.reason(f"{kind.value}-unfit", message, about=best.paper.source, source=source)
    if serves.undated:
        message = f"{serves.paper.source}: nothing says since when and until when the {label} holds."
        return terms.reason("paper-undated", message, about=serves.paper.source, source=source)
    message = f"{who}; {serves.paper.source} is on file."
    return terms.reason("paper-on-file", message, about=serves.paper.source, source=source)


def _report(desk: Desk, terms: Eligibility) -> Iterator[Reason]:
    """A report of progress that is due by the day of the visit."""
    term = desk.terms.get(PaperKind.PROGRESS_REPORT)
    if term is None or desk.policy is None:
        return
    on = desk.asked.on
    made = [p for p in desk.papers if p.kind is PaperKind.PROGRESS_REPORT and p.start is not None and p.start <= on]
    last = max(made, key=lambda paper: (paper.start or on, paper.source), default=None)
    if last is None:
        uses = [use for use in desk.asked.elsewhere.uses if use.paper.startswith(("injury:", "progress-report:"))]
        before = max((use.visits + use.reserved_visits for use in uses), default=0)
        since = min((use.first for use in uses if use.first is not None), default=None)
    else:
        use = desk.asked.used(last.key)
        before, since = last.visits_used + use.visits + use.reserved_visits, last.start
    before += desk.booked
    many = term.every_visits is not None and before >= term.every_visits
    late = term.every_days is not None and since is not None and (on - since).days > term.every_days
    if many or late:
        told = f"at least {before} visits" if many else f"{(on - since).days} days" if since else ""
        message = f"The policy {desk.policy.name} wants a report of progress again: {told} since the last one."
        about = last.source if last is not None else None
        yield terms.reason("progress-report-due", message, about=about, source=desk.policy.sources.get(term.source, ""))


def of_patient(papers: Sequence[Paper], patient: str | None, payer: str | None) -> list[Paper]:
    """Papers of a patient that are for a payer or for any."""
    return [one for one in papers if one.patient in (None, patient) and one.payer in (None, payer)]
