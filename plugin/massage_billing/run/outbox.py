"""Commit plans, write them to the host, confirm what arrived. What the host refuses stays for the next run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from massage_billing.errors import HostConflict, HostError
from massage_billing.fhir.tasks import digest_of
from massage_billing.ports import Capabilities, Operation, VisitRow, WriteGroup, WriteResult, Written
from massage_billing.run.batch import Planned
from massage_billing.run.report import Tally
from massage_billing.run.setup import Setup

FLUSH = 200
"""Groups taken from the store at a time."""


class Outbox:
    """Writes what was decided, each thing once."""

    def __init__(self, setup: Setup, capabilities: Capabilities, tally: Tally) -> None:
        self.setup, self.capabilities, self.tally = setup, capabilities, tally
        self.host, self.store = setup.host, setup.store

    def commit_and_write(self, planned: Sequence[Planned]) -> set[str]:
        """Remember decisions in one transaction, then write; Encounter ids that have to be read again."""
        entries = [one.entry for one in planned if one.news]
        given_back = self.store.commit(entries) if entries else set()
        entries = [entry for entry in entries if entry.row.encounter not in given_back]
        groups = [entry.group for entry in entries if entry.group]
        rows = {entry.row.encounter: entry.row for entry in entries if entry.group}
        return self._write(groups, rows) | given_back

    def left(self) -> Iterator[list[WriteGroup]]:
        """What earlier runs decided and did not write, some at a time, each group once."""
        seen: set[str] = set()
        while True:
            waiting = [row.group for row in self.store.pending(self.host.id, FLUSH + len(seen))]
            groups = [group for group in waiting if group.key not in seen]
            if not groups:
                return
            seen.update(group.key for group in groups)
            yield groups

    def write_as_decided(self, groups: Sequence[WriteGroup]) -> set[str]:
        """Write groups of the store as they are; Encounter ids that have to be read again."""
        return self._write(groups, self.store.known(self.host.id, [group.encounter for group in groups]))

    def _write(self, groups: Sequence[WriteGroup], rows: dict[str, VisitRow]) -> set[str]:
        groups = [group for group in groups if self._writable(group)]
        if not groups:
            return set()
        by_key = {group.key: group for group in groups}
        again: set[str] = set()
        results: list[WriteResult] = []
        confirmed: list[VisitRow] = []
        for result in self._in_order(groups):
            group = by_key[result.key]
            row = rows.get(group.encounter)
            if result.problem is not None:
                if isinstance(result.problem, HostConflict):
                    again.add(group.encounter)
                else:
                    self._failed(group, result.problem)
            elif row is None or not _as_wanted(group, result.written, row):
                again.add(group.encounter)
            else:
                results.append(result)
                confirmed.append(_confirmed(row, group, result.written))
        if results:
            self.store.confirm(self.host.id, results, confirmed)
        if not self.capabilities.keys_unique:
            again |= self._doubled(by_key, results)
        return again

    def _in_order(self, groups: Sequence[WriteGroup]) -> Iterator[WriteResult]:
        """Write groups, each after those it comes after; one whose predecessor was not written stays in the outbox."""
        waiting, written = list(groups), set[str]()
        here = {group.key for group in groups}
        while waiting:
            ready = [group for group in waiting if written.issuperset(here.intersection(group.after))]
            if not ready:
                return
            tried = {group.key for group in ready}
            waiting = [group for group in waiting if group.key not in tried]
            for result in self.host.write(ready):
                if result.problem is None:
                    written.add(result.key)
                yield result

    def _writable(self, group: WriteGroup) -> bool:
        """Whether the host can take every resource of the group; else it waits in the outbox as a draft."""
        missing = sorted({write.type for write in group.writes} - self.capabilities.writable)
        if missing:
            self.tally.problem(
                f"This host cannot take {', '.join(missing)}: what was decided is kept in the outbox as drafts."
            )
        return not missing

    def _failed(self, group: WriteGroup, problem: HostError) -> None:
        self.store.failed(self.host.id, group.key, problem.what)
        self.tally.problem(f"Encounter/{group.encounter}: {problem} It stays in the outbox.")

    def _doubled(self, groups: dict[str, WriteGroup], results: Sequence[WriteResult]) -> set[str]:
        """Visits of which the host let in a second Claim or Task in spite of the condition (HOSTS.md, hazard 2)."""
        keys: dict[str, str] = {}
        kinds: set[str] = set()
        for result in results:
            for write in groups[result.key].writes:
                if write.operation is Operation.CREATE and write.type in ("Claim", "Task"):
                    keys[write.match.rpartition("|")[2]] = groups[result.key].encounter
                    kinds.add(write.type)
        again: set[str] = set()
        for kind in sorted(kinds):
            seen: set[str] = set()
            for resource in self.host.find(kind, sorted(keys)):
                if resource.get("status") in ("entered-in-error", "cancelled"):
                    continue
                for key in _keys_of(resource) & keys.keys():
                    if key in seen:
                        again.add(keys[key])
                    seen.add(key)
        return again


def approves(group: WriteGroup) -> bool:
    """Whether a group makes a Claim active where it stands: a draft that a person let go may be waiting in it."""
    updates = [one for one in group.writes if one.type == "Claim" and one.operation is Operation.UPDATE]
    claims: list[object] = [json.loads(one.body) for one in updates]
    return any(isinstance(claim, dict) and claim.get("status") == "active" for claim in claims)


def _keys_of(resource: object) -> set[str]:
    identifiers = resource.get("identifier") if isinstance(resource, dict) else None
    listed = identifiers if isinstance(identifiers, list) else []
    return {str(entry.get("value")) for entry in listed if isinstance(entry, dict)}


def _as_wanted(group: WriteGroup, written: Sequence[Written], row: VisitRow) -> bool:
    """Whether what stands on the host is what was decided; a match of something else is read again."""
    for write, done in zip(group.writes, written, strict=True):
        if done.created or done.existing is None or write.type == "Provenance":
            continue
        if write.type == "Claim" and (
            digest_of(done.existing) != row.digest or done.existing.get("status") not in ("active", "draft")
        ):
            return False
        if write.type == "Task" and not _same_task(write.body, done):
            return False
    return True


def _same_task(body: bytes, done: Written) -> bool:
    return (
        done.existing is not None
        and digest_of(done.existing).encode() in body
        and (done.existing.get("status") not in ("completed", "cancelled", "entered-in-error"))
    )


def _confirmed(row: VisitRow, group: WriteGroup, written: Sequence[Written]) -> VisitRow:
    """The row with where its resources now stand on the host; what was only withdrawn is not one of them."""
    stands: dict[str, str | None] = {}
    for write, done in zip(group.writes, written, strict=True):
        kind = done.reference.partition("/")[0].lower()
        known = getattr(row, kind)
        if write.operation is Operation.UPDATE and known is not None and done.reference != known:
            continue
        stands[kind], stands[f"{kind}_version"] = done.reference, done.version
    return replace(row, **stands)  # type: ignore[arg-type]
