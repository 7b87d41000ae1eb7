"""``python -m taskflowmq.bootstrap.body CONFIG``: a killable process that runs bodies, without a store."""

from __future__ import annotations

from taskflowmq.bootstrap.group_signals import leave_signals_to_parent

if __name__ == "__main__":
    leave_signals_to_parent()

import os
import sys

import msgspec

from taskflowmq.bootstrap.loading import load_app, load_tasks
from taskflowmq.bootstrap.parent import become_body, die_with_parent
from taskflowmq.bootstrap.spawn import URL_VARIABLE, BodyConfig
from taskflowmq.telemetry.logs import configure_logging
from taskflowmq.telemetry.standard_streams import guard_streams
from taskflowmq.telemetry.uncaught import log_uncaught
from taskflowmq.worker.running.body import Pipe, serve
from taskflowmq.worker.running.capture import Records
from taskflowmq.worker.running.pipe_logs import send_logs


def main() -> None:
    """Become a body process."""
    config = msgspec.json.decode(sys.argv[1], type=BodyConfig)
    become_body()
    die_with_parent(config.parent_pid)
    os.set_inheritable(config.fd, False)
    guard_streams()
    pipe = Pipe(config.fd)
    if config.log_levels is None:
        configure_logging(config.log_format, config.log_level)
    else:
        send_logs(pipe.send_log, config.log_levels)
    log_uncaught()
    if config.tasks:
        tasks = load_tasks(config.tasks, config.hooks)
        if config.log_levels is not None:  # once more: the program's modules may have set logging up
            send_logs(pipe.send_log, config.log_levels)
    else:
        tasks = load_app(config.spec, os.environ[URL_VARIABLE]).tasks
    if config.keeps_records:
        Records().begin()
    serve(pipe, tasks, keeps_lines=config.keeps_lines)


if __name__ == "__main__":
    main()
