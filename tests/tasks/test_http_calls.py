"""`http`: arguments, result and failures, against a real local server."""

import datetime as dt
import json
import time
from typing import Any

import pytest

from taskflowmq.tasks.errors import AddressRefused, HTTPCallError, HTTPCallFailed, InvalidInput
from taskflowmq.tasks.http_calls import _text, build_call, http, outcome
from taskflowmq.tasks.net import Answer

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
URL = "https://public.test/x?key=canary"


@pytest.fixture
def base(web: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TASKFLOW_HTTP_ALLOW", f"127.0.0.1:{web.port}")
    return f"http://127.0.0.1:{web.port}"


async def test_returns_status_some_headers_and_the_text(web: Any, base: str) -> None:
    web.reply("/", 200, "grüß".encode("latin-1"), content_type="text/plain; charset=latin-1",
              set_cookie="sid=canary", etag='"1"', x_secret="canary")  # fmt: skip
    assert await http(base + "/") == {
        "status": 200,
        "headers": {"content-length": "4", "content-type": "text/plain; charset=latin-1", "etag": '"1"'},
        "body": "grüß",
        "truncated": False,
    }


async def test_sends_text_json_and_headers(web: Any, base: str) -> None:
    web.reply("/", 204)
    await http(base + "/", "post", {"X-Key": "v"}, "grüß")
    await http(base + "/", "PUT", None, {"a": [1, None]})
    await http(base + "/", "PATCH", {"Content-Type": "application/x+json"}, [1])
    text, data, own = web.requests
    assert (text.method, text.body.decode(), text.headers["x-key"]) == ("POST", "grüß", "v")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert (json.loads(data.body), data.headers["content-type"]) == ({"a": [1, None]}, "application/json")
    assert own.headers["content-type"] == "application/x+json"
    assert text.headers["accept-encoding"] == "identity"


async def test_without_permission_a_local_server_is_not_called(web: Any) -> None:
    with pytest.raises(AddressRefused, match="TASKFLOW_HTTP_ALLOW"):
        await http(f"http://127.0.0.1:{web.port}/")
    assert web.connections == 0


@pytest.mark.parametrize(("status", "wait"), [(404, None), (500, None), (429, 7.0), (503, 7.0), (304, None)])
async def test_a_status_that_is_no_success_fails(web: Any, base: str, status: int, wait: float | None) -> None:
    web.reply("/x?key=canary", status, b"" if status == 304 else b"canary", **({"retry_after": "7"} if wait else {}))
    with pytest.raises(HTTPCallFailed, match=f"status {status}") as caught:
        await http(base + "/x?key=canary", headers={"authorization": "canary"})
    assert (caught.value.status, caught.value.retry_after) == (status, wait)
    assert "canary" not in str(caught.value)


async def test_a_refused_connection_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_HTTP_ALLOW", "127.0.0.1")
    with pytest.raises(HTTPCallError) as caught:
        await http("http://127.0.0.1:1/canary", headers={"a": "canary"})
    assert "canary" not in repr(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("120", 120.0), ("99999999999", 86400.0), ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0),
     ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0), ("Sun, 01 Mar 2026 12:00:05 -0000", 5.0), ("soon", None),
     ("-5", None), ("1.5", None), ("٣", None), ("", None)],
)  # fmt: skip
def test_retry_after(text: str, seconds: float | None) -> None:
    with pytest.raises(HTTPCallFailed) as caught:
        outcome(build_call(URL, "GET", None, None), Answer(503, {"retry-after": text}, b"", False), now=NOW)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("headers", "body"),
    [({}, None), ({"content-type": "image/png"}, None), ({"content-type": "text/html"}, "a\ufffd"),
     ({"content-type": "application/problem+json"}, "a\ufffd"),
     ({"content-type": "text/x; charset=nonsense"}, "a\ufffd"),
     ({"content-type": "text/x", "content-encoding": "gzip"}, None), ({"content-type": ";;"}, "a\ufffd")],
)  # fmt: skip
def test_only_text_is_kept(headers: dict[str, str], body: str | None) -> None:
    result = outcome(build_call(URL, "GET", None, None), Answer(200, headers, b"a\xff", True), now=NOW)
    assert (result["body"], result["truncated"]) == (body, True)


BAD_HEADERS: list[dict[str, str]] = [
    {"X": "a\r\nY: b"}, {"X": "a\nb"}, {"X": "a\rb"}, {"X": "\x00"}, {"X": " a"}, {"X": "\u2028"},
    {"X": "\x1b[0m"},
    {"X\r\n": "a"}, {"X:": "a"}, {"": "a"}, {"ü": "a"}, {"X Y": "a"},
    {"Host": "b.test"}, {"content-length": "1"}, {"Transfer-Encoding": "chunked"}, {"Connection": "x"},
    {"Proxy-Authorization": "x"}, {"Expect": "100-continue"}, {"a": "1", "A": "2"},
    {f"x{n}": "" for n in range(65)}, {"X": "a" * 20_000},
]  # fmt: skip


@pytest.mark.parametrize("headers", BAD_HEADERS)
def test_bad_headers_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="headers") as caught:
        build_call(URL, "GET", headers, None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("TRACE", None),
        ("CONNECT", None),
        ("GET\r\n", None),
        ("", None),
        ("GET", "x"),
        ("POST", float("nan")),
        ("POST", "\ud800"),
    ],
)
def test_bad_methods_and_bodies_are_refused(method: str, body: object) -> None:
    with pytest.raises(InvalidInput, match=r"method|body"):
        build_call(URL, method, None, body)


@pytest.mark.parametrize(
    "charset", ["punycode", "idna", "unicode_escape", "raw_unicode_escape", "utf-7", "rot13", "hex", "\x00", "ü"]
)
def test_a_declared_encoding_that_is_slow_or_none_is_read_as_utf8(charset: str) -> None:
    answer = Answer(200, {"content-type": f"text/plain; charset={charset}"}, b"a-" + b"9" * 65_534, False)
    began = time.thread_time()
    assert _text(answer) == answer.body.decode()
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    "charset", ["utf-8", "latin-1", "windows-1252", "Shift_JIS", "utf-16", "us-ascii", "gb18030", "koi8-r"]
)
def test_the_encodings_of_the_web_are_read(charset: str) -> None:
    body = "hello".encode(charset)
    assert _text(Answer(200, {"content-type": f"text/plain; charset={charset}"}, body, False)) == "hello"
