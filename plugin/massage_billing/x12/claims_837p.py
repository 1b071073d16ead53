"""Writing an 837P: professional claims to payers (005010X222A1), as a stream of bytes whose memory does not grow.

Claims stand in the order in which they are given; those beside each other that share billing provider, subscriber and
patient share their HL. Strict: what a payer would refuse for its form is refused here (ClaimNotExportable), by claim,
loop, segment and field, never by value. The same claims in the same envelope make the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from massage_billing.errors import ClaimNotExportable
from massage_billing.model.professional import ClaimParty, Insured, ProfessionalClaim
from massage_billing.x12 import claims_837p_parties as parties
from massage_billing.x12.claims_837p_checks import check
from massage_billing.x12.claims_837p_claim import claim_information
from massage_billing.x12.claims_837p_codes import SELF
from massage_billing.x12.claims_837p_lines import service_line
from massage_billing.x12.claims_837p_writer import VERSION, ClaimWriter
from massage_billing.x12.writer import Envelope

MOST_CLAIMS = 5000
"""Claims of one ST to SE: 005010X222A1 recommends no more."""
MOST_OF_A_PATIENT = 100
"""Claims beneath one HL (2300 repeats so often)."""
_REFERENCE = 30
"""BHT03 holds no more (TR3 note of BHT03)."""
_CHUNK = 4096
"""Segments that are kept before they are handed over."""


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who sends the file (1000A)."""

    name: str
    """NM103 of an organization."""
    identifier: str
    """NM109, qualifier 46: as the receiver knows the sender."""
    phone: str = ""
    """PER*TE, digits only; this or ``email`` is needed."""
    email: str = ""
    """PER*EM."""
    contact: str = ""
    """PER02: whom to ask, where it is another name than ``name``."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who takes the file: a clearinghouse, or the payer itself (1000B)."""

    name: str
    """NM103."""
    identifier: str
    """NM109, qualifier 46."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a claim stands in the file, for what comes back about it."""

    key: str
    """The claim's."""
    st_control: str
    """ST02 of its transaction."""
    reference: str
    """BHT03 of its transaction, which a 277CA gives back."""
    hl: int
    """HL01 of the level that it stands beneath."""
    claim_place: int
    """Which claim of its transaction it is, 1 first."""


def write_837p(
    envelope: Envelope,
    submitter: Submitter,
    receiver: Receiver,
    claims: Iterable[ProfessionalClaim],
    *,
    reference: str,
    most_claims: int = MOST_CLAIMS,
    placed: Callable[[Placed], None] | None = None,
    refused: Callable[[ProfessionalClaim, ClaimNotExportable], None] | None = None,
) -> Iterator[bytes]:
    """One interchange, piece by piece; nothing where no claim is written. ``placed`` hears where each claim stands.

    A claim that cannot be written raises ClaimNotExportable, and the pieces so far are no file; with ``refused`` it is
    left out instead and told there. ``reference`` is BHT03; a second transaction has "-2" behind it.
    """
    if not 1 <= most_claims <= MOST_CLAIMS:
        raise ValueError(f"most_claims is 1 to {MOST_CLAIMS}.")
    file = _File(envelope, submitter, receiver, reference, most_claims)
    for claim in claims:
        try:
            where = file.write(claim)
        except ClaimNotExportable as error:
            if refused is None:
                raise
            refused(claim, error)
            continue
        if placed is not None:
            placed(where)
        if file.writer.pending >= _CHUNK:
            yield file.writer.hand_over()
    if file.standing.transaction:
        yield file.end()


@dataclass(slots=True)
class _Standing:
    """Where the file is: what the next claim may share with the one before it."""

    transaction: str = ""
    """ST02; "" where none is open."""
    claims: int = 0
    """Of this transaction."""
    controls: set[str] = field(default_factory=set)
    """CLM01 of this transaction."""
    level: int = 0
    """The last HL01."""
    billing: ClaimParty | None = None
    """Of the HL*20 that is open."""
    billing_level: int = 0
    """Its HL01."""
    coverage: tuple[object, ...] | None = None
    """Of the HL*22 that is open."""
    coverage_level: int = 0
    """Its HL01."""
    patient: tuple[Insured, str] | None = None
    """Of the HL*23 that is open."""
    beneath: int = 0
    """Claims of the last HL."""

    def copy(self) -> _Standing:
        """Where the file is now; ``controls`` is the same set, which only a written claim adds to."""
        return _Standing(
            self.transaction, self.claims, self.controls, self.level, self.billing, self.billing_level, self.coverage,
            self.coverage_level, self.patient, self.beneath,
        )  # fmt: skip


