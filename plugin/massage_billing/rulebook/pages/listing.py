"""The rules and policies as a list: the question, since when, how sure; by code, by policy, by date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date

from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.rule_rows import POLICY, in_force
from massage_billing.coding.rulebook import Rulebook
from massage_billing.coding.rulefile import PolicyText, RuleText
from massage_billing.rulebook.pages.tables import has_code

_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "unit_method": ("timed-units",),
    "follows_ncci": ("ncci-pairs",),
    "keep": ("ncci-pairs",),
    "follows_mue": ("mue",),
    "pays_bundled": ("fee-schedule-status", "mue"),
    "excludes": ("payer-pays",),
    "therapy_modifier": ("therapy-modifier",),
    "line_modifiers": ("modifiers",),
    "daily_caps": ("daily-cap",),
    "payment_caps": ("daily-payment-cap",),
    "scope": ("scope-of-practice",),
    "unknown": ("policy-silent",),
    "filing_days": ("filing-limit",),
    "accident": ("accident-facts",),
    "diagnoses": ("diagnosis-covered",),
}
"""The rules that ask what a policy says; papers name theirs themselves ("order" is asked by order-on-file)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule or policy in the list."""

    id: str
    """Rule id or policy name."""
    kind: str
    """"rule" or "payer policy"."""
    question: str
    """The question; of a policy the plain sentence."""
    since: Date
    """First date it answers for."""
    state: str
    """On the date asked for: "in force", "not yet", "ended", "withdrawn"."""
    rows: int
    """Dated rows."""
    examples: int
    """Worked cases."""
    verified: Date
    """When somebody last compared it with its sources."""
    grades: tuple[str, ...]
    """How sure its sources are, each once."""
    on_fail: str
    """Its usual effect; "" for a policy."""


def entries(book: Rulebook, on: Date, code: str | None = None, policy: str | None = None) -> Iterator[Entry]:
    """Every rule and policy; those that name a code, or the policy and the rules that ask what it says."""
    wanted = None if policy is None else asked_of(book, policy) | {policy}
    for name in (*sorted(book.rules), *sorted(book.policies)):
        text: RuleText | PolicyText = book.rules[name] if name in book.rules else book.policies[name]
        if (wanted is None or name in wanted) and (code is None or _names(book, text, name, code, on)):
            yield _entry(book, name, text, on)


def asked_of(book: Rulebook, policy: str) -> frozenset[str]:
    """The rules that ask what a policy says."""
    found: set[str] = set()
    for row in book.policies[policy].values:
        for name, field in PolicyRow.model_fields.items():
            if field.is_required() or getattr(row, name) != field.get_default():
                found |= set(_ANSWERS.get(name, ()))
        for paper in row.papers:
            found |= {rule for rule in book.rules if rule.startswith(f"{paper.kind.value}")}
    return frozenset(found & set(book.rules))


def _entry(book: Rulebook, name: str, text: RuleText | PolicyText, on: Date) -> Entry:
    is_rule = isinstance(text, RuleText)
    rule = name if is_rule else POLICY
    mine = [row for row in book.rows if row.rule == rule and (is_rule or row.id.partition("@")[0] == name)]
    held = [row for row in mine if in_force(row, on)]
    if held:
        state = "withdrawn" if all(row.withdrawn for row in held) else "in force"
    else:
        state = "not yet" if all(row.start > on for row in mine) else "ended"
    grades = tuple(dict.fromkeys(source.grade for source in text.sources.values()))
    return Entry(
        name, "rule" if is_rule else "payer policy", text.question if isinstance(text, RuleText) else text.plain,
        min(row.start for row in mine), state, len(mine), len(text.examples), text.last_verified_on, grades,
        text.on_fail.value if isinstance(text, RuleText) else "",
    )  # fmt: skip


def _names(book: Rulebook, text: RuleText | PolicyText, name: str, code: str, on: Date) -> bool:
    """Whether a rule's values, its cases or its table in force on the date have a code."""
    if any(row.case == code.lower() or _within(row.model_dump(), code) for row in text.values):
        return True
    return name in book.rules and has_code(book, name, code, on)


def _within(value: object, code: str) -> bool:
    if isinstance(value, Mapping):
        return any(_within(one, code) for one in (*value.keys(), *value.values()))
    if isinstance(value, list | tuple):
        return any(_within(one, code) for one in value)
    return value == code
