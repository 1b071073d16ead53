"""One claim's life on one page: who decided what, when, from which evidence; what was sent, paid and adjusted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from datetime import date as Date
from decimal import Decimal
from typing import Final

from massage_billing.desk.claim_marks import seen_of
from massage_billing.model.remittance import ClaimStanding
from massage_billing.ports import Store, VisitRow
from massage_billing.ports.ledger import AdjustmentRow, Applied, Batch, Ledger, PaidLine, Said, SentLine, Submission
from massage_billing.remittance.adjudication import REVERSAL, Adjudication, Spot, adjudications
from massage_billing.remittance.adjustments import CONTRACTUAL, words
from massage_billing.remittance.book import unsent

Label = Callable[[str, Date], str]
"""Our own short label of a code on a date of service; "" where there is none."""
_FILE: Final = re.compile(r"\b([0-9a-f]{12,64})\b")
"""A file's digest, as what was said names it."""
_DECIDED: Final = re.compile(
    r"^(?P<outcome>[a-z-]+) \((?P<why>[^)]*)\); claim (?P<change>[a-z]+); rulebook (?P<book>[0-9a-f]*)"
)
"""How the audit trail tells a decision (run/planning.py)."""
_OUTCOMES: Final = {
    "claim": "to be billed to {}", "hold": "held by {}", "self-pay": "the patient pays", "no-charge": "nothing to bill",
    "waiting": "waits: the record is not complete",
}  # fmt: skip
_CHANGES: Final = {
    "created": "its Claim is written", "updated": "its Claim is replaced where it stands",
    "revised": "a new revision of its Claim is written", "cancelled": "its Claim is cancelled",
}  # fmt: skip
FREQUENCIES: Final = {"1": "original", "7": "replacement", "8": "void"}
"""What a claim is to the payer (CLM05-3)."""
RANKS: Final = {"P": "first payer", "S": "second payer", "T": "third payer"}
"""To which of the patient's payers."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a claim."""

    at: datetime
    """When it came to be known here, UTC."""
    who: str
    """"rules", "a person", "file", "payer", "host": what sort of thing it is."""
    what: str
    """In words."""
    evidence: str = ""
    """From what: a rulebook's digest, a file's digest and place, who said it, a reference on the host."""
    file: str = ""
    """Name of the file of answers it stands in, where it is known."""
    standing: ClaimStanding | None = None
    """How far the claim has come by it."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Why a payer did not pay all, in our words."""

    code: str
    """"CO 197", with its remarks: "CO 16 (N362)"."""
    plain: str
    """What it means."""
    dollars: Decimal
    """Not paid for it."""
    kind: str
    """"patient" (the patient owes it), "agreed" (paid less by contract), "denied"."""
    rule: str = ""
    """The rule that should have stopped it; "" where no rule knew."""


@dataclass(frozen=True, slots=True)
class LineStory:
    """One line as it was sent, and what came of it."""

    sent: SentLine
    """As sent."""
    label: str
    """Our own short label of its code."""
    paid: Decimal | None
    """Dollars paid by answers that count; None where nobody has answered."""
    of_patient: Decimal | None
    """Dollars left to the patient."""
    paid_as: str
    """Code and modifiers as the payer paid it, where they are others than were sent."""
    adjusted: tuple[Adjusted, ...]
    """Why not more."""


