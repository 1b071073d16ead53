"""The life of claims on a host: sent, answered, corrected, voided. The same steps on a folder and on a server."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Protocol

from claims_answers import ack, era, paid, status
from claims_clinic import HOST, Billed, Json, keys_in
from massage_billing.fhir.keys import claim_key
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Submission


class Records(Protocol):
    """What stands on the host."""

    def put(self, *resources: Json) -> object: ...
    def resources(self, kind: str) -> dict[str, Json]: ...


@dataclass
class Life:
    """Claims on their way."""

    billed: Billed
    records: Records

    def export(self) -> list[bytes]:
        """Export; the files that were new."""
        before = self.billed.files()
        with self.billed.exporter() as exporter:
            report = exporter.run()
        assert report.problems == ()
        return [data for name, data in self.billed.files().items() if name not in before]

    def of(self, encounter: str, revision: int = 0) -> Submission:
        """What was sent of a visit."""
        key = claim_key(HOST, encounter, revision)
        return next(one for one in self.billed.sent() if one.key == key)

    def shorten(self, encounter: str) -> None:
        """The record of a visit is corrected: a quarter of an hour less."""
        (done,) = [
            one
            for one in self.records.resources("Procedure").values()
            if one["encounter"]["reference"] == f"Encounter/{encounter}"
        ]
        end = done["performedPeriod"]["end"]
        hour, minute = int(end[11:13]), int(end[14:16])
        hour, minute = divmod(hour * 60 + minute - 15, 60)
        done["performedPeriod"]["end"] = f"{end[:11]}{hour:02}:{minute:02}{end[16:]}"
        self.records.put(done)

    def undo(self, encounter: str) -> None:
        """The visit never was."""
        visit = self.records.resources("Encounter")[encounter]
        self.records.put({**visit, "status": "entered-in-error"})

    def suitable(self, count: int) -> list[str]:
        """Encounters of sent claims of an hour of one service, each of another patient."""
        timed = {
            one["encounter"]["reference"].partition("/")[2]
            for one in self.records.resources("Procedure").values()
            if "performedPeriod" in one and "extension" not in one
        }
        found: dict[str, str] = {}
        for one in self.billed.sent():
            if one.batch == 1 and len(one.lines) == 1 and one.lines[0].units >= 3 and one.encounter in timed:
                found.setdefault(one.patient, one.encounter)
        assert len(found) >= count, found
        return list(found.values())[:count]

    def claims_of(self, encounter: str) -> list[Json]:
        """All Claims of a visit on the host, by revision."""
        keys = [claim_key(HOST, encounter, revision) for revision in range(4)]
        found = {each["value"]: one for one in self.records.resources("Claim").values() for each in one["identifier"]}
        return [found[key] for key in keys if key in found]


def clm(files: list[bytes], key: str) -> list[str]:
    """CLM05 and REF*F8 of a claim in the one file of these that has it."""
    (file,) = [one for one in files if key in keys_in(one)]
    segments = [one.strip() for one in file.decode().split("~")]
    start = next(n for n, one in enumerate(segments) if one.startswith(f"CLM*{key}*"))
    told = [segments[start].split("*")[5]]
    for segment in segments[start + 1 :]:
        if segment.startswith(("CLM*", "HL*", "SE*")):
            break
        if segment.startswith("REF*F8*"):
            told.append(segment)
    return told


def holds(life: Life) -> dict[str, set[str]]:
    """Rules that hold visits, by Encounter."""
    with life.billed.store() as store:
        return {row.encounter: {rule for rule, _ in row.holds} for row in store.rows(HOST) if row.holds}


def from_the_run_to_the_void(life: Life) -> None:
    """Everything that can become of a claim, in one go."""
    life.export()
    waits, rejected, corrected, voided, settled = life.suitable(5)
    sent = {one: life.of(one) for one in (waits, rejected, corrected, voided, settled)}
    before = life.claims_of(settled)

    # 999 and 277CA
    life.billed.receive(ack(1, ("0001", "A")), name="999")
    told = [(sent[one].key, "A3:21" if one == rejected else "A2:20:PR", "") for one in sent]
    life.billed.receive(status(1, *told), name="277")
    assert life.of(rejected).standing is ClaimStanding.REJECTED
    # 835
    life.billed.receive(
        era(*(paid(sent[one], number=f"P-{one.upper()}") for one in (corrected, voided, settled))), name="835"
    )
    assert life.of(settled).standing is ClaimStanding.ADJUDICATED
    assert life.of(waits).standing is ClaimStanding.ACCEPTED
    answers = {one["request"]["reference"]: one for one in life.records.resources("ClaimResponse").values()}
    assert answers.keys() == {sent[one].claim for one in (corrected, voided, settled)}

    # the record changes
    for one in (waits, rejected, corrected):
        life.shorten(one)
    life.undo(voided)
    life.billed.run()
    assert holds(life)[waits] == {"claim-state"}
    assert not {rejected, corrected, voided} & holds(life).keys()
    old, new = life.claims_of(rejected)
    assert (old["status"], new["status"]) == ("cancelled", "active")
    files = life.export()
    assert clm(files, claim_key(HOST, rejected, 1))[0].endswith(":1")
    assert clm(files, claim_key(HOST, corrected, 1)) == [
        clm(files, claim_key(HOST, corrected, 1))[0], f"REF*F8*P-{corrected.upper()}",
    ]  # fmt: skip
    assert clm(files, claim_key(HOST, corrected, 1))[0].endswith(":7")
    assert clm(files, claim_key(HOST, voided, 1))[0].endswith(":8")
    assert clm(files, claim_key(HOST, voided, 1))[1:] == [f"REF*F8*P-{voided.upper()}"]
    again = {key for file in files for key in keys_in(file)}
    assert again == {claim_key(HOST, one, 1) for one in (rejected, corrected, voided)}

    # what waited is answered, and corrected then
    life.billed.receive(era(paid(sent[waits], number="P-LATE"), trace="EFT2"), name="late")
    life.records.put(life.records.resources("Encounter")[waits])
    life.billed.run()
    assert waits not in holds(life)
    files = life.export()
    assert clm(files, claim_key(HOST, waits, 1))[0].endswith(":7")
    assert clm(files, claim_key(HOST, waits, 1))[1:] == ["REF*F8*P-LATE"]

    # nothing more to do
    assert life.export() == []
    assert life.claims_of(settled) == before


def with_a_lost_store(life: Life) -> None:
    """What was sent is known by the manifests, what was paid by the host too: nothing goes again, no number twice."""
    life.export()
    some = life.suitable(3)
    sent = [life.of(one) for one in some]
    life.billed.receive(era(*(paid(one) for one in sent)), name="835")
    before = life.billed.files()
    shutil.rmtree(life.billed.folder / life.billed.state)
    assert len(life.billed.run()["problems"]) == len(before)
    with life.billed.exporter() as exporter:
        report = exporter.run()
    assert (report.files, report.found, life.billed.files()) == ((), (), before)
    # The payer answers to the old file: the claim is found.
    other = next(one for one in life.billed.sent() if len(one.lines) == 1)
    (taken,) = life.billed.receive(era(paid(other), trace="EFT9"), name="later")
    assert (taken.state, taken.claims) == ("applied", 1)
    # And a correction of what was paid has the payer's number from the host.
    life.shorten(some[0])
    life.billed.run()
    files = life.export()
    assert clm(files, claim_key(HOST, some[0], 1))[1:] == ["REF*F8*P77"]
