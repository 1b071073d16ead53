"""``massage-billing rules import``: load a release of CMS, NCHS or AMA, and say what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from massage_billing.cli import shell

if TYPE_CHECKING:
    from massage_billing.coding.rulebook import Rulebook
    from massage_billing.releases.importing import Imported
    from massage_billing.releases.model import Release
    from massage_billing.releases.shelf import Shelf
    from massage_billing.settings import Settings

SCHEMA = "rules-import/1"
_SHOWN = 12


@click.command(name="import")
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--from", "start", metavar="DATE", callback=shell.as_date, help="In force from; asked where no file says it."
)
@click.option("--dry-run", is_flag=True, help="Say what would change; keep nothing.")
@click.option("--list", "listing", is_flag=True, help="Show the releases that are loaded.")
@click.option("--remove", metavar="RELEASE", help="Take one release out again.")
@shell.settings_option
@shell.json_option
def command(
    files: tuple[Path, ...],
    start: Date | None,
    dry_run: bool,
    listing: bool,
    remove: str | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Load a release that was downloaded, and say what it changes for the codes the clinic bills.

    FILE is what CMS or NCHS lets you download, zip or text: NCCI PTP edits (all parts together), the MUE table, the
    fee schedule's relative value file, the therapy code list, ICD-10-CM; or the descriptors of the AMA, under your
    licence. What it is, is seen from its content. A file with any mistake is refused whole. Older releases are kept for
    older dates of service.
    """
    if sum((bool(files), listing, remove is not None)) != 1:
        raise click.UsageError("Give files to load, or --list, or --remove RELEASE.")
    from massage_billing.releases.shelf import Shelf, folder_of

    settings = _settings(settings_file)
    shelf = Shelf(folder_of(settings.state_folder()))
    if listing:
        _list(shelf.releases(), as_json)
    elif remove is not None:
        _remove(shelf, remove, as_json)
    else:
        _import(files, start, dry_run, settings, shelf, as_json)


def _settings(file: Path | None) -> Settings:
    """The clinic's settings; where there are none, those of a clinic that has set nothing."""
    from massage_billing.settings import Settings, find_settings, load_settings

    found = find_settings(file)
    return load_settings(found) if found is not None else Settings()


def _import(
    files: tuple[Path, ...], start: Date | None, dry_run: bool, settings: Settings, shelf: Shelf, as_json: bool
) -> None:
    from massage_billing.releases.importing import Request, import_files
    from massage_billing.wiring import private_folder

    if not dry_run:
        private_folder(settings.state_folder())
    codes = _codes(settings)
    request = Request(files, Date.today(), start, codes, dry_run)
    with shell.progress("rules import"):
        done = import_files(request, shelf, lambda: _book(shelf, settings.rules.own_policies))
    if as_json:
        shell.print_json({"schema": SCHEMA, "dry_run": dry_run, "codes": codes, "releases": [_plain(o) for o in done]})
        return
    for one in done:
        _show(one, dry_run, codes)
    if dry_run:
        click.echo("Nothing was kept (--dry-run).")
    elif any(one.state != "unchanged" for one in done):
        click.echo("Holds that are open are decided again by the next run.")


def _book(shelf: Shelf, own_policies: Path | None) -> Rulebook:
    """The rulebook so far; the one that ships where the clinic's is damaged, so that releases can be loaded again."""
    from massage_billing.errors import RuleFileError
    from massage_billing.rulebook.files import load_rulebook

    try:
        return load_rulebook(own_policies=own_policies, releases=shelf.folder)
    except RuleFileError as error:
        click.echo(f"Warning: {error.what} It is compared with the rules that ship.", err=True)
        return load_rulebook()


def _codes(settings: Settings) -> frozenset[str]:
    """Codes the clinic bills: of its fee schedule and its latest Claims; without either, all that are known."""
    from massage_billing.clinic_files import load_fees
    from massage_billing.errors import StoreError
    from massage_billing.rulebook.files import load_rulebook
    from massage_billing.wiring import billed_codes

    found: set[str] = set()
    if settings.clinic.fees is not None:
        found |= {fee.code for fee in load_fees(settings.clinic.fees)}
    try:
        found |= billed_codes(settings)
    except StoreError as error:
        click.echo(f"Warning: past visits are not looked at. {error.what}", err=True)
    return frozenset(found or load_rulebook().undated().codes)


