"""``claims changes``: what changed against what was sent, and how it goes to the payer, beside what a run then does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from claims_answers import era, paid, status
from claims_clinic import Billed
from massage_billing.cli import main
from massage_billing.coding.policy_terms import CorrectionsTerm
from massage_billing.fhir import names
from massage_billing.ports.ledger import Submission
from massage_billing.remittance.changes import deadline_of
from massage_billing.wiring import open_program
from remittance.records import procedures, shorten, undo

Told = dict[str, Any]


@pytest.fixture
def changes(clinic: Billed, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Told]:
    """What ``claims changes --json`` says of one claim."""

    def call(named: str) -> Told:
        assert main.run(["claims", "changes", named, "--json", "--settings", str(clinic.file)]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        return dict(found)

    return call


def of_one_line(clinic: Billed) -> Submission:
    """A claim of one line and one visit, whose minutes can be made fewer."""
    claims = clinic.sent()
    for one in claims:
        alone = sum((each.patient, each.date) == (one.patient, one.date) for each in claims) == 1
        if len(one.lines) == 1 and one.lines[0].units >= 3 and one.payer != "state-fund" and alone:
            if len(procedures(clinic, one)) == 1:
                return one
    raise AssertionError("there is none")


def test_nothing_changed(clinic: Billed, changes: Callable[[str], Told]) -> None:
    told = changes(of_one_line(clinic).key)
    assert (told["schema"], told["way"], told["changed"]) == ("claim-changes/1", "nothing", False)
    assert told["lines"][0]["sent"] == told["lines"][0]["on_host"] == told["lines"][0]["now"]


def test_sent_and_unanswered_is_held(clinic: Billed, changes: Callable[[str], Told]) -> None:
    one = of_one_line(clinic)
    shorten(clinic, one)
    told = changes(f"Encounter/{one.encounter}")
    assert (told["way"], told["changed"]) == ("held", True)
    assert told["holds"][0][0] == "claim-state"
    assert (told["lines"][0]["now"]["units"], told["lines"][0]["sent"]["units"]) == ("2", str(one.lines[0].units))


@pytest.mark.parametrize(
    ("answer", "change", "way"),
    [
        ("paid", shorten, "replacement"),
        ("paid", undo, "void"),
        ("rejected", shorten, "new original"),
        ("rejected", undo, "withdraw"),
        ("dropped", shorten, "update"),
        ("dropped", undo, "withdraw"),
    ],
)
def test_how_it_goes_is_what_the_run_does(
    clinic: Billed, changes: Callable[[str], Told], answer: str, change: Callable[[Billed, Submission], None], way: str
) -> None:
    one = of_one_line(clinic)
    if answer == "paid":
        clinic.receive(era(paid(one)))
    elif answer == "rejected":
        clinic.receive(status(1, (one.key, "A3:21", "")))
    else:
        with clinic.ledger() as ledger:
            ledger.drop_batch("clinic", one.batch, "ana", "never sent")
    change(clinic, one)
    told = changes(one.key)
    assert (told["way"], told["changed"]) == (way, True), told
    before = clinic.resources("Claim")
    clinic.run()
    after = clinic.resources("Claim")
    new = [body for id, body in after.items() if id not in before]
    frequency = [
        each["valueCode"]
        for body in new
        for each in body["extension"]
        if each["url"] == names.EXT_CLAIM_FREQUENCY
    ]  # fmt: skip
    if way in ("replacement", "void"):
        assert frequency == ["7" if way == "replacement" else "8"]
    else:
        assert frequency == []
        assert len(new) == (way == "new original")
    old = after[one.claim.removeprefix("Claim/")]["status"]
    assert old == ("cancelled" if way in ("withdraw", "new original") else "active")


def test_the_page_says_it_in_words(clinic: Billed, capsys: pytest.CaptureFixture[str]) -> None:
    one = of_one_line(clinic)
    clinic.receive(era(paid(one)))
    shorten(clinic, one)
    assert main.run(["claims", "changes", one.key, "--settings", str(clinic.file)]) == 0
    out = capsys.readouterr().out
    assert "replacement (frequency 7)" in out
    assert "is not known; its policy does not say" in out
    assert main.run(["claims", "changes", "MBNONE", "--settings", str(clinic.file)]) == 4


DAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    ("counted", "answered", "today", "until", "late"),
    [
        ("service", None, DAY + timedelta(days=90), DAY + timedelta(days=90), False),
        ("service", None, DAY + timedelta(days=91), DAY + timedelta(days=90), True),
        ("answer", DAY + timedelta(days=10), DAY + timedelta(days=100), DAY + timedelta(days=100), False),
        ("answer", None, DAY, None, None),
    ],
)
def test_until_when_it_is_taken(
    counted: str, answered: date | None, today: date, until: date | None, late: bool | None
) -> None:
    term = CorrectionsTerm.model_validate({"days": 90, "counted_from": counted, "source": "m"})
    found = deadline_of(term, "a manual", DAY, answered, today)
    assert (found and (found.until, found.late)) == (None if until is None else (until, late))
    assert deadline_of(None, "", DAY, answered, today) is None


def test_a_policy_s_limit_is_told_and_a_late_correction_pointed_out(
    clinic: Billed, changes: Callable[[str], Told]
) -> None:
    one = of_one_line(clinic)
    clinic.receive(era(paid(one)))
    policies = clinic.folder / "policies"
    policies.mkdir()
    with open_program(clinic.settings) as program:
        name = next(payer.policy for payer in program.setup.clinic.payers if payer.key == one.payer)
    (policies / f"{name}.yaml").write_text(POLICY.replace("NAME", name), encoding="utf-8")
    text = clinic.file.read_text(encoding="utf-8")
    clinic.file.write_text(f"{text}\nrules: {{own_policies: {policies}}}\n", encoding="utf-8")
    told = changes(one.key)
    assert (told["deadline"]["days"], told["deadline"]["late"]) == (1, one.date < date.today() - timedelta(days=1))
    assert "a manual" in told["deadline"]["source"]


POLICY = """\
policy: NAME
plain: A policy of tests.
sources:
  m: {title: a manual, href: "https://plan.example/manual", retrieved: 2026-11-23, grade: official}
last_verified_on: 2026-11-23
values:
  - from: 2026-01-01
    source: m
    unit_method: cms-total-time
    follows_ncci: yes
    follows_mue: yes
    corrections: {days: 1, counted_from: service, source: m}
examples:
  - name: An hour of massage is four units
    on: 2026-11-03
    given: {policy: NAME}
    expect: {outcome: claim, lines: ["97124 x4"]}
"""
