"""HTML in every text that a host sends: it is shown as text, on every page, and does nothing in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from massage_billing.cli import main
from massage_billing.model.desk import Role
from massage_billing.ports import VisitState
from web.conftest import Windows
from web.harness import HOST, Served, served

EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{7*7}}'\"></textarea>"
MARK = "document.title=&#39;owned&#39;"
TEXTS = ("family", "given", "text", "display", "name", "city", "description", "preAuthRef", "reference_text", "note")
"""Elements that hold free text; ids, references and codes keep the record whole."""


def spoiled(node: object, name: str = "") -> object:
    """A resource with the evil text in every free text."""
    if isinstance(node, dict):
        return {key: spoiled(value, key) for key, value in node.items()}
    if isinstance(node, list):
        return [spoiled(one, name) for one in node]
    return f"{node} {EVIL}" if isinstance(node, str) and name in TEXTS else node


@pytest.fixture(scope="module")
def evil(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The clinic's copy with evil texts, billed again; a reason, note and name of people are evil too."""
    folder = tmp_path_factory.mktemp("evil") / "clinic"
    shutil.copytree(clinic, folder)
    for file in folder.glob("*.ndjson"):
        lines = [orjson.loads(line) for line in file.read_bytes().splitlines()]
        file.write_bytes(b"".join(orjson.dumps(with_region(spoiled(one))) + b"\n" for one in lines))
    settings = folder / "massage-billing.yaml"
    ran = CliRunner().invoke(main.cli, ["run", "--settings", str(settings)])
    assert ran.exit_code in (0, 5), ran.output
    with served(settings) as found:
        yield found


def with_region(resource: object) -> object:
    """A service of a body region and a status that nobody knows."""
    if isinstance(resource, dict) and resource["resourceType"] == "Procedure":
        return {**resource, "bodySite": [{"text": EVIL}]}
    return resource


def paths(evil: Served) -> list[str]:
    """Pages that show what the host sent."""
    rows = list(evil.office.store.rows(HOST))
    visits = [
        next(row.encounter for row in rows if row.state is state) for state in (VisitState.HELD, VisitState.CLAIMED)
    ]
    with evil.office.sweep() as sweep:
        day = sweep.tomorrow()
    return [f"/today?date={day}", "/holds", *(f"/visits/{HOST}/{one}" for one in visits)]


def test_evil_texts_are_there_and_are_text(evil: Served) -> None:
    held = next(row for row in evil.office.store.rows(HOST) if row.state is VisitState.HELD)
    client, path = evil.client(Role.BILLER), f"/visits/{HOST}/{held.encounter}"
    assert client.post(f"{path}/note", {"note": EVIL, "seen": "0"}).status_code == 303
    shown = 0
    for one in paths(evil):
        page = client.get(one).text
        shown += page.count(MARK)
        assert "<script>document" not in page
        assert "<img src=x" not in page
        assert "49&#39;" not in page  # a template was not run
    assert shown > 20
    refused = client.post(f"{path}/decide", {"ruling": "write-off", "reason": EVIL, "seen": "0"})
    assert refused.status_code == 409
    assert "<script>document" not in refused.text
    assert MARK in refused.text


def test_a_browser_does_nothing_of_it(evil: Served, window: Windows) -> None:
    shown = window.open(evil, Role.OWNER)
    for one in paths(evil):
        shown.goto(one)
        shown.wait_for_load_state("networkidle")
        assert shown.title().endswith("Massage billing")
        assert shown.locator("img[src=x]").count() == 0
