"""The kinds of value that settings hold, as pydantic types that say plainly what is wrong with one."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", None: "seconds"}


def _duration(value: object) -> object:
    """A timedelta from 90s, 30m, 2h, 7d or bare seconds."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"'{value}' is no duration; write 90s, 30m, 2h or 7d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError(f"'{value}' is no IANA time zone; write it like America/Los_Angeles.")
    return value


def _place(value: str) -> str:
    if not re.fullmatch(r"\d\d", value):
        raise ValueError("must be a CMS place of service, two digits, like 11 for an office.")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must hold no user name, password, query or fragment.")
    return value.rstrip("/")


def npi_is_valid(value: str) -> bool:
    """Whether a National Provider Identifier has ten digits and the right check digit (Luhn over 80840 + NPI)."""
    if not re.fullmatch(r"\d{10}", value, re.ASCII):
        return False
    digits = [int(digit) for digit in "80840" + value]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _npi(value: str) -> str:
    if not npi_is_valid(value):
        raise ValueError("is not an NPI: ten digits with the right check digit.")
    return value


def _tin(value: str) -> str:
    if not re.fullmatch(r"\d{2}-?\d{7}", value):
        raise ValueError("is not a tax id: nine digits, 12-3456789.")
    return value


def _path(value: object, info: ValidationInfo) -> object:
    """Relative paths are relative to the settings file, so that a settings folder can be moved as a whole."""
    folder = (info.context or {}).get("folder")
    if isinstance(value, str) and isinstance(folder, Path):
        return folder / Path(value).expanduser()
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A length of time: 90s, 30m, 2h, 7d, or bare seconds."""
Zone = Annotated[str, AfterValidator(_zone)]
"""An IANA time zone."""
Place = Annotated[str, AfterValidator(_place)]
"""A CMS place of service."""
Url = Annotated[str, AfterValidator(_url)]
"""An http or https URL without credentials in it; a trailing slash is dropped."""
Npi = Annotated[str, AfterValidator(_npi)]
"""A National Provider Identifier with a right check digit."""
Tin = Annotated[str, AfterValidator(_tin)]
"""A US tax id, 12-3456789."""
FilePath = Annotated[Path, BeforeValidator(_path)]
"""A path, relative to the settings file."""
