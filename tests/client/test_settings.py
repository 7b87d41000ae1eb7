from __future__ import annotations

from typing import Any

import pytest

from taskflowmq.bootstrap.settings import InvalidSetting, load_settings
from taskflowmq.bootstrap.stores import UnknownScheme, make_store
from taskflowmq.core.job_logs import JobLogs
from taskflowmq.worker.options import WorkerOptions


def test_a_flag_wins_over_the_environment_and_that_over_the_default() -> None:
    env = {"TASKFLOW_POLL_SECONDS": "0.5", "TASKFLOW_SWEEP_SECONDS": "3", "TASKFLOW_QUEUES": "a, b"}
    settings = load_settings({**env, "TASKFLOW_TENANTS": "x"}, poll=0.25, sweep=None, tenants="y,z")
    assert (settings.poll, settings.sweep, settings.lease, settings.queues) == (0.25, 3, 30, ("a", "b"))
    assert settings.tenants == ("y", "z")


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"TASKFLOW_POLL_SECONDS": "often"}, "TASKFLOW_POLL_SECONDS must be 0.001…3600 seconds, got 'often'"),
        ({"TASKFLOW_POLL_SECONDS": "nan"}, "TASKFLOW_POLL_SECONDS"),
        ({"TASKFLOW_PROCESSES": "many"}, "TASKFLOW_PROCESSES must be a whole number 1…1000"),
        ({"TASKFLOW_BROKER_URL": "redis://127.0.0.1"}, "TASKFLOW_BROKER_URL is set, but this version has no brokers"),
        ({"TASKFLOW_CONCURRENCY": "0"}, "TASKFLOW_CONCURRENCY"),
        ({"TASKFLOW_QUEUES": " , "}, "TASKFLOW_QUEUES is set but empty"),
        ({"TASKFLOW_TENANTS": ","}, "TASKFLOW_TENANTS is set but empty"),
        ({"TASKFLOW_HEARTBEAT_SECONDS": "20"}, "TASKFLOW_HEARTBEAT_SECONDS is 20, more than half"),
    ],
)
def test_a_wrong_value_names_its_variable(env: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidSetting, match=named):
        load_settings(env)


def test_a_wrong_flag_names_the_flag() -> None:
    with pytest.raises(InvalidSetting, match="--drain-timeout"):
        load_settings({}, drain_timeout=-1)


def test_a_short_lease_alone_shortens_the_heartbeat() -> None:
    assert load_settings({"TASKFLOW_LEASE_SECONDS": "3"}).heartbeat == 1


@pytest.mark.parametrize("url", ["mysql://x", "taskflow.db", "sqlite://", "sqlite:///", "sqlite://rel.db"])
def test_an_unknown_database_says_what_is_allowed(url: str) -> None:
    with pytest.raises(UnknownScheme, match=r"sqlite:///relative\.db"):
        make_store(url)


@pytest.mark.parametrize(
    "url", ["postgres://u@h/d", "postgresql+psycopg://u@h/d", "sqlite:////tmp/nowhere/x.db", "SQLITE:///x.db"]
)
def test_a_store_is_made_without_touching_anything(url: str) -> None:
    made: Any = make_store(url)
    assert made.url


def test_the_history_has_two_ages() -> None:
    settings = load_settings({"TASKFLOW_HISTORY": "30d", "TASKFLOW_HISTORY_DETAIL": "6h"})
    assert (settings.history, settings.history_detail) == (30 * 86_400, 6 * 3_600)
    for name, value in (("TASKFLOW_HISTORY", "never"), ("TASKFLOW_HISTORY", "1h"), ("TASKFLOW_HISTORY_DETAIL", "32d")):
        with pytest.raises(InvalidSetting, match=f"{name} must be an age .*, got '{value}'"):
            load_settings({name: value})


def test_logs_of_jobs_are_kept_as_the_settings_say() -> None:
    settings = load_settings({"TASKFLOW_JOB_LOGS": "all"}, job_log_records="on")
    assert (settings.job_logs, settings.job_log_records) == (JobLogs.ALL, True)
    assert (load_settings({}).job_logs, load_settings({}).job_log_records) == (JobLogs.AUTO, False)
    assert WorkerOptions(job_logs="off").job_logs is JobLogs.OFF  # type: ignore[arg-type]
    with pytest.raises(InvalidSetting, match="TASKFLOW_JOB_LOGS must be off, auto, all, got 'some'"):
        load_settings({"TASKFLOW_JOB_LOGS": "some"})
    with pytest.raises(InvalidSetting, match="TASKFLOW_JOB_LOG_RECORDS must be on or off, got 'yes'"):
        load_settings({"TASKFLOW_JOB_LOG_RECORDS": "yes"})
    with pytest.raises(ValueError, match="job_logs must be one of off, auto, all, got 'some'"):
        WorkerOptions(job_logs="some")  # type: ignore[arg-type]
