"""The file of a backup: a tar archive, packed, with its manifest first. Nothing of it is believed before it is checked.

It holds patients' data: only its owner may read it, and what is unpacked for a moment lies beside it or in the state
folder, never in the machine's temporary folder.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from massage_billing.backup.manifest import LARGEST, NAME, Manifest, Member
from massage_billing.errors import InputError

_CHUNK: Final = 1 << 20
_DAMAGED: Final = "Take another backup: this one is cut off or was changed."


def member_of(file: Path) -> Member:
    """Size and digest of a file."""
    digest = hashlib.sha256()
    size = 0
    with file.open("rb") as read:
        while piece := read.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
    return Member(size, digest.hexdigest())


def pack(to: Path, manifest: Manifest, files: Mapping[str, Path], *, force: bool = False) -> None:
    """Write the archive whole or not at all, for its owner only. InputError where the file is there already."""
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as tar:
                text = manifest.write()
                tar.addfile(_header(NAME, len(text), manifest), io.BytesIO(text))
                for name in sorted(files, key=lambda one: (one.startswith("state/"), one)):
                    with files[name].open("rb") as read:
                        tar.addfile(_header(name, manifest.members[name].size, manifest), read)
            raw.flush()
            os.fsync(raw.fileno())
        if force:
            part.replace(to)
        else:
            os.link(part, to)
    except FileExistsError:
        raise InputError(f"{to}: is there already.", "Name another file, or give --force.") from None
    except (OSError, tarfile.TarError) as error:
        why = getattr(error, "strerror", None) or "it changed meanwhile"
        raise InputError(f"{to}: cannot be written ({why}).", "Name a file in a folder that you may write.") from None
    finally:
        with suppress(OSError):
            part.unlink()


def _header(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, 0o600, int(manifest.made.timestamp())
    return header


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, mode="r|gz") as tar:
            yield tar
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as a backup ({type(error).__name__}).", _DAMAGED) from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or type(error).__name__}).", _DAMAGED) from None


def unpack(file: Path, into: Path | None) -> Manifest:
    """Check an archive, and write what it holds into a folder that is there and empty (None: only check).

    InputError where anything is not as its manifest says: more files, fewer, others, links, names that lead elsewhere.
    """
    with _opened(file) as tar:
        manifest = _manifest(file, tar)
        left = dict(manifest.members)
        while (entry := tar.next()) is not None:
            wanted = left.pop(entry.name, None)
            content = tar.extractfile(entry) if entry.isreg() else None
            if wanted is None or content is None or entry.size != wanted.size:
                raise InputError(f"{file}: holds a file that its manifest does not name so.", _DAMAGED)
            if _copy(content, None if into is None else into / entry.name) != wanted.sha256:
                raise InputError(f"{file}: {entry.name} is not what was backed up.", _DAMAGED)
        if left:
            raise InputError(f"{file}: lacks {min(left)}.", _DAMAGED)
    return manifest


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    content = None if first is None or first.name != NAME or not first.isreg() else tar.extractfile(first)
    if first is None or content is None or first.size > LARGEST:
        raise InputError(f"{file}: is no backup of massage-billing.", "Name another file.")
    return Manifest.read(content.read())


def _copy(content: IO[bytes], to: Path | None) -> str:
    """Digest of what is read; also written where a place is named, whose name was checked before."""
    digest = hashlib.sha256()
    if to is not None:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.devnull if to is None else to, "wb", opener=_private) as write:
        while piece := content.read(_CHUNK):
            digest.update(piece)
            write.write(piece)
        if to is not None:
            write.flush()
            os.fsync(write.fileno())
    return digest.hexdigest()


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