def _plain(one: Imported) -> dict[str, object]:
    return {
        **_described(one.release), "state": one.state, "compared_with": one.compared_with or None,
        "warnings": one.warnings,
        "changes": [
            {"code": c.code, "what": c.what, "pair": c.other or None, "was": c.was or None, "now": c.now or None}
            for c in one.changes
        ],
    }  # fmt: skip


def _described(release: Release) -> dict[str, object]:
    from massage_billing.releases.formats import KINDS

    known = KINDS.get(release.kind)
    return {
        "release": release.id, "kind": release.kind, "rule": (known.rule or None) if known else None,
        "version": release.version or None, "from": release.start, "known_through": release.through,
        "rows": release.rows, "kept": release.kept, "files": release.files, "imported": release.imported,
    }  # fmt: skip


def _show(one: Imported, dry_run: bool, codes: frozenset[str]) -> None:
    from massage_billing.releases.importing import kind_title

    release = one.release
    version = f" {release.version}" if release.version else ""
    click.secho(f"{kind_title(release)}{version}, in force from {release.start}", bold=True)
    if one.state == "unchanged":
        click.echo(f"  {release.id} is loaded already; nothing changed.\n")
        return
    told = {"new": "is new", "replaced": "takes the place of the one loaded before"}[one.state]
    click.echo(f"  {release.id} {'would be loaded' if dry_run else told}, known through {release.through}.")
    rows = shell.counted(release.rows, "row")
    click.echo(f"  {rows} read, {release.kept:,} kept: those of codes that the rulebook knows.")
    for warning in one.warnings:
        click.echo(click.style("  Warning: ", fg="yellow") + warning)
    if one.compared_with:
        _show_changes(one, codes)
    elif one.changes:
        click.echo("  There is no earlier release to compare with.")
    click.echo("")


def _show_changes(one: Imported, codes: frozenset[str]) -> None:
    """What changes, by code; the first few of each, those between two codes that are billed before the others."""
    click.echo(f"  Against what held from {one.compared_with}:")
    by_code: dict[str, list[str]] = {}
    for change in sorted(one.changes, key=lambda one: not codes.issuperset(filter(None, one.other.split("/")))):
        by_code.setdefault(change.code, []).append(change.text)
    if not by_code:
        click.echo("    nothing changes for the codes you bill.")
    for code, texts in sorted(by_code.items()):
        more = [f"and {len(texts) - _SHOWN} more (--json shows all)"] if len(texts) > _SHOWN else []
        for place, text in enumerate([*texts[:_SHOWN], *more]):
            click.echo(f"    {code if not place else '':<7}{text}")


def _list(releases: Sequence[Release], as_json: bool) -> None:
    if as_json:
        shell.print_json({"schema": SCHEMA, "releases": [_described(release) for release in releases]})
        return
    if not releases:
        click.echo("No release is loaded; the rules that ship are used.")
        return
    from massage_billing.cli.tables import print_table

    columns = ("release", "version", "from", "known through", "rows", "kept", "loaded", "files")
    print_table(columns, _rows(releases), right=("rows", "kept"), wrap=("files",))
    from massage_billing.rulebook.files import load_rulebook

    known = frozenset(load_rulebook().undated().codes)
    for release in releases:
        if release.lacks(known):
            click.echo(f"{release.id}: load it again; the rulebook has come to know {', '.join(release.lacks(known))}.")


def _rows(releases: Iterable[Release]) -> Iterable[Sequence[str]]:
    for one in releases:
        files = ", ".join(f"{file.name} (SHA-256 {file.sha256[:12]}…)" for file in one.files)
        dates = (one.start.isoformat(), one.through.isoformat(), f"{one.rows:,}", f"{one.kept:,}")
        yield (one.id, one.version, *dates, one.imported.isoformat() if one.imported else "", files)


def _remove(shelf: Shelf, release: str, as_json: bool) -> None:
    from massage_billing.releases.importing import remove

    gone = remove(shelf, release)
    if as_json:
        removed: Mapping[str, object] = _described(gone)
        shell.print_json({"schema": SCHEMA, "removed": removed})
    else:
        click.echo(f"{gone.id} is taken out. Holds that are open are decided again by the next run.")
