"""The tables of who is at the workbench, and who looked at what. See tables.py for what holds for all of them.

Secrets are kept as SHA-256 only: who reads the store can log in as nobody. ``access_events`` holds ids of visits and
patients, no names; its lines are added only, and a trigger keeps them for six years (ports.access.Access.record).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from massage_billing.store.tables import Instant, metadata

_VIEWER = ("who", "name", "role", "host")

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, nullable=False),
    *(Column(name, Text, nullable=False) for name in _VIEWER),
    Column("practitioner", Text),
    Column("begun", Instant, nullable=False),
    Column("seen", Instant, nullable=False),
    Column("ends", Instant, nullable=False),
    PrimaryKeyConstraint("digest"),
    sqlite_with_rowid=False,
)
"""Who is logged in: ports.access.Session with its Viewer."""

Index("sessions_who", sessions.c.who, sessions.c.host)

logins = Table(
    "logins",
    metadata,
    *(Column(name, Text, nullable=False) for name in ("digest", "browser", "host", "verifier", "nonce", "back")),
    Column("ends", Instant, nullable=False),
    PrimaryKeyConstraint("digest"),
    sqlite_with_rowid=False,
)
"""Launches that have not come back: ports.access.LoginUnderWay."""

links = Table(
    "links",
    metadata,
    Column("digest", Text, nullable=False),
    *(Column(name, Text, nullable=False) for name in _VIEWER),
    Column("practitioner", Text),
    Column("ends", Instant, nullable=False),
    PrimaryKeyConstraint("digest"),
    sqlite_with_rowid=False,
)
"""One-time links that were not opened: ports.access.Link with its Viewer."""

used_once = Table(
    "used_once",
    metadata,
    Column("kind", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("until", Instant, nullable=False),
    PrimaryKeyConstraint("digest", "kind"),
    sqlite_with_rowid=False,
)
"""What may be used once and was, until it is worth nothing anyway."""

access_events = Table(
    "access_events",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Instant, nullable=False),
    *(
        Column(name, Text, nullable=False)
        for name in ("who", "role", "host", "action", "page", "encounter", "patient", "detail")
    ),
    Column("ok", Boolean, nullable=False),
)
"""Who looked at what: ports.access.Event. Lines are added, never changed."""

Index("access_events_host", access_events.c.host, access_events.c.number)
Index("access_events_patient", access_events.c.patient, access_events.c.host, access_events.c.number)
Index("access_events_at", access_events.c.at, access_events.c.host)
