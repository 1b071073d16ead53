"""The CDS services over HTTP: discovery, answers in time, and what no caller can make them do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hooks.calling import BASE, FHIR, ISSUER, NOW, OnceInMemory, bearer, book, claims, discharge, known, planned
from massage_billing.errors import HostUnreachable, StoreError
from massage_billing.hooks.answers import KEPT_SECONDS, Answers
from massage_billing.hooks.app import BODY, Desk, cds_routes
from massage_billing.hooks.cards import SYSTEM, Card, Indicator
from massage_billing.hooks.trust import Trust
from massage_billing.ports import JsonObject
from massage_billing.ports.access import Action, Event
from massage_billing.ports.booking import Prefetched

Json = dict[str, Any]
CARD = Card("Two minutes are missing.", Indicator.WARNING, "A source <https://source.example/x>", f"{BASE}/rules/r1")
NAME = "Quillfeather"


class Adviser:
    """Tells what a test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.tells: Callable[[], list[Card]] = lambda: [CARD]

    def booking(self, host: str, patient: str, appointments: Sequence[JsonObject], given: Prefetched) -> list[Card]:
        self.asked.append({"host": host, "patient": patient, "appointments": list(appointments), "given": dict(given)})
        return self.tells()

    def discharge(self, host: str, patient: str, encounter: str) -> list[Card]:
        self.asked.append({"host": host, "patient": patient, "encounter": encounter})
        return self.tells()


class Counted:
    """Counts in a list."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []

    def answered(self, service: str, how: str, seconds: float) -> None:
        self.calls.append((service, how))

    def judged(self, service: str, outcome: str, reason: str) -> None:
        self.calls.append((service, outcome, reason))

    def noticed(self, host: str, how: str) -> None:
        self.calls.append((host, how))


class Rig:
    """The services with an adviser of the test's."""

    def __init__(self, seconds: float = 20.0, waiting: int = 32) -> None:
        self.adviser, self.counts, self.clock = Adviser(), Counted(), [0.0]
        once = OnceInMemory()
        self.kept: list[Event] = []
        self.keeps: Callable[[Event], None] = self.kept.append
        self.desk = Desk(
            base=BASE,
            trust=Trust({ISSUER: known()}, lambda: once, lambda: NOW),
            adviser=self.adviser,
            record=lambda event: self.keeps(event),
            seconds=seconds,
            counts=self.counts,
            origins=frozenset({"https://ehr.example.org"}),
            answers=Answers(waiting=waiting, clock=lambda: self.clock[0]),
        )
        app = FastAPI(openapi_url=None)
        app.include_router(cds_routes(self.desk))
        self.client = TestClient(app, base_url=BASE, raise_server_exceptions=True)

    def call(self, body: object, service: str = "encounter-discharge", shown: str | None = None) -> Any:
        headers = {"Authorization": bearer(claims(service)) if shown is None else shown}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/cds-services/{service}", content=content, headers=headers)

    def feedback(self, body: object, service: str = "encounter-discharge") -> Any:
        headers = {"Authorization": bearer(claims(f"{service}/feedback"))}
        return self.client.post(f"/cds-services/{service}/feedback", json=body, headers=headers)


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.desk.close()


# --- discovery ------------------------------------------------------------------------------------------------------


def test_discovery_lists_both_services_with_what_may_be_prefetched(rig: Rig) -> None:
    answer = rig.client.get("/cds-services")
    assert answer.status_code == 200
    listed = {one["id"]: one for one in answer.json()["services"]}
    assert {one["hook"] for one in listed.values()} == {"appointment-book", "encounter-discharge"}
    for one in listed.values():
        assert one["description"]
        assert one["title"]
    prefetch = listed["appointment-book"]["prefetch"]
    assert prefetch["coverages"] == "Coverage?beneficiary={{context.patientId}}"
    assert not any("Consent" in query for query in prefetch.values())
    assert "prefetch" not in listed["encounter-discharge"]


# --- who was told what ----------------------------------------------------------------------------------------------


def test_who_was_told_something_of_a_patient_stands_in_the_trail(rig: Rig) -> None:
    rig.call(discharge())
    rig.call(book(), "appointment-book")
    seen = [(one.who, one.host, one.action, one.page, one.encounter, one.patient, one.detail) for one in rig.kept]
    assert seen == [
        ("Practitioner/t1", "main", Action.VIEWED, "encounter-discharge", "e1", "Patient/p1", "emr, cards: 1"),
        ("Practitioner/t1", "main", Action.VIEWED, "appointment-book", "", "Patient/p1", "emr, cards: 1"),
    ]


