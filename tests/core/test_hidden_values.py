"""Hidden values in texts: every way in which they are written, whole and at a cut."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.errors import FieldError, InvalidJob
from taskflowmq.core.fingerprint import masked
from taskflowmq.core.hidden_values import MASK, MOST_VALUES, HiddenValues
from taskflowmq.core.job_logs import MAX_MESSAGE, line_of
from taskflowmq.core.redact import redact_head, redact_tail
from taskflowmq.core.redacted import MAX_ERROR_MESSAGE, MAX_TRACEBACK, hidden_values, shown_error_json, told_without
from taskflowmq.core.redaction import Hider, read_rules
from taskflowmq.worker.settling.failure import error_json

PIN = "Zq9-topsecret-Xy7"


@pytest.mark.parametrize(
    "value",
    ["pässwörd-1-Zq9", 'it\'s "so"', "a\\b\tc\nd-long-line", "😀smile😀", " padded value ", "\ud800 half of a pair"],
)
def test_a_value_is_found_however_python_and_json_write_it(value: str) -> None:
    written = (
        value,
        value.strip(),
        repr(value),
        ascii(value),
        json.dumps(value),
        json.dumps(value, ensure_ascii=False),
    )
    hidden = HiddenValues([value])
    for one in written:
        found = hidden.replaced(f"<{one}>")
        assert MASK in found
        assert value.strip() not in found
        assert found.strip("<>'\" ") == MASK


def test_the_lines_of_a_value_are_found_where_a_traceback_indents_them() -> None:
    value = "-----BEGIN KEY-----\nAAAABBBBCCCC\nDDDDEEEEFFFF"
    try:
        raise ExceptionGroup("several", [ValueError(value)])
    except ExceptionGroup as error:
        text = "".join(traceback.format_exception(error))
    found = HiddenValues([value]).replaced(text)
    assert not any(line in found for line in value.splitlines())
    assert "ValueError" in found


def test_values_that_overlap_leave_nothing_between_them() -> None:
    assert HiddenValues(["abcdefgh1", "gh1ijklmn"]).replaced("<abcdefgh1ijklmn>") == f"<{MASK}>"
    assert HiddenValues(["redacted", PIN]).replaced(f"a {PIN} b") == f"a {MASK} b"


@given(
    st.integers(0, 60),
    st.integers(1, 40),
    st.lists(st.sampled_from(["Aa-longer-secret", "Bb-second", "Cc1"]), min_size=1, max_size=8),
)
def test_no_cut_leaves_a_part_of_a_value(before: int, longest: int, values: list[str]) -> None:
    text = "." * before + " ".join(values) + "." * 30
    hidden = HiddenValues(values)
    for found in (hidden.head(text, longest), hidden.tail(text, longest)):
        for value in values:
            for part in range(len(value) - 2):
                assert value[part : part + 3] not in found
        assert len(found.replace(MASK, "")) <= longest


@pytest.mark.parametrize("at", range(MAX_ERROR_MESSAGE - 20, MAX_ERROR_MESSAGE + 1))
def test_an_error_that_is_cut_within_a_value_holds_nothing_of_it(at: int) -> None:
    raw = error_json("ValueError", "x" * at + PIN + "y" * 10_000, "", HiddenValues([PIN]))
    assert not any(PIN[:size].encode() in raw for size in range(2, 5))
    assert len(json.loads(raw)["message"]) <= MAX_ERROR_MESSAGE


@pytest.mark.parametrize("at", range(MAX_TRACEBACK - 20, MAX_TRACEBACK + 4))
def test_a_traceback_that_is_cut_within_a_value_holds_nothing_of_it(at: int) -> None:
    for before in ("z" * 9_000, "line\n" * 2_000):
        raw = error_json("ValueError", "", before + PIN + "x" * (at - len(PIN)), HiddenValues([PIN]))
        assert not any(PIN[-size:].encode() in raw for size in range(2, 5))


def test_what_looks_like_a_secret_may_be_a_part_of_a_value() -> None:
    value = "my pass phrase"
    for redacted in (redact_head, redact_tail):
        for longest in (30, 1_000):
            assert "phrase" not in redacted(f"login password={value}", longest, HiddenValues([value]))
    line = line_of(
        20, f"password={value}", {"said": f"password={value}"}, f"Trace\npassword={value}", HiddenValues([value])
    )
    assert "phrase" not in line.message
    assert b"phrase" not in (line.fields or b"")


@pytest.mark.parametrize("at", range(MAX_MESSAGE - 18, MAX_MESSAGE + 1))
def test_a_log_line_that_is_cut_within_a_value_holds_nothing_of_it(at: int) -> None:
    hidden = HiddenValues([PIN])
    line = line_of(20, "x" * at + PIN, {"a": "x" * at + PIN}, PIN + "x" * (at - 3), hidden)
    text = line.message + (line.fields or b"").decode()
    assert not any(part in text for part in (PIN[:3], PIN[-3:]))


def test_a_text_of_many_megabytes_is_read_only_as_far_as_needed() -> None:
    text = (PIN + " token=x ") * 100_000  # 2.6 MB
    found = json.loads(error_json("E", text, text, HiddenValues([PIN, "q" * 100_000])))
    assert PIN[:4] not in found["message"] + found["traceback"]
    assert len(found["message"]) <= MAX_ERROR_MESSAGE
    assert len(found["traceback"]) <= MAX_TRACEBACK + 1


def test_above_the_most_values_a_text_is_hidden_whole() -> None:
    hider = Hider(read_rules(["big"]))

    def of(count: int) -> HiddenValues:
        return hidden_values(hider, json.dumps({"big": {f"k{n}": f"hidden-{n:04d}" for n in range(count)}}).encode())

    assert of(MOST_VALUES).replaced(f"has hidden-{MOST_VALUES - 1:04d}") == f"has {MASK}"
    many = of(MOST_VALUES + 1)
    assert many.replaced("anything") == many.head("anything" * 9, 20) == many.tail("anything" * 9, 20) == MASK
    assert many.replaced("") == ""
    assert json.loads(error_json("ValueError", "hidden-0200", "t", many)) == {
        "type": "ValueError", "message": MASK, "traceback": MASK,
    }  # fmt: skip
    assert not hidden_values(hider, b'{"big":[1,2,true,null,"x"]}')
    same = HiddenValues(["one and the same"] * 500)
    assert not same.too_many


def test_a_stored_error_that_was_cut_shows_no_part_of_a_value_that_a_later_rule_hides() -> None:
    hidden = HiddenValues([PIN])
    cut = {"message": ("x" * (MAX_ERROR_MESSAGE - 6) + PIN)[:MAX_ERROR_MESSAGE], "traceback": "…" + PIN[4:] + " end"}
    shown: Any = json.loads(shown_error_json(json.dumps({"type": "E", **cut}).encode(), hidden) or b"")
    assert shown["message"] == "x" * (MAX_ERROR_MESSAGE - 6) + MASK
    assert shown["traceback"] == f"…{MASK} end"
    assert hidden.replaced(f"it says {PIN[:9]}…") == f"it says {MASK}…"
    assert hidden.replaced(f"it says {PIN[:9]}") == f"it says {PIN[:9]}"


def test_what_is_wrong_with_a_job_is_told_without_its_hidden_values() -> None:
    error = InvalidJob(f"args.pin: {PIN!r}", (FieldError("/args/pin", f"Invalid enum value {PIN!r}"),))
    told = told_without(HiddenValues([PIN]), error)
    assert told.detail == f"args.pin: '{MASK}'"
    assert told.errors == (FieldError("/args/pin", f"Invalid enum value '{MASK}'"),)


def test_values_are_known_in_texts_whose_numbers_were_replaced() -> None:
    hidden = HiddenValues(["ToKeN-9931", "12345", PIN])
    found = hidden.as_in(masked)
    assert found.replaced(masked("failed with ToKeN-9931 at 17")) == f"failed with {MASK} at <number>"
    assert found.replaced("12345 <number>") == f"{MASK} <number>"
    assert found.too_many is False
    assert HiddenValues(f"value-{n}" for n in range(MOST_VALUES + 1)).as_in(masked).too_many
