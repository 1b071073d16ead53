"""What all tests share: the real servers (tests/servers), their marks, and no skipping in CI."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

pytest_plugins = ["servers.hapi", "servers.sekmet", "servers.validator", "servers.shared", "servers.simulated_payer"]

# A test that uses one of these fixtures carries the mark, so that `-m "not hapi"` always works.
MARKS = {
    "start_hapi": "hapi",
    "start_sekmet": "sekmet",
    "validator": "validator",
    "shared": "shared",
    "chromium": "browser",
}
# Under xdist all tests of one server run on one worker: they share it, and each finds it empty.
ONE_WORKER = ("start_hapi", "start_sekmet", "validator")
# Of a value that is part of a test's name: so many characters and no more.
LONGEST_ID = 60


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test by the servers it uses and keeps a server's tests on one xdist worker."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for fixture in sorted(fixtures & MARKS.keys()):
            item.add_marker(MARKS[fixture])
        group = next((fixture for fixture in ONE_WORKER if fixture in fixtures), None)
        if group and item.config.pluginmanager.hasplugin("xdist"):
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long value is named by its argument (pytest numbers them).

    Tokens and packed files differ from process to process, and xdist's workers must agree on every test's name.
    """
    return argname if isinstance(val, (str, bytes)) and len(val) > LONGEST_ID else None


def pytest_configure(config: pytest.Config) -> None:
    """Watches for skipped tests, once for the whole run (an xdist worker reports to the controller)."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Skips())


class Skips:
    """Collects what was skipped; with CI=true nothing may be."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes a skipped test (an expected failure is not one)."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.names.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notes a module that was skipped as a whole."""
        if report.skipped:
            self.names.append(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Turns a run with skips into a failed one in CI."""
        yield
        if self.forbidden() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says why the run failed."""
        if self.forbidden():
            terminalreporter.section("skipped, which CI=true does not allow", red=True)
            for name in self.names:
                terminalreporter.line(name)

    def forbidden(self) -> bool:
        """Whether something was skipped that should not have been."""
        return bool(self.names) and os.environ.get("CI") == "true"
