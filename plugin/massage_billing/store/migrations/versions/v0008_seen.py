"""Which drafts were looked at by whoever lets them go."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; of jobs that are there nobody says what was shown."""
    op.add_column("jobs", sa.Column("seen", sa.Text, nullable=False, server_default=sa.text("'{}'")))
