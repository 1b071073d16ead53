"""Codes that the 837P guide (005010X222A1) has for the elements written here."""

from __future__ import annotations

RANKS = frozenset("PSTABCDEFGH")
"""SBR01, without U, which is unknown: which payer comes when has to be known."""
RELATIONSHIPS = frozenset({"01", "19", "20", "21", "39", "40", "53", "G8"})
"""PAT01; 2320 SBR02 has 18, self, too."""
SELF = "18"
"""SBR02: the patient is the subscriber."""
FILING_INDICATORS = frozenset("11 12 13 14 15 16 17 AM BL CH CI DS FI HM LM MA MB MC OF TV VA WC ZZ".split())
"""SBR09."""
INJURY_INSURANCE = frozenset({"AM", "LM", "WC"})
"""SBR09 of property and casualty payers, who need the number of the injury (REF*Y4)."""
INSURANCE_TYPES = frozenset({"12", "13", "14", "15", "16", "41", "42", "43", "47"})
"""SBR05: why Medicare is not the first to pay."""
MEDICARE = frozenset({"MA", "MB"})
"""SBR09 of Medicare."""
FREQUENCIES = frozenset("178")
"""CLM05-3 that this program sends: original, replacement, void."""
CAUSES = frozenset({"AA", "EM", "OA"})
"""CLM11-1, CLM11-2: auto accident, employment, another accident."""
ADJUSTMENT_GROUPS = frozenset({"CO", "CR", "OA", "PI", "PR"})
"""CAS01."""
