"""Reading what a receiver says of a file we sent, before any answer: TA1, 999 (005010X231) and the older 997.

Whether it was taken, which transaction was not, and why: in words and with the element, never with the data (IK404, the
bad value itself, is not read, and what does not have the form of a code, segment id or place is "unknown": where
elements are shifted, it may be that value). Tolerant as every reader here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date as Date
from functools import lru_cache
from typing import Final

from pydantic import BaseModel, ConfigDict

from massage_billing.x12.scanner import Delimiters
from massage_billing.x12.segments import Ended, Oddity, Outside, Transaction, at, components, read_pieces
from massage_billing.x12.tables import read_tables, shipped

FILE = "rules/eligibility/x12_acknowledgement.yaml"
"""The codes that ship, within the package."""
_UNKNOWN = "unknown"
_CODE = re.compile(r"[A-Z0-9]{1,2}|[0-9]{3}", re.ASCII)
_LOOP = re.compile(r"[0-9]{4}[A-Z]{0,2}", re.ASCII)
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,2}", re.ASCII)
_MADE = re.compile(r"[0-9]{6} [0-9]{4}", re.ASCII)


class AcknowledgementCodes(BaseModel):
    """Words for the codes of a TA1, 999 or 997."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    last_verified_on: Date
    """When the words were last compared with their sources."""
    statuses: dict[str, bool]
    """TA104, IK501, AK901: whether it was taken."""
    interchange: dict[str, str]
    """TA105."""
    segment: dict[str, str]
    """IK304."""
    element: dict[str, str]
    """IK403."""
    transaction: dict[str, str]
    """IK502 and on."""
    group: dict[str, str]
    """AK905 and on."""


_DUPLICATE: Final = "025"
"""TA105: duplicate interchange control number."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing a receiver found wrong."""

    code: str
    """As sent."""
    words: str
    """What it means; the code itself where it is not known."""
    where: str = ""
    """"2100C NM1 element 9"; "" where it is about the whole."""

    def __str__(self) -> str:
        """For messages: no data in it."""
        return f"{self.where}: {self.words}" if self.where else self.words


@dataclass(frozen=True, slots=True)
class TakenTransaction:
    """What is said of one of our transactions."""

    kind: str
    """AK201: "270"."""
    control: str
    """AK202: our ST02."""
    taken: bool | None
    """Whether it was taken; None: not said."""
    reasons: tuple[Reason, ...] = ()
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class TakenGroup:
    """What is said of one of our groups."""

    kind: str
    """AK101: our GS01."""
    control: str
    """AK102: our GS06."""
    taken: bool | None
    """Whether the whole of it was taken; None: not said."""
    transactions: tuple[TakenTransaction, ...] = ()
    """Its transactions, as far as the receiver names them."""
    reasons: tuple[Reason, ...] = ()
    """What is wrong with the group itself."""


@dataclass(frozen=True, slots=True)
class TakenInterchange:
    """A TA1."""

    control: str
    """TA101: our ISA13."""
    taken: bool | None
    """Whether it was taken; None: not said."""
    reasons: tuple[Reason, ...] = ()
    """What is wrong with it."""
    made: str = ""
    """TA102 and TA103: our ISA09 and ISA10, "261117 0830"; "" where they are not given."""

    @property
    def twice(self) -> bool:
        """Whether its receiver says that it had one of this number before (TA105)."""
        return any(one.code == _DUPLICATE for one in self.reasons)


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    """Everything a file says of what we sent."""

    interchanges: tuple[TakenInterchange, ...]
    """Every TA1."""
    groups: tuple[TakenGroup, ...]
    """Every 999 or 997."""
    oddities: tuple[Oddity, ...] = ()
    """What is odd about the file."""

    @property
    def taken(self) -> bool | None:
        """Whether all of it was taken; None where nothing is said of anything."""
        said = [one.taken for one in self.interchanges] + [group.taken for group in self.groups]
        said += [one.taken for group in self.groups for one in group.transactions]
        told = [one for one in said if one is not None]
        return all(told) if told else None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not, in words and with the element; nothing of the data."""
        found = [reason for one in self.interchanges for reason in one.reasons]
        for group in self.groups:
            found += group.reasons
            found += [reason for one in group.transactions for reason in one.reasons]
        return tuple(dict.fromkeys(str(reason) for reason in found))


@lru_cache(maxsize=1)
def default_acknowledgement_codes() -> AcknowledgementCodes:
    """The codes that ship, read once."""
    return read_tables(AcknowledgementCodes, shipped(FILE), FILE)


def read_acknowledgements(data: bytes | Iterable[bytes], codes: AcknowledgementCodes | None = None) -> Acknowledgements:
    """Every TA1, 999 and 997 of a file; empty where it holds none."""
    words = codes or default_acknowledgement_codes()
    interchanges: list[TakenInterchange] = []
    groups: list[TakenGroup] = []
    odd: list[Oddity] = []
    for piece in read_pieces(data):
        if isinstance(piece, Outside):
            parts = piece.segment.split(piece.interchange.delimiters.element)
            if parts[0].strip() == "TA1":
                interchanges.append(_interchange(parts, words))
        elif isinstance(piece, Ended):
            odd += piece.oddities
        elif piece.kind in {"999", "997"}:
            odd += piece.oddities
            groups += _groups(piece, words)
    return Acknowledgements(tuple(interchanges), tuple(groups), tuple(odd))


def _interchange(parts: list[str], words: AcknowledgementCodes) -> TakenInterchange:
    note = _as(_CODE, at(parts, 5))
    reasons = () if note in {"", "000"} else (Reason(note, words.interchange.get(note, f"TA1 note {note}")),)
    made = f"{at(parts, 2)} {at(parts, 3)}"
    return TakenInterchange(
        at(parts, 1), words.statuses.get(at(parts, 4)), reasons, made if _MADE.fullmatch(made) else ""
    )


@dataclass(slots=True)
class _Open:
    """A group's acknowledgement while it is read."""

    kind: str = ""
    control: str = ""
    status: str = ""
    reasons: list[Reason] = field(default_factory=list)
    done: list[TakenTransaction] = field(default_factory=list)
    transaction: tuple[str, str] | None = None
    transaction_status: str = ""
    transaction_reasons: list[Reason] = field(default_factory=list)


