"""A FHIR payer keeps the contract: answered at once, polled for, created and searched; sent as resource or packed."""

from __future__ import annotations

import pytest

from contract.payer_contract import LaterContract, OnlineContract
from massage_billing.payers.calls import Line
from massage_billing.payers.fhir.bodies import Packing
from massage_billing.payers.fhir_payer import FhirPayer, FhirPayerSettings
from payers.simulated_rigs import SimulatedRig
from servers.simulated_payer import Start


class TestSubmit(OnlineContract):
    @pytest.fixture(params=Packing, ids=str)
    def rig(self, request: pytest.FixtureRequest, start_payer: Start) -> SimulatedRig:
        payer, url = start_payer(usual="SYN-ACTIVE")
        settings = FhirPayerSettings("submit", request.param)
        return SimulatedRig(FhirPayer("fhir", Line(f"{url}/fhir", seconds=5), settings), payer)


class TestCreate(OnlineContract):
    @pytest.fixture
    def rig(self, start_payer: Start) -> SimulatedRig:
        payer, url = start_payer(usual="SYN-ACTIVE")
        return SimulatedRig(FhirPayer("fhir", Line(f"{url}/fhir/", seconds=5), FhirPayerSettings("create")), payer)


class TestPolled(LaterContract, OnlineContract):
    @pytest.fixture
    def rig(self, start_payer: Start) -> SimulatedRig:
        payer, url = start_payer(usual="SYN-ACTIVE", polls=1_000_000, poll_after=None)
        return SimulatedRig(FhirPayer("fhir", Line(f"{url}/fhir-async", seconds=5)), payer)


class TestCreatedAndAnsweredLater(LaterContract, OnlineContract):
    @pytest.fixture
    def rig(self, start_payer: Start) -> SimulatedRig:
        payer, url = start_payer(usual="SYN-ACTIVE", held=True)
        return SimulatedRig(FhirPayer("fhir", Line(f"{url}/fhir", seconds=5), FhirPayerSettings("create")), payer)
