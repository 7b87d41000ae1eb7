"""Commands that run until they are told to end, as real processes: they work, drain, and leave nothing behind."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.mortal import mortal

from taskflowmq.testing.waiting import wait_until_sync

pytestmark = pytest.mark.slow

READY_SECONDS = 30.0
APP = """
from taskflowmq import TaskFlow

app = TaskFlow()


@app.task
async def double(n: int) -> int:
    return 2 * n


async def demo(base_url: str) -> None:
    print("demo says", await (await double.aenqueue(21)).aresult(timeout=20), "at", base_url, flush=True)


async def broken(base_url: str) -> None:
    raise RuntimeError("the demo broke")
"""


class Program:
    """A running ``taskflow …`` with --json: its announcement, and its end."""

    def __init__(self, folder: Path, *arguments: str, stderr: int | None = None, **environ: str) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("TASKFLOW_", "DATABASE"))}
        env.pop("PORT", None)
        self._err = (folder / f"err-{time.monotonic_ns()}.txt").open("w+")
        self.process = subprocess.Popen(
            mortal([sys.executable, "-c", "from taskflowmq.cli import main; main()", *arguments]),
            cwd=folder,
            env={**env, **environ},
            stdout=subprocess.PIPE,
            stderr=stderr or self._err,
            text=True,
        )

    def announcement(self) -> Any:
        """Return the JSON line that says the program is ready."""
        return json.loads(self.line())

    def line(self) -> str:
        """Return the next line of standard output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def errors(self) -> str:
        """Return standard error so far."""
        return Path(self._err.name).read_text(encoding="utf-8")

    def end(self, number: int = signal.SIGINT) -> int:
        """Signal the program and return its exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            below = [_seen(child) for child in psutil.Process(self.process.pid).children(recursive=True)]
            pytest.fail(
                f"{_seen(psutil.Process(self.process.pid))} did not end after signal {number}; below it run {below}; "
                f"it said: {self.errors()[-4000:]}"
            )

    def close(self) -> None:
        """Make sure that it is gone."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(READY_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._err.close()


def _seen(process: psutil.Process) -> str:
    """What a process is, does, and does with signals."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    return (
        f"{process.cmdline()[-3:]} ({', '.join(line for line in status if line.startswith(('State', 'Sig', 'Shd')))})"
    )


Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start programs in a folder that holds an app."""
    (tmp_path / "shop.py").write_text(APP)
    programs: list[Program] = []

    def started(*arguments: str, **given: Any) -> Program:
        programs.append(Program(tmp_path, *arguments, **given))
        return programs[-1]

    yield started
    for program in programs:
        program.close()


def _free_port() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return str(sock.getsockname()[1])


def test_dev_runs_everything_and_ends_cleanly(start: Start, tmp_path: Path) -> None:
    program = start("dev", "shop:app", "--demo", "shop:demo", "--json", PORT=_free_port())
    ready = program.announcement()
    assert program.line() == f"demo says 42 at {ready['url']}\n"
    with httpx.Client(base_url=ready["url"]) as client:
        job = client.post("/api/v1/jobs", json={"task": "double", "args": {"n": 4}}).json()
        done = client.get(f"/api/v1/jobs/{job['id']}", params={"wait": 20}, timeout=30).json()
        assert (done["state"], done["result"]) == ("completed", 8)
        assert client.get("/docs").status_code == 200
        metrics = client.get("/metrics").text
        # Counted by the child, shown by the server.
        assert 'taskflow_jobs_completed_total{queue="default",task="double"} 2.0' in metrics
        assert 'taskflow_queue_size{queue="default",state="pending"} 0.0' in metrics
    children = psutil.Process(program.process.pid).children(recursive=True)
    assert children
    assert program.end() == 0, program.errors()
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    assert (tmp_path / "taskflow.db").exists()
    assert "Traceback" not in program.errors()


