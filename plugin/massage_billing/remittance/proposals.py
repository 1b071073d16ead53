"""Policies drafted from denials that repeat: files for a person to read, ask about, and accept. Pure.

A draft is the payer's policy of today with one more row, dated by the evidence. It is made only where it changes a
decision as it says, and where what stood before decides as before on the day before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal

from massage_billing.coding.example_terms import Example, Given
from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.rulefile import PolicyText, read_policy
from massage_billing.coding.yamltext import Plain, Unquoted
from massage_billing.errors import RuleFileError
from massage_billing.model import Decision, Effect, Outcome, PaperKind, Payer
from massage_billing.remittance.patterns import Draft, Facts, NotProposed, Pattern, draft, merged
from massage_billing.remittance.policy_draft import DraftExample, NewRow, renamed, with_row
from massage_billing.rulebook.examples import Case, cases, decide, differences, line_text

_MINUTES = 15
"""Minutes of a unit in the examples."""
_PLACEHOLDER = "Proposed, to be worked out"
_SHOWN = 12
"""Hexadecimal digits of a file's digest by which it is named."""
_RULES = {"order": "order-on-file", "referral": "referral-on-file", "authorization": "authorization-on-file"}
_KNOWN_NOW = frozenset({"order", "referral", "authorization"})
WithPolicy = Callable[[PolicyText], Rulebook]
"""The rulebook with a policy of the clinic's in it."""


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy as it stands today."""

    text: str
    """Its text."""
    policy: PolicyText
    """The same, read."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One file that is proposed."""

    payer: str
    """Payer key."""
    name: str
    """Name of the policy; the file is NAME.yaml."""
    text: str
    """The file."""
    start: Date
    """From which date of service on."""
    says: tuple[str, ...]
    """What is proposed, in sentences."""
    claims: int
    """How many denied claims it rests on."""
    dollars: Decimal
    """Dollars denied."""
    renames: bool
    """payers.yaml has to name it: the policy of today is other payers' too."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What came of the denials."""

    files: tuple[Proposal, ...]
    """Files that are proposed."""
    left: tuple[NotProposed, ...]
    """Patterns of which nothing was made, and why."""


def propose(
    found: Iterable[Pattern],
    facts: Facts,
    payers: Sequence[Payer],
    policies: Mapping[str, PolicyFile],
    book: WithPolicy,
    today: Date,
) -> Proposals:
    """Draft a policy for every payer whose denials say something that its policy does not. ``policies`` by name."""
    drafts: dict[str, list[Draft]] = {}
    left: list[NotProposed] = []
    named = {one.key: one for one in payers}
    for pattern in found:
        payer = named.get(pattern.payer)
        file = policies.get(payer.policy) if payer else None
        if payer is None or file is None:
            left.append(_left(pattern, "payers.yaml does not name this payer, or its policy is not there."))
            continue
        said = draft(pattern, _latest(file.policy), facts)
        if isinstance(said, str):
            left.append(_left(pattern, said))
        else:
            drafts.setdefault(pattern.payer, []).append(said)
    files: list[Proposal] = []
    for key, some in drafts.items():
        payer = named[key]
        maker = _Maker(payer, policies[payer.policy], payers, book, today)
        made, refused = maker.make(merged(some))
        files += [made] if made else []
        left += [_left(pattern, why) for one, why in refused for pattern in one.patterns]
    return Proposals(tuple(files), tuple(left))


def _latest(policy: PolicyText) -> PolicyRow:
    return max(policy.values, key=lambda one: one.start)


def _left(pattern: Pattern, why: str) -> NotProposed:
    return NotProposed(pattern.about, pattern.claims, pattern.dollars, why)


