"""What a backup says of itself: which program made it, when, and what each of its files has to be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from massage_billing.errors import InputError

NAME: Final = "manifest.json"
FORMAT: Final = "massage-billing-backup/1"
SQLITE: Final = "store.sqlite"
"""The store as an SQLite file."""
POSTGRESQL: Final = "store.dump"
"""The store as pg_dump writes it (custom format)."""
FOLDERS: Final = ("rulebook", "x12")
"""Folders of the state folder that are kept: imported releases and sound policies; what batch channels received."""
LARGEST: Final = 1 << 20
"""Bytes of the largest manifest."""
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,200}")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup."""

    size: int
    """Bytes."""
    sha256: str
    """Digest, hex."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    made: datetime
    """UTC."""
    version: str
    """Of the program that made it."""
    revision: str
    """The migration that the store stands at."""
    members: Mapping[str, Member]
    """By name: the store, and "state/…"."""

    @property
    def store(self) -> str:
        """Name of the store's file: store.sqlite or store.dump."""
        return SQLITE if SQLITE in self.members else POSTGRESQL

    def write(self) -> bytes:
        """As JSON."""
        told = {
            "format": FORMAT,
            "made": self.made.isoformat(timespec="seconds"),
            "version": self.version,
            "revision": self.revision,
            "members": {name: {"size": one.size, "sha256": one.sha256} for name, one in sorted(self.members.items())},
        }
        return json.dumps(told, indent=1).encode()

    @classmethod
    def read(cls, text: bytes) -> Manifest:
        """From JSON; InputError where it is none, or names a file that belongs nowhere."""
        try:
            told = json.loads(text)
            members = {str(name): Member(int(one["size"]), str(one["sha256"])) for name, one in told["members"].items()}
            found = cls(datetime.fromisoformat(told["made"]), str(told["version"]), str(told["revision"]), members)
            sound = told["format"] == FORMAT and len({SQLITE, POSTGRESQL} & members.keys()) == 1
        except (ValueError, KeyError, TypeError, AttributeError):
            sound = False
        if not sound or not all(is_ours(name) for name in found.members):
            raise InputError("This is no backup of massage-billing, or of a later version.", "Name another file.")
        return found


def is_ours(name: str) -> bool:
    """Whether a name is one that a backup has: the store, or a plain path below one of the folders."""
    if name in (SQLITE, POSTGRESQL):
        return True
    state, *parts = name.split("/")
    inside = len(parts) > 1 and parts[0] in FOLDERS
    return state == "state" and inside and all(_PART.fullmatch(part) for part in parts)
