"""The steps of taking a file of answers: see what it is, that it balances, find our claims, apply it, tell the host.

A file is applied whole or not at all, and once, whatever it is called and however often it is given. What the host is
to be told is remembered in the same transaction, and told until the host has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from massage_billing.errors import HostError
from massage_billing.fhir import names
from massage_billing.fhir.keys import full_url, is_later_claim
from massage_billing.model.remittance import ClaimPaid, Remittance, RemittanceEnd, RemittanceHeader
from massage_billing.ports import Operation, Write, WriteGroup
from massage_billing.ports.ledger import AdjustmentRow, Applied, AppliedPart, PaidLine, Response, Said, Submission
from massage_billing.remittance import paid as payment
from massage_billing.remittance.files import AnswerFile, look_at, of_host
from massage_billing.remittance.match import Matcher
from massage_billing.remittance.setup import AnswersSetup
from massage_billing.remittance.taken import is_of_earlier, said_of_claim, said_of_files
from massage_billing.x12.acknowledgement import read_acknowledgements
from massage_billing.x12.balance_835 import Balance
from massage_billing.x12.remittance_835 import read_835
from massage_billing.x12.status_277ca import statuses

_ACKNOWLEDGES = frozenset({"999", "997", "TA1"})
_STATUS = frozenset({"277CA", "277"})
_PAYS = "835"
_OF_CLAIMS = _ACKNOWLEDGES | _STATUS | {_PAYS}
_READ = 500
"""Claims of a remittance that are matched together."""
_TOLD = 200
"""ClaimResponses that are given to the host together."""
_SHOWN = 12
"""Hexadecimal digits of a file's digest by which it is named."""


@dataclass(frozen=True, slots=True)
class FileTaken:
    """What became of one file."""

    file: str
    """Its name, without a folder."""
    kinds: tuple[str, ...]
    """What it is."""
    state: str
    """"applied", "known" (applied before), "refused", or "other" (nothing of our claims: it is not remembered)."""
    claims: int = 0
    """Our claims that it speaks of."""
    unmatched: tuple[tuple[int, str], ...] = ()
    """(place, why) of claims that were not found."""
    paid: Decimal | None = None
    """Dollars of its payments."""
    problems: tuple[str, ...] = ()
    """Why it was refused, with the place; else what is odd about it."""


@dataclass(slots=True)
class _Money:
    """What a first reading of an 835 finds."""

    paid: Decimal
    traces: list[str]
    provider: list[tuple[str, str, Decimal]]
    refuses: list[str]
    odd: list[str]


class _NothingOfOursError(Exception):
    """A file speaks of no claim of ours: it is not remembered, so that it can be given again, or to another host."""


