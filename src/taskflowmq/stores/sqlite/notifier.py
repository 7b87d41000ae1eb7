"""Wake-ups between processes on one machine: a datagram socket per listener, in a directory beside the database.

A message is a list of tenants, each with names of its queues (a line each, tabs between the names), sent without
waiting; a full or dead socket loses it, which costs its owner one poll interval. Must stay true: nothing here can fail
or delay an enqueue.

Programs of schema 7 and before send lines with only the name of a queue, which may be any tenant's. They read our lines
as names of queues that do not exist: a name contains no tab.

The first wake-up of a queue is sent at once; those that follow within 5 ms are sent together at the end of that time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from taskflowmq.core.job import QueueRef
from taskflowmq.stores.sqlite.files import check_folder, make_folder

log = logging.getLogger("taskflowmq.store")

#: A datagram costs some microseconds, so the gap only bounds a storm of them (ADR 5).
_GAP_S = 0.005
#: How long a wake-up waits for a caller's transaction to commit.
_COMMIT_S = 0.1
#: Longest socket path that every platform takes (104 bytes on BSD, 108 on Linux).
_LONGEST_PATH = 100
_NAME_BYTES = 24
#: How often a listener checks that its socket file still exists.
_CHECK_S = 10.0
#: Where Linux shows a process its own descriptors.
_DESCRIPTORS = "/proc/self/fd"
_MESSAGE_BYTES = 8_192


class SqliteNotifier:
    """Implements :class:`~taskflowmq.ports.store.Notifier`."""

    def __init__(self, database: Path, *, enabled: bool, mode: int = 0o600) -> None:
        self._enabled = enabled and hasattr(socket, "AF_UNIX") and os.name == "posix"
        self._folder = _Folder(database.resolve(), mode)
        self._sent: dict[QueueRef, float] = {}
        self._due: set[QueueRef] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sender: socket.socket | None = None

    @property
    def enabled(self) -> bool:
        """Whether there are wake-ups: they need Unix sockets."""
        return self._enabled

    def open(self) -> None:
        """Remember the loop on which late wake-ups are timed."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Send what is due and stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._flush()
        self._loop = None
        if self._sender is not None:
            self._sender.close()
            self._sender = None
        self._folder.close()

    async def wake(self, queues: Collection[QueueRef]) -> None:
        """Tell listeners that these queues have ready jobs; coalesced, never raises."""
        if not self._enabled:
            return
        running = asyncio.get_running_loop()
        if self._loop is None or self._loop is running:
            self._wake_now(running, tuple(queues))
        else:  # a second loop of this process: the timer belongs to the first
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake_now, self._loop, tuple(queues))

    def _wake_now(self, loop: asyncio.AbstractEventLoop, queues: Sequence[QueueRef]) -> None:
        now = loop.time()
        at_once = []
        for queue in queues:
            if queue in self._due:
                continue
            if now - self._sent.get(queue, -_GAP_S) < _GAP_S:
                self._due.add(queue)
            else:
                self._sent[queue] = now
                at_once.append(queue)
        if at_once:
            self._send(at_once)
        if self._due and self._timer is None:
            self._timer = loop.call_later(_GAP_S, self._flush)

    def wake_later(self, queues: Iterable[QueueRef]) -> None:
        """Wake after the caller's transaction had time to commit; callable from any thread, never raises."""
        loop, names = self._loop, tuple(queues)
        if not self._enabled or loop is None:
            return
        with suppress(RuntimeError):  # the loop was closed meanwhile: jobs are found by polling
            loop.call_soon_threadsafe(self._put_off, names)

    def _put_off(self, queues: tuple[QueueRef, ...]) -> None:
        self._due.update(queues)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_COMMIT_S, self._flush)

    def _flush(self) -> None:
        self._timer = None
        due, self._due = self._due, set()
        if self._loop is not None:
            now = self._loop.time()
            self._sent = {queue: at for queue, at in self._sent.items() if now - at < _GAP_S}
            self._sent.update(dict.fromkeys(due, now))
        if due:
            self._send(sorted(due))

    def _send(self, queues: Sequence[QueueRef]) -> None:
        try:
            listeners = self._folder.sockets()
        except OSError as error:  # there is no listener yet, or the folder is not ours
            log.debug("no wake-ups are sent: %s", error)
            return
        if not listeners:
            return
        message = _message(queues)
        if self._sender is None:  # kept: making one takes as long as the rest of a wake-up
            self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._sender.setblocking(False)
        for name in listeners:
            try:
                self._sender.sendto(message, self._folder.address(name))
            except ConnectionRefusedError:  # its process is gone
                self._folder.remove(name)
            except OSError as error:  # full: its owner is awake already; or another user's
                log.debug("a wake-up was not sent: %s", error)

    @asynccontextmanager
    async def listen(
        self, tenants: Collection[str], queues: Collection[str]
    ) -> AsyncIterator[AsyncIterator[QueueRef | None]]:
        """Yield queues as they become ready, and None when any may be: the socket was removed and is restored."""
        listener = _Listener(self._folder, frozenset(tenants), frozenset(queues), enabled=self._enabled)
        listener.open()
        try:
            yield listener.heard()
        finally:
            listener.close()


def _message(queues: Sequence[QueueRef]) -> bytes:
    names: dict[str, list[str]] = {}
    for tenant, queue in queues:
        names.setdefault(tenant, [tenant]).append(queue)
    return "\n".join(map("\t".join, names.values())).encode()[:_MESSAGE_BYTES]


