"""Exporting claims: settings in, what puts them into files out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import date as Date

from pydantic import BaseModel, ConfigDict

from massage_billing.clinic_files import settings_to_clinic
from massage_billing.errors import ClaimNotExportable, SettingsError
from massage_billing.export_settings import ExportClinic, Receiver
from massage_billing.model import Payer
from massage_billing.model.professional import Address, ClaimParty, ClaimPayer, ProfessionalClaim
from massage_billing.run.garbage import few_collections
from massage_billing.run.report import NoProgress, Progress
from massage_billing.sending.export import Exporter
from massage_billing.sending.setup import ExportSetup, Made, Target
from massage_billing.settings import HostKind, Settings
from massage_billing.store import open_store
from massage_billing.wiring.hosts import opened
from massage_billing.wiring.state import one_at_a_time, store_url
from massage_billing.x12 import claims_837p as x12
from massage_billing.x12.tables import read_tables, shipped
from massage_billing.x12.writer import Envelope

FILE = "rules/claims/filing_indicators.yaml"


class _Indicators(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    last_verified_on: Date
    kinds: dict[str, str]


@contextmanager
def open_exporter(
    settings: Settings, *, host: str | None = None, progress: Progress | None = None
) -> Iterator[Exporter]:
    """What exports the claims of one host. Raises SettingsError, StoreError; closes what it opened."""
    clinic_of_claims = settings.export.clinic
    if clinic_of_claims is None or not settings.export.receivers:
        what = f"{settings.source}: export.clinic or export.receivers is missing, so no file can be written."
        raise SettingsError(what, "plugin/docs/export.md shows what to write.")
    billing = billing_party(settings, clinic_of_claims)
    with opened(settings, host) as at, few_collections():
        if at.settings.kind is HostKind.OPENEMR:
            what = f"Host {at.settings.id} is OpenEMR: its Billing Manager makes the 837P of the claims it was given."
            raise SettingsError(what, "Use Fees, Billing Manager; `claims` shows what became of them.")
        with open_store(store_url(settings, at.state)) as store, one_at_a_time(at.state, f"{at.settings.id}-export"):
            clinic = settings_to_clinic(settings, at.reading)
            yield Exporter(
                ExportSetup(
                    host=at.host,
                    store=store,
                    ledger=store.ledger(),
                    clinic=clinic,
                    reading=at.reading,
                    billing=billing,
                    payers=claim_payers(clinic.payers),
                    targets={name: _target(name, one, settings) for name, one in settings.export.receivers.items()},
                    receiver_of=settings.export.receiver_of,
                    now=lambda: datetime.now(UTC),
                    progress=progress or NoProgress(),
                )
            )


def billing_party(settings: Settings, given: ExportClinic) -> ClaimParty:
    """Who bills, as claims name it. SettingsError where the settings do not say."""
    clinic = settings.clinic
    missing = [name for name, value in (("name", clinic.name), ("npi", clinic.npi), ("tin", clinic.tin)) if not value]
    if missing:
        what = f"{settings.source}: clinic.{', clinic.'.join(missing)} is missing, and every claim needs it."
        raise SettingsError(what, "`massage-billing doctor` checks the settings.")
    at = given.address
    return ClaimParty(
        last_name=clinic.name,
        first_name=given.first_name,
        organization=not clinic.solo,
        npi=clinic.npi or "",
        taxonomy=given.taxonomy,
        tax_id=(clinic.tin or "").replace("-", ""),
        tax_id_is_ssn=given.tax_id_kind == "ssn",
        address=Address(at.lines, at.city, at.state, at.postal_code.replace("-", "")),
        phone=given.phone,
    )


def claim_payers(payers: Iterable[Payer]) -> Mapping[str, ClaimPayer]:
    """The payers whose claims can be named, by key; one without an id is none of them."""
    indicators = read_tables(_Indicators, shipped(FILE), FILE).kinds
    found = {}
    for payer in payers:
        said = payer.claims
        payer_id, indicator = said.payer_id or payer.payer_id, said.filing_indicator or indicators.get(payer.kind)
        if payer_id and indicator:
            lines, city, state, code = said.address or ((), "", "", "")
            address = Address(lines, city, state, code)
            found[payer.key] = ClaimPayer(payer.key, said.name or payer.key, payer_id, address, indicator)
    return found


def _target(name: str, receiver: Receiver, settings: Settings) -> Target:
    clinic = settings.export.clinic
    assert clinic is not None  # noqa: S101
    parties = receiver.x12
    submitter = x12.Submitter(
        settings.clinic.name, receiver.submitter_id or parties.sender_id, clinic.phone, clinic.email, clinic.contact
    )
    taker = x12.Receiver(receiver.name, parties.receiver_id)

    def make(claims: Iterable[ProfessionalClaim], number: int, at: datetime) -> Made:
        envelope = Envelope(
            sender_id=parties.sender_id, receiver_id=parties.receiver_id, written_at=at, interchange_control=number,
            group_control=number, sender_qualifier=parties.sender_qualifier,
            receiver_qualifier=parties.receiver_qualifier, usage="P" if parties.production else "T",
            line_breaks=receiver.line_breaks, acknowledge=True,
        )  # fmt: skip
        placed: dict[str, str] = {}
        refused: dict[str, str] = {}

        def note(where: x12.Placed) -> None:
            placed[where.key] = where.st_control

        def leave(claim: ProfessionalClaim, why: ClaimNotExportable) -> None:
            refused[claim.key] = why.what

        pieces = x12.write_837p(envelope, submitter, taker, claims, reference=str(number), placed=note, refused=leave)
        return Made(b"".join(pieces), placed, refused)

    return Target(name, receiver.folder, make, receiver.folders)
