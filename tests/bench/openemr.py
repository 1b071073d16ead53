"""The module on a running OpenEMR, beside what OpenEMR itself does, in turns: nothing here installs or starts one.

``--openemr FILE`` is JSON: ``url`` (of the site), ``fhir``, ``token_url``, ``client_id``, ``key_file``, ``key_id`` of
an enabled client with system/Claim.crus, system/Patient.crus and system/Procedure.rs, ``login`` and ``password`` of
an administrator, and ``sql``, a command that reads SQL (["mariadb", "-uopenemr", …]). It writes patients, visits, logs
and claims into that database: give one that can be thrown away.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from bench.machine import Result
from massage_billing.fhir import names
from massage_billing.net.smart import SmartBackend, SmartSettings

Json = dict[str, Any]
MODULE = "oe-module-massage-billing"
TIMES, MILLISECONDS = 3.0, 30.0
WINDOW = 2.0
FEW, MANY = 500, 50_000
DAY = "2026-03-02"
SCOPES = ("openid", "api:fhir", "system/Claim.crus", "system/Patient.crus", "system/Procedure.rs")
FHIR = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}


class OpenEmr:
    """A running OpenEMR."""

    def __init__(self, given: Json) -> None:
        self.given = given
        settings = SmartSettings(
            client_id=given["client_id"], read_key=Path(given["key_file"]).read_text,
            key_id=given.get("key_id"), token_url=given["token_url"], scopes=SCOPES,
        )  # fmt: skip
        self._smart = SmartBackend(given["fhir"], settings)
        self._session = requests.Session()
        self._pages = requests.Session()

    def sql(self, text: str) -> list[list[str]]:
        """Run SQL; the rows."""
        done = subprocess.run([*self.given["sql"], "-N"], input=text, capture_output=True, text=True, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def fhir(self, method: str, path: str, body: Json | None = None, **headers: str) -> requests.Response:
        """One request of the API; it has to be answered well."""
        told = {**FHIR, "Authorization": self._smart.header(), **headers}
        answer = self._session.request(method, f"{self.given['fhir']}/{path}", json=body, headers=told, timeout=120)
        assert answer.status_code in (200, 201), answer.text[:500]
        return answer

    def log_in(self) -> None:
        """As the administrator, in the browser's way."""
        base = self.given["url"]
        self._pages.get(f"{base}/interface/login/login.php?site=default", timeout=60)
        form = {
            "new_login_session_management": "1", "authProvider": "Default", "authUser": self.given["login"],
            "clearPass": self.given["password"], "languageChoice": "1",
        }  # fmt: skip
        self._pages.post(f"{base}/interface/main/main_screen.php?auth=login&site=default", data=form, timeout=60)

    def page(self, path: str) -> str:
        """A page, as a person gets it."""
        answer = self._pages.get(self.given["url"] + path, timeout=60)
        assert answer.status_code == 200, answer.status_code
        return answer.text


def measure(file: Path, pairs: int) -> list[Result]:
    """All three figures."""
    server = OpenEmr(json.loads(file.read_text(encoding="utf-8")))
    return [_claims(server, max(pairs, 3) * 7), _card(server, max(pairs, 3)), _window(server, max(pairs, 3) * 5)]


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _claims(server: OpenEmr, rounds: int) -> Result:
    """POST Claim, which becomes billing rows, beside a stock POST Patient."""
    sent = [_visit(server, number) for number in range(rounds + 1)]
    server.fhir("POST", "Patient", _patient("Bench"))
    server.fhir("POST", "Claim", sent.pop())
    ours, theirs = [], []
    for number, claim in enumerate(sent):
        patient = _patient(f"Bench{number}")
        ours.append(_took(lambda claim=claim: server.fhir("POST", "Claim", claim, **_once(claim))))
        theirs.append(_took(lambda patient=patient: server.fhir("POST", "Patient", patient)))
    ratio = statistics.median(ours) / statistics.median(theirs)
    details = {"claim ms": ours, "patient ms": theirs}
    return Result("POST Claim with billing rows / POST Patient", ratio, "times", f"<= {TIMES}", ratio <= TIMES, details)


def _patient(given: str) -> Json:
    name = {"use": "official", "family": "Testpatient", "given": [given]}
    return {"resourceType": "Patient", "name": [name], "gender": "female", "birthDate": "1980-01-01"}


def _once(claim: Json) -> dict[str, str]:
    one = claim["identifier"][0]
    return {"If-None-Exist": f"identifier={one['system']}%7C{one['value']}"}


