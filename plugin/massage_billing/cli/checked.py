"""What ``doctor`` finds: one line a thing it looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
OK, WARN, MISSING = "ok", "warning", "missing"
MOUNTED = Path("/run/secrets")
"""Where Docker and Podman put secrets: into one container alone, with rights that cannot be changed there."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    about: str
    """The setting or file."""
    state: str
    """ok, warning or missing."""
    found: str
    """What was found."""
    fix: str = ""
    """What to do."""


def attempt(about: str, work: Callable[[], T]) -> T | Check:
    """What the work gives, or the check that says why it could not."""
    from massage_billing.errors import MassageBillingError

    try:
        return work()
    except MassageBillingError as error:
        return Check(about, MISSING, error.what, error.fix)


def secret(about: str, read: Callable[[], str], file: Path | None) -> Iterator[Check]:
    """Whether a secret is there, and nobody else on this machine can read it; nothing where all is well."""
    found = attempt(about, read)
    if isinstance(found, Check):
        yield found
    elif file is not None and not file.is_relative_to(MOUNTED) and file.stat().st_mode & 0o077:
        yield Check(about, WARN, f"{file}: others on this machine may read the secret.", f"chmod 600 {file}")
