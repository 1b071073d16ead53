"""Reads the files of rules/eligibility from the package or from a folder, once."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from massage_billing.errors import RuleFileError
from massage_billing.previsit.terms import ASKING, REASONS, REJECTIONS, Eligibility, read_eligibility


@lru_cache(maxsize=4)
def load_eligibility(folder: Path | None = None) -> Eligibility:
    """What is asked of payers and what is made of it. Raises RuleFileError: file, line, reason.

    ``folder`` holds asking.yaml, reasons.yaml and rejections.yaml; None: those that ship. Read once a process.
    """
    root: Traversable = folder if folder is not None else files("massage_billing") / "rules" / "eligibility"
    shown = f"{folder}/" if folder is not None else "eligibility/"
    return read_eligibility({name: _text(root / name, shown + name) for name in (ASKING, REASONS, REJECTIONS)}, shown)


def _text(file: Traversable, shown: str) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise RuleFileError(shown, None, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise RuleFileError(shown, None, "is not UTF-8 text") from None
