"""One card a visit, for people: what would be billed, why, what is not billed, and what has to be done by whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click

from massage_billing.cli.shell import counted, dollars

Json = Mapping[str, object]

_COLOURS = {"claim": "green", "hold": "red", "self-pay": "yellow", "no-charge": "bright_black"}
_EFFECTS = {"hold": "red", "changed": "cyan", "warn": "yellow"}
_ORDER = {"hold": 0, "changed": 1, "warn": 2}
_WIDTH = 100


def print_cards(items: Iterable[Json], texts: Mapping[str, str] | None = None) -> None:
    """Print a card for every explain/1 element, as they come, and a line of sums.

    ``texts``: the clinic's licensed descriptors by code, to stand under the codes.
    """
    count: dict[str, int] = {}
    for item in items:
        outcome = _text(item, "outcome")
        count[outcome] = count.get(outcome, 0) + 1
        for line in card(item, texts or {}):
            click.echo(line)
    if not count:
        click.echo("No visits found.")
        return
    said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.items()))
    click.echo(f"{counted(sum(count.values()), 'visit')}: {said}. Nothing was written.")


def card(item: Json, texts: Mapping[str, str]) -> Iterable[str]:
    """The lines of one card."""
    yield from _head(item)
    yield from _lines(item, texts)
    yield from _not_billed(item)
    yield from _ledger(item)
    yield from _findings(item)
    yield ""


def _head(item: Json) -> Iterable[str]:
    visit, outcome = _object(item, "visit"), _text(item, "outcome")
    total = _total(item)
    title = (
        f"Encounter/{_text(visit, 'encounter')}  {_text(visit, 'date') or 'no date'}  {_text(visit, 'site')}".rstrip()
    )
    badge = f"{outcome.upper()}  {total}".rstrip()
    yield click.style(title.ljust(_WIDTH - len(badge)), bold=True) + click.style(
        badge, bold=True, fg=_COLOURS.get(outcome)
    )
    parts = [("payer", _text(item, "payer")), ("coverage", _text(item, "coverage")), ("policy", _text(item, "policy"))]
    told = [f"{name} {value}" for name, value in parts if value]
    said = ", ".join(word for word in (*told, _text(item, "network")) if word) or "no payer"
    yield f"  {said}; rulebook {_text(_object(item, 'rulebook'), 'version')}"


def _total(item: Json) -> str:
    charges = [line.get("charge") for line in _objects(item, "lines")]
    if not charges or any(charge is None for charge in charges):
        return ""
    from decimal import Decimal

    return dollars(sum((Decimal(str(charge)) for charge in charges), Decimal("0.00")))


def _lines(item: Json, texts: Mapping[str, str]) -> Iterable[str]:
    lines = _objects(item, "lines")
    if lines and _text(item, "outcome") == "hold":
        yield "  Would be billed once the hold is cleared:"
    for line in lines:
        minutes = f"{line['minutes']} min" if line.get("minutes") is not None else "untimed"
        units = counted(int(_text(line, "units") or 0), "unit")
        code = "-".join([_text(line, "code"), *_texts(line, "modifiers")])
        charge = line.get("charge")
        money = dollars(str(charge)) if charge is not None else "no price"
        pointers = ",".join(_texts(line, "diagnosis_pointers")) or "none"
        done = ", ".join(f"Procedure/{one}" for one in _texts(line, "procedures"))
        yield f"  {code:<12} {units:<8} {minutes:<8} {money:>10}   diagnoses {pointers}   {done}"
        yield from _wrap(texts.get(_text(line, "code"), ""), 15)
        yield from _because(line, 15)


def _because(item: Json, indent: int) -> Iterable[str]:
    """What a line rests on: the rules that share a source and a date stand together."""
    together: dict[tuple[str, str], list[str]] = {}
    for row in _objects(item, "because"):
        together.setdefault((_text(row, "in_force_from"), _text(row, "source")), []).append(_named(row))
    for (since, source), rules in together.items():
        yield from _wrap(f"because {', '.join(dict.fromkeys(rules))}{_since(since)}: {source}", indent)


def _not_billed(item: Json) -> Iterable[str]:
    rows = _objects(item, "not_billed")
    if rows:
        yield "  Not billed:"
    for row in rows:
        minutes = f"{row['minutes']} min" if row.get("minutes") is not None else ""
        yield f"    {_text(row, 'code') or '?':<10} {minutes:<8} Procedure/{_text(row, 'procedure')}: " + (
            f"{_text(row, 'reason')} (rule {_text(row, 'rule')})"
        )


def _ledger(item: Json) -> Iterable[str]:
    """The units that each way of counting gives for the minutes documented, and which of them applies."""
    counted = _object(item, "minute_ledger")
    minutes, totals = _object(counted, "minutes"), _object(counted, "totals")
    if not minutes:
        return
    applies, methods = _text(counted, "applies"), _object(item, "units_by_method")
    wide = max(len(name) for name in (*methods, "minutes documented"))
    head = "  ".join(f"{code:>6}" for code in (*minutes, "total"))
    yield f"  {'Minute ledger, before edits':<{wide + 4}}{head}"
    rows = [("minutes documented", minutes, sum(int(str(each)) for each in minutes.values()))]
    rows += [(name, _object(methods, name), int(_text(totals, name) or 0)) for name in methods]
    for name, cells, total in rows:
        mark = "→" if name == applies else " "
        row = "  ".join(f"{_text(cells, code):>6}" for code in minutes)
        yield f"    {mark} {name:<{wide}}{row}  {total:>6}"
    if applies:
        yield from _wrap(f"The policy {_text(item, 'policy')} counts by {applies}:", 6)
    yield from _because(counted, 6)
    for note in _texts(counted, "notes"):
        yield from _wrap(note, 6)


def _findings(item: Json) -> Iterable[str]:
    """The findings that do something, worst first; how many others passed."""
    findings = _objects(item, "findings")
    telling = sorted((f for f in findings if _text(f, "effect") in _ORDER), key=lambda f: _ORDER[_text(f, "effect")])
    said: dict[tuple[str, ...], list[Json]] = {}
    for finding in telling:
        said.setdefault(tuple(_text(finding, name) for name in ("effect", "rule", "fix", "source")), []).append(finding)
    for (effect, rule, fix, source), same in said.items():
        words = _wrap(f"{rule}: {' '.join(dict.fromkeys(_text(one, 'message') for one in same))}", 10)
        yield "  " + click.style(f"{effect.upper():<8}", fg=_EFFECTS[effect], bold=True) + words[0].strip()
        yield from words[1:]
        who = _text(same[0], "who")
        if fix:
            yield from _wrap(f"To do{f' ({who})' if who else ''}: {fix}", 10)
        if source:
            yield from _wrap(f"Rule {_named(same[0])}{_since(_text(same[0], 'in_force_from'))}: {source}", 10)
    quiet = len(findings) - len(telling)
    if quiet:
        yield f"  {counted(quiet, 'other rule')} looked at, nothing to do."


def _named(row: Json) -> str:
    """A rule with its row, where the row is more than the date it is in force from."""
    rule, row_id = _text(row, "rule"), _text(row, "row")
    return rule if row_id in ("", "-", _text(row, "in_force_from")) else f"{rule} {row_id}"


def _since(date: str) -> str:
    return f" (in force since {date})" if date else ""


def _wrap(text: str, indent: int) -> list[str]:
    import textwrap

    pad = " " * indent
    return textwrap.wrap(text, _WIDTH, initial_indent=pad, subsequent_indent=pad, break_long_words=False)


def _text(item: Json, name: str) -> str:
    value = item.get(name)
    return "" if value is None else str(value)


def _texts(item: Json, name: str) -> list[str]:
    value = item.get(name)
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _object(item: Json, name: str) -> Json:
    value = item.get(name)
    return value if isinstance(value, Mapping) else {}


def _objects(item: Json, name: str) -> list[Json]:
    value = item.get(name)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []
