"""Jobs over HTTP, sent by a load generator in a process of its own to one server process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.compare.adapter import AdapterFailed
from benchmarks.compare.environments import ROOT
from benchmarks.compare.measures.figures import Bench, Figure

CONNECTIONS = 64
BULK_CONNECTIONS = 4
BULK = 500
WARM_UP_S = 2.0
#: Beyond the generator's own bound, for its start and its end.
GRACE_S = 60.0
Answer = dict[str, float]


def rest(bench: Bench) -> list[Figure]:
    """``POST /jobs`` one by one on 64 connections, then lists of 500."""
    adapter, sizes = bench.adapter, bench.sizes
    bulk_requests = max(1, sizes.bulk // BULK)
    with adapter.server() as url:
        warm = send(f"{url}/api/v1/jobs", one_job(), count=sizes.rest, seconds=WARM_UP_S, connections=CONNECTIONS)
        one = send(f"{url}/api/v1/jobs", one_job(), count=sizes.rest, seconds=sizes.rest_s, connections=CONNECTIONS)
        bulk = send(
            f"{url}/api/v1/jobs/bulk",
            many_jobs(BULK),
            count=bulk_requests,
            seconds=sizes.rest_s,
            connections=BULK_CONNECTIONS,
        )
    promised = int(warm["created"] + one["created"] + BULK * bulk["created"])
    note = missing(promised, stored(bench))
    return [*_figures("", one, 1, "requests/s", note), *_figures(f"lists of {BULK}", bulk, BULK, "jobs/s", note)]


def one_job() -> bytes:
    """Return the body that stores one job with about 100 bytes of arguments."""
    return json.dumps(_job()).encode()


def many_jobs(count: int) -> bytes:
    """Return the body that stores a list of jobs."""
    return json.dumps({"jobs": [_job()] * count}).encode()


def _job() -> dict[str, object]:
    return {"task": "job", "args": {"number": 1, "sent": 1_000_000_000_000_000, "text": "x" * 50}}


def send(url: str, body: bytes, *, count: int, seconds: float, connections: int) -> Answer:
    """Run the load generator and return its figures."""
    bounds = ["--count", str(count), "--seconds", str(seconds), "--connections", str(connections)]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "benchmarks.compare.load", url, *bounds],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
        input=body,
        capture_output=True,
        timeout=seconds + GRACE_S,
        check=False,
    )
    if done.returncode:
        raise AdapterFailed(f"the load generator ended: {done.stderr.decode(errors='replace')[-500:].strip()}")
    answer: Answer = json.loads(done.stdout)
    if answer["others"]:
        raise AdapterFailed(f"{answer['others']:.0f} of {answer['answers']:.0f} requests were not answered with 201")
    return answer


def stored(bench: Bench) -> int:
    """Return how many jobs the queue holds."""
    with bench.adapter.watcher() as watcher:
        return watcher.left()


def missing(promised: int, found: int) -> str:
    """Return a note if fewer jobs are stored than answers said."""
    return f"{promised - found:,} of {promised:,} jobs are not stored" if found < promised else ""


def _figures(name: str, answer: Answer, jobs: int, unit: str, note: str) -> list[Figure]:
    rate = None if note else jobs * answer["created"] / answer["seconds"]
    prefix = f"{name}, " if name else ""
    return [
        Figure(name, rate, unit, note=note),
        Figure(f"{prefix}p50", answer["p50_ms"], "ms", 2),
        Figure(f"{prefix}p99", answer["p99_ms"], "ms", 2),
    ]
