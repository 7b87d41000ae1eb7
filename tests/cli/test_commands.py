"""Commands that end by themselves: what they write, where, and how they end."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Cli

from taskflowmq.bootstrap.loading import default_app
from taskflowmq.cli.enqueue import command
from taskflowmq.cli.exits import Exit
from taskflowmq.core.validation import MAX_NAME_LENGTH
from taskflowmq.wire.job import JobBody

GOLDEN = Path(__file__).parent / "golden"
NOBODY = "00000000-0000-4000-8000-000000000001"


def _work(url: str) -> None:
    """Run everything that is ready."""

    async def work() -> None:
        app = default_app(url)
        async with app:
            await app.worker().arun_until_idle()

    asyncio.run(work())


def _normal(text: str) -> str:
    """Replace what differs from run to run."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)
    return re.sub(r'"oldest_ready_age":[\d.e-]+', '"oldest_ready_age":<age>', text)


def _enqueued(cli: Cli, *more: str) -> str:
    ran = cli("enqueue", "test", '{"message": "hi", "seconds": 0.0}', *more)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def test_enqueue_writes_the_id_and_nothing_else_to_standard_output(cli: Cli) -> None:
    job_id = _enqueued(cli)
    assert re.fullmatch(r"[0-9a-f-]{36}", job_id)
    shown = cli("jobs", "show", job_id)
    assert shown.code == 0
    assert "pending" in shown.out
    assert '{"message":"hi","seconds":0.0}' in shown.out


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("enqueue", ("enqueue", "test", '{"message": "hi"}', "--queue", "q", "--priority", "-3", "--delay", "60")),
        ("jobs_list", ("jobs", "list")),
        ("jobs_stats", ("jobs", "stats")),
        ("queues_list", ("queues", "list")),
        ("queues_pause", ("queues", "pause", "q")),
        ("workers_list", ("workers", "list")),
        ("db_migrate", ("db", "migrate")),
    ],
)
def test_json_has_agreed_keys(name: str, arguments: tuple[str, ...], cli: Cli) -> None:
    _enqueued(cli, "--queue", "q")
    ran = cli(*arguments, "--json")
    assert ran.code == 0, ran.err
    assert _normal(ran.out) == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_enqueue_takes_all_that_rest_takes(cli: Cli, url: str) -> None:
    job_id = _enqueued(
        cli, "--run-at", "2031-01-01T12:00:00+02:00", "--max-attempts", "7", "--timeout", "2.5", "--expires-in",
        "172800000", "--tag", "a", "--tag", "b c", "--meta", '{"order": 1}', "--traceparent", TRACE,
        "--priority", "-3", "--queue", "q", "--unique-key", "k",
    )  # fmt: skip
    job = cli("jobs", "show", job_id, "--json").json["job"]
    assert (job["run_at"], job["state"]) == ("2031-01-01T10:00:00Z", "scheduled")
    assert (job["max_attempts"], job["timeout"], job["priority"], job["queue"]) == (7, 2.5, -3, "q")
    assert (job["tags"], job["meta"], job["unique_key"]) == (["a", "b c"], {"order": 1}, "k")
    assert job["expires_at"] > job["run_at"]
    # Whatever a REST body may say, an option says too.
    options = {option.name for option in command.params}
    assert set(JobBody.__struct_fields__) <= options


def test_a_repeat_with_the_same_idempotency_key_answers_with_the_first_job(cli: Cli) -> None:
    assert _enqueued(cli, "--idempotency-key", "once") == _enqueued(cli, "--idempotency-key", "once")
    changed = cli("enqueue", "test", '{"message": "other"}', "--idempotency-key", "once")
    assert changed.code == 5


def test_arguments_may_come_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 200_000  # more than one argument of a command may have
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f'{{"message": "{long}"}}'.encode())))
    job_id = cli("enqueue", "test", "-").out.strip()
    assert cli("jobs", "show", job_id, "--json").json["job"]["args"] == {"message": long}


def test_jobs_are_listed_by_when_they_were_created(cli: Cli) -> None:
    _enqueued(cli)
    assert len(cli("jobs", "list", "--created-after", "2020-01-01T00:00:00Z", "--json").json["items"]) == 1
    assert cli("jobs", "list", "--created-before", "2020-01-01T00:00:00Z").out == "No jobs.\n"


