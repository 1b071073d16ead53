"""``massage-billing credentials import``: take a table that was exported elsewhere into credentials.csv."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.clinic_credentials_import import Change, Merged, Taken
    from massage_billing.model import Credential
    from massage_billing.settings import Settings

SCHEMA: Final = "credentials-import/1"
_KINDS: Final = ("licence", "liability", "enrolment", "attestation")
_COLOURS: Final = {"new": "green", "changed": "yellow", "removed": "red"}


@click.command(name="import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--kind", type=click.Choice(_KINDS), help="Of every row, where FILE has no such column.")
@click.option("--payer", metavar="KEY", help="Of every enrolment, where FILE has no such column: a payer's roster.")
@click.option(
    "--replace",
    "whole",
    is_flag=True,
    help="FILE is everything, of --kind and --payer where given: rows that it does not have go.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
@shell.settings_option
@shell.json_option
def command(
    file: Path,
    kind: str | None,
    payer: str | None,
    whole: bool,
    dry_run: bool,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Take a table that was exported elsewhere into credentials.csv.

    FILE is CSV, of a spreadsheet, a payer's roster or CAQH; usual headings and words are understood, dates as
    2026-01-31 or 01/31/2026. Names of people are never taken. A row for the same holder, payer, state, number and
    start takes the place of the one that is there; without a start, that of the only one that is there. With any
    mistake in it nothing is written.
    """
    from massage_billing.clinic_credentials_import import Whole, merge, take, write_credentials
    from massage_billing.model import CredentialKind

    settings = shell.load(settings_file)
    target = _target(settings)
    old = _now(settings, target)
    of_kind = CredentialKind(kind) if kind else None
    taken = take(file, of_kind, payer)
    _refuse_unknown_payers(settings, taken)
    merged = merge(old, taken.credentials, Whole(of_kind, payer) if whole else None)
    if merged.changes and not dry_run:
        write_credentials(target, merged.credentials)
    if as_json:
        shell.print_json(_plain(target, taken, merged, dry_run))
    else:
        _show(target, taken, merged, dry_run)
        if settings.clinic.credentials is None:
            click.echo(f"Add to the settings, under clinic: credentials: {target.name}")


def _target(settings: Settings) -> Path:
    """The file to write. SettingsError where the clinic keeps YAML, which would be written without its comments."""
    from massage_billing.cli.credentials_settings import FILE_NAME
    from massage_billing.clinic_credentials import YAML_SUFFIXES
    from massage_billing.errors import SettingsError

    named = settings.clinic.credentials
    if named is None:
        return (settings.source.parent if settings.source else Path()) / FILE_NAME
    if named.suffix.lower() in YAML_SUFFIXES:
        raise SettingsError(f"{named}: is YAML, which is kept by hand.", "Name a .csv as clinic.credentials.")
    return named


def _now(settings: Settings, target: Path) -> Sequence[Credential]:
    from massage_billing.clinic_credentials import load_credentials

    return load_credentials(target) if target.exists() else ()


def _refuse_unknown_payers(settings: Settings, taken: Taken) -> None:
    from massage_billing.clinic_payers import load_payers
    from massage_billing.errors import SettingsError

    if settings.clinic.payers is None:
        return
    known = {payer.key for payer in load_payers(settings.clinic.payers)}
    wrong = next((one for one in taken.credentials if one.payer and one.payer not in known), None)
    if wrong is not None:
        what = f"{wrong.source}: its payer is not in {settings.clinic.payers}."
        raise SettingsError(what, f"Write one of the keys {', '.join(sorted(known))}, or give --payer.")


def _plain(target: Path, taken: Taken, merged: Merged, dry_run: bool) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "file": str(target),
        "written": bool(merged.changes) and not dry_run,
        "rows": len(taken.credentials),
        "left_out": taken.left_out,
        "changes": [{"what": one.what, "now": _row(one.now), "was": _row(one.was)} for one in merged.changes],
    }


def _row(one: Credential | None) -> dict[str, str] | None:
    from massage_billing.clinic_credentials import as_row

    return None if one is None else as_row(one)


def _show(target: Path, taken: Taken, merged: Merged, dry_run: bool) -> None:
    from massage_billing.cli.tables import Cell, print_table

    rows: list[tuple[Cell, ...]] = [((one.what, _COLOURS[one.what]), *_texts(one)) for one in merged.changes]
    if rows:
        print_table(("", "kind", "whose", "of", "from", "to", "before"), rows, wrap=("before",))
    if taken.left_out:
        click.echo(f"Not taken: the columns {', '.join(taken.left_out)}.")
    unchanged = len(taken.credentials) - sum(one.now is not None for one in merged.changes)
    click.echo(f"{shell.counted(len(taken.credentials), 'row')} read, {unchanged:,} as they stand already.")
    if not merged.changes:
        click.echo(f"{target} stays as it is.")
    elif dry_run:
        click.echo("Nothing was written (--dry-run).")
    else:
        click.echo(f"Wrote {target}. Holds that are open are decided again by the next run.")


def _texts(change: Change) -> tuple[str, ...]:
    one = change.now or change.was
    assert one is not None  # noqa: S101  (a change is of something)
    of = " ".join(part for part in (one.payer, one.enrolled and one.enrolled.value, one.state, one.number) if part)
    before = change.was if change.now is not None else None
    return (one.kind.value, one.npi or one.holder or "", of, *_days(one), _before(before))


def _days(one: Credential) -> tuple[str, str]:
    return (one.start.isoformat() if one.start else "", one.end.isoformat() if one.end else "")


def _before(was: Credential | None) -> str:
    if was is None:
        return ""
    return " ".join(part for part in (was.enrolled and was.enrolled.value, was.number, "to", _days(was)[1]) if part)
