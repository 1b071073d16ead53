"""Denials that repeat, and what they say of a payer that its policy does not say yet. Pure.

A proposal rests on what payers did, never on a guess: a code is proposed as not paid only where it was never paid, a
kind of provider only where every therapist's kind is on record, a limit on units only between the most that was paid
and the least that was denied. A modifier is never proposed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal
from typing import Final, Literal

from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.model import PaperKind
from massage_billing.ports.ledger import PaidLine, Submission
from massage_billing.remittance.denials import Denial

Kind = Literal["papers", "daily_caps", "excludes", "scope"]
"""The part of a policy that a proposal adds to."""
_PAPERS: Final[Mapping[str, PaperKind]] = {
    "authorization-on-file": PaperKind.AUTHORIZATION,
    "referral-on-file": PaperKind.REFERRAL,
    "order-on-file": PaperKind.ORDER,
}
"""Rule that should have stopped it → the paper that its payer wants."""
_THERE_AND_UNFIT: Final = frozenset({"39", "183", "198", "284"})
"""Reasons of a paper that was there: refused, by somebody who may not, used up, for something else."""
_NUMBER_MISSING: Final = frozenset({"15"})
"""Reasons that say that the paper's number has to stand on the claim."""
_UNITS: Final = frozenset({"daily-cap", "mue"})
"""Rules that limit the units of a day."""
_NOT_PAID: Final = frozenset({"96"})
"""Reasons of what is paid to nobody."""
_NOT_TO_THIS_KIND: Final = frozenset({"170"})
"""Reasons of what is not paid to this kind of provider."""
_WHY_NOT: Final[Mapping[str, str]] = {
    "modifier": "No modifier is ever proposed; the payer's manual says which it wants.",
    "coding": "The remittance does not say what would have been right.",
    "eligibility": "It is about one patient's coverage; `eligibility run` asks before the visit.",
    "benefit": "It is about one patient's plan; `eligibility run` asks before the visit.",
    "timely": "The remittance does not say how many days there are; write filing_days from the contract.",
    "duplicate": "It says nothing of the payer; look how the claim came to be sent twice.",
    "bundling": "Which codes exclude each other is in the payer's edits; `rules import` loads CMS's.",
    "necessity": "Which diagnoses or records the payer accepts is in its medical policy, not in the remittance.",
    "docs": "It asks for a document; it is no rule of the payer's.",
    "payer": "It went to another payer; correct payers.yaml.",
    "liability": "It is about one accident.",
    "provider": "It is about who is enrolled; keep credentials.csv, and `credentials check` tells.",
    "data": "A field of the claim was missing; the remark says which.",
    "unknown": "The reason is not known here, so nothing can be made of it.",
}
"""Category → why nothing is proposed."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Denials of one payer, code and reason."""

    payer: str
    """Payer key."""
    code: str
    """CPT or HCPCS; "" for claims as a whole."""
    reason: str
    """CARC."""
    rule: str
    """The rule that should have stopped it; "" where none knew."""
    denials: tuple[Denial, ...]
    """The denials, oldest first."""

    @property
    def claims(self) -> int:
        """How many claims."""
        return len({one.row.key for one in self.denials})

    @property
    def dollars(self) -> Decimal:
        """Dollars denied."""
        return sum((one.row.amount for one in self.denials), Decimal(0))

    @property
    def about(self) -> str:
        """In short: "blue, 97124, CO 197 (no authorization)"."""
        first = self.denials[0]
        return f"{self.payer}, {self.code or 'whole claims'}, {first.row.group} {self.reason} ({first.words.plain})"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a pattern says of its payer, as a term of a policy."""

    kind: Kind
    """The part of a policy."""
    patterns: tuple[Pattern, ...]
    """What it rests on."""
    codes: tuple[str, ...]
    """The codes it is about."""
    paper: PaperKind | None = None
    """papers: which."""
    number_on_claim: bool = False
    """papers: its number has to stand on the claim."""
    units: int = 0
    """daily_caps: how many are paid."""
    denied_units: int = 0
    """daily_caps: the fewest that were denied."""
    taxonomies: tuple[str, ...] = ()
    """excludes, scope: of these providers."""

    @property
    def payer(self) -> str:
        """Payer key."""
        return self.patterns[0].payer

    @property
    def since(self) -> Date | None:
        """The first date of service of which it is known; None where no denial has one."""
        return min((one.row.date for each in self.patterns for one in each.denials if one.row.date), default=None)


@dataclass(frozen=True, slots=True)
class NotProposed:
    """A pattern of which nothing can be made, and why."""

    about: str
    """The pattern."""
    claims: int
    """How many claims."""
    dollars: Decimal
    """Dollars denied."""
    why: str
    """Why not, and what else can be done."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the denials."""

    claims: Mapping[str, Submission]
    """Answered claims by key."""
    paid: Sequence[PaidLine]
    """Lines of answers that count."""
    kinds: Mapping[str, Collection[str]] = field(default_factory=dict)
    """NPI → taxonomy codes of a therapist; one who is not in it is not known."""


def patterns(denials: Iterable[Denial], at_least: int) -> tuple[Pattern, ...]:
    """Denials that repeat on so many claims of a payer, the most dollars first."""
    of: dict[tuple[str, str, str, str], list[Denial]] = {}
    for one in denials:
        of.setdefault((one.row.payer, one.row.code, one.row.reason, one.rule), []).append(one)
    found = [Pattern(*key, tuple(some)) for key, some in of.items()]
    often = [one for one in found if one.claims >= at_least]
    return tuple(sorted(often, key=lambda one: (-one.dollars, one.payer, one.code, one.reason)))


