"""Under a path: behind a proxy that keeps it or strips it, and mounted in other frameworks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, asgi, get
from litestar.types import Receive, Scope, Send
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.server.conftest import KEY, Connect, listening, new_app
from tests.server.test_dashboard import BROWSER, boot_of
from tests.server.wire import exchange, request, statuses

from taskflowmq import TaskFlow
from taskflowmq.contrib.fastapi import lifespan
from taskflowmq.server.dashboard.files import Files
from taskflowmq.server.edge.prefix import located
from taskflowmq.server.settings import ServerSettings, UnsafeServer, read_prefix

PREFIX = "/ops/queue"
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(params=["kept", "stripped"])
def under(request: pytest.FixtureRequest) -> str:
    """What a proxy in front leaves of the prefix."""
    return PREFIX if request.param == "kept" else ""


async def test_everything_is_under_the_prefix_whether_a_proxy_keeps_it_or_strips_it(
    under: str, connect: Connect
) -> None:
    client: httpx.AsyncClient = await connect(prefix=PREFIX, api_keys=(KEY,))
    for path in ("", "/", "/jobs", "/jobs/1?tab=logs"):
        if not under + path:
            continue
        page = await client.get(under + path, headers=BROWSER)
        assert page.status_code == 200
        assert f'"{PREFIX}/assets/app-1a2b3c4d.js"' in page.text
        boot = boot_of(page.text)
        assert (boot["base"], boot["api"], boot["sign_in"]) == (PREFIX, f"{PREFIX}/api/v1", True)
    assert (await client.get(f"{under}/assets/app-1a2b3c4d.js")).status_code == 200
    assert (await client.get(f"{under}/assets/nope.js")).content == b""
    assert (await client.get(f"{under}/theme.js")).status_code == 200
    assert (await client.get(f"{under}/health/live")).status_code == 200
    assert (await client.get(f"{under}/api/v1/jobs")).status_code == 401
    answer = await client.post(f"{under}/api/v1/session", json={"api_key": KEY}, headers=OWN)
    assert f"; Path={PREFIX}; " in answer.headers["set-cookie"]
    cookie = {"cookie": answer.headers["set-cookie"].partition(";")[0], **OWN}
    client.cookies.clear()
    stored = await client.post(f"{under}/api/v1/jobs", json={"task": "anything"}, headers=cookie)
    assert stored.status_code == 201
    assert (await client.get(f"{under}/api/v1/jobs/{stored.json()['id']}", headers=cookie)).status_code == 200
    slashed = await client.post(f"{under}/api/v1/queues/a%2Fb/pause?create=true", headers=cookie)
    assert slashed.json()["name"] == "a/b"
    assert boot_of((await client.get(f"{under}/x", headers={**BROWSER, **cookie})).text)["role"] == "owner"
    document = (await client.get(f"{under}/api/v1/openapi.json", headers=cookie)).json()
    assert document["servers"] == [{"url": PREFIX}]
    docs = (await client.get(f"{under}/docs", headers=cookie)).text
    assert f'href="{PREFIX}/docs/docs.css"' in docs
    assert f'href="{PREFIX}/api/v1/openapi.json"' in docs
    missing = await client.get(f"{under}/api/v1/nope", headers={**BROWSER, **cookie})
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


async def test_the_idempotency_of_a_request_does_not_depend_on_the_proxy(connect: Connect) -> None:
    client: httpx.AsyncClient = await connect(prefix=PREFIX)
    answers = [
        await client.post(f"{under}/api/v1/jobs", json={"task": "anything"}, headers={"idempotency-key": "k"})
        for under in (PREFIX, "")
    ]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_on_a_socket_probes_answer_with_and_without_the_prefix(app: TaskFlow, built: Path) -> None:
    async with listening(app, prefix=PREFIX, files=Files(built)) as url:
        for target in ("/health/live", f"{PREFIX}/health/live", f"{PREFIX}/health/ready", f"{PREFIX}/docs", PREFIX):
            assert statuses(await exchange(url, request("GET", target, "Accept: text/html"))) == [200]
        # What is only like the prefix is a page like any other, and nothing redirects.
        for target in (
            f"{PREFIX}x/api/v1/jobs",
            f"/{PREFIX}",
            "//ops/queue",
            f"{PREFIX}//evil.example",
            "/ops%2Fqueue",
        ):
            answer = await exchange(url, request("GET", target, "Accept: text/html"))
            assert b"location:" not in answer.lower()
            assert b'"api":"/ops/queue/api/v1"' in answer or b"problem+json" in answer


@pytest.mark.parametrize(
    "prefix",
    [
        *(
            "ops",
            "//evil.example",
            "/ops//queue",
            "/ops/../x",
            "/.",
            "/ops queue",
            '/"><script>',
            "/a;b",
            "/a%20b",
            "/é",
        ),
        *("/ops\r\nx: y", "/ops?x", "/ops#x", "/" + "x" * 300, "/a\\b"),
    ],
)
def test_a_prefix_that_could_be_more_than_a_path_is_refused(prefix: str) -> None:
    with pytest.raises(UnsafeServer, match="TASKFLOW_PREFIX"):
        ServerSettings(prefix=read_prefix(prefix)).check()


@pytest.mark.parametrize("prefix", ["/api", "/api/v1", "/assets", "/docs", "/health", "/metrics"])
def test_a_prefix_with_which_two_paths_would_be_one_is_refused(prefix: str) -> None:
    with pytest.raises(UnsafeServer, match="paths of the server itself"):
        ServerSettings(prefix=prefix).check()


def test_the_root_and_plain_paths_are_prefixes() -> None:
    assert [read_prefix(text) for text in (None, "", "/", "/ops/")] == ["", "", "", "/ops"]
    for prefix in ("", "/jobs", "/ops/queue", "/api-2", "/a.b/~c/d_e"):
        assert ServerSettings(prefix=prefix).check().prefix == prefix


@pytest.mark.parametrize(
    ("root", "path", "prefix", "inner", "base"),
    [
        ("", "/ops/api/v1/jobs", "/ops", "/api/v1/jobs", "/ops"),
        ("", "/api/v1/jobs", "/ops", "/api/v1/jobs", "/ops"),
        ("", "/ops", "/ops", "/", "/ops"),
        ("", "/opsx", "/ops", "/opsx", "/ops"),
        ("/ops", "/ops/jobs", "", "/jobs", "/ops"),
        ("/ops", "/jobs", "", "/jobs", "/ops"),
        ("/ops/", "/ops/jobs", "", "/jobs", "/ops"),
        ("/jobs", "/jobs/jobs/1", "/jobs", "/jobs/1", "/jobs"),
        ("/out/ops", "/out/ops/jobs", "/ops", "/jobs", "/out/ops"),
        ("/out", "/out/ops/jobs", "/ops", "/jobs", "/out/ops"),
        ("/evil\"><script>", "/evil\"><script>/jobs", "", "", ""),
        ("//evil.example", "//evil.example/jobs", "", "", ""),
        ("/../x", "/../x/jobs", "/ops", "", ""),
    ],
)  # fmt: skip
def test_where_a_request_is(root: str, path: str, prefix: str, inner: str, base: str) -> None:
    found = located({"root_path": root, "path": path, "raw_path": path.encode()}, prefix)
    assert (found["path"], found["root_path"]) == (inner, base)


# ---- mounted ----

Serve = Callable[[Any], Any]


@asynccontextmanager
async def browsing(host: Any, peer: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    """Use another framework's application as a browser does."""
    transport = httpx.ASGITransport(app=host, client=(peer, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def try_mounted(host: Any) -> None:
    """Use a TaskFlow that is mounted under the prefix, as a stranger, and as a browser that signs in."""
    async with browsing(host) as client:
        assert (await client.get("/hello")).text.strip('"') == "hello"
        for path in (PREFIX, f"{PREFIX}/", f"{PREFIX}/jobs/1"):
            page = await client.get(path, headers=BROWSER, follow_redirects=True)
            assert page.status_code in (200, 503), path
            if page.status_code == 200:
                boot = boot_of(page.text)
                assert (boot["base"], boot["sign_in"]) == (PREFIX, True)
            else:  # nothing is built here
                assert f'href="{PREFIX}/docs"' in page.text
        assert (await client.get(f"{PREFIX}/health/live")).status_code == 200
        assert (await client.get(f"{PREFIX}/health/ready")).status_code == 200
        assert (await client.get(f"{PREFIX}/api/v1/jobs")).status_code == 401
        signed = await client.post(f"{PREFIX}/api/v1/session", json={"api_key": KEY}, headers=OWN)
        assert signed.status_code == 200, signed.text
        assert f"Path={PREFIX};" in signed.headers["set-cookie"]
        job = await client.post(f"{PREFIX}/api/v1/jobs", json={"task": "anything", "args": {"value": 1}}, headers=OWN)
        assert job.status_code == 201, job.text
        shown = await client.get(f"{PREFIX}/api/v1/jobs/{job.json()['id']}")
        assert shown.json()["state"] == "pending"
        paused = await client.post(f"{PREFIX}/api/v1/queues/a%2Fb/pause?create=true", headers=OWN)
        assert (paused.status_code, paused.json()["name"]) == (200, "a/b")
        assert (await client.delete(f"{PREFIX}/api/v1/jobs/{job.json()['id']}")).status_code == 403
        assert (await client.get(f"{PREFIX}/api/v1/nope")).headers["content-type"] == "application/problem+json"
        listed = await client.get(f"{PREFIX}/api/v1/jobs?limit=1")
        assert len(listed.json()["items"]) == 1


@pytest.fixture
async def taskflow(tmp_path: Path) -> AsyncIterator[TaskFlow]:
    """An app that nobody has opened yet; it is closed at the end."""
    made = new_app(tmp_path)
    yield made
    await made.aclose()


async def test_in_starlette(taskflow: TaskFlow) -> None:
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    host = Starlette(
        routes=[
            Route("/hello", lambda request: PlainTextResponse("hello")),
            Mount(PREFIX, app=taskflow.asgi(api_keys=(KEY,))),
        ]
    )
    await try_mounted(host)


async def test_in_fastapi_with_its_lifespan(taskflow: TaskFlow) -> None:
    from fastapi import FastAPI

    opened = lifespan(taskflow)
    host = FastAPI(lifespan=opened)
    host.get("/hello")(lambda: "hello")
    host.mount(PREFIX, taskflow.asgi(prefix=PREFIX, api_keys=(KEY,)))
    async with opened(host):
        await try_mounted(host)
        assert taskflow.store.url


async def test_in_litestar(taskflow: TaskFlow) -> None:
    @get("/hello", sync_to_thread=False)
    def hello() -> str:
        return "hello"

    mounted = asgi(PREFIX, is_mount=True, copy_scope=True)(_as_litestar(taskflow.asgi(prefix=PREFIX, api_keys=(KEY,))))
    await try_mounted(Litestar([hello, mounted], openapi_config=None))


def _as_litestar(inner: Any) -> Any:
    async def taskflow(scope: Scope, receive: Receive, send: Send) -> None:
        await inner(scope, receive, send)

    return taskflow


async def test_alone_with_its_own_lifespan(taskflow: TaskFlow) -> None:
    from tests.server.conftest import started

    application: Any = taskflow.asgi(prefix=PREFIX, api_keys=(KEY,))
    async with started(application), browsing(application) as client:
        assert (await client.get(f"{PREFIX}/api/v1/jobs", headers={"x-api-key": KEY})).status_code == 200


async def test_it_opens_again_after_the_program_has_closed_the_app(taskflow: TaskFlow) -> None:
    async with browsing(taskflow.asgi(prefix=PREFIX)) as client:
        for _ in range(2):
            assert (await client.post(f"{PREFIX}/api/v1/jobs", json={"task": "anything"})).status_code == 201
            await taskflow.aclose()


async def test_mounted_without_keys_only_direct_requests_of_this_machine_pass(taskflow: TaskFlow) -> None:
    host = Starlette(routes=[Mount(PREFIX, app=taskflow.asgi())])
    async with browsing(host) as local:
        assert (await local.get(f"{PREFIX}/api/v1/jobs")).status_code == 200
        assert (await local.get(f"{PREFIX}/api/v1/jobs", headers={"x-forwarded-for": "1.1.1.1"})).status_code == 401
        assert (await local.get(f"{PREFIX}/api/v1/jobs", headers={"host": "evil.example"})).status_code == 403
    async with browsing(host, peer="203.0.113.9") as far:
        assert (await far.get(f"{PREFIX}/api/v1/jobs")).status_code == 401


async def test_keys_of_the_environment_hold_when_mounted(taskflow: TaskFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_API_KEYS", f"viewer:{KEY}")
    async with browsing(taskflow.asgi()) as client:
        assert (await client.get("/api/v1/jobs")).status_code == 401
        answer = await client.post("/api/v1/jobs", json={"task": "anything"}, headers={"x-api-key": KEY})
        assert answer.status_code == 403
    with pytest.raises(UnsafeServer):
        taskflow.asgi(api_keys=("weak",))
    with pytest.raises(UnsafeServer):
        taskflow.asgi(prefix="//evil.example")


async def test_a_path_that_a_client_chose_is_no_prefix(taskflow: TaskFlow) -> None:
    host = Starlette(routes=[Mount("/t/{tenant:str}", app=taskflow.asgi())])
    async with browsing(host) as client:
        assert (await client.get("/t/shop/api/v1/jobs")).status_code == 200
        for name in ("%22%3E%3Cscript%3E", "a%0D%0Ab", "..%5C", "%C3%A9"):
            answer = await client.get(f"/t/{name}/jobs", headers=BROWSER)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
