"""Tasks that do to their worker whatever Python lets them do. Each says in the ledger that it began."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.tasks import Unspeakable, note

from taskflowmq import Retry, TaskFlow, task

ONCE = Retry(max_attempts=1)
MEBI = 1024 * 1024


class Worst(BaseException):
    """No Exception: what catches those does not catch this."""


class Nameless(type):
    """A class that refuses to tell anything about itself."""

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError("no comment")


def secretive() -> Exception:
    """Make an exception of which nothing can be told. No module holds its class: what looks there would stumble."""

    class Secretive(Exception, metaclass=Nameless):
        def __str__(self) -> str:
            raise Worst

        __repr__ = __str__

    return Secretive()


class Long(Exception):
    def __str__(self) -> str:
        return "x" * (50 * MEBI)


class Bomb(dict[str, Any]):
    """A result whose encoding ends the program instead of failing."""

    @property
    def __class__(self) -> Any:
        raise SystemExit(0)


def raise_it(kind: str) -> Any:
    match kind:
        case "interrupt":
            raise KeyboardInterrupt
        case "exit":
            raise SystemExit(0)
        case "cancelled":
            raise asyncio.CancelledError
        case "generator":
            raise GeneratorExit
        case "base":
            raise Worst("as bad as it gets")
        case "str":
            raise Unspeakable
        case "secretive":
            raise secretive()
        case "long":
            raise Long
        case "recursion":
            return raise_it(kind)
        case "memory":
            return [bytearray(2**62)]
        case _:
            raise ValueError(kind)


RAISING = ("interrupt", "exit", "cancelled", "generator", "base", "str", "secretive", "long", "recursion", "memory")


@task(retry=ONCE)
async def raise_on_loop(kind: str) -> None:
    note("start")
    raise_it(kind)


@task(retry=ONCE)
def raise_in_thread(kind: str) -> None:
    note("start")
    raise_it(kind)


@task(retry=ONCE, process=True)
def raise_in_process(kind: str) -> None:
    note("start")
    raise_it(kind)


def large(_: str) -> str:
    return "y" * (50 * MEBI)


@task(retry=ONCE)
async def large_on_loop() -> str:
    note("start")
    return large("")


@task(retry=ONCE)
def large_in_thread() -> str:
    note("start")
    return large("")


@task(retry=ONCE, process=True)
def large_in_process() -> str:
    note("start")
    return large("")


@task(retry=ONCE)
def bomb() -> Any:
    note("start")
    return Bomb()


@task(retry=ONCE)
async def cancel_myself() -> None:
    note("start")
    me = asyncio.current_task()
    assert me is not None
    me.cancel()
    await asyncio.sleep(0)


@task(retry=ONCE)
def leave_threads() -> str:
    note("start")
    for daemon in (True, False):
        threading.Thread(target=threading.Event().wait, daemon=daemon).start()
    exits = threading.Thread(target=sys.exit, args=(3,))
    exits.start()
    exits.join()
    return "left"


@task(retry=ONCE)
def leave_a_child() -> int:
    """Start a process that nobody waits for, and return its id."""
    note("start")
    return subprocess.Popen(["sleep", "300"]).pid


@task(retry=ONCE, process=True, timeout=1)
def wait_for_a_child() -> None:
    """Wait, in a body that gets killed, for a process that it started."""
    child = subprocess.Popen(["sleep", "300"])
    note("start", child=child.pid)
    child.wait()


@task(retry=ONCE)
def chatter(lines: int) -> int:
    """Write lines to where the worker writes its log."""
    note("start")
    text = b"\x1b[2J\x00\xff not a log line" * 4 + b"\n"
    for stream in (1, 2):
        for _ in range(lines // 2_000):
            os.write(stream, text * 1_000)
    return lines


@task(retry=ONCE)
def close_streams() -> str:
    """Close what the worker logs to, and leave the numbers to whoever opens something next."""
    note("start")
    for number in (0, 1, 2):
        os.close(number)
    return "closed"


@task(retry=ONCE)
async def signal_myself() -> str:
    note("start")
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
    await asyncio.sleep(0.05)
    return "unmoved"


@task(retry=ONCE)
async def signal_the_supervisor(number: str) -> str:
    note("start")
    os.kill(os.getppid(), signal.Signals[number])
    await asyncio.sleep(0.5)
    return "told"


@task(retry=ONCE)
def fork_and_return() -> str:
    """Become two: the copy returns into the worker's code as if it were the worker."""
    note("start")
    os.fork()
    return "twice"


@task(retry=ONCE)
async def fork_on_the_loop() -> str:
    note("start")
    if not os.fork():
        await asyncio.sleep(0)  # the copy enters the loop
    return "twice"


