"""What each visit takes of a therapist's day; visits of a patient found by their date."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table, which fills as visits are decided again, and add the date to the index of patients."""
    op.create_table(
        "worked",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("encounter", sa.Text, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("first", sa.BigInteger),
        sa.Column("last", sa.BigInteger),
        sa.Column("spans", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("day", "encounter", "host"),
        sqlite_with_rowid=False,
    )
    op.create_index("worked_encounter", "worked", ["encounter", "host"])
    op.drop_index("visits_patient", "visits")
    op.create_index("visits_patient", "visits", ["patient", "date", "host"])
