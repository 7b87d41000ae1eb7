"""Where the time of a body goes: its calls, looked at about a hundred times a second by a thread of its process.

The time is that of the clock on the wall, so a body that waits is seen where it waits. What must stay true: the thread
ends with the job or after its time, and takes a small part of one processor, whatever it looks at.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import CodeType
from typing import NamedTuple

import msgspec

from taskflowmq.core.inspection import MAX_DEPTH, MAX_PATHS, BodyKind, Calls, Frame, ProfileAnswer
from taskflowmq.worker.running.stacks import shown_code

log = logging.getLogger("taskflowmq.worker")

INTERVAL_S = 0.01
#: Between two looks there are at least this many times as many seconds as a look takes.
SPARING = 20


class Seen(NamedTuple):
    """One look: the calls of the body, outermost first, and whether it waits."""

    calls: tuple[CodeType, ...]
    waits: bool


class Sampler:
    """Looks at one body for some time.

    Args:
        look: returns what the body does now; None: that cannot be said. Called in the sampler's thread.
        seconds: for how long.
        is_over: whether the job has ended.
        done: called in the sampler's thread with itself, once.
    """

    def __init__(
        self,
        look: Callable[[], Seen | None],
        seconds: float,
        is_over: Callable[[], bool],
        done: Callable[[Sampler], object],
    ) -> None:
        self._look = look
        self._seconds = seconds
        self._is_over = is_over
        self._done = done
        self._end = threading.Event()
        self._counts: Counter[Seen] = Counter()
        self._samples = self._left_out = 0
        self._ran_s = self._used_s = 0.0
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="taskflow-profile", daemon=True)

    def start(self) -> None:
        """Begin.

        Raises:
            RuntimeError: no thread can be started.
        """
        self._thread.start()

    def finish(self) -> None:
        """End now, because the job ends, and wait for the thread."""
        self._ended = True
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        began, pause = time.monotonic(), INTERVAL_S
        try:
            while not self._end.wait(pause):
                if self._is_over():
                    self._ended = True
                    break
                if time.monotonic() - began >= self._seconds:
                    break
                before = time.thread_time()
                self._add(self._seen())
                pause = max(INTERVAL_S, SPARING * (time.thread_time() - before))
        finally:
            self._ran_s, self._used_s = time.monotonic() - began, time.thread_time()
            self._done(self)

    def _seen(self) -> Seen | None:
        try:
            return self._look()
        except Exception as error:  # noqa: BLE001 - what it looks at changes meanwhile: the next look may succeed
            log.debug("a sample of a profile is missing: %s: %s", type(error).__name__, error)
            return None

    def _add(self, seen: Seen | None) -> None:
        if seen is None:
            return
        self._samples += 1
        kept = Seen(seen.calls[:MAX_DEPTH], seen.waits)
        if kept in self._counts or len(self._counts) < MAX_PATHS:
            self._counts[kept] += 1
        else:
            self._left_out += 1

    def answer(self, body: BodyKind, host: str, pid: int) -> ProfileAnswer:
        """Return what was seen; only after it has ended."""
        numbers: dict[CodeType, int] = {}
        frames: list[Frame] = []
        paths: list[Calls] = []
        for seen, count in self._counts.most_common():
            for code in seen.calls:
                if code not in numbers:
                    numbers[code] = len(frames)
                    frames.append(shown_code(code))
            paths.append(Calls(tuple(numbers[code] for code in seen.calls), count, seen.waits))
        return ProfileAnswer(
            host=host,
            pid=pid,
            body=body,
            age=None,
            seconds=round(self._ran_s, 3),
            samples=self._samples,
            interval_ms=round(1000 * self._ran_s / max(self._samples, 1), 2),
            overhead=round(self._used_s / max(self._ran_s, 1e-6), 4),
            frames=frames,
            paths=paths,
            left_out=self._left_out,
            ended=self._ended,
        )

    def packed(self, body: BodyKind, host: str, pid: int) -> bytes:
        """Return the same for a pipe."""
        return msgspec.msgpack.encode(self.answer(body, host, pid))
