"""Killable processes for ``process=True`` tasks: no store connection, one body at a time, a pipe to their child.

A timeout or a cancel kills the process, and whatever it has started in its process group; a process that dies takes
only its own job with it. Processes are reused, and replaced after :data:`RECYCLE_AFTER` jobs, or when a handler has
lowered their limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from contextvars import Context as Variables

import msgspec

from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.transitions import Outcome
from taskflowmq.worker.backoff import backoff
from taskflowmq.worker.running.frames import (
    LENGTH_BYTES,
    LINE,
    LOG,
    MAX_FRAME,
    PROFILE,
    PROGRESS,
    READY,
    SPOILT,
    STACK,
    STOP,
    UNFIT,
    BodyAnswer,
    BodyQuestion,
    Frame,
    outcome_of,
    unpack,
)
from taskflowmq.worker.running.pipe_lines import take_line
from taskflowmq.worker.running.pipe_logs import take_log
from taskflowmq.worker.running.run import LEASE_LOST, Run
from taskflowmq.worker.settling.failure import describe_exit, error_json

log = logging.getLogger("taskflowmq.worker")

RECYCLE_AFTER = 1_000
#: Loading an app takes a second or two; longer on a loaded machine.
START_SECONDS = 60.0
#: A killed process ends at once. If its end is not reported (a handler has replaced SIGCHLD's handler), continue.
END_SECONDS = 5.0
#: A process that ends by itself closes its pipe first: killed in between, it would be reported as killed by a signal.
EXIT_SECONDS = 2.0
#: Seconds that the stop hooks of a process may take.
STOP_SECONDS = 3.0

#: The part of a job's grace after which a body that ignores its stop request is killed: its end must be known in time.
PATIENCE = 0.8

#: Start a body process that talks over the inherited file descriptor.
Launch = Callable[[int], Awaitable[asyncio.subprocess.Process]]


class Unfit(OSError):
    """A start hook of the app failed in a process for bodies."""


class Body:
    """One body process.

    Args:
        process: the process.
        reader: of its pipe.
        writer: to its pipe.
        grace: seconds after a stop request in which a job is settled without its body.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        grace: float,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._grace = grace
        self.dead = False
        self.jobs = 0
        self._runs: Run | None = None
        #: Why this side ended the process, if what it did in a job was the reason.
        self._fault: str | None = None
        #: Kind → who waits for the answer of the running body.
        self._asked: dict[str, asyncio.Future[bytes | None]] = {}

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def ready(self) -> None:
        """Wait until the process has loaded the app; no job's time includes this.

        Raises:
            Unfit: a start hook failed.
            OSError: it ended, or did something else.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                while (frame := await self._receive()).kind == LOG:
                    take_log(frame.data)
        except (EOFError, ValueError, TimeoutError) as error:
            await self.close()
            raise OSError(f"a process for bodies did not start: {describe_exit(self._process.returncode)}") from error
        except BaseException:
            self.kill()
            self._writer.close()
            raise
        if frame.kind == UNFIT:
            await self.close()
            raise Unfit(frame.data.decode())
        if frame.kind != READY:
            await self.close()
            raise OSError(f"a process for bodies began with {frame.kind!r:.50}")

    async def run(self, run: Run) -> Outcome | None:
        """Run one job and return its outcome, or None if it ended by its stop request, or the process died in it."""
        self.jobs += 1
        self._runs = run
        lingers = False
        try:
            return await self._outcome(run)
        except (EOFError, OSError):
            self._runs = None  # from here on a request to end is a kill
            lingers = not self.dead and not await self._ended(EXIT_SECONDS)
        except ValueError as error:
            log.error("a body process sent an invalid frame: %s", error)
            self._fault = f"wrote an invalid frame into its pipe: {error}"
        finally:
            self._runs = None
            for asked in self._asked.values():
                _resolve(asked, None)
        self._kill_group()
        await self._killed()
        if lingers and self._process.returncode == -signal.SIGKILL:
            self._fault = "closed its pipe and continued to run, so it was killed"
        return None

    async def _outcome(self, run: Run) -> Outcome | None:
        self._send(run.job)
        await self._writer.drain()
        while True:
            frame = await self._receive()
            if frame.kind == PROGRESS:
                run.put_progress(frame.data)
            elif frame.kind == LINE:
                take_line(run, frame.data)
            elif frame.kind == LOG:
                take_log(frame.data)
            elif frame.kind in (STACK, PROFILE):
                self._take_answer(run, frame)
            elif frame.kind == SPOILT:
                self.jobs = RECYCLE_AFTER
            elif frame.kind == STOP:
                return None
            else:
                return outcome_of(frame)

    async def inspect(self, question: BodyQuestion, patience: float) -> bytes | None:
        """Ask the process about its running job and return the answer; None if the job ended before.

        Raises:
            TimeoutError: it did not answer within ``patience`` seconds.
        """
        run = self._runs
        if run is None or self.dead or (run.job.id, run.job.lease_no) != question[1:3]:
            return None
        asked: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._asked[question.kind] = asked
        self._send(question)
        try:
            async with asyncio.timeout(patience):
                return await asked
        finally:
            if self._asked.get(question.kind) is asked:
                del self._asked[question.kind]

    def _take_answer(self, run: Run, frame: Frame) -> None:
        sent = msgspec.msgpack.decode(frame.data, type=BodyAnswer)
        asked = self._asked.get(frame.kind)
        if asked is not None and (sent.job_id, sent.lease_no) == (run.job.id, run.job.lease_no):
            _resolve(asked, sent.data)

    def _send(self, message: ClaimedJob | BodyQuestion | str) -> None:
        text = msgspec.msgpack.encode(message)
        self._writer.write(len(text).to_bytes(LENGTH_BYTES, "big") + text)

    def end(self) -> None:
        """Send the running body a stop request, and kill it if it continues; kill a body that cannot receive one."""
        run = self._runs
        # A body that takes no context cannot see a stop request.
        if run is None or not run.spec.wants_context or run.ended or self.dead:
            self.kill()
            return
        if run.stop is None or run.stop == LEASE_LOST:
            self.kill()
            return
        self._send(run.stop)
        asyncio.get_running_loop().call_later(PATIENCE * self._grace, self._insist, run)

    def _insist(self, run: Run) -> None:
        if self._runs is run:
            self.kill()

    async def _receive(self) -> Frame:
        size = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
        if size > MAX_FRAME:
            raise ValueError(f"a frame of {size} bytes")
        return unpack(await self._reader.readexactly(size))

    def kill(self) -> None:
        """Kill the process, with all that it started and did not move to another session."""
        self.dead = True
        if self._process.returncode is None:
            self._kill_group()

    def _kill_group(self) -> None:
        # Also just after the end of the process: no other process gets its number while its group has a member.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            log.debug("body process %d had ended", self._process.pid)
        except PermissionError:  # the handler has changed the user of the process
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _killed(self) -> None:
        self.kill()
        if not await self._ended(END_SECONDS):
            log.warning("the exit of body process %d was not observed", self._process.pid)

    async def _ended(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            return False
        return True

    def crash_error(self) -> bytes:
        """Return how the process ended, as a stored error."""
        what = self._fault or f"ended with {describe_exit(self._process.returncode)}"
        return error_json("ProcessCrashed", f"the process of this job {what}")

    async def leave(self) -> None:
        """Let the process end by itself, so that its stop hooks run, then close it."""
        try:
            if not self.dead and self._writer.can_write_eof():
                self._writer.write_eof()
                async with asyncio.timeout(STOP_SECONDS):
                    await self._last_words()
                    await self._process.wait()
        except (OSError, TimeoutError, ValueError):
            log.warning("the stop hooks of body process %d did not end in time", self._process.pid)
        await self.close()

    async def _last_words(self) -> None:
        with contextlib.suppress(EOFError):
            while True:
                frame = await self._receive()
                if frame.kind == LOG:
                    take_log(frame.data)

    async def close(self) -> None:
        """Kill the process and forget it."""
        self._writer.close()
        await self._killed()


def _resolve(asked: asyncio.Future[bytes | None], answer: bytes | None) -> None:
    if not asked.done():
        asked.set_result(answer)


class ProcessPool:
    """Up to ``size`` body processes, started when needed. Without ``launch`` there are none.

    Args:
        launch: starts a process.
        size: most processes at once.
        grace: see :class:`Body`.
        leaves: tells whether idle processes have stop hooks to run.
    """

    def __init__(self, launch: Launch | None, size: int, grace: float, leaves: Callable[[], bool]) -> None:
        self._launch = launch
        self._grace = grace
        self._leaves = leaves
        #: Starts in a row that a start hook made fail.
        self.unfit = 0
        self._room = asyncio.Semaphore(size)
        self._idle: list[Body] = []
        self._all: set[Body] = set()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def available(self) -> bool:
        """Whether processes can be started here; otherwise process tasks run in threads (tests)."""
        return self._launch is not None

    async def acquire(self) -> Body:
        """Wait for an idle process or start one, with growing pauses while start hooks of the app fail.

        Raises:
            OSError: no process could be started.
        """
        await self._room.acquire()
        while self._idle:
            body = self._idle.pop()
            if not body.dead:
                return body
        try:
            while True:
                try:
                    # In variables of its own: the process outlives the job that waits for it.
                    body = await asyncio.get_running_loop().create_task(self._start(), context=Variables())
                    self.unfit = 0
                    return body
                except Unfit as error:
                    # That is not the job's fault: it waits as it does when no process is free.
                    self.unfit += 1
                    log.error("a body process cannot serve, a start hook failed: %s", error)
                    await asyncio.sleep(backoff(self.unfit))
        except BaseException:
            self._room.release()
            raise

    def release(self, body: Body) -> None:
        """Return a process to the pool."""
        self._room.release()
        if body.dead or body.jobs >= RECYCLE_AFTER:
            self._all.discard(body)
            end = body.leave() if self._leaves() else body.close()
            task = asyncio.get_running_loop().create_task(end, context=Variables())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        else:
            self._idle.append(body)

    async def close(self) -> None:
        """End every process: idle ones by themselves if they have stop hooks, the others at once."""
        idle = set(self._idle) if self._leaves() else set()
        ends = [body.leave() if body in idle else body.close() for body in self._all]
        await asyncio.gather(*ends, *self._closing, return_exceptions=True)
        self._all.clear()
        self._idle.clear()

    async def _start(self) -> Body:
        if self._launch is None:
            raise OSError("this worker cannot start processes")
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):  # whatever the default of the app's sockets is
            end.settimeout(None)
        try:
            with theirs:
                process = await self._launch(theirs.fileno())
        except BaseException:
            ours.close()  # if a process was started after all, this ends it
            raise
        reader, writer = await asyncio.open_connection(sock=ours)
        body = Body(process, reader, writer, self._grace)
        await body.ready()
        self._all.add(body)
        return body
