"""Holds as people use it: narrowing, turning pages, giving several to somebody, having several decided again."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from massage_billing.model.desk import Role, Work
from massage_billing.ports import VisitState
from massage_billing.ports.desk import HeldDay, HoldFilter, HoldOrder, HoldRow
from massage_billing.ports.jobs import JobKind
from web.harness import HOST, STAFF, Served


def queue(served: Served) -> list[HoldRow]:
    """The whole queue, nearest filing limit first."""
    return list(served.office.desk.holds(HOST, HoldFilter(), HoldOrder.FILING, None, 500).rows)


def listed(text: str) -> list[str]:
    """Encounter ids of the rows on a page."""
    return re.findall(rf'<th scope="row" class="who-cell"><a href="/visits/{HOST}/([^"]+)"', text)


def work(served: Served, encounter: str) -> Work:
    found = served.office.desk.hold(HOST, encounter)
    assert found is not None
    return found.work


def test_every_held_visit_is_listed_with_its_reasons_and_what_to_do(workbench: Served) -> None:
    rows = [row for row in workbench.office.store.rows(HOST) if row.state is VisitState.HELD]
    page = workbench.client(Role.BILLER).get("/holds").text
    assert sorted(listed(page)) == sorted(row.encounter for row in rows)
    assert f"<strong>{len(rows)}</strong>" in page
    assert "Write the minutes of treatment on the Procedure." in page
    assert "therapist</span>" in page
    assert "In the EHR that the folder was exported from" in page


def test_patients_stand_by_name_and_no_name_is_in_the_store(workbench: Served) -> None:
    page = workbench.client(Role.BILLER).get("/holds").text
    assert "Testpatient-" in page
    row = next(one for one in queue(workbench) if one.visit.patient)
    assert "Testpatient" not in str(row)


def test_it_narrows_by_reason_payer_and_person(workbench: Served) -> None:
    rows = queue(workbench)
    client = workbench.client(Role.BILLER)
    rule = Counter(rule for row in rows for rule, _ in row.visit.holds).most_common(1)[0][0]
    assert set(listed(client.get(f"/holds?rule={rule}").text)) == {
        row.visit.encounter for row in rows if rule in dict(row.visit.holds)
    }
    payer = next(row.visit.payer for row in rows if row.visit.payer)
    assert (
        set(
            listed(
                client.get(
                    "/holds",
                ).text
            )
        )
        >= set(listed(client.get(f"/holds?payer={payer}").text))
        != set()
    )
    assert listed(client.get("/holds?who=me").text) == []
    assert len(listed(client.get("/holds?who=nobody").text)) == len(rows)
    assert listed(client.get("/holds?rule=no-such-rule").text) == []


@pytest.mark.parametrize(("order", "key"), [("dollars", "amount"), ("filing", "filing_limit")])
def test_it_sorts(order: str, key: str, workbench: Served) -> None:
    rows = {row.visit.encounter: row.visit for row in queue(workbench)}
    found = [getattr(rows[one], key) for one in listed(workbench.client(Role.BILLER).get(f"/holds?order={order}").text)]
    known = [Decimal(one) if key == "amount" else one for one in found if one is not None]
    assert known == sorted(known, reverse=key == "amount")
    assert found[len(known) :] == [None] * (len(found) - len(known))


def test_htmx_gets_the_queue_alone(workbench: Served) -> None:
    part = workbench.client(Role.BILLER).get("/holds?rule=minutes-documented", **{"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="queue">')
    assert "<html" not in part
    assert 'hx-swap-oob="true"' in part
    back = workbench.client(Role.BILLER).get("/holds", **{"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in back.text


def test_pages_are_turned(workbench: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massage_billing.desk.holds.PAGE", 5)
    client, seen, path = workbench.client(Role.BILLER), [], "/holds"
    for _ in range(20):
        page = client.get(path).text
        seen += listed(page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        if following is None:
            break
        path = following[1].replace("&amp;", "&")
    assert seen == [row.visit.encounter for row in queue(workbench)]
    assert listed(client.get("/holds?after=made-up").text) == seen[:5]


# --- giving ---------------------------------------------------------------------------------------------------------


def test_several_are_taken_given_and_given_back(own: Served) -> None:
    first, second = (row.visit.encounter for row in queue(own)[:2])
    client = own.client(Role.BILLER)
    took = client.post("/holds/assign", {"to": "me", "hold": [f"{first}:0", f"{second}:0"], "back": "/holds?who=me"})
    assert (took.status_code, took.headers["location"]) == (303, "/holds?who=me&said=taken-2%2Covertaken-0")
    page = client.get(took.headers["location"]).text
    assert set(listed(page)) == {first, second}
    assert "You have 2 holds more now." in page
    given = client.post("/holds/assign", {"to": "person", "person": "Practitioner/front", "hold": f"{first}:1"})
    assert given.headers["location"] == "/holds?said=assigned-1%2Covertaken-0"
    assert work(own, first).assignee == "Practitioner/front"
    assert (work(own, first).version, work(own, first).by) == (2, "Practitioner/bill")
    client.post("/holds/assign", {"to": "nobody", "hold": [f"{first}:2", f"{second}:1"]})
    assert [work(own, one).assignee for one in (first, second)] == ["", ""]
    assert listed(own.client(Role.FRONT_DESK).get("/holds?who=me").text) == []


def test_who_is_overtaken_is_told_and_nothing_is_overwritten(own: Served) -> None:
    first, second = (row.visit.encounter for row in queue(own)[:2])
    own.client(Role.FRONT_DESK).post("/holds/assign", {"to": "me", "hold": f"{first}:0"})
    late = own.client(Role.BILLER).post("/holds/assign", {"to": "me", "hold": [f"{first}:0", f"{second}:0"]})
    assert late.headers["location"] == "/holds?said=taken-1%2Covertaken-1"
    told = own.client(Role.BILLER).get(late.headers["location"]).text
    assert "One hold had been changed by somebody else" in told
    assert work(own, first).assignee == "Practitioner/front"
    assert work(own, second).assignee == "Practitioner/bill"


def test_nothing_ticked_changes_nothing_and_says_so(own: Served) -> None:
    client = own.client(Role.BILLER)
    assert client.post("/holds/assign", {"to": "me"}).headers["location"] == "/holds?said=nothing"
    assert client.post("/holds/bill-again").headers["location"] == "/holds?said=nothing"


def test_a_hold_goes_to_nobody_who_does_not_work_here(own: Served) -> None:
    first = queue(own)[0].visit.encounter
    for person in ("Practitioner/stranger", "Patient/patient-1", ""):
        answer = own.client(Role.BILLER).post("/holds/assign", {"to": "person", "person": person, "hold": f"{first}:0"})
        assert answer.status_code == 404
    assert work(own, first).version == 0


def test_ids_that_are_guessed_are_as_if_they_were_not_there(own: Served) -> None:
    client = own.client(Role.BILLER)
    holds = ["nobody:0", "../../etc:0", "visit-1", ":", "visit-1:x", "visit-1:99999999999999999999"]
    assert client.post("/holds/assign", {"to": "me", "hold": holds}).headers["location"] == "/holds?said=nothing"
    assert client.post("/holds/bill-again", {"hold": holds}).headers["location"] == "/holds?said=nothing"


# --- billing again --------------------------------------------------------------------------------------------------


def test_several_are_billed_again_and_how_far_it_is_can_be_seen(own: Served) -> None:
    chosen = [row.visit.encounter for row in queue(own)[:3]]
    client = own.client(Role.FRONT_DESK)
    answer = client.post("/holds/bill-again", {"hold": [f"{one}:0" for one in chosen], "back": "/holds?rule=mue"})
    (job,) = own.jobs.running()
    assert (job.kind, job.host, job.by, set(job.encounters)) == (
        JobKind.VISIT,
        HOST,
        "Practitioner/front",
        set(chosen),
    )
    assert answer.headers["location"] == f"/holds?rule=mue&job={job.id}&said=billing-3"
    page = client.get(answer.headers["location"]).text
    assert f'hx-get="/jobs/{job.id}/progress"' in page
    assert "waits for its turn" in page
    alone = client.get(f"/jobs/{job.id}/progress").text
    assert "<html" in alone
    assert "Look again" in alone


def test_a_job_that_is_over_asks_no_more(own: Served) -> None:
    from massage_billing.ports.jobs import JobState, Outcome

    begun = own.jobs.begin(JobKind.VISIT, HOST, "Practitioner/bill", "here/1", ["visit-1"])
    own.jobs.end(begun.job.id, "here/1", Outcome(JobState.PROBLEMS, {"claims": 1}, ("Encounter/visit-1: a problem.",)))
    part = own.client(Role.BILLER).get(f"/jobs/{begun.job.id}/progress", **{"HX-Request": "true"}).text
    assert "hx-get" not in part
    assert "Encounter/visit-1: a problem." in part


def test_somebody_elses_jobs_are_not_there(own: Served) -> None:
    mine = own.jobs.ask(JobKind.VISIT, HOST, "Practitioner/bill", ["visit-1"]).job
    other = own.jobs.ask(JobKind.VISIT, "elsewhere", "Practitioner/bill", ["visit-1"]).job
    assert own.client(Role.BILLER).get(f"/jobs/{mine.id}/progress").status_code == 200
    assert own.client(Role.BILLER).get(f"/jobs/{other.id}/progress").status_code == 404
    assert own.client(Role.THERAPIST, "Practitioner/x").get(f"/jobs/{mine.id}/progress").status_code == 404
    assert f"/jobs/{other.id}" not in own.client(Role.BILLER).get(f"/holds?job={other.id}").text


# --- a therapist ----------------------------------------------------------------------------------------------------


def test_a_therapist_sees_the_holds_of_own_visits_only(workbench: Served) -> None:
    rows = queue(workbench)
    therapist = next(row.visit.therapists[0] for row in rows if row.visit.therapists)
    page = workbench.client(Role.THERAPIST, therapist).get("/holds").text
    assert set(listed(page)) == {row.visit.encounter for row in rows if therapist in row.visit.therapists}
    assert "Over time" not in page
    assert 'name="payer"' not in page
    assert listed(workbench.client(Role.THERAPIST, "Practitioner/nobody").get("/holds").text) == []


def test_a_therapist_bills_own_visits_again_and_gives_nothing_away(own: Served) -> None:
    rows = queue(own)
    therapist = next(row.visit.therapists[0] for row in rows if row.visit.therapists)
    mine = next(row.visit.encounter for row in rows if therapist in row.visit.therapists)
    other = next(row.visit.encounter for row in rows if therapist not in row.visit.therapists)
    client = own.client(Role.THERAPIST, therapist)
    client.post("/holds/bill-again", {"hold": [f"{mine}:0", f"{other}:0"]})
    assert [job.encounters for job in own.jobs.running()] == [(mine,)]
    assert client.post("/holds/assign", {"to": "me", "hold": f"{mine}:0"}).status_code == 403
    assert 'name="to"' not in client.get("/holds").text


# --- over time ------------------------------------------------------------------------------------------------------


def test_held_dollars_over_time_are_a_picture_with_its_table(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    today = own.office.today
    kept = [
        HeldDay(today - timedelta(days=back), rule, 2, Decimal(dollars))
        for back, rule, dollars in ((2, "mue", 100), (1, "mue", 150), (0, "mue", 50), (0, "member-id", 75), (0, "", 99))
    ]
    monkeypatch.setattr(type(own.office.desk), "held_days", lambda *_: kept)
    page = own.client(Role.OWNER).get("/holds").text
    assert page.count('<rect class="series-1"') == 4  # three bars and the key of the legend
    assert "Figures as a table" in page
    assert '<td class="number">$150</td>' in page


def test_a_list_is_kept_in_the_audit_trail(own: Served) -> None:
    own.client(Role.BILLER).get("/holds?rule=mue")
    last = list(own.guard.access.all_events(HOST))[-1]
    assert (last.who, last.action.value, last.page, last.detail) == (
        "Practitioner/bill",
        "listed",
        "holds",
        "held by mue",
    )
    assert date.today() >= last.at.date() - timedelta(days=1)
    assert last.role == "biller"
    assert set(STAFF) >= {last.who}
