"""Forgetting sent claims: with their patient, and files after their time. In the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, exists, select

from massage_billing.model.remittance import ClaimStanding
from massage_billing.store import standing_rows
from massage_billing.store.ledger_tables import (
    adjustments,
    batch_bodies,
    batches,
    paid_lines,
    responses,
    said,
    submissions,
)
from massage_billing.store.statements import Statements


def forget(connection: Connection, run: Statements, host: str, patient: str) -> int:
    """Forget the claims of a patient, what was said of them, paid and not paid; files that carry one lose their
    bytes. How many claims."""
    theirs = (submissions.c.patient == patient, submissions.c.host == host)
    keys = select(submissions.c.key).where(*theirs)
    standing_rows.forget(connection, run, host, patient)
    connection.execute(
        delete(batch_bodies).where(batch_bodies.c.number.in_(select(submissions.c.batch).where(*theirs)))
    )
    connection.execute(delete(said).where(said.c.key.in_(keys)))
    connection.execute(delete(adjustments).where(adjustments.c.key.in_(keys)))
    connection.execute(delete(paid_lines).where(paid_lines.c.key.in_(keys)))
    claims = select(submissions.c.claim).where(*theirs)
    connection.execute(delete(responses).where(responses.c.claim.in_(claims), responses.c.host == host))
    return connection.execute(delete(submissions).where(*theirs)).rowcount


def purge(connection: Connection, before: datetime) -> int:
    """Drop the bytes of files that were written before a time and of which no claim waits for an answer; how many."""
    waiting = exists().where(
        submissions.c.batch == batches.c.number, submissions.c.standing == ClaimStanding.EXPORTED.value
    )
    over = select(batches.c.number).where(batches.c.at < before, batches.c.written.is_(True), ~waiting)
    return connection.execute(delete(batch_bodies).where(batch_bodies.c.number.in_(over))).rowcount
