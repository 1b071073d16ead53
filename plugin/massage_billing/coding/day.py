"""What is in force on one date of service: rows, tables and payer policies, as the steps of billing ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from typing import NamedTuple, TypeVar, cast

from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.regions import RULE as BODY_REGION
from massage_billing.coding.regions import RegionTable
from massage_billing.coding.tables import CodeTable, Icd10Table, LimitTable, PairTable, StatusTable, Table
from massage_billing.coding.tabular import TabularTable
from massage_billing.coding.terms import Row
from massage_billing.errors import NoRuleForDate
from massage_billing.model import Because, Effect, Finding, RulingKind, Who

__all__ = ["Day", "DiagnosesJudged", "DiagnosisFault", "Policy", "RuleRow", "Table"]

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One row of one rule, ready to decide with."""

    rule: str
    """Rule id."""
    id: str
    """Row id: the date it is in force from, with its case before it where it has one ("duplicate@2000-01-01")."""
    start: Date
    """In force from."""
    end: Date | None
    """Last date in force; None is open."""
    terms: Row
    """What the row says."""
    source: str
    """Title, section and link of its source."""
    on_fail: Effect
    """What a failure does."""
    on_no_data: Effect
    """What it does where the record does not say."""
    in_explain: Effect
    """The same in ``explain`` without settings."""
    fix: str
    """What to do about it."""
    who: Who | None
    """Who can do it."""
    person_may: frozenset[RulingKind]
    """What a person may decide in spite of it."""
    passed: Finding
    """The finding where all is well."""
    bypassed: Finding
    """The finding where the question is not asked of a visit."""
    because: Because
    """The row as the reason of a line."""
    withdrawn: bool = False
    """True: the question is no longer asked; both findings are the one that says so."""

    def says(self, model: type[R]) -> R:
        """Its terms as the model of its rule."""
        if not isinstance(self.terms, model):
            raise TypeError(f"{self.rule} {self.id} is not a {model.__name__}")
        return self.terms


@dataclass(frozen=True, slots=True)
class Policy:
    """A payer policy in force on a date."""

    name: str
    """Its name, as payers.yaml writes it."""
    row: RuleRow
    """The row in force."""
    terms: PolicyRow
    """What it says."""
    sources: Mapping[str, str]
    """Text of each of its sources, by key."""


class DiagnosisFault(NamedTuple):
    """Something that is wrong with the diagnoses of a claim."""

    rule: str
    """Rule id."""
    case: str
    """Which row of the rule answers it."""
    message: str
    """What was found."""
    about: str
    """The code, or the two codes."""


class DiagnosesJudged(NamedTuple):
    """What the rules say of the diagnoses of a claim, whoever's they are."""

    faults: tuple[DiagnosisFault, ...]
    """What is wrong; empty where nothing is."""
    passed: tuple[Finding, ...]
    """The findings of the rules that find nothing wrong."""


@dataclass(slots=True)
class Day:
    """What is in force on one date of service."""

    on: Date
    """The date."""
    rows: Mapping[tuple[str, str], RuleRow]
    """Rows in force, by rule and case."""
    policies: Mapping[str, Policy]
    """Policies in force, by name."""
    tables: Mapping[str, Table]
    """Table of each rule that has one."""
    sources: Mapping[str, Mapping[str, str]]
    """Text of each source, by rule and key."""
    known_policies: frozenset[str]
    """Names of all policies of the rulebook that a payer may have, in force or not."""
    asked_of_record: tuple[str, ...]
    """Rules that reading the record answers, in order."""
    record_passed: tuple[Finding, ...]
    """Their findings where all is well."""
    aged: tuple[Finding, ...]
    """Warnings that a release is older than the date; one pass where none is."""
    withdrawn: Mapping[tuple[str, str], Finding]
    """What is said in place of any finding, by rule and row, of a row that is withdrawn; row "" is every row of the
    rule. Empty on nearly every date."""
    withdrawn_policies: Mapping[str, Date]
    """Policies that are withdrawn, and since when."""
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    """Findings already made for a code or pair; the same for every visit of the day."""
    because: dict[tuple[str, str], tuple[Because, ...]] = field(default_factory=dict)
    """Reasons already made, by policy and code."""
    diagnoses: dict[str, DiagnosisFault | None] = field(default_factory=dict)
    """Diagnosis codes already judged: what is wrong with each."""
    diagnosis_sets: dict[tuple[str, ...], DiagnosesJudged] = field(default_factory=dict)
    """Diagnoses of a claim already judged together, in their order."""

    def row(self, rule: str, case: str = "") -> RuleRow:
        """The row of a rule for a case; the general row where no row is for that case. Raises NoRuleForDate."""
        found = self.rows.get((rule, case)) or self.rows.get((rule, ""))
        if found is None:
            raise NoRuleForDate(rule, self.on)
        return found

    def policy(self, name: str) -> Policy:
        """A payer policy. Raises NoRuleForDate where it is known but not in force."""
        found = self.policies.get(name)
        if found is None:
            raise NoRuleForDate(name, self.on)
        return found

    def gone(self, finding: Finding) -> Finding | None:
        """What is said in place of a finding whose rule or row is withdrawn; None where it is not."""
        return self.withdrawn.get((finding.rule, "")) or self.withdrawn.get((finding.rule, finding.row))

    def asks(self, rule: str) -> bool:
        """Whether a question is asked: not where its rule is withdrawn."""
        return (rule, "") not in self.withdrawn

    def still_asked(self, reasons: tuple[Because, ...]) -> tuple[Because, ...]:
        """Reasons of a line without those that are a rule or row that is withdrawn."""
        gone = self.withdrawn
        if not gone:
            return reasons
        return tuple([each for each in reasons if (each.rule, "") not in gone and (each.rule, each.row) not in gone])

    @property
    def codes(self) -> CodeTable:
        """The service codes that are known. Raises NoRuleForDate, as all tables do."""
        return cast(CodeTable, self._table("billable-code"))

    @property
    def statuses(self) -> StatusTable:
        """Medicare fee schedule status by code."""
        return cast(StatusTable, self._table("fee-schedule-status"))

    @property
    def pairs(self) -> PairTable:
        """NCCI pairs by column 1 and column 2."""
        return cast(PairTable, self._table("ncci-pairs"))

    @property
    def limits(self) -> LimitTable:
        """MUE by code."""
        return cast(LimitTable, self._table("mue"))

    @property
    def regions(self) -> RegionTable:
        """Parts of the body by the words and codes that mean them."""
        return cast(RegionTable, self._table(BODY_REGION))

    @property
    def icd10(self) -> Icd10Table:
        """ICD-10-CM."""
        return cast(Icd10Table, self._table("diagnosis-valid"))

    @property
    def tabular(self) -> TabularTable:
        """The notes of ICD-10-CM's tabular list."""
        return cast(TabularTable, self._table("diagnosis-excludes1"))

    def _table(self, rule: str) -> Table:
        table = self.tables.get(rule)
        if table is None:
            raise NoRuleForDate(rule, self.on)
        return table
