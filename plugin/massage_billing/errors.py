"""Every error this program raises, in one tree, and the exit code each ends the command line with.

    MassageBillingError
    ├── SettingsError            exit 3   a setting or clinic file is missing or wrong
    ├── RulebookError            exit 6
    │   ├── RuleFileError                 a rule file is refused: file, line, reason
    │   └── NoRuleForDate                 no row covers the date of service (becomes a hold)
    ├── HostError                exit 4   the host could not do what was asked
    │   ├── HostUnreachable               no connection, or no answer in time (retried)
    │   ├── HostBusy                      429, 502, 503, 504 (retried, Retry-After obeyed)
    │   ├── HostRefused                   401, 403: credentials or scopes
    │   ├── HostNotFound                  404, 410
    │   ├── HostConflict                  409, 412: somebody else was faster (retried)
    │   ├── HostRejected                  400, 422 and other 4xx: the host will not take this resource
    │   ├── HostFault                     500 and other 5xx
    │   ├── HostAnswerUnreadable          not JSON, half a body, HTML, a wrong resource type
    │   └── HostUntrusted                 a link to another origin, or a loop of next links
    ├── PayerError               exit 10  a payer could not be asked, or did not answer (one question only)
    │   ├── PayerUnreachable              no connection, or no answer in time (tried again in a budget)
    │   ├── PayerBusy                     429, 502, 503, 504, or its circuit is open (tried again in a budget)
    │   ├── PayerRefused                  credentials or rights are not accepted
    │   ├── PayerRejected                 the envelope or request was not taken (TA1, 999, CORE error, 4xx)
    │   ├── PayerAnswerUnreadable         not what was asked for: HTML, half an interchange, another question's answer
    │   └── QuestionInvalid               our own data cannot be sent: named before anything leaves
    ├── RegistryError            exit 11  the NPI registry could not be asked
    ├── InputError               exit 8   a file or folder given cannot be read
    │   └── ReleaseRefused                a release file is refused whole: file, line, reason
    ├── StoreError               exit 7   the store cannot be opened, is locked, or is of a newer version
    ├── ClaimNotExportable       exit 12  a Claim cannot be put into a file for a payer as it stands (field named)
    └── ClaimInvalid             exit 9   our own checks refuse a Claim before it is written (a bug: the visit is held)

Exit 0: done. 1: unexpected error. 2: usage. 5: done, but some writes are still waiting in the outbox.
Numbers are never reused. Each says what happened, to which visit or file (by id, never by patient), what to do.
"""

from __future__ import annotations

from datetime import date


class MassageBillingError(Exception):
    """Something this program cannot do; carries what happened and what to do about it."""

    exit_code = 1

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix


class SettingsError(MassageBillingError):
    """A setting or a clinic file is missing or wrong."""

    exit_code = 3


class RulebookError(MassageBillingError):
    """The rulebook cannot answer."""

    exit_code = 6


class RuleFileError(RulebookError):
    """A rule file is refused whole; the rulebook in use stays in use."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {reason}", "Correct the file; nothing was loaded from it.")
        self.file, self.line, self.reason = file, line, reason


class NoRuleForDate(RulebookError):
    """No row of a rule covers the date of service (DESIGN 9)."""

    def __init__(self, rule: str, on: date) -> None:
        super().__init__(f"Rule {rule} has no row for {on.isoformat()}.", "Load a rule release that covers this date.")
        self.rule, self.on = rule, on


class HostError(MassageBillingError):
    """The host could not do what was asked."""

    exit_code = 4
    status: int | None = None
    """HTTP status of the answer, where there was one."""


class HostUnreachable(HostError):
    """No connection to the host, or no answer in time."""


class HostBusy(HostError):
    """The host asks to be left alone for a while (429, 502, 503, 504)."""

    def __init__(self, what: str, fix: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, fix)
        self.retry_after = retry_after


class HostRefused(HostError):
    """The host does not accept our credentials or scopes (401, 403)."""


class HostNotFound(HostError):
    """The host does not have what was asked for (404, 410)."""


class HostConflict(HostError):
    """Somebody else wrote at the same time (409, 412)."""


class HostRejected(HostError):
    """The host will not take this request or resource (400, 422, other 4xx)."""


class HostFault(HostError):
    """The host failed inside (500, other 5xx)."""


class HostAnswerUnreadable(HostError):
    """The host's answer is not the FHIR JSON that was asked for."""


class HostUntrusted(HostError):
    """The host sent a link to another origin, or links that go round in a circle; it was not followed."""


class PayerError(MassageBillingError):
    """A payer could not be asked about a coverage, or did not answer. About one question or one channel only."""

    exit_code = 10
    again = False
    """Whether trying again may help."""


class PayerUnreachable(PayerError):
    """No connection to the payer, or no answer in time."""

    again = True


class PayerBusy(PayerError):
    """The payer asks to be left alone for a while, or its circuit is open here."""

    again = True

    def __init__(self, what: str, fix: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, fix)
        self.retry_after = retry_after


class PayerRefused(PayerError):
    """The payer does not accept our credentials."""


class PayerRejected(PayerError):
    """The payer did not take the question as it was sent."""


class PayerAnswerUnreadable(PayerError):
    """What came back is no answer to what was asked."""

    again = True


class QuestionInvalid(PayerError):
    """A question cannot be sent as it stands; named by field, never by value."""


class RegistryError(MassageBillingError):
    """The NPI registry could not be asked."""

    exit_code = 11


class InputError(MassageBillingError):
    """A file or folder that was given cannot be read."""

    exit_code = 8


class ReleaseRefused(InputError):
    """A file of CMS, NCHS or AMA is refused whole; the releases in use stay in use."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {reason}", "Nothing was loaded. Download the file again, or give the right one.")
        self.file, self.line, self.reason = file, line, reason


class StoreError(MassageBillingError):
    """The store cannot be used."""

    exit_code = 7


class ClaimNotExportable(MassageBillingError):
    """A Claim cannot be put into a file for a payer as it stands; named by field, never by value."""

    exit_code = 12


class ClaimInvalid(MassageBillingError):
    """A Claim that was built does not pass our own checks; it is not written."""

    exit_code = 9
