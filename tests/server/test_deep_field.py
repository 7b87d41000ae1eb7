"""Naming the field that is nested too deep takes no longer than reading the body once."""

from __future__ import annotations

import time

import pytest

from taskflowmq.server.edge.body import _deep_field


@pytest.mark.parametrize("unit", [b'\\"', b"\\\\", b'\\\\\\"', b"x", b'"', b'",""'])
@pytest.mark.parametrize("end", [b"", b"\\"])
def test_a_string_that_is_not_closed_is_looked_at_once(unit: bytes, end: bytes) -> None:
    body = b'{"value": "' + unit * (64 * 1024 // len(unit)) + end
    began = time.thread_time()
    _deep_field(body)
    assert time.thread_time() - began < 0.3


def test_the_field_behind_a_string_with_quotes_is_named() -> None:
    assert _deep_field(b'{"a": "\\"\\\\", "args": ' + b"[" * 100) == "/args"
