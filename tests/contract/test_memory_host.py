"""The host in memory keeps the contract, and its faults come as ordered."""

from __future__ import annotations

from typing import Any

import pytest

from contract.host_contract import HostContract, claim_group, clinic, first_run
from contract.schedule_contract import QuestionsContract
from massage_billing.errors import HostBusy, HostUnreachable
from massage_billing.hosts.memory import MemoryHost
from massage_billing.ports import JsonObject


class MemoryRig:
    def __init__(self) -> None:
        self.host = MemoryHost("clinic")
        self.host.refuses = lambda resource: "spoilt" if resource.get("status") == "spoilt" else None

    def put(self, *resources: dict[str, Any]) -> None:
        for resource in resources:
            self.host.store.put(resource)

    def stored(self, type: str) -> list[JsonObject]:
        return self.host.store.all(type)

    def spoilt(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "status": "spoilt"}


class TestMemoryHost(HostContract, QuestionsContract):
    @pytest.fixture
    def rig(self) -> MemoryRig:
        return MemoryRig()

    def test_an_ordered_fault_ends_reading(self, rig: MemoryRig) -> None:
        rig.put(*clinic())
        rig.host.fail("changes", HostBusy("busy"))
        with pytest.raises(HostBusy):
            first_run(rig.host)
        assert first_run(rig.host)

    def test_a_lost_answer_leaves_what_was_written(self, rig: MemoryRig) -> None:
        rig.host.fail("write", HostUnreachable("gone"), done=True)
        (lost,) = rig.host.write([claim_group("e1")])
        assert isinstance(lost.problem, HostUnreachable)
        (found,) = rig.host.write([claim_group("e1")])
        assert not found.written[0].created
        assert len(rig.stored("Claim")) == 1

    def test_a_refused_write_leaves_nothing(self, rig: MemoryRig) -> None:
        rig.host.fail("write", HostUnreachable("gone"))
        list(rig.host.write([claim_group("e1")]))
        assert rig.stored("Claim") == []

    def test_nothing_new_is_nothing(self, rig: MemoryRig) -> None:
        rig.put(*clinic())
        _, cursor = first_run(rig.host)
        assert [page.touched for page in rig.host.changes(cursor, None)] == [(), ()]
