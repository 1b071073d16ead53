"""The door in a real browser: the one-time link, logging out, the end of a session, who looked at what."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from massage_billing.access.guard import SESSION
from massage_billing.model.desk import Role
from web.conftest import Windows, picture
from web.harness import HOST, Served
from web.test_accessible import judged

pytestmark = pytest.mark.browser


@pytest.fixture
def stranger(window: Windows, own: Served) -> Page:
    """A window of nobody."""
    page = window.open(own, Role.OWNER)
    page.context.clear_cookies()
    return page


def fine(page: Page) -> None:
    """Nothing that axe finds."""
    assert judged(page) == []


def test_a_one_time_link_lets_in_once(stranger: Page, own: Served, window: Windows) -> None:
    window.expected = ("403",)
    link = own.guard.links.offer(HOST, Role.OWNER)
    stranger.goto(link)
    picture(stranger, "enter")
    fine(stranger)
    stranger.get_by_role("button", name="Enter").click()
    expect(stranger.locator(".me")).to_contain_text("Console (owner)")
    cookie = next(one for one in stranger.context.cookies() if one["name"] == SESSION)
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert stranger.evaluate("document.cookie") == ""
    stranger.get_by_role("button", name="Log out").click()
    expect(stranger.get_by_role("heading", name="Log in")).to_be_visible()
    stranger.goto(link)
    stranger.get_by_role("button", name="Enter").click()
    expect(stranger.get_by_role("heading", name="Not let in")).to_be_visible()
    picture(stranger, "refused")
    fine(stranger)


def test_who_is_not_logged_in_comes_to_the_log_in_page(stranger: Page, own: Served) -> None:
    own.guard.smart.roster = own.guard.sessions.roster
    stranger.goto("/holds?rule=mue")
    expect(stranger.get_by_role("link", name=f"Log in at {HOST}")).to_have_attribute(
        "href", f"/login/{HOST}?back=%2Fholds%3Frule%3Dmue"
    )
    picture(stranger, "login")
    fine(stranger)


def test_when_a_session_has_ended_a_click_leads_to_the_door_and_back(window: Windows, own: Served) -> None:
    window.expected = ("401",)
    page = window.open(own, Role.BILLER)
    page.goto("/holds")
    own.guard.sessions.clock = lambda: datetime.now(UTC) + timedelta(hours=2)
    page.get_by_role("link", name="Claims").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert page.url.endswith("/login?back=%2Fclaims")


def test_the_owner_sees_and_takes_out_who_looked_at_what(window: Windows, own: Served) -> None:
    window.open(own, Role.BILLER).goto("/holds")
    page = window.open(own, Role.OWNER)
    page.goto("/audit")
    row = page.locator("tbody tr", has_text="Practitioner/bill").first
    expect(row).to_contain_text("listed")
    picture(page, "audit")
    fine(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="NDJSON").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert {one["resourceType"] for one in lines} == {"AuditEvent"}
    whos = {one["agent"][0]["who"]["reference"] for one in lines}
    assert "Practitioner/bill" in whos
    assert "Bo Biller" not in json.dumps(lines)