def test_dev_has_a_playground_whose_jobs_its_worker_runs(start: Start) -> None:
    program = start("dev", "shop:app", "--json", "--port", "0")
    runs = "/api/v1/playground/runs"
    with httpx.Client(base_url=program.announcement()["url"]) as client:
        made = client.post(runs, json={"rate": 20, "seconds": 1, "mix": {"quick": 1, "cpu": 1}})
        assert made.status_code == 201, made.text
        path = f"{runs}/{made.json()['id']}"
        wait_until_sync(lambda: client.get(path).json()["state"] == "ended", READY_SECONDS)
        assert client.get(path).json()["completed"] == 20
        assert client.get(runs).json()["served"] is True
    assert program.end() == 0, program.errors()
    assert "Traceback" not in program.errors()


def test_dev_lives_on_when_the_demo_breaks(start: Start) -> None:
    program = start("dev", "shop:app", "--demo", "shop:broken", "--json", "--port", "0")
    url = program.announcement()["url"]
    wait_until_sync(lambda: "the demo broke" in program.errors(), READY_SECONDS)
    assert httpx.get(f"{url}/health/ready").status_code == 200
    assert program.end(signal.SIGTERM) == 0


def test_a_busy_port_is_an_error_where_it_was_asked_for(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for arguments, environ in (
            (("dev", "--port", port), {}),
            (("dev",), {"PORT": port}),
            (("server", "--port", port), {}),
        ):
            program = start(*arguments, **environ)
            assert program.process.wait(READY_SECONDS) == 1
            assert f"port {port} on 127.0.0.1 is in use" in program.errors()


def test_server_and_worker_apart_share_one_store(start: Start, tmp_path: Path) -> None:
    database = {"TASKFLOW_DATABASE_URL": f"sqlite:///{tmp_path}/shared.db"}
    server = start("server", "shop:app", "--port", "0", "--json", **database)
    url = server.announcement()["url"]
    worker = start("worker", "shop:app", "--health-port", "0", "--json", **database)
    probes = worker.announcement()["probes"]
    wait_until_sync(lambda: httpx.get(f"{probes}/health/ready").status_code == 200, READY_SECONDS)
    job = httpx.post(f"{url}/api/v1/jobs", json={"task": "double", "args": {"n": 5}}).json()
    done = httpx.get(f"{url}/api/v1/jobs/{job['id']}", params={"wait": 20}, timeout=30).json()
    assert done["result"] == 10
    assert 'taskflow_jobs_completed_total{queue="default",task="double"} 1.0' in httpx.get(f"{probes}/metrics").text
    assert httpx.get(f"{probes}/api/v1/jobs").status_code == 404
    assert worker.end(signal.SIGTERM) == 0
    assert server.end(signal.SIGTERM) == 0


def test_a_worker_whose_log_nobody_reads_any_more_works_on(start: Start, tmp_path: Path) -> None:
    database = {"TASKFLOW_DATABASE_URL": f"sqlite:///{tmp_path}/shared.db"}
    # Buffered as it is by default: what cannot be written stays in the buffer, and the interpreter's last flush fails.
    buffered = {**database, "PYTHONUNBUFFERED": ""}
    worker = start("worker", "shop:app", "--json", stderr=subprocess.PIPE, **buffered)
    assert worker.announcement()["processes"] == 1
    assert worker.process.stderr is not None
    worker.process.stderr.close()
    server = start("server", "shop:app", "--port", "0", "--json", **database)
    url = server.announcement()["url"]

    def doubled(number: int) -> int:
        job = httpx.post(f"{url}/api/v1/jobs", json={"task": "double", "args": {"n": number}}).json()
        done = httpx.get(f"{url}/api/v1/jobs/{job['id']}", params={"wait": 20}, timeout=30).json()
        result: int = done["result"]
        return result

    assert [doubled(1), doubled(2)] == [2, 4]
    [child] = psutil.Process(worker.process.pid).children()
    child.kill()
    # Its supervisor says so in the log; a death that went unnoticed would leave nobody to run this.
    assert doubled(3) == 6
    assert worker.end(signal.SIGTERM) == 0


def test_scheduler_runs_the_duties_until_it_is_told_to_end(start: Start) -> None:
    # It serves a store, and makes none.
    assert start("db", "migrate").process.wait(READY_SECONDS) == 0
    program = start("scheduler", "--json")
    assert set(program.announcement()["duties"]) >= {"stager", "rescuer", "pruner"}
    assert program.end(signal.SIGTERM) == 0


def test_a_server_does_the_upkeep_too_unless_told_not_to(start: Start, tmp_path: Path) -> None:
    def serving(*arguments: str, store: str) -> httpx.Client:
        database = {"TASKFLOW_DATABASE_URL": f"sqlite:///{tmp_path}/{store}.db"}
        server = start("server", "shop:app", "--port", "0", "--json", "--poll", "0.05", *arguments, **database)
        return httpx.Client(base_url=server.announcement()["url"])

    def pending(client: httpx.Client) -> int:
        states: dict[str, int] = client.get("/api/v1/jobs/stats").json()["states"]
        return states["pending"]

    with serving("--no-duties", store="left") as left, serving(store="served") as served:
        for client in (left, served):
            body = {"task": "double", "args": {"n": 1}, "delay": 0.05}
            client.post("/api/v1/jobs", json=body).raise_for_status()
        wait_until_sync(lambda: pending(served) == 1, READY_SECONDS)
        assert pending(left) == 0


def test_a_bench_that_is_told_to_end_leaves_nothing_behind(start: Start, tmp_path: Path) -> None:
    program = start("bench", "--only", "idle", TMPDIR=str(tmp_path))
    bench = psutil.Process(program.process.pid)
    # The supervisor and its child.
    wait_until_sync(lambda: len(bench.children(recursive=True)) >= 2, READY_SECONDS, what="the worker")
    workers = bench.children(recursive=True)
    assert program.end(signal.SIGTERM) == 128 + signal.SIGTERM, program.errors()
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    assert not list(tmp_path.glob("taskflow-bench-*"))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what a process has loaded")
def test_a_worker_that_serves_nothing_loads_no_http_server(start: Start, tmp_path: Path) -> None:
    program = start("worker", "shop:app", "--json", "--database-url", f"sqlite:///{tmp_path}/shop.db")
    assert program.announcement()["probes"] is None
    assert "httptools" not in Path(f"/proc/{program.process.pid}/maps").read_text()
    assert program.end(signal.SIGTERM) == 0, program.errors()


@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_metrics_that_cannot_be_shared_are_refused_at_the_start(start: Start, tmp_path: Path, command: str) -> None:
    nowhere = str(tmp_path / "gone")
    url = f"sqlite:///{tmp_path}/shop.db"
    assert start("db", "migrate", "--database-url", url).process.wait(READY_SECONDS) == 0
    program = start(command, "shop:app", "--database-url", url, PROMETHEUS_MULTIPROC_DIR=nowhere)
    assert program.process.wait(READY_SECONDS) == 2, program.errors()
    assert f"PROMETHEUS_MULTIPROC_DIR names '{nowhere}'" in program.errors()
    assert "Traceback" not in program.errors()


def test_help_is_quick(start: Start) -> None:
    used = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert start("--help").process.wait(READY_SECONDS) == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    print(f"--help takes {', '.join(f'{one:.2f}' for one in used)} s of a processor")
    # Time of the processor, and the best of three, so that a busy machine and a first compilation change nothing.
    assert min(used) < 0.3
    heavy = "('litestar', 'asyncpg', 'PIL', 'httpx', 'prometheus_client')"
    probe = f"import sys, taskflowmq.cli.root; print([name for name in {heavy} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout
    assert out == "[]\n"


@pytest.mark.parametrize("arguments", [("jobs", "list", "--json"), ("queues", "list"), ("--help",)])
def test_output_that_nobody_reads_to_its_end_ends_quietly(
    start: Start, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """``taskflow jobs list | head``."""
    assert start("enqueue", "test").process.wait(READY_SECONDS) == 0
    program = start(*arguments)
    assert program.process.stdout is not None
    program.process.stdout.close()
    assert program.process.wait(READY_SECONDS) == 1
    assert program.errors() == ""


def test_a_worker_whose_log_is_never_read_works_and_ends(start: Start, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    worker = start("worker", "shop:app", "--json", stderr=writer)
    os.close(writer)
    worker.announcement()
    jobs = 600  # their lines are more than a pipe holds
    code = (
        f"from shop import *\nhandles = app.enqueue_many([double.job(n) for n in range({jobs})])\n"
        "for one in handles: one.result(60)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
    assert worker.end(signal.SIGTERM) == 0
    os.close(reader)


def test_a_worker_says_what_it_serves(start: Start) -> None:
    program = start("worker", "shop:app", "--queues", "mail,default", "--json", "--log-format", "text")
    program.announcement()
    wait_until_sync(lambda: "child" in program.errors(), READY_SECONDS, what="the log")
    assert (
        "works on sqlite:///taskflow.db: queues mail, default; tasks double; 1 process of 50 slots" in program.errors()
    )
    assert program.end() == 0


def test_a_burst_runs_what_there_is_and_ends(start: Start, tmp_path: Path) -> None:
    environ = {"TASKFLOW_DATABASE_URL": f"sqlite:///{tmp_path}/jobs.db"}
    for n in range(3):
        assert (
            start("enqueue", "double", f'{{"n": {n}}}', "--app", "shop:app", **environ).process.wait(READY_SECONDS) == 0
        )
    worker = start("worker", "shop:app", "--burst", "--poll", "0.1", TASKFLOW_RELEASE="shop-2.5.0", **environ)
    assert worker.process.wait(READY_SECONDS) == 0
    assert "release shop-2.5.0; queues all" in worker.errors()
    listed = start("jobs", "list", "--json", **environ)
    assert [job["state"] for job in listed.announcement()["items"]] == ["completed"] * 3
    (child,) = start("workers", "list", "--json", **environ).announcement()["items"]
    assert child["release"] == "shop-2.5.0"


def test_a_worker_refuses_a_release_that_cannot_be_announced(start: Start) -> None:
    worker = start("worker", "shop:app", TASKFLOW_RELEASE="x" * 65)
    assert worker.process.wait(READY_SECONDS) == 2
    assert "TASKFLOW_RELEASE must be 1…64 characters, got 65" in worker.errors()


def test_reload_starts_anew_after_a_change_and_ends_by_one_signal(start: Start, tmp_path: Path) -> None:
    environ = {"TASKFLOW_DATABASE_URL": f"sqlite:///{tmp_path}/jobs.db"}
    program = start("dev", "shop:app", "--port", "0", "--reload", "--demo", "shop:demo", **environ)
    wait_until_sync(lambda: "demo says 42" in program.line(), READY_SECONDS, what="the demo")
    changed = (
        (tmp_path / "shop.py")
        .read_text()
        .replace("2 * n", "3 * n  # longer: bytecode of the same second and size would be taken for this one's")
    )
    (tmp_path / "shop.new").write_text(changed)
    (tmp_path / "shop.new").replace(tmp_path / "shop.py")  # one change: half a file would be a change of its own
    wait_until_sync(lambda: "demo says 63" in program.line(), READY_SECONDS, what="the demo of the changed program")
    [child] = psutil.Process(program.process.pid).children()
    assert program.end() == 0
    assert not child.is_running()
    assert "Changed: shop.py. Restarting." in program.errors()


@pytest.mark.parametrize("before", [signal.default_int_handler, signal.SIG_IGN], ids=["heard", "ignored"])
def test_reload_ends_by_one_signal_while_the_program_starts(start: Start, tmp_path: Path, before: Any) -> None:
    """Also where a shell has started it in the background, and so has SIGINT ignored."""
    os.mkfifo(tmp_path / "held")
    (tmp_path / "shop.py").write_text('print("loading", flush=True)\nopen("held")\n' + APP)
    environ = {"TASKFLOW_DATABASE_URL": f"sqlite:///{tmp_path}/jobs.db"}
    was = signal.signal(signal.SIGINT, before)
    try:
        program = start("dev", "shop:app", "--port", "0", "--reload", **environ)
    finally:
        signal.signal(signal.SIGINT, was)
    assert program.line() == "loading\n"
    assert program.end() == 0
    assert program.errors() == ""
