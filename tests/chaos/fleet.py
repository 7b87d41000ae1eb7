"""The programs of a run: the shipped commands, kept running by what a service manager would be.

A program that a fault ended is started again soon; one that ends by itself is a finding, unless it says that it found
no store when it was started (exit code 3), which a service manager answers in the same way.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
from tests.faults.rig import COMMAND, ROOT, Program
from tests.mortal import mortal

from taskflowmq.testing.waiting import wait_until

LEASE, HEARTBEAT, SWEEP, POLL = 3.0, 1.0, 0.5, 0.2
SETTINGS = {
    "TASKFLOW_LEASE_SECONDS": LEASE,
    "TASKFLOW_HEARTBEAT_SECONDS": HEARTBEAT,
    "TASKFLOW_SWEEP_SECONDS": SWEEP,
    "TASKFLOW_POLL_SECONDS": POLL,
    "TASKFLOW_CONCURRENCY": 12,
    "TASKFLOW_PROCESSES": 2,
    "TASKFLOW_DRAIN_SECONDS": 1.5,
    "TASKFLOW_LOG_FORMAT": "json",
}
#: How long a service manager waits before it starts a program again.
RESTART_S = (0.2, 1.0)
STORE_UNREACHABLE = 3
#: What a rescuer says of a program that it ended (stores/sqlite/upkeep.py), and how long that may take.
ENDED_WITH_LOCK = "a worker, stopped for longer than its lease with the write lock"
SAID_WITHIN_S = 5.0
#: Exit codes of a program that was told to end.
CLEAN = (0, 75)
END_WITHIN_S = 25.0
APP = "tests.chaos.tasks:app"


async def pause(over: asyncio.Event, seconds: float) -> bool:
    """Wait until something is over, at most so long; tell whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()
    return over.is_set()


class Slot:
    """One program of the fleet: "worker-1" is whoever does that work now."""

    def __init__(self, name: str, arguments: tuple[str, ...], env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.program: Program | None = None
        self._process: subprocess.Popen[bytes] | None = None
        #: Set by a fault that ends the program.
        self.expected = False
        #: When the present program was started.
        self.since = 0.0
        self._arguments = arguments
        self._env = {**os.environ, **{k: str(v) for k, v in SETTINGS.items()}, **env, "CHAOS_PROGRAM": name}
        self._log = folder / f"{name}.log"

    def start(self) -> None:
        """Start the program again."""
        command = mortal([sys.executable, "-c", COMMAND, *self._arguments])
        with self._log.open("ab") as out:
            process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=out, stderr=out, start_new_session=True)
        self.expected = False
        self.since = time.monotonic()
        self._process = process
        self.program = Program(process, self._log)

    def exit_code(self) -> int | None:
        """Return the exit code of the program, None while it lives."""
        return None if self._process is None else self._process.poll()

    def signal_all(self, number: signal.Signals) -> None:
        """To every process of the program, if it lives."""
        if self.program is not None:
            with suppress(ProcessLookupError):
                self.program.signal_all(number)

    def children(self) -> list[int]:
        """Return the process ids of its children."""
        try:
            return [child.pid for child in self.program.children()] if self.program is not None else []
        except psutil.NoSuchProcess:
            return []


class Fleet:
    """All programs of a run.

    Args:
        folder: where their logs and the ledger are.
        rng: how long a program is away before it is started again.
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.slots: dict[str, Slot] = {}
        #: What a program did that nobody asked for.
        self.findings: list[str] = []
        #: How often a program found no store when it was started.
        self.unreachable = 0
        #: How often a stopped program was ended because it held SQLite's write lock.
        self.ended_with_lock = 0
        self._folder = folder
        self._rng = rng
        #: Cleared while nothing may be started: the whole machine stands still.
        self.running = asyncio.Event()
        self.running.set()
        self._ending = asyncio.Event()
        self._keepers: list[asyncio.Task[None]] = []

    def add(self, name: str, *arguments: str, url: str) -> None:
        """Start a program in a new slot, and keep it running."""
        env = {
            "TASKFLOW_DATABASE_URL": url,
            "TEST_LEDGER": str(self._folder / "ledger"),
            # What killed programs leave behind goes with the folder.
            "TMPDIR": str(self._folder / "tmp"),
        }
        slot = self.slots[name] = Slot(name, arguments, env, self._folder)
        slot.start()
        self._keepers.append(asyncio.create_task(self._keep(slot), name=f"keep-{name}"))

    async def close(self) -> None:
        """Tell everybody to end, and see that they do."""
        self._ending.set()
        await asyncio.gather(*self._keepers)
        waits = [self._end(slot) for slot in self.slots.values()]
        await asyncio.gather(*waits)
        await self._look_for_leaks()

    def kill(self) -> None:
        """End everything at once, whatever became of the run."""
        self._ending.set()
        for keeper in self._keepers:
            keeper.cancel()
        for slot in self.slots.values():
            if slot.program is not None:
                slot.program.close()
        for process in self._ours():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    async def _keep(self, slot: Slot) -> None:
        while not self._ending.is_set():
            code = slot.exit_code()
            if code is None:
                await pause(self._ending, 0.1)
                continue
            if code == STORE_UNREACHABLE:
                self.unreachable += 1
            elif not slot.expected and not await self._was_ended_by_another(slot, code):
                self.findings.append(f"{slot.name} ended by itself with exit code {code}")
            await pause(self._ending, self._rng.uniform(*RESTART_S))
            await self.running.wait()
            if not self._ending.is_set():
                slot.start()

    async def _was_ended_by_another(self, slot: Slot, code: int) -> bool:
        """Tell whether a program of the fleet says that it ended this one, which stood with SQLite's write lock."""
        if code != -signal.SIGKILL or slot.program is None:
            return False
        sentence = f"killed process {slot.program.pid}: {ENDED_WITH_LOCK}"
        until = time.monotonic() + SAID_WITHIN_S  # it is said after the deed
        while not any(sentence in log.read_text(errors="replace") for log in self._folder.glob("*.log")):
            if time.monotonic() > until or await pause(self._ending, 0.1):
                return False
        self.ended_with_lock += 1
        return True

    async def _end(self, slot: Slot) -> None:
        if slot.program is None or slot.exit_code() is not None:
            return
        slot.program.signal(signal.SIGTERM)
        began = time.monotonic()
        try:
            code = await slot.program.wait(END_WITHIN_S)
        except TimeoutError:
            self.findings.append(f"{slot.name} did not end within {END_WITHIN_S:g} s of SIGTERM")
            return
        if code not in (*CLEAN, -signal.SIGTERM):
            self.findings.append(
                f"{slot.name} ended with exit code {code}, {time.monotonic() - began:.1f} s after SIGTERM"
            )

    async def _look_for_leaks(self) -> None:
        try:
            await wait_until(lambda: not list(self._ours()), 5.0, what="the last process")
        except TimeoutError:
            left = [f"{process.pid} {' '.join(process.cmdline())[:200]}" for process in self._ours()]
            self.findings += [f"a process is left behind: {one}" for one in left]

    def _ours(self) -> Iterator[psutil.Process]:
        """Yield every process that was started by ours: they all inherit the ledger's name."""
        ledger = str(self._folder / "ledger")
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.pid != os.getpid() and process.environ().get("TEST_LEDGER") == ledger:
                    yield process


async def command(url: str, *arguments: str, within: float = 60.0) -> tuple[int, str]:
    """Run a shipped command to its end; return its exit code and what it said on standard output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, *arguments,
        cwd=ROOT, env={**os.environ, "TASKFLOW_DATABASE_URL": url}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(within):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
