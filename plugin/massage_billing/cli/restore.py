"""``massage-billing restore``: put back what a backup holds."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell


@click.command(name="restore")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
@shell.settings_option
@shell.json_option
def command(file: Path, yes: bool, settings_file: Path | None, as_json: bool) -> None:
    """Put back what a backup holds.

    It takes the place of everything that is remembered. Refuses while a process uses the store, and where the backup is
    damaged or of a newer version: then nothing is changed. An SQLite store that was there is kept in a folder beside
    it; a PostgreSQL one is replaced in one transaction. Then `run`: what the EHR knows since is read again, and no
    claim is written twice.
    """
    from massage_billing.wiring.backing_up import check_backup, restore

    settings = shell.load(settings_file)
    found = check_backup(file)
    if not yes:
        made = f"{found.made:%Y-%m-%d %H:%M} UTC"
        click.confirm(f"Replace everything that is remembered by the backup of {made}?", abort=True, err=True)
    manifest, kept = restore(settings, file)
    if as_json:
        shell.print_json({"made": manifest.made.isoformat(), "revision": manifest.revision, "before": kept or None})
        return
    click.echo(f"Restored: what was remembered on {manifest.made:%Y-%m-%d %H:%M} UTC.")
    if kept:
        click.echo(f"What was there before lies in {kept}; delete it once all is well: it holds patient data.")