class _Maker:
    """Makes the file of one payer."""

    def __init__(self, payer: Payer, file: PolicyFile, payers: Sequence[Payer], book: WithPolicy, today: Date) -> None:
        self.payer, self.file, self.book, self.today = payer, file, book, today
        shared = sum(one.policy == payer.policy for one in payers) > 1
        self.name = _word(f"{payer.policy}-{payer.key}") if shared else payer.policy
        self.renames = shared
        self.text = renamed(file.text, payer.policy, self.name) if shared else file.text

    def make(self, drafts: Sequence[Draft]) -> tuple[Proposal | None, list[tuple[Draft, str]]]:
        """The file of those drafts that change a decision as they say, and the others with why not."""
        refused: list[tuple[Draft, str]] = []
        kept = list(drafts)
        if _latest(self.file.policy).withdrawn:
            return None, [(one, "The policy of this payer was withdrawn.") for one in drafts]
        try:
            before = self.book(read_policy(self.text, f"{self.name}.yaml"))
            for one in drafts:
                why = self._fault(one, before)
                if why:
                    kept.remove(one)
                    refused.append((one, why))
            return (self._proposal(kept, before) if kept else None), refused
        except RuleFileError as error:
            return None, [*refused, *((one, f"The policy's file cannot be added to: {error.what}") for one in kept)]

    def _start(self, drafts: Sequence[Draft]) -> Date:
        """The date on which all of it had been seen, after the row of today began, and after every example of the
        policy that says otherwise."""
        start = max(_seen(drafts, self.today), _latest(self.file.policy).start + timedelta(days=1))
        while True:
            after = self._book_with(drafts, start)
            told = [one for one in cases(after) if one.of_policy and one.owner == self.name and one.example.on >= start]
            own = [one for one in told if not one.example.name.startswith(_PLACEHOLDER)]
            against = [one.example.on for one in own if differences(one, decide(one, after))]
            if not against:
                return start
            start = max(against) + timedelta(days=1)

    def _book_with(self, drafts: Sequence[Draft], start: Date) -> Rulebook:
        text = self._text(drafts, start, self._placeholders(start))
        return self.book(read_policy(text, f"{self.name}.yaml"))

    def _fault(self, one: Draft, before: Rulebook) -> str:
        """Why a draft is not proposed after all; "" where it changes its example as promised."""
        start = self._start([one])
        old = self._decided(before, one, start)
        new = self._decided(self._book_with([one], start), one, start)
        return "" if _changes(one, old, new) else "Added to the policy, it does not change what is decided."

    def _proposal(self, drafts: Sequence[Draft], before: Rulebook) -> Proposal:
        start = self._start(drafts)
        after = self._book_with(drafts, start)
        examples = [one for each in drafts for one in self._examples(each, start, before, after)]
        text = self._text(drafts, start, examples)
        read_policy(text, f"{self.name}.yaml")
        every = [pattern for one in drafts for pattern in one.patterns]
        return Proposal(
            self.payer.key, self.name, text, start, tuple(_sentence(one, self.payer.key) for one in drafts),
            len({one.row.key for pattern in every for one in pattern.denials}),
            sum((pattern.dollars for pattern in every), Decimal(0)), self.renames,
        )  # fmt: skip

    # --- the text ---------------------------------------------------------------------------------------------------

    def _text(self, drafts: Sequence[Draft], start: Date, examples: Sequence[DraftExample]) -> str:
        terms: dict[str, list[Plain]] = {}
        for one in drafts:
            terms.setdefault(one.kind, []).append(_term(one, self.payer.key))
        known = frozenset(one.paper.value for one in drafts if one.paper) & _KNOWN_NOW
        new = NewRow(start, (f"denials-{self.today.isoformat()}", self._source(drafts)), terms, known)
        return with_row(self.text, f"{self.name}.yaml", new, examples, self._head(drafts, start))

    def _head(self, drafts: Sequence[Draft], start: Date) -> list[str]:
        accept = [
            f"PROPOSED on {self.today} by `massage-billing denials propose`; not in use.",
            f"Read what it rests on (sources), ask the payer, run `massage-billing rules check {self.name}.yaml`,",
            "then move it into the folder rules.own_policies.",
        ]
        if self.renames:
            accept.append(f"Then write at the payer {self.payer.key} in payers.yaml: policy: {self.name}")
        seen = _seen(drafts, self.today)
        if start > seen:
            accept.append(
                f"It was seen from {seen} on; the row begins later because the policy says otherwise till then."
            )
        return [*accept, *(f"From {start}: {_sentence(one, self.payer.key)}" for one in drafts)]

    def _source(self, drafts: Sequence[Draft]) -> dict[str, Plain]:
        return {
            "title": "Remittances applied by this clinic",
            "section": "; ".join(_evidence(pattern) for one in drafts for pattern in one.patterns),
            "href": f"massage-billing denials report --payer {self.payer.key}",
            "retrieved": Unquoted(self.today.isoformat()),
            "grade": "secondary",
        }

    # --- examples ---------------------------------------------------------------------------------------------------

    def _placeholders(self, start: Date) -> list[DraftExample]:
        """What lets a file be read before its examples are worked out."""
        return [
            DraftExample(f"{_PLACEHOLDER} for {day}", day, {"policy": self.name}, {"outcome": "claim"})
            for day in (start - timedelta(days=1), start)
        ]

    def _given(self, one: Draft, book: Rulebook) -> dict[str, Plain]:
        units = one.denied_units or 4
        given: dict[str, Plain] = {"policy": self.name, "services": [f"{one.codes[0]} {units * _MINUTES}"]}
        if one.taxonomies:
            given["taxonomies"] = list(one.taxonomies)
        if one.codes[0] not in (book.standard_visit.fees or {}):
            given["fees"] = {one.codes[0]: "35.00"}
        return given

    def _decided(self, book: Rulebook, one: Draft, on: Date, more: Mapping[str, Plain] | None = None) -> Decision:
        given = Given.model_validate({**self._given(one, book), **(more or {})})
        example = Example.model_validate({"name": "proposed", "on": on, "given": given, "expect": {}})
        return decide(Case(self.name, example, of_policy=True), book)

    def _examples(self, one: Draft, start: Date, before: Rulebook, after: Rulebook) -> Iterable[DraftExample]:
        """What is decided on the last day without the row and on the first with it; of a paper, with the paper too."""
        eve, what, given = start - timedelta(days=1), _what(one), self._given(one, before)
        yield DraftExample(
            f"Until {eve} nothing is asked of {what}", eve, given, _expected(self._decided(before, one, eve))
        )
        new = self._decided(after, one, start)
        found = _found(one, new)
        yield DraftExample(
            f"From {start} {what} {_becomes(one)}", start, given,
            {**_expected(new), "findings": list(found)} if found else _expected(new),
        )  # fmt: skip
        if one.paper is not None:
            paper: dict[str, Plain] = {
                "kind": one.paper.value, "number": "A1", "visits": Unquoted("12"),
                "from": Unquoted((start - timedelta(days=30)).isoformat()),
                "to": Unquoted((start + timedelta(days=30)).isoformat()),
            }  # fmt: skip
            more: dict[str, Plain] = {"papers": [paper]}
            yield DraftExample(
                f"From {start} {what} with the {one.paper.value} on file is decided as before", start,
                {**given, **more}, _expected(self._decided(after, one, start, more)),
            )  # fmt: skip


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _seen(drafts: Sequence[Draft], today: Date) -> Date:
    """The first date of service by which all of it had been seen."""
    return max((one.since for one in drafts if one.since), default=today)


