"""The playground: stress tests that this server process makes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, RawBody

from taskflowmq.core.errors import PlaygroundRunNotFound
from taskflowmq.core.job import State
from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.server.api.operator import operator_of, told
from taskflowmq.server.api.playground import Playground, PlaygroundRun
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.problems import TITLES, Problem
from taskflowmq.wire.history import Percentiles
from taskflowmq.wire.playground import (
    PlaygroundBody,
    PlaygroundMixOut,
    PlaygroundPoints,
    PlaygroundRunDetail,
    PlaygroundRunList,
    PlaygroundRunOut,
    PlaygroundWorker,
)

TAGS = ["playground"]
MOST_WORKERS = 20


@post("/playground/runs", operation_id="startPlaygroundRun", summary="Start a stress test", tags=TAGS, status_code=201)
async def start_run(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> PlaygroundRunOut:
    """Enqueue jobs of built-in tasks at a steady rate, to the queue `playground`. Only where the server has a
    playground (`taskflow dev`, `taskflow demo`), otherwise 404.

    One run at a time in a server process (409); it ends with that. Its jobs are ordinary jobs with the run's tag: they
    stay until retention, or an operator, deletes them.
    """
    playground, asked = _playground(services), decode_body(PlaygroundBody, body)
    return _out(await playground.start(asked.order(), by=operator_of(request, asked.reason)))


@get("/playground/runs", operation_id="listPlaygroundRuns", summary="List stress tests", tags=TAGS)
async def list_runs(services: Shared) -> PlaygroundRunList:
    """Return the runs of this server process, newest first."""
    playground = _playground(services)
    return PlaygroundRunList(items=[_out(run) for run in playground.runs()], served=await playground.is_served())


@get("/playground/runs/{run_id:str}", operation_id="getPlaygroundRun", summary="Read a stress test", tags=TAGS)
async def get_run(run_id: FromPath[str], services: Shared) -> PlaygroundRunDetail:
    """Return a run with its course and the workers that its jobs ran on."""
    run = _playground(services).get(_id(run_id))
    known = {str(view.id): view for view in await services.session.asked.workers.list_workers()}
    workers = [_worker(name, jobs, known.get(name)) for name, jobs in run.tally.by_worker.most_common(MOST_WORKERS)]
    columns = dict(zip(PlaygroundPoints.__struct_fields__, map(list, zip(*run.tally.points, strict=True)), strict=True))
    points = msgspec.convert(columns, PlaygroundPoints)
    return PlaygroundRunDetail(**msgspec.structs.asdict(_out(run)), points=points, workers=workers)


@post(
    "/playground/runs/{run_id:str}/stop",
    operation_id="stopPlaygroundRun",
    summary="Stop a stress test",
    tags=TAGS,
    status_code=200,
)
async def stop_run(
    run_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> PlaygroundRunOut:
    """End the enqueuing of a run. Its jobs stay, and are followed to their end. If it enqueues no more, returns 409."""
    playground = _playground(services)
    return _out(await playground.stop(_id(run_id), by=told(request, body)))


def _playground(services: Services) -> Playground:
    if services.playground is None:
        raise Problem(404, "not_found", TITLES[404])
    return services.playground


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise PlaygroundRunNotFound(f"there is no run {text:.80}") from error


def _worker(worker_id: str, jobs: int, view: WorkerView | None) -> PlaygroundWorker:
    host, pid = (None, None) if view is None else (view.host, view.pid)
    return PlaygroundWorker(id=worker_id, host=host, pid=pid, jobs=jobs)


def _out(run: PlaygroundRun) -> PlaygroundRunOut:
    order, tally = run.order, run.tally
    return PlaygroundRunOut(
        id=run.id,
        tag=run.tag,
        state=run.state.value,
        rate=order.rate,
        seconds=order.seconds,
        mix=PlaygroundMixOut(**{str(kind): weight for kind, weight in order.mix.items()}),
        fail=order.fail,
        started_at=run.started_at,
        actor=run.by.actor,
        stopped_by=run.stopped_by,
        as_of=run.as_of,
        elapsed=run.elapsed,
        asked=order.total,
        enqueued=tally.enqueued,
        rate_reached=run.rate,
        waiting=tally.waiting,
        running=tally.running,
        completed=tally.ended[State.COMPLETED],
        failed=tally.failed,
        dead=tally.ended[State.DEAD],
        cancelled=tally.ended[State.CANCELLED],
        gone=tally.gone,
        throughput=run.throughput,
        wait=_percentiles(tally.waits.percentiles()),
        run=_percentiles(tally.runs.percentiles()),
        problem=run.problem,
    )


def _percentiles(found: tuple[float | None, ...]) -> Percentiles:
    return Percentiles(p50=found[0], p95=found[1], p99=found[2])
