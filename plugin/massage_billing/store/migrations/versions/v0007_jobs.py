"""The service's jobs, the pieces of runs that several processes share, and what one process at a time does."""

import sqlalchemy as sa
from alembic import op

from massage_billing.store.tables import Instant

revision = "0007"
down_revision = "0006"

_OPEN = sa.text("ended IS NULL")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "jobs",
        *_texts("id", "kind", "host", "asked_by", "state", "owner"),
        sa.Column("asked", Instant, nullable=False),
        sa.Column("begun", Instant, nullable=False),
        sa.Column("ended", Instant),
        sa.Column("lease", Instant),
        sa.Column("tries", sa.Integer, nullable=False),
        *_texts("counts", "problems", "progress", "encounters"),
        sa.Column("split_cursor", sa.Text),
        sa.Column("split_visits", sa.Integer),
        sa.Column("split_whole", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("jobs_open", "jobs", ["asked"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("jobs_host", "jobs", ["host", "asked"])
    op.create_table(
        "job_pieces",
        *_texts("job"),
        sa.Column("number", sa.Integer, nullable=False),
        *_texts("host", "encounters", "state", "owner"),
        sa.Column("lease", Instant),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("job", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("job_pieces_state", "job_pieces", ["state", "job", "number"])
    op.create_table(
        "leases",
        *_texts("name", "owner"),
        sa.Column("until", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
