"""The port to what is remembered of sent claims: which file carries which claim, and what was said of it since.

A claim is in at most one file that nobody has answered. What a file of answers says is applied once, however often it
is given; what it says and how the ledger stands after it are one transaction. No name, birth date or member id is kept,
but in the bytes of files that were written (``Batch.body``), which go after ``retention``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from massage_billing.model.remittance import ClaimStanding

OF_HOST: Final = "fhir-"
"""Begins ``Applied.file`` of a ClaimResponse or ExplanationOfBenefit that stands on the host."""


@dataclass(frozen=True, slots=True)
class SentLine:
    """One line of a claim, as it was sent."""

    control: str
    """REF*6R."""
    code: str
    """CPT or HCPCS."""
    modifiers: tuple[str, ...]
    """As sent."""
    units: Decimal
    """Units."""
    charge: Decimal
    """Dollars."""
    date: Date
    """Date of service."""
    therapist: str = ""
    """NPI of who did it, else the reference on the host."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One claim of one file."""

    key: str
    """Claim key: CLM01."""
    host: str
    """Configured host id."""
    encounter: str
    """Encounter id."""
    patient: str
    """"Patient/3"."""
    payer: str
    """Payer key."""
    claim: str
    """"Claim/12"."""
    digest: str
    """Decision digest of what was sent."""
    rank: str
    """P, S, T: to which of the patient's payers."""
    frequency: str
    """1, 7, 8."""
    date: Date
    """Date of service."""
    total: Decimal
    """Dollars."""
    lines: tuple[SentLine, ...]
    """What was sent."""
    batch: int = 0
    """``Batch.number``; 0 where no file of ours carries it (``claims mark``)."""
    transaction: str = ""
    """ST02 of its transaction."""
    standing: ClaimStanding = ClaimStanding.EXPORTED
    """How far it has come."""
    payer_claim_number: str = ""
    """The payer's number of it."""
    since: datetime | None = None
    """When it came to stand so, UTC."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One file that was written, or is to be."""

    number: int
    """Counts from 1; ISA13 and GS06 are made of it."""
    host: str
    """Configured host id."""
    receiver: str
    """Name of the receiver in the settings."""
    file: str
    """Its name, without a folder."""
    digest: str
    """SHA-256 of its bytes."""
    claims: int
    """How many claims are in it."""
    total: Decimal
    """Dollars."""
    at: datetime
    """When it was made, UTC: what ISA09 and ISA10 show is made of it."""
    written: bool = False
    """It stands in its folder."""
    body: bytes | None = None
    """Its bytes; None after ``retention``, and where only the list is asked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said of one claim, by a file, a FHIR answer or a person."""

    key: str
    """Claim key."""
    at: datetime
    """When it came to be known here, UTC."""
    standing: ClaimStanding
    """How far the claim has come by it."""
    source: str
    """"835 8f3c… claim 12", "999 …", "marked by ana", "ClaimResponse/9": by digest, place, person or reference."""
    words: str
    """What was said, in words, without patient data."""
    payer_claim_number: str = ""
    """The payer's number, where it is told."""
    paid: Decimal | None = None
    """Dollars the payer pays; None where it does not say."""
    of_patient: Decimal | None = None
    """Dollars left to the patient."""
    reverses: bool = False
    """It takes back what was paid before."""


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """One adjustment of one line (or claim) of a remittance: what denials are counted from."""

    key: str
    """Claim key; "" where the claim was not found."""
    file: str
    """Digest of the remittance."""
    place: int
    """Which claim of it."""
    line: int
    """Which line of that claim, 1 first; 0: the claim as a whole."""
    payer: str
    """Payer key, else the id the file names."""
    code: str
    """CPT or HCPCS; "" for the claim."""
    therapist: str
    """NPI, where it is known."""
    date: Date | None
    """Date of service."""
    group: str
    """CO, PR, OA, PI, CR."""
    reason: str
    """CARC."""
    remarks: tuple[str, ...]
    """RARC."""
    amount: Decimal
    """Dollars not paid for it."""
    rule: str = ""
    """The rule that should have stopped it; "" where no rule knew."""
    at: datetime | None = None
    """When it was applied, UTC."""


@dataclass(frozen=True, slots=True)
class PaidLine:
    """What a payer did with one line of a claim of ours, or with the claim: what a secondary claim is made of."""

    key: str
    """Claim key."""
    file: str
    """Digest of the remittance."""
    place: int
    """Which claim of it."""
    line: int
    """Which line of that claim, 1 first; 0: the claim as a whole."""
    item: int
    """Which line of ours it is, 1 first; 0: none, or the claim as a whole."""
    status: str
    """CLP02 of its claim: 1 primary, 2 secondary, 4 denied, 19-21 forwarded, 22 reversal."""
    code: str
    """Code as adjudicated; "" for the claim."""
    modifiers: tuple[str, ...]
    """Modifiers as adjudicated."""
    units: Decimal
    """Units paid; 0 for the claim."""
    charge: Decimal
    """Dollars charged; negative in a reversal."""
    paid: Decimal
    """Dollars paid."""
    of_patient: Decimal
    """Dollars left to the patient."""
    date: Date | None = None
    """When it was paid, else when the remittance was made."""
    at: datetime | None = None
    """When it was applied, UTC."""


