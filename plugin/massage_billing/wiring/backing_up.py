"""Backup and restore: settings in, one file out, and back."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from massage_billing import __version__
from massage_billing.backup import archive
from massage_billing.backup.copies import Copies
from massage_billing.backup.manifest import FOLDERS, Manifest, is_ours
from massage_billing.errors import InputError, StoreError
from massage_billing.settings import Settings
from massage_billing.wiring.state import private_folder, store_url

_BY_TIME: Final = re.compile(r"massage-billing-\d{8}T\d{6}Z\.tar\.gz")


def copies_of(settings: Settings) -> Copies:
    """The copies of the store that the settings name. Raises StoreError."""
    from massage_billing.store.opening import target_of

    state = settings.state_folder()
    target = target_of(store_url(settings, state))
    if isinstance(target, Path):
        from massage_billing.backup.sqlite_copy import SqliteCopies

        return SqliteCopies(target)
    from massage_billing.backup.postgresql_copy import PostgresqlCopies

    return PostgresqlCopies(target)


def back_up(settings: Settings, to: Path, *, force: bool = False) -> Manifest:
    """Everything that is remembered, in one file. Raises StoreError, InputError; then there is no file."""
    if to.exists() and not force:
        raise InputError(f"{to}: is there already.", "Name another file, or give --force.")
    copies, state = copies_of(settings), settings.state_folder()
    with _room(to.absolute().parent) as room:
        store = room / copies.name
        revision = copies.save(store)
        files = {copies.name: store, **_beside(state, room)}
        members = {name: archive.member_of(file) for name, file in files.items()}
        manifest = Manifest(datetime.now(UTC).replace(microsecond=0), __version__, revision, members)
        archive.pack(to, manifest, files, force=force)
    archive.unpack(to, None)  # what was written is read once more
    return manifest


def named_by_time(folder: Path) -> Path:
    """A file in a folder, called by the time: the newest sorts last."""
    return folder / f"massage-billing-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar.gz"


def keep_newest(folder: Path, number: int) -> None:
    """Delete all backups of a folder that are called by their time, but so many. InputError where that cannot be."""
    for old in sorted(one for one in folder.iterdir() if _BY_TIME.fullmatch(one.name))[:-number]:
        try:
            old.unlink()
        except OSError as error:
            raise InputError(f"{old}: cannot be deleted ({error.strerror}).", "Delete it by hand.") from None


def check_backup(file: Path) -> Manifest:
    """What a backup holds, each of its files compared with its digest. InputError where it is damaged."""
    return archive.unpack(file, None)


def restore(settings: Settings, file: Path) -> tuple[Manifest, str]:
    """Put back what a backup holds, in place of what is remembered; and where what was there before lies, or "".

    Raises InputError, StoreError: then the store is as it was.
    """
    copies, state = copies_of(settings), settings.state_folder()
    private_folder(state)
    with _room(state) as room:
        manifest = archive.unpack(file, room)
        if manifest.store != copies.name:
            raise StoreError(
                f"{file}: holds {manifest.store}, and the settings name another kind of database.",
                "Name the same kind in state.database_env, then restore.",
            )
        _check(manifest)
        kept = copies.put_back(room / copies.name)
        _put_beside(room / "state", state)
    _give_to_the_owner(state)
    return manifest, kept


def _check(manifest: Manifest) -> None:
    from massage_billing.backup.sqlite_copy import check_revision

    check_revision(manifest.revision)


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    """A folder for a while, for its owner only, beside what it is for: patients' data is in it."""
    try:
        room = Path(mkdtemp(prefix=".massage-billing-", dir=folder))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}).", "Name a folder that can.") from None
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _beside(state: Path, room: Path) -> Mapping[str, Path]:
    """Copies of the files of the state folder that cannot be made anew, by their names in the backup."""
    found = {}
    for folder in FOLDERS:
        for file in sorted((state / folder).rglob("*")):
            name = f"state/{file.relative_to(state).as_posix()}"
            if file.is_symlink() or not file.is_file() or not is_ours(name):
                continue
            copy = room / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(file, copy)
            except FileNotFoundError:
                continue  # it went meanwhile
            found[name] = copy
    return found


def _give_to_the_owner(state: Path) -> None:
    """Root restores for whoever the state folder belongs to: the service has to be able to open what was put back."""
    if os.geteuid() != 0:
        return
    owner = state.stat()
    for one in state.rglob("*"):
        if one.lstat().st_uid == 0:
            os.chown(one, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _put_beside(given: Path, state: Path) -> None:
    """Replace the folders that a backup has; what it lacks stays."""
    for folder in FOLDERS:
        if not (given / folder).is_dir():
            continue
        old = state / f"{folder}.{os.getpid()}.old"
        if (state / folder).exists():
            (state / folder).rename(old)
        (given / folder).rename(state / folder)
        shutil.rmtree(old, ignore_errors=True)
