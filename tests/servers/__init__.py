"""Real servers and tools for the tests: HAPI FHIR, sekmet-fhir and the HL7 validator, each a child process."""
