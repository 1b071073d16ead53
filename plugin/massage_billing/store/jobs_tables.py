"""The tables of the service's jobs; see tables.py for what holds for all of them. Ids and counts, no patient data."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from massage_billing.store.tables import Instant, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("kind", "host", "asked_by", "state", "owner")),
    Column("asked", Instant, nullable=False),
    Column("begun", Instant, nullable=False),
    Column("ended", Instant),
    Column("lease", Instant),
    Column("tries", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("counts", "problems", "progress", "encounters")),
    Column("split_cursor", Text),
    Column("split_visits", Integer),
    Column("split_whole", Boolean, nullable=False),
    Column("seen", Text, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("id"),
    sqlite_with_rowid=False,
)
"""The fields of ports.Job and who does it; counts, problems, progress, encounters, seen are JSON. ``split_visits`` is
NULL until a run was split."""

OPEN = text("ended IS NULL")
"""Condition of a partial index, as in tables.py."""

Index("jobs_open", jobs.c.asked, sqlite_where=OPEN, postgresql_where=OPEN)
Index("jobs_host", jobs.c.host, jobs.c.asked)

pieces = Table(
    "job_pieces",
    metadata,
    Column("job", Text, nullable=False),
    Column("number", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("host", "encounters", "state", "owner")),
    Column("lease", Instant),
    Column("tries", Integer, nullable=False),
    PrimaryKeyConstraint("job", "number"),
    sqlite_with_rowid=False,
)
"""Pieces of running jobs; ``encounters`` is JSON. They go with the end of the job."""

Index("job_pieces_state", pieces.c.state, pieces.c.job, pieces.c.number)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("until", Instant, nullable=False),
    PrimaryKeyConstraint("name"),
    sqlite_with_rowid=False,
)
"""What one process at a time does."""
