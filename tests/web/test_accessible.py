"""Every page, looked at by axe for WCAG 2.2 AA: light, dark and on a phone. Pictures are kept in .artefacts."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from massage_billing.model.desk import Role
from massage_billing.ports import VisitState
from web.conftest import Windows, picture
from web.harness import HOST, Served

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
PAGES = {
    "today": "/today?date={busy}",
    "holds": "/holds",
    "holds-of-a-reason": "/holds?rule=minutes-documented",
    "visit-held": f"/visits/{HOST}/{{held}}",
    "visit-claimed": f"/visits/{HOST}/{{claimed}}",
    "not-found": "/visits/demo/nobody",
}
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
}


def path_of(workbench: Served, page: str) -> str:
    """A page's address in this clinic."""
    return PAGES[page].format(
        held=visit_in(workbench, VisitState.HELD),
        claimed=visit_in(workbench, VisitState.CLAIMED),
        busy=busy_day(workbench),
    )


def visit_in(workbench: Served, state: VisitState) -> str:
    """A visit that stands so."""
    return next(row.encounter for row in workbench.office.store.rows(HOST) if row.state is state)


def busy_day(workbench: Served) -> str:
    """A coming day with appointments."""
    with workbench.office.sweep() as sweep:
        return sweep.tomorrow().isoformat()


def judged(page: Page) -> list[str]:
    """What axe finds: rule, and the first element it is about."""
    options = {"runOnly": {"type": "tag", "values": list(TAGS)}, "rules": {"target-size": {"enabled": True}}}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['help']}" for one in found]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(page: str, look: str, workbench: Served, window: Windows) -> None:
    window.expected = ("404",)
    shown = window.open(workbench, Role.OWNER, **LOOKS[look])
    shown.goto(path_of(workbench, page))
    shown.wait_for_load_state("networkidle")
    picture(shown, f"{page}-{look}")
    assert judged(shown) == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_sticks_out_on_a_phone(page: str, workbench: Served, window: Windows) -> None:
    """The page itself never scrolls sideways; wide tables do inside their own frame."""
    window.expected = ("404",)
    shown = window.open(workbench, Role.OWNER, viewport={"width": 360, "height": 740})
    shown.goto(path_of(workbench, page))
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("page", PAGES)
def test_the_policy_allows_nothing_inline_and_the_page_needs_nothing(page: str, workbench: Served) -> None:
    answer = workbench.client(Role.OWNER).get(path_of(workbench, page))
    assert not re.search(r"<style|style=|<script(?![^>]*\bsrc=)|\son[a-z]+=|javascript:", answer.text)
