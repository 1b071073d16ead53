"""Forgetting questions, answers and evidence: with their patient, and after their time. In the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, delete, or_, select

from massage_billing.store.asking_rules import answers_before
from massage_billing.store.tables import ahead_tasks, answers, evidence, questions


def forget(connection: Connection, host: str, patient: str) -> int:
    """Forget a patient's questions, with answers and evidence (they go with the question), and the Tasks of the
    appointments they were asked for; how many questions."""
    theirs = and_(questions.c.patient == patient, questions.c.host == host)
    appointments = select(questions.c.appointment).where(theirs)
    of_patient = or_(ahead_tasks.c.patient == patient, ahead_tasks.c.appointment.in_(appointments))
    connection.execute(delete(ahead_tasks).where(ahead_tasks.c.host == host, of_patient))
    return connection.execute(delete(questions).where(theirs)).rowcount


def purge(connection: Connection, before: datetime) -> int:
    """Drop what was received before a time, and questions with answers that cannot count any more; how many pieces of
    evidence and answers."""
    dropped = connection.execute(delete(evidence).where(evidence.c.received < before)).rowcount
    old = questions.c.day < answers_before(before).date()
    dropped += connection.execute(delete(answers).where(answers.c.key.in_(select(questions.c.key).where(old)))).rowcount
    connection.execute(delete(questions).where(old))
    return dropped
