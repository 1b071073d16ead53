"""The tables of the store, the same on SQLite and PostgreSQL. Changed only together with a migration.

Keys begin with what tells rows apart: almost every row is of the same host, and SQLite, which keeps no statistics,
would take an index that begins with the host for a good one.

Three tables hold what is of a person, as bytes: payload (Claims as they are written to the host, gone some days after
they are confirmed, DESIGN 23), evidence (what payers sent, gone after as many days) and answers (the same in normal
form with the payer's texts, gone when it cannot count any more). No other holds a name, a birth date or a member id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.types import TypeEngine

HEAD = "0008"
"""The migration this code is written for; compared with the store's version without importing Alembic."""

VERSION_TABLE = "massage_billing_version"
"""Where Alembic keeps the store's version; not its default name, so that a shared database shows whose it is."""


def instant(value: datetime) -> str:
    """A moment as stored: UTC, fixed width, so that text compares as time does."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


class Instant(TypeDecorator[datetime]):
    """An aware datetime: text of fixed width on SQLite, which knows no zones; timestamptz on PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """Text for SQLite, timestamptz for PostgreSQL."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """To UTC."""
        if value is None or dialect.name == "postgresql":
            return value
        return instant(value)

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        """To an aware datetime in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


metadata = MetaData()
"""Every table of the store."""

