"""What a payer answered before the visit decides whether the visit is billed, and ``explain`` names the answer."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

import builders
from builders import Json, ref
from journeys.clinic import by_key, key, live, open_tasks
from journeys.forked import Forker
from servers.simulated_payer import Start
from sweep.on_disk import nearby, patient, settings, today, write_out, written
from sweep.world import World


def treated(world: World, id: str) -> None:
    """Today's appointment of a patient became a visit."""
    day = today().isoformat()
    who = ref(f"Patient/{id}")
    world.change(f"Appointment/m{id}", status="fulfilled")
    world.put(
        builders.condition(f"d{id}", subject=who),
        builders.encounter(
            f"v{id}",
            subject=who,
            appointment=[ref(f"Appointment/m{id}")],
            period=builders.period(builders.at("08:00", day), builders.at("09:00", day)),
            diagnosis=[{"condition": ref(f"Condition/d{id}"), "rank": 1}],
        ),
        builders.procedure(
            f"a{id}", "97124", 60, subject=who, encounter=ref(f"Encounter/v{id}"),
            performedDateTime=builders.at("08:00", day),
        ),
    )  # fmt: skip


class Loop:
    """A clinic in a folder: ended is insured by the record and not by the payer, wrong the other way round."""

    def __init__(self, folder: Path, url: str, forker: Forker) -> None:
        self.host = folder / "host"
        self.world = nearby()
        self.forker = forker
        patient(self.world, "ended", "SYN-ENDED", "o2", "08:00", today())
        patient(self.world, "wrong", "SYN-ACTIVE", "o3", "10:00", today())
        patient(self.world, "plain", "SYN-ACTIVE", "o4", "11:00", today())
        past = (today() - timedelta(days=30)).isoformat()
        self.world.change("Coverage/cwrong", period=builders.period("2020-01-01", past), status="cancelled")
        write_out(self.world, self.host)
        self.settings = settings(folder, url, self.host)

    def call(self, *words: str) -> Json:
        return self.forker.run([*words, "--json", "--settings", str(self.settings)])

    def treat(self) -> None:
        for id in ("ended", "wrong", "plain"):
            treated(self.world, id)
        write_out(self.world, self.host)

    def state(self) -> dict[str, str]:
        """claim or hold, as it stands on the host."""
        claims = by_key(live(written(self.host, "Claim")))
        tasks = by_key(open_tasks(written(self.host, "Task")))
        found = {}
        for id in ("ended", "wrong", "plain"):
            mine = (key(f"v{id}") in claims, key(f"v{id}") in tasks)
            found[id] = {(True, False): "claim", (False, True): "hold"}.get(mine, repr(mine))
        return found

    def explained(self, id: str) -> Json:
        (found,) = self.call("explain", f"Encounter/v{id}", "--host", "clinic")
        return dict(found)

    def response(self, id: str) -> str:
        """The answer about a patient's coverage on the host."""
        (found,) = (
            one for one in written(self.host, "CoverageEligibilityResponse") if one["patient"] == ref(f"Patient/{id}")
        )
        return f"CoverageEligibilityResponse/{found['id']}"


@pytest.fixture
def loop(tmp_path: Path, start_payer: Start, forker: Forker) -> Loop:
    return Loop(tmp_path, start_payer()[1], forker)


def test_without_an_answer_the_record_decides(loop: Loop) -> None:
    loop.treat()
    loop.call("run")
    assert loop.state() == {"ended": "claim", "wrong": "hold", "plain": "claim"}


def test_the_answer_outranks_the_record_and_explain_names_it(loop: Loop) -> None:
    report = loop.call("eligibility", "run")
    assert (report["answered"], report["readiness"]) == (3, {"blocked": 1, "ready": 2})
    loop.treat()
    loop.call("run")
    assert loop.state() == {"ended": "hold", "wrong": "claim", "plain": "claim"}
    for id, result in (("ended", "fail"), ("wrong", "pass")):
        told = [one for one in loop.explained(id)["findings"] if one["rule"] == "coverage-in-force"]
        assert [one["result"] for one in told] == [result], told
        assert loop.response(id) in json.dumps(told), told


def test_an_answer_that_comes_after_the_decision_changes_it(loop: Loop) -> None:
    """The visit was billed by the record; the next sweep's answer about that day reaches it in the next run."""
    for id in ("ended", "wrong", "plain"):
        treated(loop.world, id)
        loop.world.change(f"Appointment/m{id}", status="arrived")
    write_out(loop.world, loop.host)
    loop.call("run")
    assert loop.state() == {"ended": "claim", "wrong": "hold", "plain": "claim"}
    loop.call("eligibility", "run")
    report = loop.call("run")
    assert (report["claims_created"], report["claims_cancelled"]) == (1, 1)
    assert loop.state() == {"ended": "hold", "wrong": "claim", "plain": "claim"}
    again = loop.call("run")
    assert [again[word] for word in ("claims_created", "claims_updated", "claims_cancelled", "holds_opened")] == [0] * 4
