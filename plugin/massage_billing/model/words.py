"""The few words that have a fixed list of values."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What the rulebook makes of a visit."""

    CLAIM = "claim"
    """A payer is billed."""
    HOLD = "hold"
    """A person has to fix something first; a Task says what."""
    SELF_PAY = "self-pay"
    """No payer may be billed; the patient is."""
    NO_CHARGE = "no-charge"
    """Nothing billable."""


class Result(StrEnum):
    """What one rule found. No-data is never a pass."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    BYPASSED = "bypassed"
    NO_DATA = "no-data"


class Effect(StrEnum):
    """What a finding does to the decision."""

    HOLD = "hold"
    CHANGED = "changed"
    WARN = "warn"
    NONE = "none"


class Who(StrEnum):
    """Who can fix a finding."""

    THERAPIST = "therapist"
    FRONT_DESK = "front desk"
    BILLER = "biller"
    OWNER = "owner"
    INTEGRATOR = "integrator"


class CoverageKind(StrEnum):
    """The kind of insurance; decides whether a coverage needs a link from the visit to count (DESIGN 6)."""

    HEALTH = "health"
    WORKERS_COMPENSATION = "workers-compensation"
    AUTO = "auto"
    VA = "va"
    SELF_PAY = "self-pay"
    UNKNOWN = "unknown"


class MinuteSource(StrEnum):
    """Where a service's minutes were read (DESIGN 1), in the default order."""

    EXTENSION = "extension"
    OBSERVATION = "observation"
    PERIOD = "period"