def test_who_was_told_nothing_stands_in_no_trail(rig: Rig) -> None:
    rig.call(discharge(), shown="Bearer forged")
    rig.call(discharge(context={"userId": "Patient/p1"}))
    rig.call(discharge(fhirServer="https://other.example/fhir"))
    rig.adviser.tells = list
    rig.call(discharge())
    assert rig.kept == []


def test_what_cannot_be_kept_is_not_told(rig: Rig) -> None:
    def away(_event: Event) -> None:
        raise StoreError("The store is away.")

    rig.keeps = away
    answer = rig.call(discharge())
    assert (answer.status_code, answer.json()) == (200, {"cards": []})


# --- answers --------------------------------------------------------------------------------------------------------


def test_cards_are_as_the_specification_wants_them(rig: Rig) -> None:
    answer = rig.call(discharge())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (card,) = answer.json()["cards"]
    assert len(card.pop("uuid")) == 36
    reasons = card.pop("overrideReasons")
    assert all(one["system"] == SYSTEM and one["display"] for one in reasons)
    assert card == {
        "summary": "Two minutes are missing.",
        "indicator": "warning",
        "source": {"label": "A source", "url": "https://source.example/x"},
    }
    assert rig.adviser.asked == [{"host": "main", "patient": "p1", "encounter": "e1"}]
    assert rig.counts.calls == [("encounter-discharge", "cards")]


def test_no_advice_is_an_empty_list(rig: Rig) -> None:
    rig.adviser.tells = list
    assert rig.call(discharge()).json() == {"cards": []}


def test_what_was_prefetched_and_is_to_be_booked_is_handed_on(rig: Rig) -> None:
    coverages = {"resourceType": "Bundle", "entry": []}
    body = book(planned(), planned(day="2026-12-10"), prefetch={"coverages": coverages, "answers": None, "other": {}})
    assert len(rig.call(body, "appointment-book").json()["cards"]) == 1
    (asked,) = rig.adviser.asked
    assert [one["id"] for one in asked["appointments"]] == ["apt1", "proposed.1"]
    assert asked["given"] == {"Coverage?beneficiary=p1": coverages, "CoverageEligibilityResponse?patient=p1": None}


def test_a_list_of_appointments_is_taken_too(rig: Rig) -> None:
    rig.call(book(context={"appointments": [planned()]}), "appointment-book")
    assert len(rig.adviser.asked) == 1


def test_appointments_of_somebody_else_are_left_out(rig: Rig) -> None:
    several = planned("apt3")
    several["participant"].append({"actor": {"reference": "Patient/p2"}})
    answer = rig.call(book(planned(patient="p2"), several), "appointment-book")
    assert answer.json() == {"cards": []}
    assert rig.adviser.asked == []


def test_the_most_urgent_ten_are_shown(rig: Rig) -> None:
    kinds = [Indicator.INFO, Indicator.CRITICAL, Indicator.WARNING]
    rig.adviser.tells = lambda: [Card(f"Thing {n}.", kinds[n % 3], "x", "") for n in range(30)]
    cards = rig.call(discharge()).json()["cards"]
    assert [one["indicator"] for one in cards] == ["critical"] * 10
    assert cards[-1]["summary"] == "21 more things were found."


# --- in time --------------------------------------------------------------------------------------------------------


def test_what_is_not_there_in_time_is_an_empty_list_and_there_the_next_time() -> None:
    rig, go_on, done = Rig(seconds=1.5), threading.Event(), threading.Event()

    def slow() -> list[Card]:
        assert go_on.wait(30)
        done.set()
        return [CARD]

    rig.adviser.tells = slow
    assert rig.call(discharge()).json() == {"cards": []}
    go_on.set()
    assert done.wait(30)
    while rig.desk.answers._flights:
        pass
    rig.adviser.tells = lambda: pytest.fail("it was worked out already")
    assert len(rig.call(discharge()).json()["cards"]) == 1
    rig.adviser.tells = list  # given once: a moment later the record may be another
    assert rig.call(discharge()).json() == {"cards": []}
    assert [how for _, how in rig.counts.calls] == ["late", "cards", "none"]
    rig.desk.close()


