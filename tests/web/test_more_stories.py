"""Main stories of Claims, Eligibility, Denials, Rules and Health in a real browser, and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from massage_billing.model.desk import Role
from massage_billing.ports.jobs import JobKind
from web.answered_clinic import answered, covered, denied, looked, mine, standing
from web.conftest import Windows
from web.harness import HOST, Served

__all__ = ["answered", "looked", "mine"]
pytestmark = pytest.mark.browser


def test_a_biller_narrows_the_list_reads_a_life_and_marks_a_claim(mine: Served, window: Windows) -> None:
    claim = standing(mine, "accepted")
    page = window.open(mine, Role.BILLER)
    page.goto("/claims")
    page.get_by_label("Stands").select_option("accepted")
    expect(page.locator("#claims tbody .mark").first).to_have_text("Accepted by the payer")
    assert "standing=accepted" in page.url
    page.get_by_label("Encounter, Claim or key").fill(claim.key)
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=claim.key).click()
    expect(page.locator("#changes h3")).to_contain_text("Nothing changed")
    page.get_by_text("Mark what you know of it").click()
    page.get_by_label("It was").select_option("denied")
    page.get_by_label("From where you know").fill("letter of the payer")
    page.get_by_role("button", name="Mark", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("It is marked.")
    expect(page.get_by_role("rowheader", name="denied: letter of the payer")).to_be_visible()


def test_a_front_desk_finds_a_coverage_and_takes_out_what_was_received(looked: Served, window: Windows) -> None:
    coverage, question = covered(looked)
    page = window.open(looked, Role.FRONT_DESK)
    page.goto("/eligibility")
    page.get_by_label("Patient's name, or Coverage/5, Patient/3").fill(f"Coverage/{coverage}")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="Visits left")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take out what was received").first.click()
    kept = looked.office.asking.evidence(question)
    assert kept is not None
    assert taken.value.path().read_bytes() == kept[0]
    assert page.get_by_role("button", name="Ask again what is due").count() == 0


def test_an_owner_has_the_clinic_billed_and_sees_how_far_it_is(mine: Served, window: Windows) -> None:
    page = window.open(mine, Role.OWNER)
    page.goto("/health")
    page.get_by_role("button", name="Bill now").click()
    expect(page.locator(".job")).to_contain_text("waits for its turn")
    assert [job.kind for job in mine.jobs.running()] == [JobKind.RUN]
    expect(page.get_by_role("link", name="Billing", exact=True)).to_be_visible()


def test_rules_are_looked_for_by_words_and_read(looked: Served, window: Windows) -> None:
    page = window.open(looked, Role.THERAPIST, "Practitioner/nobody")
    page.goto("/rules")
    page.get_by_label("Words of the question").fill("minutes units")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="How many units may be billed").first.click()
    expect(page.get_by_role("heading", name="By date of service")).to_be_visible()


def test_denials_narrow_by_payer_behind_the_page(looked: Served, window: Windows) -> None:
    page = window.open(looked, Role.BILLER)
    page.goto("/denials")
    expect(page.get_by_role("heading", name="By payer")).to_be_visible(timeout=30_000)
    payer = denied(looked).payer
    page.get_by_label("Payer", exact=True).select_option(payer)
    page.wait_for_url(f"**payer={payer}*")
    expect(page.locator("#by-payer tbody tr")).to_have_count(1, timeout=30_000)


def test_everything_works_without_javascript(mine: Served, window: Windows) -> None:
    claim = standing(mine, "accepted")
    page = window.open(mine, Role.OWNER, java_script_enabled=False)
    page.goto(f"/claims?search={claim.key}")
    page.get_by_role("link", name=claim.key).click()
    page.get_by_role("link", name="Compare now").click()
    expect(page.locator("main")).to_contain_text("Nothing changed: the claim stands as it is.")
    page.get_by_role("link", name="The claim", exact=True).click()
    page.get_by_text("Mark what you know of it").click()
    page.get_by_label("From where you know").fill("portal")
    page.get_by_role("button", name="Mark", exact=True).click()
    expect(page.locator("main")).to_contain_text("It is marked.")
    page.goto("/health")
    page.get_by_role("button", name="Ask payers now").click()
    page.get_by_role("link", name="See how far it is").click()
    expect(page.locator("main")).to_contain_text("Eligibility")
    assert f"/{HOST}/" not in page.url
