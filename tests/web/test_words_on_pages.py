"""What a biller reads on a host whose ids are UUIDs: words, names, dates; nothing that runs off a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from massage_billing.model.desk import Role
from massage_billing.ports import VisitState
from massage_billing.ports.jobs import Job, JobKind
from massage_billing.web.drawing import held_by, plain, short_id, sources
from massage_billing.web.pages.health import counts
from web.conftest import Windows
from web.harness import HOST, FewOffices, Served

FRONT = "Person/a35a16aa-5711-4b29-89b8-902f45f204ed"
"""Somebody whom the host does not name: OpenEMR's users without an NPI."""


def test_a_record_in_a_message_is_called_what_it_is_and_what_it_says_stays_text() -> None:
    shown = plain("Encounter/a35a16aa-44bb-43a7-9279-319daaf5b630 has <b>no</b> Procedure.")
    assert str(shown) == (
        '<span title="Encounter/a35a16aa-44bb-43a7-9279-319daaf5b630">The visit</span> has &lt;b&gt;no&lt;/b&gt; '
        "Procedure."
    )
    assert str(short_id("Claim/01a22e86-c977-7aeb-8c04-94342ffd48af")).endswith(">Claim …fd48af</span>")
    assert short_id("Claim/5") == "Claim/5"


@pytest.mark.parametrize(
    ("cited", "title", "link"),
    [
        ("Decisions, 2 Ready <plugin/docs/decisions.md> (own rule)", "Decisions, 2 Ready (own rule)", ""),
        ("NCCI <https://www.cms.gov/x>", "NCCI", "https://www.cms.gov/x"),
        ("Said <of somebody> by telephone", "Said <of somebody> by telephone", ""),
    ],
)  # fmt: skip
def test_a_source_shows_no_path_of_this_repository(cited: str, title: str, link: str) -> None:
    assert sources(cited) == (title, link)


def test_what_holds_a_visit_is_told_by_what_is_wrong() -> None:
    assert [held_by(one) for one in ("diagnosis-present", "ncci-pairs", "already-billed")] == [
        "diagnosis missing",
        "NCCI pairs",
        "already billed",
    ]


def test_counts_of_one_thing_read_well() -> None:
    now = datetime.now(UTC)
    job = Job("1", JobKind.VISIT, HOST, "Practitioner/bill", now, counts={"visits": 1, "claims_created": 1, "holds": 0})
    assert counts(job) == "visits: 1, claims created: 1"


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 320])
def test_people_without_a_name_do_not_push_a_page_off_a_phone(own: Served, window: Windows, width: int) -> None:
    offices = own.site.offices
    assert isinstance(offices, FewOffices)
    offices._offices[HOST] = replace(own.office, staff=(*own.office.staff, FRONT))
    held = next(row for row in own.office.store.rows(HOST) if row.state is VisitState.HELD)
    page = window.open(own, Role.OWNER, viewport={"width": width, "height": 800})
    for path in ("/holds", f"/visits/{HOST}/{held.encounter}"):
        page.goto(f"{own.url}{path}")
        assert page.locator(f"option[value='{FRONT}']").first.inner_text() == FRONT
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


@pytest.mark.browser
def test_every_time_of_day_under_the_picture_stands_inside_it(own: Served, window: Windows) -> None:
    page = window.open(own, Role.OWNER, viewport={"width": 1280, "height": 800})
    looked = 0
    for row in own.office.store.rows(HOST):
        page.goto(f"{own.url}/visits/{HOST}/{row.encounter}")
        past = page.evaluate(
            """() => [...document.querySelectorAll("svg.timeline text")].filter(
                one => one.getBBox().x + one.getBBox().width > one.ownerSVGElement.viewBox.baseVal.width + 0.5
            ).map(one => one.textContent)"""
        )
        assert past == [], row.encounter
        looked += page.locator("svg.timeline").count()
        if looked >= 6:
            break
    assert looked