def test_what_came_too_late_is_not_given_when_it_is_old() -> None:
    rig, go_on = Rig(seconds=1.5), threading.Event()
    rig.adviser.tells = lambda: [CARD] if go_on.wait(30) else []
    rig.call(discharge())
    go_on.set()
    while rig.desk.answers._flights:
        pass
    rig.clock[0] += KEPT_SECONDS
    rig.adviser.tells = list
    assert rig.call(discharge()).json() == {"cards": []}
    assert len(rig.adviser.asked) == 2
    rig.desk.close()


def test_the_same_question_is_worked_out_once_at_a_time() -> None:
    rig, go_on, body = Rig(), threading.Event(), discharge()
    begun = threading.Semaphore(0)

    def slow() -> list[Card]:
        begun.release()
        assert go_on.wait(30)
        return [CARD]

    rig.adviser.tells = slow
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(rig.call, body) for _ in range(4)]
        assert begun.acquire(timeout=30)
        go_on.set()
        assert [len(call.result(30).json()["cards"]) for call in calls] == [1] * 4
    assert len(rig.adviser.asked) <= 4
    rig.desk.close()


def test_a_flood_is_turned_away_with_empty_lists() -> None:
    rig, go_on = Rig(seconds=1.5, waiting=2), threading.Event()
    rig.adviser.tells = lambda: [CARD] if go_on.wait(30) else []
    for number in range(6):
        assert rig.call(discharge(context={"encounterId": f"e{number}"})).json() == {"cards": []}
    assert [how for _, how in rig.counts.calls] == ["late"] * 2 + ["busy"] * 4
    go_on.set()
    rig.desk.close()


def test_slow_keys_are_no_error_either() -> None:
    rig, go_on = Rig(seconds=1.5), threading.Event()
    rig.desk.trust._known[ISSUER].keys.find = lambda kid: go_on.wait(30) and []  # type: ignore[method-assign]
    assert rig.call(discharge()).json() == {"cards": []}
    assert rig.adviser.asked == []
    go_on.set()
    rig.desk.close()


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [HostUnreachable("No connection."), RuntimeError(NAME), KeyError(NAME), RecursionError()]
)
def test_an_error_of_ours_is_no_error_of_the_ehrs(rig: Rig, error: Exception) -> None:
    def broken() -> list[Card]:
        raise error

    rig.adviser.tells = broken
    with structlog.testing.capture_logs() as logs:
        answer = rig.call(discharge())
    assert (answer.status_code, answer.json()) == (200, {"cards": []})
    assert NAME not in str(logs)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        discharge(hook="patient-view"),
        discharge(hookInstance=None),
        discharge(fhirServer=7),
        discharge(context={"encounterId": "../../admin"}),
        discharge(context={"encounterId": "e1?_format=xml"}),
        discharge(context={"encounterId": None}),
        discharge(context={"patientId": ["p1"]}),
        discharge(context={"userId": ""}),
        {**discharge(), "context": "x"},
    ],
)
def test_what_is_no_request_is_refused_and_not_looked_at(rig: Rig, body: object) -> None:
    answer = rig.call(body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"problem"}
    assert rig.adviser.asked == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=12,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_context_breaks_it(rig: Rig, told: Any) -> None:
    for body in (book(context={"appointments": told}), {**book(), "context": told}, book(prefetch=told)):
        answer = rig.call(body, "appointment-book")
        assert answer.status_code in (200, 400)


def test_a_body_that_is_too_large_is_cut_off(rig: Rig) -> None:
    assert rig.call(discharge(extension={"x": "y" * BODY})).status_code == 413


def test_a_deeply_nested_body_is_refused(rig: Rig) -> None:
    deep = b'{"hook": ' + b"[" * 200_000
    assert rig.call(deep).status_code == 400


@pytest.mark.parametrize("service", ["", "other", "encounter-discharge/feedback/x", "%2e%2e", "encounter-discharge%2f"])
def test_there_is_no_other_service(rig: Rig, service: str) -> None:
    assert rig.client.post(f"/cds-services/{service}", json=discharge()).status_code in (404, 405)


# --- who is told what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", ["", "Bearer x", "for another service"])
def test_without_a_token_nothing_is_looked_at(rig: Rig, shown: str) -> None:
    given = bearer(claims("appointment-book")) if shown == "for another service" else shown
    answer = rig.call(discharge(), shown=given)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "cards" not in answer.json()
    assert rig.adviser.asked == []


