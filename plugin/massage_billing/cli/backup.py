"""``massage-billing backup``: everything that is remembered, in one file, while the program works."""

from __future__ import annotations

from pathlib import Path

import click

from massage_billing.cli import shell


@click.command(name="backup")
@click.argument("file", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option(
    "--keep", type=click.IntRange(1, 10_000), metavar="NUMBER", help="Of a folder: delete all but the newest."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--check", is_flag=True, help="Only check a backup that is there.")
@shell.settings_option
@shell.json_option
def command(file: Path, keep: int | None, force: bool, check: bool, settings_file: Path | None, as_json: bool) -> None:
    """Keep everything that is remembered in one file.

    Runs and `serve` may go on meanwhile. The file holds the store (SQLite, or PostgreSQL by pg_dump), imported releases
    and what batch channels received: patient data, so only its owner may read it. Settings and secrets are not in it.
    It is read once more and compared after it was written. In a FOLDER it is called by the time it was made.
    """
    from massage_billing.wiring.backing_up import back_up, check_backup, keep_newest, named_by_time

    folder = file if file.is_dir() else None
    if folder is None and keep is not None:
        raise click.UsageError("--keep goes with a folder that is there.")
    if folder is not None:
        if check:
            raise click.UsageError("Name the file to check, not its folder.")
        file = named_by_time(folder)
    if check:
        manifest, told = check_backup(file), "is whole"
    else:
        manifest, told = back_up(shell.load(settings_file), file, force=force), "was written and checked"
        if folder is not None and keep is not None:
            keep_newest(folder, keep)
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
