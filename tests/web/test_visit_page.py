"""A visit: what was made of it and why, deciding, two people at one hold, the EHR away, the record changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import orjson
import pytest

from massage_billing.errors import HostUnreachable
from massage_billing.model import RulingKind
from massage_billing.model.desk import Role
from massage_billing.ports import VisitRow, VisitState
from massage_billing.program import Program
from massage_billing.wiring import open_program
from web.harness import HOST, Served


def rows(served: Served) -> list[VisitRow]:
    return list(served.office.store.rows(HOST))


def held(served: Served, *rules: str) -> VisitRow:
    """A visit that is held by these rules and no others."""
    return next(row for row in rows(served) if row.holds and {rule for rule, _ in row.holds} == set(rules))


def claimed(served: Served) -> VisitRow:
    return next(row for row in rows(served) if row.state is VisitState.CLAIMED and row.claim)


def page(served: Served, row: VisitRow, role: Role = Role.BILLER) -> str:
    answer = served.client(role).get(f"/visits/{HOST}/{row.encounter}")
    assert answer.status_code == 200
    return str(answer.text)


def section(text: str, id: str) -> str:
    """One card of the page."""
    begun = text.index(f'id="{id}"')
    return text[begun : text.index("</section>", begun)]


def words(html: str) -> str:
    """The text of it, blanks as one."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- what is shown --------------------------------------------------------------------------------------------------


def test_lines_units_rules_and_sources_of_a_claim(workbench: Served) -> None:
    row = claimed(workbench)
    text = page(workbench, row)
    with workbench.office.program() as program:
        visit, decision = program.visit_and_decision(row.encounter)
    lines = words(section(text, "lines"))
    for line in decision.lines:
        assert f"{line.code}" in lines
        assert all(because.rule in lines or because.row.partition("@")[0] in lines for because in line.because)
    units = words(section(text, "units"))
    assert "applies" in units
    assert all(method.replace("-", " ") in units for method in ("cms-total-time", "per-code-midpoint"))
    questions = section(text, "findings")
    for finding in decision.findings:
        assert f'href="/rules/{finding.rule}"' in questions
    assert "since 2000-01-01" in questions
    done = words(section(text, "done"))
    assert all(str(one.minutes) in done for one in visit.services if one.minutes)


def test_the_claim_is_a_form_and_fhir_and_a_file(own: Served) -> None:
    row = claimed(own)
    text = page(own, row)
    form = words(section(text, "claim"))
    assert f'title="{row.claim}"' in section(text, "claim")
    assert str(row.claim)[-6:] in form
    assert "written, ready to be sent; original." in form
    assert f"Together ${float(str(row.amount)):,.2f}" in form
    answer = own.client(Role.BILLER).get(f"/visits/{HOST}/{row.encounter}/claim.json")
    assert answer.headers["content-type"] == "application/fhir+json"
    assert answer.headers["content-disposition"] == f'attachment; filename="Claim-{row.encounter}.json"'
    claim = json.loads(answer.text)
    assert f"Claim/{claim['id']}" == row.claim
    assert f'"value": {row.amount}' in answer.text  # cents stay cents
    last = list(own.guard.access.all_events(HOST))[-1]
    assert (last.action.value, last.encounter) == ("exported", row.encounter)


def test_what_is_not_billed_is_named_with_its_reason(workbench: Served) -> None:
    row = held(workbench, "minutes-documented")
    left = words(section(page(workbench, row), "left-off"))
    assert "no minutes" in left
    assert "minutes-documented" in left


def test_who_looked_is_kept(own: Served) -> None:
    row = claimed(own)
    page(own, row)
    last = list(own.guard.access.all_events(HOST))[-1]
    assert (last.who, last.action.value, last.encounter, last.patient) == (
        "Practitioner/bill",
        "viewed",
        row.encounter,
        row.patient,
    )


