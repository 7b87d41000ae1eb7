"""The public app: tasks, a database URL, and a worker when one is wanted."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from taskflowmq.bootstrap.stores import make_store
from taskflowmq.client.app import BaseApp
from taskflowmq.client.extras import require
from taskflowmq.core.job import DEFAULT_TENANT
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import Telemetry

if TYPE_CHECKING:
    from taskflowmq.bootstrap.embed import EmbeddedWorker


#: Serves one connection event of ASGI: scope, receive, send.
ASGIApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


class TaskFlow(BaseApp):
    """Tasks and the database that their jobs go to.

    Args:
        url: ``sqlite:///file.db`` or ``postgresql://…``. Default: TASKFLOW_DATABASE_URL, else DATABASE_URL,
            else ``sqlite:///taskflow.db``. Nothing is opened before the first use.
        tenant: the workspace that this app's jobs, queues and tasks belong to.
        store_options: fields of the adapter's options, by name: ``{"pool_size": 10}``, ``{"migrate": "manual"}``.
        clock: overrides the database's clock; for tests and simulation.
        telemetry: counts what is enqueued.
        release: the name of your program's version, such as a tag; None: TASKFLOW_RELEASE, else none. Workers announce
            it, and handlers see that of the program that enqueued as ``ctx.headers["release"]``.
        store_timeout: how long a call may wait for the store, in seconds; None: TASKFLOW_STORE_TIMEOUT, else 10.
        redact: fields of jobs that no reader is shown, beside the built-in ones and those of TASKFLOW_REDACT; see
            docs/redaction.md.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        tenant: str = DEFAULT_TENANT,
        store_options: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        telemetry: Telemetry | None = None,
        release: str | None = None,
        store_timeout: float | None = None,
        redact: Sequence[str] = (),
    ) -> None:
        super().__init__(
            url,
            make_store=self._store,
            tenant=tenant,
            telemetry=telemetry,
            release=release,
            store_timeout=store_timeout,
            redact=redact,
        )
        self._store_options = store_options
        self._clock = clock

    def _store(self, url: str) -> Store:
        return make_store(url, options=self._store_options, clock=self._clock)

    def open_only(self, what: str) -> None:
        """Restrict what the next opening may make: for commands that must not make a store by mistake.

        Args:
            what: "manual" for a store that exists and fits, "upgrade" for one that exists. A program that asks for
                less by itself ("manual") keeps that.
        """
        given = dict(self._store_options or {})
        if given.get("migrate") not in ("manual", what):
            self._store_options = {**given, "migrate": what}

    def asgi(
        self,
        *,
        prefix: str = "",
        api_keys: Sequence[str] | None = None,
        tls_proxy: bool = False,
        trusted_proxies: Sequence[str] = (),
        frame_ancestors: str = "'none'",
        environment: str | None = None,
        require_reason: bool = False,
    ) -> ASGIApp:
        """Return the dashboard and the REST API as an ASGI application, to be mounted in another one.

        The first request opens this app if the program has not. Without API keys only direct requests from this machine
        are answered, as by ``taskflow server``.

        Args:
            prefix: the path under which browsers reach it, such as ``/ops/queue``. Where the framework says it by
                ``root_path``, as Starlette and FastAPI do, it may be left out.
            api_keys: accepted keys, each ``ROLE:KEY`` or ``KEY`` for an owner; None: those of TASKFLOW_API_KEYS or
                TASKFLOW_API_KEYS_FILE.
            tls_proxy: whether browsers reach it over TLS though the server itself speaks plain HTTP.
            trusted_proxies: addresses or networks of proxies whose ``X-Forwarded-For`` says where a request comes from.
            frame_ancestors: who may show the dashboard in a frame, as in a content security policy.
            environment: the name of this installation, such as production; the dashboard shows it.
            require_reason: whether every act on jobs, queues, workers and errors must say why.

        Raises:
            UnsafeServer: a setting would expose the server, or is malformed.
            MissingExtra: the packages of ``taskflowmq[server]`` are not installed.
        """
        require("server", "app.asgi()")
        import msgspec

        from taskflowmq.bootstrap.configuration import configuration
        from taskflowmq.server.app import create_app
        from taskflowmq.server.settings import ServerSettings, keys_from, read_prefix

        settings = ServerSettings(
            prefix=read_prefix(prefix),
            api_keys=keys_from(os.environ) if api_keys is None else tuple(api_keys),
            tls_proxy=tls_proxy,
            trusted_proxies=tuple(trusted_proxies),
            frame_ancestors=frame_ancestors,
            environment=environment,
            require_reason=require_reason,
        )
        shown = configuration(self, settings, mounted=True)
        return create_app(self, msgspec.structs.replace(settings, configuration=shown), mounted=True)

    def worker(self, **options: Any) -> EmbeddedWorker:
        """Make a worker that runs this app's jobs inside this process: ``async with app.worker(concurrency=10):``.

        Args:
            options: fields of :class:`taskflowmq.worker.WorkerOptions`.

        Raises:
            ValueError: an option is out of bounds.
            TypeError: an option does not exist.
        """
        # Programs that only enqueue do not pay for the worker.
        from taskflowmq.bootstrap.embed import EmbeddedWorker

        return EmbeddedWorker(self, options)
