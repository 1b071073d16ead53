"""Makes a synthetic clinic with its settings: what ``demo`` and ``make-clinic`` share."""

from __future__ import annotations

import shutil
from datetime import date as Date
from pathlib import Path

from massage_billing.cli import shell
from massage_billing.cli.answers import Answers
from massage_billing.cli.simulated_payer import PAYER_URL
from massage_billing.cli.templates import settings_text
from massage_billing.errors import InputError

SETTINGS = "massage-billing.yaml"
TIN = "00-0000000"
"""A tax id that nobody has."""

_ASKED = f"""
eligibility:    # `massage-billing simulated-payer` serves all three
  days: 7
  tries: 2
  patience: 5s
  channels:
    x12: {{kind: x12-core, url: "{PAYER_URL}/core", timeout: 2s, x12: {{sender_id: CLINIC, receiver_id: SIMULATED}}}}
    fhir: {{kind: fhir, url: "{PAYER_URL}/fhir", timeout: 2s}}
    clearinghouse:
      kind: clearinghouse-json
      url: {PAYER_URL}/clearinghouse
      mapping: medical-network-v3
      timeout: 2s
"""

_EXPORT = """
export:    # `massage-billing export 837` puts approved claims into files there; nothing is transmitted
  clinic:
    address: {lines: ["1 Nowhere Street"], city: Boise, state: ID, postal_code: 83700-0001}
    taxonomy: 225700000X
    phone: "2085550100"
  receivers:
    clearinghouse:
      name: SYNTHETIC CLEARINGHOUSE
      x12: {sender_id: STILLWATER, receiver_id: SIMULATED, production: false}
      folder: outbox
"""


def make(
    folder: Path, visits: int, seed: int, appointments: int = 0, appointments_from: Date | None = None
) -> dict[str, int]:
    """Write the clinic's FHIR files, payers.yaml, fees.csv and settings; how many resources of each type.

    With coming appointments it also gets credentials, and settings by which the simulated payers are asked.

    It appears whole or not at all: a folder that was cut off half-way would be taken for a clinic. InputError where
    the folder cannot be written.
    """
    from massage_billing.clinic_maker import make_clinic

    folder = folder.resolve()
    if folder == Path.cwd():
        raise InputError(f"{folder}: is where you are.", "Name a folder that is still to be made.")
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        with shell.progress("make-clinic"):
            made = make_clinic(
                partial, visits, seed=seed, appointments=appointments, appointments_from=appointments_from
            )
        (partial / SETTINGS).write_text(settings_text(_answers(asked=appointments > 0)), encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()
        partial.rename(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}).", "Name a folder you own.") from None
    return made


def _answers(*, asked: bool) -> Answers:
    from massage_billing.clinic_maker import cast

    return Answers(
        name=cast.CLINIC_NAME,
        npi=cast.CLINIC_NPI,
        tin=TIN,
        payers="clinic/payers.yaml",
        fees="clinic/fees.csv",
        host_id="demo",
        kind="folder",
        place=".",
        zone=cast.ZONE,
        settle="0",
        state="state",
        demo=True,
        credentials="clinic/credentials.csv" if asked else None,
        eligibility=f"{_ASKED}{_EXPORT}" if asked else _EXPORT,
    )