def _visit(server: OpenEmr, number: int) -> Json:
    """A patient with a visit in the database, and the Claim of it."""
    pid, encounter = 800_000 + number, 800_000 + number
    ids = {name: str(uuid.uuid4()) for name in ("patient", "visit", "coverage")}
    raw = {name: f"UNHEX('{value.replace('-', '')}')" for name, value in ids.items()}
    server.sql(f"""
        DELETE FROM patient_data WHERE pid={pid}; DELETE FROM form_encounter WHERE pid={pid};
        DELETE FROM insurance_data WHERE pid={pid}; DELETE FROM billing WHERE pid={pid};
        INSERT INTO patient_data (id, pid, uuid, fname, lname, DOB, sex) VALUES
            ({pid}, {pid}, {raw["patient"]}, 'Bench', 'Testpatient', '1980-01-01', 'Female');
        INSERT INTO form_encounter (uuid, date, pid, encounter, provider_id, facility_id, billing_facility, pos_code)
            SELECT {raw["visit"]}, '{DAY} 10:00:00', {pid}, {encounter}, u.id, f.id, f.id, 11
            FROM (SELECT id FROM users WHERE npi REGEXP '^[0-9]{{10}}$' AND authorized=1 ORDER BY id LIMIT 1) u,
                 (SELECT id FROM facility ORDER BY billing_location DESC, id LIMIT 1) f;
        INSERT INTO insurance_data (uuid, type, provider, policy_number, pid, date, subscriber_relationship,
            accept_assignment)
            SELECT {raw["coverage"]}, 'primary', id, 'BENCH{number}', {pid}, '2026-01-01', 'self', 'TRUE'
            FROM insurance_companies ORDER BY id LIMIT 1;
    """)
    who = "SELECT HEX(uuid) FROM users WHERE npi REGEXP '^[0-9]{10}$' AND authorized=1 ORDER BY id LIMIT 1"
    return _claim(ids, str(uuid.UUID(server.sql(who)[0][0])))


def _claim(ids: dict[str, str], therapist: str) -> Json:
    money = {"value": 30.00, "currency": "USD"}
    return {
        "resourceType": "Claim",
        "identifier": [{"system": names.SID_CLAIM_KEY, "value": f"MB{uuid.uuid4().hex[:18]}"}],
        "status": "active", "use": "claim", "created": DAY,
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
        "priority": {"coding": [{"code": "normal"}]},
        "patient": {"reference": f"Patient/{ids['patient']}"},
        "provider": {"reference": f"Practitioner/{therapist}"},
        "careTeam": [{"sequence": 1, "provider": {"reference": f"Practitioner/{therapist}"}, "role": {"coding": [{
            "system": "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole", "code": "rendering"}]}}],
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{
            "system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.50"}]}}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": f"Coverage/{ids['coverage']}"}}],
        "item": [{"sequence": 1, "careTeamSequence": [1], "diagnosisSequence": [1], "servicedDate": DAY,
                  "productOrService": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "97124"}]},
                  "quantity": {"value": 4}, "unitPrice": money, "net": {"value": 120.00, "currency": "USD"},
                  "encounter": [{"reference": f"Encounter/{ids['visit']}"}]}],
        "total": {"value": 120.00, "currency": "USD"},
    }  # fmt: skip


def _card(server: OpenEmr, pairs: int) -> Result:
    """What the card adds to the page of a patient: the page with the module enabled and disabled, in turns.

    The page takes half a second, and machines drift: the median of many differences between neighbours tells.
    """
    server.log_in()
    path = "/interface/patient_file/summary/demographics.php?set_pid=1"
    times: dict[bool, list[float]] = {True: [], False: []}
    try:
        for number in range(pairs * 14):
            for enabled in (True, False) if number % 2 else (False, True):
                server.sql(f"UPDATE modules SET mod_active={int(enabled)} WHERE mod_directory='{MODULE}'")
                began = time.perf_counter()
                page = server.page(path)
                times[enabled].append((time.perf_counter() - began) * 1000)
                assert bool(re.search("Massage billing", page)) is enabled
    finally:
        server.sql(f"UPDATE modules SET mod_active=1 WHERE mod_directory='{MODULE}'")
    added = statistics.median(one - other for one, other in zip(times[True], times[False], strict=True))
    details = {"with": times[True], "without": times[False]}
    return Result("the card on the patient's page", added, "ms", f"<= {MILLISECONDS}", added <= MILLISECONDS, details)


def _window(server: OpenEmr, rounds: int) -> Result:
    """A one-day search of Procedures over 50,000 rows of logs, beside the same over 500."""
    path, times = f"Procedure?date={DAY}", {}
    for count in (FEW, MANY):
        _logs(server, count)
        found = server.fhir("GET", path).json().get("entry", [])
        assert len(found) == 1, len(found)
        times[count] = [_took(lambda: server.fhir("GET", path)) for _ in range(rounds)]
    ratio = statistics.median(times[MANY]) / statistics.median(times[FEW])
    details = {str(count): some for count, some in times.items()}
    server.sql(
        "DELETE FROM massage_billing_log_row WHERE log >= 900000; DELETE FROM massage_billing_log WHERE id >= 900000"
    )
    return Result("one day of Procedures, 50,000 rows / 500", ratio, "times", f"<= {WINDOW}", ratio <= WINDOW, details)


def _logs(server: OpenEmr, count: int) -> None:
    """So many rows of logs, one of them on the day that is asked for."""
    server.sql(f"""
        DELETE FROM massage_billing_log_row WHERE log >= 900000; DELETE FROM massage_billing_log WHERE id >= 900000;
        INSERT INTO massage_billing_log (id, pid, encounter, status, created_by, created_at, updated_at)
            VALUES (900000, 800000, 800000, 'signed', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3));
        INSERT INTO massage_billing_log_row (uuid, log, seq, pid, encounter, code_type, code, minutes, therapist,
            status, performed_on, updated_at)
            SELECT UUID(), 900000, seq, 800000, 800000, 'CPT4', '97124', 60, 1, 'completed',
                IF(seq = 1, '{DAY}', DATE('2020-01-01') + INTERVAL (seq % 2000) DAY), UTC_TIMESTAMP(3)
            FROM seq_1_to_{count};
    """)