def meddle() -> str:
    """Change everything that belongs to the whole process."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    os.environ.pop("PATH")
    os.umask(0o777)
    sys.setswitchinterval(10)
    sys.setrecursionlimit(1_000_000)
    gc.disable()
    asyncio.set_event_loop_policy(_NoPolicy())
    logging.disable(logging.CRITICAL)
    sys.path.clear()
    return "meddled"


class _NoPolicy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        raise RuntimeError("no loops today")


@task(retry=ONCE)
async def meddle_on_loop() -> str:
    note("start")
    return meddle()


@task(retry=ONCE, process=True)
def meddle_in_process() -> str:
    note("start")
    return meddle()


@task(process=True)
async def loop_in_process() -> str:
    note("start")
    await asyncio.sleep(0)
    return str(Path.cwd())


@task
def look_around() -> str:
    """Innocent, in a thread."""
    note("start")
    return "thread"


# -- what takes its process along: each is called on the loop, in a thread and in a body process


def hit_null() -> None:
    ctypes.string_at(0)


def overflow_the_stack() -> None:
    sys.setrecursionlimit(10**9)
    deep: list[Any] = []
    for _ in range(10**6):
        deep = [deep]
    repr(deep)


def close_everything() -> None:
    os.closerange(0, 4096)


def write_junk() -> None:
    """Write into every socket of this process: one of them is the way to the worker."""
    for fd in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, b"\xff" * 64)
    threading.Event().wait(30)


def stop_myself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


DEADLY: dict[str, Callable[[], object]] = {
    "exit_0": lambda: os._exit(0),
    "exit_75": lambda: os._exit(75),
    "null": hit_null,
    "abort": os.abort,
    "stack": overflow_the_stack,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "alarm": lambda: signal.raise_signal(signal.SIGALRM),
    "close": close_everything,
    "junk": write_junk,
    "stop": stop_myself,
}


@task
async def die_on_loop(how: str) -> None:
    note("start", how=how)
    await asyncio.sleep(0.05)
    DEADLY[how]()


@task
def die_in_thread(how: str) -> None:
    note("start", how=how)
    DEADLY[how]()


@task(process=True)
def die_in_process(how: str) -> None:
    note("start", how=how)
    DEADLY[how]()


@dataclass
class Primed:
    how: str

    def __post_init__(self) -> None:
        if "TEST_LEDGER" in os.environ and threading.current_thread() is threading.main_thread():
            DEADLY[self.how]()


@task
async def die_as_it_is_read(what: Primed) -> None:
    """Never begun: reading its argument kills."""
    note("start")


@task
async def end_the_loop(how: str) -> None:
    """End the loop that runs the worker itself."""
    note("start", how=how)
    match how:
        case "stop":
            asyncio.get_running_loop().stop()
        case "subtask":
            asyncio.get_running_loop().create_task(_exit())
        case _:
            for each in asyncio.all_tasks():
                each.cancel()
    await asyncio.sleep(1)


@task(retry=ONCE)
async def cancel_others(how: str) -> str:
    """Cancel every task but my own, and what runs the program: at once, one after the other, or from elsewhere."""
    note("start", how=how)
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    bodies = [each for each in asyncio.all_tasks() if each is not me and each.get_coro().__qualname__ != "work"]
    for each in bodies:
        match how:
            case "slowly":
                each.cancel()
                await asyncio.sleep(0)
            case "later":
                loop.call_later(0.01, each.cancel)
            case "thread":
                await asyncio.to_thread(loop.call_soon_threadsafe, each.cancel)
            case _:
                each.cancel()
    await asyncio.sleep(0.1)
    return how


async def _exit() -> None:
    raise SystemExit(0)


# -- what must not run twice at once, and says all the time that it runs


def held() -> bool:
    note("tick")
    return Path(os.environ["TEST_HOLD"]).exists()


@task(on_lease_lost="stop")
async def alone_on_loop() -> None:
    note("start")
    while held():  # noqa: ASYNC110 - set by another process
        await asyncio.sleep(0.05)


@task(on_lease_lost="stop")
def alone_in_thread() -> None:
    note("start")
    while held():
        time.sleep(0.05)


@task(on_lease_lost="stop", process=True)
def alone_in_process() -> None:
    note("start")
    while held():
        time.sleep(0.05)


def allocate(mebibytes: int) -> int:
    return len(bytearray(b"z") * (mebibytes * MEBI))


@task
async def eat(mebibytes: int) -> int:
    """Take memory, and touch it, until the kernel or the limit objects."""
    note("start")
    await asyncio.sleep(0)
    return allocate(mebibytes)


@task(retry=ONCE)
def eat_limited(mebibytes: int) -> int:
    """The same in a thread of a worker whose address space is limited from now on."""
    note("start")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + 64 * MEBI
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return allocate(mebibytes)


app = TaskFlow()
app.include(sys.modules["tests.faults.tasks"])
app.include(sys.modules[__name__])
