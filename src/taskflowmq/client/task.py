"""A declared task: the function, its options, and its methods that enqueue a job.

``Task[P, R]`` is generic in the job's arguments ``P`` (without the Context) and in the result ``R``.
:class:`DeclaredTask`, which the decorator returns, also keeps the plain function's own type, so that calling
the task is checked like calling the function.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, TypedDict, TypeVar, Unpack, overload

import msgspec

from taskflowmq.client import codec
from taskflowmq.client.announced import options_json
from taskflowmq.client.declaring import check_function, defaults_of, name_of, runs_of, stops_of
from taskflowmq.client.examples import check_examples
from taskflowmq.client.handle import Handle
from taskflowmq.client.hub import Hub
from taskflowmq.client.options import (
    NO_APP,
    NO_OPTIONS,
    JobTemplate,
    Options,
    Origin,
    SendOptions,
    check_options,
    make_template,
)
from taskflowmq.client.redacting import configured_rules
from taskflowmq.client.session import Session
from taskflowmq.client.signature import Signature
from taskflowmq.client.sync import sync_twin
from taskflowmq.client.unique import Unique
from taskflowmq.core.directives import Duration
from taskflowmq.core.errors import InvalidJob, WrongContext
from taskflowmq.core.job import Enqueued, NewJob
from taskflowmq.core.redaction import Hider, Redaction, Rule, read_rules
from taskflowmq.core.retry import Retry
from taskflowmq.core.validation import MAX_RESULT_BYTES
from taskflowmq.ports.context import Context, running
from taskflowmq.ports.tasks import TaskNotice

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Plain = ParamSpec("Plain")
Returned = TypeVar("Returned")


class TaskOptions(TypedDict, total=False):
    """The options of a task declaration.

    name: the name under which jobs are stored; the function's by default. Keep it when you rename the
        function.
    queue: the queue that jobs enter; "default" by default.
    priority: −100…100, lower runs sooner.
    retry: when a failed job is tried again; 3 attempts by default.
    timeout: limit of one attempt (seconds or timedelta); none by default.
    unique: at most one live job per key.
    process: run a plain function in a process of its own, which can be killed at its timeout.
    on_lease_lost: "continue" (default): a body whose worker cannot renew its lease continues, and its result counts if
        no rescuer has taken the job meanwhile. "stop": it is stopped before one can, so that two never run at once;
        its job goes back to its queue. Threads and blocked loops are stopped with their process.
    examples: arguments by name to begin with, at most 10; forms of the dashboard offer them.
    redact: paths of fields that no reader is shown, such as ["card.number"]; see docs/redaction.md.
    """

    name: str
    queue: str
    priority: int
    retry: Retry
    timeout: Duration | None
    unique: Unique | None
    process: bool
    on_lease_lost: Literal["continue", "stop"]
    examples: Sequence[Mapping[str, Any]]
    redact: Sequence[str]


class JobRequest(msgspec.Struct, Generic[R_co], eq=False, frozen=True):
    """One job, checked and ready to be stored; made by ``task.job(…)``, stored by ``app.enqueue_many``.

    It carries its id already: storing the same request again, after an answer was lost, is a no-op.

    Attributes:
        new: what will be stored.
    """

    new: NewJob
    _task: Task[Any, R_co] | None

    @property
    def decode_result(self) -> Callable[[bytes], Any]:
        """The decoder of this job's result."""
        return msgspec.json.decode if self._task is None else self._task.decode_result


def make_handles(
    requests: Sequence[JobRequest[Any]], answers: Sequence[Enqueued], hub: Hub[Session]
) -> list[Handle[Any]]:
    """Return the handles of jobs that were stored."""
    handles: list[Handle[Any]] = []
    last: Task[Any, Any] | None = None
    decode_result: Callable[[bytes], Any] = msgspec.json.decode
    for request, stored in zip(requests, answers, strict=True):
        # A list usually has one task, whose decoder is a new object at each access.
        if request._task is not last:
            last, decode_result = request._task, request.decode_result
        handles.append(Handle(stored.id, stored.created, hub, request.new.tenant, decode_result))
    return handles


