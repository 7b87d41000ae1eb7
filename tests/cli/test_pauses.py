"""Who paused a queue and why, on the command line."""

from __future__ import annotations

import re

from tests.cli.conftest import Cli


def test_the_reason_of_a_pause_is_shown_where_the_queue_is_listed_and_where_its_jobs_wait(cli: Cli) -> None:
    job_id = cli("enqueue", "test", '{"message": "hi"}', "--queue", "mail").out.strip()
    assert "PAUSED" not in cli("queues", "list").out.splitlines()[0].split()
    assert cli("queues", "pause", "mail", "--reason", "provider is down").code == 0
    (queue,) = cli("queues", "list", "--json").json["items"]
    assert queue["reason"] == "provider is down"
    assert queue["paused_by"].startswith("cli")
    said = rf"since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC by {queue['paused_by']} \(provider is down\)"
    assert re.search(said, cli("queues", "list").out)
    assert re.search(f"queue 'mail' is paused {said}: taskflow queues resume mail", cli("jobs", "show", job_id).out)
    refused = cli("queues", "pause", "mail", "--reason", "two\nlines")
    assert (refused.code, "must be one line" in refused.err) == (2, True)
