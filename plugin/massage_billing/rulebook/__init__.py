"""The rulebook as files: loaded, checked, kept in use, shown as pages. What it decides is ``coding/``."""
