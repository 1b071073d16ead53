"""Files that were sent and that the ledger does not know: what a lost store leaves in the folders of receivers.

Their claims were sent. They are remembered again from the manifests, whether the file still lies there or the client
took it, so that none goes out a second time and what is answered finds its claim. Where a file cannot be understood,
its claims wait for a person.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from massage_billing.errors import StoreError
from massage_billing.ports import Store
from massage_billing.ports.ledger import Batch, Ledger, Submission
from massage_billing.sending.files import SUFFIX
from massage_billing.sending.manifest import SUFFIX as MANIFEST
from massage_billing.sending.manifest import Manifest, keys_named, read_manifest
from massage_billing.x12.claims_837p_said import said_of_claims

_WAY_OUT = "`claims mark … sent` (or rejected) each claim of it that was, then move the file and its manifest away."


@dataclass(frozen=True, slots=True)
class Places:
    """Where it is looked, and who remembers."""

    host: str
    """Configured host id."""
    store: Store
    """What is remembered of visits."""
    ledger: Ledger
    """What is remembered of sent claims."""
    folders: Mapping[str, tuple[Path, ...]]
    """Receiver → where its files may lie."""


@dataclass(slots=True)
class Lost:
    """What the folders hold that the ledger does not know."""

    found: list[tuple[Batch, list[Submission]]] = field(default_factory=list)
    """Files that can be remembered again, with those of their claims that no later file carries; the newest first."""
    kept: dict[str, str] = field(default_factory=dict)
    """Claim key → why it is not sent: it stands in a file that cannot be remembered."""
    blocked: dict[str, str] = field(default_factory=dict)
    """Receiver → why nothing goes to it: a file lies there of which nobody can tell whose claims it carries."""


def recall(places: Places) -> tuple[str, ...]:
    """Look, and remember what is found; a sentence for each thing a person should know.

    A run begins with it: what it makes of a record that changed depends on what was sent.
    """
    lost = look(places)
    told = [f"{batch.file} was not remembered, and is again: its {batch.claims} claims were sent."
            for batch, _ in lost.found]  # fmt: skip
    remember(places, lost)
    kept = (f"Claims ({count}): each {why}" for why, count in sorted(Counter(lost.kept.values()).items()))
    return (*told, *kept, *lost.blocked.values())


def look(places: Places) -> Lost:
    """What is not known; reads manifests of such files only."""
    lost = Lost()
    there = [(number, name, paths) for name in places.folders for number, paths in _files(places, name).items()]
    if not there:
        return lost
    known = {one.number for one in places.ledger.batches(places.host)}
    carried: set[str] = set()
    for number, receiver, paths in sorted(there, key=lambda one: -one[0]):
        if number not in known:
            _look_at(places, receiver, paths, lost, carried)
    return lost


def remember(places: Places, lost: Lost) -> None:
    """Remember the files again. Each is one transaction: what a crash leaves is found the next time.

    A file whose number another host's file has by now is not remembered; its claims are kept.
    """
    for batch, claims in list(lost.found):
        places.store.sent(batch.host, [one.encounter for one in claims])
        try:
            known = bool(places.ledger.commit_batch(batch, claims))
            why = f"is in {batch.file}, which another export found at the same time."
        except StoreError:
            known, why = True, f"is in {batch.file}, whose number is another file's by now: {_WAY_OUT}"
        if known:
            lost.kept.update({one.key: why for one in claims})
            lost.found.remove((batch, claims))
            continue
        for one in claims:
            places.store.audit(batch.host, one.encounter, f"{one.key} is in {batch.file}, found again in its folder")
    if lost.found:
        places.ledger.next_batch(max(batch.number for batch, _ in lost.found) - 1)


def _files(places: Places, receiver: str) -> dict[int, list[Path]]:
    """Files and manifests of a receiver by number, wherever they lie."""
    named = re.compile(rf"837P-{re.escape(receiver)}-([0-9]{{9}})\.")
    found: dict[int, list[Path]] = {}
    for folder in places.folders[receiver]:
        for path in _listed(folder):
            if (name := named.match(path.name)) and path.name.endswith((SUFFIX, MANIFEST)):
                found.setdefault(int(name[1]), []).append(path)
    return found


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return


def _look_at(places: Places, receiver: str, paths: list[Path], lost: Lost, carried: set[str]) -> None:
    """One file that the ledger does not know."""
    name = paths[0].name.removesuffix(MANIFEST)
    manifests = [content for path in paths if path.name.endswith(MANIFEST) and (content := _read(path)) is not None]
    bodies = [content for path in paths if path.name.endswith(SUFFIX) and (content := _read(path)) is not None]
    told = next((one for content in manifests if (one := read_manifest(content)) is not None), None)
    if told is not None and told.host != places.host:
        return
    right = [body for body in bodies if told and hashlib.sha256(body).hexdigest() == told.sha256]
    if told is not None and (right or not bodies):
        _take(places, told, right[0] if right else b"", lost, carried)
        return
    keys = {key for content in manifests for key in keys_named(content)}
    keys |= {key for body in bodies for key in _controls(body)}
    why = f"is in {name}, which is not remembered and is not what its manifest says: {_WAY_OUT}"
    lost.kept.update({key: why for key in keys - carried})
    if not keys:
        what = f"{name} lies there, is not remembered, and says nothing of its claims: {_WAY_OUT}"
        lost.blocked[receiver] = what


def _take(places: Places, told: Manifest, body: bytes, lost: Lost, carried: set[str]) -> None:
    claims = told.as_submissions()
    known = places.ledger.submissions(told.host, [one.key for one in claims])
    mine = [one for one in claims if one.key not in known and one.key not in carried]
    carried.update(one.key for one in claims)
    lost.found.append((told.as_batch(body), mine))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _controls(body: bytes) -> tuple[str, ...]:
    """Control numbers of the claims of a file; none where it cannot be read."""
    try:
        return tuple(said_of_claims(body))
    except (UnicodeDecodeError, IndexError):
        return ()
