"""Wake-ups by LISTEN/NOTIFY: sooner than polling, never instead of it.

One connection of its own listens for the whole process, is probed every ten seconds and replaced when it does not
answer. The first wake-up of a queue is sent at once; if more follow, the next waits 10 ms, then 20, up to 100 ms:
NOTIFY takes a lock that all commits with a NOTIFY share (RELIABILITY F15), so it is never sent per job. After a pause
of 20 ms without a call the intervals begin again, so a caller that waits for each job in turn is not delayed (ADR 5).

A notification carries the number of a queue: every role that may connect to the database can listen, and must learn no
name. Listeners look the name up in what they remember of lanes, and query the database only for a new number.

No ``asyncio.wait_for`` here: on Python 3.11 it loses a cancellation that arrives together with what it waits for, and
the canceller waits forever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.job import QueueRef
from taskflowmq.core.outages import Outages
from taskflowmq.ports.background import Background
from taskflowmq.ports.chance import chance
from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.options import PostgresOptions
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q
from taskflowmq.stores.postgres.queue_names import QueueNames

CHANNEL = "taskflow_ready"
FIRST_INTERVAL_S, LONGEST_INTERVAL_S = 0.01, 0.1
PAUSE_S = 0.02
#: Together with reconnecting less than 15 s: how long a half-open connection may go unnoticed (RELIABILITY F13).
PROBE_S = 10.0
PROBE_TIMEOUT_S = 3.0
CLOSE_WITHIN_S = 1.0
#: More new numbers than this at a time are forged: any role may NOTIFY.
MOST_UNKNOWN = 1000
#: No name of a queue begins like this. Programs of schema version 9 and older send names.
_NUMBER = re.compile(r"#([0-9]{1,10})")
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.2, 5.0
_log = logging.getLogger("taskflowmq.stores.postgres")
_FAILURES = (*errors.FAILURES, TaskFlowError)
#: The advice while the connection is lost.
_MEANWHILE = "polling continues"


def _say(line: str | None) -> None:
    if line is not None:
        _log.warning("%s", line)


class _Subscription:
    """The queues that one listener has not seen yet: a set, so that a slow reader costs no memory."""

    def __init__(self, tenants: frozenset[str], queues: frozenset[str]) -> None:
        self.tenants = tenants
        self.queues = queues
        self.pending: dict[QueueRef | None, None] = {}
        self.event = asyncio.Event()

    def offer(self, queue: QueueRef) -> None:
        if (not self.tenants or queue.tenant in self.tenants) and (not self.queues or queue.queue in self.queues):
            self.pending[queue] = None
            self.event.set()

    def offer_any(self, name: str | None = None) -> None:
        """Wake the listener without a queue: a queue of that name may have ready jobs, or any."""
        if name is None or not self.queues or name in self.queues:
            self.pending[None] = None
            self.event.set()

    async def __aiter__(self) -> AsyncIterator[QueueRef | None]:
        while True:
            await self.event.wait()
            self.event.clear()
            while self.pending:
                queue = next(iter(self.pending))
                del self.pending[queue]
                yield queue


class PostgresNotifier:
    """The notifier on PostgreSQL."""

    def __init__(
        self,
        pool: Pool,
        options: PostgresOptions,
        names: QueueNames,
        on_ready: Callable[[QueueRef | None], None] | None = None,
    ) -> None:
        self._pool = pool
        self._options = options
        self._names = names
        self._waking: set[QueueRef] = set()
        #: queue → (when it was woken last, how long it waits for the next time)
        self._woken: dict[QueueRef, tuple[float, float]] = {}
        #: queue → when its last wake-up was requested
        self._asked: dict[QueueRef, float] = {}
        self._waker = Background(self._send, "taskflow-wake")
        #: Set when something may be due sooner than the waker expects.
        self._sooner = asyncio.Event()
        self._closing = False
        self._listeners: set[_Subscription] = set()
        self._reader = Background(self._keep_listening, "taskflow-listen")
        #: Numbers of queues that were heard and whose names are being read.
        self._unknown: set[int] = set()
        self._namer = Background(self._name_unknown, "taskflow-names")
        #: How many notifications came, of all queues.
        self.heard = 0
        #: Called with the queue of every notification (the names cache checks for new lanes).
        self._on_ready = on_ready

    @property
    def enabled(self) -> bool:
        """Whether LISTEN/NOTIFY is used: never behind a transaction-mode pooler."""
        return self._options.listens

    async def wake(self, queues: Collection[QueueRef]) -> None:
        """Tell listeners that these queues have ready jobs; coalesced, never raises."""
        if not self._options.listens or not queues:
            return
        now = time.monotonic()
        for queue in queues:
            # By the requests, not by what was sent: sending is late because of the interval, and a caller that came too
            # soon once would never leave it.
            if now - self._asked.get(queue, float("-inf")) > PAUSE_S:
                self._woken.pop(queue, None)
                self._sooner.set()
            self._asked[queue] = now
        self._waking.update(queues)
        self._waker.start()

    async def _send(self) -> None:
        """Send what is due until nothing is left; a queue that was just woken waits for its interval."""
        while self._waking:
            self._sooner.clear()
            now = time.monotonic()
            waits = {queue: self._wait(queue, now) for queue in self._waking}
            due = [queue for queue, wait in waits.items() if wait <= 0 or self._closing]
            if not due:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(waits.values())):
                        await self._sooner.wait()
                continue
            self._waking.difference_update(due)
            for queue in due:
                _, interval = self._woken.get(queue, (now, FIRST_INTERVAL_S / 2))
                self._woken[queue] = (now, min(2 * interval, LONGEST_INTERVAL_S))
            # A queue without recent requests counts as unknown: names must not accumulate forever.
            for queue in [queue for queue, asked in self._asked.items() if now - asked > PAUSE_S and queue not in due]:
                if queue not in self._waking:
                    del self._asked[queue]
                    self._woken.pop(queue, None)
            try:
                tenants, names = zip(*due, strict=True)
                await self._pool.fetch(q.notify_queues, tenants, names)
            except _FAILURES as error:
                _log.debug("a wake-up was lost, polling will do: %s", error)

    def _wait(self, queue: QueueRef, now: float) -> float:
        at, interval = self._woken.get(queue, (now, 0.0))
        return at + interval - now

    def listen(
        self, tenants: Collection[str], queues: Collection[str]
    ) -> AbstractAsyncContextManager[AsyncIterator[QueueRef | None]]:
        """Yield queues as they become ready, and None where any may be. Heals itself when cut."""
        return self._listen(_Subscription(frozenset(tenants), frozenset(queues)))

    @asynccontextmanager
    async def _listen(self, subscription: _Subscription) -> AsyncIterator[AsyncIterator[QueueRef | None]]:
        self._listeners.add(subscription)
        up = asyncio.Event()
        if self._options.listens and self._reader.start(up):
            # So that a wake-up after entering is heard; a database that is down must not block the caller.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await up.wait()
        try:
            yield aiter(subscription)
        finally:
            self._listeners.discard(subscription)
            if not self._listeners:
                await self._reader.stop()

    async def _keep_listening(self, up: asyncio.Event) -> None:
        """Listen until cancelled. No error may end this: wake-ups would stop without a word in the log."""
        wait = _FIRST_RETRY_S
        healing, outages = False, Outages("the connection for wake-ups")
        while True:
            listened = False
            try:
                conn = await asyncpg.connect(**self._pool.connect_args())
                try:
                    await conn.add_listener(CHANNEL, self._heard)
                    listened = True
                    _say(outages.worked(_MEANWHILE, time.monotonic()))
                    up.set()
                    if healing:
                        self._wake_all()
                    await self._probe(conn)
                finally:
                    conn.terminate()
            except Exception as error:  # noqa: BLE001 - a cut makes errors of any kind in the driver; it is said
                _say(outages.failed(_MEANWHILE, error, time.monotonic()))
            healing = True
            if listened:
                wait = _FIRST_RETRY_S
                continue
            await asyncio.sleep(wait * chance.uniform(0.5, 1.0))
            wait = min(wait * 2, _LONGEST_RETRY_S)

    async def _probe(self, conn: Any) -> None:
        """Return when the connection no longer answers."""
        closed = asyncio.Event()
        conn.add_termination_listener(lambda _conn: closed.set())
        while not conn.is_closed():
            try:
                async with asyncio.timeout(PROBE_S):
                    await closed.wait()
            except TimeoutError:
                async with asyncio.timeout(PROBE_TIMEOUT_S):
                    await conn.fetchval(q.ping_connection)

    def _heard(self, _conn: Any, _pid: int, _channel: str, payload: Any) -> None:
        self.heard += 1
        found = _NUMBER.fullmatch(payload)
        if found is None:
            self._tell_any(payload)
            return
        number = int(found[1])
        queue = self._names.get(number)
        if queue is not None:
            self._tell(queue)
        elif len(self._unknown) < MOST_UNKNOWN:
            self._unknown.add(number)
            self._namer.start()

    async def _name_unknown(self) -> None:
        """Read the names of new queues and pass them on; a number of no queue is forgotten."""
        while self._unknown:
            numbers, self._unknown = list(self._unknown), set()
            try:
                queues = await self._names.read(numbers)
            except _FAILURES as error:
                _log.debug("a wake-up was lost, polling will do: %s", error)
            else:
                for queue in queues:
                    self._tell(queue)

    def _tell(self, queue: QueueRef) -> None:
        if self._on_ready is not None:
            self._on_ready(queue)
        for subscription in self._listeners:
            subscription.offer(queue)

    def _tell_any(self, name: str) -> None:
        """Pass on that a queue of that name has ready jobs, in whatever tenant."""
        if self._on_ready is not None:
            self._on_ready(None)
        for subscription in self._listeners:
            subscription.offer_any(name)

    def _wake_all(self) -> None:
        """Wake every listener: a notification that was sent while none listened is lost."""
        self.heard += 1
        for subscription in self._listeners:
            subscription.offer_any()

    def open(self) -> None:
        """Listen again for listeners that were active when the store was closed."""
        if self._listeners and self._options.listens:
            self._reader.start(asyncio.Event())

    async def close(self) -> None:
        """Send what is still to be sent, then stop listening and waking."""
        self._closing = True
        self._sooner.set()
        await self._waker.ended(within=CLOSE_WITHIN_S)
        self._closing = False
        for background in (self._waker, self._reader, self._namer):
            await background.stop()
        self._unknown.clear()
