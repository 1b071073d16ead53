"""Claims, Eligibility, Credentials, Denials, Rules, Health looked at by axe: light, dark, on a phone."""

from __future__ import annotations

import re

import pytest

from massage_billing.model.desk import Role
from web.answered_clinic import answered, covered, denied, looked
from web.conftest import Windows, picture
from web.harness import HOST, Served
from web.test_accessible import LOOKS, judged

__all__ = ["answered", "looked"]

PAGES = {
    "claims": "/claims",
    "claims-none": "/claims?payer=nobody",
    "claim": f"/claims/{HOST}/{{visit}}",
    "eligibility": "/eligibility?days=7&every=1",
    "coverage": f"/eligibility/{HOST}/{{coverage}}",
    "credentials": "/credentials",
    "denials": "/denials",
    "proposals": "/denials/proposals?least=2",
    "rules": "/rules",
    "rule": "/rules/ncci-pairs?code=97124",
    "policy": "/rules/medicare",
    "rules-lately": "/rules/lately",
    "health": "/health",
}


def path_of(looked: Served, page: str) -> str:
    """A page's address in this clinic."""
    return PAGES[page].format(visit=denied(looked).encounter, coverage=covered(looked)[0])


@pytest.mark.browser
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(page: str, look: str, looked: Served, window: Windows) -> None:
    shown = window.open(looked, Role.OWNER, **LOOKS[look])
    shown.goto(path_of(looked, page))
    shown.wait_for_load_state("networkidle")
    for folded in shown.locator("main details").all():
        folded.evaluate("one => { one.open = true }")
    picture(shown, f"{page}-{look}")
    assert judged(shown) == []


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES)
def test_nothing_sticks_out_on_a_phone(page: str, looked: Served, window: Windows) -> None:
    shown = window.open(looked, Role.OWNER, viewport={"width": 360, "height": 740})
    shown.goto(path_of(looked, page))
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("page", PAGES)
def test_the_policy_allows_nothing_inline_and_the_page_needs_nothing(page: str, looked: Served) -> None:
    answer = looked.client(Role.OWNER).get(path_of(looked, page))
    assert answer.status_code == 200
    assert not re.search(r"<style|style=|<script(?![^>]*\bsrc=)|\son[a-z]+=|javascript:", answer.text)


@pytest.mark.parametrize("page", PAGES)
def test_every_table_has_a_caption_and_its_heads_a_scope(page: str, looked: Served) -> None:
    text = looked.client(Role.OWNER).get(path_of(looked, page)).text
    for table in re.findall(r"<table.*?</table>", text, re.S):
        assert "<caption" in table or "Figures as a table" in text
        assert all("scope=" in head for head in re.findall(r"<th\b[^>]*>", table))
