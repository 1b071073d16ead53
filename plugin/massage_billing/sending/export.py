"""The steps of an export: choose claims, make a file of them, remember it, write it.

In this order, so that a crash at any point sends no claim twice and loses none: a file is remembered with its bytes
before it is written, and one that was remembered and not written is written first the next time, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal

from massage_billing.errors import ClaimNotExportable, InputError, SettingsError
from massage_billing.fhir.professional import ExportTerms, payer_of, read_claim
from massage_billing.fhir.professional_people import KeptParties
from massage_billing.fhir.visit import Shared
from massage_billing.model.professional import ProfessionalClaim
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports.ledger import Batch, SentLine, Submission
from massage_billing.sending import lost as found_again
from massage_billing.sending.again import Again, same_again
from massage_billing.sending.choose import Chosen, Left, Picked, choose
from massage_billing.sending.files import file_name, highest, write_batch
from massage_billing.sending.setup import ExportSetup, Target

_ROUNDS = 5
"""How often a file is made again because another process took one of its claims meanwhile."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of an export."""

    number: int
    """Its number."""
    receiver: str
    """Who takes it."""
    path: str
    """Where it is; "" in a dry run."""
    claims: int
    """How many claims it carries."""
    total: Decimal
    """Dollars."""
    digest: str
    """SHA-256 of its bytes."""
    again: bool = False
    """It was remembered before, and is written again."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export came to."""

    host: str
    """Configured host id."""
    files: tuple[WrittenFile, ...]
    """Files that were written."""
    left: tuple[Left, ...]
    """Claims that were not sent, and why."""
    problems: tuple[str, ...] = ()
    """Files that could not be written, and why: they are remembered, and the next export writes them."""
    dry_run: bool = False
    """Nothing was remembered or written."""
    found: tuple[str, ...] = ()
    """Files that a lost store had forgotten, and that are remembered again (in a dry run: would be)."""


@dataclass(slots=True)
class _Ready:
    target: Target
    claims: list[tuple[Picked, ProfessionalClaim]] = field(default_factory=list)


@dataclass(slots=True)
class _Job:
    """One export while it goes on."""

    again: Again
    part: bool
    """Only some of the claims are looked at."""
    dry_run: bool
    lost: found_again.Lost
    left: list[Left] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    files: list[WrittenFile] = field(default_factory=list)
    ready: dict[str, _Ready] = field(default_factory=dict)

    def leave(self, encounter: str, reference: str, why: str, *, lacks: bool = False) -> None:
        """A claim is not sent."""
        self.left.append(Left(encounter, reference, why, lacks))

    def report(self, host: str) -> ExportReport:
        """What it came to."""
        files = tuple(batch.file for batch, _ in self.lost.found)
        return ExportReport(host, tuple(self.files), tuple(self.left), tuple(self.problems), self.dry_run, files)


