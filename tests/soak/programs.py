"""The shipped worker and server as processes of their own, and what the kernel says of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families
from tests.faults.rig import COMMAND, ROOT, free_port
from tests.mortal import mortal
from tests.soak.verdicts import Histogram

from taskflowmq.bench import machine
from taskflowmq.testing.waiting import wait_until

APP = "tests.soak.tasks:app"


class Usage(msgspec.Struct, frozen=True):
    """What a tree of processes holds."""

    memory_mb: float
    descriptors: int
    threads: int
    processes: int


class Counters(msgspec.Struct, frozen=True):
    """What the worker's /metrics says."""

    processed: float
    claim: Histogram
    settle: Histogram
    wait: Histogram


class Programs:
    """A supervisor with its children and a server, with the settings that are shipped.

    Args:
        url: the database.
        folder: for their logs.
        processes: children of the supervisor.
    """

    def __init__(self, url: str, folder: Path, processes: int) -> None:
        self._folder = folder
        #: How long each log was when everything was up: a probe that came too early is answered, and logged, as 503.
        self._started_up: dict[Path, int] = {}
        self._env = {**os.environ, "TASKFLOW_DATABASE_URL": url}
        self._env.pop("PROMETHEUS_MULTIPROC_DIR", None)
        ports = free_port(), free_port()
        worker = ["worker", APP, "--processes", str(processes), "--health-port", str(ports[0])]
        self._started = [self._start("worker", worker), self._start("server", ["server", APP, "--port", str(ports[1])])]
        self.metrics_url = f"http://127.0.0.1:{ports[0]}"
        self.api_url = f"http://127.0.0.1:{ports[1]}"

    def _start(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}.log").open("wb") as out:
            return subprocess.Popen(
                mortal([sys.executable, "-c", COMMAND, *arguments, "--log-format", "json"]),
                cwd=ROOT,
                env=self._env,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    async def ready(self, http: httpx.AsyncClient) -> None:
        """Wait until the server answers and the worker claims; what they logged until then is forgotten."""
        for url in (self.api_url, self.metrics_url):
            await wait_until(lambda: _answers(http, f"{url}/health/ready"), 30, what=url)  # noqa: B023 - awaited at once
        self._started_up = {path: path.stat().st_size for path in self._folder.glob("*.log")}

    async def counters(self, http: httpx.AsyncClient) -> Counters:
        """Scrape the worker."""
        return parse_metrics((await http.get(f"{self.metrics_url}/metrics")).text)

    def usage(self) -> Usage:
        """Add up what the processes hold now."""
        pids = [pid for process in self._started for pid in machine.tree(process.pid)]
        memory = sum(machine.pss_mb(process.pid) for process in self._started)
        return Usage(memory, _entries(pids, "fd"), _entries(pids, "task"), len(pids))

    def complaints(self) -> list[str]:
        """Return the lines of the logs that tell of an error."""
        found = []
        for path in self._folder.glob("*.log"):
            with path.open(errors="replace") as log:  # a line per job: too much for one string
                log.seek(self._started_up.get(path, 0))
                found += [line.rstrip() for line in log if _level(line) in ("error", "critical")]
        return found

    async def stop(self) -> list[int]:
        """Drain, and return the exit codes."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        ended = lambda: all(process.poll() is not None for process in self._started)  # noqa: E731
        await wait_until(ended, 60, what="the programs to drain")
        return [process.returncode for process in self._started]

    def close(self) -> None:
        """End what has not ended."""
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def parse_metrics(page: str) -> Counters:
    """Read the counters that the soak looks at, added up over queues and tasks."""
    processed = 0.0
    buckets: dict[str, dict[float, float]] = {"claim": {}, "settle": {}, "wait": {}}
    sums = dict.fromkeys(buckets, 0.0)
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == "taskflow_jobs_processed_total":
                processed += sample.value
            name = sample.labels.get("operation") if family.name == "taskflow_store_query_seconds" else None
            name = "wait" if family.name == "taskflow_job_wait_seconds" else name
            if name in buckets and sample.name.endswith("_bucket"):
                bound = float(sample.labels["le"])
                buckets[name][bound] = buckets[name].get(bound, 0.0) + sample.value
            elif name in buckets and sample.name.endswith("_sum"):
                sums[name] += sample.value
    found = {name: Histogram(tuple(sorted(seen.items())), sums[name]) for name, seen in buckets.items()}
    return Counters(processed, found["claim"], found["settle"], found["wait"])


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx.TransportError:
        return False


def _entries(pids: list[int], folder: str) -> int:
    count = 0
    for pid in pids:
        try:
            count += sum(1 for _ in Path(f"/proc/{pid}/{folder}").iterdir())
        except FileNotFoundError:
            continue  # ended between the listing and the look
    return count


def _level(line: str) -> str:
    """Return the level of a log line; a line that is no JSON is a traceback or worse."""
    if '"level":"info"' in line[:200]:  # nearly every line
        return "info"
    try:
        return str(json.loads(line).get("level", "")).lower()
    except ValueError:
        return "critical" if line.startswith(("Traceback", "Fatal", "Error")) else ""
