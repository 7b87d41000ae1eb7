"""Requests against a live server: made from its own description (schemathesis), and made to be wrong (``shapes``)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import string
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from tests.fuzz import shapes

from taskflowmq import Discard, TaskFlow, Unique
from taskflowmq.server.app import create_app
from taskflowmq.server.run import ApiServer, base_url, bind
from taskflowmq.server.settings import ServerSettings

if TYPE_CHECKING:
    import requests

#: How long one request may take here, in seconds. Requests that wait for a job ask for less.
LONGEST_S = 10.0
_METHODS = ("GET", "GET", "GET", "POST", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE")
_FILTERS = (
    "state",
    "queue",
    "task",
    "created_after",
    "created_before",
    "finished_after",
    "worker",
    "sort",
    "view",
    "limit",
    "cursor",
    "wait",
    "services",
    "data",
)


def make_app(url: str) -> TaskFlow:
    """Return an app with tasks of all kinds."""
    app = TaskFlow(url)

    @app.task(queue="greetings", timeout=30)
    async def greet(name: str, times: int = 1) -> str:
        return f"hello {name}" * times

    @app.task
    async def anything(value: Any = None) -> Any:
        return value

    @app.task
    async def hopeless() -> None:
        raise Discard("no chance")

    @app.task(unique=Unique(by=("n",)), priority=5)
    async def typed(n: int, tags: list[str] | None = None) -> None: ...

    return app


@contextlib.contextmanager
def served(folder: Path, *, by_name: bool, url: str | None = None) -> Iterator[str]:
    """Serve an app on a store, in a thread.

    Args:
        folder: where its SQLite file is, unless a URL is given.
        by_name: the server has no function, only what was announced.
        url: of a database that is ready to be used.
    """
    url = url or f"sqlite:///{folder}/jobs.db"
    at: list[str] = []
    ready = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        async with make_app(url) as app:
            await app.aenqueue_many([app.tasks["greet"].job("first")])
            served_app = TaskFlow(url) if by_name else app
            sock = bind("127.0.0.1", 0)
            server = ApiServer(create_app(served_app, ServerSettings()), sock)
            running = asyncio.create_task(server.run_until_stopped())
            await server.ready.wait()
            at.append(base_url(sock))
            stop = asyncio.Event()
            loops.append((asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()
            server.stop()
            await running

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="fuzzed-server", daemon=True)
    thread.start()
    assert ready.wait(30), "the server did not start"
    try:
        yield at[0]
    finally:
        for loop, stop in loops:
            loop.call_soon_threadsafe(stop.set)
        thread.join(30)


class Ledger:
    """What was accepted, so that it can be looked for in the store."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.accepted: set[str] = set()
        self.deleted: set[str] = set()

    def note(self, method: str, path: str, status: int, content: bytes) -> None:
        """Remember which jobs an answer has promised."""
        if method == "POST" and status == 201 and not path.endswith("/views"):
            answer = json.loads(content)
            self.accepted.update([answer["id"]] if "id" in answer else answer.get("ids", ()))
        if method == "DELETE" and status == 204:
            self.deleted.add(path.rpartition("/")[2])

    def check(self) -> None:
        """Look for every job that was promised."""
        stored: set[str] = set()
        with httpx.Client(base_url=self._url, timeout=60) as client:
            page: dict[str, Any] = {"next": ""}
            while page["next"] is not None:
                cursor = {"cursor": page["next"]} if page["next"] else {}
                page = client.get("/api/v1/jobs", params={"limit": 1000, **cursor}).json()
                stored.update(item["id"] for item in page["items"])
        lost = self.accepted - self.deleted - stored
        assert not lost, f"accepted and not stored: {sorted(lost)[:5]}"


STREAM = "text/event-stream"


def check_answer(shown: str, status: int, headers: httpx.Headers, content: bytes, seconds: float) -> None:
    """Check what holds for every answer."""
    assert status < 500 or status == 501, f"{status} for {shown}: {content[:300]!r}"
    assert seconds < LONGEST_S, f"{seconds:.1f} s for {shown}"
    assert len(content) < 4_500_000, f"{len(content)} bytes for {shown}"
    if status >= 400 and content:
        assert headers["content-type"] == "application/problem+json", shown
        problem = json.loads(content)
        assert (problem["status"], bool(problem["code"])) == (status, True), shown
        assert len(problem.get("errors", ())) <= 20, shown
        assert len(content) < 30_000, shown


def wrong_requests(url: str, rng: random.Random, ledger: Ledger, count: int, until: float) -> int:
    """Send requests that are wrong in some way; return how many."""
    done = 0
    known = ["01a201e9-7cb4-72c0-87af-ef51c3a68934"]
    with httpx.Client(base_url=url, timeout=30) as client:
        while done < count and time.monotonic() < until:
            request = _request(rng, known)
            began = time.monotonic()
            try:
                built = client.build_request(**request)
            except (ValueError, httpx.InvalidURL, UnicodeError):
                continue  # the client itself cannot send it
            try:
                answer = client.send(built)
            except (httpx.LocalProtocolError, httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError) as error:
                # Either side refuses what is no HTTP; that the server lives on is what the next request shows.
                shapes.expect(client.get("/health/live").status_code == 200, f"{request!r:.300}: {error}")
                continue
            shown = f"seed request {done}: {request!r:.600}"
            check_answer(shown, answer.status_code, answer.headers, answer.content, time.monotonic() - began)
            ledger.note(built.method, built.url.path, answer.status_code, answer.content)
            if answer.status_code == 201 and len(known) < 50:
                known.extend(sorted(ledger.accepted)[:50])
            done += 1
    return done


