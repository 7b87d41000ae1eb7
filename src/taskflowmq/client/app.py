"""The app: an object that a program makes once, declares its tasks on, and enqueues through.

No disk or network is used before the first call. The app knows tasks and options; the function that makes a store of
a URL is passed to it (``bootstrap.app.TaskFlow`` does), so this module knows no database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self, Unpack
from uuid import UUID

import msgspec

from taskflowmq.client import codecs
from taskflowmq.client.acting import Acting
from taskflowmq.client.audit import AuditLog
from taskflowmq.client.bulks import Bulks
from taskflowmq.client.deadline import store_timeout as resolve_timeout
from taskflowmq.client.environment import secret
from taskflowmq.client.error_groups import Errors
from taskflowmq.client.handle import Handle
from taskflowmq.client.history import History
from taskflowmq.client.hooked import Hooked
from taskflowmq.client.hub import Hub
from taskflowmq.client.ids import parse_id
from taskflowmq.client.jobs import Jobs
from taskflowmq.client.options import NO_OPTIONS, Origin, SendOptions, asked_by, check_options
from taskflowmq.client.queues import Queues
from taskflowmq.client.redacting import configured_rules
from taskflowmq.client.registry import Registry
from taskflowmq.client.release import program_release
from taskflowmq.client.sender import Sender
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.client.task import Declare, JobRequest, Task
from taskflowmq.client.views import Views
from taskflowmq.core.errors import WrongContext
from taskflowmq.core.job import DEFAULT_TENANT, NewJob
from taskflowmq.core.redaction import read_rules
from taskflowmq.core.validation import check_name
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import Telemetry

DEFAULT_URL = "sqlite:///taskflow.db"
URL_VARIABLES = ("TASKFLOW_DATABASE_URL", "DATABASE_URL")

MakeStore = Callable[[str], Store]


def resolve_url(url: str | None) -> str:
    """Return the database to use: the argument, else the environment's, else a file in this folder.

    Raises:
        InvalidSetting: a variable and its file are both set, or the file cannot be read.
    """
    return url or next((found for name in URL_VARIABLES if (found := secret(os.environ, name))), DEFAULT_URL)


class BaseApp(Hooked):
    """Tasks, and the store that their jobs go to.

    Args:
        url: the database; see :func:`resolve_url` for what None means.
        make_store: makes a store of a URL, without opening it.
        tenant: the workspace that this app's jobs, queues and tasks belong to.
        telemetry: counts what is enqueued.
        release: the name of your program's version, such as a tag; None: TASKFLOW_RELEASE, else none.
        store_timeout: how long a call may wait for the store, in seconds; None: TASKFLOW_STORE_TIMEOUT, else 10.
        redact: fields of jobs that no reader is shown, beside the built-in ones and those of TASKFLOW_REDACT.

    Attributes:
        task: the decorator ``@app.task`` or ``@app.task(queue=…, retry=…)``; see :class:`TaskOptions`.
        tasks: the tasks of this app, by name.
        jobs: reading and controlling jobs.
        queues: reading, pausing and resuming queues.
        bulks: operations on all jobs that match a filter: how far they are, stopping and undoing them.
        audit: what operators did.
        errors: what fails, by kind; resolving and muting it.
        views: saved views of the list of jobs.
        history: what happened to jobs, per minute, queue and task.
        release: the name of the program's version; None: it has none. A wrong TASKFLOW_RELEASE raises InvalidSetting.
        spec: ``module:attribute`` that the body processes of an embedded worker import to have this app whole, where
            a task's own module is not enough; None for a plain program.
    """

    spec: str | None = None
    #: The environment is read at the first use, not at import.
    release = cached_property(lambda self: program_release(self._given_release))
    #: Where jobs of this app come from: always the same object, by which templates of jobs know that they fit.
    origin = cached_property(lambda self: Origin(self.tenant, release=self.release))

    def __init__(
        self,
        url: str | None = None,
        *,
        make_store: MakeStore,
        tenant: str = DEFAULT_TENANT,
        telemetry: Telemetry | None = None,
        release: str | None = None,
        store_timeout: float | None = None,
        redact: Sequence[str] = (),
    ) -> None:
        #: The fields that are hidden in all jobs of this app.
        self.redact = read_rules(redact)
        self._store_timeout = None if store_timeout is None else resolve_timeout(store_timeout)
        self.tenant = check_name("tenant", tenant)
        self.telemetry = telemetry
        self._url = url
        #: What the program says itself, and not the environment.
        self.says_url, self.given_timeout = url is not None, self._store_timeout
        self._make_store = make_store
        self._hub: Hub[Session] = Hub(self._open_session, self._patience)
        self._given_release = None if release is None else program_release(release)
        self._threads = threading.local()
        self.tasks = Registry()
        self.task = Declare(self)
        #: How operators act; the command line says so.
        self.acting = Acting(self.tenant)
        self.queues = Queues(self._hub, self.tenant, self.acting)
        self.bulks = Bulks(self._hub, self.tenant, self.acting)
        self.audit = AuditLog(self._hub, self.tenant)
        self.errors = Errors(self._hub, self.tenant, self.acting)
        self.views = Views(self._hub, self.tenant, self.acting)
        self.history = History(self._hub, self.tenant)
        self.sender = Sender(self._hub, self.tasks, lambda: self.origin)
        self.jobs = Jobs(self._hub, self.tenant, self.acting, self.sender)

    @property
    def url(self) -> str:
        """The database's URL; the environment is read at the first use, not at import."""
        if self._url is None:
            self._url = resolve_url(None)
        return self._url

    def _patience(self) -> float:
        """Return how long a call may wait for the store, in seconds; the environment is read at the first use."""
        if self._store_timeout is None:
            self._store_timeout = resolve_timeout(None)
        return self._store_timeout

    def use_url(self, url: str) -> None:
        """Use another database from now on.

        Raises:
            WrongContext: the app is open.
        """
        if self._hub.open_session() is not None:
            raise WrongContext("the app is open: close it before you change its database")
        self._url = url

    @contextlib.contextmanager
    def redirected(self, make_store: MakeStore, new_id: Callable[[], UUID], url: str) -> Iterator[Self]:
        """Use another store for the length of this block; for tests. Its sessions are closed at the end."""
        kept = self._url, self._make_store, self.origin, self._hub.suspend()
        self._url, self._make_store, self.origin = url, make_store, msgspec.structs.replace(self.origin, new_id=new_id)
        try:
            yield self
        finally:
            try:
                self._hub.close_from_outside()
            finally:
                self._url, self._make_store, self.origin, entries = kept
                self._hub.restore(entries)

    @property
    def hub(self) -> Hub[Session]:
        """The open sessions, for the parts of this package."""
        return self._hub

    @property
    def store(self) -> Store:
        """The open store of the running loop (or of another one, if only that has one).

        Raises:
            WrongContext: the app is not open.
        """
        session = self._hub.open_session()
        if session is None:
            raise WrongContext("the app is not open on this event loop: use `async with app:` first")
        return session.store

    def new_store(self) -> Store:
        """Make another store of the same database, not opened; the caller closes it."""
        return self._make_store(self.url)

    async def _open_session(self) -> Session:
        rules = (*configured_rules(), *self.redact)
        session = Session(
            self.new_store(), self.tasks, self.tenant, self.telemetry, seconds=self._patience(), rules=rules
        )
        await session.open()
        return session

    # ---- life ----

    async def aopen(self) -> None:
        """Open the store on the running loop, and announce the tasks to it.

        May be called again while the app is open: each opening is released by one ``aclose()``.

        Raises:
            StoreUnavailable: it cannot be reached.
            SchemaMismatch: it was made by another version.
        """
        session = await self._hub.enter()
        try:
            await session.announce()
        except BaseException:
            await self._hub.leave()
            raise

    async def aclose(self) -> None:
        """Release one opening. The last one finishes what is in progress and closes the store of the running loop.

        Other openings, workers, servers and calls in progress keep it open. The next use opens it again.
        """
        await self._hub.leave()

    async def __aenter__(self) -> Self:
        """Open the app on the running loop."""
        await self.aopen()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give this opening back."""
        await self.aclose()

    open = sync_twin(aopen)
    close = sync_twin(aclose)

    def __enter__(self) -> Self:
        """Open the app for a program or thread without a loop."""
        if asyncio._get_running_loop() is not None:
            raise WrongContext("`with app:` would block the running event loop: write `async with app:`")
        self._entered().append(self._hub.run(self._aopen_somewhere))
        return self

    def __exit__(self, *_: object) -> None:
        """Give this opening back."""
        self._hub.leave_from_thread(self._entered().pop())

    async def _aopen_somewhere(self) -> asyncio.AbstractEventLoop:
        await self.aopen()
        return asyncio.get_running_loop()

    def _entered(self) -> list[asyncio.AbstractEventLoop]:
        """Return the loops on which this thread has opened the app by ``with``, in order."""
        if not hasattr(self._threads, "entered"):
            self._threads.entered = []
        entered: list[asyncio.AbstractEventLoop] = self._threads.entered
        return entered

    # ---- tasks ----

    #: ``app.codec(Point, encode=…, decode=…)``: give a type a JSON form, before the tasks that use it are declared.
    codec = staticmethod(codecs.register)

    def include(self, source: types.ModuleType | Task[Any, Any] | Iterable[Task[Any, Any]]) -> Self:
        """Add detached tasks (``@task``): all of a module, some of a list, or one.

        Raises:
            ValueError: the app has another task of the same name.
            TypeError: something that is not a task, or one that belongs to another app by ``@app.task``.
        """
        for found in _collect(source):
            if not isinstance(found, Task):
                raise TypeError(f"include() takes modules and tasks, got {found!r:.80}")
            if not found.is_detached and found.app is not self:
                raise TypeError(f"task {found.name!r} belongs to another app: declare it with @task to share it")
            if self.tasks.add(found):
                found.join(self, owned=False)
        return self

    # ---- enqueue ----

    async def aenqueue_many(
        self, jobs: Sequence[JobRequest[Any]], *, conn: Any = None, wake: bool = True
    ) -> list[Handle[Any]]:
        """Store jobs in one transaction, all or none, and return their handles in the same order.

        Args:
            jobs: at most 10,000, made by ``task.job(…)``. Storing the same ones again is a no-op.
            conn: enqueue in this open transaction; the commit is yours.
            wake: with conn: tell idle workers at the commit.

        Raises:
            NotUnique: a unique key is taken, and its job asks to raise.
            StoreUnavailable: the store does not answer; trying again with the same jobs is safe.
        """
        return await self.sender.enqueue_many(jobs, conn, wake=wake)

    _enqueue_many = sync_twin(aenqueue_many)

    def enqueue_many(
        self, jobs: Sequence[JobRequest[Any]], *, conn: Any = None, wake: bool = True
    ) -> list[Handle[Any]]:
        """Blocking twin of ``aenqueue_many``. A blocking ``conn`` is used in this thread."""
        if conn is None:
            return self._enqueue_many(jobs)
        return self.sender.enqueue_many_on_sync(jobs, conn, wake=wake)

    async def asend(
        self, name: str, args: Mapping[str, Any] | None = None, **options: Unpack[SendOptions]
    ) -> Handle[Any]:
        """Enqueue a job of a task by its name; the function may live in another program.

        Args:
            name: the task's name. If this app has it, the arguments are checked against its signature.
            args: its arguments by name.
            options: as in ``task.using(…)``.

        Raises:
            UnknownTask: neither this app nor the store knows the task.
            InvalidJob: an argument or option is wrong; nothing was stored.
        """
        checked = check_options(options)
        request = await self.sender.prepare(name, {} if args is None else args, checked)
        return await self.sender.enqueue(request, checked)

    async def aprepare(
        self, name: str, args: Mapping[str, Any], *, actor: str | None = None, **options: Unpack[SendOptions]
    ) -> NewJob:
        """Check a job exactly as :meth:`asend` does and return what would be stored; nothing is.

        Args:
            name, args, options: as for :meth:`asend`.
            actor: the caller, for the job's headers.
        """
        if not options:
            checked = NO_OPTIONS if actor is None else asked_by(actor)
        else:
            checked = msgspec.structs.replace(check_options(options), actor=actor)
        return (await self.sender.prepare(name, args, checked)).new

    _send = sync_twin(asend)
    _prepare = sync_twin(aprepare)

    def send(self, name: str, args: Mapping[str, Any] | None = None, **options: Unpack[SendOptions]) -> Handle[Any]:
        """Blocking twin of ``asend``. A blocking ``conn`` is used in this thread."""
        if options.get("conn") is None:
            return self._send(name, args, **options)
        new = self._prepare(name, {} if args is None else args, **options)
        return self.sender.enqueue_on_sync(JobRequest(new, self.tasks.get(name)), check_options(options))

    def job(self, job_id: UUID | str) -> Handle[Any]:
        """Return a handle of a stored job, without a query. Its result is read as plain JSON values."""
        return Handle(parse_id(job_id), False, self._hub, self.tenant)


def _collect(source: object) -> Iterable[Any]:
    if isinstance(source, types.ModuleType):
        return [found for found in vars(source).values() if isinstance(found, Task) and found.is_detached]
    if isinstance(source, Task):
        return [source]
    if isinstance(source, Iterable) and not isinstance(source, str):
        return source
    raise TypeError(f"include() takes modules and tasks, got {source!r:.80}")