def test_a_token_that_was_used_is_not_used_again(rig: Rig) -> None:
    shown = bearer(claims())
    assert rig.call(discharge(), shown=shown).status_code == 200
    assert rig.call(discharge(), shown=shown).status_code == 401
    assert len(rig.adviser.asked) == 1


@pytest.mark.parametrize(
    "server",
    [
        "https://evil.example.org/fhir",
        f"{FHIR}.evil.example.org",
        f"{FHIR}/../x",
        "http://169.254.169.254/",
        "file:///etc",
    ],
)
def test_another_servers_ids_mean_nothing_here(rig: Rig, server: str) -> None:
    """Nothing of the request is called, and its ids would be other people's on our host."""
    given = {"access_token": "secret", "token_type": "Bearer", "expires_in": 300, "scope": "*", "subject": "x"}
    answer = rig.call(discharge(fhirServer=server, fhirAuthorization=given))
    assert answer.json() == {"cards": []}
    assert rig.adviser.asked == []


@pytest.mark.parametrize("server", [FHIR, f"{FHIR}/"])
def test_our_own_servers_address_may_stand_there(rig: Rig, server: str) -> None:
    assert len(rig.call(discharge(fhirServer=server)).json()["cards"]) == 1


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1", "Person/x"])
def test_patients_and_relatives_are_told_nothing(rig: Rig, user: str) -> None:
    answer = rig.call(book(context={"userId": user}), "appointment-book")
    assert answer.json() == {"cards": []}
    assert rig.adviser.asked == []


def test_logs_hold_no_patient(rig: Rig) -> None:
    with structlog.testing.capture_logs() as logs:
        rig.call(book(planned(comment=NAME)), "appointment-book")
        rig.call(discharge(context={"patientId": "secret-patient"}))
    assert [one["event"] for one in logs] == ["hooks.answered"] * 2
    assert not any(word in str(logs) for word in (NAME, "secret-patient", "apt1", "e1"))


# --- feedback -------------------------------------------------------------------------------------------------------


def test_feedback_is_counted_and_forgotten(rig: Rig) -> None:
    entry = {"card": "4e0a3a1e-3283-4575-ab82-028d55fe2719", "outcomeTimestamp": "2026-12-01T00:00:00Z"}
    ours = {"reason": {"code": "patient-pays", "system": SYSTEM}, "userComment": NAME}
    theirs = {"reason": {"code": NAME, "system": "https://ehr.example.org/reasons"}}
    body = {
        "feedback": [
            {**entry, "outcome": "overridden", "overrideReason": ours},
            {**entry, "outcome": "overridden", "overrideReason": theirs},
            {**entry, "outcome": "overridden"},
            {**entry, "outcome": "accepted", "acceptedSuggestions": [{"id": "x"}]},
        ]
    }
    with structlog.testing.capture_logs() as logs:
        assert rig.feedback(body).status_code == 200
    assert rig.counts.calls == [
        ("encounter-discharge", "overridden", "patient-pays"),
        ("encounter-discharge", "overridden", "other"),
        ("encounter-discharge", "overridden", ""),
        ("encounter-discharge", "accepted", ""),
    ]
    assert NAME not in str(logs)


@pytest.mark.parametrize("body", [{}, {"feedback": 1}, {"feedback": [{"outcome": "loved", "card": "x"}]}, [], "x"])
def test_what_is_no_feedback_is_refused(rig: Rig, body: object) -> None:
    assert rig.feedback(body).status_code == 400
    assert rig.counts.calls == []


def test_feedback_needs_a_token_of_its_own(rig: Rig) -> None:
    headers = {"Authorization": bearer(claims())}
    answer = rig.client.post("/cds-services/encounter-discharge/feedback", json={"feedback": []}, headers=headers)
    assert answer.status_code == 401


# --- browsers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://ehr.example.org", "https://evil.example.org", "null"])
def test_browsers_of_the_settings_origins_may_call(rig: Rig, origin: str) -> None:
    ours = origin == "https://ehr.example.org"
    before = rig.client.options("/cds-services/encounter-discharge", headers={"Origin": origin})
    answer = rig.client.get("/cds-services", headers={"Origin": origin})
    for one in (before, answer):
        assert one.headers.get("access-control-allow-origin") == (origin if ours else None)
        assert "access-control-allow-credentials" not in one.headers
    assert ("access-control-allow-methods" in before.headers) is ours
