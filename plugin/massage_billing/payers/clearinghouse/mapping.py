"""The mapping file of a clearinghouse's eligibility JSON: where in the JSON each thing stands, as data.

Another clearinghouse is another file of the same form (rules/eligibility/clearinghouses/*.yaml ship; a clinic may name
its own). The values are taken to the elements of an X12 271, whose meaning then comes from the tables that the X12
reader uses too, so that one table rules both. The form, for the person who writes one:

    request:   method, path, template: the JSON to send (clearinghouse_request.py has the words of a template)
    response:  traces, benefits, dates, subscriber, rejections … (the classes below; json_paths.py has the paths)

A value is a path, several paths of which the first that leads somewhere counts, or
``{path: …, codes: {their word: X12 code}}``; with ``known: only`` a word that ``codes`` does not list is not taken. A
constant is ``{is: "B"}``. ``codes: periods`` names a table of rules/eligibility/x12_words.yaml, which all share.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from massage_billing.clinic_yaml import YamlText, check, read_yaml
from massage_billing.errors import SettingsError
from massage_billing.model import Question
from massage_billing.payers.clearinghouse.paths import path
from massage_billing.payers.clearinghouse.request import Plain, problems, request_of

SHIPPED: Final = "rules/eligibility/clearinghouses"
WORDS: Final = "rules/eligibility/x12_words.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _paths(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        path(each)
    return value


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Paths = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_paths)]
"""One path or several."""
Entries = Paths
"""Paths to entries."""
Entry = Annotated[str, AfterValidator(lambda value: _paths((value,))[0])]
"""A path to entries."""


def fold(word: str) -> str:
    """A word as it is compared: CALENDAR_YEAR is "calendar year"."""
    return " ".join(word.replace("_", " ").replace("-", " ").casefold().split())


def _table(value: object, info: ValidationInfo) -> object:
    """The table that a name means, or the table itself; its words as they are compared."""
    if isinstance(value, str):
        tables = (info.context or {}).get("words", {})
        if value not in tables:
            raise ValueError(f"there is no table {value} in x12_words.yaml")
        value = tables[value]
    return {fold(str(word)): code for word, code in value.items()} if isinstance(value, Mapping) else value


Codes = Annotated[Mapping[str, str], BeforeValidator(_table)]
"""X12 code by their word."""


class Value(_Part):
    """How one value is found: written as a path, a list of paths, or with these keys."""

    path: Paths = ()
    """The first of these that leads to a value."""
    codes: Codes = Field(default_factory=dict)
    """The X12 code for their word; compared without case, and with hyphens and underscores as blanks."""
    known: Literal["only", "rather"] = "rather"
    """``only``: a word without a code is not taken; ``rather``: it is taken as it stands."""
    constant: str | None = Field(default=None, alias="is")
    """This, whatever the document says."""

    def code(self, word: str) -> str | None:
        """The X12 code of a word; None where it may not be taken."""
        if not self.codes:
            return word
        return self.codes.get(fold(word), None if self.known == "only" else word)


def _short(value: object) -> object:
    return {"path": value} if isinstance(value, str | list | tuple) else value


Found = Annotated[Value, BeforeValidator(_short)]
"""A ``Value`` in any of its spellings."""
NOTHING: Final = Value()


class Dates(_Part):
    """Dates whose names say what they are: each name of an object is one, with a date, a period, or start and end."""

    at: Entry
    """The object."""
    names: Codes = Field(default_factory=dict)
    """X12 DTP01 by name; a name that is not listed is its own qualifier."""
    start: str = "start"
    """Name of the first day, where a date is an object."""
    end: str = "end"
    """Name of the last day, where a date is an object."""

    def qualifier(self, name: str) -> str:
        """DTP01 of a name."""
        return self.names.get(fold(name), name)


class Delivery(_Part):
    """How often a service may be had (X12 HSD)."""

    each: Entry
    """The entries."""
    unit: Found = NOTHING
    """HSD01: VS visits, DY days …"""
    quantity: Found = NOTHING
    """HSD02."""
    frequency_unit: Found = NOTHING
    """HSD03."""
    frequency: Found = NOTHING
    """HSD04."""
    period: Found = NOTHING
    """HSD05."""
    periods: Found = NOTHING
    """HSD06."""


class Entities(_Part):
    """Whom a benefit names (X12 2120 loop)."""

    each: Entries
    """The entries, under each of these paths."""
    role: Found = NOTHING
    """NM101."""
    name: Found = NOTHING
    """NM103."""
    first_name: Found = NOTHING
    """NM104."""
    identifier: Found = NOTHING
    """NM109."""
    identifier_kind: Found = NOTHING
    """NM108."""
    identifiers: Mapping[str, Found] = Field(default_factory=dict)
    """The value by NM108, where each kind of identifier has a name of its own."""
    taxonomy: Found = NOTHING
    """PRV03."""
    contacts: Paths = ()
    """Telephone numbers, links: every value found."""
    address: Paths = ()
    """Parts of an address, in order; they become one contact."""


class Benefits(_Part):
    """One kind of entry that tells a benefit, element by element of an X12 EB and what hangs on it."""

    each: Entry
    """The entries."""
    if_none: bool = False
    """Read only where nothing before it said whether coverage is in force."""
    code: Found
    """EB01. An entry without is left to ``kept``."""
    level: Found = NOTHING
    """EB02."""
    service_types: Found = NOTHING
    """EB03, all of them."""
    insurance_type: Found = NOTHING
    """EB04."""
    plan: Found = NOTHING
    """EB05."""
    period: Found = NOTHING
    """EB06."""
    amount: Found = NOTHING
    """EB07."""
    percent: Found = NOTHING
    """EB08: a fraction; more than 1 is read as percent."""
    unit: Found = NOTHING
    """EB09."""
    quantity: Found = NOTHING
    """EB10."""
    authorization: Found = NOTHING
    """EB11: Y, N, U."""
    network: Found = NOTHING
    """EB12: Y, N, W, U."""
    procedure: Found = NOTHING
    """EB13-2."""
    procedure_last: Found = NOTHING
    """EB13-8: the last code, where it is a range of them."""
    modifiers: Found = NOTHING
    """EB13-3 to EB13-6, all of them."""
    messages: Found = NOTHING
    """MSG, all of them."""
    places: Mapping[str, Found] = Field(default_factory=dict)
    """The code by III01 ("ZZ" place of service), all of them."""
    deliveries: tuple[Delivery, ...] = ()
    """HSD."""
    dates: tuple[Dates, ...] = ()
    """DTP."""
    references: Mapping[str, Found] = Field(default_factory=dict)
    """The number by REF01."""
    entities: tuple[Entities, ...] = ()
    """2120 loops."""


class Rejections(_Part):
    """One kind of entry that says why there is no answer (X12 AAA)."""

    each: Entry
    """The entries."""
    code: Found
    """AAA03. An entry without is left to ``kept``."""
    follow_up: Found = NOTHING
    """AAA04."""
    level: Found = NOTHING
    """"source", "receiver", "subscriber", "dependent" or "benefit"."""
    message: Found = NOTHING
    """Words to it."""


class Member(_Part):
    """What the payer has on file of the patient."""

    member_id: Found = NOTHING
    """Member id."""
    birth_date: Found = NOTHING
    """Birth date."""
    last_name: Found = NOTHING
    """Family name."""
    first_name: Found = NOTHING
    """Given name."""


class Request(_Part):
    """What is sent."""

    path: str = ""
    """Path below the channel's url; "" where the url is the whole of it."""
    template: dict[str, object]
    """The JSON, with the question's values named in it."""

    @field_validator("template")
    @classmethod
    def _known(cls, template: dict[str, object]) -> dict[str, object]:
        if found := problems(cast(Plain, template)):
            raise ValueError("; ".join(found))
        return template

    def of(self, question: Question) -> bytes:
        """The JSON to send for a question."""
        return json.dumps(request_of(cast(Plain, self.template), question), ensure_ascii=False).encode()


