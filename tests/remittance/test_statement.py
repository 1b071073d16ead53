"""Superbills of a month, and statements: what was billed, what payers paid, what the patient owes."""

from __future__ import annotations

import json
import stat
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from claims_answers import denied, era, paid
from claims_clinic import HOST, Billed
from massage_billing.cli import main
from massage_billing.model import ClaimLine, Coverage, CoverageKind, Decision, NotBilled, Outcome, PayerRef
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import VisitRow
from massage_billing.ports.ledger import AdjustmentRow, PaidLine, SentLine, Submission
from massage_billing.remittance.adjudication import adjudications
from massage_billing.settings import ClinicSettings
from massage_billing.statement import Entry, Seen, Sent, Statement, entries_of, page, statement_of

DAY = date(2026, 11, 3)
LABELS = {"97124": "Massage"}
PAYERS = {"blue": "Blue Plan", "green": "Green Plan"}


def line(charge: str = "140.00", code: str = "97124") -> ClaimLine:
    return ClaimLine(code, 4, 60, (), Decimal(charge), Decimal("35.00"), (1,), ("p1",), None)


def decided(outcome: Outcome, **more: object) -> Decision:
    return Decision(outcome, "e1", DAY, (line(),), payer="blue", **more)  # type: ignore[arg-type]


def sent(
    *answers: tuple[str, Sequence[tuple[str, str, str]]],
    payer: str = "blue",
    rank: str = "P",
    standing: ClaimStanding = ClaimStanding.ADJUDICATED,
    frequency: str = "1",
) -> Sent:
    """A claim of 140 dollars; answers are (paid, adjustments)."""
    lines = (SentLine("L1", "97124", (), Decimal(4), Decimal(140), DAY),)
    claim = Submission(f"MB{rank}", HOST, "e1", "Patient/1", payer, "Claim/1", "", rank, frequency, DAY, Decimal(140),
                       lines, standing=standing)  # fmt: skip
    told, rows = [], []
    for place, (dollars, why) in enumerate(answers, 1):
        patient = sum((Decimal(amount) for group, _, amount in why if group == "PR"), Decimal(0))
        for number in (0, 1):
            told.append(PaidLine(claim.key, "f", place, number, number, "1", "97124", (), Decimal(4), Decimal(140),
                                 Decimal(dollars), patient, date(2026, 11, place)))  # fmt: skip
        rows += [
            AdjustmentRow(claim.key, "f", place, 1, payer, "97124", "", DAY, group, reason, (), Decimal(amount))
            for group, reason, amount in why
        ]
    return Sent(claim, adjudications(told, rows).get(claim.key, ()))


def entry(*claims: Sent, decision: Decision | None = None) -> Entry:
    (one,) = entries_of(Seen("e1", DAY, decision or decided(Outcome.CLAIM), claims), LABELS, PAYERS)
    assert one.owed is None or one.charge == one.paid + one.off + one.owed
    return one


def figures(one: Entry) -> tuple[str, str, str, str]:
    return str(one.charge), str(one.paid), str(one.off), "?" if one.owed is None else str(one.owed)


ANSWER = ("90", [("CO", "45", "20"), ("PR", "3", "30")])
SECOND = Coverage("Coverage/2", "active", CoverageKind.HEALTH, PayerRef("Organization/2"))


def test_what_a_plan_decided() -> None:
    one = entry(sent(ANSWER))
    assert figures(one) == ("140", "90", "20", "30")
    assert one.reasons == (("above what was agreed as price", "20.00"), ("copay (yours)", "30.00"))
    assert (one.billed_to, one.state) == ("Blue Plan", "Blue Plan has decided.")


def test_what_a_plan_denied_and_does_not_leave_to_the_patient_is_owed_by_nobody() -> None:
    assert figures(entry(sent(("0", [("CO", "29", "140")])))) == ("140", "0", "140", "0")


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (sent(standing=ClaimStanding.EXPORTED), "has not decided yet"),
        (sent(standing=ClaimStanding.REJECTED), "we are correcting it"),
        (sent(standing=ClaimStanding.ADJUDICATED), "details have not reached us"),
    ],
)
def test_what_no_plan_has_decided_is_not_owed(claim: Sent, said: str) -> None:
    one = entry(claim)
    assert one.owed is None
    assert said in one.state


def test_a_second_plan_has_to_answer_before_something_is_owed() -> None:
    decision = decided(Outcome.CLAIM, secondary=(SECOND,))
    one = entry(sent(ANSWER), decision=decision)
    assert (one.owed, one.paid) == (None, Decimal(90))
    assert "your other plan" in one.state
    both = entry(sent(ANSWER), sent(("25", [("OA", "23", "110"), ("PR", "2", "5")]), payer="green", rank="S"),
                 decision=decision)  # fmt: skip
    assert figures(both) == ("140", "115", "20", "5")
    assert both.billed_to == "Blue Plan and Green Plan"
    assert both.reasons == (
        ("above what was agreed as price", "20.00"), ("copay (left to the other plan)", "30.00"),
        ("coinsurance (yours)", "5.00"),
    )  # fmt: skip


def test_nothing_left_needs_no_second_plan() -> None:
    one = entry(sent(("120", [("CO", "45", "20")])), decision=decided(Outcome.CLAIM, secondary=(SECOND,)))
    assert figures(one) == ("140", "120", "20", "0")


def test_what_no_plan_gets() -> None:
    assert figures(entry(decision=decided(Outcome.SELF_PAY))) == ("140.00", "0", "0", "140.00")
    assert entry(decision=decided(Outcome.HOLD)).owed is None
    assert "being prepared" in entry(decision=decided(Outcome.CLAIM)).state
    nothing = Decision(Outcome.NO_CHARGE, "e1", DAY, not_billed=(NotBilled("97124", "p1", None, "not-done", "r"),))
    assert entries_of(Seen("e1", DAY, nothing), LABELS, PAYERS) == ()
    voided = decided(Outcome.SELF_PAY)
    assert figures(entry(sent(ANSWER, frequency="8"), decision=voided))[3] == "140.00"


