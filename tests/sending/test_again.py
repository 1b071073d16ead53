"""A claim that was rejected goes again once it says something else, and not before, unless a person lets it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from claims_answers import ack, status, ta1
from claims_clinic import HOST, NAMES, Billed, Json, keys_in, now
from massage_billing.fhir import names
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Said, Submission
from massage_billing.remittance.book import ClaimBook
from massage_billing.sending.again import Again
from massage_billing.sending.export import ExportReport
from massage_billing.x12.claims_837p_said import said_of_claims


def export(clinic: Billed, *again: str, payer: str | None = None, dry: bool = False) -> ExportReport:
    with clinic.exporter() as exporter:
        return exporter.run(payer, again=Again(frozenset(again)), dry_run=dry)


def times(clinic: Billed) -> Counter[str]:
    return Counter(key for file in clinic.files().values() for key in keys_in(file))


def reasons(report: ExportReport) -> dict[str, str]:
    return {one.claim: one.why for one in report.left if one.lacks and "say the same" in one.why}


@pytest.fixture
def sent(clinic: Billed) -> list[Submission]:
    """Claims of file 1, in its order."""
    export(clinic)
    with clinic.ledger() as ledger:
        return ledger.of_batch(HOST, 1)


def patient_of(clinic: Billed, one: Submission) -> Json:
    return clinic.resources("Patient")[one.patient.partition("/")[2]]


def mend_patient(clinic: Billed, one: Submission) -> None:
    patient = patient_of(clinic, one)
    clinic.put({**patient, "birthDate": "1961-02-03"})


def mend_member(clinic: Billed, one: Submission) -> None:
    (coverage,) = [
        each
        for each in clinic.resources("Coverage").values()
        if each["beneficiary"]["reference"] == one.patient and "self-pay" not in json.dumps(each)
    ][:1]
    clinic.put({**coverage, "subscriberId": "NEWNUMBER1"})


def mend_settings(clinic: Billed, _: Submission) -> None:
    clinic.write_settings(lambda text: text.replace("receiver_id: HOUSE01", "receiver_id: HOUSE02"))


def test_a_rejected_claim_that_says_the_same_is_left_with_what_to_do(clinic: Billed, sent: list[Submission]) -> None:
    one = sent[3]
    clinic.receive(status(1, (one.key, "A3:21", "")))
    for _ in range(3):
        report = export(clinic)
        assert report.files == ()
        (why,) = reasons(report).values()
        assert f"export 837 --again {one.claim}" in why
        assert not any(name in why for name in NAMES)
    assert times(clinic)[one.key] == 1
    assert reasons(export(clinic, dry=True)).keys() == {one.claim}
    assert reasons(export(clinic, payer=one.payer)).keys() == {one.claim}


@pytest.mark.parametrize("mend", [mend_patient, mend_member, mend_settings])
def test_it_goes_once_it_says_something_else(
    clinic: Billed, sent: list[Submission], mend: Callable[[Billed, Submission], None]
) -> None:
    one = sent[3]
    clinic.receive(status(1, (one.key, "A3:21", "")))
    mend(clinic, one)
    clinic.run()
    report = export(clinic)
    assert (sum(file.claims for file in report.files), reasons(report)) == (1, {})
    assert times(clinic)[one.key] == 2
    assert export(clinic).files == ()


@pytest.mark.parametrize(
    "name",
    ["{0.claim}", "Encounter/{0.encounter}", "{0.key}", "1", "all"],
    ids=["claim", "visit", "key", "file", "all"],
)
def test_a_person_lets_it_go_as_it_stands(clinic: Billed, sent: list[Submission], name: str) -> None:
    one = sent[3]
    named = name.format(one)
    clinic.receive(status(1, (one.key, "A3:21", "")))
    assert sum(file.claims for file in export(clinic, named).files) == 1
    assert export(clinic, named).files == ()
    clinic.receive(status(3, (one.key, "A3:21", "")), name="later")
    assert export(clinic).files == ()
    assert times(clinic)[one.key] == 2


def test_what_was_rejected_in_a_file_whose_bytes_are_gone_goes(clinic: Billed, sent: list[Submission]) -> None:
    """Nobody knows any more what was rejected: it goes, at most once in the time that bytes are kept."""
    one = sent[3]
    others = [(each.key, "A2:20", "") for each in sent if each is not one]
    clinic.receive(status(1, (one.key, "A3:21", ""), *others))
    with clinic.ledger() as ledger:
        assert ledger.purge(now()) == 1
    assert sum(file.claims for file in export(clinic).files) == 1
    clinic.receive(status(3, (one.key, "A3:21", "")), name="later")
    assert export(clinic).files == ()


def test_what_a_person_marked_as_rejected_and_no_file_carried_goes(clinic: Billed) -> None:
    with clinic.store() as store:
        book = ClaimBook(store, store.ledger(), HOST)
        row = next(one for one in store.rows(HOST) if one.claim)
        book.mark(row.encounter, Said("", now(), ClaimStanding.REJECTED, "marked by ana", "rejected: on the portal"))
    export(clinic)
    assert times(clinic)[row.claim_key] == 1


# --- a file that was refused as a whole -------------------------------------------------------------------------------

REFUSALS = {
    "999 of the transaction": lambda: ack(1, ("0001", "R"), group="R"),
    "999 of the group": lambda: ack(1, group="R"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refused_file_that_would_say_the_same_is_not_made_again(
    clinic: Billed, sent: list[Submission], refusal: Callable[[], bytes]
) -> None:
    clinic.receive(refusal())
    for _ in range(2):
        report = export(clinic)
        assert (report.files, len(reasons(report))) == ((), len(sent))
        assert {"--again 1`" in why for why in reasons(report).values()} == {True}
    assert export(clinic, payer=sent[0].payer).files == ()
    (file,) = export(clinic, "1").files
    assert file.claims == len(sent)


@pytest.mark.parametrize("mend", [mend_patient, mend_settings])
def test_all_of_it_goes_once_one_of_its_claims_or_the_envelope_is_another(
    clinic: Billed, sent: list[Submission], mend: Callable[[Billed, Submission], None]
) -> None:
    clinic.receive(ack(1, ("0001", "R"), group="R"))
    mend(clinic, sent[5])
    clinic.run()
    (file,) = export(clinic).files
    assert file.claims == len(sent)
    assert export(clinic).files == ()


def test_all_of_it_goes_once_one_of_its_claims_is_not_among_them(clinic: Billed, sent: list[Submission]) -> None:
    """The claim at fault was held, cancelled, or is another revision by now."""
    clinic.receive(ack(1, ("0001", "R"), group="R"))
    one = sent[5]
    visit = clinic.resources("Encounter")[one.encounter]
    clinic.put({**visit, "extension": [{"url": names.EXT_BILL_TO, "valueCode": "self-pay"}]})
    clinic.run()
    assert sum(file.claims for file in export(clinic).files) == len(sent) - 1


def test_a_refused_interchange_is_not_made_again_by_itself(clinic: Billed, sent: list[Submission]) -> None:
    with clinic.ledger() as ledger:
        batch = ledger.batch(HOST, 1)
    assert batch is not None
    clinic.receive(ta1(1, "R", "006", batch.at))
    assert len(reasons(export(clinic))) == len(sent)
    mend_settings(clinic, sent[0])
    assert sum(file.claims for file in export(clinic).files) == len(sent)


# --- what a file says of a claim --------------------------------------------------------------------------------------


def test_what_is_said_of_a_claim_does_not_change_with_what_else_is_in_the_file(
    clinic: Billed, sent: list[Submission]
) -> None:
    (body,) = [data for name, data in clinic.files().items() if name.startswith("house")]
    whole = said_of_claims(body)
    assert list(whole) == keys_in(body)
    assert len({one.digest for one in whole.values()}) == len(whole)
    clinic.receive(status(1, *((one.key, "A3:21", "") for one in sent[::3])))
    export(clinic, "all")
    later = [data for name, data in clinic.files().items() if name.startswith("house")][-1]
    parts = said_of_claims(later)
    assert parts.keys() == {one.key for one in sent[::3]}
    assert {key: one.digest for key, one in parts.items()} == {key: whole[key].digest for key in parts}


def test_every_segment_of_a_claim_counts(clinic: Billed, sent: list[Submission]) -> None:
    """Whatever is changed in the file, but numbers and times of the envelope, some claim says something else."""
    (name,) = [name for name in clinic.files() if name.startswith("house")]
    text = Path(clinic.out, name).read_bytes().decode()
    before = said_of_claims(text.encode())
    segments = text.split("~")
    for place in range(0, len(segments) - 1, 7):
        tag = segments[place].partition("*")[0]
        if tag in {"ISA", "GS", "ST", "BHT", "HL", "SE", "GE", "IEA", "CLM"}:
            continue
        changed = "~".join([*segments[:place], segments[place] + "*X", *segments[place + 1 :]])
        assert said_of_claims(changed.encode()) != before, segments[place]
