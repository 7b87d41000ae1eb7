"""The tree of errors: stable codes, one base, details that name the field."""

from __future__ import annotations

import re

import pytest

from taskflowmq.core import errors
from taskflowmq.core.errors import (
    Conflict,
    FieldError,
    InvalidJob,
    JobCancelled,
    JobFailed,
    NotUnique,
    StoreForbidden,
    StoreUnavailable,
    TaskFlowError,
    for_one,
)

EVERY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TaskFlowError)]


def test_every_error_has_a_code_of_its_own() -> None:
    # A kind of another error, such as a store that was closed, may be told by that one's code.
    codes = [kind.code for kind in EVERY if "code" in vars(kind)]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def test_the_drawing_shows_every_error() -> None:
    assert errors.__doc__ is not None
    drawn = set(re.findall(r"(?:├── |└── )(\w+)", errors.__doc__))
    assert drawn == {kind.__name__ for kind in EVERY} - {"TaskFlowError"}


def test_an_invalid_job_is_a_value_error_that_names_the_field() -> None:
    error = InvalidJob.at("/args/to", "must be text")
    assert isinstance(error, ValueError)
    assert str(error) == "args.to: must be text"
    assert error.errors == (FieldError("/args/to", "must be text"),)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NotUnique("key", "job-1"), ["key", "job-1"]),
        (JobFailed("job-1", "timeout", {"type": "E", "message": "m"}), ["job-1", "timeout", "E: m"]),
        (JobFailed("job-1", "crash_loop", None), ["job-1", "crash_loop"]),
        (JobCancelled("job-1", "expired"), ["job-1", "expired"]),
        (errors.UnknownTask("mail"), ["mail"]),
    ],
)
def test_messages_say_what_a_reader_needs(error: TaskFlowError, says: list[str]) -> None:
    assert all(word in str(error) for word in says)


def test_each_of_several_callers_gets_an_outage_of_its_own() -> None:
    shared = StoreForbidden("no right")
    shared.__cause__ = OSError("what the driver says")
    one, other = for_one(shared), for_one(shared)
    assert one is not other
    assert (type(one), str(one), one.__cause__) == (StoreForbidden, "no right", shared.__cause__)


def test_an_outage_of_a_caller_shows_where_it_was_raised() -> None:
    with pytest.raises(StoreUnavailable) as raised:
        raise StoreUnavailable("away")
    assert for_one(raised.value).__cause__ is raised.value


def test_what_is_one_callers_fault_is_not_copied() -> None:
    error = Conflict("an id exists with other content")
    assert for_one(error) is error