class TaskStore(Protocol):
    """The part of its app's sender that a task uses."""

    async def enqueue(self, request: JobRequest[R], options: Options) -> Handle[R]:
        """Store one checked job as its options say."""
        ...

    def enqueue_on_sync(self, request: JobRequest[R], options: Options) -> Handle[R]:
        """The same on the blocking connection in the options, in this thread."""
        ...


class TaskNames(Protocol):
    """The part of its app's registry that a task uses."""

    def add(self, task: Task[Any, Any], /) -> bool:
        """Add a task; raise ValueError if another one has its name."""
        ...


class TaskApp(Protocol):
    """The part of its app that a task uses (:class:`taskflowmq.TaskFlow` is one)."""

    @property
    def origin(self) -> Origin:
        """The origin of the app's jobs."""
        ...

    @property
    def hub(self) -> Hub[Session]:
        """The app's open sessions."""
        ...

    @property
    def sender(self) -> TaskStore:
        """What stores the app's jobs."""
        ...

    @property
    def tasks(self) -> TaskNames:
        """The app's tasks, by name."""
        ...

    @property
    def redact(self) -> tuple[Rule, ...]:
        """The fields that are hidden in all of the app's jobs."""
        ...


class _Enqueues(Generic[P, R]):
    """What tasks and tasks with options have in common. Their order is (task, options)."""

    def _bound(self) -> tuple[Task[P, R], Options]:
        raise NotImplementedError

    @property
    def _hub(self) -> Hub[Session]:
        return self._bound()[0].app.hub

    def job(self, /, *args: P.args, **kwargs: P.kwargs) -> JobRequest[R]:
        """Check a call and return it as a job for ``app.enqueue_many``; nothing is stored.

        Raises:
            InvalidJob: an argument is wrong; ``errors`` name it.
        """
        task, options = self._bound()
        if options.conn is not None or options.idempotency_key is not None:
            raise InvalidJob("conn and idempotency_key are options of enqueue_many: pass them there")
        return task.request(args, kwargs, options, task.origin)

    async def aenqueue(self, /, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Store a job that will call the function with these arguments, and return its handle once it is
        committed.

        Raises:
            InvalidJob: an argument is wrong; ``errors`` name it, nothing was stored.
            NotUnique: another job holds the unique key, and on_conflict is "raise".
            StoreUnavailable: the store does not answer.
        """
        task, options = self._bound()
        app = task.app
        return await app.sender.enqueue(task.request(args, kwargs, options, app.origin), options)

    _enqueue = sync_twin(aenqueue)

    def enqueue(self, /, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Blocking twin of ``aenqueue``. A blocking ``conn`` is used in this thread."""
        task, options = self._bound()
        if options.conn is None:
            return self._enqueue(*args, **kwargs)
        app = task.app
        return app.sender.enqueue_on_sync(task.request(args, kwargs, options, app.origin), options)


class Task(_Enqueues[P, R]):
    """A task of one app, or one that waits for ``app.include``.

    Raises:
        TypeError: the function cannot be a task; the message says why.
        InvalidJob: an option is wrong.
    """

    def __init__(self, fn: Callable[..., Any], options: TaskOptions | None = None) -> None:
        given: dict[str, Any] = dict(options or {})
        if isinstance(fn, Task):
            raise TypeError(f"{fn.name!r} is a task: pass it to app.include(…)")
        check_function(fn)
        self.fn = fn
        self.name: str = name_of(fn, given.pop("name", None))
        self.runs = runs_of(fn, process=bool(given.pop("process", False)))
        self.stops_with_lease = stops_of(given.pop("on_lease_lost", "continue"))
        self.retry: Retry = given.pop("retry", None) or Retry()
        if not isinstance(self.retry, Retry):
            raise TypeError(f"retry of task {self.name!r} must be a Retry, got {type(self.retry).__name__}")
        examples = given.pop("examples", ())
        self._rules = read_rules(given.pop("redact", ()))
        self._defaults = defaults_of(given, self.retry)
        self.queue: str = self._defaults.queue
        self._signature = Signature(fn)
        self._examples = check_examples(examples, self._signature) if examples else ()
        if isinstance(self._defaults.unique, Unique):
            self._defaults.unique.check(self._signature.names)
        #: The template of the last job: the next one usually differs in id and arguments only.
        self._template: JobTemplate | None = None
        self._app: TaskApp | None = None
        self._included_in: weakref.WeakSet[TaskApp] = weakref.WeakSet()
        self.__name__, self.__qualname__ = fn.__name__, fn.__qualname__
        self.__module__, self.__doc__, self.__wrapped__ = fn.__module__, fn.__doc__, fn

    def __repr__(self) -> str:
        """Show the name."""
        return f"<Task {self.name}>"

    def __reduce__(self) -> str:
        """Return where the task is defined, as functions do: other processes find it there; a copy is the same task."""
        return self.__qualname__

    def _bound(self) -> tuple[Task[P, R], Options]:
        return self, NO_OPTIONS

    def using(self, **options: Unpack[SendOptions]) -> BoundTask[P, R]:
        """Return this task with options for the next enqueue: delay, queue, priority, unique, conn …

        Raises:
            InvalidJob: an option is wrong.
        """
        return BoundTask(self, options)

    # ---- what the worker asks (ports.tasks.TaskSpec) ----

    @property
    def timeout_ms(self) -> int | None:
        """The default limit of one attempt, in milliseconds."""
        return self._defaults.timeout_ms

    @property
    def wants_context(self) -> bool:
        """Whether the function takes a Context first."""
        return self._signature.wants_context

    def decode(self, args: bytes) -> dict[str, Any]:
        """Turn stored arguments into keyword arguments, or raise :class:`InvalidJob`."""
        return self._signature.decode(args)

    def encode_result(self, value: Any) -> bytes:
        """Turn a returned value into JSON, or raise :class:`InvalidJob`."""
        raw = codec.encode_unchecked(value, "/result")
        # A larger one is cut to text, so its content does not matter, and a walk could block the worker for seconds.
        if len(raw) <= MAX_RESULT_BYTES:
            codec.check_encoded(value, raw, "/result")
        return raw

    def decode_result(self, raw: bytes) -> R:
        """Turn a stored result into the annotated type."""
        result: R = self._signature.decode_result(raw)
        return result

    def args_schema(self) -> bytes:
        """Return the JSON Schema of the arguments."""
        return self._signature.schema(self.name, self._examples)

    def notice(self) -> TaskNotice:
        """Return what is announced of this task in the store."""
        return TaskNotice(
            self.name, self.args_schema(), options_json(self._defaults, (*self._rules, *self._apps_rules()))
        )

    def _apps_rules(self) -> tuple[Rule, ...]:
        apps = (self._app,) if self._app is not None else tuple(self._included_in)
        return tuple(dict.fromkeys(rule for app in apps for rule in app.redact))

    @functools.cached_property
    def hides(self) -> Hider | None:
        """What hides fields of its jobs; None: nothing does."""
        return Redaction((*configured_rules(), *self._apps_rules(), *self._rules)).of(self.name)

    # ---- what the app asks ----

    @property
    def app(self) -> TaskApp:
        """The app that this task belongs to.

        Raises:
            WrongContext: it belongs to none, or to several.
        """
        if self._app is not None:
            return self._app
        apps = tuple(self._included_in)
        if len(apps) == 1:
            return apps[0]
        if not apps:
            raise WrongContext(f"task {self.name!r} belongs to no app: call app.include(…) with it or its module")
        raise WrongContext(f"task {self.name!r} is included in several apps: use app.send({self.name!r}, …) of one")

    @property
    def origin(self) -> Origin:
        """The origin of jobs that are made without an enqueue: the app, if there is exactly one."""
        if self._app is not None:
            return self._app.origin
        return self.app.origin if len(self._included_in) == 1 else NO_APP

    @property
    def is_detached(self) -> bool:
        """Whether the task was made by ``@task``, to be collected by ``app.include``."""
        return self._app is None

    def join(self, app: TaskApp, *, owned: bool) -> None:
        """Join an app: as its own task (``@app.task``), or as one of several apps' (``app.include``)."""
        if owned:
            self._app = app
        else:
            self._included_in.add(app)

    def request(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], options: Options, origin: Origin
    ) -> JobRequest[R]:
        """Check a call and return the job to store."""
        return self._request(self._signature.encode_call(args, kwargs), options, origin)

    def request_named(self, args: Mapping[str, Any] | bytes, options: Options, origin: Origin) -> JobRequest[R]:
        """The same for arguments by name; JSON is that of a stored job, which was checked: no digit of it changes."""
        if isinstance(args, bytes):
            return self._request(args, options, origin)
        if not isinstance(args, Mapping):
            raise InvalidJob.at("/args", f"must be an object, got {type(args).__name__}")
        return self._request(self._signature.encode_named(args), options, origin)

    def _request(self, raw: bytes, options: Options, origin: Origin) -> JobRequest[R]:
        template = self._template
        if template is None or not template.fits(options, origin):
            template = self._make_template(raw, options, origin)
        return JobRequest(template.make(self.name, raw), self)

    def _make_template(self, raw: bytes, options: Options, origin: Origin) -> JobTemplate:
        unique = self._defaults.unique if options.unique is msgspec.UNSET else options.unique
        if isinstance(unique, Unique):
            # The key depends on the arguments: this template is good for one job.
            key = unique.resolve(self.name, self._signature.with_defaults(raw))
            return make_template(options, self._defaults, key, origin)
        template = make_template(options, self._defaults, unique, origin)
        # Not with a connection of the caller's: a task must not keep it alive.
        if running.get() is None and options.conn is None:
            self._template = template
        return template


