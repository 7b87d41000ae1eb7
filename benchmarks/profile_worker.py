"""``make profile``: where a worker's processor time goes, with py-spy, on a worker as it is shipped.

Jobs are enqueued first; then ``taskflow worker`` runs them below py-spy. Printed are the functions of its child with
the most time of their own, and with the most time in all; the whole is kept as a file for speedscope.app.

    python -m benchmarks.profile_worker --store postgres --jobs 100000
    python -m benchmarks.profile_worker --url postgresql://… --task bench.thread
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import heapq
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import msgspec
import psutil

from taskflowmq.bench import tasks
from taskflowmq.core.job import FINAL
from taskflowmq.testing.postgres import PostgresServer
from taskflowmq.testing.waiting import wait_until_sync

LIST = 1_000
WITHIN_S = 300.0
ROWS = 25
CHILD = "taskflowmq.bootstrap.child"
WORKER = ("-m", "taskflowmq.cli", "worker", "taskflowmq.bench.tasks:app", "--queues", tasks.QUEUE, "--processes", "1")
BODIES = {"bench.noop": ("x" * 60, ["a", "b"]), "bench.thread": ()}


class _Frame(msgspec.Struct):
    name: str
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.name} ({Path(self.file).name})" if self.file else self.name


class _Thread(msgspec.Struct):
    name: str
    samples: list[list[int]]
    weights: list[float]


class _Shared(msgspec.Struct):
    frames: list[_Frame]


class Speedscope(msgspec.Struct):
    """As much of a speedscope file as is read here: a profile per thread, whose frames stand apart."""

    profiles: list[_Thread]
    shared: _Shared


@contextlib.contextmanager
def database(store: str, url: str | None) -> Iterator[str]:
    """Yield the URL of an empty database."""
    if url is not None:
        yield url
    elif store == "sqlite":
        with tempfile.TemporaryDirectory(prefix="taskflow-profile-") as folder:
            yield f"sqlite:///{folder}/jobs.db"
    else:
        server = PostgresServer.start()
        try:
            yield server.url(server.create_database())
        finally:
            server.stop()


async def enqueue(name: str, count: int) -> None:
    """Store the jobs."""
    async with tasks.app as app:
        for start in range(0, count, LIST):
            task = app.tasks.get(name)
            if task is None:
                raise SystemExit(f"the bench has no task {name!r}")
            await app.aenqueue_many([task.job(number, *BODIES[name]) for number in range(start, start + LIST)])


async def left() -> int:
    """Return how many jobs have not ended."""
    async with tasks.app as app:
        stats = await app.jobs.astats()
    return sum(count for state, count in stats.states.items() if state not in FINAL)


def record(profile: Path, rate: int) -> None:
    """Run the worker below py-spy until no job is left."""
    spy = Path(sys.executable).with_name("py-spy")
    if not spy.exists() and shutil.which("py-spy") is None:
        raise SystemExit("py-spy is not installed: make .venv/.dev-ready")
    command = [str(spy) if spy.exists() else "py-spy", "record", "--rate", str(rate), "--format", "speedscope"]
    command += ["--subprocesses", "--nolineno", "--output", str(profile), "--", sys.executable, *WORKER]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as spied:
        try:
            wait_until_sync(lambda: asyncio.run(left()) == 0, WITHIN_S, what="the worker to run every job")
        finally:
            # py-spy writes what it has when the program that it started has ended.
            for child in psutil.Process(spied.pid).children():
                child.terminate()
            spied.wait(timeout=60)
    if not profile.exists():
        raise SystemExit("py-spy wrote nothing: on some systems it must run as root")


def busiest(found: Speedscope) -> str:
    """Return two tables of the child that runs the jobs: each function's own time, and its time in all."""
    names = [str(frame) for frame in found.shared.frames]
    # With --subprocesses the outermost frames are the processes and their command lines.
    processes = {index for index, name in enumerate(names) if name.startswith("process ")}
    children = {index for index in processes if CHILD in names[index]}
    own: defaultdict[str, float] = defaultdict(float)
    total: defaultdict[str, float] = defaultdict(float)
    for thread in found.profiles:
        for stack, weight in zip(thread.samples, thread.weights, strict=True):
            called = [names[index] for index in stack if index not in processes]
            if called and not children.isdisjoint(stack):
                own[called[-1]] += weight
                for name in set(called):
                    total[name] += weight
    whole = sum(own.values()) or 1.0
    lines = []
    for title, seconds in (("of its own", own), ("in all", total)):
        lines.append(f"\n  % of the child's time {title}")
        most = heapq.nlargest(ROWS, seconds.items(), key=itemgetter(1))
        lines += [f"{100 * value / whole:5.1f}  {name}" for name, value in most]
    return "\n".join(lines)


def main() -> None:
    """Enqueue, record, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--url", help="an empty database instead of one of its own")
    parser.add_argument("--task", choices=tuple(BODIES), default="bench.noop")
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=250, help="samples per second")
    parser.add_argument("--output", type=Path, default=Path("profile.speedscope.json"))
    options = parser.parse_args()
    with database(options.store, options.url) as url:
        os.environ["TASKFLOW_DATABASE_URL"] = url
        asyncio.run(enqueue(options.task, options.jobs))
        record(options.output, options.rate)
    print(busiest(msgspec.json.decode(options.output.read_bytes(), type=Speedscope)))
    print(f"\nThe whole: {options.output}, for https://www.speedscope.app")


if __name__ == "__main__":
    main()
