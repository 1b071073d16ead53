"""What is written down while a visit is decided: the findings, and what is not billed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date as Date

from massage_billing.coding.rulebook import Day, RuleRow
from massage_billing.model import Effect, Finding, NotBilled, Result, Ruling, RulingKind, Service

_ALWAYS = frozenset({RulingKind.WRITE_OFF})
"""What a person may decide in spite of any rule."""


_PATIENT = "the patient pays"
_PATIENTS = "The patient pays; no payer's edits are asked."


class Notes:
    """The working paper of one visit: every question that was asked leaves one finding here."""

    __slots__ = ("day", "explaining", "findings", "held", "not_billed", "ruling")

    def __init__(self, day: Day, explaining: bool, ruling: Ruling | None) -> None:
        self.day = day
        self.explaining = explaining
        self.ruling = ruling
        self.findings: list[Finding] = []
        self.not_billed: list[NotBilled] = []
        self.held = False
        """Whether any finding holds the visit."""

    def passed(self, rule: str, case: str = "") -> None:
        """The question was asked and all is well."""
        row = self.day.rows.get((rule, case)) or self.day.row(rule, case)
        self.findings.append(row.passed)

    def passed_by(self, rule: str, message: str, case: str, about: str) -> None:
        """The question was asked and all is well; the message names by what."""
        row = self.day.row(rule, case)
        if row.withdrawn:
            self.findings.append(row.passed)
            return
        told = (row.source, row.start, about)
        self.findings.append(Finding(rule, row.id, Result.PASS, Effect.NONE, message, "", None, *told))

    def bypassed(self, rule: str, message: str = "", case: str = "", about: str | None = None) -> None:
        """The question was not asked, and why."""
        row = self.day.row(rule, case)
        if not message or row.withdrawn:
            self.findings.append(row.bypassed)
            return
        self.findings.append(
            Finding(rule, row.id, Result.BYPASSED, Effect.NONE, message, "", None, row.source, row.start, about)
        )

    def of_patient(self, rule: str) -> None:
        """The question is a payer's, and the patient pays; the finding is made once a day."""
        row, made = self.day.row(rule), self.day.findings
        found = made.get((rule, _PATIENT))
        if found is None:
            found = row.bypassed if row.withdrawn else replace(row.bypassed, message=_PATIENTS)
            made[(rule, _PATIENT)] = found
        self.findings.append(found)

    def waive(self, rules: Collection[str]) -> None:
        """These questions turned out not to matter: what holds because of them holds no more."""
        moot = [f for f in self.findings if f.effect is Effect.HOLD and f.rule in rules]
        for finding in moot:
            self.findings[self.findings.index(finding)] = self.day.row(finding.rule).bypassed
        if moot:
            self.held = any(f.effect is Effect.HOLD for f in self.findings)

    def fail(
        self,
        rule: str,
        message: str,
        case: str = "",
        about: str | None = None,
        entry: tuple[str, Date] | None = None,
        source: str | None = None,
    ) -> Effect:
        """The record breaks the rule; the row says what that does. Returns the effect it has.

        ``entry`` names an entry of a table or a policy (its id and since when) as the row, in place of the rule's own,
        and ``source`` the source of that entry.
        """
        row = self.day.row(rule, case)
        return self._write(row, Result.FAIL, row.on_fail, message, about, entry, source)

    def no_data(
        self, rule: str, message: str, case: str = "", about: str | None = None, source: str | None = None
    ) -> Effect:
        """The record does not say; the row says what that does. Returns the effect it has. ``source``: as in fail."""
        row = self.day.row(rule, case)
        effect = row.in_explain if self.explaining else row.on_no_data
        return self._write(row, Result.NO_DATA, effect, message, about, None, source)

    def leave_off(self, services: list[Service], reason: str, rule: str) -> None:
        """These services are on no line, and why."""
        for s in services:
            self.not_billed.append(NotBilled(s.code, s.procedure, s.minutes, reason, rule))

    def settled(self) -> tuple[Finding, ...]:
        """Every finding; of a rule that is withdrawn only the one that says so."""
        day = self.day
        if not day.withdrawn:
            return tuple(self.findings)
        found: list[Finding] = []
        told: set[int] = set()
        for finding in self.findings:
            gone = day.gone(finding)
            if gone is None:
                found.append(finding)
            elif id(gone) not in told:  # one object a rule, or a row, of the day
                told.add(id(gone))
                found.append(gone)
        return tuple(found)

    def asked(self, rule: str) -> bool:
        """Whether a question is asked on the date: not where its rule is withdrawn."""
        return self.day.asks(rule)

    def _write(
        self,
        row: RuleRow,
        result: Result,
        effect: Effect,
        message: str,
        about: str | None,
        entry: tuple[str, Date] | None = None,
        source: str | None = None,
    ) -> Effect:
        if row.withdrawn:
            self.findings.append(row.bypassed)
            return Effect.NONE
        ruling = self.ruling
        if effect is Effect.HOLD and ruling is not None and ruling.kind in row.person_may | _ALWAYS:
            result, effect = Result.BYPASSED, Effect.WARN
            day = ruling.at.date().isoformat()
            message = f"{message} A person decided on {day}: {ruling.kind.value}."
        if effect is Effect.HOLD:
            self.held = True
        row_id, since = entry or (row.id, row.start)
        self.findings.append(
            Finding(row.rule, row_id, result, effect, message, row.fix, row.who, source or row.source, since, about)
        )
        return effect
