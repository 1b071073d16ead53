"""A batch folder keeps the contract; a clearinghouse empties and fills it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from contract.payer_contract import ANSWERS, LaterContract, Mood, PayerContract, TryLaterContract
from massage_billing.model import Question
from payers.batch_folder import Clearinghouse


class FolderRig:
    def __init__(self, folder: Path) -> None:
        self.house = Clearinghouse(folder)
        self.channel = self.house.channel()

    def will(self, asked: Question, mood: Mood) -> None:
        self.house.moods[asked.trace] = mood

    def answer(self) -> None:
        self.house.fetch()
        self.house.answer()

    def received(self) -> list[str]:
        self.house.fetch()
        return list(self.house.got)

    def outside(self) -> str:
        self.house.fetch()
        return "\n".join(self.house.names)


class TestX12Folder(LaterContract, TryLaterContract, PayerContract):
    moods: ClassVar[frozenset[Mood]] = ANSWERS | {Mood.REJECTED}

    @pytest.fixture
    def rig(self, tmp_path: Path) -> FolderRig:
        return FolderRig(tmp_path)
