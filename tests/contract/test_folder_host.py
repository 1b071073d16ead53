"""A folder of files keeps the contract of every host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from contract.host_contract import HostContract, first_run, later_run, task_group
from contract.schedule_contract import QuestionsContract
from massage_billing.hosts.folder import FolderHost
from massage_billing.ports import JsonObject


class FolderRig:
    """Every ``put`` is a further export, an NDJSON file of mixed types."""

    def __init__(self, path: Path) -> None:
        self.folder = path / "export"
        self.out = self.folder / "billing-out"
        self.folder.mkdir()
        self.host = FolderHost("clinic", self.folder, out=self.out, work=path / "work")

    def put(self, *resources: dict[str, Any]) -> None:
        number = len(list(self.folder.glob("*.ndjson")))
        lines = b"".join(orjson.dumps(resource) + b"\n" for resource in resources)
        (self.folder / f"{number:03}.ndjson").write_bytes(lines)

    def stored(self, type: str) -> list[JsonObject]:
        file = self.out / f"{type}.ndjson"
        lines = file.read_bytes().splitlines() if file.exists() else []
        return list({resource["id"]: resource for resource in map(orjson.loads, lines)}.values())

    def spoilt(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "resourceType": "Nonsense"}


class TestFolderHost(HostContract, QuestionsContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> FolderRig:
        return FolderRig(tmp_path)

    def test_our_claims_and_tasks_are_reported_so_that_a_persons_change_is_seen(self, writing: FolderRig) -> None:
        """Nobody but this program writes to the out folder: neither is news, and an unchanged folder stays quiet."""
        _, cursor = first_run(writing.host)
        assert all(result.problem is None for result in writing.host.write([task_group("e2")]))
        assert [(page.records, page.touched) for page in later_run(writing.host, cursor)] == [((), ())]
