"""Writing groups to a FHIR server so that nothing is written twice and a bad group fails alone (DESIGN 16).

Where the server takes transactions, some groups go into each, with ``ifNoneExist`` and ``ifMatch``; both make it
harmless to repeat a bundle after a lost answer. A refused bundle is halved until the bad group stands alone. Elsewhere
the writes of a group go one by one in order, references among them replaced by what the host answered. The same key is
never twice in one bundle, nor under way twice at once: some servers would store both (HOSTS.md). 409 and 412 on creates
are retried (another program was faster, the next try finds its resource); on updates they are reported as HostConflict,
for what was decided rests on a version that is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import orjson

from massage_billing.errors import (
    HostAnswerUnreadable,
    HostBusy,
    HostConflict,
    HostError,
    HostFault,
    HostRefused,
    HostRejected,
    HostUnreachable,
    HostUntrusted,
)
from massage_billing.hosts.fhir_answers import Stored, read_transaction, version_of
from massage_billing.hosts.fhir_single import SingleWriter, condition
from massage_billing.hosts.fhir_source import FhirSettings, FhirSource
from massage_billing.net.http import HttpClient
from massage_billing.ports import Capabilities, JsonObject, Operation, Write, WriteGroup, WriteResult, Written

_HOPELESS: Final = 20
"""Groups refused alone, with none taken, after which the host itself is taken to be the trouble."""
_OF_THE_HOST: Final = (HostRefused, HostFault, HostAnswerUnreadable)
"""Errors that may be the host's own trouble as well as a group's."""
_HALVED_TRIES: Final = 2
"""Tries of a part of a bundle that was refused."""
_NO_TRANSACTION: Final = (404, 405, 501)
"""What servers answer to a transaction that do not know any."""


class GroupWriter:
    """Writes the groups of one call of ``Host.write``."""

    def __init__(
        self, client: HttpClient, source: FhirSource, capabilities: Capabilities, settings: FhirSettings
    ) -> None:
        self._client = client
        self._source = source
        self._settings = settings
        self._transactions = capabilities.transaction and capabilities.conditional_create
        self._single = SingleWriter(client, source, conditional=capabilities.conditional_create)
        self._counting = threading.Lock()
        self._taken = 0
        self._refused = 0
        self._down: HostError | None = None

    def write(self, groups: Sequence[WriteGroup]) -> Iterator[WriteResult]:
        """One result a group, as they come."""
        size = self._settings.bundle if self._transactions else 1
        waiting: Sequence[WriteGroup] = groups
        while waiting:
            wave, waiting, impossible = _wave(waiting)
            yield from impossible
            units = [wave[place : place + size] for place in range(0, len(wave), size)]
            for results in self._source.as_done(self._unit, units):
                yield from results

    def _unit(self, groups: Sequence[WriteGroup]) -> list[WriteResult]:
        """Results of one bundle's groups; never raises a HostError."""
        try:
            return self._bundle(groups, None)
        except HostError as problem:
            return _failed(groups, problem)

    # --- transactions -----------------------------------------------------------------------------------------------

    def _bundle(self, groups: Sequence[WriteGroup], attempts: int | None) -> list[WriteResult]:
        if self._down is not None:
            return _failed(groups, self._down)
        if not self._transactions:
            return [self._alone(group) for group in groups]
        try:
            results = self._results(groups, self._send(groups, attempts))
        except (HostUnreachable, HostBusy, HostUntrusted) as problem:
            self._down = problem
            return _failed(groups, problem)
        except HostError as problem:
            return self._refusal(groups, problem)
        with self._counting:
            self._taken += len(groups)
        return results

    def _refusal(self, groups: Sequence[WriteGroup], problem: HostError) -> list[WriteResult]:
        """Halve a refused bundle, down to the group that is refused alone."""
        if problem.status == 401:
            self._down = problem
            return _failed(groups, problem)
        if problem.status in _NO_TRANSACTION and not self._taken:
            self._transactions = False
            return [self._alone(group) for group in groups]
        if len(groups) > 1:
            half = len(groups) // 2
            return self._bundle(groups[:half], _HALVED_TRIES) + self._bundle(groups[half:], _HALVED_TRIES)
        if isinstance(problem, HostConflict):
            return [self._conflict(groups[0], problem)]
        with self._counting:
            self._refused += 1
            if isinstance(problem, _OF_THE_HOST) and not self._taken and self._refused >= _HOPELESS:
                self._down = problem
        return _failed(groups, problem)

    def _send(self, groups: Sequence[WriteGroup], attempts: int | None) -> list[Stored]:
        """Post one transaction; the answer has one entry a write."""
        writes = [write for group in groups for write in group.writes]
        entries = [_entry(write) for write in writes]
        return self._client.call(
            "POST",
            "",
            body=orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}),
            headers={"Content-Type": "application/fhir+json", "Prefer": "return=minimal"},
            repeatable=all(write.operation is Operation.UPDATE or bool(write.match) for write in writes),
            conflicts=_only_creates(groups),
            attempts=attempts,
            read=lambda answer: read_transaction(answer, writes),
        )

    def _results(self, groups: Sequence[WriteGroup], stored: Sequence[Stored]) -> list[WriteResult]:
        """Sort the answer's entries into groups; resources that were there already are fetched."""
        existing = self._existing(stored)
        results, place = [], 0
        for group in groups:
            mine = stored[place : place + len(group.writes)]
            place += len(group.writes)
            problem = next((one.problem for one in mine if one.problem is not None), None)
            gone = next((one for one in mine if not one.created and one.reference not in existing), None)
            if problem is None and gone is not None:
                problem = HostConflict(f"{gone.reference} matched, but is gone.", "The next run writes it anew.")
            written = () if problem else tuple(_written(one, existing) for one in mine)
            results.append(WriteResult(group.key, written, problem))
        return results

    def _existing(self, stored: Sequence[Stored]) -> dict[str, JsonObject]:
        """Resources that a condition matched, by reference."""
        by_type: dict[str, list[str]] = {}
        for one in stored:
            if not one.created and one.problem is None:
                kind, _, logical_id = one.reference.partition("/")
                by_type.setdefault(kind, []).append(logical_id)
        found: dict[str, JsonObject] = {
            f"{kind}/{resource.get('id')}": resource
            for kind, ids in by_type.items()
            for resource in self._source.by_id(kind, ids)
        }
        for kind, ids in by_type.items():  # a search index may lag behind; a read does not
            for reference in (f"{kind}/{one}" for one in ids if f"{kind}/{one}" not in found):
                if (resource := self._source.search.resource(reference)) is not None:
                    found[reference] = resource
        return found

    def _conflict(self, group: WriteGroup, problem: HostError) -> WriteResult:
        """One group alone met a 409 or 412.

        Creates: the retries are over, so the key may be there twice; one by one, each is found or made. Updates: the
        version is gone, unless it is not: HAPI answers 409 for both (HOSTS.md).
        """
        if _only_creates([group]):
            return self._alone(group)
        for write in group.writes:
            if write.operation is Operation.UPDATE and write.target:
                here = self._source.search.resource(write.target)
                if here is None or (write.if_match and version_of(here) != write.if_match):
                    return WriteResult(group.key, problem=problem)
        return self._alone(group)

    def _alone(self, group: WriteGroup) -> WriteResult:
        """One group, its writes one by one."""
        if self._down is not None:
            return WriteResult(group.key, problem=self._down)
        try:
            written = self._single.write(group.writes)
        except (HostUnreachable, HostBusy, HostUntrusted) as problem:
            self._down = problem
            return WriteResult(group.key, problem=problem)
        except HostError as problem:
            if problem.status == 401:
                self._down = problem
            return WriteResult(group.key, problem=problem)
        with self._counting:
            self._taken += 1
        return WriteResult(group.key, tuple(written))