@dataclass(frozen=True, slots=True)
class Response:
    """A ClaimResponse that the host is to be given."""

    key: str
    """Value of its identifier: a function of the file and the place in it."""
    host: str
    """Configured host id."""
    claim: str
    """"Claim/12"."""
    encounter: str
    """Encounter id, for messages."""
    body: bytes
    """The resource as JSON."""


@dataclass(frozen=True, slots=True)
class AppliedPart:
    """A part of what a file says: some of its claims."""

    said: tuple[Said, ...] = ()
    """Of claims that were found."""
    adjustments: tuple[AdjustmentRow, ...] = ()
    """Of all its lines."""
    unmatched: tuple[tuple[int, str], ...] = ()
    """(place, why) of claims that were not found."""
    responses: tuple[Response, ...] = ()
    """What the host is to be given."""
    lines: tuple[PaidLine, ...] = ()
    """Of claims that were found: each as a whole, then its lines."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A file of answers that was applied."""

    file: str
    """SHA-256 of what it says, whatever its envelope; ``OF_HOST`` before it where a resource of the host says it."""
    kind: str
    """835, 277CA, 999, TA1 …"""
    name: str
    """Its name, without a folder."""
    paid: Decimal | None = None
    """Dollars of its payments."""
    trace: str = ""
    """Number of the check or transfer; of several, with commas."""
    provider: tuple[tuple[str, str, Decimal], ...] = ()
    """PLB: (reason, reference, dollars)."""
    unmatched: tuple[tuple[int, str], ...] = ()
    """(place, why) of claims that were not found; given back by ``files``, taken from the parts by ``apply``."""


class Ledger(Protocol):
    """What was sent, and what became of it. Raises StoreError."""

    def next_batch(self, above: int = 0) -> int:
        """A number for a new batch, never given twice; above one that is known to be taken."""
        ...

    def commit_batch(self, batch: Batch, submissions: Sequence[Submission]) -> tuple[str, ...]:
        """Remember a file and its claims in one durable transaction, before the file is written.

        Claim keys that another file carries already, and that were not rejected: then nothing at all is remembered, and
        the batch is to be made again without them.
        """
        ...

    def written(self, number: int) -> None:
        """The file stands in its folder."""
        ...

    def batches(self, host: str, *, unwritten: bool = False) -> list[Batch]:
        """Batches, newest first, without their bytes; ``unwritten``: only those whose file may be missing."""
        ...

    def batch(self, host: str, number: int) -> Batch | None:
        """One batch with its bytes."""
        ...

    def drop_batch(self, host: str, number: int, who: str, why: str) -> int:
        """A person says that a file was never sent: its claims that nobody answered can be exported again. How many.

        Its bytes go, so that it is never written again.
        """
        ...

    def submissions(self, host: str, keys: Iterable[str]) -> dict[str, Submission]:
        """By claim key."""
        ...

    def of_batch(self, host: str, number: int) -> list[Submission]:
        """Claims of one file, in its order."""
        ...

    def of_encounters(self, host: str, encounters: Iterable[str]) -> list[Submission]:
        """Claims of these visits, every revision."""
        ...

    def candidates(self, host: str, dates: Iterable[Date], total: Decimal) -> list[Submission]:
        """Sent claims of these dates of service with this charge: where the control number is not ours."""
        ...

    def all(self, host: str, standing: ClaimStanding | None = None) -> Iterator[Submission]:
        """Submissions, newest date of service first."""
        ...

    def mark(self, submission: Submission, said: Said) -> None:
        """A person, or a FHIR answer, says how far a claim has come; the submission is made where there is none."""
        ...

    def is_applied(self, file: str) -> bool:
        """Whether a file of answers was applied whole."""
        ...

    def apply(self, applied: Applied, parts: Iterable[AppliedPart]) -> bool:
        """Apply what a file says, part by part, in one durable transaction; where making a part raises, nothing is
        applied. False, and nothing changes, where it was applied before.

        A standing never falls back, and the order in which files are applied makes no difference: exported,
        acknowledged, accepted, rejected, adjudicated. A claim that was rejected stands as exported again only when
        another file carries it.
        """
        ...

    def life(self, key: str) -> list[Said]:
        """Everything that was said of a claim, oldest first."""
        ...

    def adjustments(self, first: Date | None, last: Date | None) -> Iterator[AdjustmentRow]:
        """Adjustments applied from one day to another."""
        ...

    def adjustments_of(self, keys: Iterable[str]) -> list[AdjustmentRow]:
        """Adjustments of these claims, oldest first."""
        ...

    def paid_lines(self, keys: Iterable[str]) -> list[PaidLine]:
        """What payers did with these claims and their lines, oldest first."""
        ...

    def files(self) -> list[Applied]:
        """Files of answers that were applied, newest first."""
        ...

    def responses(self, host: str, limit: int) -> list[Response]:
        """What the host is to be given and has not got, oldest first."""
        ...

    def responded(self, keys: Iterable[str]) -> None:
        """The host has these now: their bytes are dropped."""
        ...

    def purge(self, before: datetime) -> int:
        """Drop the bytes of files that were written and answered before a time; how many."""
        ...

    def purge_patient(self, host: str, patient: str) -> int:
        """Forget the claims of a patient; how many. Batches that carry one lose their bytes."""
        ...
