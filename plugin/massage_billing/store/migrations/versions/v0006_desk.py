"""The workbench: what its pages ask visits by, people's work on holds, who is logged in, who looked at what."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op

from massage_billing.store.tables import Instant

revision = "0006"
down_revision = "0005"

_SOME = 1000
_APPEND_ONLY = "lines of who looked at what are added, and kept for six years"


def upgrade() -> None:
    """Make columns and tables; fill in what earlier versions told of visits."""
    columns: tuple[sa.Column[Any], ...] = (
        *(sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''")) for name in ("therapists", "rules")),
        sa.Column("cents", sa.BigInteger),
        sa.Column("since", Instant),
        sa.Column("claimed", Instant),
        sa.Column("days", sa.Integer),
        sa.Column("standing", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("stood", Instant),
        sa.Column("listed", sa.Date),
    )
    for column in columns:
        op.add_column("visits", column)
    _fill()
    _indexes()
    _tally()
    _desk()
    _people()
    _events()


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


# --- visits -----------------------------------------------------------------------------------------------------------


class _Told(NamedTuple):
    """What the audit trail tells of a visit."""

    outcome: str
    since: datetime
    claimed: datetime | None


def _fill() -> None:
    """What is new of the visits that are there. Who treated in them is known once they are decided again."""
    visits = sa.table(
        "visits",
        *map(sa.column, ("encounter", "host", "state", "outcome", "amount", "holds", "claim_key")),
        sa.column("date", sa.Date),
    )
    connection = op.get_bind()
    told = _told(connection)
    sent = _sent(connection)
    of = sa.text(
        "UPDATE visits SET rules = :rules, cents = :cents, since = :since, claimed = :claimed, days = :days,"
        " standing = :standing, stood = :stood, listed = :listed WHERE encounter = :encounter AND host = :host"
    ).bindparams(
        *(sa.bindparam(name, type_=Instant) for name in ("since", "claimed", "stood")),
        sa.bindparam("listed", type_=sa.Date),
    )
    rows = iter(connection.execute(sa.select(visits)).all())
    while some := list(islice(rows, _SOME)):
        connection.execute(of, [_values(row, told, sent) for row in some])


def _values(
    row: Sequence[object],
    told: dict[tuple[str, str], _Told],
    sent: dict[tuple[str, str, str], tuple[str, datetime | None]],
) -> dict[str, object]:
    encounter, host, state, outcome, amount, holds, key, day = row
    visit = (str(host), str(encounter))
    said = told.get(visit)
    standing, stood = sent.get((*visit, str(key)), ("", None))
    claimed = said.claimed if said else None
    service = day if isinstance(day, date) else None
    rules = list(dict.fromkeys(rule for rule, _ in json.loads(str(holds) or "[]")))
    return {
        "encounter": encounter,
        "host": host,
        "rules": json.dumps(rules, ensure_ascii=False, separators=(",", ":")) if rules else "",
        "cents": None if amount is None else int((Decimal(str(amount)) * 100).quantize(Decimal(1), ROUND_HALF_UP)),
        "since": said.since if said and said.outcome == outcome else None,
        "claimed": claimed,
        "days": (claimed.date() - service).days if claimed and service else None,
        "standing": standing,
        "stood": stood,
        "listed": (service or date(1, 1, 1)) if state == "claimed" or standing else None,
    }


def _told(connection: sa.Connection) -> dict[tuple[str, str], _Told]:
    """By host and Encounter id: the outcome that the trail names last, since when, and when a claim was first decided.

    A line of a decision begins with its outcome: "claim (acme); …". Days are of UTC: the clinic's zone is not known
    here.
    """
    audit = sa.table("audit", *map(sa.column, ("id", "host", "encounter", "what")), sa.column("at", Instant))
    query = sa.select(audit.c.host, audit.c.encounter, audit.c.at, audit.c.what).where(audit.c.encounter.is_not(None))
    told: dict[tuple[str, str], _Told] = {}
    lines = query.order_by(audit.c.id).execution_options(yield_per=_SOME)  # there may be millions
    for host, encounter, at, what in connection.execute(lines):
        outcome, bracket, _ = what.partition(" (")
        if not bracket:
            continue
        before = told.get((host, encounter))
        since = before.since if before and before.outcome == outcome else at.astimezone(UTC)
        first = before.claimed if before else None
        told[host, encounter] = _Told(outcome, since, first or (since if outcome == "claim" else None))
    return told


def _sent(connection: sa.Connection) -> dict[tuple[str, str, str], tuple[str, datetime | None]]:
    """How far sent claims have come, by host, Encounter id and claim key."""
    submissions = sa.table(
        "submissions", *map(sa.column, ("host", "encounter", "key", "standing")), sa.column("since", Instant)
    )
    of = sa.select(submissions).where(submissions.c.standing != "not sent")
    return {
        (str(host), str(encounter), str(key)): (str(standing), since)
        for host, encounter, key, standing, since in connection.execute(of)
    }


def _indexes() -> None:
    place = ["listed", "encounter"]
    _index("visits_listed", ["host", *place, "standing", "payer", "draft", "cents", "days", "therapists"])
    _index("visits_standing", ["host", "standing", *place])
    draft = sa.text("draft")
    op.create_index("visits_draft", "visits", ["host", *place], sqlite_where=draft, postgresql_where=draft)
    op.create_index("visits_payer", "visits", ["host", "payer", *place])
    _index("visits_claim", ["claim", "host", *place], begins=("claim", "encounter"))
    _index("visits_claim_key", ["claim_key", "host", *place], begins=("claim_key", "encounter"))
    _index("visits_search", ["encounter", "host", "listed"], begins=("encounter",))
    if op.get_context().dialect.name == "postgresql":
        # Places are read from indexes alone as long as the table was vacuumed since its rows changed.
        often = ", ".join(f"autovacuum_vacuum_{what} = 0.02" for what in ("scale_factor", "insert_scale_factor"))
        op.execute(f"ALTER TABLE visits SET ({often})")


def _index(name: str, columns: list[str], begins: tuple[str, ...] = ()) -> None:
    """An index of the list of claims; ``begins``: columns that are compared byte by byte."""
    listed = sa.text("listed IS NOT NULL")
    ops = {column: "text_pattern_ops" for column in begins}
    op.create_index(name, "visits", columns, sqlite_where=listed, postgresql_where=listed, postgresql_ops=ops)


def _tally() -> None:
    """Claims counted as tally.py does from here on."""
    op.create_table(
        "claim_tally",
        *_texts("host"),
        sa.Column("month", sa.Date, nullable=False),
        *_texts("standing", "payer"),
        sa.Column("draft", sa.Boolean, nullable=False),
        *_texts("therapists"),
        sa.Column("claims", sa.Integer, nullable=False),
        sa.Column("cents", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("host", "month", "standing", "payer", "draft", "therapists"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "claim_pace",
        *_texts("host"),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        *_texts("therapists"),
        sa.Column("claims", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("host", "week", "days", "therapists"),
        sqlite_with_rowid=False,
    )
    month, week = "CAST(date_trunc('month', listed) AS date)", "CAST(date_trunc('week', listed) AS date)"
    if op.get_context().dialect.name == "sqlite":
        month, week = "strftime('%Y-%m-01', listed)", "date(listed, 'weekday 0', '-6 days')"
    op.execute(
        f"INSERT INTO claim_tally SELECT host, {month}, standing, coalesce(payer, ''), draft, therapists, count(*),"  # noqa: S608
        " coalesce(sum(cents), 0) FROM visits WHERE listed IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6"
    )
    op.execute(
        f"INSERT INTO claim_pace SELECT host, {week}, days, therapists, count(*) FROM visits"  # noqa: S608
        " WHERE listed IS NOT NULL AND days IS NOT NULL GROUP BY 1, 2, 3, 4"
    )


# --- people -----------------------------------------------------------------------------------------------------------


def _desk() -> None:
    op.create_table(
        "work",
        *_texts("host", "encounter"),
        sa.Column("version", sa.Integer, nullable=False),
        *_texts("assignee", "assignee_name", "note", "by"),
        sa.Column("at", Instant),
        *_texts("what"),
        sa.PrimaryKeyConstraint("encounter", "host"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "held_days",
        sa.Column("day", sa.Date, nullable=False),
        *_texts("rule", "host"),
        sa.Column("visits", sa.Integer, nullable=False),
        sa.Column("cents", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "rule", "host"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )


def _people() -> None:
    op.create_table(
        "sessions",
        *_texts("digest", "who", "name", "role", "host"),
        sa.Column("practitioner", sa.Text),
        *(sa.Column(name, Instant, nullable=False) for name in ("begun", "seen", "ends")),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_who", "sessions", ["who", "host"])
    op.create_table(
        "logins",
        *_texts("digest", "browser", "host", "verifier", "nonce", "back"),
        sa.Column("ends", Instant, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "links",
        *_texts("digest", "who", "name", "role", "host"),
        sa.Column("practitioner", sa.Text),
        sa.Column("ends", Instant, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "used_once",
        *_texts("kind", "digest"),
        sa.Column("until", Instant, nullable=False),
        sa.PrimaryKeyConstraint("digest", "kind"),
        sqlite_with_rowid=False,
    )


def _events() -> None:
    op.create_table(
        "access_events",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", Instant, nullable=False),
        *_texts("who", "role", "host", "action", "page", "encounter", "patient", "detail"),
        sa.Column("ok", sa.Boolean, nullable=False),
    )
    op.create_index("access_events_host", "access_events", ["host", "number"])
    op.create_index("access_events_patient", "access_events", ["patient", "host", "number"])
    op.create_index("access_events_at", "access_events", ["at", "host"])
    if op.get_context().dialect.name == "sqlite":
        young = "OLD.at > strftime('%Y-%m-%dT%H:%M:%f', 'now', '-6 years')"
        for what, when in (("UPDATE", ""), ("DELETE", f"WHEN {young} ")):
            op.execute(
                f"CREATE TRIGGER access_events_{what.lower()} BEFORE {what} ON access_events {when}"
                f"BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION access_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'DELETE' AND OLD.at <= now() - interval '6 years' THEN RETURN OLD; END IF;"
        f" RAISE EXCEPTION '{_APPEND_ONLY}'; END $$"
    )
    for event, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER access_events_{each.lower()} BEFORE {event} ON access_events"
            f" FOR EACH {each} EXECUTE FUNCTION access_events_append_only()"
        )
