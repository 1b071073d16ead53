"""A clinic's EHR, and a workbench whose people log in there."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from access.bench import Bench, make_bench
from access.ehr import Ehr
from massage_billing.access.roles import LoginHost
from massage_billing.model.desk import Role
from massage_billing.web_settings import LoginSettings, WorkerSettings


@pytest.fixture
def ehr(httpserver: HTTPServer) -> Ehr:
    """The clinic's EHR."""
    return Ehr(httpserver)


@pytest.fixture
def bench(ehr: Ehr) -> Bench:
    """Practitioner/3 is its biller."""
    login = LoginSettings(client_id="workbench", people={"Practitioner/3": WorkerSettings(role=Role.BILLER)})
    return make_bench({"main": LoginHost("main", ehr.base, login)})
