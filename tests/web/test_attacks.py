"""Attacks on every route there is: nobody, another role, another therapist, another host, ids that are made up.

The routes are taken from the application itself, so that a new one without a guard fails here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlencode

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massage_billing.access.tokens import form_token
from massage_billing.model.desk import PERMISSIONS, Permission, Role
from web.harness import HOST, Browser, Served

PUBLIC = {
    "/": "says where to log in",
    "/login": "the log-in page",
    "/login/{host}": "sends to the EHR",
    "/launch": "sends to the EHR",
    "/callback/{host}": "comes back from the EHR",
    "/enter/{token}": "a one-time link",
    "/logout": "ends a session",
    "/host": "asks for a session itself",
    "/audit": "asks for a session itself: tests/access/test_audit.py",
    "/audit/export": "the same",
    "/static/{name}": "style and script",
    "/favicon.ico": "the icon",
}
"""Routes that the frame does not guard, and why: anything else has to be guarded."""
ODD = ("..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%00", "%0d%0aX-Evil:%201", "a%27%20OR%201=1--",
       "%3Cscript%3E", "ä", "a" * 65, "-1", "Encounter%2F1", "%E2%80%AE", "{{7*7}}", "null", "%ff")  # fmt: skip
"""What may stand where an id is expected."""


@dataclass(frozen=True)
class Route:
    """One way into the workbench."""

    method: str
    path: str
    needs: Permission | None
    """What the frame asks for; None where it asks for nothing."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def at(self, **ids: str) -> str:
        """The path with ids in it."""
        return re.sub(r"\{(\w+)(?::path)?\}", lambda name: ids.get(name[1], "nothing"), self.path)


def routes_of(served: Served) -> list[Route]:
    """Every route of the application."""
    return list(_routes(served))


def _routes(served: Served) -> Iterator[Route]:
    for route in _flat(served.app.routes):
        assert isinstance(route, APIRoute), f"{route} is none that these tests know how to look into"
        for method in sorted(route.methods - {"HEAD"}):
            yield Route(method, route.path, _needs(route))


def _flat(routes: list[object]) -> Iterator[object]:
    """Routes of routers inside of routers."""
    for route in routes:
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner is None:
            yield route
        else:
            yield from _flat(inner)


def _needs(route: APIRoute) -> Permission | None:
    """The permission in the closure of ``site.viewer(...)``."""
    for dependency in route.dependant.dependencies:
        call = dependency.call
        for cell in getattr(call, "__closure__", None) or ():
            if isinstance(cell.cell_contents, Permission):
                return cell.cell_contents
    return None


def guarded(served: Served) -> list[Route]:
    """Routes that the frame guards."""
    return [route for route in routes_of(served) if route.path not in PUBLIC]


def send(browser: Browser, route: Route, path: str | None = None, **data: object):  # type: ignore[no-untyped-def]
    """Ask with the method of the route."""
    where = path or route.at(host=HOST)
    return browser.get(where) if route.method == "GET" else browser.post(where, data)


def visits(served: Served) -> list[str]:
    """Encounter ids of the clinic."""
    return sorted(row.encounter for row in served.office.store.rows(HOST))


def treats(served: Served, encounter: str) -> str:
    """A therapist who treated there."""
    return served.office.store.known(HOST, [encounter])[encounter].therapists[0]


def pair(served: Served) -> tuple[str, str, str]:
    """(a therapist, a visit of his or hers, one of somebody else's)."""
    rows = served.office.store.known(HOST, visits(served))
    for one in rows.values():
        for therapist in one.therapists:
            other = next((row for row in rows.values() if row.therapists and therapist not in row.therapists), None)
            if other is not None:
                return therapist, one.encounter, other.encounter
    raise AssertionError("the clinic has one therapist only")


# --- who ------------------------------------------------------------------------------------------------------------


def test_every_route_is_guarded_or_known_to_need_no_guard(workbench: Served) -> None:
    unguarded = [str(route) for route in guarded(workbench) if route.needs is None]
    assert unguarded == []
    known = {route.path for route in routes_of(workbench)}
    assert PUBLIC.keys() <= known
    assert len(guarded(workbench)) > 20


def test_who_is_not_logged_in_sees_and_changes_nothing(workbench: Served) -> None:
    stranger = workbench.client(Role.OWNER)
    stranger._client.cookies.clear()
    for route in guarded(workbench):
        answer = send(stranger, route, route.at(host=HOST, encounter=visits(workbench)[0]))
        assert answer.status_code in (303, 401), f"{route}: {answer.status_code}"
        assert answer.status_code == 401 or answer.headers["location"].startswith("/login"), str(route)
        assert HOST not in answer.text, str(route)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_no_further_than_it_may(own: Served, role: Role) -> None:
    browser = own.client(role, treats(own, visits(own)[0]))
    for route in guarded(own):
        if route.needs not in PERMISSIONS[role]:
            answer = send(browser, route, route.at(host=HOST, encounter=visits(own)[0]))
            assert answer.status_code == 403, f"{role} {route}: {answer.status_code}"
    assert own.jobs.running() == []


