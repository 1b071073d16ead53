"""Makes a synthetic clinic with its settings: what ``demo`` and ``make-clinic`` share."""

from __future__ import annotations

import shutil
from pathlib import Path

from massage_billing.cli import shell
from massage_billing.cli.answers import Answers
from massage_billing.cli.templates import settings_text
from massage_billing.errors import InputError

SETTINGS = "massage-billing.yaml"
TIN = "00-0000000"
"""A tax id that nobody has."""


def make(folder: Path, visits: int, seed: int) -> dict[str, int]:
    """Write the clinic's FHIR files, payers.yaml, fees.csv and settings; how many resources of each type.

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
            made = make_clinic(partial, visits, seed=seed)
        (partial / SETTINGS).write_text(settings_text(_answers()), encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()
        partial.rename(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}).", "Name a folder you own.") from None
    return made


def _answers() -> Answers:
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
    )