@dataclass(frozen=True, slots=True)
class ClaimStory:
    """One claim of a visit."""

    claim: Submission
    """What was sent, and how far it has come."""
    newest: bool
    """It is the one that stands for the visit now."""
    batch: Batch | None
    """The file that carries it, without its bytes; None where none of ours does."""
    lines: tuple[LineStory, ...]
    """What was sent, with what came of it."""
    whole: tuple[Adjusted, ...]
    """Adjustments of the claim as a whole."""
    others: tuple[str, ...]
    """Codes that the payer answered and that are no line of ours."""
    paid: Decimal | None
    """Dollars paid by answers that count; None where nobody has answered."""
    of_patient: Decimal | None
    """Dollars left to the patient."""
    taken_back: int
    """Answers that the payer took back."""
    steps: tuple[Step, ...]
    """What happened, the oldest first."""
    files: tuple[Applied, ...]
    """Files of answers that speak of it."""

    @property
    def kind(self) -> str:
        """ "original to the first payer"."""
        rank = RANKS.get(self.claim.rank, self.claim.rank)
        return f"{FREQUENCIES.get(self.claim.frequency, self.claim.frequency)} to the {rank}"

    @property
    def seen(self) -> str:
        """What a form carries, so that nobody marks a claim that has moved on since the page was shown."""
        return seen_of(self.claim)


@dataclass(frozen=True, slots=True)
class Life:
    """Every claim of one visit."""

    visit: VisitRow
    """What is remembered of the visit."""
    claims: tuple[ClaimStory, ...]
    """The one that stands now first, then what came before it."""
    held: tuple[tuple[str, str], ...]
    """(rule, message) of what holds the visit now."""

    @property
    def newest(self) -> ClaimStory | None:
        """The claim that stands for the visit now."""
        return next((one for one in self.claims if one.newest), None)


def claim_life(
    store: Store, ledger: Ledger, host: str, encounter: str, label: Label, files: Sequence[Applied] = ()
) -> Life | None:
    """The life of a visit's claims; None where the visit is not known or never had one. ``files`` of answers are named
    where they are among these. Raises StoreError."""
    row = store.known(host, [encounter]).get(encounter)
    if row is None:
        return None
    found = ledger.of_encounters(host, [encounter])
    keys = {one.key for one in found}
    if row.claim is not None and row.claim_key and row.claim_key not in keys:
        found = [*found, unsent(row)]
    if not found:
        return None
    every = sorted(found, key=lambda one: (one.key != row.claim_key, _later(one)))
    lined, why = ledger.paid_lines(keys), ledger.adjustments_of(keys)
    teller = _Teller(store, ledger, row, label, adjudications(lined, why), files)
    stories = tuple(teller.story(one, [each for each in lined if each.key == one.key]) for one in every)
    return Life(row, stories, row.holds)


def _later(one: Submission) -> float:
    """The newest first."""
    return -(one.since or datetime.min.replace(tzinfo=UTC)).timestamp() if one.since else 0.0


