"""What the README shows is run: every Python block, and the REST call."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.faults.rig import free_port
from tests.mortal import mortal

from taskflowmq import TaskFlow
from taskflowmq.bootstrap.loading import default_app
from taskflowmq.testing import in_memory_app
from taskflowmq.testing.waiting import wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
async def test_the_ten_lines_say_hello(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PYTHON[0])
    environment = {**os.environ, "TASKFLOW_DATABASE_URL": f"sqlite:///{tmp_path / 'taskflow.db'}", "PORT": "0"}
    log = tmp_path / "log"
    with log.open("w") as out:
        program = subprocess.Popen(  # noqa: ASYNC220
            mortal([sys.executable, "-m", "taskflowmq.cli", "dev", "app:app"]),
            cwd=tmp_path,
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        # A busy machine takes longer to start it than the ten lines wait for their result.
        await wait_until(lambda: "concurrency=" in log.read_text(), timeout=60, what="the worker started")
        said = subprocess.run(  # noqa: ASYNC221
            [sys.executable, "app.py"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert said.stdout == "Hello, world!\n"
    finally:
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0


async def test_the_tour_enqueues_what_it_says(sqlite_url: str) -> None:
    shown: dict[str, object] = {"__name__": "tour"}
    exec(compile(PYTHON[1], "README.md", "exec"), shown)
    app = shown["app"]
    assert isinstance(app, TaskFlow)
    app.use_url(sqlite_url)
    async with in_memory_app(app):
        await shown["main"]()  # type: ignore[operator]
        stats = await app.jobs.astats()
        assert stats.states["pending"] == 1001
        assert stats.states["scheduled"] == 1


@pytest.mark.postgres
async def test_an_order_and_its_mail_commit_together(postgres_url: str) -> None:
    shown: dict[str, object] = {"__name__": "tour"}
    for block in PYTHON[1:3]:
        exec(compile(block, "README.md", "exec"), shown)
    app = shown["app"]
    assert isinstance(app, TaskFlow)
    app.use_url(postgres_url)

    class Order:
        id = 7
        email = "ada@example.org"

    async with app, asyncpg.create_pool(postgres_url, min_size=1) as pool:
        await pool.execute("CREATE TABLE orders (id int PRIMARY KEY)")
        await shown["place_order"](pool, Order)  # type: ignore[operator]
        with pytest.raises(asyncpg.UniqueViolationError):
            await shown["place_order"](pool, Order)  # type: ignore[operator]
        stats = await app.jobs.astats()
    assert stats.states["pending"] == 1


def _requests() -> list[tuple[str, str, dict[str, str], str | None]]:
    """Return what the README sends with curl: method, path, headers and body."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL):
        for command in re.findall(r"^curl (?:.*\\\n)*.*$", block, re.MULTILINE):
            words = shlex.split(command.replace("\\\n", " "))[1:]
            options = iter([word for word in words if word != "-s"])
            method, path, headers, body = None, "", {}, None
            for word in options:
                if word == "-X":
                    method = next(options)
                elif word == "-H":
                    name, _, value = next(options).partition(": ")
                    headers[name] = value
                elif word == "-d":
                    body = next(options)
                else:
                    path = word.removeprefix("localhost:8000")
            found.append((method or ("GET" if body is None else "POST"), path, headers, body))
    return found


@pytest.mark.slow
async def test_its_rest_calls_follow_on_its_first_lines(tmp_path: Path) -> None:
    """From top to bottom: the app of the ten lines, `taskflow dev app:app`, then what is sent to it."""
    (tmp_path / "app.py").write_text(PYTHON[0])
    [dev] = re.findall(r"^taskflow (dev .*?) &", README, re.MULTILINE)
    port = free_port()
    environment = {
        **os.environ, "TASKFLOW_DATABASE_URL": f"sqlite:///{tmp_path / 'taskflow.db'}", "TASKFLOW_PORT": str(port),
    }  # fmt: skip
    program = subprocess.Popen(  # noqa: ASYNC220
        mortal([sys.executable, "-m", "taskflowmq.cli", *dev.split()]), cwd=tmp_path, env=environment
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def ready() -> bool:
                try:
                    return (await client.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await wait_until(ready, 30, what="the server")
            calls = _requests()
            assert calls
            for method, path, headers, body in calls:
                answer = await client.request(method, path, headers=headers, content=body)
                assert answer.status_code == 201, answer.text
                waited = await client.get(f"{path}/{answer.json()['id']}", params={"wait": 20})
                assert (waited.json()["state"], waited.json()["result"]) == ("completed", "Hello, Ada!")
            for path in re.findall(r"`GET (/[^`{]*)`", README):
                assert (await client.get(f"/api/v1{path}")).status_code == 200, path
    finally:
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0


def test_every_command_it_names_exists() -> None:
    from taskflowmq.cli.root import COMMANDS

    named = set(re.findall(r"^taskflow (\w+)", README, re.MULTILINE))
    assert named
    assert named <= set(COMMANDS)


def test_every_file_it_links_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_its_pictures_are_there_and_say_what_they_show() -> None:
    """A package index renders the README without the files beside it, and not everybody sees them."""
    pictures = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", README)
    assert len(pictures) == 2
    for alternative, path in pictures:
        assert len(alternative.split()) > 8
        assert (ROOT / path).stat().st_size > 10_000


def test_the_first_lines_of_a_terminal_are_those_of_the_command() -> None:
    [text] = re.findall(r"```text\n(  TaskFlow is ready.*?)```", README, re.DOTALL)
    shown = dict(re.findall(r"^  (\w+) {2,}(.*)$", text, re.MULTILINE))
    assert set(shown) == {"Open", "API", "Docs", "Data", "Tasks"}
    quickstart = (ROOT / "examples" / "quickstart" / "quickstart.py").read_text()
    own = re.findall(r"^async def (\w+)\(ctx", quickstart, re.MULTILINE)
    assert shown["Tasks"].split(", ") == sorted([*default_app().tasks.names(), *own])
