"""Which of several versions of a resource counts, where a folder holds it more than once."""

from __future__ import annotations

from datetime import UTC, datetime

from massage_billing.fhir.json import child, text
from massage_billing.hosts.folder_lazy import DAMAGED


def newer(earlier: dict[str, object], later: dict[str, object]) -> bool:
    """Whether the version that was read earlier is the newer one. A damaged one counts as newest: it might be."""
    if DAMAGED in earlier or DAMAGED in later:
        return DAMAGED in earlier
    one, other = child(earlier, "meta"), child(later, "meta")
    times = moment_of(text(one, "lastUpdated")), moment_of(text(other, "lastUpdated"))
    if times[0] and times[1] and times[0] != times[1]:
        return times[0] > times[1]
    versions = text(one, "versionId") or "", text(other, "versionId") or ""
    return versions[0].isdecimal() and versions[1].isdecimal() and int(versions[0]) > int(versions[1])


def one_is_newest(versions: list[tuple[str, dict[str, object]]]) -> bool:
    """Whether one of these (group, version) of a resource is newer than all in other groups; a damaged one is not."""
    if any(DAMAGED in version for _, version in versions):
        return False
    return any(all(group == home or newer(one, other) for home, other in versions) for group, one in versions)


def moment_of(instant: str | None) -> datetime | None:
    """A FHIR instant, one without an offset taken for UTC; None where it is none."""
    try:
        moment = datetime.fromisoformat(instant or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