class Answers:
    """Takes files of answers for one host."""

    def __init__(self, setup: AnswersSetup) -> None:
        self.setup = setup
        self._tells_host = "ClaimResponse" in setup.host.capabilities().writable

    def take(self, path: Path) -> FileTaken:
        """Take one file. Raises InputError where it cannot be read, StoreError."""
        file = look_at(path)
        ours = of_host(file, self.setup.host.id)
        if any(self.setup.ledger.is_applied(one.digest) for one in (ours, file)):  # as earlier versions knew files
            return FileTaken(file.name, file.kinds, "known")
        file = ours
        if not _OF_CLAIMS.intersection(file.kinds):
            return FileTaken(file.name, file.kinds, "other")
        money = self._money(file) if _PAYS in file.kinds else None
        refuses = (*file.cut, *(money.refuses if money else ()))
        if refuses:
            return FileTaken(file.name, file.kinds, "refused", problems=refuses)
        return self._apply(file, money)

    def _apply(self, file: AnswerFile, money: _Money | None) -> FileTaken:
        matched: set[str] = set()
        unmatched: list[tuple[int, str]] = []

        def parts() -> Iterator[AppliedPart]:
            for part in self._parts(file):
                matched.update(one.key for one in part.said)
                unmatched.extend(part.unmatched)
                self.setup.progress.advance("claims", len(matched) + len(unmatched), None)
                yield part
            if not matched and (unmatched or money is None):
                raise _NothingOfOursError

        header = Applied(file.digest, "+".join(file.kinds), file.name)
        if money is not None:
            header = replace(header, paid=money.paid, trace=", ".join(money.traces), provider=tuple(money.provider))
        try:
            if not self.setup.ledger.apply(header, parts()):
                return FileTaken(file.name, file.kinds, "known")
        except _NothingOfOursError:
            return FileTaken(file.name, file.kinds, "other", unmatched=tuple(unmatched))
        sent = {one.encounter for one in self._of(matched)}
        if sent:
            self.setup.store.sent(self.setup.host.id, sent)
        odd = tuple(money.odd) if money else ()
        return FileTaken(file.name, file.kinds, "applied", len(matched), tuple(unmatched), header.paid, odd)

    def _of(self, keys: set[str]) -> list[Submission]:
        return list(self.setup.ledger.submissions(self.setup.host.id, keys).values())

    def _parts(self, file: AnswerFile) -> Iterator[AppliedPart]:
        source = file.digest[:_SHOWN]
        host, now = self.setup.host.id, self.setup.now()
        if _ACKNOWLEDGES.intersection(file.kinds):
            told = read_acknowledgements(file.chunks())
            yield AppliedPart(tuple(said_of_files(told, self.setup.ledger, host, source, now)))
        if _STATUS.intersection(file.kinds):
            yield from self._statuses(file, source)
        if _PAYS in file.kinds:
            yield from self._payments(file, source)

    # --- acknowledgements -------------------------------------------------------------------------------------------

    def _statuses(self, file: AnswerFile, source: str) -> Iterator[AppliedPart]:
        """What 277CAs say: of claims by our number; of a provider or file, of all its claims that are not named."""
        told = statuses(file.chunks())
        known = self.setup.ledger.submissions(self.setup.host.id, {one.control.strip().upper() for one in told} - {""})
        said: list[Said] = []
        unmatched: list[tuple[int, str]] = []
        now = self.setup.now()
        for place, one in enumerate(told, 1):
            ours = known.get(one.control.strip().upper())
            if ours and is_of_earlier(one, ours, self.setup.ledger):
                continue
            concerned = [ours] if ours else []
            if not one.control and one.taken is not None:
                rest = self._concerned(one.batch, one.level, one.provider)
                concerned = [each for each in rest if each.key not in known]
            elif one.control and ours is None:
                unmatched.append((place, "has no number of ours"))
            for each in concerned:
                about = said_of_claim(one, each, f"277 {source} claim {place}", now)
                if about is not None:
                    said.append(about)
        yield AppliedPart(tuple(said), unmatched=tuple(unmatched))

    def _concerned(self, batch: str, level: str, provider: str) -> list[Submission]:
        """The claims of a file that is refused whole, or of one provider in it. BHT03 is the file's number."""
        number = batch.partition("-")[0]
        if not number.isdigit():
            return []
        claims = self.setup.ledger.of_batch(self.setup.host.id, int(number))
        if level == "provider" and provider:
            return [one for one in claims if any(line.therapist == provider for line in one.lines)] or claims
        return claims

    # --- payments ---------------------------------------------------------------------------------------------------

    def _money(self, file: AnswerFile) -> _Money:
        """Read a remittance through once, to see whether it adds up before anything is applied."""
        found = _Money(Decimal(0), [], [], [], [])
        balance: Balance | None = None
        for part in read_835(file.chunks()):
            if isinstance(part, RemittanceHeader):
                header = part.remittance
                balance = Balance.of(header)
                found.paid += header.paid if header.credit else -header.paid
                found.traces += [header.trace] if header.trace else []
            elif isinstance(part, ClaimPaid) and balance is not None:
                for one in balance.claim(part):
                    (found.refuses if one.refuses else found.odd).append(str(one))
            elif isinstance(part, RemittanceEnd) and balance is not None:
                for one in balance.end(part):
                    (found.refuses if one.refuses else found.odd).append(str(one))
                found.provider += [(one.reason, one.reference, one.amount) for one in part.adjustments]
        return found

    def _payments(self, file: AnswerFile, source: str) -> Iterator[AppliedPart]:
        matcher = Matcher(self.setup)
        header: Remittance | None = None
        some: list[ClaimPaid] = []
        for part in read_835(file.chunks()):
            if isinstance(part, ClaimPaid):
                some.append(part)
            if header is not None and (isinstance(part, RemittanceHeader | RemittanceEnd) or len(some) == _READ):
                yield self._part(file, source, header, some, matcher)
                some = []
            if isinstance(part, RemittanceHeader):
                header = part.remittance

    def _part(
        self, file: AnswerFile, source: str, header: Remittance, claims: Sequence[ClaimPaid], matcher: Matcher
    ) -> AppliedPart:
        now = self.setup.now()
        answering = [one for one in claims if one.status != payment.PREDETERMINATION]
        said: list[Said] = []
        rows: list[AdjustmentRow] = []
        lines: list[PaidLine] = []
        unmatched: list[tuple[int, str]] = []
        responses: list[Response] = []
        for one, ours in zip(answering, matcher.match(answering), strict=True):
            if isinstance(ours, str):
                unmatched.append((one.place, ours))
                rows += payment.rows_of(one, None, file.digest, header.payer_id)
                continue
            said.append(payment.said_of(one, ours, f"835 {source} claim {one.place}", now))
            rows += payment.rows_of(one, ours, file.digest, header.payer_id)
            lines += payment.lines_of(one, ours, file.digest, header)
            if self._tells_host and not is_later_claim(ours.key):  # on the host stands the claim to the first payer
                payer_id = self.setup.payer_ids.get(ours.payer, header.payer_id)
                responses.append(payment.response_of(one, ours, file.digest, header, payer_id, now))
        return AppliedPart(tuple(said), tuple(rows), tuple(unmatched), tuple(responses), tuple(lines))

    # --- the host ---------------------------------------------------------------------------------------------------

    def tell_host(self) -> tuple[int, tuple[str, ...]]:
        """Give the host what it has not got: how many, and what it refused, or why it could not be asked."""
        told, problems = 0, list[str]()
        refused: set[str] = set()
        while True:
            waiting = self.setup.ledger.responses(self.setup.host.id, _TOLD + len(refused))
            some = [one for one in waiting if one.key not in refused]
            if not some:
                return told, tuple(problems)
            done: list[str] = []
            gone: tuple[str, ...] = ()
            try:
                for result in self.setup.host.write([_group(one) for one in some]):
                    if result.problem is None:
                        done.append(result.key)
                    else:
                        refused.add(result.key)
                        problems.append(result.problem.what)
            except HostError as problem:
                gone = (problem.what,)
            self.setup.ledger.responded(done)
            told += len(done)
            if gone:
                return told, (*problems, *gone)


def _group(one: Response) -> WriteGroup:
    match = f"identifier={names.SID_ANSWER_KEY}|{one.key}"
    write = Write(Operation.CREATE, "ClaimResponse", one.body, full_url("ClaimResponse", one.key), match=match)
    return WriteGroup(one.key, one.encounter, (write,))