def _groups(transaction: Transaction, words: AcknowledgementCodes) -> list[TakenGroup]:
    """The groups a 999 speaks of: one as a rule, an AK1 each."""
    found: list[TakenGroup] = []
    now: _Open | None = None
    segment = ""
    for said in transaction.segments:
        parts = said.split(transaction.delimiters.element)
        tag = parts[0].strip()
        if tag == "AK1" or now is None:
            if now is not None:
                found.append(_closed(now, words))
            now = _Open(at(parts, 1), at(parts, 2)) if tag == "AK1" else _Open()
        if tag == "AK2":
            _close_transaction(now, words)
            now.transaction = (at(parts, 1), at(parts, 2))
        elif tag in {"IK3", "AK3"}:
            segment = f"{_as(_LOOP, at(parts, 3))} {_as(_SEGMENT, at(parts, 1))}".strip()
            if at(parts, 4):
                now.transaction_reasons.append(_reason(at(parts, 4), words.segment, segment))
        elif tag in {"IK4", "AK4"}:
            where = f"{segment} element {_place(at(parts, 1), transaction.delimiters)}"
            now.transaction_reasons.append(_reason(at(parts, 3), words.element, where))
        elif tag in {"IK5", "AK5"}:
            now.transaction_status = at(parts, 1)
            now.transaction_reasons += [
                _reason(at(parts, place), words.transaction) for place in range(2, 7) if at(parts, place)
            ]
            _close_transaction(now, words)
        elif tag == "AK9":
            now.status = at(parts, 1)
            now.reasons += [_reason(at(parts, place), words.group) for place in range(5, 10) if at(parts, place)]
    if now is not None:
        found.append(_closed(now, words))
    return found


def _close_transaction(now: _Open, words: AcknowledgementCodes) -> None:
    if now.transaction is not None:
        taken = words.statuses.get(now.transaction_status)
        now.done.append(TakenTransaction(*now.transaction, taken, tuple(now.transaction_reasons)))
    now.transaction, now.transaction_status, now.transaction_reasons = None, "", []


def _closed(now: _Open, words: AcknowledgementCodes) -> TakenGroup:
    _close_transaction(now, words)
    return TakenGroup(now.kind, now.control, words.statuses.get(now.status), tuple(now.done), tuple(now.reasons))


def _as(form: re.Pattern[str], text: str) -> str:
    """The text where it has the form, or is empty; else that it is unknown, for it may be data of a patient."""
    return text if not text or form.fullmatch(text) else _UNKNOWN


def _reason(code: str, words: dict[str, str], where: str = "") -> Reason:
    code = _as(_CODE, code)
    return Reason(code, words.get(code, f"error {code}"), where)


def _place(element: str, delimiters: Delimiters) -> str:
    """IK401: element, and component where it is a composite."""
    return ", component ".join(_as(_NUMBER, part) for part in components(element, delimiters)[:2] if part)
