"""The clinic's licensed CPT descriptors, where it loaded them: shown on this screen, written nowhere (DESIGN 22)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from massage_billing.rulebook.pages.page import Page

_OURS = "our label"
_THEIRS = "CPT descriptor (your licence)"


def descriptors(settings_file: Path | None) -> Mapping[str, str]:
    """Descriptors by code; none where the clinic loaded none. Raises RuleFileError where their folder is damaged."""
    from massage_billing.releases.book import labels
    from massage_billing.releases.shelf import folder_of
    from massage_billing.settings import Settings, find_settings, load_settings

    found = find_settings(settings_file)
    settings = Settings() if found is None else load_settings(found)
    return labels(folder_of(settings.state_folder()))


def on_page(page: Page, texts: Mapping[str, str]) -> Page:
    """A page whose table of codes has these descriptors in place of our labels."""
    if page.table is None or _OURS not in page.table.columns or not texts:
        return page
    at = page.table.columns.index(_OURS)
    rows = tuple((*row[:at], texts.get(row[0], row[at]), *row[at + 1 :]) for row in page.table.rows)
    columns = tuple(_THEIRS if column == _OURS else column for column in page.table.columns)
    return replace(page, table=replace(page.table, columns=columns, rows=rows))
