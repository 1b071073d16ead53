"""Reads the packaged FHIR definitions: JSON Schemas and ConceptMaps. Called by wiring; the core gets what was read.

In an installed wheel they lie in ``massage_billing/fhir_profiles``; in a checkout, in ``fhir_profiles/built`` beside
``plugin/``.
"""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from massage_billing.errors import InputError

WRITTEN_SCHEMAS = (
    "Claim",
    "Task",
    "BeforeVisitTask",
    "VisitOutlookTask",
    "Provenance",
    "CoverageEligibilityRequest",
    "CoverageEligibilityResponse",
    "AuditEvent",
)
"""Schemas of what we write, which are strict; "Task" is that of holds."""
SCHEMAS = (*WRITTEN_SCHEMAS, "Procedure", "Coverage")
"""Names that ``load_schema`` knows; the last two are open (what we read)."""
CONCEPT_MAPS = ("snomed-to-cpt", "local-to-cpt", "place-of-service")
"""Names that ``load_concept_map`` knows."""


def load_schema(name: str) -> dict[str, object]:
    """A JSON Schema of ours, ``Claim``; for ``fhir.schemas.Validator``. Raises InputError."""
    return _load(f"schemas/{name}.json")


def load_concept_map(name: str) -> dict[str, object]:
    """A ConceptMap of ours by its id, ``snomed-to-cpt``, as FHIR JSON. Raises InputError."""
    return _load(f"ConceptMap-{name}.json")


def _load(path: str) -> dict[str, object]:
    try:
        content: object = json.loads(folder().joinpath(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"The packaged FHIR definition {path} is missing.", "Install massage-billing again.") from None
    except ValueError:
        raise InputError(f"The packaged FHIR definition {path} is damaged.", "Install massage-billing again.") from None
    if not isinstance(content, dict):
        raise InputError(f"The packaged FHIR definition {path} is damaged.", "Install massage-billing again.")
    return content


def folder() -> Traversable:
    """Where the built definitions lie."""
    packaged = files("massage_billing").joinpath("fhir_profiles")
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[2] / "fhir_profiles" / "built"