class DeclaredTask(Task[P, R], Generic[P, R, Plain, Returned]):
    """A task as the decorator returns it: also callable, exactly like its function."""

    def __call__(self, /, *args: Plain.args, **kwargs: Plain.kwargs) -> Returned:
        """Call the plain function, here and now: no job, no queue."""
        returned: Returned = self.fn(*args, **kwargs)
        return returned


class BoundTask(_Enqueues[P, R]):
    """A task together with options for the next enqueue."""

    def __init__(self, task: Task[P, R], given: SendOptions) -> None:
        self._task = task
        self._given = given
        self._options = check_options(given)

    def _bound(self) -> tuple[Task[P, R], Options]:
        return self._task, self._options

    def using(self, **options: Unpack[SendOptions]) -> BoundTask[P, R]:
        """Return the task with these options on top of the ones it has."""
        return BoundTask(self._task, {**self._given, **options})


class Declare:
    """The decorator: ``@task``, ``@task(queue="mail")``, ``@app.task`` …

    Args:
        app: the app that the task joins, or None for detached tasks.
    """

    def __init__(self, app: TaskApp | None = None) -> None:
        self._app = app

    @overload
    def __call__(
        self, fn: Callable[Concatenate[Context, P], Coroutine[Any, Any, R]], /
    ) -> DeclaredTask[P, R, Concatenate[Context, P], Coroutine[Any, Any, R]]: ...

    @overload
    def __call__(
        self, fn: Callable[Concatenate[Context, P], R], /
    ) -> DeclaredTask[P, R, Concatenate[Context, P], R]: ...

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]], /) -> DeclaredTask[P, R, P, Coroutine[Any, Any, R]]: ...

    @overload
    def __call__(self, fn: Callable[P, R], /) -> DeclaredTask[P, R, P, R]: ...

    @overload
    def __call__(self, /, **options: Unpack[TaskOptions]) -> Declare: ...

    def __call__(self, fn: Callable[..., Any] | None = None, /, **options: Unpack[TaskOptions]) -> Any:
        """Make a task of a function, or a decorator that will, with options.

        Raises:
            TypeError: the function cannot be a task.
            ValueError: the app has another task of this name.
            InvalidJob: an option is wrong.
        """
        if fn is None:
            return _DeclareWith(self._app, options)
        return self._declare(fn, options)

    def _declare(self, fn: Callable[..., Any], options: TaskOptions) -> Task[Any, Any]:
        made: DeclaredTask[Any, Any, Any, Any] = DeclaredTask(fn, options)
        if self._app is not None:
            self._app.tasks.add(made)
            made.join(self._app, owned=True)
        return made


class _DeclareWith(Declare):
    """The decorator with its options."""

    def __init__(self, app: TaskApp | None, options: TaskOptions) -> None:
        super().__init__(app)
        self._options = options

    def _declare(self, fn: Callable[..., Any], options: TaskOptions) -> Task[Any, Any]:
        return super()._declare(fn, {**self._options, **options})


#: Make a detached task, to be collected by ``app.include``.
task = Declare()
