"""From the run to the payer and back, on a real HAPI FHIR server; what stands there is valid."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from claims_clinic import HOST, NAMES, Billed, Json
from claims_on_host import response
from journeys.claim_steps import Life, clm, from_the_run_to_the_void, with_a_lost_store
from journeys.clinic import Server, made
from massage_billing.fhir.keys import claim_key
from massage_billing.model.remittance import ClaimStanding
from massage_billing.remittance.from_host import HostAnswers
from servers.validator import Validator

VISITS = 90


class OnServer(Server):
    """What stands on the server."""

    def resources(self, kind: str) -> dict[str, Json]:
        """Every resource of a type, by id."""
        return {one["id"]: one for one in self.all(kind)}


@pytest.fixture
def life(tmp_path: Path, hapi: str) -> Life:
    server = OnServer(hapi)
    server.put(*made(tmp_path / "files", VISITS))
    shutil.move(tmp_path / "files" / "clinic", tmp_path / "clinic")
    billed = Billed(tmp_path, hapi)
    billed.write_settings()
    billed.run()
    return Life(billed, server)


def test_sent_answered_corrected_and_voided(life: Life, validator: Validator, tmp_path: Path) -> None:
    from_the_run_to_the_void(life)
    answers = life.records.resources("ClaimResponse")
    assert len(answers) == 4
    assert not any(name in json.dumps(answers) for name in NAMES)
    file = tmp_path / "written-ClaimResponse.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in answers.values()), encoding="utf-8")
    issues = validator([file])
    assert validator.checked == len(answers)
    assert [str(issue) for issue in issues if issue.is_error] == []


def test_a_lost_store_sends_nothing_again_that_was_paid(life: Life) -> None:
    with_a_lost_store(life)


def test_what_payers_put_on_the_server_itself_counts(life: Life) -> None:
    life.export()
    (one,) = life.suitable(1)
    sent = life.of(one)
    life.records.put(response(sent))
    with life.billed.answers() as answers:
        (taken,) = HostAnswers(answers.setup).take()
        assert HostAnswers(answers.setup).take() == []
    assert (taken.state, taken.paid) == ("applied", sent.total - 30)
    now = life.of(one)
    assert (now.standing, now.payer_claim_number) == (ClaimStanding.ADJUDICATED, "P-77")
    life.shorten(one)
    life.billed.run()
    files = life.export()
    assert clm(files, claim_key(HOST, one, 1))[1:] == ["REF*F8*P-77"]
