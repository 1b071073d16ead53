"""One rule file: its text read, typed and checked. Any mistake refuses the whole file, with file, line and reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date as Date
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar

from pydantic import Field, PrivateAttr, ValidationError

from massage_billing.coding.example_terms import Example, Given
from massage_billing.coding.policy_terms import PolicyRow
from massage_billing.coding.terms import ROW_MODELS, Model, Row, Sentence, Source, Word
from massage_billing.coding.withdrawn import completed
from massage_billing.coding.yamltext import Plain, Unquoted, YamlText, read_yaml
from massage_billing.errors import RuleFileError
from massage_billing.model import CoverageKind, Effect, RulingKind, Who

Path = tuple[str | int, ...]
M = TypeVar("M", bound=Model)
_CODE_LENGTH = 5
_ONLY_WARN = frozenset({"scope", "payment_caps", "diagnoses"})
"""Terms of a policy whose rules only point something out."""


class DatedFile(Model):
    """What rule files and policy files have in common."""

    plain: Sentence
    """The rule in a plain sentence."""
    sources: dict[str, Source] = Field(min_length=1)
    """Where the values come from."""
    last_verified_on: Date
    """When somebody last compared the values with their sources."""
    left_to_a_person: tuple[str, ...] = ()
    """What this program does not judge."""
    examples: tuple[Example, ...] = Field(min_length=1)
    """Worked cases."""
    _file: str = PrivateAttr("")
    _lines: Mapping[Path, int] = PrivateAttr(default_factory=dict)

    @property
    def file(self) -> str:
        """The file it was read from, as messages name it."""
        return self._file

    def line(self, *path: str | int) -> int | None:
        """The line of a value of the file: ``line("values", 0)``."""
        return YamlText("", dict(self._lines)).line(path)

    def _read_from(self, read: YamlText, file: str) -> None:
        self._file, self._lines = file, read.lines


class RuleText(DatedFile):
    """A rule file: one question a biller asks, answered by date."""

    rule: Word
    """Its id, which is also the file's name."""
    question: Sentence
    """The question."""
    passes: Sentence
    """What a finding says where all is well."""
    on_fail: Effect
    """What a failure does to the visit."""
    on_no_data: Effect
    """What it does where the record does not say."""
    on_no_data_in_explain: Effect | None = None
    """The same for ``explain`` without settings, where only settings could tell."""
    fix: str = ""
    """What to do about it."""
    who: Who | None = None
    """Who can do it."""
    person_may: tuple[RulingKind, ...] = ()
    """What a person may decide in spite of it."""
    values: tuple[Row, ...]
    """The rows."""


class PolicyText(DatedFile):
    """A payer policy: which methods and edits one kind of payer applies."""

    policy: Word
    """Its name, which is also the folder's."""
    kinds: tuple[CoverageKind, ...] = ()
    """The kinds of insurance it is offered for at set-up; empty: any."""
    values: tuple[PolicyRow, ...] = Field(min_length=1)
    """The rows."""


class BookText(Model):
    """rulebook.yaml: the release, and the order of the questions asked of the record."""

    version: str = Field(min_length=1)
    """Release of the rule files."""
    asked_of_the_record: tuple[Word, ...]
    """Rules that reading the record answers, in order."""
    standard_visit: Given
    """The visit that examples start from; see ``massage_billing.rulebook.examples``."""


def read_rule(text: str, file: str) -> RuleText:
    """Read and check one rule file. Raises RuleFileError."""
    read = read_yaml(text, file)
    body = mapping(read, file)
    row_model = ROW_MODELS.get(str(body.get("rule")), Row)
    values = body.pop("values", None)
    if not isinstance(values, list) or not values:
        raise RuleFileError(file, read.line(("values",)), "has no values")
    full = completed(values, row_model)
    rows = tuple(typed(row_model, value, read, file, ("values", place)) for place, value in enumerate(full))
    rule = typed(RuleText, body | {"values": ()}, read, file, ()).model_copy(update={"values": rows})
    rule._read_from(read, file)
    _check(rule, rule.rule, read, file)
    _check_inferences(rule, read, file)
    return rule


