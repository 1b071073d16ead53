"""The ``massage-billing`` command: finds the subcommand, and turns every error into one plain message and exit code.

Subcommands are imported when they are called: ``--help`` must not wait for pydantic, SQLAlchemy or rich.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from massage_billing import __version__
from massage_billing.cli.lazy import LazyGroup
from massage_billing.errors import MassageBillingError

COMMANDS = {
    "init": "Write the settings of a clinic, by asking.",
    "doctor": "Check every setting and name what is missing.",
    "check-host": "Show what the EHR can and cannot do, and what that costs.",
    "run": "Read visits, decide what may be billed, write the Claims.",
    "explain": "Show what would be billed and why; writes nothing.",
    "approve": "Let draft Claims go: they become active.",
    "decide": "Answer a hold that a rule leaves to a person.",
    "export": "Put claims into files for payers.",
    "receive": "Take what came back: TA1, 999, 277CA, 835, FHIR.",
    "claims": "See the life of claims: what was sent, what was said of it, what was paid.",
    "denials": "Learn from what payers did not pay.",
    "superbill": "Write the printable bill of one visit, or of a patient's month.",
    "statement": "Write what a patient was billed, what payers paid, and what is owed.",
    "eligibility": "Ask payers about the coverage of coming visits, and see what they said.",
    "huddle": "List the appointments of a day with what must be settled before each.",
    "credentials": "See who is licensed, covered and enrolled with which payer, and until when.",
    "status": "Show what is held, why, and how long it can wait.",
    "rules": "Read, check and change the coding rules.",
    "purge": "Forget a patient, or old payloads.",
    "demo": "Make a synthetic clinic and bill it.",
    "serve": "Run as a service: the workbench, the schedule, and what is asked for.",
    "link": "Print a link that lets whoever opens it first into the workbench once.",
    "audit": "See who looked at what at the workbench, and who decided what.",
    "subscribe": "Ask a host to tell when a visit has ended.",
    "backup": "Keep everything that is remembered in one file.",
    "restore": "Put back what a backup holds.",
    "simulated-payer": "Serve simulated payers on this machine, until Ctrl-C.",
    "make-clinic": "Write a synthetic clinic as FHIR files.",
}
"""Every subcommand with its one line of help, in the order a clinic meets them; the file is its name with "_"."""

EXIT_CODES = """\b
Exit codes:
  0    done (whatever was decided)
  1    unexpected error
  2    wrong use of the command line
  3    a setting or a clinic file is missing or wrong
  4    the host could not do what was asked
  5    done, but some writes still wait for the host; run again
  6    the rulebook cannot be used
  7    the store cannot be used
  8    a file or folder given cannot be read or written, or exists already
  9    a Claim failed our own checks (please report it)
  10   payers could not be asked, and none answered
  11   the NPI registry could not be asked
  12   a Claim cannot be put into a file for a payer as it stands; the others were
  13   a file of answers was refused whole: it is cut off, or does not add up
  130  stopped with Ctrl-C; 141 the reader of the output went away
"""


class ReaderGone(Exception):
    """Whoever read our output (head, less) is gone: nothing left to say, and nobody to say it to."""


class LazyCommands(LazyGroup):
    """The program's own commands; notices where the reader of the output is gone."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand. click would end the process itself, with 1, where the reader of the output is gone."""
        try:
            answer: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error
        return answer


@click.group(
    cls=LazyCommands,
    commands_help=COMMANDS,
    modules="massage_billing.cli.",
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="massage-billing")
def cli() -> None:
    """Billing for massage clinics, beside the EHR they already have.

    Reads what was done (Encounter, Procedure), decides by dated, cited rules what may be billed and why, and writes the
    Claim back, or a Task that says what has to be fixed first.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. Every error becomes one message that says what, which and what to do."""
    try:
        answer = cli.main(args=arguments, prog_name="massage-billing", standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except ReaderGone:
        # What is still buffered has to go somewhere when the interpreter flushes it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except MassageBillingError as error:
        _show(error)
        return error.exit_code
    except Exception as error:
        return _unexpected(error)


def _interrupted() -> int:
    click.echo("Stopped. What was decided so far is kept; run again to go on.", err=True)
    return 130


def _show(error: MassageBillingError) -> None:
    if _debugging():
        traceback.print_exc()
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(error.what, err=True)
    if error.fix:
        click.echo(f"What to do: {error.fix.strip()}", err=True)


def _unexpected(error: Exception) -> int:
    """Say where it happened, but not the error's own text: that could quote a patient's record."""
    if _debugging():
        traceback.print_exc()
        return 1
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(f"unexpected {type(error).__name__}{where}. This is a fault of the program.", err=True)
    click.echo("What to do: MB_DEBUG=1 shows all of it (that may hold patient data); then report it.", err=True)
    return 1


def _debugging() -> bool:
    return bool(os.environ.get("MB_DEBUG"))
