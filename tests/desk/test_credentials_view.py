"""Therapist by payer: a date and a word in each cell, warnings by step, gaps told as such."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from massage_billing.coding.terms import NpiRow
from massage_billing.desk.credentials import Cell, Matrix, matrix
from massage_billing.model import Clinic, CoverageKind, Credential, CredentialKind, Enrolled, Payer, Therapist
from massage_billing.rulebook.credential_files import load_credential_terms
from visits import book

TODAY = date(2026, 11, 30)
NPI, GROUP = "1234567893", "1245319599"
PAYERS = (
    Payer("blue", CoverageKind.HEALTH, "commercial-midpoint"),
    Payer("green", CoverageKind.HEALTH, "commercial-midpoint"),
)
ENROLLED = Credential(
    CredentialKind.ENROLMENT, "credentials.csv:2", npi=NPI, payer="blue", enrolled=Enrolled.IN_NETWORK,
    start=date(2020, 1, 1),
)  # fmt: skip


def made(*credentials: Credential, known: bool = True, therapists: tuple[Therapist, ...] = ()) -> Matrix:
    clinic = Clinic(payers=PAYERS, credentials=credentials, credentials_known=known, npi=GROUP)
    row = book().on(TODAY).row("therapist-npi").says(NpiRow)
    return matrix(clinic, TODAY, load_credential_terms(), row, therapists=therapists)


def cell(*credentials: Credential, payer: str = "blue") -> Cell:
    found = made(*credentials)
    (row,) = found.rows
    return row.enrolled[found.payers.index(payer)]


@pytest.mark.parametrize(
    ("days", "tone", "step", "word"),
    [
        (None, "ready", None, "In network"),
        (61, "ready", None, "In network"),
        (60, "act", 60, "In network"),
        (30, "act", 30, "In network"),
        (7, "act", 7, "In network"),
        (0, "act", 7, "In network"),
        (-1, "blocked", None, "Ended"),
    ],
)
def test_an_enrolment_is_told_by_word_date_and_step(days: int | None, tone: str, step: int | None, word: str) -> None:
    end = None if days is None else TODAY + timedelta(days=days)
    found = cell(replace(ENROLLED, end=end))
    assert (found.tone, found.step, found.word, found.until) == (tone, step, word, end)
    assert found.source == "credentials.csv:2"


def test_a_payer_that_nobody_listed_is_a_gap_and_never_green() -> None:
    found = cell(ENROLLED, payer="green")
    assert (found.word, found.tone) == ("Not on file", "none")


def test_a_payer_that_takes_no_claims_is_told_so() -> None:
    assert cell(replace(ENROLLED, enrolled=Enrolled.NONE)).word == "Takes no claims"


def test_an_enrolment_that_begins_later_is_told_with_its_day() -> None:
    found = cell(replace(ENROLLED, start=TODAY + timedelta(days=3)))
    assert (found.word, found.until, found.tone) == ("From", TODAY + timedelta(days=3), "act")


def test_what_follows_without_a_gap_counts_on() -> None:
    until = TODAY + timedelta(days=5)
    more = replace(ENROLLED, start=until + timedelta(days=1), end=date(2028, 1, 1), source="credentials.csv:3")
    assert cell(replace(ENROLLED, end=until), more).until == date(2028, 1, 1)


def test_where_the_clinic_keeps_no_file_there_are_no_columns_of_gaps() -> None:
    found = made(known=False, therapists=(Therapist("Practitioner/7", NPI, ("225700000X",)),))
    assert found.payers == ()
    assert not found.kept


def test_licences_are_told_by_state_and_findings_say_what_to_do() -> None:
    licence = Credential(
        CredentialKind.LICENCE, "credentials.csv:5", npi=NPI, state="WA", end=TODAY - timedelta(days=2)
    )
    found = made(ENROLLED, licence)
    (row,) = found.rows
    assert [(one.name, one.word, one.tone, one.days) for one in row.licences] == [("WA", "Ended", "blocked", -2)]
    ended = next(one for one in found.findings if one.id == "licence-ended")
    assert ended.fix
