"""Claims, Eligibility, Credentials, Denials, Rules, Health: who may see and do what; guessed ids; forged forms."""

from __future__ import annotations

import pytest

from massage_billing.model.desk import PERMISSIONS, Permission, Role
from web.answered_clinic import answered, covered, denied, looked, mine, standing
from web.harness import HOST, Served

__all__ = ["answered", "looked", "mine"]

PAGES = {
    "/claims": Permission.CLAIMS,
    "/claims/{host}/{visit}": Permission.CLAIMS,
    "/claims/{host}/{visit}/changes": Permission.CLAIMS,
    "/eligibility": Permission.ELIGIBILITY,
    "/eligibility/find?of=Coverage/{coverage}": Permission.ELIGIBILITY,
    "/eligibility/{host}/{coverage}": Permission.ELIGIBILITY,
    "/eligibility/{host}/{coverage}/evidence/{question}": Permission.ELIGIBILITY,
    "/credentials": Permission.CREDENTIALS,
    "/denials": Permission.DENIALS,
    "/denials/proposals": Permission.RUN,
    "/denials/proposals/none.yaml": Permission.RUN,
    "/rules": Permission.RULES,
    "/rules/timed-units": Permission.RULES,
    "/rules/lately": Permission.RULES,
    "/health": Permission.HEALTH,
}
FORMS = {
    "/claims/{host}/{visit}/mark": Permission.MARK,
    "/claims/{host}/{visit}/approve": Permission.APPROVE,
    "/eligibility/ask": Permission.RUN,
    "/eligibility/find": Permission.ELIGIBILITY,
    "/rules/replay": Permission.RUN,
    "/health/run": Permission.RUN,
}


def real(path: str, of: Served) -> str:
    """A path with ids that are there."""
    coverage, question = covered(of)
    return path.format(host=HOST, visit=denied(of).encounter, coverage=coverage, question=question)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_shown_to_those_who_may_and_to_nobody_else(looked: Served, path: str, role: Role) -> None:
    answer = looked.client(role, "Practitioner/nobody").get(real(path, looked))
    may = PAGES[path] in PERMISSIONS[role]
    allowed = (404,) if "none.yaml" in path else (303,) if "/find" in path else (200,)
    assert answer.status_code in (allowed if may else (403,)), answer.text[:300]
    if answer.status_code == 200 and "evidence" not in path:
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", FORMS)
def test_who_may_not_changes_nothing(mine: Served, path: str) -> None:
    for role in Role:
        if FORMS[path] not in PERMISSIONS[role]:
            answer = mine.client(role, "Practitioner/nobody").post(real(path, mine), {"job": "run"})
            assert answer.status_code == 403
    assert mine.jobs.running() == []


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_sessions_token_changes_nothing(mine: Served, path: str) -> None:
    claim = standing(mine, "accepted")
    data = {"csrf": "wrong", "job": "run", "claim": claim.key, "what": "paid", "reason": "x"}
    answer = mine.client(Role.OWNER).post(real(path, mine), data)
    assert answer.status_code == 403
    assert mine.jobs.running() == []
    assert mine.office.ledger.submissions(HOST, [claim.key])[claim.key].standing.value == "accepted"


@pytest.mark.parametrize("path", [*PAGES, "/"])
def test_who_is_not_logged_in_is_sent_to_the_door(looked: Served, path: str) -> None:
    stranger = looked.client(Role.OWNER)
    stranger._client.cookies.clear()
    answer = stranger.get(real(path, looked))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


GUESSED = (
    "/claims/{host}/none",
    "/claims/other/{visit}",
    "/claims/{host}/{visit}%00",
    "/claims/{host}/..%2f..%2fetc",
    "/claims/other/{visit}/changes",
    "/eligibility/{host}/none",
    "/eligibility/other/{coverage}",
    "/eligibility/{host}/{coverage}/evidence/MQNONE",
    "/eligibility/{host}/none/evidence/{question}",
    "/eligibility/{host}/{coverage}/evidence/..%2f{question}",
    "/eligibility/find?of=Practitioner/1",
    "/eligibility/find?of=//evil.example",
    "/rules/none",
    "/rules/..%2frulebook",
    "/denials/proposals/..%2f..%2fsettings.yaml",
)


@pytest.mark.parametrize("path", GUESSED)
def test_an_id_that_is_guessed_finds_nothing(looked: Served, path: str) -> None:
    answer = looked.client(Role.OWNER).get(real(path, looked))
    assert answer.status_code == 404
    assert "Testpatient" not in answer.text


def test_evidence_of_another_coverage_is_not_given_by_a_coverage_one_may_see(looked: Served) -> None:
    coverage, _ = covered(looked)
    others = [
        known.question
        for row in looked.office.asking.rows(HOST, looked.office.today.replace(year=2020))
        if row.coverage != f"Coverage/{coverage}"
        for known in looked.office.asking.answers(HOST, [row.coverage]).get(row.coverage, ())
    ]
    assert others
    for question in others[:3]:
        path = f"/eligibility/{HOST}/{coverage}/evidence/{question}"
        assert looked.client(Role.OWNER).get(path).status_code == 404
