"""Which of our schemas an example is held to."""

from __future__ import annotations

from collections.abc import Mapping

from massage_billing.fhir import names


def schema_name(resource: Mapping[str, object]) -> str:
    """The name of the schema: that of its resource type, but for the second profile of Task."""
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    if profiles == [names.PROFILE_BEFORE_VISIT_TASK]:
        return "BeforeVisitTask"
    if profiles == [names.PROFILE_VISIT_OUTLOOK]:
        return "VisitOutlookTask"
    return str(resource["resourceType"])
