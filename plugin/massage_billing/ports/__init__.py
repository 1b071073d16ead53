"""What the shell asks of the outside: a host (the EHR) and a store. Adapters and their fakes pass the same tests.

References are "Type/id". Resources are FHIR R4 JSON objects as the host sent them, read leniently. Bodies that are
written are bytes, serialized once, so that a digest stays true ("12.50" is never rewritten to 12.5).
"""

from massage_billing.ports.host import (
    Capabilities,
    Changes,
    Forgets,
    Host,
    JsonObject,
    NamesProblems,
    Operation,
    Touched,
    VisitRecord,
    Write,
    WriteGroup,
    WriteResult,
    Written,
)
from massage_billing.ports.store import (
    Entry,
    OutboxRow,
    Store,
    VisitRow,
    VisitState,
)

__all__ = [
    "Capabilities",
    "Changes",
    "Entry",
    "Forgets",
    "Host",
    "JsonObject",
    "NamesProblems",
    "Operation",
    "OutboxRow",
    "Store",
    "Touched",
    "VisitRecord",
    "VisitRow",
    "VisitState",
    "Write",
    "WriteGroup",
    "WriteResult",
    "Written",
]
