"""The shell of asking payers: read appointments, ask, record, write to the host, tell the front desk."""
