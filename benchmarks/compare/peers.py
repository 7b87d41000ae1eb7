"""Who is compared: versions, settings and what a peer cannot do. One adapter program per peer."""

from __future__ import annotations

from benchmarks.compare import peers_redis, peers_sql
from benchmarks.compare.peer import NO_BULK, NO_PROCESSES, NODE_THREADS, Peer

OURS = "taskflow"

_AS_SHIPPED = ("as shipped: typed arguments, INFO logs to a file, history, metrics, every duty, durable commits",)
_HUEY = (
    "one worker thread for no-ops, processes where there are two, greenlets for sleeping jobs: its own advice",
    "polls every 10 to 100 ms where it has to poll",
)

PEERS: tuple[Peer, ...] = (
    Peer("taskflow-postgres", "postgres", "python", OURS, (), _AS_SHIPPED, supervises=True),
    Peer("taskflow-sqlite", "sqlite", "python", OURS, (), _AS_SHIPPED, supervises=True),
    Peer(
        "pgqueuer",
        "postgres",
        "python",
        "pgqueuer",
        ("pgqueuer[asyncpg]==1.6.0", "asyncpg==0.32.0", "uvloop==0.23.0"),
        (
            "batch_size 500 instead of 10, so that a round trip carries many jobs; no limit of running jobs for no-ops",
            "asyncpg and uvloop: the same driver and loop as ours",
            "blocking bodies through asyncio.to_thread, as its own error message asks for",
        ),
        cannot={"process": NO_PROCESSES},
    ),
    Peer(
        "graphile-worker",
        "postgres",
        "node",
        "graphile-worker",
        ("graphile-worker@0.17.3", "pg@8.23.1"),
        (
            "concurrentJobs 24, maxPoolSize 25, localQueue.size 500: its performance page",
            "completeJobBatchDelay 0, failJobBatchDelay 0: the same page; NO_LOG_SUCCESS as in its performance test",
        ),
        cannot={"thread": NODE_THREADS, "process": NO_PROCESSES},
    ),
    Peer(
        "bullmq",
        "redis",
        "node",
        "bullmq",
        ("bullmq@6.7.0", "ioredis@6.0.0"),
        (
            "concurrency 50: the figure of its page on concurrency",
            "removeOnComplete: keeps no history, as its advice for production allows",
            "thread and process jobs in its sandboxes, two of them",
        ),
    ),
    Peer(
        "express-bullmq",
        "redis",
        "node",
        "express",
        ("express@5.3.0", "ajv@8.20.0", "bullmq@6.7.0", "ioredis@6.0.0"),
        (
            "one process with NODE_ENV=production, as its page on performance advises",
            "the body checked by a compiled schema, then queue.add or queue.addBulk, then 201",
        ),
        only_serves=True,
    ),
    Peer(
        "huey-redis",
        "redis",
        "python",
        "huey",
        ("huey==3.5.4", "redis==8.1.0", "gevent==26.9.0"),
        _HUEY,
        supervises=True,
        cannot={"enqueue_bulk": NO_BULK},
    ),
    Peer(
        "huey-sqlite",
        "sqlite",
        "python",
        "huey",
        ("huey==3.5.4", "redis==8.1.0", "gevent==26.9.0"),
        (*_HUEY, "fsync on: every commit is durable"),
        supervises=True,
        cannot={"enqueue_bulk": NO_BULK},
    ),
    *peers_sql.PEERS,
    *peers_redis.PEERS,
)


def chosen(names: str | None) -> list[Peer]:
    """Return the peers named in a comma-separated list, or all; a name also means its variants ("huey-redis")."""
    if not names:
        return list(PEERS)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = [peer.name for peer in PEERS]
    for name in wanted:
        if not any(_matches(other, name) for other in known):
            raise ValueError(f"there is no peer {name!r}; known: {', '.join(known)}")
    return [peer for peer in PEERS if any(_matches(peer.name, name) for name in wanted)]


def _matches(peer: str, wanted: str) -> bool:
    return peer == wanted or peer.startswith(f"{wanted}-")
