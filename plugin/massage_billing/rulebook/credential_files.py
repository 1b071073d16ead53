"""Reads rules/eligibility/credentials.yaml from the package, once a process."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from massage_billing.previsit.credential_terms import FILE, CredentialTerms, read_credential_terms


@lru_cache(maxsize=1)
def load_credential_terms() -> CredentialTerms:
    """What is looked at of credentials. Raises RuleFileError: file, line, reason."""
    text = (files("massage_billing") / "rules" / "eligibility" / FILE).read_bytes().decode("utf-8")
    return read_credential_terms(text, f"eligibility/{FILE}")
