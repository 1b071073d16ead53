"""The texts that ``init`` writes: settings with every key explained, payers.yaml and fees.csv to be completed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from massage_billing.cli.answers import Answers

_PAYERS = """\
# Who pays. One entry a payer; a payer that is not here holds its visits, and `massage-billing status` prints the line
# to add. A payer is recognized by a reference, an identifier or its payer id, never by its name.
#
# payers:
#   - key: blue                      # your own short name for it, used in fees.csv and reports
#     kind: health                   # health, workers-compensation, auto, va, self-pay
#     policy: commercial-midpoint    # whose rules apply: `massage-billing rules list` names the policies that ship
#     filing_days: 180               # days from the date of service within which to file, from your contract
#     match:
#       references: [Organization/9]                          # the payer on your EHR
#       identifiers: [{system: "urn:example", value: "9"}]    # or one of its identifiers
#       payer_id: "00000"                                     # or its id for electronic claims
"""


def payers_text(answers: Answers) -> str:
    """payers.yaml with the payers that were told."""
    if not answers.new_payers:
        return f"{_PAYERS}payers: []\n"
    lines = ["payers:"]
    for payer in answers.new_payers:
        by_reference = "/" in payer.match
        match = f"references: [{_quoted(payer.match)}]" if by_reference else f"payer_id: {_quoted(payer.match)}"
        lines += [
            f"  - key: {_quoted(payer.key)}",
            f"    kind: {payer.kind}",
            f"    policy: {payer.policy}",
            *([f"    filing_days: {payer.filing_days}"] if payer.filing_days else []),
            f"    match: {{{match}}}",
        ]
    return _PAYERS + "\n".join(lines) + "\n"


def fees_text(answers: Answers) -> str:
    """fees.csv with the prices that were told, good from the first date that is billed."""
    since = answers.start or "2000-01-01"
    rows = [f"{code},,,{since},{price}" for code, price in answers.prices]
    return "\n".join(["code,modifier,payer,from,amount", *rows]) + "\n"


_SETTINGS = """\
# Settings of massage-billing. Every key: plugin/docs/settings.md. Check them with `massage-billing doctor`.
# No secret belongs here: name the file or the environment variable that holds it.

clinic:
  name: {name}
  npi: {npi}    # billing NPI: the group's, or the therapist's own when solo
  tin: {tin}    # tax id
  solo: {solo}    # true: the therapist is paid, not an organization
  payers: {payers}
  fees: {fees}
{credentials}  # papers: papers.csv    # orders, referrals, authorizations you keep yourself: see plugin/docs/papers.md

# rules:
#   own_policies: policies    # folder of your own payer policies, one YAML file each: see plugin/docs/rules.md

hosts:
  {host_id}:    # part of every claim's identifier: never change it
    kind: {kind}
    {where}: {place}
{auth}    zone: {zone}    # IANA time zone of the clinic
    place_of_service: {place_of_service}    # where neither the Location nor the site says; 11 is an office
    billing:
      start: {start}    # first date of service to bill
      settle: {settle}    # a visit must have been left alone this long
    claims:
      write_as: {write_as}    # draft waits for `massage-billing approve`
    minutes:
      sources: [{minutes}]
{codes}{demo}{state}{eligibility}"""

_ELIGIBILITY = """
# eligibility:    # asking payers about coverage before a visit: see plugin/docs/eligibility.md
#   channels:
#     clearinghouse:
#       kind: clearinghouse-json
#       mapping: medical-network-v3
#       url: https://clearinghouse.example.org/eligibility
#       auth: {kind: bearer, token_env: CLEARINGHOUSE_TOKEN}

# export:    # files of claims for payers: see plugin/docs/export.md
#   clinic:
#     address: {lines: ["12 Elm St"], city: Boise, state: ID, postal_code: 83702-1234}    # nine digits
#     phone: "2085550100"
#   receivers:
#     clearinghouse:
#       name: YOUR CLEARINGHOUSE
#       x12: {sender_id: YOUR-ID, receiver_id: THEIR-ID}
#       folder: outbox    # what your clearinghouse client watches
"""


def settings_text(answers: Answers) -> str:
    """The settings file for these answers."""
    return _SETTINGS.format(
        name=_quoted(answers.name),
        npi=_quoted(answers.npi),
        tin=_quoted(answers.tin),
        solo=str(bool(answers.solo)).lower(),
        payers=_quoted(answers.payers or "payers.yaml"),
        fees=_quoted(answers.fees or "fees.csv"),
        host_id=_quoted(answers.host_id),
        kind=answers.kind,
        where="folder" if answers.kind == "folder" else "url",
        place=_quoted(answers.place),
        auth=_auth(answers),
        zone=_quoted(answers.zone),
        place_of_service=_quoted(answers.place_of_service),
        start=_quoted(answers.start),
        settle=answers.settle,
        write_as=answers.write_as or "active",
        minutes=", ".join(answers.minutes or ("extension", "observation", "period")),
        codes=_codes(answers),
        demo="    demo: true    # synthetic: no start date is asked for\n" if answers.demo else "",
        credentials=f"  credentials: {_quoted(answers.credentials)}\n" if answers.credentials else "",
        eligibility=answers.eligibility or _ELIGIBILITY,
        state=f"\nstate:\n  folder: {_quoted(answers.state)}\n" if answers.state else "",
    )


def _auth(answers: Answers) -> str:
    """How to log in; what was not told stands as a name to be replaced, which ``doctor`` finds missing."""
    if answers.auth == "smart":
        client = _quoted(answers.client_id) or "CLIENT_ID    # as the EHR registered this program"
        key = _quoted(answers.key_file or "private-key.pem")
        return (
            f"    auth:\n      kind: smart\n      client_id: {client}\n      key_file: {key}\n      algorithm: RS384\n"
        )
    if answers.auth == "bearer":
        if answers.token_file:
            return f"    auth: {{kind: bearer, token_file: {_quoted(answers.token_file)}}}\n"
        variable = _quoted(answers.token_env or "MASSAGE_BILLING_TOKEN")
        return f"    auth: {{kind: bearer, token_env: {variable}}}    # or token_file: PATH\n"
    return ""


def _codes(answers: Answers) -> str:
    """The Observations that are minutes, or an example to be completed."""
    if not answers.minutes_codes:
        return (
            '      # observations: [{system: "http://loinc.org", code: "55411-3"}]    # Observations that are minutes\n'
        )
    rows = "".join(
        f"        - {{system: {_quoted(system)}, code: {_quoted(code)}}}\n" for system, code in answers.minutes_codes
    )
    return f"      observations:\n{rows}"


def _quoted(value: str | None) -> str:
    """A YAML string; JSON's quoting is YAML's."""
    return "" if value is None else json.dumps(value, ensure_ascii=False)
