"""What a list shows of arguments and errors: the beginning, never half a character or half an escape."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.rows import READ_ARGS, READ_ERROR, SHOWN, shown_args, shown_error

HALF = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u[0-9a-fA-F]{0,3})?$")


def test_short_arguments_are_shown_whole() -> None:
    assert shown_args('{"a":1}') == '{"a":1}'
    assert shown_args("x" * SHOWN) == "x" * SHOWN


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ("\\", ""),
        ("\\u", ""),
        ("\\u00e", ""),
        ("\\u00e9", "\\u00e9"),
        ("\\\\", "\\\\"),
        ("\\\\\\", "\\\\"),
        ("\\ud83d", ""),
        ("\\ud83d\\ud", ""),
        ("\\ud83d\\ude00", "\\ud83d\\ude00"),
        ('\\"', '\\"'),
        ("😀", "😀"),
    ],
)
def test_a_cut_leaves_no_half_escape(end: str, kept: str) -> None:
    text = "x" * (SHOWN - 1 - len(end)) + end
    assert shown_args(text + "yy") == "x" * (SHOWN - 1 - len(end)) + kept + "…"


@given(st.text(min_size=100, max_size=400), st.booleans())
def test_any_text_is_cut_between_characters(text: str, ascii_only: bool) -> None:
    raw = json.dumps({"text": text}, ensure_ascii=ascii_only, separators=(",", ":"))
    shown = shown_args(raw[:READ_ARGS])
    assert len(shown) <= SHOWN
    if shown != raw:
        assert shown.endswith("…")
        assert raw.startswith(shown[:-1])
        assert not HALF.search(shown[:-1])


@given(st.text(max_size=200), st.text(max_size=8_000), st.text(max_size=200), st.booleans())
def test_type_and_message_are_read_from_the_beginning_of_an_error(
    kind: str, message: str, trace: str, ascii_only: bool
) -> None:
    error = {"type": kind, "message": message, "traceback": trace * 20}
    found = shown_error(json.dumps(error, ensure_ascii=ascii_only)[:READ_ERROR])
    assert found.type == kind
    assert found.message == (message if len(message) <= SHOWN else message[: SHOWN - 1] + "…")


def test_a_message_that_looks_like_fields_is_a_message() -> None:
    message = '","type":"fake","message":"fake"'
    error = msgspec.json.encode({"message": message, "type": "Real"}).decode()
    found = shown_error(error)
    assert (found.type, found.message) == ("Real", message)


@pytest.mark.parametrize("text", ["{}", "null", "[]", '{"type":1,"message":null}', ""])
def test_an_error_of_another_form_has_no_text(text: str) -> None:
    found = shown_error(text)
    assert (found.type, found.message) == ("", "")


def test_half_of_a_surrogate_pair_is_shown_as_it_is_stored() -> None:
    assert shown_error('{"type":"E","message":"a\\ud83d b"}').message == "a\\ud83d b"
