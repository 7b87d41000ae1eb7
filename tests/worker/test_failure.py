"""What is stored of an exception: without secrets, cut, whatever the exception is made of."""

from __future__ import annotations

import json
import time

import pytest

from taskflowmq.core.redacted import MAX_ERROR_MESSAGE, MAX_TRACEBACK
from taskflowmq.worker.settling.failure import describe, error_json


def test_a_stored_error_holds_no_secret() -> None:
    def connect(password: str) -> None:
        raise ConnectionError(f"could not reach postgresql://user:{password}@host with token={password}")

    try:
        connect("/".join(["hun", "ter2"]))
    except ConnectionError as error:
        stored = describe(error)
    assert b"hun/ter2" not in stored
    said = json.loads(stored)
    assert said["message"] == "could not reach postgresql://user:[redacted]@host with token=[redacted]"
    assert "test_failure.py" in said["traceback"]


@pytest.mark.slow
def test_an_error_of_any_size_is_stored_in_linear_time() -> None:
    def seconds(tokens: int) -> float:
        text = "token=" * tokens
        began = time.thread_time()
        error_json("ValueError", text, text)
        return time.thread_time() - began

    # Linear work takes eleven times as long for ten times as much (seen), quadratic work a hundred times.
    assert min(seconds(2_000_000) for _ in range(3)) < 20 * max(min(seconds(200_000) for _ in range(3)), 1e-3)


def test_an_error_of_any_size_is_stored_within_the_limits() -> None:
    text = "token=" * 2_000_000
    said = json.loads(error_json("ValueError", text, text))
    assert len(said["message"]) <= MAX_ERROR_MESSAGE
    assert len(said["traceback"]) <= MAX_TRACEBACK + 1
