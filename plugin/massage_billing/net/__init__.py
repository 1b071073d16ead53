"""Calling others over HTTP, the same for hosts and payers: limits, retries, trusted origins, credentials, SMART tokens.

Errors are HostErrors: payers turn them into theirs (payers/calls.py).
"""
