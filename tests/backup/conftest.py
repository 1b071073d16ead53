"""Stores to back up, of both kinds: the fixtures of tests/store."""

from store.conftest import empty_postgresql, postgresql_server, postgresql_url

__all__ = ["empty_postgresql", "postgresql_server", "postgresql_url"]