@pytest.mark.parametrize(
    "path",
    [
        "/visits/demo/nobody",
        "/visits/other/visit-1",
        "/visits/demo/..%2f..",
        "/visits/demo/visit%00",
        "/visits/demo/" + "x" * 65,
    ],
)
def test_a_guessed_id_is_no_page(path: str, workbench: Served) -> None:
    answer = workbench.client(Role.OWNER).get(f"/visits/{path}")
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_a_therapist_sees_own_visits_only(own: Served) -> None:
    mine = next(row for row in rows(own) if row.therapists and row.state is VisitState.HELD)
    (therapist, *_) = mine.therapists
    other = next(row for row in rows(own) if row.therapists and therapist not in row.therapists)
    client = own.client(Role.THERAPIST, therapist)
    assert client.get(f"/visits/{HOST}/{mine.encounter}").status_code == 200
    for path in ("", "/claim.json"):
        assert client.get(f"/visits/{HOST}/{other.encounter}{path}").status_code == 404
    assert client.post(f"/visits/{HOST}/{other.encounter}/bill-again").status_code == 404
    text = client.get(f"/visits/{HOST}/{mine.encounter}").text
    assert 'name="ruling"' not in text
    assert "Life of the claim" not in text
    for action in ("decide", "assign", "note"):
        answer = client.post(f"/visits/{HOST}/{mine.encounter}/{action}", {"ruling": "write-off", "reason": "x"})
        assert answer.status_code == 403


# --- deciding -------------------------------------------------------------------------------------------------------


def choices(text: str) -> dict[str, bool]:
    """Which decisions are offered, and whether each is open."""
    found = re.findall(r'name="ruling" value="([a-z-]+)"([^>]*)>', text)
    return {kind: "disabled" not in rest for kind, rest in found}


def test_only_what_a_rule_leaves_to_a_person_can_be_decided(workbench: Served) -> None:
    minutes = page(workbench, held(workbench, "minutes-documented"))
    assert choices(minutes) == {"bill": False, "self-pay": False, "write-off": True}
    assert "minutes-documented would still hold it" in words(minutes)
    pairs = page(workbench, held(workbench, "ncci-pairs"))
    assert choices(pairs)["bill"]
    assert re.search(r"cedar-health is billed: \S+ x\d+.*\$[\d.]+\.", words(section(pairs, "decide")))


def test_what_is_offered_is_what_comes_of_it(own: Served) -> None:
    """The effect that a choice tells is what the next run makes of it."""
    row = held(own, "ncci-pairs")
    told = words(section(page(own, row), "decide"))
    dollars = re.search(r"is billed: .*?, \$([\d.,]+)\. ", told)
    assert dollars is not None
    decide(own, row, "bill", "Both were of separate regions.")
    run(own)
    now = own.office.store.known(HOST, [row.encounter])[row.encounter]
    assert (now.outcome, now.amount) == ("claim", dollars[1].rstrip("."))
    assert own.office.store.rulings(HOST, [row.encounter])[row.encounter].by == "Practitioner/bill"
    trail = words(section(page(own, now), "trail"))
    assert "to be billed to cedar-health" in trail


def decide(  # type: ignore[no-untyped-def]
    served: Served,
    row: VisitRow,
    ruling: str,
    reason: str,
    seen: int = 0,
    role: Role = Role.BILLER,
    shown: str | None = None,
):
    """Send the form; ``shown``: the record that its page showed, if it is not the present one."""
    fields: dict[str, object] = {"ruling": ruling, "reason": reason, "seen": str(seen)}
    fields["shown"] = shown_on(page(served, row)) if shown is None else shown
    return served.client(role).post(f"/visits/{HOST}/{row.encounter}/decide", fields)


def shown_on(text: str) -> str:
    """Names the record that a page shows; "" where nothing can be decided."""
    found = re.search(r'name="shown" value="([0-9a-f]+)"', text)
    return found[1] if found else ""


def run(served: Served) -> None:
    """A run of the clinic's, as a job would do it."""
    file = settings_of(served)
    from massage_billing.settings import load_settings

    with open_program(load_settings(file)) as program:
        program.run()


def settings_of(served: Served) -> Path:
    """The clinic's settings file, beside its folder host's files."""
    with served.office.program() as program:
        folder = program.setup.host.folder  # type: ignore[attr-defined]
    return Path(folder) / "massage-billing.yaml"


