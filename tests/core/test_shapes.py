"""Jobs of one shape are stored by one statement with one set of values, so a difference that is overlooked is lost."""

from __future__ import annotations

import msgspec
import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import NewJob, have_one_shape, shape_of
from taskflowmq.testing.conformance.fields import KINDS, samples

JOBS = [NewJob(uuid7(1, number), "task", b'{"n":%d}' % number) for number in range(3)]
OTHERS = {name: value for kind in KINDS for name, value in samples(kind).items()}


def test_id_and_arguments_are_no_part_of_a_shape() -> None:
    assert have_one_shape(JOBS)
    assert have_one_shape(JOBS[:1])
    assert len({shape_of(job) for job in JOBS}) == 1


@pytest.mark.parametrize("name", [name for name in NewJob.__struct_fields__ if name not in ("id", "args")])
@pytest.mark.parametrize("index", range(3))
def test_every_other_field_is_part_of_a_shape(name: str, index: int) -> None:
    jobs = JOBS.copy()
    jobs[index] = msgspec.structs.replace(jobs[index], **{name: OTHERS[name]})
    assert not have_one_shape(jobs)
    assert len({shape_of(job) for job in jobs}) == 2
