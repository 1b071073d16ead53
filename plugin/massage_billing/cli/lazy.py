"""Groups of commands that know their commands by name and help, and import one only when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.util import find_spec

import click


class LazyGroup(click.Group):
    """A group whose commands stand one in a file, each as ``command`` of its module.

    ``--help`` imports none of them. A command whose file is not there is neither listed nor found.
    """

    def __init__(self, *args: object, commands_help: Mapping[str, str], modules: str, **kwargs: object) -> None:
        """``commands_help``: one line of help by name, in order. ``modules``: what a name is put behind, its hyphens as
        underscores: ``massage_billing.cli.`` or ``massage_billing.cli.rules_``."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._help = commands_help
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order they are met."""
        return [name for name in self._help if find_spec(self._module(name)) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of a command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(self._module(cmd_name)).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        listed = [(name, self._help[name]) for name in self.list_commands(ctx)]
        if listed:
            with formatter.section("Commands"):
                formatter.write_dl(listed)

    def _module(self, name: str) -> str:
        return self._modules + name.replace("-", "_")
