"""A store of the version before the workbench comes up to date with its data: nothing is lost, and what can be known of
visits that are there is known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from massage_billing import store as package
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import VisitRow
from massage_billing.ports.desk import ClaimFilter, HoldFilter, HoldOrder
from massage_billing.store import open_store
from massage_billing.store.tables import Instant
from store.making import HOST, entry
from store.test_desk_fake_agrees import recounted

NOV = [datetime(2026, 11, day, 23, 30, tzinfo=UTC) for day in range(1, 28)]

CLAIMED = {"state": "claimed", "outcome": "claim", "holds": ""}
WHY = '[["charge","97124 has no charge: café."],["charge","and another"],["x","is not so"]]'
HELD = {"state": "held", "outcome": "hold", "holds": WHY}
VISITS: tuple[dict[str, Any], ...] = (
    {"encounter": "1", **CLAIMED, "date": date(2026, 11, 3), "amount": "140.00", "payer": "acme", "claim_key": "MB1"},
    {"encounter": "2", **CLAIMED, "date": date(2026, 10, 30), "amount": "0.07", "payer": "bcbs", "claim_key": "MB2"},
    {"encounter": "3", **CLAIMED, "date": date(2026, 11, 4), "amount": None, "payer": "acme", "claim_key": "MB3"},
    {"encounter": "4", **HELD, "date": date(2026, 11, 3), "amount": "70.10", "payer": None, "claim_key": "MB4"},
    {"encounter": "5", **HELD, "date": None, "amount": None, "payer": None, "claim_key": "MB5"},
    {"encounter": "6", **HELD, "date": date(2026, 11, 1), "amount": "9.99", "payer": "acme", "claim_key": "MB6"},
    {"encounter": "7", "state": "waiting", "outcome": "", "holds": "", "date": None, "amount": None, "payer": None,
     "claim_key": ""},
)  # fmt: skip
TRAIL = (
    ("1", NOV[2], "hold (charge); claim none; rulebook abc"),
    ("1", NOV[4], "claim (acme); claim created; rulebook abc"),
    ("1", NOV[9], "claim (acme); claim updated; rulebook abc"),
    ("2", NOV[0], "claim (bcbs); claim created; rulebook abc"),
    ("4", NOV[3], "claim (acme); claim created; rulebook abc"),
    ("4", NOV[5], "hold (x); claim none; rulebook abc"),
    ("4", NOV[6], "hold (charge,x); claim none; rulebook abc"),
    ("6", NOV[1], "claim (acme); claim created; rulebook abc"),
)
SENT = (("MB1", "1", "adjudicated"), ("MB2", "2", "not sent"), ("MB6", "6", "accepted"), ("MB3", "1", "rejected"))


@pytest.fixture
def older(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> str:
    """A store of version 0005 with visits, trail and sent claims."""
    where = request.getfixturevalue("empty_postgresql") if kind == "postgresql" else str(tmp_path / "store.sqlite")
    engine = create_engine(
        where.replace("postgresql:", "postgresql+psycopg:") if kind == "postgresql" else f"sqlite:///{where}"
    )
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for visit in VISITS:
            given = {"host": HOST, "patient": "Patient/3", "revision": 0, "digest": "", "units": 4, "warnings": 0}
            given |= {"rulebook": "r", "clinic": "c", "draft": False, "used": b"", **visit}
            names, values = ", ".join(given), ", ".join(f":{name}" for name in given)
            connection.execute(text(f"INSERT INTO visits ({names}) VALUES ({values})"), given)
        line = text("INSERT INTO audit (at, host, encounter, what) VALUES (:at, :host, :encounter, :what)")
        for encounter, at, what in TRAIL:
            stored = Instant().bind_processor(engine.dialect)
            given = {"at": stored(at) if stored else at, "host": HOST, "encounter": encounter, "what": what}
            connection.execute(line, given)
        for key, encounter, standing in SENT:
            connection.execute(text(
                "INSERT INTO submissions (key, host, encounter, patient, payer, claim, digest, rank, frequency, date,"
                " total, lines, batch, \"transaction\", standing, payer_claim_number, since, place) VALUES ("
                ":key, :host, :encounter, 'Patient/3', 'acme', '', '', 'P', '1', '2026-11-03', '1.00', '[]', 1, '1',"
                " :standing, '', '2026-11-20T12:00:00.000000+00:00', 1)"
            ), {"key": key, "host": HOST, "encounter": encounter, "standing": standing})  # fmt: skip
    engine.dispose()
    return where


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_visits_come_through_and_can_be_asked_for(older: str) -> None:
    with open_store(older) as store:
        desk = store.desk()
        assert [row.encounter for row in store.rows(HOST)] == ["2", "6", "1", "4", "3", "5", "7"]
        claims = {one.visit.encounter: (one.standing, one.claimed) for one in desk.claims(HOST, ClaimFilter()).rows}
        # One that was sent is listed though it is held since; a claim of another's key is not this visit's.
        assert claims == {
            "1": (ClaimStanding.ADJUDICATED, NOV[4]),
            "2": (None, NOV[0]),
            "3": (None, None),
            "6": (ClaimStanding.ACCEPTED, NOV[1]),
        }
        sums = {one.standing: (one.claims, one.dollars) for one in desk.claim_sums(HOST, ClaimFilter())}
        assert sums == {
            None: (2, Decimal("0.07")),
            ClaimStanding.ACCEPTED: (1, Decimal("9.99")),
            ClaimStanding.ADJUDICATED: (1, Decimal("140.00")),
        }
        assert sum(one.claims for one in desk.claim_sums(HOST, ClaimFilter(first=date(2026, 11, 1)))) == 3
        weeks = desk.claim_days(HOST, date(2026, 10, 1), date(2026, 11, 30))
        assert [(one.week.isoformat(), one.claims, one.slowest) for one in weeks] == [
            ("2026-10-26", 2, 2), ("2026-11-02", 1, 2),
        ]  # fmt: skip
        recounted(store)


def test_holds_come_through_with_their_rules_and_since_when(older: str) -> None:
    with open_store(older) as store:
        holds = store.desk().holds(HOST, HoldFilter(), HoldOrder.AGE).rows
        # Of two nothing is known: they are held since before anybody looked.
        assert [(one.visit.encounter, one.since) for one in holds] == [("5", None), ("6", None), ("4", NOV[5])]
        sums = store.desk().hold_sums(HOST, HoldFilter(rule="charge"))
        assert [(one.rule, one.visits, one.dollars, one.unpriced) for one in sums.reasons] == [
            ("charge", 3, Decimal("80.09"), 1), ("x", 3, Decimal("80.09"), 1),
        ]  # fmt: skip


def test_a_store_that_came_up_to_date_goes_on(older: str) -> None:
    with open_store(older) as store:
        store.commit([entry("4", amount="70.10", claim_key="MB4", therapists=("Practitioner/1",))])
        assert isinstance(store.known(HOST, ["4"])["4"], VisitRow)
        assert sum(one.claims for one in store.desk().claim_sums(HOST, ClaimFilter())) == 5
        assert store.desk().hold(HOST, "4").work.version == 1  # type: ignore[union-attr]
        recounted(store)
    with open_store(older) as store:
        store.purge_patient(HOST, "Patient/3")
        assert store.desk().claim_sums(HOST, ClaimFilter()) == []
        recounted(store)