def test_jobs_are_shown_with_their_attempts(cli: Cli, url: str) -> None:
    job_id = _enqueued(cli)
    _work(url)
    found = cli("jobs", "show", job_id, "--json").json
    assert found["job"]["state"] == "completed"
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["completed"]
    listed = cli("jobs", "list", "--state", "completed,dead", "--task", "test")
    assert job_id in listed.out
    assert cli("jobs", "list", "--state", "dead").out == "No jobs.\n"


def test_pages_continue_below_the_last_job(cli: Cli) -> None:
    ids = [_enqueued(cli) for _ in range(3)]
    page = cli("jobs", "list", "--limit", "2", "--json").json
    assert [job["id"] for job in page["items"]] == [ids[2], ids[1]]
    rest = cli("jobs", "list", "--before", page["next"], "--json").json
    assert [job["id"] for job in rest["items"]] == [ids[0]]
    assert rest["next"] is None


def test_a_job_is_cancelled_then_deleted(cli: Cli) -> None:
    job_id = _enqueued(cli)
    assert cli("jobs", "delete", job_id).code == 5
    assert cli("jobs", "cancel", job_id).out == "cancelled\n"
    assert cli("jobs", "cancel", job_id).code == 5
    assert cli("jobs", "retry", job_id).code == 5
    assert cli("jobs", "delete", job_id, "--json").json == {"id": job_id, "answer": "deleted"}
    assert cli("jobs", "show", job_id).code == 4


def test_a_delayed_job_is_made_due(cli: Cli) -> None:
    assert cli("jobs", "retry", _enqueued(cli, "--delay", "600")).out == "due now\n"


def test_wait_shows_the_result_and_fails_like_the_job(cli: Cli, url: str) -> None:
    good = _enqueued(cli)
    bad = cli("enqueue", "http", '{"url": "ftp://nowhere"}').out.strip()
    _work(url)
    assert cli("jobs", "wait", good).out == '{"message":"hi","seconds":0.0}\n'
    failed = cli("jobs", "wait", bad, "--timeout", "0.05", "--json")
    assert failed.code in (1, 6)


def test_queues_are_paused_and_resumed(cli: Cli) -> None:
    _enqueued(cli, "--queue", "mail")
    assert cli("queues", "pause", "mail").out == "mail: paused\n"
    assert cli("queues", "list", "--json").json["items"][0]["paused_at"] is not None
    assert cli("queues", "resume", "mail", "--json").json == {"queue": "mail", "answer": "resumed"}
    assert cli("queues", "list", "--json").json["items"][0]["paused_at"] is None


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_a_misspelt_queue_is_neither_made_nor_said_to_be_steered(action: str, cli: Cli) -> None:
    _enqueued(cli, "--queue", "email")
    ran = cli("queues", action, "emial")
    assert (ran.code, ran.out) == (4, "")
    assert "queue 'emial' does not exist: did you mean 'email'?" in ran.err
    assert [queue["name"] for queue in cli("queues", "list", "--json").json["items"]] == ["email"]
    assert cli("queues", "pause", "emial", "--create").code == 0


def test_a_queue_keeps_its_jobs_for_another_time(cli: Cli) -> None:
    cli("db", "migrate")
    ages = ("--retention-completed", "1d", "--retention-dead", "never")
    assert cli("queues", "set", "mail", *ages).code == 4
    assert cli("queues", "set", "mail", *ages, "--create").out == "mail: set\n"
    assert "completed 1d, dead never" in cli("queues", "list").out
    assert cli("queues", "set", "mail", "--retention-dead", "default").code == 0
    assert cli("queues", "list", "--json").json["items"][0]["retention"] == {"completed": 86_400.0}
    assert cli("queues", "set", "mail").code == 2
    wrong = cli("queues", "set", "mail", "--retention-dead", "soon")
    assert (wrong.code, "must be an age like 7d" in wrong.err) == (2, True)


@pytest.mark.parametrize("words", [("--retention-dead", "soon"), ("--keep-finished", "0"), ("--retention-dead", "0")])
def test_a_retention_that_is_none_is_refused_at_the_start(words: tuple[str, ...], cli: Cli) -> None:
    for name in ("worker", "server", "scheduler"):
        ran = cli(name, *words)
        assert (ran.code, ran.out) == (2, "")
        assert f"{words[0]} must be" in ran.err


