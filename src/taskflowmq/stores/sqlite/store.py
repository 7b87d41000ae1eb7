"""The store on a SQLite file: opens it, owns its threads, hands out its parts."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.redact import safe_url
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.helpers import aside
from taskflowmq.stores.sqlite.audit import SqliteAudit
from taskflowmq.stores.sqlite.bulks import SqliteBulks
from taskflowmq.stores.sqlite.claims import SqliteClaims
from taskflowmq.stores.sqlite.connection import check_engine, network_of, warn_network
from taskflowmq.stores.sqlite.cursors import Cursors
from taskflowmq.stores.sqlite.database import Database
from taskflowmq.stores.sqlite.error_groups import SqliteErrors
from taskflowmq.stores.sqlite.files import log_size, wide_rights
from taskflowmq.stores.sqlite.history import SqliteHistory
from taskflowmq.stores.sqlite.holder_watch import HolderWatch
from taskflowmq.stores.sqlite.inspections import SqliteInspections
from taskflowmq.stores.sqlite.intake import SqliteIntake
from taskflowmq.stores.sqlite.jobs import SqliteJobs
from taskflowmq.stores.sqlite.logs import SqliteLogs
from taskflowmq.stores.sqlite.names import Names
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.options import SqliteOptions
from taskflowmq.stores.sqlite.probes import SqliteProbes
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.queues import SqliteQueues
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import to_us
from taskflowmq.stores.sqlite.schema import SqliteSchema, newest
from taskflowmq.stores.sqlite.stats import SqliteStats
from taskflowmq.stores.sqlite.upkeep import SqliteUpkeep
from taskflowmq.stores.sqlite.views import SqliteViews
from taskflowmq.stores.sqlite.workers import SqliteWorkers
from taskflowmq.stores.sqlite.writer import Writer

_MEMORY = ":memory:"
#: After a checkpoint, a log is truncated to a quarter of this; a longer log means that checkpoints do not succeed.
_LONG_LOG = 256 * 2**20


class SqliteStore:
    """Implements :class:`~taskflowmq.ports.store.Store` on one SQLite file.

    Args:
        url_or_path: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or a path. ``:memory:`` (or
            ``sqlite://``) is a private temporary file that :meth:`close` deletes, for tests.
        options: the store's settings.
        clock: overrides the system's time in every statement, for tests and simulation.
    """

    def __init__(
        self, url_or_path: str | Path, options: SqliteOptions | None = None, clock: Clock | None = None
    ) -> None:
        self._options = options or SqliteOptions()
        self._clock = clock
        self._private: Path | None = None
        self._lock = asyncio.Lock()
        self._is_open = False
        self._path = _path(url_or_path)
        self._url = f"sqlite:///{self._path}"
        if str(self._path) == _MEMORY:
            self._private = Path(tempfile.mkdtemp(prefix="taskflow-"))
            self._path = self._private / "memory.db"
            self._url = "sqlite://"
        self._assemble()

    def _assemble(self) -> None:
        self._database = database = Database(self._path, self._options)
        names, cursors = Names(self._options.max_queues), Cursors()
        self._writer = Writer(database, (names, cursors))
        self._reader = Reader(database, name="taskflow-reader")
        self._slow_reader = Reader(database, name="taskflow-slow-reader")
        watch = HolderWatch(self._reader, self._now, database.path)
        self.notifier = SqliteNotifier(self._path, enabled=self._options.wake, mode=self._options.file_mode)
        self.schema = SqliteSchema(database, self._writer, self._reader)
        self.intake = SqliteIntake(database.path, (self._writer, self._reader), names, self.notifier, self._now)
        self.claims = SqliteClaims(
            database, (self._writer, self._reader), names, cursors, self.notifier, watch, self._now
        )
        self.workers = SqliteWorkers(self._writer, self._reader, watch, self._now)
        self.jobs = SqliteJobs((self._writer, self._reader), names, self.notifier, self._now)
        self.bulks = SqliteBulks((self._writer, self._reader), names, self.jobs, self.notifier, self._now)
        self.logs = SqliteLogs(self._writer, self._reader, self._now)
        self.probes = SqliteProbes(self._reader, self.jobs)
        self.stats = SqliteStats((self._reader, self._slow_reader), self._now, self._path)
        self.queues = SqliteQueues(self._writer, names, self.notifier, self.stats, self._now)
        self.history = SqliteHistory(self._writer, (self._reader, self._slow_reader), self._now)
        self.audit = SqliteAudit(self._writer, self._reader, self._now)
        self.views = SqliteViews(self._writer, self._reader, self._now)
        self.inspections = SqliteInspections(self._writer, self._reader, self._now)
        self.errors = SqliteErrors(self._writer, (self._reader, self._slow_reader), self._now)
        threads = (self._writer, self._reader, self._slow_reader)
        self.upkeep = SqliteUpkeep(database, threads, watch, self._now)

    @property
    def url(self) -> str:
        """The database's address."""
        return self._url

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    async def open(self) -> None:
        """Start the threads; migrate an empty or older database, check the version of another. Idempotent.

        Raises:
            SchemaMismatch: this Python's SQLite is too old, or the schema does not fit and may not be migrated.
            StoreUnavailable: the file cannot be opened.
        """
        async with self._lock:
            if self._is_open:
                return
            check_engine()
            self._look_for_folder()
            warn_network(self._path)
            self._writer.start()
            self._reader.start()
            self._slow_reader.start()
            self.notifier.open()
            try:
                await self._prepare()
            except BaseException:
                await self._stop()
                raise
            self._is_open = True

    def _look_for_folder(self) -> None:
        folder = self._database.path.parent
        try:
            found = folder.is_dir()
        except OSError as error:
            raise StoreUnavailable(f"cannot read the folder {folder}: {error.strerror}") from error
        if not found:
            raise StoreUnavailable(f"the folder of {self._path} does not exist")

    async def _prepare(self) -> None:
        how = self._options.migrate
        if how == "off":
            return
        if how == "auto":
            await self.schema.make()
        version = await self.schema.version()
        if how == "manual" or (how == "upgrade" and not version):
            await self.schema.check_client()
        elif version < newest():
            await self.schema.migrate()
        await self.schema.check_client()
        await self.schema.identify()

    async def close(self) -> None:
        """Commit what is queued, end the threads and close the file. Idempotent."""
        async with self._lock:
            if self._is_open:
                self._is_open = False
                await self._stop()
            if self._private is not None:
                await aside(lambda: shutil.rmtree(self._private or "", ignore_errors=True))

    async def _stop(self) -> None:
        self.notifier.close()
        await self.stats.close()
        await self._writer.stop()
        await self._reader.stop()
        await self._slow_reader.stop()

    def doubts(self) -> list[tuple[str, str]]:
        """Return problems of the file, each with what to do: rights of other users, its log, its disk."""
        found = []
        wide = wide_rights(self._database.path.resolve())
        if wide:
            folder = self._database.path.resolve().parent
            what = f"every user of this machine may read or write {', '.join(wide)} in {folder}"
            found.append((what, f"they hold the arguments of jobs: chmod o-rwx {' '.join(wide)}"))
        size = log_size(self._database.path.resolve())
        if size > _LONG_LOG:
            size_mb = size // 2**20
            what = f"the WAL of {self._path} has grown to {size_mb} MB: a read transaction stays open"
            found.append(
                (what, "end that reader (a shell, a backup, a stopped process); the next commits truncate the WAL")
            )
        kind = network_of(self._path)
        if kind is not None:
            what = f"{self._path} is on {kind}, where SQLite's locks are unreliable"
            found.append((what, "use a local disk, or PostgreSQL for several machines"))
        return found

    async def ping(self) -> float:
        """Commit a write that changes nothing, and return the seconds it took."""
        began = time.monotonic()
        await self._writer.run(lambda conn: conn.execute(q.ping_commit))
        return time.monotonic() - began

    def _now(self) -> int:
        return time.time_ns() // 1000 if self._clock is None else to_us(self._clock.now())


def _path(url_or_path: str | Path) -> Path:
    """Return the file that an address names."""
    if isinstance(url_or_path, Path):
        return url_or_path
    address = url_or_path
    if address.startswith("sqlite:"):
        rest = address.removeprefix("sqlite:").partition("?")[0]
        if not rest.startswith("//"):
            raise ValueError(f"{safe_url(url_or_path)!r} is not sqlite:///relative.db or sqlite:////absolute.db")
        address = unquote(rest.removeprefix("//").removeprefix("/"))
    return Path(address or _MEMORY)