def wants_kinds(pattern: Pattern) -> bool:
    """Whether a proposal of it needs to know what kind of providers its therapists are."""
    return pattern.reason in _NOT_TO_THIS_KIND or pattern.rule == "scope-of-practice"


def draft(pattern: Pattern, row: PolicyRow, facts: Facts) -> Draft | str:
    """What a pattern says of its payer that ``row``, its policy of today, does not say; else why there is nothing."""
    if not pattern.code:
        return "It is said of claims as a whole, so that no code is known."
    if pattern.rule in _PAPERS and pattern.reason not in _THERE_AND_UNFIT:
        return _paper(pattern, row, _PAPERS[pattern.rule])
    if pattern.rule in _UNITS:
        return _cap(pattern, row, facts)
    if pattern.reason in _NOT_PAID and pattern.rule == "payer-pays":
        return _excluded(pattern, row, facts)
    if wants_kinds(pattern):
        return _of_kind(pattern, row, facts)
    if pattern.rule in _PAPERS:
        return "The paper was there and did not fit; what is on file of it has to be corrected."
    return _WHY_NOT.get(pattern.denials[0].words.category, "Nothing in a policy answers to it.")


def _paper(pattern: Pattern, row: PolicyRow, kind: PaperKind) -> Draft | str:
    for term in row.papers:
        if term.kind is kind and (not term.codes or pattern.code in term.codes):
            if term.from_visit > 1:
                return f"The policy wants it from visit {term.from_visit} on; ask the payer from which on it is."
            return f"The policy wants the {kind.value} already; such visits are held now, unless a person bills them."
    return Draft("papers", (pattern,), (pattern.code,), paper=kind, number_on_claim=pattern.reason in _NUMBER_MISSING)


def _cap(pattern: Pattern, row: PolicyRow, facts: Facts) -> Draft | str:
    """A limit no higher than what was paid, and under everything that was denied."""
    spots = {(one.row.file, one.row.place, one.row.line) for one in pattern.denials}
    denied: list[Decimal] = []
    paid: list[Decimal] = []
    for line, billed in _lines(pattern, facts):
        cut = (line.file, line.place, line.line) in spots
        if cut:
            denied.append(billed)
        if line.paid > 0 and (not cut or line.units < billed):
            paid.append(line.units)
    if not denied:
        return "It is not known how many units were billed."
    if not paid:
        return f"No line of {pattern.code} was paid, so that it is not known how many units would be."
    most, fewest = int(max(paid)), int(min(denied))
    if most < 1 or most >= fewest:
        return f"{most} units were paid where {fewest} were denied, so that no number parts them."
    if any(pattern.code in cap.codes and cap.units <= most for cap in row.daily_caps):
        return "The policy has such a limit already; lines are lowered to it now."
    return Draft("daily_caps", (pattern,), (pattern.code,), units=most, denied_units=fewest)


def _excluded(pattern: Pattern, row: PolicyRow, facts: Facts) -> Draft | str:
    lines = sum(1 for line, _ in _lines(pattern, facts) if line.paid > 0)
    if lines:
        return f"{pattern.code} was paid too, on {lines} line{'' if lines == 1 else 's'}: it is not excluded as such."
    if any((not one.codes or pattern.code in one.codes) and not one.taxonomies for one in row.excludes):
        return "The policy excludes it already; such visits are the patient's to pay now."
    return Draft("excludes", (pattern,), (pattern.code,))


def _of_kind(pattern: Pattern, row: PolicyRow, facts: Facts) -> Draft | str:
    people = {one.row.therapist for one in pattern.denials}
    if any(not facts.kinds.get(npi) for npi in people):
        return "It is not on record what kind of provider every one of its therapists is."
    kinds = tuple(sorted({kind for npi in people for kind in facts.kinds[npi]}))
    for line, _ in _lines(pattern, facts):
        ours = facts.claims[line.key].lines[line.item - 1]
        others = facts.kinds.get(ours.therapist)
        if line.paid > 0 and (not others or set(others) <= set(kinds)):
            return "It was paid too, to a provider of this kind or of one that is not on record."
    terms = row.scope if pattern.rule == "scope-of-practice" else row.excludes
    for term in terms:
        if (not term.codes or pattern.code in term.codes) and set(kinds) <= set(term.taxonomies):
            return "The policy says so already."
    return Draft(
        "scope" if pattern.rule == "scope-of-practice" else "excludes", (pattern,), (pattern.code,), taxonomies=kinds
    )


def _lines(pattern: Pattern, facts: Facts) -> Iterable[tuple[PaidLine, Decimal]]:
    """Lines of this payer and code that were answered, with the units that were billed."""
    for line in facts.paid:
        ours = facts.claims.get(line.key)
        if ours is None or ours.payer != pattern.payer or not 0 < line.item <= len(ours.lines):
            continue
        if ours.lines[line.item - 1].code == pattern.code:
            yield line, ours.lines[line.item - 1].units


def merged(drafts: Iterable[Draft]) -> tuple[Draft, ...]:
    """Drafts that say the same of several codes, as one."""
    found: dict[tuple[object, ...], Draft] = {}
    for one in drafts:
        key = (one.payer, one.kind, one.paper, one.units, one.denied_units, one.taxonomies)
        had = found.get(key)
        found[key] = one if had is None else Draft(
            one.kind, (*had.patterns, *one.patterns), tuple(sorted({*had.codes, *one.codes})), one.paper,
            had.number_on_claim or one.number_on_claim, one.units, one.denied_units, one.taxonomies,
        )  # fmt: skip
    return tuple(found.values())
