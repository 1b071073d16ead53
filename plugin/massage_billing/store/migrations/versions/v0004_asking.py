"""Questions to payers with their answers and evidence, what was learnt of payers, Tasks of coming appointments."""

import sqlalchemy as sa
from alembic import op

from massage_billing.store.tables import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    _questions()
    _answers()
    op.create_table(
        "habits",
        sa.Column("payer", sa.Text, nullable=False),
        sa.Column("service_type", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("asked", "limits", "benefits")),
        sa.PrimaryKeyConstraint("payer", "service_type"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ahead_tasks",
        sa.Column("appointment", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("task", sa.Text),
        sa.Column("version", sa.Text),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("patient", sa.Text),
        sa.PrimaryKeyConstraint("appointment", "host"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "looked_up",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )


def _questions() -> None:
    op.create_table(
        "questions",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("key", "host", "patient", "coverage", "payer")),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("serviced", sa.Date, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due", Instant),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("ticket", "problem", "owner", "holder")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("service_types", "appointment", "codes", "facility")),
        sa.Column("leased", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    waits = sa.text("state = 'waiting'")
    op.create_index("questions_coverage", "questions", ["coverage", "host", "payer", "day"])
    op.create_index("questions_patient", "questions", ["patient", "host"])
    op.create_index("questions_day", "questions", ["day", "host"])
    op.create_index("questions_waiting", "questions", ["host", "due"], sqlite_where=waits, postgresql_where=waits)


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("key", sa.Text, sa.ForeignKey("questions.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("answered_at", Instant, nullable=False),
        sa.Column("recorded", Instant, nullable=False),
        sa.Column("response", sa.Text),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("written", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    unwritten = sa.text("NOT written")
    op.create_index("answers_recorded", "answers", ["recorded"])
    op.create_index(
        "answers_unwritten", "answers", ["answered_at", "key"], sqlite_where=unwritten, postgresql_where=unwritten
    )
    op.create_table(
        "evidence",
        sa.Column("key", sa.Text, sa.ForeignKey("questions.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("received", Instant, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("evidence_received", "evidence", ["received"])
