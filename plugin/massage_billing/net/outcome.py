"""What may be told of a host's OperationOutcome: its codes and the elements it names, never its free text.

Diagnostics quote the resource, and so the patient (DESIGN 23). Codes and element paths cannot, once their form is
checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

import orjson

from massage_billing.fhir.json import children, text
from massage_billing.ports import JsonObject

_CODE: Final = re.compile(r"[a-z][a-z-]{1,29}")
_PATH: Final = re.compile(r"[A-Z][A-Za-z]{1,40}(\.[a-z][A-Za-z]{0,40}(\[\d{1,3}\])?){0,8}")
_HAPI: Final = re.compile(r"HAPI-\d{4}\b")
_MOST: Final = 5


def outcome_codes(body: bytes) -> str:
    """ "invalid HAPI-1094, required Claim.item[0].quantity": at most five issues; "" where the body is no outcome."""
    if not body.lstrip()[:1] == b"{":
        return ""
    try:
        outcome = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return codes_of(cast(JsonObject, outcome)) if isinstance(outcome, dict) else ""


def codes_of(outcome: JsonObject) -> str:
    """The same of an OperationOutcome that was parsed already."""
    if outcome.get("resourceType") != "OperationOutcome":
        return ""
    return ", ".join(dict.fromkeys(" ".join(_issue(issue)) for issue in children(outcome, "issue")[:_MOST]))


def _issue(issue: JsonObject) -> Iterator[str]:
    code = text(issue, "code") or ""
    yield code if _CODE.fullmatch(code) else "unknown"
    if number := _HAPI.search(text(issue, "diagnostics") or ""):
        yield number.group()
    for name in ("expression", "location"):
        paths = issue.get(name)
        first = paths[0] if isinstance(paths, list) and paths else None
        if isinstance(first, str) and _PATH.fullmatch(first):
            yield first
            return
