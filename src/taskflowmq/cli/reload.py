"""``--reload``: run the same command in a process of its own, and again whenever a source file below here has changed.

For development, not for production: running jobs have two seconds, then they are handed back and start again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from taskflowmq.bootstrap.parent import die_with_parent
from taskflowmq.bootstrap.signals import spare_user_signals
from taskflowmq.cli.options import option
from taskflowmq.client.extras import require

#: How long running jobs may finish before they are handed back, in seconds, and how long that may take.
FINISH_SECONDS, LEAVE_SECONDS = 2.0, 10.0
#: The interval of checks without a change, in milliseconds.
LOOK_MS = 200
VARIABLE = "TASKFLOW_RELOAD"


def reload_option(command: Any) -> Any:
    """Take --reload."""
    return option(
        "--reload", env=VARIABLE, is_flag=True, help="Restart when a Python file in this folder tree changes."
    )(command)


def run_reloaded(feature: str) -> int:
    """Run this command line without --reload, and again after each change, until a signal ends it.

    Args:
        feature: the command, for the error of a missing extra.

    Returns:
        The exit code of the last run.

    Raises:
        MissingExtra: watchfiles is not installed.
    """
    require("reload", f"{feature} --reload")
    from watchfiles import PythonFilter, watch

    stop = threading.Event()
    asked: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        asked.append(number)
        stop.set()

    spare_user_signals()
    # As the command does without --reload: of what a shell has ignored for it, only nohup's hang-up stays ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, on_signal)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, on_signal)
    program = None
    looks = watch(
        Path.cwd(),
        watch_filter=PythonFilter(),
        stop_event=stop,
        raise_interrupt=False,
        yield_on_timeout=True,
        rust_timeout=LOOK_MS,
    )
    try:
        # The program starts once changes are watched, so that a change during its start is not missed.
        for changes in looks:
            if program is None:
                program = _start()
                continue
            if not changes:
                continue
            click.echo(f"Changed: {_names(path for _, path in changes)}. Restarting.", err=True)
            _end(program)
            if asked:  # meanwhile
                break
            program = _start()
    finally:
        code = 0 if program is None else _leave(program, asked)
    return code


def _start() -> subprocess.Popen[bytes]:
    """Start the program in the same way as this process: the command, ``python -m``, or a project's manage.py."""
    arguments = [word for word in sys.orig_argv[1:] if word != "--reload"]
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    parent = os.getpid()
    # In a session of its own: Ctrl-C reaches this process alone, which passes it on.
    return subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, *arguments],
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509 - this process has no threads
    )


def _end(program: subprocess.Popen[bytes]) -> None:
    """Let running jobs finish for a limited time, then hand them back."""
    for number, seconds in ((signal.SIGTERM, FINISH_SECONDS), (signal.SIGTERM, LEAVE_SECONDS)):
        program.send_signal(number)
        try:
            program.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        return
    program.kill()
    program.wait()


def _leave(program: subprocess.Popen[bytes], asked: list[int]) -> int:
    """End as the program does: the first signal drains it, a second hands back.

    SIGINT is passed on as SIGTERM. To a program that has begun both mean the same, and SIGTERM also ends one that still
    starts: there SIGINT is a KeyboardInterrupt amid imports, which may show a traceback, or get lost in a callback.
    """
    passed = 0
    while True:
        while passed < len(asked):
            program.send_signal(signal.SIGTERM if asked[passed] == signal.SIGINT else asked[passed])
            passed += 1
        try:
            code = program.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        return 0 if asked and code == -signal.SIGTERM else code


def _names(paths: Iterable[str]) -> str:
    here = Path.cwd()
    names = sorted({str(Path(path).relative_to(here) if Path(path).is_relative_to(here) else path) for path in paths})
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
