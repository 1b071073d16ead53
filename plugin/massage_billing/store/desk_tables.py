"""The tables of the workbench: people's work on holds, and what was held day by day. See tables.py for what holds for
all of them. No names of patients; ``assignee_name`` is of somebody who works at the clinic."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from massage_billing.store.tables import Instant, metadata

work = Table(
    "work",
    metadata,
    Column("host", Text, nullable=False),
    Column("encounter", Text, nullable=False),
    Column("version", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("assignee", "assignee_name", "note", "by")),
    Column("at", Instant),
    Column("what", Text, nullable=False),
    PrimaryKeyConstraint("encounter", "host"),
    sqlite_with_rowid=False,
)
"""What people do about held visits: the fields of model.desk.Work. Goes with the patient."""

held_days = Table(
    "held_days",
    metadata,
    Column("day", Date, nullable=False),
    Column("rule", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("visits", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "rule", "host"),
    sqlite_with_rowid=False,
)
"""What each rule held on each day ("" all of them): the fields of ports.desk.HeldDay, dollars in cents."""

claim_tally = Table(
    "claim_tally",
    metadata,
    Column("host", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("standing", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("draft", Boolean, nullable=False),
    Column("therapists", Text, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("cents", BigInteger, nullable=False),
    PrimaryKeyConstraint("host", "month", "standing", "payer", "draft", "therapists"),
    sqlite_with_rowid=False,
)
"""How many claims of each kind there are in a month of dates of service, and their charges (tally.py)."""

claim_pace = Table(
    "claim_pace",
    metadata,
    Column("host", Text, nullable=False),
    Column("week", Date, nullable=False),
    Column("days", Integer, nullable=False),
    Column("therapists", Text, nullable=False),
    Column("claims", Integer, nullable=False),
    PrimaryKeyConstraint("host", "week", "days", "therapists"),
    sqlite_with_rowid=False,
)
"""How many claims of a week of dates of service were decided after so many days (tally.py)."""

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Random bytes that all processes on this store share: what seals the places of pages (desk_pages.py)."""
