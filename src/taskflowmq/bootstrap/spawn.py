"""Starts child and body processes of this program by exec. The database's URL travels in the environment, because an
argument list is readable by every user of the machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from uuid import UUID

import msgspec

from taskflowmq.core.job_logs import JobLogs
from taskflowmq.core.redact import safe_url
from taskflowmq.core.workers import KNOWN, Command
from taskflowmq.ports.spawner import ChildSpec
from taskflowmq.worker.options import WorkerOptions
from taskflowmq.worker.running.pipe_logs import levels
from taskflowmq.worker.running.process_pool import Launch

URL_VARIABLE = "TASKFLOW_CHILD_URL"
#: Secrets of the API and of the probes, which no handler needs, nor a program that a handler starts.
KEPT_FROM_HANDLERS = frozenset({"TASKFLOW_API_KEYS", "TASKFLOW_API_KEYS_FILE"})
#: The working directory is not a place to import our own modules and libraries from: a ``json.py`` in it would run.
#: ``load_app`` adds it where an APP is named.
PYTHON = (sys.executable, "-P", "-m")


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What a process needs to become part of this program: the app's spec, its database and how it logs.

    A program that embeds its worker has no spec: ``tasks`` name its process tasks, ``module:attribute`` each, ``hooks``
    what runs around them. ``tenant`` is that of the built-in tasks; an app that a spec names has its own. ``more`` are
    modules whose tasks the app has beside its own.
    """

    spec: str | None
    url: str
    tenant: str | None = None
    tasks: tuple[str, ...] = ()
    hooks: tuple[tuple[str, str], ...] = ()
    more: tuple[str, ...] = ()
    log_format: str = "auto"
    log_level: str = "info"
    #: The working directory of this program at its start, and its variables: a handler may have changed both since.
    folder: str = msgspec.field(default_factory=os.getcwd)
    variables: Mapping[str, str] = msgspec.field(default_factory=os.environ.copy)

    def __repr__(self) -> str:
        # The address holds a password, and the variables may hold anything.
        return f"Program(spec={self.spec!r}, url={safe_url(self.url)!r}, {len(self.variables)} variables)"

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables for the process."""
        kept = {name: value for name, value in self.variables.items() if name not in KEPT_FROM_HANDLERS}
        return {**kept, URL_VARIABLE: self.url}


class BodyConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The one argument of a body process."""

    spec: str | None
    tasks: tuple[str, ...]
    hooks: tuple[tuple[str, str], ...]
    fd: int
    parent_pid: int
    log_format: str
    log_level: str
    #: The log levels of the program that embeds the worker and then receives the records. None: it logs by itself.
    log_levels: dict[str, int] | None
    #: Whether what bodies log is kept with their jobs: by ``ctx.log``, and by any logger.
    keeps_lines: bool = True
    keeps_records: bool = False


class ChildConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The one argument of a child."""

    spec: str | None
    tenant: str | None
    log_format: str
    log_level: str
    worker_id: UUID
    supervisor: UUID
    parent_pid: int
    slots_fd: int
    control_fd: int
    options: WorkerOptions
    more: tuple[str, ...] = ()
    command: Command | None = None
    #: The commands that the supervisor knows; one of an older version, whose files were replaced, says nothing.
    commands: tuple[str, ...] = ()


class ChildProcess:
    """A started child."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait for its end and return its exit code; negative: the signal that killed it."""
        return await self._process.wait()

    def kill(self) -> None:
        """End it at once; no-op when it has ended."""
        if self._process.returncode is None:
            try:
                self._process.kill()
            except ProcessLookupError:
                return


class ExecSpawner:
    """Starts children with ``python -m taskflowmq.bootstrap.child``.

    Args:
        program: what they run.
        options: the options of an ordinary child.
    """

    def __init__(self, program: Program, options: WorkerOptions) -> None:
        self._program = program
        self._options = options

    async def spawn(self, child: ChildSpec) -> ChildProcess:
        """Start a child."""
        config = ChildConfig(
            spec=self._program.spec,
            tenant=self._program.tenant,
            more=self._program.more,
            log_format=self._program.log_format,
            log_level=self._program.log_level,
            worker_id=child.worker_id,
            supervisor=child.supervisor,
            parent_pid=os.getpid(),
            slots_fd=child.slots_fd,
            control_fd=child.control_fd,
            options=msgspec.structs.replace(self._options, isolated=child.isolated),
            command=child.command,
            commands=KNOWN,
        )
        process = await asyncio.create_subprocess_exec(
            *PYTHON,
            "taskflowmq.bootstrap.child",
            msgspec.json.encode(config).decode(),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(child.slots_fd, child.control_fd),
            cwd=self._program.folder,
            env=self._program.environment,
        )
        return ChildProcess(process)


def body_launcher(program: Program, options: WorkerOptions) -> Launch:
    """Return what starts the body processes of a worker: ``python -m taskflowmq.bootstrap.body``."""
    keeps_lines = options.job_logs is not JobLogs.OFF

    async def launch(fd: int) -> asyncio.subprocess.Process:
        config = BodyConfig(
            spec=program.spec,
            tasks=program.tasks,
            hooks=program.hooks,
            fd=fd,
            parent_pid=os.getpid(),
            log_format=program.log_format,
            log_level=program.log_level,
            log_levels=levels() if program.tasks else None,
            keeps_lines=keeps_lines,
            keeps_records=keeps_lines and options.job_log_records,
        )
        return await asyncio.create_subprocess_exec(
            *PYTHON,
            "taskflowmq.bootstrap.body",
            msgspec.json.encode(config).decode(),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(fd,),
            cwd=program.folder,
            env=program.environment,
            start_new_session=True,  # so that it can be killed with every process that its handlers have started
        )

    return launch
