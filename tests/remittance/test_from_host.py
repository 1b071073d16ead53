"""Answers that stand on the host itself: ClaimResponse and ExplanationOfBenefit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from claims_answers import era, paid
from claims_clinic import HOST, Billed
from claims_on_host import Json, benefit, money, part, response
from massage_billing.fhir import names
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import PaidLine, Submission
from massage_billing.remittance.adjudication import adjudications
from massage_billing.remittance.answers import FileTaken
from massage_billing.remittance.from_host import HostAnswers


def take(clinic: Billed) -> list[FileTaken]:
    with clinic.answers() as answers:
        return HostAnswers(answers.setup).take()


def one_of(clinic: Billed, count: int = 1) -> Submission:
    return next(one for one in clinic.sent() if len(one.lines) == count and one.total > 40)


def standing(clinic: Billed, key: str) -> Submission:
    with clinic.ledger() as ledger:
        return ledger.submissions(HOST, [key])[key]


def lines_of(clinic: Billed, key: str) -> list[PaidLine]:
    with clinic.ledger() as ledger:
        return ledger.paid_lines([key])


@pytest.mark.parametrize("lines", [1, 2])
def test_a_claim_response_counts_like_a_remittance(clinic: Billed, lines: int) -> None:
    one = one_of(clinic, lines)
    clinic.put(response(one))
    (taken,) = take(clinic)
    rest = one.total - 30 * lines
    assert (taken.file, taken.state, taken.paid) == ("ClaimResponse/r77", "applied", rest)
    now = standing(clinic, one.key)
    assert (now.standing, now.payer_claim_number) == (ClaimStanding.ADJUDICATED, "P-77")
    whole, *each = lines_of(clinic, one.key)
    assert (whole.paid, whole.of_patient, str(whole.date)) == (rest, 10 * lines, "2026-11-21")
    assert [(line.item, line.code, line.paid) for line in each] == [
        (n, line.code, line.charge - 30) for n, line in enumerate(one.lines, 1)
    ]
    with clinic.ledger() as ledger:
        rows = ledger.adjustments_of([one.key])
        (said, *_) = reversed(ledger.life(one.key))
    assert [(row.group, row.reason, row.amount) for row in rows] == [
        ("CO", "45", Decimal(20)), ("PR", "3", Decimal(10)),
    ] * lines  # fmt: skip
    assert said.source == "ClaimResponse/r77"
    assert said.words.startswith(f"Paid ${rest}")


def test_what_was_taken_is_taken_once_whatever_version_it_has(clinic: Billed) -> None:
    one = one_of(clinic)
    clinic.put(response(one))
    assert len(take(clinic)) == 1
    clinic.put(response(one, meta={"versionId": "2", "lastUpdated": "2026-11-22T10:00:00Z"}))
    assert take(clinic) == []
    assert len(lines_of(clinic, one.key)) == 2


def test_what_changed_since_it_was_taken_is_left_to_a_person(clinic: Billed) -> None:
    one = one_of(clinic)
    clinic.put(response(one))
    take(clinic)
    before = lines_of(clinic, one.key)
    clinic.put(response(one, status="cancelled"))
    (taken,) = take(clinic)
    assert taken.state == "refused"
    assert "says something else now" in taken.problems[0]
    assert lines_of(clinic, one.key) == before


def test_a_benefit_statement_that_pays_nothing_is_a_denial_with_its_reason(clinic: Billed) -> None:
    one = one_of(clinic)
    clinic.put(benefit(one))
    (taken,) = take(clinic)
    assert (taken.kinds, taken.state, taken.paid) == (("ExplanationOfBenefit",), "applied", 0)
    with clinic.ledger() as ledger:
        (row,) = ledger.adjustments_of([one.key])
        words = ledger.life(one.key)[-1].words
    assert (row.reason, row.remarks, row.amount, row.code) == ("197", ("N54",), one.total, one.lines[0].code)
    assert words.startswith("Denied")
    assert f"${one.total} (197)" in words


def test_our_own_answers_are_no_news(clinic: Billed) -> None:
    one = one_of(clinic)
    clinic.receive(era(paid(one)))
    assert clinic.resources("ClaimResponse")
    before = lines_of(clinic, one.key)
    assert take(clinic) == []
    assert lines_of(clinic, one.key) == before


@pytest.mark.parametrize("first", ["host", "835"])
def test_a_remittance_of_the_same_is_the_same_money(clinic: Billed, first: str) -> None:
    one = one_of(clinic)
    clinic.put(response(one))
    if first == "host":
        take(clinic)
    clinic.receive(era(paid(one)))
    take(clinic)
    with clinic.ledger() as ledger:
        counted = adjudications(ledger.paid_lines([one.key]), ledger.adjustments_of([one.key]))[one.key]
    assert len(counted) == 1
    assert not counted[0].whole.paid.file.startswith("fhir-")


def test_a_claim_refused_before_it_was_decided_is_rejected(clinic: Billed) -> None:
    one = one_of(clinic)
    code = {"coding": [{"code": "missingidentifier"}]}
    clinic.put(response(one, outcome="error", item=[], payment=None, error=[{"code": code}]))
    (taken,) = take(clinic)
    assert (taken.state, taken.paid) == ("applied", None)
    assert standing(clinic, one.key).standing is ClaimStanding.REJECTED


@pytest.mark.parametrize(
    "change",
    [{"outcome": "queued"}, {"outcome": "partial"}, {"status": "draft"}, {"use": "predetermination"}, {"request": {}}],
    ids=["queued", "partial", "draft", "estimate", "of nothing"],
)
def test_what_decides_nothing_yet_is_left(clinic: Billed, change: Json) -> None:
    one = one_of(clinic)
    clinic.put(response(one, **change))
    assert take(clinic) == []
    assert standing(clinic, one.key).standing is ClaimStanding.EXPORTED


def bent(one: Submission, change: str) -> Json:
    told = response(one)
    of_line = told["item"][0]["adjudication"]
    if change == "line":
        of_line[2]["amount"] = money(19)
    elif change == "currency":
        of_line[1]["amount"]["currency"] = "EUR"
    elif change == "cents":
        of_line[1]["amount"]["value"] = 10.001
    elif change == "total":
        told["total"] = [{"category": of_line[0]["category"], "amount": money(one.total + 1)}]
    elif change == "payment":
        told["payment"]["amount"] = money(1)
    return told


@pytest.mark.parametrize("change", ["line", "currency", "cents", "total", "payment"])
def test_what_does_not_add_up_is_refused_with_the_place(clinic: Billed, change: str) -> None:
    one = one_of(clinic)
    clinic.put(bent(one, change))
    (taken,) = take(clinic)
    assert taken.state == "refused"
    assert any(place in taken.problems[0] for place in ("item[0]", "total"))
    assert lines_of(clinic, one.key) == []
    assert standing(clinic, one.key).standing is ClaimStanding.EXPORTED


def test_an_answer_of_another_charge_than_the_claim_is_refused(clinic: Billed) -> None:
    one = one_of(clinic)
    told = response(one)
    told["item"][0]["adjudication"] = [part("submitted", one.total + 5), part("benefit", one.total + 5)]
    told["payment"]["amount"] = money(one.total + 5)
    clinic.put(told)
    (taken,) = take(clinic)
    assert (taken.state, "another charge" in taken.problems[0]) == ("refused", True)
    assert lines_of(clinic, one.key) == []


def test_a_claim_that_no_file_of_ours_carries_is_answered_too(billed_only: Billed) -> None:
    """On a server whose own billing sends claims there is nothing to export."""
    clinic = billed_only
    assert clinic.sent() == []
    claim = next(one for one in clinic.resources("Claim").values() if len(one["item"]) == 1)
    with clinic.store() as store:
        row = next(one for one in store.rows(HOST) if one.claim == f"Claim/{claim['id']}")
    (item,) = claim["item"]
    charge = Decimal(str(item["net"]["value"]))
    told = {
        "resourceType": "ExplanationOfBenefit", "id": "e1", "status": "active", "use": "claim", "outcome": "complete",
        "claim": {"identifier": {"system": names.SID_CLAIM_KEY, "value": row.claim_key}},
        "item": [{
            "sequence": 1, "productOrService": item["productOrService"],
            "adjudication": [part("submitted", charge), part("benefit", charge)],
        }],
    }  # fmt: skip
    clinic.put(told)
    (taken,) = take(clinic)
    assert (taken.state, taken.paid) == ("applied", charge)
    now = standing(clinic, row.claim_key)
    assert now.standing is ClaimStanding.ADJUDICATED
    assert [line.code for line in now.lines] == [item["productOrService"]["coding"][0]["code"]]
    assert take(clinic) == []
    with clinic.exporter() as exporter:
        assert row.claim_key not in {one.key for file in exporter.run().files for one in clinic.sent() if one.batch}