class _Teller:
    """Tells the claims of one visit."""

    def __init__(
        self, store: Store, ledger: Ledger, row: VisitRow, label: Label,
        answers: Mapping[str, tuple[Adjudication, ...]], files: Sequence[Applied],
    ) -> None:  # fmt: skip
        self.ledger, self.row, self.label, self.answers = ledger, row, label, answers
        self.trail = tuple((at, what) for at, _, what in store.trail(row.host, row.encounter))
        self.files = {one.file: one for one in files}

    def story(self, one: Submission, told: Sequence[PaidLine]) -> ClaimStory:
        """One claim."""
        counted = self.answers.get(one.key, ())
        said = self.ledger.life(one.key)
        batch = self.ledger.batch(one.host, one.batch) if one.batch else None
        batch = replace(batch, body=None) if batch else None  # nobody who looks at one claim is shown all of them
        wholes = [each for each in told if each.line == 0]
        newest = one.key == self.row.claim_key
        return ClaimStory(
            claim=one, newest=newest, batch=batch,
            lines=tuple(self._line(one, item, counted) for item in range(1, len(one.lines) + 1)),
            whole=tuple(each for answer in counted for each in _adjusted(answer.whole.adjustments)),
            others=_strangers(counted),
            paid=sum((each.whole.paid.paid for each in counted), Decimal(0)) if counted else _paid(said),
            of_patient=sum((each.whole.paid.of_patient for each in counted), Decimal(0)) if counted else None,
            taken_back=sum(each.status == REVERSAL for each in wholes),
            steps=tuple(sorted(self._steps(one, batch, said, newest), key=lambda step: step.at)),
            files=self._files_of(said, told),
        )  # fmt: skip

    def _line(self, one: Submission, item: int, counted: Sequence[Adjudication]) -> LineStory:
        sent = one.lines[item - 1]
        mine = [line for answer in counted for line in answer.lines if line.paid.item == item]
        as_sent = "-".join((sent.code, *sent.modifiers))
        paid_as = [each for line in mine if (each := "-".join((line.paid.code, *line.paid.modifiers))) != as_sent]
        return LineStory(
            sent, self.label(sent.code, sent.date),
            sum((line.paid.paid for line in mine), Decimal(0)) if mine else None,
            sum((line.paid.of_patient for line in mine), Decimal(0)) if mine else None,
            ", ".join(dict.fromkeys(paid_as)),
            tuple(each for line in mine for each in _adjusted(line.adjustments)),
        )  # fmt: skip

    def _steps(self, one: Submission, batch: Batch | None, said: Sequence[Said], newest: bool) -> Iterator[Step]:
        if newest:
            yield from (decided(at, what) for at, what in self.trail)
        if batch is not None:
            what = f"Put into the file {batch.file}, transaction {one.transaction}"
            yield Step(batch.at, "file", what, f"SHA-256 {batch.digest[:12]}", batch.file, ClaimStanding.EXPORTED)
        yield from (self._said(each) for each in said)

    def _said(self, one: Said) -> Step:
        digest = _FILE.search(one.source)
        file = self._file(digest.group(1)) if digest else None
        who = "a person" if one.source.startswith("marked by") else "host" if "/" in one.source else "payer"
        return Step(one.at, who, one.words, one.source, file.name if file else "", one.standing)

    def _file(self, digest: str) -> Applied | None:
        return self.files.get(digest) or next((one for key, one in self.files.items() if key.startswith(digest)), None)

    def _files_of(self, said: Iterable[Said], told: Iterable[PaidLine]) -> tuple[Applied, ...]:
        spots: dict[Spot | str, None] = dict.fromkeys(one.file for one in told)
        spots |= dict.fromkeys(match.group(1) for one in said if (match := _FILE.search(one.source)))
        found = [self._file(str(one)) for one in spots]
        return tuple(dict.fromkeys(one for one in found if one is not None))


def decided(at: datetime, what: str) -> Step:
    """A line of the audit trail in words."""
    read = _DECIDED.match(what)
    if read is None:
        person = " marked by " in what or what.startswith("ruled")
        return Step(at, "a person" if person else "rules", what)
    rules = read["why"].replace(",", ", ")
    outcome = _OUTCOMES.get(read["outcome"], read["outcome"]).format(rules)
    change = _CHANGES.get(read["change"])
    told = f"Decided: {outcome}" + (f"; {change}" if change else "")
    return Step(at, "rules", told, f"rulebook {read['book']}" if read["book"] else "")


def _adjusted(rows: Iterable[AdjustmentRow]) -> Iterator[Adjusted]:
    for row in rows:
        told = words(row.group, row.reason, row.remarks)
        kind = "patient" if told.patient else "agreed" if told.category in (CONTRACTUAL, "patient") else "denied"
        remarks = f" ({', '.join(row.remarks)})" if row.remarks else ""
        rule = (told.rule or "") if kind != "agreed" else ""
        yield Adjusted(f"{row.group} {row.reason}{remarks}", told.plain, row.amount, kind, rule)


def _strangers(counted: Iterable[Adjudication]) -> tuple[str, ...]:
    """What the payer answered beside our lines."""
    found = [
        "-".join((line.paid.code, *line.paid.modifiers)) for one in counted for line in one.lines if not line.paid.item
    ]
    return tuple(dict.fromkeys(found))


def _paid(said: Iterable[Said]) -> Decimal | None:
    """What a person or a FHIR answer says was paid, where no remittance of ours does."""
    return next((one.paid for one in reversed(list(said)) if one.paid is not None), None)