class Exporter:
    """Puts the approved claims of one host into files."""

    def __init__(self, setup: ExportSetup) -> None:
        self.setup = setup
        self._keys = Shared(setup.clinic.payers).payers
        self._kept = KeptParties()

    def run(
        self, payer: str | None = None, since: Date | None = None, *, again: Again | None = None, dry_run: bool = False
    ) -> ExportReport:
        """Finish what is missing, then write a file for every receiver that has claims.

        A folder that cannot be written keeps no other from its files. ``again``: rejected claims that go though they
        say the same. Raises HostError, StoreError.
        """
        job = self._begun(again, part=payer is not None or since is not None, dry_run=dry_run)
        for count, one in enumerate(choose(self.setup, payer, since), 1):
            self.setup.progress.advance("claims", count, None)
            if isinstance(one, Left):
                job.left.append(one)
            else:
                self._sort(one, payer, job)
        return self._ended(job)

    def _begun(self, again: Again | None, *, part: bool, dry_run: bool) -> _Job:
        """What a lost store forgot is remembered, and what an earlier export left undone is done."""
        lost = found_again.look(self.setup.places)
        job = _Job(again or Again(), part, dry_run, lost)
        job.problems += lost.blocked.values()
        if not dry_run:
            found_again.remember(self.setup.places, lost)
            missing = [self._tried(batch, job.problems, again=True) for batch in self._missing(job.problems)]
            job.files += [one for one in missing if one is not None]
        else:
            here = {one.key: batch.file for batch, claims in lost.found for one in claims}
            lost.kept.update({key: f"is in {file}, which the next export remembers." for key, file in here.items()})
        return job

    def _ended(self, job: _Job) -> ExportReport:
        for some in job.ready.values():
            made = self._file(some, job)
            if made is not None:
                job.files.append(made)
        return job.report(self.setup.host.id)

    def only(self, number: int) -> ExportReport:
        """``again``, as a report."""
        return ExportReport(self.setup.host.id, (self.again(number),), ())

    def again(self, number: int) -> WrittenFile:
        """Write a file once more, byte for byte.

        SettingsError where its bytes are gone, there never was one, or some of its claims were sent again in another.
        """
        batch = self.setup.ledger.batch(self.setup.host.id, number)
        if batch is None or not batch.body:
            what = f"Batch {number} is not known." if batch is None else f"The bytes of batch {number} are gone."
            raise SettingsError(what, "`claims status` lists files; their bytes are kept for state.retention_days.")
        carried = len(self.setup.ledger.of_batch(batch.host, number))
        if carried < batch.claims:
            what = f"{batch.claims - carried} of the {batch.claims} claims of batch {number} are in another file since."
            raise SettingsError(what, "Written again, it would send them twice.")
        return self._write(batch, again=True)

    def _missing(self, problems: list[str]) -> list[Batch]:
        """Files that were remembered and not written; one whose claims were answered arrived all the same. Of one whose
        bytes went with a patient who was forgotten, nobody can tell: ``problems`` says so."""
        host, ledger = self.setup.host.id, self.setup.ledger
        found = []
        for one in reversed(ledger.batches(host, unwritten=True)):
            claims = ledger.of_batch(host, one.number)
            if not claims or any(claim.standing is not ClaimStanding.EXPORTED for claim in claims):
                ledger.written(one.number)
            elif (batch := ledger.batch(host, one.number)) is not None and batch.body:
                found.append(batch)
            else:
                problems.append(
                    f"{one.file} may never have been written, and its bytes are gone with a patient who was forgotten; "
                    f"{len(claims)} claims of others were in it. Look for it in its folder and at the clearinghouse: "
                    f"if it was not sent, `claims drop {one.number}` lets them go again."
                )
        return found

    def _sort(self, one: Chosen, payer: str | None, job: _Job) -> None:
        """Give a claim to its receiver; or say why it goes nowhere."""
        key = one.row.payer or payer_of(one.record, one.claim, self._keys) or ""
        if payer and key != payer:
            return
        name, reference = self.setup.receiver_of(key), one.row.claim or ""
        if name is None:
            job.leave(one.row.encounter, reference, f"is to {key}, and no receiver takes its claims.")
            return
        terms = ExportTerms(self.setup.billing, self.setup.payers, self._keys, key, self._kept)
        try:
            claim = read_claim(one.record, one.claim, one.visit, terms)
        except ClaimNotExportable as problem:
            job.leave(one.row.encounter, reference, problem.what, lacks=True)
            return
        self._ready(name, one, claim, job)

    def _ready(self, name: str, one: Chosen, claim: ProfessionalClaim, job: _Job) -> None:
        """A claim goes to this receiver, unless it stands in a file there that nobody remembers."""
        if claim.key in job.lost.kept:
            job.leave(one.row.encounter, claim.reference, job.lost.kept[claim.key], lacks=not job.dry_run)
        elif name in job.lost.blocked:
            job.leave(one.row.encounter, claim.reference, f"is to {name}: {job.lost.blocked[name]}", lacks=True)
        else:
            job.ready.setdefault(name, _Ready(self.setup.targets[name])).claims.append((Picked.of(one), claim))

    def _file(self, some: _Ready, job: _Job) -> WrittenFile | None:
        """Make one file, remember it, write it; claims that cannot be written, or that another took, are left."""
        same = same_again(self.setup, some.target, some.claims, job.again, part=job.part)
        for one, claim in some.claims:
            if claim.key in same:
                job.leave(one.encounter, claim.reference, same[claim.key], lacks=True)
        some.claims = [pair for pair in some.claims if pair[1].key not in same]
        for _ in range(_ROUNDS):
            number = 1
            if not job.dry_run and some.claims:
                number = self.setup.ledger.next_batch(highest(some.target.folders, some.target.name))
            batch, submissions = self._made(some, number, job.left)
            if batch is None:
                return None
            if job.dry_run:
                return WrittenFile(0, some.target.name, "", batch.claims, batch.total, batch.digest)
            taken = set(self.setup.ledger.commit_batch(batch, submissions))
            if not taken:
                return self._tried(batch, job.problems, submissions)
            some.claims = [pair for pair in some.claims if pair[1].key not in taken]
        for one, claim in some.claims:
            job.leave(one.encounter, claim.reference, "was taken by another export at the same time.")
        return None

    def _made(self, some: _Ready, number: int, left: list[Left]) -> tuple[Batch | None, Sequence[Submission]]:
        """The file of these claims; those that cannot be written are left."""
        at = self.setup.now().replace(microsecond=0)
        made = some.target.make((claim for _, claim in some.claims), number, at)
        left += [
            Left(one.encounter, claim.reference, made.refused[claim.key], lacks=True)
            for one, claim in some.claims
            if claim.key in made.refused
        ]
        some.claims = [pair for pair in some.claims if pair[1].key not in made.refused]
        if not some.claims:
            return None, ()
        submissions = [
            _submission(self.setup, one, claim, number, made.transactions.get(claim.key, ""))
            for one, claim in some.claims
        ]
        batch = Batch(
            number, self.setup.host.id, some.target.name, file_name(some.target.name, number),
            hashlib.sha256(made.body).hexdigest(), len(submissions),
            sum((claim.total for _, claim in some.claims), Decimal(0)), at, body=made.body,
        )  # fmt: skip
        return batch, submissions

    def _tried(
        self, batch: Batch, problems: list[str], claims: Sequence[Submission] | None = None, *, again: bool = False
    ) -> WrittenFile | None:
        try:
            return self._write(batch, claims, again=again)
        except (InputError, SettingsError) as problem:
            problems.append(str(problem))
            return None

    def _write(self, batch: Batch, claims: Sequence[Submission] | None = None, *, again: bool = False) -> WrittenFile:
        """Put a file into its folder. ``claims``: those it carries, where they are at hand."""
        target = self.setup.targets.get(batch.receiver)
        if target is None:
            raise SettingsError(
                f"Batch {batch.number} was made for {batch.receiver}, which the settings do not name any more.",
                "Name that receiver again under export.receivers, or drop the file with `claims drop`.",
            )
        if claims is None:
            claims = self.setup.ledger.of_batch(batch.host, batch.number)
        self.setup.store.sent(batch.host, [one.encounter for one in claims])
        path = write_batch(target.folder, batch, claims)
        self.setup.ledger.written(batch.number)
        return WrittenFile(batch.number, batch.receiver, str(path), batch.claims, batch.total, batch.digest, again)


def _submission(setup: ExportSetup, one: Picked, claim: ProfessionalClaim, number: int, transaction: str) -> Submission:
    return Submission(
        key=claim.key,
        host=setup.host.id,
        encounter=one.encounter,
        patient=one.patient,
        payer=claim.payer.key,
        claim=claim.reference,
        digest=one.digest,
        rank=claim.rank,
        frequency=claim.frequency,
        date=min(line.date for line in claim.lines),
        total=claim.total,
        lines=tuple(_lines(claim)),
        batch=number,
        transaction=transaction,
        since=setup.now(),
    )


def _lines(claim: ProfessionalClaim) -> Iterable[SentLine]:
    main = claim.rendering or claim.billing
    for line in claim.lines:
        who = (line.rendering or main).npi
        yield SentLine(line.control, line.code, line.modifiers, line.units, line.charge, line.date, who)
