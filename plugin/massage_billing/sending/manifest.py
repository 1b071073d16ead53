"""The manifest beside a file of claims: what it carries, by ids. No names, no birth dates, no member ids.

It is written before its file and stays when the clearinghouse client takes that, so that a lost store is rebuilt from
it: everything that the ledger holds of a sent claim stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime
from decimal import Decimal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from massage_billing.ports.ledger import Batch, SentLine, Submission

SUFFIX = ".manifest.json"
"""Behind the name of the file."""


class ManifestLine(BaseModel):
    """One line of a claim: the fields of ``SentLine``."""

    model_config = ConfigDict(frozen=True)

    control: str
    code: str
    modifiers: tuple[str, ...]
    units: Decimal
    charge: Decimal
    date: Date
    therapist: str


class ManifestClaim(BaseModel):
    """One claim: the fields of ``Submission`` that are its own."""

    model_config = ConfigDict(frozen=True)

    control: str
    claim: str
    encounter: str
    patient: str
    payer: str
    digest: str
    transaction: str
    rank: str
    frequency: str
    date: Date
    total: Decimal
    lines: tuple[ManifestLine, ...]


class Manifest(BaseModel):
    """A file and what it carries."""

    model_config = ConfigDict(frozen=True)

    host: str
    file: str
    sha256: str
    batch: int
    receiver: str
    made: datetime
    claims: int
    total: Decimal
    carries: tuple[ManifestClaim, ...]

    def as_batch(self, body: bytes) -> Batch:
        """The file as the ledger remembers it: written, for it lay in its folder. ``body``: b"" where it is gone."""
        return Batch(
            self.batch, self.host, self.receiver, self.file, self.sha256, self.claims, self.total, self.made,
            written=True, body=body,
        )  # fmt: skip

    def as_submissions(self) -> list[Submission]:
        """Its claims as the ledger remembers them: sent, and not answered."""
        return [
            Submission(
                key=one.control, host=self.host, encounter=one.encounter, patient=one.patient, payer=one.payer,
                claim=one.claim, digest=one.digest, rank=one.rank, frequency=one.frequency, date=one.date,
                total=one.total, batch=self.batch, transaction=one.transaction, since=self.made,
                lines=tuple(SentLine(**line.model_dump()) for line in one.lines),
            )
            for one in self.carries
        ]  # fmt: skip


def manifest(batch: Batch, claims: Sequence[Submission]) -> bytes:
    """The manifest of a file; the same for the same file."""
    told = {
        "host": batch.host,
        "file": batch.file,
        "sha256": batch.digest,
        "batch": batch.number,
        "receiver": batch.receiver,
        "made": batch.at.isoformat(),
        "claims": batch.claims,
        "total": str(batch.total),
        "carries": [
            {
                "control": one.key, "claim": one.claim, "encounter": one.encounter, "patient": one.patient,
                "payer": one.payer, "digest": one.digest, "transaction": one.transaction, "rank": one.rank,
                "frequency": one.frequency, "date": one.date.isoformat(), "total": str(one.total),
                "lines": [_line(line) for line in one.lines],
            }
            for one in claims
        ],
    }  # fmt: skip
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _line(line: SentLine) -> dict[str, object]:
    return {
        "control": line.control, "code": line.code, "modifiers": line.modifiers, "units": str(line.units),
        "charge": str(line.charge), "date": line.date.isoformat(), "therapist": line.therapist,
    }  # fmt: skip


def read_manifest(content: bytes) -> Manifest | None:
    """A manifest; None where it is none, or does not say everything (before 0.2 it did not)."""
    try:
        return Manifest.model_validate_json(content)
    except ValidationError:
        return None


def keys_named(content: bytes) -> tuple[str, ...]:
    """Control numbers that a manifest names, of any version; none where it cannot be read."""
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ()
    listed = told.get("carries") if isinstance(told, dict) else None
    some = [one.get("control") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(one for one in some if isinstance(one, str) and one)