cursors = Table(
    "cursors",
    metadata,
    Column("host", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("saved_at", Instant, nullable=False),
)
"""Where the last complete run of each host ended."""

visits = Table(
    "visits",
    metadata,
    Column("host", Text, nullable=False),
    Column("encounter", Text, nullable=False),
    Column("patient", Text),
    Column("date", Date),
    Column("state", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("payer", Text),
    Column("revision", Integer, nullable=False),
    Column("claim_key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("claim", Text),
    Column("claim_version", Text),
    Column("provenance", Text),
    Column("provenance_version", Text),
    Column("task", Text),
    Column("task_version", Text),
    Column("due", Instant),
    Column("units", Integer, nullable=False),
    Column("amount", Text),
    Column("holds", Text, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("filing_limit", Date),
    Column("rulebook", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Column("draft", Boolean, nullable=False),
    Column("used", LargeBinary, nullable=False, server_default=text("''")),
    Column("therapists", Text, nullable=False, server_default=text("''")),
    Column("rules", Text, nullable=False, server_default=text("''")),
    Column("cents", BigInteger),
    Column("since", Instant),
    Column("claimed", Instant),
    Column("days", Integer),
    Column("standing", Text, nullable=False, server_default=text("''")),
    Column("stood", Instant),
    Column("listed", Date),
    PrimaryKeyConstraint("encounter", "host"),
    sqlite_with_rowid=False,
)
"""One row a visit: the fields of ports.VisitRow, and in ``used`` what it rests on as JSON pairs [reference, version],
so that a visit decided again takes back only what changed. From ``rules`` on what the pages ask by, made of the rest
(desk_rules.py): ids of the rules that hold it as JSON, the amount in cents, since when it is in its state, when and how
many days after its date its Claim was first decided, how far the claim has come ("" not sent) and since when, and its
place in the list of claims: the date of service, NULL for a visit that is no claim."""

HELD, DUE, PENDING = text("state = 'held'"), text("due IS NOT NULL"), text("confirmed_at IS NULL")
AGAIN, LISTED, DRAFT = text("again"), text("listed IS NOT NULL"), text("draft")
"""Conditions of partial indexes. Queries use them as they stand: a parameter would not be seen to match the index."""

Index("visits_date", visits.c.host, visits.c.date)
Index("visits_patient", visits.c.patient, visits.c.date, visits.c.host)
Index("visits_due", visits.c.host, visits.c.due, sqlite_where=DUE, postgresql_where=DUE)
Index("visits_held", visits.c.host, visits.c.encounter, sqlite_where=HELD, postgresql_where=HELD)
_PLACE = (visits.c.listed, visits.c.encounter)
_SUMMED = [visits.c[name] for name in ("standing", "payer", "draft", "cents", "days", "therapists")]
_ONLY_LISTED: dict[str, Any] = {"sqlite_where": LISTED, "postgresql_where": LISTED}
_BEGINS = {name: "text_pattern_ops" for name in ("encounter", "claim", "claim_key")}
Index("visits_listed", visits.c.host, *_PLACE, *_SUMMED, **_ONLY_LISTED)
Index("visits_standing", visits.c.host, visits.c.standing, *_PLACE, **_ONLY_LISTED)
Index("visits_draft", visits.c.host, *_PLACE, sqlite_where=DRAFT, postgresql_where=DRAFT)
Index("visits_payer", visits.c.host, visits.c.payer, *_PLACE)
Index("visits_claim", visits.c.claim, visits.c.host, *_PLACE, postgresql_ops=_BEGINS, **_ONLY_LISTED)
Index("visits_claim_key", visits.c.claim_key, visits.c.host, *_PLACE, postgresql_ops=_BEGINS, **_ONLY_LISTED)
Index("visits_search", visits.c.encounter, visits.c.host, visits.c.listed, postgresql_ops=_BEGINS, **_ONLY_LISTED)
"""What the list of claims is asked by (desk_claims.py): each has all that finding a claim's place needs, so that rows
are read of the claims of one page alone. Beginnings of names are found by ``text_pattern_ops`` in any collation."""

used = Table(
    "used",
    metadata,
    Column("host", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("encounter", Text, nullable=False),
    Column("version", Text, nullable=False),
    PrimaryKeyConstraint("reference", "host", "encounter"),
    sqlite_with_rowid=False,
)
"""Which visit used which resource in which version (DESIGN 4), found by resource. No surrogate keys: neighbouring ids
then lie on neighbouring pages, and one insert is one B-tree insert."""

paper_uses = Table(
    "paper_uses",
    metadata,
    Column("host", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("paper", Text, nullable=False),
    Column("encounter", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("visits", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("again", Boolean, nullable=False),
    PrimaryKeyConstraint("patient", "paper", "encounter", "host"),
    sqlite_with_rowid=False,
)
"""What each visit uses of a patient's papers, or is the n-th of: model.PaperCount. Read by patient. ``again``: what
others use has changed since the visit was decided, so it is due; deciding it again replaces its rows."""

Index("paper_uses_encounter", paper_uses.c.encounter, paper_uses.c.host)
Index("paper_uses_again", paper_uses.c.host, sqlite_where=AGAIN, postgresql_where=AGAIN)

worked = Table(
    "worked",
    metadata,
    Column("host", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("encounter", Text, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("first", BigInteger),
    Column("last", BigInteger),
    Column("spans", Text, nullable=False),
    PrimaryKeyConstraint("day", "encounter", "host"),
    sqlite_with_rowid=False,
)
"""What each visit takes of a therapist's day: model.Worked, ``day`` is date and therapist, ``spans`` are JSON. One
column for both, since SQLite looks up pairs in a table without rowid by reading all of it."""

Index("worked_encounter", worked.c.encounter, worked.c.host)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("host", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("encounter", Text, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("confirmed_at", Instant),
)
"""One row a group to write, by (host, key). A group that replaces another gets a new id: what was read under the old id
cannot confirm it. ``place`` orders the queue; a try that failed goes to its end."""

Index("outbox_key", outbox.c.key, outbox.c.host, unique=True)
Index("outbox_encounter", outbox.c.encounter, outbox.c.host)
Index("outbox_pending", outbox.c.host, outbox.c.place, sqlite_where=PENDING, postgresql_where=PENDING)

payload = Table(
    "payload",
    metadata,
    Column(
        "id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("outbox.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("body", LargeBinary, nullable=False),
)
"""The bytes of a group; apart from outbox, so that confirming does not write them again."""

rulings = Table(
    "rulings",
    metadata,
    Column("host", Text, nullable=False),
    Column("encounter", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("applied", Boolean, nullable=False),
    PrimaryKeyConstraint("encounter", "host"),
)
"""What people decided, the latest a visit; ``applied`` once the visit was decided with it in hand."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("host", Text, nullable=False),
    Column("encounter", Text),
    Column("what", Text, nullable=False),
)
"""The audit trail: lines are added, never changed (a trigger refuses); they go only with their patient."""

WAITS, UNWRITTEN = text("state = 'waiting'"), text("NOT written")
"""Conditions of partial indexes, as above."""

questions = Table(
    "questions",
    metadata,
    Column("key", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("coverage", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("serviced", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("trace", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", Instant),
    Column("ticket", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("service_types", Text, nullable=False),
    Column("appointment", Text, nullable=False),
    Column("codes", Text, nullable=False),
    Column("facility", Text, nullable=False),
    Column("leased", Instant, nullable=False),
    PrimaryKeyConstraint("key"),
    sqlite_with_rowid=False,
)
"""One row a question to a payer: the fields of ports.QuestionRow, and in ``leased`` until when its owner may ask it
where nobody can tell whether the owner lives. The key is made of the host too (fhir.keys)."""

Index("questions_coverage", questions.c.coverage, questions.c.host, questions.c.payer, questions.c.day)
Index("questions_patient", questions.c.patient, questions.c.host)
Index("questions_day", questions.c.day, questions.c.host)
Index("questions_waiting", questions.c.host, questions.c.due, sqlite_where=WAITS, postgresql_where=WAITS)

answers = Table(
    "answers",
    metadata,
    Column("key", Text, ForeignKey("questions.key", ondelete="CASCADE"), primary_key=True),
    Column("answered_at", Instant, nullable=False),
    Column("recorded", Instant, nullable=False),
    Column("response", Text),
    Column("evidence", Text, nullable=False),
    Column("written", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""What payers answered, one a question: ``body`` is the normal form as JSON (answer_json.py). PHI. ``recorded``: when
it came to be known here. ``evidence``: SHA-256 of what was received. ``written``: it stands on the host, or the host
takes none."""

Index("answers_recorded", answers.c.recorded)
Index("answers_unwritten", answers.c.answered_at, answers.c.key, sqlite_where=UNWRITTEN, postgresql_where=UNWRITTEN)

evidence = Table(
    "evidence",
    metadata,
    Column("key", Text, ForeignKey("questions.key", ondelete="CASCADE"), primary_key=True),
    Column("received", Instant, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""What was last received for a question, byte for byte. PHI. Apart from answers: it goes long before them."""

Index("evidence_received", evidence.c.received)

habits = Table(
    "habits",
    metadata,
    Column("payer", Text, nullable=False),
    Column("service_type", Text, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("limits", BigInteger, nullable=False),
    Column("benefits", BigInteger, nullable=False),
    PrimaryKeyConstraint("payer", "service_type"),
    sqlite_with_rowid=False,
)
"""Which service types brought limits, by payer: a few dozen rows."""

ahead_tasks = Table(
    "ahead_tasks",
    metadata,
    Column("appointment", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("task", Text),
    Column("version", Text),
    Column("digest", Text, nullable=False),
    Column("patient", Text),
    PrimaryKeyConstraint("appointment", "host"),
    sqlite_with_rowid=False,
)
"""The open Tasks of coming appointments, read all together; one that is closed is no row."""

looked_up = Table(
    "looked_up",
    metadata,
    Column("key", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
"""What was looked up elsewhere, the NPI registry's answers; never of a patient."""
