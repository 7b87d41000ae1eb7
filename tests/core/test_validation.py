"""What may enter the store, and that a refusal names the field (F42)."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.validation import (
    MAX_DEPTH,
    RESERVED_KEY,
    check_int,
    check_name,
    check_storable,
    check_text,
    clean_text,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: (
        st.lists(inner) | st.dictionaries(texts.filter(lambda key: key != RESERVED_KEY), inner) | st.tuples(inner)
    ),
    max_leaves=20,
)
#: Value, what the message must say.
BAD = [
    (math.nan, "nan"),
    (math.inf, "inf"),
    (-math.inf, "-inf"),
    ("a\x00b", "NUL"),
    ("a\ud800b", "surrogate"),
    ("\udfff", "surrogate"),
    ({"a\x00": 1}, "key"),
    ({"\ud800": 1}, "key"),
    ({RESERVED_KEY: 1}, "reserved"),
]


def problem(value: Any, pointer: str = "/args") -> tuple[str, str]:
    with pytest.raises(InvalidJob) as raised:
        check_storable(value, pointer)
    (error,) = raised.value.errors
    return error.pointer, error.detail


@given(plain)
def test_plain_values_are_storable(value: Any) -> None:
    check_storable(value, "/args")
    json.dumps(value, allow_nan=False).encode()


@pytest.mark.parametrize(("value", "says"), BAD)
def test_what_no_engine_can_hold_is_refused(value: Any, says: str) -> None:
    assert says in problem(value)[1]


@pytest.mark.parametrize(("value", "says"), BAD)
@settings(max_examples=min(20, settings().max_examples))  # of each kind; where it hides makes no difference
@given(before=plain, after=plain)
def test_it_is_found_wherever_it_hides(value: Any, says: str, before: Any, after: Any) -> None:
    pointer, detail = problem({"x": before, "to": [before, {"deep": (after, value)}], "z": after})
    assert pointer.startswith("/args/to/1/deep/1")
    assert says in detail


def test_pointers_escape_what_json_pointers_must() -> None:
    assert problem({"a/b": {"c~d": math.nan}})[0] == "/args/a~1b/c~0d"


def test_the_sentence_names_the_field_too() -> None:
    with pytest.raises(InvalidJob, match=r"args\.to: holds a NUL"):
        check_storable({"to": "\x00"}, "/args")


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"k": inner}, lambda inner: (inner,)])
def test_nesting_is_bounded(wrap: Any) -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = wrap(value)
    check_storable(value, "/args")
    assert "deeper" in problem(wrap(value))[1]
    for _ in range(100_000):
        value = wrap(value)
    assert "deeper" in problem(value)[1]


def test_a_list_that_contains_itself_is_too_deep_not_endless() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert "deeper" in problem(loop)[1]


@pytest.mark.parametrize("name", ["a", "A9", "mail.send", "a/b:c-d_e", "0", "x" * 128])
def test_good_names(name: str) -> None:
    assert check_name("queue", name) == name


@pytest.mark.parametrize(
    "name", ["", "x" * 129, ".a", "-a", "_a", "/a", "a b", "a\n", "\na", "ä", "a\x00", "a;b", "a'b", None, 7, b"a"]
)
def test_bad_names_say_which_kind(name: object) -> None:
    with pytest.raises(InvalidJob) as raised:
        check_name("queue", name)
    assert raised.value.errors[0].pointer == "/queue"


def test_all_stands_for_every_tenant_and_is_the_name_of_none() -> None:
    with pytest.raises(InvalidJob, match="cannot be 'all', which stands for every tenant, as in --tenants all"):
        check_name("tenant", "all")
    assert check_name("queue", "all") == "all"


def test_text_is_bounded_and_clean() -> None:
    assert check_text("/tag", "ü", 5) == "ü"
    for bad in ("", "x" * 6, "a\x00", "\ud800", None, 7, b"x"):
        with pytest.raises(InvalidJob) as raised:
            check_text("/tag", bad, 5)
        assert raised.value.errors[0].pointer == "/tag"


def test_integers_are_bounded_and_no_booleans() -> None:
    assert check_int("/priority", -100, -100, 100) == -100
    assert check_int("/priority", 100, -100, 100) == 100
    for bad in (-101, 101, True, False, 1.0, "1", None, math.nan, 10**5000):
        with pytest.raises(InvalidJob) as raised:
            check_int("/priority", bad, -100, 100)
        assert raised.value.errors[0].pointer == "/priority"


@given(st.text(), st.integers(0, 50))
def test_cleaned_text_can_always_be_stored(text: str, longest: int) -> None:
    cleaned = clean_text(text, longest)
    assert len(cleaned) <= longest
    assert "\x00" not in cleaned
    cleaned.encode()
    check_storable(cleaned, "/error")


@given(texts)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean_text(text, len(text)) == text
