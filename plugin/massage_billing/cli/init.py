"""``massage-billing init``: writes the settings of a clinic, by asking."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from massage_billing.cli.answers import AUTHS, KINDS, MINUTES, WRITE_AS, Answers, as_coding, ask, defaults


def _prices(_context: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = tuple(one.partition("=") for one in value)
    if not all(code and amount for code, _, amount in pairs):
        raise click.BadParameter("write CODE=DOLLARS, like 97124=35.00.")
    return tuple((code, amount) for code, _, amount in pairs)


def _codings(_context: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(as_coding(one) for one in value)


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
@click.option("--minutes", multiple=True, type=click.Choice(MINUTES), help="Where minutes are; may be given again.")
@click.option(
    "--minutes-code",
    "minutes_codes",
    metavar="SYSTEM|CODE",
    multiple=True,
    callback=_codings,
    help="An Observation that is minutes; may be given again.",
)
@click.option("--payers", metavar="FILE", help="Your own payers.yaml, instead of a new one.")
@click.option("--fees", metavar="FILE", help="Your own fee schedule, instead of a new one.")
@click.option(
    "--price",
    "prices",
    metavar="CODE=DOLLARS",
    multiple=True,
    callback=_prices,
    help="A price of one unit in a new fee schedule; may be given again.",
)
@click.option("--write-as", type=click.Choice(WRITE_AS), help="draft: Claims wait for `approve`.")
@click.option("--yes", is_flag=True, help="Ask nothing; what no option says keeps its default or stays empty.")
def command(folder: Path, yes: bool, **given: object) -> None:
    """Write the settings of a clinic, by asking.

    Writes massage-billing.yaml, and payers.yaml and fees.csv where you have none yet; overwrites nothing. Then let
    `massage-billing doctor` check everything.
    """
    from massage_billing.errors import SettingsError

    answers = Answers(**given)  # type: ignore[arg-type]
    _refuse_existing(folder, answers)
    answers = defaults(answers) if yes else defaults(ask(answers))
    if answers.place is None:
        raise SettingsError("No host is named.", "Give --host: the FHIR base URL of the EHR, or a folder.")
    written = write_settings(folder, answers)
    click.echo(f"Wrote {', '.join(str(file) for file in written)}.")
    click.echo("Next: `massage-billing doctor` names what is missing.")


SETTINGS, PAYERS, FEES = "massage-billing.yaml", "payers.yaml", "fees.csv"


def _refuse_existing(folder: Path, answers: Answers) -> None:
    from massage_billing.errors import SettingsError

    new = [SETTINGS, *([] if answers.payers else [PAYERS]), *([] if answers.fees else [FEES])]
    there = [str(folder / file) for file in new if (folder / file).exists()]
    if there:
        raise SettingsError(
            f"{', '.join(there)} exist already.", "Edit them, use them (--payers, --fees), or name another --folder."
        )
    for file in (answers.payers, answers.fees):
        if file is not None and not Path(file).is_file():
            raise SettingsError(f"{file}: there is no such file.", "Correct the path.")


def write_settings(folder: Path, answers: Answers) -> list[Path]:
    """Write what is not there yet; all is read again by the program before the first file is written."""
    from massage_billing.cli.templates import fees_text, payers_text, settings_text

    texts = {} if answers.payers else {PAYERS: payers_text(answers)}
    texts |= {} if answers.fees else {FEES: fees_text(answers)}
    texts[SETTINGS] = settings_text(_seen_from(folder, answers))
    _check({**texts, SETTINGS: settings_text(answers)}, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in texts.items():
        with (folder / name).open("x", encoding="utf-8", newline="\n") as file:
            file.write(content)
    return [folder / name for name in texts]


def _seen_from(folder: Path, answers: Answers) -> Answers:
    """The same with paths as the settings file has to write them: relative to itself, unless they were absolute."""

    def seen(path: str | None) -> str | None:
        return path if path is None or os.path.isabs(path) else os.path.relpath(path, folder)

    return replace(
        answers,
        payers=seen(answers.payers),
        fees=seen(answers.fees),
        key_file=seen(answers.key_file),
        token_file=seen(answers.token_file),
        place=seen(answers.place) if answers.kind == "folder" else answers.place,
    )


def _check(texts: dict[str, str], folder: Path) -> None:
    """Refuse answers that would make files that cannot be read again."""
    import tempfile

    from massage_billing.clinic_files import load_fees
    from massage_billing.clinic_payers import load_payers
    from massage_billing.errors import SettingsError
    from massage_billing.settings import load_settings

    readers = {PAYERS: load_payers, FEES: load_fees, SETTINGS: load_settings}
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in texts.items():
            file = Path(scratch) / name
            file.write_text(text, encoding="utf-8")
            try:
                readers[name](file)
            except SettingsError as error:
                what = error.what.replace(f"{scratch}{os.sep}", "")
                raise SettingsError(f"Nothing was written to {folder}.\n{what}", "Give other answers.") from None
