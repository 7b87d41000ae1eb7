"""A fingerprint changes with what failed, and with nothing else."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.fingerprint import LENGTH, MAX_MASKED, calls_of, fits, is_fingerprint, kind_of, masked
from taskflowmq.core.job import Ended

HEAD = "Traceback (most recent call last):\n"


def frame(path: str, line: int, name: str, code: str = "run()") -> str:
    """Return a frame as Python writes it."""
    return f'  File "{path}", line {line}, in {name}\n    {code}\n'


def stored(message: str, *frames: str, kind: str = "ValueError") -> bytes:
    """Return an error as it is stored."""
    trace = f"{HEAD}{''.join(frames)}{kind}: {message}\n" if frames else ""
    return msgspec.json.encode({"type": kind, "message": message, "traceback": trace})


def mark(error: bytes | None, *, tenant: str = "default", task: str = "charge", ended: Ended = Ended.FAILED) -> str:
    """Return the fingerprint of an error."""
    return kind_of(tenant, task, ended, error).fingerprint


CHARGE = frame("/srv/app/shop/orders.py", 12, "charge")
SEND = frame("/srv/app/shop/mail.py", 7, "send")
LIBRARY = frame("/usr/lib/python3.11/site-packages/httpx/_client.py", 901, "send")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("order 4711 not found", "order <number> not found"),
        ("-3.5e-5 of 1,204.50 at 10.0.0.1:5432", "<number> of <number> at <number>"),
        ("user 'ada' of \"Acme\" and `x`", "user <text> of <text> and <text>"),
        ("can't open /srv/app/x.txt: errno 2", "can't open <path>: errno <number>"),
        (r"C:\data\orders\1.csv is gone", "<path> is gone"),
        ("550e8400-e29b-41d4-a716-446655440000 at 0x7f12", "<uuid> at <hex>"),
        ("cus_NffrFe2fNV of user_42", "<id> of user_<number>"),
        ("commit 3f9a0c1d2e4b", "commit <hex>"),
        ("https://x.y/z?a=1 said 503 to ada@example.org", "<url> said <number> to <email>"),
        ("at 2026-11-30T14:02:11.123Z: [1, 2, 3]", "at <time>: [<number>]"),
        ("at 2026-11-30 14:02:11: [1]", "at <time>: [<number>]"),
        ("two\nlines  of\ttext", "two lines of text"),
        ("signal SIGKILL", "signal SIGKILL"),
        ("", ""),
    ],
)
def test_what_belongs_to_one_job_is_masked(message: str, shown: str) -> None:
    assert masked(message) == shown


def test_a_deployment_changes_no_kind() -> None:
    before = stored("order 1 failed", CHARGE, LIBRARY)
    moved = frame("/opt/releases/20261130/shop/orders.py", 99, "charge", "run(order)")
    newer = frame("/usr/lib/python3.14/site-packages/httpx/_transports/default.py", 3, "handle")
    assert mark(before) == mark(stored("order 2 failed", moved, newer, newer))
    windows = frame(r"C:\app\shop\orders.py", 5, "charge")
    assert mark(before) == mark(stored("order 3 failed", windows))


def test_kinds_differ_by_task_type_calls_message_and_tenant() -> None:
    error = stored("order 1 failed", CHARGE)
    others = [
        mark(error, task="refund"),
        mark(error, tenant="acme"),
        mark(stored("order 1 failed", CHARGE, kind="KeyError")),
        mark(stored("order 1 failed", CHARGE, SEND)),
        mark(stored("order 1 failed", frame("/srv/app/shop/orders.py", 12, "refund"))),
        mark(stored("order 1 refused", CHARGE)),
        mark(error, ended=Ended.TIMEOUT),
        mark(None, ended=Ended.LOST),
        mark(None, ended=Ended.CRASHED),
    ]
    assert len({mark(error), *others}) == len(others) + 1


def test_the_depth_of_a_recursion_does_not_count() -> None:
    walk = frame("/srv/app/shop/tree.py", 4, "walk")
    repeated = "  [Previous line repeated 974 more times]\n"
    assert mark(stored("too deep", CHARGE, walk, walk, walk)) == mark(stored("too deep", CHARGE, walk, walk, repeated))


def test_where_an_error_was_raised_counts_not_what_it_came_from() -> None:
    cause = f"{HEAD}{LIBRARY}OSError: reset\n\nThe above exception was the direct cause of the following exception:\n\n"
    trace = f"{cause}{HEAD}{CHARGE}ValueError: failed\n"
    assert calls_of(trace) == ("shop/orders:charge",)
    handled = trace.replace("The above exception was the direct cause of", "During handling of the above exception, in")
    assert calls_of(handled) == ("shop/orders:charge",)


def test_calls_are_those_of_the_program_and_otherwise_the_last_one() -> None:
    assert calls_of(HEAD + CHARGE + LIBRARY + SEND + LIBRARY) == ("shop/orders:charge", "shop/mail:send")
    assert calls_of(HEAD + LIBRARY) == ("httpx/_client:send",)
    comprehension = frame("/srv/app/shop/orders.py", 13, "<listcomp>")
    assert calls_of(HEAD + CHARGE + comprehension) == ("shop/orders:charge",)
    grouped = "  + Exception Group Traceback (most recent call last):\n" + CHARGE.replace("  File", "  |   File")
    assert calls_of(grouped) == ("shop/orders:charge",)
    assert calls_of("") == calls_of("not a traceback") == ()


def test_timeouts_are_of_one_kind_wherever_the_body_was() -> None:
    one, other = stored("stopped after 1.0 s", CHARGE), stored("stopped after 2.5 s", SEND)
    assert mark(one, ended=Ended.TIMEOUT) == mark(other, ended=Ended.TIMEOUT)
    assert mark(one) != mark(other)


def test_what_has_no_error_has_a_kind() -> None:
    assert kind_of("default", "t", Ended.LOST, None).type == "WorkerLost"
    assert kind_of("default", "t", Ended.CRASHED, None).type == "ProcessCrashed"
    for broken in (b"", b"[]", b"nonsense", b'{"type": 1}', b"\xff"):
        assert kind_of("default", "t", Ended.FAILED, broken).type == "Error"


def test_a_stored_error_fits_its_kind_without_knowing_how_it_ended() -> None:
    error = stored("order 1 failed", CHARGE)
    for ended in (Ended.FAILED, Ended.TIMEOUT, Ended.DISCARDED):
        assert fits(mark(error, ended=ended), "default", "charge", error)
    assert fits(mark(None, ended=Ended.LOST), "default", "charge", None)
    assert not fits(mark(error), "default", "charge", stored("other", CHARGE))


values = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: f"{value:f}"),
    st.uuids().map(str),
    st.datetimes().map(lambda at: at.isoformat(timespec="seconds")),
    st.text(st.characters(exclude_characters='"\n\r', codec="utf-8"), max_size=30).map(lambda text: f'"{text}"'),
)
words = st.lists(st.sampled_from(["order", "of", "customer", "failed", "not", "found"]), min_size=1, max_size=5)


@given(words, st.tuples(values, values), st.integers(1, 10**6), st.integers(1, 10**6))
def test_values_and_lines_never_change_a_kind(text: list[str], pair: tuple[str, str], line: int, other: int) -> None:
    """Values of one kind in one place: a number for a number, a text for a text."""
    kinds = [masked(value) for value in pair]
    one, two = (f"{' '.join(text)} {value} end" for value in pair)
    path = "/srv/app/shop/orders.py"
    alike = mark(stored(one, frame(path, line, "charge"))) == mark(stored(two, frame(path, other, "charge")))
    assert alike == (kinds[0] == kinds[1])
    assert all(kind.startswith("<") for kind in kinds)


@given(
    st.text(max_size=300),
    st.text(max_size=300),
    st.sampled_from([one for one in Ended if one not in ("snoozed", "cancelled")]),
)
def test_any_error_has_one_kind_that_can_be_stored(message: str, trace: str, ended: Ended) -> None:
    raw = msgspec.json.encode(
        {
            "type": "E",
            "message": message.encode("utf-8", "replace").decode(),
            "traceback": trace.encode("utf-8", "replace").decode(),
        }
    )
    kind = kind_of("default", "t", ended, raw)
    assert kind == kind_of("default", "t", ended, raw)
    assert is_fingerprint(kind.fingerprint)
    assert len(kind.fingerprint) == LENGTH
    assert len(kind.message) <= MAX_MASKED
    assert fits(kind.fingerprint, "default", "t", raw)


@pytest.mark.parametrize(
    "hostile",
    ["a" * 8_000, "a." * 4_000, "'" * 8_000, "1," * 4_000, "/a" * 4_000, "0x" * 4_000, "a@" * 4_000, "<number> " * 900,
     " " * 8_000, '"' * 7_999, "1-" * 4_000, "a1" * 4_000, "x://" * 2_000],
)  # fmt: skip
def test_no_text_takes_long(hostile: str) -> None:
    frames = [frame(f"/srv/{hostile[:200]}/a.py", 1, hostile[:100].replace("\n", " "))] * 60
    error = stored(hostile, *frames)
    began = time.process_time()
    kind_of("default", "t", Ended.FAILED, error)
    assert time.process_time() - began < 0.25
