"""What the FHIR channels (fhir_payer.py, host_resident.py) share: bodies that are sent and read."""
