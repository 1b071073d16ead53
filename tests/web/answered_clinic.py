"""The synthetic clinic with its claims sent and answered: accepted, rejected, paid, denied, taken back."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from claims_answers import USUAL, era, paid, status
from massage_billing.cli import main
from massage_billing.ports.ledger import Submission
from massage_billing.settings import load_settings
from massage_billing.store import open_store
from massage_billing.wiring.receiving import open_answers
from massage_billing.wiring.state import store_url
from web.harness import HOST, Served, served

REASONS = ("197", "197", "197", "151", "B20")
"""Why claims of this clinic are denied, in turn."""


@pytest.fixture(scope="session")
def answered(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the clinic after its payers have answered; not to be changed."""
    folder = tmp_path_factory.mktemp("answered") / "clinic"
    shutil.copytree(clinic, folder)
    file = str(folder / "massage-billing.yaml")
    sent = CliRunner().invoke(main.cli, ["export", "837", "--settings", file])
    assert sent.exit_code == 0, sent.output
    claims = _sent(folder)
    _take(folder, "277.x12", status(1, *[(one.key, "A2:20", "") for one in claims[3:40]],
                                    *[(one.key, "A7:21", "") for one in claims[:2]]))  # fmt: skip
    _take(folder, "835-1.x12", era(*[_answer(one, place) for place, one in enumerate(claims[3:30])], trace="EFT1"))
    first = claims[4]
    again = paid(first, ("CO", "45", "30.00"), ("PR", "3", "10.00"), number="P1")
    _take(folder, "835-2.x12", era(paid(first, *USUAL, status="22", sign=-1, number="P1"), again, trace="EFT2"))
    _credentials(folder / "clinic" / "credentials.csv")
    return folder


def _sent(folder: Path) -> list[Submission]:
    settings = load_settings(folder / "massage-billing.yaml")
    with open_store(store_url(settings, settings.state_folder())) as store:
        return sorted(store.ledger().all(HOST), key=lambda one: one.key)


def _answer(one: Submission, place: int) -> list[str]:
    """Every third claim of one line is denied whole, the others are paid with a discount and a copay."""
    if place % 3 == 0 and len(one.lines) == 1:
        return paid(one, ("CO", REASONS[place // 3 % len(REASONS)], str(one.lines[0].charge)), status="4", number="P9")
    return paid(one, *USUAL, number=f"P{place}")


def _take(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    with open_answers(load_settings(folder / "massage-billing.yaml")) as answers:
        taken = answers.take(folder / name)
        assert taken.state == "applied", taken
        answers.tell_host()


def _credentials(file: Path) -> None:
    """One enrolment ends in six days, one ended yesterday: days of the clinic, wherever the tests run."""
    today = datetime.now(ZoneInfo("America/Boise")).date()
    rows = file.read_text(encoding="utf-8").splitlines()
    ends = iter((6, -1))
    for place, row in enumerate(rows):
        cells = row.split(",")
        if cells[0] == "enrolment" and cells[2] == "cedar-health" and (days := next(ends, None)) is not None:
            cells[-1] = (today + timedelta(days=days)).isoformat()
            rows[place] = ",".join(cells)
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def looked(answered: Path) -> Iterator[Served]:
    """Its workbench; tests only look at it."""
    with served(answered / "massage-billing.yaml") as found:
        yield found
        settled()


@pytest.fixture
def mine(answered: Path, tmp_path: Path) -> Iterator[Served]:
    """The workbench of a copy: a test may change it."""
    shutil.copytree(answered, tmp_path / "clinic")
    with served(tmp_path / "clinic" / "massage-billing.yaml") as found:
        yield found
        settled()


def settled() -> None:
    """Whatever is made behind a page is made."""
    for thread in threading.enumerate():
        if thread.name == "kept":
            thread.join(60)


def standing(of: Served, wanted: str) -> Submission:
    """A claim that stands there."""
    return next(one for one in of.office.ledger.all(HOST) if one.standing.value == wanted)


def denied(of: Served) -> Submission:
    """A claim of which nothing was paid for want of an authorization."""
    for one in of.office.ledger.all(HOST):
        if any(row.reason == "197" for row in of.office.ledger.adjustments_of([one.key])):
            return one
    raise AssertionError("no claim was denied")


def covered(of: Served) -> tuple[str, str]:
    """(coverage id, question) of a coverage whose payer answered."""
    for row in of.office.asking.rows(HOST, date(2020, 1, 1)):
        for known in of.office.asking.answers(HOST, [row.coverage]).get(row.coverage, ()):
            if known.answer.kind.value == "answered":
                return row.coverage.partition("/")[2], known.question
    raise AssertionError("no payer answered")
