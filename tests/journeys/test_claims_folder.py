"""From the run to the payer and back, on a folder of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from claims_clinic import prepare
from journeys.claim_steps import Life, from_the_run_to_the_void, with_a_lost_store

VISITS = 120


@pytest.fixture
def life(tmp_path: Path) -> Life:
    billed = prepare(tmp_path / "clinic", VISITS)
    return Life(billed, billed)


def test_sent_answered_corrected_and_voided(life: Life) -> None:
    from_the_run_to_the_void(life)


def test_a_lost_store_sends_nothing_again_that_was_paid(life: Life) -> None:
    with_a_lost_store(life)