def test_a_new_store_is_migrated_once(cli: Cli) -> None:
    status = cli("db", "status", "--json")
    assert status.code == 1
    assert status.json["version"] == 0
    pending = status.json["pending"]
    assert pending
    dry = cli("db", "migrate", "--dry-run")
    assert "CREATE TABLE" in dry.out
    assert cli("db", "status").code == 1
    assert cli("db", "migrate", "--json").json == {"applied": pending}
    assert cli("db", "migrate").out == "No migration is pending.\n"
    assert cli("db", "status").code == 0


def test_doctor_says_what_to_do(cli: Cli) -> None:
    fresh = cli("doctor", "--json")
    assert fresh.code == 1
    verdicts = {check["name"]: check for check in fresh.json["checks"]}
    assert (verdicts["schema"]["verdict"], verdicts["schema"]["fix"]) == ("FAIL", "run: taskflow db migrate")
    assert fresh.json["ok"] is False
    _enqueued(cli, "--queue", "lonely")
    after = cli("doctor")
    assert after.code == 0, after.out
    assert "OK    places" in after.out
    assert "1 job in queue lonely, which no live worker serves" in after.out
    assert "run: taskflow worker --queues lonely" in after.out


@pytest.mark.parametrize("words", [("worker",), ("dev", "--port", "0")])
def test_a_malformed_setting_of_a_built_in_task_is_refused_at_the_start(
    words: tuple[str, ...], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_HTTP_ALLOW", "not a host!!")
    ran = cli(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "TASKFLOW_HTTP_ALLOW" in ran.err
    assert "not a host!!" in ran.err
    found = {check["name"]: check for check in cli("doctor", "--json").json["checks"]}["settings"]
    assert found["verdict"] == "FAIL"
    assert "TASKFLOW_HTTP_ALLOW" in found["detail"]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (2, ("jobs", "list", "--limit", "0")),
        (2, ("nonsense",)),
        (2, ("enqueue",)),
        (2, ("enqueue", "test", "{broken")),
        (2, ("enqueue", "test", "[1]")),
        (2, ("enqueue", "test", '{"nope": 1}')),
        (2, ("enqueue", "test", "--delay", "-1")),
        (2, ("enqueue", "test", "--in", "soon")),
        (2, ("enqueue", "test", "--priority", "101")),
        (2, ("enqueue", "test", "--run-at", "tomorrow")),
        (2, ("enqueue", "test", "--run-at", "2031-01-01T12:00:00")),
        (2, ("enqueue", "test", "--run-at", "2031-01-01T12:00:00Z", "--delay", "1")),
        (2, ("enqueue", "test", "--max-attempts", "0")),
        (2, ("enqueue", "test", "--timeout", "0")),
        (2, ("enqueue", "test", "--expires-in", "nan")),
        (2, ("enqueue", "test", "--meta", "[]")),
        (2, ("enqueue", "test", "--meta", "{")),
        (2, ("enqueue", "test", "--tag", "")),
        (2, ("enqueue", "test", "--traceparent", "nonsense")),
        (2, ("jobs", "list", "--created-after", "yesterday")),
        (2, ("scheduler", "--sweep", "0")),
        (2, ("server", "--lease", "0")),
        (2, ("jobs", "list", "--state", "nope")),
        (2, ("jobs", "show", "no-uuid")),
        (2, ("jobs", "list", "--database-url", "mysql://host/db")),
        (2, ("server", "--host", "0.0.0.0")),
        (2, ("server", "--prefix", "//evil.example")),
        (2, ("dashboard", "--frame-ancestors", "*; script-src *")),
        (2, ("server", "no_such_module:app")),
        (2, ("dev", "--demo", "no_such_module:demo")),
        (2, ("worker", "--concurrency", "0")),
        (2, ("worker", "--max-jobs", "0")),
        (2, ("worker", "--max-memory", "-5")),
        (2, ("enqueue", "test", "--delay", "60", "--expires-in", "60")),
        (2, ("enqueue", "test", "--wait", "--wait-timeout", "-1")),
        (2, ("enqueue", "test", "--wait", "--wait-timeout", "nan")),
        (2, ("enqueue", "test", "--wait-timeout", "1")),
        (3, ("jobs", "list", "--database-url", "sqlite:////proc/nowhere/jobs.db")),
        (4, ("enqueue", "no-such-task")),
        (4, ("jobs", "show", NOBODY)),
        (4, ("jobs", "cancel", NOBODY)),
        (4, ("jobs", "wait", NOBODY)),
    ],
)
def test_errors_say_what_happened_on_standard_error(code: int, arguments: tuple[str, ...], cli: Cli) -> None:
    cli("db", "migrate")
    ran = cli(*arguments)
    assert ran.code == code, (ran.out, ran.err)
    assert ran.out == ""
    assert ran.err.strip()
    assert "Traceback" not in ran.err
    if code == 2 and arguments[0] == "enqueue":  # a slip is found before anything is stored
        assert cli("jobs", "list").out == "No jobs.\n"


