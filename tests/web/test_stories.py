"""Each page's main story in a real browser: with JavaScript, without it, and with the keyboard alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from massage_billing.model import RulingKind
from massage_billing.model.desk import Role
from massage_billing.ports import VisitRow, VisitState
from massage_billing.ports.jobs import JobState, Outcome
from web.conftest import Windows, picture
from web.harness import HOST, Served


def held(served: Served, rule: str) -> VisitRow:
    """A visit that this rule alone holds."""
    rows = served.office.store.rows(HOST)
    return next(row for row in rows if {rule for rule, _ in row.holds} == {rule})


def reloaded(page: Page) -> bool:
    """Whether the page was loaded anew since ``mark``."""
    return page.evaluate("window.marked !== true")  # type: ignore[no-any-return]


def mark(page: Page) -> None:
    page.evaluate("window.marked = true")


# --- Today ------------------------------------------------------------------------------------------------------------


def test_today_the_front_desk_looks_at_tomorrow_and_at_what_is_blocked(workbench: Served, window: Windows) -> None:
    page = window.open(workbench, Role.FRONT_DESK)
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/today$"))
    mark(page)
    page.get_by_role("link", name="Day after").click()
    expect(page).to_have_url(re.compile(r"date="))
    blocked = page.locator("a.chip.blocked")
    count = int(blocked.locator(".n").inner_text())
    blocked.click()
    expect(page).to_have_url(re.compile(r"show=blocked"))
    expect(page.locator("article.slot")).to_have_count(count)
    expect(page.locator("article.slot.ready")).to_have_count(0)
    assert not reloaded(page)
    page.locator("summary").first.click()
    picture(page, "story-today")
    page.go_back()
    expect(page.locator("a.chip[aria-current]")).to_contain_text("all")
    page.get_by_role("link", name="What the payer answered").first.click()
    expect(page).to_have_url(re.compile(rf"/eligibility/{HOST}/"))


def test_today_prints_on_letter(workbench: Served, window: Windows) -> None:
    page = window.open(workbench, Role.FRONT_DESK)
    page.goto("/today")
    page.get_by_role("link", name="Day after").click()
    expect(page).to_have_url(re.compile(r"date="))
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.locator("article.slot").first).to_be_visible()
    picture(page, "print-today")
    assert page.pdf(format="Letter").startswith(b"%PDF")


# --- Holds ------------------------------------------------------------------------------------------------------------


def test_holds_are_narrowed_taken_and_billed_again(own: Served, window: Windows) -> None:
    page = window.open(own, Role.BILLER)
    page.goto("/holds")
    mark(page)
    page.get_by_role("link", name=re.compile(r"^Minutes missing")).click()
    expect(page).to_have_url(re.compile(r"rule=minutes-documented"))
    expect(page.get_by_role("heading", name="How many minutes of treatment does the record show?")).to_be_visible()
    rows = page.locator("tbody tr")
    count = rows.count()
    assert not reloaded(page)
    page.get_by_label("All on this page").check()
    expect(page.locator("[data-ticked]")).to_have_text(f"{count} ticked")
    picture(page, "story-holds")
    page.get_by_role("button", name="Give to me").click()
    expect(page.get_by_role("status").first).to_contain_text(f"You have {count} holds more now.")
    page.get_by_label("With").select_option("me")
    expect(page).to_have_url(re.compile(r"who=me"))
    expect(rows).to_have_count(count)
    rows.first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Bill again").click()
    expect(page.locator(".job")).to_contain_text("waits for its turn")
    (job,) = own.jobs.running()
    taken = own.jobs.take("here/1")
    assert taken is not None
    expect(page.locator(".job")).to_contain_text("is being done")  # by itself, while the page stays open
    own.jobs.end(job.id, "here/1", Outcome(JobState.DONE, {"visits": 1}))
    expect(page.locator(".job")).to_contain_text("done")
    expect(page.locator(".job[hx-get]")).to_have_count(0)
    picture(page, "story-bill-again")


# --- Visit ------------------------------------------------------------------------------------------------------------


def test_a_visit_is_looked_at_and_decided(own: Served, window: Windows) -> None:
    row = held(own, "ncci-pairs")
    page = window.open(own, Role.BILLER)
    page.goto("/holds?rule=ncci-pairs")
    page.locator(f'a[href="/visits/{HOST}/{row.encounter}"]').click()
    expect(page.get_by_role("img", name=re.compile("services of"))).to_be_visible()
    choice = page.get_by_label(re.compile("^Bill it all the same"))
    expect(choice).to_be_enabled()
    choice.check()
    page.get_by_role("textbox", name="Why").fill("Separate regions: the notes say so.")
    picture(page, "story-visit")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("status").first).to_contain_text("Decided.")
    ruling = own.office.store.rulings(HOST, [row.encounter])[row.encounter]
    assert (ruling.kind, ruling.reason) == (RulingKind.BILL, "Separate regions: the notes say so.")


def test_two_people_decide_on_the_same_hold(own: Served, window: Windows) -> None:
    window.expected = ("409",)
    row = held(own, "minutes-documented")
    first, second = window.open(own, Role.BILLER), window.open(own, Role.OWNER)
    for page in (first, second):
        page.goto(f"/visits/{HOST}/{row.encounter}")
    first.get_by_label(re.compile("^Write it off")).check()
    first.get_by_role("textbox", name="Why").fill("Cannot be found out.")
    first.get_by_role("button", name="Decide").click()
    expect(first.get_by_role("status").first).to_contain_text("Decided.")
    second.get_by_role("button", name="Give to me").click()
    expect(second.get_by_role("heading", name="Somebody was faster")).to_be_visible()
    expect(second.get_by_text("decided: write it off")).to_be_visible()
    picture(second, "story-conflict")
    second.get_by_role("link", name="Look at it as it stands now").click()
    expect(second.locator("#hands")).to_contain_text("decided: write it off")
    second.get_by_role("button", name="Give to me").click()
    expect(second.get_by_role("status").first).to_contain_text("You have it now.")


def test_the_claim_is_copied_and_downloaded(workbench: Served, window: Windows, tmp_path: Path) -> None:
    rows = workbench.office.store.rows(HOST)
    row = next(one for one in rows if one.state is VisitState.CLAIMED)
    page = window.open(workbench, Role.BILLER, permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/visits/{HOST}/{row.encounter}")
    page.get_by_text("As FHIR").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status").first).to_contain_text("The Claim is copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "claim.json")
    assert json.loads(copied) == json.loads((tmp_path / "claim.json").read_text())
    assert f"Claim/{json.loads(copied)['id']}" == row.claim


# --- without JavaScript -----------------------------------------------------------------------------------------------


def test_everything_works_without_javascript(own: Served, window: Windows) -> None:
    row = held(own, "minutes-documented")
    page = window.open(own, Role.BILLER, java_script_enabled=False)
    page.goto("/today")
    expect(page.locator("[data-script]")).to_be_hidden()  # what needs a script is not offered
    page.get_by_role("link", name="Day after").click()
    expect(page.locator("article.slot").first).to_be_visible()
    page.get_by_role("link", name="Holds").click()
    page.get_by_label("First").select_option("dollars")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"order=dollars"))
    page.locator(f'input[value="{row.encounter}:0"]').check()
    page.get_by_role("button", name="Give to me").click()
    expect(page.get_by_role("status").first).to_contain_text("You have it now.")
    page.locator(f'a[href="/visits/{HOST}/{row.encounter}"]').click()
    page.get_by_label(re.compile("^Write it off")).check()
    page.get_by_role("textbox", name="Why").fill("Without a script.")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("status").first).to_contain_text("Decided.")
    page.get_by_role("button", name="Bill again").click()
    page.get_by_role("link", name="See how far it is").click()
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    picture(page, "story-without-script")


# --- with the keyboard alone ------------------------------------------------------------------------------------------


def focused(page: Page) -> str:
    """What the keyboard is at, as text."""
    return page.evaluate(  # type: ignore[no-any-return]
        "(() => { const e = document.activeElement; return (e.labels && e.labels[0] ? e.labels[0].textContent : "
        "e.getAttribute('aria-label') || e.textContent || e.value || e.tagName).trim().replace(/\\s+/g, ' ') })()"
    )


def tab_to(page: Page, wanted: str, most: int = 120) -> None:
    """Press Tab until something of that name is at hand; each stop shows where it is."""
    for _ in range(most):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", focused(page)
        if focused(page).startswith(wanted):
            return
    raise AssertionError(f"{wanted} is not reached")


def test_a_hold_is_decided_with_the_keyboard_alone(own: Served, window: Windows) -> None:
    row = held(own, "minutes-documented")
    page = window.open(own, Role.BILLER)
    page.goto(f"/visits/{HOST}/{row.encounter}")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the page"
    expect(page.get_by_role("link", name="Skip to the page")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to(page, "Write it off")
    page.keyboard.press("Space")
    tab_to(page, "Why")
    page.keyboard.type("By keyboard.")
    tab_to(page, "Decide")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Decided.")
    assert own.office.store.rulings(HOST, [row.encounter])[row.encounter].reason == "By keyboard."


@pytest.mark.parametrize("path", ["/today", "/holds"])
def test_every_control_can_be_reached_and_is_large_enough(path: str, workbench: Served, window: Windows) -> None:
    page = window.open(workbench, Role.OWNER, viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(path)
    small = page.evaluate(
        "Array.from(document.querySelectorAll('button, .button, .chip, select, input, .tabs a, .tick'))"
        ".filter(e => e.offsetParent && !e.hidden && !['checkbox', 'radio', 'hidden'].includes(e.type))"
        ".filter(e => e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML.slice(0, 120))"
    )
    assert small == []