def test_a_decision_is_kept_with_its_reason(own: Served) -> None:
    row = held(own, "minutes-documented")
    answer = decide(own, row, "write-off", "Nobody remembers what was done.")
    assert answer.headers["location"] == f"/visits/{HOST}/{row.encounter}?said=decided#work"
    ruling = own.office.store.rulings(HOST, [row.encounter])[row.encounter]
    assert (ruling.kind, ruling.reason, ruling.by) == (
        RulingKind.WRITE_OFF,
        "Nobody remembers what was done.",
        "Practitioner/bill",
    )
    text = page(own, row)
    assert "decided: write it off" in words(section(text, "hands"))
    assert "waits for the next run" in own.client(Role.BILLER).get("/holds").text
    last = [one for one in own.guard.access.all_events(HOST) if one.action.value == "decided"][-1]
    assert (last.encounter, last.detail, last.ok) == (row.encounter, "write-off", True)


@pytest.mark.parametrize(
    ("ruling", "reason", "told"),
    [
        ("bill", "I want it billed.", "minutes-documented would still hold it"),
        ("write-off", "  ", "Say why"),
        ("", "because", "Choose what you decide"),
        ("pay-me", "because", "Choose what you decide"),
    ],
)
def test_a_decision_that_cannot_be_taken_is_told_and_what_was_typed_stays(
    ruling: str, reason: str, told: str, own: Served
) -> None:
    row = held(own, "minutes-documented")
    answer = decide(own, row, ruling, reason)
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert reason.strip() in answer.text
    assert own.office.store.rulings(HOST, [row.encounter]) == {}


def test_two_people_at_one_hold_the_second_is_told_and_nothing_is_overwritten(own: Served) -> None:
    row = held(own, "minutes-documented")
    assert decide(own, row, "write-off", "The first.").status_code == 303
    second = decide(own, row, "write-off", "The second.", role=Role.OWNER)
    assert second.status_code == 409
    told = words(second.text)
    assert "Somebody was faster" in told
    assert "decided: write it off" in told
    assert "The second." in told
    assert own.office.store.rulings(HOST, [row.encounter])[row.encounter].reason == "The first."
    for action, fields in (("assign", {"to": "me"}), ("note", {"note": "Mine."})):
        answer = own.client(Role.OWNER).post(f"/visits/{HOST}/{row.encounter}/{action}", {**fields, "seen": "0"})
        assert answer.status_code == 409
    now = own.office.desk.hold(HOST, row.encounter)
    assert now is not None
    assert (now.work.version, now.work.note, now.work.assignee) == (1, "", "")
    refused = [one for one in own.guard.access.all_events(HOST) if not one.ok]
    assert len(refused) == 3


def test_a_form_that_names_no_version_changes_nothing(own: Served) -> None:
    row = held(own, "minutes-documented")
    fields: dict[str, object] = {"ruling": "write-off", "reason": "x"}
    assert own.client(Role.BILLER).post(f"/visits/{HOST}/{row.encounter}/decide", fields).status_code == 409


def test_a_record_that_changed_since_the_page_was_shown_is_looked_at_before_it_is_decided(own: Served) -> None:
    """No run has seen the change: the hold is the same one, and what would be billed is not."""
    row = held(own, "ncci-pairs")
    shown = shown_on(page(own, row))
    with own.office.program() as program:
        service = program.look(row.encounter).decision.lines[0].procedures[0]
    change(settings_of(own).parent / "Procedure.000.ndjson", service, with_minutes)
    answer = decide(own, row, "bill", "Both were of separate regions.", shown=shown)
    assert answer.status_code == 409
    assert "the record has changed since the page was shown" in words(answer.text)
    assert "Both were of separate regions." in answer.text
    assert own.office.store.rulings(HOST, [row.encounter]) == {}
    assert decide(own, row, "write-off", "Still.", shown=shown_on(answer.text)).status_code == 303
    assert own.office.store.rulings(HOST, [row.encounter])[row.encounter].reason == "Still."


def test_who_says_not_what_was_shown_decides_nothing(own: Served) -> None:
    row = held(own, "minutes-documented")
    assert decide(own, row, "write-off", "x", shown="").status_code == 409
    assert own.office.store.rulings(HOST, [row.encounter]) == {}


