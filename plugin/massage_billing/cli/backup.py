"""``massage-billing backup``: everything that is remembered, in one file, while the program works."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell


@click.command(name="backup")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--check", is_flag=True, help="Only check a backup that is there.")
@shell.settings_option
@shell.json_option
def command(file: Path, force: bool, check: bool, settings_file: Path | None, as_json: bool) -> None:
    """Keep everything that is remembered in one file.

    Runs and `serve` may go on meanwhile. The file holds the store (SQLite, or PostgreSQL by pg_dump), imported releases
    and what batch channels received: patient data, so only its owner may read it. Settings and secrets are not in it.
    It is read once more and compared after it was written.
    """
    from massage_billing.wiring.backing_up import back_up, check_backup

    if check:
        manifest, told = check_backup(file), "is whole"
    else:
        manifest, told = back_up(shell.load(settings_file), file, force=force), "was written and checked"
    size = sum(one.size for one in manifest.members.values())
    if as_json:
        shell.print_json(
            {
                "file": str(file),
                "made": manifest.made.isoformat(),
                "version": manifest.version,
                "revision": manifest.revision,
                "store": manifest.store,
                "bytes": size,
            }
        )
    else:
        click.echo(f"{file} {told}: {manifest.store} of version {manifest.version} (store {manifest.revision}),")
        click.echo(f"made {manifest.made:%Y-%m-%d %H:%M} UTC, {size:,} bytes unpacked.")