def read_policy(text: str, file: str) -> PolicyText:
    """Read and check one payer policy. Raises RuleFileError."""
    read = read_yaml(text, file)
    body = mapping(read, file)
    if isinstance(body.get("values"), list):
        body["values"] = completed(body["values"], PolicyRow)
    policy = typed(PolicyText, body, read, file, ())
    policy._read_from(read, file)
    _check(policy, policy.policy, read, file)
    for place, row in enumerate(policy.values):
        _check_policy_row(policy, row, read, file, ("values", place))
    return policy


def read_book(text: str, file: str) -> BookText:
    """Read rulebook.yaml. Raises RuleFileError."""
    read = read_yaml(text, file)
    return typed(BookText, mapping(read, file), read, file, ())


def mapping(read: YamlText, file: str) -> dict[str, Any]:
    """The keys and values of a file. Raises RuleFileError where it is something else, or has a code without quotes."""
    if not isinstance(read.value, dict):
        raise RuleFileError(file, 1, "has to be keys and values")
    _refuse_bare_codes(read.value, (), read, file)
    return dict(read.value)


def _refuse_bare_codes(value: Plain, path: Path, read: YamlText, file: str) -> None:
    """Refuse five digits without quotes, wherever they stand: a code, which other YAML readers take for a number."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_bare_codes(key, (*path, key), read, file)
            _refuse_bare_codes(inner, (*path, key), read, file)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _refuse_bare_codes(inner, (*path, place), read, file)
    elif isinstance(value, Unquoted) and len(value) == _CODE_LENGTH and value.isdecimal():
        named = ".".join(str(part) for part in path)
        raise RuleFileError(file, read.line(path), f'{named}: is not a string: write it in quotes, "{value}"')


def typed(model: type[M], value: object, read: YamlText, file: str, path: Path) -> M:
    """A part of a file as its model. Raises RuleFileError for the first mistake, with its line."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = path + tuple(first["loc"])
        named = ".".join(str(part) for part in where) or "the file"
        reason = "is missing" if first["type"] == "missing" else str(first["msg"]).removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            reason = "is not a key that is known here"
        raise RuleFileError(file, read.line(where), f"{named}: {reason}") from None


def _check(text: RuleText | PolicyText, name: str, read: YamlText, file: str) -> None:
    parts = file.replace("\\", "/").split("/")
    folder = parts[-2] if len(parts) > 1 else ""
    if name not in (parts[-1].removesuffix(".yaml"), folder):
        raise RuleFileError(file, read.line(("rule",)), f'calls itself "{name}", which is not the name of its file')
    for place, row in enumerate(text.values):
        _check_source(text, row.source, read, file, ("values", place, "source"))
        for key in ("history", "performers"):
            for each, entry in enumerate(getattr(row, key, ())):
                _check_source(text, entry.source, read, file, ("values", place, key, each, "source"))
    for case in sorted({row.case for row in text.values}):
        _check_dates([(place, row) for place, row in enumerate(text.values) if row.case == case], read, file)
    _check_exercised(text, read, file)
    _check_both_sides(text, read, file)


def _check_source(text: DatedFile, key: str, read: YamlText, file: str, path: Path) -> None:
    if key not in text.sources:
        raise RuleFileError(file, read.line(path), f'cites "{key}", which is not among its sources')


def _check_dates(rows: list[tuple[int, Row]], read: YamlText, file: str) -> None:
    """Refuse two rows for one date, and dates between rows that no row covers."""
    rows = sorted(rows, key=lambda placed: placed[1].start)
    for place, row in rows:
        if row.to is not None and row.to < row.start:
            raise RuleFileError(file, read.line(("values", place)), f"ends on {row.to} before it starts on {row.start}")
    for (_, earlier), (place, later) in pairwise(rows):
        line = read.line(("values", place))
        if earlier.start == later.start or (earlier.to is not None and earlier.to >= later.start):
            raise RuleFileError(file, line, f"overlaps: two rows hold on {later.start}")
        if earlier.to is not None and earlier.to + timedelta(days=1) < later.start:
            raise RuleFileError(file, line, f"leaves a gap: no row holds on {earlier.to + timedelta(days=1)}")


