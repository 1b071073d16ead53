"""Today as people use it: the days, how they stand, whose they are; a calendar that is slow or away."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from massage_billing.errors import HostUnreachable
from massage_billing.model import Appointment, Readiness, Verdict
from massage_billing.model.desk import Role
from massage_billing.sweep.sweep import Sweep
from web.harness import HOST, Served


def judged(served: Served, day: date) -> list[tuple[Appointment, Verdict]]:
    """What `huddle` makes of a day."""
    with served.office.sweep() as sweep:
        return sweep.huddle(day)


def busy_day(served: Served) -> date:
    """A coming day with appointments that stand differently."""
    for ahead in range(1, 8):
        day = served.office.today + timedelta(days=ahead)
        if len({verdict.readiness for _, verdict in judged(served, day)}) > 1:
            return day
    raise AssertionError("no busy day")


def slots(text: str) -> list[str]:
    """Appointment ids of a page."""
    return re.findall(r'<article class="slot [a-z]+" id="appointment-([^"]+)"', text)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_day_shows_every_appointment_with_what_is_to_be_settled(workbench: Served) -> None:
    day = busy_day(workbench)
    page = workbench.client(Role.FRONT_DESK).get(f"/today?date={day}").text
    found = judged(workbench, day)
    assert sorted(slots(page)) == sorted(one.id for one, _ in found)
    text = words(page)
    for _, verdict in found:
        for reason in verdict.reasons:
            if reason.readiness is not Readiness.READY:
                assert reason.message.replace("'", "&#39;") in text or reason.message in text
                assert reason.fix.replace("'", "&#39;") in text or reason.fix in text
    assert "as of " in text


def test_how_it_stands_narrows_it(workbench: Served) -> None:
    day = busy_day(workbench)
    found = judged(workbench, day)
    for readiness in Readiness:
        page = workbench.client(Role.FRONT_DESK).get(f"/today?date={day}&show={readiness.value}").text
        wanted = {one.id for one, verdict in found if verdict.readiness is readiness}
        assert set(slots(page)) == wanted
        counted = re.search(rf'class="chip {readiness.value}"[^>]*><span class="n">(\d+)</span>', page)
        assert counted is not None
        assert int(counted[1]) == len(wanted)


def test_a_therapist_narrows_it_and_sees_own_appointments_only(workbench: Served) -> None:
    day = busy_day(workbench)
    found = judged(workbench, day)
    therapist = found[0][0].therapists[0].id
    mine = {one.id for one, _ in found if any(each.id == therapist for each in one.therapists)}
    assert mine < {one.id for one, _ in found}
    assert set(slots(workbench.client(Role.OWNER).get(f"/today?date={day}&therapist={therapist}").text)) == mine
    page = workbench.client(Role.THERAPIST, therapist).get(f"/today?date={day}").text
    assert set(slots(page)) == mine
    other = next(one for one, _ in found if one.id not in mine)
    assert other.therapists[0].id not in page
    assert f'<span class="n">{len(mine)}</span> all' in page
    assert slots(workbench.client(Role.THERAPIST, "Practitioner/nobody").get(f"/today?date={day}").text) == []


def test_days_are_turned_and_far_ones_are_not_asked_for(workbench: Served) -> None:
    client, today = workbench.client(Role.OWNER), workbench.office.today
    page = client.get("/today").text
    assert f'href="/today?date={today - timedelta(days=1)}"' in page
    assert f'href="/today?date={today + timedelta(days=1)}"' in page
    far = client.get("/today?date=9999-12-31").text
    assert (today + timedelta(days=366)).strftime("%B ") in far
    for nonsense in ("2026-02-30", "tomorrow", "<b>"):
        assert client.get(f"/today?date={nonsense}&show=nonsense").status_code == 200


def test_it_leads_to_the_evidence_and_to_what_is_held(workbench: Served) -> None:
    for ahead in range(8):
        day = workbench.office.today + timedelta(days=ahead)
        page = workbench.client(Role.FRONT_DESK).get(f"/today?date={day}").text
        if f"/visits/{HOST}/" in page and f"/eligibility/{HOST}/" in page:
            break
    else:
        raise AssertionError("no day with held visits")
    client = workbench.client(Role.FRONT_DESK)
    assert client.get(re.search(rf'/visits/{HOST}/[^"]+', page)[0]).status_code == 200  # type: ignore[index]
    assert client.get(re.search(rf'/eligibility/{HOST}/[^"]+', page)[0]).status_code == 200  # type: ignore[index]


def test_a_calendar_that_is_away_is_told_and_what_was_known_stays(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    day = busy_day(own)
    client = own.client(Role.FRONT_DESK)

    def away(*_: object) -> None:
        raise HostUnreachable("GET Appointment: no answer.", "Is the EHR running?")

    with monkeypatch.context() as patched:
        patched.setattr(Sweep, "huddle", away)
        page = client.get(f"/today?date={day}").text
        assert "This day could not be read from the EHR" in page
        assert "Is the EHR running?" in page
        assert slots(page) == []
    known = own.site.days.again((HOST, day), lambda: tuple(judged(own, day)))
    while known.working:
        known = own.site.days.look((HOST, day))
    with monkeypatch.context() as patched:
        patched.setattr(Sweep, "huddle", away)
        held = own.site.days.again((HOST, day), lambda: away())  # type: ignore[func-returns-value, arg-type, return-value]
        while held.working:
            held = own.site.days.look((HOST, day))
        page = client.get(f"/today?date={day}").text
        assert "What is shown is older." in page
        assert slots(page)


def test_a_slow_calendar_is_waited_for_behind_the_page(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    day, go = busy_day(own), threading.Event()
    monkeypatch.setattr("massage_billing.desk.today.judged_day.__defaults__", (0.0,))
    slow = Sweep.huddle

    def huddle(self: Sweep, on: date) -> list[tuple[Appointment, Verdict]]:
        go.wait(30)
        return slow(self, on)

    monkeypatch.setattr(Sweep, "huddle", huddle)
    client = own.client(Role.FRONT_DESK)
    page = client.get(f"/today?date={day}").text
    assert "The calendar is being read and judged." in page
    assert 'hx-trigger="every 2s"' in page
    go.set()
    held = own.site.days.look((HOST, day))
    while held.working:
        held = own.site.days.look((HOST, day))
    part = client.get(f"/today?date={day}", **{"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="day">')
    assert slots(part)
    assert "being read and judged" not in part


def test_who_saw_the_day_is_kept_without_names(own: Served) -> None:
    day = busy_day(own)
    own.client(Role.FRONT_DESK).get(f"/today?date={day}")
    last = list(own.guard.access.all_events(HOST))[-1]
    assert (last.page, last.action.value, last.detail) == ("today", "listed", f"appointments of {day}")
