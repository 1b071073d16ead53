"""Claims to second payers: only after the first has answered whole, once, with what it answered, and read back so."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claims_837p_read import of_segments
from claims_answers import USUAL, Adjustment, denied, era, paid, status
from claims_clinic import Billed, Json, keys_in, prepare
from massage_billing.cli import main
from massage_billing.fhir.keys import is_later_claim, later_claim_key
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Submission
from massage_billing.sending.again import ALL, Again
from massage_billing.sending.export import ExportReport
from massage_billing.sending.secondary import SecondaryExporter
from massage_billing.wiring.sending import open_exporter
from massage_billing.x12.segments import read_transactions
from remittance.records import procedures, shorten

SECOND = "larch-care"
LAST = date(2026, 11, 19)
"""When the remittances of the tests pay."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """A clinic whose patients of other plans have larch-care second, with their claims in files."""
    clinic = prepare(tmp_path_factory.mktemp("second") / "clinic")
    clinic.put(*(_second(one) for one in clinic.resources("Coverage").values() if _has_first(one)))
    clinic.run()
    with clinic.exporter() as exporter:
        exporter.run()
    return clinic


@pytest.fixture
def clinic(exported: Billed, tmp_path: Path) -> Billed:
    return exported.copied(tmp_path / "clinic")


def _has_first(coverage: Json) -> bool:
    payor = coverage["payor"][0]["reference"]
    return (
        "subscriberId" in coverage
        and coverage.get("order") == 1
        and payor
        in (
            "Organization/payer-cedar-health",
            "Organization/payer-juniper-mutual",
        )
    )


def _second(coverage: Json) -> Json:
    member = f"S{coverage['subscriberId']}"
    identifier = [{**coverage["identifier"][0], "value": member}]
    meta = {**coverage["meta"], "lastUpdated": "2026-11-29T08:00:00.000Z"}
    return {
        **coverage, "id": f"{coverage['id']}-second", "order": 2, "subscriberId": member, "identifier": identifier,
        "payor": [{"reference": f"Organization/payer-{SECOND}"}], "meta": meta,
    }  # fmt: skip


def firsts(clinic: Billed, lines: int = 1) -> list[Submission]:
    """Claims to first payers of patients who have a second."""
    claims = clinic.resources("Claim")
    found = [
        one
        for one in clinic.sent()
        if len(claims[one.claim.partition("/")[2]]["insurance"]) == 2 and one.date <= LAST and len(one.lines) == lines
    ]
    assert found
    return found


def go(clinic: Billed, *encounters: str, again: bool = False, dry: bool = False) -> ExportReport:
    with open_exporter(clinic.settings) as exporter:
        lets = Again(frozenset({ALL}) if again else frozenset())
        return SecondaryExporter(exporter.setup).run_secondary(encounters or None, again=lets, dry_run=dry)


def second_file(clinic: Billed, before: set[str]) -> bytes:
    (new,) = clinic.files().keys() - before
    return clinic.files()[new]


def refused(report: ExportReport, one: Submission) -> str:
    return next((left.why for left in report.left if left.encounter == one.encounter), "")


def pyx12_accepts(data: bytes) -> str:
    from pyx12.params import ParamsBase
    from pyx12.x12n_document import x12n_document

    report = io.StringIO()
    ok = x12n_document(ParamsBase(), io.StringIO(data.decode("ascii")), io.StringIO(), None, fd_json=report)
    return "" if ok else report.getvalue()


def test_nothing_goes_while_the_first_payer_has_not_answered(clinic: Billed) -> None:
    assert go(clinic).files == ()
    one = firsts(clinic)[0]
    clinic.receive(status(one.batch, (one.key, "A2:20", "P1")))
    assert go(clinic).files == ()


def test_a_claim_goes_to_the_second_payer_with_what_the_first_did_and_once(clinic: Billed) -> None:
    one = firsts(clinic)[0]
    before = set(clinic.files())
    clinic.receive(era(paid(one)))
    assert go(clinic, dry=True).files[0].claims == 1
    assert set(clinic.files()) == before
    report = go(clinic)
    assert [(file.claims, file.total) for file in report.files] == [(1, one.total)]
    data = second_file(clinic, before)
    key = later_claim_key(one.key, "S")
    assert keys_in(data) == [key]
    assert is_later_claim(key) and len(key) == 20  # noqa: PT018
    assert pyx12_accepts(data) == ""
    (second,) = [each for each in clinic.sent() if each.key == key]
    assert (second.payer, second.rank, second.total, second.frequency, second.claim) == (
        SECOND, "S", one.total, "1", one.claim,
    )  # fmt: skip
    again = go(clinic)
    assert again.files == ()
    assert "was sent to the second payer" in refused(again, one)


def test_what_the_file_says_is_what_the_first_payer_said(clinic: Billed) -> None:
    one = firsts(clinic)[0]
    before = set(clinic.files())
    clinic.receive(era(paid(one, number="PAYER77")))
    go(clinic)
    claim = claim_loop(second_file(clinic, before))
    less = Decimal(20) + Decimal(10)
    (other,) = claim.under("2320")
    assert other.at("SBR", 1) == "P"
    assert claim_parent(second_file(clinic, before)).at("SBR", 1) == "S"
    assert Decimal(other.at("AMT", 2, "D")) == one.total - less
    assert Decimal(other.at("AMT", 2, "EAF")) == Decimal(10)
    assert other.one("2330B").at("REF", 2, "F8") == "PAYER77"  # type: ignore[union-attr]
    (line,) = claim.under("2400")
    (told,) = line.under("2430")
    assert Decimal(told.at("SVD", 2)) == one.total - less
    assert told.at("SVD", 3).split(":")[1] == one.lines[0].code
    assert [(each[1], each[2], Decimal(each[3])) for each in told.all("CAS")] == [
        ("CO", "45", Decimal(20)), ("PR", "3", Decimal(10)),
    ]  # fmt: skip
    assert told.at("DTP", 3, "573") == "20261119"


def claim_parent(data: bytes) -> Any:
    """2000B."""
    (transaction,) = read_transactions(data)
    found: list[Any] = []

    def walk(loop: Any) -> None:
        found.append(loop)
        for each in loop.loops:
            walk(each)

    walk(of_segments(transaction))
    return next(loop for loop in found if loop.name == "2000B")


def claim_loop(data: bytes) -> Any:
    """2300."""
    found: list[Any] = []

    def walk(loop: Any) -> None:
        found.append(loop)
        for each in loop.loops:
            walk(each)

    walk(claim_parent(data))
    return next(loop for loop in found if loop.name == "2300")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda one: paid(one, status="19"), "by the first itself"),
        (lambda one: denied(one, "29"), "leaves nothing to the patient"),
        (lambda one: paid(one, ("CO", "45", "1.00")), "leaves nothing to the patient"),
    ],
)
def test_what_does_not_go_says_why(clinic: Billed, answer: Callable[[Submission], list[str]], why: str) -> None:
    one = firsts(clinic)[0]
    clinic.receive(era(answer(one)))
    report = go(clinic)
    assert report.files == ()
    assert why in refused(report, one)


def test_a_claim_marked_as_paid_by_hand_waits_for_its_remittance(clinic: Billed) -> None:
    one = firsts(clinic)[0]
    assert main.run(["claims", "mark", one.key, "paid", "--by", "ana", "--reason", "portal", "--paid", "1",
                     "--settings", str(clinic.file)]) == 0  # fmt: skip
    assert "`receive` the remittance" in refused(go(clinic), one)


def test_what_was_taken_back_is_not_passed_on(clinic: Billed) -> None:
    one = firsts(clinic)[0]
    clinic.receive(era(paid(one)), era(paid(one, status="22", sign=-1), trace="EFT2"))
    assert "`receive` the remittance" in refused(go(clinic), one)
    before = set(clinic.files())
    clinic.receive(era(paid(one, ("PR", "1", "15.00")), trace="EFT3"), name="third")
    go(clinic)
    (told,) = claim_loop(second_file(clinic, before)).under("2400")[0].under("2430")
    assert [each[2] for each in told.all("CAS")] == ["1"]


def test_the_second_payer_s_answer_is_its_claim_s_and_not_the_host_s(clinic: Billed) -> None:
    one = firsts(clinic)[0]
    clinic.receive(era(paid(one)))
    go(clinic)
    key = later_claim_key(one.key, "S")
    (second,) = [each for each in clinic.sent() if each.key == key]
    told = len(clinic.resources("ClaimResponse"))
    rest: Adjustment = ("OA", "23", str(second.total - Decimal(5)))
    clinic.receive(era(paid(second, rest, status="2", number="SEC1"), trace="EFT9"), name="second")
    after = {each.key: each for each in clinic.sent()}
    assert (after[key].standing, after[key].payer_claim_number) == (ClaimStanding.ADJUDICATED, "SEC1")
    assert after[one.key].payer_claim_number == "P77"
    assert len(clinic.resources("ClaimResponse")) == told
    assert clinic.run()["claims_created"] == 0


@pytest.mark.parametrize(("status_", "rank"), [("1", "P"), ("2", "S")])
def test_an_answer_without_our_number_goes_to_the_claim_of_its_rank(clinic: Billed, status_: str, rank: str) -> None:
    one = firsts(clinic)[0]
    clinic.receive(era(paid(one)))
    go(clinic)
    person = clinic.resources("Patient")[one.patient.partition("/")[2]]["name"][0]
    name = (person["family"].upper(), person["given"][0].upper())
    lost = paid(one, *USUAL, control="LOST", numbered=False, status=status_, name=name, number="LOST1")
    (taken,) = clinic.receive(era(lost, trace="EFT8"), name="lost")
    if taken.unmatched:
        pytest.skip("names of this clinic are not told in one way")
    with clinic.ledger() as ledger:
        key = one.key if rank == "P" else later_claim_key(one.key, "S")
        assert len([said for said in ledger.life(key) if said.payer_claim_number == "LOST1"]) == 1


def test_a_rejected_second_claim_may_go_again(clinic: Billed) -> None:
    one = firsts(clinic)[0]
    clinic.receive(era(paid(one)))
    go(clinic)
    key = later_claim_key(one.key, "S")
    (second,) = [each for each in clinic.sent() if each.key == key]
    clinic.receive(status(second.batch, (key, "A3:21", "")), name="no")
    waits = go(clinic)
    assert (waits.files, ["claims secondary Encounter/" in left.why for left in waits.left]) == ((), [True])
    assert [file.claims for file in go(clinic, again=True).files] == [1]


def test_a_corrected_claim_replaces_the_one_the_second_payer_decided(clinic: Billed) -> None:
    one = next(each for each in firsts(clinic) if each.lines[0].units >= 3 and len(procedures(clinic, each)) == 1)
    clinic.receive(era(paid(one)))
    go(clinic)
    (second,) = [each for each in clinic.sent() if each.key == later_claim_key(one.key, "S")]
    shorten(clinic, one)
    assert "`run` corrects it first" in refused(go(clinic), one) or "was sent" in refused(go(clinic), one)
    clinic.run()
    with clinic.exporter() as exporter:
        exporter.run()
    (new,) = [each for each in clinic.sent() if each.encounter == one.encounter and each.frequency == "7"]
    clinic.receive(era(paid(new), trace="EFT4"), name="new")
    assert "has not answered the claim before it" in refused(go(clinic), one)
    rest: Adjustment = ("OA", "23", str(second.total - Decimal(5)))
    clinic.receive(era(paid(second, rest, status="2", number="SEC1"), trace="EFT9"), name="second")
    before = set(clinic.files())
    go(clinic)
    claim = claim_loop(second_file(clinic, before))
    assert claim.at("CLM", 5).split(":")[2] == "7"
    assert claim.at("REF", 2, "F8") == "SEC1"


def test_a_payer_without_a_receiver_is_named(clinic: Billed) -> None:
    one = firsts(clinic)[0]
    clinic.receive(era(paid(one)))
    with open_exporter(clinic.settings) as exporter:
        setup = replace(exporter.setup, receiver_of=lambda payer: None)
        report = SecondaryExporter(setup).run_secondary(None)
    assert report.files == ()
    assert "no receiver takes claims to larch-care" in refused(report, one)


def test_several_lines_each_carry_their_own_answer(clinic: Billed) -> None:
    try:
        one = firsts(clinic, lines=2)[0]
    except AssertionError:
        pytest.skip("no claim of two lines has a second payer in this clinic")
    before = set(clinic.files())
    clinic.receive(era(paid(one)))
    go(clinic)
    data = second_file(clinic, before)
    assert pyx12_accepts(data) == ""
    assert [len(line.under("2430")) for line in claim_loop(data).under("2400")] == [1, 1]


def test_the_command(clinic: Billed, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = firsts(clinic)[:2]
    clinic.receive(era(paid(one), paid(other)))
    at = ("--settings", str(clinic.file))
    assert main.run(["claims", "secondary", *at]) == 2
    assert main.run(["claims", "secondary", one.key, "--all", *at]) == 2
    assert main.run(["claims", "secondary", one.key, *at]) == 0
    assert "1 claim" in capsys.readouterr().out
    assert main.run(["claims", "secondary", "--all", *at]) == 0
    assert len([each for each in clinic.sent() if is_later_claim(each.key)]) == 2
