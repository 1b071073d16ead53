"""``massage-billing init``: writes the settings of a clinic, by asking."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import click

KINDS = ["fhir", "openemr", "folder"]
AUTHS = ["none", "bearer", "smart"]


@dataclass(frozen=True)
class Answers:
    """What ``init`` was told; None where it still has to ask."""

    name: str | None = None
    npi: str | None = None
    tin: str | None = None
    solo: bool | None = None
    host_id: str | None = None
    kind: str | None = None
    place: str | None = None
    zone: str | None = None
    start: str | None = None
    place_of_service: str | None = None
    auth: str | None = None
    client_id: str | None = None
    key_file: str | None = None
    token_file: str | None = None
    token_env: str | None = None
    write_as: str | None = None
    payers: str = "payers.yaml"
    fees: str = "fees.csv"
    settle: str = "2h"
    state: str = ""
    demo: bool = False


@click.command(name="init")
@click.option("--folder", default=".", type=click.Path(path_type=Path, file_okay=False), help="Where to write them.")
@click.option("--name", help="Name of the clinic, for superbills.")
@click.option("--npi", help="Billing NPI: the group's, or the therapist's own when solo.")
@click.option("--tin", help="Tax id, 12-3456789.")
@click.option("--solo/--group", default=None, help="Solo: the therapist is paid, not an organization.")
@click.option("--host-id", help="Short name of the EHR; part of every claim's identifier, never to be changed.")
@click.option("--kind", type=click.Choice(KINDS), help="What sort of EHR it is.")
@click.option("--host", "place", metavar="URL|FOLDER", help="Its FHIR base URL, or the folder of FHIR files.")
@click.option("--zone", help="IANA time zone of the clinic, like America/Los_Angeles.")
@click.option("--start", help="First date of service to bill, like 2026-12-01.")
@click.option("--place-of-service", help="CMS place of service where the record does not say; 11 is an office.")
@click.option("--auth", type=click.Choice(AUTHS), help="How the EHR is logged in to.")
@click.option("--client-id", help="For smart: the id this program was registered with.")
@click.option("--key-file", help="For smart: file of the private key, PEM or JWK.")
@click.option("--token-file", help="For bearer: file of the token.")
@click.option("--token-env", help="For bearer: environment variable of the token.")
@click.option("--write-as", type=click.Choice(["active", "draft"]), help="draft: Claims wait for `approve`.")
@click.option("--yes", is_flag=True, help="Ask nothing; what no option says keeps its default or stays empty.")
def command(folder: Path, yes: bool, **given: str | bool | None) -> None:
    """Write the settings of a clinic, by asking.

    Writes massage-billing.yaml, payers.yaml and fees.csv, and overwrites nothing. Then complete payers.yaml and
    fees.csv, and let `massage-billing doctor` check everything.
    """
    from massage_billing.errors import SettingsError

    _refuse_existing(folder)
    answers = Answers(**given)  # type: ignore[arg-type]
    answers = _defaults(answers) if yes else _ask(answers)
    if answers.place is None:
        raise SettingsError("No host is named.", "Give --host: the FHIR base URL of the EHR, or a folder.")
    if answers.kind == "folder":
        answers = replace(answers, place=os.path.relpath(answers.place, folder))
    write_settings(folder, answers)
    click.echo(f"Wrote {', '.join(str(folder / file) for file in _FILES)}.")
    click.echo("Next: complete payers.yaml and fees.csv, then run `massage-billing doctor`.")


_FILES = ("massage-billing.yaml", "payers.yaml", "fees.csv")


def _refuse_existing(folder: Path) -> None:
    from massage_billing.errors import SettingsError

    there = [str(folder / file) for file in _FILES if (folder / file).exists()]
    if there:
        raise SettingsError(f"{', '.join(there)} exist already.", "Edit them, or name another --folder.")


def _defaults(answers: Answers) -> Answers:
    kind = answers.kind or ("fhir" if "://" in (answers.place or "") else "folder")
    return replace(
        answers,
        kind=kind,
        host_id=answers.host_id or "main",
        auth=answers.auth or _auth_told(answers),
        write_as=answers.write_as or ("draft" if kind == "openemr" else "active"),
        solo=bool(answers.solo),
    )


def _auth_told(answers: Answers) -> str:
    """The way to log in that the other options imply."""
    if answers.client_id or answers.key_file:
        return "smart"
    return "bearer" if answers.token_file or answers.token_env else "none"


def _ask(known: Answers) -> Answers:
    """Ask for everything that was not given as an option; an empty answer leaves a setting to be completed later."""
    kind = known.kind or click.prompt("Which sort of EHR", type=click.Choice(KINDS), default="fhir")
    place = known.place or click.prompt("Its folder" if kind == "folder" else "Its FHIR base URL")
    told = _auth_told(known)
    auth = known.auth or ("none" if kind == "folder" else told if told != "none" else "")
    return replace(
        known,
        kind=kind,
        place=place,
        auth=auth or click.prompt("How is it logged in to", type=click.Choice(AUTHS), default="smart"),
        host_id=known.host_id or click.prompt("A short name for it, never to be changed", default="main"),
        zone=known.zone or _optional("Time zone of the clinic, like America/Los_Angeles"),
        start=known.start or _optional("First date of service to bill, like 2026-12-01"),
        name=known.name or _optional("Name of the clinic"),
        npi=known.npi or _optional("Billing NPI"),
        tin=known.tin or _optional("Tax id"),
        solo=known.solo
        if known.solo is not None
        else click.confirm("Solo practice (the therapist is paid)", default=False),
        place_of_service=known.place_of_service or _optional("Place of service where the record does not say", "11"),
        write_as=known.write_as or _ask_write_as(kind),
    )


def _ask_write_as(kind: str) -> str:
    click.echo("Claims are written as active, or as draft, which waits for `massage-billing approve`.")
    click.echo("Choose draft if something on the EHR sends active Claims by itself.")
    default = "draft" if kind == "openemr" else "active"
    answer: str = click.prompt("Write Claims as", type=click.Choice(["active", "draft"]), default=default)
    return answer


def _optional(question: str, default: str = "") -> str | None:
    return click.prompt(question, default=default, show_default=bool(default)) or None


def write_settings(folder: Path, answers: Answers) -> None:
    """Write the three files; all is checked before the first is written."""
    from massage_billing.cli.templates import FEES, PAYERS, settings_text

    text = settings_text(answers)
    _check(text, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(_FILES, (text, PAYERS, FEES), strict=True):
        with (folder / name).open("x", encoding="utf-8", newline="\n") as file:
            file.write(content)


def _check(text: str, folder: Path) -> None:
    """Refuse answers that would make a settings file that cannot be read again."""
    import tempfile

    from massage_billing.errors import SettingsError
    from massage_billing.settings import load_settings

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / _FILES[0]
        file.write_text(text, encoding="utf-8")
        try:
            load_settings(file)
        except SettingsError as error:
            what = "\n".join(line.split(": ", 1)[-1] for line in error.what.splitlines())
            raise SettingsError(f"Nothing was written to {folder}: {what}", "Give other answers.") from None