def test_a_wait_that_is_over_ends_with_6(cli: Cli) -> None:
    ran = cli("jobs", "wait", _enqueued(cli, "--delay", "600"), "--timeout", "0.05")
    assert (ran.code, ran.out) == (6, "")


def test_a_held_unique_key_names_the_holder(cli: Cli) -> None:
    first = cli("enqueue", "test", "--unique-key", "k", "--json").json
    second = cli("enqueue", "test", "--unique-key", "k", "--json").json
    assert first == {"id": second["id"], "created": True}
    assert second["created"] is False


def test_errors_can_be_json_too(cli: Cli) -> None:
    import json

    cli("db", "migrate")
    error = json.loads(cli("jobs", "show", NOBODY, "--json").err)["error"]
    assert error["exit_code"] == 4
    assert NOBODY in error["message"]
    assert error["advice"]


@pytest.mark.parametrize(
    "words",
    [
        "dev",
        "server",
        "dashboard",
        "worker",
        "scheduler",
        "enqueue",
        "doctor",
        "version",
        "jobs list",
        "jobs wait",
        "db migrate",
    ],
)
def test_help_shows_every_environment_variable(words: str, cli: Cli) -> None:
    ran = cli(*words.split(), "--help")
    assert ran.code == 0
    flat = " ".join(ran.out.split())
    for part in re.split(r"(?<!,)(?= --[a-z])", flat.split("Options:")[1].split(" -h, --help")[0]):
        # Those two are of one call: from the environment, they would be of every later one.
        if part.strip().startswith("--") and not part.strip().startswith(("--before", "--finish")):
            assert "env var: TASKFLOW_" in part, part


def test_the_version_is_an_option_too(cli: Cli) -> None:
    ran = cli("--version")
    assert (ran.code, ran.out) == (0, f"taskflow {cli('version', '--json').json['taskflowmq']}\n")


