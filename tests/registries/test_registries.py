"""The NPI registry over HTTP, the one that remembers, and the fake: one contract; then what only one of them does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from massage_billing.errors import HostAnswerUnreadable, RegistryError, SettingsError
from massage_billing.net.http import Answer, Limits
from massage_billing.ports.npi_registry import NpiRegistry, Registered
from massage_billing.registries.cached import CachedRegistry
from massage_billing.registries.memory import MemoryRegistry
from massage_billing.registries.nppes import Nppes, read_entry
from massage_billing.store.memory_asking import MemoryAsking
from registries.nppes_answers import answer_json, entry_json
from registries.registry_contract import CLINIC, ENTRIES, THERAPIST, UNKNOWN, RegistryContract

QUICK = Limits(connect=2.0, read=2.0, total=4.0, attempts=2, wait_initial=0.01, wait_max=0.01, wait_jitter=0.0)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def serve(server: HTTPServer) -> str:
    """A registry on the loopback that knows ENTRIES; its URL."""
    entries = {one.npi: entry_json(one) for one in ENTRIES}

    def answer(request: Request) -> Response:
        assert request.args["version"] == "2.1"
        found = entries.get(request.args["number"])
        return Response(orjson.dumps(answer_json(*([found] if found else []))), content_type="application/json")

    server.expect_request("/api/", method="GET").respond_with_handler(answer)
    return server.url_for("/api")


@pytest.fixture
def served(httpserver: HTTPServer) -> Iterator[Nppes]:
    registry = Nppes(serve(httpserver), limits=QUICK)
    yield registry
    registry.close()


class TestNppes(RegistryContract):
    """The real one, on the loopback."""

    @pytest.fixture
    def registry(self, served: Nppes) -> NpiRegistry:
        return served

    @pytest.fixture
    def down(self, httpserver: HTTPServer) -> NpiRegistry:
        httpserver.expect_request("/api/").respond_with_data("", status=503)
        return Nppes(httpserver.url_for("/api"), limits=QUICK)


class TestMemory(RegistryContract):
    """The fake."""

    @pytest.fixture
    def registry(self) -> NpiRegistry:
        return MemoryRegistry(ENTRIES)

    @pytest.fixture
    def down(self) -> NpiRegistry:
        return MemoryRegistry(ENTRIES, down=True)


def remembering(under: NpiRegistry, asking: MemoryAsking, now: datetime = NOW) -> CachedRegistry:
    return CachedRegistry(under, asking.kept, asking.keep, timedelta(days=30), lambda: now)


class TestCached(RegistryContract):
    """The one that remembers."""

    @pytest.fixture
    def registry(self) -> NpiRegistry:
        return remembering(MemoryRegistry(ENTRIES), MemoryAsking())

    @pytest.fixture
    def down(self) -> NpiRegistry:
        return remembering(MemoryRegistry(ENTRIES, down=True), MemoryAsking())


# --- remembering ----------------------------------------------------------------------------------------------------


def test_an_npi_is_asked_once_in_so_many_days() -> None:
    under, asking = MemoryRegistry(ENTRIES), MemoryAsking()
    for later in (0, 1, 29, 30):
        assert remembering(under, asking, NOW + timedelta(days=later)).look_up(THERAPIST.npi) == THERAPIST
    assert under.asked == [THERAPIST.npi]
    remembering(under, asking, NOW + timedelta(days=31)).look_up(THERAPIST.npi)
    assert under.asked == [THERAPIST.npi] * 2


def test_what_is_remembered_is_told_while_the_registry_is_down() -> None:
    asking = MemoryAsking()
    remembering(MemoryRegistry(ENTRIES), asking).look_up(CLINIC.npi)
    assert remembering(MemoryRegistry(down=True), asking).look_up(CLINIC.npi) == CLINIC


def test_that_an_npi_is_not_listed_is_not_remembered() -> None:
    under, asking = MemoryRegistry(), MemoryAsking()
    assert remembering(under, asking).look_up(UNKNOWN) is None
    under.entries[UNKNOWN] = replace(THERAPIST, npi=UNKNOWN)
    assert remembering(under, asking).look_up(UNKNOWN) is not None


@pytest.mark.parametrize("value", [b"", b"null", b"{}", b"[1]", orjson.dumps({"npi": "1"}), b"\xff"])
def test_what_cannot_be_read_back_is_asked_again(value: bytes) -> None:
    under, asking = MemoryRegistry(ENTRIES), MemoryAsking()
    asking.keep(f"npi-registry/1:{THERAPIST.npi}", value, NOW)
    assert remembering(under, asking).look_up(THERAPIST.npi) == THERAPIST
    assert under.asked == [THERAPIST.npi]


# --- over HTTP ------------------------------------------------------------------------------------------------------


def test_nothing_but_version_and_number_is_asked(served: Nppes, httpserver: HTTPServer) -> None:
    served.look_up(THERAPIST.npi)
    ((request, _),) = httpserver.log
    assert dict(request.args) == {"version": "2.1", "number": THERAPIST.npi}
    assert not request.data
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"Errors": [{"description": "Synthetic secret words", "field": "number", "number": "06"}]}),
        (200, {"results": "Synthetic secret words"}),
        (200, {"result_count": 1, "results": [{"number": "1999999984"}]}),
        (200, {"result_count": 1, "results": [{"number": THERAPIST.npi, "enumeration_type": "NPI-3"}]}),
        (200, "<html>Synthetic secret words</html>"),
        (200, []),
        (404, "Synthetic secret words"),
        (429, ""),
        (500, "Synthetic secret words"),
    ],
)
def test_what_is_no_answer_is_an_error_and_never_not_listed(httpserver: HTTPServer, status: int, body: object) -> None:
    text = body if isinstance(body, str) else orjson.dumps(body).decode()
    httpserver.expect_request("/api/").respond_with_data(text, status=status)
    with pytest.raises(RegistryError) as caught:
        Nppes(httpserver.url_for("/api"), limits=QUICK).look_up(THERAPIST.npi)
    assert "secret" not in str(caught.value)
    assert THERAPIST.npi not in str(caught.value)


def test_nobody_listening_is_an_error() -> None:
    with pytest.raises(RegistryError, match="no connection"):
        Nppes("http://127.0.0.1:9/api", limits=QUICK).look_up(THERAPIST.npi)


def test_a_url_with_a_query_is_refused() -> None:
    with pytest.raises(SettingsError):
        Nppes("https://registry.invalid/api?version=2.1")


def read(body: object) -> Registered | None:
    return read_entry(Answer(200, {}, orjson.dumps(body), 0.0), THERAPIST.npi)


def test_a_number_that_is_a_number_and_blanks_written_as_dashes_are_read() -> None:
    entry = entry_json(THERAPIST, middle_name="--", name_suffix="--")
    entry["number"] = int(THERAPIST.npi)
    found = read(answer_json(entry))
    assert found is not None
    assert found.name == "JANE SYNTHETICA"


@pytest.mark.parametrize(
    ("basic", "active", "deactivated"),
    [
        ({"status": "A"}, True, None),
        ({"status": "D"}, False, None),
        ({"status": None}, True, None),
        ({"status": None, "deactivation_date": "2025-02-03"}, False, date(2025, 2, 3)),
        ({"status": None, "deactivation_date": "2025-02-03", "reactivation_date": "2025-03-01"}, True, None),
        (
            {"status": None, "deactivation_date": "2025-02-03", "reactivation_date": "2024-03-01"},
            False,
            date(2025, 2, 3),
        ),
        ({"status": "A", "deactivation_date": "no date"}, True, None),
    ],
)
def test_whether_it_is_active(basic: dict[str, Any], active: bool, deactivated: date | None) -> None:
    found = read(answer_json(entry_json(THERAPIST, **basic)))
    assert found is not None
    assert (found.active, found.deactivated) == (active, deactivated)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.sampled_from(["basic", "taxonomies", "enumeration_type", "number", "addresses"]), json_values)
def test_a_part_of_another_form_is_read_or_refused_and_never_crashes(name: str, value: object) -> None:
    try:
        found = read(answer_json(entry_json(THERAPIST) | {name: value}))
    except HostAnswerUnreadable:
        return
    assert found is not None
    assert found.npi == THERAPIST.npi


@settings(deadline=None)
@given(json_values)
def test_any_json_is_read_or_refused(body: object) -> None:
    try:
        assert read(body) is None
    except HostAnswerUnreadable:
        pass
