"""Clearinghouses keep the contract, by either mapping that ships."""

from __future__ import annotations

import pytest

from contract.payer_contract import OnlineContract
from massage_billing.payers.calls import Line
from massage_billing.payers.clearinghouse.mapping import load
from massage_billing.payers.clearinghouse.request import digits9
from massage_billing.payers.clearinghouse_json import ClearinghouseJson, ClearinghouseSettings
from payers.simulated_rigs import SimulatedRig
from servers.simulated_payer import Start


class TestMedicalNetworkV3(OnlineContract):
    @pytest.fixture
    def rig(self, start_payer: Start) -> SimulatedRig:
        payer, url = start_payer(usual="SYN-ACTIVE")
        settings = ClearinghouseSettings(load("medical-network-v3"))
        channel = ClearinghouseJson("clearinghouse", Line(f"{url}/clearinghouse", seconds=5), settings)
        return SimulatedRig(channel, payer, lambda one: digits9(one.trace))


class TestStedi202606(OnlineContract):
    @pytest.fixture
    def rig(self, start_payer: Start) -> SimulatedRig:
        payer, url = start_payer(usual="SYN-ACTIVE")
        settings = ClearinghouseSettings(load("stedi-2026-06"))
        channel = ClearinghouseJson("clearinghouse", Line(f"{url}/clearinghouse/plans", seconds=5), settings)
        # This shape carries no number of ours: the payer knows a question by its member id.
        return SimulatedRig(channel, payer, lambda one: one.member_id)
