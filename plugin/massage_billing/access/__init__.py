"""Who may see what: log-in by SMART App Launch 2 with the host as identity provider, one-time links, sessions, roles,
CSRF tokens, and the trail of who looked at what.

``guard`` is what the pages use; ``testing`` is the same on a dict, for tests and for trying things out.
"""
