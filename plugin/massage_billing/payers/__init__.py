"""Payers that are asked about coverage, behind ``ports.PayerChannel``: over X12, FHIR and clearinghouse JSON."""