class _Listener:
    """One socket, and the queues that arrived and were not taken yet, each once."""

    def __init__(self, folder: _Folder, tenants: frozenset[str], queues: frozenset[str], *, enabled: bool) -> None:
        self._folder = folder
        self._tenants, self._queues = tenants, queues
        self._enabled = enabled
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}.sock"
        self._socket: socket.socket | None = None
        self._check: asyncio.TimerHandle | None = None
        self._waiting: dict[QueueRef | None, None] = {}
        self._arrived = asyncio.Event()

    def open(self) -> None:
        """Bind the socket; if that fails, the listener stays silent and jobs are found by polling."""
        if self._enabled:
            self._bind()
            self._check = asyncio.get_running_loop().call_later(_CHECK_S, self._heal)

    def _bind(self) -> bool:
        """Make the socket, and tell whether there is one now."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._folder.make()
            sock.setblocking(False)
            self._folder.bind(sock, self._name)
        except OSError as error:
            sock.close()
            log.warning("no wake-ups, polling only: %s", error)
            return False
        self._socket = sock
        asyncio.get_running_loop().add_reader(sock.fileno(), self._read)
        return True

    def close(self) -> None:
        """Close the socket and remove its file."""
        if self._check is not None:
            self._check.cancel()
        self._unbind()

    def _unbind(self) -> None:
        sock, self._socket = self._socket, None
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()
            self._folder.remove(self._name)

    async def heard(self) -> AsyncIterator[QueueRef | None]:
        """Yield what arrives, forever."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                found = next(iter(self._waiting))
                del self._waiting[found]
                yield found

    def _heal(self) -> None:
        """Bind again if the socket's file was removed."""
        if self._socket is not None and not self._folder.holds(self._name):
            self._unbind()
        if self._socket is None and self._bind():
            self._note(None)  # messages that were sent meanwhile are lost
        self._check = asyncio.get_running_loop().call_later(_CHECK_S, self._heal)

    def _read(self) -> None:
        """Take one message; the loop calls again while there are more, so no read ends in an exception."""
        if self._socket is None:
            return
        try:
            message = self._socket.recv(_MESSAGE_BYTES)
        except OSError:  # not ours, or gone
            return
        for line in message.decode(errors="replace").split("\n"):
            tenant, *queues = line.split("\t")
            if not queues:  # of an older program: the name of a queue
                self._note_any(tenant)
            elif not self._tenants or tenant in self._tenants:
                for queue in queues:
                    if not self._queues or queue in self._queues:
                        self._note(QueueRef(tenant, queue))

    def _note_any(self, queue: str) -> None:
        """Record a queue of every tenant that has one of that name."""
        if self._queues and queue not in self._queues:
            return
        for tenant in self._tenants:
            self._note(QueueRef(tenant, queue))
        if not self._tenants:
            self._note(None)

    def _note(self, found: QueueRef | None) -> None:
        self._waiting[found] = None
        self._arrived.set()


class _Folder:
    """The folder of the sockets, beside the database.

    A socket's address has room for about a hundred bytes. If the path is longer, Linux reaches it through a descriptor
    of the folder; on other systems there are no wake-ups then.

    Args:
        database: the database file, resolved.
        mode: the rights of its files.
    """

    def __init__(self, database: Path, mode: int) -> None:
        self._database = database
        self._mode = mode
        self.path = database.with_name(database.name + "-wake")
        self._short = len(os.fsencode(self.path)) + _NAME_BYTES <= _LONGEST_PATH
        self._fd: int | None = None
        self._trusted: tuple[int, int] | None = None

    def make(self) -> None:
        """Make it, or check the one that is there.

        Raises:
            OSError: it cannot be made, or is not ours.
        """
        make_folder(self.path, self._database, self._mode)

    def sockets(self) -> list[str]:
        """Return the names of the sockets in it.

        Raises:
            OSError: it is missing, or not ours.
        """
        found = self.path.lstat()
        if self._trusted != (found.st_dev, found.st_ino):
            check_folder(self.path, self._database)
            self.close()
            self._trusted = (found.st_dev, found.st_ino)
        with os.scandir(self.path) as entries:
            return [entry.name for entry in entries if entry.name.endswith(".sock")]

    def bind(self, sock: socket.socket, name: str) -> None:
        """Give a socket its address.

        Raises:
            OSError: it is not available.
        """
        self.close()  # the folder may have been replaced since the last call
        sock.bind(self.address(name))
        (self.path / name).chmod(self._mode)

    def address(self, name: str) -> str:
        """Return the address of a socket.

        Raises:
            OSError: the path is too long for this system.
        """
        if self._short:
            return f"{self.path}/{name}"
        if self._fd is None:
            if not Path(_DESCRIPTORS).is_dir():
                raise OSError(f"the path {self.path} is too long for a socket: give the database a shorter one")
            self._fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        return f"{_DESCRIPTORS}/{self._fd}/{name}"

    def holds(self, name: str) -> bool:
        """Tell whether a socket's file is there."""
        return (self.path / name).exists()

    def remove(self, name: str) -> None:
        """Remove a socket's file, if it is there."""
        with suppress(OSError):
            (self.path / name).unlink()

    def close(self) -> None:
        """Close the descriptor, if there is one."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)
