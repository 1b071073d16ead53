"""What each visit uses of the papers that limit visits or units: authorizations, referrals, reports that fall due."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; it fills as visits are decided again."""
    op.create_table(
        "paper_uses",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("patient", sa.Text, nullable=False),
        sa.Column("paper", sa.Text, nullable=False),
        sa.Column("encounter", sa.Text, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("visits", sa.Integer, nullable=False),
        sa.Column("units", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("patient", "paper", "encounter", "host"),
        sqlite_with_rowid=False,
    )
    op.create_index("paper_uses_encounter", "paper_uses", ["encounter", "host"])
    again = sa.text("again")
    op.create_index("paper_uses_again", "paper_uses", ["host"], sqlite_where=again, postgresql_where=again)