def test_no_route_changes_anything_without_the_token_of_its_session(own: Served) -> None:
    owner, visit = own.client(Role.OWNER), visits(own)[0]
    others = form_token(own.token(Role.OWNER))
    for route in guarded(own):
        if route.method != "GET":
            for token in ("", "wrong", others, "A" * 86):
                answer = send(owner, route, route.at(host=HOST, encounter=visit), csrf=token)
                assert answer.status_code == 403, f"{route} with {token!r}: {answer.status_code}"
    assert own.jobs.running() == []


def test_no_route_takes_a_form_of_another_site(own: Served) -> None:
    owner, visit = own.client(Role.OWNER), visits(own)[0]
    for route in guarded(own):
        if route.method != "GET":
            where = route.at(host=HOST, encounter=visit)
            assert owner.post(where, **{"sec-fetch-site": "cross-site"}).status_code == 403, str(route)
            foreign = {"sec-fetch-site": "", "origin": "https://evil.example"}
            assert owner.post(where, **foreign).status_code == 403, str(route)


def test_reading_a_page_changes_nothing(own: Served) -> None:
    """A link or a picture on another site can make a browser ask; nothing may come of it."""
    owner, visit = own.client(Role.OWNER), visits(own)[0]
    before = own.office.desk.hold(HOST, visit)
    for route in guarded(own):
        if route.method != "GET":
            answer = owner.get(route.at(host=HOST, encounter=visit))
            assert answer.status_code in (303, 404, 405), f"{route}: {answer.status_code}"
    assert own.office.desk.hold(HOST, visit) == before
    assert own.jobs.running() == []


# --- whose ----------------------------------------------------------------------------------------------------------


def test_another_hosts_ids_are_as_if_there_were_none(own: Served) -> None:
    owner, visit = own.client(Role.OWNER), visits(own)[0]
    for route in guarded(own):
        if "{host}" in route.path:
            for other in ("other", "", HOST.upper(), f"{HOST}%20", f"{HOST}%00"):
                answer = send(owner, route, route.at(host=other, encounter=visit, coverage="1", question="x"))
                assert answer.status_code in (404, 405, 307), f"{route} at {other!r}: {answer.status_code}"


def test_a_therapist_is_told_nothing_of_other_peoples_visits(own: Served) -> None:
    therapist, mine, other = pair(own)
    browser = own.client(Role.THERAPIST, therapist)
    allowed = [one for one in guarded(own) if one.needs in PERMISSIONS[Role.THERAPIST] and "{encounter}" in one.path]
    assert len(allowed) >= 3
    assert browser.get(f"/visits/{HOST}/{mine}").status_code == 200
    for route in allowed:
        theirs = send(browser, route, route.at(host=HOST, encounter=other), seen="0")
        nobodys = send(browser, route, route.at(host=HOST, encounter="made-up"), seen="0")
        assert theirs.status_code == nobodys.status_code == 404, str(route)
        assert _plain(theirs.text, other) == _plain(nobodys.text, "made-up"), str(route)
    assert own.jobs.running() == []
    browser.post("/holds/bill-again", {"hold": f"{other}:0"})
    assert own.jobs.running() == []
    assert f'/{other}"' not in browser.get("/holds").text


def test_a_therapist_whom_nobody_named_sees_nobodys_visits(workbench: Served) -> None:
    browser = workbench.client(Role.THERAPIST)
    seen = browser.get("/holds").text + browser.get("/today").text
    assert not [one for one in visits(workbench) if f"/visits/{HOST}/{one}" in seen]
    assert browser.get(f"/visits/{HOST}/{visits(workbench)[0]}").status_code == 404


def test_what_is_refused_stands_in_the_trail_with_no_more_than_ids(own: Served) -> None:
    own.client(Role.FRONT_DESK).get("/claims")
    last = own.guard.access.events(HOST, limit=10_000)[-1]
    assert (last.who, last.action.value, last.page, last.ok) == ("Practitioner/front", "refused", "claims", False)


def test_a_therapist_who_tries_other_peoples_visits_stands_in_the_trail(own: Served) -> None:
    therapist, _, other = pair(own)
    browser = own.client(Role.THERAPIST, therapist)
    assert browser.get(f"/visits/{HOST}/{other}").status_code == 404
    last = own.guard.access.events(HOST, limit=10_000)[-1]
    assert (last.who, last.action.value, last.page, last.encounter, last.ok) == (
        therapist, "refused", "visit", other, False
    )  # fmt: skip
    assert last.patient == ""


