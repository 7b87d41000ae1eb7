"""How the driver runs the commands of an adapter. What each means is said in :mod:`benchmarks.compare.adapters`."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from benchmarks.compare import processes
from benchmarks.compare.environments import Environment
from benchmarks.compare.peer import Peer
from benchmarks.compare.services import Database

STOP_S = 15.0
COMMAND_S = 600.0
SERVER_S = 30.0
LOG_TAIL = 2_000


class AdapterFailed(RuntimeError):
    """An adapter ended with an error; the message shows the end of what it wrote."""


class Worker:
    """The running processes of one worker of a peer."""

    def __init__(self, tops: Sequence[subprocess.Popen[bytes]], log: Path) -> None:
        self._tops = tops
        self._log = log

    @property
    def pids(self) -> list[int]:
        """The processes that were started, without their children."""
        return [top.pid for top in self._tops if top.poll() is None]

    def check(self) -> None:
        """Raise AdapterFailed if a process has ended by itself."""
        for top in self._tops:
            if top.poll() is not None:
                raise AdapterFailed(f"the worker ended with {top.returncode}: {_tail(self._log)}")

    def kill(self) -> None:
        """Kill the whole tree at once."""
        processes.kill(self.pids)
        self._reap()

    def stop(self) -> None:
        """Ask the processes to end; kill what does not."""
        members = processes.trees(self.pids)
        for top in self._tops:
            with suppress(ProcessLookupError):
                top.send_signal(signal.SIGTERM)
        try:
            for top in self._tops:
                top.wait(STOP_S)
        except subprocess.TimeoutExpired:
            pass
        processes.kill([*self.pids, *(pid for pid in members if Path(f"/proc/{pid}").exists())])
        self._reap()

    def _reap(self) -> None:
        for top in self._tops:
            top.wait()


class Adapter:
    """One peer on one empty database."""

    def __init__(self, peer: Peer, environment: Environment, database: Database, folder: Path) -> None:
        self.peer = peer
        self.database = database
        #: Where the bodies leave ticks and stamps.
        self.folder = folder
        self._command = environment.command
        self._variables = {
            **os.environ,
            **environment.variables,
            "BENCH_URL": database.url,
            "BENCH_FOLDER": str(folder),
        }

    def prepare(self) -> None:
        """Make the schema."""
        self._ask("prepare")

    def enqueue(self, command: str, count: int) -> float:
        """Enqueue jobs by one of the commands and return the seconds it took."""
        answer = self._ask(command, str(count))
        try:
            return float(json.loads(answer.splitlines()[-1])["seconds"])
        except (LookupError, ValueError) as error:
            raise AdapterFailed(f"{command} answered {answer[-LOG_TAIL:]!r}") from error

    def beside(self, name: str) -> Adapter:
        """Return another adapter module of the same environment on the same database."""
        other = copy.copy(self)
        other._command = (*self._command[:-1], name)
        return other

    def load(self, count: int) -> None:
        """Enqueue jobs the fastest way there is."""
        self.enqueue("bulk" if self.peer.why_not("enqueue_bulk") is None else "together", count)

    @contextmanager
    def worker(self, kind: str, *, concurrency: int | None = None, children: int = 1) -> Iterator[Worker]:
        """Run a worker of a kind with so many children."""
        wanted = self.peer.concurrency if concurrency is None else concurrency
        starts = 1 if self.peer.supervises else children
        variables = {**self._variables, "BENCH_PROCESSES": str(children if self.peer.supervises else 1)}
        log = self.folder / f"worker-{kind}.log"
        command = [*self._command, "worker", kind, str(wanted)]
        with log.open("ab") as out:
            tops = [
                subprocess.Popen(
                    command, env=variables, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out
                )
                for _ in range(starts)
            ]
        worker = Worker(tops, log)
        try:
            yield worker
        finally:
            worker.stop()

    @contextmanager
    def server(self) -> Iterator[str]:
        """Run the HTTP server and give its address."""
        said, log = self.folder / "server.out", self.folder / "server.log"
        with said.open("wb") as out, log.open("ab") as errors:
            command = [*self._command, "serve"]
            top = subprocess.Popen(
                command, env=self._variables, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
            )
        worker = Worker([top], log)
        try:
            end = time.monotonic() + SERVER_S
            while b"\n" not in (line := said.read_bytes()):
                worker.check()
                if time.monotonic() > end:
                    raise AdapterFailed(f"the server did not say its address: {_tail(log)}")
                time.sleep(0.02)
            yield str(json.loads(line.splitlines()[0])["url"])
            worker.check()
        finally:
            worker.stop()

    @contextmanager
    def watcher(self) -> Iterator[Watcher]:
        """Open what tells how many jobs are left."""
        process = subprocess.Popen(
            [*self._command, "left"],
            env=self._variables,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Watcher(process)
        finally:
            process.kill()
            process.communicate()

    def _ask(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        if done.returncode:
            raise AdapterFailed(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-LOG_TAIL:].strip()}")
        return done.stdout


class Watcher:
    """Answers how many jobs have not been finished, from a connection that is already open."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def left(self) -> int:
        """Return how many jobs have not been finished."""
        try:
            _pipe(self._process.stdin).write(b"\n")
            _pipe(self._process.stdin).flush()
            return int(json.loads(_pipe(self._process.stdout).readline())["left"])
        except (OSError, LookupError, ValueError) as error:
            raise AdapterFailed("the adapter cannot tell how many jobs are left") from error


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("a process was started without its pipes")
    return pipe


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_TAIL:].strip()
