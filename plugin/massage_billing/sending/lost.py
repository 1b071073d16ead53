"""Files that were sent and that the ledger does not know: what a lost store leaves in the folders of receivers.

Their claims were sent. They are remembered again from the manifests, whether the file still lies there or the client
took it, so that none goes out a second time and what is answered finds its claim. Where a file cannot be understood,
its claims wait for a person.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from massage_billing.errors import StoreError
from massage_billing.ports.ledger import Batch, Submission
from massage_billing.sending.files import SUFFIX
from massage_billing.sending.manifest import SUFFIX as MANIFEST
from massage_billing.sending.manifest import Manifest, keys_named, read_manifest
from massage_billing.sending.setup import ExportSetup, Target
from massage_billing.x12.claims_837p_said import said_of_claims

_WAY_OUT = "`claims mark … sent` (or rejected) each claim of it that was, then move the file and its manifest away."


@dataclass(slots=True)
class Lost:
    """What the folders hold that the ledger does not know."""

    found: list[tuple[Batch, list[Submission]]] = field(default_factory=list)
    """Files that can be remembered again, with those of their claims that no later file carries; the newest first."""
    kept: dict[str, str] = field(default_factory=dict)
    """Claim key → why it is not sent: it stands in a file that cannot be remembered."""
    blocked: dict[str, str] = field(default_factory=dict)
    """Receiver → why nothing goes to it: a file lies there of which nobody can tell whose claims it carries."""


def look(setup: ExportSetup) -> Lost:
    """What is not known; reads manifests of such files only."""
    lost = Lost()
    there = [(number, target, paths) for target in setup.targets.values() for number, paths in _files(target).items()]
    if not there:
        return lost
    known = {one.number for one in setup.ledger.batches(setup.host.id)}
    carried: set[str] = set()
    for number, target, paths in sorted(there, key=lambda one: -one[0]):
        if number not in known:
            _look_at(setup, target, paths, lost, carried)
    return lost


def remember(setup: ExportSetup, lost: Lost) -> None:
    """Remember the files again. Each is one transaction: what a crash leaves is found the next time.

    A file whose number another host's file has by now is not remembered; its claims are kept.
    """
    for batch, claims in list(lost.found):
        setup.store.sent(batch.host, [one.encounter for one in claims])
        try:
            known = bool(setup.ledger.commit_batch(batch, claims))
            why = f"is in {batch.file}, which another export found at the same time."
        except StoreError:
            known, why = True, f"is in {batch.file}, whose number is another file's by now: {_WAY_OUT}"
        if known:
            lost.kept.update({one.key: why for one in claims})
            lost.found.remove((batch, claims))
            continue
        for one in claims:
            setup.store.audit(batch.host, one.encounter, f"{one.key} is in {batch.file}, found again in its folder")
    if lost.found:
        setup.ledger.next_batch(max(batch.number for batch, _ in lost.found) - 1)


def _files(target: Target) -> dict[int, list[Path]]:
    """Files and manifests of a receiver by number, wherever they lie."""
    named = re.compile(rf"837P-{re.escape(target.name)}-([0-9]{{9}})\.")
    found: dict[int, list[Path]] = {}
    for folder in target.folders:
        for path in _listed(folder):
            if (name := named.match(path.name)) and path.name.endswith((SUFFIX, MANIFEST)):
                found.setdefault(int(name[1]), []).append(path)
    return found


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return


def _look_at(setup: ExportSetup, target: Target, paths: list[Path], lost: Lost, carried: set[str]) -> None:
    """One file that the ledger does not know."""
    name = paths[0].name.removesuffix(MANIFEST)
    manifests = [content for path in paths if path.name.endswith(MANIFEST) and (content := _read(path)) is not None]
    bodies = [content for path in paths if path.name.endswith(SUFFIX) and (content := _read(path)) is not None]
    told = next((one for content in manifests if (one := read_manifest(content)) is not None), None)
    if told is not None and told.host != setup.host.id:
        return
    right = [body for body in bodies if told and hashlib.sha256(body).hexdigest() == told.sha256]
    if told is not None and (right or not bodies):
        _take(setup, told, right[0] if right else b"", lost, carried)
        return
    keys = {key for content in manifests for key in keys_named(content)}
    keys |= {key for body in bodies for key in _controls(body)}
    why = f"is in {name}, which is not remembered and is not what its manifest says: {_WAY_OUT}"
    lost.kept.update({key: why for key in keys - carried})
    if not keys:
        what = f"{name} lies there, is not remembered, and says nothing of its claims: {_WAY_OUT}"
        lost.blocked[target.name] = what


def _take(setup: ExportSetup, told: Manifest, body: bytes, lost: Lost, carried: set[str]) -> None:
    claims = told.as_submissions()
    known = setup.ledger.submissions(told.host, [one.key for one in claims])
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