def _written(one: Stored, existing: Mapping[str, JsonObject]) -> Written:
    there = None if one.created else existing[one.reference]
    return Written(one.reference, one.version or (version_of(there) if there else None), one.created, there)


def _failed(groups: Sequence[WriteGroup], problem: HostError) -> list[WriteResult]:
    return [WriteResult(group.key, problem=problem) for group in groups]


def _only_creates(groups: Sequence[WriteGroup]) -> bool:
    return all(write.operation is Operation.CREATE for group in groups for write in group.writes)


def _entry(write: Write) -> dict[str, object]:
    """A transaction's entry; the body goes in as it is, byte by byte."""
    request: dict[str, object]
    if write.operation is Operation.UPDATE:
        request = {"method": "PUT", "url": write.target}
        if write.if_match:
            request["ifMatch"] = f'W/"{write.if_match}"'
    else:
        request = {"method": "POST", "url": write.type}
        if write.match:
            request["ifNoneExist"] = condition(write.match)
    return {"fullUrl": write.full_url, "resource": orjson.Fragment(write.body), "request": request}


def _wave(
    groups: Sequence[WriteGroup],
) -> tuple[list[WriteGroup], list[WriteGroup], list[WriteResult]]:
    """Groups that may be under way together, those that have to wait for them, and those that cannot be written."""
    now, later, impossible = [], [], []
    taken: set[str] = set()
    for group in groups:
        keys = [write.target or f"{write.type}?{write.match}" for write in group.writes if write.target or write.match]
        if len(set(keys)) < len(keys):
            twice = HostRejected(
                f"Encounter/{group.encounter}: one group writes the same thing twice; it was not sent.",
                "Report this to the maintainers.",
            )
            impossible.append(WriteResult(group.key, problem=twice))
        elif taken.isdisjoint(keys):
            taken.update(keys)
            now.append(group)
        else:
            later.append(group)
    return now, later, impossible
