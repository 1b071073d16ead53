"""Run by Alembic when a store is opened (opening.py): migrates on the connection and in the transaction given to it.

To change a table: change tables.py, add versions/v0002_….py by hand (revision "0002", down_revision "0001"), set HEAD.
tests/store compare what the migrations make with tables.py.
"""

from alembic import context

from massage_billing.store.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
with context.begin_transaction():
    context.run_migrations()
