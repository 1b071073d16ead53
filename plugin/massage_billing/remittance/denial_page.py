"""The page of denials: figures, tables, and charts drawn here; one HTML file without a script, no patient in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files

from massage_billing.remittance.denials import DenialReport, Period, Share

_PLOT = (600, 150)
"""Width and height of the chart of weeks, in its own units."""
_LABELS = 9
"""Weeks that are named under the chart, at most."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a table with its bar."""

    name: str
    """What it is; "" where no rule knew or nothing is told."""
    plain: str
    """What it means."""
    claims: str
    """How many claims."""
    dollars: str
    """Dollars denied."""
    patient: str
    """Of these, left to the patient; "" for none."""
    percent: str
    """Length of its bar, of the longest."""


@dataclass(frozen=True, slots=True)
class Column:
    """A week of the chart, in its own units."""

    name: str
    """ISO week."""
    claims: str
    """How many claims."""
    dollars: str
    """Dollars denied."""
    x: str
    """Left edge."""
    y: str
    """Upper edge."""
    width: str
    """Width."""
    height: str
    """Height."""
    middle: str
    """Where its name stands."""
    label: str
    """Its name, where it is named."""


def denial_page(report: DenialReport, period: Period, clinic: str = "") -> str:
    """The page as HTML."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files("massage_billing") / "web"
    jinja = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    no_rule = next((one for one in report.by_rule if not one.name), None)
    return jinja.get_template("denials.html.j2").render(
        clinic=clinic,
        period=_period(period),
        report=report,
        total=_money(report.dollars),
        of_patient=_money(report.of_patient) if report.of_patient else "",
        known=_money(report.dollars - (no_rule.dollars if no_rule else Decimal(0))),
        unknown=_money(no_rule.dollars if no_rule else Decimal(0)),
        rules=_bars(report.by_rule),
        reasons=_bars(report.by_reason),
        payers=_bars(report.by_payer),
        codes=_bars(report.by_code),
        therapists=_bars(report.by_therapist),
        weeks=_columns(report.by_week),
        plot=_PLOT,
        most=_money(max((one.dollars for one in report.by_week), default=Decimal(0))),
        money=_money,
    )


def _period(period: Period) -> str:
    since, until = (day.isoformat() if day else "" for day in (period.since, period.until))
    days = f"{since} to {until}" if since and until else f"from {since}" if since else f"until {until}" if until else ""
    return ", ".join(part for part in (days or "everything applied so far", period.payer) if part)


def _bars(shares: Sequence[Share]) -> tuple[Bar, ...]:
    most = max((one.dollars for one in shares), default=Decimal(0))
    return tuple(
        Bar(
            one.name, one.plain, f"{one.claims:,}", _money(one.dollars),
            _money(one.of_patient) if one.of_patient else "", f"{100 * one.dollars / most:.1f}",
        )
        for one in shares
    )  # fmt: skip


def _columns(weeks: Sequence[Share]) -> tuple[Column, ...]:
    """The weeks from the first to the last, those without a denial too."""
    by_name = {one.name: one for one in weeks if one.name}
    if not by_name:
        return ()
    names = _every_week(min(by_name), max(by_name))
    most = max(one.dollars for one in by_name.values())
    width, height = _PLOT
    step, every = Decimal(width) / len(names), -(-len(names) // _LABELS)
    found = []
    for place, name in enumerate(names):
        share = by_name.get(name)
        dollars = share.dollars if share else Decimal(0)
        tall = dollars / most * height
        wide = min(step * Decimal("0.72"), Decimal(56))
        middle = step * place + step / 2
        found.append(
            Column(
                name, f"{share.claims if share else 0:,}", _money(dollars), f"{middle - wide / 2:.1f}",
                f"{height - tall:.1f}", f"{wide:.1f}", f"{tall:.1f}", f"{middle:.1f}",
                name if place % every == 0 else "",
            )
        )  # fmt: skip
    return tuple(found)


def _every_week(first: str, last: str) -> list[str]:
    day, found = _monday(first), []
    while day <= _monday(last):
        year, week, _ = day.isocalendar()
        found.append(f"{year}-W{week:02d}")
        day += timedelta(days=7)
    return found


def _monday(week: str) -> Date:
    year, _, number = week.partition("-W")
    return Date.fromisocalendar(int(year), int(number), 1)


def _money(amount: Decimal) -> str:
    return f"${amount:,.2f}"
