"""``massage-billing claims export``: the same as ``export 837``."""

from __future__ import annotations

from massage_billing.cli.export_837 import command

__all__ = ["command"]
