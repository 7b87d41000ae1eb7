"""Which states a reader of lists asks for."""

from __future__ import annotations

import pytest

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filters import read_states, split_words
from taskflowmq.core.job import State


@pytest.mark.parametrize(
    ("given", "states"),
    [
        (None, ()),
        ([], ()),
        ("dead", (State.DEAD,)),
        (State.DEAD, (State.DEAD,)),
        (["dead", State.RUNNING], (State.DEAD, State.RUNNING)),
        (["dead", "running", State.DEAD], (State.DEAD, State.RUNNING)),
    ],
)
def test_states_are_read_by_name_each_once(given: object, states: tuple[State, ...]) -> None:
    assert read_states(given) == states  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["", "done", "dead,running", ["dead", "done"], [1], "x" * 500])
def test_what_is_no_state_is_refused_with_those_there_are(given: object) -> None:
    with pytest.raises(InvalidJob, match="is not a state; states are: scheduled, pending") as refused:
        read_states(given)  # type: ignore[arg-type]
    assert [error.pointer for error in refused.value.errors] == ["/state"]
    assert len(str(refused.value)) < 200


def test_words_are_separated_by_commas() -> None:
    assert split_words("dead, running ,x") == ["dead", "running", "x"]
    assert split_words("") == [""]
