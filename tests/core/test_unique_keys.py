"""Spelled-out and computed unique keys never meet (W12)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.unique_keys import computed_key, shown_key, spelled_key

names = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.:/-]{0,20}\Z")
digests = st.from_regex(r"\A[0-9a-f]{64}\Z")
computed = st.builds(computed_key, names, digests)
spelled = st.one_of(st.text(min_size=1), computed, computed.map(lambda key: "=" + key), st.just("="))


@given(computed, spelled)
def test_no_spelled_out_key_is_a_computed_one(key: str, given_key: str) -> None:
    assert spelled_key(key) != key
    assert spelled_key(given_key) != key


@given(spelled, spelled)
def test_spelled_out_keys_stay_apart_and_are_shown_as_they_were_given(one: str, other: str) -> None:
    assert (spelled_key(one) == spelled_key(other)) == (one == other)
    assert shown_key(spelled_key(one)) == one


@given(computed)
def test_a_computed_key_is_shown_as_it_is(key: str) -> None:
    assert shown_key(key) == key


def test_usual_keys_are_stored_as_earlier_versions_stored_them() -> None:
    assert spelled_key("order:7") == "order:7"
    assert computed_key("mail", "0" * 64) == "mail:" + "0" * 64
