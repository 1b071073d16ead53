"""A patient or visit of which the plan is not to be told (DESIGN 7): nobody is asked, and nothing of a plan is said."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from pytest_httpserver import HTTPServer

from builders import bill_to, consent, coverage, ref
from massage_billing.auth_settings import NoAuth
from massage_billing.cli import shell
from massage_billing.eligibility_settings import (
    ClearinghouseChannel,
    CoreChannel,
    EligibilitySettings,
    FhirChannel,
    HostChannel,
    X12Parties,
)
from massage_billing.wiring.channels import open_channels
from sweep.world import MEMBER_ID, World, plan


def by_consent(world: World) -> None:
    world.put(consent())


def by_appointment(world: World) -> None:
    world.change("Appointment/m1", extension=[bill_to("self-pay")])


@pytest.fixture(params=[by_consent, by_appointment], ids=lambda wish: wish.__name__)
def world(request: pytest.FixtureRequest) -> World:
    made = World()
    request.param(made)
    return made


def test_nothing_reaches_a_channel(world: World) -> None:
    report = world.run()
    assert world.payer.asked == []
    assert world.rows() == []
    assert (report.appointments, report.asked) == (1, 0)
    assert report.not_asked == {"patient pays (restricted)": 1}


def test_with_real_channels_no_request_leaves(world: World, httpserver: HTTPServer) -> None:
    url = httpserver.url_for("/")
    parties = X12Parties(sender_id="CLINIC", receiver_id="PAYER")
    settings = EligibilitySettings(
        channels={
            "core": CoreChannel(kind="x12-core", url=url, x12=parties, auth=NoAuth()),
            "fhir": FhirChannel(kind="fhir", url=url),
            "json": ClearinghouseChannel(kind="clearinghouse-json", url=url, mapping="medical-network-v3"),
            "host": HostChannel(kind="host"),
        }
    )
    world.channels = open_channels(settings, world.host, world.host, Path("/nonexistent"))
    for name in ("core", "fhir", "json", "host"):
        world.payers = (plan(channel=name),)
        world.run()
        world.huddle()
    assert httpserver.log == []
    assert world.all("CoverageEligibilityRequest") == []
    # The same channels do ask about a patient who has no such wish.
    world.insured("p2", "c2")
    world.book("m2", "p2")
    world.payers = (plan(channel="fhir"),)
    world.run()
    assert [request.path for request, _ in httpserver.log] != []


@pytest.mark.parametrize("fault", [{}, {"subscriberId": ...}, {"payor": ...}, {"payor": [ref("Organization/unknown")]}])
def test_task_and_report_say_nothing_of_a_plan_and_nothing_is_logged(
    world: World, fault: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world.change("Coverage/c1", **fault)
    world.put(coverage("c7", subscriberId=..., payor=[ref("Organization/o7")]))
    with structlog.testing.capture_logs() as logs:
        report = world.run()
        huddled = world.huddled()
    assert (logs, caplog.records) == ([], [])
    told = json.dumps([shell.plain(report), world.all("Task"), shell.plain([one for _, one in huddled])])
    for word in ("Coverage/", "Organization/o2", MEMBER_ID, '"plan"', "member", "in force", "CoverageEligibility"):
        assert word not in told, word
    assert world.all("Task") == []
    (verdict,) = (one for _, one in huddled)
    assert (verdict.payer, verdict.coverage, verdict.benefits, verdict.visits_left) == (None, None, None, None)


def test_a_patient_who_says_so_after_the_question_is_not_asked_about_again() -> None:
    world = World()
    world.payer.later = True
    world.run()
    assert world.asked() == ["Coverage/c1"]
    by_consent(world)
    world.payer.deliver()
    world.payer.later = False
    world.pass_time(minutes=20)
    world.run()
    world.pass_time(days=1)
    world.run()
    assert world.asked() == ["Coverage/c1"]
    assert world.answers() == []


def test_only_the_appointment_that_says_so_is_left_out() -> None:
    world = World()
    by_appointment(world)
    world.book("m2", day=world.now.date() + timedelta(days=2))
    world.run()
    assert [(one.coverage, one.serviced.day) for one in world.payer.asked] == [("Coverage/c1", 2)]