def test_an_option_may_come_from_the_environment(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    _enqueued(cli)
    monkeypatch.setenv("TASKFLOW_JSON", "1")
    monkeypatch.setenv("TASKFLOW_STATE", "dead")
    found: Any = cli("jobs", "list").json
    assert found["items"] == []


HOSTILE = "\x1b]0;taken\x07\x1b[2J\x9b8m\u202egnp.exe\r\nsecond\u2028third\tend"
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_no_text_of_a_job_steers_the_terminal(cli: Cli, url: str, as_json: tuple[str, ...]) -> None:
    arguments = json.dumps({"message": HOSTILE})
    given = ("--max-attempts", "1", "--unique-key", HOSTILE, "--tag", HOSTILE)
    job_id = cli("enqueue", "failing-job", arguments, *given).out.strip()
    _work(url)
    for words in (("show", job_id), ("wait", job_id), ("list",), ("list", "--task", HOSTILE)):
        ran = cli("jobs", *words, *as_json)
        assert not STEERS.search(ran.out), words
        assert not STEERS.search(ran.err), words
    assert "\\u001b]0;taken" in cli("jobs", "show", job_id).out


@pytest.mark.parametrize("arguments", [("jobs", "wait"), ("jobs", "show"), ("nothing",), ("jobs", "list", "--limit")])
def test_what_a_message_quotes_cannot_steer_the_terminal(cli: Cli, arguments: tuple[str, ...]) -> None:
    ran = cli(*arguments, HOSTILE) if arguments != ("nothing",) else cli(HOSTILE)
    assert ran.code != 0
    assert not STEERS.search(ran.err)


@pytest.mark.parametrize(
    "password", ["hun/ter2", "hun#ter2", "hun?ter2", "1/hunter2", "hun@x/ter2", "hun%ter2", "[hunter2"]
)
@pytest.mark.parametrize("command", [("doctor",), ("jobs", "list"), ("db", "status"), ("queues", "list")])
def test_a_password_that_breaks_the_address_is_never_shown(cli: Cli, password: str, command: tuple[str, ...]) -> None:
    ran = cli(*command, "--database-url", f"postgresql://user:{password}@127.0.0.1:1/db?sslpassword=hunter2")
    assert ran.code != 0
    shown = ran.out + ran.err
    for part in ("hunter2", "ter2", "'hun", "'1'"):
        assert part not in shown
    assert "Traceback" not in shown


def test_an_error_that_nobody_foresaw_is_shown_without_secrets(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("could not connect with host=h password=hunter2 to postgresql://u:hun/ter2@h\x1b[2J")

    # The importer first: imported only now, it would keep what replaces the name in the other one.
    monkeypatch.setattr("taskflowmq.cli.jobs.with_store", fail)
    monkeypatch.setattr("taskflowmq.cli.program.with_store", fail)
    ran = cli("jobs", "list")
    assert ran.code == 1
    assert "RuntimeError: could not connect with host=h password=[redacted]" in ran.err
    assert "ter2" not in ran.err
    assert "\x1b" not in ran.err


def test_more_names_the_whole_command(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        _enqueued(cli, "--tag", "a b")
    monkeypatch.setenv("TASKFLOW_TASK", "test")
    first = cli("jobs", "list", "--limit", "1", "--tag", "a b", "--state", "pending, dead")
    words = first.err.strip().removeprefix("More: ")
    name, *given = shlex.split(words)
    assert (name, given[:2]) == ("taskflow", ["jobs", "list"])
    options = dict(zip(given[2::2], given[3::2], strict=True))
    last = options.pop("--before")
    assert options == {"--limit": "1", "--tag": "a b", "--state": "pending, dead"}
    assert last in first.out
    second = cli(*given)
    assert second.out.count("pending") == 1
    assert second.out != first.out


def test_jobs_are_listed_by_tag(cli: Cli) -> None:
    tagged = _enqueued(cli, "--tag", "red", "--tag", "big")
    _enqueued(cli, "--tag", "blue")
    _enqueued(cli)
    assert [job["id"] for job in cli("jobs", "list", "--tag", "big", "--json").json["items"]] == [tagged]
    assert cli("jobs", "list", "--tag", "re").out == "No jobs.\n"


def test_an_error_is_readable_in_list_and_view(cli: Cli, url: str) -> None:
    job_id = cli("enqueue", "failing-job", '{"message": "no\\nluck"}', "--max-attempts", "1").out.strip()
    assert "ERROR" not in cli("jobs", "list").out
    _work(url)
    listed = cli("jobs", "list").out
    assert "ERROR" in listed
    assert "DemoFailure: no luck" in listed
    shown = cli("jobs", "show", job_id).out
    assert "Traceback (most recent call last):\n" in shown
    assert shown.rstrip().endswith("taskflowmq.tasks.demo.DemoFailure: no\nluck")
    assert '"traceback"' not in shown


@pytest.mark.parametrize("app", ["./app.py", "app.py", "pkg/app.py:app", "./app.py:app"])
def test_a_file_in_place_of_a_module_is_refused_with_what_to_write(app: str, cli: Cli) -> None:
    ran = cli("worker", app)
    assert ran.code == 2
    assert "is a file: write the module" in ran.err
    assert "app:app" in ran.err
    assert "Traceback" not in ran.err


def test_a_secret_file_is_followed(cli: Cli, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _enqueued(cli)
    monkeypatch.delenv("TASKFLOW_DATABASE_URL")
    (tmp_path / "secret").write_text(url)
    monkeypatch.setenv("TASKFLOW_DATABASE_URL_FILE", str(tmp_path / "secret"))
    assert len(cli("jobs", "list", "--json").json["items"]) == 1
    monkeypatch.setenv("TASKFLOW_DATABASE_URL_FILE", str(tmp_path / "missing"))
    ran = cli("jobs", "list")
    assert ran.code == 2
    assert "TASKFLOW_DATABASE_URL_FILE names an unreadable file" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("enqueue", "{long}", "{{}}"),
        ("enqueue", "test", "{{}}", "--queue", "{long}"),
        ("jobs", "list", "--task", "{long}"),
        ("jobs", "list", "--queue", "{long}"),
        ("worker", "--burst", "--queues", "{long}"),
    ],
)
def test_a_name_that_is_too_long_is_named(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("db", "migrate").code == Exit.OK
    ran = cli(*(word.format(long="n" * (MAX_NAME_LENGTH + 1)) for word in words))
    assert ran.code == Exit.USAGE
    assert f"must be 1–{MAX_NAME_LENGTH} of letters" in ran.err
    assert f"got {MAX_NAME_LENGTH + 1} characters" in ran.err
