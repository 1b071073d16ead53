"""Where a Claim came from: the Procedures it bills and the rule rows that decided it (FHIR Provenance, DESIGN 16).

Provenance has no identifier in R4, so the claim key is its ``meta.tag`` and it is created by searching for that tag.
"""

from __future__ import annotations

from massage_billing.fhir import names
from massage_billing.fhir.keys import claim_key
from massage_billing.fhir.serial import Resource
from massage_billing.model import Decision, Visit


def build_provenance(visit: Visit, decision: Decision, revision: int, target: str, now: str, change: str) -> Resource:
    """The Provenance of a Claim.

    ``target`` is "Claim/12" or its urn inside the transaction, ``change`` CREATE or UPDATE, ``now`` a FHIR instant.
    """
    procedures = sorted({procedure for line in decision.lines for procedure in line.procedures})
    rows = sorted({f"{because.rule}|{because.row}" for line in decision.lines for because in line.because})
    if not decision.lines:  # a void rests on what took the services off
        procedures = sorted({left.procedure for left in decision.not_billed})
        rows = sorted({f"{left.rule}|-" for left in decision.not_billed})
    entities: list[object] = [
        {"role": "source", "what": {"reference": f"Procedure/{procedure}"}} for procedure in procedures
    ]
    entities += [
        {"role": "source", "what": {"identifier": {"system": names.SID_RULE_ROW, "value": row}}} for row in rows
    ]
    return {
        "resourceType": "Provenance",
        "meta": {
            "profile": [names.PROFILE_PROVENANCE],
            "tag": [{"system": names.SID_CLAIM_KEY, "code": claim_key(visit.host, visit.encounter, revision)}],
        },
        "target": [{"reference": target}],
        "recorded": now,
        "activity": {"coding": [{"system": names.DATA_OPERATION, "code": change}]},
        "agent": [
            {
                "type": {"coding": [{"system": names.PROVENANCE_AGENT, "code": "assembler"}]},
                "who": {
                    "type": "Device",
                    "identifier": {"system": names.SID_DEVICE, "value": names.DEVICE_NAME},
                },
            }
        ],
        "entity": entities,
    }
