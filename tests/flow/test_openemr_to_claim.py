"""From OpenEMR's records to decisions and the outbox: what a running OpenEMR 8.2.0-dev gave, billed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from pytest_httpserver import HTTPServer

from hosts.mini_openemr import MiniOpenEmr, recorded
from massage_billing import flow
from massage_billing.checks import claim_checker
from massage_billing.fhir.visit import read_visit
from massage_billing.hosts.fhir_source import FhirSettings
from massage_billing.hosts.openemr import OpenEmr
from massage_billing.model import Clinic, CoverageKind, Decision, Fee, Outcome, Payer, Reading, Visit
from massage_billing.ports import VisitState
from massage_billing.rulebook.files import load_rulebook
from massage_billing.run.report import RunReport
from massage_billing.run.setup import Setup
from massage_billing.service import Billing
from massage_billing.store.memory import MemoryStore

BOOK = load_rulebook()
START = date(2026, 11, 1)
PLAN = next(one["id"] for one in recorded("Organization") if one["name"].startswith("Columbia"))
CLINIC = Clinic(
    payers=(Payer("plan", CoverageKind.HEALTH, "commercial-midpoint", references=frozenset({f"Organization/{PLAN}"})),),
    payers_known=True,
    fees=tuple(Fee(code, Decimal("40.00"), date(2026, 1, 1)) for code in ("97124", "97140")),
    npi="1033219878",
    digest="clinic-1",
)
MINUTES = frozenset({("http://loinc.org", "treatment-min")})


def reading(zone: str = "America/Los_Angeles") -> Reading:
    return Reading(host="emr", zone=zone, times_as_written=True, finished_is_done=False, minute_observations=MINUTES)


@pytest.fixture
def server(httpserver: HTTPServer) -> MiniOpenEmr:
    server = MiniOpenEmr(httpserver)
    server.load()
    return server


@pytest.fixture
def host(server: MiniOpenEmr) -> Iterator[OpenEmr]:
    with OpenEmr("emr", server.base, settings=FhirSettings(observations=True)) as host:
        yield host  # type: ignore[misc]


def decided(host: OpenEmr, read: Reading) -> dict[str, tuple[Visit, Decision]]:
    """Visits and decisions by when the visit began, as written: "2026-11-09T14:00"."""
    found = {}
    for page in host.changes(None, START):
        for record in page.records:
            visit = read_visit(record, read)
            began: Any = record.resources[f"Encounter/{record.encounter}"]["period"]
            found[began["start"][:16]] = visit, flow.bill(visit, BOOK, CLINIC)
    return found


def held_by(decision: Decision) -> set[str]:
    return {finding.rule for finding in decision.findings if finding.effect == "hold"}


def test_every_visit_is_decided_as_its_record_says(host: OpenEmr) -> None:
    all_of_them = decided(host, reading())
    assert {
        began: [(line.code, line.minutes, line.units, line.charge) for line in decision.lines]
        for began, (_, decision) in all_of_them.items()
        if decision.outcome is Outcome.CLAIM
    } == {
        "2026-11-09T14:00": [("97124", 60, 4, Decimal("160.00"))],
        "2026-11-10T19:30": [("97124", 53, 4, Decimal("160.00"))],
        "2026-11-12T09:00": [("97140", 30, 2, Decimal("80.00"))],
        "2026-11-14T06:45": [("97124", 45, 3, Decimal("120.00"))],
    }
    assert {
        began: held_by(decision) for began, (_, decision) in all_of_them.items() if decision.outcome is Outcome.HOLD
    } == {
        "2026-10-31T23:30": {"service-recorded"},
        "2026-11-09T09:00": {"service-recorded"},
        "2026-11-11T10:00": {"code-known"},
        "2026-11-12T13:00": {"service-recorded"},
        "2026-11-13T16:00": {"visit-finished"},
        "2026-11-16T10:00": {"minutes-documented"},
    }


def test_what_the_order_and_the_surgery_list_both_have_counts_once(host: OpenEmr) -> None:
    _, decision = decided(host, reading())["2026-11-09T14:00"]
    (line,) = decision.lines
    (twice,) = decision.not_billed
    assert (twice.code, twice.reason) == ("97124", "duplicate")
    (entry,) = (one for one in recorded("Procedure") if "recorder" in one)
    assert twice.procedure == entry["id"]
    assert entry["id"] not in line.procedures


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "America/New_York", "Pacific/Auckland"])
def test_early_and_late_visits_stay_on_the_day_they_are_written_under(host: OpenEmr, zone: str) -> None:
    """Converted from ``+00:00`` the first would fall on the day before in Oregon, the others on the day after in
    Auckland."""
    days = {began: visit.date for began, (visit, _) in decided(host, reading(zone)).items()}
    assert {began: date.fromisoformat(began[:10]) for began in days} == days
    assert {"2026-11-14T06:45", "2026-11-10T19:30", "2026-10-31T23:30"} <= days.keys()


def test_an_insurance_that_was_followed_by_another_is_no_tie(host: OpenEmr) -> None:
    visit, decision = decided(host, reading())["2026-11-10T19:30"]
    assert len({cover.payer for cover in visit.coverages}) == 2
    assert all(cover.order == 1 for cover in visit.coverages)
    assert decision.payer == "plan"


def test_who_referred_is_the_physician_and_not_the_therapist(host: OpenEmr) -> None:
    visits = decided(host, reading())
    referred = visits["2026-11-09T14:00"][0].referral
    assert referred is not None
    assert referred.requester_npi == "1457389017"
    own = visits["2026-11-10T19:30"][0].referral
    assert own is not None
    assert own.requester is None


# --- the outbox -----------------------------------------------------------------------------------------------------


class World:
    """The host, a store, and runs over them."""

    def __init__(self, host: OpenEmr) -> None:
        self.host, self.store = host, MemoryStore()

    def run(self) -> RunReport:
        setup = Setup(
            host=self.host,
            store=self.store,
            book=BOOK,
            clinic=CLINIC,
            reading=reading(),
            check=claim_checker(BOOK),
            start=START,
            settle=timedelta(0),
        )
        return Billing(setup).run()

    def claims(self) -> list[dict[str, Any]]:
        """Claims that wait in the outbox."""
        groups = [row.group for row in self.store.pending("emr", 100)]
        return [orjson.loads(write.body) for group in groups for write in group.writes if write.type == "Claim"]


def test_claims_wait_in_the_outbox_as_drafts(host: OpenEmr, server: MiniOpenEmr) -> None:
    world = World(host)
    report = world.run()
    claims = world.claims()
    assert (report.claims, len(claims)) == (4, 4)
    assert report.pending_writes == 4 + report.holds  # holds would be Tasks: they too have nowhere to go
    assert [claim["status"] for claim in claims] == ["draft"] * 4
    assert all(method == "GET" for method, _, _ in server.requests)
    assert world.store.cursor("emr") is not None


def test_a_second_run_decides_the_same(host: OpenEmr) -> None:
    world = World(host)
    world.run()
    before = {row.encounter: row.digest for row in world.store.rows("emr")}
    again = world.run()
    assert again.claims_created == 0
    assert len(world.claims()) == 4
    assert {row.encounter: row.digest for row in world.store.rows("emr")} == before


def test_a_code_that_is_mended_bills_the_visit(host: OpenEmr, server: MiniOpenEmr) -> None:
    """The order of an old visit gets its code: no time stamp moves, and the hold is read again all the same."""
    world = World(host)
    world.run()
    (order,) = (one for one in server.resources["Procedure"].values() if one["code"].get("text") == "Manual therapy")
    held = order["encounter"]["reference"].partition("/")[2]
    assert world.store.known("emr", [held])[held].state is VisitState.HELD
    order["code"] = {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "97140"}]}
    minutes = dict(next(iter(server.resources["Observation"].values())))
    server.resources["Observation"]["new"] = {
        **minutes,
        "id": "new",
        "subject": order["subject"],
        "encounter": order["encounter"],
        "performer": [order["performer"][0]["actor"]],
        "effectiveDateTime": order["performedDateTime"],
        "valueQuantity": {**minutes["valueQuantity"], "value": 31},
    }
    world.run()
    assert world.store.known("emr", [held])[held].outcome == "claim"
    assert len(world.claims()) == 5
