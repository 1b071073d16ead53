"""Pure translation between FHIR JSON and the model: reading a visit, writing a Claim, a Task, a Provenance."""
