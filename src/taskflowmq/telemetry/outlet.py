"""Writes lines to a file descriptor and never waits for their reader.

A pipe that is not read (a stuck log shipper, ``| less``, a terminal after Ctrl-S) takes 64 KiB and
then blocks its writers. The loop of a worker must not block: every body in it would wait, and its supervisor too.

As long as the descriptor accepts lines, their thread writes them at once, as usual. Lines that it does not accept wait
here, up to :data:`BACKLOG` bytes, for a thread that may block. Above that lines are dropped, and as soon as there is
room a line says how many.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

#: Bytes that wait for a reader: some 4,000 lines.
BACKLOG = 1024 * 1024
#: If no non-blocking write is possible, the thread writes all; it collects for this long first, so that a burst is a
#: few writes and not one for each turn of the loop.
_COLLECT_S = 0.005
#: A thread that had nothing to write for this long ends.
_IDLE_S = 5.0

Send = Callable[[bytes], int]


class Outlet:
    """Takes text for a descriptor, in order.

    Args:
        fd: where to; a copy of it is kept.
        say_lost: makes the line that says how many lines were lost, without its line end.
    """

    def __init__(self, fd: int, say_lost: Callable[[int], str]) -> None:
        self._say_lost = say_lost
        self._fd, self._send, close = _sender(fd)
        weakref.finalize(self, close).atexit = False
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._size = 0
        #: Lines that were lost and of which no line says so yet.
        self.lost = 0
        #: After lines were lost the backlog shrinks to a half before it grows again: few notes, not one for each line.
        self._gate_closed = False
        self._thread: threading.Thread | None = None
        # Re-entrant: a signal handler or a finalizer may log in the middle of this.
        self._changed = threading.Condition(threading.RLock())
        _outlets.add(self)

    def write(self, text: str, lines: int) -> None:
        """Write text, or keep it for later; it is lost, and counted, where there is no room. Never waits.

        Args:
            text: whole lines.
            lines: how many.
        """
        self.put(text.encode("utf-8", "backslashreplace"), lines)

    def put(self, data: bytes, lines: int) -> None:
        """Write bytes in the same way."""
        with self._changed:
            if self._waiting or self._send is None:
                self._keep(data, lines)
                return
            data, lines = self._noted(data, lines)
            sent = self._try(data, lines)
            if sent < len(data):
                self._keep(data[sent:], lines)

    def finish(self, seconds: float) -> bool:
        """Wait until everything is written, but not longer; tell whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, seconds)

    def _try(self, data: bytes, lines: int) -> int:
        """Write what is taken without waiting; what can never be written (a full disk, no reader) is lost."""
        if self._send is None:
            return 0
        try:
            return self._send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.lost += lines
            return len(data)

    def _noted(self, data: bytes, lines: int) -> tuple[bytes, int]:
        """Put a note of what was lost before; if that is lost too, its lines count again."""
        lost, self.lost = self.lost, 0
        if not lost:
            return data, lines
        try:
            note = self._say_lost(lost)
        except Exception:  # noqa: BLE001 - the formatter may be a program's own, and the thread must not end of it
            note = f"up to {lost} log lines were lost"
        return f"{note}\n".encode("utf-8", "backslashreplace") + data, lines + lost

    def _keep(self, data: bytes, lines: int) -> None:
        if self._gate_closed and self._size <= BACKLOG // 2:
            self._gate_closed = False
        if self._gate_closed or (self._waiting and self._size + len(data) > BACKLOG):
            self._gate_closed = True
            self.lost += lines
            return
        self._append(*self._noted(data, lines))
        if self._thread is None:
            self._start()
        elif len(self._waiting) == 1:
            self._changed.notify_all()

    def _append(self, data: bytes, lines: int) -> None:
        self._waiting.append((data, lines))
        self._size += len(data)

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="taskflow-log", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads, or the interpreter ends
            self.lost += sum(lines for _, lines in self._waiting)
            self._waiting.clear()
            self._size = 0
        else:
            self._thread = thread

    # -- the thread

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and self.lost:
                    self._append(*self._noted(b"", 0))
                if not self._waiting and not self._changed.wait_for(lambda: bool(self._waiting), _IDLE_S):
                    self._thread = None
                    return
            if self._send is None:
                time.sleep(_COLLECT_S)
            self._write_first()

    def _write_first(self) -> None:
        """Write the oldest of what waits, for as long as that takes."""
        with self._changed:
            if self._send is None and len(self._waiting) > 1:
                self._waiting = deque([(b"".join(data for data, _ in self._waiting), sum(n for _, n in self._waiting))])
            data, lines = self._waiting[0]
        at = 0
        while at < len(data):
            try:
                at += self._wait_and_send(data[at:])
            except OSError:
                with self._changed:
                    self.lost += lines
                break
        with self._changed:
            self._waiting.popleft()
            self._size = self._size - len(data) if self._waiting else 0
            self._changed.notify_all()

    def _wait_and_send(self, data: bytes) -> int:
        if self._send is None:
            return os.write(self._fd, data)
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        poll.poll()
        with contextlib.suppress(BlockingIOError):
            return self._send(data)
        # It was reported ready and is not: a sibling was faster.
        time.sleep(_COLLECT_S)
        return 0

    def forget(self) -> None:
        """Begin again in a forked process: the waiting lines and the thread are the parent's."""
        self._changed = threading.Condition(threading.RLock())
        self._waiting, self._size, self.lost, self._thread = deque(), 0, 0, None


_outlets: weakref.WeakSet[Outlet] = weakref.WeakSet()


def _forget_all() -> None:
    for outlet in list(_outlets):
        outlet.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _sender(fd: int) -> tuple[int, Send | None, Callable[[], None]]:
    """Return a descriptor of our own for the same file, what writes to it without waiting, and what closes it.

    The mark "do not wait" belongs to the open file, which others share: a shell, the siblings of this process. So a
    pipe or a terminal is opened once more, a socket is asked with each send, and a file on a disk does not wait. Where
    nothing writes without waiting (no /proc, a pipe of another user), that is None.
    """
    kind = os.fstat(fd)
    if stat.S_ISSOCK(kind.st_mode):
        sock = socket.socket(fileno=os.dup(fd))
        return sock.fileno(), lambda data: sock.send(data, socket.MSG_DONTWAIT), sock.close
    own, waits = os.dup(fd), False
    if stat.S_ISFIFO(kind.st_mode) or os.isatty(fd):
        try:
            again = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            waits = True
        else:
            os.close(own)
            own = again
    return own, None if waits else lambda data: os.write(own, data), lambda: os.close(own)
