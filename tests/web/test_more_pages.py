"""What a biller sees and does on Claims, Eligibility, Credentials, Denials, Rules and Health, without JavaScript."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from desk.test_replayed import DONE
from massage_billing.desk.people import Names
from massage_billing.desk.replayed import packed
from massage_billing.errors import HostUnreachable
from massage_billing.model.desk import Role
from massage_billing.ports import Entry, QuestionState
from massage_billing.ports.access import Event
from massage_billing.ports.asking import Settled
from massage_billing.ports.jobs import JobKind, JobState
from web.answered_clinic import answered, covered, denied, looked, mine, settled, standing
from web.harness import HOST, Served

__all__ = ["answered", "looked", "mine"]

EVIL = "<img src=x onerror=alert(1)>\"'</script>"


def seen(of: Served, path: str, role: Role = Role.BILLER, status: int = 200) -> str:
    """What a page says, without its tags."""
    answer = of.client(role).get(path)
    assert answer.status_code == status, answer.text[:500]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def events(of: Served) -> list[Event]:
    """Who did what."""
    return of.guard.access.events(HOST, limit=500)


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found.group(1))


# --- claims ---------------------------------------------------------------------------------------------------------


def test_claims_are_summed_by_standing_and_narrowed(looked: Served) -> None:
    whole = seen(looked, "/claims")
    assert "decided by the payer" in whole
    claim = denied(looked)
    found = seen(looked, f"/claims?search={claim.key[:12]}")
    assert claim.key in found
    assert "1 claims," in found
    other = seen(looked, "/claims?standing=rejected")
    assert "Rejected, never filed" in other
    assert claim.key not in other
    assert "No claims here." in seen(looked, "/claims?payer=nobody")


def test_a_claims_life_tells_each_step_with_its_evidence_and_each_dollar_not_paid(looked: Served) -> None:
    claim = denied(looked)
    page = seen(looked, f"/claims/{HOST}/{claim.encounter}")
    for text in (claim.key, "837P-clearinghouse-000000001.837", "277.x12", "835-1.x12", "no authorization",
                 "authorization-on-file", "CO 197", "Decided: to be billed to"):  # fmt: skip
        assert text in page, text
    assert events(looked)[-1].encounter == claim.encounter


def test_what_changed_is_read_from_the_host_and_nothing_is_written(looked: Served) -> None:
    page = seen(looked, f"/claims/{HOST}/{denied(looked).encounter}/changes")
    assert 'id="said"' not in page, "it loads after the page, and would wipe out what that says"
    assert "Nothing changed: the claim stands as it is." in page


def test_a_claim_is_marked_with_a_reason_and_the_second_person_is_told(mine: Served) -> None:
    claim = standing(mine, "accepted")
    path, biller = f"/claims/{HOST}/{claim.encounter}", mine.client(Role.BILLER)
    shown = biller.get(path).text
    form = {"claim": claim.key, "seen": field(shown, "seen"), "what": "paid", "reason": "portal", "paid": "80.00"}
    done = biller.post(f"{path}/mark", form)
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?said=marked")
    page = seen(mine, f"{path}?said=marked")
    assert "paid: portal" in page
    assert "marked by Practitioner/bill" in page
    second = mine.client(Role.OWNER).post(f"{path}/mark", {**form, "what": "rejected"})
    assert second.status_code == 409
    assert "something was said of it since" in second.text
    assert mine.office.ledger.submissions(HOST, [claim.key])[claim.key].standing.value == "adjudicated"
    told = [(one.action.value, one.ok, one.detail) for one in events(mine) if one.action.value == "marked"]
    assert told == [("marked", True, "paid"), ("marked", False, "")]


def test_a_mark_that_cannot_be_meant_keeps_what_was_typed(mine: Served) -> None:
    claim = standing(mine, "accepted")
    path, biller = f"/claims/{HOST}/{claim.encounter}", mine.client(Role.BILLER)
    form = {"claim": claim.key, "seen": field(biller.get(path).text, "seen"), "what": "paid", "reason": EVIL,
            "paid": "lots"}  # fmt: skip
    answer = biller.post(f"{path}/mark", form)
    assert answer.status_code == 422
    assert "Write it like 80.00." in answer.text
    assert html.escape(EVIL, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in answer.text
    assert "<img src=x" not in answer.text


def test_a_draft_is_let_go_by_a_job_once(mine: Served) -> None:
    (row,) = mine.office.store.known(HOST, [denied(mine).encounter]).values()
    mine.office.store.commit([Entry(replace(row, draft=True))])
    path = f"/claims/{HOST}/{row.encounter}"
    assert "A draft waits to be let go" in seen(mine, path)
    link = re.search(r'href="(/claims\?[^"]+)"', mine.client(Role.OWNER).get("/health").text)
    assert link
    assert "1 claims," in seen(mine, html.unescape(link[1]))
    assert "Your role does not let drafts go." in seen(mine, path, Role.AUDITOR)
    biller = mine.client(Role.BILLER)
    shown = {"seen": field(biller.get(path).text, "seen")}
    for unseen in ({}, {"seen": "another"}):
        answer = biller.post(f"{path}/approve", unseen)
        assert (answer.status_code, mine.jobs.running()) == (409, [])
        assert "The draft was replaced since the page was shown" in answer.text
    assert biller.post(f"{path}/approve", shown).status_code == 303
    (job,) = mine.jobs.running()
    assert (job.kind, job.encounters, job.by) == (JobKind.APPROVE, (row.encounter,), "Practitioner/bill")
    assert job.seen == {row.encounter: row.digest}
    mine.office.store.commit([Entry(row)])
    assert mine.client(Role.BILLER).post(f"{path}/approve").status_code == 409


# --- eligibility ----------------------------------------------------------------------------------------------------


def test_open_questions_come_with_their_problem_and_a_coverage_is_found(looked: Served) -> None:
    page = seen(looked, "/eligibility?days=7")
    assert "to be tried again" in page.casefold()
    coverage, _ = covered(looked)
    found = looked.client(Role.BILLER).get(f"/eligibility/find?of={coverage}")
    assert found.headers["location"] == f"/eligibility/{HOST}/{coverage}"
    row = next(iter(looked.office.asking.questions(HOST, [f"Coverage/{coverage}"]).values()))
    assert f"Coverage/{coverage}" in seen(looked, f"/eligibility?patient={row.patient.partition('/')[2]}")


def test_a_patient_is_found_by_name_and_the_name_stands_in_no_address_and_no_trail(looked: Served) -> None:
    coverage, _ = covered(looked)
    (row, *_) = looked.office.asking.questions(HOST, [f"Coverage/{coverage}"]).values()
    name = looked.office.names.named([row.patient]).names[row.patient]
    typed = " ".join(reversed(name.lower().replace(",", " ").split()))
    answer = looked.client(Role.FRONT_DESK).post("/eligibility/find", {"of": typed})
    assert answer.status_code == 200
    assert html.escape(name) in answer.text
    assert f"/eligibility/{HOST}/{coverage}" in answer.text
    assert "looked for a patient by name" in [one.detail for one in events(looked)]
    assert typed.split()[-1] not in str(events(looked)).lower()
    nobody = looked.client(Role.FRONT_DESK).post("/eligibility/find", {"of": "zzzz"})
    assert "Nobody among them is called so." in nobody.text
    known = looked.client(Role.FRONT_DESK).post("/eligibility/find", {"of": coverage})
    assert known.headers["location"] == f"/eligibility/{HOST}/{coverage}"


def test_an_answer_is_shown_in_figures_and_its_evidence_is_taken_out_as_received(looked: Served) -> None:
    coverage, question = covered(looked)
    page = seen(looked, f"/eligibility/{HOST}/{coverage}")
    assert "Massage covered" in page
    assert "An answer is no promise to pay." in page
    answer = looked.client(Role.FRONT_DESK).get(f"/eligibility/{HOST}/{coverage}/evidence/{question}")
    kept = looked.office.asking.evidence(question)
    assert kept is not None
    assert answer.content == kept[0]
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    last = events(looked)[-1]
    assert (last.action.value, last.who, last.detail) == ("exported", "Practitioner/front", f"evidence {question}")


def test_whatever_a_payer_sends_is_shown_as_text(mine: Served) -> None:
    of, _ = covered(mine)
    (known, *_) = mine.office.asking.answers(HOST, [f"Coverage/{of}"])[f"Coverage/{of}"]
    rows = mine.office.asking.rows(HOST, date(2020, 1, 1))
    row = next(one for one in rows if one.state is QuestionState.LATER)
    coverage = row.coverage.partition("/")[2]
    benefit = replace(known.answer.benefits[0], messages=(EVIL,), plan=EVIL)
    sent = replace(known.answer, messages=(EVIL,), kept=(EVIL,), benefits=(benefit,))
    told = replace(known, answer=sent, question=row.key, coverage=row.coverage, patient=row.patient, payer=row.payer)
    answered_row = replace(row, state=QuestionState.ANSWERED, problem=EVIL)
    mine.office.asking.settle([Settled(answered_row, told, b"<script>alert(1)</script>", "text/html", True)])
    client = mine.client(Role.OWNER)
    for path in (f"/eligibility/{HOST}/{coverage}", "/eligibility?every=1&days=31", "/health"):
        text = client.get(path).text
        assert "<img src=x" not in text
    assert "&lt;img src=x" in client.get(f"/eligibility/{HOST}/{coverage}").text
    received = client.get(f"/eligibility/{HOST}/{coverage}/evidence/{row.key}")
    assert received.headers["content-type"] == "application/octet-stream"


def test_asking_again_is_a_job_and_the_page_says_so(mine: Served) -> None:
    coverage, _ = covered(mine)
    back = f"/eligibility/{HOST}/{coverage}"
    done = mine.client(Role.BILLER).post("/eligibility/ask", {"back": back})
    assert done.headers["location"].startswith(back)
    (job,) = mine.jobs.running()
    assert job.kind is JobKind.ELIGIBILITY
    assert "Payers are being asked." in seen(mine, back)
    stray = mine.client(Role.BILLER).post("/eligibility/ask", {"back": "//evil.example/eligibility"})
    assert stray.headers["location"].startswith("/eligibility")


# --- credentials, denials, rules, health ----------------------------------------------------------------------------


def test_credentials_tell_what_ends_and_which_visits_a_gap_holds(looked: Served) -> None:
    page = seen(looked, "/credentials")
    assert "In network" in page
    assert "in 6 days" in page
    assert "Ended" in page
    assert "held by therapist-credentialed" in page or "therapist-licensed" in page
    assert re.search(r"ends on \d{4}-\d\d-\d\d, in 6 days \(the 7-day warning\)", page)


def test_denials_are_told_from_every_side_and_drafts_are_files_only(looked: Served) -> None:
    seen(looked, "/denials")
    settled()
    page = seen(looked, "/denials")
    for text in ("no authorization", "authorization-on-file", "By therapist", "Prevented and missed, by rule"):
        assert text in page
    seen(looked, "/denials/proposals?least=2")
    settled()
    page = seen(looked, "/denials/proposals?least=2")
    assert "Nothing here is in use" in page
    assert "Take it out" in page or "Not proposed, and why" in page or "Nothing to propose." in page


def test_a_period_before_all_answers_has_no_denials(looked: Served) -> None:
    seen(looked, "/denials?until=2001-01-01")
    settled()
    assert "Nothing was denied in this time." in seen(looked, "/denials?until=2001-01-01")


def test_a_rule_is_found_by_its_question_and_shown_with_rows_and_sources(looked: Served) -> None:
    page = seen(looked, "/rules?words=minutes", Role.THERAPIST)
    assert "timed-units" in page
    assert "No rule and no payer policy fits." in seen(looked, "/rules?words=zzzz")
    page = seen(looked, "/rules/ncci-pairs?code=97124", Role.THERAPIST)
    for text in ("By date of service", "Examples", "Sources", "column 2"):
        assert text in page


def test_what_changed_lately_is_told_and_past_visits_are_replayed_on_demand(looked: Served) -> None:
    page = seen(looked, "/rules/lately")
    assert "diagnosis-valid" in page
    done = looked.client(Role.BILLER).post("/rules/replay", {"days": "92", "rules_of": "2026-01-01"})
    settled()
    page = seen(looked, done.headers["location"].partition("#")[0])
    assert "visits decided twice" in page
    assert "visits decided twice" not in seen(looked, "/rules/lately")


def test_a_replay_that_another_process_made_is_found_in_the_store(mine: Served) -> None:
    path = "/rules/lately?days=31&rules_of=2026-01-02"
    assert "another process of the service may be at it" in seen(mine, path)
    mine.office.asking.keep(f"replay:{HOST}:31:2026-01-02", packed(DONE), datetime.now(UTC))
    page = seen(mine, path)
    assert "30 visits decided twice" in page
    assert "-$140.50 on claims" in page
    assert "+$140.50 -$3.10" in " ".join(one for one in page.replace("$0.00", "").split())
    assert "replay them again to see them" in page


def test_a_host_that_is_away_is_told_and_the_pages_stand(mine: Served) -> None:
    @contextmanager
    def away() -> Iterator[Any]:
        raise HostUnreachable("The host does not answer.", "Look at its network.")
        yield

    office = replace(mine.office, program=away, sweep=away, names=Names(away))
    mine.site.offices._offices[HOST] = office  # type: ignore[attr-defined]
    claim, (coverage, _) = denied(mine), covered(mine)
    seen(mine, "/health")
    settled()
    assert "Does not answer The host does not answer." in seen(mine, "/health")
    for path in ("/claims", f"/claims/{HOST}/{claim.encounter}", "/eligibility?every=1", "/credentials",
                 f"/eligibility/{HOST}/{coverage}"):  # fmt: skip
        assert "references stand in their place: The host does not answer." in seen(mine, path), path
    assert "The host does not answer." in seen(mine, f"/claims/{HOST}/{claim.encounter}/changes")
    assert "Patient/" in seen(mine, "/claims")


def test_health_tells_the_host_queues_payers_runs_and_versions(mine: Served) -> None:
    begun = mine.client(Role.OWNER).post("/health/run", {"job": "run"})
    assert begun.status_code == 303
    page = seen(mine, "/health?said=running")
    assert "Billing, asked for by" in page
    assert "said=busy" in mine.client(Role.OWNER).post("/health/run", {"job": "eligibility"}).headers["location"]
    settled()
    page = seen(mine, "/health")
    for text in ("folder of FHIR files", "Outbox", "cedar-health", "Rulebook", "Answers"):
        assert text in page


def test_states_of_jobs_have_words() -> None:
    from massage_billing.web.pages.health import KINDS, STATES, TONES

    assert set(STATES) == set(TONES) == set(JobState)
    assert set(KINDS) == set(JobKind)
