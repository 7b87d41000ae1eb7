"""The command tree. Commands are imported when they are run, so that ``taskflow --help`` stays quick."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import IO, TypeVar

import click

from taskflowmq.cli.exits import Exit, explain, report, report_bug, report_usage, wants_json
from taskflowmq.client.environment import is_service_link

E = TypeVar("E", bound=Exception)

#: name → (module, one line of help). Help is repeated here because showing it must not import the command.
COMMANDS: dict[str, tuple[str, str]] = {
    "dev": ("dev", "Run server, worker and duties in one command."),
    "demo": ("demo", "Run everything on a throwaway store with made-up work."),
    "server": ("server", "Serve the dashboard and the REST API."),
    "dashboard": ("dashboard", "Serve the dashboard and the REST API, and nothing else."),
    "worker": ("worker", "Run jobs."),
    "scheduler": ("scheduler", "Run the periodic duties only."),
    "enqueue": ("enqueue", "Store a job."),
    "jobs": ("jobs", "List, read, retry, cancel and delete jobs."),
    "bulk": ("bulk", "List, read, stop and undo operations on many jobs."),
    "queues": ("queues", "List, pause, resume and configure queues."),
    "errors": ("errors", "List failures by kind; resolve, mute and reopen them."),
    "tasks": ("tasks", "List and show tasks."),
    "workers": ("workers", "List, drain, resume and stop workers."),
    "views": ("views", "List, save, rename and delete views of the list of jobs."),
    "audit": ("audit", "List what operators did."),
    "top": ("top", "Show queues, workers and running jobs, live."),
    "stats": ("stats", "Show counts, rates and times of the last minutes."),
    "db": ("db", "Show and migrate the store's schema."),
    "system": ("system", "Show the store, its duties and machines."),
    "doctor": ("doctor", "Check the store, its workers and queues."),
    "bench": ("bench", "Benchmark this machine and database."),
    "version": ("version", "Show versions."),
}

_EPILOG = """\b
Examples:
  taskflow demo                                    a dashboard with made-up work
  taskflow dev                                     everything, on SQLite
  taskflow enqueue test '{"message": "hi"}' --wait
  taskflow jobs list --state dead
  DATABASE_URL=postgresql://… taskflow worker app:app

\b
Exit codes: 0 ok · 1 failed · 2 usage · 3 store missing or unreachable · 4 not found · 5 conflict · 6 timeout
"""


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = importlib.import_module(f"taskflowmq.cli.{entry[0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "show_default": True}
)
@click.version_option(package_name="taskflowmq", message="taskflow %(version)s")
def root() -> None:
    """TaskFlow: background jobs that survive."""


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    _open_missing()
    try:
        _run(arguments)
    finally:
        for stream in (sys.stdout, sys.stderr):
            _let_go(stream)


def _open_missing() -> None:
    """Open streams that the shell has closed (``2>&-``): a socket or a database would get the number, and our lines."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one.
            opened = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(opened, True)
            if getattr(sys, name) is None:
                setattr(sys, name, open(opened, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def _let_go(stream: IO[str]) -> None:
    """Drop lines that are not read, or have no room: left in the buffer, they would end the interpreter with 120."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _tell(how: Callable[[E], None], error: E) -> None:
    """Show an error; if there is no room for it, the exit code still says its kind."""
    with contextlib.suppress(OSError):
        how(error)


def _run(arguments: list[str] | None) -> None:
    for name, value in list(os.environ.items()):
        if is_service_link(name, value):
            del os.environ[name]
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        code = root.main(arguments, prog_name="taskflow", standalone_mode=False, color=colour)
    except click.exceptions.Abort:
        sys.exit(Exit.INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except click.UsageError as error:
        _tell(report_usage, error)
        sys.exit(Exit.USAGE)
    except Exception as error:  # noqa: BLE001 - shown, without secrets, with the exit code of its kind
        known = explain(error)
        if known is None:
            _tell(report_bug, error)
            sys.exit(Exit.FAILED)
        _tell(partial(report, as_json=wants_json()), known)
        sys.exit(known.code)
    # A command that returns None succeeded; a number is its exit code.
    sys.exit(code if isinstance(code, int) else Exit.OK)
