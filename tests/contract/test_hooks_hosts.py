"""Hosts that an EHR's hooks ask, and that tell of news: the one in memory, our mini server, real HAPI."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from contract.booking_contract import BookingContract
from contract.subscribing_contract import SubscribingContract
from contract.test_fhir_server import SETTINGS, HttpRig, MiniRig, dangling
from contract.test_memory_host import MemoryRig
from hosts.mini_fhir import MiniFhir
from massage_billing.hosts.fhir_server import FhirServer
from massage_billing.hosts.memory import MemoryHost


class TestMemoryBooking(BookingContract):
    @pytest.fixture
    def rig(self) -> MemoryRig:
        return MemoryRig()


class TestMiniBooking(BookingContract):
    @pytest.fixture(params=["plain", "not by patient"])
    def rig(self, request: pytest.FixtureRequest, httpserver: HTTPServer) -> Iterator[MiniRig]:
        hidden = frozenset({"Appointment.patient"}) if request.param == "not by patient" else frozenset()
        rig = MiniRig(MiniFhir(httpserver, unsearchable=hidden))
        yield rig
        rig.host.close()


class TestHapiBooking(BookingContract):
    @pytest.fixture
    def rig(self, hapi: str) -> Iterator[HttpRig]:
        rig = HttpRig(hapi, dangling, SETTINGS)
        yield rig
        rig.host.close()


class TestMemorySubscribing(SubscribingContract):
    @pytest.fixture
    def told(self) -> MemoryHost:
        return MemoryHost("clinic")


class TestHapiSubscribing(SubscribingContract):
    @pytest.fixture
    def told(self, hapi: str) -> Iterator[FhirServer]:
        host = FhirServer("clinic", hapi, settings=SETTINGS)
        yield host
        host.close()


def test_a_server_without_subscriptions_says_so(httpserver: HTTPServer) -> None:
    from contract.subscribing_contract import WANTED
    from massage_billing.errors import HostError

    with FhirServer("clinic", MiniFhir(httpserver).base, settings=SETTINGS) as host:
        assert not host.can_subscribe()
        with pytest.raises(HostError, match="takes no Subscriptions"):
            host.subscribe(WANTED)