def _request(rng: random.Random, known: list[str]) -> dict[str, Any]:
    request: dict[str, Any] = {"headers": _headers(rng)}
    kind = rng.randrange(10)
    if kind < 5:
        many = rng.random() < 0.3
        body = {"jobs": [shapes.job(rng) for _ in range(rng.randrange(6))]} if many else shapes.job(rng)
        request |= {"method": "POST", "url": "/api/v1/jobs/bulk" if many else "/api/v1/jobs"}
        request["content"] = shapes.as_json(rng, body)
        return request
    job_id = rng.choice((rng.choice(known), shapes.text(rng)))
    one, queue = quote(job_id, safe="", errors="replace"), quote(shapes.text(rng), safe="", errors="replace")
    paths = (
        "/api/v1/jobs", "/api/v1/jobs", "/api/v1/jobs/dead", "/api/v1/jobs/stats", f"/api/v1/jobs/{one}", "/metrics",
        f"/api/v1/jobs/{one}/{rng.choice(('retry', 'cancel', 'x'))}", "/api/v1/queues", "/api/v1/workers", "/",
        "/api/v1/tasks", f"/api/v1/queues/{queue}/{rng.choice(('pause', 'resume'))}", f"/{queue}", "/docs",
        "/api/v1/openapi.json",
    )  # fmt: skip
    request |= {"method": rng.choice(_METHODS), "url": rng.choice(paths)}
    if rng.random() < 0.7:
        request["url"] += "?" + "&".join(_parameter(rng) for _ in range(rng.randrange(1, 4)))
    if rng.random() < 0.2:
        request["content"] = shapes.as_json(rng, shapes.value(rng))
    return request


def _parameter(rng: random.Random) -> str:
    name = rng.choice(_FILTERS) if rng.random() < 0.9 else shapes.text(rng, 10)
    return f"{_quoted(rng, name)}={_quoted(rng, _filter(rng, name))}"


def _filter(rng: random.Random, name: str) -> str:
    right = {
        "state": "pending,dead",
        "limit": str(rng.randrange(-2, 1200)),
        "wait": rng.choice(("0", "0.01", "nan", "31", "-1")),
        "created_after": "2026-01-01T00:00:00Z",
        "created_before": "9999-12-31T23:59:59Z",
        "queue": "default",
        "task": "greet",
        "cursor": "".join(rng.choices(string.ascii_letters + "-_", k=rng.choice((27, 26, 5)))),
    }
    return right.get(name, "1") if rng.random() < 0.6 else ("0" if name == "wait" else shapes.text(rng))


def _quoted(rng: random.Random, given: str) -> str:
    if rng.random() < 0.1:
        return "".join(f"%{byte:02x}" for byte in shapes.spoilt(rng, given.encode("utf-8", "surrogatepass")))
    return quote(given.encode("utf-8", "surrogatepass"), safe="")


def _headers(rng: random.Random) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", b"application/json" if rng.random() < 0.95 else _header(rng))]
    for name in b"idempotency-key traceparent x-request-id accept content-encoding origin authorization".split():
        if rng.random() < 0.1:
            trace = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
            right = trace if name == b"traceparent" else b"key-%d" % rng.randrange(3)
            headers.append((name, right if rng.random() < 0.5 else _header(rng)))
    return headers


def _header(rng: random.Random) -> bytes:
    raw = shapes.text(rng).encode("utf-8", "surrogatepass")
    return bytes(byte for byte in raw if byte not in b"\x00\r\n").strip()


def streams_at_once(case: Any, session: requests.Session) -> bool:
    """Open a stream, and tell whether it was accepted. It does not end: its type and its first line are looked at."""
    with session.request(**case.as_transport_kwargs(), stream=True, timeout=30) as answer:
        if answer.status_code != 200:
            return False
        assert answer.headers["content-type"].startswith(STREAM)
        first = next(answer.iter_lines())
        assert first == b"retry: 2000", (case.query, first)
        return True


def described_requests(url: str, seed: int, examples: int, ledger: Ledger, until: float) -> int:
    """Send requests made from the API's own description, and hold the answers against it; return how many."""
    import requests
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as with_seed
    from hypothesis.errors import Unsatisfiable
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi import checks

    held = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]
    session = requests.Session()
    document = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")
    streams = {path for path, item in document.raw_schema["paths"].items() if STREAM in json.dumps(item.get("get", {}))}
    assert streams, "the description names no stream"
    done, failures = 0, list[Exception]()
    for found in document.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @with_seed(seed)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def send(case: Any) -> None:
                nonlocal done
                if time.monotonic() > until:
                    return
                if isinstance(case.query, dict) and "wait" in case.query:
                    case.query["wait"] = 0
                began = time.monotonic()
                if case.method == "GET" and case.path in streams and streams_at_once(case, session):
                    done += 1
                    return
                answer = case.call(session=session, timeout=30)
                done += 1
                shown = f"{case.method} {case.formatted_path}"
                headers = httpx.Headers({name: values[0] for name, values in answer.headers.items()})
                check_answer(shown, answer.status_code, headers, answer.content, time.monotonic() - began)
                ledger.note(case.method, case.formatted_path, answer.status_code, answer.content)
                case.validate_response(answer, checks=held)

            try:
                send()
            except Unsatisfiable:
                continue  # nothing about this operation can be wrong
            except Exception as error:
                failures.append(error)
    session.close()
    if failures:
        raise ExceptionGroup(f"seed {seed}", failures)
    return done