class Response(_Part):
    """What comes back."""

    traces: Found = NOTHING
    """What may be our own number given back."""
    echo: str = "$trace"
    """How our number was sent, in the words of a template; where ``traces`` gives it back, the answer is ours."""
    payer_trace: Found = NOTHING
    """The payer's own reference."""
    benefits: tuple[Benefits, ...]
    """Where benefits stand. ``benefit_fields`` beside it in the file is what every entry has that does not say it."""
    dates: tuple[Dates, ...] = ()
    """Dates of the whole coverage."""
    plan_number: Found = NOTHING
    """Plan or group number of the coverage."""
    members: tuple[Member, ...] = ()
    """What is on file: the patient first (a dependent, where there is one), then the subscriber."""
    rejections: tuple[Rejections, ...] = ()
    """Where the reasons stand."""
    messages: Found = NOTHING
    """Texts that belong to no benefit, all of them."""

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, value: object) -> object:
        if not isinstance(value, dict) or not isinstance(value.get("benefit_fields"), dict):
            return value
        shared, entries = value["benefit_fields"], value.get("benefits")
        spread = [{**shared, **each} for each in entries] if isinstance(entries, list) else entries
        return {**{name: each for name, each in value.items() if name != "benefit_fields"}, "benefits": spread}


class Source(_Part):
    """Where a mapping was read from."""

    title: str
    """Title of the page or file."""
    href: str
    """Where it is."""
    retrieved: str
    """The day it was read."""


