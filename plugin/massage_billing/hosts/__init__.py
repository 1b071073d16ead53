"""Hosts: the EHRs that visits are read from and Claims are written to, each behind ``massage_billing.ports.Host``."""
