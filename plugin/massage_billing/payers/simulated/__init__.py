"""A simulated payer: a real HTTP server that speaks CAQH CORE with X12, FHIR and clearinghouse JSON, with scripted
members (members.yaml). For the demo, the tests and the benchmarks; on loopback only."""