def test_notes_are_kept_beside_who_has_it(own: Served) -> None:
    row = held(own, "minutes-documented")
    client, path = own.client(Role.FRONT_DESK), f"/visits/{HOST}/{row.encounter}"
    client.post(f"{path}/assign", {"to": "person", "person": "Practitioner/bill", "seen": "0"})
    client.post(f"{path}/note", {"note": "Called; <b>waits</b>", "seen": "1"})
    now = own.office.desk.hold(HOST, row.encounter)
    assert now is not None
    assert (now.work.assignee, now.work.note, now.work.version) == ("Practitioner/bill", "Called; <b>waits</b>", 2)
    assert "Called; &lt;b&gt;waits&lt;/b&gt;" in page(own, row)


def test_bill_again_is_a_job_of_this_visit(own: Served) -> None:
    row = held(own, "minutes-documented")
    answer = own.client(Role.FRONT_DESK).post(f"/visits/{HOST}/{row.encounter}/bill-again")
    (job,) = own.jobs.running()
    assert job.encounters == (row.encounter,)
    assert answer.headers["location"] == f"/visits/{HOST}/{row.encounter}?job={job.id}&said=billing"


# --- the record and the EHR -----------------------------------------------------------------------------------------


def test_what_was_settled_since_the_last_run_is_told(own: Served) -> None:
    row = held(own, "minutes-documented")
    (service, *_) = re.findall(r"Procedure/(\S+) ", row.holds[0][1])
    change(settings_of(own).parent / "Procedure.000.ndjson", service, with_minutes)
    text = words(page(own, row))
    assert "Decided anew just now, it differs" in text
    assert "Settled since: minutes-documented." in text
    assert row == own.office.store.known(HOST, [row.encounter])[row.encounter]  # looking changes nothing


def change(file: Path, id: str, mend) -> None:  # type: ignore[no-untyped-def]
    """Change one resource of an NDJSON file."""
    lines = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    file.write_bytes(b"".join(orjson.dumps(mend(one) if one["id"] == id else one) + b"\n" for one in lines))


def with_minutes(procedure: dict) -> dict:  # type: ignore[type-arg]
    from massage_billing.fhir.names import EXT_TREATMENT_MINUTES, UCUM

    minutes = {"value": 60, "unit": "min", "system": UCUM, "code": "min"}
    return {**procedure, "extension": [{"url": EXT_TREATMENT_MINUTES, "valueDuration": minutes}]}


def test_a_host_that_is_away_leaves_what_is_remembered(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    row = held(own, "minutes-documented")

    def away(*_: object, **__: object) -> None:
        raise HostUnreachable("GET Encounter: no answer.", "Is the EHR running?")

    monkeypatch.setattr(Program, "look", away)
    monkeypatch.setattr(type(own.site.offices.office(HOST).names._host().__enter__()), "people", away)  # type: ignore[union-attr]
    text = words(page(own, row))
    assert "The EHR could not be asked" in text
    assert "Is the EHR running?" in text
    assert str(row.patient) in text
    assert row.holds[0][1] in text
    assert "Nothing can be decided while the EHR does not answer" in text
    assert decide(own, row, "write-off", "x").status_code == 503
    assert own.office.store.rulings(HOST, [row.encounter]) == {}


def test_a_claim_that_waits_in_the_outbox_is_told_and_shown(own: Served) -> None:
    """As after a host that failed between deciding and writing."""
    from dataclasses import replace

    from massage_billing.ports import Entry, Operation, Write, WriteGroup

    row = claimed(own)
    body = b'{"resourceType":"Claim","status":"active","use":"claim","total":{"value":152.00,"currency":"USD"}}'
    group = WriteGroup(row.claim_key, row.encounter, (Write(Operation.CREATE, "Claim", body, "urn:uuid:1"),))
    own.office.store.commit([Entry(replace(row, claim=None, claim_version=None), group=group)])
    text = words(page(own, row))
    assert "it waits in the outbox and is written by the next run" in text
    assert "Not on the EHR yet" in text
    assert "Together $152.00" in text
