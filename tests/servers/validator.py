"""The HL7 validator as a fixture: one JVM for the run (its start costs seconds, a resource then 0.1 s), offline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.process import JAVA, ROOT, Child, built_jar

PROFILES = ROOT / "fhir_profiles" / "built"
START_SECONDS = 120
RESOURCE_SECONDS = 120  # the first resource loads the base definitions


@dataclass(frozen=True)
class Issue:
    """One message of the validator. ``line`` is the line of an NDJSON file, else 1; ``location`` a FHIRPath."""

    file: str
    line: int
    severity: str
    location: str
    message: str

    @property
    def is_error(self) -> bool:
        """Whether the resource is invalid by this."""
        return self.severity in {"error", "fatal"}


class Validator:
    """Validates files, folders and NDJSON against their ``meta.profile``, with one process a folder of profiles."""

    def __init__(self) -> None:
        self._children: dict[Path, Child] = {}
        self.checked = 0  # resources looked at by the last call: a test can see that its files were not empty

    def __call__(self, paths: Iterable[Path | str], profiles: Path = PROFILES) -> list[Issue]:
        """Every issue, of all severities; see ``Issue.is_error``."""
        child = self._child(profiles)
        child.write_line(json.dumps([str(Path(path).resolve()) for path in paths]))
        issues: list[Issue] = []
        self.checked = 0
        while True:
            answer = json.loads(child.read_line(RESOURCE_SECONDS))
            if "done" in answer:
                return issues
            if "failed" in answer:
                raise OSError(answer["failed"])
            self.checked += 1
            where = (answer["file"], answer["line"])
            issues += [Issue(*where, i["severity"], i["location"] or "", i["message"]) for i in answer["issues"]]

    def _child(self, profiles: Path) -> Child:
        if profiles not in self._children:
            jar = built_jar("validator")
            child = Child([*JAVA, "-jar", jar, "serve", profiles])
            assert child.read_line(START_SECONDS) == "READY"
            self._children[profiles] = child
        return self._children[profiles]

    def stop(self) -> None:
        """Ends the processes."""
        for child in self._children.values():
            child.stop()


@pytest.fixture(scope="session")
def validator() -> Iterator[Validator]:
    """``validator([paths])``: the issues the HL7 validator finds, offline."""
    tool = Validator()
    yield tool
    tool.stop()