def test_whatever_is_done_with_a_visit_stands_in_the_trail_of_its_patient(own: Served) -> None:
    """Not only the views: who decided, gave away, billed again, took out the Claim."""
    owner, rows = own.client(Role.OWNER), own.office.store.known(HOST, visits(own))
    visit, claimed = next(one for one in rows.values() if one.holds), next(one for one in rows.values() if one.claim)
    seen = own.office.desk.hold(HOST, visit.encounter)
    assert seen is not None
    owner.post("/holds/assign", {"hold": f"{visit.encounter}:{seen.work.version}", "to": "me"})
    owner.post("/holds/bill-again", {"hold": f"{visit.encounter}:0"})
    owner.post(f"/visits/{HOST}/{visit.encounter}/note", {"note": "called", "seen": seen.work.version + 1})
    owner.post(f"/visits/{HOST}/{visit.encounter}/bill-again")
    owner.get(f"/visits/{HOST}/{claimed.encounter}/claim.json")
    kept = own.guard.access.events(HOST, limit=10_000)
    about = [one for one in kept if one.encounter]
    assert {one.action.value for one in about} >= {"assigned", "ran", "viewed", "exported"}
    assert [one for one in about if one.patient != rows[one.encounter].patient] == []


def _plain(html: str, id: str) -> str:
    """A page without what is random in it."""
    return re.sub(r'value="[\w-]{86}"', "", unescape(html)).replace(id, "")


# --- made-up ids, paths and texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ODD)
def test_a_made_up_id_is_no_fault(workbench: Served, odd: str) -> None:
    own, owner = workbench, workbench.client(Role.OWNER)
    for route in routes_of(own):
        ids = re.findall(r"\{(\w+)(?::path)?\}", route.path)
        for name in ids:
            answer = send(owner, route, route.at(**{"host": HOST, "encounter": visits(own)[0], name: odd}))
            assert answer.status_code < 500 or route.path == "/login/{host}", f"{route} {name}: {answer.status_code}"
            assert "x-evil" not in answer.headers
            assert "root:" not in answer.text
            assert "<script>" not in answer.text.replace("<script src", "")


BACK = ("https://evil.example", "//evil.example", "/\\evil.example", "\\evil.example", "/\t/evil.example",
        "javascript:alert(1)", "/\r\nX-Evil: 1")  # fmt: skip
"""Where nobody may be sent."""
NAMES = (
    "rule payer who order after date first last search standing said job of seen kind reason note to person hold "
    "back what claim days q patient"
).split()
"""Fields and parameters of the pages."""
texts = st.text(max_size=30) | st.sampled_from(
    ["2026-11-30", "0001-01-01", "9999-12-31", "-1", "1e999", "filing", "nothing:0"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_query_and_no_field_is_a_fault(own: Served, data: st.DataObject) -> None:
    owner, visit = own.client(Role.OWNER), visits(own)[0]
    fields = data.draw(st.dictionaries(st.sampled_from(NAMES), texts, max_size=6))
    route = data.draw(st.sampled_from(guarded(own)))
    where = route.at(host=HOST, encounter=visit)
    if route.method == "GET":
        query = urlencode({name: value.encode("utf-8", "replace") for name, value in fields.items()})
        answer = owner.get(f"{where}?{query}")
    else:
        answer = owner.post(where, {name: value.encode("utf-8", "replace") for name, value in fields.items()})
    assert answer.status_code < 500, f"{route} {fields}: {answer.text[:200]}"
    if "location" in answer.headers:
        assert re.match(r"/(?![/\\])", answer.headers["location"]), answer.headers["location"]


def test_no_form_sends_anybody_to_another_site(own: Served) -> None:
    owner, visit = own.client(Role.OWNER), visits(own)[0]
    for route in guarded(own):
        if route.method != "GET":
            where = route.at(host=HOST, encounter=visit)
            for back in BACK:
                answer = owner.post(where, {"back": back, "seen": "0", "to": "me", "job": "run"})
                assert re.match(r"/(?![/\\])", answer.headers.get("location", "/")), f"{route} {back}"
                assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/static/../../settings.py", "/static/%2e%2e%2f%2e%2e%2fsettings.py", "/static/..%5c..%5cx", "/static//etc/passwd",
     "/static/%00", "/static/"],
)  # fmt: skip
def test_static_files_are_those_that_are_meant(workbench: Served, path: str) -> None:
    assert workbench.client(Role.OWNER).get(path).status_code in (404, 405, 307)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/.env", "/admin", "/metrics/x"])
def test_nothing_is_told_of_the_program_itself(workbench: Served, path: str) -> None:
    assert workbench.client(Role.OWNER).get(path).status_code == 404
