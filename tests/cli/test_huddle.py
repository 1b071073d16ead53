"""``huddle``: tomorrow's list on the terminal, as JSON by references, and as a page to print."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from builders import consent
from massage_billing.payers.simulated.members import BenefitLine, PlanLine, RejectionLine, Script
from massage_billing.payers.simulated.payer import SimulatedPayer
from servers.simulated_payer import Start
from sweep.on_disk import nearby, patient, settings, today, tomorrow, write_out
from sweep.world import FAMILY, PRIVATE

from .conftest import Answer

Call = Callable[..., Answer]
EVIL = "<script>alert('mb')</script>"
QUOTED = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def payer(start_payer: Start) -> tuple[SimulatedPayer, str]:
    return start_payer(slow=3.0)


@pytest.fixture
def huddle(tmp_path: Path, payer: tuple[SimulatedPayer, str], mb: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A clinic with four appointments tomorrow, payers asked; the command on it."""
    for name in ("MASSAGE_BILLING_SETTINGS", "MASSAGE_BILLING_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    world = nearby()
    patient(world, "p1", "SYN-EVIL", "o2", "13:05")
    patient(world, "p2", "SYN-ENDED", "o3", "09:00")
    patient(world, "p3", "SYN-ACTIVE", "o4", "11:00")
    patient(world, "p4", "SYN-EVIL-TOO", "o2", "15:00")
    patient(world, "p5", "SYN-ACTIVE", "o2", "08:00")
    world.put(consent("n3", patient={"reference": "Patient/p3"}))
    world.change("Patient/p1", name=[{"family": EVIL, "given": [QUOTED]}])
    world.change("Practitioner/t1", name=[{"family": "<b>Bold</b>", "given": ["Ann & Bea"]}])
    plan = PlanLine(name="<u>PLAN</u>", type="PR", number="1", begins=-100, ends=100)
    limit = BenefitLine(
        code="D", types=("BE",), network="Y", messages=(f"MASSAGE ONLY BY A PHYSICAL THERAPIST {EVIL}",)
    )
    payer[0].script("SYN-EVIL-P1", Script(about="", plans=(plan,), benefits=(limit,)))
    payer[0].script(
        "SYN-EVIL-TOO-P4", Script(about="", rejections=(RejectionLine(level="subscriber", code="72", follow_up="C"),))
    )
    write_out(world, tmp_path / "host")
    file = settings(tmp_path, payer[1], tmp_path / "host")
    assert mb("eligibility", "run", "--settings", str(file)).code == 0
    return lambda *words: mb("huddle", "--settings", str(file), *words)


def asked(payer: tuple[SimulatedPayer, str]) -> int:
    return sum(count for count, _ in payer[0].counts().values())


def contents(folder: Path) -> dict[str, bytes]:
    """Of the host, and what was written."""
    return {str(file): file.read_bytes() for file in sorted((folder / "host").rglob("*")) if file.is_file()}


def test_it_lists_tomorrow_in_order_with_what_has_to_be_settled(huddle: Call) -> None:
    answer = huddle()
    assert answer.code == 0
    times = re.findall(r"^ *(\d+:\d\d [ap]m)", answer.out, re.MULTILINE)
    assert times == ["8:00 am", "9:00 am", "11:00 am", "1:05 pm", "3:00 pm"]
    for said in ("Blocked", "Ready", FAMILY, "ended on", "[front desk]", "1 blocked"):
        assert said in answer.out


def test_it_asks_nobody_and_writes_nothing(huddle: Call, payer: tuple[SimulatedPayer, str], tmp_path: Path) -> None:
    count, before = asked(payer), contents(tmp_path)
    for words in ([], ["--json"], ["--date", today().isoformat()], ["--date", "2031-01-01"], ["-o", "x.html"]):
        assert huddle(*words).code == 0
    assert (asked(payer), contents(tmp_path)) == (count, before)


def test_as_json_it_names_people_by_reference(huddle: Call) -> None:
    out = huddle("--json").out
    found = json.loads(out)
    assert found["date"] == tomorrow().isoformat()
    assert [one["verdict"]["patient"] for one in found["appointments"]] == [
        "Patient/p5", "Patient/p2", "Patient/p3", "Patient/p1", "Patient/p4",
    ]  # fmt: skip
    by_id = {one["verdict"]["appointment"]: one["verdict"] for one in found["appointments"]}
    assert by_id["mp2"]["readiness"] == "blocked"
    assert "coverage-ended" in [reason["id"] for reason in by_id["mp2"]["reasons"]]
    assert (by_id["mp3"]["payer"], by_id["mp3"]["coverage"], by_id["mp3"]["readiness"]) == (None, None, "ready")
    assert by_id["mp5"]["visits_left"]["visits"] == 8
    assert [word for word in PRIVATE if word in out] == []


def test_another_day_may_be_asked_for(huddle: Call) -> None:
    assert f"No appointments on {today().isoformat()}." in huddle("--date", today().isoformat()).out
    assert json.loads(huddle("--date", "2031-01-01", "--json").out)["appointments"] == []
    assert huddle("--date", "soon").code == 2


class Page(HTMLParser):
    """Tags, text and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def page(huddle: Call, tmp_path: Path) -> Path:
    answer = huddle("-o", "huddle.html")
    assert answer.code == 0
    assert "huddle.html" in answer.out
    assert not any(word in answer.out for word in PRIVATE)
    return tmp_path / "huddle.html"


def test_the_page_is_its_owners_alone(page: Path) -> None:
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert [file.name for file in page.parent.glob("*huddle.html*")] == ["huddle.html"]


def test_texts_of_host_and_payer_are_text_in_it(page: Path) -> None:
    found = Page(page.read_text(encoding="utf-8"))
    text = " ".join(found.text)
    for said in (EVIL, QUOTED, "Ann & Bea <b>Bold</b>", "<u>PLAN</u>"):
        assert said in text, said
    assert not {"script", "img", "u", "b"} & {*found.tags}
    assert [name for name, _ in found.attributes if name.startswith("on")] == []


def test_the_page_needs_no_javascript_and_nothing_from_elsewhere(page: Path) -> None:
    whole = page.read_text(encoding="utf-8")
    found = Page(whole)
    assert not {"script", "link", "iframe", "object"} & {*found.tags}
    assert [value for name, value in found.attributes if name in ("src", "href")] == []
    assert "url(" not in whole
    assert "@import" not in whole


def test_colour_is_not_all_that_tells_and_it_prints_on_letter(page: Path) -> None:
    whole = page.read_text(encoding="utf-8")
    text = " ".join(Page(whole).text)
    for said in ("Blocked", "Ready", "To do", "8:00 am", "1:05 pm", "ended on", "This page holds patient data."):
        assert said in text, said
    assert "@page { size: Letter" in whole
    assert whole.count("<article") == 5


def test_of_who_asked_that_the_plan_not_be_told_the_page_says_nothing_of_one(page: Path) -> None:
    whole = page.read_text(encoding="utf-8")
    restricted, insured = (
        whole[whole.index(f'id="appointment-{id}"') :].split("</article>")[0] for id in ("mp3", "mp5")
    )
    for word in ("Coverage/", "SYNTHETIC", "in force", "copay"):
        assert word in insured, "so that it would be seen"
        assert word not in restricted
    assert not {"one", "two", "three"} & set(re.findall(r"\w+", restricted)), "no key of a payer"


def test_a_page_is_overwritten_only_when_told(huddle: Call, tmp_path: Path) -> None:
    (tmp_path / "mine.html").write_text("mine", encoding="utf-8")
    assert huddle("-o", "mine.html").code == 8
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == "mine"
    assert huddle("-o", "mine.html", "--force").code == 0
    assert huddle("-o", "none/mine.html").code == 8


def test_page_and_json_go_together(huddle: Call, tmp_path: Path) -> None:
    answer = huddle("-o", "both.html", "--json")
    assert json.loads(answer.out)["appointments"] != []
    assert "both.html" in answer.err
    assert (tmp_path / "both.html").exists()
