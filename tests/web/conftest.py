"""One synthetic clinic for all tests of pages, made and billed once; each test that changes it gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from massage_billing.access.guard import SESSION
from massage_billing.cli import main
from massage_billing.model.desk import Role
from web.harness import Served, served

VISITS = "120"


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a clinic that was billed and whose coming appointments were asked about; not to be changed."""
    folder = tmp_path_factory.mktemp("workbench") / "clinic"
    made = CliRunner().invoke(main.cli, ["demo", "--folder", str(folder), "--visits", VISITS])
    assert made.exit_code in (0, 5), made.output
    return folder


@pytest.fixture(scope="session")
def workbench(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The workbench of a copy of the clinic that all tests share; they only look at it (who looks is kept there)."""
    folder = tmp_path_factory.mktemp("shared") / "clinic"
    shutil.copytree(clinic, folder)
    with served(folder / "massage-billing.yaml") as found:
        yield found


@pytest.fixture
def own(clinic: Path, tmp_path: Path) -> Iterator[Served]:
    """The workbench of a copy of the clinic: a test may change it."""
    folder = tmp_path / "clinic"
    shutil.copytree(clinic, folder)
    with served(folder / "massage-billing.yaml") as found:
        yield found


# --- a real browser ---------------------------------------------------------------------------------------------------

ARTEFACTS = Path(__file__).parent / ".artefacts"
"""Pictures of every page, kept to be looked at; never committed."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """Debian's Chromium."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name)) is not None), None)
    if found is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    expect.set_options(timeout=20_000)  # a bound for busy machines, not a wait
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Chromium) -> Iterator[Windows]:
    """Opens windows; whatever a page complains of in its console fails the test."""
    opened = Windows(chromium)
    yield opened
    opened.close()
    assert opened.complaints == []


class Windows:
    """Windows of people who are logged in."""

    def __init__(self, browser: Chromium) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()
        """Complaints that belong to the test: "409"."""

    def open(self, served: Served, role: Role, practitioner: str | None = None, **options: Any) -> Page:
        """A window of somebody of a role. ``options`` of Playwright's new_context: viewport, color_scheme …"""
        context = self._browser.new_context(base_url=served.url, accept_downloads=True, **options)
        context.set_default_timeout(30_000)
        self._contexts.append(context)
        context.add_cookies([{"name": SESSION, "value": served.token(role, practitioner), "url": served.url}])
        page = context.new_page()
        page.on("console", lambda said: self._heard(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._heard(str(error)))
        return page

    def _heard(self, text: str) -> None:
        if not any(one in text for one in self.expected):
            self.complaints.append(text)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def picture(page: Page, name: str) -> None:
    """Keep how the page looks."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=str(ARTEFACTS / f"{name}.png"), full_page=True)
