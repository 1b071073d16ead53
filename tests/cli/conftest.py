"""A fake Program behind the command line, a clinic's settings on disk, and a way to call the command as a user does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol

import pytest

from massage_billing.cli import main, shell
from massage_billing.errors import HostNotFound
from massage_billing.model import ClaimLine, Decision, Outcome, Ruling, Therapist, Visit
from massage_billing.ports import Capabilities, Forgotten, VisitRecord, VisitRow, VisitState
from massage_billing.program import HostCheck
from massage_billing.run.report import RunReport, VisitLine

SETTINGS = """\
clinic:
  name: Cedar Lane Massage
  npi: "1245319599"
  tin: 12-3456789
  payers: payers.yaml
  fees: fees.csv
hosts:
  main:
    kind: fhir
    url: http://127.0.0.1:9/fhir
    zone: America/Los_Angeles
    place_of_service: "11"
    billing: {start: 2026-11-01}
state:
  folder: state
"""
PAYERS = """\
payers:
  - key: blue
    kind: health
    policy: commercial-midpoint
    filing_days: 180
    match: {references: [Organization/9]}
"""
FEES = "code,modifier,payer,from,amount\n97124,,,2026-01-01,35.00\n"

REPORT = RunReport(
    visits=4,
    claims=1,
    claims_created=1,
    holds=1,
    holds_opened=1,
    self_pay=1,
    no_charge=1,
    units=4,
    dollars=Decimal("140.00"),
    self_pay_dollars=Decimal("70.00"),
    held_dollars=Decimal("1035.50"),
    hold_reasons={"member-id": 1},
    outputs=("/srv/out/Claim.ndjson",),
    per_visit=(
        VisitLine("e1", date(2026, 11, 3), "claim", "blue", ("97124 x 4",), "140.00", ""),
        VisitLine("e2", None, "hold", None, (), None, "member-id"),
    ),
)

EXPLAINED: dict[str, object] = {
    "schema": "explain/1",
    "visit": {"encounter": "e1", "date": "2026-11-03", "site": "Location/2"},
    "payer": "blue",
    "coverage": "Coverage/5",
    "policy": "commercial-midpoint",
    "rulebook": {"version": "2026.11", "digest": "ab"},
    "outcome": "hold",
    "lines": [
        {
            "code": "97124",
            "units": 4,
            "minutes": 60,
            "modifiers": ["GP"],
            "charge": "140.00",
            "diagnosis_pointers": [1, 2],
            "procedures": ["p1"],
            "because": [{"rule": "timed-units", "row": "2000-01-01", "in_force_from": "2000-01-01", "source": "CMS"}],
        }
    ],
    "not_billed": [{"code": "97010", "procedure": "p2", "minutes": None, "reason": "bundled", "rule": "status"}],
    "findings": [
        {
            "rule": "coverage-in-force",
            "row": "r",
            "result": "pass",
            "effect": "none",
            "message": "In force.",
            "fix": "",
        },
        {"rule": "release-age", "row": "r", "result": "fail", "effect": "warn", "message": "Old release.", "fix": ""},
        {
            "rule": "member-id",
            "row": "r",
            "result": "no-data",
            "effect": "hold",
            "message": "Coverage/5 has no member id.",
            "fix": "Add it to the Coverage.",
            "who": "front desk",
            "source": "X12",
            "in_force_from": "2012-01-01",
        },
    ],
}


@dataclass
class FakeProgram:
    """Answers what it was given and remembers what it was asked."""

    report: RunReport = REPORT
    stored: list[VisitRow] = field(default_factory=list)
    decision: Decision | None = None
    raises: BaseException | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)
    setup: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(book=SimpleNamespace(of_payers={"cms-total-time"}), told=())
    )

    def run(self, start: date | None = None, since: datetime | None = None, dry_run: bool = False) -> RunReport:
        if self.raises is not None:
            raise self.raises
        self.asked.append(("run", start, since, dry_run))
        return self.report

    def approve(self, encounters: tuple[str, ...] | None) -> RunReport:
        self.asked.append(("approve", encounters))
        return self.report

    def rule(self, encounter: str, ruling: Ruling) -> None:
        self.asked.append(("rule", encounter, ruling))

    def rows(self) -> Iterator[VisitRow]:
        return iter(self.stored)

    def explain(self, encounter: str, policy: str | None = None) -> Iterator[Mapping[str, object]]:
        self.asked.append(("explain", encounter, policy))
        if encounter == "gone":
            raise HostNotFound("Encounter/gone: the host has no such visit.", "Check the id.")
        yield EXPLAINED

    def check_host(self) -> HostCheck:
        can = Capabilities("Test 1.0", frozenset({"Encounter", "Procedure"}), frozenset(), True, False, True)
        return HostCheck("main", can, 12, 40, {"extension": 30, "none": 10}, ("Claims cannot be written.",))

    def forget(self, patient: str) -> Forgotten:
        self.asked.append(("forget", patient))
        return Forgotten(3, 1)

    def purge(self, older_than: datetime) -> int:
        self.asked.append(("purge", older_than))
        return 3

    def visit_and_decision(self, encounter: str) -> tuple[Visit, Decision]:
        visit = Visit("main", encounter, "finished", "Patient/3", date(2026, 11, 3), place_of_service="11")
        return visit, self.decision or self_pay_decision(encounter)

    def record(self, encounter: str) -> VisitRecord:
        patient = {"resourceType": "Patient", "id": "3", "name": [{"given": ["Testa"], "family": "<i>Synthetic</i>"}]}
        therapist = {
            "resourceType": "Practitioner",
            "id": "7",
            "name": [{"given": ["Ria"], "family": "Handley", "suffix": ["LMT"]}],
            "qualification": [{"identifier": [{"value": "MA60123456"}]}],
        }
        return VisitRecord(encounter, {"Patient/3": patient, "Practitioner/7": therapist})


def self_pay_decision(encounter: str) -> Decision:
    line = ClaimLine(
        code="97124",
        units=2,
        minutes=30,
        modifiers=(),
        charge=Decimal("70.00"),
        unit_price=Decimal("35.00"),
        diagnosis_pointers=(1,),
        procedures=("p1",),
        therapist=Therapist("Practitioner/7", "1234567893"),
    )
    return Decision(Outcome.SELF_PAY, encounter, date(2026, 11, 3), (line,), diagnoses=("M54.50",))


def row(encounter: str, outcome: str, amount: str | None = None, **more: object) -> VisitRow:
    state = {"hold": VisitState.HELD, "claim": VisitState.CLAIMED}.get(outcome, VisitState.DONE)
    return VisitRow("main", encounter, "Patient/3", date(2026, 11, 3), state, outcome, amount=amount, **more)  # type: ignore[arg-type]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> FakeProgram:
    """A fake Program, opened instead of a real one; what it was opened on is remembered as ("open", host, what)."""
    fake = FakeProgram()

    @contextmanager
    def open_program(settings: object, host: str | None, what: str) -> Iterator[FakeProgram]:
        fake.asked.append(("open", host, what))
        yield fake

    monkeypatch.setattr(shell, "open_program", open_program)
    return fake


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a clinic's settings in it."""
    for name, text in (("massage-billing.yaml", SETTINGS), ("payers.yaml", PAYERS), ("fees.csv", FEES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASSAGE_BILLING_SETTINGS", raising=False)
    monkeypatch.delenv("MASSAGE_BILLING_STATE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@dataclass(frozen=True)
class Answer:
    """What a call printed and ended with."""

    code: int
    out: str
    err: str


class Call(Protocol):
    """Calls the command line."""

    def __call__(self, *arguments: str) -> Answer: ...


@pytest.fixture
def mb(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Call ``massage-billing`` with these arguments."""

    def call(*arguments: str) -> Answer:
        code = main.run(list(arguments))
        printed = capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    return call
