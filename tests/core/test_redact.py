"""Secrets are replaced wherever they are written, in time that is linear in the text, whatever the text is."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskflowmq import TaskFlow
from taskflowmq.bootstrap.spawn import Program
from taskflowmq.bootstrap.stores import make_store
from taskflowmq.core.redact import redact_head, redact_tail, redact_text, safe_url
from taskflowmq.server.settings import ServerSettings

KB16 = 16 * 1024
#: The redactor needs a tenth of this at most, or a third on a busy machine; the one that backtracked needed 20 s.
SECONDS_PER_16_KB = 0.016
BASE64 = base64.b64encode(bytes(range(256)) * 64).decode()


def seconds(text: str) -> float:
    """Return the CPU time of the quickest of three runs: others on this machine must not count."""
    best = 1e9
    for _ in range(3):
        began = time.thread_time()
        redact_text(text)
        best = min(best, time.thread_time() - began)
    return best


def filled(begin: str, unit: str, end: str) -> Callable[[int], str]:
    """Return what makes a text of about a size out of repetitions."""
    return lambda size: begin + unit * (size // len(unit)) + end


HOSTILE = {
    "one letter": filled("token ", "a", " x="),
    "base64": filled("payload token ", BASE64, "=="),
    "pairs in pairs": filled("", "key=", "password"),
    "secret pairs": filled("", "token=", ""),
    "the word": filled("", "token", " x="),
    "quotes": filled("token=", "'\"", ""),
    "quoted pairs": filled("", "token='", ""),
    "escaped quotes": filled("", 'token=\\"', ""),
    "backslashes": filled("token=", "\\", ""),
    "percent signs": filled("token=", "%", "="),
    "percent letters": filled("", "%70", "="),
    "percent words": filled("", "%70assword", "="),
    "addresses": filled("", "a://b:c@d ", ""),
    "half addresses": filled("", "://", "@"),
    "colons": filled("a://", ":", "@"),
    "at signs": filled("a://b:", "@", ""),
    "bearers": filled("", "bearer ", ""),
    "spaces": filled("bearer", " ", "="),
    "spaces before a sign": filled("token", " ", "="),
    "brackets": filled("token=", "a([{", ""),
    "commas": filled("token=a", ",a", ""),
    "private keys": filled("", "-----BEGIN A ", "PRIVATE KEY-----:"),
}


@pytest.mark.parametrize("size", [KB16, pytest.param(1024 * 1024, marks=pytest.mark.slow)])
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_long(make: Callable[[int], str], size: int) -> None:
    assert seconds(make(size)) < SECONDS_PER_16_KB * size / KB16


FRAGMENTS = st.one_of(
    st.sampled_from(
        ["token", "password", "=", ":", "'", '"', "\\", "://", "@", "%70", "bearer ", " ", "a", ",", "[", "/"]
    ),
    st.text(max_size=4),
)


@settings(max_examples=min(60, settings().max_examples), deadline=None)
@given(st.lists(FRAGMENTS, min_size=1, max_size=5), FRAGMENTS, FRAGMENTS)
def test_time_grows_as_the_text_does(unit: list[str], begin: str, end: str) -> None:
    made = filled(begin, "".join(unit) or "a", end)
    # A square would take four times as much for each character of a text that is four times as long.
    assert seconds(made(KB16 * 4)) < 4 * SECONDS_PER_16_KB


SECRET = "SeCrEt99"
WRITTEN = [
    "password={}",
    "PGPASSWORD={} psql",
    'json {{"api_key": "{}"}}',
    'json in json {{\\"api_key\\": \\"{}\\"}}',
    "headers['Authorization'] = 'Basic {}'",
    "{{b'cookie': b'{}'}}",
    "tokens=['x', '{}']",
    "token=Token(value='{}')",
    "Authorization: Bearer {}{}",
    "Server=x;Password=a;b{};User=y",
    "password=x,{}",
    "host=db password='a {}' user=x",
    "--password={}",
    "pass%77ord={}&x=1",
    "?sslpassword={}&x=1",
    "%70assword={}",
    "-----BEGIN RSA PRIVATE KEY-----\nabc{}\n-----END RSA PRIVATE KEY-----",
    "redis://:{}@host/0",
    "https://user:{}@host/path",
    "https://{}@github.com/x",
    "postgresql://user:{}@host:5432/db",
    "postgresql://user:a/{}@host/db",
    "postgresql://user:a#{}@host/db",
    "postgresql://user:a?{}@host/db",
    "postgresql://user:a@b/{}@host/db",
    "postgresql://user:12/{}@host/db",
    "postgresql://a:b@host,postgresql://user:{}@host/db",
    "postgresql://user:{}",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_what_looks_like_a_secret_is_replaced(text: str) -> None:
    text = text.replace("{}", SECRET).replace("{{", "{").replace("}}", "}")
    for around in (text, f"see {text} now", f"see ({text}) now"):
        assert SECRET not in redact_text(around)
        assert "[redacted]" in redact_text(around)


@pytest.mark.parametrize(
    "text",
    [
        "basic functionality is missing",
        "tokens left: 5",
        "write smtp://user:password@host:port",
        "http://127.0.0.1:8080/@scope/package",
        "postgresql://user@host:5432/db?application_name=a@b",
        "postgresql:///db?host=/tmp",
        "sqlite:////home/user@host:1/jobs.db",
        "postgresql://[::1]:5432,host:5433/db",
        'File "x.py", line 3, in f: KeyError: 3',
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h:5432/db", "postgresql://u@h:5432/db"),
        ("postgresql://u:p%2F@h/db?x=1", "postgresql://u@h/db?x=1"),
        ("postgresql://u:p/a@h/db", "postgresql://u@h/db"),
        ("postgresql://u:p#a@h/db", "postgresql://u@h/db"),
        ("postgresql://u:p?a@h/db?x=1", "postgresql://u@h/db?x=1"),
        ("postgresql://u:12@34/5@h/db", "postgresql://u@h/db"),
        ("postgresql://u:p@a:1,b:2/db", "postgresql://u@a:1,b:2/db"),
        ("postgresql://u:p@[::1]:5432/db", "postgresql://u@[::1]:5432/db"),
        ("postgresql://h/db?password=a&sslpassword=b&%70assword=c&x=1", "postgresql://h/db?x=1"),
        ("postgresql://h/db?password=a", "postgresql://h/db"),
        ("sqlite:////var/jobs@home:1.db", "sqlite:////var/jobs@home:1.db"),
        ("host=h password=p user=u", "host=h password=[redacted] user=u"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert safe_url(url) == shown


@given(st.integers(0, 60))
def test_the_cut_lets_no_half_of_a_secret_through(shift: int) -> None:
    longest = 100
    for secret in (f"postgresql://user:{SECRET * 3}@host/db", f"password='{SECRET} {SECRET}'"):
        head = "x" * (longest - shift) + " " + secret
        assert "SeC" not in redact_head(head, longest)
        tail = f"first\n{secret}\n" + "x" * (longest - shift)
        assert "t99" not in redact_tail(tail, longest)


def test_the_end_of_a_long_line_is_not_taken_out_of_its_secret() -> None:
    text = "password=" + SECRET * 2_000
    assert SECRET not in redact_tail(text, 1_000)


def test_a_long_text_is_cut_before_it_is_searched() -> None:
    text = HOSTILE["addresses"](8 * 1024 * 1024)
    began = time.thread_time()
    redact_head(text, 8_192)
    redact_tail(text.replace(" ", "\n"), 8_192)
    assert time.thread_time() - began < 0.2


def test_no_repr_holds_a_secret() -> None:
    program = Program(spec=None, url=f"postgresql://u:{SECRET}@h/db?sslpassword={SECRET}", variables={"X": SECRET})
    settings = ServerSettings(api_keys=(SECRET,))
    app = TaskFlow(program.url)
    for shown in (program, settings, app, make_store(program.url), [program], {"settings": settings}):
        assert SECRET not in repr(shown)
        assert SECRET not in f"{shown}"
    assert "u@h" in repr(program)
