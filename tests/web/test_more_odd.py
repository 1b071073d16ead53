"""Odd queries and forms on Claims, Eligibility, Credentials, Denials, Rules and Health: an answer, never a 500."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massage_billing.model.desk import Role
from web.answered_clinic import answered, denied, looked
from web.harness import HOST, Served

__all__ = ["answered", "looked"]

PATHS = ("/claims", "/eligibility", "/eligibility/find", "/credentials", "/denials", "/denials/proposals", "/rules",
         "/rules/timed-units", "/rules/ncci-pairs", "/rules/medicare", "/rules/lately", "/health")  # fmt: skip
NAMES = ("search", "standing", "payer", "first", "last", "after", "days", "every", "of", "patient", "since", "until",
         "least", "words", "code", "policy", "on", "table", "rules_of", "said")  # fmt: skip
VALUES = (
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "-1",
    "999999999999",
    "not sent",
    "draft",
    "unsent",
    "97140",
    "%00",
    "' or 1=1 --",
    "<b>",
    "Coverage/../1",
    "Patient/1",
    "\U0001f600",
    "\x00",
    "é" * 90,
    "10",
    "1",
    "",
)
QUERIES = st.dictionaries(st.sampled_from(NAMES), st.one_of(st.sampled_from(VALUES), st.text(max_size=20)), max_size=5)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(path=st.sampled_from(PATHS), query=QUERIES)
def test_any_query_has_an_answer(looked: Served, path: str, query: dict[str, str]) -> None:
    answer = looked.client(Role.OWNER)._client.get(path, params=query, headers={"accept": "text/html"})
    assert answer.status_code in (200, 303, 404), (answer.status_code, answer.text[:300])


FIELDS = st.dictionaries(
    st.sampled_from(["claim", "seen", "what", "reason", "paid", "payer_number", "job", "days", "rules_of", "back"]),
    st.one_of(st.sampled_from((*VALUES, "paid", "sent")), st.text(max_size=20)),
    max_size=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(form=FIELDS, path=st.sampled_from([f"/claims/{HOST}/{{visit}}/mark", f"/claims/{HOST}/{{visit}}/approve"]))
def test_any_form_has_an_answer_and_a_wrong_one_marks_nothing(looked: Served, form: dict[str, str], path: str) -> None:
    claim = denied(looked)
    answer = looked.client(Role.OWNER).post(path.format(visit=claim.encounter), dict(form))
    assert answer.status_code in (404, 409, 422), answer.text[:300]
    assert looked.office.ledger.submissions(HOST, [claim.key])[claim.key] == claim
