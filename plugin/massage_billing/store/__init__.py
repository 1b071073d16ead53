"""What this program remembers between runs: visits, the outbox, cursors, rulings, the audit trail (DESIGN 16, 23).

Importing this package costs nothing; SQLAlchemy is imported when a store is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from massage_billing.store.sql import SqlStore

BUSY_SECONDS = 30.0
"""How long a writer waits for another process before it gives up."""


def open_store(url: str | Path, busy_seconds: float = BUSY_SECONDS) -> SqlStore:
    """Open the store, creating it or bringing it up to date where needed.

    ``url``: a state directory (the store is ``store.sqlite`` in it), an SQLite file (a path with a suffix, or
    ``sqlite:///…``) or a PostgreSQL URL (``postgresql://…``; a database of its own). ``busy_seconds``: how long to wait
    for another process that is writing. Raises StoreError, which says what to do.
    """
    from massage_billing.store.opening import open_engine
    from massage_billing.store.sql import SqlStore

    engine, name = open_engine(url, busy_seconds)
    return SqlStore(engine, name)
