"""More peers on PostgreSQL and SQLite: versions, settings and what each cannot do."""

from __future__ import annotations

from benchmarks.compare.peer import NO_BULK, NO_PROCESSES, Class, Peer

PSYCOPG = ("psycopg==3.3.9", "psycopg-binary==3.3.9", "psycopg-pool==3.3.3")
SLOW_JOBS = 10_000


def _flexiq(kind: Class) -> Peer:
    return Peer(
        f"flexiq-{kind}",
        kind,
        "python",
        "flexiq",
        ("flexiq==2.1.0",),
        (
            "32 worker threads and plain functions, because its coroutines share one slot",
            "scheduler_poll_interval_ms 1, scheduler_batch_size 100 instead of 50 and 1: more jobs in more polls",
            "no push_dispatch: its default on this database",
            "log level WARNING: at INFO it writes two lines per job",
            "jobs that sleep are coroutines with async_concurrency as high as the measure asks",
        ),
        jobs=SLOW_JOBS,
    )


PEERS: tuple[Peer, ...] = (
    Peer(
        "oban",
        "postgres",
        "python",
        "oban",
        ("oban==0.7.0", "orjson==3.13.0", "uvloop==0.23.0", *PSYCOPG),
        (
            "200 jobs at once: it fetches and acknowledges up to its limit in one round",
            "uvloop and orjson, as its own command line; no log line per job, its default as a library",
            "enqueue_many is its bulk call and sends one statement per job",
            "blocking bodies through asyncio.to_thread, because it runs plain functions on its loop",
        ),
        python="3.12",
        cannot={"process": NO_PROCESSES},
    ),
    Peer(
        "procrastinate",
        "postgres",
        "python",
        "procrastinate",
        ("procrastinate==3.10.0", "uvloop==0.23.0", *PSYCOPG),
        (
            "50 jobs at once over a pool of 16 connections: it fetches and finishes each job by itself",
            "listen_notify on and finished jobs kept, its defaults",
            "psycopg with its C speedups, and uvloop",
            "blocking bodies as plain functions, which it runs in threads",
        ),
        jobs=SLOW_JOBS,
        cannot={
            "process": NO_PROCESSES,
            "rerun": "gives a dead worker's jobs back only if the application's own periodic task retries them",
        },
    ),
    Peer(
        "awa",
        "postgres",
        "python",
        "awa",
        ("awa-pg==0.6.9",),
        (
            "256 workers on one queue, one claimer, its default batch of 512",
            "enqueue_many_copy for lists: its documentation's fast path for its queue storage",
            "an empty worker starts once before the first job, because that is when its queue storage is switched on",
            "blocking bodies through asyncio.to_thread: its handlers are coroutines",
        ),
        cannot={"process": NO_PROCESSES},
    ),
    Peer(
        "dbos",
        "postgres",
        "python",
        "dbos",
        ("dbos==3.4.0",),
        (
            "workflows without steps; 100 at once per worker, connection pool of 16",
            "polling_interval_sec 0.1 instead of 1: an idle queue is asked ten times a second",
            "log level WARNING",
            "blocking bodies as plain workflows, which it runs in threads",
        ),
        jobs=SLOW_JOBS,
        cannot={"enqueue_bulk": NO_BULK, "process": NO_PROCESSES},
    ),
    _flexiq("postgres"),
    _flexiq("sqlite"),
)