def row_ends(rows: Iterable[Row]) -> dict[int, Date | None]:
    """Last date of each row by its place, None where it is open: its own ``to``, else the day before the next row of
    its case."""
    placed = sorted(enumerate(rows), key=lambda item: (item[1].case, item[1].start))
    ends = {place: row.to for place, row in placed}
    for (place, row), (_, later) in pairwise(placed):
        if row.case == later.case and row.to is None:
            ends[place] = later.start - timedelta(days=1)
    return ends


def _check_exercised(text: RuleText | PolicyText, read: YamlText, file: str) -> None:
    """Refuse a row that no example has a date and a case for."""
    ends = row_ends(text.values)
    for place, row in enumerate(text.values):
        end = ends[place]
        shown = any(e.case == row.case and e.on >= row.start and (end is None or e.on <= end) for e in text.examples)
        if not shown:
            raise RuleFileError(file, read.line(("values", place)), "no example exercises this value")
    names: set[str] = set()
    for place, example in enumerate(text.examples):
        if example.name in names:
            raise RuleFileError(file, read.line(("examples", place)), "another example has the same name")
        names.add(example.name)
        if not example.expect.model_fields_set:
            raise RuleFileError(file, read.line(("examples", place)), "expects nothing")


def _check_both_sides(text: RuleText | PolicyText, read: YamlText, file: str) -> None:
    """Where one row of a case follows another, an example has to stand on the last day of the old and on the first
    day of the new."""
    shown = {(example.case, example.on) for example in text.examples}
    placed = sorted(enumerate(text.values), key=lambda item: (item[1].case, item[1].start))
    for (_, row), (place, later) in pairwise(placed):
        if row.case == later.case:
            for on, what in ((later.start - timedelta(days=1), "last day before"), (later.start, "first day of")):
                if (row.case, on) not in shown:
                    reason = f"no example stands on {on}, the {what} this value"
                    raise RuleFileError(file, read.line(("values", place)), reason)


def _check_inferences(rule: RuleText, read: YamlText, file: str) -> None:
    """An inferred value warns at most, unless its source says why it may decide."""
    mild = {Effect.WARN, Effect.NONE}
    for place, row in enumerate(rule.values):
        source = rule.sources[row.source]
        effects = {row.on_fail or rule.on_fail, row.on_no_data or rule.on_no_data}
        if source.grade == "inferred" and not source.accepted and not effects <= mild:
            raise RuleFileError(file, read.line(("values", place)), "is inferred, so it may only warn")


def _check_policy_row(policy: PolicyText, row: PolicyRow, read: YamlText, file: str, path: Path) -> None:
    if not row.follows_ncci and row.ncci_source is None:
        raise RuleFileError(file, read.line((*path, "follows_ncci")), "needs ncci_source: who says that it does not?")
    if not row.follows_mue and row.mue_source is None:
        raise RuleFileError(file, read.line((*path, "follows_mue")), "needs mue_source: who says that it does not?")
    if row.pays_bundled and row.pays_bundled_source is None:
        raise RuleFileError(file, read.line((*path, "pays_bundled")), "needs pays_bundled_source")
    for key, source in row.cited():
        _check_source(policy, source, read, file, (*path, key))
    for key, source in (("source", row.source), *row.cited()):
        cited = policy.sources[source]
        if cited.grade == "inferred" and not cited.accepted and key not in _ONLY_WARN:
            reason = f"{key}: is inferred, so it may not decide; what only warns is {', '.join(sorted(_ONLY_WARN))}"
            raise RuleFileError(file, read.line((*path, key)), reason)
