"""Random bytes that are nearly HTTP: the server answers each with something sane, or hangs up, and goes on.

``run(port, seconds, seed)`` sends to a server on this machine. A failure names the seed and the number of its case,
and shows the bytes; the same seed sends the same cases.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import re
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

#: What a server may answer to a stranger: never 500.
SANE = frozenset(
    {100, 200, 201, 202, 204, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 417, 422, 431, 501, 503, 505}
)
#: The longest that a probe may take at any time, in seconds.
LONGEST_PROBE = 5.0
#: How long a silent server is listened to, in seconds: most shapes that are left open wait for more bytes.
SILENCE = 0.05
CASES_PER_PROBE = 25
_STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z -]*\r\n")
_LEAK = re.compile(rb"Traceback|\.py\b|site-packages|SELECT |sqlite")

_METHODS = ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PRI", "get", "G\tT", "")
_TARGETS = (
    "/health/live",
    "/api/v1/jobs",
    "/api/v1/jobs/bulk",
    "/api/v1/jobs?limit=1",
    "/api/v1/jobs/stats",
    "/docs",
    "/metrics",
    "/api/v1/queues/%2f/pause",
    "/%00",
    "//x",
    "*",
    "http://localhost/api/v1/jobs",
    "http://x/",
    "localhost:1",
    "",
    "/?",
    "/../..",
    "/api/v1/jobs/00000000-0000-0000-0000-000000000000?wait=0.01",
    "/\xff",
    "/#a",
    "http://[",
    "/" + "a" * 9_000,
)
_VERSIONS = ("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.", "http/1.1", "")
_FIELDS = (
    "Host: localhost",
    "Host: localhost",
    "Host: x",
    "Host: [",
    "Host:",
    "Connection: close",
    "Connection: keep-alive",
    "Connection: Upgrade",
    "Upgrade: h2c",
    "Upgrade: websocket",
    "Expect: 100-continue",
    "Expect: x",
    "Content-Type: application/json",
    "Content-Type: application/json; charset=x",
    "Content-Encoding: gzip",
    "Content-Length: 0",
    "Content-Length: 5",
    "Content-Length: 19",
    "Content-Length: -1",
    "Content-Length: 1e3",
    "Content-Length: 99999999999999999999",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: CHUNKED",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding:\x0bchunked",
    "Transfer-Encoding: identity",
    "Origin: http://[",
    "Origin: null",
    "Authorization: Bearer ",
    "Authorization: Bearer x",
    "X-API-Key: \xe9",
    "Cookie: a=b",
    "Idempotency-Key: a",
    "Idempotency-Key: \xff",
    "traceparent: 00-x",
    "X-Request-Id: a\x7f",
    "Forwarded: for=x",
    "Via: 1.0 x",
    " folded",
    "\tfolded",
    ": no name",
    "no colon",
    "a b: c",
    "X: " + "a" * 40_000,
    "Trailer: Host",
    "TE: trailers",
    "\x00",
    "X: a\rY: b",
    "X: a\nY: b",
)
_BODIES = (
    b"",
    b'{"task":"anything"}',
    b'{"task":',
    b"[" * 200,
    b"\xff\xfe",
    b"0\r\n\r\n",
    b'13\r\n{"task":"anything"}\r\n0\r\n\r\n',
    b"5\r\nabc",
    b"-1\r\n",
    b"ffffffffffffffffff\r\n",
    b"0\r\nHost: x\r\n\r\n",
    b"1;a=b\r\n{\r\n0\r\nX : y\r\n\r\n",
    b"0;" + b"a" * 9_000,
    b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"1\r\n{\r\n" * 500,
    b"0\r\n" + b"a: b\r\n" * 2_000 + b"\r\n",
)


@dataclass
class Report:
    """What was sent and what came back."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    slowest_probe: float = 0.0


def run(port: int, seconds: float, seed: int) -> Report:
    """Send random shapes for a while.

    Args:
        port: of a server on 127.0.0.1.
        seconds: how long.
        seed: what is sent.

    Raises:
        AssertionError: an answer is none, or 500, or leaks; or a probe takes too long.
    """
    report = Report()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        report.cases += 1
        # Each case has a generator of its own, so that one can be sent again without those before it.
        dice = random.Random(f"{seed}/{report.cases}")
        sent = shape(dice)
        answer = send(port, sent, dice)
        check(answer, sent, f"seed {seed}, case {report.cases}", report)
        if report.cases % CASES_PER_PROBE == 0:
            report.slowest_probe = max(report.slowest_probe, probe(port))
    return report


def shape(dice: random.Random) -> bytes:
    """Return one or several requests, or nearly so."""
    made = b"".join(_request(dice) for _ in range(dice.choice((1, 1, 1, 2, 3, 30))))
    for _ in range(dice.choice((0, 0, 0, 1, 3))):
        made = _mutated(made, dice)
    return made


def _request(dice: random.Random) -> bytes:
    first = " ".join((dice.choice(_METHODS), dice.choice(_TARGETS), dice.choice(_VERSIONS)))
    fields = [dice.choice(_FIELDS) for _ in range(dice.choice((0, 1, 2, 4, 8, 150)))]
    if dice.random() < 0.8:
        fields.insert(0, "Host: localhost")
    return "\r\n".join([first, *fields, "", ""]).encode("latin-1") + dice.choice(_BODIES)


def _mutated(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    match dice.randrange(5):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        case 2:
            return data[:at] + data[at + dice.randrange(1, 50) :]
        case 3:
            return data[:at] + dice.choice((b"\r\n", b"\n", b"\r", b"\0", b"\r\n\r\n", b" ")) + data[at:]
        case _:
            return data[:at] + dice.randbytes(dice.randrange(1, 200)) + data[at:]


def send(port: int, data: bytes, dice: random.Random) -> bytes:
    """Send in a few parts, and return what comes until the server hangs up or is silent for a moment."""
    got = b""
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((0, 0, 1, 4))))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as conn, contextlib.suppress(OSError):
        for start, stop in zip((0, *cuts), (*cuts, len(data)), strict=True):
            conn.sendall(data[start:stop])
        if dice.random() < 0.1:
            conn.shutdown(socket.SHUT_WR)
        conn.settimeout(SILENCE)
        with contextlib.suppress(TimeoutError):
            while part := conn.recv(65_536):
                got += part
    return got


def check(answer: bytes, sent: bytes, name: str, report: Report) -> None:
    """Check that what came is answers, sane ones, and says nothing about the inside."""
    if not answer:
        return
    shown = f"{name}: {sent[:2_000]!r} was answered with {answer[:2_000]!r}"
    if _STATUS_LINE.match(answer) is None:
        raise AssertionError(shown)
    found = [int(status) for status in _STATUS_LINE.findall(answer)]
    report.statuses.update(found)
    if not SANE.issuperset(found):
        raise AssertionError(shown)
    # The pages may name files and statements; refusals may not.
    if min(found) >= 400 and _LEAK.search(answer):
        raise AssertionError(shown)


def probe(port: int) -> float:
    """Return how long a probe takes.

    Raises:
        AssertionError: it takes too long, or says no.
    """
    began = time.monotonic()
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_PROBE)
    try:
        conn.request("GET", "/health/live")
        status = conn.getresponse().status
    except OSError as error:
        raise AssertionError(f"the probe failed: {error!r}") from error
    finally:
        conn.close()
    if status != 200:
        raise AssertionError(f"the probe says {status}")
    return time.monotonic() - began
