"""A question as a clearinghouse's JSON, filled into the template of its mapping file.

A template is the JSON itself, written as YAML. What the question has to give stands in it as

    $subscriber.last_name          a value of the question (names below); nothing where the question has none
    $serviced:basic                the same, written differently: ``basic`` 20261201, ``iso`` 2026-12-01,
                                   ``digits9`` nine digits that are a function of the text, ``code_system`` CPT or
                                   HCPCS, as the code is of the one or the other
    {each: $codes, give: …}        a list with one entry for each value, which is ``$it`` inside
                                   (in a list: further entries of that list)
    {when: $dependent, give: …, otherwise: …}        one or the other, as the value is there or not
    {of: $relationship, codes: {spouse: "01"}, otherwise: "34"}        a code for a word

Everything else is sent as it stands. What comes out empty is left out, and so is what contains only that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date as Date
from typing import Final

from massage_billing.model import Person, Question
from massage_billing.payers.clearinghouse.paths import Json

Plain = str | list["Plain"] | dict[str, "Plain"]
"""A template as a YAML file gives it."""
Given = str | Date | Sequence["Given"] | Mapping[str, "Given"] | None
"""What a question has to give."""

NAMES: Final = frozenset(
    "trace payer_id payer_name serviced member_id group_number relationship service_types codes it "
    "subscriber dependent patient asker".split()
)
"""First words of the values that a template may name."""


def digits9(text: str) -> str:
    """Nine digits that stand for a text; the first is no zero. Where a number is wanted and ours is none."""
    return str(100_000_000 + int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % 900_000_000)


FILTERS: Final[Mapping[str, Callable[[str], str]]] = {
    "basic": lambda text: text.replace("-", ""),
    "iso": lambda text: text,
    "digits9": digits9,
    # HCPCS level II starts with a letter (G0283), CPT with a digit (97124).
    "code_system": lambda text: "CPT" if text[:1].isdigit() else "HCPCS",
}
"""How a value may be written differently."""
CONTROLS: Final = (
    frozenset({"each", "give"}),
    frozenset({"when", "give"}),
    frozenset({"when", "give", "otherwise"}),
    frozenset({"of", "codes"}),
    frozenset({"of", "codes", "otherwise"}),
)
"""Keys of the entries that are instructions, not JSON."""


def request_of(template: Plain, question: Question) -> Json:
    """The JSON to send for a question."""
    return _fill(template, _given(question))


def _given(question: Question) -> Mapping[str, Given]:
    dependent = None if question.dependent is None else _person(question.dependent)
    asker = question.asker
    return {
        "trace": question.trace,
        "payer_id": question.payer_id,
        "payer_name": question.payer_name,
        "serviced": question.serviced,
        "member_id": question.member_id,
        "group_number": question.group_number,
        "relationship": question.relationship,
        "service_types": question.service_types,
        "codes": question.codes,
        "subscriber": _person(question.subscriber),
        "dependent": dependent,
        "patient": dependent or _person(question.subscriber),
        "asker": {
            "npi": asker.npi, "name": asker.name, "first_name": asker.first_name, "taxonomy": asker.taxonomy,
            "tin": asker.tin,
        },
    }  # fmt: skip


def _person(person: Person) -> Mapping[str, Given]:
    return {
        "last_name": person.last_name, "first_name": person.first_name, "middle_name": person.middle_name,
        "suffix": person.suffix, "birth_date": person.birth_date, "gender": person.gender,
    }  # fmt: skip


def _fill(template: Plain, given: Mapping[str, Given]) -> Json:
    if isinstance(template, str):
        return _text(_value(template, given)) if template.startswith("$") else template
    if isinstance(template, list):
        return [filled for each in template for filled in _entries(each, given) if filled not in _EMPTY]
    if frozenset(template) in CONTROLS:
        return _decide(template, given)
    filled = {name: _fill(inner, given) for name, inner in template.items()}
    return {name: value for name, value in filled.items() if value not in _EMPTY}


def _entries(template: Plain, given: Mapping[str, Given]) -> Sequence[Json]:
    """What an entry of a list comes to: an ``each`` there is several of them."""
    filled = _fill(template, given)
    several = isinstance(template, dict) and "each" in template and frozenset(template) in CONTROLS
    return filled if several and isinstance(filled, list) else [filled]


_EMPTY: Final[tuple[Json, ...]] = (None, "", [], {})


def _decide(template: Mapping[str, Plain], given: Mapping[str, Given]) -> Json:
    if "each" in template:
        values = _value(_name(template["each"]), given)
        entries = values if isinstance(values, Sequence) and not isinstance(values, str) else ()
        return [_fill(template["give"], {**given, "it": value}) for value in entries]
    if "when" in template:
        chosen = "give" if _value(_name(template["when"]), given) else "otherwise"
        return _fill(template[chosen], given) if chosen in template else None
    codes, word = template["codes"], _text(_value(_name(template["of"]), given))
    known = codes.get(word) if isinstance(codes, Mapping) and isinstance(word, str) else None
    return known if isinstance(known, str) else _fill(template.get("otherwise", ""), given)


def _name(value: Plain) -> str:
    return value if isinstance(value, str) else ""


def _value(reference: str, given: Mapping[str, Given]) -> Given:
    """The value that "$subscriber.birth_date:basic" names; None where there is none."""
    names, _, written = reference.removeprefix("$").partition(":")
    value: Given = given
    for name in names.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if written and value is not None:
        text = _text(value)
        return FILTERS[written](text) if isinstance(text, str) else None
    return value


def _text(value: Given) -> Json:
    if isinstance(value, Date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _text(inner) for name, inner in value.items()}
    if isinstance(value, str) or value is None:
        return value
    return [_text(inner) for inner in value]


def problems(template: Plain) -> list[str]:
    """What is wrong with a template, for the loader's message."""
    if isinstance(template, str):
        return _problem(template) if template.startswith("$") else []
    if isinstance(template, list):
        return [problem for each in template for problem in problems(each)]
    keys = frozenset(template)
    odd = [f"{sorted(keys)} is no instruction"] if keys & {"each", "when", "of"} and keys not in CONTROLS else []
    inside = [template[name] for name in template if not ("of" in keys and name == "codes")]
    return odd + [problem for each in inside for problem in problems(each)]


def _problem(reference: str) -> list[str]:
    names, _, written = reference.removeprefix("$").partition(":")
    found = [] if names.split(".")[0] in NAMES else [f"{reference} names nothing that a question has"]
    return found + ([] if not written or written in FILTERS else [f"{reference} is written in no known way"])