class _Words(_Part):
    sources: Mapping[str, Source]
    last_verified_on: str
    words: Mapping[str, Mapping[str, str]]


class Mapped(_Part):
    """A mapping file."""

    clearinghouse: str
    """Its name."""
    about: str
    """Whose JSON it is, and what is not in it."""
    sources: Mapping[str, Source]
    """Documents it was written from."""
    last_verified_on: str
    """The day somebody last compared it with them."""
    refused: tuple[int, ...] = ()
    """HTTP statuses whose body is an answer all the same, if it gives a reason (X12 AAA in a 400)."""
    request: Request
    """What is sent."""
    response: Response
    """What comes back."""

    @field_validator("sources")
    @classmethod
    def _sourced(cls, sources: Mapping[str, Source]) -> Mapping[str, Source]:
        if not sources:
            raise ValueError("name at least one document that it was written from")
        return sources


def shipped() -> list[str]:
    """Names of the mappings that ship."""
    folder = resources.files("massage_billing").joinpath(SHIPPED)
    return sorted(each.name.removesuffix(".yaml") for each in folder.iterdir() if each.name.endswith(".yaml"))


def load(name: str) -> Mapped:
    """A mapping that ships, by its name, or the clinic's own, by its path. Raises SettingsError, with file and line."""
    if name in shipped():
        with resources.as_file(resources.files("massage_billing").joinpath(SHIPPED, f"{name}.yaml")) as file:
            return of_yaml(read_yaml(file))
    if not name.endswith((".yaml", ".yml")):
        raise SettingsError(
            f"No clearinghouse mapping is named {name}.",
            f"Name one that ships ({', '.join(shipped())}), or give the path of a file.",
        )
    return of_yaml(read_yaml(Path(name)))


def of_yaml(text: YamlText) -> Mapped:
    """A mapping from its YAML. Raises SettingsError naming file, line and key of everything that is wrong."""
    return check(Mapped, text, text.data, {"words": words()})


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """The tables of rules/eligibility/x12_words.yaml: X12 code by the name that clearinghouses write."""
    with resources.as_file(resources.files("massage_billing").joinpath(WORDS)) as file:
        text = read_yaml(file)
        return check(_Words, text, text.data, {}).words
