"""What all pages share: who is let in, what browsers keep, how little is transferred, what a refusal says."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from massage_billing.errors import HostUnreachable, StoreError
from massage_billing.model.desk import Role
from massage_billing.web.drawing import sources
from massage_billing.web.forms import Fields
from massage_billing.web.said import in_words
from massage_billing.web.static_files import htmx
from web.harness import HOST, Served

FIRST_PAINT = 100_000
"""Bytes of a page with its style and scripts, as they are transferred."""
BROWSER = {"accept": "text/html,application/xhtml+xml", "accept-encoding": "gzip", "sec-fetch-site": "none"}


def asked(workbench: Served, path: str, role: Role = Role.OWNER, **headers: str) -> requests.Response:
    """A page as a browser asks the served workbench for it."""
    cookies = {"mb": workbench.token(role)}
    return requests.get(
        f"{workbench.url}{path}", headers=BROWSER | headers, cookies=cookies, timeout=30, allow_redirects=False
    )


def transferred(answer: requests.Response) -> int:
    """Bytes of the body on the wire."""
    return int(answer.headers.get("content-length") or len(gzip.compress(answer.content, 5)))


@pytest.mark.parametrize("path", ["/today", "/holds", "/visits/demo/visit-1"])
def test_the_first_paint_is_small(path: str, workbench: Served) -> None:
    page = asked(workbench, path)
    assert page.status_code == 200
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert len(set(files)) == 4
    total = transferred(page) + sum(transferred(asked(workbench, one)) for one in set(files))
    assert total < FIRST_PAINT


def test_static_files_are_kept_for_ever_and_change_their_names(workbench: Served) -> None:
    site = workbench.site
    for name in ("workbench.css", "workbench.js", "htmx.js", "icon.svg"):
        packed = asked(workbench, site.static.path(name))
        assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert packed.headers["content-encoding"] == "gzip"
        plain = asked(workbench, site.static.path(name), **{"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == packed.content == site.static.file(name).plain
    for path in ("/static/workbench.000000000000.css", "/static/workbench.css", "/static/..%2fsite.py", "/static/"):
        assert asked(workbench, path).status_code == 404


def test_pages_are_never_kept(workbench: Served) -> None:
    for path in ("/today", "/holds", "/visits/demo/visit-1", "/visits/demo/nobody", "/visits/demo/visit-1/claim.json"):
        assert asked(workbench, path).headers["cache-control"] == "no-store"


def test_the_policy_forbids_everything_that_is_not_ours(workbench: Served) -> None:
    policy = asked(workbench, "/holds").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_htmx_comes_from_its_package_and_django_is_never_imported() -> None:
    assert b"htmx" in htmx()
    program = "import sys, massage_billing.web.static_files as s; s.StaticFiles(); print('django' in sys.modules)"
    paths = {"PYTHONPATH": str(Path(__file__).parents[2] / "plugin"), "PATH": ""}
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=paths)
    assert said.stdout.strip() == "False"


def test_htmx_keeps_nothing_in_the_browser_and_runs_no_text(workbench: Served) -> None:
    page = asked(workbench, "/holds").text
    for setting in ('"historyCacheSize":0', '"allowEval":false', '"selfRequestsOnly":true', '"allowScriptTags":false'):
        assert setting in page


# --- who is let in ----------------------------------------------------------------------------------------------------


def test_nobody_is_sent_to_the_login(workbench: Served) -> None:
    answer = requests.get(f"{workbench.url}/holds?rule=mue", headers=BROWSER, timeout=30, allow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?back=")
    part = requests.get(
        f"{workbench.url}/holds", headers=BROWSER | {"HX-Request": "true"}, timeout=30, allow_redirects=False
    )
    assert part.status_code == 401
    assert part.headers["hx-redirect"].startswith("/login")
    assert part.text == ""


NAVIGATION = {
    Role.FRONT_DESK: ["Today", "Holds", "Eligibility", "Credentials", "Rules"],
    Role.BILLER: ["Today", "Holds", "Claims", "Eligibility", "Credentials", "Denials", "Rules", "Health"],
    Role.THERAPIST: ["Today", "Holds", "Rules"],
    Role.OWNER: ["Today", "Holds", "Claims", "Eligibility", "Credentials", "Denials", "Rules", "Health", "Audit"],
    Role.AUDITOR: ["Today", "Holds", "Claims", "Eligibility", "Credentials", "Denials", "Rules", "Health", "Audit"],
}


@pytest.mark.parametrize("role", Role)
def test_the_navigation_shows_what_the_role_may_see(role: Role, workbench: Served) -> None:
    page = workbench.client(role).get("/holds").text
    tabs = page[page.index('<nav class="tabs"') : page.index("</nav>")]
    assert re.findall(r">([A-Z][a-z]+)</a>", tabs) == NAVIGATION[role]


def test_a_role_that_may_not_is_told_so_and_it_is_kept(workbench: Served) -> None:
    before = len(events(workbench))
    answer = workbench.client(Role.AUDITOR).post("/holds/assign", {"to": "me", "hold": "visit-1:0"})
    assert answer.status_code == 403
    assert "Not for your role" in answer.text
    kept = events(workbench)[before:]
    assert [(one.action.value, one.who, one.ok) for one in kept] == [("refused", "Practitioner/audit", False)]


def events(workbench: Served) -> list:  # type: ignore[type-arg]
    return list(workbench.guard.access.all_events(HOST))


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"csrf": ""}, {}),
        ({"csrf": "x" * 60}, {}),
        ({}, {"sec-fetch-site": "cross-site"}),
    ],
)
def test_a_forged_form_changes_nothing(fields: dict[str, object], headers: dict[str, str], own: Served) -> None:
    held = next(row for row in own.office.desk.holds(HOST, _all(), _filing()).rows)
    client = own.client(Role.BILLER)
    answer = client.post("/holds/assign", {"to": "me", "hold": f"{held.visit.encounter}:0", **fields}, **headers)
    assert answer.status_code == 403
    now = own.office.desk.hold(HOST, held.visit.encounter)
    assert now is not None
    assert now.work == held.work


def _all():  # type: ignore[no-untyped-def]
    from massage_billing.ports.desk import HoldFilter

    return HoldFilter()


def _filing():  # type: ignore[no-untyped-def]
    from massage_billing.ports.desk import HoldOrder

    return HoldOrder.FILING


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_path_that_is_none_is_a_page_for_people_and_json_for_programs(workbench: Served) -> None:
    page = asked(workbench, "/nothing/here")
    assert page.status_code == 404
    assert "<h1>Not found</h1>" in page.text
    assert asked(workbench, "/nothing", accept="application/json").json() == {"problem": "Not Found"}


def test_a_store_that_is_away_is_told_and_nothing_else_breaks(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    client = own.client(Role.OWNER)

    def away(*_: object, **__: object) -> None:
        raise StoreError("The store cannot be reached.", "Start the database.")

    monkeypatch.setattr(type(own.office.desk), "hold_sums", away)
    answer = client.get("/holds")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "15"
    assert "The store does not answer" in answer.text
    assert "Start the database." in answer.text
    monkeypatch.setattr(type(own.guard.access), "session", away)
    assert client.get("/holds").status_code == 503  # not even who it is can be known
    monkeypatch.undo()
    assert client.get("/holds").status_code == 200


def test_a_host_that_is_away_is_told(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise HostUnreachable("GET metadata: no answer.", "Is the EHR running?")

    monkeypatch.setattr("massage_billing.web.pages.holds.holds", away)
    answer = own.client(Role.OWNER).get("/holds")
    assert answer.status_code == 503
    assert "The EHR does not answer" in answer.text


def test_a_page_tells_only_what_is_on_our_list() -> None:
    assert in_words("assigned-3") == "3 holds given to the person you chose."
    assert in_words("taken-1") == "You have it now."
    assert in_words("taken-0,overtaken-2").startswith("2 holds had been changed")
    assert in_words("<script>alert(1)</script>") == in_words("") == in_words("assigned-0") == ""


def test_an_address_cannot_lead_off_the_site(own: Served) -> None:
    client = own.client(Role.BILLER)
    for back in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
    ):
        answer = client.post("/holds/assign", {"to": "me", "back": back})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith(("//", "/\\"))


def test_fields_are_bounded_and_plain() -> None:
    fields = Fields([("a", "  x\x00\u202ey  "), ("a", "z" * 5000), ("n", "12"), ("m", "-1"), ("d", "2026-11-31")])
    assert fields.every("a")[0] == "xy"
    assert len(fields.text("a")) == 2000
    assert (fields.number("n"), fields.number("m"), fields.day("d"), fields.text("none")) == (12, None, None, "")
    assert len(Fields([("a", str(n)) for n in range(2000)]).every("a")) == 500


def test_a_source_is_a_link_only_to_the_web() -> None:
    assert sources("CMS, chapter 5 <https://www.cms.gov/x> (date assumed)") == (
        "CMS, chapter 5 (date assumed)",
        "https://www.cms.gov/x",
    )
    assert sources("ours <plugin/docs/decisions.md>")[1] == ""
    assert sources("x <javascript:alert(1)>")[1] == ""
