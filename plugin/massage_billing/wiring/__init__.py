"""The one place that picks adapters: settings in, what the command line works with out."""

from massage_billing.program import HostCheck, Program
from massage_billing.rulebook.files import load_rulebook
from massage_billing.wiring.asking import open_sweep
from massage_billing.wiring.billing import explain_path, open_program, rulebook_of
from massage_billing.wiring.hosts import shipped_maps
from massage_billing.wiring.state import billed_codes, private_folder

__all__ = [
    "HostCheck",
    "Program",
    "billed_codes",
    "explain_path",
    "load_rulebook",
    "open_program",
    "open_sweep",
    "private_folder",
    "rulebook_of",
    "shipped_maps",
]
