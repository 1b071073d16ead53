"""What the shell asks of the outside: host (the EHR), store, payers, a registry. Adapters and their fakes pass the same
tests.

References are "Type/id". Resources are FHIR R4 JSON objects as the host sent them, read leniently. Bodies that are
written are bytes, serialized once, so that a digest stays true ("12.50" is never rewritten to 12.5).
"""

from massage_billing.ports.asking import (
    AheadTask,
    Asking,
    Habit,
    QuestionRow,
    QuestionState,
    Settled,
    Unwritten,
)
from massage_billing.ports.host import (
    Capabilities,
    Changes,
    Forgets,
    Host,
    JsonObject,
    Listed,
    ListsVisits,
    NamesProblems,
    Operation,
    Touched,
    VisitRecord,
    Write,
    WriteGroup,
    WriteResult,
    Written,
)
from massage_billing.ports.npi_registry import NpiRegistry, Registered
from massage_billing.ports.payer import Asked, Failed, KeepsFiles, PayerChannel, Replied, Reply, Waiting
from massage_billing.ports.schedule import AppointmentRecord, Schedule
from massage_billing.ports.store import (
    Entry,
    Forgotten,
    OutboxRow,
    Store,
    VisitRow,
    VisitState,
)

__all__ = [
    "AheadTask",
    "AppointmentRecord",
    "Asked",
    "Asking",
    "Capabilities",
    "Changes",
    "Entry",
    "Failed",
    "Forgets",
    "Forgotten",
    "Habit",
    "Host",
    "JsonObject",
    "KeepsFiles",
    "Listed",
    "ListsVisits",
    "NamesProblems",
    "NpiRegistry",
    "Operation",
    "OutboxRow",
    "PayerChannel",
    "QuestionRow",
    "QuestionState",
    "Registered",
    "Replied",
    "Reply",
    "Schedule",
    "Settled",
    "Store",
    "Touched",
    "Unwritten",
    "VisitRecord",
    "VisitRow",
    "VisitState",
    "Waiting",
    "Write",
    "WriteGroup",
    "WriteResult",
    "Written",
]
