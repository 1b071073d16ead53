"""Several people at the pages of one process at once; the clinic's files change under it; hosts are switched."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from massage_billing.model.desk import Role
from massage_billing.ports import VisitState
from web.harness import HOST, Served
from web.test_visit_page import settings_of


def test_many_look_at_once_and_each_sees_the_right_page(workbench: Served) -> None:
    rows = [row for row in workbench.office.store.rows(HOST) if row.state is not VisitState.WAITING][:24]
    today = workbench.office.today
    paths = [f"/visits/{HOST}/{row.encounter}" for row in rows]
    paths += [f"/today?date={today + timedelta(days=ahead)}" for ahead in range(6)] + [
        "/holds",
        "/holds?who=nobody",
    ] * 3

    def look(path: str) -> tuple[str, int, str]:
        answer = workbench.client(Role.OWNER).get(path)
        return path, answer.status_code, answer.text

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(look, paths * 2))
    assert {status for _, status, _ in found} == {200}
    for row in rows:
        for path, _, text in found:
            if path == f"/visits/{HOST}/{row.encounter}" and row.claim:
                assert row.claim in text


def test_a_payers_file_that_changed_is_read_again_and_a_mistake_leaves_the_last_sound_one(own: Served) -> None:
    file = settings_of(own).parent / "clinic" / "payers.yaml"
    before, sound = own.office.clinic(), file.read_text()
    file.write_text(sound.replace("filing_days: 365", "filing_days: 364") + "\n# changed\n")
    changed = own.office.clinic()
    assert changed.digest != before.digest or changed == before
    file.write_text("payers: [nonsense")
    assert own.office.clinic() == changed
    assert own.client(Role.OWNER).get("/holds").status_code == 200
    assert any("payers.yaml" in one and "last sound" in one for one in own.office.told())
    file.write_text(sound)
    assert own.office.clinic().digest == before.digest
    assert own.office.told() == ()


def test_where_there_are_several_hosts_they_can_be_switched(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'action="/host"' not in own.client(Role.OWNER).get("/holds").text
    monkeypatch.setattr(type(own.guard), "hosts", lambda *_: (HOST, "north"))
    page = own.client(Role.OWNER).get("/holds").text
    assert re.search(rf'<option value="{HOST}" selected>', page)
    assert '<option value="north">north</option>' in page


def test_a_visit_that_no_run_has_seen_is_read_from_the_ehr(own: Served) -> None:
    row = next(one for one in own.office.store.rows(HOST) if one.state is VisitState.HELD and one.patient)
    own.office.store.purge_patient(HOST, str(row.patient))
    page = own.client(Role.BILLER).get(f"/visits/{HOST}/{row.encounter}").text
    assert "No run has seen this visit yet" in page
    assert row.holds[0][0] in page
    assert "Bill again</button>" not in page
    answer = own.client(Role.BILLER).post(f"/visits/{HOST}/{row.encounter}/bill-again")
    assert answer.status_code == 409
    therapist = row.therapists[0] if row.therapists else "Practitioner/nobody"
    assert own.client(Role.THERAPIST, therapist).get(f"/visits/{HOST}/{row.encounter}").status_code == 404


def test_somebody_whose_host_is_gone_sees_nothing(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = replace(own.viewer(Role.OWNER), host="gone")
    monkeypatch.setattr(type(own.guard), "viewer", lambda *_: viewer)
    for path in ("/holds", "/today", f"/visits/{HOST}/visit-1"):
        assert own.client(Role.OWNER).get(path).status_code == 404
