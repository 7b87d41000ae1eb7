"""``taskflow worker``: a supervisor and its children."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import click

from taskflowmq.cli.options import app_argument, database_option, json_option, log_options, option, tenant_option
from taskflowmq.cli.reload import reload_option, run_reloaded
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job_logs import JobLogs

if TYPE_CHECKING:
    from taskflowmq.client.app import BaseApp
    from taskflowmq.worker import Supervisor, WorkerOptions

log = logging.getLogger("taskflowmq.worker")
#: This many consecutive checks must find no job before a burst is over: between two jobs a worker has none briefly.
IDLE_LOOKS = 3

#: The flags of :func:`worker_options` and :func:`pace_options`, as settings know them.
WORKER_FLAGS = (
    "tenants",
    "queues",
    "concurrency",
    "processes",
    "drain_timeout",
    "heartbeat",
    "job_logs",
    "job_log_records",
)
PACE_FLAGS = (
    "lease",
    "sweep",
    "poll",
    "retention_completed",
    "retention_cancelled",
    "retention_dead",
    "retention_audit",
    "keep_finished",
    "history",
    "history_detail",
)


def worker_options(command: Any) -> Any:
    """Take what decides how jobs are run."""
    for decorate in reversed(
        (
            option(
                "--tenants",
                env="TASKFLOW_TENANTS",
                metavar="A,B",
                help="Tenants to serve, in any order, or all; default: that of the app.",
            ),
            option(
                "--queues", env="TASKFLOW_QUEUES", metavar="A,B", help="Queues to serve, in any order; default: all."
            ),
            option(
                "--concurrency", env="TASKFLOW_CONCURRENCY", type=int, help="Concurrent jobs per child; default 50."
            ),
            option("--processes", env="TASKFLOW_PROCESSES", type=int, help="Number of children; default 1."),
            option(
                "--drain-timeout",
                env="TASKFLOW_DRAIN_SECONDS",
                type=float,
                help="Time limit of a drain, in seconds; default 30.",
            ),
            option(
                "--heartbeat",
                env="TASKFLOW_HEARTBEAT_SECONDS",
                type=float,
                help="Heartbeat interval in seconds, at most half the lease; default 10.",
            ),
            option(
                "--job-logs",
                env="TASKFLOW_JOB_LOGS",
                type=click.Choice([kept.value for kept in JobLogs]),
                help="Attempts whose log lines are kept with the job: auto (those that fail or run longer than 2 s), "
                "all or off; default auto.",
            ),
            option(
                "--job-log-records",
                env="TASKFLOW_JOB_LOG_RECORDS",
                type=click.Choice(["on", "off"]),
                help="Whether lines that handlers write to any logger are kept, besides those of ctx.log; default off.",
            ),
        )
    ):
        command = decorate(command)
    return command


def pace_options(command: Any) -> Any:
    """Take how often a node does its duties, and what it keeps. Needs what :data:`PACE_FLAGS` names."""
    for decorate in reversed(
        (
            option(
                "--lease",
                env="TASKFLOW_LEASE_SECONDS",
                type=float,
                help="Lease in seconds: a worker without heartbeats is considered lost after it; default 30.",
            ),
            option(
                "--sweep",
                env="TASKFLOW_SWEEP_SECONDS",
                type=float,
                help="Interval of the rescue sweep, in seconds; default 5.",
            ),
            option(
                "--poll",
                env="TASKFLOW_POLL_SECONDS",
                type=float,
                help="Polling interval in seconds when no wake-up arrives; default 1.",
            ),
            *(
                option(
                    f"--retention-{state}",
                    env=f"TASKFLOW_RETENTION_{state.upper()}",
                    metavar="AGE",
                    help=f"How long {state} jobs are kept: 7d, 12h, never; default {usual}.",
                )
                for state, usual in (("completed", "7d"), ("cancelled", "7d"), ("dead", "30d"))
            ),
            option(
                "--retention-audit",
                env="TASKFLOW_RETENTION_AUDIT",
                metavar="AGE",
                help="How long the audit of operators' acts is kept: 90d, never; default 365d.",
            ),
            option(
                "--keep-finished",
                env="TASKFLOW_KEEP_FINISHED",
                type=int,
                help="Approximate maximum number of ended jobs kept, besides dead ones; default: no limit.",
            ),
            option(
                "--history",
                env="TASKFLOW_HISTORY",
                metavar="AGE",
                help="How long figures of jobs are kept, by the hour; default 90d.",
            ),
            option(
                "--history-detail",
                env="TASKFLOW_HISTORY_DETAIL",
                metavar="AGE",
                help="How long figures of jobs are kept by the minute; default 2d.",
            ),
        )
    ):
        command = decorate(command)
    return command


def duties_option(command: Any) -> Any:
    """Take --no-duties."""
    return option("--no-duties", env="TASKFLOW_NO_DUTIES", is_flag=True, help="Run no periodic duties on this node.")(
        command
    )


def flags_of(given: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the flags of these settings from the command line."""
    return {name: given[name] for name in names}