def test_what_a_plan_excludes_stands_apart() -> None:
    decision = decided(Outcome.CLAIM, patients=(line("60.00", "97140"),))
    plan, own = entries_of(Seen("e1", DAY, decision, (sent(ANSWER),)), LABELS, PAYERS)
    assert (figures(plan)[3], figures(own), own.billed_to) == ("30", ("60.00", "0", "0", "60.00"), "you")


def statement(*entries: Entry) -> Statement:
    patient = {
        "id": "1", "name": [{"family": "<b>Doe</b>", "given": ["Ada"]}],
        "address": [{"line": ["1 Main St"], "city": "Boise", "state": "ID", "postalCode": "83702"}],
    }  # fmt: skip
    return statement_of(patient, ClinicSettings(name="Cedar Lane"), (DAY, DAY), DAY, entries)


def test_the_sums_and_the_page() -> None:
    made = statement(
        entry(sent(ANSWER)), entry(decision=decided(Outcome.SELF_PAY)), entry(sent(standing=ClaimStanding.EXPORTED))
    )
    assert (made.charge, made.paid, made.off, made.owed, made.open) == tuple(
        map(Decimal, ("420", "90", "20", "170", "140"))
    )
    text = page(made)
    for said in ("Ada &lt;b&gt;Doe&lt;/b&gt;", "1 Main St", "Boise, ID 83702", "not known yet", "$170.00", "Massage"):
        assert said in text
    assert "<script" not in text
    assert "Nothing was charged." in page(statement())


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def mb(clinic: Billed, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(*arguments: str) -> tuple[int, str]:
        code = main.run([*arguments, "--settings", str(clinic.file)])
        told = capsys.readouterr()
        return code, told.out + told.err

    return call


def busiest(clinic: Billed) -> tuple[str, list[VisitRow]]:
    """The patient and month with most visits that can be billed."""
    with clinic.store() as store:
        rows = [row for row in store.rows(HOST) if row.patient and row.date and row.outcome in ("claim", "self-pay")]
    count = Counter((row.patient, f"{row.date:%Y-%m}") for row in rows)
    ((patient, month), _) = count.most_common(1)[0]
    assert patient is not None
    return patient, [row for row in rows if (row.patient, f"{row.date:%Y-%m}") == (patient, month)]


def test_a_month_of_superbills_and_a_statement(
    clinic: Billed, mb: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    patient, rows = busiest(clinic)
    assert len(rows) > 1
    month = f"{rows[0].date:%Y-%m}"
    name = next(one for one in clinic.resources("Patient").values() if f"Patient/{one['id']}" == patient)["name"][0]
    bill = tmp_path / "bill.html"
    code, told = mb("superbill", "--patient", patient, "--month", month, "-o", str(bill))
    assert code == 0, told
    text = bill.read_text(encoding="utf-8")
    assert text.count("<article>") == len(rows) + 1
    assert name["family"] in text
    assert stat.S_IMODE(bill.stat().st_mode) == 0o600

    claims = [one for one in clinic.sent() if one.patient == patient and f"{one.date:%Y-%m}" == month]
    clinic.receive(era(*(paid(one) for one in claims)))
    out = tmp_path / "statement.html"
    code, told = mb("statement", "--patient", patient, "--month", month, "-o", str(out))
    assert code == 0, told
    text = out.read_text(encoding="utf-8")
    assert name["family"] in text
    dollars = sum((one.total for one in claims), Decimal(0))
    if all(row.outcome == "claim" for row in rows):
        assert f"{shell_dollars(dollars)} billed" in told
    assert "above what was agreed as price" in text
    assert json.dumps(told).count(name["family"]) == 0  # no name on the terminal


def shell_dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}"


def test_wrong_uses_are_told(clinic: Billed, mb: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    out = str(tmp_path / "x.html")
    for arguments in (
        ("superbill", "-o", out), ("superbill", "e1", "--patient", "Patient/1", "--month", "2026-11", "-o", out),
        ("superbill", "--patient", "Patient/1", "-o", out), ("superbill", "--month", "2026-11", "-o", out),
        ("superbill", "--patient", "Jane Doe", "--month", "2026-11", "-o", out),
        ("superbill", "--patient", "Patient/1", "--month", "2026-13", "-o", out),
        ("statement", "--patient", "Patient/1", "-o", out),
        ("statement", "--patient", "Patient/1", "--month", "2026-11", "--from", "2026-11-01", "-o", out),
        ("statement", "--patient", "Patient/1", "--from", "2026-11-01", "-o", out),
    ):  # fmt: skip
        assert mb(*arguments)[0] == 2, arguments
    assert mb("superbill", "--patient", "Patient/none", "--month", "2026-11", "-o", out)[0] == 1
    assert mb("statement", "--patient", "Patient/none", "--month", "2026-11", "-o", out)[0] == 4
    assert not Path(out).exists()


def test_a_denied_claim_is_owed_by_nobody_on_the_page(
    clinic: Billed, mb: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    one = next(one for one in clinic.sent() if len(one.lines) == 1)
    clinic.receive(era(denied(one, "29")))
    out = tmp_path / "s.html"
    code, told = mb(
        "statement", "--patient", one.patient, "--from", str(one.date), "--to", str(one.date), "-o", str(out)
    )
    assert (code, "$0.00 owed" in told) == (0, True), told
    assert "filed too late" in out.read_text(encoding="utf-8")
