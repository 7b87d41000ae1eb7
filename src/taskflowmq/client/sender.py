"""How jobs leave the program: checked, then stored alone, together, or in a caller's own transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from taskflowmq.client import codec
from taskflowmq.client.handle import Handle
from taskflowmq.client.hub import Hub
from taskflowmq.client.options import NO_OPTIONS, Options, Origin, asked_by
from taskflowmq.client.registry import Registry
from taskflowmq.client.session import Session
from taskflowmq.client.task import JobRequest, make_handles
from taskflowmq.core.connections import refuse_makers
from taskflowmq.core.errors import InvalidJob, UnknownTask, WrongContext
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob
from taskflowmq.core.validation import MAX_ARGS_BYTES, MAX_BULK, check_name

_ASYNC_DRIVERS = frozenset({"asyncpg", "aiosqlite"})

R = TypeVar("R")


class Sender:
    """Stores the jobs of one app: tasks, ``app.send`` and ``app.enqueue_many`` all end here."""

    def __init__(self, hub: Hub[Session], registry: Registry, origin: Callable[[], Origin]) -> None:
        self._hub = hub
        self._registry = registry
        self._origin = origin

    async def prepare(
        self, name: str, args: Mapping[str, Any] | bytes, options: Options = NO_OPTIONS
    ) -> JobRequest[Any]:
        """Check a job that is given by its task's name; arguments of a stored job as they are stored, in JSON.

        Raises:
            UnknownTask: neither this app nor the store knows the name.
            InvalidJob: an argument is wrong.
        """
        task = self._registry.get(name)
        if task is not None:
            return task.request_named(args, options, self._origin())
        check_name("task", name)
        raw = args if isinstance(args, bytes) else _encoded(args)
        announced = await self._hub.call(lambda session: session.announced(name))
        if announced is None:
            raise UnknownTask(name)
        return JobRequest(announced.job(raw, options, self._origin()), None)

    def prepare_known(self, name: str, args: Mapping[str, Any], actor: str) -> NewJob | None:
        """Check a job without options of a task of this app, and return what would be stored; no await, for lists.

        Args:
            name, args, actor: as for ``app.aprepare``.

        Returns:
            None if the task is not one of this app's: ``app.aprepare`` queries the store.

        Raises:
            InvalidJob: an argument is wrong.
        """
        task = self._registry.get(name)
        return None if task is None else task.request_named(args, asked_by(actor), self._origin()).new

    async def enqueue(self, request: JobRequest[R], options: Options) -> Handle[R]:
        """Store one checked job as its options say: by group commit, alone, or on the caller's connection."""
        if options.conn is not None:
            _refuse_key(options)
            (stored,) = await self._store_on(options.conn, [request.new], wake=options.wake)
        else:
            key = options.idempotency_key
            given = None if key is None else IdempotencyKey(key, fingerprint([request.new]))
            stored = await self._hub.call(lambda session: session.store_one(request.new, given))
        return self._handle(request, stored)

    def enqueue_on_sync(self, request: JobRequest[R], options: Options) -> Handle[R]:
        """The same on the blocking connection in the options, in this thread."""
        _refuse_key(options)
        (stored,) = self._store_on_sync(options.conn, [request.new], wake=options.wake)
        return self._handle(request, stored)

    async def enqueue_many(self, requests: Sequence[JobRequest[Any]], conn: Any, *, wake: bool) -> list[Handle[Any]]:
        """Store checked jobs, all or none."""
        jobs = _jobs(requests)
        if not jobs:
            return []
        if conn is None:
            answers = await self._hub.call(lambda session: session.write(jobs))
        else:
            answers = await self._store_on(conn, jobs, wake=wake)
        return make_handles(requests, answers, self._hub)

    def enqueue_many_on_sync(self, requests: Sequence[JobRequest[Any]], conn: Any, *, wake: bool) -> list[Handle[Any]]:
        """The same on a blocking connection, in this thread."""
        jobs = _jobs(requests)
        if not jobs:
            return []
        answers = self._store_on_sync(conn, jobs, wake=wake)
        return make_handles(requests, answers, self._hub)

    async def _store_on(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool) -> list[Enqueued]:
        refuse_makers(conn)
        if not is_async_connection(conn):
            raise TypeError(
                f"{type(conn).__name__} is a blocking connection: use enqueue(), or pass aenqueue() an async connection"
            )
        # The connection belongs to the running loop, so the call must stay here, wherever the store was
        # opened.
        intake = (await self._hub.any_session()).store.intake
        if not intake.knows_names(jobs):
            await self._hub.call(lambda session: session.make_names(jobs))
        return await intake.enqueue_on(conn, jobs, wake=wake)

    def _store_on_sync(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool) -> list[Enqueued]:
        refuse_makers(conn)
        if is_async_connection(conn):
            raise TypeError(f"{type(conn).__name__} is an async connection: write `await ….aenqueue(…)`")
        intake = self._hub.any_session_sync().store.intake
        if not intake.knows_names(jobs):
            self._hub.call_from_thread(lambda session: session.make_names(jobs))
        return intake.enqueue_on_sync(conn, jobs, wake=wake)

    def _handle(self, request: JobRequest[R], stored: Enqueued) -> Handle[R]:
        return Handle(stored.id, stored.created, self._hub, request.new.tenant, request.decode_result)


def _encoded(args: object) -> bytes:
    if not isinstance(args, Mapping):
        raise InvalidJob.at("/args", f"must be an object, got {type(args).__name__}")
    return codec.encode(args, "/args", MAX_ARGS_BYTES)


def _jobs(requests: Sequence[JobRequest[Any]]) -> list[NewJob]:
    if not isinstance(requests, Sequence):
        raise InvalidJob.at("/jobs", f"must be a list of jobs made by task.job(…), got {type(requests).__name__}")
    if len(requests) > MAX_BULK:
        raise InvalidJob.at(
            "/jobs", f"are {len(requests)} jobs, more than the maximum of {MAX_BULK}: store them in several calls"
        )
    if set(map(type, requests)) - {JobRequest}:
        _refuse_others(requests)
    return [request.new for request in requests]


def _refuse_others(requests: Sequence[object]) -> None:
    for index, request in enumerate(requests):
        if not isinstance(request, JobRequest):
            raise InvalidJob.at(f"/jobs/{index}", f"must be made by task.job(…), got {type(request).__name__}")


def _refuse_key(options: Options) -> None:
    if options.idempotency_key is not None:
        raise WrongContext("an idempotency_key cannot be used in a transaction of the caller: use unique=…")


def is_async_connection(conn: object) -> bool:
    """Tell whether a connection or session is driven by ``await``.

    Drivers differ too much to inspect the object (some of their coroutine methods are plain functions that return an
    awaitable), so the driver's package decides, and in mixed packages a name that follows their convention.
    """
    return any(
        kind.__module__.partition(".")[0] in _ASYNC_DRIVERS or kind.__name__.lower().startswith("async")
        for kind in type(conn).__mro__
    )


def fingerprint(jobs: Sequence[NewJob]) -> str:
    """Return the fingerprint of a request, without the ids that were made for it: hex SHA-256."""
    digest = hashlib.sha256()
    for job in jobs:
        digest.update(msgspec.json.encode({**msgspec.structs.asdict(job), "id": None, "headers": None}))
        digest.update(b"\n")
    return digest.hexdigest()
