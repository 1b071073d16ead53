"""The tables of the ledger of sent claims; see tables.py for what holds for all of them.

``batch_bodies`` holds files as they were written, with names and birth dates, and goes some days after they were
answered. No other holds a name, a birth date or a member id.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from massage_billing.store.tables import Instant, metadata

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Numbers that are given once."""

batches = Table(
    "batches",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("host", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("total", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("written", Boolean, nullable=False),
)
"""The fields of ports.Batch but its bytes; ``total`` is dollars as text."""

batch_bodies = Table(
    "batch_bodies",
    metadata,
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("batches.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("body", LargeBinary, nullable=False),
)
"""The bytes of a file. PHI."""

submissions = Table(
    "submissions",
    metadata,
    Column("key", Text, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("host", "encounter", "patient", "payer", "claim", "digest")),
    Column("rank", Text, nullable=False),
    Column("frequency", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("total", Text, nullable=False),
    Column("lines", Text, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("transaction", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("payer_claim_number", Text, nullable=False),
    Column("since", Instant),
    Column("place", Integer, nullable=False),
    PrimaryKeyConstraint("key"),
    sqlite_with_rowid=False,
)
"""The fields of ports.Submission; ``lines`` are JSON, ``place`` is its place in the file."""

Index("submissions_encounter", submissions.c.encounter, submissions.c.host)
Index("submissions_batch", submissions.c.batch, submissions.c.place)
Index("submissions_date", submissions.c.date, submissions.c.total)
Index("submissions_patient", submissions.c.patient, submissions.c.host)

said = Table(
    "said",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("key", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("standing", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("payer_claim_number", Text, nullable=False),
    Column("paid", Text),
    Column("of_patient", Text),
    Column("reverses", Boolean, nullable=False),
)
"""What was said of claims: the fields of ports.Said. Lines are added, and go only with their patient."""

Index("said_key", said.c.key, said.c.id)

files = Table(
    "answer_files",
    metadata,
    Column("file", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("paid", Text),
    Column("trace", Text, nullable=False),
    Column("unmatched", Text, nullable=False),
    Column("provider", Text, nullable=False),
    PrimaryKeyConstraint("file"),
    sqlite_with_rowid=False,
)
"""Files of answers that were applied, by their SHA-256: the fields of ports.Applied, lists as JSON."""

adjustments = Table(
    "adjustments",
    metadata,
    Column("file", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("payer", "code", "therapist")),
    Column("date", Date),
    *(Column(name, Text, nullable=False) for name in ("group", "reason", "remarks", "amount", "rule")),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("file", "number"),
    sqlite_with_rowid=False,
)
"""What was not paid and why: the fields of ports.AdjustmentRow; ``remarks`` are JSON, ``number`` counts in the file."""

Index("adjustments_at", adjustments.c.at)
Index("adjustments_key", adjustments.c.key)

paid_lines = Table(
    "paid_lines",
    metadata,
    Column("file", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("item", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("status", "code", "modifiers", "units", "charge", "paid")),
    Column("of_patient", Text, nullable=False),
    Column("date", Date),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("file", "place", "line"),
    sqlite_with_rowid=False,
)
"""What payers did with claims (line 0) and their lines: the fields of ports.PaidLine; ``modifiers`` are JSON."""

Index("paid_lines_key", paid_lines.c.key)

UNANSWERED = text("body IS NOT NULL")
"""Condition of a partial index, as in tables.py."""

responses = Table(
    "claim_responses",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("encounter", Text, nullable=False),
    Column("body", LargeBinary),
)
"""ClaimResponses for the host: the fields of ports.Response; without ``body``, the host has it."""

Index("claim_responses_waiting", responses.c.host, responses.c.id, sqlite_where=UNANSWERED, postgresql_where=UNANSWERED)