@click.command("worker")
@app_argument
@worker_options
@pace_options
@option("--max-jobs", env="TASKFLOW_MAX_JOBS", type=click.IntRange(1), help="Replace a child after this many jobs.")
@option(
    "--max-memory",
    env="TASKFLOW_MAX_MEMORY_MB",
    type=click.IntRange(1),
    help="Replace a child that uses more than this many MB of memory.",
)
@option(
    "--health-port",
    env="TASKFLOW_HEALTH_PORT",
    type=click.IntRange(0, 65_535),
    help="Port that serves probes and /metrics.",
)
@option("--health-host", env="TASKFLOW_HEALTH_HOST", default="127.0.0.1", help="Address of the probe port.")
@option("--burst", env="TASKFLOW_BURST", is_flag=True, help="Exit when no job is left to run.")
@reload_option
@duties_option
@tenant_option
@database_option
@log_options
@json_option
def command(app: str | None, **given: Any) -> int:
    """Run the jobs of APP. The first SIGTERM drains; a second hands running jobs back at once.

    SIGHUP drains, SIGQUIT hands back at once. Exits 0 after a clean drain, 75 when jobs were handed back.
    """
    if given["reload"]:
        return run_reloaded("taskflow worker")
    from taskflowmq.bootstrap.settings import check_task_settings, load_settings
    from taskflowmq.bootstrap.signals import spare_user_signals
    from taskflowmq.bootstrap.supervise import loop_factory, options_of
    from taskflowmq.cli.program import load, start_logging
    from taskflowmq.server.files import raise_file_limit
    from taskflowmq.telemetry.multiproc import share_metrics

    spare_user_signals()
    start_logging(given["log_format"], given["log_level"])
    raise_file_limit()
    options = options_of(
        load_settings(**flags_of(given, WORKER_FLAGS + PACE_FLAGS)),
        max_jobs=given["max_jobs"],
        max_rss_mb=given["max_memory"],
        run_duties=not given["no_duties"],
    )
    check_task_settings()
    with share_metrics():
        loaded = load(app, given["database_url"], given["tenant"])
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(_work(loaded, app, options, given))


async def _work(app: BaseApp, spec: str | None, options: WorkerOptions, given: dict[str, Any]) -> int:
    from taskflowmq.bootstrap.signals import hear_signals
    from taskflowmq.bootstrap.supervise import introduction, make_supervisor
    from taskflowmq.cli.exits import Exit
    from taskflowmq.cli.output import emit_json

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app)
        await stack.enter_async_context(app.hub.kept())
        supervisor = make_supervisor(app, spec, options, log_format=given["log_format"], log_level=given["log_level"])
        hear_signals(supervisor.request_drain, supervisor.request_hand_back)
        probes = None
        if given["health_port"] is not None:
            probes = await stack.enter_async_context(
                _probes(app, supervisor, given["health_host"], given["health_port"])
            )
        log.info("%s", introduction(app, options))
        if given["as_json"]:
            emit_json({"processes": options.processes, "store": app.store.url, "probes": probes})
        if given["burst"]:
            stack.push_async_callback(_cancel, asyncio.create_task(_drain_when_idle(app, supervisor, options.poll)))
        return Exit.HANDED_BACK if await supervisor.run() else Exit.OK


async def _drain_when_idle(app: BaseApp, supervisor: Supervisor, poll: float) -> None:
    """Drain when a few consecutive checks find claims answered and no job running here."""
    quiet = 0
    while quiet < IDLE_LOOKS:
        await asyncio.sleep(poll)
        quiet = 0 if await _is_busy(app, supervisor) else quiet + 1
    log.info("no job is left to run")
    supervisor.request_drain()


async def _is_busy(app: BaseApp, supervisor: Supervisor) -> bool:
    try:
        workers = await app.store.workers.list_workers()
    except StoreUnavailable:
        return True
    own = [one for one in workers if one.supervisor == supervisor.id and one.ended_at is None]
    return not supervisor.claiming or not own or any(one.running for one in own)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _probes(app: BaseApp, supervisor: Supervisor, host: str, port: int) -> Any:
    from taskflowmq.bootstrap.supervise import loop_factory
    from taskflowmq.server.aside import asked_of, serving_aside
    from taskflowmq.server.probes import create_probes
    from taskflowmq.server.run import bind
    from taskflowmq.server.settings import ServerSettings, keys_from
    from taskflowmq.telemetry.prometheus import PrometheusTelemetry

    async def working() -> bool:
        await app.store.ping()
        return supervisor.claiming

    settings = ServerSettings(host=host, port=port, api_keys=keys_from(os.environ))
    # Without keys the probes still answer other machines, and /metrics does not.
    settings.check_keys()
    metrics = app.telemetry if isinstance(app.telemetry, PrometheusTelemetry) else PrometheusTelemetry()
    loop = asyncio.get_running_loop()
    probes = create_probes(asked_of(loop, working), asked_of(loop, app.store.stats.count_all), metrics, settings)
    return serving_aside(probes, bind(host, port), loop_factory())
