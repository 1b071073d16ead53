"""Twenty people at the workbench of a clinic with years of claims: how long a click takes, page by page.

The store is filled first (``desk_fill``: claims and holds), the clinic's own visits are billed by the service, so that
visits are read from a host. Then everybody clicks, waits for the page, reads for about a second, clicks again. What is
timed is the request as a browser sends it, with gzip and the session's cookie, from this machine: the clients take CPU
of the same cores. PostgreSQL waits for its disk; pages are audited, so that each click writes a line.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from bench.desk_fill import fill_store
from bench.machine import Result
from massage_billing.access.guard import SESSION
from massage_billing.access.roles import CONSOLE
from massage_billing.access.tokens import digest, form_token, fresh
from massage_billing.model.desk import Role, Viewer
from massage_billing.ports.access import Session
from massage_billing.store import open_store
from servers.postgresql import Server, postgresql
from servers.shared_service import HOST, Host, Service, cpu_of

PEOPLE = 20
WANTED = 150.0
"""Milliseconds within which 95 of 100 clicks are to be answered."""
PAUSE = 1.0
"""Seconds that somebody looks at a page, on average."""
VISITS = 200
"""Visits of the host."""
ROLES = (Role.BILLER, Role.FRONT_DESK, Role.OWNER, Role.BILLER)
MIX = {
    "holds": 20, "holds narrowed": 12, "holds, next page": 6, "visit": 18, "visit known only here": 4, "today": 10,
    "claims": 8, "claims narrowed": 5, "life of a claim": 5, "eligibility": 3, "credentials": 2, "denials": 2,
    "rules": 2, "health": 1, "give a hold": 4,
}  # fmt: skip
"""What people click, in shares."""
_OF_FRONT_DESK = ("claims", "claims narrowed", "life of a claim", "denials", "health")
"""Pages that the front desk may not see; it looks at its holds instead."""


def measure(scratch: Path, claims: int, holds: int, seconds: float) -> list[Result]:
    """Milliseconds a click, by page, and of all together."""
    with postgresql(durable=True) as database:
        host = Host(scratch / "clinic-of-clicks", VISITS)
        try:
            database.execute("CREATE DATABASE clicks")
            url = database.url("clicks")
            begun = time.perf_counter()
            with open_store(url) as store:
                fill_store(store, claims, holds, HOST)
                tokens = [_log_in(store, ROLES[number % len(ROLES)]) for number in range(PEOPLE)]
            filled = time.perf_counter() - begun
            database.execute("ANALYZE", "clicks")
            return _clicked(scratch, host, database, tokens, (claims, holds), filled, seconds)
        finally:
            host.child.stop()


def _log_in(store: Any, role: Role) -> tuple[Role, str]:
    """The value of a session's cookie."""
    token, now = fresh(), datetime.now(UTC)
    viewer = Viewer(CONSOLE, f"Bench ({role})", role, HOST)
    store.access().begin(Session(digest(token), viewer, now, now, now + timedelta(hours=4)))
    return role, token


def _clicked(
    scratch: Path, host: Host, database: Server, tokens: list[tuple[Role, str]], size: tuple[int, int], filled: float,
    seconds: float,
) -> list[Result]:  # fmt: skip
    service = Service(scratch / "clicks", host, database.url("clicks"), workers=2)
    try:
        service.ended(service.ask(), 900)
        people = [Person(service.url, role, token, size[0], seed) for seed, (role, token) in enumerate(tokens)]
        for person in people[:4]:  # what is made once a process is made: templates, rules, the first look at a day
            person.warm()
        before = sum(map(cpu_of, service.processes()))
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=person.work, args=(until,)) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cpu = sum(map(cpu_of, service.processes())) - before
    finally:
        service.child.stop()
    return _results(people, size, filled, seconds, cpu)


