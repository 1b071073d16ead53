"""Who is logged in and for how long, one-time links, and forms that come from elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from access.bench import HERE, Bench, make_bench
from access.ehr import Ehr
from massage_billing.access.guard import Guard
from massage_billing.access.links import Links
from massage_billing.access.place import Place
from massage_billing.access.routes import EnterView
from massage_billing.access.tokens import form_token, is_form_token
from massage_billing.errors import SettingsError
from massage_billing.model.desk import PERMISSIONS, Permission, Role, Viewer
from massage_billing.store.memory_access import MemoryAccess

BILLER = Viewer("Practitioner/3", "Kim Lee", Role.BILLER, "main", "Practitioner/3")
LOOPBACK = "http://127.0.0.1:8711"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def console() -> Bench:
    """A workbench that only this machine reaches."""
    return make_bench({}, LOOPBACK)


def there(bench: Bench, cookies: dict[str, str]) -> TestClient:
    """A browser with these cookies."""
    browser = bench.browser()
    for name, value in cookies.items():
        browser.cookies.set(name, value)
    return browser


def is_in(browser: TestClient) -> bool:
    """Whether somebody is logged in."""
    return browser.get("/").status_code == 200


# --- sessions -------------------------------------------------------------------------------------------------------


def test_a_session_ends_when_it_is_not_used(bench: Bench) -> None:
    browser = there(bench, bench.guard.log_in(BILLER))
    for minutes in (50, 100, 150):
        bench.clock.ahead = timedelta(minutes=minutes)
        assert is_in(browser)
    bench.clock.ahead = timedelta(minutes=211)
    assert not is_in(browser)


def test_a_session_ends_after_its_time_however_much_it_is_used(bench: Bench) -> None:
    browser = there(bench, bench.guard.log_in(BILLER))
    for minutes in range(0, 719, 50):
        bench.clock.ahead = timedelta(minutes=minutes)
        assert is_in(browser)
    bench.clock.ahead = timedelta(hours=12)
    assert not is_in(browser)


def test_who_loses_the_role_is_out_at_the_next_click(bench: Bench, ehr: Ehr) -> None:
    browser = bench.browser()
    browser.get(ehr.log_in(browser.get("/login/main").headers["location"]))
    assert is_in(browser)
    bench.people("main", Practitioner_3="front-desk")
    assert not is_in(browser)
    bench.people("main", Practitioner_3="biller")
    assert not is_in(browser)  # the session ended: a new log-in is needed
    browser.get(ehr.log_in(browser.get("/login/main").headers["location"]))
    assert is_in(browser)
    bench.people("main")
    assert not is_in(browser)
    bench.hosts.clear()
    assert not is_in(browser)


def test_logging_out_ends_the_session_for_every_copy_of_the_cookie(bench: Bench) -> None:
    cookies = bench.guard.log_in(BILLER)
    browser, copy = there(bench, cookies), there(bench, cookies)
    answer = browser.post("/logout", data={"csrf": bench.guard.csrf_of(cookies)})
    assert answer.headers["location"] == "/login"
    assert not is_in(copy)
    assert bench.events()[-1][:2] == ("logged-out", "Practitioner/3")


def test_another_site_cannot_log_somebody_out(bench: Bench) -> None:
    browser = there(bench, bench.guard.log_in(BILLER))
    assert browser.post("/logout").status_code == 403
    assert is_in(browser)


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "a" * 10_000, "../../etc/passwd", "ä"])
def test_a_made_up_cookie_is_nobody(bench: Bench, cookie: str) -> None:
    answer = bench.browser().get("/", headers={"cookie": f"__Host-mb={cookie}".encode("latin-1")})
    assert answer.status_code == 303


def test_a_second_cookie_of_the_name_is_not_believed(bench: Bench) -> None:
    """A neighbour may set a cookie for the whole domain; which of two is ours cannot be told, so neither is."""
    mine = bench.guard.log_in(BILLER)["__Host-mb"]
    other = bench.guard.log_in(Viewer("Practitioner/9", "", Role.OWNER, "main"))["__Host-mb"]
    browser = bench.browser()
    assert browser.get("/", headers={"cookie": f"__Host-mb={mine}"}).status_code == 200
    assert browser.get("/", headers={"cookie": f"__Host-mb={other}; __Host-mb={mine}"}).status_code == 303


def test_over_tls_a_cookie_without_the_prefix_is_not_ours(bench: Bench) -> None:
    token = bench.guard.log_in(BILLER)["__Host-mb"]
    assert bench.browser().get("/", headers={"cookie": f"mb={token}"}).status_code == 303


def test_in_another_sites_frame_a_cookie_is_of_that_frame_alone() -> None:
    framed = Place("https://billing.example.org", framed=True)
    assert framed.attributes.endswith("Secure; SameSite=None; Partitioned")
    assert Place("http://127.0.0.1:8711", framed=True).attributes == "Path=/; HttpOnly; SameSite=Lax"


def test_after_logging_in_one_comes_back_to_where_one_was(bench: Bench) -> None:
    ask = bench.browser().get
    assert ask("/?a=1&b=2").headers["location"] == "/login?back=%2F%3Fa%3D1%26b%3D2"
    part = {"hx-request": "true", "hx-current-url": f"{HERE}/holds?rule=mue"}
    assert ask("/", headers=part).headers["location"] == "/login?back=%2Fholds%3Frule%3Dmue"
    evil = {"hx-request": "true", "hx-current-url": "https://evil.example//x"}
    assert ask("/", headers=evil).headers["location"] == "/login"


# --- forms ----------------------------------------------------------------------------------------------------------


def send(browser: TestClient, token: str, **headers: str) -> int:
    """What a form is answered."""
    names = {key.replace("_", "-"): value for key, value in headers.items()}
    return browser.post("/change", content=f"csrf={token}", headers={**FORM, **names}).status_code


def test_a_form_needs_the_token_of_its_own_session(bench: Bench) -> None:
    mine, other = bench.guard.log_in(BILLER), bench.guard.log_in(BILLER)
    browser = there(bench, mine)
    token = bench.guard.csrf_of(mine)
    assert send(browser, token) == 204
    assert send(browser, bench.guard.csrf_of(mine)) == 204
    for wrong in ("", "x", token[:-1], token[:-2] + "AA", bench.guard.csrf_of(other), "A" * 86, "%00" * 86):
        assert send(browser, wrong) == 403, wrong
    assert send(bench.browser(), token) == 403
    assert send(bench.browser(), form_token("")) == 403


@pytest.mark.parametrize(
    "headers",
    [{"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}, {"sec_fetch_site": "none"},
     {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://workbench.example.org"},
     {"origin": "https://workbench.example.org.evil.example"},
     {"origin": "https://workbench.example.org", "sec_fetch_site": "cross-site"}],
)  # fmt: skip
def test_a_form_from_elsewhere_is_refused_though_its_token_is_good(bench: Bench, headers: dict[str, str]) -> None:
    mine = bench.guard.log_in(BILLER)
    assert send(there(bench, mine), bench.guard.csrf_of(mine), **headers) == 403


@pytest.mark.parametrize(
    "headers",
    [{"origin": HERE}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "same-origin", "origin": "null"}],
)
def test_a_form_of_this_site_is_taken(bench: Bench, headers: dict[str, str]) -> None:
    mine = bench.guard.log_in(BILLER)
    assert send(there(bench, mine), bench.guard.csrf_of(mine), **headers) == 204


def test_no_two_tokens_are_alike() -> None:
    made = {form_token("s") for _ in range(50)}
    assert len(made) == 50
    assert all(is_form_token("s", one) and not is_form_token("t", one) for one in made)


# --- one-time links -------------------------------------------------------------------------------------------------


def enter(bench: Bench, browser: TestClient, url: str) -> int:
    """Open a link and press its button."""
    path = url.removeprefix(LOOPBACK)
    assert browser.get(path).status_code == 200
    _, view = bench.pages[-1]
    assert isinstance(view, EnterView)
    return browser.post(view.path, data={"csrf": view.token}).status_code


def test_a_link_lets_in_once(console: Bench) -> None:
    url = console.guard.links.offer("main", Role.OWNER)
    browser = console.browser()
    assert enter(console, browser, url) == 303
    assert browser.get("/").text.startswith("console owner main None")
    assert enter(console, console.browser(), url) == 403
    assert [one[0] for one in console.events()] == ["logged-in", "refused"]
    (cookie,) = [one for one in browser.cookies.jar if one.name == "mb"]
    assert not cookie.secure


def test_looking_at_a_link_does_not_use_it_up(console: Bench) -> None:
    url = console.guard.links.offer("main", Role.AUDITOR)
    for _ in range(3):
        console.browser().get(url.removeprefix(LOOPBACK))
        console.browser().head(url.removeprefix(LOOPBACK))
    browser = console.browser()
    assert enter(console, browser, url) == 303
    assert "auditor" in browser.get("/").text


def test_a_link_is_good_for_minutes(console: Bench) -> None:
    url = console.guard.links.offer("main", Role.OWNER)
    console.clock.ahead = timedelta(minutes=11)
    assert enter(console, console.browser(), url) == 403


def test_another_site_cannot_press_the_button(console: Bench) -> None:
    url = console.guard.links.offer("main", Role.OWNER)
    path = url.removeprefix(LOOPBACK)
    browser = console.browser()
    assert browser.post(path).status_code == 403
    browser.get(path)
    token = console.pages[-1][1].token  # type: ignore[attr-defined]
    evil = {"origin": "http://evil.example"}
    assert browser.post(path, data={"csrf": token}, headers=evil).status_code == 403
    assert console.browser().post(path, data={"csrf": token}).status_code == 403
    assert browser.post(path, data={"csrf": token}).status_code == 303  # none of these used it up


def test_where_others_reach_the_workbench_there_are_no_links() -> None:
    kept = MemoryAccess()
    links = Links(kept, Place("https://workbench.example.org"), timedelta(minutes=10))
    with pytest.raises(SettingsError, match="only this machine"):
        links.offer("main", Role.OWNER)


def test_a_link_or_its_session_is_good_for_nothing_once_others_reach_the_workbench(console: Bench) -> None:
    url = console.guard.links.offer("main", Role.OWNER)
    cookies = console.guard.log_in(Viewer("console", "", Role.OWNER, "main"))
    console.guard.sessions.put.clear()  # type: ignore[attr-defined]
    browser = there(console, cookies)
    assert is_in(browser)
    console.guard.sessions.console = False
    assert not is_in(browser)
    console.guard.links.place = Place("https://workbench.example.org")
    assert enter(console, console.browser(), url) == 403


def test_the_store_holds_no_secret(console: Bench) -> None:
    url = console.guard.links.offer("main", Role.OWNER)
    browser = console.browser()
    enter(console, browser, url)
    kept = repr(console.kept)
    assert url.rpartition("/")[2] not in kept
    assert browser.cookies["mb"] not in kept


# --- several hosts --------------------------------------------------------------------------------------------------


def test_who_came_by_a_link_may_look_at_every_host_and_others_at_their_own(console: Bench, bench: Bench) -> None:
    browser = console.browser()
    enter(console, browser, console.guard.links.offer("main", Role.OWNER))
    before = browser.cookies["mb"]
    token = browser.get("/token").text
    assert browser.post("/host", data={"csrf": token, "host": "other"}).status_code == 303
    assert browser.get("/").text.startswith("console owner other")
    assert browser.cookies["mb"] != before
    token = browser.get("/token").text
    assert browser.post("/host", data={"csrf": token, "host": "third"}).status_code == 403
    assert browser.post("/host", data={"host": "main"}).status_code == 403
    mine = bench.guard.log_in(BILLER)
    other = there(bench, mine)
    refused = other.post("/host", data={"csrf": bench.guard.csrf_of(mine), "host": "other"})
    assert refused.status_code == 403
    assert other.get("/").text.startswith("Practitioner/3 biller main")


# --- roles ----------------------------------------------------------------------------------------------------------


def test_what_each_role_may_do() -> None:
    may = {role: {one.value for one in PERMISSIONS[role]} for role in Role}
    assert may[Role.OWNER] == {one.value for one in Permission}
    changes = {"assign", "decide", "bill-again", "approve", "mark", "run"}
    assert may[Role.AUDITOR] & changes == set()
    assert "audit" in may[Role.AUDITOR]
    assert may[Role.THERAPIST] == {"today", "holds", "visit", "rules", "bill-again"}
    assert may[Role.FRONT_DESK] & {"decide", "approve", "mark", "run", "claims", "denials", "audit"} == set()
    assert "audit" not in may[Role.BILLER]


def test_a_therapist_without_a_practitioner_sees_nobodys_visits() -> None:
    assert Viewer("Person/2", "", Role.THERAPIST, "main").own == ""
    assert Viewer("Person/2", "", Role.THERAPIST, "main", "Practitioner/4").own == "Practitioner/4"
    assert BILLER.own is None


def test_the_guard_is_what_the_frame_asks_for() -> None:
    from massage_billing.web.guard import Guard as Asked

    bench = make_bench({})
    door: Asked = bench.guard
    assert isinstance(door, Guard)
