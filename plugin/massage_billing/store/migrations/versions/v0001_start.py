"""The first tables."""

import sqlalchemy as sa
from alembic import op

from massage_billing.store.tables import Instant

revision = "0001"
down_revision = None

_APPEND_ONLY = "audit lines are added, never changed"


def upgrade() -> None:
    """Make the tables."""
    _visits()
    _outbox()
    op.create_table(
        "cursors",
        sa.Column("host", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("saved_at", Instant, nullable=False),
    )
    op.create_table(
        "rulings",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("encounter", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("applied", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("encounter", "host"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("encounter", sa.Text),
        sa.Column("what", sa.Text, nullable=False),
    )
    _append_only()


def _visits() -> None:
    op.create_table(
        "visits",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("encounter", sa.Text, nullable=False),
        sa.Column("patient", sa.Text),
        sa.Column("date", sa.Date),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("payer", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("claim_key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        *(sa.Column(f"{name}{part}", sa.Text) for name in ("claim", "provenance", "task") for part in ("", "_version")),
        sa.Column("due", Instant),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("amount", sa.Text),
        sa.Column("holds", sa.Text, nullable=False),
        sa.Column("warnings", sa.Integer, nullable=False),
        sa.Column("filing_limit", sa.Date),
        sa.Column("rulebook", sa.Text, nullable=False),
        sa.Column("clinic", sa.Text, nullable=False),
        sa.Column("draft", sa.Boolean, nullable=False),
        sa.Column("used", sa.LargeBinary, nullable=False, server_default=sa.text("''")),
        sa.PrimaryKeyConstraint("encounter", "host"),
        sqlite_with_rowid=False,
    )
    _visit_indexes()


def _visit_indexes() -> None:
    due, held = sa.text("due IS NOT NULL"), sa.text("state = 'held'")
    op.create_index("visits_date", "visits", ["host", "date"])
    op.create_index("visits_patient", "visits", ["patient", "host"])
    op.create_index("visits_due", "visits", ["host", "due"], sqlite_where=due, postgresql_where=due)
    op.create_index("visits_held", "visits", ["host", "encounter"], sqlite_where=held, postgresql_where=held)
    op.create_table(
        "used",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("encounter", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("reference", "host", "encounter"),
        sqlite_with_rowid=False,
    )


def _outbox() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "outbox",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("encounter", sa.Text, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("confirmed_at", Instant),
    )
    pending = sa.text("confirmed_at IS NULL")
    op.create_index("outbox_key", "outbox", ["key", "host"], unique=True)
    op.create_index("outbox_encounter", "outbox", ["encounter", "host"])
    op.create_index("outbox_pending", "outbox", ["host", "place"], sqlite_where=pending, postgresql_where=pending)
    op.create_table(
        "payload",
        sa.Column("id", number, sa.ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _append_only() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_APPEND_ONLY}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
    )