class Person:
    """Somebody who clicks."""

    def __init__(self, url: str, role: Role, token: str, claims: int, seed: int) -> None:
        self.took: dict[str, list[float]] = defaultdict(list)
        self.wrong: list[str] = []
        self._url, self._role, self._token, self._claims = url, role, token, claims
        self._chance = random.Random(seed)
        self._browser = requests.Session()
        self._browser.cookies.set(SESSION, token)
        self._browser.headers.update({"accept": "text/html", "sec-fetch-site": "same-origin"})
        self._seen: dict[str, list[str]] = {}

    def warm(self) -> None:
        """Each page once."""
        for what in MIX:
            self._click(what)
        self.took.clear()

    def work(self, until: float) -> None:
        """Click until a time comes."""
        threading.Event().wait(self._chance.random() * PAUSE)
        kinds, shares = list(MIX), list(MIX.values())
        while time.monotonic() < until:
            self._click(self._chance.choices(kinds, shares)[0])
            threading.Event().wait(self._chance.uniform(0.5, 1.5) * PAUSE)

    def _click(self, what: str) -> None:
        if self._role is Role.FRONT_DESK and what in _OF_FRONT_DESK:
            what = "holds narrowed"
        if what == "give a hold":
            self._give()
            return
        path = self._path(what)
        begun = time.perf_counter()
        answer = self._browser.get(f"{self._url}{path}", timeout=60)
        self._note(what, begun, answer, path)
        if answer.ok:
            self._look(answer.text)

    def _path(self, what: str) -> str:
        pick = self._chance.choice
        fixed = {
            "holds": "/holds", "today": "/today", "claims": "/claims", "eligibility": "/eligibility",
            "credentials": "/credentials", "denials": "/denials", "rules": "/rules", "health": "/health",
            "claims narrowed": f"/claims?standing={pick(['adjudicated', 'rejected', 'unsent'])}",
            "holds narrowed": f"/holds?rule={pick(['member-id', 'charge'])}&order={pick(['dollars', 'age', 'filing'])}",
            "visit known only here": f"/visits/{HOST}/{self._chance.randint(1, self._claims)}",
            "life of a claim": f"/claims/{HOST}/{self._chance.randint(1, self._claims)}",
        }  # fmt: skip
        if what == "holds, next page":
            return pick(self._seen.get("next") or ["/holds"])
        if what == "visit":
            return f"/visits/{HOST}/visit-{self._chance.randint(1, VISITS)}"
        return fixed[what]

    def _look(self, text: str) -> None:
        """What a page leads to."""
        if 'class="who-cell"' in text:
            self._seen["next"] = [one.replace("&amp;", "&") for one in re.findall(r'href="([^"]+)" rel="next"', text)]
            self._seen["holds"] = re.findall(r'name="hold" value="([^"]+)"', text)

    def _give(self) -> None:
        holds = self._seen.get("holds")
        if not holds:
            return
        form = {"csrf": form_token(self._token), "to": "me", "hold": self._chance.choice(holds)}
        begun = time.perf_counter()
        answer = self._browser.post(f"{self._url}/holds/assign", form, timeout=60, allow_redirects=True)
        self._note("give a hold", begun, answer, "/holds/assign")

    def _note(self, what: str, begun: float, answer: requests.Response, path: str) -> None:
        self.took[what].append((time.perf_counter() - begun) * 1000)
        if not answer.ok:
            self.wrong.append(f"{answer.status_code} {path}")


def _results(people: list[Person], size: tuple[int, int], filled: float, seconds: float, cpu: float) -> list[Result]:
    by_page: dict[str, list[float]] = defaultdict(list)
    for person in people:
        for what, took in person.took.items():
            by_page[what] += took
    every = sorted(one for took in by_page.values() for one in took)
    wrong = [one for person in people for one in person.wrong]
    details = {
        "claims": size[0], "holds": size[1], "people": len(people), "clicks": len(every), "seconds": seconds,
        "clicks_a_second": round(len(every) / seconds, 1), "cpu_of_service": round(cpu, 1), "filled_in": round(filled),
        "p50": round(_share(every, 50), 1), "p99": round(_share(every, 99), 1), "wrong": wrong[:20],
        "load": os.getloadavg(),
        "pages": {
            what: {"clicks": len(took), "p50": round(_share(took, 50), 1), "p95": round(_share(took, 95), 1)}
            for what, took in sorted(by_page.items())
        },
    }  # fmt: skip
    p95 = _share(every, 95)
    name = f"workbench: p95 of a click, {len(people)} people, {size[0]:,} claims, {size[1]:,} holds"
    return [Result(name, p95, "ms", f"<= {WANTED:.0f}", held=p95 <= WANTED and not wrong, details=details)]


def _share(took: list[float], share: int) -> float:
    """So many of a hundred took at most so long."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)] if ordered else 0.0
