"""``python -m taskflowmq.bootstrap.child CONFIG``: one claiming process under a supervisor."""

from __future__ import annotations

from taskflowmq.bootstrap.group_signals import leave_signals_to_parent

if __name__ == "__main__":
    leave_signals_to_parent()

import asyncio
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

import msgspec

from taskflowmq.bootstrap.loading import include_all, load_app
from taskflowmq.bootstrap.parent import die_of_memory_first, die_with_parent
from taskflowmq.bootstrap.spawn import URL_VARIABLE, ChildConfig, Program, body_launcher
from taskflowmq.bootstrap.supervise import loop_factory, telemetry_of
from taskflowmq.client.app import BaseApp
from taskflowmq.client.hub import Hold
from taskflowmq.client.session import Session
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.outages import Outages
from taskflowmq.core.workers import Command
from taskflowmq.ports.hooks import HookFailed
from taskflowmq.telemetry.logs import configure_logging
from taskflowmq.telemetry.standard_streams import finish_streams, guard_streams
from taskflowmq.telemetry.uncaught import log_uncaught
from taskflowmq.worker import SystemClock, Worker, WorkerIdentity
from taskflowmq.worker.backoff import backoff
from taskflowmq.worker.running.fork_guard import guard_forks
from taskflowmq.worker.slots import SlotTable
from taskflowmq.worker.supervision.child import DRAIN, FINISH, HAND_BACK, PAUSE, RESUME

log = logging.getLogger("taskflowmq.worker")

HANDED_BACK = 75
#: The loop ended while there was work to do.
BROKEN = 70
#: A start hook of the app failed.
NOT_STARTED = 69


async def work(app: BaseApp, config: ChildConfig, program: Program) -> int:
    """Run a worker until the supervisor says otherwise; return the exit code."""
    clock = SystemClock()
    hold = await _keep_open(app, clock)
    identity = WorkerIdentity(
        worker_id=config.worker_id,
        supervisor=config.supervisor,
        table=SlotTable.attach(config.slots_fd),
        tenant=app.tenant,
        command=config.command,
        commands=config.commands,
        release=app.release,
    )
    worker = Worker(
        hold.session.store,
        app.tasks,
        config.options,
        clock=clock,
        telemetry=telemetry_of(app),
        identity=identity,
        launch=body_launcher(program, config.options),
    )
    loop = asyncio.get_running_loop()
    obey = _Orders(worker)
    listener = threading.Thread(
        target=_listen, args=(config.control_fd, lambda line: loop.call_soon_threadsafe(obey, line)), daemon=True
    )
    listener.start()
    try:
        handed_back = await worker.run()
    except HookFailed as error:
        log.error("this process cannot serve: %s", error, exc_info=error.__cause__)
        await hold.release(close=True)
        return NOT_STARTED
    except asyncio.CancelledError as error:
        # A handler cancelled every task. At once, before other jobs are charged for the cancellation.
        _break(error)
    await hold.release(close=True)
    return HANDED_BACK if handed_back else 0


async def _keep_open(app: BaseApp, clock: SystemClock) -> Hold[Session]:
    """Open the app's store, however long it is unreachable. Not by aopen(): a handler may close the app."""
    errors, outages = 0, Outages()
    while True:
        try:
            hold = await app.hub.keep()
        except StoreUnavailable as error:
            errors += 1
            line = outages.failed("start", error, clock.monotonic())
            if line is not None:
                log.warning("%s", line)
            await clock.sleep(backoff(errors, longest=2.0))
        else:
            line = outages.worked("start", clock.monotonic())
            if line is not None:
                log.warning("%s", line)
            return hold


def _break(error: BaseException) -> NoReturn:
    """End this process as a crash: the supervisor finds the jobs as they were."""
    log.critical("the loop of this worker ended unexpectedly", exc_info=error)
    logging.shutdown()
    finish_streams()
    os._exit(BROKEN)


class _Orders:
    """Executes the commands of the control pipe."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def __call__(self, line: str) -> None:
        command, _, argument = line.partition(" ")
        match command:
            case _ if command == DRAIN:
                self._worker.request_drain(float(argument))
            case _ if command == FINISH:
                self._worker.request_drain(float("inf"))
            case _ if command == HAND_BACK:
                self._worker.request_hand_back()
            case _ if command in (PAUSE, RESUME):
                self._worker.obey(Command.DRAIN if command == PAUSE else None)
            case _:
                log.error("unknown command: %r", line)


def _listen(fd: int, obey: Callable[[str], object]) -> None:
    """Read commands in a thread; the end of the pipe is the end of the supervisor, and ours."""
    with os.fdopen(fd, encoding="ascii", errors="replace") as pipe:
        for line in pipe:
            try:
                obey(line.strip())
            except RuntimeError:  # the loop has ended
                return
    os._exit(1)


#: ADR 2: drains faster by an eighth on SQLite; of no effect where nothing shares the interpreter.
SWITCH_INTERVAL_S = 0.0001


#: With Python's own 700, the collector runs for every second batch, and again for the survivors: a tenth of a drain
#: (ADR 2).
_COLLECT_EVERY = 10_000
_PYTHONS_OWN = (700, 2_000)  # 3.11 to 3.13, and 3.14


def tune_interpreter() -> None:
    """Configure the interpreter for many small jobs; settings of the program stay."""
    # A handler must not keep the interpreter for 5 ms while SQLite's writer thread waits for it between two statements.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    if gc.get_threshold()[0] in _PYTHONS_OWN:
        gc.set_threshold(_COLLECT_EVERY, *gc.get_threshold()[1:])


def main() -> None:
    """Become a child."""
    config = msgspec.json.decode(sys.argv[1], type=ChildConfig)
    die_with_parent(config.parent_pid)
    die_of_memory_first()
    for fd in (config.slots_fd, config.control_fd):
        os.set_inheritable(fd, False)
    guard_streams()
    configure_logging(config.log_format, config.log_level)
    log_uncaught()
    program = Program(
        spec=config.spec,
        url=os.environ[URL_VARIABLE],
        log_format=config.log_format,
        log_level=config.log_level,
    )
    app = load_app(config.spec, program.url, config.tenant)
    include_all(app, config.more)
    tune_interpreter()
    # Imported objects live as long as the process: keep the collector from walking them repeatedly.
    gc.freeze()
    # Nothing reads these fields of log records, and they are looked up for every line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    guard_forks()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        try:
            code = runner.run(work(app, config, program))
        except BaseException as error:  # noqa: BLE001 - it does not return
            # A handler stopped the loop, or cancelled all tasks. Closing the loop in order would cancel the bodies, and
            # their jobs would fail for what another one did; this way the supervisor finds them as they were.
            _break(error)
        logging.shutdown()
        finish_streams()
        # Not sys.exit: an abandoned thread must not delay the end.
        os._exit(code)


if __name__ == "__main__":
    main()
