"""Billing for massage clinics beside the EHR they already have. Read flow.py first."""

__version__ = "0.1.0"