def _changes(one: Draft, old: Decision, new: Decision) -> bool:
    """Whether the decision is another one by the draft, as the draft says."""
    if one.kind == "daily_caps":
        units = [sum(line.units for line in each.lines if line.code == one.codes[0]) for each in (old, new)]
        return units[0] > units[1] == one.units
    if one.kind == "excludes":
        return new.outcome is Outcome.SELF_PAY and old.outcome is not Outcome.SELF_PAY
    return bool(set(_found(one, new)) - set(_found(one, old)))


def _found(one: Draft, decision: Decision) -> tuple[str, ...]:
    """The findings by which a draft shows, as examples write them."""
    rule = _RULES[one.paper.value] if one.paper else {"daily_caps": "daily-cap", "excludes": "payer-pays"}.get(
        one.kind, "scope-of-practice"
    )  # fmt: skip
    told = (f for f in decision.findings if f.rule == rule and f.effect is not Effect.NONE)
    return tuple(dict.fromkeys(f"{f.rule} {f.result} {f.effect}" for f in told))


def _expected(decision: Decision) -> dict[str, Plain]:
    return {"outcome": decision.outcome.value, "lines": [line_text(line) for line in decision.lines]}


def _term(one: Draft, payer: str) -> dict[str, Plain]:
    codes: list[Plain] = list(one.codes)
    if one.paper is not None:
        number: dict[str, Plain] = {"number_on_claim": Unquoted("yes")} if one.number_on_claim else {}
        return {"kind": one.paper.value, "codes": codes, **number}
    if one.kind == "daily_caps":
        return {"codes": codes, "units": Unquoted(str(one.units)), "per": "code"}
    kinds: dict[str, Plain] = {"taxonomies": list(one.taxonomies)} if one.taxonomies else {}
    if one.kind == "scope":
        return {**kinds, "codes": codes, "note": "denied as not billed by this kind of provider."}
    return {"codes": codes, **kinds, "why": _sentence(one, payer)}


def _what(one: Draft) -> str:
    return f"{' and '.join(one.codes)} at {one.denied_units} units" if one.units else " and ".join(one.codes)


def _becomes(one: Draft) -> str:
    if one.paper is not None:
        return f"without the {one.paper.value} is held"
    if one.kind == "daily_caps":
        return f"is lowered to {one.units}"
    return "is the patient's to pay" if one.kind == "excludes" else "is pointed out"


def _sentence(one: Draft, payer: str) -> str:
    codes = " and ".join(one.codes)
    if one.paper is not None:
        number = ", with its number on the claim" if one.number_on_claim else ""
        article = "a" if one.paper is PaperKind.REFERRAL else "an"
        return f"{payer} wants {article} {one.paper.value} for {codes}{number}."
    if one.kind == "daily_caps":
        return f"{payer} pays at most {one.units} units a day of {codes}."
    kinds = f" by providers of the kind {', '.join(one.taxonomies)}" if one.taxonomies else ""
    return f"{payer} {'does not expect' if one.kind == 'scope' else 'does not pay'} {codes}{kinds}."


def _evidence(pattern: Pattern) -> str:
    """ "CO 197 on 97124: 4 claims, $560.00; files 1a2b… claims 3, 7": which remittances say so, by digest and place."""
    first = pattern.denials[0].row
    places: dict[str, list[int]] = {}
    for one in pattern.denials:
        some = places.setdefault(one.row.file[:_SHOWN], [])
        if one.row.place not in some:
            some.append(one.row.place)
    files = ", ".join(
        f"{file} claim{'s' if len(some) > 1 else ''} {' '.join(map(str, sorted(some)))}"
        for file, some in places.items()
    )
    reason = f"{first.group} {pattern.reason} on {pattern.code}"
    return f"{reason}: {pattern.claims} claims, ${pattern.dollars:,.2f}; files {files}"
