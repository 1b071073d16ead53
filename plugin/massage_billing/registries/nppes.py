"""The public NPI registry of CMS (NPPES), read over its API, version 2.1: one NPI, one GET, no patient data.

https://npiregistry.cms.hhs.gov/api-page describes it. ``results`` holds at most one entry for a number: ``basic`` with
``status`` ("A" active), ``taxonomies`` with code, state, licence and which is primary. A question it cannot answer
comes back with status 200 and ``Errors`` in place of ``results``. An NPI that was deactivated is most often not listed
any more, which cannot be told from one that never was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date as Date
from typing import Final

import orjson

from massage_billing.errors import HostAnswerUnreadable, HostError, RegistryError
from massage_billing.net.http import Answer, HttpClient, Limits
from massage_billing.ports.npi_registry import Registered

VERSION: Final = "2.1"
"""Version of the API that is asked for."""
LIMITS: Final = Limits(connect=10.0, read=30.0, total=60.0, body=4 * 1024 * 1024, attempts=3, patience=60.0)
"""An answer is a few kilobytes; a registry that does not answer must not hold up a check for long."""
_KINDS: Final[Mapping[str, str]] = {"NPI-1": "person", "NPI-2": "organization"}
_ACTIVE: Final = "A"


class Nppes:
    """Implements ``NpiRegistry``. Safe to use from several threads."""

    def __init__(self, url: str, *, verify: bool | str = True, limits: Limits = LIMITS) -> None:
        """``url``: the API without its query, ``https://npiregistry.cms.hhs.gov/api``. SettingsError for none."""
        self._http = HttpClient(url, limits=limits, connections=2, verify=verify)

    def look_up(self, npi: str) -> Registered | None:
        """What the registry says of an NPI; None where it lists none. Raises RegistryError."""
        params = (("version", VERSION), ("number", npi))
        try:
            return self._http.call("GET", "./", params=params, read=lambda answer: read_entry(answer, npi))
        except HostError as error:
            what = error.what.replace("the host", "the NPI registry").replace("The host", "The NPI registry")
            fix = "Try again later, or use --offline; npi_registry in the settings says where it is."
            raise RegistryError(f"The NPI registry could not be asked. {what}", fix) from None

    def close(self) -> None:
        """Let connections go."""
        self._http.close()


def read_entry(answer: Answer, npi: str) -> Registered | None:
    """The entry of an answer; None for an empty list. Raises HostAnswerUnreadable where it is none, or another's."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise HostAnswerUnreadable("The answer is not JSON.") from None
    results = found.get("results") if isinstance(found, dict) else None
    if not isinstance(results, list):
        raise HostAnswerUnreadable("The answer holds no results.")
    entries = [one for one in results if isinstance(one, dict) and str(one.get("number")) == npi]
    if results and not entries:
        raise HostAnswerUnreadable("The answer is about another NPI.")
    return _registered(entries[0], npi) if entries else None


def _registered(entry: Mapping[str, object], npi: str) -> Registered:
    basic = entry.get("basic")
    basic = basic if isinstance(basic, dict) else {}
    kind = _KINDS.get(_text(entry, "enumeration_type"))
    if kind is None:
        raise HostAnswerUnreadable("The answer does not say what kind of provider it is.")
    taxonomies = sorted(_objects(entry.get("taxonomies")), key=lambda one: one.get("primary") is not True)
    codes = [_text(one, "code") for one in taxonomies]
    licences = [(_text(one, "state"), _text(one, "license"), _text(one, "code")) for one in taxonomies]
    deactivated = _date(basic, "deactivation_date")
    reactivated = _date(basic, "reactivation_date")
    back = deactivated is not None and reactivated is not None and reactivated >= deactivated
    status = _text(basic, "status")
    return Registered(
        npi=npi,
        kind=kind,
        name=_name(basic, kind),
        active=status == _ACTIVE if status else deactivated is None or back,
        taxonomies=tuple(dict.fromkeys(code for code in codes if code)),
        licences=tuple(dict.fromkeys(one for one in licences if one[1])),
        deactivated=None if back else deactivated,
        updated=_date(basic, "last_updated"),
    )


def _name(basic: Mapping[str, object], kind: str) -> str:
    if kind == "organization":
        return _text(basic, "organization_name") or _text(basic, "name")
    parts = (_text(basic, name) for name in ("first_name", "middle_name", "last_name"))
    return " ".join(part for part in parts if part) or _text(basic, "name")


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _text(part: Mapping[str, object], name: str) -> str:
    """A text of the registry; "--" is how it writes that there is none."""
    value = part.get(name)
    text = value.strip() if isinstance(value, str) else ""
    return "" if text == "--" else text


def _date(part: Mapping[str, object], name: str) -> Date | None:
    """A date as the registry writes it, "2007-06-13"; None where it is none."""
    try:
        return Date.fromisoformat(_text(part, name)[:10])
    except ValueError:
        return None
