"""Who looked at what: the lines as FHIR AuditEvents, and who may take them away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st

from access.bench import Bench
from access.test_sessions_and_links import BILLER, there
from massage_billing.access.audit_events import ACTIONS, as_bundle, as_ndjson, audit_event
from massage_billing.access.audit_routes import AuditView
from massage_billing.fhir.schemas import Validator
from massage_billing.model.desk import Role, Viewer
from massage_billing.ports.access import Action, Event
from massage_billing.profiles import load_schema

SCHEMA = Validator(load_schema("AuditEvent"))
AT = datetime(2024, 11, 30, 9, 15, tzinfo=UTC)
OWNER = Viewer("Practitioner/1", "Ada Lovelace", Role.OWNER, "main", "Practitioner/1")
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)
ids = st.from_regex(r"[A-Za-z0-9.-]{1,64}", fullmatch=True)
events = st.builds(
    Event,
    at=st.datetimes(min_value=datetime(2020, 1, 1), timezones=st.just(UTC)),
    who=st.sampled_from(["", "console", "Practitioner/3", "PractitionerRole/7", "Person/9"]),
    role=st.sampled_from(["", *(one.value for one in Role)]),
    host=st.sampled_from(["", "main"]),
    action=st.sampled_from(Action),
    page=st.sampled_from(["", "visit"]),
    encounter=st.one_of(st.just(""), ids),
    patient=st.one_of(st.just(""), ids.map(lambda one: f"Patient/{one}")),
    detail=words.map(str.strip),
    ok=st.booleans(),
    number=st.integers(1, 10**9),
)


@given(events)
def test_every_line_is_a_valid_audit_event(event: Event) -> None:
    resource = audit_event(event)
    AuditEvent.model_validate(resource)
    assert SCHEMA.check(resource) == ()
    assert [] == [one for one in _leaves(resource) if one in ("", None, [], {})]


@given(st.lists(events, max_size=5))
def test_lines_and_bundle_hold_the_same(many: list[Event]) -> None:
    lines = [json.loads(line) for line in b"".join(as_ndjson(many)).splitlines()]
    bundle = json.loads(b"".join(as_bundle(many)))
    Bundle.model_validate(bundle)
    assert [one["resource"] for one in bundle.get("entry", [])] == lines
    assert len(lines) == len(many)


def test_what_we_did_has_a_code_in_our_code_system() -> None:
    built = Path(__file__).resolve().parents[2] / "fhir_profiles" / "built" / "CodeSystem-workbench-action.json"
    system = json.loads(built.read_text())
    assert system["url"] == ACTIONS
    assert [one["code"] for one in system["concept"]] == [one.value for one in Action]


def test_a_view_of_a_visit_names_who_whom_and_where() -> None:
    event = Event(AT, "Practitioner/3", "biller", "main", Action.VIEWED, "visit", "e1", "Patient/7", number=5)
    resource = audit_event(event)
    assert resource["recorded"] == "2024-11-30T09:15:00.000Z"
    assert resource["agent"][0]["who"] == {"reference": "Practitioner/3"}  # type: ignore[index]
    named = {one["what"]["reference"] for one in resource["entity"] if "what" in one}  # type: ignore[attr-defined]
    assert named == {"Patient/7", "Encounter/e1"}
    assert resource["id"] == audit_event(event)["id"]
    assert resource["outcome"] == "0"


def test_the_owner_takes_out_the_days_asked_for_and_that_is_kept_too(bench: Bench) -> None:
    for day in range(3):
        bench.kept.record(
            Event(AT + timedelta(days=day), "Practitioner/3", "biller", "main", Action.VIEWED, "visit", f"e{day}")
        )
    bench.kept.record(Event(AT, "x", "", "other", Action.VIEWED, "visit", "foreign"))
    browser = there(bench, bench.guard.log_in(OWNER))
    answer = browser.get("/audit/export?first=2024-12-01&last=2024-12-02")
    assert answer.headers["content-type"] == "application/fhir+ndjson"
    assert 'filename="audit-2024-12-01-2024-12-02.ndjson"' in answer.headers["content-disposition"]
    seen = [json.loads(line) for line in answer.text.splitlines()]
    assert ["e1", "e2"] == [one["entity"][-1]["what"]["reference"].removeprefix("Encounter/") for one in seen]
    bundle = browser.get("/audit/export?first=2024-11-30&last=2024-12-02&format=bundle")
    assert len(bundle.json()["entry"]) == 3
    assert "foreign" not in bundle.text
    assert "Ada" not in bundle.text
    assert [one[0] for one in bench.events()][-2:] == ["exported", "exported"]


def test_one_patients_lines_are_found_by_id(bench: Bench) -> None:
    for patient in ("Patient/1", "Patient/2", "Patient/12"):
        bench.kept.record(Event(AT, "Practitioner/3", "biller", "main", Action.VIEWED, "visit", "e", patient))
    browser = there(bench, bench.guard.log_in(OWNER))
    for asked, found in (("Patient/1", 1), ("1", 1), ("", 3), ("Practitioner/1", 0), ("%", 0), ("Kim Lee", 0)):
        days = {"first": "2024-11-30", "last": "2024-11-30", "patient": asked}
        assert browser.get("/audit/export", params=days).text.count("\n") == found, asked
        assert browser.get("/audit", params=days).status_code == 200
        view = bench.pages[-1][1]
        assert isinstance(view, AuditView)
        assert len(view.lines) == found
    assert "Kim" not in repr(bench.kept._lines)


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.BILLER, Role.THERAPIST])
@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
def test_other_roles_take_nothing_out(bench: Bench, role: Role, path: str) -> None:
    viewer = Viewer("Practitioner/5", "Kim", role, "main")
    answer = there(bench, bench.guard.log_in(viewer)).get(path)
    assert answer.status_code == 403
    assert bench.events()[-1][:3] == ("refused", "Practitioner/5", False)


@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
def test_nobody_takes_nothing_out(bench: Bench, path: str) -> None:
    assert bench.browser().get(path).headers["location"].startswith("/login")


@pytest.mark.parametrize(
    "query",
    ["first=x&last=y", "first=0001-01-01", "last=9999-12-31", "first=2024-12-02&last=2024-12-01",
     "first=%00&format=%0d%0aX: y"],
)  # fmt: skip
def test_odd_days_are_no_fault(bench: Bench, query: str) -> None:
    browser = there(bench, bench.guard.log_in(OWNER))
    assert browser.get(f"/audit?{query}").status_code == 200
    answer = browser.get(f"/audit/export?{query}")
    assert answer.status_code == 200
    assert "x" not in answer.headers


def test_the_trail_names_ids_and_not_people(bench: Bench) -> None:
    browser = there(bench, bench.guard.log_in(BILLER))
    browser.get("/audit")
    assert BILLER.name not in repr(bench.kept._lines)


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [value] if not value else [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list):
        return [value] if not value else [leaf for one in value for leaf in _leaves(one)]
    return [value]