class _File:
    """One interchange being written."""

    def __init__(
        self, envelope: Envelope, submitter: Submitter, receiver: Receiver, reference: str, most_claims: int
    ) -> None:
        self.writer = ClaimWriter(envelope)
        self.submitter, self.receiver, self.reference = submitter, receiver, reference
        self.most_claims = most_claims
        self.standing = _Standing()
        self.writer.begin("HC", VERSION)
        # What is wrong with the sender is no claim's fault: it is found before there is one.
        start = self.writer.mark()
        self._open()
        self.writer.back_to(start)
        self.standing = _Standing()

    def write(self, claim: ProfessionalClaim) -> Placed:
        """One claim, or nothing of it where it is refused."""
        mark, before = self.writer.mark(), self.standing.copy()
        self.writer.claim = claim
        try:
            check(self.writer, claim)
            return self._claim(claim)
        except ClaimNotExportable:
            self.writer.back_to(mark)
            self.standing = before
            raise
        finally:
            self.writer.claim = None

    def end(self) -> bytes:
        """The rest of the file."""
        self.writer.end_transaction()
        return self.writer.end()

    def _claim(self, claim: ProfessionalClaim) -> Placed:
        if not self.standing.transaction or self.standing.claims >= self.most_claims:
            if self.standing.transaction:
                self.writer.end_transaction()
            self._open()
        here = self.standing
        if claim.control in here.controls:
            self.writer.loop = "2300"
            raise self.writer.wrong("claim control number", "CLM01", "stands twice in the file")
        self._levels(claim)
        claim_information(self.writer, claim)
        for number, line in enumerate(claim.lines, 1):
            service_line(self.writer, claim, number, line)
        here.controls.add(claim.control)
        here.claims += 1
        here.beneath += 1
        return Placed(claim.key, here.transaction, self._reference(here.transaction), here.level, here.claims)

    def _reference(self, transaction: str) -> str:
        number = int(transaction)
        return self.reference if number == 1 else f"{self.reference}-{number}"

    def _open(self) -> None:
        """ST, BHT, 1000A, 1000B."""
        writer, at = self.writer, self.writer.envelope.written_at
        writer.loop = "header"
        self.standing = _Standing(writer.begin_transaction("837", VERSION))
        reference = self._reference(self.standing.transaction)
        writer.need(reference, "batch reference", "BHT03")
        if len(reference) > _REFERENCE:
            raise writer.wrong("batch reference", "BHT03", f"has more than {_REFERENCE} characters")
        writer.put("BHT", "0019", "00", reference, f"{at:%Y%m%d}", f"{at:%H%M}", "CH", names={3: "batch reference"})
        writer.loop = "1000A"
        self._one_end("41", self.submitter.name, self.submitter.identifier, "submitter")
        self._contact()
        writer.loop = "1000B"
        self._one_end("40", self.receiver.name, self.receiver.identifier, "receiver")

    def _one_end(self, entity: str, name: str, identifier: str, whose: str) -> None:
        """NM1*41, NM1*40."""
        self.writer.put(
            "NM1", entity, "2", self.writer.need(name, f"{whose}'s name", "NM103"), "", "", "", "", "46",
            self.writer.need(identifier, f"{whose}'s number", "NM109"),
            names={3: f"{whose}'s name", 9: f"{whose}'s number"},
        )  # fmt: skip

    def _contact(self) -> None:
        """PER of 1000A: telephone, electronic mail, or both."""
        given, ways = self.submitter, list[str]()
        if given.phone:
            ways += "TE", parties.phone(self.writer, given.phone, "submitter")
        if given.email:
            ways += "EM", given.email
        if not ways:
            self.writer.need("", "submitter's telephone number or electronic mail", "PER04")
        self.writer.put("PER", "IC", given.contact, *ways, names={2: "submitter's contact", 4: "submitter's address"})

    def _levels(self, claim: ProfessionalClaim) -> None:
        """2000A, 2000B, 2000C: each where the claim before stands under another one."""
        here = self.standing
        if here.billing is not claim.billing and here.billing != claim.billing:
            here.level += 1
            here.billing, here.billing_level, here.coverage = claim.billing, here.level, None
            self._level("2000A", "", "20", "1")
            parties.billing(self.writer, claim.billing, self.submitter.phone)
        patient, full = claim.patient, here.beneath >= MOST_OF_A_PATIENT
        coverage = (
            claim.payer, claim.subscriber, claim.rank, claim.group_number, claim.group_name, claim.insurance_type,
            patient is None,
        )  # fmt: skip
        if here.coverage != coverage or (full and patient is None):
            self._subscriber(claim)
            here.coverage, here.coverage_level, here.patient, here.beneath = coverage, here.level, None, 0
        if patient is not None and (full or here.patient != (patient, claim.relationship)):
            here.level += 1
            here.patient, here.beneath = (patient, claim.relationship), 0
            self._level("2000C", str(here.coverage_level), "23", "0")
            self.writer.put("PAT", claim.relationship)
            parties.patient(self.writer, patient)

    def _subscriber(self, claim: ProfessionalClaim) -> None:
        """2000B, 2010BA, 2010BB. A level holds either the subscriber's own claims or those of other patients."""
        here, alone = self.standing, claim.patient is None
        here.level += 1
        self._level("2000B", str(here.billing_level), "22", "0" if alone else "1")
        self.writer.put(
            "SBR", claim.rank, SELF if alone else "", claim.group_number,
            "" if claim.group_number else claim.group_name, claim.insurance_type, "", "", "",
            claim.payer.filing_indicator, names={3: "group number", 4: "group name"},
        )  # fmt: skip
        parties.subscriber(self.writer, claim.subscriber, is_patient=alone)
        self.writer.loop = "2010BB"
        parties.payer(self.writer, claim.payer)

    def _level(self, loop: str, parent: str, code: str, has_child: str) -> None:
        self.writer.loop = loop
        self.writer.put("HL", str(self.standing.level), parent, code, has_child)
