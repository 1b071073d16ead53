"""The ledger of sent claims: files, the claims in them, what was said of them, what was paid and what not."""

import sqlalchemy as sa
from alembic import op

from massage_billing.store.tables import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    _batches()
    _submissions()
    _answers()
    _payments()
    _responses()


def _number(name: str, *more: sa.ForeignKey) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column(name, kind, *more, primary_key=True, autoincrement=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _batches() -> None:
    op.create_table(
        "counters", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.BigInteger, nullable=False)
    )
    op.create_table(
        "batches",
        _number("number"),
        *_texts("host", "receiver", "file", "digest"),
        sa.Column("claims", sa.Integer, nullable=False),
        *_texts("total"),
        sa.Column("at", Instant, nullable=False),
        sa.Column("written", sa.Boolean, nullable=False),
    )
    op.create_table(
        "batch_bodies",
        _number("number", sa.ForeignKey("batches.number", ondelete="CASCADE")),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _submissions() -> None:
    op.create_table(
        "submissions",
        *_texts("key", "host", "encounter", "patient", "payer", "claim", "digest", "rank", "frequency"),
        sa.Column("date", sa.Date, nullable=False),
        *_texts("total", "lines"),
        sa.Column("batch", sa.BigInteger, nullable=False),
        *_texts("transaction", "standing", "payer_claim_number"),
        sa.Column("since", Instant),
        sa.Column("place", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("submissions_encounter", "submissions", ["encounter", "host"])
    op.create_index("submissions_batch", "submissions", ["batch", "place"])
    op.create_index("submissions_date", "submissions", ["date", "total"])
    op.create_index("submissions_patient", "submissions", ["patient", "host"])


def _answers() -> None:
    op.create_table(
        "said",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        *_texts("key"),
        sa.Column("at", Instant, nullable=False),
        *_texts("standing", "source", "words", "payer_claim_number"),
        sa.Column("paid", sa.Text),
        sa.Column("of_patient", sa.Text),
        sa.Column("reverses", sa.Boolean, nullable=False),
    )
    op.create_index("said_key", "said", ["key", "id"])
    op.create_table(
        "answer_files",
        *_texts("file", "kind", "name"),
        sa.Column("at", Instant, nullable=False),
        sa.Column("paid", sa.Text),
        *_texts("trace", "unmatched", "provider"),
        sa.PrimaryKeyConstraint("file"),
        sqlite_with_rowid=False,
    )


def _payments() -> None:
    op.create_table(
        "adjustments",
        *_texts("file"),
        sa.Column("number", sa.Integer, nullable=False),
        *_texts("key"),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        *_texts("payer", "code", "therapist"),
        sa.Column("date", sa.Date),
        *_texts("group", "reason", "remarks", "amount", "rule"),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("file", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("adjustments_at", "adjustments", ["at"])
    op.create_index("adjustments_key", "adjustments", ["key"])
    op.create_table(
        "paid_lines",
        *_texts("file"),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        *_texts("key"),
        sa.Column("item", sa.Integer, nullable=False),
        *_texts("status", "code", "modifiers", "units", "charge", "paid", "of_patient"),
        sa.Column("date", sa.Date),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("file", "place", "line"),
        sqlite_with_rowid=False,
    )
    op.create_index("paid_lines_key", "paid_lines", ["key"])


def _responses() -> None:
    op.create_table(
        "claim_responses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        *_texts("host", "claim", "encounter"),
        sa.Column("body", sa.LargeBinary),
    )
    waits = sa.text("body IS NOT NULL")
    op.create_index(
        "claim_responses_waiting", "claim_responses", ["host", "id"], sqlite_where=waits, postgresql_where=waits
    )
