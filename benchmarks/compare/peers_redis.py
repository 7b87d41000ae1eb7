"""The peers on Redis in Python. Every one gets hiredis, the faster parser that the Redis client itself recommends."""

from __future__ import annotations

from benchmarks.compare.peer import NO_BULK, Peer

_TASKIQ = (
    "taskiq==0.13.0",
    "taskiq-redis==1.2.4",
    "redis==8.1.0",
    "hiredis==3.5.0",
    "uvloop==0.23.0",
    "orjson==3.13.0",
)
_TASKIQ_SETTINGS = (
    "100 asynchronous tasks at once: its default",
    "uvloop, which it takes by itself where it is installed, and ORJSONSerializer, the faster one of its page",
    "log level WARNING: no line per job; no result backend: its default",
    "plain functions in its own thread pool or, for process jobs, in its process pool of two",
)

PEERS: tuple[Peer, ...] = (
    Peer(
        "taskiq-stream",
        "redis",
        "python",
        "taskiq_stream",
        _TASKIQ,
        ("RedisStreamBroker: the one its page recommends, since it acknowledges", *_TASKIQ_SETTINGS),
        supervises=True,
        cannot={"enqueue_bulk": NO_BULK},
    ),
    Peer(
        "taskiq-list",
        "redis",
        "python",
        "taskiq_list",
        _TASKIQ,
        ("ListQueueBroker: its page offers it to those who need no acknowledgement", *_TASKIQ_SETTINGS),
        supervises=True,
        cannot={"enqueue_bulk": NO_BULK, "rerun": "a job leaves the list when it is taken: a killed worker loses it"},
    ),
    Peer(
        "dramatiq",
        "redis",
        "python",
        "dramatiq",
        ("dramatiq==2.2.1", "redis==8.1.0", "hiredis==3.5.0", "gevent==26.9.0"),
        (
            "8 threads and a prefetch of 16: its defaults",
            "dramatiq_worker_timeout 100: an idle worker looks every 100 ms at the latest instead of every second",
            "jobs that sleep under dramatiq-gevent, as its page advises for many waiting jobs",
            "process jobs in two worker processes of 8 threads: it has no other kind",
            "2,000 connections at most: with the client's limit of 100 it cannot acknowledge 100 jobs at once",
        ),
        supervises=True,
        cannot={"enqueue_bulk": NO_BULK},
    ),
    Peer(
        "arq",
        "redis",
        "python",
        "arq",
        ("arq==0.28.0", "redis==5.3.1", "hiredis==3.5.0", "uvloop==0.23.0"),
        (
            "max_jobs 100 and poll_delay 0.01: with its defaults of 10 and 0.5 s it waits more than it works",
            "keep_result 0: keeps no results; uvloop",
            "blocking bodies through the loop's threads, or a process pool of two as in its example",
        ),
        cannot={"enqueue_bulk": NO_BULK},
    ),
    Peer(
        "rq",
        "redis",
        "python",
        "rq",
        ("rq==3.0.0", "redis==8.1.0", "hiredis==3.5.0"),
        (
            "SimpleWorker for no-ops: its page on performance advises it for jobs of a few milliseconds",
            "process jobs in its usual Worker, which forks for each job, with the task imported before the fork",
            "result_ttl 0: keeps no results; log level WARNING: no lines per job",
            "5,000 jobs a drain: more would take minutes",
        ),
        jobs=5_000,
        cannot={
            "sleep_100": "one job at a time in a process",
            "sleep_1000": "one job at a time in a process",
            "thread": "no threads",
            "rerun": "a killed worker's job is put among the failed ones",
        },
    ),
    Peer(
        "celery",
        "redis",
        "python",
        "celery",
        ("celery[redis]==5.7.0", "kombu==5.7.0", "redis==8.1.0", "hiredis==3.5.0", "gevent==26.9.0"),
        (
            "pool solo for no-ops: no pool around the body; gevent where jobs sleep; else two threads or processes",
            "worker_prefetch_multiplier 128: its page on optimizing, for many short tasks",
            "broker_pool_limit 64: the same page, as many as threads that send; task_ignore_result: keeps no results",
            "no gossip, mingle and heartbeat: nothing listens to them; log level WARNING: its default",
            "20,000 jobs a drain: more would take minutes",
        ),
        jobs=20_000,
        cannot={
            "enqueue_bulk": NO_BULK,
            "rerun": "acknowledges a job when it starts and loses it; from pool solo it comes back after an hour",
        },
    ),
)
