"""``taskflow workers …``: who claims jobs, and the commands that they obey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click
import msgspec

from taskflowmq.cli.exits import some_refused
from taskflowmq.cli.options import database_option, json_option, reason_option
from taskflowmq.cli.output import emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.client.ids import parse_id
from taskflowmq.client.workers import command_worker
from taskflowmq.core.errors import Conflict, TaskFlowError, WorkerNotFound
from taskflowmq.core.job import DEFAULT_TENANT
from taskflowmq.core.workers import Command
from taskflowmq.ports.store.workers import WorkerView

_MIB = 1024 * 1024


@click.group("workers")
def command() -> None:
    """List, drain, resume and stop workers."""


@command.command("list")
@database_option
@json_option
def list_command(database_url: str | None, as_json: bool) -> None:
    """List live workers, and workers that ended within the last hour."""
    from taskflowmq.wire.worker import worker_out

    async def work(app: Any) -> Any:
        return await app.store.workers.list_workers()

    workers = with_store(database_url, work)
    if as_json:
        emit_json({"items": [worker_out(one) for one in workers]})
        return
    infos = [msgspec.json.decode(one.info) if one.info else {} for one in workers]
    # A store with one tenant needs no column of it.
    shown = ["queues"] if all(info.get("tenants") == [DEFAULT_TENANT] for info in infos) else ["tenants", "queues"]
    rows = []
    for one, info in zip(workers, infos, strict=True):
        serves = *(", ".join(info.get(what, ())) or "all" for what in shown), ", ".join(info.get("tasks", ())) or None
        running = f"{one.running}/{info['concurrency']}" if "concurrency" in info else one.running
        is_ = one.id, one.host, one.pid, one.version, one.release, one.state
        rows.append((*is_, running, *load_cells(one), *serves, one.started_at))
    columns = ("id", "host", "pid", "version", "release", "is", "running", "cpu", "memory", *shown, "tasks", "started")
    emit_table(columns, rows, empty="No workers: start one with taskflow worker", optional=("release", "cpu", "memory"))


def load_cells(view: WorkerView) -> tuple[str | None, str | None]:
    """Return how much processor time and memory a worker takes, as a table shows it."""
    if view.load is None or view.ended_at is not None:
        return None, None
    load = msgspec.json.decode(view.load)
    return f"{100 * load['cpu']:.0f}%", f"{load['rss'] / _MIB:.0f} MiB"


@command.command("drain")
@click.argument("worker_ids", metavar="ID...", nargs=-1, required=True)
@reason_option
@database_option
@json_option
def drain(worker_ids: tuple[str, ...], **given: Any) -> None:
    """Have workers claim no more jobs and finish those that run, until they are resumed.

    A worker obeys with its next heartbeat. If its process is replaced, the replacement begins drained.
    """
    _tell(given, worker_ids, Command.DRAIN, "draining")


@command.command("resume")
@click.argument("worker_ids", metavar="ID...", nargs=-1, required=True)
@reason_option
@database_option
@json_option
def resume(worker_ids: tuple[str, ...], **given: Any) -> None:
    """Have drained workers claim jobs again."""
    _tell(given, worker_ids, None, "resumed")


@command.command("stop")
@click.argument("worker_ids", metavar="ID...", nargs=-1, required=True)
@reason_option
@database_option
@json_option
def stop(worker_ids: tuple[str, ...], **given: Any) -> None:
    """Have workers drain and end their process, as after a SIGTERM. This cannot be undone.

    A supervisor does not replace them, and ends with the last one.
    """
    _tell(given, worker_ids, Command.STOP, "stopping")


def _tell(given: dict[str, Any], worker_ids: Sequence[str], wanted: Command | None, word: str) -> None:
    """Tell each worker, whatever the others answer; the first refusal decides how the command exits."""
    from taskflowmq.wire.worker import worker_out

    ids = list(dict.fromkeys(parse_id(one) for one in worker_ids))

    async def one(app: Any, worker_id: UUID) -> WorkerView | TaskFlowError:
        try:
            by = app.acting.caller(None, given["reason"])
            return await command_worker(app.store.workers, worker_id, wanted, by=by)
        except (Conflict, WorkerNotFound) as error:
            return error

    async def each(app: Any) -> list[WorkerView | TaskFlowError]:
        return [await one(app, worker_id) for worker_id in ids]

    shown: Any
    answers = with_store(given["database_url"], each)
    refused = [answer for answer in answers if isinstance(answer, TaskFlowError)]
    if refused and len(ids) == 1:
        raise refused[0]
    for worker_id, answer in zip(ids, answers, strict=True):
        if isinstance(answer, TaskFlowError):
            text, shown = str(answer), {"id": worker_id, "error": str(answer)}
        else:
            text, shown = word, worker_out(answer)
        if given["as_json"]:
            emit_json(shown)
        else:
            say(f"{worker_id}  {text}")
    if refused:
        raise some_refused(refused, len(ids), "workers")
