"""Answers as NPPES gives them, of people who do not exist, for a server on the loopback."""

from __future__ import annotations

from typing import Any

from massage_billing.ports.npi_registry import Registered


def entry_json(one: Registered, **basic: Any) -> dict[str, Any]:
    """One element of ``results``; ``basic`` changes what stands there."""
    first, *middle, last = one.name.split() if one.kind == "person" else ("", "")
    named = (
        {"first_name": first, "middle_name": middle[0] if middle else "--", "last_name": last, "sole_proprietor": "NO"}
        if one.kind == "person"
        else {"organization_name": one.name, "organizational_subpart": "NO"}
    )
    dates = {
        "enumeration_date": "2007-06-13",
        "last_updated": one.updated.isoformat() if one.updated else "",
        **({"deactivation_date": one.deactivated.isoformat()} if one.deactivated else {}),
    }
    listed = {code: (state, number) for state, number, code in one.licences}
    taxonomies = [
        {"code": code, "taxonomy_group": "", "desc": "A kind of provider", "primary": place == 0,
         "state": listed.get(code, ("", None))[0], "license": listed.get(code, ("", None))[1]}
        for place, code in enumerate(one.taxonomies)
    ]  # fmt: skip
    return {
        "created_epoch": "1181692800000", "last_updated_epoch": "1714953600000", "number": one.npi,
        "enumeration_type": {"person": "NPI-1", "organization": "NPI-2"}[one.kind],
        "basic": {**named, **dates, "status": "A" if one.active else "D", **basic},
        "taxonomies": taxonomies[::-1],
        "addresses": [{"address_purpose": "LOCATION", "city": "SEATTLE", "state": "WA", "country_code": "US"}],
        "practiceLocations": [], "identifiers": [], "endpoints": [], "other_names": [],
    }  # fmt: skip


def answer_json(*entries: dict[str, Any]) -> dict[str, Any]:
    """A whole answer."""
    return {"result_count": len(entries), "results": list(entries)}
